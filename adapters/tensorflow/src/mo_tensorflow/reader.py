"""A TensorFlow model as a graph of source ops."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mo_core.errors import ModelError, Unsupported
from mo_core.frontend import SourceModel
from mo_core.ir import Graph
from mo_core.options import parse_outputs
from mo_tensorflow.graphdef import GraphDefReader
from mo_tensorflow.sources import Loaded, find


def read(source: Any, options: Any) -> SourceModel:
    """Read a path or an in-memory message.

    Raises ModelError for damaged files, names that nothing computes, nodes of the same name.
    """
    if not isinstance(source, (str, os.PathLike)):
        return _model(find(source, options), options)
    path = Path(source)
    try:
        return _model(find(path, options), options)
    except (ModelError, Unsupported) as e:
        e.note(f'file "{path}"')
        raise


def _model(loaded: Loaded, options: Any) -> SourceModel:
    reader = GraphDefReader(loaded.graph, loaded.tensors, loaded.values)
    outputs = _named_outputs(reader, options) or _leaves(reader)
    graph = reader.graph([name for name, _ in outputs])
    for name, index in outputs:
        _add_output(reader, graph, name, index)
    return SourceModel(graph, metadata=loaded.metadata, functions=reader.library, notes=loaded.notes)


def _add_output(reader: GraphDefReader, graph: Graph, name: str, index: int | None) -> None:
    results = reader.values_of[name]
    for i, value in enumerate(results):
        if index in (None, i):
            graph.add_output(value, value.names[0])


def _named_outputs(reader: GraphDefReader, options: Any) -> Sequence[tuple[str, int | None]]:
    """The nodes that the user names as outputs; empty when there are none, or when a name is not in the model.

    (The cut then says so, and which names are near.)
    """
    found: list[tuple[str, int | None]] = []
    for spec in parse_outputs(options.output):
        name = next((n for n in (spec.text, spec.name) if n in reader.nodes), None)
        if name is None:
            return []
        found.append((name, None))
    return found


_NO_OUTPUTS = frozenset(
    (
        "Const",
        "NoOp",
        "Placeholder",
        "PlaceholderV2",
        "Assert",
        "Print",
        "PrintV2",
        "SaveV2",
        "MergeV2Checkpoints",
        "VarIsInitializedOp",
        "AssignVariableOp",
        "Assign",
    )
)


def _leaves(reader: GraphDefReader) -> Sequence[tuple[str, int | None]]:
    """The nodes that compute something that no other node reads."""
    read = {r.partition(":")[0] for n in reader.proto.node for r in n.input if not r.startswith("^")}
    leaves = [n.name for n in reader.proto.node if n.name not in read and n.op not in _NO_OUTPUTS]
    return [(name, None) for name in leaves]
