"""Local response normalisation whose bias is no whole number."""

from __future__ import annotations

import numpy as np

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.lrn_bias import lrn_bias

DATA = np.random.default_rng(0).normal(size=(1, 3, 2, 2)).astype(np.float32)


def lrn(bias):
    return f"""
    %x = Parameter : f32[1,3,2,2] "x"
    %axes = Constant [1] : i64[1]
    %y = LRN(%x, %axes) {{alpha=0.3, beta=0.5, bias={bias}, size=3}} "y"
    return %y
    """


def expected(x, alpha, beta, bias):
    padded = np.pad(x * x, [(0, 0), (1, 1), (0, 0), (0, 0)])
    squares = sum(padded[:, i : i + 3] for i in range(3))
    return x / (bias + alpha / 3 * squares) ** beta


def test_a_fraction_goes_out_of_the_bias():
    graph = parse(lrn(1.5))
    run(order([lrn_bias]), graph, Context())
    assert [n.type_name for n in graph] == ["Parameter", "Const", "LRN", "Const", "Multiply", "Result"]
    np.testing.assert_allclose(evaluate(graph, DATA)[0], expected(DATA, 0.3, 0.5, 1.5), rtol=1e-5)


def test_a_whole_bias_stays():
    check_pass(lrn(2.0), None, lrn_bias, inputs=[DATA])


def test_the_runtime_still_needs_this():
    """When this fails, the runtime has been mended, and the pass can go."""
    (wrong,) = evaluate(parse(lrn(1.5)), DATA)
    assert np.abs(wrong - expected(DATA, 0.3, 0.5, 1.5)).max() > 0.01
