"""Quantisation: numbers rounded to a grid, real or stored."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import constant_like, reshape_to, to_element
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Value
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Abs,
    Add,
    Clamp,
    Divide,
    Equal,
    FakeQuantize,
    Floor,
    Maximum,
    Minimum,
    Multiply,
    ReduceMax,
    ReduceMin,
    Round,
    Select,
    Subtract,
)
from mo_tensorflow.grid import RANGES, real_numbers, stored_numbers
from mo_tensorflow.registry import tf_op


@tf_op("FakeQuantWithMinMaxArgs")
def fake_quant_args(
    x: Value, *, min: float = -6.0, max: float = 6.0, num_bits: int = 8, narrow_range: bool = False
) -> Value:
    return _fake(x, constant_like(x, min), constant_like(x, max), num_bits, narrow_range)


@tf_op("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")
def fake_quant(x: Value, low: Value, high: Value, *, num_bits: int = 8, narrow_range: bool = False) -> Value:
    """Limits per channel stand for the last axis."""
    return _fake(x, low, high, num_bits, narrow_range)


def _fake(x: Value, low: Value, high: Value, bits: int, narrow: bool) -> Value:
    """The limits are moved so that zero is a point of the grid."""
    first, last = float(narrow), float(2**bits - 1)
    scale = Divide(Subtract(high, low), constant_like(x, last - first))
    zero = constant_like(x, 0)
    safe = Select(Equal(scale, zero), constant_like(x, 1), scale)
    point = Subtract(constant_like(x, first), Divide(low, safe))
    near = Round(Maximum(Minimum(point, constant_like(x, last)), constant_like(x, first)), mode="half_away_from_zero")
    start = Multiply(Subtract(constant_like(x, first), near), scale)
    stop = Multiply(Subtract(constant_like(x, last), near), scale)
    return FakeQuantize(x, start, stop, start, stop, levels=int(last - first) + 1)


@tf_op("Dequantize", ignore=("T",))
def dequantize(
    x: Value,
    low: Value,
    high: Value,
    *,
    mode: str = "MIN_COMBINED",
    narrow_range: bool = False,
    axis: int = -1,
    dtype: ElementType = t.f32,
) -> Value:
    real = to_element(x, t.f32)
    bottom, top = RANGES[x.element]
    low, high = (_along(v, axis, x.rank) for v in (low, high))
    if mode == "SCALED":
        scale = _scale(low, high, float(bottom + narrow_range if bottom else 0), float(top))
        return to_element(Multiply(real, scale), dtype)
    if mode == "MIN_FIRST":
        return to_element(real_numbers(x, low, high), dtype)
    half = float(top - bottom + 1) / 2 if bottom else 0.0
    scale = Divide(Subtract(high, low), float(top - bottom))
    return to_element(Add(Multiply(Add(real, half), scale), low), dtype)


def _along(v: Value, axis: int, rank: int) -> Value:
    if axis == -1:
        return v
    return reshape_to(v, [-1, *[1] * (rank - 1 - axis)])


@tf_op("QuantizeAndDequantize", "QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3", "QuantizeAndDequantizeV4")
def quantize_and_dequantize(
    x: Value,
    low: Value | None = None,
    high: Value | None = None,
    bits: Value | None = None,
    *,
    signed_input: bool = True,
    num_bits: int = 8,
    range_given: bool | None = None,
    round_mode: str = "HALF_TO_EVEN",
    narrow_range: bool = False,
    axis: int = -1,
    input_min: float = 0.0,
    input_max: float = 0.0,
    node: Foreign,
) -> Value:
    """Symmetric: the scale follows from the limit that needs the larger one. The third form has a range by default."""
    if range_given is None:
        range_given = node.op.endswith("V3")
    if bits is not None:
        known = bits.const
        if known is None:
            raise Unsupported("the number of bits has to be known")
        num_bits = int(known)
    if low is None or high is None:
        low, high = constant_like(x, input_min), constant_like(x, input_max)
    if not range_given:
        axes = [i for i in range(x.rank) if i != axis]
        low, high = ReduceMin(x, axes), ReduceMax(x, axes)
    low, high = (_along(v, axis, x.rank) for v in (low, high))
    bottom = float(-(2 ** (num_bits - 1)) + narrow_range) if signed_input else 0.0
    top = float(2 ** (num_bits - 1) - 1) if signed_input else float(2**num_bits - 1)
    return _symmetric(x, low, high, bottom, top, round_mode, range_given)


def _symmetric(x: Value, low: Value, high: Value, bottom: float, top: float, mode: str, clamped: bool) -> Value:
    zero, one = constant_like(x, 0), constant_like(x, 1)
    by_high = Divide(high, constant_like(x, top))
    scale: Value = Maximum(by_high, Divide(low, constant_like(x, bottom))) if bottom else by_high
    scale = Select(Equal(scale, zero), one, scale)
    rounding = {"HALF_TO_EVEN": "half_to_even", "HALF_UP": "half_up"}
    if mode not in rounding:
        raise ModelError(f'the rounding "{mode}" is not known')
    inside = x
    if clamped:
        inside = Maximum(Minimum(x, Multiply(scale, constant_like(x, top))), Multiply(scale, constant_like(x, bottom)))
    steps = Divide(inside, scale)
    if mode == "HALF_UP":
        return Multiply(Floor(Add(steps, constant_like(x, 0.5))), scale)
    return Multiply(Round(steps, mode="half_to_even"), scale)


@tf_op("QuantizeV2", ignore=("T",))
def quantize(
    x: Value,
    low: Value,
    high: Value,
    *,
    T: ElementType = t.u8,
    mode: str = "MIN_COMBINED",
    round_mode: str = "HALF_AWAY_FROM_ZERO",
    narrow_range: bool = False,
    axis: int = -1,
    ensure_minimum_range: float = 0.01,
) -> Sequence[Value]:
    """The numbers, and the limits that they really stand for."""
    if T not in RANGES:
        raise Unsupported(f"a quantisation to {T} is not supported")
    low, high = _wide_enough(low, high, ensure_minimum_range)
    bottom, top = map(float, RANGES[T])
    first, last = (_along(v, axis, x.rank) for v in (low, high))
    if mode == "MIN_FIRST":
        return stored_numbers(x, first, last, T), low, high
    if mode == "SCALED":
        scale = _scale(low, high, bottom + narrow_range, top)
        steps: Value = Round(Divide(x, _along(scale, axis, x.rank)), mode=round_mode.lower())
        numbers = to_element(Clamp(steps, min=bottom + narrow_range, max=top), T)
        return numbers, Multiply(scale, bottom + narrow_range), Multiply(scale, top)
    steps = Multiply(Subtract(x, first), Divide(top - bottom, Subtract(last, first)))
    if bottom:
        steps = Subtract(steps, (top - bottom + 1) / 2)
    return to_element(Clamp(Round(steps, mode="half_away_from_zero"), min=bottom, max=top), T), low, high


def _scale(low: Value, high: Value, bottom: float, top: float) -> Value:
    """How far apart numbers are if zero stands for zero and both limits lie between the lowest and the highest."""
    by_high = Divide(high, top)
    return Maximum(by_high, Divide(low, bottom)) if bottom else by_high


def _wide_enough(low: Value, high: Value, least: float) -> tuple[Value, Value]:
    """Zero lies in the range, and the range is not too small to divide by."""
    low = Minimum(low, 0.0)
    span = Multiply(Maximum(1.0, Maximum(Abs(low), Abs(high))), least)
    return low, Maximum(Maximum(high, Add(low, span)), 0.0)
