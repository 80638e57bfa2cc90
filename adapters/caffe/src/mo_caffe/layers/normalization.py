"""Normalisation by statistics, learned or of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mo_caffe.blobs import REMEDY, per_channel, shaped
from mo_caffe.registry import caffe_layer
from mo_caffe.sizes import reshaped
from mo_core.build import ints
from mo_core.build.normalisation import by_own_statistics, local_response
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Constant, Value
from mo_core.ir.tensor import lazy
from mo_core.ops import GRN, LRN, MVN, Add, Multiply, NormalizeL2, ReduceL2, Reshape, ShapeOf, Subtract


def learned(function: Callable[..., Any], *blobs: Value, length: int) -> Value:
    """A vector of this length as a function of learned blobs, each of which comes as a vector or a number."""
    tensors = [b.tensor for b in blobs]
    odd = next((x for x in tensors if x is not None and x.size not in (1, length)), None)
    if odd is not None:
        raise ModelError(f"a blob has {odd.size} values, and there are {length} channels", REMEDY)
    if any(x is None for x in tensors):
        raise Unsupported("what the layer learned must be constant", "Do not cut or freeze its blobs.")

    def vector(*arrays: Any) -> Any:
        return function(*[a.reshape(-1) for a in arrays]).astype(np.float32)

    return Constant(value=lazy(vector, *[x for x in tensors if x is not None], shape=(length,)))


def affine(x: Value, factor: Value, term: Value) -> Value:
    """`factor * x + term`, both learned per channel."""
    behind = max(x.rank - 2, 0)
    return Add(Multiply(x, per_channel(factor, behind)), per_channel(term, behind))


def count_of(blob: Value) -> int:
    """The number of values of a blob."""
    return int(np.prod(blob.static_shape, dtype=np.int64))


@caffe_layer("BatchNorm", "batch_norm_param", ignore=("moving_average_fraction", "scale_bias"))
def batch_norm(
    x: Value,
    mean: Value | None = None,
    variance: Value | None = None,
    total: Value | None = None,
    scale: Value | None = None,
    shift: Value | None = None,
    *,
    use_global_stats: bool = True,
    eps: float = 1e-5,
) -> Value:
    """Mean and variance are sums, to be divided by `total` (0: they are 0). Some forks have scale and shift inside."""
    if not use_global_stats:
        y = batch_statistics(x, eps)
    elif mean is None or variance is None or total is None:
        raise ModelError("the layer has no mean and variance", REMEDY)
    else:
        channels = count_of(mean)
        if count_of(variance) != channels or count_of(total) != 1:
            counts = f"{channels} means, {count_of(variance)} variances and {count_of(total)} totals"
            raise ModelError(f"the layer has {counts}", REMEDY)
        factor = learned(lambda v, n: 1 / np.sqrt(v * _share(n) + eps), variance, total, length=channels)
        term = learned(
            lambda m, v, n: -m * _share(n) / np.sqrt(v * _share(n) + eps), mean, variance, total, length=channels
        )
        y = affine(x, factor, term)
    return y if scale is None or shift is None else affine(y, scale, shift)


def _share(total: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.where(total == 0, np.float32(0), 1 / total)


def batch_statistics(x: Value, eps: float) -> Value:
    """`x` normalised by the mean and variance of each channel over the batch."""
    return by_own_statistics(x, [0, *range(2, x.rank)], eps)


@caffe_layer("BN", "bn_param", ignore=("momentum", "frozen", "moving_average", "decay"))
def bn(
    x: Value,
    scale: Value,
    shift: Value,
    mean: Value | None = None,
    variance: Value | None = None,
    *,
    eps: float | None = None,
    var_eps: float | None = None,
    bn_mode: str = "LEARN",
) -> Value:
    """Forks: four blobs are a batch norm; two have the statistics inside (INFERENCE), or are for those of the batch."""
    epsilon = next((e for e in (eps, var_eps) if e is not None), 1e-5 if mean is not None else 1e-10)
    if mean is not None and variance is not None:
        channels = count_of(scale)
        factor = learned(lambda s, v: s / np.sqrt(v + epsilon), scale, variance, length=channels)
        blobs = (scale, shift, mean, variance)
        term = learned(lambda s, b, m, v: b - s * m / np.sqrt(v + epsilon), *blobs, length=channels)
        return affine(x, factor, term)
    if bn_mode == "LEARN":
        x = batch_statistics(x, epsilon)
    elif bn_mode != "INFERENCE":
        raise ModelError(f"bn_mode is {bn_mode}, which is none of LEARN, INFERENCE")
    return affine(x, scale, shift)


@caffe_layer("LRN", "lrn_param")
def lrn(
    x: Value,
    *,
    local_size: int = 5,
    alpha: float = 1.0,
    beta: float = 0.75,
    norm_region: str = "ACROSS_CHANNELS",
    k: float = 1.0,
) -> Value:
    """Within a channel Caffe takes no notice of `k`."""
    if local_size < 1 or local_size % 2 == 0:
        raise ModelError(f"local_size is {local_size}, and an odd number is needed")
    if norm_region == "WITHIN_CHANNEL":
        return LRN(x, ints([2, 3]), alpha=alpha, beta=beta, bias=1.0, size=local_size)
    if norm_region != "ACROSS_CHANNELS":
        raise ModelError(f"norm_region is {norm_region}, which is none of ACROSS_CHANNELS, WITHIN_CHANNEL")
    return local_response(x, local_size, alpha, beta, k)


@caffe_layer("MVN", "mvn_param")
def mvn(x: Value, *, normalize_variance: bool = True, across_channels: bool = False, eps: float = 1e-9) -> Value:
    axes = range(1 if across_channels else 2, x.rank)
    if not axes:  # every value is its own mean
        return Subtract(x, x)
    return MVN(x, ints(axes), normalize_variance=normalize_variance, eps=eps, eps_mode="outside_sqrt")


@caffe_layer("Normalize", "norm_param", "normalize_param")
def normalize(
    x: Value, scale: Value, *, across_spatial: bool = True, channel_shared: bool = True, eps: float = 1e-10
) -> Value:
    """Divided by the root of the sum of squares over channels, or over the whole image; then one scale per channel."""
    axes = ints(range(1, x.rank)) if across_spatial else ints([1])
    y = NormalizeL2(x, axes, eps=eps, eps_mode="add")
    return Multiply(y, shaped(scale, [1]) if channel_shared else per_channel(scale, x.rank - 2))


@caffe_layer("GroupNorm", "group_norm_param")
def group_norm(
    x: Value, scale: Value | None = None, shift: Value | None = None, *, group_num: int = 32, eps: float = 1e-5
) -> Value:
    """Channels in groups, each group of each image by its own mean and variance."""
    if group_num < 1:
        raise ModelError(f"group_num is {group_num}, and must be positive")
    groups = reshaped(x, [0, group_num, -1], keep=True)
    y = Reshape(by_own_statistics(groups, [2], eps), ShapeOf(x), special_zero=False)
    return y if scale is None or shift is None else affine(y, scale, shift)


@caffe_layer("GRN", "grn_param")
def grn(x: Value, *, bias: float = 1.0) -> Value:
    return GRN(x, bias=bias)


@caffe_layer("ChannelNorm")
def channel_norm(x: Value) -> Value:
    """The length of the vector of channels, for each place of each image."""
    return ReduceL2(x, ints([1]), keep_dims=True)


@caffe_layer("InstanceNorm", "instance_norm_param", ignore=("momentum",))
def instance_norm(x: Value, scale: Value | None = None, shift: Value | None = None, *, eps: float = 1e-5) -> Value:
    """Each channel of each image by its own mean and variance."""
    y = by_own_statistics(x, range(2, x.rank), eps)
    return y if scale is None or shift is None else affine(y, scale, shift)
