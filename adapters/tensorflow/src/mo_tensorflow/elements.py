"""TensorFlow's data types, as they stand in attributes and tensors."""

from __future__ import annotations

from typing import TypeAlias

from mo_core.errors import ModelError, Unsupported
from mo_core.ir import types as t
from mo_core.ir.types import ElementType

_REFERENCE = 100  # added to the types of variables of the first generation


class OtherType(str):
    """A data type that the runtime does not have, by TensorFlow's name: `complex64`, `resource`, `variant`, ..."""


DataType: TypeAlias = "ElementType | OtherType"

ELEMENTS: dict[int, ElementType] = {
    1: t.f32,
    2: t.f64,
    3: t.i32,
    4: t.u8,
    5: t.i16,
    6: t.i8,
    7: t.string,
    9: t.i64,
    10: t.boolean,
    11: t.i8,  # qint8: the stored numbers of a quantised tensor
    12: t.u8,
    13: t.i32,
    14: t.bf16,
    15: t.i16,
    16: t.u16,
    17: t.u16,
    19: t.f16,
    22: t.u32,
    23: t.u64,
    24: t.f8e5m2,
    25: t.f8e4m3,
    29: t.i4,
    30: t.u4,
}
_OTHERS = {
    0: "none",
    8: "complex64",
    18: "complex128",
    20: "resource",
    21: "variant",
    26: "float8_e4m3fnuz",
    27: "float8_e4m3b11fnuz",
    28: "float8_e5m2fnuz",
    31: "int1",
    32: "uint1",
    33: "int2",
    34: "uint2",
    35: "float4_e2m1fn",
}
_NAMES = {
    "DT_FLOAT": 1,
    "DT_DOUBLE": 2,
    "DT_INT32": 3,
    "DT_UINT8": 4,
    "DT_INT16": 5,
    "DT_INT8": 6,
    "DT_STRING": 7,
    "DT_COMPLEX64": 8,
    "DT_INT64": 9,
    "DT_BOOL": 10,
    "DT_QINT8": 11,
    "DT_QUINT8": 12,
    "DT_QINT32": 13,
    "DT_BFLOAT16": 14,
    "DT_QINT16": 15,
    "DT_QUINT16": 16,
    "DT_UINT16": 17,
    "DT_COMPLEX128": 18,
    "DT_HALF": 19,
    "DT_RESOURCE": 20,
    "DT_VARIANT": 21,
    "DT_UINT32": 22,
    "DT_UINT64": 23,
}
COMPLEX = {8: t.f32, 18: t.f64}
"""The complex types, with the type of their real and imaginary parts."""


def data_type(number: int) -> DataType:
    """The data type of a number of TensorFlow's enumeration."""
    plain = number - _REFERENCE if number > _REFERENCE else number
    found = ELEMENTS.get(plain)
    return found if found is not None else OtherType(_OTHERS.get(plain, f"type {number}"))


def named_type(name: str) -> DataType | None:
    """The data type that is written like `DT_FLOAT`; None when it is none."""
    number = _NAMES.get(name)
    return None if number is None else data_type(number)


def type_number(name: str) -> int | None:
    """The number of the data type that is written like `DT_FLOAT` or `DT_FLOAT_REF`."""
    plain = name.removesuffix("_REF")
    number = _NAMES.get(plain)
    return None if number is None else number + _REFERENCE * (plain != name)


def element_of(number: int, what: str) -> ElementType:
    """The element type; raises Unsupported for one the runtime does not have, ModelError for an unknown number."""
    found = data_type(number)
    if isinstance(found, ElementType):
        return found
    if found.startswith("type ") or found == "none":
        raise ModelError(f"{what} has the unknown data type {number}")
    raise Unsupported(f"{what} has the data type {found}, which the runtime does not have")
