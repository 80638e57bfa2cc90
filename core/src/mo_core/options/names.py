"""What a name of the user means in the source graph: a tensor, a node, or a port of a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mo_core.errors import UsageError, nearest_first
from mo_core.ir import Constant, Foreign, Graph, Node, Parameter, Result, Value
from mo_core.options.inputs import InputSpec, OutputSpec

_MANY_NAMES = 4000


@dataclass(frozen=True, eq=False)
class Place:
    """Where to cut: a value for all its readers, or one input port of a node."""

    value: Value
    node: Node | None = None
    operand: int = -1
    port: int = -1

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.value,) if self.node is None else (self.node, self.operand)


class Names:
    """Finds what a name of the user means: a tensor, a node, a port of a node.

    Args:
        tensors_first: a name means a tensor first, then a node (else the other way round).
        stand_ins: what names mean that meant something else when the file was read.
    """

    def __init__(self, graph: Graph, tensors_first: bool, stand_ins: Mapping[str, Value] | None = None) -> None:
        self._graph, self._tensors_first, self._stand_ins = graph, tensors_first, stand_ins or {}
        self._tensors: dict[str, list[Value]] = {}
        self._nodes: dict[str, list[Node]] = {}
        for node in graph:
            if isinstance(node, Result):
                continue
            if node.name:
                self._nodes.setdefault(node.name, []).append(node)
            for result in node.results:
                for name in result.names:
                    self._tensors.setdefault(name, []).append(result)
        for output in graph.outputs:
            if output.name and output.name not in self._tensors and output.name not in self._nodes:
                self._tensors[output.name] = [output.source]

    def __contains__(self, name: str) -> bool:
        return name in self._stand_ins or name in self._tensors or name in self._nodes

    def output(self, spec: OutputSpec) -> Value:
        """The value that an output spec means; raises UsageError."""
        found, is_tensor, exact = self._find(spec, "output")
        if exact and is_tensor:
            return found
        if not exact and spec.in_port is not None:
            return found.node.operands[self._operand(found.node, spec.in_port, spec.text)]
        return self._result(found.node, 0 if exact else spec.out_port or 0, spec.text)

    def input(self, spec: InputSpec) -> Place:
        """The place that an input spec means; raises UsageError."""
        found, is_tensor, exact = self._find(spec, "input")
        node = found.node
        if exact and is_tensor:
            return Place(found)
        if isinstance(node, (Parameter, Constant)) and (exact or spec.in_port is not None):
            if not exact:
                fact = f'"{node.label}" is an input and has no input port'
                raise UsageError(fact, f'Write "{node.label}" without one.')
            return Place(node)
        if exact:
            return self._only_operand(node)
        if spec.in_port is not None:
            index = self._operand(node, spec.in_port, spec.text)
            return Place(node.operands[index], node, index, spec.in_port)
        return Place(self._result(node, spec.out_port or 0, spec.text))

    def _find(self, spec: InputSpec | OutputSpec, what: str) -> tuple[Value, bool, bool]:
        """What the name stands for; whether that is the tensor; whether the name as a whole is meant."""
        whole = self._lookup(spec.text)
        if whole is not None:
            return (*whole, True)
        if spec.in_port is not None and spec.out_port is not None:
            raise UsageError(f'"{spec.text}" has both an input port and an output port', "Give one of them.")
        part = self._lookup(spec.name) if spec.name != spec.text else None
        if part is None:
            raise self._unknown(spec, what)
        return (*part, False)

    def _lookup(self, name: str) -> tuple[Value, bool] | None:
        if name in self._stand_ins:
            return self._stand_ins[name], True
        tensors: Sequence[Value] = self._tensors.get(name, ())
        nodes: Sequence[Value] = self._nodes.get(name, ())
        both = [(tensors, True), (nodes, False)]
        if not self._tensors_first:
            both.reverse()
        for found, is_tensor in both:
            if len(found) == 1:
                return found[0], is_tensor
        for found, _ in both:
            if found:
                labels = quoted([tensor_name(v) for v in found], 4)
                raise UsageError(f'{len(found)} things are called "{name}"', f"Name one of the tensors: {labels}.")
        return None

    @staticmethod
    def _result(node: Node, port: int, text: str) -> Value:
        if port >= len(node.results):
            fact = f'"{text}": the node has no output port {port}'
            raise UsageError(fact, f"It has {len(node.results)}, counted from 0.")
        return node.results[port]

    @staticmethod
    def _operand(node: Node, port: int, text: str) -> int:
        slots = node.slots if isinstance(node, Foreign) else list(node.operands)
        present = [i for i, v in enumerate(slots) if v is not None]
        if port not in present:
            raise UsageError(f'"{text}": the node has no input port {port}', _ports_of(node))
        return present.index(port)

    def _only_operand(self, node: Node) -> Place:
        slots = node.slots if isinstance(node, Foreign) else list(node.operands)
        present = [(i, v) for i, v in enumerate(slots) if v is not None]
        variable = [(i, v) for i, v in present if not isinstance(v.node, Constant)]
        if not variable and node.results:
            return Place(node.results[0])
        if len(variable) > 1:
            raise UsageError(f'"{node.label}" has {len(variable)} inputs', f"Say which one. {_ports_of(node)}")
        port, value = variable[0]
        return Place(value, node, [i for i, _ in present].index(port), port)

    def _unknown(self, spec: InputSpec | OutputSpec, what: str) -> UsageError:
        for node in self._graph.walk():
            if node.graph is not self._graph and spec.name in (node.name, *(n for r in node.results for n in r.names)):
                fact = f'"{spec.name}" is inside of a sub-graph of the model'
                return UsageError(fact, "Cut before or after the whole sub-graph.")
        known = list(dict.fromkeys((*self._tensors, *self._nodes)))
        if len(known) > _MANY_NAMES:  # comparing with all names of a large model would take seconds
            head, tail = spec.name[:4].lower(), spec.name[-4:].lower()
            known = [n for n in known if n[:4].lower() == head or n[-4:].lower() == tail][:_MANY_NAMES]
        values: Sequence[Value] = self._graph.inputs if what == "input" else [r.source for r in self._graph.outputs]
        remedy = listing(f"model's {what}", [tensor_name(v) for v in values])
        fact = f'--{spec.option}: the model has no "{spec.text}"'
        return UsageError(fact, nearest_first(spec.name, known, remedy))


def tensor_name(value: Value) -> str:
    """A value by its tensor name; by that of its node when it has none."""
    return value.names[0] if value.names else value.label


def quoted(names: Sequence[str], limit: int = 8) -> str:
    shown = ", ".join(f'"{n}"' for n in names[:limit])
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")


def listing(what: str, names: Sequence[str]) -> str:
    """A sentence: `The inputs are "a", "b".`, or that there are none."""
    return f"The {what}s are {quoted(names)}." if names else f"There are no {what.rpartition(' ')[2]}s."


def counted(count: int, what: str) -> str:
    """`1 input`, `2 inputs`."""
    return f"{count} {what}{'s' * (count != 1)}"


def _ports_of(node: Node) -> str:
    slots = node.slots if isinstance(node, Foreign) else list(node.operands)
    ins = [f'"{i}:{node.label}" reads "{tensor_name(v)}"' for i, v in enumerate(slots[:8]) if v is not None]
    return f"Its input ports: {', '.join(ins)}." if ins else "It has none."
