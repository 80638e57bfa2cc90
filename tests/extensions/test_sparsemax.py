"""mo-onnx-sparsemax: an operation set of its own with axes, an operation that the runtime learns, a placed fusion."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import onnx
import openvino
import pytest
from onnx import TensorProto, helper, numpy_helper

import mo_core
from mo_core.testing import check_pass

PACKAGE = Path(__file__).resolve().parents[2] / "extensions" / "mo-onnx-sparsemax" / "src" / "mo_onnx_sparsemax"
PLUGIN = PACKAGE / "plugin.py"


sys.path.insert(0, str(PACKAGE.parent))  # it is not installed here; test_small_samples does that


def expected(x, axis):
    """By bisection: the threshold at which what is above it sums to 1."""
    x = x.astype(np.float64)
    low, high = (x.max(axis, keepdims=True) - d for d in (1.0, 0.0))
    for _ in range(60):
        middle = (low + high) / 2
        more = np.maximum(x - middle, 0).sum(axis, keepdims=True) > 1
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.maximum(x - low, 0)


def write(path, nodes, shape, **constants):
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", shape), ("y", None)))
    stored = [numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "g", [x], [y], stored)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def sparsemax(x, y, axis):
    return helper.make_node("Sparsemax", [x], [y], domain="com.example", axis=axis)


def run(xml, x):
    core = openvino.Core()
    core.add_extension(importlib.import_module("mo_onnx_sparsemax.runtime").Sparsemax)
    return core.compile_model(core.read_model(xml), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([x])[0]


def types(model):
    return [n.type_name for n in model.graph if n.type_name not in ("Parameter", "Result", "Const")]


def normal(*shape):
    return np.random.default_rng(2).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_values(tmp_path, axis):
    write(tmp_path / "net.onnx", [sparsemax("x", "y", axis)], [3, 4, 5])
    model = mo_core.convert(tmp_path / "net.onnx", extension=PLUGIN)
    x = normal(3, 4, 5)
    y = run(model.save(tmp_path / "net.xml"), x)
    np.testing.assert_allclose(y, expected(x, axis), rtol=0, atol=1e-6)
    assert (y == 0).any() and 'version="sparse"' in (tmp_path / "net.xml").read_text()


def test_transposes_move_through_it(tmp_path):
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[0, 2, 3, 1]),
        sparsemax("a", "b", 3),
        helper.make_node("Transpose", ["b"], ["y"], perm=[0, 3, 1, 2]),
    ]
    write(tmp_path / "net.onnx", nodes, [2, 3, 4, 5])
    model = mo_core.convert(tmp_path / "net.onnx", extension=PLUGIN)
    (node,) = (n for n in model.graph if n.type_name == "Sparsemax")
    assert types(model) == ["Sparsemax"] and node.axis == 1
    x = normal(2, 3, 4, 5)
    np.testing.assert_allclose(run(model.save(tmp_path / "net.xml"), x), expected(x, 1), rtol=0, atol=1e-6)


def scaled_convolution(path):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Mul", ["a", "s"], ["b"]),
        sparsemax("b", "y", 1),
    ]
    write(path, nodes, [1, 3, 4, 4], w=normal(5, 3, 1, 1), s=0.5)


def test_its_fusion_comes_before_that_of_factors_into_layers(tmp_path):
    scaled_convolution(tmp_path / "net.onnx")
    x = normal(1, 3, 4, 4)
    want = expected(np.einsum("oi,nihw->nohw", normal(5, 3, 1, 1)[:, :, 0, 0], x) * 0.5, 1)
    for disabled, factor in ((None, 0.5), ("sparsemax-factor", 1.0)):
        model = mo_core.convert(tmp_path / "net.onnx", extension=PLUGIN, disable_pass=disabled)
        (node,) = (n for n in model.graph if n.type_name == "Sparsemax")
        assert types(model) == ["Convolution", "Sparsemax"] and node.factor == factor
        np.testing.assert_allclose(run(model.save(tmp_path / "net.xml"), x), want, rtol=0, atol=1e-6)


def test_a_factor_for_each_channel_stays():
    plugin = importlib.import_module("mo_onnx_sparsemax.plugin")
    (factors,) = plugin.mo_passes()
    text = "%x = Parameter : f32[2,3]\n%m = Multiply(%x, FACTOR)\n%y = Sparsemax(%m) {axis=1}\nreturn %y\n"
    ops = [plugin.Sparsemax]
    taken = "%x = Parameter : f32[2,3]\n%y = Sparsemax(%x) {axis=1, factor=2.0}\nreturn %y\n"
    check_pass(text.replace("FACTOR", "2.0"), taken, factors, ops=ops)
    different = "%c = Constant [1.0, 2.0, 3.0] : f32[3]\n" + text.replace("FACTOR", "%c")
    check_pass(different, None, factors, ops=ops)
