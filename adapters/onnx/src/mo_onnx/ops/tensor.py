"""Shapes and the movement of elements: reshape, slice, pad, split, transpose and their kin."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mo_core.build import (
    arange,
    as_i64,
    concat,
    const_ints,
    constant_ints,
    constant_like,
    convert_like,
    dim,
    dim_of,
    dim_size,
    dims_of,
    element_count,
    filled,
    flatten,
    gather,
    integer,
    ints,
    known_ints,
    normalized,
    reshape_to,
    scalar,
    shape_of,
    slice_axis,
    split,
    squeeze,
    unsqueeze,
    vector,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import normalize_axes, normalize_axis
from mo_core.ops import (
    Add,
    Broadcast,
    CumSum,
    DepthToSpace,
    Divide,
    Equal,
    FloorMod,
    Gather,
    GreaterEqual,
    LessEqual,
    LogicalNot,
    LogicalOr,
    Maximum,
    Minimum,
    NonZero,
    Pad,
    RandomUniform,
    Range,
    ReduceLogicalOr,
    Reshape,
    ReverseSequence,
    ScatterElementsUpdate,
    Select,
    Slice,
    SpaceToDepth,
    Squeeze,
    Subtract,
    Tile,
    Transpose,
    Unique,
    Unsqueeze,
    VariadicSplit,
)
from mo_onnx.registry import onnx_op

_MOST_AXES = 64
"""No tensor has more axes."""

# -- shapes


@onnx_op("Reshape", since=1)
def reshape_by_attribute(x: Value, *, shape: tuple[int, ...] = ()) -> Value:
    return Reshape(x, ints(shape), special_zero=True)


@onnx_op("Reshape", since=5)
def reshape(x: Value, shape: Value, *, allowzero: int = 0) -> Value:
    return Reshape(x, shape, special_zero=not allowzero)


@onnx_op("Flatten")
def flatten_(x: Value, *, axis: int = 1) -> Value:
    return flatten(x, axis)


@onnx_op("Squeeze", since=1)
def squeeze_by_attribute(x: Value, *, axes: tuple[int, ...] | None = None, note: Callable[[str], None]) -> Value:
    return squeeze_(x, None if axes is None else ints(axes), note=note)


@onnx_op("Squeeze", since=13)
def squeeze_(x: Value, axes: Value | None = None, *, note: Callable[[str], None]) -> Value:
    if axes is not None:
        return Squeeze(x, axes)
    if x.shape is None or x.is_static:
        return Squeeze(x)
    # the runtime would not know the rank of the result
    if any(isinstance(d, t.Dynamic) and t.bounds(d)[0] <= 1 for d in x.shape):
        note(
            f"it has no axes, and {t.format_shape(x.shape)} has sizes that are not known; only sizes that are known to "
            "be 1 are taken out. Where others are meant, give the shape with --input."
        )
    return squeeze(x, *(i for i, d in enumerate(x.shape) if d == 1))


@onnx_op("Unsqueeze", since=1)
def unsqueeze_by_attribute(x: Value, *, axes: tuple[int, ...]) -> Value:
    return Unsqueeze(x, ints(axes))


@onnx_op("Unsqueeze", since=13)
def unsqueeze_(x: Value, axes: Value) -> Value:
    count = _length(axes)
    if known_ints(axes) is not None or count is None or x.shape is None:
        return Unsqueeze(x, axes)
    if count > _MOST_AXES:
        raise ModelError(f"Unsqueeze adds {count} axes")
    # the runtime wants to know the axes: each dimension of the result is one or the next of the operand
    every, at = ints(range(x.rank + count)), normalized(as_i64(axes), integer(x.rank + count))
    new = ReduceLogicalOr(Equal(unsqueeze(at, 1), every), ints([0]))
    place = Subtract(CumSum(Select(new, integer(0), integer(1)), integer(0)), integer(1))
    padded = concat([shape_of(x), ints([1])], 0)  # so that even a scalar has a dimension to read
    return reshape_to(x, Select(new, integer(1), Gather(padded, Maximum(place, integer(0)), integer(0))))


@onnx_op("Transpose")
def transpose(x: Value, *, perm: tuple[int, ...] | None = None) -> Value:
    if perm is None:  # the axes are reversed; the runtime does that for an empty order, whatever the rank
        return Transpose(x, ints([]) if x.shape is None else ints(reversed(range(len(x.shape)))))
    return Transpose(x, ints(perm))


@onnx_op("Expand")
def expand(x: Value, shape: Value) -> Value:
    return Broadcast(x, shape, mode="bidirectional")


@onnx_op("Shape")
def shape(x: Value) -> Value:
    return shape_of(x)


@onnx_op("Shape", since=15)
def shape_range(x: Value, *, start: int = 0, end: int | None = None) -> Value:
    if start == 0 and end is None:
        return shape_of(x)
    if x.shape is None:
        return slice_axis(shape_of(x), 0, start, t.INF if end is None else end)
    return dims_of(x, range(len(x.shape))[start:end])


@onnx_op("Size")
def size(x: Value) -> Value:
    return element_count(x)


@onnx_op("Identity")
def identity(x: Value) -> Value:
    return x


# -- parts and wholes


@onnx_op("Concat", since=1)
def concat_along_channels(*values: Value, axis: int = 1) -> Value:
    return concat(values, axis)


@onnx_op("Concat", since=4)
def concat_(*values: Value, axis: int) -> Value:
    return concat(values, axis)


@onnx_op("Split", since=1)
def split_before_opset_13(
    x: Value, lengths: Value | None = None, *, axis: int = 0, split: tuple[int, ...] | None = None, node: Foreign
) -> Sequence[Value]:
    return split_(x, ints(split) if split else lengths, axis=axis, node=node)


@onnx_op("Split", since=13)
def split_(
    x: Value, lengths: Value | None = None, *, axis: int = 0, num_outputs: int | None = None, node: Foreign
) -> Sequence[Value]:
    count = len(node.results)
    if lengths is not None:
        return VariadicSplit(x, integer(axis), lengths).results
    if count == 1:
        return (x,)
    size = dim(x, axis)
    if num_outputs is None or (isinstance(size, int) and size % count == 0):
        return split(x, axis, count)
    if isinstance(size, int) and -(-size // count) * (count - 1) > size:  # some of the last parts are empty
        part = -(-size // count)
        return split(x, axis, [min(part, max(0, size - i * part)) for i in range(count)])
    whole = Divide(Add(dim_of(x, axis), integer(count - 1)), integer(count))  # the last part takes what is left
    return VariadicSplit(x, integer(axis), vector([*[whole] * (count - 1), -1])).results


@onnx_op("Slice", since=1)
def slice_by_attributes(
    x: Value, *, starts: tuple[int, ...], ends: tuple[int, ...], axes: tuple[int, ...] | None = None
) -> Value:
    return slice_(x, ints(starts), ints(ends), ints(axes if axes is not None else range(len(starts))))


@onnx_op("Slice", since=10)
@onnx_op("DynamicSlice")  # experimental, of the first opsets
def slice_(x: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None) -> Value:
    starts, ends = as_i64(starts), as_i64(ends)
    count = _length(starts, ends, axes, steps)
    if count is None:
        raise Unsupported("Slice with an unknown number of axes", "Freeze the axes with --input NAME->VALUE.")
    steps = ints([1] * count) if steps is None else as_i64(steps)
    axes = ints(range(count)) if axes is None else as_i64(axes)
    if known_ints(axes) is None:
        # the runtime wants to know the axes: all of them are sliced, most from end to end
        rank = x.rank
        starts = placed(starts, axes, [0] * rank)
        ends = placed(ends, axes, [t.INF] * rank)
        steps = placed(steps, axes, [1] * rank)
        axes = ints(range(rank))
    return Slice(x, starts, ends, steps, axes)


def _length(*vectors: Value | None) -> int | None:
    for v in vectors:
        if v is not None and v.shape is not None and len(v.shape) == 1:
            (length,) = v.shape
            if isinstance(length, int):
                return length
    return None


def placed(values: Value, axes: Value, elsewhere: Sequence[int]) -> Value:
    """A number for each axis: `values` at `axes`, the numbers of `elsewhere` at the others."""
    axes, values = as_i64(axes), as_i64(values)
    at, numbers = known_ints(axes), constant_ints(values)
    if at is not None:
        items: list[int | Value] = list(elsewhere)
        for i, axis in enumerate(normalize_axes(at, len(items))):
            items[axis] = numbers[i] if numbers is not None else gather(values, [i], 0)
        return vector(items)
    return ScatterElementsUpdate(ints(elsewhere), normalized(axes, integer(len(elsewhere))), values, integer(0))


@onnx_op("Tile", since=1)
def tile_axis(x: Value, tiles: Value, axis: Value) -> Value:
    (at,) = const_ints(axis, "the axis of Tile")
    return Tile(x, vector([tiles if i == normalize_axis(at, x.rank) else 1 for i in range(x.rank)]))


@onnx_op("Tile", since=6)
def tile(x: Value, repeats: Value) -> Value:
    return Tile(x, repeats)


# -- padding

PAD_MODES = {"constant": "constant", "edge": "edge", "reflect": "reflect", "wrap": "wrap"}


@onnx_op("Pad", since=1)
def pad_of_opset_1(x: Value, *, paddings: tuple[int, ...], mode: str = "constant", value: float = 0.0) -> Value:
    return pad(x, ints(paddings), constant_like(x, value), mode=mode)


@onnx_op("Pad", since=2)
def pad_by_attributes(x: Value, *, pads: tuple[int, ...], mode: str = "constant", value: float = 0.0) -> Value:
    return pad(x, ints(pads), constant_like(x, value), mode=mode)


@onnx_op("Pad", since=11)
def pad(
    x: Value, pads: Value, number: Value | None = None, axes: Value | None = None, *, mode: str = "constant"
) -> Value:
    if mode not in PAD_MODES:
        raise ModelError(f'Pad has no mode "{mode}"', "Export the model again.")
    if axes is None:
        begins, ends = _halves(pads, x.rank)
    else:
        count = _length(axes)
        if count is None:
            raise Unsupported("Pad with an unknown number of axes", "Freeze the axes with --input NAME->VALUE.")
        begins, ends = (placed(half, axes, [0] * x.rank) for half in _halves(pads, count))
    if mode == "wrap":
        return wrapped(x, begins, ends)
    if mode != "constant" or number is None:
        return Pad(x, begins, ends, pad_mode=mode)
    return Pad(x, begins, ends, scalar(number), pad_mode=mode)


def _halves(v: Value, count: int) -> tuple[Value, Value]:
    v = as_i64(v)
    if v.shape is not None and isinstance(v.shape[0], int) and v.shape[0] != 2 * count:
        raise ModelError(f"Pad of {count} axes has {v.shape[0]} pads")
    known = constant_ints(v)
    if known is not None:
        return ints(known[:count]), ints(known[count:])
    first, second = split(v, 0, [count, count])
    return first, second


def wrapped(x: Value, begins: Value, ends: Value) -> Value:
    """`x` going on periodically before and behind each axis."""
    known_begins, known_ends = known_ints(begins), known_ints(ends)
    for axis in range(x.rank):
        if known_begins is not None and known_ends is not None and not known_begins[axis] and not known_ends[axis]:
            continue
        length = dim_of(x, axis)
        first = Subtract(integer(0), gather(begins, [axis], 0))
        stop = Add(length, gather(ends, [axis], 0))
        index = Range(scalar(first), scalar(stop), integer(1), output_type=t.i64)
        x = gather(x, FloorMod(index, length), axis)
    return x


@onnx_op("CenterCropPad")
def center_crop_pad(x: Value, shape: Value, *, axes: tuple[int, ...] | None = None) -> Value:
    rank = x.rank
    at = [normalize_axis(a, rank) for a in axes] if axes is not None else list(range(rank))
    before = shape_of(x)
    after = vector([gather(as_i64(shape), [at.index(i)], 0) if i in at else dim_of(x, i) for i in range(rank)])
    zero, two = integer(0), integer(2)
    surplus, lack = Maximum(Subtract(before, after), zero), Maximum(Subtract(after, before), zero)
    start, begin = Divide(surplus, two), Divide(lack, two)
    cut = Slice(x, start, Add(start, Minimum(before, after)), ints([1] * rank), ints(range(rank)))
    return Pad(cut, begin, Subtract(lack, begin), constant_like(x, 0))


# -- blocks of space and depth


@onnx_op("DepthToSpace")
def depth_to_space(x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    return DepthToSpace(x, mode="depth_first" if mode == "CRD" else "blocks_first", block_size=blocksize)


@onnx_op("SpaceToDepth")
def space_to_depth(x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    return SpaceToDepth(x, mode="depth_first" if mode == "CRD" else "blocks_first", block_size=blocksize)


# -- selection


@onnx_op("Trilu")
def trilu(x: Value, k: Value | None = None, *, upper: int = 1) -> Value:
    rows, columns = unsqueeze(arange(dim_size(x, -2)), 1), arange(dim_size(x, -1))
    diagonal = Add(rows, scalar(as_i64(k))) if k is not None else rows
    kept = GreaterEqual(columns, diagonal) if upper else LessEqual(columns, diagonal)
    return Select(kept, x, constant_like(x, 0))


@onnx_op("ReverseSequence")
def reverse_sequence(x: Value, lengths: Value, *, batch_axis: int = 1, time_axis: int = 0) -> Value:
    return ReverseSequence(x, lengths, batch_axis=batch_axis, seq_axis=time_axis)


@onnx_op("Compress")
def compress(x: Value, condition: Value, *, axis: int | None = None) -> Value:
    if axis is None:
        x, axis = reshape_to(x, [-1]), 0
    return gather(x, squeeze(NonZero(condition), 0), axis)


@onnx_op("NonZero")
def non_zero(x: Value) -> Value:
    return NonZero(x)


@onnx_op("Unique")
def unique(x: Value, *, axis: int | None = None, sorted: int = 1) -> Sequence[Value]:
    if axis is None:
        return Unique(x, sorted=bool(sorted)).results
    return Unique(x, integer(axis), sorted=bool(sorted)).results


@onnx_op("TensorScatter")
def tensor_scatter(
    cache: Value, update: Value, write_indices: Value | None = None, *, axis: int = -2, mode: str = "linear"
) -> Value:
    rank = update.rank
    at = normalize_axis(axis, rank)
    index = reshape_to(arange(dim_size(update, at)), [-1, *[1] * (rank - 1 - at)])
    if write_indices is not None:
        index = Add(index, reshape_to(write_indices, [-1, *[1] * (rank - 1)]))
    if mode == "circular":
        index = FloorMod(index, dim_of(cache, at))
    return ScatterElementsUpdate(cache, Broadcast(index, shape_of(update)), update, integer(at))


# -- dropout


@onnx_op("Dropout", since=1)
def dropout_with_mode(x: Value, *, is_test: int = 0, ratio: float = 0.5, node: Foreign) -> Sequence[Value]:
    """Before opset 7 the attribute `is_test` says whether to drop; converted models are there to be used."""
    return dropout_without_mode(x, ratio=ratio, node=node)


@onnx_op("Dropout", since=7)
def dropout_without_mode(x: Value, *, ratio: float = 0.5, node: Foreign) -> Sequence[Value]:
    if len(node.results) < 2:
        return (x,)
    return x, filled(shape_of(x), constant(True, t.boolean) if node.version >= 10 else constant_like(x, 1))


@onnx_op("Dropout", since=12)
def dropout(
    x: Value, ratio: Value | None = None, training_mode: Value | None = None, *, seed: int = 0, node: Foreign
) -> Sequence[Value]:
    ratio = constant_like(x, 0.5) if ratio is None else convert_like(scalar(ratio), x)
    training = training_mode.const if training_mode is not None else np.asarray(False)
    if training is not None and not training.any():
        return dropout_without_mode(x, node=node)
    zero, one = constant_like(x, 0), constant_like(x, 1)
    scale: Value
    real = x.element if x.element.is_real else t.f32
    draw = RandomUniform(shape_of(x), constant(0.0, real), constant(1.0, real), output_type=real, op_seed=seed)
    mask: Value = GreaterEqual(draw, ratio)
    scale = Subtract(one, ratio)
    if training is None and training_mode is not None:
        off = LogicalNot(scalar(training_mode))
        mask, scale = LogicalOr(mask, off), Select(off, one, scale)
    return Select(mask, Divide(x, scale), zero), mask
