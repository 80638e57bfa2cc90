"""Convolutions and poolings: what they infer, against the table and against the runtime."""

from __future__ import annotations

from typing import Any

import pytest

from mo_core import ops
from mo_core.errors import UsageError
from mo_core.ir import Node
from mo_core.ops import convolution, pooling
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


def conv(cls: Any, *operands: Any, **attributes: Any) -> Node:
    """3 x 3 windows, stride 2, padding 1 unless said otherwise."""
    attributes = {"strides": (2, 2), "pads_begin": (1, 1), "pads_end": (1, 1), "dilations": (1, 1)} | attributes
    return cls(*[p(x) if isinstance(x, str) else x for x in operands], **attributes)  # type: ignore[no-any-return]


def pool(cls: Any, data: str, **attributes: Any) -> Node:
    """3 x 2 windows, stride 2, uneven padding unless said otherwise."""
    attributes = {"strides": (2, 2), "pads_begin": (0, 1), "pads_end": (1, 1), "kernel": (3, 2)} | attributes
    if issubclass(cls, ops.AvgPool):
        attributes = {"exclude_pad": True} | attributes
    return cls(p(data), **attributes)  # type: ignore[no-any-return]


BINARY = {"mode": "xnor-popcount", "pad_value": -1.0}

TYPES: list[tuple[Build, list[str]]] = [
    (lambda: conv(ops.Convolution, "f32[1,3,10,?]", "f32[8,3,3,3]"), ["f32[1,8,5,1..]"]),
    (lambda: conv(ops.Convolution, "f32[?,3,10,4..9]", "f32[8,3,3,3]"), ["f32[?,8,5,2..5]"]),
    (lambda: conv(ops.Convolution, "f32[?,?,10,4..9]", "f32[8,3,3,?]"), ["f32[?,8,5,1..6]"]),
    (lambda: conv(ops.Convolution, "f32[...]", "f32[8,3,3,3]"), ["f32[?,8,1..,1..]"]),
    (lambda: conv(ops.Convolution, "f32[...]", "f32[...]"), ["f32[?,?,1..,1..]"]),
    (lambda: conv(ops.Convolution, "f32[1,3,10,9]", "f32[8,3,3,3]", auto_pad="same_upper"), ["f32[1,8,5,5]"]),
    (lambda: conv(ops.Convolution, "f32[1,3,10,4..9]", "f32[8,3,3,3]", auto_pad="same_lower"), ["f32[1,8,5,2..5]"]),
    (lambda: conv(ops.Convolution, "f32[1,3,10,4..9]", "f32[8,3,3,3]", auto_pad="valid"), ["f32[1,8,4,1..4]"]),
    (lambda: conv(ops.Convolution, "f16[1,3,10,9]", "f16[8,3,3,3]", dilations=(2, 3)), ["f16[1,8,4,3]"]),
    (
        lambda: conv(
            ops.Convolution, "f32[1,3,9]", "f32[8,3,4]", strides=[3], pads_begin=[2], pads_end=[0], dilations=[2]
        ),
        ["f32[1,8,2]"],
    ),
    (
        lambda: conv(
            ops.Convolution,
            "f32[1,3,9,9,9]",
            "f32[8,3,3,3,3]",
            strides=[1, 2, 3],
            pads_begin=[0, 1, 2],
            pads_end=[0, 1, 2],
            dilations=[1, 1, 1],
        ),
        ["f32[1,8,7,5,4]"],
    ),
    (lambda: conv(ops.GroupConvolution, "f32[1,6,10,4..9]", "f32[2,4,3,3,3]"), ["f32[1,8,5,2..5]"]),
    (lambda: conv(ops.GroupConvolution, "f32[1,6,10,4..9]", "f32[?,4,3,3,3]"), ["f32[1,8,5,2..5]"]),
    (lambda: conv(ops.GroupConvolution, "f32[1,6,10,4..9]", "f32[?,4,?,3,3]"), ["f32[1,?,5,2..5]"]),
    (lambda: conv(ops.ConvolutionBackpropData, "f32[?,8,10,4..9]", "f32[8,3,3,3]"), ["f32[?,3,19,7..17]"]),
    (
        lambda: conv(ops.ConvolutionBackpropData, "f32[?,8,10,4..9]", "f32[8,3,3,3]", output_padding=(1, 0)),
        ["f32[?,3,20,7..17]"],
    ),
    (
        lambda: conv(ops.ConvolutionBackpropData, "f32[1,8,10,9]", "f32[8,3,3,3]", [18, 19], auto_pad="same_upper"),
        ["f32[1,3,18,19]"],
    ),
    (
        lambda: conv(ops.ConvolutionBackpropData, "f32[1,8,10,4..9]", "f32[8,3,3,3]", auto_pad="valid"),
        ["f32[1,3,21,9..19]"],
    ),
    (lambda: conv(ops.ConvolutionBackpropData, "f32[?,8,10,9]", "f32[8,3,3,3]", p("i64[2]")), ["f32[?,3,?,?]"]),
    (
        lambda: conv(ops.GroupConvolutionBackpropData, "f32[?,8,10,4..9]", "f32[2,4,5,3,3]"),
        ["f32[?,10,19,7..17]"],
    ),
    (lambda: conv(ops.BinaryConvolution, "f32[?,8,10,4..9]", "u1[2,8,3,3]", **BINARY), ["f32[?,2,5,2..5]"]),
    (
        lambda: conv(ops.DeformableConvolution, "f32[?,8,10,4..9]", "f32[2,18,5,?]", "f32[4,8,3,3]", "f32[2,9,5,?]"),
        ["f32[2,4,5,2..5]"],
    ),
    (
        lambda: conv(
            ops.DeformableConvolution,
            "f32[1,8,10,9]",
            "f32[1,36,5,5]",
            "f32[4,4,3,3]",
            group=2,
            deformable_group=2,
            bilinear_interpolation_pad=True,
        ),
        ["f32[1,4,5,5]"],
    ),
    (lambda: pool(ops.AvgPool, "f32[1,?,10,4..9]"), ["f32[1,?,5,3..5]"]),
    (lambda: pool(ops.AvgPool, "f32[1,?,8,?]"), ["f32[1,?,4,1..]"]),
    (lambda: pool(ops.AvgPool, "f32[1,?,10,4..9]", rounding_type="ceil"), ["f32[1,?,5,3..6]"]),
    (lambda: pool(ops.AvgPool, "f32[1,?,10,4..9]", auto_pad="valid"), ["f32[1,?,4,2..4]"]),
    (lambda: pool(ops.AvgPool, "f32[1,?,8,?]", auto_pad="same_upper"), ["f32[1,?,4,?]"]),
    (lambda: pool(ops.AvgPool14, "f32[1,?,10,9]", rounding_type="ceil"), ["f32[1,?,5,6]"]),
    (lambda: pool(ops.AvgPool14, "f32[1,?,10,9]", rounding_type="ceil_torch"), ["f32[1,?,5,5]"]),
    (lambda: pool(ops.AvgPool14, "f32[1,?,10,4..9]", rounding_type="ceil_torch"), ["f32[1,?,5,3..5]"]),
    (lambda: pool(ops.AvgPool16, "f32[1,?,10,4..9]", dilations=(2, 1)), ["f32[1,?,4,3..5]"]),
    (lambda: pool(ops.MaxPool, "f32[1,?,10,4..9]"), ["f32[1,?,5,3..5]", "i64[1,?,5,3..5]"]),
    (
        lambda: pool(ops.MaxPool, "f32[1,?,10,9]", dilations=(2, 1), index_element_type="i32", axis=2),
        ["f32[1,?,4,5]", "i32[1,?,4,5]"],
    ),
    (lambda: pool(ops.MaxPool, "f32[...]"), ["f32[?,?,?,?]", "i64[?,?,?,?]"]),
    (lambda: pool(ops.MaxPool14, "f32[1,?,10,9]", rounding_type="ceil_torch"), ["f32[1,?,5,5]", "i64[1,?,5,5]"]),
    (lambda: ops.AdaptiveAvgPool(p("f32[1,?,8,?]"), [3, 4]), ["f32[1,?,3,4]"]),
    (lambda: ops.AdaptiveAvgPool(p("f32[1,?,8,?]"), p("i64[2]")), ["f32[1,?,?,?]"]),
    (lambda: ops.AdaptiveAvgPool(p("f32[1,?,8,?]"), p("i64[?]")), ["f32[1,?,?,?]"]),
    (lambda: ops.AdaptiveAvgPool(p("f32[...]"), p("i64[?]")), ["f32[...]"]),
    (lambda: ops.AdaptiveMaxPool(p("f32[2,3,4]"), [2], index_element_type="i32"), ["f32[2,3,2]", "i32[2,3,2]"]),
]

