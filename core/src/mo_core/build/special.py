"""Special functions of real numbers, from the operations that the runtime has.

Every one is exact to the precision of f32, element by element, and gives the element type that it gets.
"""

from __future__ import annotations

import math

from mo_core.build.basics import constant_like, to_element
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    Divide,
    Equal,
    Exp,
    Floor,
    Greater,
    Less,
    Log,
    LogicalAnd,
    Multiply,
    Negative,
    Select,
    Sign,
    Sin,
    Sinh,
    Sqrt,
    Subtract,
    Tan,
)


def log_of_one_more(x: Value) -> Value:
    """`log(1 + x)`, exact for small `x` too: the rounding of `1 + x` is divided out."""
    one = constant_like(x, 1)
    more = Add(x, one)
    step = Subtract(more, one)
    none = Equal(step, constant_like(x, 0))
    return Select(none, x, Multiply(Log(more), Divide(x, Select(none, one, step))))


def exp_less_one(x: Value) -> Value:
    """`exp(x) - 1`, exact for small `x` too."""
    half = Multiply(x, constant_like(x, 0.5))
    return Multiply(Multiply(constant_like(x, 2), Sinh(half)), Exp(half))


_INVERSE_ERF_NEAR = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
_INVERSE_ERF_FAR = (
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
)


def inverse_erf(x: Value) -> Value:
    """The inverse of the error function."""
    one = constant_like(x, 1)
    return _inverse_erf(x, Multiply(Subtract(one, x), Add(one, x)))


def normal_quantile(x: Value) -> Value:
    """The number below which a standard normal variable lies with the probability `x`."""
    one, two = constant_like(x, 1), constant_like(x, 2)
    centred = Subtract(Multiply(two, x), one)
    rest = Multiply(Multiply(two, x), Multiply(two, Subtract(one, x)))  # exact where `1 - centred^2` is not
    return Multiply(constant_like(x, math.sqrt(2)), _inverse_erf(centred, rest))


def _inverse_erf(x: Value, rest: Value) -> Value:
    """By the two polynomials of M. Giles (2010); `rest` is `1 - x^2`."""

    def polynomial(w: Value, coefficients: tuple[float, ...]) -> Value:
        total: Value = constant_like(w, coefficients[0])
        for c in coefficients[1:]:
            total = Add(Multiply(total, w), constant_like(w, c))
        return total

    w = Negative(Log(rest))
    near = polynomial(Subtract(w, constant_like(w, 2.5)), _INVERSE_ERF_NEAR)
    far = polynomial(Subtract(Sqrt(w), constant_like(w, 3)), _INVERSE_ERF_FAR)
    y = Multiply(Select(Less(w, constant_like(w, 5)), near, far), x)
    infinite = Multiply(Sign(x), constant_like(x, float("inf")))
    return Select(Equal(rest, constant_like(x, 0)), infinite, y)


_LANCZOS = (
    676.5203681218851,
    -1259.1392167224028,
    771.3234287776531,
    -176.6150291621406,
    12.507343278686905,
    -0.13857109526572012,
    9.984369578019572e-06,
    1.5056327351493116e-07,
)
_LANCZOS_G = 7


def log_of_gamma(x: Value) -> Value:
    """`log|Gamma(x)|` by Lanczos' series, computed in f64; below 1/2 by reflection."""
    wide = to_element(x, t.f64)
    small = Less(wide, constant_like(wide, 0.5))
    z = Select(small, Subtract(constant_like(wide, 1), wide), wide)
    direct = _lanczos(z)
    sine = Abs(Sin(Multiply(constant_like(wide, math.pi), Subtract(wide, Floor(wide)))))
    reflected = Subtract(Subtract(constant_like(wide, math.log(math.pi)), Log(sine)), direct)
    return to_element(Select(small, reflected, direct), x.element)


def _lanczos(z: Value) -> Value:
    z = Subtract(z, constant_like(z, 1))
    total: Value = constant_like(z, 0.9999999999998099)
    for i, c in enumerate(_LANCZOS):
        total = Add(total, Divide(constant_like(z, c), Add(z, constant_like(z, i + 1))))
    base = Add(z, constant_like(z, _LANCZOS_G + 0.5))
    power = Multiply(Add(z, constant_like(z, 0.5)), Log(base))
    return Add(Add(constant_like(z, 0.5 * math.log(2 * math.pi)), Subtract(power, base)), Log(total))


def gamma_of(x: Value) -> Value:
    """The gamma function; negative between odd negative numbers and the even ones below."""
    wide = to_element(x, t.f64)
    size = Exp(log_of_gamma(wide))
    below = Floor(wide)
    odd = Subtract(below, Multiply(constant_like(wide, 2), Floor(Multiply(below, constant_like(wide, 0.5)))))
    negative = LogicalAnd(Less(wide, constant_like(wide, 0)), Greater(odd, constant_like(wide, 0.5)))
    return to_element(Select(negative, Negative(size), size), x.element)


_SHIFTED = 10
"""Steps by which the argument of `digamma` is made large enough for the asymptotic series."""


def digamma(x: Value) -> Value:
    """The derivative of `log_of_gamma`: the asymptotic series after a shift (Abramowitz and Stegun 6.3.5, 6.3.18).

    Below 1/2 by reflection (6.3.7); not a number for 0 and negative whole numbers.
    """
    wide = to_element(x, t.f32)
    one = constant_like(wide, 1)
    small = Less(wide, constant_like(wide, 0.5))
    z = Select(small, Subtract(one, wide), wide)
    below: Value = constant_like(z, 0)
    for i in range(_SHIFTED):
        below = Add(below, Divide(one, Add(z, constant_like(z, i))))
    far = Add(z, constant_like(z, _SHIFTED))
    square = Divide(one, Multiply(far, far))
    series = Multiply(square, Subtract(constant_like(z, 1 / 12), Multiply(square, constant_like(z, 1 / 120))))
    direct = Subtract(Subtract(Subtract(Log(far), Divide(constant_like(z, 0.5), far)), series), below)
    fraction = Subtract(wide, Floor(wide))
    turned = Divide(constant_like(z, math.pi), Tan(Multiply(constant_like(z, math.pi), fraction)))
    pole = LogicalAnd(small, Equal(fraction, constant_like(z, 0)))
    reflected = Select(pole, constant_like(z, float("nan")), Subtract(direct, turned))
    return to_element(Select(small, reflected, direct), x.element)
