"""Putting tensors together and taking them apart, moving and repeating their elements."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import (
    as_i64,
    concat,
    const_ints,
    constant_like,
    squeeze,
    take,
    unsqueeze,
)
from mo_core.build import split as split_axis
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    BatchToSpace,
    Concat,
    DepthToSpace,
    Pad,
    Reverse,
    SpaceToBatch,
    SpaceToDepth,
    Tile,
    VariadicSplit,
)
from mo_tensorflow.registry import tf_op
from mo_tensorflow.window import in_channels_first


@tf_op("ConcatV2")
def concat_v2(*inputs: Value) -> Value:
    """The axis comes last."""
    *values, axis = inputs
    (along,) = const_ints(axis, "the axis of a concatenation")
    return concat(values, along) if len(values) == 1 else Concat(values, axis=along)


@tf_op("Concat")
def concat_v1(axis: Value, *values: Value) -> Value:
    """The axis comes first."""
    return concat_v2(*values, axis)


@tf_op("Pack")
def pack(*values: Value, axis: int = 0) -> Value:
    along = axis if axis >= 0 else axis + values[0].rank + 1
    return concat([unsqueeze(v, along) for v in values], along)


@tf_op("Unpack")
def unpack(x: Value, *, num: int, axis: int = 0) -> Sequence[Value]:
    return [squeeze(part, axis) for part in split_axis(x, axis, num)]


@tf_op("Split")
def split(axis: Value, x: Value, *, num_split: int) -> Sequence[Value]:
    (along,) = const_ints(axis, "the axis of a split")
    return split_axis(x, along, num_split)


@tf_op("SplitV", ignore=("num_split", "Tlen"))
def split_v(x: Value, sizes: Value, axis: Value) -> Sequence[Value]:
    return VariadicSplit(x, as_i64(axis), as_i64(sizes)).results


@tf_op("Tile")
def tile(x: Value, multiples: Value) -> Value:
    return Tile(x, as_i64(multiples))


def _both(pads: Value) -> tuple[Value, Value]:
    """Paddings before and after, from a matrix of one row for each axis."""
    return take(as_i64(pads), 0, 1), take(as_i64(pads), 1, 1)


@tf_op("Pad", "PadV2")
def pad(x: Value, paddings: Value, value: Value | None = None) -> Value:
    return Pad(x, *_both(paddings), constant_like(x, 0) if value is None else value)


@tf_op("MirrorPad")
def mirror_pad(x: Value, paddings: Value, *, mode: str) -> Value:
    modes = {"REFLECT": "reflect", "SYMMETRIC": "symmetric"}
    if mode not in modes:
        raise ModelError(f'the mode of a MirrorPad is "{mode}", which is none of {", ".join(modes)}')
    return Pad(x, *_both(paddings), pad_mode=modes[mode])


@tf_op("ReverseV2")
def reverse(x: Value, axes: Value) -> Value:
    return Reverse(x, as_i64(axes), mode="index") if axes.shape != (0,) else x


def _blocked(x: Value, data_format: str, to_space: bool, block: int) -> Value:
    """Blocks of the channels first, as TensorFlow orders them."""
    if data_format == "NCHW_VECT_C":
        raise Unsupported("the layout NCHW_VECT_C is one of a device")
    kind = DepthToSpace if to_space else SpaceToDepth
    return in_channels_first(x, data_format, lambda v: kind(v, block_size=block, mode="blocks_first"))


@tf_op("DepthToSpace")
def depth_to_space(x: Value, *, block_size: int, data_format: str = "NHWC") -> Value:
    return _blocked(x, data_format, True, block_size)


@tf_op("SpaceToDepth")
def space_to_depth(x: Value, *, block_size: int, data_format: str = "NHWC") -> Value:
    return _blocked(x, data_format, False, block_size)


def _for_all_axes(x: Value, block: Value, pads: Value) -> tuple[Value, Value, Value]:
    """Blocks and paddings for all axes, from those of the axes after the batch."""
    (count,) = block.static_shape
    rest = x.rank - 1 - count
    begin, end = _both(pads)

    def spread(numbers: Value, filling: int) -> Value:
        ends = [constant([filling], t.i64), as_i64(numbers)]
        return concat([*ends, constant([filling] * rest, t.i64)] if rest else ends, 0)

    return spread(block, 1), spread(begin, 0), spread(end, 0)


@tf_op("SpaceToBatchND")
def space_to_batch(x: Value, block: Value, paddings: Value) -> Value:
    return SpaceToBatch(x, *_for_all_axes(x, block, paddings))


@tf_op("BatchToSpaceND")
def batch_to_space(x: Value, block: Value, crops: Value) -> Value:
    return BatchToSpace(x, *_for_all_axes(x, block, crops))


@tf_op("InvertPermutation")
def invert_permutation(x: Value) -> Value:
    known = const_ints(x, "the permutation to invert")
    inverse = [known.index(i) for i in range(len(known))]
    return constant(inverse, x.element)
