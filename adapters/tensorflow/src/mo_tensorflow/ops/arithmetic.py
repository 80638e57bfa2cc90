"""Sums, products and their kin."""

from __future__ import annotations

from mo_core.build import channel_vector
from mo_core.ir import Value
from mo_core.ops import Add, Multiply, Subtract
from mo_tensorflow.registry import tf_op
from mo_tensorflow.window import channels_last


@tf_op("Add", "AddV2")
def add(x: Value, y: Value) -> Value:
    return Add(x, y)


@tf_op("Sub")
def subtract(x: Value, y: Value) -> Value:
    return Subtract(x, y)


@tf_op("Mul")
def multiply(x: Value, y: Value) -> Value:
    return Multiply(x, y)


@tf_op("BiasAdd")
def bias_add(x: Value, bias: Value, *, data_format: str = "NHWC") -> Value:
    return Add(x, bias if channels_last(data_format) else channel_vector(bias, x.rank - 2))
