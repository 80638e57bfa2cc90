"""Quotients of whole numbers after a reduction."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.reduced_quotients import reduced_quotients

DATA = np.random.default_rng(0).integers(-50, 50, (5, 4)).astype(np.int32)


def network(operation):
    return parse(f"""
    %a = Parameter : i32[?,4] "a"
    %s = {operation}(%a, [1]) {{keep_dims=true}}
    %y = Divide(%s, 3) {{m_pythondiv=false}}
    return %y
    """)


def expected(operation):
    total = DATA.sum(1, keepdims=True) if operation == "ReduceSum" else DATA.max(1, keepdims=True)
    return np.trunc(total / 3)


@pytest.mark.parametrize("operation", ["ReduceSum", "ReduceMax"])
def test_quotients_are_rounded_towards_zero(operation):
    graph = network(operation)
    run(order([reduced_quotients]), graph, Context())
    np.testing.assert_array_equal(evaluate(graph, DATA, engine="runtime")[0], expected(operation))


def test_real_quotients_stay():
    check_pass(
        """
        %a = Parameter : f32[2,4] "a"
        %s = ReduceSum(%a, [1]) {keep_dims=true}
        %y = Divide(%s, 3)
        return %y
        """,
        None,
        reduced_quotients,
        inputs=[DATA[:2].astype(np.float32)],
    )


@pytest.mark.parametrize("operation", ["ReduceSum", "ReduceMax"])
@pytest.mark.xfail(strict=True, reason="the CPU plug-in rounds to the nearest")
def test_the_runtime_rounds_towards_zero(operation):
    np.testing.assert_array_equal(evaluate(network(operation), DATA, engine="runtime")[0], expected(operation))
