"""Means over padded windows of quantised data."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import evaluate, parse
from mo_core.transforms.workarounds.quantised_padding import quantised_padding

DATA = np.random.default_rng(0).integers(0, 256, (1, 2, 4, 4)).astype(np.uint8)


WHOLE = """
    %r = Convert(%x) {destination_type=f32}
    %s = Subtract(%r, 10.0)
    %d = Multiply(%s, 0.1)
"""
LEVELS = """
    %r = Convert(%x) {destination_type=f32}
    %m = Multiply(%r, 0.1)
    %d = FakeQuantize(%m, 0.0, 25.5, -1.0, 24.5) {levels=256}
"""


def network(data=WHOLE, pads="1,1", exclude="false"):
    return parse(f"""
    %x = Parameter : u8[1,2,4,4] "x"
    {data}
    %p = AvgPool(%d) {{strides=[1,1], pads_begin=[{pads}], pads_end=[{pads}], kernel=[2,2], exclude_pad={exclude}}}
    %f = FakeQuantize(%p, 0.0, 18.1815, 0.0, 255.0) {{levels=256}}
    %c = Convert(%f) {{destination_type=u8}}
    return %c
    """)


def expected():
    real = (DATA.astype(np.float64) - 10) * 0.1
    padded = np.pad(real, [(0, 0), (0, 0), (1, 1), (1, 1)])
    means = np.lib.stride_tricks.sliding_window_view(padded, (2, 2), (2, 3)).mean((-1, -2))
    return np.clip(np.rint(means / 0.0713), 0, 255)


@pytest.mark.parametrize("data", [WHOLE, LEVELS], ids=["whole numbers", "levels"])
def test_padding_stands_for_zero(data):
    graph = network(data)
    run(order([quantised_padding]), graph, Context())
    np.testing.assert_array_equal(evaluate(graph, DATA, engine="runtime")[0], expected())


@pytest.mark.parametrize("options", [{"pads": "0,0"}, {"exclude": "true"}, {"data": LEVELS, "exclude": "true"}])
def test_windows_without_padding_and_padding_that_does_not_count_stay(options):
    graph = network(**options)
    before = [n.type_name for n in graph]
    run(order([quantised_padding]), graph, Context())
    assert [n.type_name for n in graph] == before


@pytest.mark.parametrize("data", [WHOLE, LEVELS], ids=["whole numbers", "levels"])
@pytest.mark.xfail(strict=True, reason="the CPU plug-in pads whole numbers with 0")
def test_the_runtime_pads_with_what_stands_for_zero(data):
    np.testing.assert_array_equal(evaluate(network(data), DATA, engine="runtime")[0], expected())
