"""Freezing: the value that each variable of a model has in its checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mo_core.ir.tensor import Tensor
from mo_tensorflow.checkpoint import Checkpoint, object_names, sliced
from mo_tensorflow.graphdef import GraphDefReader
from mo_tensorflow.initial import Found, Restored, assignments
from mo_tensorflow.states import VARIABLES
from mo_tensorflow.tensors import Tensors

TABLES = frozenset(("HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2"))


class Variables:
    """The values of the variables and tables of one graph.

    Args:
        reader: of the graph; tensors: makes its tensors. checkpoint: None when there is none.
        restore_op: the node that restores, where the model says it.

    A variable has the value that the model's own restore op would give it; else that of its name in the checkpoint;
    else the constant that it is initialised with.
    """

    def __init__(
        self, reader: GraphDefReader, tensors: Tensors, checkpoint: Checkpoint | None, restore_op: str = ""
    ) -> None:
        self._reader, self._tensors, self._checkpoint, self._restore_op = reader, tensors, checkpoint, restore_op
        self._found: Found | None = None
        self._full_names: dict[str, str] | None = None
        self._known: dict[str, Tensor | None] = {}

    def find(self, node: Any) -> Tensor | None:
        """The content of a variable, or None for a node that is none or that has no value."""
        if node.op not in VARIABLES:
            return None
        if node.name not in self._known:
            self._known[node.name] = self._value(node)
        return self._known[node.name]

    def table(self, node: Any) -> tuple[Tensor, Tensor] | None:
        """Keys and values of a table, as far as they are constants."""
        found = self._assigned().tables.get(node.name) if node.op in TABLES else None
        if found is None:
            return None
        what = f'table "{node.name}"'
        return self._tensors.tensor(found[0], f"the keys of {what}"), self._tensors.tensor(found[1], what)

    def imported(self, node: Any) -> Sequence[str]:
        """The inputs with keys and values of a table of the graph that is filled when the model runs."""
        return self._assigned().imports.get(node.name, ()) if node.op in TABLES else ()

    def _assigned(self) -> Found:
        if self._found is None:
            self._found = assignments(self._reader, self._restore_op)
        return self._found

    def _value(self, node: Any) -> Tensor | None:
        source = self._assigned().variables.get(node.name)
        what = f'variable "{node.name}"'
        checkpoint = self._checkpoint
        if checkpoint is not None:
            if isinstance(source, Restored) and checkpoint.shape(source.name) is not None:
                return sliced(checkpoint.tensor(source.name), source.slice, what)
            name = self._name(checkpoint, node)
            if name:
                return checkpoint.tensor(name)
        return None if source is None or isinstance(source, Restored) else self._tensors.tensor(source, what)

    def _name(self, checkpoint: Checkpoint, node: Any) -> str:
        """The name of a variable in the checkpoint; empty when it is not there."""
        shared = node.attr["shared_name"].s.decode("utf-8", "surrogateescape") if "shared_name" in node.attr else ""
        for name in (shared, node.name):
            if name and checkpoint.shape(name) is not None:
                return name
        if self._full_names is None:
            self._full_names = dict(object_names(checkpoint))
        found = self._full_names.get(shared) or self._full_names.get(node.name) or ""
        return found if checkpoint.shape(found) is not None else ""
