"""Arithmetic on two values, or on a value and a number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from mo_core.build import constant_like, dim_of, to_element
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    Atan,
    BitwiseAnd,
    BitwiseNot,
    BitwiseOr,
    BitwiseXor,
    Convert,
    Divide,
    Equal,
    FloorMod,
    Less,
    Maximum,
    Minimum,
    Multiply,
    Negative,
    Power,
    Select,
    Sign,
    Sqrt,
    Subtract,
)
from mo_mxnet.elements import as_real, numeric, pair
from mo_mxnet.registry import mxnet_op

_EUCLID = 46
"""Steps that Euclid's algorithm takes at most for numbers of 32 bits: for consecutive Fibonacci numbers."""

Binary: TypeAlias = "Callable[[Value, Value], Value]"


def with_number(x: Value, scalar: float, is_int: bool) -> tuple[Value, Value]:
    """`x` and a number in one element type: whole numbers become real when the number is."""
    data = numeric(x)
    if data.element.is_integer and not is_int:
        data = to_element(data, t.f64)
    elif x.element is t.boolean:
        data = to_element(x, t.i64)
    number = int(scalar) if data.element.is_integer else scalar
    return data, constant_like(data, number)


def on_two(compute: Binary, *names: str) -> Callable[..., Value]:
    """The converter of an operator on two values; two booleans give one, for functions that keep the type."""

    @mxnet_op(*names)
    def convert(a: Value, b: Value) -> Value:
        y = compute(*map(numeric, pair(a, b)))
        both = a.element is t.boolean and b.element is t.boolean
        return to_element(y, t.boolean) if both and y.element.is_integer else y

    return convert


def on_number(compute: Binary, *names: str, real: bool = False) -> Callable[..., Value]:
    """The converter of an operator on a value and the attribute `scalar`, in this order.

    `real`: whole numbers become real; else what is computed of them is made whole again.
    """

    @mxnet_op(*names)
    def convert(x: Value, *, scalar: float = 1.0, is_int: bool = True) -> Value:
        data, number = with_number(as_real(x) if real else x, scalar, is_int)
        return to_element(compute(data, number), data.element)

    return convert


def swapped(compute: Binary) -> Binary:
    """The same with its operands exchanged."""
    return lambda a, b: compute(b, a)


def divide(a: Value, b: Value) -> Value:
    """Whole numbers are divided as C does, towards zero."""
    return Divide(a, b, m_pythondiv=False) if a.element.is_integer else Divide(a, b)


def true_divide(a: Value, b: Value) -> Value:
    """Whole numbers give real ones."""
    return Divide(*pair(as_real(a), as_real(b)))


def modulo(a: Value, b: Value) -> Value:
    """The remainder with the sign of the divisor; 0 where that is 0."""
    known = b.const
    if known is not None and (known != 0).all():
        return FloorMod(a, b)
    none = Equal(b, constant_like(b, 0))
    return Select(none, constant_like(a, 0), FloorMod(a, Select(none, constant_like(b, 1), b)))


def hypotenuse(a: Value, b: Value) -> Value:
    """`sqrt(a^2 + b^2)`."""
    a, b = as_real(a), as_real(b)
    return Sqrt(Add(Multiply(a, a), Multiply(b, b)))


def power(a: Value, b: Value) -> Value:
    """`a ^ b`."""
    return Power(a, b)


def copy_sign(a: Value, b: Value) -> Value:
    """The size of `a` with the sign of `b`."""
    element = a.element
    a, b = as_real(a), as_real(b)
    size = Abs(a)
    return to_element(Select(Less(b, constant_like(b, 0)), Negative(size), size), element)


def scaled_by_two(a: Value, b: Value) -> Value:
    """`a * 2^b`, whole of whole numbers."""
    element, a, b = a.element, as_real(a), as_real(b)
    return to_element(Multiply(a, Power(constant_like(b, 2), b)), element)


def arctan2(y: Value, x: Value) -> Value:
    """The angle of a point, in all four quadrants."""
    y, x = as_real(y), as_real(x)
    zero, pi = constant_like(x, 0), constant_like(x, math.pi)
    flat = Equal(x, zero)
    angle = Atan(Divide(y, Select(flat, constant_like(x, 1), x)))
    half = Multiply(Sign(y), constant_like(x, math.pi / 2))
    turned = Add(angle, Select(Less(y, zero), Negative(pi), pi))
    return Select(flat, half, Select(Less(x, zero), turned, angle))


