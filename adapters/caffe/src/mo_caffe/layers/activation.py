"""Layers that compute each value by itself."""

from __future__ import annotations

from mo_caffe.blobs import per_channel, shaped
from mo_caffe.registry import caffe_layer
from mo_core.build import constant_like
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Clamp,
    Convert,
    Elu,
    Greater,
    HSigmoid,
    HSwish,
    Mish,
    Multiply,
    PReLU,
    ReLU,
    Select,
    Sigmoid,
    SoftPlus,
    Swish,
    Tanh,
)


@caffe_layer("ReLU", "relu_param")
def relu(x: Value, *, negative_slope: float = 0.0) -> Value:
    return ReLU(x) if negative_slope == 0 else PReLU(x, constant_like(x, [negative_slope]))


@caffe_layer("ReLU6", "relu6_param", "relu_param")
def relu6(x: Value, *, threshold: float = 6.0) -> Value:
    return clip(x, min=0.0, max=threshold)


@caffe_layer("PReLU", "prelu_param")
def prelu(x: Value, slope: Value, *, channel_shared: bool = False) -> Value:
    return PReLU(x, shaped(slope, [-1]))


@caffe_layer("ELU", "elu_param")
def elu(x: Value, *, alpha: float = 1.0) -> Value:
    return Elu(x, alpha=alpha)


@caffe_layer("Sigmoid", "sigmoid_param")
def sigmoid(x: Value) -> Value:
    return Sigmoid(x)


@caffe_layer("TanH", "tanh_param")
@caffe_layer("Tanh", "tanh_param")
@caffe_layer("tanh", "tanh_param")
def tanh(x: Value) -> Value:
    return Tanh(x)


@caffe_layer("Swish", "swish_param")
def swish(x: Value, *, beta: float = 1.0) -> Value:
    return Swish(x) if beta == 1 else Multiply(x, Sigmoid(Multiply(x, constant_like(x, beta))))


@caffe_layer("Mish")
def mish(x: Value) -> Value:
    return Mish(x)


@caffe_layer("HSwish")
@caffe_layer("HardSwish")
def h_swish(x: Value) -> Value:
    return HSwish(x)


@caffe_layer("HSigmoid")
def h_sigmoid(x: Value) -> Value:
    return HSigmoid(x)


@caffe_layer("BNLL")
def bnll(x: Value) -> Value:
    """log(1 + exp(x))."""
    return SoftPlus(x)


@caffe_layer("AbsVal")
def abs_val(x: Value) -> Value:
    return Abs(x)


@caffe_layer("Clip", "clip_param")
def clip(x: Value, *, min: float, max: float) -> Value:
    if not min <= max:
        raise ModelError(f"nothing lies between {min} and {max}")
    return Clamp(x, min=min, max=max)


@caffe_layer("Threshold", "threshold_param")
def threshold(x: Value, *, threshold: float = 0.0) -> Value:
    """1 above the threshold, else 0."""
    return Convert(Greater(x, constant_like(x, threshold)), destination_type=t.f32)


@caffe_layer("Binarization")
def binarization(x: Value, threshold: Value) -> Value:
    """1 above the threshold of the channel, else -1."""
    border = per_channel(threshold, max(x.rank - 2, 0))
    return Select(Greater(x, border), constant_like(x, 1.0), constant_like(x, -1.0))
