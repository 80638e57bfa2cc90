"""Means that count padding, their number rounded up."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import evaluate, parse
from mo_core.transforms.workarounds.counted_padding import counted_padding

WINDOWS = [
    {"kernel": 3, "stride": 2, "before": 1, "after": 1, "size": 6},
    {"kernel": 2, "stride": 3, "before": 1, "after": 1, "size": 7},
    {"kernel": 3, "stride": 2, "before": 0, "after": 0, "size": 6},
    {"kernel": 3, "stride": 2, "before": 1, "after": 0, "size": 7},
]
EXACT = {"kernel": 3, "stride": 2, "before": 1, "after": 1, "size": 7}


def network(kernel, stride, before, after, size):
    return parse(f"""
    %x = Parameter : f32[1,1,{size},{size}] "x"
    %y = AvgPool14(%x) {{strides=[{stride},{stride}], pads_begin=[{before},{before}], pads_end=[{after},{after}],
      kernel=[{kernel},{kernel}], exclude_pad=false, rounding_type="ceil_torch"}}
    return %y
    """)


def data(size):
    return np.random.default_rng(0).normal(size=(1, 1, size, size)).astype(np.float32)


def expected(kernel, stride, before, after, size):
    """Along each axis alike: sums of what is there, over the part of the window within data and padding."""
    count = -(-(size + before + after - kernel) // stride) + 1
    if (count - 1) * stride >= size + before:
        count -= 1
    means = np.zeros((count, size))
    for i in range(count):
        start, stop = i * stride, min(i * stride + kernel, size + before + after)
        inside = [p - before for p in range(start, stop) if 0 <= p - before < size]
        means[i, inside] = 1 / (stop - start)
    return np.einsum("ih,nchw,jw->ncij", means, data(size), means)


@pytest.mark.parametrize("window", [*WINDOWS, EXACT])
def test_padding_counts_and_nothing_else_does(window):
    graph = network(**window)
    run(order([counted_padding]), graph, Context())
    (got,) = evaluate(graph, data(window["size"]), engine="runtime")
    np.testing.assert_allclose(got, expected(**window), rtol=1e-5, atol=1e-6)


def test_windows_that_fit_exactly_need_no_rounding():
    graph = network(**EXACT)
    run(order([counted_padding]), graph, Context())
    assert [n.type_name for n in graph] == ["Parameter", "AvgPool", "Result"]


@pytest.mark.parametrize("window", WINDOWS[:1])
@pytest.mark.xfail(strict=True, reason="the CPU plug-in counts what rounding up adds")
def test_the_runtime_counts_padding_alone(window):
    (got,) = evaluate(network(**window), data(window["size"]), engine="runtime")
    np.testing.assert_allclose(got, expected(**window), rtol=1e-5, atol=1e-6)
