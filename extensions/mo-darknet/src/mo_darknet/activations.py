"""Activations by the names that Darknet gives them."""

from __future__ import annotations

from collections.abc import Callable

from mo_core.build import constant_like, ints
from mo_core.errors import ModelError, did_you_mean
from mo_core.ir import Value
from mo_core.ops import (
    Add,
    Clamp,
    Divide,
    Elu,
    Gelu,
    Mish,
    Multiply,
    PReLU,
    ReduceSum,
    ReLU,
    Selu,
    Sigmoid,
    Softmax,
    Subtract,
    Swish,
    Tanh,
)


def _leaky(slope: float) -> Callable[[Value], Value]:
    return lambda x: PReLU(x, constant_like(x, [slope]))


def _hard_mish(x: Value) -> Value:
    """x * min(2, max(0, x + 2)) / 2."""
    return Multiply(Multiply(x, Clamp(Add(x, 2.0), min=0.0, max=2.0)), 0.5)


def _outside(x: Value, low: float, high: float, slope: float) -> Value:
    """x inside of the bounds, with a slope outside of them."""
    inside = Clamp(x, min=low, max=high)
    return Add(inside, Multiply(Subtract(x, inside), slope))


def _normalised(x: Value) -> Value:
    """Positive values by the sum of those of all channels."""
    positive = ReLU(x)
    return Divide(positive, Add(ReduceSum(positive, ints([1]), keep_dims=True), 1e-4))


_SELU = (1.6732, 1.0507)
_ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "linear": lambda x: x,
    "relu": ReLU,
    "leaky": _leaky(0.1),
    "relie": _leaky(0.01),
    "ramp": lambda x: Add(ReLU(x), Multiply(x, 0.1)),
    "relu6": lambda x: Clamp(x, min=0.0, max=6.0),
    "elu": lambda x: Elu(x, alpha=1.0),
    "selu": lambda x: Selu(x, *(constant_like(x, [v]) for v in _SELU)),
    "gelu": lambda x: Gelu(x, approximation_mode="TANH"),
    "logistic": Sigmoid,
    "loggy": lambda x: Subtract(Multiply(Sigmoid(x), 2.0), 1.0),
    "tanh": Tanh,
    "swish": Swish,
    "mish": Mish,
    "hard_mish": _hard_mish,
    "hardtan": lambda x: Clamp(x, min=-1.0, max=1.0),
    "lhtan": lambda x: _outside(x, 0.0, 1.0, 0.001),
    "plse": lambda x: _outside(Add(Multiply(x, 0.125), 0.5), 0.0, 1.0, 0.08),
    "normalize_channels": _normalised,
    "normalize_channels_softmax": lambda x: Softmax(x, axis=1),
}


def activated(x: Value, name: str) -> Value:
    """x (any shape; channels are axis 1) after an activation; raises ModelError for a name that Darknet has not."""
    if name not in _ACTIVATIONS:
        raise ModelError(f'there is no activation "{name}"', did_you_mean(name, [*_ACTIVATIONS]) or "Correct the .cfg.")
    return _ACTIVATIONS[name](x)
