"""8-bit numbers of the oneDNN flow: what they stand for, how they are made, and what is computed with them.

A quantised tensor is a triple: whole numbers and the range that they stand for, `low` and `high` (both of shape [1]).
One step is the larger magnitude of the range, divided by the largest number of the type. Operators compute with what
the numbers stand for; quantisation with a known range is `FakeQuantize` and `Convert`, and what stands for weights is
`Convert` and `Multiply`: these are the forms in which the runtime computes with the whole numbers themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from mo_core.build import all_axes, concat, constant_like, flatten, reshape_to
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Abs,
    Add,
    Clamp,
    Convert,
    Divide,
    FakeQuantize,
    Floor,
    Maximum,
    Minimum,
    Multiply,
    Negative,
    ReduceMax,
    ReduceMin,
    ReLU,
    Round,
    Subtract,
)
from mo_mxnet.attributes import Ints
from mo_mxnet.ops.gather import embedding
from mo_mxnet.ops.pooling import pooling
from mo_mxnet.registry import mxnet_op

Scale: TypeAlias = "Mapping[ElementType, float]"
FUSED: Scale = {t.i8: 127.5, t.u8: 255.5}
"""Which number stands for the end of a range where MXNet quantises and computes in the flow of oneDNN."""

PLAIN: Scale = {t.i8: 127.0, t.u8: 255.0, t.i32: 2147483648.0}
"""The same for 32 bits, and where MXNet says what those stand for."""

TINY = 1e-30
"""In the place of a range that is nothing, which the runtime cannot divide by."""

Triple: TypeAlias = "Sequence[Value]"


# -- what the numbers stand for


def reach(low: Value, high: Value) -> Value:
    """The larger magnitude of a range, a scalar."""
    return reshape_to(Maximum(Abs(low), Abs(high)), [])


def step(element: ElementType, end: Value, scale: Scale = FUSED) -> Value:
    """What one more of a number stands for."""
    if element not in scale:
        known = ", ".join(e.name for e in scale)
        raise ModelError(f"quantised numbers are {element.name}, and this operator has {known}")
    return Multiply(end, constant(np.float32(1 / scale[element])))


def numbers(q: Value) -> Value:
    """The whole numbers in f32."""
    return Convert(q, destination_type=t.f32)


def real(q: Value, low: Value, high: Value, scale: Scale = FUSED) -> Value:
    """What numbers stand for, in f32."""
    return Multiply(numbers(q), step(q.element, reach(low, high), scale))


def whole(x: Value, end: Value, element: ElementType, scale: Scale = FUSED) -> Value:
    """The numbers of i8 or u8 that stand for real ones, rounded (half to even); `end`: the end of the range."""
    first, last = (-128, 127) if element is t.i8 else (0, 255)
    one = step(element, end, scale)
    known = one.const
    if known is None:
        scaled = Round(Divide(x, one), mode="half_to_even")
        return Convert(Clamp(scaled, min=float(first), max=float(last)), destination_type=element)
    size = np.float32(max(float(known), TINY))
    begin, end_, low, high = (constant(np.float32(v)) for v in (first * size, last * size, first, last))
    faked = FakeQuantize(x, begin, end_, low, high, levels=256)
    return Convert(faked, destination_type=element)


def known_range(low: float | None, high: float | None) -> tuple[Value, Value] | None:
    """A range of calibration; None when there was none."""
    if low is None or high is None:
        return None
    return constant(np.array([low], np.float32)), constant(np.array([high], np.float32))


def _symmetric(end: Value) -> list[Value]:
    return [reshape_to(Negative(end), [1]), reshape_to(end, [1])]


def _found_range(x: Value) -> tuple[Value, Value]:
    low, high = (kind(x, all_axes(x), keep_dims=False) for kind in (ReduceMin, ReduceMax))
    return reshape_to(low, [1]), reshape_to(high, [1])


def _element(out_type: str, low: float | None, high: float | None) -> ElementType:
    """The element type that an attribute says; `auto` is u8 when the calibrated range has no negative numbers."""
    if out_type == "auto":
        return t.i8 if low is None or high is None or low < 0 else t.u8
    if out_type not in ("int8", "uint8"):
        raise ModelError(f'out_type is "{out_type[:40]}", which is none of auto, int8, uint8')
    return t.i8 if out_type == "int8" else t.u8


def _quantized(x: Value, low: Value, high: Value, element: ElementType, scale: Scale) -> Triple:
    end = reach(low, high)
    return [whole(x, end, element, scale), *((low, high) if element is t.u8 else _symmetric(end))]


@mxnet_op("_contrib_quantize_v2")
def quantize_v2(
    x: Value, *, out_type: str = "int8", min_calib_range: float | None = None, max_calib_range: float | None = None
) -> Triple:
    """The range is that of the calibration, or else that of the data."""
    calibrated = known_range(min_calib_range, max_calib_range)
    if not x.element.is_real and x.element is not t.dynamic:  # quantised already
        ends = (0.0, FUSED[t.u8]) if x.element is t.u8 else (-FUSED[t.i8], FUSED[t.i8])
        found = calibrated or known_range(*ends)
        assert found is not None
        return [x, *found]
    low, high = calibrated or _found_range(x)
    return _quantized(x, low, high, _element(out_type, min_calib_range, max_calib_range), FUSED)


@mxnet_op("_contrib_quantize")
def quantize(x: Value, low: Value, high: Value, *, out_type: str = "uint8") -> Triple:
    return _quantized(x, low, high, _element(out_type, None, None), PLAIN)


@mxnet_op("_contrib_dequantize", ignore=("out_type",))
def dequantize(q: Value, low: Value, high: Value) -> Value:
    return real(q, low, high)


@mxnet_op("_contrib_requantize")
def requantize(
    q: Value,
    low: Value,
    high: Value,
    *,
    out_type: str = "int8",
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> Triple:
    """From 32 to 8 bits; the new range is that of the calibration, or else that of the data."""
    x = real(q, low, high, PLAIN)
    calibrated = known_range(min_calib_range, max_calib_range)
    end = reach(*calibrated) if calibrated else ReduceMax(Abs(x), all_axes(x), keep_dims=False)
    element = _element(out_type, min_calib_range, max_calib_range)
    low, high = _symmetric(end)
    return [whole(x, end, element, PLAIN), constant(np.zeros(1, np.float32)) if element is t.u8 else low, high]


@mxnet_op("_contrib_quantize_asym")
def quantize_asym(x: Value, *, min_calib_range: float | None = None, max_calib_range: float | None = None) -> Triple:
    """Numbers of u8 from the lower end of the range on; their scale and what is added."""
    low, high = known_range(min_calib_range, max_calib_range) or _found_range(x)
    scale = Divide(constant_like(x, 255.0), reshape_to(Subtract(high, low), []))
    shift = Subtract(constant_like(x, 255.0), Multiply(reshape_to(high, []), scale))
    q = Clamp(Floor(Add(Add(Multiply(x, scale), shift), constant_like(x, 0.5))), min=0.0, max=255.0)
    return [Convert(q, destination_type=t.u8), reshape_to(scale, [1]), reshape_to(shift, [1])]


# -- what only moves or chooses numbers


@mxnet_op("_contrib_quantized_flatten")
def quantized_flatten(q: Value, low: Value, high: Value) -> Triple:
    return [flatten(q, 1), low, high]


@mxnet_op("_contrib_quantized_act")
def quantized_activation(q: Value, low: Value, high: Value, *, act_type: str) -> Triple:
    if act_type != "relu":
        raise Unsupported(f"{act_type[:40]} of 8-bit numbers is not supported; MXNet itself has relu only")
    return [Convert(ReLU(numbers(q)), destination_type=q.element), low, high]


@mxnet_op("_contrib_quantized_embedding", ignore=("input_dim", "output_dim", "dtype", "sparse_grad"))
def quantized_embedding(x: Value, weight: Value, low: Value, high: Value) -> Triple:
    return [embedding(x, weight), low, high]


@mxnet_op("_contrib_quantized_pooling")
def quantized_pooling(
    q: Value,
    low: Value,
    high: Value,
    *,
    kernel: Ints = (),
    pool_type: str = "max",
    global_pool: bool = False,
    pooling_convention: str = "valid",
    stride: Ints = (),
    pad: Ints = (),
    p_value: int | None = None,
    count_include_pad: bool | None = None,
    layout: str | None = None,
) -> Triple:
    """Maxima or means, the latter rounded (half to even); what rounding up adds behind the data counts in them."""
    if pool_type not in ("max", "avg"):
        raise ModelError(f'pool_type is "{pool_type[:40]}", and 8-bit numbers have max and avg')
    summed = pool_type == "avg" and not global_pool and pooling_convention == "full" and count_include_pad is not False
    y = pooling(
        numbers(q),
        kernel=kernel,
        pool_type="sum" if summed else pool_type,
        global_pool=global_pool,
        pooling_convention=pooling_convention,
        stride=stride,
        pad=pad,
        count_include_pad=count_include_pad,
        layout=layout,
    )
    if summed:
        y = Divide(y, constant(np.float32(math.prod(kernel))))
    rounded = y if pool_type == "max" else Round(y, mode="half_to_even")
    return [Convert(rounded, destination_type=q.element), low, high]


@mxnet_op("_contrib_quantized_concat")
def quantized_concat(*inputs: Value, dim: int = 1) -> Triple:
    """The numbers of all first, then their ranges; i8 when any of them is."""
    count = len(inputs) // 3
    if count < 1 or len(inputs) != 3 * count:
        raise ModelError(f"quantised concatenation has {len(inputs)} inputs, and three a part are needed")
    parts, lows, highs = inputs[:count], inputs[count::2], inputs[count + 1 :: 2]
    low: Value = constant(np.zeros(1, np.float32))
    high: Value = low
    element = t.i8 if any(q.element is t.i8 for q in parts) else t.u8
    for one, other in zip(lows, highs):
        low, high = Minimum(low, one), Maximum(high, other)
    end = reach(low, high)
    scaled = [whole(real(q, a, b), end, element) for q, a, b in zip(parts, lows, highs)]
    return [concat(scaled, dim), low, high]


# -- sums and products


@mxnet_op("_contrib_quantized_elemwise_add")
def quantized_add(
    a: Value,
    b: Value,
    a_low: Value,
    a_high: Value,
    b_low: Value,
    b_high: Value,
    *,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> Triple:
    """In 8 bits by the range of the calibration; without one in 32 bits."""
    y = Add(real(a, a_low, a_high), real(b, b_low, b_high))
    calibrated = known_range(min_calib_range, max_calib_range)
    if calibrated is None:
        end = Add(reach(a_low, a_high), reach(b_low, b_high))
        return [_in_32_bits(y, end), *_symmetric(end)]
    element = t.u8 if a.element is b.element is t.u8 else t.i8
    return [whole(y, reach(*calibrated), element), *calibrated]


@mxnet_op("_contrib_quantized_elemwise_mul")
def quantized_multiply(
    a: Value,
    b: Value,
    a_low: Value,
    a_high: Value,
    b_low: Value,
    b_high: Value,
    *,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    enable_float_output: bool = False,
) -> Triple:
    """In real numbers, or cut (not rounded) to 8 bits by the range of the calibration, or in 32 bits."""
    product = Multiply(numbers(a), numbers(b))
    ends = reach(a_low, a_high), reach(b_low, b_high)
    one = Multiply(step(a.element, ends[0]), step(b.element, ends[1]))
    calibrated = known_range(min_calib_range, max_calib_range)
    if enable_float_output:
        return [Multiply(product, one)]
    if calibrated is None:
        return [Convert(product, destination_type=t.i32), *range_of_products(a, ends[0], ends[1])]
    scaled = Multiply(product, Divide(one, step(t.i8, reach(*calibrated))))
    return [Convert(scaled, destination_type=t.i8), *calibrated]


def range_of_products(data: Value, data_end: Value, other_end: Value) -> list[Value]:
    """What MXNet says that 32 bits of products with i8 numbers stand for."""
    one = Multiply(step(data.element, data_end, PLAIN), step(t.i8, other_end, PLAIN))
    return _symmetric(Multiply(one, constant(np.float32(PLAIN[t.i32]))))


def _in_32_bits(x: Value, end: Value) -> Value:
    return Convert(Round(Divide(x, step(t.i32, end, PLAIN)), mode="half_to_even"), destination_type=t.i32)
