"""What users write about inputs and outputs, parsed: names with ports, shapes, element types, values.

    --input "data[1,3,?,224..640]{f32}, 2:node, node:1[3 4]->[1 2]"     --output "prob,2:node,node:1"
    --input_shape "[1,3,224,224],(1,10)"                                --freeze_placeholder_with_value "train->False"

Every function also takes the Python form: lists of texts, `(name, shape, type)` tuples, mappings, arrays. What cannot
be read is a UsageError that shows the place.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from mo_core.errors import ShapeError, UsageError, did_you_mean
from mo_core.ir import types as t
from mo_core.ir.literals import TYPE_NAMES, find_element, parse_dim, scalar
from mo_core.ir.types import Dim, Dynamic, ElementType, Shape

Literal: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


class Unset(enum.Enum):
    """Marks a shape that was not given (None means that the rank is unknown)."""

    UNSET = 0


UNSET = Unset.UNSET


@dataclass(frozen=True, eq=False)
class InputSpec:
    """One input as the user wants it.

    Attributes:
        text: the name as written, ports included: it may be a name as a whole. Empty: the next input in order.
        name, in_port, out_port: the name without its ports.
        shape, element, value: what was said about it; a value makes it a constant.
        option: that it was given with.
    """

    text: str
    name: str
    in_port: int | None = None
    out_port: int | None = None
    shape: Shape | Unset = UNSET
    element: ElementType | None = None
    value: Literal | None = None
    option: str = "input"

    @property
    def is_shaped(self) -> bool:
        """True when something was said about the shape."""
        return self.shape is not UNSET


@dataclass(frozen=True)
class OutputSpec:
    """One output: the name as written, and without its ports; the option it was given with."""

    text: str
    name: str
    in_port: int | None = None
    out_port: int | None = None
    option: str = "output"


class Written:
    """A text of the user with the option it was given to; knows how to point at a place in it."""

    def __init__(self, option: str, text: str) -> None:
        self.option, self.text = option, text

    def fail(self, fact: str, at: int, remedy: str) -> UsageError:
        """The error for what stands at `at`, with a caret below the place."""
        start, stop = max(0, at - 48), at + 32
        shown = "".join(c if c.isprintable() else " " for c in self.text[start:stop])
        head = f"  --{self.option} {'...' if start else ''}"
        tail = "..." if stop < len(self.text) else ""
        return UsageError(fact, f"{head}{shown}{tail}\n{' ' * (len(head) + at - start)}^\n{remedy}")


def parse_inputs(given: Any, option: str = "input") -> list[InputSpec]:
    """`--input`: texts of all versions of the old tool, or Python data; raises UsageError."""
    identities: dict[str, Dynamic] = {}
    return [spec for one in _listed(given) for spec in _inputs(one, option, identities)]


def parse_outputs(given: Any, option: str = "output") -> list[OutputSpec]:
    """`--output`: names with ports, in order; raises UsageError."""
    specs: list[OutputSpec] = []
    for one in _listed(given):
        if isinstance(one, OutputSpec):
            specs.append(one)
            continue
        if not isinstance(one, str):
            raise UsageError(f"--{option} takes names, not {_short(one)}", 'Give "name", "name:port" or "port:name".')
        for _, item in split(Written(option, one)):
            specs.append(OutputSpec(item, *ports(item)))
    return specs


def parse_shapes(given: Any, option: str = "input_shape") -> list[Shape]:
    """`--input_shape`: bracketed shapes in order, or Python lists; raises UsageError."""
    identities: dict[str, Dynamic] = {}
    if isinstance(given, str):
        written = Written(option, given)
        found: list[Shape] = []
        for start, item in split(written):
            if (item[0], item[-1]) not in (("[", "]"), ("(", ")")):
                raise written.fail("a shape stands in brackets", start, 'Write "[1,3,224,224]", or "[1,3],[1]".')
            found.append(_dims(written, start + 1, item[1:-1], identities))
        return found
    if given is None:
        return []
    if _is_shape(given):
        return [to_shape(given, option, identities)]
    return [to_shape(one, option, identities) for one in _listed(given)]


def parse_frozen(given: Any, option: str = "freeze_placeholder_with_value") -> list[InputSpec]:
    """`--freeze_placeholder_with_value`: names with values, or a mapping; raises UsageError."""
    if isinstance(given, Mapping):
        named = [(_named(str(name)), to_literal(value, option)) for name, value in given.items()]
        return [replace(spec, value=value, option=option) for spec, value in named]
    specs = parse_inputs(given, option)
    for spec in specs:
        if spec.value is None:
            raise UsageError(f'--{option}: "{spec.text}" has no value', f'Write "{spec.text}->1", or "->[1 2]".')
    return [replace(spec, option=option) for spec in specs]


# -- the grammar


def split(written: Written) -> Iterator[tuple[int, str]]:
    """Items between commas that are in no bracket (nor quotes of a value), with their place; empty ones are refused."""
    text, start = written.text, 0
    if not text.strip():
        return
    for stop in [*_commas(written), len(text)]:
        piece = text[start:stop]
        item = piece.strip()
        if not item:
            raise written.fail("there is nothing between two commas", min(start, len(text) - 1), "Take one away.")
        yield start + len(piece) - len(piece.lstrip()), item
        start = stop + 1


_CLOSING = {"[": "]", "(": ")", "{": "}"}


def _commas(written: Written) -> list[int]:
    text, stack, found = written.text, list[tuple[str, int]](), list[int]()
    in_value, quote = False, ""
    for at, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif in_value and c in "\"'":
            quote = c
        elif c in _CLOSING:
            stack.append((_CLOSING[c], at))
        elif c in "])}":
            if not stack or stack[-1][0] != c:
                raise written.fail(f'"{c}" closes nothing', at, "Check the brackets.")
            stack.pop()
        elif c == "," and not stack:
            found.append(at)
            in_value = False
        elif c == ">" and at and text[at - 1] == "-" and not stack:
            in_value = True
    if stack:
        raise written.fail(f'"{text[stack[-1][1]]}" is never closed', stack[-1][1], "Check the brackets.")
    return found


def ports(text: str) -> tuple[str, int | None, int | None]:
    """`2:name:1` taken apart: the name, the input port, the output port."""
    before = re.match(r"(\d{1,9}):(?=.)", text, re.DOTALL)
    rest = text[before.end() :] if before else text
    after = re.search(r"(?<=.):(\d{1,9})$", rest, re.DOTALL)
    name = rest[: after.start()] if after else rest
    return name, int(before[1]) if before else None, int(after[1]) if after else None


def _named(text: str) -> InputSpec:
    name, in_port, out_port = ports(text)
    return InputSpec(text, name, in_port, out_port)


def _inputs(one: Any, option: str, identities: dict[str, Dynamic]) -> Iterator[InputSpec]:
    if isinstance(one, InputSpec):
        yield one
    elif isinstance(one, str):
        written = Written(option, one)
        for start, item in split(written):
            yield _input(written, start, item, identities)
    elif isinstance(one, (tuple, list)) and one and isinstance(one[0], str) and not _is_shape(one):
        yield _tuple(one, option, identities)
    else:
        yield InputSpec("", "", shape=to_shape(one, option, identities))


def _input(written: Written, start: int, item: str, identities: dict[str, Dynamic]) -> InputSpec:
    head, arrow, tail = _arrow(item)
    spec: dict[str, Any] = {}
    if arrow:
        spec["value"] = literal(written, start + len(head) + 2, tail)
    head = head.rstrip()
    while head[-1:] in ("]", "}"):
        opening = _opening(head)
        key = "shape" if head[-1] == "]" else "element"
        if key in spec:
            raise written.fail(f"the {key} is given twice", start + opening, 'Write "name[shape]{type}->value".')
        inner, at = head[opening + 1 : -1], start + opening + 1
        spec[key] = _dims(written, at, inner, identities) if key == "shape" else _element(written, at, inner)
        head = head[:opening].rstrip()
    if not head and not spec:
        raise written.fail("an input needs a name", start, 'Write "name[shape]{type}->value".')
    return replace(_named(head), **spec)


def _arrow(item: str) -> tuple[str, str, str]:
    depth = 0
    for at, c in enumerate(item):
        depth += (c in "[({") - (c in "])}")
        if c == "-" and not depth and item.startswith("->", at):
            return item[:at], "->", item[at + 2 :]
    return item, "", ""


def _opening(head: str) -> int:
    depth = 0
    for at in range(len(head) - 1, -1, -1):
        depth += (head[at] in "])}") - (head[at] in "[({")
        if not depth:
            return at
    return 0


_DIM_HELP = "A dimension is a number, ? (or -1), or a range such as 1..8, ..640 or 224.. ."


def _dims(written: Written, at: int, inner: str, identities: dict[str, Dynamic]) -> Shape:
    if inner.strip() == "...":
        return None
    dims: list[Dim] = []
    pieces = inner.split(",")
    if len(pieces) > 1 and not pieces[-1].strip():
        pieces.pop()  # (3,) as Python writes it
    for piece in pieces:
        words = list(re.finditer(r"\S+", piece))
        if not words and len(pieces) > 1:
            raise written.fail("a dimension is missing", at, _DIM_HELP)
        for word in words:
            dim = parse_dim(word[0], identities)
            if dim is None:
                raise written.fail(f'"{_short(word[0])}" is not a dimension', at + word.start(), _DIM_HELP)
            dims.append(dim)
        at += len(piece) + 1
    return tuple(dims)


_TYPE_HELP = "Types are f32, f16, i64, i32, u8, boolean, ..."


def _element(written: Written, at: int, inner: str) -> ElementType:
    found = find_element(inner)
    if found is None:
        near = did_you_mean(inner.strip(), [*t.ELEMENT_TYPES, *TYPE_NAMES])
        raise written.fail(f'"{_short(inner.strip())}" is not an element type', at, near or _TYPE_HELP)
    return found


# -- values

_TOKEN = r"\s*(?:([\[(])|([\])])|(,)|\"([^\"]*)\"|'([^']*)'|([^\s,\[\]()\"']+))"
_VALUE_HELP = 'A value is a number, True, False, a text, or a list such as "[1 2]" or "[[1,2],[3,4]]".'
_DEEPEST = 32


def literal(written: Written, at: int, text: str) -> Literal:
    """A number, truth value, text or nested list of them as an array (b, i8, f8 or object); raises UsageError."""
    stack: list[list[Any]] = [[]]
    token, place = re.compile(_TOKEN), 0
    text = text.rstrip()
    while place < len(text):
        found = token.match(text, place)
        if found is None:
            raise written.fail("this is no value", at + place, _VALUE_HELP)
        here, place = at + found.start() + len(found[0]) - len(found[0].lstrip()), found.end()
        if found[1]:
            if len(stack) > _DEEPEST:
                raise written.fail(f"lists are nested more than {_DEEPEST} deep", here, _VALUE_HELP)
            stack.append([])
        elif found[2]:
            if len(stack) == 1:
                raise written.fail(f'"{found[2]}" closes nothing', here, _VALUE_HELP)
            done = stack.pop()
            stack[-1].append(done)
        elif not found[3]:
            quoted = found[4] if found[4] is not None else found[5]
            stack[-1].append(quoted if quoted is not None else scalar(found[6]))
    if len(stack) != 1 or len(stack[0]) != 1:
        raise written.fail("this is not one value", min(at, max(len(written.text) - 1, 0)), _VALUE_HELP)
    array = _array(stack[0][0])
    if array is None:
        raise written.fail("the lists have different lengths or mix texts and numbers", at, _VALUE_HELP)
    return array


def _array(data: Any) -> Literal | None:
    shape, flat = [], [data]
    while isinstance(flat[0] if flat else None, list):
        lengths = {len(x) if isinstance(x, list) else -1 for x in flat}
        if len(lengths) != 1:
            return None
        shape.append(lengths.pop())
        flat = [y for x in flat for y in x]
    kinds = {type(x) for x in flat}
    if list in kinds or (str in kinds and len(kinds) > 1):
        return None
    wanted: Any = np.bool_ if kinds == {bool} else np.float64 if float in kinds else np.int64
    if str in kinds:
        wanted = np.object_
    if wanted is np.int64 and any(not -(2**63) <= x < 2**63 for x in flat):
        wanted = np.uint64 if all(0 <= x < 2**64 for x in flat) else np.float64
    return np.array(flat, dtype=wanted).reshape(shape)


# -- Python data


def _listed(given: Any) -> Sequence[Any]:
    """The specs in what was given: one, several, or none."""
    if given is None:
        return ()
    if isinstance(given, Mapping):
        return [str(name) if shape is None else (str(name), shape) for name, shape in given.items()]
    if isinstance(given, (list, tuple)) and not _is_shape(given):
        named = isinstance(given, tuple) and len(given) > 1 and isinstance(given[0], str)
        return (given,) if named and not isinstance(given[1], (str, InputSpec)) else given
    return (given,)


def _is_shape(given: Any) -> bool:
    """True for a list of dimensions such as `[1, None, "224..640"]`; texts alone are names."""
    several = isinstance(given, (list, tuple)) and bool(given)
    return several and all(map(_is_dim, given)) and not all(isinstance(d, str) for d in given)


def _is_dim(dim: Any) -> bool:
    if isinstance(dim, str):
        return parse_dim(dim.strip(), {}) is not None
    known = isinstance(dim, (int, np.integer, Dynamic)) and not isinstance(dim, bool)
    return dim is None or known or hasattr(dim, "get_min_length")  # openvino.Dimension


def to_shape(given: Any, option: str, identities: dict[str, Dynamic]) -> Shape:
    """A shape from text, a list of dimensions (None or -1: unknown) or openvino.PartialShape; raises UsageError."""
    if isinstance(given, (list, tuple, np.ndarray)):
        dims: list[Dim | None] = []
        for d in given:
            known = d if isinstance(d, Dynamic) else Dynamic() if d is None else parse_dim(str(d).strip(), identities)
            if known is None:
                raise UsageError(f"--{option}: {_short(d)} is not a dimension", _DIM_HELP)
            dims.append(known)
        return tuple(d for d in dims if d is not None)
    text = str(given).strip()
    if text[:1] + text[-1:] not in ("[]", "()", "{}"):
        raise UsageError(f"--{option}: {_short(given)} is not a shape", 'Write "[1,3,224,224]", or a list.')
    return _dims(Written(option, text), 1, text[1:-1], identities)


def to_element(given: Any, option: str) -> ElementType:
    """An element type from its name, a numpy or Python type, or openvino.Type; raises UsageError."""
    if isinstance(given, ElementType):
        return given
    named = given.get_type_name() if hasattr(given, "get_type_name") else given
    if isinstance(named, type) and named in (bool, int, float, str):
        named = named.__name__
    found = find_element(named) if isinstance(named, str) else None
    if found is None:
        try:
            found = t.from_dtype(named)
        except (TypeError, ValueError, ShapeError):
            raise UsageError(f"--{option}: {_short(given)} is not an element type", _TYPE_HELP) from None
    return found


def to_literal(given: Any, option: str) -> Literal:
    """A value from text, numbers, lists or an array; raises UsageError."""
    if isinstance(given, str):
        return literal(Written(option, given), 0, given)
    try:
        array = np.asarray(given)
    except (ValueError, TypeError, OverflowError):
        array = None
    if array is None or array.dtype.kind not in "biufSU" + ("O" if isinstance(given, np.ndarray) else ""):
        raise UsageError(f"--{option}: {_short(given)} is not a value", _VALUE_HELP)
    return array.astype(np.object_) if array.dtype.kind in "SU" else array


def _tuple(given: Sequence[Any], option: str, identities: dict[str, Dynamic]) -> InputSpec:
    """`(name, shape, type)`, the last two in any order and each optional."""
    said: dict[str, Any] = {}
    for part in given[1:]:
        key = "shape" if isinstance(part, np.ndarray) or str(part)[:1] in ("[", "(") else "element"
        if key in said:
            raise UsageError(f'--{option}: the {key} of "{given[0]}" is given twice', "Give (name, shape, type).")
        said[key] = to_shape(part, option, identities) if key == "shape" else to_element(part, option)
    return replace(_named(given[0]), **said)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
