"""Passes that tidy up, on the runtime."""

from __future__ import annotations

import numpy as np
import openvino
import pytest

from mo_core.emit import serialize
from mo_core.ir import Constant, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import lazy
from mo_core.ops import Add, Broadcast, Concat, MatMul, Multiply, ReLU, Reshape, ScaledDotProductAttention, Transpose
from mo_core.transforms.simplify.cleanup import common_subexpressions, constant_folding, separate_constants
from tests.core.transforms.harness import check, inputs, kinds, optimise, weights


def branches(count: int):
    """Products with weights of their own, each multiplied by the same number."""
    graph, (x,) = inputs((None, 32))
    factor = weights(1, 32)
    for i in range(count):
        scaled = Multiply(MatMul(x, weights(32, 32, seed=i), transpose_b=True), factor)
        graph.add_output(ReLU(scaled), f"y{i}")
    return graph


def executed(graph) -> list[str]:
    """The kinds of layers that the runtime executes after its own fusions."""
    xml, blob = serialize(graph)
    core = openvino.Core()
    model = core.compile_model(core.read_model(xml.encode(), blob), "CPU").get_runtime_model()
    return [node.get_rt_info()["layerType"].astype(str) for node in model.get_ops()]


def test_every_reader_of_a_small_constant_gets_its_own():
    graph = branches(3)
    size = len(serialize(graph)[1])
    check(graph, common_subexpressions, separate_constants)
    factors = [n.b.node for n in graph if isinstance(n, Multiply)]
    assert len(set(factors)) == 3 and len({f.name for f in factors}) == 3
    assert len(serialize(graph)[1]) == size  # the bytes are written once


def attentions(count: int):
    """Attention, several times, whose scale is one constant; the runtime puts it behind the product of the keys."""
    graph, (x,) = inputs((None, None, 64))
    scale, no_mask, order = weights(), constant(0.0, t.f32), np.array([0, 2, 1, 3])
    for i in range(count):
        heads = [
            Transpose(Reshape(MatMul(x, weights(64, 64, seed=3 * i + k)), [0, 0, 4, 16], special_zero=True), order)
            for k in range(3)
        ]
        graph.add_output(ScaledDotProductAttention(*heads, no_mask, scale), f"y{i}")
    return graph


def test_the_runtime_fuses_what_reads_constants_of_its_own():
    """Were this the same for a shared constant, the pass would not be needed."""
    shared = executed(attentions(2))
    graph = attentions(2)
    check(graph, separate_constants)
    assert shared.count("Eltwise") == 2 and executed(graph).count("Eltwise") == 0


def test_large_constants_and_whole_numbers_stay_shared():
    graph, (x,) = inputs((None, 64))
    large = weights(64, 64)
    graph.add_output(Add(MatMul(x, large), MatMul(ReLU(x), large)), "y")
    check(graph, separate_constants)
    assert len([n for n in graph if isinstance(n, Constant)]) == 1
    assert np.shape(large.value.numpy()) == (64, 64)


@pytest.mark.parametrize(("rows", "folded"), [(1 << 12, True), (1 << 15, False), (1 << 40, False)])
def test_what_only_repeats_a_number_is_not_written_out_when_it_is_large(rows, folded):
    graph, (x,) = inputs((1, 1024))
    graph.add_output(Add(x, Broadcast(constant(np.float32(2)), constant([rows, 1024]))), "y")
    optimise(graph, constant_folding)
    assert kinds(graph) == ["Add"] if folded else ["Broadcast", "Add"]


def test_large_constants_that_are_joined_become_one():
    graph, (x,) = inputs((1, 1))
    parts = [Constant(value=lazy_numbers(1 << 13, 1 << 11)) for _ in range(2)]
    graph.add_output(Add(x, Concat(parts, axis=0)), "y")
    optimise(graph, constant_folding)
    assert kinds(graph) == ["Add"]


def lazy_numbers(*shape: int):
    """Numbers that nobody has to compute here."""
    return lazy(lambda a: np.broadcast_to(a, shape), constant(np.float32(1)).value, shape=shape)
