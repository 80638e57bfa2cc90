"""Quotients of 8-bit integers."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.byte_quotients import byte_quotients

A, B = [7, -7, 7, -7, 3, 100], [2, 2, -2, -2, 4, 9]


def operands(element):
    kind = np.int8 if element == "i8" else np.uint8
    return [np.abs(x).astype(kind) if kind is np.uint8 else np.array(x, kind) for x in (A, B)]


def network(element):
    return parse(f"""
    %a = Parameter : {element}[?] "a"
    %b = Parameter : {element}[?] "b"
    %y = Divide(%a, %b) {{m_pythondiv=false}}
    return %y
    """)


def expected(element):
    a, b = (x.astype(np.float64) for x in operands(element))
    return np.trunc(a / b)


@pytest.mark.parametrize("element", ["i8", "u8"])
def test_quotients_are_rounded_towards_zero(element):
    graph = network(element)
    run(order([byte_quotients]), graph, Context())
    np.testing.assert_array_equal(evaluate(graph, *operands(element), engine="runtime")[0], expected(element))


def test_wider_integers_stay():
    check_pass(
        """
        %a = Parameter : i32[3] "a"
        %y = Divide(%a, 2) {m_pythondiv=false}
        return %y
        """,
        None,
        byte_quotients,
        inputs=[np.int32([7, -7, 3])],
    )


@pytest.mark.parametrize("element", ["i8", "u8"])
@pytest.mark.xfail(strict=True, reason="the CPU plug-in rounds to the nearest")
def test_the_runtime_rounds_towards_zero(element):
    graph = network(element)
    np.testing.assert_array_equal(evaluate(graph, *operands(element), engine="runtime")[0], expected(element))
