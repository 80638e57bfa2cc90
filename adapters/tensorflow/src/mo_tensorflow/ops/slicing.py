"""Slices, pads, reversals and shifts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mo_core import ops
from mo_core.build import (
    Entry,
    Size,
    as_i64,
    constant_like,
    dim_of,
    entries,
    gather,
    integer,
    ints,
    known_ints,
    reshape_to,
    slice_axis,
    squeeze,
    vector,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Equal,
    Pad,
    ReverseSequence,
    Roll,
    Select,
    Slice,
    StridedSlice,
)
from mo_tensorflow.registry import tf_op
from mo_tensorflow.window import in_channels_first


@tf_op("Slice")
def sliced(x: Value, begin: Value, size: Value) -> Value:
    """A size of -1 goes up to the end; axes that stay whole are left alone, so that their sizes stay known."""
    start, count = as_i64(begin), as_i64(size)
    starts, counts = _entries(begin, x.rank), _entries(size, x.rank)
    cut = [i for i in range(x.rank) if (starts[i], counts[i]) != (0, -1)]
    if not cut:
        return x
    begins = [_at(start, starts[i], i) for i in cut]
    ends = [_end(x, b, _at(count, counts[i], i), counts[i], i) for b, i in zip(begins, cut)]
    return Slice(x, vector(begins), vector(ends), ints([1] * len(cut)), ints(cut))


def _entries(numbers: Value, rank: int) -> Sequence[Entry]:
    found = entries(numbers)
    if found is not None and len(found) != rank:
        raise ModelError(f"a slice of rank {rank} is given by {len(found)} numbers")
    return found or [None] * rank


def _at(numbers: Value, entry: Entry, i: int) -> Size:
    """One of the numbers, as a number where it is known."""
    return entry if isinstance(entry, int) else gather(numbers, integer(i), 0)


def _end(x: Value, begin: Size, count: Size, entry: Entry, axis: int) -> Size:
    if count == -1:
        return t.INF
    if isinstance(begin, int) and isinstance(count, int):
        return begin + count
    first, more = (integer(n) if isinstance(n, int) else n for n in (begin, count))
    end = Add(first, more)
    if isinstance(entry, int) or (isinstance(entry, t.Dynamic) and entry.lo >= 0) or isinstance(count, int):
        return end
    return Select(Equal(count, -1), dim_of(x, axis), end)


@tf_op("StridedSlice")
def strided_slice(
    x: Value,
    begin: Value,
    end: Value,
    strides: Value,
    *,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Value:
    """A bit for each axis that is sliced."""
    count = dim_of(begin, 0)
    known = known_ints(count)
    if known is None:
        raise Unsupported("the number of axes that are sliced has to be known")
    axes = range(known[0])
    if ellipsis_mask & (ellipsis_mask - 1):
        raise ModelError("a StridedSlice has more than one ellipsis")

    def bits(mask: int) -> tuple[int, ...]:
        return tuple(mask >> i & 1 for i in axes)

    new = new_axis_mask & ~ellipsis_mask
    return StridedSlice(
        x,
        as_i64(begin),
        as_i64(end),
        as_i64(strides),
        begin_mask=bits(begin_mask),
        end_mask=bits(end_mask),
        new_axis_mask=bits(new),
        shrink_axis_mask=bits(shrink_axis_mask & ~new & ~ellipsis_mask),
        ellipsis_mask=bits(ellipsis_mask),
    )


@tf_op("Pad")
def pad(x: Value, paddings: Value) -> Value:
    return _padded(x, paddings, constant_like(x, 0))


@tf_op("PadV2")
def pad_v2(x: Value, paddings: Value, number: Value) -> Value:
    return _padded(x, paddings, number)


def _padded(x: Value, paddings: Value, number: Value) -> Value:
    begin, end = _ends(paddings)
    return Pad(x, begin, end, reshape_to(number, []))


@tf_op("MirrorPad")
def mirror_pad(x: Value, paddings: Value, *, mode: str) -> Value:
    begin, end = _ends(paddings)
    if mode not in ("REFLECT", "SYMMETRIC"):
        raise ModelError(f'a MirrorPad has the mode "{mode}", which is none of REFLECT, SYMMETRIC')
    return Pad(x, begin, end, pad_mode=mode.lower())


def _ends(paddings: Value) -> tuple[Value, Value]:
    """How much is added before and after: the columns of the paddings."""
    both = as_i64(paddings)
    return squeeze(slice_axis(both, 1, 0, 1), 1), squeeze(slice_axis(both, 1, 1, 2), 1)


@tf_op("ReverseV2")
def reverse_v2(x: Value, axes: Value) -> Value:
    known = known_ints(axes)
    if known is None:
        raise Unsupported("the axes of a reversal have to be known")
    return _reversed(x, [a % x.rank for a in known])


@tf_op("Reverse")
def reverse(x: Value, flags: Value) -> Value:
    known = known_ints(flags)
    if known is None:
        raise Unsupported("the axes of a reversal have to be known")
    return _reversed(x, [i for i, flag in enumerate(known) if flag])


def _reversed(x: Value, axes: Sequence[int]) -> Value:
    """The elements of some axes from the last to the first."""
    y = x
    for axis in axes:
        y = slice_axis(y, axis, -1, -t.INF, -1)
    return y


@tf_op("ReverseSequence")
def reverse_sequence(x: Value, lengths: Value, *, seq_dim: int, batch_dim: int = 0) -> Value:
    return ReverseSequence(x, lengths, batch_axis=batch_dim, seq_axis=seq_dim)


@tf_op("Roll")
def roll(x: Value, shift: Value, axis: Value) -> Value:
    return Roll(x, shift, axis)


@tf_op("BatchToSpaceND", "BatchToSpace")
def batch_to_space(x: Value, block: Value, crops: Value | None = None, *, block_size: int = 0) -> Value:
    """The older form has one block size for two axes, and the crops as its second input."""
    if block_size:
        block, crops = constant(np.array([block_size] * 2, np.int64)), block
    if crops is None:
        raise ModelError("a BatchToSpaceND has no crops")
    return ops.BatchToSpace(x, *_blocks(x, block, crops))


@tf_op("SpaceToBatchND", "SpaceToBatch")
def space_to_batch(x: Value, block: Value, paddings: Value | None = None, *, block_size: int = 0) -> Value:
    if block_size:
        block, paddings = constant(np.array([block_size] * 2, np.int64)), block
    if paddings is None:
        raise ModelError("a SpaceToBatchND has no paddings")
    return ops.SpaceToBatch(x, *_blocks(x, block, paddings))


def _blocks(x: Value, block: Value, ends: Value) -> tuple[Value, Value, Value]:
    """Block sizes and amounts for all axes: those of the batch, and of what comes after the blocks, are 1 and 0."""
    begin, end = _ends(ends)
    count = known_ints(dim_of(block, 0))
    if count is None:
        raise Unsupported("the number of axes with blocks has to be known")
    after = x.rank - 1 - count[0]
    if after < 0:
        raise ModelError(f"blocks over {count[0]} axes of a tensor of rank {x.rank}")

    def around(v: Value, number: int) -> Value:
        return ops.Concat([ints([number]), as_i64(v), *([ints([number] * after)] if after else [])], axis=0)

    return around(block, 1), around(begin, 0), around(end, 0)


@tf_op("SpaceToDepth")
def space_to_depth(x: Value, *, block_size: int, data_format: str = "NHWC") -> Value:
    return _channels_first(x, data_format, lambda v: ops.SpaceToDepth(v, mode="blocks_first", block_size=block_size))


@tf_op("DepthToSpace")
def depth_to_space(x: Value, *, block_size: int, data_format: str = "NHWC") -> Value:
    return _channels_first(x, data_format, lambda v: ops.DepthToSpace(v, mode="blocks_first", block_size=block_size))


def _channels_first(x: Value, data_format: str, compute: Callable[[Value], Value]) -> Value:
    if data_format == "NCHW_VECT_C":
        raise Unsupported("the layout NCHW_VECT_C is not supported")
    return in_channels_first(x, data_format, compute)
