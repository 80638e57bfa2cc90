"""Pooling: rounding, padding, dilation, places of maxima, and inverses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.adapters.onnx.nodes import check, numbers
from tests.adapters.onnx.running import onnxruntime

SIZES = {1: (11,), 2: (10, 9), 3: (6, 7, 5)}
WINDOWS: list[dict[str, Any]] = [
    {"kernel_shape": [3, 2]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 0, 1, 2]},
    {"kernel_shape": [3, 3], "strides": [2, 3], "ceil_mode": 1},
    {"kernel_shape": [2, 2], "strides": [3, 3], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    {"kernel_shape": [3, 3], "strides": [2, 3], "pads": [1, 0, 1, 2], "ceil_mode": 1},
    {"kernel_shape": [2, 3], "strides": [2, 2], "pads": [0, 1, 1, 1], "ceil_mode": 1},
    {"kernel_shape": [3, 4], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
    {"kernel_shape": [3, 4], "strides": [3, 2], "auto_pad": "SAME_LOWER"},
    {"kernel_shape": [3, 4], "strides": [3, 2], "auto_pad": "VALID"},
]
DILATED: list[dict[str, Any]] = [
    {"kernel_shape": [2, 3], "dilations": [3, 2]},
    {"kernel_shape": [2, 3], "dilations": [2, 2], "strides": [2, 2], "pads": [1, 1, 0, 1], "ceil_mode": 1},
]


@pytest.mark.parametrize("window", [*WINDOWS, *DILATED])
@pytest.mark.parametrize("count_include_pad", [0, 1])
@pytest.mark.parametrize("dynamic", [(), (0,)])
def test_average_pool(window: dict[str, Any], count_include_pad: int, dynamic: Any) -> None:
    attributes = {**window, "count_include_pad": count_include_pad}
    check("AveragePool", [numbers(2, 3, 10, 9)], attributes, oracle=onnxruntime, opset=19, dynamic=dynamic)


@pytest.mark.parametrize("window", [*WINDOWS, *DILATED])
@pytest.mark.parametrize("dynamic", [(), (0,)])
def test_max_pool(window: dict[str, Any], dynamic: Any) -> None:
    check("MaxPool", [numbers(2, 3, 10, 9)], window, oracle=onnxruntime, opset=12, dynamic=dynamic)


@pytest.mark.parametrize("window", [*WINDOWS, *DILATED])
@pytest.mark.parametrize("storage_order", [0, 1])
@pytest.mark.parametrize("dynamic", [(), (0,), (0, 2, 3)])
def test_places_of_maxima(window: dict[str, Any], storage_order: int, dynamic: Any) -> None:
    attributes = {**window, "storage_order": storage_order}
    options = {"opset": 12, "outputs": 2, "dynamic": dynamic}
    check("MaxPool", [numbers(2, 3, 10, 9)], attributes, oracle=onnxruntime, **options)


LARGER: list[dict[str, Any]] = [
    {"kernel_shape": [3, 3], "strides": [2, 2]},
    {"kernel_shape": [3, 2], "strides": [2, 1]},
    {"kernel_shape": [5, 4], "strides": [3, 3], "pads": [1, 0, 0, 1]},
    {"kernel_shape": [2, 3], "strides": [2, 2], "dilations": [2, 1]},
]


@pytest.mark.parametrize("window", LARGER)
@pytest.mark.parametrize(
    "op", ["MaxPool", "AveragePool", "LpPool", pytest.param("AveragePool with padding", id="padding counts")]
)
def test_a_window_larger_than_the_image_leaves_one_when_rounding_up(op: str, window: dict[str, Any]) -> None:
    attributes = {**window, "ceil_mode": 1, **({"count_include_pad": 1} if " " in op else {})}
    check(op.split()[0], [numbers(2, 3, 2, 2)], attributes, oracle=onnxruntime, opset=19)


def test_the_places_of_maxima_of_a_window_larger_than_the_image() -> None:
    check("MaxPool", [numbers(2, 3, 2, 2)], {**LARGER[0], "ceil_mode": 1}, oracle=onnxruntime, opset=12, outputs=2)


@pytest.mark.parametrize("axes", [1, 3])
@pytest.mark.parametrize("storage_order", [0, 1])
def test_max_pool_over_other_axes(axes: int, storage_order: int) -> None:
    attributes = {"kernel_shape": [2] * axes, "strides": [2] * axes, "storage_order": storage_order}
    check("MaxPool", [numbers(2, 2, *SIZES[axes])], attributes, oracle=onnxruntime, opset=12, outputs=2)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_max_pool_of_small_integers(dtype: Any) -> None:
    x = np.random.default_rng(0).integers(-100 if dtype is np.int8 else 0, 100, (1, 2, 6, 6)).astype(dtype)
    check("MaxPool", [x], {"kernel_shape": [2, 2]}, oracle=onnxruntime, opset=12)


@pytest.mark.parametrize("window", WINDOWS[:3] + WINDOWS[4:])
@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("dynamic", [(), (0,)])
def test_lp_pool(window: dict[str, Any], p: int, dynamic: Any) -> None:
    check(
        "LpPool", [numbers(2, 3, 10, 9)], {**window, "p": p}, oracle=onnxruntime, opset=18, rtol=1e-4, dynamic=dynamic
    )


@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_global_pools(op: str, axes: int) -> None:
    check(op, [numbers(2, 3, *SIZES[axes])], oracle=onnxruntime, opset=11, dynamic=(0,))


@pytest.mark.parametrize("p", [1, 3])
def test_global_lp_pool_of_other_powers(p: int) -> None:
    check("GlobalLpPool", [numbers(2, 3, 5, 4)], {"p": p}, oracle=onnxruntime, opset=11, rtol=1e-4)


def test_max_unpool_undoes_max_pool() -> None:
    x = np.random.default_rng(0).permutation(64).reshape(1, 1, 8, 8).astype(np.float32)
    blocks = x.reshape(4, 2, 4, 2).transpose(0, 2, 1, 3).reshape(16, 4)
    row, column = np.divmod(blocks.argmax(1), 2)
    block_row, block_column = np.divmod(np.arange(16), 4)
    places = ((2 * block_row + row) * 8 + 2 * block_column + column).reshape(1, 1, 4, 4)
    inputs = [blocks.max(1).reshape(1, 1, 4, 4), places]
    check(
        "MaxUnpool", inputs, {"kernel_shape": [2, 2], "strides": [2, 2]}, oracle=onnxruntime, opset=11, dynamic=(0, 1)
    )


def test_max_pool_of_regions() -> None:
    rois = np.array([[0, 0, 0, 7, 7], [1, 2, 3, 9, 8], [0, 4, 4, 4, 4]], np.float32)
    attributes = {"pooled_shape": [3, 2], "spatial_scale": 0.5}
    check("MaxRoiPool", [numbers(2, 3, 6, 6), rois], attributes, oracle=onnxruntime, opset=11)
