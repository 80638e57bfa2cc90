"""What a variable holds when a node reads it.

The graph orders nodes by what they read and by what they wait for. Of the assignments to a variable that come before a
node, the last one tells what the node reads; where the graph leaves two unordered, the one that is later in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from mo_core.frontend.structure import Edge
from mo_tensorflow.elements import type_number

VARIABLES = frozenset(("Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable", "TemporaryVariable"))

UPDATES: Mapping[str, str] = {
    "Assign": "Identity",
    "AssignAdd": "AddV2",
    "AssignAddVariableOp": "AddV2",
    "AssignSub": "Sub",
    "AssignSubVariableOp": "Sub",
    "AssignVariableOp": "Identity",
}
"""Assignments, with the op that makes what the variable holds afterwards."""

_REFERENCES = frozenset(("RefIdentity", "Assign", "AssignAdd", "AssignSub"))
"""Ops whose output stands for the variable that they take."""

_RESOURCE = type_number("DT_RESOURCE")


class States:
    """The assignments in one graph, or in the body of a function.

    Args:
        nodes: the NodeDefs by name. locate: the node and output that a reference means; what is no node is an argument.
        inputs: nodes that became inputs of the model; what they depend on counts no more.
    """

    def __init__(
        self, nodes: Mapping[str, Any], locate: Callable[[str], tuple[str, int]], inputs: Collection[str]
    ) -> None:
        self._nodes, self._locate, self._inputs = nodes, locate, inputs
        self._known: dict[str, set[str]] = {}

    def edges(self, node: Any) -> list[Edge]:
        """What a node reads: of variables that were assigned to before it, what the last assignment made of them.

        An assignment reads what its op in `UPDATES` takes.
        """
        references = [r for r in node.input if not r.startswith("^")]
        if UPDATES.get(node.op) == "Identity":
            references = references[1:]
        return [self._edge(reference, node.name) for reference in references]

    def _edge(self, reference: str, reader: str) -> Edge:
        last = self._last(self._variable(reference), reader) if self._updates else None
        return Edge(*self._locate(reference)) if last is None else Edge(last, 0)

    @cached_property
    def _updates(self) -> Mapping[str, Sequence[str]]:
        """Assignments by their variables, in the order of the file."""
        found: dict[str, list[str]] = {}
        for node in self._nodes.values():
            if node.op in UPDATES and len(node.input):
                found.setdefault(self._variable(node.input[0]), []).append(node.name)
        return found

    def _variable(self, reference: str) -> str:
        """The variable, or the argument of a function, that a reference stands for; empty for other values."""
        name, _ = self._locate(reference)
        for _ in range(len(self._nodes)):
            node = self._nodes.get(name)
            if node is None or node.op in VARIABLES:
                return name
            handle = node.op == "Identity" and "T" in node.attr and node.attr["T"].type == _RESOURCE
            if not (handle or node.op in _REFERENCES) or not len(node.input):
                break
            name, _ = self._locate(node.input[0])
        return ""

    def _last(self, variable: str, reader: str) -> str | None:
        updates = self._updates.get(variable, ()) if variable else ()
        before = self._before(reader) if updates else ()
        last = None
        for update in updates:
            if update in before and (last is None or update not in self._before(last)):
                last = update
        return last

    def _before(self, name: str) -> set[str]:
        """The nodes that a node depends on."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = set()
            work = [name]
            while work:
                at = work.pop()
                node = self._nodes.get(at)
                for reference in node.input if node is not None and at not in self._inputs else ():
                    source = reference[1:] if reference.startswith("^") else self._locate(reference)[0]
                    if source not in found:
                        found.add(source)
                        work.append(source)
        return found
