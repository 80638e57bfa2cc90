"""Convolutions: data is N, C, <spatial> with one to three spatial axes; results likewise."""

from __future__ import annotations

from typing import TypeAlias

from mo_core.errors import ShapeError
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ir.known import as_dim
from mo_core.ir.schema import (
    Ints,
    Operand,
    OptionalOperand,
    boolean,
    integer,
    ints,
    one_of,
    operand,
    optional,
    real,
    required_one_of,
)
from mo_core.ir.types import Dim, Dynamic, Type, format_shape
from mo_core.ops._dims import agree, content_dims, dims_or, per_axis, unknowns, windows
from mo_core.ops.axes import fixed

__all__ = [
    "BinaryConvolution",
    "Convolution",
    "ConvolutionBackpropData",
    "DeformableConvolution",
    "GroupConvolution",
    "GroupConvolutionBackpropData",
]


class Convolution(Node, opset="opset1"):
    """Convolution-1: filters are laid out O, I, <spatial>."""

    axis_trait = fixed(1)

    data: Operand = operand()
    filters: Operand = operand()
    strides: Ints = ints()
    pads_begin: Ints = ints()
    pads_end: Ints = ints()
    dilations: Ints = ints()
    auto_pad: str = one_of("explicit", "same_upper", "same_lower", "valid", default="explicit")

    def infer(self) -> Type:
        data, filters = self.data, self.filters
        element = t.promote([data.element, filters.element])
        count = _spatial_count(self, data, filters, 2)
        x, w = dims_or(self, data, "data", count + 2), dims_or(self, filters, "filters", count + 2)
        agree("numbers of input channels", x[1], w[1])
        return Type(element, (x[0], w[0], *_windows(self, x[2:], w[2:])))


class GroupConvolution(Node, opset="opset1"):
    """GroupConvolution-1: filters are laid out G, O/G, I/G, <spatial>."""

    axis_trait = fixed(1)

    data: Operand = operand()
    filters: Operand = operand()
    strides: Ints = ints()
    pads_begin: Ints = ints()
    pads_end: Ints = ints()
    dilations: Ints = ints()
    auto_pad: str = one_of("explicit", "same_upper", "same_lower", "valid", default="explicit")

    def infer(self) -> Type:
        data, filters = self.data, self.filters
        element = t.promote([data.element, filters.element])
        count = _spatial_count(self, data, filters, 3)
        x, w = dims_or(self, data, "data", count + 2), dims_or(self, filters, "filters", count + 3)
        groups = _groups(x[1], w[0], w[2])
        return Type(element, (x[0], groups * w[1], *_windows(self, x[2:], w[3:])))


class ConvolutionBackpropData(Node, opset="opset1"):
    """ConvolutionBackpropData-1 (transposed convolution): filters are laid out I, O, <spatial>.

    `output_shape` holds the spatial sizes of the result; the paddings then follow from it.
    """

    axis_trait = fixed(1)

    data: Operand = operand()
    filters: Operand = operand()
    output_shape: OptionalOperand = optional(default=None)
    strides: Ints = ints(kw_only=True)
    pads_begin: Ints = ints(kw_only=True)
    pads_end: Ints = ints(kw_only=True)
    dilations: Ints = ints(kw_only=True)
    auto_pad: str = one_of("explicit", "same_upper", "same_lower", "valid", default="explicit", kw_only=True)
    output_padding: Ints = ints(default=(), kw_only=True)

    def infer(self) -> Type:
        data, filters = self.data, self.filters
        element = t.promote([data.element, filters.element])
        count = _spatial_count(self, data, filters, 2)
        x, w = dims_or(self, data, "data", count + 2), dims_or(self, filters, "filters", count + 2)
        agree("numbers of input channels", x[1], w[0])
        return Type(element, (x[0], w[1], *_spread(self, x[2:], w[2:])))


class GroupConvolutionBackpropData(ConvolutionBackpropData, opset="opset1"):
    """GroupConvolutionBackpropData-1: filters are laid out G, I/G, O/G, <spatial>."""

    def infer(self) -> Type:
        data, filters = self.data, self.filters
        element = t.promote([data.element, filters.element])
        count = _spatial_count(self, data, filters, 3)
        x, w = dims_or(self, data, "data", count + 2), dims_or(self, filters, "filters", count + 3)
        groups = _groups(x[1], w[0], w[1])
        return Type(element, (x[0], groups * w[2], *_spread(self, x[2:], w[3:])))


class BinaryConvolution(Node, opset="opset1"):
    """BinaryConvolution-1: data and filters (u1; O, I, Y, X) stand for -1 and +1."""

    axis_trait = fixed(1)

    data: Operand = operand()
    filters: Operand = operand()
    strides: Ints = ints()
    pads_begin: Ints = ints()
    pads_end: Ints = ints()
    dilations: Ints = ints()
    mode: str = required_one_of("xnor-popcount")
    pad_value: float = real()
    auto_pad: str = one_of("explicit", "same_upper", "same_lower", "valid", default="explicit")

    def infer(self) -> Type:
        x, w = dims_or(self, self.data, "data", 4), dims_or(self, self.filters, "filters", 4)
        agree("numbers of input channels", x[1], w[1])
        return Type(self.data.element, (x[0], w[0], *_windows(self, x[2:], w[2:])))


