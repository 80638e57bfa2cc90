"""Operations of the IR that have no class of their own, and the port maps of those that have bodies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mo_core.errors import UsageError
from mo_core.ir import schema as s
from mo_core.ir.node import Node
from mo_core.ir.types import ElementType, Type

if TYPE_CHECKING:
    from mo_core.ir.graph import Graph


@dataclass(frozen=True)
class PortMap:
    """How the ports of a layer and the parameters and results of one of its bodies belong together.

    Attributes:
        body: the graph; prefix: before `body` and `port_map` in the names of the XML elements (`then_`).
        inputs, outputs: port of the layer (-1: none), place among the parameters or results of the body, and further
        XML attributes (`axis`, `purpose`, …). The ports of results follow those of the operands.
        back_edges: result and parameter of the next iteration; None when the body runs once.
    """

    body: Graph
    inputs: Sequence[tuple[int, int, Mapping[str, object]]]
    outputs: Sequence[tuple[int, int, Mapping[str, object]]]
    prefix: str = ""
    back_edges: Sequence[tuple[int, int]] | None = field(default=None)


def _pairs(given: Any) -> tuple[tuple[str, Any], ...]:
    items: Iterable[Any] = given.items() if isinstance(given, Mapping) else given
    return tuple((str(key), _settled(value)) for key, value in items)


def _settled(value: Any) -> Any:
    """In a form that never changes."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return tuple(_settled(v) for v in value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (bool, int, float, str, ElementType)):
        return value
    raise UsageError(f"the IR has no form for a {type(value).__name__}", "Give a number, a text, or a list of them.")


def _written(value: Any) -> str:
    """As the IR has it: lists with commas, truth in lower case."""
    if isinstance(value, tuple):
        return ",".join(map(_written, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return s.format_real(value) if isinstance(value, float) else getattr(value, "name", None) or str(value)


def _key(name: str) -> str:
    """A name that XML takes for an attribute."""
    word = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    return word if word[:1].isalpha() or word[:1] == "_" else f"_{word}"


class Custom(Node, opset="extension"):
    """An operation without a class: `Custom([x], op="Swish2", operation_set="acme", given={"beta": 2.0}, …)`.

    For whatever is computed by an extension of the runtime. It is a barrier for passes that ask what axes mean; an
    operation with shapes of its own deserves a class.

    Attributes:
        op: its type in the IR; operation_set: the set that has it; given: its attributes, numbers, texts, or lists.
        result_types: of the results, fixed; with one of the same type as operand 0 when nothing is given.
        stateful: equal ones on equal operands may compute different results.
    """

    inputs: s.Operands = s.variadic()
    op: str = s.text()
    operation_set: str = s.text(default="extension")
    given: tuple[tuple[str, Any], ...] = s.hidden(default=(), normalize=_pairs)
    result_types: tuple[Type, ...] = s.hidden(default=(), normalize=tuple)
    stateful: bool = s.hidden(default=False, normalize=bool)

    def _settle(self) -> None:
        vars(self).update(type_name=self.op, opset=self.operation_set, pure=not self.stateful)
        super()._settle()

    def infer(self) -> Sequence[Type]:
        if self.result_types:
            return self.result_types
        if not self.operands:
            raise UsageError(f"{self.op} has no operands, and nothing says what its result is", "Give result_types.")
        return [self.operands[0].type]

    @property
    def layer_data(self) -> list[tuple[str, str]]:
        return [(_key(key), _written(value)) for key, value in self.given]
