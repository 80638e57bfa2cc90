"""Filters shared by a convolution and a transposed convolution, which the runtime would mix up."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ir import constant
from mo_core.ir import types as t
from mo_core.ops import Convert, ReLU
from mo_core.transforms.workarounds.tied_filters import tied_filters
from tests.core.transforms.harness import close, evaluate, feed, inputs, kinds, optimise, weights
from tests.core.transforms.layers import conv
from tests.core.transforms.reference import interpret


def tied(filters, channels=8):
    graph, (x,) = inputs((2, channels, 6, 6))
    y = conv(x, channels, filters=filters)
    graph.add_output(conv(ReLU(y), channels, transposed=True, filters=filters), "y")
    return graph


@pytest.mark.parametrize("form", ["f32", "f16", "equal"])
def test_tied_filters_are_stored_apart(form):
    stored = weights(8, 8, 3, 3)
    if form == "f16":
        stored = Convert(constant(stored.const, t.f16), destination_type=t.f32)
    graph = tied(stored)
    if form == "equal":
        graph, (x,) = inputs((2, 8, 6, 6))
        y = conv(x, 8, filters=weights(8, 8, 3, 3))
        graph.add_output(conv(ReLU(y), 8, transposed=True, filters=weights(8, 8, 3, 3)), "y")
    data = feed(graph)
    before = interpret(graph, data)
    optimise(graph, tied_filters)
    assert kinds(graph).count("Transpose") == 1
    close(before, evaluate(graph, data))


def test_filters_of_another_shape_or_content_stay():
    graph, (x,) = inputs((2, 8, 6, 6))
    y = conv(x, 8, filters=weights(8, 8, 3, 3))
    graph.add_output(conv(ReLU(y), 8, transposed=True, filters=weights(8, 8, 3, 3, seed=1)), "y")
    graph.add_output(conv(ReLU(y), 4, transposed=True, filters=weights(8, 4, 3, 3)), "z")
    optimise(graph, tied_filters)
    assert "Transpose" not in kinds(graph)


def test_the_runtime_still_needs_this():
    """When this fails, the runtime has been mended, and the pass can go."""
    graph = tied(weights(8, 8, 3, 3))
    data = feed(graph)
    with pytest.raises(AssertionError):
        close(interpret(graph, data), evaluate(graph, data))


def test_grouped_filters_are_not_mixed_up():
    graph, (x,) = inputs((2, 8, 6, 6))
    w = weights(2, 4, 4, 3, 3)
    y = conv(x, 8, groups=2, filters=w)
    graph.add_output(conv(ReLU(y), 8, groups=2, transposed=True, filters=w), "y")
    data = feed(graph)
    before = interpret(graph, data)
    optimise(graph, tied_filters)
    assert "Transpose" not in kinds(graph)
    close([np.asarray(v) for v in before], evaluate(graph, data))