class DeformableConvolution(Node, opset="opset8"):
    """DeformableConvolution-8: every tap moves by `offsets` (N, deformable_group * Y * X * 2, H', W').

    `mask` (N, deformable_group * Y * X, H', W') weighs the taps.
    """

    data: Operand = operand()
    offsets: Operand = operand()
    filters: Operand = operand()
    mask: OptionalOperand = optional(default=None)
    strides: Ints = ints(kw_only=True)
    pads_begin: Ints = ints(kw_only=True)
    pads_end: Ints = ints(kw_only=True)
    dilations: Ints = ints(kw_only=True)
    auto_pad: str = one_of("explicit", "same_upper", "same_lower", "valid", default="explicit", kw_only=True)
    group: int = integer(default=1, kw_only=True)
    deformable_group: int = integer(default=1, kw_only=True)
    bilinear_interpolation_pad: bool = boolean(default=False, kw_only=True)

    def infer(self) -> Type:
        data, filters = self.data, self.filters
        x, w = dims_or(self, data, "data", 4), dims_or(self, filters, "filters", 4)
        moved = dims_or(self, self.offsets, "offsets", 4)
        agree("numbers of input channels", x[1], w[1] * self.group)
        agree("numbers of offsets", moved[1], w[2] * w[3] * (2 * self.deformable_group))
        places = _windows(self, x[2:], w[2:])
        if self.mask is not None:
            mask = dims_or(self, self.mask, "mask", 4)
            agree("numbers of mask values", mask[1], w[2] * w[3] * self.deformable_group)
            agree("batch sizes", x[0], mask[0])
            places = tuple(agree("sizes of result and mask", *pair) for pair in zip(places, mask[2:]))
        places = tuple(agree("sizes of result and offsets", *pair) for pair in zip(places, moved[2:]))
        element = t.promote([data.element, filters.element, self.offsets.element])
        return Type(element, (agree("batch sizes", x[0], moved[0]), w[0], *places))


AnyConvolution: TypeAlias = (
    "Convolution | GroupConvolution | ConvolutionBackpropData | BinaryConvolution | DeformableConvolution"
)


def _spatial_count(node: AnyConvolution, data: Value, filters: Value, leading: int) -> int:
    """Number of spatial axes, from data, filters (which have `leading` axes before them) or attributes."""
    if data.shape is not None:
        count = len(data.shape) - 2
    elif filters.shape is not None:
        count = len(filters.shape) - leading
    else:
        count = len(node.strides)
    if count not in (1, 2, 3) or (filters.shape is not None and len(filters.shape) != count + leading):
        raise ShapeError(
            f"data {format_shape(data.shape)} and filters {format_shape(filters.shape)} do not fit together: one to "
            f"three spatial axes follow the 2 leading axes of data and the {leading} of the filters"
        )
    return count


def _groups(channels: Dim, groups: Dim, per_group: Dim) -> Dim:
    """The number of groups, checked against the channels of the data."""
    if isinstance(groups, Dynamic) and isinstance(channels, int) and isinstance(per_group, int) and per_group:
        groups = agree("numbers of groups", groups, channels // per_group)
    agree("numbers of input channels", channels, groups * per_group)
    return groups


def _windows(node: AnyConvolution, sizes: tuple[Dim, ...], kernel: tuple[Dim, ...]) -> tuple[Dim, ...]:
    return windows(
        node,
        sizes,
        kernel,
        strides=node.strides,
        dilations=node.dilations,
        pads_begin=node.pads_begin,
        pads_end=node.pads_end,
        auto_pad=node.auto_pad,
    )


def _spread(node: ConvolutionBackpropData, sizes: tuple[Dim, ...], kernel: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """Spatial sizes of a transposed convolution: given, or those that a convolution turns into `sizes`."""
    count = len(sizes)
    extra = node.output_padding or (0,) * count
    per_axis(node, count, strides=node.strides, dilations=node.dilations, output_padding=extra)
    if node.output_shape is not None:
        given = content_dims(node, node.output_shape, "output_shape")
        if given is None:
            return unknowns(node, "output_shape", count)
        if len(given) != count:
            raise ShapeError(f"output_shape has {len(given)} numbers, and there are {count} spatial axes")
        return given
    padded = node.auto_pad == "explicit"
    if padded:
        per_axis(node, count, pads_begin=node.pads_begin, pads_end=node.pads_end)
    result: list[Dim] = []
    for i, (size, k) in enumerate(zip(sizes, kernel)):
        pads = node.pads_begin[i] + node.pads_end[i] if padded else 0
        fixed = 1 - node.strides[i] + extra[i] - pads
        dim = size * node.strides[i] + (k - 1) * node.dilations[i] + fixed
        result.append(_positive(dim))
    return tuple(result)


def _positive(dim: int | Dynamic) -> Dim:
    if isinstance(dim, int) and dim < 0:
        raise ShapeError(f"the padding takes more than there is: a dimension becomes {dim}")
    return as_dim(dim)
