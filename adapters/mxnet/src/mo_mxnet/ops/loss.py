"""Losses, which at inference are the function that belongs to them; labels are left out."""

from __future__ import annotations

from mo_core.build import (
    broadcast_to,
    constant_like,
    dim,
    dim_size,
    integer,
    ints,
    reshape_to,
    slice_axis,
    swap_axes,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Value
from mo_core.ir import types as t
from mo_core.ops import (
    CTCLoss,
    CumSum,
    Equal,
    GatherElements,
    Log,
    Maximum,
    Negative,
    Pad,
    ReduceSum,
    Sigmoid,
    Softmax,
    Subtract,
)
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
    places = unsqueeze(to_element(label, t.i64), 1)
    chosen = GatherElements(Softmax(x, axis=1), places, axis=1)
    logs = Log(Maximum(chosen, constant_like(x, 1e-8)))
    return reshape_to(Negative(ReduceSum(logs, ints([0, 1]), keep_dims=False)), [1])


@mxnet_op("CTCLoss", "ctc_loss", "_contrib_CTCLoss", "_contrib_ctc_loss")
def ctc_loss(
    x: Value,
    label: Value,
    *lengths: Value,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: str = "first",
    node: Foreign,
) -> list[Value]:
    """The loss (N) of labels (N, L) under scores (T, N, C).

    Without lengths a row of labels ends with the first number for padding: 0 where the blank is the first class, -1
    where it is the last one.
    """
    if blank_label not in ("first", "last"):
        raise ModelError(f'blank_label is "{blank_label[:40]}", which is none of first, last')
    if any(r.uses for r in node.results[1:]):
        raise Unsupported("the gradient that CTCLoss gives apart from the loss is not supported")
    given = iter(lengths)
    batch = dim_size(x, 1)
    times = to_element(next(given), t.i32) if use_data_lengths else broadcast_to(_size(x, 0), [batch])
    labels = to_element(label, t.i32)
    count = (
        to_element(next(given), t.i32) if use_label_lengths else _labels(labels, 0 if blank_label == "first" else -1)
    )
    blank = constant_like(labels, 0) if blank_label == "first" else _blank(x)
    return [CTCLoss(swap_axes(x, 0, 1), times, _as_long_as(labels, x), count, blank)]


def _size(x: Value, axis: int) -> Value:
    return to_element(vector([dim_size(x, axis)]), t.i32)


def _blank(x: Value) -> Value:
    """The number of the last class."""
    classes = reshape_to(_size(x, 2), [])
    return Subtract(classes, constant_like(classes, 1))


def _labels(labels: Value, padding: int) -> Value:
    """How many labels stand before the first padding: N."""
    ended = to_element(Equal(labels, constant_like(labels, padding)), t.i32)
    before = Equal(CumSum(ended, integer(1)), constant_like(ended, 0))
    return ReduceSum(to_element(before, t.i32), ints([1]), keep_dims=False)


def _as_long_as(labels: Value, x: Value) -> Value:
    """Labels with as many columns as there are steps, which the runtime wants; none is below 0."""
    own, steps = dim(labels, 1), dim(x, 0)
    labels = Maximum(labels, constant_like(labels, 0))
    if not isinstance(own, int) or not isinstance(steps, int):
        raise Unsupported("CTCLoss needs known numbers of steps and labels", "Give the shapes with --input.")
    if own >= steps:
        return slice_axis(labels, 1, 0, steps)
    return Pad(labels, ints([0, 0]), ints([0, steps - own]), constant_like(labels, 0))
