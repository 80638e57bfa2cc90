"""Boxes, regions and sampling grids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mo_core.errors import Unsupported
from tests.adapters.onnx.nodes import check, numbers, run
from tests.adapters.onnx.running import onnxruntime


def _boxes(count: int, center: bool) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(count)
    corner, size = rng.uniform(0, 6, (2, count, 2)), rng.uniform(1, 4, (2, count, 2))
    return np.concatenate([corner + size / 2 if center else corner, size if center else corner + size], -1).astype(
        np.float32
    )


@pytest.mark.parametrize("center", [0, 1])
@pytest.mark.parametrize("constants", [(), (2, 3, 4)])
@pytest.mark.parametrize("dynamic", [(), (0, 1)])
def test_non_max_suppression(center: int, constants: Any, dynamic: Any) -> None:
    boxes, scores = _boxes(20, bool(center)), numbers(2, 3, 20, low=0, high=1)
    inputs = [boxes, scores, np.array([5]), np.array([0.3], np.float32), np.array([0.2], np.float32)]
    check(
        "NonMaxSuppression",
        inputs,
        {"center_point_box": center},
        oracle=onnxruntime,
        opset=11,
        constants=constants,
        dynamic=dynamic,
    )


def test_negative_scores_count_without_a_threshold() -> None:
    inputs = [_boxes(6, False), numbers(2, 1, 6, low=-2, high=-1), np.array([3])]
    check("NonMaxSuppression", inputs, oracle=onnxruntime, opset=10)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("constants", [(), (3,)])
def test_boxes_that_overlap_exactly_as_much_as_allowed_stay(threshold: float, constants: Any) -> None:
    boxes = np.array([[[0, 0, 1, 1], [0, 0, 1, 2], [0, 2, 1, 3], [0, 0, 1, 1]]], np.float32)
    scores = np.array([[[0.9, 0.8, 0.7, 0.6]]], np.float32)
    inputs = [boxes, scores, np.array([4]), np.array([threshold], np.float32)]
    check("NonMaxSuppression", inputs, oracle=onnxruntime, opset=11, constants=constants)


ROIS = np.array([[0.5, 1, 9, 7], [2, 0, 5.5, 11], [-3, -2, 30, 20], [4, 4, 4.5, 4.2]], np.float32)


@pytest.mark.parametrize("sampling_ratio", [0, 2])
@pytest.mark.parametrize("spatial_scale", [1.0, 0.5])
@pytest.mark.parametrize(("opset", "coordinates"), [(10, None), (16, "half_pixel"), (16, "output_half_pixel")])
def test_roi_align(sampling_ratio: int, spatial_scale: float, opset: int, coordinates: str | None) -> None:
    attributes: dict[str, Any] = {"output_height": 3, "output_width": 2, "sampling_ratio": sampling_ratio}
    attributes["spatial_scale"] = spatial_scale
    if coordinates:
        attributes["coordinate_transformation_mode"] = coordinates
    inputs = [numbers(2, 3, 8, 9), ROIS, np.array([0, 1, 1, 0])]
    check("RoiAlign", inputs, attributes, oracle=onnxruntime, rtol=1e-4, atol=1e-5, opset=opset)


@pytest.mark.parametrize("coordinates", ["half_pixel", "output_half_pixel"])
@pytest.mark.parametrize("dynamic", [(), (0, 1, 2)])
def test_the_largest_share_in_a_region(coordinates: str, dynamic: Any) -> None:
    attributes = {"mode": "max", "output_height": 3, "output_width": 2, "sampling_ratio": 2, "spatial_scale": 0.7}
    attributes["coordinate_transformation_mode"] = coordinates
    inputs = [numbers(2, 3, 8, 9), ROIS, np.array([0, 1, 1, 0])]
    check("RoiAlign", inputs, attributes, rtol=1e-4, atol=1e-5, opset=16, dynamic=dynamic)


def test_the_largest_share_needs_a_number_of_samples() -> None:
    with pytest.raises(Unsupported, match="sampling_ratio"):
        run("RoiAlign", [numbers(1, 1, 4, 4), ROIS, np.zeros(4, np.int64)], {"mode": "max"}, opset=16)


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align_corners", [0, 1])
def test_grid_sample_of_images(mode: str, padding_mode: str, align_corners: int) -> None:
    inputs = [numbers(2, 3, 5, 6), numbers(2, 4, 3, 2, low=-1.6, high=1.6)]
    attributes = {"mode": mode, "padding_mode": padding_mode, "align_corners": align_corners}
    check("GridSample", inputs, attributes, oracle=onnxruntime, rtol=1e-4, atol=1e-5, opset=16, dynamic=(0, 1))


@pytest.mark.parametrize("mode", ["linear", "nearest"])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align_corners", [0, 1])
def test_grid_sample_of_volumes(mode: str, padding_mode: str, align_corners: int) -> None:
    inputs = [numbers(2, 2, 3, 4, 5), numbers(2, 2, 3, 2, 3, low=-1.6, high=1.6)]
    attributes = {"mode": mode, "padding_mode": padding_mode, "align_corners": align_corners}
    check("GridSample", inputs, attributes, rtol=1e-4, atol=1e-5, opset=20, dynamic=(0, 1))


def test_cubic_grid_sample_of_volumes_is_beyond_the_runtime() -> None:
    with pytest.raises(Unsupported, match="cubic GridSample"):
        run("GridSample", [numbers(1, 1, 2, 2, 2), numbers(1, 1, 1, 1, 3)], {"mode": "cubic"}, opset=20)


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("align_corners", [0, 1])
@pytest.mark.parametrize("constants", [(), (1,)])
def test_affine_grid(axes: int, align_corners: int, constants: Any) -> None:
    inputs = [numbers(2, axes, axes + 1), np.array([2, 1, 4, 3, 5][: 2 + axes])]
    check("AffineGrid", inputs, {"align_corners": align_corners}, rtol=1e-4, opset=20, constants=constants)
