"""Remainders of a division by an infinity."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.infinite_divisors import infinite_divisors

A = np.float32([5.5, -3, 0, np.inf, np.nan, 4, -7])
B = np.float32([np.inf, np.inf, -np.inf, np.inf, 1, 3, -np.inf])
KINDS = {"Mod": np.fmod, "FloorMod": np.mod}


def network(kind):
    return parse(f"""
    %a = Parameter : f32[7] "a"
    %b = Parameter : f32[7] "b"
    %y = {kind}(%a, %b)
    return %y
    """)


def expected(kind):
    with np.errstate(invalid="ignore"):
        return KINDS[kind](A, B)


@pytest.mark.parametrize("kind", KINDS)
def test_a_finite_number_is_its_own_remainder(kind):
    graph = network(kind)
    run(order([infinite_divisors]), graph, Context())
    np.testing.assert_array_equal(evaluate(graph, A, B, engine="runtime")[0], expected(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_known_divisor_needs_nothing(kind):
    text = f"""
    %a = Parameter : f32[7] "a"
    %y = {kind}(%a, [3.0])
    return %y
    """
    check_pass(text, None, infinite_divisors, inputs=[np.arange(7, dtype=np.float32)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.xfail(strict=True, reason="the CPU plug-in gives no number")
def test_the_runtime_knows_infinite_divisors(kind):
    np.testing.assert_array_equal(evaluate(network(kind), A, B, engine="runtime")[0], expected(kind))
