"""All passes together on 5,000 nodes cost less than reading, converting and writing them."""

from __future__ import annotations

import numpy as np
import pytest

import mo_core

onnx = pytest.importorskip("onnx")

BLOCKS = 715
CHANNELS = 16


def residual_network():
    """Blocks of seven nodes: two convolutions with batch norm, and a shortcut. Every batch norm is a firing."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    nodes, weights = [], []

    def weight(name, *shape, low=-0.1, high=0.1):
        weights.append(numpy_helper.from_array(rng.uniform(low, high, shape).astype(np.float32), name))
        return name

    def norm(x, name):
        vectors = [weight(f"{name}.{v}", CHANNELS, low=0.5, high=1.5) for v in ("scale", "bias", "mean", "variance")]
        nodes.append(helper.make_node("BatchNormalization", [x, *vectors], [name], name=name))
        return name

    def conv(x, name):
        w = weight(f"{name}.w", CHANNELS, CHANNELS, 3, 3)
        nodes.append(helper.make_node("Conv", [x, w], [name], name=name, pads=[1] * 4, kernel_shape=[3, 3]))
        return norm(name, f"{name}.norm")

    def plain(op, *operands, name):
        nodes.append(helper.make_node(op, operands, [name], name=name))
        return name

    x = "x"
    for i in range(BLOCKS):
        y = plain("Relu", conv(x, f"a{i}"), name=f"a{i}.relu")
        x = plain("Relu", plain("Add", conv(y, f"b{i}"), x, name=f"sum{i}"), name=f"relu{i}")
    shape = [1, CHANNELS, 8, 8]
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)] for name in ("x", x)]
    graph = helper.make_graph(nodes, "residual", *ends, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


@pytest.mark.perf
def test_passes_cost_less_than_the_rest(tmp_path):
    onnx.save(residual_network(), tmp_path / "model.onnx")
    shares = []
    for _ in range(3):
        model = mo_core.convert(tmp_path / "model.onnx")
        model.save(tmp_path / "model.xml")
        seconds = model.report.seconds
        shares.append(seconds["optimise"] / (seconds["read"] + seconds["convert"] + seconds["write"]))
    left = [n.type_name for n in model.graph]
    assert left.count("Convolution") == 2 * BLOCKS and "BatchNormInference" not in left and "Multiply" not in left
    assert min(shares) < 1, shares
