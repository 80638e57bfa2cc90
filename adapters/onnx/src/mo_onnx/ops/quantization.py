"""Quantised numbers: what they stand for, and how they are made.

Dequantisation is `Convert`, `Subtract`, `Multiply`; quantisation with known 8-bit parameters is `FakeQuantize` and
`Convert`: these are the forms in which the runtime recognises that it may compute with the small integers themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mo_core.build import (
    all_axes,
    arange,
    constant_like,
    dim_size,
    gather,
    reshape_to,
    shape_of,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.build.windows import convolve
from mo_core.errors import Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import EAGER_BYTES
from mo_core.ir.types import ElementType, normalize_axis
from mo_core.ops import (
    Add,
    Clamp,
    Convert,
    Divide,
    Equal,
    FakeQuantize,
    MatMul,
    Maximum,
    Minimum,
    Multiply,
    ReduceMax,
    ReduceMin,
    Round,
    Select,
    Subtract,
)
from mo_onnx.registry import onnx_op
from mo_onnx.tensors import element_of
from mo_onnx.window import Ints, require_kernel, spatial_attributes

LARGEST = {"f8e4m3": 448.0, "f8e5m2": 57344.0, "f4e2m1": 6.0}
"""Largest finite numbers of small real types."""


# -- what quantised numbers stand for


@onnx_op("DequantizeLinear", since=10)
def dequantize_linear(
    x: Value,
    scale: Value,
    zero_point: Value | None = None,
    *,
    axis: int = 1,
    block_size: int = 0,
    output_dtype: int = 0,
) -> Value:
    element = element_of(output_dtype, "output_dtype") if output_dtype else scale.element
    return by_granularity(x, scale, zero_point, axis, block_size, lambda x, s, z: dequantized(x, s, z, element))


def dequantized(x: Value, scale: Value, zero_point: Value | None, element: ElementType) -> Value:
    """`(x - zero_point) * scale` in that element type; all three broadcast."""
    return Multiply(shifted(x, zero_point, element), to_element(scale, element))


def shifted(x: Value, zero_point: Value | None, element: ElementType) -> Value:
    """`x - zero_point` in that element type."""
    data: Value = Convert(x, destination_type=element)
    if zero_point is None or is_zero(zero_point):
        return data
    return Subtract(data, Convert(zero_point, destination_type=element))


def is_zero(v: Value) -> bool:
    """True when all of a value is known to be zero."""
    if v.known is None and (v.tensor is None or v.tensor.nbytes > EAGER_BYTES):
        return False
    content = v.const
    return content is not None and not np.any(content)


Formula = Callable[[Value, Value, "Value | None"], Value]


def by_granularity(
    x: Value, scale: Value, zero_point: Value | None, axis: int, block_size: int, formula: Formula
) -> Value:
    """`formula(x, scale, zero_point)` with scales and zero points shaped so that they broadcast to `x`.

    They may be a number for all of `x`, one for each index of an axis, or one for each block of `block_size` indices.
    """
    if block_size:
        return _by_blocks(x, scale, zero_point, normalize_axis(axis, x.rank), block_size, formula)
    return formula(x, along(scale, x.rank, axis), None if zero_point is None else along(zero_point, x.rank, axis))


def along(v: Value, rank: int, axis: int) -> Value:
    """A vector of as many numbers as `axis` has, as something that broadcasts; one number as a scalar."""
    if v.rank == 0 or v.rank > 1:
        return v
    if v.shape == (1,):
        return reshape_to(v, [])
    axis = normalize_axis(axis, rank)
    return reshape_to(v, [-1 if a == axis else 1 for a in range(rank)])


def _by_blocks(x: Value, scale: Value, zero_point: Value | None, axis: int, block: int, formula: Formula) -> Value:
    length = x.dims[axis]
    if not isinstance(length, int) or length % block:
        places = Divide(arange(dim_size(x, axis)), block)
        spread = [None if v is None else gather(v, places, axis) for v in (scale, zero_point)]
        assert spread[0] is not None
        return formula(x, spread[0], spread[1])
    blocks = [dim_size(x, a) for a in range(x.rank)]
    blocks[axis : axis + 1] = [length // block, block]
    small = [None if v is None else unsqueeze(v, axis + 1) for v in (scale, zero_point)]
    assert small[0] is not None
    return reshape_to(formula(reshape_to(x, vector(blocks)), small[0], small[1]), shape_of(x))


# -- how they are made


@onnx_op("QuantizeLinear", since=10)
def quantize_linear(
    x: Value,
    scale: Value,
    zero_point: Value | None = None,
    *,
    axis: int = 1,
    block_size: int = 0,
    output_dtype: int = 0,
    precision: int = 0,
    saturate: int = 1,
) -> Value:
    element = t.u8
    if zero_point is not None:
        element = zero_point.element
    elif output_dtype:
        element = element_of(output_dtype, "output_dtype")
    exact = element_of(precision, "precision") if precision else scale.element

    def formula(x: Value, scale: Value, zero_point: Value | None) -> Value:
        return quantized(to_element(x, exact), to_element(scale, exact), zero_point, element, bool(saturate))

    return by_granularity(x, scale, zero_point, axis, block_size, formula)


def quantized(x: Value, scale: Value, zero_point: Value | None, element: ElementType, saturate: bool = True) -> Value:
    """`x / scale`, rounded (half to even), plus the zero point, kept within the range of `element`."""
    if element.is_real:
        return _as_small_real(Divide(x, scale), zero_point, element, saturate)
    low, high = limits(element)
    if element.bits == 8 and scale.const is not None and _keeps_ties(zero_point):
        return Convert(_faked(x, scale, zero_point, low, high), destination_type=element)
    y: Value = Round(Divide(x, scale), mode="half_to_even")
    if zero_point is not None and not is_zero(zero_point):
        y = Add(y, to_element(zero_point, x.element))
    return Convert(Clamp(y, min=low, max=high), destination_type=element)


def _keeps_ties(zero_point: Value | None) -> bool:
    """True when rounding half to even is the same before and after the zero point is added: FakeQuantize adds first."""
    return zero_point is None or (zero_point.const is not None and not np.any(zero_point.const.astype(np.int64) % 2))


def limits(element: ElementType) -> tuple[int, int]:
    """Smallest and largest number of an integer type."""
    bits = element.bits
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if element.is_signed else (0, (1 << bits) - 1)


def _faked(x: Value, scale: Value, zero_point: Value | None, low: int, high: int) -> Value:
    """All 256 levels from `low` to `high`, still in the type of `x`."""
    step = np.asarray(scale.const, np.float32)
    zero = np.asarray(0 if zero_point is None else zero_point.const, np.float32)
    begin, end = ((limit - zero) * step for limit in (low, high))
    return FakeQuantize(
        x,
        constant(begin.astype(np.float32), x.element),
        constant(end.astype(np.float32), x.element),
        constant_like(x, low),
        constant_like(x, high),
        levels=high - low + 1,
    )


def _as_small_real(x: Value, zero_point: Value | None, element: ElementType, saturate: bool) -> Value:
    if zero_point is not None and not is_zero(zero_point):
        x = Add(x, to_element(zero_point, x.element))
    if saturate:
        if element.name not in LARGEST:
            raise Unsupported(f"numbers quantised to {element}")
        limit = LARGEST[element.name]
        x = Clamp(x, min=-limit, max=limit)
    return Convert(x, destination_type=element)


@onnx_op("DynamicQuantizeLinear", since=11)
def dynamic_quantize_linear(x: Value) -> Sequence[Value]:
    axes = all_axes(x)
    low = Minimum(ReduceMin(x, axes, keep_dims=False), 0.0)
    high = Maximum(ReduceMax(x, axes, keep_dims=False), 0.0)
    whole = Divide(Subtract(high, low), 255.0)
    scale = Select(Equal(whole, 0.0), constant_like(x, 1.0), whole)  # all zero: any scale will do
    zero_point = Round(Clamp(Divide(Multiply(low, -1.0), scale), min=0, max=255), mode="half_to_even")
    y = Clamp(Add(Round(Divide(x, scale), mode="half_to_even"), zero_point), min=0, max=255)
    return [Convert(y, destination_type=t.u8), scale, Convert(zero_point, destination_type=t.u8)]


# -- computing with them


@onnx_op("QLinearConv", since=10)
def qlinear_conv(
    x: Value,
    x_scale: Value,
    x_zero_point: Value,
    w: Value,
    w_scale: Value,
    w_zero_point: Value,
    y_scale: Value,
    y_zero_point: Value,
    b: Value | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Ints = None,
    group: int = 1,
    kernel_shape: Ints = None,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    require_kernel(w, kernel_shape)
    spatial = spatial_attributes(w.rank - 2, auto_pad, dilations, pads, strides)
    data = dequantize_linear(x, x_scale, x_zero_point)
    filters = dequantize_linear(w, w_scale, w_zero_point, axis=0)
    bias = None
    if b is not None:
        bias = Multiply(
            Convert(b, destination_type=x_scale.element), Multiply(along(x_scale, 1, 0), along(w_scale, 1, 0))
        )
    y = convolve(data, filters, bias, group, spatial)
    return quantize_linear(y, y_scale, y_zero_point)


@onnx_op("QLinearMatMul", since=10)
def qlinear_mat_mul(
    a: Value,
    a_scale: Value,
    a_zero_point: Value,
    b: Value,
    b_scale: Value,
    b_zero_point: Value,
    y_scale: Value,
    y_zero_point: Value,
) -> Value:
    """Vectors of scales and zero points go along the rows of `a`, and of the result, and along the columns of `b`."""
    left = dequantize_linear(a, a_scale, a_zero_point, axis=max(a.rank - 2, 0))
    right = dequantize_linear(b, b_scale, b_zero_point, axis=b.rank - 1)
    y = MatMul(left, right)
    return quantize_linear(y, y_scale, y_zero_point, axis=max(y.rank - 2, 0))


@onnx_op("MatMulInteger", since=10)
def mat_mul_integer(a: Value, b: Value, a_zero_point: Value | None = None, b_zero_point: Value | None = None) -> Value:
    if a_zero_point is not None:
        a_zero_point = along(a_zero_point, a.rank, max(a.rank - 2, 0))
    if b_zero_point is not None:
        b_zero_point = along(b_zero_point, b.rank, b.rank - 1)
    y = MatMul(shifted(a, a_zero_point, t.f32), shifted(b, b_zero_point, t.f32))
    return Convert(y, destination_type=t.i32)


@onnx_op("ConvInteger", since=10)
def conv_integer(
    x: Value,
    w: Value,
    x_zero_point: Value | None = None,
    w_zero_point: Value | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Ints = None,
    group: int = 1,
    kernel_shape: Ints = None,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    require_kernel(w, kernel_shape)
    spatial = spatial_attributes(w.rank - 2, auto_pad, dilations, pads, strides)
    if w_zero_point is not None:
        w_zero_point = along(w_zero_point, w.rank, 0)
    data = shifted(x, None if x_zero_point is None else along(x_zero_point, x.rank, 1), t.f32)
    y = convolve(data, shifted(w, w_zero_point, t.f32), None, group, spatial)
    return Convert(y, destination_type=t.i32)
