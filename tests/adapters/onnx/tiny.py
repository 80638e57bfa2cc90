"""Small ONNX files for tests that need any valid model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def convolution(path: Path, channels: int = 4) -> Path:
    """input[1,3,8,8] -> Conv "conv" -> BatchNormalization "norm" -> Relu "relu" -> output."""
    random = np.random.default_rng(0)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array((random.random(shape) + 0.5).astype(np.float32), name)

    names = ["scale", "shift", "mean", "variance"]
    nodes = [
        helper.make_node("Conv", ["input", "filters"], ["conv_out"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["conv_out", *names], ["norm_out"], name="norm"),
        helper.make_node("Relu", ["norm_out"], ["output"], name="relu"),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, channels, 8, 8])],
        [weight("filters", channels, 3, 3, 3), *(weight(n, channels) for n in names)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path
