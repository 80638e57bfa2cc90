"""Pooling over windows, over whole images and over regions, and its inverse."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mo_core.build import (
    Size,
    constant_like,
    dim_of,
    dim_size,
    dims_of,
    integer,
    ints,
    rank_of,
    reshape_to,
    shape_of,
    slice_axis,
    vector,
)
from mo_core.build.windows import Spatial, fitted, mean_of_windows, per_axis, powered, root, unpooled
from mo_core.errors import ModelError
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Divide,
    FloorMod,
    Maximum,
    MaxPool,
    MaxPool14,
    Multiply,
    Pad,
    Range,
    ReduceL1,
    ReduceL2,
    ReduceMax,
    ReduceMean,
    ReduceSum,
    ROIPooling,
    Subtract,
)
from mo_onnx.registry import onnx_op
from mo_onnx.window import Ints, both_pads, spatial_attributes


def rounding(spatial: Spatial, ceil_mode: int) -> str:
    """How the number of windows is rounded; automatic padding leaves nothing to round."""
    return "ceil_torch" if ceil_mode and spatial["auto_pad"] == "explicit" else "floor"


@onnx_op("AveragePool")
def average_pool(
    x: Value,
    *,
    kernel_shape: Sequence[int],
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    dilations: Ints = None,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    spatial = spatial_attributes(len(kernel_shape), auto_pad, dilations, pads, strides)
    how = rounding(spatial, ceil_mode)
    window = fitted(x, kernel_shape, spatial, how)
    return mean_of_windows(x, *window, rounding=how, count_padding=bool(count_include_pad))


@onnx_op("MaxPool")
def max_pool(
    x: Value,
    *,
    kernel_shape: Sequence[int],
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: Ints = None,
    pads: Ints = None,
    storage_order: int = 0,
    strides: Ints = None,
) -> Node | Sequence[Value]:
    spatial = spatial_attributes(len(kernel_shape), auto_pad, dilations, pads, strides)
    how = rounding(spatial, ceil_mode)
    pool = MaxPool14 if how == "ceil_torch" else MaxPool
    axis = 2 if storage_order else 0
    kernel, spatial = fitted(x, kernel_shape, spatial, how)
    y = pool(x, **spatial, kernel=kernel, rounding_type=how, index_element_type=t.i64, axis=axis)
    return (y, column_major(y.results[1], x)) if storage_order else y


def column_major(places: Value, x: Value) -> Value:
    """Flat places in N, C, <spatial>, counted column by column, from places in each image, counted row by row."""
    axes = range(2, x.rank)
    result: Value | None = None
    step: Size = 1
    rest = places
    steps: list[Size] = []
    for axis in axes:
        steps.append(step)
        step = _times(step, dim_size(x, axis))
    for axis, weight in zip(reversed(axes), reversed(steps)):
        size = dim_size(x, axis)
        part = Multiply(FloorMod(rest, size), weight)
        rest = Divide(rest, size)
        result = part if result is None else Add(result, part)
    assert result is not None
    images = Multiply(dim_of(x, 0), dim_of(x, 1))
    first = Multiply(Range(integer(0), images, integer(1), output_type=t.i64), step)
    return Add(result, reshape_to(first, vector([dims_of(x, [0, 1]), *[1 for _ in axes]])))


def _times(a: Size, b: Size) -> Size:
    return a * b if isinstance(a, int) and isinstance(b, int) else Multiply(vector([a]), vector([b]))


def spatial_axes(x: Value) -> Value:
    """All axes behind batch and channels, 1-D i64; works when the rank is unknown."""
    if x.shape is not None:
        return ints(range(2, len(x.shape)))
    return Range(integer(2), rank_of(x), integer(1), output_type=t.i64)


@onnx_op("GlobalAveragePool")
def global_average_pool(x: Value) -> Value:
    return ReduceMean(x, spatial_axes(x), keep_dims=True)


@onnx_op("GlobalMaxPool")
def global_max_pool(x: Value) -> Value:
    return ReduceMax(x, spatial_axes(x), keep_dims=True)


@onnx_op("GlobalLpPool")
def global_lp_pool(x: Value, *, p: float = 2) -> Value:
    if p == 1:
        return ReduceL1(x, spatial_axes(x), keep_dims=True)
    if p == 2:
        return ReduceL2(x, spatial_axes(x), keep_dims=True)
    return root(ReduceSum(powered(x, p), spatial_axes(x), keep_dims=True), p)


@onnx_op("LpPool")
def lp_pool(
    x: Value,
    *,
    kernel_shape: Sequence[int],
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: Ints = None,
    p: float = 2,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    if p <= 0:
        raise ModelError(f"p of LpPool is {p:g}, and it is positive")
    axes = len(kernel_shape)
    spatial = spatial_attributes(axes, auto_pad, dilations, pads, strides)
    up = rounding(spatial, ceil_mode) == "ceil_torch"
    before = spatial["pads_begin"]
    if up:  # as much padding behind as rounding up needs; it is part of no divisor then
        spatial["pads_end"] = tuple(e + s - 1 for e, s in zip(spatial["pads_end"], spatial["strides"]))
    mean = mean_of_windows(powered(x, p), kernel_shape, spatial, count_padding=True)
    y = root(Multiply(mean, constant_like(x, float(math.prod(kernel_shape)))), p)
    for axis in range(axes if up else 0):  # a window that starts behind data and leading padding does not count
        y = _within(y, x, 2 + axis, before[axis], spatial["strides"][axis])
    return y


def _within(y: Value, x: Value, axis: int, before: int, stride: int) -> Value:
    size = dim_size(x, axis)
    if isinstance(size, int):
        return slice_axis(y, axis, 0, -(-(size + before) // stride))
    return slice_axis(y, axis, 0, Divide(Add(size, before + stride - 1), stride))


@onnx_op("MaxUnpool")
def max_unpool(
    x: Value,
    places: Value,
    output_shape: Value | None = None,
    *,
    kernel_shape: Sequence[int],
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    axes = len(kernel_shape)
    begin, end = both_pads(axes, pads)
    steps = per_axis(axes, strides, 1, "strides")
    sizes: list[Size] = [dim_size(x, 0), dim_size(x, 1)]
    for axis, (kernel, stride, before, behind) in enumerate(zip(kernel_shape, steps, begin, end)):
        size, more = dim_size(x, 2 + axis), kernel - stride - before - behind
        sizes.append(size * stride + more if isinstance(size, int) else Add(Multiply(size, stride), more))
    y = unpooled(x, places, sizes, 0)
    if output_shape is None:
        return y
    missing = Maximum(Subtract(output_shape, shape_of(y)), 0)
    return Pad(y, Multiply(missing, 0), missing, constant_like(x, 0))


@onnx_op("MaxRoiPool")
def max_roi_pool(x: Value, rois: Value, *, pooled_shape: Sequence[int], spatial_scale: float = 1.0) -> Value:
    if len(pooled_shape) != 2:
        raise ModelError(f"pooled_shape has {len(pooled_shape)} numbers, and 2 are needed")
    height, width = pooled_shape
    return ROIPooling(x, rois, pooled_h=height, pooled_w=width, spatial_scale=spatial_scale, method="max")
