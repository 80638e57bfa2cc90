"""Attribute types: what the annotation of a converter's parameter says, resolved once.

    def conv(x, w, *, strides: Ints, layout: str | None = None, shape: "Optional[Ints]" = None): ...

An annotation may be text (`from __future__ import annotations`) or an object; a name in it may stand for a type, for an
alias, or for the text of one. Known are `int`, `float`, `bool`, `str`, `None`, `Tensor`, `Graph`, `ElementType`, any
other class, `tuple[T, ...]`, `tuple[T, T]`, `Sequence[T]`, `list[T]`, `Optional[T]` and unions of them. What is known
to the type checker alone (`Any`, a name imported for it) takes anything.
"""

from __future__ import annotations

import ast
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mo_core.ir import Graph
from mo_core.ir.tensor import Tensor
from mo_core.ir.types import ElementType

_LONGEST = 1 << 16
"""Characters of the longest text that is read as numbers."""

_WIDE: Mapping[type, tuple[type, ...]] = {
    int: (int, np.integer),
    bool: (int, np.bool_),  # files write truth as a number, too
    float: (int, float, np.integer, np.floating),
}
_TEXT_OF_NONE = ("None", "null", "")
_KNOWN: Mapping[str, object] = {
    "Ints": tuple[int, ...],
    "Reals": tuple[float, ...],
    "Strings": tuple[str, ...],
    "Tensor": Tensor,
    "Graph": Graph,
    "ElementType": ElementType,
    "Sequence": Sequence,
    "Optional": typing.Optional,
    "Union": typing.Union,
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "list": list,
    "tuple": tuple,
}
"""Names that mean the same in every module, also where they are imported for the type checker alone."""


@dataclass(frozen=True)
class Many:
    """A list or tuple of one type of item; `length` of them, if that is fixed."""

    item: AttributeType
    length: int | None = None


@dataclass(frozen=True)
class AttributeType:
    """What an attribute may be: one of the alternatives, in the order in which a text is tried; anything if there are
    none."""

    alternatives: tuple[type | Many, ...] = ()

    def accepts(self, value: object) -> bool:
        """True when a value read from a file is of this type. Whole numbers pass as real ones and as truth."""
        return not self.alternatives or any(_accepts(kind, value) for kind in self.alternatives)

    def parse(self, text: str) -> Any:
        """The value that a text stands for; raises ValueError, which says what is expected.

        `(1, 1)`, `[1,1]` and a bare `1` are lists, pairs inside of a list follow each other, a whole number may carry
        the `L` of Python 2, `None` stands for an optional that is not given, also inside of a list.
        """
        text = text.strip()
        if not self.alternatives:
            return text
        for kind in sorted(self.alternatives, key=lambda kind: kind is not type(None)):
            if len(text) <= _LONGEST or kind is str:
                found = _parse(kind, text)
                if found:
                    return found[0]
        raise ValueError(f'"{text[:40]}" is not {self}')

    def __str__(self) -> str:
        words = [_words(kind) for kind in self.alternatives if kind is not type(None)]
        return " or ".join(dict.fromkeys(words)) or "a value"


ANYTHING = AttributeType()


def attribute_type(annotation: object, names: Mapping[str, object]) -> AttributeType:
    """The type that an annotation says, its names looked up among `names` (the globals of its module)."""
    kinds = _resolve(annotation, names, 0)
    return ANYTHING if kinds is None else AttributeType(tuple(dict.fromkeys(kinds)))


def _accepts(kind: type | Many, value: object) -> bool:
    if isinstance(kind, Many):
        fits = isinstance(value, (tuple, list)) and kind.length in (None, len(value))
        return fits and all(map(kind.item.accepts, typing.cast("Sequence[object]", value)))
    return isinstance(value, _WIDE.get(kind, kind))


# -- texts


