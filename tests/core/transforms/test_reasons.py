"""A rule that matches and does not fire says why, so that `--explain` has an answer for every near miss."""

from __future__ import annotations

import pytest

from mo_core.ir import constant
from mo_core.ops import (
    Abs,
    Add,
    AvgPool,
    Concat,
    Divide,
    Elu,
    Exp,
    Interpolate,
    Log,
    MatMul,
    Maximum,
    Multiply,
    Pad,
    ReduceMax,
    ReduceSum,
    ReLU,
    Reshape,
    Softmax,
    SoftPlus,
    Split,
    Squeeze,
    Subtract,
    Tanh,
    Transpose,
)
from mo_core.rewriting.passes import Context
from mo_core.transforms import PASSES
from tests.core.transforms.harness import inputs, optimise, reasons, weights
from tests.core.transforms.layers import conv

BY_NAME = {p.name: p for p in PASSES}


def steep(x):
    return Maximum(x, Multiply(x, 1.5))


def softsign(x):
    return Multiply(Abs(x), Add(Abs(x), 1.0))


def sum_over_two_axes(x):
    e = Exp(x)
    return Divide(e, ReduceSum(e, [1, 2], keep_dims=True))


def other_numerator(x):
    e = Exp(x)
    return Divide(x, ReduceSum(e, [1], keep_dims=True))


def log_of_sum(x):
    return Add(x, Log(ReduceSum(Exp(x), [1], keep_dims=True)))


def tanh_of_softplus(x):
    return Multiply(Abs(x), Tanh(SoftPlus(x)))


def selu_nearly(x):
    return Multiply(Elu(x, alpha=1.5), 1.05)


def relus_of_both_signs(x):
    return Add(ReLU(x), Multiply(ReLU(Multiply(x, -1.0)), ReLU(x)))


def softmax_over_queries(x):
    return MatMul(Softmax(MatMul(x, x, transpose_b=True), axis=2), x)


def pads_of_two_numbers(x):
    zeros = [0, 0, 1, 1]
    return Pad(Pad(x, zeros, zeros, 0.0, pad_mode="constant"), zeros, zeros, 1.0, pad_mode="constant")


def parts_in_another_order(x):
    return Concat(Split(x, constant(1), num_splits=4).results[::-1], axis=1)


def channels_in_no_rows(x):
    apart = Transpose(Reshape(x, [1, 2, 2, 6, 6], special_zero=False), [0, 2, 1, 3, 4])
    return Reshape(apart, [1, 4, 36], special_zero=False)


def another_axis_dropped(x):
    return Reshape(ReduceMax(x, [1], keep_dims=True), [1, 6, 6, 1, 1], special_zero=False)


def kept_and_dropped(x):
    return ReduceSum(ReduceSum(x, [3], keep_dims=True), [2], keep_dims=False)


def rows_not_restored(x):
    rows = Reshape(x, [24, 6], special_zero=False)
    return Reshape(MatMul(rows, weights(6, 6)), [1, 4, 36], special_zero=False)


def resized(x, axis, mode):
    return Interpolate(
        x, [12], [axis], mode=mode, shape_calculation_mode="sizes", coordinate_transformation_mode="half_pixel"
    )


def resized_in_two_ways(x):
    return resized(resized(x, 2, "nearest"), 3, "linear_onnx")


def factor_in_space(x):
    return conv(Multiply(x, weights(1, 1, 6, 6)), 4, pad=0)


def nothing_above(x):
    return ReLU(Multiply(Transpose(Abs(x), [0, 2, 3, 1]), weights(4)))


def nothing_below(x):
    y = ReLU(Add(conv(x, 4), weights(4, 1, 1)))
    z = Squeeze(AvgPool(Multiply(y, weights(4, 1, 1)), **POOL), [0])
    return Add(z, Tanh(z))


POOL = {
    "kernel": (2, 2),
    "strides": (2, 2),
    "pads_begin": (0, 0),
    "pads_end": (0, 0),
    "exclude_pad": False,
    "rounding_type": "floor",
}

NEAR = [
    (steep, "prelu-fusion", "with a slope of 1.5 this is no PReLU"),
    (softsign, "activation-fusion", "x is not divided by 1 + |x|"),
    (sum_over_two_axes, "softmax-fusion", "the sum is over several axes, or drops its axis"),
    (other_numerator, "softmax-fusion", "exp(x) is not divided by this sum"),
    (log_of_sum, "softmax-fusion", "the logarithm of this sum is not taken from x"),
    (tanh_of_softplus, "activation-fusion", "x is not multiplied by tanh(softplus(x))"),
    (selu_nearly, "elu-fusion", "slope and factor are not those of Selu"),
    (relus_of_both_signs, "prelu-fusion", "relu(x) and relu(-x) are not put together as relu(x) - a relu(-x)"),
    (softmax_over_queries, "attention-fusion", "Softmax is not along the last axis"),
    (pads_of_two_numbers, "pad-fusion", "the two do not fill in the same number"),
    (parts_in_another_order, "split-and-concat", "not all parts of the split are put together, or in another order"),
    (channels_in_no_rows, "shuffle-fusion", "the last Reshape does not restore the shape"),
    (another_axis_dropped, "reduction-fusion", "other axes are dropped than are reduced"),
    (kept_and_dropped, "reduction-fusion", "only one of the two keeps its axes"),
    (rows_not_restored, "pointwise-convolution", "the last Reshape does not restore the rows"),
    (resized_in_two_ways, "resize-fusion", "the two have different attributes"),
    (factor_in_space, "linear-fusion", "the factor varies along other axes than the channels"),
    (nothing_above, "linear-motion", "no layer ahead takes the factor in"),
    (nothing_below, "linear-motion", "not all following layers take the factor in"),
]


@pytest.mark.parametrize(("build", "name", "reason"), NEAR, ids=[build.__name__ for build, _, _ in NEAR])
def test_a_near_miss_has_a_reason(build, name, reason):
    graph, (x,) = inputs((1, 4, 6, 6))
    graph.add_output(build(x), "y")
    context = optimise(graph, BY_NAME[name])
    assert reason in reasons(context)
    assert not context.record.firings


@pytest.mark.parametrize("name", sorted({name for _, name, _ in NEAR}))
def test_where_nothing_is_near_there_is_no_reason(name):
    graph, (x,) = inputs((1, 4, 6, 6))
    graph.add_output(Subtract(Tanh(x), Abs(x)), "y")
    assert reasons(optimise(graph, BY_NAME[name], context=Context())) == []
