"""Finding one's way in the graph of a detector: by names, and upwards along what nodes read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mo_core.ir import Foreign, Graph, Parameter, Value, ancestors


def op_of(value: Value) -> str:
    """The op of the source node that gives a value; empty for what is none."""
    return value.node.op if isinstance(value.node, Foreign) else ""


def named(graph: Graph, pattern: str) -> Iterator[Foreign]:
    """The source nodes whose whole name fits a regular expression, in order of computation."""
    fits = re.compile(pattern).fullmatch
    return (n for n in graph if isinstance(n, Foreign) and fits(n.name) is not None)


def first_named(graph: Graph, *patterns: str) -> Foreign | None:
    """The first source node whose whole name fits one of these, which are tried one after the other."""
    return next((node for pattern in patterns for node in named(graph, pattern)), None)


def through(value: Value, ops: Iterable[str]) -> Value:
    """Upwards by the first operand, as long as what gives the value is one of these ops."""
    passed = frozenset(ops)
    while op_of(value) in passed and value.node.operands:
        value = value.node.operands[0]
    return value


def image_input(value: Value) -> Parameter | None:
    """The one input of the model that a value depends on; None when there are several, or none."""
    found = [n for n in ancestors([value.node]) if isinstance(n, Parameter)]
    return found[0] if len(found) == 1 else None
