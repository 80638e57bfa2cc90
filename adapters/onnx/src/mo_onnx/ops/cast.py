"""Changes of element type, and questions about numbers."""

from __future__ import annotations

from mo_core.build import (
    constant_like,
    to_element,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import lazy
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Clamp,
    ConvertLike,
    IsFinite,
    IsInf,
    IsNaN,
    Less,
    Multiply,
    NotEqual,
    Select,
)
from mo_onnx.registry import onnx_op
from mo_onnx.tensors import element_of

NAMES = {
    "FLOAT": 1,
    "UINT8": 2,
    "INT8": 3,
    "UINT16": 4,
    "INT16": 5,
    "INT32": 6,
    "INT64": 7,
    "STRING": 8,
    "BOOL": 9,
    "FLOAT16": 10,
    "DOUBLE": 11,
    "UINT32": 12,
    "UINT64": 13,
}


@onnx_op("Cast", since=1)
def cast_by_name(x: Value, *, to: str) -> Value:
    if to.upper() not in NAMES:
        raise ModelError(f'"{to}" is not an element type', "Export the model again.")
    return converted(x, element_of(NAMES[to.upper()], "the result of Cast"))


@onnx_op("Cast", since=6)
def cast(x: Value, *, to: int, saturate: int = 1, round_mode: str = "up") -> Value:
    return converted(x, element_of(to, "the result of Cast"), bool(saturate), round_mode)


@onnx_op("CastLike")
def cast_like(x: Value, like: Value, *, saturate: int = 1, round_mode: str = "up") -> Value:
    return ConvertLike(x, like) if like.element is t.dynamic else converted(x, like.element, bool(saturate), round_mode)


LARGEST = {t.f8e4m3: 448.0, t.f8e5m2: 57344.0}


def converted(x: Value, element: ElementType, saturate: bool = True, round_mode: str = "up") -> Value:
    """`x` in another element type; whatever is not zero is true.

    For 8-bit floats, `saturate` says that what is too large becomes the largest number, not an infinity or NaN;
    `round_mode` (up, down, nearest) is for numbers between two powers of two that become f8e8m0.
    """
    if x.element is element:
        return x
    if t.string in (x.element, element):
        raise Unsupported(
            "the runtime does not convert between numbers and strings", "Cut the model before or after the Cast."
        )
    if element is t.boolean and x.element is not t.dynamic:
        return NotEqual(x, constant_like(x, 0))
    if element in LARGEST and saturate:
        limit = LARGEST[element]
        inside = Clamp(to_element(x, t.f32), min=-limit, max=limit)
        x = Select(IsNaN(x), to_element(x, t.f32), inside)
    if element is t.f4e2m1:  # it has no NaN, and the reference implementation puts a minus zero there
        x = Select(IsNaN(x), constant_like(x, -0.0), x)
    if element is t.f8e8m0 and round_mode != "nearest":
        return power_of_two(to_element(x, t.f32), round_mode)
    return to_element(x, element)


def power_of_two(x: Value, round_mode: str) -> Value:
    """f32 as f8e8m0, rounded up or down: one step from the nearest power of two where that is on the wrong side."""
    nearest = to_element(to_element(x, t.f8e8m0), t.f32)
    if round_mode == "up":
        moved = Select(Less(nearest, x), Multiply(nearest, constant(2.0)), nearest)
    else:
        moved = Select(Less(x, nearest), Multiply(nearest, constant(0.5)), nearest)
    return to_element(moved, t.f8e8m0)


@onnx_op("BitCast")
def bit_cast(x: Value, *, to: int) -> Value:
    element = element_of(to, "the result of BitCast")
    if x.element.bits != element.bits:
        raise ModelError(f"BitCast from {x.element} to {element}, which has another number of bits")
    if x.element is element:
        return x
    if element.is_integer and (x.element.is_integer or x.element is t.boolean):
        return to_element(x, element)  # numbers out of range wrap round, which is the same bits
    tensor = x.tensor
    if tensor is not None and x.element.dtype is not None and element.dtype is not None:
        return constant(lazy(lambda a: a.view(element.dtype), tensor, element=element, by_rows=True))
    raise Unsupported(f"the runtime cannot read the bits of {x.element} as {element}", "Cut the model before BitCast.")


@onnx_op("IsNaN")
def is_nan(x: Value) -> Value:
    return IsNaN(x)


@onnx_op("IsInf")
def is_inf(x: Value, *, detect_negative: int = 1, detect_positive: int = 1) -> Value:
    return IsInf(x, detect_negative=bool(detect_negative), detect_positive=bool(detect_positive))


@onnx_op("IsFinite")
def is_finite(x: Value) -> Value:
    return IsFinite(x)
