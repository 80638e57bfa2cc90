"""Picking and putting by index: negative indices, reductions, dynamic shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.adapters.onnx.nodes import check, numbers, run
from tests.adapters.onnx.running import onnxruntime

BOTH = pytest.mark.parametrize("dynamic", [(), (0,)])
CONSTANT = pytest.mark.parametrize("constants", [(), (1,)])


@BOTH
@CONSTANT
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_negative_indices_count_from_the_end(axis: int, constants: Any, dynamic: Any) -> None:
    options: Any = {"opset": 13, "dynamic": dynamic, "constants": constants, "oracle": onnxruntime}
    x, indices = numbers(3, 4, 3), np.array([[0, -1], [-2, 1]])
    check("Gather", [x, indices], {"axis": axis}, **options)
    elements = np.array([[[0, -1]], [[-3, 1]]])
    check("GatherElements", [x, elements], {"axis": axis}, **options)
    check("ScatterElements", [x, elements, numbers(2, 1, 2)], {"axis": axis}, **options)


@BOTH
@CONSTANT
@pytest.mark.parametrize("batch_dims", [0, 1])
def test_tuples_of_indices(batch_dims: int, constants: Any, dynamic: Any) -> None:
    indices = np.array([[[0, -1]], [[-2, 1]]])
    options: Any = {"opset": 13, "dynamic": dynamic, "constants": constants}
    check("GatherND", [numbers(2, 3, 4), indices], {"batch_dims": batch_dims}, **options, oracle=onnxruntime)


@BOTH
@CONSTANT
@pytest.mark.parametrize("reduction", ["none", "add", "mul", "min", "max"])
def test_scatter(reduction: str, constants: Any, dynamic: Any) -> None:
    options: Any = {"opset": 18, "dynamic": dynamic, "constants": constants}
    indices = np.array([[0], [-1], [2]] if reduction == "none" else [[0], [-1], [3]])
    check("ScatterND", [numbers(4, 3), indices, numbers(3, 3)], {"reduction": reduction}, **options)
    elements = np.array([[0, 1, 2]] if reduction == "none" else [[0, 1, -3]])
    check("ScatterElements", [numbers(3, 3), elements, numbers(1, 3)], {"reduction": reduction}, **options)


def test_scatter_of_opset_9() -> None:
    x, indices, updates = numbers(3, 3), np.array([[0, 2]]), numbers(1, 2)
    want = x.copy()
    want[0, 0], want[2, 1] = updates[0]
    assert (run("Scatter", [x, indices, updates], opset=9) == want).all()


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.float32])
def test_one_hot_leaves_out_what_is_out_of_range(axis: int, dtype: Any) -> None:
    indices = np.array([[0, -1, 3], [2, 5, -9]], dtype)
    hot = np.array([[0, 3, 3], [2, -1, -1]])[..., None] == np.arange(4)
    want = np.moveaxis(np.where(hot, np.float32(2), np.float32(0.5)), -1, axis)
    inputs = [indices, np.array(4, np.int64), np.array([0.5, 2], np.float32)]
    for constants in ((), (1, 2)):
        got = run("OneHot", inputs, {"axis": axis}, opset=11, constants=constants, dynamic=(0,))
        assert (got == want).all()


@pytest.mark.parametrize(("opset", "attributes"), [(1, {"k": 2}), (10, {}), (11, {"largest": 0})])
@BOTH
def test_top_k_of_every_version(opset: int, attributes: Any, dynamic: Any) -> None:
    x = np.array([[1, 3, 3, 2], [0, 0, 0, 1]], np.float32)
    inputs = [x] if opset == 1 else [x, np.array([2])]
    values, indices = run("TopK", inputs, attributes, opset=opset, dynamic=dynamic, outputs=2)
    sign = 1 if attributes.get("largest") == 0 else -1
    want = np.argsort(sign * x, axis=1, kind="stable")[:, :2]
    assert indices.dtype == np.int64
    assert (indices == want).all()
    assert (values == np.take_along_axis(x, want, 1)).all()


@pytest.mark.parametrize("mode", ["linear", "circular"])
@pytest.mark.parametrize("with_indices", [False, True])
def test_tensor_scatter(mode: str, with_indices: bool) -> None:
    cache, update = numbers(2, 3, 5, 2), numbers(2, 3, 2, 2)
    at = np.array([4, 1] if mode == "circular" else [3, 1]) if with_indices else np.array([0, 0])
    want = cache.copy()
    for b in range(2):
        for s in range(2):
            want[b, :, (at[b] + s) % 5] = update[b, :, s]
    inputs = [cache, update, *([at] if with_indices else [])]
    assert (run("TensorScatter", inputs, {"mode": mode}, opset=24, dynamic=(0, 1)) == want).all()
