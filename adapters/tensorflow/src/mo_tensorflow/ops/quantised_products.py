"""Products of stored numbers, added up in 32 bits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from mo_core.build import (
    broadcast_to,
    dim_of,
    dim_size,
    ints,
    permute,
    to_element,
    unsqueeze,
)
from mo_core.build.windows import convolve
from mo_core.errors import Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    GroupConvolution,
    MatMul,
    Multiply,
    ReduceSum,
    Subtract,
)
from mo_tensorflow.grid import Limits, exact_number, product_limits
from mo_tensorflow.registry import tf_op
from mo_tensorflow.window import in_channels_first, spatial_attributes

NHWC = "NHWC"
_TYPES = ("T", "T1", "T2", "Tinput", "Tfilter", "Toutput", "out_type")


@tf_op("QuantizedConv2D", ignore=_TYPES)
def convolution(
    x: Value,
    w: Value,
    x_low: Value,
    x_high: Value,
    w_low: Value,
    w_high: Value,
    *,
    strides: Sequence[int],
    padding: str,
    dilations: Sequence[int] = (1, 1, 1, 1),
) -> Sequence[Value]:
    """Filters are laid out H, W, I, O. What is not there is the number that means zero, so it adds nothing.

    Kernels for signed filters take numbers for what they are, and zero for zero, whatever the limits say.
    """
    spatial = spatial_attributes(strides, padding, NHWC, (), dilations)
    first, second = _centred(permute(x, (0, 3, 1, 2)), permute(w, (3, 2, 0, 1)), (x_low, x_high), (w_low, w_high))
    sums = _sums_of_products(first, second, (1, 1), lambda a, b: convolve(a, b, None, 1, spatial))
    return permute(sums, (0, 2, 3, 1)), *product_limits(x.element, w.element, (x_low, x_high), (w_low, w_high))


@tf_op("QuantizedDepthwiseConv2D", ignore=_TYPES)
def depthwise(
    x: Value,
    w: Value,
    x_low: Value,
    x_high: Value,
    w_low: Value,
    w_high: Value,
    *,
    strides: Sequence[int],
    padding: str,
    dilations: Sequence[int] = (1, 1, 1, 1),
) -> Sequence[Value]:
    """Filters are laid out H, W, channels, multiplier; they are signed: numbers are taken for what they are."""
    if w.element is not t.i8:
        raise Unsupported("TensorFlow has no kernel for depthwise filters that are not signed")
    window = w.static_shape[:2]
    if math.prod(window) * 255 * 128 > 1 << 24:
        raise Unsupported(f"sums over windows of {window[0]} x {window[1]} would be rounded by the runtime")
    spatial = spatial_attributes(strides, padding, NHWC, (), dilations)
    filters = unsqueeze(permute(to_element(w, t.f32), (2, 3, 0, 1)), 2)
    sums = in_channels_first(to_element(x, t.f32), NHWC, lambda v: GroupConvolution(v, filters, **spatial))
    return to_element(sums, t.i32), *product_limits(x.element, w.element, (x_low, x_high), (w_low, w_high))


@tf_op("QuantizedMatMul", ignore=(*_TYPES, "Tactivation"))
def matrix_product(
    a: Value,
    b: Value,
    a_low: Value,
    a_high: Value,
    b_low: Value,
    b_high: Value,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
) -> Sequence[Value]:
    first, second = _centred(a, b, (a_low, a_high), (b_low, b_high))
    axes = (0 if transpose_a else 1, 1 if transpose_b else 0)

    def product(x: Value, y: Value) -> Value:
        return MatMul(x, y, transpose_a=transpose_a, transpose_b=transpose_b)

    sums = _sums_of_products(first, second, axes, product)
    return sums, *product_limits(a.element, b.element, (a_low, a_high), (b_low, b_high))


Centred = tuple[Value, "Value | None"]
"""Whole numbers as real ones that are small for certain, and one number that has to be added to them all."""


def _centred(x: Value, w: Value, x_limits: Limits, w_limits: Limits) -> tuple[Centred, Centred]:
    if w.element.is_signed:
        return (to_element(x, t.f32), None), (to_element(w, t.f32), None)
    return _less_zero(x, x_limits), _less_zero(w, w_limits)


def _less_zero(x: Value, limits: Limits) -> Centred:
    """Numbers less the one that means zero.

    That one is anywhere if the limits are not known before the model runs; only so much is subtracted then that it is
    certain how many products can be added exactly.
    """
    zero = exact_number(0.0, *limits, x.element)
    real = to_element(x, t.f32)
    if zero.const is not None:
        return Subtract(real, constant(zero.const, t.f32)), None
    middle = 128.0
    return Subtract(real, middle), to_element(Subtract(middle, to_element(zero, t.f32)), t.i32)


def _sums_of_products(
    first: Centred, second: Centred, axes: tuple[int, int], product: Callable[[Value, Value], Value]
) -> Value:
    """What a product that adds up along these axes of its operands gives, i32."""
    (x, more_x), (w, more_w) = first, second
    whole: Value = to_element(product(x, w), t.i32)
    if more_x is not None:
        sums = ReduceSum(w, ints([axes[1]]), keep_dims=True)
        whole = Add(whole, Multiply(more_x, to_element(product(_ones(x, axes[0]), sums), t.i32)))
    if more_w is not None:
        sums = ReduceSum(x, ints([axes[0]]), keep_dims=True)
        whole = Add(whole, Multiply(more_w, to_element(product(sums, _ones(w, axes[1])), t.i32)))
    if more_x is not None and more_w is not None:
        places = to_element(product(_ones(x, axes[0]), _ones(w, axes[1])), t.i32)
        terms = Multiply(places, to_element(dim_of(x, axes[0]), t.i32))
        whole = Add(whole, Multiply(Multiply(more_x, more_w), terms))
    return whole


def _ones(x: Value, axis: int) -> Value:
    """As many ones as windows can see of `x`, with one index along the axis that is summed over; for rank 2, one."""
    sizes = [dim_size(x, i) if x.rank > 2 and i > 1 else 1 for i in range(x.rank)]
    return broadcast_to(constant(1, t.f32), sizes)
