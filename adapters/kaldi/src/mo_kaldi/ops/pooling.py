"""Pooling over columns and over planes of a row."""

from __future__ import annotations

import math
from collections.abc import Callable

from mo_core.build import concat, permute, reshape_to, slice_axis
from mo_core.errors import ModelError
from mo_core.ir import Constant, Value
from mo_core.ir import tensor as tensors_
from mo_core.ir.schema import Ints
from mo_core.ir.tensor import Tensor
from mo_core.ops import Abs, AvgPool, MaxPool, Multiply, Power, ReduceMax, ReduceSum, Sqrt
from mo_kaldi.registry import kaldi_component
from mo_kaldi.stream import Raw


def groups(x: Value, inputs: int, outputs: int) -> Value:
    """Rows as `[frames, groups, columns of a group]`."""
    if outputs < 1 or inputs % outputs:
        raise ModelError(f"{inputs} columns cannot be divided into {outputs} groups")
    return reshape_to(x, [-1, outputs, inputs // outputs])


@kaldi_component("PnormComponent")
def pnorm(x: Value, *, InputDim: int, OutputDim: int, P: float = 2.0) -> Value:
    parts = groups(x, InputDim, OutputDim)
    if P == 2:
        return Sqrt(ReduceSum(Multiply(parts, parts), [2], keep_dims=False))
    if P == 1:
        return ReduceSum(Abs(parts), [2], keep_dims=False)
    if math.isinf(P):
        return ReduceMax(Abs(parts), [2], keep_dims=False)
    return Power(ReduceSum(Power(Abs(parts), P), [2], keep_dims=False), 1 / P)


@kaldi_component("MaxoutComponent")
def maxout(x: Value, *, InputDim: int, OutputDim: int) -> Value:
    return ReduceMax(groups(x, InputDim, OutputDim), [2], keep_dims=False)


@kaldi_component("MaxpoolingComponent")
def max_pooling(
    x: Value,
    *,
    InputXDim: int,
    InputYDim: int,
    InputZDim: int,
    PoolXSize: int,
    PoolYSize: int,
    PoolZSize: int,
    PoolXStep: int,
    PoolYStep: int,
    PoolZStep: int,
) -> Value:
    volume = reshape_to(x, [-1, 1, InputXDim, InputYDim, InputZDim])
    pooled = MaxPool(
        volume,
        kernel=(PoolXSize, PoolYSize, PoolZSize),
        strides=(PoolXStep, PoolYStep, PoolZStep),
        pads_begin=(0, 0, 0),
        pads_end=(0, 0, 0),
        dilations=(1, 1, 1),
    )
    return flat(pooled)


def flat(x: Value) -> Value:
    """Everything of a frame as one row."""
    dims = x.dims[1:]
    return reshape_to(x, [-1, math.prod(d for d in dims if isinstance(d, int))])


@kaldi_component("MaxPoolingComponent")
def max_pooling_of_places(x: Value, *, PoolSize: int, PoolStep: int, PoolStride: int) -> Value:
    """nnet1: the greatest of some places of the patch, for each filter."""
    return _over_places(x, PoolSize, PoolStep, PoolStride, MaxPool, dilations=(1,))


@kaldi_component("AveragePoolingComponent")
def mean_pooling_of_places(x: Value, *, PoolSize: int, PoolStep: int, PoolStride: int) -> Value:
    return _over_places(x, PoolSize, PoolStep, PoolStride, AvgPool, exclude_pad=True)


def _over_places(x: Value, size: int, step: int, stride: int, op: Callable[..., Value], **options: object) -> Value:
    """Rows are `[place, filter]`, `stride` filters at each place."""
    places = permute(reshape_to(x, [-1, _divided(x, stride), stride]), (0, 2, 1))
    pooled = op(places, kernel=(size,), strides=(step,), pads_begin=(0,), pads_end=(0,), **options)
    return flat(permute(pooled, (0, 2, 1)))


@kaldi_component("MaxPooling2DComponent")
def max_pooling_of_maps(
    x: Value, *, FmapXLen: int, FmapYLen: int, PoolXLen: int, PoolYLen: int, PoolXStep: int, PoolYStep: int
) -> Value:
    """nnet1: rows are `[frame, band, map]`."""
    shape = FmapXLen, FmapYLen, PoolXLen, PoolYLen, PoolXStep, PoolYStep
    return _over_maps(x, shape, MaxPool, dilations=(1, 1))


@kaldi_component("AveragePooling2DComponent")
def mean_pooling_of_maps(
    x: Value, *, FmapXLen: int, FmapYLen: int, PoolXLen: int, PoolYLen: int, PoolXStep: int, PoolYStep: int
) -> Value:
    shape = FmapXLen, FmapYLen, PoolXLen, PoolYLen, PoolXStep, PoolYStep
    return _over_maps(x, shape, AvgPool, exclude_pad=True)


def _over_maps(x: Value, shape: tuple[int, ...], op: Callable[..., Value], **options: object) -> Value:
    high, wide, *window = shape
    planes = permute(reshape_to(x, [-1, high, wide, _divided(x, high * wide)]), (0, 3, 1, 2))
    pooled = op(planes, kernel=window[:2], strides=window[2:], pads_begin=(0, 0), pads_end=(0, 0), **options)
    return flat(permute(pooled, (0, 2, 3, 1)))


def _divided(x: Value, size: int) -> int:
    columns = x.dims[1]
    if not isinstance(columns, int) or size < 1 or columns % size:
        raise ModelError(f"{columns} columns cannot be divided into parts of {size}")
    return columns // size


@kaldi_component("FramePoolingComponent", ignore=("Normalize",))
def frame_pooling(
    x: Value, *, FeatureDim: int, FrameOffset: Ints, FrameWeight: Tensor, values: tuple[Raw, ...]
) -> Value:
    """nnet1: frames are spliced; each pool is a weighted sum of frames from its offset on."""
    weights = [FrameWeight, *(v for v in values if isinstance(v, Tensor))]
    if len(weights) != len(FrameOffset) or FeatureDim < 1:
        raise ModelError(f"{len(FrameOffset)} pools of frames have {len(weights)} vectors of weights")
    pools = []
    for offset, weight in zip(FrameOffset, weights):
        part = slice_axis(x, 1, offset * FeatureDim, (offset + weight.size) * FeatureDim)
        frames = reshape_to(part, [-1, weight.size, FeatureDim])
        factors = Constant(value=tensors_.reshaped(weight, (1, weight.size, 1)))
        pools.append(ReduceSum(Multiply(frames, factors), [1], keep_dims=False))
    return concat(pools, 1)
