"""Comparisons and truth."""

from __future__ import annotations

from mo_core.ir import Value
from mo_core.ops import Equal, Greater, GreaterEqual, Less, LessEqual, LogicalAnd, LogicalNot, LogicalOr, NotEqual
from mo_tensorflow.registry import tf_op


@tf_op("Less")
def less(x: Value, y: Value) -> Value:
    return Less(x, y)


@tf_op("LessEqual")
def less_equal(x: Value, y: Value) -> Value:
    return LessEqual(x, y)


@tf_op("Greater")
def greater(x: Value, y: Value) -> Value:
    return Greater(x, y)


@tf_op("GreaterEqual")
def greater_equal(x: Value, y: Value) -> Value:
    return GreaterEqual(x, y)


@tf_op("Equal", ignore=("incompatible_shape_error",))
def equal(x: Value, y: Value) -> Value:
    return Equal(x, y)


@tf_op("NotEqual", ignore=("incompatible_shape_error",))
def not_equal(x: Value, y: Value) -> Value:
    return NotEqual(x, y)


@tf_op("LogicalAnd")
def logical_and(x: Value, y: Value) -> Value:
    return LogicalAnd(x, y)


@tf_op("LogicalOr")
def logical_or(x: Value, y: Value) -> Value:
    return LogicalOr(x, y)


@tf_op("LogicalNot")
def logical_not(x: Value) -> Value:
    return LogicalNot(x)
