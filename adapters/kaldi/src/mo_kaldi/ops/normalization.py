"""Normalisations: over a batch that was seen in training, over the columns of a row."""

from __future__ import annotations

import math

import numpy as np

from mo_core.build import concat, reshape_to
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import tensor as tensors_
from mo_core.ir.tensor import Array_, Tensor
from mo_core.ops import Add, Divide, Log, Maximum, Multiply, ReduceMean, ReduceSum, Sqrt
from mo_kaldi.ops.elementwise import repeated
from mo_kaldi.ops.matmul import row
from mo_kaldi.registry import kaldi_component

_FLOOR = 2.0**-66
"""Below this a mean of squares counts as this."""


@kaldi_component("BatchNormComponent", ignore=("BlockDim",))
def batch_norm(x: Value, *, Dim: int, Epsilon: float, TargetRms: float, StatsMean: Tensor, StatsVar: Tensor) -> Value:
    def factor(variance: Array_) -> Array_:
        # the sums of the training may leave a variance slightly below zero
        wide = np.maximum(variance.astype(np.float64), 0)
        return np.asarray(TargetRms / np.sqrt(wide + Epsilon), np.float32)

    def shift(mean: Array_, variance: Array_) -> Array_:
        return np.asarray(-mean.astype(np.float64) * factor(variance), np.float32)

    if StatsMean.shape != StatsVar.shape or not StatsMean.size:
        raise ModelError("a BatchNormComponent has no statistics: it was not trained")
    scales = tensors_.lazy(factor, StatsVar, shape=StatsVar.shape)
    offsets = tensors_.lazy(shift, StatsMean, StatsVar, shape=StatsMean.shape)
    return Add(Multiply(x, row(repeated(scales, Dim))), row(repeated(offsets, Dim)))


@kaldi_component("NormalizeComponent")
def normalize(
    x: Value,
    *,
    Dim: int = 0,
    InputDim: int = 0,
    BlockDim: int = 0,
    TargetRms: float = 1.0,
    AddLogStddev: bool = False,
) -> Value:
    dim = InputDim or Dim
    block = BlockDim or dim
    if block < 1 or dim % block:
        raise ModelError(f"{dim} columns cannot be divided into blocks of {block}")
    rows = x if block == dim else reshape_to(x, [-1, block])
    # in Kaldi the floor holds for the mean square in units of the target
    square = Maximum(ReduceMean(Multiply(rows, rows), [1], keep_dims=True), _FLOOR * TargetRms**2)
    root = Sqrt(square)
    y: Value = Multiply(Divide(rows, root), TargetRms)
    if AddLogStddev:
        y = concat([y, Log(root)], 1)
    return y if block == dim else reshape_to(y, [-1, dim // block * (block + AddLogStddev)])


@kaldi_component("LengthNormComponent")
def length_norm(x: Value) -> Value:
    length = Sqrt(ReduceSum(Multiply(x, x), [1], keep_dims=True))
    return Divide(x, Maximum(length, math.sqrt(float(np.finfo(np.float32).tiny))))
