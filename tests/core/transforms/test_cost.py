"""All passes together on 5,000 nodes cost less than making the nodes and emitting them."""

from __future__ import annotations

import gc
import time

import pytest

from mo_core.emit import serialize
from mo_core.ops import Add, BatchNormInference, Convolution, ReLU
from mo_core.passes import Context, order, run
from mo_core.transforms import PASSES

from tests.core.transforms.harness import inputs, kinds, weights
from tests.core.transforms.layers import conv

BLOCKS = 715


def residual_network():
    """Blocks of seven nodes, besides their constants: two convolutions with batch norm, and a shortcut."""
    graph, (x,) = inputs((1, 8, 8, 8))
    y = x
    for _ in range(BLOCKS):
        before = y
        for last in (False, True):
            y = BatchNormInference(conv(y, 8, pad=1), *[weights(8, low=0.5) for _ in range(4)], epsilon=1e-3)
            y = y if last else ReLU(y)
        y = ReLU(Add(y, before))
    graph.add_output(y, "y")
    return graph


@pytest.mark.perf
def test_passes_cost_less_than_reading_and_emitting():
    passes = [p for p in order(PASSES) if p.default and p.wanted is None]
    shares = []
    for _ in range(3):
        gc.collect()
        start = time.process_time()
        graph = residual_network()
        made = time.process_time()
        run(passes, graph, Context())
        optimised = time.process_time()
        serialize(graph)
        shares.append((optimised - made) / (made - start + time.process_time() - optimised))
    assert kinds(graph).count("Add") == 3 * BLOCKS and "BatchNormInference" not in kinds(graph)
    assert min(shares) < 1, shares


def test_the_network_of_the_measurement_has_5000_nodes():
    assert len(kinds(residual_network())) == 7 * BLOCKS
    assert any(isinstance(n, Convolution) for n in residual_network())
