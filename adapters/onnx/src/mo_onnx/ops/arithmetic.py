"""Arithmetic: of one operand, of two, of any number; cumulative sums and products."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np

from mo_core.build import (
    arange,
    as_i64,
    concat,
    constant_like,
    dim_of,
    dim_size,
    filled,
    integer,
    ints,
    known_ints,
    move_axis,
    normalized,
    scalar,
    slice_axis,
    to_element,
    unsqueeze,
)
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ir.types import normalize_axis
from mo_core.ops import (
    Abs,
    Acos,
    Acosh,
    Add,
    Asin,
    Asinh,
    Atan,
    Atanh,
    BitwiseLeftShift,
    BitwiseRightShift,
    Ceiling,
    Clamp,
    Cos,
    Cosh,
    CumSum,
    Divide,
    Equal,
    Erf,
    Exp,
    Floor,
    FloorMod,
    GreaterEqual,
    Less,
    LessEqual,
    Log,
    LogicalAnd,
    LogicalOr,
    LogicalXor,
    Maximum,
    Minimum,
    Mod,
    Multiply,
    Negative,
    NotEqual,
    Power,
    ReduceProd,
    Round,
    Select,
    Sign,
    Sin,
    Sinh,
    Sqrt,
    Subtract,
    Tan,
    Tanh,
    Transpose,
)
from mo_onnx.registry import LEGACY, onnx_op

Binary = Callable[..., Value]


def elementwise(op: str) -> Callable[[Binary], Binary]:
    """Mark `f(a, b)` as converter of `op`: numpy's broadcasting from opset 7 on, `broadcast` and `axis` before."""

    def mark(function: Binary) -> Binary:
        def before_opset_7(a: Value, b: Value, *, axis: int | None = None, broadcast: int = 0) -> Value:
            return function(a, aligned(a, b, axis) if broadcast else b)

        before_opset_7.__module__, before_opset_7.__qualname__ = function.__module__, function.__qualname__
        onnx_op(op, since=1, ignore=LEGACY)(before_opset_7)
        onnx_op(op, since=7)(function)
        vars(function)["mo_converters"].extend(vars(before_opset_7)["mo_converters"])
        return function

    return mark


def aligned(a: Value, b: Value, axis: int | None) -> Value:
    """`b` with axes of size one behind, so that its first axis meets `axis` of `a` (broadcasting before opset 7)."""
    if axis is None or b.rank == 0:
        return b
    behind = a.rank - normalize_axis(axis, a.rank) - b.rank
    return unsqueeze(b, *range(b.rank, b.rank + behind))


# -- one operand


@onnx_op("Abs")
def absolute(x: Value) -> Value:
    return Abs(x)


@onnx_op("Acos")
def acos(x: Value) -> Value:
    return Acos(x)


@onnx_op("Acosh")
def acosh(x: Value) -> Value:
    return Acosh(x)


@onnx_op("Asin")
def asin(x: Value) -> Value:
    return Asin(x)


@onnx_op("Asinh")
def asinh(x: Value) -> Value:
    return Asinh(x)


@onnx_op("Atan")
def atan(x: Value) -> Value:
    return Atan(x)


@onnx_op("Atanh")
def atanh(x: Value) -> Value:
    return Atanh(x)


@onnx_op("Ceil")
def ceil(x: Value) -> Value:
    return Ceiling(x)


@onnx_op("Cos")
def cos(x: Value) -> Value:
    return Cos(x)


@onnx_op("Cosh")
def cosh(x: Value) -> Value:
    return Cosh(x)


@onnx_op("Erf")
def erf(x: Value) -> Value:
    return Erf(x)


@onnx_op("Exp")
def exp(x: Value) -> Value:
    return Exp(x)


@onnx_op("Floor")
def floor(x: Value) -> Value:
    return Floor(x)


@onnx_op("Log")
def log(x: Value) -> Value:
    return Log(x)


@onnx_op("Neg")
def neg(x: Value) -> Value:
    return Negative(x)


@onnx_op("Reciprocal")
def reciprocal(x: Value) -> Value:
    return Divide(constant_like(x, 1), x)


@onnx_op("Round")
def round_(x: Value) -> Value:
    return Round(x, mode="half_to_even")


@onnx_op("Sign")
def sign(x: Value) -> Value:
    return Sign(x)


@onnx_op("Sin")
def sin(x: Value) -> Value:
    return Sin(x)


@onnx_op("Sinh")
def sinh(x: Value) -> Value:
    return Sinh(x)


@onnx_op("Sqrt")
def sqrt(x: Value) -> Value:
    return Sqrt(x)


@onnx_op("Tan")
def tan(x: Value) -> Value:
    return Tan(x)


@onnx_op("Tanh")
def tanh(x: Value) -> Value:
    return Tanh(x)


# -- two operands


@elementwise("Add")
def add(a: Value, b: Value) -> Value:
    return Add(a, b)


@elementwise("Sub")
def sub(a: Value, b: Value) -> Value:
    return Subtract(a, b)


@elementwise("Mul")
def mul(a: Value, b: Value) -> Value:
    return Multiply(a, b)


@elementwise("Div")
def div(a: Value, b: Value) -> Value:
    return Divide(a, b, m_pythondiv=False)  # whole numbers are rounded towards zero


@elementwise("Pow")
def pow_(a: Value, b: Value) -> Value:
    if a.element is b.element or a.element is t.dynamic or b.element is t.dynamic:
        return Power(a, b)
    if a.element.is_integer and b.element.is_real:  # the result has the type of the base
        return to_element(Power(to_element(a, b.element), b), a.element)
    return Power(a, to_element(b, a.element))


