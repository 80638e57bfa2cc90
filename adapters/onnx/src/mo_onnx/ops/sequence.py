"""Sequences and optionals, which the runtime does not have: they are resolved while the model is converted.

A sequence is a `Pack` of its elements; one of unknown length whose elements have one shape is a `Stack`. An optional is
what it holds, or `Nothing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from mo_core.build import (
    as_i64,
    concat,
    const_ints,
    dim_of,
    dims_of,
    integer,
    known_ints,
    move_axis,
    reshape_to,
    scalar,
    slice_axis,
    split,
    squeeze,
    unsqueeze,
    vector,
)
from mo_core.build.bodies import detach
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Graph, Pack, Value, constant, copy_graph
from mo_core.ir.types import normalize_axis, same_shape
from mo_core.ops import Gather, Multiply
from mo_onnx.registry import onnx_op

Item: TypeAlias = "Value | Pack"


class Stack(Pack):
    """A sequence of unknown length: its only value has the elements along axis 0."""

    listed = False

    @property
    def whole(self) -> Value:
        """The elements, stacked."""
        return self[0]


class Nothing(Pack):
    """An optional that holds nothing."""


def stack(sequence: Pack) -> Value:
    """The elements along a new axis 0; raises Unsupported when their shapes differ."""
    if isinstance(sequence, Stack):
        return sequence.whole
    if not sequence or not all(same_shape(sequence[0].shape, v.shape) for v in sequence):
        raise Unsupported("a sequence is used in a way that needs elements of one shape, and they differ")
    return concat([unsqueeze(v, 0) for v in sequence], 0)


def _sequence(item: Item) -> Pack:
    if not isinstance(item, Pack):
        raise ModelError("an op on sequences is given a tensor")
    return item


@onnx_op("SequenceConstruct", since=11)
def sequence_construct(*values: Value) -> Pack:
    return Pack(values)


@onnx_op("SequenceEmpty", since=11)
def sequence_empty(*, dtype: int = 1) -> Pack:
    return Pack()


@onnx_op("SequenceInsert", since=11)
def sequence_insert(sequence: Item, value: Value, position: Value | None = None) -> Pack:
    sequence = _sequence(sequence)
    if isinstance(sequence, Stack):
        whole, new = sequence.whole, unsqueeze(value, 0)
        if position is None:
            return Stack([concat([whole, new], 0)])
        place = scalar(as_i64(position))
        return Stack([concat([slice_axis(whole, 0, 0, place), new, slice_axis(whole, 0, place)], 0)])
    at = len(sequence) if position is None else _place(position, len(sequence) + 1)
    return Pack([*sequence[:at], value, *sequence[at:]])


@onnx_op("SequenceErase", since=11)
def sequence_erase(sequence: Item, position: Value | None = None) -> Pack:
    sequence = _sequence(sequence)
    if isinstance(sequence, Stack):
        raise Unsupported("SequenceErase on a sequence of unknown length is not supported")
    at = _place(integer(-1) if position is None else position, len(sequence))
    return Pack([*sequence[:at], *sequence[at + 1 :]])


@onnx_op("SequenceAt", since=11)
def sequence_at(sequence: Item, position: Value) -> Value:
    sequence = _sequence(sequence)
    if isinstance(sequence, Stack) or known_ints(position) is None:
        return Gather(stack(sequence), scalar(as_i64(position)), constant(0))
    return sequence[_place(position, len(sequence))]


def _place(position: Value, count: int) -> int:
    """A known index, counted from the front."""
    (at,) = const_ints(position, "the position in a sequence")
    if not -count <= at < count:
        raise ModelError(f"position {at} is outside of a sequence of {count} elements")
    return at % count


@onnx_op("SequenceLength", since=11)
def sequence_length(sequence: Item) -> Value:
    sequence = _sequence(sequence)
    return dim_of(sequence.whole, 0) if isinstance(sequence, Stack) else integer(len(sequence))


@onnx_op("SplitToSequence", since=11)
def split_to_sequence(x: Value, lengths: Value | None = None, *, axis: int = 0, keepdims: int = 1) -> Pack:
    axis = normalize_axis(axis, x.rank)
    if not x.rank:
        raise ModelError("SplitToSequence needs an axis, and its data has none")
    size = x.dims[axis]
    if lengths is None or (lengths.shape == () and known_ints(lengths) == (1,)):
        keep = bool(keepdims) or lengths is not None
        if isinstance(size, int):
            parts = split(x, axis, size) if size else ()
            return Pack(parts if keep else [squeeze(p, axis) for p in parts])
        front = move_axis(x, axis, 0)
        return Stack([unsqueeze(front, 1 + axis) if keep else front])
    known = const_ints(lengths, "the lengths of the parts of a sequence")
    if lengths.shape == ():
        if not isinstance(size, int):
            raise Unsupported(f"SplitToSequence in parts of {known[0]} needs to know the dimension that it splits")
        if known[0] < 1:
            raise ModelError(f"SplitToSequence in parts of {known[0]}")
        rest = size % known[0]
        known = (*[known[0]] * (size // known[0]), *([rest] if rest else []))
    return Pack(split(x, axis, known))


@onnx_op("ConcatFromSequence", since=11)
def concat_from_sequence(sequence: Item, *, axis: int, new_axis: int = 0) -> Value:
    sequence = _sequence(sequence)
    if isinstance(sequence, Stack):
        return _joined(sequence.whole, axis, bool(new_axis))
    if not sequence:
        raise ModelError("ConcatFromSequence is given an empty sequence")
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


@onnx_op("SequenceMap", since=17)
def sequence_map(sequence: Item, *more: Item, body: Graph, convert: Callable[..., list[Any]]) -> Sequence[Pack]:
    sequence = _sequence(sequence)
    if any(isinstance(item, Stack) for item in (sequence, *more)):
        raise Unsupported("SequenceMap on a sequence of unknown length is not supported")
    if any(isinstance(item, Pack) and len(item) != len(sequence) for item in more):
        raise ModelError("SequenceMap is given sequences of different lengths")
    columns: list[list[Value]] = [[] for _ in body.outputs]
    for i, value in enumerate(sequence):
        copy = copy_graph(body)
        items = [value, *[item[i] if isinstance(item, Pack) else item for item in more]]
        for column, result in zip(columns, convert(copy, dict(zip(copy.inputs, items)))):
            column.append(result)
        detach(copy)
    return [Pack(column) for column in columns]


@onnx_op("Optional", since=15)
def optional(x: Item | None = None, *, type: object = None) -> Item:
    return Nothing() if x is None else x


@onnx_op("OptionalHasElement", since=15)
def optional_has_element(x: Item | None = None) -> Value:
    return constant(x is not None and not isinstance(x, Nothing))


@onnx_op("OptionalGetElement", since=15)
def optional_get_element(x: Item) -> Item:
    if isinstance(x, Nothing):
        raise ModelError("OptionalGetElement is given an optional that holds nothing")
    return x
