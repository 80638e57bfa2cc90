"""Sequences and optionals, which the runtime does not have: they are resolved while a model is converted.

A sequence is a `Pack` of its elements; one of unknown length whose elements have one shape is a `Stack`. Inside of a
loop, a sequence that the loop carries is a `Tail`: what iterations append to it or write into it. An optional is what
it holds, or `Nothing`. Lists and arrays of tensors (TensorFlow) are sequences, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from mo_core.build.basics import (
    as_i64,
    concat,
    const_ints,
    constant_like,
    dim_of,
    dims_of,
    filled,
    integer,
    move_axis,
    normalized,
    reshape_to,
    scalar,
    slice_axis,
    split,
    squeeze,
    unsqueeze,
    vector,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Pack, Parameter, Type, Value, constant
from mo_core.ir import types as t
from mo_core.ir.known import known_ints
from mo_core.ir.types import normalize_axis, same_shape
from mo_core.ops import Add, Gather, Maximum, Multiply, ScatterUpdate, Subtract

__all__ = [
    "ONLY_APPENDS",
    "Item",
    "Nothing",
    "Reserved",
    "Stack",
    "Tail",
    "as_sequence",
    "blank",
    "concatenated",
    "element",
    "erased",
    "flat",
    "inserted",
    "length",
    "overwritten",
    "regrouped",
    "resized",
    "split_up",
    "stacked",
    "written",
]

Item: TypeAlias = "Value | Pack"

ONLY_APPENDS = (
    "a loop does more to a sequence than append to it, and how often it runs is not known before the model does",
    "Freeze what the trip count depends on with --input NAME->VALUE.",
)
"""Fact and remedy for a loop over sequences that the runtime has no way to express."""


class Stack(Pack):
    """A sequence of unknown length: its only value has the elements along axis 0."""

    listed = False

    @property
    def whole(self) -> Value:
        """The elements, stacked."""
        return self[0]


class Nothing(Pack):
    """An optional that holds nothing."""


class Reserved(Pack):
    """An array of which no element is written yet: its only value is the number of elements, an integer scalar."""

    listed = False


class Tail(Pack):
    """A sequence that a loop carries, as one iteration sees it: the values that this iteration adds, in order.

    Attributes:
        parameter: the parameter of the body that stands for the sequence; readable: it holds the elements, stacked.
        at: where the value is written (an integer scalar); None: the values are appended.
    """

    listed = False
    parameter: Parameter
    readable: bool
    at: Value | None

    @classmethod
    def of(cls, parameter: Parameter, readable: bool, values: Sequence[Value] = (), at: Value | None = None) -> Tail:
        """The sequence of a parameter with these values added."""
        made = cls(values)
        made.parameter, made.readable, made.at = parameter, readable, at
        return made

    def adding(self, values: Sequence[Value], at: Value | None = None) -> Tail:
        """The same sequence with these values added."""
        return Tail.of(self.parameter, self.readable, values, at)


def stacked(sequence: Pack) -> Value:
    """The elements along a new axis 0; raises Unsupported when their shapes differ."""
    sequence = _settled(sequence)
    if isinstance(sequence, Stack):
        return sequence.whole
    if not sequence or not all(same_shape(sequence[0].shape, v.shape) for v in sequence):
        raise Unsupported("a sequence is used in a way that needs elements of one shape, and they differ")
    return concat([unsqueeze(v, 0) for v in sequence], 0)


def as_sequence(item: Item) -> Pack:
    """The item, which must be a sequence; raises ModelError for a tensor."""
    if not isinstance(item, Pack):
        raise ModelError("an op on sequences is given a tensor")
    return item


def inserted(item: Item, value: Value, position: Value | None = None) -> Pack:
    """The sequence with one element more, before `position` (an integer scalar; negative: from the end; None: last)."""
    sequence = as_sequence(item)
    if isinstance(sequence, Tail) and position is None and sequence.at is None:
        return sequence.adding([*sequence, value])
    sequence = _settled(sequence)
    if isinstance(sequence, Stack):
        whole, new = sequence.whole, unsqueeze(value, 0)
        if position is None:
            return Stack([concat([whole, new], 0)])
        place = scalar(as_i64(position))
        return Stack([concat([slice_axis(whole, 0, 0, place), new, slice_axis(whole, 0, place)], 0)])
    at = len(sequence) if position is None else _place(position, len(sequence) + 1, len(sequence))
    return Pack([*sequence[:at], value, *sequence[at:]])


def erased(item: Item, position: Value | None = None) -> Pack:
    """The sequence without the element at `position` (None: the last)."""
    sequence = _settled(as_sequence(item))
    if isinstance(sequence, Stack):
        whole = sequence.whole
        if position is None:
            return Stack([slice_axis(whole, 0, 0, -1)])
        place = normalized(scalar(as_i64(position)), dim_of(whole, 0))
        rest = slice_axis(whole, 0, Add(place, integer(1)))
        return Stack([concat([slice_axis(whole, 0, 0, place), rest], 0)])
    at = _place(integer(-1) if position is None else position, len(sequence), len(sequence))
    return Pack([*sequence[:at], *sequence[at + 1 :]])


def element(item: Item, position: Value) -> Value:
    """The element at `position` (an integer scalar; negative: from the end)."""
    sequence = _settled(as_sequence(item))
    if isinstance(sequence, Stack) or known_ints(position) is None:
        return Gather(stacked(sequence), scalar(as_i64(position)), constant(0))
    return sequence[_place(position, len(sequence), len(sequence))]


def _place(position: Value, count: int, end: int) -> int:
    """A known index, counted from the front; one that is negative counts from `end`."""
    (at,) = const_ints(position, "the position in a sequence")
    if not -end <= at < count:
        raise ModelError(f"position {at} is outside of a sequence of {end} elements")
    return at if at >= 0 else at + end


def length(item: Item) -> Value:
    """The number of elements, an i64 scalar."""
    sequence = as_sequence(item)
    if isinstance(sequence, Reserved):
        return scalar(as_i64(sequence[0]))
    sequence = _settled(sequence)
    return dim_of(sequence.whole, 0) if isinstance(sequence, Stack) else integer(len(sequence))


def resized(item: Item, size: Value) -> Pack:
    """The first `size` (an integer scalar) elements, with zeros for those that are not there."""
    sequence = as_sequence(item)
    if isinstance(sequence, Reserved):
        return Reserved([size])
    sequence = _settled(sequence)
    known = known_ints(size)
    if sequence.listed and known is not None and known[0] <= len(sequence):
        return Pack(sequence[: max(known[0], 0)])
    if sequence.listed and not sequence:
        return Reserved([size])
    whole, wanted = stacked(sequence), scalar(as_i64(size))
    more = Maximum(Subtract(wanted, dim_of(whole, 0)), integer(0))
    rest = [more, dims_of(whole, range(1, whole.rank))]
    longer = concat([whole, filled(vector(rest), constant_like(whole, 0))], 0)
    return Stack([slice_axis(longer, 0, 0, wanted)])


def split_up(x: Value, lengths: Value | None = None, axis: int = 0, keep_axis: bool = True) -> Pack:
    """A tensor in parts along an axis: of one index each (None), of one length (a scalar), or of `lengths`.

    `keep_axis` matters without lengths only: parts of one index keep the axis.
    """
    axis = normalize_axis(axis, x.rank)
    if not x.rank:
        raise ModelError("a split into a sequence needs an axis, and a scalar has none")
    size = x.dims[axis]
    if lengths is None or (lengths.shape == () and known_ints(lengths) == (1,)):
        keep = keep_axis or lengths is not None
        if isinstance(size, int):
            parts = split(x, axis, size) if size else ()
            return Pack(parts if keep else [squeeze(p, axis) for p in parts])
        front = move_axis(x, axis, 0)
        return Stack([unsqueeze(front, 1 + axis) if keep else front])
    known = const_ints(lengths, "the lengths of the parts of a sequence")
    if lengths.shape == ():
        if not isinstance(size, int):
            raise Unsupported(f"a split in parts of {known[0]} needs to know the dimension that it splits")
        if known[0] < 1:
            raise ModelError(f"a split in parts of {known[0]}")
        rest = size % known[0]
        known = (*[known[0]] * (size // known[0]), *([rest] if rest else []))
    return Pack(split(x, axis, known))


def concatenated(item: Item, axis: int, new_axis: bool = False) -> Value:
    """The elements put together along an axis of theirs, or along a new one."""
    sequence = _settled(as_sequence(item))
    if isinstance(sequence, Stack):
        return _joined(sequence.whole, axis, new_axis)
    if not sequence:
        raise ModelError("the elements of an empty sequence cannot be put together")
    if new_axis:
        axis %= sequence[0].rank + 1
        return concat([unsqueeze(v, axis) for v in sequence], axis)
    return concat(sequence, axis)


def _joined(whole: Value, axis: int, new_axis: bool) -> Value:
    """The elements along axis 0 of `whole`, put together along an axis of theirs (or a new one)."""
    rank = whole.rank
    if new_axis:
        return move_axis(whole, 0, axis % rank)
    axis %= rank - 1
    y = move_axis(whole, 0, axis)
    both = Multiply(dims_of(y, [axis]), dims_of(y, [axis + 1]))
    return reshape_to(y, vector([dims_of(y, range(axis)), both, dims_of(y, range(axis + 2, rank))]))


def written(item: Item, position: Value, value: Value) -> Pack:
    """The sequence with `value` in the place of the element at `position` (an integer scalar, not negative)."""
    sequence = as_sequence(item)
    if isinstance(sequence, Tail) and not sequence:
        return sequence.adding([value], position)
    known = known_ints(position)
    if isinstance(sequence, Reserved):
        sequence = Stack([blank(sequence, value.type)])
    sequence = _settled(sequence)
    if sequence.listed and known is not None:
        at = _place(position, len(sequence), len(sequence))
        return Pack([*sequence[:at], value, *sequence[at + 1 :]])
    return Stack([overwritten(stacked(sequence), position, value)])


def overwritten(whole: Value, position: Value, value: Value) -> Value:
    """Stacked elements with another one at `position` (an integer scalar)."""
    return ScatterUpdate(whole, vector([scalar(as_i64(position))]), unsqueeze(value, 0), constant(0))


def blank(sequence: Reserved, type_: Type) -> Value:
    """The elements of an array that is not written yet, stacked: zeros of the type of an element.

    Raises Unsupported when the shape of an element is not known.
    """
    element, shape = type_
    if not t.is_static(shape):
        raise Unsupported(
            "an array is read or written at places that are not known, and the shape of its elements is not either",
            "Give the shapes of the inputs with --input_shape.",
        )
    return filled([scalar(as_i64(sequence[0])), *t.static(shape)], constant(0, element))


def _settled(sequence: Pack) -> Pack:
    """A sequence as a loop carries it with what was added in its place; raises Unsupported when it is not there yet."""
    if isinstance(sequence, Reserved):
        raise Unsupported("an element of an array is read, and none is written yet")
    if not isinstance(sequence, Tail):
        return sequence
    if not sequence.readable:
        raise Unsupported(*ONLY_APPENDS)
    if sequence.at is not None:
        return Stack([overwritten(sequence.parameter, sequence.at, sequence[0])])
    return Stack([concat([sequence.parameter, *[unsqueeze(v, 0) for v in sequence]], 0)])


def flat(items: Sequence[Item]) -> list[Value]:
    """All values, those of sequences one by one."""
    return [v for item in items for v in (item if isinstance(item, Pack) else (item,))]


def regrouped(values: Sequence[Value], like: Sequence[Item]) -> list[Item]:
    """Values in the packs of the items that they came from, in order."""
    rest = iter(values)
    return [_like(item, [next(rest) for _ in item]) if isinstance(item, Pack) else next(rest) for item in like]


def _like(item: Pack, values: Sequence[Value]) -> Pack:
    return item.adding(values, item.at) if isinstance(item, Tail) else type(item)(values)
