"""Loss functions."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import (
    all_axes,
    constant_like,
    gather,
    squeeze,
    unsqueeze,
)
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ops import (
    Divide,
    Equal,
    GatherElements,
    LogSoftmax,
    Multiply,
    Negative,
    ReduceMean,
    ReduceSum,
    Select,
)
from mo_onnx.registry import onnx_op


@onnx_op("NegativeLogLikelihoodLoss")
def negative_log_likelihood_loss(
    log_probabilities: Value,
    target: Value,
    weight: Value | None = None,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Value:
    """log_probabilities: N, C, <spatial>; target: classes, N, <spatial>; weight: one for each class."""
    x = log_probabilities
    zero = constant_like(x, 0)
    ignored = Equal(target, constant_like(target, ignore_index)) if ignore_index is not None else None
    classes = target if ignored is None else Select(ignored, constant_like(target, 0), target)
    loss: Value = Negative(squeeze(GatherElements(x, unsqueeze(classes, 1), axis=1), 1))
    weights = gather(weight, classes, 0) if weight is not None else None
    if ignored is not None:
        weights = Select(ignored, zero, weights if weights is not None else constant_like(x, 1))
    if weights is not None:
        loss = Multiply(loss, weights)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return ReduceSum(loss, all_axes(loss))
    if reduction != "mean":
        raise ModelError(f'there is no reduction "{reduction}" of a loss', "Export the model again.")
    if weights is None:
        return ReduceMean(loss, all_axes(loss))
    return Divide(ReduceSum(loss, all_axes(loss)), ReduceSum(weights, all_axes(weights)))


@onnx_op("SoftmaxCrossEntropyLoss")
def softmax_cross_entropy_loss(
    scores: Value,
    labels: Value,
    weights: Value | None = None,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Sequence[Value]:
    """The loss, and the logarithms of the probabilities."""
    x = LogSoftmax(scores, axis=1)
    return negative_log_likelihood_loss(x, labels, weights, ignore_index=ignore_index, reduction=reduction), x
