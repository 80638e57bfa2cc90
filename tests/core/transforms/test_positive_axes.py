"""Axes counted from the front."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import evaluate, parse
from mo_core.transforms.workarounds.positive_axes import positive_axes

DATA = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)

FORMS = {
    "ReduceSum(%x, [-1,-3]) {keep_dims=false}": (0, 2),
    "Unsqueeze(%x, [-1])": (3,),
    "Softmax(%x) {axis=-2}": 1,
    "Concat(%x, %x) {axis=-1}": 2,
    "Gather(%x, [1,0], -1)": (2,),
    "ReduceMax(%x, -1) {keep_dims=true}": (2,),
}


@pytest.mark.parametrize("form", FORMS)
def test_axes_count_from_the_front(form):
    graph = parse(f"""
    %x = Parameter : f32[2,3,4] "x"
    %y = {form}
    return %y
    """)
    wanted = evaluate(graph, DATA, engine="runtime")[0]
    run(order([positive_axes]), graph, Context())
    graph.verify()
    node = graph.outputs[0].source.node
    found = node.attributes.get("axis") if "axis" in node.attributes else tuple(node.operands[-1].const.reshape(-1))
    assert found == FORMS[form] or sorted(found) == sorted(FORMS[form])
    np.testing.assert_array_equal(evaluate(graph, DATA, engine="runtime")[0], wanted)


@pytest.mark.parametrize("form", ["ReduceSum(%x, [-1]) {keep_dims=false}", "Softmax(%x) {axis=-2}"])
def test_they_stay_where_the_rank_is_unknown(form):
    graph = parse(f"""
    %x = Parameter : f32[...] "x"
    %y = {form}
    return %y
    """)
    context = Context()
    run(order([positive_axes]), graph, context)
    assert not context.record.firings


def network():
    return parse("""
    %x = Parameter : f32[2,3,4] "x"
    %u = Unsqueeze(%x, [3])
    %y = ReduceSum(%u, [-2]) {keep_dims=false}
    return %y
    """)


def test_a_reduction_after_an_axis_more():
    graph = network()
    run(order([positive_axes]), graph, Context())
    (got,) = evaluate(graph, DATA, engine="runtime")
    np.testing.assert_allclose(got, DATA.sum(-1)[..., None], rtol=1e-5, atol=1e-6)


@pytest.mark.xfail(strict=True, reason="the runtime counts the axis in the data without the axis that it moved")
def test_the_runtime_counts_negative_axes_rightly():
    (got,) = evaluate(network(), DATA, engine="runtime")
    assert got.shape == (2, 3, 1)
    np.testing.assert_allclose(got, DATA.sum(-1)[..., None], rtol=1e-5, atol=1e-6)
