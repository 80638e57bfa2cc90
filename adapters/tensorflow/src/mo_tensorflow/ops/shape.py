"""Shapes and what only changes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import (
    arange,
    as_i64,
    broadcast_to,
    concat,
    const_ints,
    constant_like,
    dim,
    dim_of,
    element_count,
    filled,
    gather,
    integer,
    known_ints,
    permute,
    rank_of,
    reshape_to,
    shape_of,
    split,
    squeeze,
    to_element,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Constant, Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Tensor
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Divide,
    Equal,
    FloorMod,
    Gather,
    Maximum,
    Pad,
    ScatterElementsUpdate,
    Select,
    Split,
    Squeeze,
    Subtract,
    Tile,
    Transpose,
    Unsqueeze,
    VariadicSplit,
)
from mo_tensorflow.registry import tf_op


@tf_op(
    "Identity",
    "StopGradient",
    "Snapshot",
    "PreventGradient",
    "CheckNumerics",
    "CheckNumericsV2",
    "PlaceholderWithDefault",
    "DebugGradientIdentity",
    "DebugGradientRefIdentity",
    "RefIdentity",
    "OptimizationBarrier",
    "ReadVariableXlaSplitND",
    "GuaranteeConst",
    "Copy",
    "CopyHost",
    "DeepCopy",
    "_XlaSharding",
    "XlaSharding",
    ignore=("message", "shape", "sharding", "unspecified_dims", "tensor_name", "debug_ops_spec"),
)
def identity(x: Value) -> Value:
    return x


@tf_op("IdentityN", ignore=("T",))
def identities(*inputs: Value) -> Sequence[Value]:
    return inputs


@tf_op("EnsureShape")
def ensure_shape(x: Value, *, shape: t.Shape) -> Value:
    """What it checks is known when the model is read, or the runtime's business."""
    return x


@tf_op("Print", ignore=("*",))
def printed(x: Value, *data: Value) -> Value:
    return x


@tf_op("Const")
def const(*, value: Tensor) -> Value:
    return Constant(value=value)


@tf_op("Reshape")
def reshape(x: Value, shape: Value) -> Value:
    return reshape_to(x, as_i64(shape))


@tf_op("ExpandDims")
def expand_dims(x: Value, axis: Value) -> Value:
    known = known_ints(axis)
    return Unsqueeze(x, list(known)) if known is not None else Unsqueeze(x, reshape_to(as_i64(axis), [1]))


@tf_op("Squeeze")
def squeezed(x: Value, *, squeeze_dims: Sequence[int] = ()) -> Value:
    """Without axes, all that have one index."""
    if squeeze_dims:
        return squeeze(x, *squeeze_dims)
    if x.shape is None:
        return Squeeze(x)
    return squeeze(x, *[i for i, d in enumerate(x.shape) if d == 1])


@tf_op("Shape")
def shape(x: Value, *, out_type: ElementType = t.i32) -> Value:
    return to_element(shape_of(x), out_type)


@tf_op("ShapeN")
def shapes(*inputs: Value, out_type: ElementType = t.i32) -> Sequence[Value]:
    return [to_element(shape_of(x), out_type) for x in inputs]


@tf_op("Size")
def size(x: Value, *, out_type: ElementType = t.i32) -> Value:
    return to_element(reshape_to(element_count(x), []), out_type)


@tf_op("Rank")
def rank(x: Value) -> Value:
    if x.shape is not None:
        return constant(np.array(len(x.shape), np.int32))
    return to_element(reshape_to(rank_of(x), []), t.i32)


@tf_op("BroadcastTo")
def broadcast(x: Value, shape_: Value) -> Value:
    return broadcast_to(x, as_i64(shape_))


@tf_op("BroadcastArgs")
def broadcast_args(a: Value, b: Value) -> Value:
    """The shape that two shapes broadcast to: the lower rank filled up with ones, then the greater sizes."""

    def filled(x: Value, other: Value) -> Value:
        missing = Maximum(Subtract(shape_of(other), shape_of(x)), [0])
        return Pad(as_i64(x), missing, [0], constant(np.int64(1)))

    first, second = filled(a, b), filled(b, a)
    return to_element(Select(Equal(first, 1), second, first), a.element)


@tf_op("Fill")
def fill(dims: Value, number: Value) -> Value:
    return broadcast_to(number, as_i64(dims))


@tf_op("Tile")
def tile(x: Value, multiples: Value) -> Value:
    return Tile(x, as_i64(multiples))


