"""Images in other sizes, and images sampled at the points of a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import (
    Size,
    arange,
    broadcast_to,
    concat,
    constant_like,
    dim,
    dim_size,
    permute,
    reshape_to,
    to_element,
)
from mo_core.build.resize import resized
from mo_core.build.windows import deconvolve
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import Add, Convert, Divide, Floor, FloorMod, GridSample, MatMul, Multiply, Subtract
from mo_mxnet.attributes import Ints
from mo_mxnet.ops.shape import times
from mo_mxnet.registry import mxnet_op
from mo_mxnet.window import spatial_attributes


def nearest(x: Value, sizes: Sequence[Size]) -> Value:
    """Height and width by repetition of elements."""
    return resized(x, sizes, mode="nearest", coordinates="asymmetric")


def bilinear(x: Value, sizes: Sequence[Size], align_corners: bool, axes: Sequence[int] = (2, 3)) -> Value:
    """Height and width by the mean of the four nearest elements; a size of one takes the first element."""
    single = [axis for axis, size in zip(axes, sizes) if size == 1]
    if single and not align_corners and len(single) < len(axes):
        rest = [(axis, size) for axis, size in zip(axes, sizes) if size != 1]
        x = bilinear(x, [size for _, size in rest], False, [axis for axis, _ in rest])
        axes, sizes = single, [1] * len(single)
    align_corners = align_corners or bool(single)
    return resized(x, sizes, axes, coordinates="align_corners" if align_corners else "half_pixel")


@mxnet_op("UpSampling", ignore=("num_filter",))
def up_sampling(*values: Value, scale: int, sample_type: str, multi_input_mode: str = "concat") -> Value:
    """By a whole number; several inputs get the size of the first, then they are joined or added."""
    if scale < 1:
        raise ModelError(f"UpSampling by {scale} is impossible")
    if sample_type == "bilinear":
        if len(values) != 2:
            raise ModelError(f"UpSampling by bilinear interpolation has {len(values)} inputs, and 2 are needed")
        return _by_filters(values[0], values[1], scale)
    if sample_type != "nearest":
        raise ModelError(f'sample_type is "{sample_type}", which is none of nearest, bilinear')
    sizes = [times(dim_size(values[0], axis), scale) for axis in (2, 3)]
    parts = [nearest(v, sizes) for v in values]
    if multi_input_mode == "concat":
        return concat(parts, 1)
    total = parts[0]
    for part in parts[1:]:
        total = Add(total, part)
    return total


def _by_filters(x: Value, weight: Value, scale: int) -> Value:
    """A transposed convolution of each channel with its own filter."""
    channels = dim(weight, 0)
    if not isinstance(channels, int):
        raise Unsupported("UpSampling needs to know the number of channels", "Give the shape with --input.")
    spatial = spatial_attributes(2, (scale, scale), (), (scale // 2, scale // 2))
    return deconvolve(x, weight, None, channels, spatial)


@mxnet_op("_contrib_BilinearResize2D")
def bilinear_resize(
    x: Value,
    like: Value | None = None,
    *,
    height: int = 1,
    width: int = 1,
    scale_height: float | None = None,
    scale_width: float | None = None,
    mode: str = "size",
    align_corners: bool = True,
) -> Value:
    """To a given size, by factors, to the size of another image, or to an odd or even size near to its own."""
    own = [dim_size(x, 2), dim_size(x, 3)]
    if mode == "like":
        if like is None:
            raise ModelError("BilinearResize2D in the mode like needs a second input")
        return bilinear(x, [dim_size(like, 2), dim_size(like, 3)], align_corners)
    if mode == "size" and scale_height is None and scale_width is None:
        return bilinear(x, [height, width], align_corners)
    if mode in ("size", "odd_scale"):
        if scale_height is None or scale_width is None:
            raise ModelError(f"BilinearResize2D in the mode {mode} needs both factors")
        sizes = [_scaled(s, f, mode == "odd_scale") for s, f in zip(own, (scale_height, scale_width))]
        return bilinear(x, sizes, align_corners)
    if mode not in _STEPS:
        raise ModelError(f'mode is "{mode}", which BilinearResize2D does not have')
    remainder, step = _STEPS[mode]
    return bilinear(x, [_to_parity(s, remainder, step) for s in own], align_corners)


_STEPS = {"to_even_down": (0, -1), "to_even_up": (0, 1), "to_odd_down": (1, -1), "to_odd_up": (1, 1)}
"""The remainder by two that a size shall have, and the step to it."""


def _scaled(size: Size, factor: float, odd: bool) -> Size:
    """A size times a factor; with `odd`, an odd size gives an odd one."""
    if isinstance(size, int):
        return int(size * factor) if not odd or size % 2 == 0 else int((size - 1) * factor) + 1
    rest: Value | int = FloorMod(size, 2) if odd else 0
    whole = Subtract(size, rest) if odd else size
    grown = Floor(Multiply(Convert(whole, destination_type=t.f32), constant(factor, t.f32)))
    y = Convert(grown, destination_type=size.element)
    return Add(y, rest) if odd else y


def _to_parity(size: Size, remainder: int, step: int) -> Size:
    if isinstance(size, int):
        return size if size % 2 == remainder else size + step
    away = FloorMod(Add(size, remainder), 2)
    return Add(size, Multiply(away, step))


@mxnet_op("BilinearSampler", ignore=("cudnn_off",))
def bilinear_sampler(x: Value, grid: Value) -> Value:
    """The image at the points of a grid (N, 2, H, W; x first, from -1 to 1); zeros outside."""
    points = permute(grid, (0, 2, 3, 1))
    return GridSample(x, points, align_corners=True, mode="bilinear", padding_mode="zeros")


@mxnet_op("GridGenerator")
def grid_generator(x: Value, *, transform_type: str, target_shape: Ints = (0, 0)) -> Value:
    """The points that an affine map (N, 6) or a flow in pixels (N, 2, H, W) leads to."""
    if transform_type == "affine":
        if len(target_shape) != 2 or min(target_shape) < 1:
            raise ModelError(f"GridGenerator needs a target_shape, and it is {list(target_shape)}")
        return _affine_grid(x, target_shape)
    if transform_type != "warp":
        raise ModelError(f'transform_type is "{transform_type}", which is none of affine, warp')
    height, width = dim_size(x, 2), dim_size(x, 3)
    rows = reshape_to(to_element(arange(height), x.element), [1, 1, -1, 1])
    columns = reshape_to(to_element(arange(width), x.element), [1, 1, 1, -1])
    one: Value = constant_like(x, 1)
    shape = [1, 1, height, width]
    grid = concat([broadcast_to(columns, shape), broadcast_to(rows, shape)], 1)
    spans = [_half_span(size, x) for size in (width, height)]
    scale = concat([reshape_to(s, [1, 1, 1, 1]) for s in spans], 1)
    return Subtract(Divide(Add(x, grid), scale), one)


def _half_span(size: Size, like: Value) -> Value:
    if isinstance(size, int):
        return constant_like(like, max(size - 1, 1) / 2)
    return Multiply(to_element(Subtract(size, 1), like.element), constant_like(like, 0.5))


def _affine_grid(x: Value, shape: Ints) -> Value:
    height, width = shape
    rows, columns = (np.linspace(-1, 1, n) if n > 1 else np.array([-1.0]) for n in (height, width))
    points = np.stack([np.tile(columns, height), np.repeat(rows, width), np.ones(height * width)])
    moved = MatMul(reshape_to(x, [-1, 2, 3]), constant_like(x, points))
    return reshape_to(moved, [dim_size(x, 0), 2, height, width])


@mxnet_op("SpatialTransformer", ignore=("cudnn_off",))
def spatial_transformer(
    x: Value, loc: Value, *, target_shape: Ints = (0, 0), transform_type: str, sampler_type: str
) -> Value:
    if transform_type != "affine" or sampler_type != "bilinear":
        raise ModelError("SpatialTransformer has the transform affine and the sampler bilinear only")
    return bilinear_sampler(x, _affine_grid(loc, target_shape))
