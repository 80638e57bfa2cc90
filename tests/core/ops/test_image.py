"""Resampling, rearranging, Fourier transforms: what they infer, against the table and against the runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mo_core import ops
from mo_core.ir import Node, Value
from mo_core.ops import image, signal
from tests.core.ops.runtime import (
    Build,
    check_choices,
    completeness_test,
    differences_test,
    errors_test,
    param,
    types_test,
)

p = param


def resize(data: str, target: Any, axes: Any = (2, 3), by: str = "sizes", **attributes: Any) -> Node:
    if not isinstance(target, Value):
        target = np.asarray(target, np.int64 if by == "sizes" else np.float32)
    axes = list(axes) if isinstance(axes, tuple) else axes
    return ops.Interpolate(p(data), target, axes, **{"mode": "nearest", "shape_calculation_mode": by} | attributes)


def stft(signal: str, size: Any = 16, step: Any = 4, transpose_frames: bool = True) -> Node:
    return ops.STFT(p(signal), p("f32[16]"), size, step, transpose_frames=transpose_frames)


def istft(data: str, size: Any = 16, length: Any = None, center: bool = False) -> Node:
    return ops.ISTFT(p(data), p("f32[16]"), size, 4, length, center=center, normalized=False)


PATCHES = {"sizes": (3, 3), "strides": (5, 5), "rates": (2, 1)}

TYPES: list[tuple[Build, list[str]]] = [
    (lambda: resize("f32[1,?,10,4..9]", [20, 30]), ["f32[1,?,20,30]"]),
    (lambda: resize("f32[1,?,10,4..9]", p("i64[2]"), mode="linear_onnx"), ["f32[1,?,?,?]"]),
    (lambda: resize("f32[1,?,10,4..9]", [1.5, 0.3], by="scales", mode="linear"), ["f32[1,?,15,1..2]"]),
    (lambda: resize("f32[1,?,10,4..9]", p("f32[2]"), by="scales", mode="cubic"), ["f32[1,?,?,?]"]),
    (lambda: resize("f32[1,?,10,4..9]", p("f32[2]"), p("i64[2]"), by="scales"), ["f32[?,?,?,?]"]),
    (
        lambda: resize("f32[1,?,10,4..9]", [1.5, 1.1], by="scales", pads_begin=(1, 1), pads_end=(0, 1, 2, 3)),
        ["f32[2,2..,18,7..13]"],
    ),
    (lambda: resize("f32[1,2,3,4]", [1, 2, 6, 6], None, antialias=True), ["f32[1,2,6,6]"]),
    (lambda: resize("f32[1,2,3,4]", [6, 6], mode="bicubic_pillow"), ["f32[1,2,6,6]"]),
    (lambda: resize("f32[...]", p("f32[2]"), p("i64[2]"), by="scales"), ["f32[...]"]),
    (lambda: ops.GridSample(p("f32[?,3,?,?]"), p("f32[2,8,?,2]"), align_corners=True), ["f32[2,3,8,?]"]),
    (lambda: ops.GridSample(p("f32[...]"), p("f32[...]")), ["f32[?,?,?,?]"]),
    (lambda: ops.Col2Im(p("f32[2,12,25]"), [6, 6], [2, 2]), ["f32[2,3,6,6]"]),
    (lambda: ops.Col2Im(p("f32[12,25]"), [6, 6], [2, 2]), ["f32[3,6,6]"]),
    (lambda: ops.Col2Im(p("f32[?,12,?]"), p("i64[2]"), p("i64[2]"), pads_begin=(1, 1)), ["f32[?,?,?,?]"]),
    (
        lambda: ops.Col2Im(
            p("f32[?,12,25]"), [8, 8], [2, 2], strides=(2, 2), dilations=(2, 2), pads_begin=(1, 1), pads_end=(2, 2)
        ),
        ["f32[?,3,8,8]"],
    ),
    (lambda: ops.ReorgYolo(p("f32[?,64,26,?]"), stride=(2,)), ["f32[?,256,13,?]"]),
    (lambda: ops.ReorgYolo(p("f32[1,64,26,26]"), stride=(2, 2)), ["f32[1,256,13,13]"]),
    (lambda: ops.ExtractImagePatches(p("f32[2,3,10,9]"), **PATCHES), ["f32[2,27,2,2]"]),
    (
        lambda: ops.ExtractImagePatches(p("f32[2,3,10,?]"), auto_pad="same_upper", **PATCHES),
        ["f32[2,27,2,?]"],
    ),
    *[
        (build, expected)
        for cls in (ops.DFT, ops.IDFT)
        for build, expected in (
            (lambda cls=cls: cls(p("f32[?,12,4..6,2]"), [1, 2]), ["f32[?,12,4..6,2]"]),
            (lambda cls=cls: cls(p("f32[?,12,?,2]"), [-1]), ["f32[?,12,?,2]"]),
            (lambda cls=cls: cls(p("f32[?,12,4..6,2]"), [1, 2], [-1, 8]), ["f32[?,12,8,2]"]),
            (lambda cls=cls: cls(p("f32[?,12,4..6,2]"), [1, 2], p("i64[2]")), ["f32[?,?,?,2]"]),
            (lambda cls=cls: cls(p("f32[?,12,4..6,2]"), p("i64[2]"), p("i64[2]")), ["f32[?,?,?,2]"]),
            (lambda cls=cls: cls(p("f32[...]"), p("i64[2]"), p("i64[2]")), ["f32[...]"]),
        )
    ],
    (lambda: ops.RDFT(p("f32[?,12,4..6]"), [1, 2]), ["f32[?,12,3..4,2]"]),
    (lambda: ops.RDFT(p("f32[?,12,4..6]"), [2, 1]), ["f32[?,7,4..6,2]"]),
    (lambda: ops.RDFT(p("f32[?,12,4..6]"), [1, 2], [-1, 8]), ["f32[?,12,5,2]"]),
    (lambda: ops.RDFT(p("f32[?,12,4..6]"), p("i64[2]"), p("i64[2]")), ["f32[?,?,?,2]"]),
    (lambda: ops.IRDFT(p("f32[?,12,4..6,2]"), [1, 2]), ["f32[?,12,6..10]"]),
    (lambda: ops.IRDFT(p("f32[?,12,?,2]"), [2]), ["f32[?,12,?]"]),
    (lambda: ops.IRDFT(p("f32[?,12,4..6,2]"), [1, 2], [-1, 8]), ["f32[?,12,8]"]),
    (lambda: ops.IRDFT(p("f32[?,12,4..6,2]"), [1, 2], [8, -1]), ["f32[?,8,6..10]"]),
    (lambda: stft("f32[2,48]"), ["f32[2,9,9,2]"]),
    (lambda: stft("f32[50]", transpose_frames=False), ["f32[9,9,2]"]),
    (lambda: stft("f32[?,40..60]"), ["f32[?,9,7..12,2]"]),
    (lambda: stft("f32[?,40..60]", transpose_frames=False), ["f32[?,7..12,9,2]"]),
    (lambda: stft("f32[?,?]"), ["f32[?,9,1..,2]"]),
    (lambda: istft("f32[3,9,5,2]"), ["f32[3,32]"]),
    (lambda: istft("f32[3,9,5,2]", center=True), ["f32[3,16]"]),
    (lambda: istft("f32[9,?,2]"), ["f32[16..]"]),
    (lambda: istft("f32[9,4..6,2]", length=20), ["f32[20]"]),
    (lambda: istft("f32[9,4..6,2]", p("i64[]"), p("i64[]")), ["f32[?]"]),
]

KNOW_MORE: list[tuple[Build, list[str], list[str]]] = [
    # the transform cuts or pads axis 1 to what signal_size will say, and the runtime keeps 12
    (lambda: ops.IRDFT(p("f32[?,12,4..6,2]"), [1, 2], p("i64[2]")), ["f32[?,?,?]"], ["f32[?,12,?]"]),
    (lambda: ops.RDFT(p("f32[?,12,4..6]"), [1, 2], p("i64[2]")), ["f32[?,?,1..,2]"], ["f32[?,12,?,2]"]),
    (lambda: ops.RDFT(p("f32[?,12,?]"), [1, 2]), ["f32[?,12,1..,2]"], ["f32[?,12,?,2]"]),
    (lambda: stft("f32[?,?]", p("i64[]"), p("i64[]")), ["f32[?,1..,1..,2]"], ["f32[?,?,?,2]"]),
    (lambda: ops.ExtractImagePatches(p("f32[2,3,10,?]"), **PATCHES), ["f32[2,27,2,1..]"], ["f32[2,27,2,?]"]),
]

ERRORS: list[tuple[Build, str]] = [
    (lambda: resize("f32[1,3,9,9]", [20]), "2 spatial axes, and sizes_or_scales is"),
    (lambda: resize("f32[1,3,9,9]", [1.5, -1.0], by="scales"), "by a factor of -1"),
    (lambda: resize("f32[1,3,9,9]", [1.5, float("inf")], by="scales"), "by a factor of inf"),
    (lambda: resize("f32[1,3,9,9]", [9, 9], pads_begin=(0, 0, -1)), "padding of Interpolate is negative"),
    (lambda: resize("f32[1,3,9,9]", [1.5, 2.0], (-2, -1), by="scales"), "counted from the front"),
    (lambda: ops.GridSample(p("f32[1,3,9,9]"), p("f32[1,8,8,3]")), "numbers of coordinates 3 and 2"),
    (lambda: ops.GridSample(p("f32[1,3,9,9]"), p("f32[2,8,8,2]")), "batch sizes 1 and 2"),
    (lambda: ops.Col2Im(p("f32[2,10,25]"), [6, 6], [2, 2]), "10 rows of data cannot be divided"),
    (lambda: ops.ReorgYolo(p("f32[1,64,26,26]"), stride=(0,)), "the stride of ReorgYolo"),
    (lambda: ops.ExtractImagePatches(p("f32[2,3,4,4]"), **PATCHES), "window of 5 does not fit into 4"),
    (lambda: ops.DFT(p("f32[2,12,3]"), [1]), "real, imaginary"),
    (lambda: ops.DFT(p("f32[2,12,2]"), [2]), "axis 2 is outside of rank 2"),
    (lambda: ops.DFT(p("f32[2,12,2]"), [0, 0]), "an axis is given twice"),
    (lambda: ops.DFT(p("f32[2,12,2]"), [0, 1], [4, -2]), "would be negative"),
    (lambda: ops.DFT(p("f32[2,12,2]"), [0, 1], [4]), "signal_size has 1 numbers"),
    (lambda: stft("f32[2,8]"), "frames of 16 every 4 do not fit"),
    (lambda: stft("f32[2,8]", 4, 0), "frames of 4 every 0"),
    (lambda: istft("f32[9,4,3]"), "real, imaginary"),
]


test_types = types_test(TYPES)
test_types_where_the_runtime_differs = differences_test(KNOW_MORE)
test_errors = errors_test(ERRORS)
test_every_operation_is_in_the_table = completeness_test(TYPES, image, signal)


@pytest.mark.parametrize("name", ["mode", "coordinate_transformation_mode", "nearest_mode"])
def test_the_runtime_takes_every_choice_of_interpolation(name: str) -> None:
    check_choices(lambda: resize("f32[1,2,3,4]", [6, 6]), name)


@pytest.mark.parametrize("name", ["mode", "padding_mode"])
def test_the_runtime_takes_every_choice_of_grid_sample(name: str) -> None:
    check_choices(lambda: ops.GridSample(p("f32[1,3,9,9]"), p("f32[1,8,8,2]")), name)


def test_an_axis_that_is_not_resized_keeps_its_identity() -> None:
    x = p("f32[?,?,?,?]")
    y = ops.Interpolate(x, [1.0, 2.0], [2, 3], mode="nearest", shape_calculation_mode="scales")
    assert y.dims[:3] == x.dims[:3] and y.dims[3] is not x.dims[3]


def test_equal_scales_give_equal_sizes() -> None:
    x = p("f32[1,2,?,9]")
    a, b = (ops.Interpolate(x, [2.0], [2], mode="nearest", shape_calculation_mode="scales").dims[2] for _ in "ab")
    assert a is b
