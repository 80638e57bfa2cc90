"""Wrong rules, one or more a family: the comparison that all tests of passes go through must notice them."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from mo_core import ops
from mo_core.ir import Node, Value, constant
from mo_core.ir import types as t
from mo_core.rewriting.passes import Context, Stage, rewrites
from mo_core.rewriting.pattern import any_, const, op, p
from mo_core.rewriting.rewrite import Rule, rule
from tests.core.transforms import harness as h


def c(number: float) -> Value:
    return constant(number, t.f32)


@rule(p.Multiply(any_("x"), p.Sigmoid(any_("z"))))
def swish_that_drops_beta(x: Value, z: Value) -> Value:
    """Takes x sigmoid(b x) for x sigmoid(x)."""
    return ops.Swish(x)


@rule(p.Multiply(any_("x"), p.Add(p.Tanh(any_()), const())))
def gelu_of_the_other_kind(x: Value) -> Value:
    """Takes the approximation for the exact function, and forgets the half."""
    return ops.Gelu(x, approximation_mode="ERF")


@rule(p.Divide(p.Subtract(any_("x"), any_()), p.Sqrt(any_()), name="root"))
def norm_with_another_eps(root: Node, x: Value) -> Value:
    """Forgets eps."""
    return ops.MVN(x, [1], normalize_variance=True, eps=1e-12, eps_mode="inside_sqrt")


@rule(p.Divide(p.Exp(any_("x")), p.ReduceSum(any_(), any_())))
def softmax_along_another_axis(x: Value) -> Value:
    """Takes the wrong axis."""
    return ops.Softmax(x, axis=0)


@rule(p.AvgPool(p.Pad(any_("x"), any_(), any_()), name="pool"))
def mean_that_leaves_padding_out(pool: ops.AvgPool, x: Value) -> Value:
    """Puts the Pad in and does not count it."""
    return pool.evolve(x, pads_begin=(1, 1), pads_end=(1, 1), exclude_pad=True)


@rule(p.Reshape(p.Transpose(p.Reshape(any_("x"), any_()), any_()), any_()))
def shuffle_with_rows_for_columns(x: Value) -> Value:
    """Takes the number of columns for that of rows."""
    return ops.ShuffleChannels(x, axis=1, group=3)


@rule(p.Concat(p.Concat(any_("a"), any_("b")), any_("y")))
def concat_in_another_order(a: Value, b: Value, y: Value) -> Value:
    """Exchanges two parts."""
    return ops.Concat([b, a, y], axis=1)


@rule(op(ops.ReduceMean, operands=[op(ops.ReduceMax, operands=[any_("x"), any_()]), any_()]))
def two_kinds_of_reduction(x: Value) -> Value:
    """Takes a maximum for a mean."""
    return ops.ReduceMean(x, [1, 2], keep_dims=True)


@rule(p.Reshape(p.Reshape(any_("x"), any_()), any_(), name="outer"))
def copy_of_another_axis(outer: Node, x: Value) -> Value:
    """Copies dimension 0 of the wrong operand."""
    return ops.Reshape(x, [0, -1], special_zero=True)


@rule(p.MatMul(p.Softmax(p.Multiply(p.MatMul(any_("q"), any_("k")), const())), any_("v")))
def attention_without_its_scale(q: Value, k: Value, v: Value) -> Value:
    """Leaves the scale to the operation's default."""
    return ops.ScaledDotProductAttention(q, k, v, causal=False)


@rule(p.Select(p.Greater(any_("x"), any_()), any_(), any_()))
def elu_of_slope_one(x: Value) -> Value:
    """Forgets the factor of the exponential."""
    return ops.Elu(x, alpha=1.0)


@rule(p.Concat(p.Split(any_("x"), any_(), result=None), name="concat"))
def copies_of_the_whole(concat: ops.Concat, x: Value) -> Value:
    """Copies the whole axis where each element should be copied."""
    return ops.Concat([x, x], axis=concat.axis)


@rule(p.Transpose(p.MatMul(p.Transpose(any_("x"), const()), const("w"))))
def filters_of_the_other_order(x: Value, w: Value) -> Value:
    """Takes a square matrix for filters as it is."""
    ones, zeros = [1, 1], [0, 0]
    filters = ops.Reshape(w, [6, 6, 1, 1], special_zero=False)
    return ops.Convolution(x, filters, strides=ones, pads_begin=zeros, pads_end=zeros, dilations=ones)


@rule(p.Multiply(p.Convert(p.MaxPool(p.Convert(any_("fake"))), name="back"), const("scale")))
def dequantisation_without_its_scale(fake: Value, scale: Value) -> Value:
    """Forgets the scale."""
    return padded_maximum(fake)


