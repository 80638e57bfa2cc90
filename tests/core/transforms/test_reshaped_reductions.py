"""Reductions that drop axes of size 1, and what gives their results another shape."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.reshaped_reductions import reshaped_reductions

DATA = np.random.default_rng(0).normal(size=(1, 6, 2, 1)).astype(np.float32)
AFTER = {"Transpose": "Transpose(%m, [1,0])", "Reshape": "Reshape(%m, [1,6]) {special_zero=false}"}


def network(after, axes="[0,2]"):
    return f"""
    %x = Parameter : f32[1,6,2,1] "x"
    %m = ReduceMean(%x, {axes}) {{keep_dims=false}}
    %y = {after}
    return %y
    """


@pytest.mark.parametrize("after", AFTER.values(), ids=AFTER)
def test_the_result_gets_its_shape(after):
    graph = parse(network(after))
    run(order([reshaped_reductions]), graph, Context())
    (got,) = evaluate(graph, DATA, engine="runtime")
    np.testing.assert_allclose(got, DATA.mean((0, 2)).T, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("text", [network("Abs(%m)"), network("Reshape(%m, [6,1]) {special_zero=false}", "[2]")])
def test_other_readers_and_single_axes_stay(text):
    check_pass(text, None, reshaped_reductions, inputs=[DATA])


@pytest.mark.parametrize("after", AFTER.values(), ids=AFTER)
@pytest.mark.xfail(strict=True, reason="the runtime takes what follows for what drops the axes")
def test_the_runtime_gives_the_result_its_shape(after):
    (got,) = evaluate(parse(network(after)), DATA, engine="runtime")
    assert got.shape == (1, 6)
