"""The ONNX models, and files that are no models, that the pages of the guide speak of."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.adapters.onnx.tiny import convolution


def _save(path: Path, nodes: list[Any], inputs: dict[str, list[Any]], output: list[Any], *domains: str) -> None:
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, output)
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(d, 1) for d in domains)]
    graph = helper.make_graph(nodes, path.stem, made, [y])
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def write(folder: Path) -> None:
    """Write them all."""
    convolution(folder / "model.onnx")
    onnx.save(
        onnx.load(folder / "model.onnx"),
        folder / "large.onnx",
        save_as_external_data=True,
        location="large.data",
        size_threshold=0,
    )
    _save(
        folder / "squash.onnx",
        [
            helper.make_node("Relu", ["x"], ["r"], "relu"),
            helper.make_node("Squash", ["r"], ["s"], "squash", domain="com.acme"),
            helper.make_node("Relu", ["s"], ["y"], "last"),
        ],
        {"x": [2, 3]},
        [2, 3],
        "com.acme",
    )
    _save(
        folder / "dropout.onnx",
        [helper.make_node("Mul", ["x", "keep_prob"], ["m"], "scaled"), helper.make_node("Relu", ["m"], ["y"], "relu")],
        {"x": ["batch", 10], "keep_prob": []},
        ["batch", 10],
    )
    (folder / "damaged.onnx").write_bytes((folder / "model.onnx").read_bytes()[:400])
    (folder / "empty").mkdir()
    with zipfile.ZipFile(folder / "checkpoint.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    np.savez(folder / "data.npz", input=np.linspace(0, 1, 192, dtype=np.float32).reshape(1, 3, 8, 8))
