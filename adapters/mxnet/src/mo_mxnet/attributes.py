"""Attributes of MXNet nodes: texts in the file, read by the annotations of the converters' parameters.

The grammar is that of MXNet's parameter structures: `(1, 1)`, `[1,1]` or a bare `1` is a tuple, a number may carry the
`L` of Python 2, `None` stands for an optional that is not given, also inside of a tuple.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from mo_core.errors import ModelError
from mo_core.ir import types as t
from mo_core.ir.types import ElementType

Ints: TypeAlias = "tuple[int, ...]"
Reals: TypeAlias = "tuple[float, ...]"
Places: TypeAlias = "tuple[int | None, ...]"
"""Whole numbers, some of which may be left out."""

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

_NONE = ("None", "null", "")
_TRUE, _FALSE = ("True", "true", "1"), ("False", "false", "0")
_LONGEST = 1 << 16
"""Characters of the longest attribute that is taken for numbers."""


def element(name: str) -> ElementType:
    """The element type of one of MXNet's names; raises ModelError."""
    found = ELEMENTS.get(name)
    if found is None:
        raise ModelError(f'"{name[:40]}" is no element type of MXNet')
    return found


def _bool(text: str) -> bool | None:
    return True if text in _TRUE else False if text in _FALSE else None


def _int(text: str) -> int | None:
    if text in ("True", "False"):
        return int(text == "True")
    match = re.fullmatch(r"([+-]?\d{1,19})(?:L|\.0*)?", text)
    return int(match[1]) if match else None


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _items(read: Callable[[str], Any], gaps: bool = False) -> Callable[[str], tuple[Any, ...] | None]:
    def many(text: str) -> tuple[Any, ...] | None:
        words = [w for w in re.split(r"[\s,()\[\]]+", text) if w]  # pairs in a list come one after the other
        values = tuple(None if gaps and w == "None" else read(w) for w in words)
        failed = any(v is None and not (gaps and w == "None") for v, w in zip(values, words))
        return None if failed else values

    return many


_READERS: Mapping[str, Callable[[str], Any]] = {
    "bool": _bool,
    "int": _int,
    "float": _float,
    "str": str,
    "Ints": _items(_int),
    "Reals": _items(_float),
    "Places": _items(_int, gaps=True),
}
_EXPECTED = {
    "bool": "True or False",
    "int": "a whole number",
    "float": "a number",
    "Ints": "a list of whole numbers",
    "Reals": "a list of numbers",
    "Places": "a list of whole numbers",
}


def parse(name: str, text: str, annotation: str) -> Any:
    """The value of an attribute whose parameter has this annotation, such as `Ints | None`; raises ModelError."""
    words = annotation.split(" | ")
    text = text.strip()
    if "None" in words and text in _NONE:
        return None
    if len(text) <= _LONGEST or words == ["str"]:
        for word in words:
            value = _READERS[word](text) if word in _READERS else None
            if value is not None:
                return value
    expected = " or ".join(_EXPECTED[w] for w in words if w in _EXPECTED)
    raise ModelError(f'attribute "{name}" is "{text[:40]}", and it is {expected}')


def shape_of(text: str) -> Sequence[int] | None:
    """The dimensions of an attribute `__shape__`, or None for a text that is no shape."""
    return _items(_int)(text.strip()) if text.strip() not in _NONE and len(text) <= _LONGEST else None
