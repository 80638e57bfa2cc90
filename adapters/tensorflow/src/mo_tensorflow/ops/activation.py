"""Activation functions."""

from __future__ import annotations

from mo_core.build import constant_like
from mo_core.ir import Value
from mo_core.ops import (
    Add,
    Clamp,
    Elu,
    Gelu,
    Greater,
    Less,
    LogicalOr,
    LogSoftmax,
    Maximum,
    Minimum,
    Mish,
    PReLU,
    ReLU,
    Select,
    Selu,
    Sigmoid,
    Softmax,
    SoftPlus,
    SoftSign,
    Subtract,
    Swish,
    Tanh,
)
from mo_tensorflow.registry import tf_op

_SCALE = 1.0507009873554804934193349852946
_ALPHA = 1.6732632423543772848170429916717


@tf_op("Relu")
def relu(x: Value) -> Value:
    """Whole numbers have no ReLU in the runtime."""
    return ReLU(x) if x.element.is_real else Maximum(x, constant_like(x, 0))


@tf_op("Relu6")
def relu6(x: Value) -> Value:
    return Clamp(x, min=0.0, max=6.0)


@tf_op("LeakyRelu")
def leaky_relu(x: Value, *, alpha: float = 0.2) -> Value:
    return PReLU(x, constant_like(x, alpha))


@tf_op("Elu")
def elu(x: Value) -> Value:
    return Elu(x, alpha=1.0)


@tf_op("Selu")
def selu(x: Value) -> Value:
    return Selu(x, constant_like(x, _ALPHA), constant_like(x, _SCALE))


@tf_op("Sigmoid")
def sigmoid(x: Value) -> Value:
    return Sigmoid(x)


@tf_op("Tanh")
def tanh(x: Value) -> Value:
    return Tanh(x)


@tf_op("Softplus")
def softplus(x: Value) -> Value:
    return SoftPlus(x)


@tf_op("Softsign")
def softsign(x: Value) -> Value:
    return SoftSign(x)


@tf_op("Softmax")
def softmax(x: Value) -> Value:
    return Softmax(x, axis=-1)


@tf_op("LogSoftmax")
def log_softmax(x: Value) -> Value:
    return LogSoftmax(x, axis=-1)


@tf_op("swish_f32", "swish_f16", "Swish")
def swish(x: Value) -> Value:
    return Swish(x)


@tf_op("Mish", "Addons>Mish")
def mish(x: Value) -> Value:
    return Mish(x)


@tf_op("Addons>Gelu", "Gelu")
def gelu(x: Value, *, approximate: bool = True) -> Value:
    return Gelu(x, approximation_mode="TANH" if approximate else "ERF")


def gelu_exact(x: Value) -> Value:
    """By the error function itself."""
    return Gelu(x, approximation_mode="ERF")


@tf_op("Addons>Hardshrink")
def hard_shrink(x: Value, *, lower: float = -0.5, upper: float = 0.5) -> Value:
    kept = LogicalOr(Less(x, constant_like(x, lower)), Greater(x, constant_like(x, upper)))
    return Select(kept, x, constant_like(x, 0))


@tf_op("Addons>Softshrink")
def soft_shrink(x: Value, *, lower: float = -0.5, upper: float = 0.5) -> Value:
    below = Minimum(Subtract(x, constant_like(x, lower)), constant_like(x, 0))
    return Add(below, Maximum(Subtract(x, constant_like(x, upper)), constant_like(x, 0)))


@tf_op("Addons>Tanhshrink")
def tanh_shrink(x: Value) -> Value:
    return Subtract(x, Tanh(x))
