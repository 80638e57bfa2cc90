"""Convolutions: paddings, groups and sizes that are not known before the model runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mo_core.errors import ModelError, Unsupported
from tests.adapters.onnx.nodes import check, numbers, run
from tests.adapters.onnx.running import onnxruntime

SIZES = {1: (11,), 2: (11, 9), 3: (6, 7, 5)}


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("group", [1, 2, 4])
@pytest.mark.parametrize("dynamic", [(), (0,)])
def test_conv(axes: int, group: int, dynamic: Any) -> None:
    inputs = [numbers(2, 4, *SIZES[axes]), numbers(8, 4 // group, *[3] * axes), numbers(8)]
    attributes = {
        "group": group,
        "strides": [2] * axes,
        "dilations": [1, 2, 1][:axes],
        "pads": [1, 0, 2, 2, 1, 0][: 2 * axes],
    }
    check(
        "Conv",
        inputs,
        attributes,
        oracle=onnxruntime,
        rtol=1e-4,
        atol=1e-5,
        opset=11,
        dynamic=dynamic,
        constants=(1, 2),
    )


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("constants", [(), (1,)])
def test_conv_with_automatic_padding(auto_pad: str, stride: int, constants: Any) -> None:
    inputs = [numbers(1, 2, 10, 11), numbers(3, 2, 4, 3)]
    attributes = {"auto_pad": auto_pad, "strides": [stride] * 2}
    check(
        "Conv",
        inputs,
        attributes,
        oracle=onnxruntime,
        rtol=1e-4,
        atol=1e-5,
        opset=11,
        dynamic=(0,),
        constants=constants,
    )


def test_conv_over_four_axes_is_beyond_the_runtime() -> None:
    with pytest.raises(Unsupported, match="4 spatial axes"):
        run("Conv", [numbers(1, 1, 3, 3, 3, 3), numbers(1, 1, 2, 2, 2, 2)], opset=11)


def test_pads_of_the_wrong_length_are_an_error_of_the_model() -> None:
    with pytest.raises(ModelError, match="3 numbers"):
        run("Conv", [numbers(1, 1, 4, 4), numbers(1, 1, 2, 2)], {"pads": [0, 0, 1]}, opset=11)


TRANSPOSED = [
    {},
    {"strides": [2, 3], "pads": [1, 0, 0, 1], "output_padding": [1, 2]},
    {"strides": [2, 2], "dilations": [2, 1], "group": 2},
    {"strides": [2, 2], "output_shape": [10, 9]},
    {"strides": [2, 2], "output_shape": [10, 9], "auto_pad": "SAME_UPPER"},
    {"strides": [2, 3], "auto_pad": "SAME_UPPER"},
    {"strides": [3, 2], "auto_pad": "SAME_LOWER", "group": 2},
    {"strides": [2, 2], "auto_pad": "VALID"},
]


@pytest.mark.parametrize("attributes", TRANSPOSED)
@pytest.mark.parametrize("dynamic", [(), (0,)])
def test_conv_transpose(attributes: dict[str, Any], dynamic: Any) -> None:
    inputs = [numbers(2, 4, 5, 4), numbers(4, 3, 3, 4), numbers(3 * attributes.get("group", 1))]
    check(
        "ConvTranspose",
        inputs,
        attributes,
        oracle=onnxruntime,
        rtol=1e-4,
        atol=1e-5,
        opset=11,
        dynamic=dynamic,
        constants=(1, 2),
    )


@pytest.mark.parametrize("axes", [1, 3])
def test_conv_transpose_over_other_axes(axes: int) -> None:
    inputs = [numbers(1, 2, *SIZES[axes]), numbers(2, 3, *[3] * axes)]
    check("ConvTranspose", inputs, {"strides": [2] * axes}, oracle=onnxruntime, rtol=1e-4, atol=1e-5, opset=11)


@pytest.mark.parametrize("masked", [False, True])
def test_deformable_convolution_in_groups(masked: bool) -> None:
    offsets = numbers(1, 2 * 2 * 9, 5, 5, low=-1.5, high=1.5)
    mask = numbers(1, 2 * 9, 5, 5, low=0, high=1) if masked else None
    inputs = [numbers(1, 4, 7, 7), numbers(6, 2, 3, 3), offsets, numbers(6), mask]
    check("DeformConv", inputs, {"group": 2, "offset_group": 2}, rtol=1e-4, atol=1e-5, opset=19, constants=(1, 3))


@pytest.mark.parametrize("constants", [(), (1, 2)])
def test_col2im_over_one_axis_with_padding(constants: Any) -> None:
    inputs = [numbers(2, 3 * 4, 5), np.array([9]), np.array([4])]
    attributes = {"pads": [1, 2], "strides": [2], "dilations": [1]}
    check("Col2Im", inputs, attributes, rtol=1e-4, opset=18, dynamic=(0,), constants=constants)


CONTRADICTED = {
    "Conv": [numbers(1, 3, 5, 5), numbers(2, 3, 3, 3)],
    "ConvTranspose": [numbers(1, 3, 5, 5), numbers(3, 2, 3, 3)],
    "ConvInteger": [np.ones((1, 3, 5, 5), np.uint8), np.ones((2, 3, 3, 3), np.uint8)],
    "DeformConv": [numbers(1, 3, 5, 5), numbers(2, 3, 3, 3), numbers(1, 18, 3, 3)],
}


@pytest.mark.parametrize("op", CONTRADICTED)
@pytest.mark.parametrize("kernel", [[2, 3], [3]])
def test_a_kernel_shape_that_contradicts_the_filters_is_refused(op: str, kernel: list[int]) -> None:
    with pytest.raises(ModelError, match="kernel_shape is .*, and the filters are"):
        run(op, CONTRADICTED[op], {"kernel_shape": kernel}, opset=19)


@pytest.mark.parametrize("op", CONTRADICTED)
def test_a_kernel_shape_that_says_the_same_is_taken(op: str) -> None:
    assert run(op, CONTRADICTED[op], {"kernel_shape": [3, 3]}, opset=19).ndim == 4
