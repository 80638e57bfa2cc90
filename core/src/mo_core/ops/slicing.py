"""Taking parts: splits, slices, and their inverse, the scattering of a slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import AxisTrait, Node
from mo_core.ir import types as t
from mo_core.ir.known import Entry, as_dim, axis_of, entries, numbers
from mo_core.ir.schema import Ints, Operand, OptionalOperand, integer, ints, operand, optional
from mo_core.ir.types import INF, Dim, Dynamic, Type
from mo_core.ops._dims import unknown, unknowns
from mo_core.ops._values import NDArray, replaced
from mo_core.ops.axes import FIRST, axes_listed, cut, strided
from mo_core.ops.elements import CHOOSES

FAR = 2**31 - 1
"""Frameworks write this, or more, for "to the end"."""

MAX_PARTS = 1 << 16


class Split(Node, opset="opset1", partial=True):
    """`num_splits` equal parts along `axis` (Split-1)."""

    element_trait = CHOOSES
    axis_trait = axes_listed(1)

    data: Operand = operand()
    axis: Operand = operand()
    num_splits: int = integer()

    def infer(self) -> list[Type]:
        shape, n = self.data.shape, self.num_splits
        if not 1 <= n <= MAX_PARTS:
            raise ShapeError(f"Split cannot make {n} parts")
        if shape is None:
            return [Type(self.data.element, None)] * n
        if not shape:
            raise ShapeError("Split of a scalar")
        axis = axis_of(self.axis, len(shape))
        if axis is None:
            return [Type(self.data.element, unknowns(self, "dim", len(shape)))] * n
        size = shape[axis]
        if isinstance(size, int) and size % n:
            raise ShapeError(f"Split of {size} elements into {n} equal parts does not come out even")
        return [Type(self.data.element, replaced(shape, axis, size // n))] * n

    def fold(self, data: NDArray, axis: NDArray) -> Sequence[NDArray]:
        return np.split(data, self.num_splits, int(axis.reshape(())))


class VariadicSplit(Node, opset="opset1", partial=True):
    """Parts of the lengths given along `axis`; one length may be -1: what is left (VariadicSplit-1)."""

    element_trait = CHOOSES
    axis_trait = axes_listed(1)

    data: Operand = operand()
    axis: Operand = operand()
    split_lengths: Operand = operand()

    def infer(self) -> list[Type]:
        shape, lengths = self.data.shape, entries(self.split_lengths)
        if lengths is None:
            raise ShapeError("VariadicSplit needs to know how many parts there are")
        if len(lengths) > MAX_PARTS:
            raise ShapeError(f"VariadicSplit cannot make {len(lengths)} parts")
        if shape is None:
            return [Type(self.data.element, None)] * len(lengths)
        if not shape:
            raise ShapeError("VariadicSplit of a scalar")
        axis = axis_of(self.axis, len(shape))
        if axis is None:
            return [Type(self.data.element, unknowns(self, "dim", len(shape)))] * len(lengths)
        dims = self._lengths(shape[axis], lengths)
        return [Type(self.data.element, replaced(shape, axis, d)) for d in dims]

    def _lengths(self, size: Dim, lengths: list[Entry]) -> list[Dim]:
        if any(isinstance(n, int) and n < -1 for n in lengths) or lengths.count(-1) > 1:
            raise ShapeError(f"VariadicSplit has the lengths {lengths}")
        given: Any = 0
        for n in lengths:
            if n is None:
                given = None
                break
            given = given + (0 if n == -1 else n)
        if -1 not in lengths and isinstance(given, int) and isinstance(size, int) and given != size:
            raise ShapeError(f"VariadicSplit has parts of {given} elements in all, and there are {size}")
        rest: Any = None if given is None else size - given
        if isinstance(rest, int) and rest < 0:
            raise ShapeError(f"VariadicSplit has parts of more than the {size} elements there are")
        open_: Dim = unknown(self, "rest", 0, t.bounds(size)[1]) if rest is None else as_dim(rest)
        return [unknown(self, i) if n is None else open_ if n == -1 else as_dim(n) for i, n in enumerate(lengths)]

    def fold(self, data: NDArray, axis: NDArray, split_lengths: NDArray) -> Sequence[NDArray]:
        at = int(axis.reshape(()))
        lengths = [int(n) for n in split_lengths]
        if -1 in lengths:
            lengths[lengths.index(-1)] = data.shape[at] - (sum(lengths) + 1)
        return np.split(data, np.cumsum(lengths)[:-1], at)


def slice_dim(node: Node, key: object, size: Dim, start: Entry, stop: Entry, step: Entry) -> Dim:
    """Number of elements that Python's `[start:stop:step]` takes; numbers at or beyond `FAR` mean an end."""
    if step == 0:
        raise ShapeError(f"{node.type_name} has a step of 0")
    if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
        return _length(node, key, size, start, stop, step)
    if step == 1 and isinstance(stop, Dynamic) and start == 0 and stop.lo >= 0:
        return stop.at_most(size)  # type: ignore[no-any-return]
    if step == 1 and isinstance(start, Dynamic) and isinstance(stop, int) and stop >= FAR and start.lo >= 0:
        return as_dim(size - start)
    return unknown(node, ("slice", key), 0, t.bounds(size)[1])


