"""Activation functions in the forms of early opsets, and along axes."""

from __future__ import annotations

import numpy as np
import pytest

import mo_core
from mo_core.errors import ShapeError
from tests.adapters.onnx import running
from tests.adapters.onnx.nodes import check, node_model, numbers, run


def softmax(x: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("dynamic", [(), (0,)])
def test_softmax_before_opset_13_works_on_a_matrix(axis: int, dynamic: tuple[int, ...]) -> None:
    x = numbers(2, 3, 4)
    want = softmax(x, tuple(range(axis % 3, 3)))
    np.testing.assert_allclose(run("Softmax", [x], {"axis": axis}, opset=11, dynamic=dynamic), want, rtol=1e-5)
    logs = run("LogSoftmax", [x], {"axis": axis}, opset=11, dynamic=dynamic)
    np.testing.assert_allclose(logs, np.log(want), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax", "Hardmax"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_along_an_axis_from_opset_13_on(op: str, axis: int) -> None:
    check(op, [numbers(2, 3, 4)], {"axis": axis}, opset=13, dynamic=(0,))


def test_hardmax_before_opset_13_takes_one_place_a_row() -> None:
    x = numbers(2, 3, 4)
    result = run("Hardmax", [x], {"axis": 1}, opset=11)
    rows = x.reshape(2, 12)
    want = np.eye(12, dtype=np.float32)[rows.argmax(1)].reshape(x.shape)
    assert (result == want).all()


def test_hardmax_takes_the_first_of_equal_ones() -> None:
    assert run("Hardmax", [np.ones((2, 3), np.float32)], opset=13).tolist() == [[1, 0, 0], [1, 0, 0]]


def test_slopes_before_opset_7_go_along_the_channels() -> None:
    x, slopes = numbers(2, 4, 4, 4), numbers(4, low=0)
    want = np.where(x < 0, x * slopes[:, None, None], x)
    np.testing.assert_allclose(run("PRelu", [x, slopes], opset=6, constants=(1,)), want, rtol=1e-6)


@pytest.mark.parametrize("shape", [(4,), (1,), (4, 1, 1), (1, 4, 4, 4), ()])
@pytest.mark.parametrize("constants", [(), (1,)])
def test_slopes_broadcast_from_opset_7_on(shape: tuple[int, ...], constants: tuple[int, ...]) -> None:
    check("PRelu", [numbers(2, 4, 4, 4), numbers(*shape, low=0)], opset=16, constants=constants)


@pytest.mark.parametrize("constants", [(), (1,)])
def test_slopes_that_fit_the_channels_only_are_taken_for_these(constants: tuple[int, ...]) -> None:
    x, slopes = numbers(2, 8, 3, 5), numbers(8, low=0)
    source = node_model("PRelu", [x, slopes], opset=16, constants=constants)
    want = np.where(x < 0, x * slopes[:, None, None], x)
    got = running.run(source, {"x0": x, "x1": slopes} if not constants else {"x0": x})[0][0]
    np.testing.assert_allclose(got, want, rtol=1e-6)
    (note,) = mo_core.convert(source).report.notes
    assert "as many as channels" in note


def test_slopes_that_fit_nothing_are_refused() -> None:
    with pytest.raises(ShapeError, match="cannot spread slopes"):
        run("PRelu", [numbers(2, 8, 3, 5), numbers(7)], opset=16)
    with pytest.raises(ShapeError, match="cannot spread slopes"):
        run("PRelu", [numbers(2, 8, 3, 5), numbers(4, 1)], opset=16)


def test_whole_numbers_have_slopes_too() -> None:
    x, slope = np.array([-3, 0, 5], np.int32), np.array([2], np.int32)
    assert run("PRelu", [x, slope], opset=16).tolist() == [-6, 0, 5]


@pytest.mark.parametrize(
    ("op", "attributes", "opset"),
    [
        ("LeakyRelu", {}, 6),
        ("Elu", {"alpha": 2.0}, 6),
        ("Selu", {}, 6),
        ("Celu", {"alpha": 0.5}, 12),
        ("Gelu", {}, 20),
        ("Gelu", {"approximate": "tanh"}, 20),
        ("HardSigmoid", {}, 6),
        ("HardSigmoid", {"alpha": 0.5, "beta": 0.25}, 6),
        ("HardSigmoid", {"alpha": 0.5, "beta": 0.0}, 6),
        ("HardSigmoid", {"alpha": 0.0, "beta": 0.25}, 6),
        ("HardSwish", {}, 14),
        ("Mish", {}, 18),
        ("Softplus", {}, 1),
        ("Softsign", {}, 1),
        ("ThresholdedRelu", {"alpha": 0.5}, 10),
        ("Shrink", {"bias": 0.5, "lambd": 0.75}, 9),
        ("Swish", {"alpha": 1.5}, 24),
        ("Sigmoid", {}, 13),
        ("Relu", {}, 14),
    ],
)
def test_functions_of_dynamic_tensors(op: str, attributes: dict[str, object], opset: int) -> None:
    check(op, [numbers(3, 5)], attributes, opset=opset, dynamic=(0,), rtol=1e-4, atol=1e-5)


def test_selu_of_opset_1_has_rounder_defaults() -> None:
    x = numbers(6)
    want = 1.0507 * np.where(x > 0, x, 1.6732 * (np.exp(x) - 1))
    np.testing.assert_allclose(run("Selu", [x], opset=1), want, rtol=1e-5)
