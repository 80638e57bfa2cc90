"""Normalisations."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import constant_like, dim_of, element_count, permute, reshape_to, to_element
from mo_core.build.normalisation import (
    affine,
    by_learned_statistics,
    by_own_statistics,
    deviation,
    reciprocal_deviation,
    statistics,
)
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ops import (
    LRN,
    Add,
    Divide,
    Maximum,
    Multiply,
    ReLU,
    Subtract,
)
from mo_tensorflow.registry import tf_op
from mo_tensorflow.window import channels_last

_UNUSED = ("U", "num_side_inputs")


def normalised(
    x: Value, scale: Value, offset: Value, mean: Value, variance: Value, layout: str, epsilon: float
) -> Value:
    """By statistics that were learned, one of each for a channel; half precision data with them in f32, too."""
    axis = x.rank - 1 if channels_last(layout) else 1
    return by_learned_statistics(x, scale, offset, mean, variance, epsilon, axis)


@tf_op("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "_FusedBatchNormEx", ignore=_UNUSED)
def batch_norm(
    x: Value,
    scale: Value,
    offset: Value,
    mean: Value,
    variance: Value,
    side: Value | None = None,
    *,
    epsilon: float = 0.0001,
    data_format: str = "NHWC",
    is_training: bool = True,
    exponential_avg_factor: float = 1.0,
    activation_mode: str = "Identity",
) -> Sequence[Value]:
    """With learned statistics; with those of the batch where the graph still trains.

    The latter are results then, and so is what they and those before make of the running ones.
    """
    if is_training:
        y, own_mean, own_variance, corrected = _by_batch(x, scale, offset, data_format, epsilon)
        running = [_moved(mean, own_mean, exponential_avg_factor), _moved(variance, corrected, exponential_avg_factor)]
        mean, variance = own_mean, own_variance
    else:
        y, running = normalised(x, scale, offset, mean, variance, data_format, epsilon), [mean, variance]
    if side is not None:
        y = Add(y, side)
    if activation_mode == "Relu":
        y = ReLU(y)
    elif activation_mode != "Identity":
        raise ModelError(f'a batch norm has the activation "{activation_mode}"')
    return y, *running, mean, variance, variance


def _moved(before: Value, now: Value, by: float) -> Value:
    """A running statistic that goes a part of the way to one of this batch."""
    if by == 1 or before.shape == (0,):
        return now
    return Add(Multiply(before, constant_like(before, 1 - by)), Multiply(now, constant_like(now, by)))


def _by_batch(x: Value, scale: Value, offset: Value, layout: str, epsilon: float) -> tuple[Value, Value, Value, Value]:
    last = channels_last(layout)
    axes = [i for i in range(x.rank) if i != (x.rank - 1 if last else 1)]
    wide = to_element(x, scale.element)
    mean, variance = statistics(wide, axes)
    count = Divide(to_element(reshape_to(element_count(x), []), scale.element), _channels(x, last, scale))
    correction = Divide(count, Maximum(Subtract(count, constant_like(count, 1)), constant_like(count, 1)))
    shape = [-1] if last else [1, -1, *[1] * (x.rank - 2)]
    factor = Divide(reshape_to(scale, shape), deviation(variance, epsilon))
    y = Add(Multiply(Subtract(wide, mean), factor), reshape_to(offset, shape))
    flat_mean, flat_variance = reshape_to(mean, [-1]), reshape_to(variance, [-1])
    return to_element(y, x.element), flat_mean, flat_variance, Multiply(flat_variance, correction)


def _channels(x: Value, last: bool, like: Value) -> Value:
    return to_element(reshape_to(dim_of(x, -1 if last else 1), []), like.element)


@tf_op("BatchNormWithGlobalNormalization")
def batch_norm_v1(
    x: Value,
    mean: Value,
    variance: Value,
    beta: Value,
    gamma: Value,
    *,
    variance_epsilon: float,
    scale_after_normalization: bool,
) -> Value:
    factor = reciprocal_deviation(variance, variance_epsilon)
    if scale_after_normalization:
        factor = Multiply(factor, gamma)
    return Add(Multiply(Subtract(x, mean), factor), beta)


@tf_op("LRN")
def local_response(
    x: Value, *, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5
) -> Value:
    """The runtime divides alpha by the size of the window."""
    size = 2 * depth_radius + 1
    first = permute(x, (0, 3, 1, 2))
    y = LRN(first, [1], alpha=alpha * size, beta=beta, bias=bias, size=size)
    return permute(y, (0, 2, 3, 1))


@tf_op("_MklLayerNorm", ignore=("T",))
def layer_norm(x: Value, scale: Value, offset: Value, *, epsilon: float = 0.001) -> Value:
    return affine(by_own_statistics(x, [-1], epsilon), scale, offset, -1)
