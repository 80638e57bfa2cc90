"""Functions of each element alone."""

from __future__ import annotations

from mo_core.build import constant_like, shape_of
from mo_core.ir import Value
from mo_core.ops import (
    Abs,
    Acos,
    Acosh,
    Add,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Broadcast,
    Ceiling,
    Cos,
    Cosh,
    Divide,
    Erf,
    Exp,
    Floor,
    IsFinite,
    IsInf,
    IsNaN,
    Log,
    Multiply,
    Negative,
    Power,
    Round,
    Sign,
    Sin,
    Sinh,
    Sqrt,
    Subtract,
    Tan,
)
from mo_tensorflow.registry import tf_op


@tf_op("Abs")
def absolute(x: Value) -> Value:
    return Abs(x)


@tf_op("Acos")
def acos(x: Value) -> Value:
    return Acos(x)


@tf_op("Acosh")
def acosh(x: Value) -> Value:
    return Acosh(x)


@tf_op("Asin")
def asin(x: Value) -> Value:
    return Asin(x)


@tf_op("Asinh")
def asinh(x: Value) -> Value:
    return Asinh(x)


@tf_op("Atan")
def atan(x: Value) -> Value:
    return Atan(x)


@tf_op("Atanh")
def atanh(x: Value) -> Value:
    return Atanh(x)


@tf_op("Ceil")
def ceil(x: Value) -> Value:
    return Ceiling(x)


@tf_op("Cos")
def cos(x: Value) -> Value:
    return Cos(x)


@tf_op("Cosh")
def cosh(x: Value) -> Value:
    return Cosh(x)


@tf_op("Erf")
def erf(x: Value) -> Value:
    return Erf(x)


@tf_op("Exp")
def exp(x: Value) -> Value:
    return Exp(x)


@tf_op("Floor")
def floor(x: Value) -> Value:
    return Floor(x)


@tf_op("IsFinite")
def is_finite(x: Value) -> Value:
    return IsFinite(x)


@tf_op("IsInf")
def is_inf(x: Value) -> Value:
    return IsInf(x)


@tf_op("IsNan")
def is_nan(x: Value) -> Value:
    return IsNaN(x)


@tf_op("Log")
def log(x: Value) -> Value:
    return Log(x)


@tf_op("Neg")
def negative(x: Value) -> Value:
    return Negative(x)


@tf_op("Sign")
def sign(x: Value) -> Value:
    return Sign(x)


@tf_op("Sin")
def sin(x: Value) -> Value:
    return Sin(x)


@tf_op("Sinh")
def sinh(x: Value) -> Value:
    return Sinh(x)


@tf_op("Sqrt")
def sqrt(x: Value) -> Value:
    return Sqrt(x)


@tf_op("Tan")
def tan(x: Value) -> Value:
    return Tan(x)


@tf_op("Round", "Rint")
def round_(x: Value) -> Value:
    """Halves go to the even number."""
    return Round(x, mode="half_to_even")


@tf_op("Log1p")
def log1p(x: Value) -> Value:
    return Log(Add(x, constant_like(x, 1)))


@tf_op("Expm1")
def expm1(x: Value) -> Value:
    return Subtract(Exp(x), constant_like(x, 1))


@tf_op("Rsqrt")
def rsqrt(x: Value) -> Value:
    return Power(x, constant_like(x, -0.5))


@tf_op("Square")
def square(x: Value) -> Value:
    return Multiply(x, x)


@tf_op("Reciprocal", "Inv")
def reciprocal(x: Value) -> Value:
    return Divide(constant_like(x, 1), x)


@tf_op("Erfc")
def erfc(x: Value) -> Value:
    return Subtract(constant_like(x, 1), Erf(x))


@tf_op("ZerosLike")
def zeros_like(x: Value) -> Value:
    return Broadcast(constant_like(x, 0), shape_of(x))


@tf_op("OnesLike")
def ones_like(x: Value) -> Value:
    return Broadcast(constant_like(x, 1), shape_of(x))
