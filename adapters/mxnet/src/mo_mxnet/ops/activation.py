"""Activations."""

from __future__ import annotations

from mo_core.build import (
    arange,
    channel_vector,
    constant_like,
    dim,
    dim_size,
    reshape_to,
    to_element,
    unsqueeze,
)
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    Clamp,
    Divide,
    Elu,
    Gelu,
    HardSigmoid,
    Less,
    LogSoftmax,
    Maximum,
    Negative,
    PReLU,
    ReLU,
    Select,
    Selu,
    Sigmoid,
    Softmax,
    SoftPlus,
    SoftSign,
    Tanh,
)
from mo_mxnet.attributes import element
from mo_mxnet.elements import as_real
from mo_mxnet.learned import channels_of, check_fit
from mo_mxnet.registry import mxnet_op

SELU = 1.6732632423543772, 1.0507009873554805
FUNCTIONS = {"relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh, "softrelu": SoftPlus, "softsign": SoftSign}


def activated(x: Value, act_type: str) -> Value:
    """One of the functions of `Activation`."""
    if act_type not in FUNCTIONS:
        raise ModelError(f'act_type is "{act_type[:40]}", which is none of {", ".join(FUNCTIONS)}')
    return FUNCTIONS[act_type](x)


@mxnet_op("Activation", "_npx_activation")
def activation(x: Value, *, act_type: str) -> Value:
    return activated(x, act_type)


@mxnet_op("relu", "_sparse_relu", "_npx_relu")
def relu(x: Value) -> Value:
    return ReLU(x)


@mxnet_op("sigmoid", "_sparse_sigmoid", "_npx_sigmoid")
def sigmoid(x: Value) -> Value:
    return to_element(Sigmoid(as_real(x)), x.element)


@mxnet_op("softsign")
def softsign(x: Value) -> Value:
    return SoftSign(as_real(x))


@mxnet_op("hard_sigmoid")
def hard_sigmoid(x: Value, *, alpha: float = 0.2, beta: float = 0.5) -> Value:
    return HardSigmoid(x, constant_like(x, alpha), constant_like(x, beta))


@mxnet_op("LeakyReLU", "_npx_leaky_relu")
def leaky_relu(
    x: Value,
    gamma: Value | None = None,
    *,
    act_type: str = "leaky",
    slope: float = 0.25,
    lower_bound: float = 0.125,
    upper_bound: float = 0.334,
) -> Value:
    """The family; the random slope of `rrelu` is its mean at inference."""
    if act_type == "leaky":
        return PReLU(x, constant_like(x, slope))
    if act_type == "rrelu":
        return PReLU(x, constant_like(x, (lower_bound + upper_bound) / 2))
    if act_type == "elu":
        return Elu(x, alpha=slope)
    if act_type == "selu":
        alpha, scale = SELU
        return Selu(x, constant_like(x, alpha), constant_like(x, scale))
    if act_type == "gelu":
        return Gelu(x)
    if act_type != "prelu":
        raise ModelError(f'act_type is "{act_type[:40]}", which is none of leaky, prelu, elu, selu, gelu, rrelu')
    if gamma is None:
        raise ModelError("LeakyReLU with act_type prelu needs gamma, and it is not given")
    return prelu(x, gamma)


def prelu(x: Value, gamma: Value) -> Value:
    """`gamma` is one number, a vector with a number a channel, or broadcasts as it is."""
    if gamma.rank == 1 and dim(gamma, 0) != 1 and x.rank > 1:
        check_fit(gamma, [channels_of(x)])
    if gamma.rank == 1 and dim(gamma, 0) != 1 and x.rank > 2:
        return PReLU(x, gamma) if x.rank == 4 else PReLU(x, channel_vector(gamma, x.rank - 2))
    return PReLU(x, gamma)


@mxnet_op("softmax", "_npx_softmax")
def softmax(
    x: Value,
    length: Value | None = None,
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: str | None = None,
    use_length: bool | None = False,
) -> Value:
    """Along an axis; `length` is how many of its elements count, the others give 0."""
    y = _scaled(x, temperature, dtype)
    if not use_length or length is None:
        return Softmax(y, axis=axis)
    counts = _inside(y, length, axis)
    kept = Softmax(Select(counts, y, constant_like(y, float("-inf"))), axis=axis)
    return Select(counts, kept, constant_like(y, 0))


@mxnet_op("softmin")
def softmin(
    x: Value,
    length: Value | None = None,
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: str | None = None,
    use_length: bool | None = False,
) -> Value:
    return softmax(Negative(x), length, axis=axis, temperature=temperature, dtype=dtype, use_length=use_length)


@mxnet_op("log_softmax", "_npx_log_softmax")
def log_softmax(
    x: Value,
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: str | None = None,
    use_length: bool | None = False,
) -> Value:
    return LogSoftmax(_scaled(x, temperature, dtype), axis=axis)


def _scaled(x: Value, temperature: float | None, dtype: str | None) -> Value:
    y = as_real(x) if dtype is None else to_element(x, element(dtype))
    return y if temperature in (None, 1.0) else Divide(y, constant_like(y, temperature))


def _inside(x: Value, length: Value, axis: int) -> Value:
    """True for the first `length` elements along an axis; `length` has the other axes of `x`."""
    axis = t.normalize_axis(axis, x.rank)
    places = reshape_to(arange(dim_size(x, axis)), [-1, *[1] * (x.rank - 1 - axis)])
    return Less(places, unsqueeze(to_element(length, t.i64), axis))


@mxnet_op("SoftmaxActivation")
def softmax_activation(x: Value, *, mode: str = "instance") -> Value:
    """Over the channels of each place, or over the last axis."""
    return Softmax(x, axis=1 if mode == "channel" else -1)


@mxnet_op("clip", "_npi_clip", "_sparse_clip")
def clip(x: Value, *, a_min: float | None = None, a_max: float | None = None) -> Value:
    low = float("-inf") if a_min is None else a_min
    high = float("inf") if a_max is None else a_max
    if x.element.is_real:
        return Clamp(x, min=max(low, -3.4028234663852886e38), max=min(high, 3.4028234663852886e38))
    from mo_core.ops import Minimum

    y = x if low == float("-inf") else Maximum(x, constant_like(x, int(low)))
    return y if high == float("inf") else Minimum(y, constant_like(x, int(high)))
