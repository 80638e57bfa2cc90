"""TensorFlow's data types, as they stand in attributes and tensors."""

from __future__ import annotations

from typing import TypeAlias

from mo_core.errors import ModelError, Unsupported
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_tensorflow.proto import tensorflow_pb2 as pb

_NUMBERS: dict[str, int] = dict(pb.DataType.items())
_UNKNOWN = "type"
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
COMPLEX = {8: t.f32, 18: t.f64}
"""The complex types, with the type of their real and imaginary parts."""


def data_type(number: int) -> DataType:
    """The data type of a number of TensorFlow's enumeration."""
    plain = number - _REFERENCE if number > _REFERENCE else number
    found = ELEMENTS.get(plain)
    if found is not None:
        return found
    try:
        return OtherType(pb.DataType.Name(plain).removeprefix("DT_").lower())
    except ValueError:
        return OtherType(f"{_UNKNOWN} {number}")


def type_number(name: str) -> int | None:
    """The number of the data type that is written like `DT_FLOAT`; None when it is none."""
    return _NUMBERS.get(name)


def element_of(number: int, what: str) -> ElementType:
    """The element type; raises Unsupported for one the runtime does not have, ModelError for an unknown number."""
    found = data_type(number)
    if isinstance(found, ElementType):
        return found
    if found.startswith(_UNKNOWN) or found == "invalid":
        raise ModelError(f"{what} has the unknown data type {number}")
    raise Unsupported(f"{what} has the data type {found}, which the runtime does not have")
