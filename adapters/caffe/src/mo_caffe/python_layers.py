"""The parameters of Caffe's Python layers: a text that each of them reads in its own way."""

from __future__ import annotations

import ast
import re
from typing import Any

_MAX_TEXT = 1 << 16
_TAG = re.compile(r"!![\w./:]+\s*")  # of YAML: !!python/tuple [8, 16, 32]
_WORDS = {"true": True, "false": False, "yes": True, "no": False, "null": None, "none": None, "~": None}


def parse_param_str(text: str) -> dict[str, Any]:
    """`param_str` as names and values.

    It may be a Python dict with or without its braces (`'feat_stride': 16`), or lines of YAML (`feat_stride: 16`). Any
    other text comes back whole, under the name `param_str`.
    """
    text = _TAG.sub("", text).strip()
    if not text:
        return {}
    for written in (text, "{" + text + "}"):
        value = _literal(written)
        if isinstance(value, dict) and all(isinstance(key, str) and key.isidentifier() for key in value):
            return value
    return _lines(text) or {"param_str": text}


def _literal(text: str) -> Any:
    if len(text) > _MAX_TEXT:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _lines(text: str) -> dict[str, Any]:
    """Flat YAML; empty when it is anything else."""
    result: dict[str, Any] = {}
    for line in text.strip("{}").replace(",\n", "\n").splitlines():
        line = line.split(" #")[0].strip().removesuffix(",")
        if not line or line.startswith("#") or line == "---":
            continue
        key, colon, value = line.partition(":")
        key, value = key.strip().strip("'\""), value.strip()
        if not colon or not key.isidentifier():
            return {}
        literal = _literal(value)
        result[key] = _WORDS.get(value.lower(), value) if literal is None else literal
    return result
