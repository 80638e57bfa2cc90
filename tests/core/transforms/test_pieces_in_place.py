"""Loops whose pieces the runtime overwrites before it has taken away what is carried."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.build.loops import iterate
from mo_core.ir import Graph
from mo_core.ir import types as t
from mo_core.ops import Add, TensorIterator
from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import evaluate
from mo_core.transforms.workarounds.pieces_in_place import pieces_in_place

DATA = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def running_sums():
    graph = Graph("sums")
    x, start = graph.add_input("x", t.f32, (4, 3)), graph.add_input("start", t.f32, (3,))

    def step(pieces, states):
        total = Add(pieces[0], states[0])
        return [total], [total]

    states, (sums,) = iterate(step, [(x, 0)], [start], 0)
    graph.add_output(sums, "sums")
    graph.add_output(states[0], "last")
    return graph


def body_of(graph):
    return next(node.body for node in graph if isinstance(node, TensorIterator))


def test_a_piece_that_one_operation_reads_is_given_as_well():
    graph = running_sums()
    run(order([pieces_in_place]), graph, Context())
    assert body_of(graph).outputs[-1].source is body_of(graph).inputs[0]
    sums, last = evaluate(graph, DATA, np.zeros(3, np.float32), engine="runtime")
    np.testing.assert_allclose(sums, np.cumsum(DATA, 0), rtol=1e-5)
    np.testing.assert_allclose(last, DATA.sum(0), rtol=1e-5)


def test_a_piece_is_given_once():
    graph = running_sums()
    run(order([pieces_in_place]), graph, Context())
    count = len(body_of(graph).outputs)
    run(order([pieces_in_place]), graph, Context())
    assert len(body_of(graph).outputs) == count


def test_the_runtime_still_needs_this():
    """When this fails, the runtime has been mended, and the pass can go."""
    sums, _ = evaluate(running_sums(), DATA, np.zeros(3, np.float32), engine="runtime")
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(sums, np.cumsum(DATA, 0), rtol=1e-5)
