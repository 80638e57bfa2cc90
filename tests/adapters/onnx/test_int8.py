"""Quantised ONNX models stay quantised: the runtime computes with whole numbers, and gives what ONNX Runtime gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import mo_core
from tests.adapters.onnx.running import model, value

SHAPE = (1, 3, 16, 16)


def network() -> onnx.ModelProto:
    """Convolutions of all kinds, a residual, pooling and a fully connected layer."""
    rng = np.random.default_rng(0)
    sizes = {
        "w1": (8, 3, 3, 3),
        "b1": (8,),
        "w2": (8, 1, 3, 3),
        "b2": (8,),
        "w3": (16, 8, 1, 1),
        "b3": (16,),
        "w4": (16, 8, 1, 1),
        "b4": (16,),
        "w5": (10, 16),
        "b5": (10,),
    }
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1] * 4),
        node("Relu", ["c1"], ["r1"]),
        node("MaxPool", ["r1"], ["p1"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["p1", "w2", "b2"], ["c2"], group=8, pads=[1] * 4),
        node("Relu", ["c2"], ["r2"]),
        node("Conv", ["r2", "w3", "b3"], ["c3"]),
        node("Conv", ["p1", "w4", "b4"], ["c4"]),
        node("Add", ["c3", "c4"], ["sum"]),
        node("Relu", ["sum"], ["r3"]),
        node("GlobalAveragePool", ["r3"], ["mean"]),
        node("Flatten", ["mean"], ["flat"]),
        node("Gemm", ["flat", "w5", "b5"], ["y"], transB=1),
    ]
    weights = {name: rng.normal(0, 0.2, size).astype(np.float32) for name, size in sizes.items()}
    return model(nodes, [value("x", shape=SHAPE)], ["y"], weights, opset=13)


def batches(count: int) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    return [{"x": rng.uniform(-1, 1, SHAPE).astype(np.float32)} for _ in range(count)]


def quantised(folder: Path, kind: str, **options) -> Path:
    quantization = pytest.importorskip("onnxruntime.quantization")

    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            self.left = iter(batches(8))

        def get_next(self):
            return next(self.left, None)

    source, target = folder / "float.onnx", folder / "int8.onnx"
    onnx.save(network(), source)
    if kind == "dynamic":
        quantization.quantize_dynamic(source, target)
    else:
        quantization.quantize_static(source, target, Reader(), quant_format=quantization.QuantFormat[kind], **options)
    return target


def expected(path: Path, feeds: dict[str, np.ndarray]) -> np.ndarray:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(path, options).run(None, feeds)[0]


def last_step(path: Path) -> float:
    """One step of the quantised output."""
    graph = onnx.load(path).graph
    scale = next(n for n in graph.node if n.output[0] == graph.output[0].name).input[1]
    return float(numpy_helper.to_array(next(i for i in graph.initializer if i.name == scale)))


def compiled(path: Path, folder: Path):
    import openvino

    core = openvino.Core()
    converted = mo_core.convert(path)
    ran = core.compile_model(
        core.read_model(converted.save(folder / "out.xml")), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    return ran, converted.report.ops


def precisions(ran) -> list[str]:
    infos = [n.get_rt_info() for n in ran.get_runtime_model().get_ops()]
    kinds = ("Convolution", "FullyConnected", "MatMul")
    return [i["runtimePrecision"].get() for i in infos if i["layerType"].get() in kinds]


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("signed", [False, True])
def test_quantise_and_dequantise(tmp_path, per_channel, signed):
    from onnxruntime.quantization import QuantType

    extra = {"ActivationSymmetric": True} if signed else {}
    path = quantised(
        tmp_path,
        "QDQ",
        per_channel=per_channel,
        weight_type=QuantType.QInt8,
        extra_options=extra,
        activation_type=QuantType.QInt8 if signed else QuantType.QUInt8,
    )
    ran, ops = compiled(path, tmp_path)
    assert "Subtract" not in ops and "Round" not in ops and ops["Convert"] == 5
    assert len(precisions(ran)) == 5 and set(precisions(ran)) <= {"i8", "u8"}
    for feeds in batches(3):
        difference = np.abs(next(iter(ran(feeds).values())) - expected(path, feeds))
        assert difference.max() <= 1.01 * last_step(path)


def test_operators_on_whole_numbers(tmp_path):
    path = quantised(tmp_path, "QOperator")
    ran, _ = compiled(path, tmp_path)
    assert len(precisions(ran)) == 5 and set(precisions(ran)) <= {"i8", "u8"}
    for feeds in batches(3):
        wanted = expected(path, feeds)
        assert np.abs(next(iter(ran(feeds).values())) - wanted).max() <= 1.01 * np.abs(wanted).max() / 127


def test_quantised_when_the_model_runs(tmp_path):
    path = quantised(tmp_path, "dynamic")
    ran, _ = compiled(path, tmp_path)
    for feeds in batches(3):
        wanted = expected(path, feeds)
        assert np.abs(next(iter(ran(feeds).values())) - wanted).max() <= 1e-5 * np.abs(wanted).max()
