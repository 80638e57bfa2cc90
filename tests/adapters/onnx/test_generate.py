"""Values from nothing, changes of type, losses, and experimental ops of the first opsets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import mo_core
from mo_core.errors import ModelError, Unsupported
from tests.adapters.onnx import running
from tests.adapters.onnx.nodes import check, numbers, run

# -- constants


@pytest.mark.parametrize(
    ("attributes", "want"),
    [
        ({"value": numpy_helper.from_array(np.array([[1, 2]], np.int16))}, np.array([[1, 2]], np.int16)),
        ({"value_float": 1.5}, np.array(1.5, np.float32)),
        ({"value_floats": [1.5, 2.5]}, np.array([1.5, 2.5], np.float32)),
        ({"value_int": 7}, np.array(7)),
        ({"value_ints": [7, -8]}, np.array([7, -8])),
    ],
)
def test_constant_in_all_forms(attributes: dict[str, Any], want: np.ndarray) -> None:
    got = run("Constant", [], attributes, opset=13)
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    assert (got == want).all()


def test_sparse_constant() -> None:
    values = helper.make_tensor("v", TensorProto.FLOAT, [2], [1.0, 2.0])
    indices = helper.make_tensor("i", TensorProto.INT64, [2], [1, 5])
    got = run("Constant", [], {"sparse_value": helper.make_sparse_tensor(values, indices, [2, 3])}, opset=13)
    assert got.tolist() == [[0, 1, 0], [0, 0, 2]]


@pytest.mark.parametrize("constants", [(), (0,)])
def test_constant_of_shape(constants: Any) -> None:
    shape = np.array([2, 3])
    check("ConstantOfShape", [shape], opset=9, constants=constants)
    value = helper.make_tensor("value", TensorProto.INT32, [1], [7])
    check("ConstantOfShape", [shape], {"value": value}, opset=9, constants=constants)


@pytest.mark.parametrize("attributes", [{}, {"k": 1}, {"k": -2, "dtype": TensorProto.INT32}])
def test_eye_like(attributes: dict[str, int]) -> None:
    check("EyeLike", [numbers(3, 4)], attributes, opset=9, dynamic=(0,))


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.int64])
@pytest.mark.parametrize("constants", [(), (0, 1, 2)])
def test_range(dtype: Any, constants: Any) -> None:
    for limits in ((1, 9, 3), (5, -4, -2), (3, 3, 1)):
        check("Range", [np.array(v, dtype) for v in limits], opset=11, constants=constants)


@pytest.mark.parametrize("op", ["HannWindow", "HammingWindow", "BlackmanWindow"])
@pytest.mark.parametrize("periodic", [0, 1])
def test_windows(op: str, periodic: int) -> None:
    check(op, [np.array(10)], {"periodic": periodic}, opset=17, constants=(0,), atol=1e-5)


# -- random numbers: their kind can be tested, not their values


def test_random_numbers_follow_their_distribution() -> None:
    shape = {"shape": [100, 200]}
    drawn = run("RandomUniform", [], {**shape, "low": 2.0, "high": 4.0}, opset=1)
    assert drawn.min() >= 2
    assert drawn.max() < 4
    assert abs(drawn.mean() - 3) < 0.05
    drawn = run("RandomNormal", [], {**shape, "mean": 1.0, "scale": 2.0, "seed": 3.0}, opset=1)
    assert abs(drawn.mean() - 1) < 0.1
    assert abs(drawn.std() - 2) < 0.1
    like = run("RandomNormalLike", [numbers(100, 200)], {"dtype": TensorProto.DOUBLE}, opset=1, dynamic=(0,))
    assert like.shape == (100, 200)
    assert like.dtype == np.float64
    assert run("RandomUniformLike", [numbers(3, 4)], opset=1).shape == (3, 4)


def test_bernoulli_draws_ones_with_the_probability_given() -> None:
    drawn = run("Bernoulli", [np.full((100, 200), 0.25, np.float32)], {"dtype": TensorProto.INT32}, opset=15)
    assert set(np.unique(drawn)) == {0, 1}
    assert abs(drawn.mean() - 0.25) < 0.02


def test_multinomial_draws_classes() -> None:
    logits = np.log(np.array([[0.5, 0.5, 1e-9], [1e-9, 1e-9, 1.0]], np.float32))
    drawn = run("Multinomial", [logits], {"sample_size": 50, "dtype": TensorProto.INT64}, opset=7)
    assert drawn.shape == (2, 50)
    assert set(np.unique(drawn[0])) == {0, 1}
    assert (drawn[1] == 2).all()


# -- types


def test_cast_of_opset_1_names_the_type() -> None:
    assert run("Cast", [numbers(3)], {"to": "INT32"}, opset=1).dtype == np.int32


def test_whatever_is_not_zero_is_true() -> None:
    x = np.array([0, 0.25, -3, np.nan], np.float32)
    assert run("Cast", [x], {"to": TensorProto.BOOL}, opset=13).tolist() == [False, True, True, True]


def test_strings_cannot_be_cast() -> None:
    with pytest.raises(Unsupported, match="strings"):
        run("Cast", [numbers(3)], {"to": TensorProto.STRING}, opset=13)


@pytest.mark.parametrize(("code", "name"), [(TensorProto.COMPLEX64, "complex64"), (18, "float8e4m3fnuz")])
def test_types_that_the_runtime_lacks_are_named(code: int, name: str) -> None:
    with pytest.raises(Unsupported, match=name):
        run("Cast", [numbers(3)], {"to": code}, opset=13)


def test_an_unknown_type_is_an_error_of_the_model() -> None:
    with pytest.raises(ModelError, match="99"):
        run("Cast", [numbers(3)], {"to": 99}, opset=13)


def test_bits_of_whole_numbers_are_kept() -> None:
    x = np.array([-1, 127, -128], np.int8)
    assert run("BitCast", [x], {"to": TensorProto.UINT8}, opset=26).tolist() == [255, 127, 128]


def test_bits_of_real_constants_are_read() -> None:
    x = numbers(5)
    got = run("BitCast", [x], {"to": TensorProto.INT32}, opset=26, constants=(0,))
    assert (got == x.view(np.int32)).all()


# -- losses


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("ignore_index", [None, 1, -5])
@pytest.mark.parametrize("weighted", [False, True])
def test_losses(reduction: str, ignore_index: int | None, weighted: bool) -> None:
    scores, target = numbers(3, 4, 2), np.array([[0, 1], [2, 3], [1, 0]])
    if ignore_index == -5:
        target[0, 0] = -5
    attributes: dict[str, Any] = {"reduction": reduction}
    if ignore_index is not None:
        attributes["ignore_index"] = ignore_index
    inputs = [scores, target, *([numbers(4, low=0.5)] if weighted else [])]
    check("NegativeLogLikelihoodLoss", inputs, attributes, opset=13, dynamic=(0,))
    check("SoftmaxCrossEntropyLoss", inputs, attributes, opset=13, dynamic=(0,), outputs=2, rtol=1e-4)


# -- experimental ops


def test_experimental_arithmetic() -> None:
    x = numbers(1, 3, 2, 2)
    np.testing.assert_allclose(run("Affine", [x], {"alpha": 2.0, "beta": 0.5}, opset=1), 2 * x + 0.5, rtol=1e-5)
    np.testing.assert_allclose(run("Scale", [x], {"scale": 3.0}, opset=1), 3 * x, rtol=1e-6)
    want = 2 * x + np.array([1, 2, 3], np.float32)[:, None, None]
    got = run("ImageScaler", [x], {"scale": 2.0, "bias": [1.0, 2.0, 3.0]}, opset=1)
    np.testing.assert_allclose(got, want, rtol=1e-6)
    got = run("ParametricSoftplus", [x], {"alpha": 2.0, "beta": 0.5}, opset=1)
    np.testing.assert_allclose(got, 2 * np.log(np.exp(0.5 * x) + 1), rtol=1e-5)
    got = run("ScaledTanh", [x], {"alpha": 2.0, "beta": 0.5}, opset=1)
    np.testing.assert_allclose(got, 2 * np.tanh(0.5 * x), rtol=1e-5)


def test_crop_by_borders_or_by_size() -> None:
    x = numbers(1, 2, 6, 7)
    assert (run("Crop", [x], {"border": [1, 2, 0, 1]}, opset=1) == x[:, :, 2:-1, 1:]).all()
    assert (run("Crop", [x], {"border": [1, 2, 0, 0], "scale": [3, 4]}, opset=1) == x[:, :, 2:5, 1:5]).all()


def test_fills() -> None:
    got = run("ConstantFill", [], {"shape": [2, 3], "value": 2.0, "dtype": 6}, opset=1)
    assert (got == np.full((2, 3), 2, np.int32)).all()
    got = run("ConstantFill", [np.array([2, 3])], {"input_as_shape": 1, "value": 1.0}, opset=1)
    assert got.shape == (2, 3)
    got = run("ConstantFill", [numbers(2, 3)], {"extra_shape": [1]}, opset=1, dynamic=(0,))
    assert got.shape == (2, 3, 1)
    got = run("GivenTensorFill", [], {"values": [1.0, 2.0], "shape": [2, 1]}, opset=1)
    assert got.tolist() == [[1], [2]]


@pytest.mark.parametrize("mode", [0, 1])
def test_bags_of_embeddings(mode: int) -> None:
    table, indices, offsets = numbers(5, 3), np.array([0, 2, 4, 1]), np.array([0, 3])
    node = helper.make_node("ATen", ["table", "indices", "offsets"], ["y"], operator="embedding_bag", mode=mode)
    inputs = [running.value("indices", np.int64, [4]), running.value("offsets", np.int64, [2])]
    model = running.model([node], inputs, ["y"], {"table": table}, 9)
    ((got,),) = running.run(model, {"indices": indices, "offsets": offsets})
    want = np.stack([table[[0, 2, 4]].sum(0), table[[1]].sum(0)])
    np.testing.assert_allclose(got, want / ([[3], [1]] if mode else 1), rtol=1e-5)


@pytest.mark.parametrize("mode", [0, 1])
def test_the_last_offset_of_a_bag_may_be_the_end(mode: int) -> None:
    table, indices, offsets = numbers(5, 3), np.array([0, 2, 4, 1]), np.array([0, 3, 4])
    attributes = {"operator": "embedding_bag", "mode": mode, "include_last_offset": 1}
    node = helper.make_node("ATen", ["table", "indices", "offsets"], ["y"], **attributes)
    inputs = [running.value("indices", np.int64, [4]), running.value("offsets", np.int64, [3])]
    model = running.model([node], inputs, ["y"], {"table": table}, 9)
    ((got,),) = running.run(model, {"indices": indices, "offsets": offsets})
    want = np.stack([table[[0, 2, 4]].sum(0), table[[1]].sum(0)])
    np.testing.assert_allclose(got, want / ([[3], [1]] if mode else 1), rtol=1e-5)


def test_bags_that_leave_out_an_index_are_refused() -> None:
    node = helper.make_node("ATen", ["x", "i"], ["y"], operator="embedding_bag", padding_idx=1)
    inputs = [running.value("x", np.float32, [2, 3]), running.value("i", np.int64, [4, 2])]
    with pytest.raises(Unsupported, match="leaves out the index 1"):
        mo_core.convert(running.model([node], inputs, ["y"], opset=9))


def test_other_functions_of_pytorch_are_refused() -> None:
    node = helper.make_node("ATen", ["x", "x"], ["y"], operator="frobnicate")
    with pytest.raises(Unsupported, match="frobnicate"):
        mo_core.convert(running.model([node], [running.value("x", np.float32, [2])], ["y"], opset=9))
