"""Layers that compare or move images: correlation, spatial transformers."""

from __future__ import annotations

from mo_caffe.registry import caffe_layer
from mo_caffe.sizes import part, require_images, reshaped, shape_from, size, sizes
from mo_core import types as t
from mo_core.build import broadcast_to, concat, constant_like, filled, integer, ints, reshape_to, slice_axis, to_element
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ops import Abs, Add, AvgPool, Divide, GridSample, MatMul, Multiply, Pad, Range, ReduceMean, Subtract

MAX_DISPLACEMENTS = 1 << 12
"""Each of them is a few nodes of the graph."""


@caffe_layer("Correlation", "correlation_param")
def correlation(
    a: Value, b: Value, *, pad: int = 0, kernel_size: int, max_displacement: int, stride_1: int = 1, stride_2: int = 1,
    single_direction: int = 0, do_abs: bool = False, correlation_type: str = "MULTIPLY",
) -> Value:  # fmt: skip
    """For each displacement of `b` one channel: the mean over channels and patch of the products (FlowNet's layer)."""
    if kernel_size % 2 == 0 or min(stride_1, stride_2) < 1:
        raise ModelError(f"kernel_size is {kernel_size}, strides are {stride_1} and {stride_2}: one is impossible")
    require_images(a, b)
    if single_direction or do_abs:
        raise Unsupported("correlation in a single direction, or with do_abs, is not supported")
    radius = max_displacement // stride_2
    if (2 * radius + 1) ** 2 > MAX_DISPLACEMENTS:
        raise Unsupported(f"{(2 * radius + 1) ** 2} displacements are too many")
    moves = [d * stride_2 for d in range(-radius, radius + 1)]
    border = max_displacement + kernel_size // 2
    first, second = _padded(a, pad), _padded(b, pad)
    if any(isinstance(d, int) and d + 2 * pad - 2 * border < 1 for d in a.dims[2:]):
        raise ModelError(f"images with padding {pad} are too small for a border of {border}")
    fixed = _within(first, max_displacement, 0, 0)
    channels: list[Value] = []
    for dy in moves:
        for dx in moves:
            moved = _within(second, max_displacement, dy, dx)
            product: Value = Multiply(fixed, moved) if correlation_type == "MULTIPLY" else Abs(Subtract(fixed, moved))
            channels.append(ReduceMean(product, ints([1]), keep_dims=True))
    y = concat(channels, 1)
    if kernel_size > 1 or stride_1 > 1:
        size, step, none = (kernel_size, kernel_size), (stride_1, stride_1), (0, 0)
        y = AvgPool(y, kernel=size, strides=step, pads_begin=none, pads_end=none, exclude_pad=False)
    return y


def _padded(x: Value, pad: int) -> Value:
    border = ints([0, 0, pad, pad])
    return Pad(x, border, border, constant_like(x, 0.0)) if pad else x


def _within(x: Value, border: int, dy: int, dx: int) -> Value:
    """`x` without a border, of which it moves into one half."""
    for axis, d in ((2, dy), (3, dx)):
        x = part(x, axis, border + d, d - border or t.INF)
    return x


@caffe_layer("SpatialTransformer", "st_param", ignore=("to_compute_dU",))
def spatial_transformer(
    x: Value, theta: Value, *, transform_type: str = "affine", sampler_type: str = "bilinear", output_H: int = 0,  # noqa: N803
    output_W: int = 0, theta_1_1: float | None = None, theta_1_2: float | None = None, theta_1_3: float | None = None,  # noqa: N803
    theta_2_1: float | None = None, theta_2_2: float | None = None, theta_2_3: float | None = None,
) -> Value:  # fmt: skip
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