def _length(node: Node, key: object, size: Dim, start: int, stop: int, step: int) -> Dim:
    def count(n: int) -> int:
        return len(range(*slice(start, stop, step).indices(n)))

    if isinstance(size, int):
        return count(size)
    lo, hi = size.lo, size.hi
    if step < 0:  # what a reversed slice takes is as many as its mirror image takes
        if -FAR < stop < 0 <= start < FAR:
            return unknown(node, ("slice", key), 0, count_limit(hi, start + 1, step))
        if step == -1 and (start == -1 or start >= FAR) and stop <= -FAR:
            return size
    elif start < 0 <= stop < FAR:  # falls with the size
        return unknown(node, ("slice", key), 0, count_limit(hi, min(-start, stop), step))
    elif step == 1:
        if stop >= FAR and 0 <= start <= lo:
            return size if start == 0 else as_dim(size - start)
        if stop < 0 <= start and lo >= start - stop:
            return as_dim(size + (stop - start))
        if start == 0 and 0 <= stop < FAR:
            return size.at_most(stop)  # type: ignore[no-any-return]
        if stop >= FAR and start < 0:
            return size.at_most(-start)  # type: ignore[no-any-return]
    most = count(hi)
    return size._derive(("slice", start, stop, step), count(lo), INF if hi >= INF and most >= FAR else most)


