"""Quantisation with limits for each index of an axis."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.channel_limits import channel_limits

DATA = np.random.default_rng(0).uniform(-9, 9, (2, 3, 4)).astype(np.float32)
LOW, HIGH = np.array([-4, -3, -5, -8], np.float32), np.array([4, 7, 9, 5], np.float32)
SECOND = "[[[-4.0],[-3.0],[-5.0]]]", "[[[4.0],[7.0],[9.0]]]", "1,3,1"
LAST = "[-4.0,-3.0,-5.0,-8.0]", "[4.0,7.0,9.0,5.0]", "4"


def network(shape="2,3,4", levels=255, limits=LAST):
    low, high, of = limits
    return f"""
    %x = Parameter : f32[{shape}] "x"
    %low = Constant {low} : f32[{of}]
    %high = Constant {high} : f32[{of}]
    %q = FakeQuantize(%x, %low, %high, %low, %high) {{levels = {levels}}}
    return %q
    """


def wanted(levels):
    step = (HIGH - LOW) / (levels - 1)
    return np.round((np.clip(DATA, LOW, HIGH) - LOW) / step) * step + LOW


@pytest.mark.parametrize(("shape", "levels"), [("2,3,4", 255), ("?,?,?", 256), ("?,?,4", 255)])
def test_limits_of_the_last_axis(shape, levels):
    graph = parse(network(shape, levels))
    run(order([channel_limits]), graph, Context())
    (got,) = evaluate(graph, DATA, engine="runtime")
    np.testing.assert_allclose(got, wanted(levels), atol=1e-5)


@pytest.mark.parametrize("text", [network(levels=256), network(limits=SECOND)])
def test_what_the_runtime_does_right_stays(text):
    check_pass(text, None, channel_limits, inputs=[DATA])


@pytest.mark.parametrize(("shape", "levels"), [("2,3,4", 255), ("?,?,?", 256)])
@pytest.mark.xfail(strict=True, reason="the CPU plug-in takes it for 256 levels, or refuses it")
def test_the_runtime_quantises_along_the_last_axis(shape, levels):
    (got,) = evaluate(parse(network(shape, levels)), DATA, engine="runtime")
    np.testing.assert_allclose(got, wanted(levels), atol=1e-5)
