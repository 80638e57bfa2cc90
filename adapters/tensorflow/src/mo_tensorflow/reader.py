"""A TensorFlow model as a graph of source ops."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.errors import ModelError, Unsupported
from mo_core.frontend import SourceModel
from mo_core.ir import Graph, Type
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_tensorflow.attributes import shape
from mo_tensorflow.elements import data_type
from mo_tensorflow.feeding import feeds
from mo_tensorflow.graphdef import GraphDefReader
from mo_tensorflow.sources import Loaded, Port, find
from mo_tensorflow.training import leaves

if TYPE_CHECKING:
    from mo_core.options import Options


def read(source: Any, options: Options) -> SourceModel:
    """Read a path or an in-memory message.

    Raises ModelError for damaged files, names that nothing computes, nodes of the same name.
    """
    if not isinstance(source, (str, os.PathLike)):
        return _model(find(source, options), options)
    path = Path(source)
    try:
        model = _model(find(path, options), options)
        model.path = path
        return model
    except (ModelError, Unsupported) as e:
        e.note(f'file "{path}"')
        raise


def _model(loaded: Loaded, options: Options) -> SourceModel:
    reader = loaded.reader
    outputs = _outputs(loaded, options)
    ports = {reader.locate(p.tensor): p for p in loaded.inputs or ()}
    inputs = feeds(reader)
    automatic = set(inputs)
    for (node, index), port in ports.items():
        if port.info is not None:
            inputs.setdefault(node, {})[index] = _type(port)
            automatic.discard(node)
    graph = reader.graph([name for name, _, _ in outputs], inputs)
    loaded.notes += _settled_feeds(reader, graph, automatic)
    for output in outputs:
        _add_output(reader, graph, *output)
    for parameter in graph.inputs:
        named = ports.get(reader.locate(parameter.name))
        if named is not None and named.key not in reader.nodes:  # the key is what callers of the model know
            parameter.names.insert(0, named.key)
            parameter.name = named.key
    producer = reader.proto.versions.producer
    facts = {"TensorFlow": loaded.metadata.get("tensorflow_version", ""), "graph version": str(producer or "")}
    return SourceModel(graph, metadata=loaded.metadata, functions=reader.library, notes=loaded.notes, facts=facts)


def _settled_feeds(reader: GraphDefReader, graph: Graph, feeds: set[str]) -> list[str]:
    """Drop the inputs that nobody reads of those that took the place of what feeds the model; say which stay."""
    taken: dict[str, None] = {}
    for parameter in list(graph.inputs):
        node = reader.locate(parameter.name)[0]
        if node in feeds and not parameter.uses:
            graph.remove_input(parameter)
        elif node in feeds:
            taken[node] = None
    return [f'{reader.nodes[n].op} "{n}" feeds the model; inputs take its place.' for n in taken]


def _type(port: Port) -> Type:
    kind = data_type(port.info.dtype)
    known = shape(port.info.tensor_shape) if port.info.HasField("tensor_shape") else None
    return Type(kind if isinstance(kind, ElementType) else t.dynamic, known)


def _add_output(reader: GraphDefReader, graph: Graph, name: str, index: int | None, key: str) -> None:
    for i, value in enumerate(reader.results.get(name, ())):  # a pivot of a branch is gone
        if index in (None, i):
            graph.add_output(value, key or value.names[0])


def _outputs(loaded: Loaded, options: Options) -> Sequence[tuple[str, int | None, str]]:
    """Nodes, their outputs (None: all) and names for them: what the user names, the signature, or what nobody reads.

    A name of the user that is not in the model changes nothing here: the cut says so, and which names are near.
    """
    reader = loaded.reader
    keys = {p.key: p for p in loaded.outputs or ()}
    named: list[tuple[str, int | None, str]] = []
    for spec in options.output:
        name = next((n for n in (spec.text, spec.name) if n in reader.nodes), None)
        if name is None and spec.text in keys:
            named.append(_place(reader, keys[spec.text]))
        elif name is not None:
            named.append((name, None, ""))
        else:
            break
    else:
        if named:
            return named
    if loaded.outputs:
        return [_place(reader, p) for p in loaded.outputs]
    return [(name, None, "") for name in leaves(reader)]


def _place(reader: GraphDefReader, port: Port) -> tuple[str, int | None, str]:
    name, index = reader.locate(port.tensor)
    if name not in reader.nodes:
        raise ModelError(f'the output "{port.key}" of the signature is "{port.tensor}", which is not in the graph')
    return name, index, port.key
