"""Arithmetic element by element."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NoReturn

from mo_core import ops
from mo_core.build import all_axes, channel_vector, constant_like, element_count, gather, integer, special, to_element
from mo_core.errors import Unsupported
from mo_core.ir import Foreign, Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Abs,
    Add,
    Ceiling,
    Cos,
    Divide,
    Equal,
    Erf,
    Exp,
    Floor,
    FloorMod,
    Greater,
    Less,
    Log,
    Maximum,
    Minimum,
    Mod,
    Multiply,
    Negative,
    NotEqual,
    Power,
    Round,
    Select,
    Sign,
    Sin,
    Sqrt,
    SquaredDifference,
    Subtract,
    Tan,
)
from mo_tensorflow.registry import tf_op
from mo_tensorflow.window import channels_last

_UNARY: dict[str, Callable[[Value], Value]] = {
    "Abs": Abs,
    "Acos": ops.Acos,
    "Acosh": ops.Acosh,
    "Asin": ops.Asin,
    "Asinh": ops.Asinh,
    "Atan": ops.Atan,
    "Atanh": ops.Atanh,
    "Cos": Cos,
    "Cosh": ops.Cosh,
    "Erf": Erf,
    "Exp": Exp,
    "Log": Log,
    "Neg": Negative,
    "Sign": Sign,
    "Sin": Sin,
    "Sinh": ops.Sinh,
    "Tan": Tan,
}


@tf_op(*_UNARY)
def unary(x: Value, *, node: Foreign) -> Value:
    return _UNARY[node.op](x)


def _only_real(kind: Callable[[Value], Value]) -> Callable[[Value], Value]:
    """Rounding leaves whole numbers as they are."""
    return lambda x: kind(x) if x.element.is_real else x


@tf_op("Ceil")
def ceil(x: Value) -> Value:
    return _only_real(Ceiling)(x)


@tf_op("Floor")
def floor(x: Value) -> Value:
    return _only_real(Floor)(x)


@tf_op("Round", "Rint")
def rounded(x: Value) -> Value:
    """Halves go to the even number."""
    return Round(x, mode="half_to_even") if x.element.is_real else x


@tf_op("Sqrt")
def sqrt(x: Value) -> Value:
    return Sqrt(x)


@tf_op("Rsqrt")
def rsqrt(x: Value) -> Value:
    return Divide(constant_like(x, 1), Sqrt(x))


@tf_op("Square")
def square(x: Value) -> Value:
    return Multiply(x, x)


@tf_op("Reciprocal", "Inv")
def reciprocal(x: Value) -> Value:
    return Divide(constant_like(x, 1), x)


@tf_op("Log1p")
def log1p(x: Value) -> Value:
    return Log(Add(x, constant_like(x, 1)))


@tf_op("Expm1")
def expm1(x: Value) -> Value:
    return Subtract(Exp(x), constant_like(x, 1))


@tf_op("Erfc")
def erfc(x: Value) -> Value:
    return Subtract(constant_like(x, 1), Erf(x))


@tf_op("Erfinv")
def inverse_erf(x: Value) -> Value:
    return special.inverse_erf(x)


@tf_op("Ndtri")
def normal_quantile(x: Value) -> Value:
    return special.normal_quantile(x)


@tf_op("Lgamma")
def log_of_gamma(x: Value) -> Value:
    return special.log_of_gamma(x)


@tf_op("Digamma")
def digamma(x: Value) -> Value:
    return special.digamma(x)


_INTEGRALS = "Igamma Igammac Zeta Polygamma Betainc Dawsn Expint FresnelCos FresnelSin Spence".split()
_BESSEL = "I0 I0e I1 I1e J0 J1 K0 K0e K1 K1e Y0 Y1".split()


@tf_op(*_INTEGRALS, *(f"Bessel{kind}" for kind in _BESSEL), ignore=("*",))
def integrals(*inputs: Value) -> NoReturn:
    raise Unsupported("a function of statistics that the runtime does not have")


@tf_op("AddN")
def add_all(*inputs: Value) -> Value:
    total = inputs[0]
    for x in inputs[1:]:
        total = Add(total, x)
    return total


@tf_op("AccumulateNV2", ignore=("shape",))
def accumulate(*inputs: Value) -> Value:
    return add_all(*inputs)


@tf_op("Add", "AddV2")
def add(x: Value, y: Value) -> Value:
    return Add(x, y)


@tf_op("Sub")
def subtract(x: Value, y: Value) -> Value:
    return Subtract(x, y)


@tf_op("Mul")
def multiply(x: Value, y: Value) -> Value:
    return Multiply(x, y)


@tf_op("MulNoNan")
def multiply_no_nan(x: Value, y: Value) -> Value:
    """Zero wherever y is zero, whatever x is."""
    return Select(Equal(y, constant_like(y, 0)), constant_like(x, 0), Multiply(x, y))


@tf_op("RealDiv")
def divide(x: Value, y: Value) -> Value:
    return Divide(x, y)


@tf_op("Div")
def quotient(x: Value, y: Value) -> Value:
    return Divide(x, y) if x.element.is_real else truncated_quotient(x, y)


@tf_op("TruncateDiv")
def truncated_quotient(x: Value, y: Value) -> Value:
    """Towards zero."""
    if not x.element.is_signed:
        return Divide(x, y)
    whole = _only_real(Floor)(Divide(Abs(x), Abs(y)))
    return Multiply(whole, Multiply(Sign(x), Sign(y)))


@tf_op("FloorDiv")
def floored_quotient(x: Value, y: Value) -> Value:
    if x.element.is_real:
        return Floor(Divide(x, y))
    return Divide(Subtract(x, FloorMod(x, y)), y)


@tf_op("DivNoNan")
def divide_no_nan(x: Value, y: Value) -> Value:
    zero = Equal(y, constant_like(y, 0))
    return Select(zero, constant_like(x, 0), Divide(x, Select(zero, constant_like(y, 1), y)))


@tf_op("FloorMod")
def floor_mod(x: Value, y: Value) -> Value:
    return FloorMod(x, y)


@tf_op("Mod", "TruncateMod")
def truncate_mod(x: Value, y: Value) -> Value:
    return Mod(x, y)


@tf_op("Pow")
def power(x: Value, y: Value) -> Value:
    return Power(x, y)


@tf_op("Maximum")
def maximum(x: Value, y: Value) -> Value:
    return Maximum(x, y)


@tf_op("Minimum")
def minimum(x: Value, y: Value) -> Value:
    return Minimum(x, y)


@tf_op("SquaredDifference")
def squared_difference(x: Value, y: Value) -> Value:
    return SquaredDifference(x, y)


@tf_op("Xlogy")
def x_log_y(x: Value, y: Value) -> Value:
    return _unless_zero(x, y, Log)


@tf_op("Xlog1py")
def x_log1p_y(x: Value, y: Value) -> Value:
    return _unless_zero(x, y, log1p)


def _unless_zero(x: Value, y: Value, function: Callable[[Value], Value]) -> Value:
    """x * function(y); zero where x is zero, whatever the function gives."""
    zero = Equal(x, constant_like(x, 0))
    return Select(zero, constant_like(x, 0), Multiply(x, function(y)))


@tf_op("Xdivy")
def x_over_y(x: Value, y: Value) -> Value:
    zero = Equal(x, constant_like(x, 0))
    return Select(zero, constant_like(x, 0), Divide(x, y))


@tf_op("Atan2")
def atan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y), which the signs of zeros and of infinite coordinates tell, too."""
    height, width = Abs(y), Abs(x)
    base = ops.Atan(Select(Equal(height, width), Sign(height), Divide(height, width)))
    angle = Select(_is_negative(x), Subtract(constant_like(x, math.pi), base), base)
    return Select(_is_negative(y), Negative(angle), angle)


