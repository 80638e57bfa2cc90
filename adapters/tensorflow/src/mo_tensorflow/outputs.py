"""The outputs of TensorFlow's ops: their names, types and numbers (`op_outputs.txt`, from TensorFlow's op registry)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from mo_tensorflow.elements import type_number

MAX_OUTPUTS = 1 << 16
"""A node with more outputs than this is damaged."""


class Output(NamedTuple):
    """One declared output of an op.

    Attributes:
        name: as function bodies name it. kind: the attribute that holds its type, or the type itself, `DT_INT32`.
        number: the attribute that says how many values it is; empty for a single one.
        types: the attribute that lists a type for each value; empty where they have one type.
    """

    name: str
    kind: str = ""
    number: str = ""
    types: str = ""


_RULE = (Output("output", "T"),)


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    text = Path(__file__).with_name("op_outputs.txt").read_text(encoding="utf-8")
    return dict(line.partition(" ")[::2] for line in text.splitlines())


@cache
def declared(op: str) -> tuple[Output, ...]:
    """The outputs that TensorFlow declares for an op; one for an op that it does not have."""
    words = _table().get(op)
    return _RULE if words is None else tuple(map(_output, words.split()))


def _output(word: str) -> Output:
    name, _, types = word.partition("**")
    if types:
        return Output(name, types=types)
    name, _, kind = word.partition(":")
    kind, _, number = kind.partition("*")
    return Output(name, kind, number)


def of_signature(signature: Any) -> tuple[Output, ...]:
    """The outputs of a function or an op by its OpDef."""
    found = []
    for a in signature.output_arg:
        found.append(Output(a.name, a.type_attr or f"#{a.type}", a.number_attr, a.type_list_attr))
    return tuple(found)


def type_numbers(output: Output, attributes: Mapping[str, Any]) -> list[int]:
    """The number of the data type of each value of an output, 0 where the node does not say it.

    Args:
        attributes: the node's AttrValues by name.
    """
    if output.types:
        return list(attributes[output.types].list.type)[:MAX_OUTPUTS] if output.types in attributes else []
    if output.kind.startswith("#"):
        kind = int(output.kind[1:])
    else:
        kind = type_number(output.kind) or (attributes[output.kind].type if output.kind in attributes else 0)
    if not output.number:
        return [kind]
    count = attributes[output.number].i if output.number in attributes else 0
    return [kind] * min(max(count, 0), MAX_OUTPUTS)
