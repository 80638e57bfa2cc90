"""Comparisons, logic and choices.

The older operators give zeros and ones of the type of the data, those of numpy booleans.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mo_core.build import all_axes, constant_like, reshape_to, to_element
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    Equal,
    Greater,
    GreaterEqual,
    IsFinite,
    IsInf,
    IsNaN,
    Less,
    LessEqual,
    LogicalAnd,
    LogicalNot,
    LogicalOr,
    LogicalXor,
    Multiply,
    NotEqual,
    ReduceLogicalAnd,
    Select,
    Subtract,
)
from mo_mxnet.elements import as_boolean, as_real, numeric, pair
from mo_mxnet.ops.arithmetic import with_number
from mo_mxnet.registry import mxnet_op


def compared(kind: Any, *names: str, boolean: bool = False, number: bool = False) -> Callable[..., Value]:
    """The converter of a comparison of two values, or of one with the attribute `scalar`."""

    @mxnet_op(*names)
    def on_two(a: Value, b: Value) -> Value:
        result = kind(*pair(numeric(a), numeric(b)))
        return result if boolean else to_element(result, a.element)

    @mxnet_op(*names)
    def on_number(x: Value, *, scalar: float = 1.0, is_int: bool = True) -> Value:
        if x.element is t.boolean:  # the number becomes one, too
            scalar, is_int = float(bool(scalar)), True
        result = kind(*with_number(x, scalar, is_int))
        return result if boolean else to_element(result, x.element)

    return on_number if number else on_two


def combined(kind: Any, *names: str, number: bool = False) -> Callable[..., Value]:
    """The converter of a logical operator, for which whatever is not zero is true."""

    @mxnet_op(*names)
    def on_two(a: Value, b: Value) -> Value:
        return to_element(kind(as_boolean(a), as_boolean(b)), a.element)

    @mxnet_op(*names)
    def on_number(x: Value, *, scalar: float = 1.0, is_int: bool = True) -> Value:
        return to_element(kind(as_boolean(x), constant(bool(scalar))), x.element)

    return on_number if number else on_two


equal = compared(Equal, "_equal", "_Equal", "broadcast_equal")
not_equal = compared(NotEqual, "_not_equal", "_Not_Equal", "broadcast_not_equal")
greater = compared(Greater, "_greater", "_Greater", "broadcast_greater")
greater_equal = compared(GreaterEqual, "_greater_equal", "_Greater_Equal", "broadcast_greater_equal")
lesser = compared(Less, "_lesser", "_Lesser", "broadcast_lesser")
lesser_equal = compared(LessEqual, "_lesser_equal", "_Lesser_Equal", "broadcast_lesser_equal")
equal_number = compared(Equal, "_equal_scalar", "_EqualScalar", number=True)
not_equal_number = compared(NotEqual, "_not_equal_scalar", "_NotEqualScalar", number=True)
greater_number = compared(Greater, "_greater_scalar", "_GreaterScalar", number=True)
greater_equal_number = compared(GreaterEqual, "_greater_equal_scalar", "_GreaterEqualScalar", number=True)
lesser_number = compared(Less, "_lesser_scalar", "_LesserScalar", number=True)
lesser_equal_number = compared(LessEqual, "_lesser_equal_scalar", "_LesserEqualScalar", number=True)
np_equal = compared(Equal, "_npi_equal", boolean=True)
np_not_equal = compared(NotEqual, "_npi_not_equal", boolean=True)
np_greater = compared(Greater, "_npi_greater", boolean=True)
np_greater_equal = compared(GreaterEqual, "_npi_greater_equal", boolean=True)
np_less = compared(Less, "_npi_less", boolean=True)
np_less_equal = compared(LessEqual, "_npi_less_equal", boolean=True)
np_equal_number = compared(Equal, "_npi_equal_scalar", boolean=True, number=True)
np_not_equal_number = compared(NotEqual, "_npi_not_equal_scalar", boolean=True, number=True)
np_greater_number = compared(Greater, "_npi_greater_scalar", boolean=True, number=True)
np_greater_equal_number = compared(GreaterEqual, "_npi_greater_equal_scalar", boolean=True, number=True)
np_less_number = compared(Less, "_npi_less_scalar", boolean=True, number=True)
np_less_equal_number = compared(LessEqual, "_npi_less_equal_scalar", boolean=True, number=True)

logical_and = combined(LogicalAnd, "_logical_and", "_Logical_And", "broadcast_logical_and")
logical_or = combined(LogicalOr, "_logical_or", "_Logical_Or", "broadcast_logical_or")
logical_xor = combined(LogicalXor, "_logical_xor", "_Logical_Xor", "broadcast_logical_xor")
logical_and_number = combined(LogicalAnd, "_logical_and_scalar", "_LogicalAndScalar", number=True)
logical_or_number = combined(LogicalOr, "_logical_or_scalar", "_LogicalOrScalar", number=True)
logical_xor_number = combined(LogicalXor, "_logical_xor_scalar", "_LogicalXorScalar", number=True)


@mxnet_op("logical_not")
def logical_not(x: Value) -> Value:
    return to_element(LogicalNot(as_boolean(x)), x.element)


@mxnet_op("_npi_logical_not")
def np_logical_not(x: Value) -> Value:
    return LogicalNot(as_boolean(x))


@mxnet_op("_npi_isnan")
def is_nan(x: Value) -> Value:
    return IsNaN(as_real(x))


@mxnet_op("_npi_isinf")
def is_inf(x: Value) -> Value:
    return IsInf(as_real(x))


@mxnet_op("_npi_isposinf")
def is_positive_infinity(x: Value) -> Value:
    return IsInf(as_real(x), detect_negative=False)


@mxnet_op("_npi_isneginf")
def is_negative_infinity(x: Value) -> Value:
    return IsInf(as_real(x), detect_positive=False)


@mxnet_op("_npi_isfinite")
def is_finite(x: Value) -> Value:
    return IsFinite(as_real(x))


@mxnet_op("where", "_sparse_where")
def where(condition: Value, x: Value, y: Value) -> Value:
    """A condition of one axis chooses whole rows."""
    chosen = as_boolean(condition)
    if chosen.rank == 1 and x.rank > 1:
        chosen = reshape_to(chosen, [-1, *[1] * (x.rank - 1)])
    return Select(chosen, x, y)


@mxnet_op("_npi_where")
def np_where(condition: Value, x: Value, y: Value) -> Value:
    return Select(as_boolean(condition), *pair(x, y))


@mxnet_op("_npi_where_lscalar")
def np_where_number_first(condition: Value, x: Value, *, scalar: float = 0.0) -> Value:
    """The number where the condition holds."""
    return Select(as_boolean(condition), constant_like(x, scalar), x)


@mxnet_op("_npi_where_rscalar")
def np_where_number_second(condition: Value, x: Value, *, scalar: float = 0.0) -> Value:
    """The number where the condition does not hold."""
    return Select(as_boolean(condition), x, constant_like(x, scalar))


@mxnet_op("_npi_where_scalar2")
def np_where_numbers(condition: Value, *, x: float = 0.0, y: float = 0.0) -> Value:
    return Select(as_boolean(condition), constant(x, t.f32), constant(y, t.f32))


@mxnet_op("_contrib_allclose")
def all_close(a: Value, b: Value, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = True) -> Value:
    """1 when no two elements differ by more than `atol + rtol * |b|`."""
    limit = Add(Multiply(Abs(b), constant_like(b, rtol)), constant_like(b, atol))
    close = LogicalOr(LessEqual(Abs(Subtract(a, b)), limit), Equal(a, b))
    if equal_nan:
        close = LogicalOr(close, LogicalAnd(IsNaN(a), IsNaN(b)))
    return to_element(ReduceLogicalAnd(close, all_axes(close), keep_dims=False), t.u8)