@tf_op("Transpose")
def transpose(x: Value, order: Value) -> Value:
    return _transposed(x, order)


@tf_op("ConjugateTranspose")
def conjugate_transpose(x: Value, order: Value) -> Value:
    return _transposed(x, order)


def _transposed(x: Value, order: Value) -> Value:
    known = known_ints(order)
    if known is None:
        return Transpose(x, as_i64(order))
    if x.shape is not None and sorted(d % len(known) for d in known) != list(range(len(x.shape))):
        raise ModelError(f"a Transpose of rank {len(x.shape)} has the order {list(known)}")
    return permute(x, [d % len(known) for d in known])


@tf_op("Concat")
def concat_v1(axis: Value, *values: Value) -> Value:
    return _concatenated(values, axis)


@tf_op("ParallelConcat", ignore=("shape",))
def parallel_concat(*inputs: Value) -> Value:
    return _concatenated(inputs, integer(0))


@tf_op("ConcatV2", ignore=("Tidx",))
def concat_v2(*inputs: Value) -> Value:
    return _concatenated(inputs[:-1], inputs[-1])


def _concatenated(values: Sequence[Value], axis: Value) -> Value:
    (along,) = const_ints(axis, "the axis of a Concat")
    return concat(values, along)


@tf_op("Pack")
def pack(*inputs: Value, axis: int = 0) -> Value:
    return concat([unsqueeze(x, axis) for x in inputs], axis)


@tf_op("Unpack")
def unpack(x: Value, *, num: int, axis: int = 0) -> Sequence[Value]:
    if not num:
        raise Unsupported("an Unpack into no parts has no results")
    return [squeeze(part, axis) for part in split(x, axis, num)]


@tf_op("Split")
def split_evenly(axis: Value, x: Value, *, num_split: int) -> Sequence[Value]:
    (along,) = const_ints(axis, "the axis of a Split")
    return [x] if num_split == 1 else Split(x, along, num_splits=num_split).results


@tf_op("SplitV")
def split_by_sizes(x: Value, sizes: Value, axis: Value, *, num_split: int) -> Sequence[Value]:
    (along,) = const_ints(axis, "the axis of a SplitV")
    return [x] if num_split == 1 else VariadicSplit(x, along, reshape_to(as_i64(sizes), [num_split])).results


@tf_op("InvertPermutation")
def invert_permutation(x: Value) -> Value:
    places = arange(dim_of(x, 0), x.element)
    return ScatterElementsUpdate(places, as_i64(x), places, 0)


@tf_op("UnravelIndex")
def unravel_index(indices: Value, dims: Value) -> Value:
    """The place in each axis of a place among all elements: one row an axis."""
    known = known_ints(dims)
    if known is None:
        raise Unsupported("the dimensions have to be known", "Freeze them with --freeze_placeholder_with_value.")
    rows, rest = [], 1
    for d in reversed(known):
        quotient = Divide(Subtract(indices, FloorMod(indices, rest)), rest)
        rows.append(unsqueeze(FloorMod(quotient, d), 0))
        rest *= d
    return concat(rows[::-1], 0)


@tf_op("Empty", ignore=("init",))
def empty(shape: Value, *, dtype: ElementType) -> Value:
    """Memory that nobody wrote is zeros here."""
    return filled(as_i64(shape), to_element(constant(np.int32(0)), dtype))


@tf_op("DataFormatDimMap")
def axis_in_layout(x: Value, *, src_format: str = "NHWC", dst_format: str = "NCHW") -> Value:
    """The places in one layout of axes that are given by their places in another."""
    _check_layouts(src_format, dst_format)
    table = constant(np.array([dst_format.index(axis) for axis in src_format]), x.element)
    return Gather(table, FloorMod(x, constant_like(x, len(src_format))), 0)


@tf_op("DataFormatVecPermute")
def numbers_in_layout(x: Value, *, src_format: str = "NHWC", dst_format: str = "NCHW") -> Value:
    """Numbers (or pairs of them), one for each axis of a layout or for its spatial ones, in the order of another."""
    _check_layouts(src_format, dst_format)
    if dim(x, 0) == len(src_format) - 2:
        src_format, dst_format = ("".join(a for a in layout if a not in "NC") for layout in (src_format, dst_format))
    return gather(x, [src_format.index(axis) for axis in dst_format], 0)


def _check_layouts(source: str, target: str) -> None:
    if sorted(source) != sorted(target):
        raise ModelError(f'the layouts "{source[:20]}" and "{target[:20]}" have not the same axes')
