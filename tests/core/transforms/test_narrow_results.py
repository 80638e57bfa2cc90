"""Convolutions of one channel whose results are one element wide."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.narrow_results import narrow_results

RNG = np.random.default_rng(0)
CASES = {"stride 2": (8, 2, 2, 1), "stride 3": (6, 4, 3, 0), "two images": (20, 3, 2, 0)}


def network(height, width, stride, pad, images=2, channels=1):
    return f"""
    %x = Parameter : f32[{images},{channels},{height},{width}] "x"
    %w = Constant random(1) : f32[8,{channels},3,3]
    %y = Convolution(%x, %w) {{strides=[1,{stride}], pads_begin=[1,{pad}], pads_end=[0,{pad}], dilations=[1,1]}}
    return %y
    """


def both(case):
    height, width, stride, pad = CASES[case]
    graph = parse(network(*CASES[case]))
    w = next(n.value.numpy() for n in graph if n.type_name == "Const")
    x = RNG.normal(size=(2, 1, height, width)).astype(np.float32)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 0), (pad, pad)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, :, ::stride]
    return graph, x, np.einsum("nchwyx,ocyx->nohw", windows, w)


@pytest.mark.parametrize("case", CASES)
def test_all_rows_are_computed(case):
    graph, x, wanted = both(case)
    run(order([narrow_results]), graph, Context())
    graph.verify()
    np.testing.assert_allclose(evaluate(graph, x, engine="runtime")[0], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sizes", [(8, 2, 2, 1, 1, 3), (8, 6, 2, 1), (8, 3, 1, 0)])
def test_more_channels_or_columns_and_no_stride_stay(sizes):
    shape = (sizes[4] if len(sizes) > 4 else 2, sizes[5] if len(sizes) > 4 else 1, *sizes[:2])
    check_pass(network(*sizes), None, narrow_results, inputs=[RNG.normal(size=shape).astype(np.float32)])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.xfail(strict=True, reason="the CPU plug-in goes from row to row by the stride of the width")
def test_the_runtime_computes_all_rows(case):
    graph, x, wanted = both(case)
    np.testing.assert_allclose(evaluate(graph, x, engine="runtime")[0], wanted, rtol=1e-4, atol=1e-5)
