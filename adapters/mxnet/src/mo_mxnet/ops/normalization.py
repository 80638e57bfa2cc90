"""Normalisation by statistics of the training or of the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import (
    broadcast_to,
    channel_vector,
    constant_like,
    convert_like,
    dim,
    dim_size,
    ints,
    move_axis,
    reshape_to,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Value
from mo_core.ir import types as t
from mo_core.ops import (
    LRN,
    MVN,
    Add,
    BatchNormInference,
    Divide,
    GroupNormalization,
    Multiply,
    NormalizeL2,
    ReduceMean,
    ReduceSum,
    ReLU,
    Sqrt,
    SquaredDifference,
)
from mo_mxnet.attributes import Ints
from mo_mxnet.elements import as_real
from mo_mxnet.learned import channels_of, check_fit
from mo_mxnet.registry import mxnet_op

_TRAINING = ("momentum", "min_calib_range", "max_calib_range", "ndev", "key", "use_global_stats", "output_mean_var")


@mxnet_op("BatchNorm", "BatchNorm_v1", "CuDNNBatchNorm", "_npx_batch_norm", "_contrib_SyncBatchNorm", ignore=_TRAINING)
def batch_norm(
    x: Value,
    gamma: Value,
    beta: Value,
    mean: Value,
    var: Value,
    *,
    eps: float = 1e-3,
    fix_gamma: bool = True,
    axis: int = 1,
    node: Foreign,
) -> Sequence[Value]:
    """By the statistics of the training; `fix_gamma` stands for factors of one, whatever the file has."""
    shift, center, spread = (convert_like(v, x) for v in (beta, mean, var))
    scale = _ones(shift) if fix_gamma else convert_like(gamma, x)
    axis = 1 if x.shape is None and axis == 1 else t.normalize_axis(axis, x.rank)
    for learned in (gamma, beta, mean, var):
        check_fit(learned, [channels_of(x, axis)])
    if axis == 1:
        y: Value = BatchNormInference(x, scale, shift, center, spread, epsilon=eps)
    else:
        first = move_axis(x, axis, 1)
        y = move_axis(BatchNormInference(first, scale, shift, center, spread, epsilon=eps), 1, axis)
    if len(node.results) == 1:
        return [y]
    return [y, mean, var]


def _ones(like: Value) -> Value:
    if like.is_static:
        return constant_like(like, np.ones(like.static_shape))
    return Add(Multiply(like, constant_like(like, 0)), constant_like(like, 1))


@mxnet_op("_contrib_BatchNormWithReLU", ignore=_TRAINING)
def batch_norm_with_relu(
    x: Value,
    gamma: Value,
    beta: Value,
    mean: Value,
    var: Value,
    *,
    eps: float = 1e-3,
    fix_gamma: bool = True,
    axis: int = 1,
    node: Foreign,
) -> Sequence[Value]:
    y, *statistics = batch_norm(x, gamma, beta, mean, var, eps=eps, fix_gamma=fix_gamma, axis=axis, node=node)
    return [ReLU(y), *statistics]


@mxnet_op("InstanceNorm")
def instance_norm(x: Value, gamma: Value, beta: Value, *, eps: float = 1e-3) -> Value:
    """Each channel of each image by its own statistics."""
    spatial = x.rank - 2
    for learned in (gamma, beta):
        check_fit(learned, [channels_of(x)])
    y = MVN(x, ints(range(2, x.rank)), normalize_variance=True, eps=eps, eps_mode="inside_sqrt")
    return Add(Multiply(y, channel_vector(gamma, spatial)), channel_vector(beta, spatial))


@mxnet_op("LayerNorm", "_npx_layer_norm", ignore=("output_mean_var",))
def layer_norm(
    x: Value, gamma: Value, beta: Value, *, axis: int = -1, eps: float = 1e-5, node: Foreign
) -> Sequence[Value]:
    """Along one axis; mean and deviation are the further outputs."""
    axis = t.normalize_axis(axis, x.rank)
    for learned in (gamma, beta):
        check_fit(learned, [channels_of(x, axis)])
    y = MVN(x, ints([axis]), normalize_variance=True, eps=eps, eps_mode="inside_sqrt")
    after = x.rank - 1 - axis
    shifted = Add(Multiply(y, channel_vector(gamma, after)), channel_vector(beta, after))
    if len(node.results) == 1:
        return [shifted]
    mean = ReduceMean(x, ints([axis]), keep_dims=True)
    return [shifted, mean, _deviation(x, mean, [axis], eps)]


def _deviation(x: Value, mean: Value, axes: Sequence[int], eps: float) -> Value:
    var = ReduceMean(SquaredDifference(x, mean), ints(axes), keep_dims=True)
    return Sqrt(Add(var, constant_like(var, eps)))


@mxnet_op("GroupNorm", ignore=("output_mean_var",))
def group_norm(
    x: Value, gamma: Value, beta: Value, *, num_groups: int = 1, eps: float = 1e-5, node: Foreign
) -> Sequence[Value]:
    """Each group of channels by its own statistics; gamma and beta have a number a group (or a channel)."""
    channels = dim(x, 1)
    if num_groups < 1 or (isinstance(channels, int) and channels % num_groups):
        raise ModelError(f"GroupNorm cannot make {num_groups} groups of {channels} channels")
    gamma, beta = (_per_channel(v, num_groups, channels) for v in (gamma, beta))
    y = GroupNormalization(x, gamma, beta, num_groups=num_groups, epsilon=eps)
    if len(node.results) == 1:
        return [y]
    grouped = reshape_to(x, [dim_size(x, 0), num_groups, -1])
    mean = ReduceMean(grouped, ints([2]), keep_dims=True)
    flat = [reshape_to(v, [dim_size(x, 0), num_groups]) for v in (mean, _deviation(grouped, mean, [2], eps))]
    return [y, *flat]


def _per_channel(v: Value, groups: int, channels: t.Dim) -> Value:
    """A number a group as a number a channel."""
    if dim(v, 0) != groups or channels == groups:
        return v
    if not isinstance(channels, int):
        raise Unsupported("GroupNorm needs to know the number of channels", "Give the shape with --input.")
    return reshape_to(broadcast_to(unsqueeze(v, 1), [groups, channels // groups]), [channels])


@mxnet_op("L2Normalization")
def l2_normalization(x: Value, *, eps: float = 1e-10, mode: str = "instance") -> Value:
    """By the length over the instance, over the channels of each place, or over the places of each channel."""
    axes = {"instance": range(1, x.rank), "channel": range(1, 2), "spatial": range(2, x.rank)}.get(mode)
    if axes is None:
        raise ModelError(f'mode is "{mode}", which is none of instance, channel, spatial')
    if mode == "channel" and x.rank == 4:
        return NormalizeL2(x, ints(axes), eps=eps, eps_mode="add")
    length = Sqrt(Add(ReduceSum(Multiply(x, x), ints(axes), keep_dims=True), constant_like(x, eps)))
    return Divide(x, length)


@mxnet_op("LRN")
def lrn(x: Value, *, nsize: int, alpha: float = 1e-4, beta: float = 0.75, knorm: float = 2.0) -> Value:
    return LRN(x, ints([1]), alpha=alpha, beta=beta, bias=knorm, size=nsize)


@mxnet_op("moments")
def moments(x: Value, *, axes: Ints | None = None, keepdims: bool = False) -> Sequence[Value]:
    """Mean and variance over axes; none given: over all."""
    data = as_real(x)
    over = ints(range(x.rank) if axes is None else t.normalize_axes(axes, x.rank))
    mean = ReduceMean(data, over, keep_dims=True)
    var = ReduceMean(SquaredDifference(data, mean), over, keep_dims=keepdims)
    flat = mean if keepdims else ReduceMean(data, over, keep_dims=False)
    return [one_axis(flat), one_axis(var)]


def one_axis(x: Value) -> Value:
    """A scalar as a vector of one number, which is the least that the older operators have."""
    return unsqueeze(x, 0) if x.shape == () else x
