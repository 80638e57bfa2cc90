"""Pooling over columns and over planes of a row."""

from __future__ import annotations

import math

from mo_core.build import reshape_to
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ops import Abs, MaxPool, Multiply, Power, ReduceMax, ReduceSum, Sqrt
from mo_kaldi.registry import kaldi_component


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
