"""Operators on one value, element by element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from mo_core.build import constant_like, to_element
from mo_core.build.special import exp_less_one, gamma_of, inverse_erf, log_of_gamma, log_of_one_more
from mo_core.errors import Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Ceiling,
    Cos,
    Cosh,
    Divide,
    Equal,
    Erf,
    Exp,
    Floor,
    IsNaN,
    Log,
    Multiply,
    Negative,
    Power,
    Round,
    Select,
    Sign,
    Sin,
    Sinh,
    Sqrt,
    Subtract,
    Tan,
    Tanh,
)
from mo_mxnet.attributes import element
from mo_mxnet.elements import as_real
from mo_mxnet.registry import mxnet_op

Function = Callable[[Value], Value]


def on_one(compute: Any, *names: str, real: bool = True) -> Callable[..., Value]:
    """The converter of a function of each element; `real`: it is computed with real numbers, whatever comes in."""

    @mxnet_op(*names)
    def convert(x: Value) -> Value:
        result: Value = compute(as_real(x) if real else x)
        return to_element(result, x.element) if real else result

    return convert


def times(factor: float) -> Function:
    """Multiplication by a number."""
    return lambda x: Multiply(x, constant_like(x, factor))


def logarithm(base: float) -> Function:
    """The logarithm to a base."""
    return lambda x: Divide(Log(x), constant_like(x, math.log(base)))


def truncated(x: Value) -> Value:
    """Without the fraction, towards zero."""
    return x if x.element.is_integer else Multiply(Sign(x), Floor(Abs(x)))


def cube_root(x: Value) -> Value:
    """The cube root, negative for negative numbers."""
    return Multiply(Sign(x), Power(Abs(x), constant_like(x, 1 / 3)))


def reciprocal_of(x: Value) -> Value:
    """`1 / x`."""
    return Divide(constant_like(x, 1), x)


def negated(x: Value) -> Value:
    """`-x`."""
    return Negative(x)


def nearest(x: Value) -> Value:
    """The nearest whole number, the lower one of two."""
    return x if x.element.is_integer else Ceiling(Subtract(x, constant_like(x, 0.5)))


absolute = on_one(Abs, "abs", "_sparse_abs", "_npi_absolute", "_npi_abs", real=False)
negative = on_one(negated, "negative", "_sparse_negative", "_npi_negative", real=False)
sign = on_one(Sign, "sign", "_sparse_sign", "_npi_sign", "_contrib_sign_ste", "_sparse__contrib_sign_ste", real=False)
square = on_one(lambda x: Multiply(x, x), "square", "_sparse_square", "_npi_square", real=False)
exp = on_one(Exp, "exp", "_sparse_exp", "_npi_exp")
log = on_one(Log, "log", "_sparse_log", "_npi_log")
log2 = on_one(logarithm(2), "log2", "_sparse_log2", "_npi_log2")
log10 = on_one(logarithm(10), "log10", "_sparse_log10", "_npi_log10")
log1p = on_one(log_of_one_more, "log1p", "_sparse_log1p", "_npi_log1p")
expm1 = on_one(exp_less_one, "expm1", "_sparse_expm1", "_npi_expm1")
sqrt = on_one(Sqrt, "sqrt", "_sparse_sqrt", "_npi_sqrt")
rsqrt = on_one(lambda x: reciprocal_of(Sqrt(x)), "rsqrt", "_sparse_rsqrt")
cbrt = on_one(cube_root, "cbrt", "_sparse_cbrt", "_npi_cbrt")
rcbrt = on_one(lambda x: reciprocal_of(cube_root(x)), "rcbrt")
reciprocal = on_one(reciprocal_of, "reciprocal", "_npi_reciprocal")
sin = on_one(Sin, "sin", "_sparse_sin", "_npi_sin")
cos = on_one(Cos, "cos", "_sparse_cos", "_npi_cos")
tan = on_one(Tan, "tan", "_sparse_tan", "_npi_tan")
arcsin = on_one(Asin, "arcsin", "_sparse_arcsin", "_npi_arcsin")
arccos = on_one(Acos, "arccos", "_sparse_arccos", "_npi_arccos")
arctan = on_one(Atan, "arctan", "_sparse_arctan", "_npi_arctan")
sinh = on_one(Sinh, "sinh", "_sparse_sinh", "_npi_sinh")
cosh = on_one(Cosh, "cosh", "_sparse_cosh", "_npi_cosh")
tanh = on_one(Tanh, "tanh", "_sparse_tanh", "_npi_tanh")
arcsinh = on_one(Asinh, "arcsinh", "_sparse_arcsinh", "_npi_arcsinh")
arccosh = on_one(Acosh, "arccosh", "_sparse_arccosh", "_npi_arccosh")
arctanh = on_one(Atanh, "arctanh", "_sparse_arctanh", "_npi_arctanh")
degrees = on_one(times(180 / math.pi), "degrees", "_sparse_degrees", "_npi_degrees")
radians = on_one(times(math.pi / 180), "radians", "_sparse_radians", "_npi_radians")
erf = on_one(Erf, "erf", "_npx_erf")
erfinv = on_one(inverse_erf, "erfinv", "_npx_erfinv")
gamma = on_one(gamma_of, "gamma", "_npx_gamma", "_sparse_gamma")
gammaln = on_one(log_of_gamma, "gammaln", "_npx_gammaln", "_sparse_gammaln")
ceil = on_one(Ceiling, "ceil", "_sparse_ceil", "_npi_ceil", real=False)
floor = on_one(Floor, "floor", "_sparse_floor", "_npi_floor", real=False)
trunc = on_one(truncated, "trunc", "_sparse_trunc", "_npi_trunc", "fix", "_sparse_fix", "_npi_fix", real=False)
rint = on_one(nearest, "rint", "_sparse_rint", "_npi_rint", real=False)
round_half_away = on_one(
    lambda x: x if x.element.is_integer else Round(x, mode="half_away_from_zero"),
    "round",
    "_sparse_round",
    "_contrib_round_ste",
    "_sparse__contrib_round_ste",
    real=False,
)


@mxnet_op("_npi_around")
def around(x: Value, *, decimals: int = 0) -> Value:
    """Rounded to so many decimals, halves to the even one."""
    if x.element.is_integer and decimals >= 0:
        return x
    data = as_real(x)
    factor = constant_like(data, 10.0**decimals)
    rounded = Divide(Round(Multiply(data, factor)), factor)
    return to_element(rounded, x.element)


@mxnet_op("_npi_nan_to_num", ignore=("copy",))
def nan_to_num(x: Value, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Value:
    """Numbers in the place of what is none, and of infinities."""
    if x.element.is_integer:
        return x
    largest = 65504.0 if x.element is t.f16 else 3.4028234663852886e38
    high, low = largest if posinf is None else posinf, -largest if neginf is None else neginf
    infinity = float("inf")
    y = Select(IsNaN(x), constant_like(x, nan), x)
    y = Select(Equal(y, constant_like(x, infinity)), constant_like(x, high), y)
    return Select(Equal(y, constant_like(x, -infinity)), constant_like(x, low), y)


@mxnet_op("Cast", "cast", "_npi_cast", "_npx_cast", "amp_cast")
def cast(x: Value, *, dtype: str) -> Value:
    return to_element(x, element(dtype))


@mxnet_op(
    "_copy",
    "identity",
    "_np_copy",
    "_npi_copyto",
    "_copyto",
    "_CrossDeviceCopy",
    "BlockGrad",
    "stop_gradient",
    "_sparse_stop_gradient",
    "make_loss",
    "_sparse_make_loss",
    ignore=("shape", "dtype"),
)
def same(x: Value) -> Value:
    """Nothing happens at inference."""
    return x


@mxnet_op("MakeLoss", ignore=("grad_scale", "valid_thresh", "normalization"))
def make_loss(x: Value) -> Value:
    return x


@mxnet_op("IdentityAttachKLSparseReg", ignore=("sparseness_target", "penalty", "momentum"))
def regularised(x: Value, average: Value | None = None) -> Value:
    return x


@mxnet_op("_identity_with_attr_like_rhs")
def identity_like(x: Value, like: Value) -> Value:
    return x


@mxnet_op("Dropout", "_npx_dropout", ignore=("p", "axes"))
def dropout(x: Value, *, mode: str = "training") -> Value:
    if mode == "always":
        raise Unsupported("Dropout with mode always is random at inference too", "Save it with mode training.")
    return x


@mxnet_op("cast_storage", "_sparse_cast_storage", ignore=("stype",))
def cast_storage(x: Value) -> Value:
    """How an array is stored does not change what is in it."""
    return x


@mxnet_op("amp_multicast")
def multicast(*values: Value, num_outputs: int, cast_narrow: bool = False) -> list[Value]:
    """All in the widest of their element types, or in the narrowest."""
    widths = [v.element.bits for v in values]
    width = min(widths) if cast_narrow else max(widths)
    target = values[widths.index(width)].element
    return [to_element(v, target) for v in values]


@mxnet_op("_npx_constraint_check", ignore=("msg",))
def constraint_check(x: Value) -> Value:
    """The check itself is left to training: the condition holds."""
    return constant(True)