KNOW_MORE: list[tuple[Build, list[str], list[str]]] = [
    (
        lambda: conv(ops.ConvolutionBackpropData, "f32[...]", "f32[8,3,3,3]", p("i64[?]")),
        ["f32[?,3,?,?]"],
        ["f32[?,3]"],  # of a wrong rank
    ),
    (lambda: pool(ops.AvgPool, "f32[1,?,10,4..9]", auto_pad="same_upper"), ["f32[1,?,5,2..5]"], ["f32[1,?,5,?]"]),
    (lambda: ops.AdaptiveAvgPool(p("f32[...]"), [3, 4]), ["f32[?,?,3,4]"], ["f32[...]"]),
]

ERRORS: list[tuple[Build, str]] = [
    (lambda: conv(ops.Convolution, "f32[1,4,10,9]", "f32[8,3,3,3]"), "input channels 4 and 3"),
    (lambda: conv(ops.Convolution, "f32[1,3,10,9]", "f32[8,3,3]"), "do not fit together"),
    (lambda: conv(ops.Convolution, "f32[1,3]", "f32[8,3]"), "one to three spatial axes"),
    (lambda: conv(ops.Convolution, "f32[1,3,10,9]", "f32[8,3,3,3]", strides=(1,)), "2 spatial axes, and strides"),
    (lambda: conv(ops.Convolution, "f32[1,3,10,2]", "f32[8,3,3,5]"), "window of 5 does not fit into 2 with padding 2"),
    (lambda: conv(ops.Convolution, "f32[1,3,10,9]", "f32[8,3,3,3]", strides=(0, 1)), "stride 0"),
    (lambda: conv(ops.Convolution, "f32[1,3,10,9]", "f16[8,3,3,3]"), "element types differ: f32, f16"),
    (lambda: conv(ops.GroupConvolution, "f32[1,7,10,9]", "f32[2,4,3,3,3]"), "input channels 7 and 6"),
    (lambda: conv(ops.ConvolutionBackpropData, "f32[1,3,10,9]", "f32[8,3,3,3]"), "input channels 3 and 8"),
    (lambda: conv(ops.ConvolutionBackpropData, "f32[1,8,10,9]", "f32[8,3,3,3]", [20]), "output_shape has 1 numbers"),
    (lambda: conv(ops.ConvolutionBackpropData, "f32[1,8,1,9]", "f32[8,3,1,3]"), "a dimension becomes -1"),
    (
        lambda: conv(ops.DeformableConvolution, "f32[1,8,10,9]", "f32[1,17,5,5]", "f32[4,8,3,3]"),
        "numbers of offsets 17 and 18",
    ),
    (lambda: pool(ops.AvgPool, "f32[1,3,1,9]", pads_end=(0, 0)), "window of 3 does not fit into 1"),
    (lambda: pool(ops.MaxPool, "f32[1,3]"), "rank 3 or 4 or 5"),
    (lambda: pool(ops.MaxPool, "f32[1,3,9,9]", kernel=(3,)), "2 spatial axes, and kernel is"),
    (lambda: ops.AdaptiveAvgPool(p("f32[1,3,9,9]"), [3]), "output_shape has 1 numbers"),
    (lambda: ops.AdaptiveAvgPool(p("f32[1,3,9,9]"), [3, -1]), "negative sizes"),
]


