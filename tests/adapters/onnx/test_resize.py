"""Resize and Upsample: modes, coordinates, sizes and scales, known and unknown before the model runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mo_core.errors import ModelError
from tests.adapters.onnx.nodes import check, node_model, numbers, run
from tests.adapters.onnx.running import check as check_model
from tests.adapters.onnx.running import onnxruntime

IMAGE = numbers(1, 2, 6, 5)
COORDINATES = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"]


def _sizes(*sizes: int) -> list[Any]:
    return [None, None, np.array(sizes, np.int64)]


def _scales(*scales: float) -> list[Any]:
    return [None, np.array(scales, np.float32)]


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("sizes", [(9, 10), (4, 3), (1, 7)])
def test_sizes(mode: str, coordinates: str, sizes: tuple[int, int]) -> None:
    attributes = {"mode": mode, "coordinate_transformation_mode": coordinates}
    inputs = [IMAGE, *_sizes(1, 2, *sizes)]
    check("Resize", inputs, attributes, oracle=onnxruntime, rtol=1e-4, atol=1e-5, opset=13, constants=(3,))


@pytest.mark.parametrize("outside", [0, 1])
@pytest.mark.parametrize("sizes", [(6, 1), (1, 5), (1, 1)])
def test_a_single_cubic_element_comes_from_the_first_one(outside: int, sizes: tuple[int, int]) -> None:
    attributes = {"mode": "cubic", "coordinate_transformation_mode": "pytorch_half_pixel", "exclude_outside": outside}
    inputs = [IMAGE, *_sizes(1, 2, *sizes)]
    check("Resize", inputs, attributes, oracle=onnxruntime, rtol=1e-4, atol=1e-5, opset=13, constants=(3,))


@pytest.mark.parametrize("opset", [11, 12])
def test_sizes_win_over_scales(opset: int) -> None:
    """The oracle, which refuses both, is given the sizes alone."""
    sizes = np.array([1, 2, 9, 10], np.int64)
    both = node_model("Resize", [IMAGE, None, np.ones(4, np.float32), sizes], opset=opset, constants=(2, 3))
    alone = node_model("Resize", [IMAGE, None, None, sizes], opset=13, constants=(3,))
    check_model(both, {"x0": IMAGE}, oracle=lambda _, feeds: onnxruntime(alone, feeds))


@pytest.mark.parametrize("nearest", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("scales", [(2.0, 3.0), (0.5, 0.6)])
@pytest.mark.parametrize("dynamic", [(), (0,)])
def test_nearest_by_scales(nearest: str, coordinates: str, scales: tuple[float, float], dynamic: Any) -> None:
    attributes = {"mode": "nearest", "coordinate_transformation_mode": coordinates, "nearest_mode": nearest}
    inputs = [IMAGE, *_scales(1, 1, *scales)]
    check("Resize", inputs, attributes, oracle=onnxruntime, opset=13, dynamic=dynamic, constants=(2,))


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("scales", [(2.0, 3.0), (0.5, 0.6)])
@pytest.mark.parametrize("dynamic", [(), (0,), (0, 2)])
def test_scales(mode: str, scales: tuple[float, float], dynamic: Any) -> None:
    inputs = [IMAGE, *_scales(1, 1, *scales)]
    constants = () if 2 in dynamic else (2,)
    options = {"opset": 13, "dynamic": dynamic, "constants": constants}
    check("Resize", inputs, {"mode": mode}, oracle=onnxruntime, rtol=1e-4, atol=1e-5, **options)


@pytest.mark.parametrize(
    ("mode", "shape"), [("linear", (2, 3, 8)), ("linear", (1, 2, 4, 5, 6)), ("nearest", (1, 2, 4, 5, 6))]
)
def test_other_numbers_of_axes(mode: str, shape: tuple[int, ...]) -> None:
    inputs = [numbers(*shape), *_scales(1, 1, *[1.5] * (len(shape) - 2))]
    check("Resize", inputs, {"mode": mode}, oracle=onnxruntime, rtol=1e-4, atol=1e-5, opset=13, constants=(2,))


@pytest.mark.parametrize("axes", [(2, 3), (3, 2)])
@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_axes_and_aspect_ratio(axes: tuple[int, int], policy: str, mode: str) -> None:
    attributes = {"axes": axes, "keep_aspect_ratio_policy": policy, "mode": mode}
    check(
        "Resize",
        [IMAGE, *_sizes(9, 11)],
        attributes,
        oracle=onnxruntime,
        rtol=1e-4,
        atol=1e-5,
        opset=18,
        constants=(3,),
    )


@pytest.mark.parametrize("policy", ["stretch", "not_larger"])
def test_axes_counted_from_the_end(policy: str) -> None:
    inputs, options = [IMAGE, *_sizes(9, 11)], {"opset": 18, "constants": (3,)}
    results = [
        run("Resize", inputs, {"axes": a, "keep_aspect_ratio_policy": policy}, **options) for a in ((3, 2), (-1, -2))
    ]
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("exclude_outside", [0, 1])
@pytest.mark.parametrize("form", ["constant", "input"])
def test_antialias(mode: str, exclude_outside: int, form: str) -> None:
    attributes = {"mode": mode, "antialias": 1, "exclude_outside": exclude_outside}
    options = {"constants": (2,)} if form == "constant" else {"dynamic": (0,)}
    image = numbers(1, 2, 13, 9)
    check("Resize", [image, *_scales(1, 1, 0.5, 0.7)], attributes, rtol=1e-4, atol=1e-5, opset=18, **options)


def test_cubic_with_another_coefficient_and_nothing_from_outside() -> None:
    attributes = {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1}
    inputs = [IMAGE, *_sizes(1, 2, 9, 8)]
    check("Resize", inputs, attributes, oracle=onnxruntime, rtol=1e-4, atol=1e-5, opset=13, constants=(3,))


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_crop_and_resize(mode: str) -> None:
    roi = np.array([0, 0, 0.2, -0.3, 1, 1, 0.9, 1.2], np.float32)
    attributes = {"mode": mode, "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 7.0}
    inputs = [IMAGE, roi, None, np.array([1, 2, 4, 8], np.int64)]
    check("Resize", inputs, attributes, oracle=onnxruntime, rtol=1e-4, atol=1e-5, opset=13, constants=(1, 3))


def test_symmetric_half_pixels() -> None:
    attributes = {"mode": "linear", "coordinate_transformation_mode": "half_pixel_symmetric"}
    check("Resize", [IMAGE, *_scales(1, 1, 0.7, 1.7)], attributes, rtol=1e-4, atol=1e-5, opset=19)


def test_whole_numbers_are_cut_off() -> None:
    image = np.random.default_rng(0).integers(0, 200, (1, 1, 4, 4)).astype(np.int32)
    check("Resize", [image, *_sizes(1, 1, 7, 6)], {"mode": "linear"}, oracle=onnxruntime, opset=13, constants=(3,))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("scales", [(1, 1, 2, 3), (1, 1, 1.5, 2.5)])
@pytest.mark.parametrize("op", ["Upsample", "Resize"])
def test_before_opset_11(mode: str, scales: Any, op: str) -> None:
    inputs = [IMAGE, np.array(scales, np.float32)]
    opset = 9 if op == "Upsample" else 10
    check(
        op, inputs, {"mode": mode}, oracle=onnxruntime, rtol=1e-4, atol=1e-5, opset=opset, constants=(1,), dynamic=(0,)
    )


def test_shrinking_before_opset_11() -> None:
    inputs = [IMAGE, np.array([1, 1, 0.5, 0.6], np.float32)]
    check("Resize", inputs, {"mode": "nearest"}, oracle=onnxruntime, opset=10, constants=(1,))


def test_upsample_with_an_attribute() -> None:
    attributes = {"mode": "linear", "scales": [1.0, 1.0, 2.0, 2.0]}
    check("Upsample", [IMAGE], attributes, oracle=onnxruntime, rtol=1e-4, atol=1e-5, opset=7)


def test_an_empty_roi_and_empty_scales_are_none() -> None:
    empty = np.zeros(0, np.float32)
    inputs = [IMAGE, empty, empty, np.array([1, 2, 12, 10], np.int64)]
    check("Resize", inputs, {"mode": "linear"}, oracle=onnxruntime, rtol=1e-4, atol=1e-5, opset=11, constants=(1, 2, 3))


def test_the_model_can_still_be_fed_other_sizes() -> None:
    source = node_model(
        "Resize", [IMAGE, *_scales(1, 1, 2, 2)], {"mode": "linear"}, opset=13, dynamic=(0,), constants=(2,)
    )
    check_model(source, {"x0": IMAGE}, {"x0": numbers(3, 2, 4, 9)}, rtol=1e-4, atol=1e-5)


def test_neither_scales_nor_sizes() -> None:
    with pytest.raises(ModelError, match="neither scales nor sizes"):
        run("Resize", [IMAGE], opset=13)
