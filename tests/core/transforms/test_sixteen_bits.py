"""Quantisation to 65536 levels."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.sixteen_bits import sixteen_bits

DATA = np.random.default_rng(0).uniform(-1.5, 1.5, (1, 3, 4, 5)).astype(np.float32)


def network(levels=65536, last="%q"):
    return f"""
    %x = Parameter : f32[1,3,4,5] "x"
    %low = Constant [-1.0] : f32[1]
    %high = Constant [0.5] : f32[1]
    %q = FakeQuantize(%x, %low, %high, %low, %high) {{levels = {levels}}}
    %r = ReLU(%q)
    return {last}
    """


def wanted(x):
    step = 1.5 / 65535
    return np.round((np.clip(x, -1, 0.5) + 1) / step) * step - 1


@pytest.mark.parametrize("last", ["%q", "%r"])
def test_limits_and_levels_stay(last):
    graph = parse(network(last=last))
    run(order([sixteen_bits]), graph, Context())
    (got,) = evaluate(graph, DATA, engine="runtime")
    want = wanted(DATA) if last == "%q" else np.maximum(wanted(DATA), 0)
    np.testing.assert_allclose(got, want, atol=1e-6)


def test_other_levels_stay():
    check_pass(network(levels=65535), None, sixteen_bits, inputs=[DATA])


def test_constants_stay():
    text = """
    %x = Constant [[-1.0, 0.5]] : f32[1,2]
    %y = Parameter : f32[1,2] "y"
    %low = Constant [-1.0] : f32[1]
    %high = Constant [0.5] : f32[1]
    %q = FakeQuantize(%x, %low, %high, %low, %high) {levels = 65536}
    %r = Add(%q, %y)
    return %r
    """
    check_pass(text, None, sixteen_bits, inputs=[DATA[0, 0, :1, :2]])


@pytest.mark.xfail(strict=True, reason="the runtime takes the operation out, and with it the limits")
def test_the_runtime_keeps_the_limits():
    (got,) = evaluate(parse(network(last="%r")), DATA, engine="runtime")
    np.testing.assert_allclose(got, np.maximum(wanted(DATA), 0), atol=1e-4)
