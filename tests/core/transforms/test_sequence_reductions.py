"""Reductions of sequences, behind which the runtime would take constants along the wrong axis."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core import ops
from mo_core.ops import Add, Multiply, PReLU, ReduceMax, ReduceMean, ReduceSum, ReLU
from mo_core.transforms.workarounds.sequence_reductions import sequence_reductions
from tests.core.transforms.harness import close, evaluate, feed, inputs, kinds, optimise, unchanged, weights
from tests.core.transforms.reference import interpret

BEHIND = {
    "sum": lambda y, c: Add(y, c),
    "product of relu": lambda y, c: Multiply(ReLU(y), c),
    "slopes": lambda y, c: PReLU(y, c),
}


def reduced(kind, axis, keep, behind):
    graph, (x,) = inputs((None, 4, 6))
    y = kind(x, np.array([axis]), keep_dims=keep)
    shape = [1, 4, 1] if keep else [4, 1] if axis == 0 else [1, 4]
    graph.add_output(BEHIND[behind](y, weights(*shape)), "y")
    return graph


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("axis", [0, 2, -1])
@pytest.mark.parametrize("kind", [ReduceMean, ReduceMax, ReduceSum])
def test_a_constant_behind_the_reduction_of_a_sequence(kind, axis, keep, behind):
    graph = reduced(kind, axis, keep, behind)
    data = feed(graph)
    before, types = interpret(graph, data), [r.source.type for r in graph.outputs]
    optimise(graph, sequence_reductions)
    assert kinds(graph)[0] == "Unsqueeze" and [r.source.type for r in graph.outputs] == types
    close(before, evaluate(graph, data))


def test_other_reductions_stay():
    graph, (x, y) = inputs((2, 4, 6), (2, 4, 6, 5))
    graph.add_output(Add(ReduceMean(x, np.array([1]), keep_dims=True), weights(6)), "middle")
    graph.add_output(Add(ReduceMean(x, np.array([2]), keep_dims=True), np.float32(1)), "number")
    graph.add_output(Add(ReduceMean(x, np.array([0, 2]), keep_dims=True), weights(4, 1)), "both")
    graph.add_output(Add(ReduceMean(y, np.array([2, 3]), keep_dims=True), weights(4, 1, 1)), "image")
    graph.add_output(ops.Softmax(ReduceMean(x, np.array([2]), keep_dims=False), axis=1), "plain")
    unchanged(graph, sequence_reductions)


def test_the_runtime_still_needs_this():
    """When this fails, the runtime has been mended, and the pass can go."""
    graph = reduced(ReduceMean, 2, True, "sum")
    data = feed(graph)
    with pytest.raises(AssertionError):
        close(interpret(graph, data), evaluate(graph, data))
