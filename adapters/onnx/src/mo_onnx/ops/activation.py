"""Activation functions."""

from __future__ import annotations

from collections.abc import Callable

from mo_core.build import (
    constant_like,
    dim_of,
    flatten,
    reshape_to,
    shape_of,
    unsqueeze,
)
from mo_core.ir import Value
from mo_core.ir.types import normalize_axis
from mo_core.ops import (
    Add,
    Divide,
    Elu,
    Gelu,
    Greater,
    HardSigmoid,
    HSwish,
    Less,
    LogSoftmax,
    Mish,
    Multiply,
    OneHot,
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
)
from mo_onnx.registry import onnx_op


@onnx_op("Relu")
def relu(x: Value) -> Value:
    return ReLU(x)


@onnx_op("LeakyRelu")
def leaky_relu(x: Value, *, alpha: float = 0.01) -> Value:
    return PReLU(x, constant_like(x, alpha))


@onnx_op("PRelu")
def prelu_before_opset_7(x: Value, slope: Value) -> Value:
    """A vector of slopes goes along the channels, axis 1."""
    if slope.rank == 1 and slope.shape != (1,):
        slope = unsqueeze(slope, *range(1, x.rank - 1))
    return _prelu(x, slope)


@onnx_op("PRelu", since=7)
def prelu(x: Value, slope: Value, *, note: Callable[[str], None]) -> Value:
    if _fits_channels_only(x, slope):
        note("the slopes do not broadcast, and are as many as channels: each is taken for one of these")
        return prelu_before_opset_7(x, slope)
    return _prelu(x, slope)


def _fits_channels_only(x: Value, slope: Value) -> bool:
    if slope.rank != 1 or x.rank < 3:
        return False
    (count,), channels, last = slope.dims, x.dims[1], x.dims[-1]
    return isinstance(count, int) and isinstance(last, int) and count not in (1, last) and count == channels


def _prelu(x: Value, slope: Value) -> Value:
    if not x.element.is_real:
        return Select(Less(x, constant_like(x, 0)), Multiply(x, slope), x)
    if slope.rank == 1 and slope.shape != (1,):  # the runtime would put a bare vector along axis 1
        slope = unsqueeze(slope, *range(x.rank - 1))
    return PReLU(x, slope)


@onnx_op("Elu")
def elu(x: Value, *, alpha: float = 1.0) -> Value:
    return Elu(x, alpha=alpha)


@onnx_op("Selu")
def selu_before_opset_6(x: Value, *, alpha: float = 1.6732, gamma: float = 1.0507) -> Value:
    return selu(x, alpha=alpha, gamma=gamma)


@onnx_op("Selu", since=6)
def selu(x: Value, *, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875) -> Value:
    return Selu(x, constant_like(x, alpha), constant_like(x, gamma))


@onnx_op("Celu")
def celu(x: Value, *, alpha: float = 1.0) -> Value:
    scale = constant_like(x, alpha)
    return Multiply(Elu(Divide(x, scale), alpha=1.0), scale)


@onnx_op("Gelu")
def gelu(x: Value, *, approximate: str = "none") -> Value:
    return Gelu(x, approximation_mode="TANH" if approximate == "tanh" else "ERF")


@onnx_op("Sigmoid")
def sigmoid(x: Value) -> Value:
    return Sigmoid(x)


@onnx_op("HardSigmoid")
def hard_sigmoid(x: Value, *, alpha: float = 0.2, beta: float = 0.5) -> Value:
    return HardSigmoid(x, constant_like(x, alpha), constant_like(x, beta))


@onnx_op("HardSwish")
def hard_swish(x: Value) -> Value:
    return HSwish(x)


@onnx_op("Mish")
def mish(x: Value) -> Value:
    return Mish(x)


@onnx_op("Softplus")
def softplus(x: Value) -> Value:
    return SoftPlus(x)


@onnx_op("Softsign")
def softsign(x: Value) -> Value:
    return SoftSign(x)


@onnx_op("ThresholdedRelu")
def thresholded_relu(x: Value, *, alpha: float = 1.0) -> Value:
    return Select(Greater(x, constant_like(x, alpha)), x, constant_like(x, 0))


@onnx_op("Shrink")
def shrink(x: Value, *, bias: float = 0.0, lambd: float = 0.5) -> Value:
    shift, zero = constant_like(x, bias), constant_like(x, 0)
    above = Select(Greater(x, constant_like(x, lambd)), Subtract(x, shift), zero)
    return Select(Less(x, constant_like(x, -lambd)), Add(x, shift), above)


@onnx_op("Swish")
def swish(x: Value, *, alpha: float = 1.0) -> Value:
    return Swish(x) if alpha == 1 else Swish(x, constant_like(x, alpha))


@onnx_op("SwiGLU")
def swiglu(gate: Value, x: Value, *, alpha: float = 1.0) -> Value:
    return Multiply(swish(gate, alpha=alpha), x)


# -- along an axis


def as_matrix(x: Value, axis: int, function: Callable[[Value, int], Value]) -> Value:
    """`function(x, axis)` on `x` as a matrix, split before `axis`: how these ops worked before opset 13."""
    axis = normalize_axis(axis, x.rank)
    if axis == x.rank - 1 or all(d == 1 for d in x.dims[axis + 1 :]):
        return function(x, axis)
    return reshape_to(function(flatten(x, axis), 1), shape_of(x))


@onnx_op("Softmax")
def softmax_of_matrix(x: Value, *, axis: int = 1) -> Value:
    return as_matrix(x, axis, softmax_along)


@onnx_op("Softmax", since=13)
def softmax(x: Value, *, axis: int = -1) -> Value:
    return softmax_along(x, axis)


@onnx_op("LogSoftmax")
def log_softmax_of_matrix(x: Value, *, axis: int = 1) -> Value:
    return as_matrix(x, axis, log_softmax_along)


@onnx_op("LogSoftmax", since=13)
def log_softmax(x: Value, *, axis: int = -1) -> Value:
    return log_softmax_along(x, axis)


@onnx_op("Hardmax")
def hardmax_of_matrix(x: Value, *, axis: int = 1) -> Value:
    return as_matrix(x, axis, hardmax_along)


@onnx_op("Hardmax", since=13)
def hardmax(x: Value, *, axis: int = -1) -> Value:
    return hardmax_along(x, axis)


def softmax_along(x: Value, axis: int) -> Value:
    """Softmax along one axis."""
    return Softmax(x, axis=axis)


def log_softmax_along(x: Value, axis: int) -> Value:
    """Logarithm of softmax along one axis."""
    return LogSoftmax(x, axis=axis)


def hardmax_along(x: Value, axis: int) -> Value:
    """One where the first maximum along the axis is, else zero."""
    from mo_onnx.ops.reduction import arg_extreme

    index = arg_extreme(x, "max", axis, keepdims=False)
    return OneHot(index, dim_of(x, axis), constant_like(x, 1), constant_like(x, 0), axis=axis)
