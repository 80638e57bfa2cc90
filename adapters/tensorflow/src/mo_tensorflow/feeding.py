"""What feeds a model while it is trained: iterators over data sets and queues. Inputs take their place."""

from __future__ import annotations

from typing import Any

from mo_core.ir import UNKNOWN, Type
from mo_core.ir import types as t
from mo_core.ir.types import Dynamic, ElementType, Shape
from mo_tensorflow.attributes import shape
from mo_tensorflow.elements import data_type
from mo_tensorflow.graphdef import GraphDefReader

_ITERATORS = ("IteratorGetNext", "IteratorGetNextSync", "IteratorGetNextAsOptional")
_ONE = ("QueueDequeueV2", "QueueDequeue")
_SEVERAL = ("QueueDequeueManyV2", "QueueDequeueMany", "QueueDequeueUpToV2", "QueueDequeueUpTo")
_BY_DEFAULT = "PlaceholderWithDefault"


def feeds(reader: GraphDefReader) -> dict[str, dict[int, Type]]:
    """The nodes of a graph that become inputs, with the types of their outputs by number.

    A placeholder whose default is computed is one: a constant default is kept instead, which is what switches of
    training have.
    """
    found = {}
    for node in reader.nodes.values():
        if node.op in _ITERATORS:
            found[node.name] = _types(node.attr, "output_types", "output_shapes")
        elif node.op in _ONE or node.op in _SEVERAL:
            found[node.name] = _of_queue(reader, node)
        elif node.op == _BY_DEFAULT and not _is_constant(reader, node):
            kind = data_type(node.attr["dtype"].type) if "dtype" in node.attr else t.dynamic
            stated = shape(node.attr["shape"].shape) if "shape" in node.attr else None
            found[node.name] = {0: Type(kind if isinstance(kind, ElementType) else t.dynamic, stated)}
    return found


def _types(attributes: Any, types: str, shapes: str, batch: Shape = ()) -> dict[int, Type]:
    kinds = [data_type(n) for n in attributes[types].list.type] if types in attributes else []
    stated = [shape(s) for s in attributes[shapes].list.shape] if shapes in attributes else []
    found = {}
    for i, kind in enumerate(kinds):
        known = stated[i] if i < len(stated) else None
        dims = (*(batch or ()), *known) if known is not None else None
        found[i] = Type(kind if isinstance(kind, ElementType) else t.dynamic, dims)
    return found or {0: UNKNOWN}


def _of_queue(reader: GraphDefReader, node: Any) -> dict[int, Type]:
    """The queue knows the shapes of what is in it."""
    queue = reader.nodes.get(reader.locate(node.input[0])[0]) if len(node.input) else None
    if queue is None or "shapes" not in queue.attr:
        return _types(node.attr, "component_types", "")
    return _types(queue.attr, "component_types", "shapes", (Dynamic(),) if node.op in _SEVERAL else ())


def _is_constant(reader: GraphDefReader, node: Any) -> bool:
    """True when the default is a constant, perhaps behind other defaults and identities."""
    for _ in range(100):
        if node is None or not len(node.input):
            break
        node = reader.nodes.get(reader.locate(node.input[0])[0])
        if node is not None and node.op not in (_BY_DEFAULT, "Identity"):
            break
    return node is not None and node.op == "Const"
