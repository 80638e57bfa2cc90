"""Activations after the maximum of windows of a convolution."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import evaluate, parse
from mo_core.transforms.workarounds.pooled_activations import pooled_activations

DATA = np.random.default_rng(0).uniform(-2, 2, (1, 3, 8, 8)).astype(np.float32)
POOL = "{strides=[2,2], dilations=[1,1], pads_begin=[0,0], pads_end=[0,0], kernel=[2,2]}"
SAME = "{strides=[1,1], pads_begin=[1,1], pads_end=[1,1], dilations=[1,1]}"

FALLING = {
    "Abs": "%y = Abs(%p)",
    "Gelu": "%y = Gelu(%p)",
    "HSwish": "%y = HSwish(%p)",
    "Mish": "%y = Mish(%p)",
    "Swish": "%y = Swish(%p)",
    "Elu": "%y = Elu(%p) {alpha=-1.0}",
    "PReLU": "%y = PReLU(%p, [-0.5])",
    "Sigmoid and Multiply": "%s = Sigmoid(%p)\n%y = Multiply(%p, %s)",
    "after Tanh": "%t = Tanh(%p)\n%y = Abs(%t)",
    "after Transpose": "%t = Transpose(%p, [0,2,3,1])\n%y = Abs(%t)",
    "after Reshape": "%t = Reshape(%p, [1,-1]) {special_zero=false}\n%y = Mish(%t)",
}
RISING = {
    "ReLU": "%y = ReLU(%p)",
    "Sigmoid": "%y = Sigmoid(%p)",
    "Elu": "%y = Elu(%p) {alpha=1.0}",
    "PReLU": "%y = PReLU(%p, [0.5])",
}
CONVOLUTIONS = {
    "Convolution": f"%c = Convolution(%x, %w) {SAME}",
    "with bias": f"%k = Convolution(%x, %w) {SAME}\n%c = Add(%k, %b)",
    "GroupConvolution": f"%c = GroupConvolution(%x, %g) {SAME}",
}


def network(activation, convolution=CONVOLUTIONS["Convolution"]):
    return parse(f"""
    %x = Parameter : f32[1,3,8,8] "x"
    %w = Constant random(1) : f32[4,3,3,3]
    %g = Constant random(2) : f32[3,1,1,3,3]
    %b = Constant random(3) : f32[1,4,1,1]
    {convolution}
    %p = MaxPool(%c) {POOL}
    {activation}
    return %y
    """)


def expected(activation, convolution=CONVOLUTIONS["Convolution"]):
    """The maxima by the runtime, the activation on them by numpy."""
    maxima = evaluate(network("%y = Identity(%p)", convolution), DATA, engine="runtime")[0]
    sizes = ",".join(map(str, maxima.shape))
    alone = parse(f"""
    %p = Parameter : f32[{sizes}]
    {activation}
    return %y
    """)
    return evaluate(alone, maxima)[0]


@pytest.mark.parametrize("convolution", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
@pytest.mark.parametrize("activation", FALLING.values(), ids=FALLING)
def test_an_activation_that_may_fall_stays_after_the_maximum(activation, convolution):
    graph = network(activation, convolution)
    run(order([pooled_activations]), graph, Context())
    (got,) = evaluate(graph, DATA, engine="runtime")
    np.testing.assert_allclose(got, expected(activation, convolution), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", RISING.values(), ids=RISING)
def test_one_that_rises_may_be_fused(activation):
    graph = network(activation)
    before = [n.type_name for n in graph]
    run(order([pooled_activations]), graph, Context())
    assert [n.type_name for n in graph] == before
    (got,) = evaluate(graph, DATA, engine="runtime")
    np.testing.assert_allclose(got, expected(activation), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", FALLING.values(), ids=FALLING)
@pytest.mark.xfail(strict=True, reason="the CPU plug-in computes the activation ahead of the maximum")
def test_the_runtime_takes_the_maximum_first(activation):
    graph = network(activation)
    (got,) = evaluate(graph, DATA, engine="runtime")
    np.testing.assert_allclose(got, expected(activation), rtol=1e-4, atol=1e-5)
