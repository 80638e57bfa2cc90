"""Experimental ops of the first opsets, which exporters of that time wrote and onnx has dropped since."""

from __future__ import annotations

import numpy as np

from mo_core.build import (
    channel_vector,
    constant_like,
    filled,
    ints,
    reshape_to,
    shape_of,
    slice_axis,
    vector,
)
from mo_core.errors import Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    EmbeddingBagOffsets,
    EmbeddingBagOffsetsSum,
    EmbeddingBagPacked,
    EmbeddingBagPackedSum,
    Multiply,
    Slice,
    SoftPlus,
    Tanh,
)
from mo_onnx.registry import onnx_op
from mo_onnx.tensors import element_of


@onnx_op("Affine")
def affine(x: Value, *, alpha: float = 1.0, beta: float = 0.0) -> Value:
    return Add(Multiply(x, constant_like(x, alpha)), constant_like(x, beta))


@onnx_op("Scale")
def scale(x: Value, *, scale: float = 1.0) -> Value:
    return Multiply(x, constant_like(x, scale))


@onnx_op("ImageScaler")
def image_scaler(x: Value, *, bias: tuple[float, ...], scale: float = 1.0) -> Value:
    """One bias a channel of N, C, H, W."""
    biases = channel_vector(constant_like(x, np.asarray(bias, np.float32)), 2)
    return Add(Multiply(x, constant_like(x, scale)), biases)


@onnx_op("ParametricSoftplus")
def parametric_softplus(x: Value, *, alpha: float = 1.0, beta: float = 1.0) -> Value:
    return Multiply(SoftPlus(Multiply(x, constant_like(x, beta))), constant_like(x, alpha))


@onnx_op("ScaledTanh")
def scaled_tanh(x: Value, *, alpha: float = 1.0, beta: float = 1.0) -> Value:
    return Multiply(Tanh(Multiply(x, constant_like(x, beta))), constant_like(x, alpha))


@onnx_op("Crop")
def crop(x: Value, *, border: tuple[int, ...], scale: tuple[int, ...] = ()) -> Value:
    """Borders (left, top, right, bottom) are cut off, or an area of `scale` = (height, width) is kept."""
    left, top, right, bottom = border
    height_end = top + scale[0] if scale else -bottom or t.INF
    width_end = left + scale[1] if scale else -right or t.INF
    return Slice(x, ints([top, left]), ints([height_end, width_end]), ints([1, 1]), ints([2, 3]))


@onnx_op("ConstantFill")
def constant_fill(
    shape_input: Value | None = None,
    *,
    value: float = 0.0,
    dtype: int = 1,
    shape: tuple[int, ...] = (),
    extra_shape: tuple[int, ...] = (),
    input_as_shape: int = 0,
) -> Value:
    """One number in the shape given by an attribute, or by the shape or content of an input."""
    number = constant(value, element_of(dtype, "the result"))
    return filled(_wanted_shape(shape_input, shape, extra_shape, input_as_shape), number)


@onnx_op("GivenTensorFill")
def given_tensor_fill(
    shape_input: Value | None = None,
    *,
    values: tuple[float, ...] = (),
    shape: tuple[int, ...] = (),
    extra_shape: tuple[int, ...] = (),
    input_as_shape: int = 0,
) -> Value:
    """Given numbers in a shape that is found as with ConstantFill."""
    wanted = _wanted_shape(shape_input, shape, extra_shape, input_as_shape)
    return reshape_to(constant(np.asarray(values, np.float32)), wanted)


def _wanted_shape(source: Value | None, shape: tuple[int, ...], extra: tuple[int, ...], as_shape: int) -> Value:
    if source is None:
        return ints((*shape, *extra))
    return vector([source if as_shape else shape_of(source), *extra])


@onnx_op("ATen", ignore=["*"])
@onnx_op("ATen", domain="org.pytorch.aten", ignore=["*"])
def aten(
    weights: Value,
    indices: Value,
    offsets: Value | None = None,
    per_sample_weights: Value | None = None,
    *,
    operator: str,
    mode: int = 0,
    include_last_offset: int = 0,
    padding_idx: int = -1,
) -> Value:
    """PyTorch's own functions, of which `embedding_bag` (sums and means) can be expressed."""
    if operator != "embedding_bag" or mode > 1:
        raise Unsupported(f'ATen function "{operator}" (mode {mode})', "Export the model without ATen fallback.")
    if mode == 1 and per_sample_weights is not None:
        raise Unsupported("embedding_bag of weighted means", "PyTorch has weights for sums only; export again.")
    if padding_idx is not None and padding_idx != -1:
        raise Unsupported(f"embedding_bag that leaves out the index {padding_idx}", "Export without padding_idx.")
    if offsets is not None and include_last_offset:
        offsets = slice_axis(offsets, 0, 0, -1)  # it is the number of indices, where no bag begins
    if offsets is None:
        if mode == 1:
            return EmbeddingBagPacked(weights, indices, reduction="mean")
        return EmbeddingBagPackedSum(weights, indices, per_sample_weights)
    if mode == 1:
        return EmbeddingBagOffsets(weights, indices, offsets, reduction="mean")
    none = None if per_sample_weights is None else constant(-1, indices.element)  # empty bags give zeros
    return EmbeddingBagOffsetsSum(weights, indices, offsets, none, per_sample_weights)
