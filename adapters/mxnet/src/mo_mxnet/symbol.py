"""Symbols as MXNet saves them (`-symbol.json`), of every generation, as plain records.

Attributes stand under `attrs` since 1.0, under `attr` before, and those of the operator under `param` before 0.9; what
training alone needs (`lr_mult`, `ctx_group`, ...) was mixed with them. Before 0.9 the variables that an operator
updates (`moving_mean`, ...) were not in the list of its inputs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeAlias

from mo_core.errors import ModelError

Entry: TypeAlias = "tuple[int, int]"
"""Number of a node and number of its output."""

VARIABLE = "null"
MAX_NESTING = 32

_HIDDEN = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage")
_UPDATED: Mapping[str, tuple[str, ...]] = {
    "BatchNorm": ("moving_mean", "moving_var"),
    "CuDNNBatchNorm": ("moving_mean", "moving_var"),
    "IdentityAttachKLSparseReg": ("moving_avg",),
}
"""Operators of before 0.9 and the variables they update, which follow the inputs."""
_PARTS = {"BatchNorm": 3, "CuDNNBatchNorm": 3, "IdentityAttachKLSparseReg": 1}
_REMEDY = "Give the -symbol.json that MXNet saved; if it is the one, get it again from its source."


@dataclass(frozen=True)
class Node:
    """One node: a variable (`op` is "null") or an operator.

    Attributes:
        inputs: outputs of earlier nodes. attributes: texts by name. subgraphs: bodies of control flow and partitions.
    """

    op: str
    name: str
    inputs: tuple[Entry, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    subgraphs: tuple[Symbol, ...] = ()

    @property
    def is_variable(self) -> bool:
        """True for what a user or a parameter file gives."""
        return self.op == VARIABLE


@dataclass(frozen=True)
class Symbol:
    """A graph: nodes in an order in which they can be computed, and the entries that are its outputs.

    Attributes:
        version: of the MXNet that saved it, 10901 for 1.9.1; 0 when the file does not tell.
    """

    nodes: tuple[Node, ...]
    heads: tuple[Entry, ...]
    version: int = 0

    def needed(self) -> list[bool]:
        """Which nodes the outputs depend on."""
        found = [False] * len(self.nodes)
        for head, _ in self.heads:
            found[head] = True
        for index in range(len(self.nodes) - 1, -1, -1):
            if found[index]:
                for source, _ in self.nodes[index].inputs:
                    found[source] = True
        return found

    def result_counts(self) -> list[int]:
        """How many outputs of each node are read; at least one."""
        counts = [1] * len(self.nodes)
        for source, output in chain(self.heads, *(node.inputs for node in self.nodes)):
            counts[source] = max(counts[source], output + 1)
        return counts

    def variables(self) -> list[int]:
        """The variables that the outputs depend on, in MXNet's order of arguments."""
        seen = [False] * len(self.nodes)
        order: list[int] = []
        stack = [(head, False) for head, _ in reversed(self.heads)]
        while stack:
            index, ready = stack.pop()
            if ready:
                order.append(index)
            elif not seen[index]:
                seen[index] = True
                stack.append((index, True))
                stack.extend((source, False) for source, _ in reversed(self.nodes[index].inputs) if not seen[source])
        return [i for i in order if self.nodes[i].is_variable]


