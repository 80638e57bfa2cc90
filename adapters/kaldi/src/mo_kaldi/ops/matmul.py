"""Affine components: products of rows with matrices."""

from __future__ import annotations

from mo_core.build import concat, reshape_to, split
from mo_core.errors import ModelError
from mo_core.ir import Constant, Value
from mo_core.ir import tensor as tensors_
from mo_core.ir.tensor import Tensor
from mo_core.ops import Add, MatMul
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
def fixed_linear(x: Value, *, CuMatrix: Tensor) -> Value:
    return product(x, CuMatrix)


@kaldi_component("AffineTransform")
def affine_transform(x: Value, *, values: tuple[Raw, ...]) -> Value:
    weights, bias = tensors(values, 2)
    return product(x, weights, bias)


@kaldi_component("LinearTransform")
def linear_transform(x: Value, *, values: tuple[Raw, ...]) -> Value:
    return product(x, *tensors(values, 1))
