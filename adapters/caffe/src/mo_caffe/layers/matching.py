"""Layers that compare or move images: correlation, warps, spatial transformers."""

from __future__ import annotations

from typing import NamedTuple

from mo_caffe.registry import caffe_layer
from mo_caffe.sizes import part, require_images, reshaped, shape_from, size, sizes
from mo_core.build import broadcast_to, concat, constant_like, filled, integer, ints, reshape_to, slice_axis, to_element
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    AvgPool,
    Divide,
    GreaterEqual,
    GridSample,
    Less,
    LogicalAnd,
    MatMul,
    Multiply,
    Pad,
    Range,
    ReduceMean,
    Select,
    Subtract,
    Transpose,
)

Pair = tuple[int, int]
"""Of height and width."""

MAX_DISPLACEMENTS = 1 << 12
"""Each of them is a few nodes of the graph."""


@caffe_layer("Correlation", "correlation_param", ignore=("do_abs", "single_direction"))
def correlation(
    a: Value,
    b: Value,
    *,
    pad: int = 0,
    kernel_size: int,
    max_displacement: int,
    stride_1: int = 1,
    stride_2: int = 1,
    correlation_type: str = "MULTIPLY",
) -> Value:
    """For each displacement of `b` one channel: the mean over channels and patch of the products (FlowNet's layer).

    The layer declares do_abs and single_direction, and computes the same whatever they are.
    """
    window = _Window(kernel_size, stride_1, correlation_type)
    moves = _moves(max_displacement, stride_2)
    return _correlated(a, b, (pad, pad), (max_displacement, max_displacement), (moves, moves), window)


@caffe_layer("Correlation1D", "correlation_param", ignore=("do_abs",))
def correlation_1d(
    a: Value,
    b: Value,
    *,
    pad: int = 0,
    kernel_size: int,
    max_displacement: int,
    stride_1: int = 1,
    stride_2: int = 1,
    correlation_type: str = "MULTIPLY",
    single_direction: int = 0,
) -> Value:
    """`b` moves along the rows only: to both sides, or to the right (`single_direction: 1`)."""
    if single_direction not in (0, 1):
        raise Unsupported(f"single_direction {single_direction} is not supported: it looks past the border of images")
    moves = [d for d in _moves(max_displacement, stride_2) if d >= 0 or not single_direction]
    window = _Window(kernel_size, stride_1, correlation_type)
    return _correlated(a, b, (0, pad), (0, max_displacement), ([0], moves), window)


class _Window(NamedTuple):
    """What is compared: patches of this size, so far apart, by their products or by their differences."""

    size: int
    stride: int
    type: str


def _moves(reach: int, stride: int) -> list[int]:
    if stride < 1:
        raise ModelError(f"stride_2 is {stride}")
    radius = reach // stride
    if radius > MAX_DISPLACEMENTS:
        raise Unsupported(f"{2 * radius + 1} displacements along an axis are too many")
    return [d * stride for d in range(-radius, radius + 1)]


