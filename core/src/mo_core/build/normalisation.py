"""Normalisation by statistics that were learned, or by those of the data itself.

Mean and variance are those of all elements along some axes, the variance not corrected. `epsilon` is added to the
variance inside of the root. Scales and shifts are vectors with a number for each channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from mo_core.build.basics import (
    broadcast_to,
    channel_vector,
    constant_like,
    convert_like,
    dim,
    ints,
    move_axis,
    reshape_to,
    slice_axis,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    LRN,
    MVN,
    Add,
    BatchNormInference,
    Divide,
    GroupNormalization,
    Multiply,
    Pad,
    Power,
    ReduceMean,
    Sqrt,
    SquaredDifference,
)

_MOST_SUMMED = 64
"""Channels over which `local_response` sums by one addition each."""


# -- parts


def affine(x: Value, scale: Value | None, shift: Value | None, axis: int = 1) -> Value:
    """`scale * x + shift` with a number of each for every index of an axis; what is missing is left out."""
    after = x.rank - 1 - t.normalize_axis(axis, x.rank)
    y = x if scale is None else Multiply(x, channel_vector(scale, after))
    return y if shift is None else Add(y, channel_vector(shift, after))


def statistics(x: Value, axes: Iterable[int], keep_dims: bool = True) -> tuple[Value, Value]:
    """Mean and variance along some axes."""
    over = ints(axes)
    mean = ReduceMean(x, over, keep_dims=True)
    variance = ReduceMean(SquaredDifference(x, mean), over, keep_dims=keep_dims)
    return (mean if keep_dims else ReduceMean(x, over, keep_dims=False)), variance


def deviation(variance: Value, epsilon: float) -> Value:
    """`sqrt(variance + epsilon)`."""
    return Sqrt(Add(variance, constant_like(variance, epsilon)))


def reciprocal_deviation(variance: Value, epsilon: float) -> Value:
    """`1 / sqrt(variance + epsilon)`."""
    return Divide(constant_like(variance, 1.0), deviation(variance, epsilon))


# -- normalisations


def by_learned_statistics(
    x: Value, scale: Value, shift: Value, mean: Value, variance: Value, epsilon: float, axis: int = 1
) -> Value:
    """`scale * (x - mean) / sqrt(variance + epsilon) + shift`, a number of each for every index of the channel axis.

    The learned ones are taken in the element type of `x`. `x` may have an unknown rank when `axis` is 1
    (BatchNormInference-5, which the pass linear-fusion puts into convolutions and products).
    """
    gamma, beta, middle, spread = (convert_like(v, x) for v in (scale, shift, mean, variance))
    if axis == 1 or t.normalize_axis(axis, x.rank) == 1:
        return BatchNormInference(x, gamma, beta, middle, spread, epsilon=epsilon)
    first = move_axis(x, axis, 1)
    return move_axis(BatchNormInference(first, gamma, beta, middle, spread, epsilon=epsilon), 1, axis)


def by_own_statistics(x: Value, axes: Iterable[int] | Value, epsilon: float) -> Value:
    """`(x - mean) / sqrt(variance + epsilon)` along some axes (MVN-6)."""
    over = axes if isinstance(axes, Value) else ints(axes)
    return MVN(x, over, normalize_variance=True, eps=epsilon, eps_mode="inside_sqrt")


def instance_norm(x: Value, scale: Value | None, shift: Value | None, epsilon: float) -> Value:
    """Each channel of each image, N, C, <spatial>, by its own statistics."""
    return affine(by_own_statistics(x, range(2, x.rank), epsilon), scale, shift)


def group_norm(x: Value, scale: Value, shift: Value, groups: int, epsilon: float) -> Value:
    """Each group of channels of each image by its own statistics (GroupNormalization-12).

    Scale and shift have a number for each channel, or for each group. Raises ModelError when the channels cannot be
    divided, and Unsupported when their number is not known and has to be.
    """
    channels = dim(x, 1)
    if groups < 1 or (isinstance(channels, int) and channels % groups):
        raise ModelError(f"{channels} channels cannot be divided into {groups} groups")
    gamma, beta = (_per_channel(v, groups, channels) for v in (scale, shift))
    return GroupNormalization(x, gamma, beta, num_groups=groups, epsilon=epsilon)


def _per_channel(v: Value, groups: int, channels: t.Dim) -> Value:
    """A number for each group as a number for each channel."""
    if dim(v, 0) != groups or channels == groups:
        return v
    if not isinstance(channels, int):
        raise Unsupported("the number of channels must be known", "Give the shape with --input.")
    return reshape_to(broadcast_to(unsqueeze(v, 1), [groups, channels // groups]), [channels])


def rms_norm(x: Value, axes: Sequence[int], epsilon: float) -> Value:
    """`x / sqrt(mean(x^2) + epsilon)`, in the form that the runtime fuses."""
    square = ReduceMean(Power(x, constant_like(x, 2.0)), ints(axes), keep_dims=True)
    return Multiply(x, reciprocal_deviation(square, epsilon))


def local_response(x: Value, size: int, alpha: float, beta: float, bias: float) -> Value:
    """`x / (bias + alpha / size * sum(x^2)) ^ beta`, the sum going over the `size` channels around each one.

    The greater half of an even number comes after; the runtime's LRN-1 knows odd numbers only. Raises Unsupported for
    a large even number.
    """
    if size % 2:
        return LRN(x, ints([1]), alpha=alpha, beta=beta, bias=bias, size=size)
    if not 1 < size <= _MOST_SUMMED:
        raise Unsupported(f"LRN over {size} channels is not supported; odd sizes are, and even ones to {_MOST_SUMMED}")
    before, after = (([0, n] + [0] * (x.rank - 2)) for n in ((size - 1) // 2, size // 2))
    padded = Pad(Multiply(x, x), ints(before), ints(after), constant_like(x, 0))
    total = reduce(Add, [slice_axis(padded, 1, i, i + 1 - size or t.INF) for i in range(size)])
    scaled = Add(Multiply(total, constant_like(x, alpha / size)), constant_like(x, bias))
    return Divide(x, Power(scaled, constant_like(x, beta)))
