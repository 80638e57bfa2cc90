"""Cutting inside of a model without stated inner types: the emitted files compute what the rest of the model does."""

import numpy as np
import onnx
import openvino as ov
import pytest
from onnx import TensorProto, helper

from mo_core import convert
from mo_core.errors import ShapeError


@pytest.fixture
def model(tmp_path):
    """x[N,3,4,4] -> Conv -> c -> GlobalAveragePool -> y; x -> Shape -> s -> Mul -> twice"""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["c"], ["y"], name="pool"),
        helper.make_node("Shape", ["x"], ["s"], name="shape"),
        helper.make_node("Mul", ["s", "s"], ["twice"], name="mul"),
    ]
    weights = np.random.default_rng(0).normal(size=(5, 3, 2, 2)).astype(np.float32)
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 4, 4])],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
            helper.make_tensor_value_info("twice", TensorProto.INT64, None),
        ],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def computed(path, feeds, **options):
    converted = convert(path, **options)
    compiled = ov.Core().compile_model(converted.save(path.parent / "ir.xml"), "CPU")
    return converted, [np.array(v) for v in compiled(feeds).values()]


def test_a_feature_map(model):
    c = np.random.default_rng(1).normal(size=(2, 5, 2, 2)).astype(np.float32)
    converted, (y,) = computed(model, {"c": c}, input="c", output="y")
    assert converted.inputs["c"].shape[1:] == (5, 2, 2)
    np.testing.assert_allclose(y, c.mean((2, 3), keepdims=True), rtol=1e-5)


def test_a_tensor_of_whole_numbers(model):
    s = np.array([2, 3, -4, 5])
    converted, (twice,) = computed(model, {"s": s}, input="s", output="twice")
    assert str(converted.inputs["s"].element) == "i64" and converted.inputs["s"].shape == (4,)
    assert twice.dtype == np.int64 and twice.tolist() == [4, 9, 16, 25]


def fixed_inside(path, target):
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["x", "s"], ["y"], name="reshape")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(np.array(target), "s")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_a_batch_that_meets_a_fixed_one_inside_has_a_remedy(tmp_path):
    with pytest.raises(ShapeError, match=r"Reshape of \[10,3,4,4\].*\n.*leave --batch out"):
        convert(fixed_inside(tmp_path / "m.onnx", [1, 48]), batch=10)


def test_a_batch_that_meets_a_free_one_inside_is_taken(tmp_path):
    x = np.random.default_rng(0).normal(size=(10, 3, 4, 4)).astype(np.float32)
    _, (y,) = computed(fixed_inside(tmp_path / "m.onnx", [0, 48]), {"x": x}, batch=10)
    np.testing.assert_array_equal(y, x.reshape(10, 48))


def test_a_shape_that_the_model_refuses_is_told_with_the_one_in_the_file(tmp_path):
    with pytest.raises(ShapeError, match=r'The file has \[1,3,4,4\] for "x", and \[1,3,5,4\] was given'):
        convert(fixed_inside(tmp_path / "m.onnx", [1, 48]), input_shape="[1,3,5,4]")
