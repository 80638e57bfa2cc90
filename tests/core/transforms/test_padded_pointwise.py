"""1x1 convolutions that have both padding and strides."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.padded_pointwise import padded_pointwise

DATA = np.random.default_rng(0).normal(size=(1, 2, 4, 5)).astype(np.float32)


def network(pads="1,0", strides="2,1", kernel="1,1"):
    return f"""
    %x = Parameter : f32[1,2,4,5] "x"
    %shift = Constant [-0.25] : f32[1]
    %moved = Add(%x, %shift)
    %w = Constant random(1) : f32[3,2,{kernel}]
    %y = Convolution(%moved, %w) {{strides=[{strides}], pads_begin=[{pads}], pads_end=[0,0], dilations=[1,1]}} "y"
    return %y
    """


def expected(pads):
    """By hand: the padded data, thinned out, times the filters."""
    graph = parse(network())
    w = next(n.value.numpy() for n in graph if n.type_name == "Const" and n.shape == (3, 2, 1, 1))
    padded = np.pad(DATA - np.float32(0.25), [(0, 0), (0, 0), (pads[0], 0), (pads[1], 0)])
    return np.einsum("nchw,oc->nohw", padded[:, :, ::2], w[:, :, 0, 0])


@pytest.mark.parametrize("pads", [(1, 0), (0, 1), (1, 1)])
def test_only_the_elements_that_are_read_are_taken(pads):
    graph = parse(network(",".join(map(str, pads))))
    run(order([padded_pointwise]), graph, Context())
    assert {"Pad", "StridedSlice", "Convolution"} <= {n.type_name for n in graph}
    np.testing.assert_allclose(evaluate(graph, DATA, engine="runtime")[0], expected(pads), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("network_", [network(pads="0,0"), network(strides="1,1"), network(kernel="3,3")])
def test_others_stay(network_):
    check_pass(network_, None, padded_pointwise, inputs=[DATA])


def test_the_runtime_still_needs_this():
    """When this fails, the runtime has been mended, and the pass can go."""
    (wrong,) = evaluate(parse(network("1,1")), DATA, engine="runtime")
    assert wrong.shape != expected((1, 1)).shape or np.abs(wrong - expected((1, 1))).max() > 0.01
