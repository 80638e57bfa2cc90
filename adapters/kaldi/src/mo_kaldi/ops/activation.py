"""Activations."""

from __future__ import annotations

from mo_core.build import concat, split
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ops import Add, LogSoftmax, Maximum, Minimum, Multiply, ReLU, Sigmoid, Softmax, SoftPlus, Tanh
from mo_kaldi.network import whole_numbers
from mo_kaldi.ops.matmul import row
from mo_kaldi.registry import kaldi_component, tensors
from mo_kaldi.stream import Raw

_SIZES = ("Dim", "BlockDim", "InputDim", "OutputDim")


@kaldi_component("RectifiedLinearComponent", "RectifiedLinear", "ReLU", ignore=_SIZES)
def relu(x: Value) -> Value:
    return ReLU(x)


@kaldi_component("SigmoidComponent", "Sigmoid", ignore=_SIZES)
def sigmoid(x: Value) -> Value:
    return Sigmoid(x)


@kaldi_component("TanhComponent", "Tanh", ignore=_SIZES)
def tanh(x: Value) -> Value:
    return Tanh(x)


@kaldi_component("SoftmaxComponent", "Softmax", "HiddenSoftmax", ignore=_SIZES)
def softmax(x: Value) -> Value:
    return Softmax(x, axis=1)


@kaldi_component("LogSoftmaxComponent", ignore=_SIZES)
def log_softmax(x: Value) -> Value:
    return LogSoftmax(x, axis=1)


@kaldi_component("SoftHingeComponent", ignore=_SIZES)
def soft_hinge(x: Value) -> Value:
    return SoftPlus(x)


@kaldi_component("ParametricRelu")
def parametric_relu(x: Value, *, values: tuple[Raw, ...]) -> Value:
    """Factors for what is above zero, then for what is below."""
    above, below = tensors(values, 2)
    return Add(Multiply(Maximum(x, 0.0), row(above)), Multiply(Minimum(x, 0.0), row(below)))


@kaldi_component("BlockSoftmax")
def block_softmax(x: Value, *, values: tuple[Raw, ...]) -> Value:
    """A softmax for each of several blocks of columns."""
    sizes = whole_numbers(values[0] if values else None, "the blocks of <BlockSoftmax>")
    if not sizes or min(sizes) < 1:
        raise ModelError("a BlockSoftmax has an empty block")
    return concat([Softmax(part, axis=1) for part in split(x, 1, sizes)], 1)
