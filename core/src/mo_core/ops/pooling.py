"""Pooling over the spatial axes of N, C, <spatial> data."""

from __future__ import annotations

from mo_core.errors import ShapeError
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ir.schema import Ints, Operand, boolean, element, integer, ints, one_of, operand
from mo_core.ir.types import ElementType, Shape, Type
from mo_core.ops._dims import content_dims, of_rank, unknowns, windows
from mo_core.ops.axes import fixed
from mo_core.ops.elements import CHOOSES

__all__ = ["AdaptiveAvgPool", "AdaptiveMaxPool", "AvgPool", "AvgPool14", "AvgPool16", "MaxPool", "MaxPool14"]


class AvgPool(Node, opset="opset1"):
    """AvgPool-1: mean over windows; `exclude_pad` leaves padding out of the count."""

    axis_trait = fixed(2)

    data: Operand = operand()
    strides: Ints = ints()
    pads_begin: Ints = ints()
    pads_end: Ints = ints()
    kernel: Ints = ints()
    exclude_pad: bool = boolean(key="exclude-pad")
    rounding_type: str = one_of("floor", "ceil", default="floor")
    auto_pad: str = one_of("explicit", "same_upper", "same_lower", "valid", default="explicit")

    def infer(self) -> Type:
        return Type(self.data.element, _pooled(self, ()))


class AvgPool14(AvgPool, opset="opset14", type="AvgPool"):
    """AvgPool-14: `ceil_torch` drops a last window that would start after data and leading padding."""

    rounding_type: str = one_of("floor", "ceil", "ceil_torch", default="floor")


class AvgPool16(AvgPool14, opset="opset16", type="AvgPool"):
    """AvgPool-16: windows may be dilated."""

    dilations: Ints = ints(default=())

    def infer(self) -> Type:
        return Type(self.data.element, _pooled(self, self.dilations))


class MaxPool(Node, opset="opset8"):
    """MaxPool-8: maxima over windows, and their flat positions from `axis` on."""

    element_trait = CHOOSES
    axis_trait = fixed(2)

    data: Operand = operand()
    strides: Ints = ints()
    dilations: Ints = ints(default=())
    pads_begin: Ints = ints(kw_only=True)
    pads_end: Ints = ints(kw_only=True)
    kernel: Ints = ints(kw_only=True)
    rounding_type: str = one_of("floor", "ceil", default="floor", kw_only=True)
    auto_pad: str = one_of("explicit", "same_upper", "same_lower", "valid", default="explicit", kw_only=True)
    index_element_type: ElementType = element(default=t.i64, kw_only=True)
    axis: int = integer(default=0, kw_only=True)

    def infer(self) -> list[Type]:
        shape = _pooled(self, self.dilations)
        if self.data.shape is not None:
            t.normalize_axis(self.axis, len(self.data.shape))
        return [Type(self.data.element, shape), Type(self.index_element_type, shape)]


class MaxPool14(MaxPool, opset="opset14", type="MaxPool"):
    """MaxPool-14: `ceil_torch` drops a last window that would start after data and leading padding."""

    rounding_type: str = one_of("floor", "ceil", "ceil_torch", default="floor", kw_only=True)


class AdaptiveAvgPool(Node, opset="opset8"):
    """AdaptiveAvgPool-8: mean over as many windows per spatial axis as `output_shape` says."""

    axis_trait = fixed(2)

    data: Operand = operand()
    output_shape: Operand = operand()

    def infer(self) -> Type:
        return Type(self.data.element, _adapted(self, self.data, self.output_shape))


class AdaptiveMaxPool(Node, opset="opset8"):
    """AdaptiveMaxPool-8: maxima over as many windows per spatial axis as `output_shape` says, and their positions."""

    axis_trait = fixed(2)

    data: Operand = operand()
    output_shape: Operand = operand()
    index_element_type: ElementType = element(default=t.i64)

    def infer(self) -> list[Type]:
        shape = _adapted(self, self.data, self.output_shape)
        return [Type(self.data.element, shape), Type(self.index_element_type, shape)]


def _pooled(node: AvgPool | MaxPool, dilations: Ints) -> Shape:
    shape = of_rank(node.data, "data", 3, 4, 5)
    if shape is None:
        return (*unknowns(node, "data", len(node.kernel) + 2),) if node.kernel else None
    places = windows(
        node,
        shape[2:],
        node.kernel,
        strides=node.strides,
        dilations=dilations or (1,) * len(node.kernel),
        pads_begin=node.pads_begin,
        pads_end=node.pads_end,
        auto_pad=node.auto_pad,
        rounding=node.rounding_type,
    )
    return (*shape[:2], *places)


def _adapted(node: Node, data: Value, output_shape: Value) -> Shape:
    shape = of_rank(data, "data", 3, 4, 5)
    sizes = content_dims(node, output_shape, "output_shape")
    if shape is None:
        return None if sizes is None else (*unknowns(node, "data", 2), *sizes)
    if sizes is None:
        sizes = unknowns(node, "output_shape", len(shape) - 2)
    if len(sizes) != len(shape) - 2:
        raise ShapeError(f"output_shape has {len(sizes)} numbers, and there are {len(shape) - 2} spatial axes")
    return (*shape[:2], *sizes)
