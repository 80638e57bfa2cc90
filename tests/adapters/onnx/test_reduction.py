"""Reductions: axes as attributes, as inputs, unknown, and none at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mo_core.errors import Unsupported
from tests.adapters.onnx.nodes import check, numbers, run

OPS = {
    "ReduceSum": np.sum,
    "ReduceMean": np.mean,
    "ReduceMax": np.max,
    "ReduceMin": np.min,
    "ReduceProd": np.prod,
    "ReduceL1": lambda x, **k: np.sum(abs(x), **k),
    "ReduceL2": lambda x, **k: np.sqrt(np.sum(x * x, **k)),
    "ReduceSumSquare": lambda x, **k: np.sum(x * x, **k),
    "ReduceLogSum": lambda x, **k: np.log(np.sum(x, **k)),
    "ReduceLogSumExp": lambda x, **k: np.log(np.sum(np.exp(x), **k)),
}


def reduce(op: str, axes: Any, keepdims: int, form: str) -> None:
    x = numbers(2, 3, 4, low=0.1)
    want = OPS[op](x, axis=axes, keepdims=bool(keepdims))
    if form == "attribute":
        attributes = {"keepdims": keepdims} | ({} if axes is None else {"axes": axes})
        got = run(op, [x], attributes, opset=11)
    else:
        inputs = [x] if axes is None else [x, np.array(axes, np.int64)]
        constants = (1,) if form == "constant" and axes is not None else ()
        got = run(op, inputs, {"keepdims": keepdims}, opset=18, dynamic=(0,), constants=constants)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-5)


@pytest.mark.parametrize("axes", [None, (1,), (-1, 0)])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("form", ["attribute", "constant", "input"])
def test_axes(axes: Any, keepdims: int, form: str) -> None:
    reduce("ReduceSum", axes, keepdims, form)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("form", ["attribute", "constant", "input"])
def test_every_reduction(op: str, form: str) -> None:
    reduce(op, (0, -1), 0, form)


@pytest.mark.parametrize("op", OPS)
def test_no_axes_may_mean_no_reduction(op: str) -> None:
    check(op, [numbers(2, 3, low=0.1)], {"noop_with_empty_axes": 1}, opset=18, rtol=1e-4)


def test_large_exponents_do_not_overflow() -> None:
    x = np.array([[1000.0, 1001.0], [-np.inf, -np.inf]], np.float32)
    got = run("ReduceLogSumExp", [x], {"axes": [1], "keepdims": 0}, opset=13)
    np.testing.assert_allclose(got, [1001.3132617, -np.inf], rtol=1e-6)


@pytest.mark.parametrize("op", ["ReduceMax", "ReduceMin"])
@pytest.mark.parametrize("constants", [(), (1,)])
def test_extremes_of_booleans(op: str, constants: Any) -> None:
    x = np.array([[True, False], [True, True], [False, False]])
    check(op, [x, np.array([1])], opset=20, constants=constants)


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("select_last_index", [0, 1])
@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint8])
def test_first_or_last_of_equal_extremes(op: str, select_last_index: int, axis: int, dtype: Any) -> None:
    x = np.array([[1, 3, 3, 1], [3, 3, 1, 1], [1, 1, 3, 3]], dtype)
    check(op, [x], {"axis": axis, "select_last_index": select_last_index}, opset=13, dynamic=(0,))


@pytest.mark.parametrize(
    ("op", "opset", "attribute", "where"),
    [
        ("ReduceMean", 18, {"axes": [1]}, "1 to 17, and the model declares opset 18"),
        ("ReduceMean", 13, {"noop_with_empty_axes": 1}, "18 and newer, and the model declares opset 13"),
    ],
)
def test_an_attribute_of_another_opset_is_told_apart_from_a_wrong_one(
    op: str, opset: int, attribute: dict[str, Any], where: str
) -> None:
    with pytest.raises(Unsupported, match=f'"{next(iter(attribute))}" of {op} is one of opset {where}'):
        run(op, [numbers(2, 3)], attribute, opset=opset)
    with pytest.raises(Unsupported, match='"axis" of ReduceMean is not known'):
        run(op, [numbers(2, 3)], {"axis": 1}, opset=opset)
