"""A tensor name that is left after the passes is on a tensor that holds what the source has under it."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mo_core.ir import Constant, Result, constant, copy_graph
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    Clamp,
    Concat,
    Convert,
    Divide,
    Erf,
    Exp,
    FakeQuantize,
    Gather,
    MatMul,
    Maximum,
    Minimum,
    Multiply,
    Pad,
    Power,
    ReduceMean,
    ReduceSum,
    ReLU,
    Reshape,
    ShapeOf,
    Sigmoid,
    Slice,
    Softmax,
    Sqrt,
    Subtract,
    Transpose,
    Unsqueeze,
)
from mo_core.options import OptionTable
from mo_core.rewriting import Editor
from mo_core.rewriting.passes import Context, Pass, order, run
from mo_core.transforms import PASSES
from tests.core.transforms.harness import TOLERANCE, evaluate, feed, inputs, weights
from tests.core.transforms.layers import conv, max_pool
from tests.core.transforms.programs import network

WITH_OPTIONS = {
    "stride-optimization": {},
    "pruning": {"transform": "Pruning"},
    "horizontal-fusion": {"enable_pass": "horizontal-fusion"},
    "static-shape": {"static_shape": True},
    "target-release": {"target_openvino": "2022.3"},
}


def name_all(graph):
    """A tensor name for everything that is computed."""
    for i, node in enumerate(n for n in graph if not isinstance(n, (Constant, Result))):
        for result in node.results:
            result.names.append(f"t{i}.{result.index}")


def contents(graph, names, data):
    """What the tensors of these names hold."""
    graph = copy_graph(graph)
    found = {name: r for n in graph for r in n.results for name in r.names if name in names}
    for result in list(graph.outputs):
        graph.remove_output(result)
    for name, value in found.items():
        graph.add_output(value if not value.node.sink else Reshape(value, ShapeOf(value), special_zero=False), name)
    return dict(zip(found, evaluate(graph, data)))


def wrong_names(graph, options=None):
    """Names that are left after all passes on something else than before, and how many are left and gone."""
    name_all(graph)
    before = copy_graph(graph)
    built = OptionTable().build(options or {})
    context = Context(options=built)
    chosen = [p for p in order(PASSES) if is_wanted(p, built)]
    run(chosen, graph, context)
    graph.verify()
    left = {name for n in graph for r in n.results for name in r.names}
    data = feed(before)
    old, new = contents(before, left, data), contents(graph, left, data)
    wrong = [
        name
        for name in sorted(left)
        if old[name].shape != new[name].shape
        or not np.allclose(old[name], new[name], rtol=0, atol=TOLERANCE * 10 * max(1, np.abs(old[name]).max(initial=0)))
    ]
    return wrong, left, {u.name for u in context.record.unnamed}


def is_wanted(p: Pass, options):
    asked = options.enable_pass or ()
    return (p.default or p.name in asked) and (p.wanted is None or p.wanted(options))


@pytest.mark.parametrize("options", WITH_OPTIONS.values(), ids=WITH_OPTIONS)
def test_of_random_networks(options):
    count = 0
    for seed in range(60):
        wrong, left, _ = wrong_names(network(random.Random(seed).choice, for_runtime=True), options)
        assert not wrong, f"seed {seed}"
        count += len(left)
    assert count > 400


# -- networks that are recognised as something shorter


def activations():
    graph, (x,) = inputs((2, 4, 6))
    swish = Multiply(x, Divide(constant(1.0), Add(Exp(Multiply(x, -1.0)), 1.0)))
    hsigmoid = Divide(Clamp(Add(swish, 3.0), min=0.0, max=6.0), 6.0)
    gelu = Multiply(Multiply(hsigmoid, Add(Erf(Divide(hsigmoid, 2.0**0.5)), 1.0)), 0.5)
    limits = Minimum(Maximum(gelu, 0.0), 0.4)
    graph.add_output(Sigmoid(Subtract(ReLU(limits), Multiply(ReLU(Multiply(x, -1.0)), 0.1))), "y")
    return graph


def norms():
    graph, (x,) = inputs((2, 5, 8))
    centred = Subtract(x, ReduceMean(x, [2], keep_dims=True))
    normal = Divide(centred, Sqrt(Add(ReduceMean(Power(centred, 2.0), [2], keep_dims=True), 1e-5)))
    scaled = Add(Multiply(normal, weights(8)), weights(8, seed=1))
    length = Divide(scaled, Sqrt(Add(ReduceSum(Multiply(scaled, scaled), [1], keep_dims=True), 1e-6)))
    e = Exp(length)
    graph.add_output(Divide(e, ReduceSum(e, [2], keep_dims=True)), "y")
    return graph


def attention():
    graph, (q, k, v) = inputs((1, 2, 5, 8), (1, 2, 5, 8), (1, 2, 5, 8))
    scores = Divide(MatMul(q, Transpose(k, [0, 1, 3, 2])), 8.0**0.5)
    graph.add_output(MatMul(Softmax(Add(scores, weights(1, 1, 5, 5)), axis=-1), v), "y")
    return graph


def rearranged():
    graph, (x,) = inputs((1, 4, 6, 6))
    apart = Transpose(Reshape(x, [1, 2, 2, 6, 6], special_zero=False), [0, 2, 1, 3, 4])
    y = Reshape(apart, [1, 4, 6, 6], special_zero=False)
    y = Pad(y, [0, 0, 1, 1], [0, 0, 1, 1], 0.0, pad_mode="constant")
    y = max_pool(conv(y, 4, pad=0), pad=0)
    parts = [Slice(y, [i], [i + 1], [1], [1]) for i in range(4)]
    y = Concat([Concat(parts[:2], axis=1), Concat(parts[2:], axis=1)], axis=1)
    rows = Reshape(Transpose(y, [0, 2, 3, 1]), [-1, 4], special_zero=False)
    y = ReduceMean(ReduceMean(MatMul(rows, weights(4, 3)), [1], keep_dims=True), [0], keep_dims=False)
    graph.add_output(Unsqueeze(y, [0]), "y")
    return graph


def quantised():
    graph, (x,) = inputs((1, 4, 6, 6))
    ends = [np.float32(v) for v in (0.0, 2.55, 0.0, 2.55)]
    y = ReLU(conv(x, 4))
    first, second = FakeQuantize(y, *ends, levels=256), FakeQuantize(y, *ends, levels=256)
    graph.add_output(Add(max_pool(first), max_pool(Abs(second))), "y")
    return graph


def strides():
    graph, (x,) = inputs((1, 4, 8, 8))
    graph.add_output(conv(ReLU(conv(x, 4, pad=1)), 4, kernel=1, stride=2), "y")
    return graph


def zero_channels():
    graph, (x,) = inputs((1, 3, 8, 8))
    filters = weights(6, 3, 3, 3).value.numpy().copy()
    filters[[1, 4]] = 0
    graph.add_output(conv(ReLU(conv(x, 6, filters=constant(filters), pad=1)), 4, pad=1), "y")
    return graph


def reversed_channels():
    graph, (x,) = inputs((1, 3, 8, 8))
    y = Multiply(Gather(x, constant([2, 1, 0]), constant(1)), weights(3, 1, 1))
    graph.add_output(conv(max_pool(y), 4, pad=1), "y")
    return graph


def sizes():
    graph, (x,) = inputs((None, 3, 8, 8))
    batch = Gather(ShapeOf(x), constant([0]), constant(0))
    flat = Reshape(x, Concat([batch, constant([-1])], axis=0), special_zero=False)
    graph.add_output(
        Add(ReLU(flat), Convert(Gather(ShapeOf(flat), constant(1), constant(0)), destination_type=t.f32)), "y"
    )
    return graph


RECOGNISED = [activations, norms, attention, rearranged, quantised, strides, zero_channels, reversed_channels, sizes]


@pytest.mark.parametrize("options", WITH_OPTIONS.values(), ids=WITH_OPTIONS)
@pytest.mark.parametrize("build", RECOGNISED, ids=lambda f: f.__name__)
def test_of_networks_that_are_recognised(build, options):
    wrong, left, _ = wrong_names(build(), options)
    assert not wrong and len(left) >= 2


# -- names that go


def test_the_name_of_a_tensor_that_is_thinned_out_goes_and_is_told():
    _, left, gone = wrong_names(strides())
    assert gone == {"t1.0", "t2.0"} and not gone & left


def test_a_tensor_that_is_an_output_keeps_content_and_name():
    graph = strides()
    relu = next(n for n in graph if isinstance(n, ReLU))
    graph.add_output(relu, "wanted")
    wrong, left, gone = wrong_names(graph)
    assert not wrong and "wanted" in left and not gone
    assert relu.shape == (1, 4, 8, 8)


def test_the_names_of_tensors_that_lose_channels_go():
    _, left, gone = wrong_names(zero_channels(), {"transform": "Pruning"})
    assert gone == {"t1.0", "t2.0"} and not gone & left


@pytest.mark.parametrize(("build", "options"), [(strides, {}), (zero_channels, {"transform": "Pruning"})])
def test_a_pass_that_leaves_a_wrong_name_is_caught(build, options, monkeypatch):
    monkeypatch.setattr(Editor, "drop_names", lambda *_: None)
    wrong, _, _ = wrong_names(build(), options)
    assert wrong == ["t1.0", "t2.0"]
