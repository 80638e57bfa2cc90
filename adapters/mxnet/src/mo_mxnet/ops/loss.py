"""Losses, which at inference are the function that belongs to them; labels are left out."""

from __future__ import annotations

from mo_core.build import constant_like, ints, reshape_to
from mo_core.ir import Value
from mo_core.ops import Sigmoid, Softmax
from mo_mxnet.registry import mxnet_op


@mxnet_op(
    "SoftmaxOutput",
    "Softmax",
    ignore=("grad_scale", "ignore_label", "use_ignore", "normalization", "out_grad", "smooth_alpha"),
)
def softmax_output(
    x: Value, label: Value | None = None, *, multi_output: bool = False, preserve_shape: bool = False
) -> Value:
    """Over the channels of each place, or over the last axis."""
    return Softmax(x, axis=1 if multi_output else -1)


@mxnet_op(
    "LinearRegressionOutput",
    "_sparse_LinearRegressionOutput",
    "MAERegressionOutput",
    "_sparse_MAERegressionOutput",
    "SVMOutput",
    ignore=("grad_scale", "margin", "regularization_coefficient", "use_linear"),
)
def as_it_is(x: Value, label: Value | None = None) -> Value:
    return x


@mxnet_op("LogisticRegressionOutput", "_sparse_LogisticRegressionOutput", ignore=("grad_scale",))
def logistic(x: Value, label: Value | None = None) -> Value:
    return Sigmoid(x)


@mxnet_op("softmax_cross_entropy")
def softmax_cross_entropy(x: Value, label: Value) -> Value:
    """The sum over the batch of `-log softmax(x)[label]`, one number."""
    from mo_core.build import to_element, unsqueeze
    from mo_core.ir import types as t
    from mo_core.ops import GatherElements, Log, Maximum, Negative, ReduceSum

    places = unsqueeze(to_element(label, t.i64), 1)
    chosen = GatherElements(Softmax(x, axis=1), places, axis=1)
    logs = Log(Maximum(chosen, constant_like(x, 1e-8)))
    return reshape_to(Negative(ReduceSum(logs, ints([0, 1]), keep_dims=False)), [1])
