"""Comparisons, truth values, bits."""

from __future__ import annotations

from collections.abc import Callable

from mo_core import ops
from mo_core.build import broadcast_to, constant_like, shape_of, unsqueeze
from mo_core.errors import Unsupported
from mo_core.ir import Foreign, Value
from mo_core.ir import types as t
from mo_core.ops import Equal, NonZero, NotEqual, Select, Transpose
from mo_tensorflow.registry import tf_op

_BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "Greater": ops.Greater,
    "GreaterEqual": ops.GreaterEqual,
    "Less": ops.Less,
    "LessEqual": ops.LessEqual,
    "LogicalAnd": ops.LogicalAnd,
    "LogicalOr": ops.LogicalOr,
    "BitwiseAnd": ops.BitwiseAnd,
    "BitwiseOr": ops.BitwiseOr,
    "BitwiseXor": ops.BitwiseXor,
    "LeftShift": ops.BitwiseLeftShift,
    "RightShift": ops.BitwiseRightShift,
}


@tf_op(*_BINARY)
def binary(x: Value, y: Value, *, node: Foreign) -> Value:
    return _BINARY[node.op](x, y)


@tf_op("Equal", ignore=("incompatible_shape_error",))
def equal(x: Value, y: Value) -> Value:
    if t.string in (x.element, y.element):
        raise Unsupported("texts are compared, which the runtime cannot do", "Cut after it with --input.")
    return Equal(x, y)


@tf_op("NotEqual", ignore=("incompatible_shape_error",))
def not_equal(x: Value, y: Value) -> Value:
    return ops.LogicalNot(equal(x, y)) if t.string in (x.element, y.element) else NotEqual(x, y)


@tf_op("LogicalNot")
def logical_not(x: Value) -> Value:
    return ops.LogicalNot(x)


@tf_op("Invert")
def invert(x: Value) -> Value:
    return ops.BitwiseNot(x)


@tf_op("IsFinite")
def is_finite(x: Value) -> Value:
    return ops.IsFinite(x)


@tf_op("IsInf")
def is_inf(x: Value) -> Value:
    return ops.IsInf(x)


@tf_op("IsNan")
def is_nan(x: Value) -> Value:
    return ops.IsNaN(x)


@tf_op("SelectV2")
def select_v2(condition: Value, x: Value, y: Value) -> Value:
    return Select(condition, x, y)


@tf_op("Select")
def select(condition: Value, x: Value, y: Value) -> Value:
    """A vector of conditions chooses along the first axis."""
    if condition.rank == 1 and x.rank > 1:
        condition = unsqueeze(condition, *range(1, x.rank))
    return Select(condition, x, y)


@tf_op("Where")
def where(condition: Value) -> Value:
    """The places of what is not zero, one row each."""
    if condition.element.name != "boolean":
        condition = NotEqual(condition, constant_like(condition, 0))
    return Transpose(NonZero(condition), [1, 0])


@tf_op("ZerosLike")
def zeros_like(x: Value) -> Value:
    return _full_like(x, 0)


@tf_op("OnesLike")
def ones_like(x: Value) -> Value:
    return _full_like(x, 1)


def _full_like(x: Value, number: int) -> Value:

    return broadcast_to(constant_like(x, number), shape_of(x))
