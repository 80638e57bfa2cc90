"""Changing the element type, and the numbers that a smaller one would leave."""

from __future__ import annotations

from typing import Any

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import Node
from mo_core.ir import types as t
from mo_core.ir.schema import Operand, OptionalOperand, boolean, element, integer, one_of, operand, optional
from mo_core.ir.tensor import decode, encode
from mo_core.ir.types import Dynamic, ElementType, Type
from mo_core.ops._values import NDArray, is_partial
from mo_core.ops.axes import ALIKE, FIRST
from mo_core.ops.elements import POINTWISE


def converted(data: NDArray, element: ElementType) -> Any:
    """The elements in another type, as numbers: real to whole truncates, anything but 0 is true."""
    if is_partial(data) and element is not t.string:
        return np.asarray(np.frompyfunc(lambda x: _convert_one(x, element), 1, 1)(data), dtype=object)
    return decode(encode(data, element), element, data.shape)


def _convert_one(x: Any, element: ElementType) -> Any:
    if x is None:
        return None
    if isinstance(x, Dynamic):
        if element is t.boolean:
            return True if x.lo > 0 or x.hi < 0 else None
        return x if x.lo >= 0 and (element.is_real or x.hi < t.INF or element.bits >= 32) else None
    return bool(x) if element is t.boolean else float(x) if element.is_real else int(x)


class Convert(Node, opset="opset1", partial=True):
    """The elements in another type (Convert-1); real to whole numbers truncates towards zero."""

    axis_trait = FIRST
    element_trait = POINTWISE

    data: Operand = operand()
    destination_type: ElementType = element()

    def infer(self) -> Type:
        return Type(self.destination_type, self.data.shape)

    def fold(self, data: NDArray) -> Any:
        return converted(data, self.destination_type)


class ConvertLike(Node, opset="opset1", partial=True):
    """The elements in the type of `like` (ConvertLike-1)."""

    axis_trait = FIRST
    element_trait = POINTWISE

    data: Operand = operand()
    like: Operand = operand()

    def infer(self) -> Type:
        return Type(self.like.element, self.data.shape)

    def _learn(self) -> None:
        if self.data.known is not None and self.like.element is not t.dynamic:
            self._know([converted(self.data.known, self.like.element)])

    def fold(self, data: NDArray, like: NDArray) -> Any:
        return converted(data, self.like.element)


class ConvertPromoteTypes(Node, opset="opset14", partial=True):
    """Both operands in the one type that holds either (ConvertPromoteTypes-14); results have the operands' shapes."""

    a: Operand = operand()
    b: Operand = operand()
    promote_unsafe: bool = boolean(default=False)
    pytorch_scalar_promotion: bool = boolean(default=False)
    u64_integer_promotion_target: ElementType = element(default=t.f32)

    def infer(self) -> tuple[Type, Type]:
        common = self._common()
        return Type(common, self.a.shape), Type(common, self.b.shape)

    def _common(self) -> ElementType:
        a, b = self.a.element, self.b.element
        if a is b or t.dynamic in (a, b):
            return a if a is b else t.dynamic
        if self.pytorch_scalar_promotion and (self.a.shape == ()) != (self.b.shape == ()) and _class(a) == _class(b):
            return b if self.a.shape == () else a  # a scalar does not widen a tensor of its own kind
        if t.boolean in (a, b):
            return b if a is t.boolean else a
        if a.is_real != b.is_real:
            return a if a.is_real else b
        if a.is_real:
            if a.bits == b.bits:
                return t.f32 if a.bits == 16 else t.f16
            return a if a.bits > b.bits else b
        if a.is_signed == b.is_signed:
            return a if a.bits > b.bits else b
        signed, unsigned = (a, b) if a.is_signed else (b, a)
        if unsigned is t.u64:
            return self.u64_integer_promotion_target
        bits = max(signed.bits, 2 * unsigned.bits)
        return next(e for e in (t.i8, t.i16, t.i32, t.i64) if e.bits >= bits)

    def fold(self, a: NDArray, b: NDArray) -> tuple[Any, Any]:
        return converted(a, self.element), converted(b, self.element)


def _class(element: ElementType) -> int:
    return 2 if element.is_real else 1 if element.is_integer else 0


class FakeQuantize(Node, opset="opset1"):
    """Reals rounded to `levels` steps of the input range and mapped to the output range (FakeQuantize-1).

    The four limits broadcast to `data`.
    """

    axis_trait = ALIKE
    element_trait = POINTWISE

    data: Operand = operand(like=True)
    input_low: Operand = operand(like=True)
    input_high: Operand = operand(like=True)
    output_low: Operand = operand(like=True)
    output_high: Operand = operand(like=True)
    levels: int = integer()
    auto_broadcast: str = one_of("numpy", "none", default="numpy")

    def infer(self) -> Type:
        if self.levels < 2:
            raise ShapeError(f"FakeQuantize needs at least 2 levels, not {self.levels}")
        return Type(t.promote([v.element for v in self.operands]), t.broadcast(*[v.shape for v in self.operands]))

    def fold(self, x: NDArray, in_low: NDArray, in_high: NDArray, out_low: NDArray, out_high: NDArray) -> NDArray:
        steps = x.dtype.type(self.levels - 1)
        inside = np.rint((x - in_low) / (in_high - in_low) * steps) / steps * (out_high - out_low) + out_low
        clipped = np.where(x <= np.minimum(in_low, in_high), out_low, inside)
        clipped = np.where(x > np.maximum(in_low, in_high), out_high, clipped)
        return np.asarray(clipped, dtype=x.dtype)


class FakeConvert(Node, opset="opset13"):
    """Reals scaled, shifted, rounded to an 8-bit float type, and scaled and shifted back (FakeConvert-13)."""

    data: Operand = operand(like=True)
    scale: Operand = operand(like=True)
    shift: OptionalOperand = optional(default=None, like=True)
    destination_type: ElementType = element(default=t.f8e4m3)

    def infer(self) -> Type:
        if self.destination_type not in (t.f8e4m3, t.f8e5m2):
            raise ShapeError(f"FakeConvert rounds to f8e4m3 or f8e5m2, not to {self.destination_type}")
        return Type(t.promote([v.element for v in self.operands]), self.data.shape)


class Identity(Node, opset="opset16", partial=True):
    """The operand itself (Identity-16)."""

    data: Operand = operand()

    def infer(self) -> Type:
        return self.data.type

    def fold(self, data: NDArray) -> NDArray:
        return data
