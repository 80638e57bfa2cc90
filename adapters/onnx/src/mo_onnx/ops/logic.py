"""Comparison, logic, bits and selection."""

from __future__ import annotations

from mo_core.ir import Value
from mo_core.ops import (
    BitwiseAnd,
    BitwiseNot,
    BitwiseOr,
    BitwiseXor,
    Equal,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    LogicalAnd,
    LogicalNot,
    LogicalOr,
    LogicalXor,
    Select,
)
from mo_onnx.ops.arithmetic import elementwise
from mo_onnx.registry import onnx_op


@elementwise("And")
def and_(a: Value, b: Value) -> Value:
    return LogicalAnd(a, b)


@elementwise("Or")
def or_(a: Value, b: Value) -> Value:
    return LogicalOr(a, b)


@elementwise("Xor")
def xor(a: Value, b: Value) -> Value:
    return LogicalXor(a, b)


@elementwise("Equal")
def equal(a: Value, b: Value) -> Value:
    return Equal(a, b)


@elementwise("Greater")
def greater(a: Value, b: Value) -> Value:
    return Greater(a, b)


@elementwise("Less")
def less(a: Value, b: Value) -> Value:
    return Less(a, b)


@onnx_op("GreaterOrEqual")
def greater_or_equal(a: Value, b: Value) -> Value:
    return GreaterEqual(a, b)


@onnx_op("LessOrEqual")
def less_or_equal(a: Value, b: Value) -> Value:
    return LessEqual(a, b)


@onnx_op("Not")
def not_(x: Value) -> Value:
    return LogicalNot(x)


@onnx_op("BitwiseAnd")
def bitwise_and(a: Value, b: Value) -> Value:
    return BitwiseAnd(a, b)


@onnx_op("BitwiseOr")
def bitwise_or(a: Value, b: Value) -> Value:
    return BitwiseOr(a, b)


@onnx_op("BitwiseXor")
def bitwise_xor(a: Value, b: Value) -> Value:
    return BitwiseXor(a, b)


@onnx_op("BitwiseNot")
def bitwise_not(x: Value) -> Value:
    return BitwiseNot(x)


@onnx_op("Where")
def where(condition: Value, x: Value, y: Value) -> Value:
    return Select(condition, x, y)