def least_common_multiple(a: Value, b: Value) -> Value:
    """The least number that both divide, by Euclid's algorithm; 0 when one of them is 0."""
    from mo_core.build import arange, broadcast_to, shape_of
    from mo_core.build.loops import iterate

    def step(_: Sequence[Value], pair: Sequence[Value]) -> tuple[Sequence[Value], Sequence[Value]]:
        divisor, rest = pair
        done = Equal(rest, zero)
        left = Select(done, zero, FloorMod(divisor, Select(done, one, rest)))
        return [Select(done, divisor, rest), left], []

    product = Multiply(a, b)
    zero, one = constant_like(product, 0), constant_like(product, 1)
    first, second = (broadcast_to(Abs(v), shape_of(product)) for v in (a, b))
    (divisor, _), _ = iterate(step, [(arange(_EUCLID), 0)], [first, second], 0)
    none = Equal(divisor, zero)
    return Select(none, zero, Multiply(Divide(first, Select(none, one, divisor), m_pythondiv=False), second))


def add(a: Value, b: Value) -> Value:
    """`a + b`."""
    return Add(a, b)


def subtract(a: Value, b: Value) -> Value:
    """`a - b`."""
    return Subtract(a, b)


def multiply(a: Value, b: Value) -> Value:
    """`a * b`."""
    return Multiply(a, b)


def maximum(a: Value, b: Value) -> Value:
    """The larger one."""
    return Maximum(a, b)


def minimum(a: Value, b: Value) -> Value:
    """The smaller one."""
    return Minimum(a, b)


addition = on_two(
    add,
    "elemwise_add",
    "_Plus",
    "_add",
    "_plus",
    "_sparse_elemwise_add",
    "broadcast_add",
    "broadcast_plus",
    "_sparse_broadcast_add",
    "_sparse_broadcast_plus",
    "_npi_add",
    "_grad_add",
)
subtraction = on_two(
    subtract,
    "elemwise_sub",
    "_Minus",
    "_minus",
    "_sub",
    "_sparse_elemwise_sub",
    "broadcast_sub",
    "broadcast_minus",
    "_sparse_broadcast_sub",
    "_sparse_broadcast_minus",
    "_npi_subtract",
)
multiplication = on_two(
    multiply,
    "elemwise_mul",
    "_Mul",
    "_mul",
    "_sparse_elemwise_mul",
    "broadcast_mul",
    "_sparse_broadcast_mul",
    "_npi_multiply",
)
division = on_two(
    divide,
    "elemwise_div",
    "_Div",
    "_div",
    "_sparse_elemwise_div",
    "broadcast_div",
    "_sparse_broadcast_div",
    "_scatter_elemwise_div",
)
true_division = on_two(true_divide, "_npi_true_divide")
remainder = on_two(modulo, "_mod", "_Mod", "broadcast_mod", "_npi_mod")
powers = on_two(power, "_power", "_Power", "broadcast_power", "_npi_power")
larger = on_two(maximum, "_maximum", "_Maximum", "broadcast_maximum", "_npi_maximum")
smaller = on_two(minimum, "_minimum", "_Minimum", "broadcast_minimum", "_npi_minimum")
hypotenuses = on_two(hypotenuse, "_hypot", "_Hypot", "broadcast_hypot", "_npi_hypot")
copied_signs = on_two(copy_sign, "_npi_copysign")
scaled = on_two(scaled_by_two, "_npi_ldexp")

