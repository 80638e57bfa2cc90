"""Kernels on stored numbers: each tensor comes with two limits, and so does each result."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple, NoReturn

import numpy as np

from mo_core.build import (
    all_axes,
    arange,
    concat,
    const_ints,
    dim_of,
    gather,
    ints,
    reshape_to,
    split,
    take,
    to_element,
    unsqueeze,
)
from mo_core.build.windows import mean_of_windows
from mo_core.errors import Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Abs,
    Add,
    BitwiseRightShift,
    Ceiling,
    Clamp,
    Divide,
    Equal,
    Floor,
    Greater,
    Less,
    LogicalAnd,
    Maximum,
    MaxPool,
    Minimum,
    Multiply,
    Negative,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    Select,
    Sign,
    Sqrt,
    Subtract,
)
from mo_tensorflow.grid import RANGES, Limits, exact_number, product_limits, real_numbers, stored_numbers
from mo_tensorflow.ops import image as image_family
from mo_tensorflow.registry import tf_op
from mo_tensorflow.window import in_channels_first, spatial_attributes, spatial_of

NHWC = "NHWC"
_TYPES = ("T", "T1", "T2", "Tinput", "Tfilter", "Toutput", "out_type")


# -- elementwise


@tf_op("QuantizedMul", ignore=_TYPES)
def multiplied(x: Value, y: Value, x_low: Value, x_high: Value, y_low: Value, y_high: Value) -> Sequence[Value]:
    limits = (x_low, x_high), (y_low, y_high)
    first, second = (
        Subtract(to_element(v, t.i32), to_element(exact_number(0.0, *pair, v.element), t.i32))
        for v, pair in zip((x, y), limits)
    )
    return Multiply(first, second), *product_limits(x.element, y.element, *limits)


@tf_op("QuantizedAdd", ignore=_TYPES)
def added(x: Value, y: Value, x_low: Value, x_high: Value, y_low: Value, y_high: Value) -> Sequence[Value]:
    """Both are counted in the steps of the result, in which zero is zero and the larger one has 18 bits."""
    largest = Maximum(Abs(Minimum(x_low, y_low)), Abs(Maximum(x_high, y_high)))
    high = Multiply(largest, float(1 << 14))
    low = Negative(high)
    total = Add(_in_steps_of(x, x_low, x_high, low, high), _in_steps_of(y, y_low, y_high, low, high))
    return total, low, high


def _in_steps_of(x: Value, x_low: Value, x_high: Value, low: Value, high: Value) -> Value:
    """Numbers of 8 bits in another grid, i32: what 0 is there, and as many times more what 1 is more."""
    ends = real_numbers(constant([0, 1], x.element), x_low, x_high, exact=True)
    first, second = (reshape_to(v, []) for v in split(to_element(exact_number(ends, low, high, t.i32), t.i32), 0, 2))
    return Add(first, Multiply(to_element(x, t.i32), Subtract(second, first)))


@tf_op("QuantizedBiasAdd", ignore=_TYPES)
def bias_added(x: Value, bias: Value, x_low: Value, x_high: Value, b_low: Value, b_high: Value) -> Sequence[Value]:
    """The result has room for 17 bits more than the largest limit."""
    largest = Maximum(Maximum(x_high, Negative(x_low)), Maximum(b_high, Negative(b_low)))
    high = Multiply(largest, float(1 << 17))
    low = Negative(high)
    first, second = (
        _between(x, (x_low, x_high), (low, high), t.i32),
        _between(bias, (b_low, b_high), (low, high), t.i32),
    )
    zero = to_element(exact_number(0.0, low, high, t.i32), t.i32)
    return Add(first, Add(second, zero)), low, high


@tf_op("QuantizedRelu", ignore=_TYPES)
def relu(x: Value, low: Value, high: Value) -> Sequence[Value]:
    return Maximum(x, _number(0.0, x, low, high)), low, high


@tf_op("QuantizedRelu6", ignore=_TYPES)
def relu6(x: Value, low: Value, high: Value) -> Sequence[Value]:
    positive = Maximum(x, _number(0.0, x, low, high))
    return Minimum(positive, _number(6.0, x, low, high)), low, high


def _number(real: float, x: Value, low: Value, high: Value) -> Value:
    """The stored number, of the type of `x`, that stands for a real one."""
    bottom, top = map(float, RANGES[x.element])
    return to_element(Clamp(exact_number(real, low, high, x.element), min=bottom, max=top), x.element)


@tf_op("QuantizedReluX", ignore=("*",))
def relu_x(*inputs: Value) -> NoReturn:
    raise Unsupported("TensorFlow has no kernel for it")


# -- statistics


@tf_op("QuantizedBatchNormWithGlobalNormalization", ignore=_TYPES)
def batch_norm(
    x: Value,
    x_low: Value,
    x_high: Value,
    mean: Value,
    mean_low: Value,
    mean_high: Value,
    variance: Value,
    variance_low: Value,
    variance_high: Value,
    beta: Value,
    beta_low: Value,
    beta_high: Value,
    gamma: Value,
    gamma_low: Value,
    gamma_high: Value,
    *,
    variance_epsilon: float,
    scale_after_normalization: bool,
) -> Sequence[Value]:
    """In whole numbers between limits of 2^20, of which a product is divided by the one that means one."""
    low, high = constant(-(2.0**20), t.f32), constant(2.0**20, t.f32)

    def steps(v: Value) -> Value:
        return to_element(exact_number(v, low, high, t.i32), t.i32)

    deviation = Sqrt(Add(real_numbers(variance, variance_low, variance_high, exact=True), variance_epsilon))
    scale: Value = Divide(constant(1, t.f32), deviation)
    if scale_after_normalization:
        scale = Multiply(scale, real_numbers(gamma, gamma_low, gamma_high, exact=True))
    centre = real_numbers(mean, mean_low, mean_high, exact=True)
    offset = Add(Multiply(Negative(centre), scale), real_numbers(beta, beta_low, beta_high, exact=True))
    data = _by_table(x, lambda numbers: steps(real_numbers(numbers, x_low, x_high, exact=True)))
    return Add(_shifted(Multiply(data, steps(scale)), 11), steps(offset)), low, high


def _shifted(x: Value, bits: int) -> Value:
    """Divided by a power of two, towards zero, i32."""
    up = Select(Less(x, constant(0, t.i32)), constant((1 << bits) - 1, t.i32), constant(0, t.i32))
    return BitwiseRightShift(Add(x, up), constant(bits, t.i32))


@tf_op("QuantizedInstanceNorm", ignore=_TYPES)
def instance_norm(
    x: Value,
    low: Value,
    high: Value,
    *,
    output_range_given: bool = False,
    given_y_min: float = 0.0,
    given_y_max: float = 0.0,
    variance_epsilon: float = 1e-5,
    min_separation: float = 1e-3,
) -> Sequence[Value]:
    real = to_element(x, t.f32)
    centred = Multiply(
        Subtract(real, ReduceMean(real, ints([1, 2]), keep_dims=True)), Divide(Subtract(high, low), 255.0)
    )
    variance = ReduceMean(Multiply(centred, centred), ints([1, 2]), keep_dims=True)
    y = Divide(centred, Sqrt(Add(variance, variance_epsilon)))
    first: Value = ReduceMin(y, all_axes(y))
    last: Value = ReduceMax(y, all_axes(y))
    if output_range_given:
        first, last = constant(given_y_min, t.f32), constant(given_y_max, t.f32)
    last = Maximum(last, Add(first, min_separation))
    return stored_numbers(y, first, last, x.element), first, last


# -- windows


@tf_op("QuantizedMaxPool", ignore=_TYPES)
def max_pool(
    x: Value, low: Value, high: Value, *, ksize: Sequence[int], strides: Sequence[int], padding: str
) -> Sequence[Value]:
    spatial, window = spatial_attributes(strides, padding, NHWC), spatial_of(ksize, NHWC, "ksize")
    real = to_element(x, t.f32)
    y = in_channels_first(real, NHWC, lambda v: MaxPool(v, kernel=window, **spatial).results[0])
    return to_element(y, x.element), low, high


@tf_op("QuantizedAvgPool", ignore=_TYPES)
def mean_pool(
    x: Value, low: Value, high: Value, *, ksize: Sequence[int], strides: Sequence[int], padding: str
) -> Sequence[Value]:
    """What is behind the point of a mean is cut off; oneDNN, which TensorFlow uses on some processors, rounds it.

    Half of the smallest part that a mean can have keeps whole means from being cut because they were just missed.
    """
    spatial, window = spatial_attributes(strides, padding, NHWC), spatial_of(ksize, NHWC, "ksize")
    y = in_channels_first(to_element(x, t.f32), NHWC, lambda v: mean_of_windows(v, window, spatial))
    return to_element(Add(y, Multiply(Sign(y), 0.5 / math.prod(window))), x.element), low, high


# -- images


@tf_op("QuantizedResizeBilinear", ignore=_TYPES)
def resize_bilinear(
    x: Value, size: Value, low: Value, high: Value, *, align_corners: bool = False, half_pixel_centers: bool = False
) -> Sequence[Value]:
    """Bytes are weighed by whole 128ths; of a sum of those, what is behind the point is cut off in between."""
    if x.element.is_real:
        if align_corners and half_pixel_centers:
            raise Unsupported("aligned corners and centres of half pixels do not go together")
        image = image_family.resize_bilinear(
            x, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers
        )
        return image, low, high
    if x.element is not t.u8:
        raise Unsupported("weighing numbers of 32 bits takes whole numbers of 64 bits, which the runtime does not have")
    rows, columns = (
        _neighbours(dim_of(x, axis), take(size, axis - 1, 0), align_corners, half_pixel_centers) for axis in (1, 2)
    )
    image = to_element(x, t.f32)
    left, right = gather(image, columns.lower, 2), gather(image, columns.upper, 2)
    wide = Add(Multiply(left, 128.0), Multiply(Subtract(right, left), unsqueeze(columns.weight, 1)))
    top, bottom = gather(wide, rows.lower, 1), gather(wide, rows.upper, 1)
    whole = to_element(to_element(Multiply(Subtract(bottom, top), 1 / 128), t.i32), t.f32)
    y = Add(top, Multiply(whole, unsqueeze(rows.weight, 1, 2)))
    return to_element(Floor(Add(Multiply(y, 1 / 128), 0.5)), t.u8), low, high


class _Neighbours(NamedTuple):
    """For each place of an axis of the result: the two places of the data around it, and the 128ths of the second."""

    lower: Value
    upper: Value
    weight: Value


def _neighbours(count: Value, wanted: Value, align_corners: bool, half_pixel_centers: bool) -> _Neighbours:
    old, new = to_element(count, t.f32), to_element(wanted, t.f32)
    scale: Value = Divide(old, new)
    if align_corners:
        scale = Select(Greater(new, 1.0), Divide(Subtract(old, 1.0), Maximum(Subtract(new, 1.0), 1.0)), scale)
    places = to_element(arange(wanted), t.f32)
    at: Value = Multiply(places, scale)
    if half_pixel_centers:
        at = Subtract(Multiply(Add(places, 0.5), scale), 0.5)
    below, last = Floor(at), Subtract(old, 1.0)
    upper = Minimum(Ceiling(at), last)
    lower = Minimum(Maximum(below, 0.0), upper)
    weight = Floor(Multiply(Subtract(at, below), 128.0))
    return _Neighbours(to_element(lower, t.i64), to_element(upper, t.i64), weight)


# -- shapes


@tf_op("QuantizedReshape", ignore=(*_TYPES, "Tshape"))
def reshaped(x: Value, shape: Value, low: Value, high: Value) -> Sequence[Value]:
    return reshape_to(x, shape), low, high


@tf_op("QuantizedConcat", ignore=_TYPES)
def concatenated(axis: Value, *inputs: Value, N: int) -> Sequence[Value]:
    """The values, then their lower, then their upper limits. The result has the widest limits; 32 bits keep zero in
    the middle. Values that have these limits already stay as they are."""
    values, lows, highs = inputs[:N], inputs[N : 2 * N], inputs[2 * N :]
    low, high = reduce(Minimum, lows), reduce(Maximum, highs)
    if values[0].element.is_signed:
        high = Maximum(Abs(low), Abs(high))
        low = Negative(high)
    parts = [_widened(x, (lo, hi), (low, high)) for x, lo, hi in zip(values, lows, highs)]
    return concat(parts, const_ints(axis, "the axis of QuantizedConcat")[0]), low, high


def _widened(x: Value, old: Limits, new: Limits) -> Value:
    same = LogicalAnd(Equal(old[0], new[0]), Equal(old[1], new[1]))
    if same.const is not None and same.const.all():
        return x
    moved = _between(x, old, new, x.element)
    return moved if same.const is not None else Select(same, x, moved)


def _between(x: Value, old: Limits, new: Limits, element: ElementType) -> Value:
    """Stored numbers between other limits, in another type."""

    def formula(numbers: Value) -> Value:
        return stored_numbers(real_numbers(numbers, *old), *new, element)

    return _by_table(x, formula) if x.element.bits == 8 else formula(x)


def _by_table(x: Value, formula: Callable[[Value], Value]) -> Value:
    """A formula for numbers of 8 bits, computed for all that there are: once, and as written, if limits are known."""
    bottom, top = RANGES[x.element]
    table = formula(constant(np.arange(bottom, top + 1), x.element))
    return gather(table, Subtract(to_element(x, t.i32), constant(bottom, t.i32)), 0)


# -- fewer bits


@tf_op("RequantizationRange", ignore=_TYPES)
def occupied_range(x: Value, low: Value, high: Value) -> Sequence[Value]:
    """Limits that are just wide enough for the numbers and for zero below them."""
    first, last = ReduceMin(x, all_axes(x)), ReduceMax(x, all_axes(x))
    least = Minimum(real_numbers(first, low, high, exact=True), 0.0)
    return least, real_numbers(last, low, high, exact=True)


@tf_op("Requantize", ignore=_TYPES)
def requantised(
    x: Value, low: Value, high: Value, new_low: Value, new_high: Value, *, out_type: ElementType = t.u8
) -> Sequence[Value]:
    if out_type is not t.u8:
        return stored_numbers(real_numbers(x, low, high), new_low, new_high, out_type), new_low, new_high
    span = to_element(Subtract(new_high, new_low), t.f64)
    empty = Equal(span, 0.0)
    unit = Select(empty, constant(0, t.f64), Divide(constant(255, t.f64), Select(empty, constant(1, t.f64), span)))
    scale = Multiply(Multiply(to_element(Subtract(high, low), t.f64), 2.0**-32), unit)
    middle = to_element(Multiply(Add(low, high), 0.5), t.f64)
    start = Add(Multiply(Subtract(middle, to_element(new_low, t.f64)), unit), 0.5)
    steps = Add(Multiply(to_element(x, t.f32), to_element(scale, t.f32)), to_element(start, t.f32))
    return to_element(Clamp(Floor(steps), min=0, max=255), t.u8), new_low, new_high


@tf_op("QuantizeDownAndShrinkRange", ignore=_TYPES)
def shrunk(x: Value, low: Value, high: Value) -> Sequence[Value]:
    return requantised(x, low, high, *occupied_range(x, low, high))
