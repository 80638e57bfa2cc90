"""Sigmoids of straight lines: what the runtime computes of them."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import evaluate, parse
from mo_core.transforms.workarounds.hard_sigmoids import hard_sigmoids

X = np.float32([-100, -3, -1, 0, 1.5, 3, 4, 7, 100])


def rounded_down(op):
    return parse(f"""
    %x = Parameter : f32[9] "x"
    %h = {op}
    %y = Floor(%h)
    return %h, %y
    """)


def line(slope, start):
    return np.clip(X * np.float32(slope) + np.float32(start), 0, 1)


LINES = {
    "HSigmoid(%x)": (1 / 6, 0.5),
    "HardSigmoid(%x, 0.0, 0.25)": (0, 0.25),
    "HardSigmoid(%x, 0.25, 0.0)": (0.25, 0),
    "HardSigmoid(%x, 0.25, 0.5)": (0.25, 0.5),
}


@pytest.mark.parametrize("op", LINES)
def test_they_reach_one(op):
    graph = rounded_down(op)
    run(order([hard_sigmoids]), graph, Context())
    values, floors = evaluate(graph, X, engine="runtime")
    np.testing.assert_allclose(values, line(*LINES[op]), rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(floors, np.floor(line(*LINES[op])))


def test_others_stay():
    graph = rounded_down("HardSigmoid(%x, 0.25, 0.5)")
    run(order([hard_sigmoids]), graph, Context())
    assert "HardSigmoid" in {n.type_name for n in graph}


def test_a_factor_stays():
    graph = parse("""
    %x = Parameter : f32[9] "x"
    %h = HSigmoid(%x)
    %y = Multiply(%h, %x)
    return %y
    """)
    run(order([hard_sigmoids]), graph, Context())
    assert "HSigmoid" in {n.type_name for n in graph}


@pytest.mark.parametrize("op", [op for op in LINES if op != "HardSigmoid(%x, 0.25, 0.5)"])
@pytest.mark.xfail(strict=True, reason="the runtime ends short of 1, or takes 0 for another number")
def test_the_runtime_reaches_one(op):
    _, floors = evaluate(rounded_down(op), X, engine="runtime")
    np.testing.assert_array_equal(floors, np.floor(line(*LINES[op])))
