"""Attention from its small ops."""

from __future__ import annotations

import pytest

from mo_core import ops
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.transforms.layout import transposes
from mo_core.transforms.recognise import attention
from tests.core.transforms import harness as h

Q, K, V = (2, 4, 6, 8), (2, 4, 5, 8), (2, 4, 5, 8)


def c(number: float) -> Value:
    return constant(number, t.f32)


def dots(q: Value, k: Value, transposed: bool = True) -> Value:
    return ops.MatMul(q, k, transpose_a=False, transpose_b=transposed)


def heads(scores: Value, v: Value, axis: int = -1) -> Value:
    return ops.MatMul(ops.Softmax(scores, axis=axis), v, transpose_a=False, transpose_b=False)


def swapped(x: Value) -> Value:
    return ops.Transpose(x, [0, 1, 3, 2])


FORMS = [
    ("no scale", lambda q, k, v, m: heads(dots(q, k), v)),
    ("scale", lambda q, k, v, m: heads(ops.Multiply(dots(q, k), c(0.25)), v)),
    ("divided", lambda q, k, v, m: heads(ops.Divide(dots(q, k), c(3.0)), v, axis=3)),
    ("mask", lambda q, k, v, m: heads(ops.Add(ops.Multiply(dots(q, k), c(0.25)), m), v)),
    ("mask first", lambda q, k, v, m: heads(ops.Add(m, dots(q, k)), v)),
    ("constant mask", lambda q, k, v, m: heads(ops.Add(dots(q, k), h.weights(1, 1, 6, 5)), v)),
    ("keys turned", lambda q, k, v, m: heads(dots(q, swapped(k), transposed=False), v)),
    ("scaled queries", lambda q, k, v, m: heads(dots(ops.Multiply(q, c(0.5)), k), v)),
]


@pytest.mark.parametrize("build", [pytest.param(b, id=n) for n, b in FORMS])
@pytest.mark.parametrize("dynamic", [False, True])
def test_attention(build, dynamic) -> None:
    graph, inputs = h.inputs(Q, K, V, (2, 1, 1, 5))
    if dynamic:
        batch, rows, columns = t.Dynamic(), t.Dynamic(), t.Dynamic()
        for x, length in zip(inputs, (rows, columns, columns)):
            x.retype(t.f32, (batch, 4, length, 8))
        inputs[3].retype(t.f32, (t.Dynamic(), 1, t.Dynamic(), t.Dynamic()))
        graph.refresh()
        if "constant" in str(build):
            return
    graph.add_output(build(*inputs), "y")
    if dynamic and any(n.type_name == "Add" and n.b.tensor is not None for n in graph):
        return  # a constant mask has fixed lengths
    h.check(graph, attention.attention_fusion, transposes.transposes, size=3)
    assert [k for k in h.kinds(graph) if k != "Multiply"] == ["ScaledDotProductAttention"]


def test_of_rank_3() -> None:
    graph, (q, k, v) = h.inputs(*(s[1:] for s in (Q, K, V)))
    graph.add_output(heads(ops.Multiply(dots(q, k), c(0.3)), v), "y")
    h.check(graph, attention.attention_fusion)
    assert h.kinds(graph) == ["ScaledDotProductAttention"]


OTHERS = [
    ("softmax over queries", lambda q, k, v, m: heads(dots(q, k), v, axis=2)),
    ("scale of each head", lambda q, k, v, m: heads(ops.Multiply(dots(q, k), h.weights(4, 1, 1)), v)),
    ("no product", lambda q, k, v, m: heads(ops.Sin(dots(q, k)), v)),
    ("constant keys", lambda q, k, v, m: heads(dots(q, h.weights(2, 4, 5, 8)), v)),
    ("other batches", lambda q, k, v, m: heads(dots(q, ops.ReduceMax(k, [0], keep_dims=True)), v)),
    ("mask ahead of the scale", lambda q, k, v, m: heads(ops.Multiply(ops.Add(dots(q, k), m), c(0.5)), v)),
]


@pytest.mark.parametrize("build", [pytest.param(b, id=n) for n, b in OTHERS])
def test_what_only_looks_like_attention_stays(build) -> None:
    graph, inputs = h.inputs(Q, K, V, (2, 1, 1, 5))
    graph.add_output(build(*inputs), "y")
    h.unchanged(graph, attention.attention_fusion)


def test_scores_that_others_read_stay() -> None:
    graph, (q, k, v) = h.inputs(Q, K, V)
    scores = dots(q, k)
    graph.add_output(heads(scores, v), "y")
    graph.add_output(scores, "scores")
    context = h.unchanged(graph, attention.attention_fusion)
    assert h.reasons(context) == ['"scores" is read by others, too']


def test_shares_that_others_read_stay() -> None:
    graph, (q, k, v) = h.inputs(Q, K, V)
    shares = ops.Softmax(dots(q, k), axis=-1)
    graph.add_output(ops.MatMul(shares, v, transpose_a=False, transpose_b=False), "y")
    graph.add_output(shares, "shares")
    h.unchanged(graph, attention.attention_fusion)


@pytest.mark.parametrize("shape", [(5,), (1,)])
def test_a_mask_of_one_axis_gets_the_axes_that_the_operation_needs(shape) -> None:
    graph, (q, k, v, mask) = h.inputs(Q, K, V, shape)
    graph.add_output(heads(ops.Add(dots(q, k), mask), v), "y")
    h.check(graph, attention.attention_fusion)
    fused = next((n for n in graph if n.type_name == "ScaledDotProductAttention"), None)
    assert fused is None or fused.operands[3].rank >= 2