plus_number = on_number(add, "_plus_scalar", "_PlusScalar", "_scatter_plus_scalar", "_npi_add_scalar")
minus_number = on_number(subtract, "_minus_scalar", "_MinusScalar", "_scatter_minus_scalar", "_npi_subtract_scalar")
number_minus = on_number(swapped(subtract), "_rminus_scalar", "_RMinusScalar", "_npi_rsubtract_scalar")
times_number = on_number(multiply, "_mul_scalar", "_MulScalar", "_npi_multiply_scalar")
by_number = on_number(divide, "_div_scalar", "_DivScalar")
number_by = on_number(swapped(divide), "_rdiv_scalar", "_RDivScalar")
truly_by_number = on_number(true_divide, "_npi_true_divide_scalar", real=True)
number_truly_by = on_number(swapped(true_divide), "_npi_rtrue_divide_scalar", real=True)
modulo_number = on_number(modulo, "_mod_scalar", "_ModScalar", "_npi_mod_scalar")
number_modulo = on_number(swapped(modulo), "_rmod_scalar", "_RModScalar", "_npi_rmod_scalar")
to_number = on_number(power, "_power_scalar", "_PowerScalar", "_npi_power_scalar")
number_to = on_number(swapped(power), "_rpower_scalar", "_RPowerScalar", "_npi_rpower_scalar")
at_least_number = on_number(maximum, "_maximum_scalar", "_MaximumScalar", "_npi_maximum_scalar")
at_most_number = on_number(minimum, "_minimum_scalar", "_MinimumScalar", "_npi_minimum_scalar")
hypotenuse_number = on_number(hypotenuse, "_hypot_scalar", "_HypotScalar", "_npi_hypot_scalar")
sign_of_number = on_number(copy_sign, "_npi_copysign_scalar")
number_with_sign = on_number(swapped(copy_sign), "_npi_rcopysign_scalar")
scaled_by_number = on_number(scaled_by_two, "_npi_ldexp_scalar")
number_scaled = on_number(swapped(scaled_by_two), "_npi_rldexp_scalar")
angle = on_two(arctan2, "_npi_arctan2")
angle_of_number = on_number(arctan2, "_npi_arctan2_scalar")
common_multiple = on_two(least_common_multiple, "_npi_lcm")
common_multiple_number = on_number(least_common_multiple, "_npi_lcm_scalar")
number_in_angle = on_number(swapped(arctan2), "_npi_rarctan2_scalar")


@mxnet_op("add_n", "ElementWiseSum", "_sparse_ElementWiseSum", "_sparse_add_n")
def add_n(x: Value, *rest: Value) -> Value:
    """The sum of any number of values."""
    for value in rest:
        x = Add(*pair(x, value))
    return x


def bits_on_two(kind: Callable[[Value, Value], Value], *names: str) -> Callable[..., Value]:
    """The converter of an operator on the bits of two values."""

    @mxnet_op(*names)
    def convert(a: Value, b: Value) -> Value:
        return kind(*pair(a, b))

    return convert


def bits_on_number(kind: Callable[[Value, Value], Value], name: str) -> Callable[..., Value]:
    """The converter of an operator on the bits of a value and of the attribute `scalar`."""

    @mxnet_op(name)
    def convert(x: Value, *, scalar: float = 1.0, is_int: bool = True) -> Value:
        return kind(x, constant(bool(scalar) if x.element is t.boolean else int(scalar), x.element))

    return convert


def _bitwise(kind: Any) -> Binary:
    return lambda a, b: kind(a, b)


bits_and = bits_on_two(_bitwise(BitwiseAnd), "_npi_bitwise_and")
bits_or = bits_on_two(_bitwise(BitwiseOr), "_npi_bitwise_or")
bits_xor = bits_on_two(_bitwise(BitwiseXor), "_npi_bitwise_xor")
bits_and_number = bits_on_number(_bitwise(BitwiseAnd), "_npi_bitwise_and_scalar")
bits_or_number = bits_on_number(_bitwise(BitwiseOr), "_npi_bitwise_or_scalar")
bits_xor_number = bits_on_number(_bitwise(BitwiseXor), "_npi_bitwise_xor_scalar")


@mxnet_op("_npi_bitwise_not")
def bits_not(x: Value) -> Value:
    return BitwiseNot(x)


@mxnet_op("_contrib_quadratic")
def quadratic(x: Value, *, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> Value:
    """`a * x^2 + b * x + c`."""
    square = Multiply(Multiply(x, x), constant_like(x, a))
    return Add(Add(square, Multiply(x, constant_like(x, b))), constant_like(x, c))


@mxnet_op("smooth_l1", "_npx_smooth_l1")
def smooth_l1(x: Value, *, scalar: float = 1.0, is_int: bool = True) -> Value:
    """`(s x)^2 / 2` close to 0, `|x| - 1 / (2 s^2)` further away."""
    square = scalar * scalar
    size = Abs(x)
    near = Multiply(Multiply(x, x), constant_like(x, square / 2))
    return Select(Less(size, constant_like(x, 1 / square)), near, Subtract(size, constant_like(x, 0.5 / square)))


@mxnet_op("_contrib_div_sqrt_dim")
def div_sqrt_dim(x: Value) -> Value:
    """`x / sqrt(d)`, where `d` is the size of the last axis."""
    return Divide(x, Sqrt(Convert(dim_of(x, -1), destination_type=x.element)))


@mxnet_op("_contrib_gradientmultiplier", ignore=("scalar", "is_int"))
def gradient_multiplier(x: Value) -> Value:
    """Changes gradients only."""
    return x
