"""Affine components: products of rows with matrices."""

from __future__ import annotations

import numpy as np

from mo_core.build import concat, permute, reshape_to, split
from mo_core.errors import ModelError
from mo_core.ir import Constant, Value
from mo_core.ir import tensor as tensors_
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Array_, Tensor
from mo_core.ops import Add, MatMul, Sigmoid
from mo_kaldi.registry import kaldi_component, tensors
from mo_kaldi.stream import Raw


def product(x: Value, weights: Tensor, bias: Tensor | None = None) -> Value:
    """`x weights^T + bias` for rows x; the weights are `[outputs, inputs]`. Raises ModelError for other sizes."""
    if len(weights.shape) != 2 or (bias is not None and bias.shape != weights.shape[:1]):
        sizes = f"{list(weights.shape)}" + (f" and a bias {list(bias.shape)}" if bias is not None else "")
        raise ModelError(f"an affine component has weights {sizes}, which do not fit")
    columns = x.dims[1]
    if isinstance(columns, int) and columns != weights.shape[1]:
        raise ModelError(f"an affine component takes {weights.shape[1]} columns, and gets {columns}")
    y = MatMul(x, Constant(value=weights), transpose_b=True)
    return y if bias is None else Add(y, row(bias))


def row(vector: Tensor) -> Constant:
    """A vector as one row."""
    return Constant(value=tensors_.reshaped(vector, (1, vector.size)))


@kaldi_component(
    "AffineComponent",
    "NaturalGradientAffineComponent",
    "AffineComponentPreconditioned",
    "AffineComponentPreconditionedOnline",
    "FixedAffineComponent",
    "TdnnComponent",
    ignore=("TimeOffsets",),
)
def affine(x: Value, *, LinearParams: Tensor, BiasParams: Tensor) -> Value:
    return product(x, LinearParams, BiasParams if BiasParams.size else None)


@kaldi_component("LinearComponent")
def linear(x: Value, *, Params: Tensor) -> Value:
    return product(x, Params)


@kaldi_component("RepeatedAffineComponent", "NaturalGradientRepeatedAffineComponent")
def repeated_affine(x: Value, *, NumRepeats: int, LinearParams: Tensor, BiasParams: Tensor) -> Value:
    blocks = reshape_to(x, [-1, LinearParams.shape[-1]])
    y = product(blocks, LinearParams, BiasParams)
    return reshape_to(y, [-1, NumRepeats * LinearParams.shape[0]])


@kaldi_component("BlockAffineComponent", "BlockAffineComponentPreconditioned")
def block_affine(x: Value, *, NumBlocks: int, LinearParams: Tensor, BiasParams: Tensor) -> Value:
    if NumBlocks < 1 or LinearParams.shape[0] % NumBlocks:
        raise ModelError(f"{LinearParams.shape[0]} rows of weights do not make {NumBlocks} blocks")
    height = LinearParams.shape[0] // NumBlocks
    parts = []
    for i, part in enumerate(split(x, 1, NumBlocks)):
        weights = tensors_.lazy(
            lambda w, i=i: w[i * height : (i + 1) * height], LinearParams, shape=(height, LinearParams.shape[1])
        )
        parts.append(product(part, weights))
    return Add(concat(parts, 1), row(BiasParams))


@kaldi_component("FixedLinearComponent")
def fixed_linear(x: Value, *, CuMatrix: Tensor | None = None, Matrix: Tensor | None = None) -> Value:
    """The matrix has another name in older files."""
    weights = CuMatrix or Matrix
    if weights is None:
        raise ModelError("a FixedLinearComponent has no matrix")
    return product(x, weights)


@kaldi_component("DctComponent")
def discrete_cosine(x: Value, *, Dim: int, DctDim: int, Reorder: bool, DctKeepDim: int = 0) -> Value:
    """A cosine transform of each block of columns; `Reorder`: the columns of the blocks are interlaced."""
    if DctDim < 1 or Dim % DctDim or not 0 <= DctKeepDim <= DctDim:
        raise ModelError(f"{Dim} columns cannot be divided into blocks of {DctDim}")
    kept, blocks = DctKeepDim or DctDim, Dim // DctDim
    basis = Array(_cosines(kept, DctDim), t.f32)
    if Reorder:
        x = permute(reshape_to(x, [-1, DctDim, blocks]), (0, 2, 1))
    y: Value = reshape_to(product(reshape_to(x, [-1, DctDim]), basis), [-1, blocks, kept])
    if Reorder:
        y = permute(y, (0, 2, 1))
    return reshape_to(y, [-1, blocks * kept])


def _cosines(rows: int, columns: int) -> Array_:
    """The orthonormal cosine transform (type II), its first rows. f32 `[rows, columns]`."""
    k, n = np.arange(rows)[:, None], np.arange(columns)[None]
    basis = np.sqrt(2 / columns) * np.cos(np.pi / columns * (n + 0.5) * k)
    basis[0] = np.sqrt(1 / columns)
    return np.asarray(basis, np.float32)


@kaldi_component("Rbm")
def rbm(x: Value, *, values: tuple[Raw, ...]) -> Value:
    """A restricted Boltzmann machine passes on the probabilities of its hidden units."""
    weights, _, hidden = tensors(values, 3)
    y = product(x, weights, hidden)
    kinds = [v for v in values if isinstance(v, str)]
    return y if kinds[1:2] == ["gauss"] else Sigmoid(y)


@kaldi_component("AffineTransform")
def affine_transform(x: Value, *, values: tuple[Raw, ...]) -> Value:
    weights, bias = tensors(values, 2)
    return product(x, weights, bias)


@kaldi_component("LinearTransform")
def linear_transform(x: Value, *, values: tuple[Raw, ...]) -> Value:
    return product(x, *tensors(values, 1))
