"""1x1 convolutions with strides of what was computed from a part."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import check_pass, evaluate, parse
from mo_core.transforms.workarounds.strided_parts import strided_parts

DATA = np.random.default_rng(0).normal(size=(1, 4, 6, 7)).astype(np.float32)


def network(between="ReLU(%a)", strides="2,2", kernel="1,1", parts="VariadicSplit(%x, 1, [2,2])"):
    return f"""
    %x = Parameter : f32[1,4,6,7] "x"
    %a, %b = {parts}
    %r = {between}
    %w = Constant random(1) : f32[3,2,{kernel}]
    %y = Convolution(%r, %w) {{strides=[{strides}], pads_begin=[0,0], pads_end=[0,0], dilations=[1,1]}} "y"
    return %y, %b
    """


def expected(function):
    w = next(n.value.numpy() for n in parse(network()) if n.type_name == "Const" and n.shape == (3, 2, 1, 1))
    return np.einsum("nchw,oc->nohw", function(DATA[:, :2], DATA[:, 2:])[:, :, ::2, ::2], w[:, :, 0, 0])


FUNCTIONS = {
    "ReLU(%a)": lambda a, b: np.maximum(a, 0),
    "Add(%a, %b)": lambda a, b: a + b,
    "Multiply(%a, [2.0])": lambda a, b: 2 * a,
}


@pytest.mark.parametrize("between", FUNCTIONS)
def test_only_the_elements_that_are_read_are_taken(between):
    graph = parse(network(between))
    run(order([strided_parts]), graph, Context())
    assert {"StridedSlice", "Convolution"} <= {n.type_name for n in graph}
    got = evaluate(graph, DATA, engine="runtime")
    np.testing.assert_allclose(got[0], expected(FUNCTIONS[between]), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(got[1], DATA[:, 2:])


OTHERS = [
    network(strides="1,1"),
    network(kernel="3,3"),
    network("ReLU(%x)").replace("3,2,1,1", "3,4,1,1"),
    network(parts="Split(%x, 1) {num_splits=2}"),
]


@pytest.mark.parametrize("others", OTHERS)
def test_others_stay(others):
    check_pass(others, None, strided_parts, inputs=[DATA])


@pytest.mark.parametrize("between", ["ReLU(%a)", "Add(%a, %b)"])
@pytest.mark.xfail(strict=True, raises=RuntimeError, reason="the runtime cannot compile it")
def test_the_runtime_compiles_it(between):
    evaluate(parse(network(between)), DATA, engine="runtime")
