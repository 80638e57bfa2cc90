"""Quantised numbers: granularity, types, and the form in which weights are stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import mo_core
from tests.adapters.onnx import running
from tests.adapters.onnx.nodes import check, node_model, numbers, run
from tests.adapters.onnx.running import onnxruntime


def _whole(dtype: Any, *shape: int) -> np.ndarray[Any, Any]:
    info = np.iinfo(dtype)
    return np.random.default_rng(0).integers(info.min, info.max, shape, dtype, endpoint=True)


SCALE = np.array(0.25, np.float32)
AXIS_SCALES = np.array([0.25, 0.5, 0.125], np.float32)


@pytest.mark.parametrize(
    ("dtype", "zero"), [(np.uint8, 0), (np.uint8, 128), (np.uint8, 37), (np.int8, 0), (np.int8, -5)]
)
@pytest.mark.parametrize("constants", [(), (1, 2)])
def test_quantize_by_one_number(dtype: Any, zero: int, constants: Any) -> None:
    inputs = [numbers(2, 3, 9, low=-60, high=60), SCALE, np.array(zero, dtype)]
    check("QuantizeLinear", inputs, oracle=onnxruntime, opset=13, constants=constants, dynamic=(0,))


@pytest.mark.parametrize("zero", [0, 128, 37, 255, np.int8(-1), np.int8(5)])
@pytest.mark.parametrize("constants", [(), (1, 2)])
def test_halves_are_rounded_to_the_even_number(zero: Any, constants: Any) -> None:
    zero = zero if isinstance(zero, np.int8) else np.uint8(zero)
    inputs = [np.arange(-600, 600, dtype=np.float32) / 8, SCALE, np.array(zero)]
    check("QuantizeLinear", inputs, oracle=onnxruntime, opset=13, constants=constants)


def test_an_odd_zero_point_along_an_axis_keeps_halves_even() -> None:
    x = np.broadcast_to(np.arange(-40, 40, dtype=np.float32) / 16, (2, 3, 80)).copy()
    inputs = [x, AXIS_SCALES, np.array([3, 0, 100], np.uint8)]
    check("QuantizeLinear", inputs, oracle=onnxruntime, opset=13, constants=(1, 2))


@pytest.mark.parametrize("zero", [37, 128])
def test_a_pair_of_quantisation_and_dequantisation_is_one_operation(zero: int) -> None:
    parameters = {"s": SCALE, "z": np.array(zero, np.uint8)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("Relu", ["d"], ["y"]),
    ]
    x = numbers(2, 40, low=-60, high=60) + 0.01  # no halves: FakeQuantize rounds them after the zero point is added
    model = running.model(nodes, [running.value("x", np.float32, x.shape)], ["y"], parameters)
    running.check(model, {"x": x})
    assert "FakeQuantize" in {n.type_name for n in mo_core.convert(model).graph}


@pytest.mark.parametrize("axis", [1, -2])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
@pytest.mark.parametrize("constants", [(), (1, 2)])
def test_quantize_along_an_axis(axis: int, dtype: Any, constants: Any) -> None:
    inputs = [numbers(2, 3, 5, low=-40, high=40), AXIS_SCALES, np.array([3, 0, 100], dtype)]
    check("QuantizeLinear", inputs, {"axis": axis}, oracle=onnxruntime, opset=13, constants=constants)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
@pytest.mark.parametrize("constants", [(), (1, 2)])
def test_sixteen_bits(dtype: Any, constants: Any) -> None:
    inputs = [numbers(2, 9, low=-9000, high=9000), SCALE, np.array(7, dtype)]
    check("QuantizeLinear", inputs, oracle=onnxruntime, opset=21, constants=constants)
    check("DequantizeLinear", [_whole(dtype, 2, 9), *inputs[1:]], oracle=onnxruntime, opset=21, constants=constants)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
@pytest.mark.parametrize("axis", [1, None])
@pytest.mark.parametrize("constants", [(), (0, 1, 2), (1, 2)])
def test_dequantize(dtype: Any, axis: int | None, constants: Any) -> None:
    scale, zero = (SCALE, np.array(9, dtype)) if axis is None else (AXIS_SCALES, np.array([0, 3, 9], dtype))
    inputs = [_whole(dtype, 2, 3, 4), scale, zero]
    attributes = {} if axis is None else {"axis": axis}
    if len(constants) < 3:
        check("DequantizeLinear", inputs, attributes, oracle=onnxruntime, opset=13, constants=constants)
    else:
        got = run("DequantizeLinear", inputs, attributes, opset=13, constants=constants)
        column = (slice(None), None) if axis is not None else ()
        want = (inputs[0].astype(np.float32) - zero[column].astype(np.float32)) * scale[column]
        np.testing.assert_array_equal(got, want)


def test_biases_of_32_bits() -> None:
    inputs = [np.array([-70000, 5, 1 << 20], np.int32), AXIS_SCALES]
    check("DequantizeLinear", inputs, {"axis": 0}, oracle=onnxruntime, opset=13)


@pytest.mark.parametrize("length", [8, 7])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("constants", [(), (1, 2)])
def test_blocks(length: int, axis: int, constants: Any) -> None:
    shape, blocks = ((length, 3), (4, 3)) if axis == 0 else ((3, length), (3, 4))
    scale, zero = numbers(*blocks, low=0.1, high=1), _whole(np.uint8, *blocks)
    attributes = {"axis": axis, "block_size": 2}
    check(
        "DequantizeLinear",
        [_whole(np.uint8, *shape), scale, zero],
        attributes,
        opset=21,
        atol=1e-4,
        constants=constants,
    )
    check("QuantizeLinear", [numbers(*shape) * 9, scale, zero], attributes, opset=21, constants=constants)


@pytest.mark.parametrize("constants", [(), (1, 2, 3, 4, 5, 6, 7, 8)])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_qlinear_conv(constants: Any, per_channel: bool, dtype: Any) -> None:
    w_scale = np.array([0.01, 0.02, 0.015, 0.03], np.float32) if per_channel else np.array(0.02, np.float32)
    w_zero = np.zeros(np.shape(w_scale), np.int8)
    inputs = [
        _whole(dtype, 1, 2, 6, 6),
        np.array(0.05, np.float32),
        np.array(3, dtype),
        _whole(np.int8, 4, 2, 3, 3),
        w_scale,
        w_zero,
        np.array(0.2, np.float32),
        np.array(10, dtype),
        np.array([0, 100, -500, 2000], np.int32),
    ]
    source = node_model("QLinearConv", inputs, {"pads": [1, 1, 1, 1], "strides": [2, 1]}, opset=10, constants=constants)
    feeds = {f"x{i}": v for i, v in enumerate(inputs) if i not in constants}
    running.check(source, feeds)


@pytest.mark.parametrize("constants", [(), (1, 2, 3, 4, 5, 6, 7)])
@pytest.mark.parametrize("columns", [False, True])
def test_qlinear_mat_mul(constants: Any, columns: bool) -> None:
    b_scale = np.array([0.01, 0.02, 0.03], np.float32) if columns else np.array(0.02, np.float32)
    inputs = [
        _whole(np.uint8, 2, 4, 5),
        np.array(0.05, np.float32),
        np.array(120, np.uint8),
        _whole(np.int8, 5, 3),
        b_scale,
        np.zeros(np.shape(b_scale), np.int8),
        np.array(0.1, np.float32),
        np.array(128, np.uint8),
    ]
    source = node_model("QLinearMatMul", inputs, opset=10, constants=constants)
    feeds = {f"x{i}": v for i, v in enumerate(inputs) if i not in constants}
    running.check(source, feeds)


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("constants", [(), (1, 2, 3)])
def test_mat_mul_integer(columns: bool, constants: Any) -> None:
    b_zero = np.array([1, -2, 3], np.int8) if columns else np.array(4, np.int8)
    inputs = [_whole(np.uint8, 2, 4, 5), _whole(np.int8, 5, 3), np.array(7, np.uint8), b_zero]
    check("MatMulInteger", inputs, oracle=onnxruntime, opset=10, constants=constants)


@pytest.mark.parametrize("zeros", [(), (2,), (2, 3)])
def test_conv_integer(zeros: Any) -> None:
    inputs: list[Any] = [
        _whole(np.uint8, 1, 2, 6, 5),
        _whole(np.uint8, 4, 1, 3, 3),
        np.array(7, np.uint8),
        np.array(3, np.uint8),
    ]
    attributes = {"pads": [1, 0, 1, 2], "group": 2, "strides": [2, 1]}
    check("ConvInteger", inputs[: 2 + len(zeros)], attributes, oracle=onnxruntime, opset=10)


def test_dynamic_quantization_of_zeros_gives_zeros() -> None:
    y, scale, zero = run("DynamicQuantizeLinear", [np.zeros((2, 3), np.float32)], opset=11, outputs=3)
    assert scale > 0
    np.testing.assert_array_equal(y, np.full((2, 3), zero))


def test_dynamic_quantization() -> None:
    x = numbers(5, 7)
    y, scale, zero = run("DynamicQuantizeLinear", [x], opset=11, outputs=3, dynamic=(0,))
    np.testing.assert_allclose(scale, np.ptp(x) / 255, rtol=1e-6)
    np.testing.assert_allclose((y.astype(np.float32) - zero) * scale, x, atol=0.51 * scale)


@pytest.mark.parametrize(("code", "low", "high"), [(TensorProto.INT4, -8, 7), (TensorProto.UINT4, 0, 15)])
def test_weights_of_four_bits(code: int, low: int, high: int) -> None:
    values = np.arange(low, high + 1, dtype=np.int8 if low else np.uint8).reshape(4, 4)
    weights = helper.make_tensor("w", code, (4, 4), values.reshape(-1).tolist())
    node = helper.make_node("DequantizeLinear", ["w", "s"], ["d"], axis=0)
    add = helper.make_node("Add", ["x", "d"], ["y"])
    scales = numpy_helper.from_array(np.array([1, 2, 3, 4], np.float32), "s")
    source = running.model([node, add], [running.value("x", shape=(4, 4))], ["y"], opset=21)
    source.graph.initializer.extend([weights, scales])
    x = numbers(4, 4)
    got = running.run(source, {"x": x})[0][0]
    np.testing.assert_allclose(got, x + values * np.array([[1], [2], [3], [4]]), rtol=1e-6)


def test_weights_stay_small(tmp_path: Path) -> None:
    """The 40,000 weights are stored in a byte each, behind the operations that the runtime recognises."""
    w = _whole(np.int8, 100, 400)
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["d"], axis=1),
        helper.make_node("MatMul", ["x", "d"], ["y"]),
    ]
    constants = {"w": w, "s": numbers(400, low=0.01, high=0.1), "z": _whole(np.int8, 400)}
    source = running.model(nodes, [running.value("x", shape=(2, 100))], ["y"], constants, opset=13)
    mo_core.convert(source).save(tmp_path / "model.xml")
    assert (tmp_path / "model.bin").stat().st_size < w.nbytes + 4000
    running.check(source, {"x": numbers(2, 100)}, rtol=1e-4, atol=1e-3)


def test_quantization_with_known_numbers_is_a_fake_quantize() -> None:
    source = node_model("QuantizeLinear", [numbers(2, 3), SCALE, np.array(4, np.uint8)], opset=13, constants=(1, 2))
    kinds = [node.type_name for node in mo_core.convert(source).graph]
    assert "FakeQuantize" in kinds and "Divide" not in kinds


@pytest.mark.parametrize("constants", [(), (1,), (1, 2, 3)])
def test_large_sums_of_integers_are_exact(constants: Any) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(200, 256, (2, 4, 4096)).astype(np.uint8), rng.integers(200, 256, (4096, 3)).astype(np.uint8)
    inputs = [a, b, np.array(2, np.uint8), np.array(5, np.uint8)]
    check("MatMulInteger", inputs, oracle=onnxruntime, opset=10, constants=constants)
    x, w = (
        rng.integers(200, 256, (1, 400, 4, 4)).astype(np.uint8),
        rng.integers(200, 256, (3, 400, 3, 3)).astype(np.uint8),
    )
    inputs = [x, w, np.array(2, np.uint8), np.array(0, np.uint8)]
    check("ConvInteger", inputs, oracle=onnxruntime, opset=10, constants=constants)