@onnx_op("Mod")
def mod(a: Value, b: Value, *, fmod: int = 0) -> Value:
    if not a.element.is_real:
        return Mod(a, b) if fmod else FloorMod(a, b)
    rest = Mod(a, b)
    if fmod:
        return rest
    zero = constant_like(a, 0)
    other_sign = LogicalXor(Less(rest, zero), Less(b, zero))
    return Select(LogicalAnd(NotEqual(rest, zero), other_sign), Add(rest, b), rest)


# -- any number of operands


@onnx_op("Max")
def max_(first: Value, *rest: Value) -> Value:
    return reduce(Maximum, rest, first)


@onnx_op("Min")
def min_(first: Value, *rest: Value) -> Value:
    return reduce(Minimum, rest, first)


@onnx_op("Sum")
def sum_(first: Value, *rest: Value) -> Value:
    return reduce(Add, rest, first)


@onnx_op("Mean")
def mean(first: Value, *rest: Value) -> Value:
    return Divide(reduce(Add, rest, first), constant_like(first, 1 + len(rest)))


# -- limits

LOWEST, HIGHEST = float(np.finfo(np.float32).min), float(np.finfo(np.float32).max)


@onnx_op("Clip")
def clip_by_attributes(x: Value, *, min: float = LOWEST, max: float = HIGHEST) -> Value:
    if min <= LOWEST:
        return x if max >= HIGHEST else Minimum(x, constant_like(x, max))
    return clip(x, constant_like(x, min), constant_like(x, max) if max < HIGHEST else None)


@onnx_op("Clip", since=11)
def clip(x: Value, min: Value | None = None, max: Value | None = None) -> Value:
    low, high = limit(min), limit(max)
    if x.element.is_real and low is not None and high is not None and low <= high:
        return Clamp(x, min=low, max=high)
    if min is not None:
        x = Maximum(x, min)
    return x if max is None else Minimum(x, max)  # where min is above max, the result is max


def limit(v: Value | None) -> float | None:
    """The number in `v` when it is known now."""
    content = v.known if v is not None else None
    return (
        None if content is None or content.size != 1 or content.dtype == np.object_ else float(content.reshape(-1)[0])
    )


# -- bits


@onnx_op("BitShift")
def bit_shift(x: Value, y: Value, *, direction: str) -> Value:
    bits = x.element.bits
    if direction == "LEFT":
        shifted: Value = BitwiseLeftShift(x, y)
        beyond: Value = constant_like(x, 0)
    else:
        shifted = BitwiseRightShift(x, y)
        zero = constant_like(x, 0)
        beyond = Select(Less(x, zero), constant_like(x, -1), zero) if x.element.is_signed else zero
    amounts = y.known
    if (
        amounts is not None
        and amounts.dtype != np.object_
        and amounts.size
        and amounts.min() >= 0
        and amounts.max() < bits
    ):
        return shifted
    outside: Value = GreaterEqual(y, constant_like(y, bits))
    if y.element.is_signed:
        outside = LogicalOr(Less(y, constant_like(y, 0)), outside)
    return Select(outside, beyond, shifted)


# -- along an axis


@onnx_op("CumSum")
def cum_sum(x: Value, axis: Value, *, exclusive: int = 0, reverse: int = 0) -> Value:
    return CumSum(x, axis, exclusive=bool(exclusive), reverse=bool(reverse))


@onnx_op("CumProd")
def cum_prod(x: Value, axis: Value, *, exclusive: int = 0, reverse: int = 0) -> Value:
    """The runtime has no such op: products of doubling spans where the length is known, else under a triangle."""
    known = known_ints(axis)
    if known is None:
        return _at_unknown_axis(x, as_i64(scalar(axis)), lambda v: _masked_products(v, bool(exclusive), bool(reverse)))
    if not known or not x.rank:
        raise ModelError("CumProd needs one axis, and data that has it")
    at = normalize_axis(known[0], x.rank)
    size = x.dims[at]
    if not isinstance(size, int):
        return move_axis(_masked_products(move_axis(x, at, -1), bool(exclusive), bool(reverse)), -1, at)
    if exclusive and size:
        x = _shifted(x, at, 1, bool(reverse))
    for shift in [2**i for i in range((size - 1).bit_length())]:
        x = Multiply(x, _shifted(x, at, shift, bool(reverse)))
    return x


def _shifted(x: Value, axis: int, by: int, backwards: bool) -> Value:
    """`x` moved along an axis, ones following."""
    ones = filled([by if i == axis else dim_size(x, i) for i in range(x.rank)], constant_like(x, 1))
    if backwards:
        return concat([slice_axis(x, axis, by), ones], axis)
    return concat([ones, slice_axis(x, axis, 0, -by)], axis)


def _masked_products(x: Value, exclusive: bool, reverse: bool) -> Value:
    """Cumulative products along the last axis; memory grows with the square of its length."""
    index = arange(dim_of(x, -1))
    target, source = unsqueeze(index, 1), unsqueeze(index, 0)
    low, high = (target, source) if reverse else (source, target)
    inside: Value = Less(low, high) if exclusive else LessEqual(low, high)
    return ReduceProd(Select(inside, unsqueeze(x, -2), constant_like(x, 1)), ints([-1]))


def _at_unknown_axis(x: Value, axis: Value, function: Callable[[Value], Value]) -> Value:
    """`function` on `x` with an axis moved to the end that is known at run time only; then it is moved back."""
    rank = x.rank
    every, at = ints(range(rank)), normalized(axis, integer(rank))
    there = Select(Less(every, at), every, Select(Equal(every, integer(rank - 1)), at, Add(every, integer(1))))
    back = Select(Less(every, at), every, Select(Equal(every, at), integer(rank - 1), Subtract(every, integer(1))))
    return Transpose(function(Transpose(x, there)), back)
