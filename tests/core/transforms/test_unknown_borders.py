"""Pad with a number that is not known before the model runs."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.unknown_borders import unknown_borders

DATA = np.arange(6, dtype=np.float32).reshape(2, 3)
TEXT = """
    %x = Parameter : f32[2,3] "x"
    %v = Parameter : f32[] "v"
    %y = Pad(%x, BEGIN, [0,1], %v) {pad_mode="constant"}
    return %y
"""


@pytest.mark.parametrize("begin", [1, -1])
def test_the_number_is_put_outside(begin):
    graph = parse(TEXT.replace("BEGIN", f"[{begin},0]"))
    run(order([unknown_borders]), graph, Context())
    (got,) = evaluate(graph, DATA, np.float32(7), engine="runtime")
    np.testing.assert_array_equal(got, np.pad(DATA[max(-begin, 0) :], [(max(begin, 0), 0), (0, 1)], constant_values=7))


def test_a_known_number_stays():
    text = TEXT.replace("BEGIN", "[1,0]").replace('%v = Parameter : f32[] "v"', "%v = Constant 7.0 : f32[]")
    check_pass(text, None, unknown_borders, inputs=[DATA])


@pytest.mark.xfail(strict=True, reason="the CPU plug-in takes the number for 0")
def test_the_runtime_puts_the_number_outside():
    (got,) = evaluate(parse(TEXT.replace("BEGIN", "[1,0]")), DATA, np.float32(7), engine="runtime")
    np.testing.assert_array_equal(got, np.pad(DATA, [(1, 0), (0, 1)], constant_values=7))
