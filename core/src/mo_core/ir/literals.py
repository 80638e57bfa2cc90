"""Element types, dimensions and scalars as people write them: in options, and in the textual form of graphs."""

from __future__ import annotations

import re

from mo_core.ir import types as t
from mo_core.ir.types import Dim, Dynamic, ElementType

TYPE_NAMES = {
    "fp64": "f64",
    "fp32": "f32",
    "fp16": "f16",
    "float64": "f64",
    "float32": "f32",
    "float16": "f16",
    "double": "f64",
    "float": "f32",
    "half": "f16",
    "bfloat16": "bf16",
    "int64": "i64",
    "int32": "i32",
    "int16": "i16",
    "int8": "i8",
    "uint64": "u64",
    "uint32": "u32",
    "uint16": "u16",
    "uint8": "u8",
    "int": "i64",
    "long": "i64",
    "bool": "boolean",
    "str": "string",
}
"""Names of element types beside those of the IR."""


def find_element(name: str) -> ElementType | None:
    """An element type by the name the IR, numpy or the old tool has for it (case does not matter)."""
    key = name.strip().lower()
    found = t.ELEMENT_TYPES.get(TYPE_NAMES.get(key, key))
    return None if found is t.dynamic else found


def parse_dim(word: str, identities: dict[str, Dynamic]) -> Dim | None:
    """`3`, `?`, `-1`, `1..8`, `?n` (the same unknown wherever the name stands); None when it is none of them."""
    if re.fullmatch(r"[0-9]{1,18}", word):
        return int(word)
    if word in ("?", "-1"):
        return Dynamic()
    if re.fullmatch(r"\?[A-Za-z_]\w{0,63}", word):
        return identities.setdefault(word, Dynamic(name=word[1:]))
    found = re.fullmatch(r"([0-9]{0,18})\.\.([0-9]{0,18})", word)
    if found is None:
        return None
    low, high = int(found[1] or 0), int(found[2]) if found[2] else t.INF
    return None if low > high else low if low == high else Dynamic(low, high)


def scalar(word: str) -> bool | int | float | str:
    """A word as truth value, number, or text."""
    lowered = word.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    if re.fullmatch(r"[+-]?[0-9]{1,20}", word):
        return int(word)
    if re.fullmatch(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|infinity|nan)", lowered, re.ASCII):
        return float(word)
    return word
