"""Tile by counts that are not known before the model runs."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.unknown_repeats import unknown_repeats

DATA = np.random.default_rng(0).random((2, 3, 4, 5)).astype(np.float32)
REPEATS = np.array([7, 6, 4, 2])
TEXT = """
    %x = Parameter : f32[2,3,4,5] "x"
    %n = Parameter : i64[4] "n"
    %y = Tile(%x, %n)
    return %y
"""


@pytest.mark.parametrize("repeats", [REPEATS, np.array([1, 1, 1, 1]), np.array([2, 0, 1, 3])])
def test_each_axis_is_repeated(repeats):
    graph = parse(TEXT)
    run(order([unknown_repeats]), graph, Context())
    (got,) = evaluate(graph, DATA, repeats, engine="runtime")
    np.testing.assert_array_equal(got, np.tile(DATA, repeats))


def test_known_counts_stay():
    text = TEXT.replace('%n = Parameter : i64[4] "n"', "%n = Constant [1,2,1,3] : i64[4]")
    check_pass(text, None, unknown_repeats, inputs=[DATA])


@pytest.mark.xfail(strict=True, reason="the CPU plug-in gives memory that nobody wrote")
def test_the_runtime_repeats_each_axis():
    (got,) = evaluate(parse(TEXT), DATA, REPEATS, engine="runtime")
    np.testing.assert_array_equal(got, np.tile(DATA, REPEATS))