def _is_negative(x: Value) -> Value:
    """True below zero, and for the zero that has the sign of what is below it."""
    return Less(Minimum(x, Divide(constant_like(x, 1), x)), constant_like(x, 0))


@tf_op("ApproximateEqual")
def approximately_equal(x: Value, y: Value, *, tolerance: float = 1e-5) -> Value:
    return Less(Abs(Subtract(x, y)), constant_like(x, tolerance))


@tf_op("ClipByValue")
def clip_by_value(x: Value, low: Value, high: Value) -> Value:
    return Maximum(Minimum(x, high), low)


@tf_op("BiasAdd", "BiasAddV1")
def bias_add(x: Value, bias: Value, *, data_format: str = "NHWC") -> Value:
    """NHWC stands for channels last in any rank, NCHW for channels in axis 1."""
    return Add(x, bias if channels_last(data_format) or x.rank == 2 else channel_vector(bias, x.rank - 2))


@tf_op("L2Loss")
def l2_loss(x: Value) -> Value:
    return Multiply(ops.ReduceSum(Multiply(x, x), all_axes(x)), constant_like(x, 0.5))


@tf_op("Cast")
def cast(x: Value, *, DstT: ElementType, Truncate: bool = False) -> Value:
    """Real numbers become whole ones towards zero; everything but zero is true."""
    if DstT is t.boolean and x.element is not t.boolean:
        return NotEqual(x, constant_like(x, 0))
    return to_element(x, DstT)


@tf_op("ToBool")
def to_bool(x: Value) -> Value:
    """A scalar is true where it is not zero, any other tensor where it has elements."""
    return NotEqual(x, constant_like(x, 0)) if x.rank == 0 else Greater(element_count(x), integer(0))


@tf_op("Bitcast", ignore=("T",))
def bitcast(x: Value, *, type: ElementType) -> Value:
    """The bits of numbers that are known, as numbers of another type of the same width."""
    if type is x.element:
        return x
    data = x.const
    if data is None or type.dtype is None or type.bits != x.element.bits:
        raise Unsupported("the bits of numbers cannot be taken for those of another type when the model runs")
    return constant(data.astype(x.element.dtype).view(type.dtype))


@tf_op("Cross")
def cross(a: Value, b: Value) -> Value:
    """The product of vectors of three numbers along the last axis."""

    def turned(x: Value, by: Sequence[int]) -> Value:
        return gather(x, by, -1)

    first = Multiply(turned(a, (1, 2, 0)), turned(b, (2, 0, 1)))
    return Subtract(first, Multiply(turned(a, (2, 0, 1)), turned(b, (1, 2, 0))))