def count_limit(hi: int, length: int, step: int) -> int:
    """Elements at most, when `length` positions and no more than `hi` are there."""
    return -(-min(hi, length) // abs(step))


class _Part(NamedTuple):
    """What StridedSlice does next: a new axis, or a slice of an axis, which goes when `shrink`."""

    axis: int
    start: Entry = 0
    stop: Entry = INF
    step: Entry = 1
    new: bool = False
    shrink: bool = False


class StridedSlice(Node, opset="opset1", partial=True):
    """Slices per axis as in TensorFlow (StridedSlice-1).

    A 1 in a mask at position i: `begin[i]` or `end[i]` is ignored (slice from or to the end), a new axis is put in, the
    axis goes after one element is taken, or the position stands for as many whole axes as are left.
    """

    element_trait = CHOOSES
    axis_trait = AxisTrait(FIRST.ports, strided)

    data: Operand = operand()
    begin: Operand = operand()
    end: Operand = operand()
    strides: OptionalOperand = optional(default=None)
    begin_mask: Ints = ints(default=())
    end_mask: Ints = ints(default=())
    new_axis_mask: Ints = ints(default=())
    shrink_axis_mask: Ints = ints(default=())
    ellipsis_mask: Ints = ints(default=())

    def infer(self) -> Type:
        self._level_masks()
        shape, element = self.data.shape, self.data.element
        begin, end = entries(self.begin), entries(self.end)
        strides = entries(self.strides) if self.strides is not None else None
        if shape is None:
            return Type(element, None)
        if begin is None and end is None:
            same_rank = not any((*self.new_axis_mask, *self.shrink_axis_mask))
            return Type(element, unknowns(self, "dim", len(shape)) if same_rank else None)
        begin = [None] * len(end or ()) if begin is None else begin
        end = [None] * len(begin) if end is None else end
        steps: list[Entry] = [1 if self.strides is None else None] * len(begin) if strides is None else strides
        if not len(begin) == len(end) == len(steps):
            raise ShapeError(f"StridedSlice has {len(begin)} begins, {len(end)} ends and {len(steps)} strides")
        result: list[Dim] = []
        for i, part in enumerate(self._parts(begin, end, steps, len(shape))):
            if part.new:
                result.append(1)
            elif not part.shrink:
                result.append(slice_dim(self, i, shape[part.axis], part.start, part.stop, part.step))
            elif isinstance(part.start, int):
                size = t.bounds(shape[part.axis])[1]
                if not -size <= part.start < size:
                    raise ShapeError(f"StridedSlice takes element {part.start} of an axis of size {size}")
        return Type(element, tuple(result))

    def _level_masks(self) -> None:
        """Give all masks one length, as the runtime wants it."""
        names = ("begin_mask", "end_mask", "new_axis_mask", "shrink_axis_mask", "ellipsis_mask")
        length = max(len(getattr(self, name)) for name in names)
        for name in names:
            mask = getattr(self, name)
            setattr(self, name, (*mask, *[0] * (length - len(mask))))

    def _parts(self, begin: Sequence[Entry], end: Sequence[Entry], strides: Sequence[Entry], rank: int) -> list[_Part]:
        count = len(begin)
        new, shrink = _mask(self.new_axis_mask, count), _mask(self.shrink_axis_mask, count)
        ellipsis = _mask(self.ellipsis_mask, count)
        no_begin, no_end = _mask(self.begin_mask, count), _mask(self.end_mask, count)
        taken = sum(1 for i in range(count) if not new[i] and not ellipsis[i])
        if taken > rank:
            raise ShapeError(f"StridedSlice takes {taken} axes of an operand that has {rank}")
        parts: list[_Part] = []
        axis = 0
        for i in range(count):
            if ellipsis[i]:
                parts.extend(_Part(axis + k) for k in range(rank - taken))
                axis += rank - taken
            elif new[i]:
                parts.append(_Part(axis, new=True))
            else:
                start, stop, step = begin[i], end[i], strides[i]
                backwards = None if not isinstance(step, int) else step < 0
                if no_begin[i] and not shrink[i]:
                    start = None if backwards is None else INF if backwards else 0
                if no_end[i]:
                    stop = None if backwards is None else -INF if backwards else INF
                parts.append(_Part(axis, 0 if no_begin[i] and shrink[i] else start, stop, step, shrink=shrink[i]))
                axis += 1
        parts.extend(_Part(k) for k in range(axis, rank))
        return parts

    def fold(self, data: NDArray, begin: NDArray, end: NDArray, strides: NDArray | None = None) -> NDArray:
        steps = [1] * len(begin) if strides is None else [int(x) for x in strides]
        parts = self._parts([int(x) for x in begin], [int(x) for x in end], steps, data.ndim)
        index = [None if p.new else p.start if p.shrink else slice(p.start, p.stop, p.step) for p in parts]
        return data[tuple(index)]  # type: ignore[arg-type]


def _mask(mask: Sequence[int], count: int) -> list[bool]:
    return [i < len(mask) and bool(mask[i]) for i in range(count)]


class Slice(Node, opset="opset8", partial=True):
    """`[start:stop:step]` along each of `axes` (by default the first ones), as Python slices (Slice-8)."""

    element_trait = CHOOSES
    axis_trait = AxisTrait(FIRST.ports, cut)

    data: Operand = operand()
    start: Operand = operand()
    stop: Operand = operand()
    step: Operand = operand()
    axes: OptionalOperand = optional(default=None)

    def infer(self) -> Type:
        shape, element = self.data.shape, self.data.element
        if shape is None:
            return Type(element, None)
        limits = [entries(v) for v in (self.start, self.stop, self.step)]
        counts = {len(x) for x in limits if x is not None}
        if len(counts) > 1:
            raise ShapeError("Slice needs as many starts as stops and steps")
        count = counts.pop() if counts else None
        axes = tuple(range(count or 0)) if self.axes is None else numbers(self.axes)
        if axes is None or count is None:
            return Type(element, unknowns(self, "dim", len(shape)))
        if len(axes) != count or (axes and not shape):
            raise ShapeError(f"Slice of {t.format_shape(shape)} has {count} starts and {len(axes)} axes")
        result = list(shape)
        for i, axis in enumerate(t.normalize_axes(axes, len(shape))):
            start, stop, step = (None if x is None else x[i] for x in limits)
            result[axis] = slice_dim(self, axis, shape[axis], start, stop, step)
        return Type(element, tuple(result))

    def fold(self, data: NDArray, start: NDArray, stop: NDArray, step: NDArray, axes: NDArray | None = None) -> NDArray:
        return data[_index(data.ndim, start, stop, step, axes)]


def _index(rank: int, start: NDArray, stop: NDArray, step: NDArray, axes: NDArray | None) -> tuple[slice, ...]:
    index = [slice(None)] * rank
    for i in range(start.size):
        index[i if axes is None else int(axes[i])] = slice(int(start[i]), int(stop[i]), int(step[i]))
    return tuple(index)


class SliceScatter(Node, opset="opset15"):
    """`data` with the slice that Slice would take replaced by `updates` (SliceScatter-15)."""

    data: Operand = operand(like=True)
    updates: Operand = operand(like=True)
    start: Operand = operand()
    stop: Operand = operand()
    step: Operand = operand()
    axes: OptionalOperand = optional(default=None)

    def infer(self) -> Type:
        return Type(t.promote([self.data.element, self.updates.element]), self.data.shape)

    def fold(
        self, data: NDArray, updates: NDArray, start: NDArray, stop: NDArray, step: NDArray, axes: NDArray | None = None
    ) -> NDArray:
        result = np.array(data)
        result[_index(data.ndim, start, stop, step, axes)] = updates
        return result
