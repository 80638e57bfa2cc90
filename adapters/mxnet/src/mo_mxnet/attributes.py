"""Attributes of MXNet nodes: texts in the file, read by the annotations of the converters' parameters.

The grammar of the texts is that of `mo_core.frontend.AttributeType.parse`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from mo_core.errors import ModelError
from mo_core.frontend import AttributeType, attribute_type
from mo_core.ir import types as t
from mo_core.ir.types import ElementType

Ints: TypeAlias = "tuple[int, ...]"
Reals: TypeAlias = "tuple[float, ...]"
Places: TypeAlias = "tuple[int | None, ...]"
"""Whole numbers, some of which may be left out."""

WHOLE, WHOLES, SHAPE = (attribute_type(kind, {}) for kind in ("int", "Ints", "Ints | None"))

ELEMENTS: Mapping[str, ElementType] = {
    "float32": t.f32,
    "float64": t.f64,
    "float16": t.f16,
    "bfloat16": t.bf16,
    "uint8": t.u8,
    "int8": t.i8,
    "int16": t.i16,
    "uint16": t.u16,
    "int32": t.i32,
    "uint32": t.u32,
    "int64": t.i64,
    "uint64": t.u64,
    "bool": t.boolean,
}
"""Element types by MXNet's names."""

CODES: Mapping[int, ElementType] = {
    0: t.f32,
    1: t.f64,
    2: t.f16,
    3: t.u8,
    4: t.i32,
    5: t.i8,
    6: t.i64,
    7: t.boolean,
    8: t.i16,
    9: t.u16,
    10: t.u32,
    11: t.u64,
    12: t.bf16,
}
"""Element types by MXNet's numbers, as files and the attribute `__dtype__` hold them."""


def element(name: str) -> ElementType:
    """The element type of one of MXNet's names; raises ModelError."""
    found = ELEMENTS.get(name)
    if found is None:
        raise ModelError(f'"{name[:40]}" is no element type of MXNet')
    return found


def parse(name: str, text: str, kind: AttributeType) -> Any:
    """The value of an attribute of this type; raises ModelError."""
    try:
        return kind.parse(text)
    except ValueError as e:
        raise ModelError(f'attribute "{name}" is "{text.strip()[:40]}", and it is {kind}') from e


def shape_of(text: str) -> Sequence[int] | None:
    """The dimensions of an attribute `__shape__`, or None for a text that is no shape."""
    try:
        found: Sequence[int] | None = SHAPE.parse(text)
    except ValueError:
        return None
    return found