def parse_symbol(text: bytes | str) -> Symbol:
    """Read the text of a symbol; raises ModelError for anything that is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise ModelError(f"the symbol is no JSON: {str(e)[:80]}", _REMEDY) from None
    return _symbol(document, 0)


def _symbol(document: Any, version: int, depth: int = 0) -> Symbol:
    if depth > MAX_NESTING:
        raise ModelError(f"sub-graphs are nested more than {MAX_NESTING} deep")
    if not isinstance(document, dict) or not isinstance(document.get("nodes"), list):
        raise ModelError('the symbol has no list "nodes", which every generation of MXNet writes', _REMEDY)
    version = _version(document.get("attrs")) or version
    reader = _Reader(version, depth)
    for place, entry in enumerate(document["nodes"]):
        try:
            reader.add(entry)
        except ModelError as e:
            raise e.note(f"node {place} of the symbol") from None
    heads = document.get("heads")
    if not isinstance(heads, list) or not heads:
        raise ModelError('the symbol has no "heads", so that nothing is computed', _REMEDY)
    return Symbol(tuple(reader.nodes), tuple(reader.entries(heads)), version)


def _version(attributes: Any) -> int:
    """`{"mxnet_version": ["int", 10901]}` as a number."""
    if isinstance(attributes, dict):
        value = attributes.get("mxnet_version")
        if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int):
            return value[1]
    return 0


class _Reader:
    """Collects the nodes of one graph; old files number fewer nodes than there are, so numbers are translated."""

    def __init__(self, version: int, depth: int) -> None:
        self.version, self.depth = version, depth
        self.nodes: list[Node] = []
        self._places: list[int] = []

    def add(self, entry: Any) -> None:
        """The next node of the file, and the variables that it has without naming them."""
        if not isinstance(entry, dict):
            raise ModelError("a node is no object", _REMEDY)
        op, name = entry.get("op"), entry.get("name")
        if not isinstance(op, str) or not isinstance(name, str):
            raise ModelError('a node has no text as its "op" and "name"', _REMEDY)
        inputs = list(self.entries(entry.get("inputs", [])))
        attributes = _attributes(entry, op)
        if self.version < 900:
            inputs += self._updated(op, name, len(inputs))
        if self.version < 905 and op in ("argmax", "argmin") and attributes.get("axis", "").startswith("-"):
            attributes.pop("axis")
        bodies = entry.get("subgraphs", ())
        if not isinstance(bodies, (list, tuple)):
            raise ModelError('"subgraphs" of a node is no list', _REMEDY)
        subgraphs = tuple(_symbol(body, self.version, self.depth + 1) for body in bodies)
        self._places.append(len(self.nodes))
        self.nodes.append(Node(op, name, tuple(inputs), attributes, subgraphs))

    def entries(self, listed: Any) -> Iterator[Entry]:
        """References to outputs of nodes that were there before."""
        if not isinstance(listed, (list, tuple)):
            raise ModelError("a list of inputs or heads is no list", _REMEDY)
        for reference in listed:
            numbers: Sequence[Any] = reference if isinstance(reference, (list, tuple)) else (reference,)
            if not 1 <= len(numbers) <= 3 or not all(type(n) is int for n in numbers):
                raise ModelError(f"{str(reference)[:40]} refers to no output of a node", _REMEDY)
            node, output = numbers[0], numbers[1] if len(numbers) > 1 else 0
            if not 0 <= node < len(self._places) or not 0 <= output < 1 << 16:
                raise ModelError(f"node {node} is read before it is computed, or is not there", _REMEDY)
            yield self._places[node], output

    def _updated(self, op: str, name: str, given: int) -> list[Entry]:
        if given != _PARTS.get(op, -1):
            return []
        added = [Node(VARIABLE, f"{name}_{part}") for part in _UPDATED[op]]
        self.nodes += added
        return [(len(self.nodes) - len(added) + i, 0) for i in range(len(added))]


def _attributes(entry: Mapping[str, Any], op: str) -> dict[str, str]:
    """The texts of a node; those on training get the double underscores that newer files give them."""
    found: dict[str, str] = {}
    for key in ("attr", "attrs", "param"):
        block = entry.get(key)
        if block is None:
            continue
        if not isinstance(block, dict):
            raise ModelError(f'"{key}" of a node is no object', _REMEDY)
        for name, value in block.items():
            if not isinstance(value, str):
                raise ModelError(f'attribute "{name[:40]}" of a node is no text', _REMEDY)
            found[f"__{name}__" if _is_hidden(name) else name] = value
    return found


def _is_hidden(name: str) -> bool:
    return not name.startswith("__") and any(name == h or name.endswith(f"_{h}") for h in _HIDDEN)
