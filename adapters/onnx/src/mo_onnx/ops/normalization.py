"""Normalisation by statistics of the data or of the training."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import (
    constant_like,
    convert_like,
    ints,
    to_element,
)
from mo_core.build.normalisation import (
    by_learned_statistics,
    by_own_statistics,
    deviation,
    group_norm,
    instance_norm,
    local_response,
    reciprocal_deviation,
    rms_norm,
    statistics,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Value
from mo_core.ir import types as t
from mo_core.ir.types import ElementType, normalize_axis
from mo_core.ops import (
    MVN,
    Add,
    Divide,
    Maximum,
    Multiply,
    NormalizeL2,
    ReduceL1,
    ReduceL2,
    Subtract,
)
from mo_onnx.registry import onnx_op
from mo_onnx.tensors import element_of

SMALLEST = 1.2e-38
"""Just above the smallest normal number of f32: what a division by zero is kept from with."""


@onnx_op("BatchNormalization")
def batch_normalization_before_opset_9(
    x: Value,
    scale: Value,
    b: Value,
    mean: Value,
    var: Value,
    *,
    epsilon: float = 1e-5,
    is_test: int = 0,
    momentum: float = 0.9,
    spatial: int = 1,
    node: Foreign,
) -> Sequence[Value]:
    training = not is_test and _wants_statistics(node)
    if not spatial:
        if training:
            raise Unsupported(
                "BatchNormalization in training mode with spatial=0 is not supported", "Export for inference."
            )
        return [_per_feature(x, scale, b, mean, var, epsilon)]
    if not training:
        return [by_learned_statistics(x, scale, b, mean, var, epsilon)]
    return in_training(x, scale, b, mean, var, epsilon, momentum)


@onnx_op("BatchNormalization", since=9)
def batch_normalization_9(
    x: Value,
    scale: Value,
    b: Value,
    mean: Value,
    var: Value,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    node: Foreign,
) -> Sequence[Value]:
    """The statistics of the batch are meant when more than the first output is wanted."""
    if _wants_statistics(node):
        return in_training(x, scale, b, mean, var, epsilon, momentum)
    return [by_learned_statistics(x, scale, b, mean, var, epsilon)]


@onnx_op("BatchNormalization", since=14)
def batch_normalization(
    x: Value,
    scale: Value,
    b: Value,
    mean: Value,
    var: Value,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    training_mode: int = 0,
) -> Sequence[Value]:
    if training_mode:
        return in_training(x, scale, b, mean, var, epsilon, momentum)[:3]
    return [by_learned_statistics(x, scale, b, mean, var, epsilon)]


def in_training(
    x: Value, scale: Value, b: Value, mean: Value, var: Value, epsilon: float, momentum: float
) -> tuple[Value, Value, Value, Value, Value]:
    """Normalised by the statistics of the batch; the running statistics; those of the batch."""
    batch_mean, batch_var = statistics(x, [a for a in range(x.rank) if a != 1], keep_dims=False)
    y = by_learned_statistics(x, scale, b, batch_mean, batch_var, epsilon)
    return y, running(mean, batch_mean, momentum), running(var, batch_var, momentum), batch_mean, batch_var


def _wants_statistics(node: Foreign) -> bool:
    return any(r.uses for r in node.results[1:])


def _per_feature(x: Value, scale: Value, b: Value, mean: Value, var: Value, epsilon: float) -> Value:
    return Add(Multiply(Divide(Subtract(x, mean), deviation(var, epsilon)), scale), b)


def running(old: Value, new: Value, momentum: float) -> Value:
    """The running statistic after this batch."""
    share = Multiply(convert_like(new, old), constant_like(old, 1 - momentum))
    return Add(Multiply(old, constant_like(old, momentum)), share)


@onnx_op("InstanceNormalization")
def instance_normalization(x: Value, scale: Value, b: Value, *, epsilon: float = 1e-5) -> Value:
    return instance_norm(x, scale, b, epsilon)


@onnx_op("LayerNormalization")
def layer_normalization(
    x: Value,
    scale: Value,
    b: Value | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-5,
    stash_type: int = 1,
    node: Foreign,
) -> Sequence[Value | None]:
    data = to_element(x, stash_element(stash_type, x.element))
    axes = range(normalize_axis(axis, x.rank), x.rank)
    y = Multiply(convert_like(by_own_statistics(data, axes, epsilon), x), scale)
    shifted = y if b is None else Add(y, b)
    if not _wants_statistics(node):
        return [shifted]
    mean, var = statistics(data, axes)
    return [shifted, mean, reciprocal_deviation(var, epsilon)]


def stash_element(stash_type: int, element: ElementType) -> ElementType:
    """The element type that statistics are computed in; double stays double, as the reference has it."""
    return t.f64 if element is t.f64 else element_of(stash_type, "the statistics")


@onnx_op("RMSNormalization")
def rms_normalization(x: Value, scale: Value, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1) -> Value:
    data = to_element(x, stash_element(stash_type, x.element))
    axes = range(normalize_axis(axis, x.rank), x.rank)
    return Multiply(convert_like(rms_norm(data, list(axes), epsilon), x), scale)


@onnx_op("GroupNormalization")
def group_normalization_18(x: Value, scale: Value, bias: Value, *, num_groups: int, epsilon: float = 1e-5) -> Value:
    """Scale and bias are given a number a group."""
    return group_norm(x, scale, bias, num_groups, epsilon)


@onnx_op("GroupNormalization", since=21)
def group_normalization(
    x: Value, scale: Value, bias: Value, *, num_groups: int, epsilon: float = 1e-5, stash_type: int = 1
) -> Value:
    data = to_element(x, stash_element(stash_type, x.element))
    gamma, beta = convert_like(scale, data), convert_like(bias, data)
    return convert_like(group_norm(data, gamma, beta, num_groups, epsilon), x)


@onnx_op("MeanVarianceNormalization")
def mean_variance_normalization_before_opset_9(
    x: Value, *, across_channels: int = 0, normalize_variance: int = 1
) -> Value:
    """The experimental op: of each image, or of each of its channels."""
    axes = ints(range(1 if across_channels else 2, x.rank))
    return MVN(x, axes, normalize_variance=bool(normalize_variance), eps=1e-9, eps_mode="outside_sqrt")


@onnx_op("MeanVarianceNormalization", since=9)
def mean_variance_normalization(x: Value, *, axes: Sequence[int] = (0, 2, 3)) -> Value:
    return MVN(x, ints(axes), normalize_variance=True, eps=1e-9, eps_mode="outside_sqrt")


@onnx_op("LpNormalization")
def lp_normalization(x: Value, *, axis: int = -1, p: int = 2) -> Value:
    """A norm of zero gives zeros."""
    axes = ints([normalize_axis(axis, x.rank)])
    if p == 2 and x.element is t.f32:
        return NormalizeL2(x, axes, eps=SMALLEST, eps_mode="max")
    if p not in (1, 2):
        raise ModelError(f"LpNormalization has p={p}, and 1 or 2 are allowed")
    norm = (ReduceL1 if p == 1 else ReduceL2)(x, axes, keep_dims=True)
    return Divide(x, Maximum(norm, constant_like(x, 6.2e-5 if x.element is t.f16 else SMALLEST)))


@onnx_op("LRN")
def lrn(x: Value, *, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0) -> Value:
    return local_response(x, size, alpha, beta, bias)
