"""Element types as MXNet's operators treat them."""

from __future__ import annotations

import numpy as np

from mo_core.build import to_element
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ir.types import ElementType


def promoted(a: ElementType, b: ElementType) -> ElementType:
    """The element type of an operation on two: the real one, else the wider one; bool gives way to all."""
    if a is b or b is t.dynamic:
        return a
    if a is t.dynamic:
        return b
    if a.is_real != b.is_real:
        return a if a.is_real else b
    if a.dtype is None or b.dtype is None:
        return a if a.bits >= b.bits else b
    return t.from_dtype(np.promote_types(a.dtype, b.dtype))


def pair(a: Value, b: Value) -> tuple[Value, Value]:
    """Two values in one element type."""
    first, second = aligned(a, b)
    return first, second


def aligned(*values: Value) -> tuple[Value, ...]:
    """The values in one element type."""
    element = values[0].element
    for value in values[1:]:
        element = promoted(element, value.element)
    return values if element is t.dynamic else tuple(to_element(v, element) for v in values)


def as_real(x: Value) -> Value:
    """`x` itself when it is real, else as f32."""
    return x if x.element.is_real or x.element is t.dynamic else to_element(x, t.f32)


def numeric(x: Value) -> Value:
    """`x` itself unless it is boolean, which no arithmetic takes: then as i32."""
    return to_element(x, t.i32) if x.element is t.boolean else x


def as_boolean(x: Value) -> Value:
    """True where `x` is not zero."""
    return to_element(x, t.boolean)
