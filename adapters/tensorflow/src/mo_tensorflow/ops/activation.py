"""Activation functions."""

from __future__ import annotations

from mo_core.ir import Value
from mo_core.ops import ReLU, Sigmoid, Softmax, Tanh
from mo_tensorflow.registry import tf_op


@tf_op("Relu")
def relu(x: Value) -> Value:
    return ReLU(x)


@tf_op("Sigmoid")
def sigmoid(x: Value) -> Value:
    return Sigmoid(x)


@tf_op("Tanh")
def tanh(x: Value) -> Value:
    return Tanh(x)


@tf_op("Softmax")
def softmax(x: Value) -> Value:
    return Softmax(x, axis=-1)
