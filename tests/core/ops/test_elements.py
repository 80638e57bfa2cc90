"""What operations promise of their elements, held against what they compute."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core import ops
from mo_core.ir import ElementTrait, Graph
from mo_core.ir import types as t
from mo_core.ops.unary import Unary
from mo_core.testing import evaluate

GRID = np.linspace(-6, 6, 97).astype(np.float32)

BUILT = {
    "Clamp": [lambda x: ops.Clamp(x, min=0.5, max=2), lambda x: ops.Clamp(x, min=-1.5, max=2)],
    "Elu": [lambda x: ops.Elu(x, alpha=0.5), lambda x: ops.Elu(x, alpha=-0.5)],
    "HardSigmoid": [lambda x: ops.HardSigmoid(x, 0.2, 0.5), lambda x: ops.HardSigmoid(x, -0.2, 0.5)],
    "PReLU": [lambda x: ops.PReLU(x, [0.25]), lambda x: ops.PReLU(x, [-0.25])],
    "Round": [lambda x: ops.Round(x, mode="half_to_even"), lambda x: ops.Round(x, mode="half_away_from_zero")],
    "Selu": [lambda x: ops.Selu(x, 1.5, 1.25)],
}
WHOLE = {"BitwiseNot"}
UNDECLARED = {"Selu"}  # its two numbers are operands, which a model may give along axes


def classes(base):
    return [c for kind in base.__subclasses__() for c in (kind, *classes(kind)) if c.__module__.startswith("mo_core.")]


CASES = [
    (f"{kind.__name__}-{i}", build)
    for kind in sorted(classes(Unary), key=lambda c: c.__name__)
    if kind.__name__ not in WHOLE
    for i, build in enumerate(BUILT.get(kind.__name__, [kind]))
]


def of_grid(build, data=GRID):
    graph = Graph()
    value = build(graph.add_input("x", t.f32, (len(GRID),)))
    graph.add_output(value, "y")
    with np.errstate(all="ignore"):
        return value.node, evaluate(graph, data)[0].astype(np.float64)


@pytest.mark.parametrize(("name", "build"), CASES, ids=[name for name, _ in CASES])
def test_functions_of_an_element_promise_what_they_keep_and_all_of_it(name, build):
    node, y = of_grid(build)
    trait, known = node.element_trait, np.isfinite(y)
    assert trait.pointwise
    y = y[known]
    found = {
        "never_negative": bool((y >= 0).all()),
        "rising": bool((np.diff(y) >= 0).all()),
        "homogeneous": bool(np.allclose(of_grid(build, 4 * GRID)[1][known], 4 * y, rtol=1e-6)),
    }
    promised = {key: getattr(trait, key)(node) for key in found}
    if node.type_name in UNDECLARED:
        assert not any(promised.values())
    else:
        assert promised == found


@pytest.mark.parametrize(
    "build",
    [
        lambda x: ops.Reshape(x, [4, 6], special_zero=False),
        lambda x: ops.Transpose(x, [1, 0, 2]),
        lambda x: ops.Concat([x, x], axis=1),
        lambda x: ops.Split(x, 2, num_splits=2),
        lambda x: ops.Slice(x, [1], [2], [1], [1]),
        lambda x: ops.Tile(x, [1, 2, 1]),
        lambda x: ops.Broadcast(x, [2, 2, 3, 4]),
        lambda x: ops.Reverse(x, [1], mode="index"),
        lambda x: ops.Roll(x, 1, 2),
        lambda x: ops.MaxPool(x, strides=[1], pads_begin=[0], pads_end=[0], dilations=[1], kernel=[2]),
    ],
)
def test_what_chooses_makes_no_new_elements(build):
    data = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    graph = Graph()
    node = build(graph.add_input("x", t.f32, (2, 3, 4))).node
    assert node.element_trait.chooses
    graph.add_output(node.results[0], "y")
    assert np.isin(evaluate(graph, data)[0], data).all()


def test_an_op_that_declares_nothing_promises_nothing():
    node = of_grid(lambda x: ops.LogSoftmax(x, axis=0))[0]
    assert node.element_trait == ElementTrait()