def _correlated(
    a: Value, b: Value, pads: Pair, reach: Pair, moves: tuple[list[int], list[int]], window: _Window
) -> Value:
    if window.size % 2 == 0 or window.stride < 1:
        raise ModelError(f"kernel_size is {window.size} and stride_1 {window.stride}: one is impossible")
    if window.type not in ("MULTIPLY", "SUBTRACT"):
        raise ModelError(f"correlation_type is {window.type}, which is none of MULTIPLY, SUBTRACT")
    require_images(a, b)
    if len(moves[0]) * len(moves[1]) > MAX_DISPLACEMENTS:
        raise Unsupported(f"{len(moves[0]) * len(moves[1])} displacements are too many")
    borders = [r + window.size // 2 for r in reach]
    if any(isinstance(d, int) and d + 2 * p - 2 * border < 1 for d, p, border in zip(a.dims[2:], pads, borders)):
        raise ModelError(f"images with padding {max(pads)} are too small for a border of {max(borders)}")
    first, second = _padded(a, pads), _padded(b, pads)
    fixed = _within(_within(first, 2, reach[0], 0), 3, reach[1], 0)
    channels: list[Value] = []
    for dy in moves[0]:
        rows = _within(second, 2, reach[0], dy)
        for dx in moves[1]:
            moved = _within(rows, 3, reach[1], dx)
            product: Value = Multiply(fixed, moved) if window.type == "MULTIPLY" else Abs(Subtract(fixed, moved))
            channels.append(ReduceMean(product, ints([1]), keep_dims=True))
    y = concat(channels, 1)
    if window.size > 1 or window.stride > 1:
        kernel, step, none = (window.size,) * 2, (window.stride,) * 2, (0, 0)
        y = AvgPool(y, kernel=kernel, strides=step, pads_begin=none, pads_end=none, exclude_pad=False)
    return y


def _padded(x: Value, pads: Pair) -> Value:
    border = ints([0, 0, *pads])
    return Pad(x, border, border, constant_like(x, 0.0)) if any(pads) else x


def _within(x: Value, axis: int, border: int, move: int) -> Value:
    """`x` without a border along an axis, of which it moves into one half."""
    return part(x, axis, border + move, move - border or t.INF)


@caffe_layer("SpatialTransformer", "st_param", ignore=("to_compute_dU",))
def spatial_transformer(
    x: Value,
    theta: Value,
    *,
    transform_type: str = "affine",
    sampler_type: str = "bilinear",
    output_H: int = 0,
    output_W: int = 0,
    theta_1_1: float | None = None,
    theta_1_2: float | None = None,
    theta_1_3: float | None = None,
    theta_2_1: float | None = None,
    theta_2_2: float | None = None,
    theta_2_3: float | None = None,
) -> Value:
    """Bilinear samples at an affine image of the output's grid; outside of the image is 0.

    The grid has rows and columns i at 2 i / size - 1 and comes as (row, column, 1); a place p lies at pixel
    (p + 1) / 2 * size.
    """
    if transform_type != "affine" or sampler_type != "bilinear":
        raise Unsupported(f"a {transform_type} transformer with {sampler_type} samples is not supported")
    fixed = (theta_1_1, theta_1_2, theta_1_3, theta_2_1, theta_2_2, theta_2_3)
    matrix = _matrix(theta, fixed)
    height: Value = integer(output_H) if output_H else size(x, 2)
    width: Value = integer(output_W) if output_W else size(x, 3)
    shape = shape_from([height, width])
    ys, xs = reshape_to(_axis(height), [-1, 1]), _axis(width)
    grid = [broadcast_to(ys, shape), broadcast_to(xs, shape), filled(shape, constant_like(x, 1.0))]
    points = concat([reshape_to(g, [-1, 1]) for g in grid], 1)
    moved = MatMul(points, matrix, transpose_b=True)  # N, H * W, 2
    rows, columns = (Add(slice_axis(moved, 2, i, i + 1), _half_pixel(x, 2 + i)) for i in (0, 1))
    places = reshaped(concat([columns, rows], 2), [sizes(x, [0]), height, width, 2])
    return GridSample(x, places, align_corners=False, mode="bilinear", padding_mode="zeros")


@caffe_layer("FlowWarp", "flow_warp_param")
def flow_warp(x: Value, flow: Value, *, fill_value: str = "ZERO") -> Value:
    """Bilinear samples at every pixel plus `flow` (along x, along y); samples from outside of the image are 0."""
    if fill_value != "ZERO":
        raise Unsupported(f"the fill_value {fill_value} of a warp is not supported")
    require_images(x, flow)
    lengths = [to_element(size(x, axis), t.f32) for axis in (3, 2)]
    pixels = [Range(integer(0), size(flow, axis), integer(1), output_type=t.f32) for axis in (3, 2)]
    shapes = ([1, 1, 1, -1], [1, 1, -1, 1])
    places = [Add(slice_axis(flow, 1, i, i + 1), reshape_to(p, shapes[i])) for i, p in enumerate(pixels)]
    across, down = (LogicalAnd(GreaterEqual(p, constant(0.0)), Less(p, n)) for p, n in zip(places, lengths))
    unit = [Subtract(Divide(Add(Multiply(p, 2.0), 1.0), n), 1.0) for p, n in zip(places, lengths)]
    grid = Transpose(concat(unit, 1), ints([0, 2, 3, 1]))
    y = GridSample(x, grid, align_corners=False, mode="bilinear", padding_mode="border")
    return Select(LogicalAnd(across, down), y, constant_like(x, 0.0))


def _half_pixel(x: Value, axis: int) -> Value:
    """GridSample counts from the middle of pixels."""
    return Divide(constant(1.0), to_element(size(x, axis), t.f32))


def _matrix(theta: Value, fixed: tuple[float | None, ...]) -> Value:
    """N, 2, 3: coefficients that the layer fixes, and between them those of `theta`."""
    if all(f is None for f in fixed):
        return reshape_to(theta, [-1, 2, 3])
    free = reshape_to(theta, [-1, sum(1 for f in fixed if f is None)])
    columns: list[Value] = []
    used = 0
    for f in fixed:
        if f is None:
            columns.append(slice_axis(free, 1, used, used + 1))
            used += 1
        else:
            columns.append(filled(shape_from([sizes(free, [0]), 1]), constant_like(free, f)))
    return reshape_to(concat(columns, 1), [-1, 2, 3])


def _axis(length: Value) -> Value:
    """Places of the grid along an axis: 2 i / length - 1."""
    numbers = Range(integer(0), length, integer(1), output_type=t.f32)
    return Add(Divide(Multiply(numbers, constant(2.0)), to_element(length, t.f32)), constant(-1.0))