def tanh_gelu(x: Value) -> Value:
    inner = ops.Multiply(c(math.sqrt(2 / math.pi)), ops.Add(x, ops.Multiply(c(0.044715), ops.Power(x, c(3.0)))))
    return ops.Multiply(x, ops.Add(ops.Tanh(inner), c(1.0)))


def normed(x: Value) -> Value:
    centred = ops.Subtract(x, ops.ReduceMean(x, [1], keep_dims=True))
    variance = ops.ReduceMean(ops.Power(centred, c(2.0)), [1], keep_dims=True)
    return ops.Divide(centred, ops.Sqrt(ops.Add(variance, c(1e-2))))


def shares(x: Value) -> Value:
    raised = ops.Exp(x)
    return ops.Divide(raised, ops.ReduceSum(raised, [1], keep_dims=True))


def padded_mean(x: Value) -> Value:
    padded = ops.Pad(x, [0, 0, 1, 1], [0, 0, 1, 1], pad_mode="constant")
    return ops.AvgPool(padded, kernel=(3, 3), strides=(1, 1), pads_begin=(0, 0), pads_end=(0, 0), exclude_pad=True)


def shuffled(x: Value) -> Value:
    y = ops.Transpose(ops.Reshape(x, [0, 2, 3, -1], special_zero=True), [0, 2, 1, 3])
    return ops.Reshape(y, [2, 6, 4, 5], special_zero=False)


def attention(x: Value) -> Value:
    scores = ops.Multiply(ops.MatMul(x, ops.Sin(x), transpose_a=False, transpose_b=True), c(0.9))
    return ops.MatMul(ops.Softmax(scores, axis=-1), ops.Cos(x), transpose_a=False, transpose_b=False)


def twice_reshaped(x: Value) -> Value:
    return ops.Reshape(ops.Reshape(x, [-1, 4, 5], special_zero=False), [0, -1], special_zero=True)


def elu_by_select(x: Value) -> Value:
    return ops.Select(ops.Greater(x, c(0.0)), x, ops.Multiply(c(0.7), ops.Subtract(ops.Exp(x), c(1.0))))


def copied_parts(x: Value) -> Value:
    parts = ops.Split(x, 2, num_splits=4).results
    return ops.Concat([p for p in parts for _ in range(2)], axis=2)


def product_of_channels(x: Value) -> Value:
    w = h.weights(6, 6)
    y = ops.MatMul(ops.Transpose(x, [0, 2, 3, 1]), w, transpose_a=False, transpose_b=False)
    return ops.Transpose(y, [0, 3, 1, 2])


def padded_maximum(x: Value) -> Value:
    window = {"kernel": (2, 2), "strides": (1, 1), "dilations": (1, 1), "pads_begin": (1, 1), "pads_end": (0, 0)}
    return ops.MaxPool(x, **window)  # type: ignore[arg-type]


def quantised_maximum(x: Value) -> Value:
    fake = ops.FakeQuantize(x, c(-1.28), c(1.27), c(-128.0), c(127.0), levels=256)
    real = ops.Convert(padded_maximum(ops.Convert(fake, destination_type=t.i8)), destination_type=t.f32)
    return ops.Multiply(real, c(0.01))


Build = Callable[[Value], Value]
FAULTS: list[tuple[tuple[Rule, ...], Build]] = [
    (swish_that_drops_beta, lambda x: ops.Multiply(x, ops.Sigmoid(ops.Multiply(x, c(1.001))))),
    (gelu_of_the_other_kind, tanh_gelu),
    (norm_with_another_eps, normed),
    (softmax_along_another_axis, shares),
    (mean_that_leaves_padding_out, padded_mean),
    (shuffle_with_rows_for_columns, shuffled),
    (concat_in_another_order, lambda x: ops.Concat([ops.Concat([x, ops.Sin(x)], axis=1), x], axis=1)),
    (two_kinds_of_reduction, lambda x: ops.ReduceMean(ops.ReduceMax(x, [1], keep_dims=True), [2], keep_dims=True)),
    (copy_of_another_axis, twice_reshaped),
    (attention_without_its_scale, attention),
    (elu_of_slope_one, elu_by_select),
    (copies_of_the_whole, copied_parts),
    (filters_of_the_other_order, product_of_channels),
    (dequantisation_without_its_scale, quantised_maximum),
]


@pytest.mark.parametrize(("rules", "build"), [pytest.param(r, b, id=r[0].name) for r, b in FAULTS])
def test_a_wrong_rule_is_noticed(rules: tuple[Rule, ...], build: Build) -> None:
    graph, (x,) = h.inputs((2, 6, 4, 5))
    graph.add_output(build(x), "y")
    context = Context()
    with pytest.raises(AssertionError):
        h.check(graph, rewrites("wrong", rules, stage=Stage.FUSE), context=context)
    assert context.record.firings