def _parse(kind: type | Many, text: str) -> tuple[Any] | None:
    """The value in a tuple, None when the text is not of this kind."""
    if isinstance(kind, Many):
        try:
            values = tuple(kind.item.parse(w) for w in re.split(r"[\s,()\[\]]+", text) if w)
        except ValueError:
            return None
        return (values,) if kind.length in (None, len(values)) else None
    read = _READERS.get(kind)
    value = read(text) if read is not None else None
    return (None,) if kind is type(None) and text in _TEXT_OF_NONE else None if value is None else (value,)


def _bool(text: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())


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


_READERS: Mapping[type, Callable[[str], Any]] = {bool: _bool, int: _int, float: _float, str: str}


def _words(kind: type | Many) -> str:
    if not isinstance(kind, Many):
        known = {bool: "True or False", int: "a whole number", float: "a number", str: "a text", Graph: "a sub-graph"}
        return known.get(kind, f"of type {kind.__name__}")
    count = "a list" if kind.length is None else f"{kind.length}"
    named = {int: "whole numbers", float: "numbers", str: "texts"}
    items = [named[k] for k in kind.item.alternatives if isinstance(k, type) and k in named]
    return f"{count} of {items[0]}" if items and kind.length is None else f"{count} {items[0] if items else 'values'}"


# -- annotations


def _resolve(annotation: object, names: Mapping[str, object], depth: int) -> list[type | Many] | None:
    """The alternatives of an annotation; None when it takes anything."""
    if depth > 16:  # an alias that stands for itself
        return None
    if annotation is None:
        return [type(None)]
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        try:
            tree = ast.parse(annotation.strip(), mode="eval").body
        except SyntaxError:
            return None
        return _read(tree, names, depth)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _union([_resolve(a, names, depth + 1) for a in typing.get_args(annotation)])
    if typing.get_origin(annotation) is not None:
        return _list(typing.get_origin(annotation), list(typing.get_args(annotation)), names, depth)
    return [annotation] if isinstance(annotation, type) and annotation is not object else None


def _read(tree: ast.expr, names: Mapping[str, object], depth: int) -> list[type | Many] | None:
    """The same for the text of an annotation. Unions are taken apart here: an alias in them may be a text itself."""
    if isinstance(tree, ast.Constant) and (tree.value is None or isinstance(tree.value, str)):
        return _resolve(tree.value, names, depth + 1)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitOr):
        return _union([_read(tree.left, names, depth), _read(tree.right, names, depth)])
    if isinstance(tree, (ast.Name, ast.Attribute)):
        return _resolve(_named(tree, names), names, depth + 1)
    if not isinstance(tree, ast.Subscript):
        return None
    outer = _named(tree.value, names)
    arguments: list[ast.expr] = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
    if outer is typing.Optional or outer is typing.Union:
        optional: list[list[type | Many] | None] = [[type(None)]] if outer is typing.Optional else []
        return _union([_read(a, names, depth) for a in arguments] + optional)
    texts: list[object] = [... if ast.unparse(a) in ("...", "Ellipsis") else ast.unparse(a) for a in arguments]
    return _list(outer, texts, names, depth)


def _named(tree: ast.expr, names: Mapping[str, object]) -> object:
    """What a dotted name stands for; `object`, which is anything, when that is not known when the program runs."""
    if isinstance(tree, ast.Attribute):
        return getattr(_named(tree.value, names), tree.attr, object)
    name = tree.id if isinstance(tree, ast.Name) else ""
    return names[name] if name in names else _KNOWN.get(name, object)


def _union(parts: Sequence[list[type | Many] | None]) -> list[type | Many] | None:
    found: list[type | Many] = []
    for part in parts:
        if part is None:
            return None
        found += part
    return found


def _list(
    outer: object, arguments: Sequence[object], names: Mapping[str, object], depth: int
) -> list[type | Many] | None:
    outer = typing.get_origin(outer) or outer
    if not isinstance(outer, type) or not issubclass(outer, Sequence):
        return None
    length = len(arguments) if outer is tuple and ... not in arguments else None
    items = [_resolve(a, names, depth + 1) for a in arguments if a is not ...]
    item = _union(items)
    return [Many(ANYTHING if item is None else AttributeType(tuple(dict.fromkeys(item))), length)]