test_types = types_test(TYPES)
test_types_where_the_runtime_knows_less = differences_test(KNOW_MORE)
test_errors = errors_test(ERRORS)
test_every_operation_is_in_the_table = completeness_test(TYPES, convolution, pooling)


@pytest.mark.parametrize("name", ["auto_pad", "rounding_type"])
def test_the_runtime_takes_every_choice(name: str) -> None:
    for build in (
        lambda: pool(ops.MaxPool14, "f32[1,3,10,9]"),
        lambda: pool(ops.AvgPool16, "f32[1,3,10,9]", dilations=(1, 1)),
        lambda: conv(ops.Convolution, "f32[1,3,10,9]", "f32[8,3,3,3]"),
        lambda: conv(ops.ConvolutionBackpropData, "f32[1,8,10,9]", "f32[8,3,3,3]", [20, 18]),
    ):
        if name in build().schema.attributes:
            check_choices(build, name)


def test_ceil_torch_is_known_to_the_new_versions_only() -> None:
    with pytest.raises(UsageError, match="ceil_torch"):
        pool(ops.MaxPool, "f32[1,3,10,9]", rounding_type="ceil_torch")


def test_a_dimension_that_windows_leave_alone_keeps_its_identity() -> None:
    x = p("f32[?,3,?,9]")
    y = conv(ops.Convolution, x, "f32[8,3,3,3]", strides=(1, 1))
    z = ops.MaxPool(y, strides=(1, 1), pads_begin=(1, 0), pads_end=(1, 0), kernel=(3, 1))
    assert z.dims[0] is x.dims[0] and z.dims[2] is x.dims[2]


def test_equal_windows_give_equal_dimensions() -> None:
    x = p("f32[?,3,?,9]")
    a, b = (conv(ops.Convolution, x, "f32[8,3,3,3]") for _ in "ab")
    assert a.dims[2] is b.dims[2] is not x.dims[2]


def test_unknown_dimensions_stay_the_same_when_inferred_again() -> None:
    node = conv(ops.Convolution, "f32[...]", "f32[...]")
    before = node.shape
    assert not node.refresh() and node.shape == before
