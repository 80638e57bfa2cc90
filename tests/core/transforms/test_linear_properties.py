"""Random networks before and after all fusions, and the proof that these tests catch wrong rules."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mo_core.errors import MoError
from mo_core.ir import constant
from mo_core.ops import (
    Add,
    Clamp,
    Convolution,
    ConvolutionBackpropData,
    FakeQuantize,
    GroupConvolution,
    GroupConvolutionBackpropData,
    ReLU,
)
from mo_core.transforms import PASSES
from mo_core.transforms.linear import absorb as _absorb
from mo_core.transforms.linear import channels as _channels
from mo_core.transforms.linear import fusion as linear
from mo_core.transforms.linear import layers as _layers
from mo_core.transforms.linear import merge as linear_merge
from mo_core.transforms.linear import motion as linear_motion
from mo_core.transforms.linear import shape_readers as linear_shapes
from mo_core.transforms.quantise import amct
from mo_core.transforms.recognise import groups
from mo_core.transforms.simplify import strides
from tests.core.transforms.harness import close, evaluate, feed, inputs, kinds, optimise
from tests.core.transforms.programs import network
from tests.core.transforms.reference import interpret

FUSIONS = [p for p in PASSES if p.fusion and p.default]


def compare(graph, evaluate=interpret):
    data = feed(graph)
    before = evaluate(graph, data)
    optimise(graph, *FUSIONS)
    close(before, evaluate(graph, data))


def by_hypothesis(data, for_runtime=False):
    return network(lambda options: options[data.draw(st.integers(0, len(options) - 1))], for_runtime)


def many(count):
    return settings(
        max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )


@many(250)
@given(st.data())
def test_results_stay_the_same(data):
    compare(by_hypothesis(data))


@many(30)
@given(st.data())
def test_results_stay_the_same_on_the_runtime(data):
    compare(by_hypothesis(data, for_runtime=True), evaluate)


@pytest.mark.slow
@many(5000)
@given(st.data())
def test_results_stay_the_same_in_many_networks(data):
    compare(by_hypothesis(data))


@pytest.mark.slow
@many(500)
@given(st.data())
def test_results_stay_the_same_on_the_runtime_in_many_networks(data):
    compare(by_hypothesis(data, for_runtime=True), evaluate)


@many(30)
@given(st.data())
def test_interpreter_and_runtime_agree(data):
    graph = by_hypothesis(data, for_runtime=True)
    values = feed(graph)
    close(evaluate(graph, values), interpret(graph, values))


@many(100)
@given(st.data())
def test_a_second_run_finds_nothing(data):
    graph = by_hypothesis(data)
    optimise(graph, *FUSIONS)
    left = kinds(graph)
    again = optimise(graph, *FUSIONS)
    assert not again.record.firings, again.record.firings
    assert kinds(graph) == left


# -- seeded wrong rules: each must be caught by a network that the tests above could have met


def axes(kind, letters):
    return lambda patch: patch.setitem(_layers._AXES, kind, letters)


def always(owner, name, answer):
    return lambda patch: patch.setattr(owner, name, lambda *a, **k: answer)


def taking(owner, name, answer):
    return lambda patch: patch.setattr(owner, name, property(lambda self: answer))


def forgetful_merge(patch):
    real = linear_merge.computed
    patch.setattr(linear_merge, "computed", lambda f, *c, **k: c[0].node if f is np.multiply else real(f, *c, **k))


def without_epsilon(patch):
    real = linear_merge._factor_and_shift

    def wrong(norm):
        return real(norm.evolve(epsilon=0.0))

    patch.setattr(linear_merge, "_factor_and_shift", wrong)


def transpose_the_wrong_way(patch):
    patch.setattr(_channels, "inverse", tuple)


def careless_about_signs(patch):
    real = _channels._pool_commutes
    patch.setattr(_channels, "_pool_commutes", lambda node, shift, positive: real(node, shift, True))


def response_of_the_wrong_sign(patch):
    real = _layers.Layer.response
    patch.setattr(_layers.Layer, "response", lambda self, shift: _channels.computed(np.negative, real(self, shift)))


def bias_without_zeros(patch):
    patch.setattr(groups, "_full_bias", lambda node, bias: groups.layer_of(node).bias_shape and _ones(node))


def _ones(node):
    return constant(np.ones(groups.layer_of(node).bias_shape, np.float32))


def strides_without_agreement(patch):
    def first(self, node):
        found = [self.asks[u] for u, _ in node.uses if u in self.asks]
        return found[0] if found else None

    patch.setattr(strides._Plan, "_agreed", first)


def strides_that_add(patch):
    real = strides._Plan._restride

    def wrong(self, node):
        real(self, node)
        if node in self.taken:
            node.strides = tuple(s + 1 for s in node.strides)

    patch.setattr(strides._Plan, "_restride", wrong)


def careless_about_relu(patch):
    real = _channels.across

    def wrong(node, dims, *, up, shift, positive):
        return real(node, dims, up=up, shift=shift, positive=positive or isinstance(node, ReLU))

    for module in (_absorb, linear_motion):
        patch.setattr(module, "across", wrong)


def bias_of_both(patch):
    real = linear_motion.past_sum[0]

    def twice(total, node, x, c, y):
        found = real.function(total, node, x, c, y)
        return None if found is None else Add(found, c)

    wrong = replace(real, function=twice)
    rules = tuple(wrong if r is real else r for r in linear.linear_motion_.rules)
    moved = replace(linear.linear_motion_, rules=rules)
    patch.setitem(globals(), "FUSIONS", [moved if p.name == "linear-motion" else p for p in FUSIONS])


def careless_about_shapes(patch):
    kinds = (*linear_shapes._LINEAR, Convolution, GroupConvolution)
    patch.setattr(linear_shapes, "_LINEAR", kinds)
    patch.setattr(linear_shapes, "_keeps_shape", lambda node, index: isinstance(node, kinds) and index == 0)


MUTATIONS = {
    "backward: outputs and inputs of a convolution exchanged": axes(Convolution, "io"),
    "backward: axes of a transposed convolution as of a plain one": axes(ConvolutionBackpropData, "oi"),
    "backward: groups of a convolution forgotten": axes(GroupConvolution, "oig"),
    "backward: axes of a grouped transposed convolution exchanged": axes(GroupConvolutionBackpropData, "goi"),
    "forward: shift ahead of padding": taking(_layers.Layer, "takes_shift", True),
    "forward: the bias subtracted": response_of_the_wrong_sign,
    "merge: a shift keeps its size when a factor passes": forgetful_merge,
    "merge: epsilon of a batch norm forgotten": without_epsilon,
    "motion: axes permuted the wrong way": transpose_the_wrong_way,
    "motion: a factor below zero past maxima": careless_about_signs,
    "motion: a shift past means that count zeros": always(_channels, "_pool_commutes", True),
    "motion: channels of a Concat taken from the front": lambda patch: patch.setattr(
        linear_motion, "part", lambda c, axis, a, b: _channels.part(c, axis, 0, b - a)
    ),
    "motion: factors of any sign past ReLU": careless_about_relu,
    "motion: a mean over other axes": lambda patch: patch.setattr(
        _channels, "_across_mean", lambda node, dims, up: _channels.Move(dims, dims)
    ),
    "residual: a bias behind a sum counted twice": bias_of_both,
    "residual: one of two shifts forgotten": lambda patch: patch.setattr(
        linear_merge, "computed", lambda f, *c, **k: c[0].node if f is np.add else _channels.computed(f, *c, **k)
    ),
    "shapes: read ahead of what changes them": careless_about_shapes,
    "groups: parts in any order": always(groups, "_in_order", True),
    "groups: biases forgotten": bias_without_zeros,
    "strides: readers that disagree": strides_without_agreement,
    "strides: sums instead of products": strides_that_add,
    "strides: operands beside left as they are": always(strides._Plan, "_align", None),
}


def is_caught(seed):
    try:
        compare(network(random.Random(seed).choice))
    except (AssertionError, MoError, RuntimeError):
        return True
    return False


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_rule_is_caught(name, monkeypatch):
    MUTATIONS[name](monkeypatch)
    assert any(is_caught(seed) for seed in range(1000)), name


def test_the_networks_of_the_mutation_check_pass_without_mutation():
    assert not [seed for seed in range(200) if is_caught(seed)]


# -- quantisation has few forms, which are all tried


def quantised(limit, low, high, levels, both):
    graph, (x,) = inputs((64,))
    y = {"relu": ReLU, "clamp": lambda v: Clamp(v, min=0.0, max=1.0), "none": lambda v: v}[limit](x)
    ends = [np.float32(v) for v in (low, high, low, high)]
    graph.add_output(FakeQuantize(y, *ends, levels=levels), "y")
    if both:
        graph.add_output(FakeQuantize(y, *ends, levels=levels if both == "same" else levels + 2), "z")
    return graph


CASES = [
    (limit, low, high, levels, both)
    for limit in ("relu", "clamp", "none")
    for low in (0.0, -0.5, 0.25)
    for high in (0.7, 1.0, 1.5)
    for levels in (3, 17)
    for both in ("", "same", "other")
]


def test_quantised_networks_stay_the_same():
    for case in CASES:
        compare(quantised(*case))


@pytest.mark.parametrize(
    "mutation",
    [
        lambda patch: patch.setattr(amct, "_range", lambda node: (np.array([1e9]), np.array([-1e9]))),
        lambda patch: (
            patch.setattr(amct, "_equal_limits", lambda a, b: True)
            or patch.setattr(amct.FakeQuantize, "attributes", property(lambda self: {}))
        ),
    ],
    ids=["limits inside of the range", "levels forgotten"],
)
def test_a_wrong_rule_on_quantisation_is_caught(mutation, monkeypatch):
    mutation(monkeypatch)
    caught = 0
    for case in CASES:
        try:
            compare(quantised(*case))
        except (AssertionError, MoError, RuntimeError):
            caught += 1
    assert caught
