"""Normalisation by statistics of the training or of the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import (
    constant_like,
    dim_size,
    ints,
    reshape_to,
    unsqueeze,
)
from mo_core.build import normalisation as build
from mo_core.build.normalisation import (
    affine,
    by_learned_statistics,
    by_own_statistics,
    deviation,
    local_response,
    statistics,
)
from mo_core.errors import ModelError
from mo_core.ir import Foreign, Value
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Divide,
    Multiply,
    NormalizeL2,
    ReduceSum,
    ReLU,
    Sqrt,
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
    axis = 1 if x.shape is None and axis == 1 else t.normalize_axis(axis, x.rank)
    for learned in (gamma, beta, mean, var):
        check_fit(learned, [channels_of(x, axis)])
    y = by_learned_statistics(x, _ones(beta) if fix_gamma else gamma, beta, mean, var, eps, axis)
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
    for learned in (gamma, beta):
        check_fit(learned, [channels_of(x)])
    return build.instance_norm(x, gamma, beta, eps)


@mxnet_op("LayerNorm", "_npx_layer_norm", ignore=("output_mean_var",))
def layer_norm(
    x: Value, gamma: Value, beta: Value, *, axis: int = -1, eps: float = 1e-5, node: Foreign
) -> Sequence[Value]:
    """Along one axis; mean and deviation are the further outputs."""
    axis = t.normalize_axis(axis, x.rank)
    for learned in (gamma, beta):
        check_fit(learned, [channels_of(x, axis)])
    shifted = affine(by_own_statistics(x, [axis], eps), gamma, beta, axis)
    if len(node.results) == 1:
        return [shifted]
    mean, var = statistics(x, [axis])
    return [shifted, mean, deviation(var, eps)]


@mxnet_op("GroupNorm", ignore=("output_mean_var",))
def group_norm(
    x: Value, gamma: Value, beta: Value, *, num_groups: int = 1, eps: float = 1e-5, node: Foreign
) -> Sequence[Value]:
    """Each group of channels by its own statistics; gamma and beta have a number a group (or a channel)."""
    y = build.group_norm(x, gamma, beta, num_groups, eps)
    if len(node.results) == 1:
        return [y]
    mean, var = statistics(reshape_to(x, [dim_size(x, 0), num_groups, -1]), [2])
    return [y, *(reshape_to(v, [dim_size(x, 0), num_groups]) for v in (mean, deviation(var, eps)))]


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
    return local_response(x, nsize, alpha, beta, knorm)


@mxnet_op("moments")
def moments(x: Value, *, axes: Ints | None = None, keepdims: bool = False) -> Sequence[Value]:
    """Mean and variance over axes; none given: over all."""
    data = as_real(x)
    over = range(x.rank) if axes is None else t.normalize_axes(axes, x.rank)
    return [one_axis(v) for v in statistics(data, over, keepdims)]


def one_axis(x: Value) -> Value:
    """A scalar as a vector of one number, which is the least that the older operators have."""
    return unsqueeze(x, 0) if x.shape == () else x
