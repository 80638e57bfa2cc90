"""Maxima and minima of nothing but infinities, and of nothing at all."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.reduced_infinities import reduced_infinities

LOWEST = np.finfo(np.float32).min
ROWS = np.float32([[-np.inf] * 3, [-np.inf, LOWEST, -np.inf], [1, -np.inf, 2], [np.inf, 0, 0], [LOWEST] * 3])


def network(question, kind="ReduceMax"):
    return parse(f"""
    %x = Parameter : f32[5,3] "x"
    %e = {kind}(%x, [1]) {{keep_dims=true}}
    %m = Reshape(%e, [5]) {{special_zero=false}}
    %y = {question}
    return %y
    """)


QUESTIONS = {
    "Equal(%m, -inf)": lambda m: m == -np.inf,
    "Equal(-inf, %m)": lambda m: m == -np.inf,
    "NotEqual(%m, -inf)": lambda m: m != -np.inf,
    "IsInf(%m)": np.isinf,
    "IsFinite(%m)": np.isfinite,
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("kind", ["ReduceMax", "ReduceMin"])
def test_whether_an_extreme_is_infinite(question, kind):
    sign = 1 if kind == "ReduceMax" else -1
    graph = network(question if sign == 1 else question.replace("-inf", "inf"), kind)
    run(order([reduced_infinities]), graph, Context())
    (got,) = evaluate(graph, sign * ROWS, engine="runtime")
    np.testing.assert_array_equal(got, QUESTIONS[question](ROWS.max(1)))


def test_other_questions_stay():
    text = """
    %x = Parameter : f32[5,3] "x"
    %m = ReduceMax(%x, [1]) {keep_dims=true}
    %y = Equal(%m, 1.0)
    return %y
    """
    check_pass(text, None, reduced_infinities, inputs=[ROWS])


EMPTY = """
    %x = Parameter : f32[2,0] "x"
    %y = KIND(%x, [1]) {keep_dims=false}
    return %y
"""


@pytest.mark.parametrize(("kind", "infinity"), [("ReduceMax", -np.inf), ("ReduceMin", np.inf)])
def test_the_extreme_of_nothing(kind, infinity):
    graph = parse(EMPTY.replace("KIND", kind))
    run(order([reduced_infinities]), graph, Context())
    (got,) = evaluate(graph, np.zeros((2, 0), np.float32), engine="runtime")
    np.testing.assert_array_equal(got, np.full(2, infinity))


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.xfail(strict=True, reason="the search for a maximum begins with the lowest finite number")
def test_the_runtime_knows_infinite_maxima(question):
    (got,) = evaluate(network(question), ROWS, engine="runtime")
    np.testing.assert_array_equal(got, QUESTIONS[question](ROWS.max(1)))


@pytest.mark.parametrize(("kind", "infinity"), [("ReduceMax", -np.inf), ("ReduceMin", np.inf)])
@pytest.mark.xfail(strict=True, reason="the search begins with the last finite number")
def test_the_runtime_knows_the_extreme_of_nothing(kind, infinity):
    (got,) = evaluate(parse(EMPTY.replace("KIND", kind)), np.zeros((2, 0), np.float32), engine="runtime")
    np.testing.assert_array_equal(got, np.full(2, infinity))
