"""Components that scale, shift and combine columns."""

from __future__ import annotations

import numpy as np

from mo_core import ops
from mo_core.build import split
from mo_core.errors import ModelError
from mo_core.ir import Value, constant
from mo_core.ir import tensor as tensors_
from mo_core.ir.tensor import Tensor
from mo_core.ops import Add, Multiply
from mo_kaldi.ops.matmul import row
from mo_kaldi.registry import kaldi_component, tensors
from mo_kaldi.stream import Raw


@kaldi_component("FixedScaleComponent")
def fixed_scale(x: Value, *, Scales: Tensor) -> Value:
    return Multiply(x, row(Scales))


@kaldi_component("FixedBiasComponent")
def fixed_bias(x: Value, *, Bias: Tensor) -> Value:
    return Add(x, row(Bias))


@kaldi_component("PerElementScaleComponent", "NaturalGradientPerElementScaleComponent")
def per_element_scale(x: Value, *, Params: Tensor) -> Value:
    return Multiply(x, row(Params))


@kaldi_component("PerElementOffsetComponent")
def per_element_offset(x: Value, *, Offsets: Tensor, Dim: int = 0) -> Value:
    return Add(x, row(repeated(Offsets, Dim)))


@kaldi_component("ScaleAndOffsetComponent")
def scale_and_offset(x: Value, *, Scales: Tensor, Offsets: Tensor, Dim: int = 0) -> Value:
    return Add(Multiply(x, row(repeated(Scales, Dim))), row(repeated(Offsets, Dim)))


def repeated(vector: Tensor, dim: int) -> Tensor:
    """A vector for one block, once for each block of `dim` columns (0: there is one)."""
    if dim in (0, vector.size):
        return vector
    if not vector.size or dim % vector.size:
        raise ModelError(f"{dim} columns cannot be divided into blocks of {vector.size}")
    count = dim // vector.size
    return tensors_.lazy(lambda v: np.tile(v, count), vector, shape=(dim,))


@kaldi_component("ElementwiseProductComponent")
def elementwise_product(x: Value, *, InputDim: int, OutputDim: int) -> Value:
    if OutputDim < 1 or InputDim % OutputDim:
        raise ModelError(f"{InputDim} columns cannot be divided into parts of {OutputDim}")
    parts = split(x, 1, InputDim // OutputDim)
    y = parts[0]
    for part in parts[1:]:
        y = Multiply(y, part)
    return y


@kaldi_component("SumBlockComponent")
def sum_block(x: Value, *, InputDim: int, OutputDim: int, Scale: float = 1.0) -> Value:
    if OutputDim < 1 or InputDim % OutputDim:
        raise ModelError(f"{InputDim} columns cannot be divided into parts of {OutputDim}")
    parts = split(x, 1, InputDim // OutputDim)
    y = parts[0]
    for part in parts[1:]:
        y = Add(y, part)
    return y if Scale == 1 else Multiply(y, Scale)


@kaldi_component("PowerComponent")
def power(x: Value, *, Dim: int = 0, Power: float = 2.0) -> Value:
    return ops.Power(x, Power)


@kaldi_component("ScaleComponent")
def scale(x: Value, *, Dim: int = 0, Scale: float = 1.0) -> Value:
    return Multiply(x, Scale)


@kaldi_component(
    "NoOpComponent",
    "ClipGradientComponent",
    "SpecAugmentTimeMaskComponent",
    "GeneralDropoutComponent",
    "AdditiveNoiseComponent",
    "Dropout",
    ignore=("Dim", "BlockDim", "InputDim", "Stddev", "DropoutRate", "DropoutRetention"),
)
def identity(x: Value) -> Value:
    return x


@kaldi_component("BackpropTruncationComponent", ignore=("Dim",))
def backprop_truncation(x: Value, *, Scale: float = 1.0) -> Value:
    return x if Scale == 1 else Multiply(x, Scale)


@kaldi_component("DropoutComponent", ignore=("Dim", "DropoutScale"))
def dropout(x: Value, *, DropoutProportion: float = 0.0) -> Value:
    return x if not DropoutProportion else Multiply(x, 1 - DropoutProportion)


@kaldi_component("DropoutMaskComponent")
def dropout_mask(*, OutputDim: int, DropoutProportion: float = 0.0) -> Value:
    return constant(np.full((1, OutputDim), 1 - DropoutProportion, np.float32))


@kaldi_component("ConstantComponent", ignore=("IsUpdatable",))
def constant_component(*, Output: Tensor) -> Value:
    return row(Output)


@kaldi_component("ConstantFunctionComponent", ignore=("IsUpdatable", "InputDim"))
def constant_function(*, Output: Tensor) -> Value:
    return row(Output)


@kaldi_component("AddShift")
def add_shift(x: Value, *, values: tuple[Raw, ...]) -> Value:
    return Add(x, row(*tensors(values, 1)))


@kaldi_component("Rescale")
def rescale(x: Value, *, values: tuple[Raw, ...]) -> Value:
    return Multiply(x, row(*tensors(values, 1)))
