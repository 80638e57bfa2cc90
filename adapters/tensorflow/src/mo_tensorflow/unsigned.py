"""SavedModels without signatures: a function of an object, called with what it has captured.

Objects of a SavedModel and of its checkpoint have the same numbers, so that a captured variable is found by the number
of its object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mo_core.errors import ModelError
from mo_core.frontend.wire import parse
from mo_tensorflow.checkpoint import OBJECT_GRAPH, Checkpoint
from mo_tensorflow.proto import tensorflow_pb2 as pb

CALL = "mo/call"
"""The node that calls the function; what it reads is called `mo/captured/0`, ..."""

_PREFERRED = ("serving_default", "serve", "__call__", "call", "call_and_return_all_conditional_losses")


@dataclass(frozen=True)
class Call:
    """A call that was added to a graph.

    Attributes:
        name: of the function as the object has it; others: the functions that were not taken.
        inputs, outputs: names, with the tensors of the graph.
    """

    name: str
    others: Sequence[str]
    inputs: Sequence[tuple[str, str]]
    outputs: Sequence[tuple[str, str]]


def add_call(meta: Any, checkpoint: Checkpoint | None) -> Call | None:
    """Add the call of a function of the root object to a MetaGraphDef; None when there is none.

    Raises ModelError when a captured value is not in the model.
    """
    functions = _functions(meta.object_graph_def)
    library = {f.signature.name: f for f in meta.graph_def.library.function}
    known = [name for name, concrete in functions.items() if concrete in library]
    if not known:
        return None
    chosen = next((name for name in _PREFERRED if name in known), known[0])
    function = library[functions[chosen]]
    signature = function.signature
    bound = meta.object_graph_def.concrete_functions[functions[chosen]].bound_inputs
    free = len(signature.input_arg) - len(bound)
    if free < 0:
        raise ModelError(f'the function "{chosen}" captures more values than it takes')
    nodes = meta.graph_def.node
    call = nodes.add(name=CALL, op="StatefulPartitionedCall")
    call.attr["f"].func.name = signature.name
    call.attr["Tout"].list.type.extend(a.type for a in signature.output_arg)
    inputs = []
    for i, argument in enumerate(signature.input_arg[:free]):
        name = f"mo/{argument.name}"
        attributes = nodes.add(name=name, op="Placeholder").attr
        attributes["dtype"].type = argument.type
        if i in function.arg_attr and "_output_shapes" in function.arg_attr[i].attr:
            attributes["_output_shapes"].CopyFrom(function.arg_attr[i].attr["_output_shapes"])
        call.input.append(name)
        inputs.append((argument.name, f"{name}:0"))
    captured = _Captured(meta, checkpoint)
    call.input.extend(captured.node(i, number) for i, number in enumerate(bound))
    outputs = [(a.name, f"{CALL}:{i}") for i, a in enumerate(signature.output_arg)]
    return Call(chosen, [name for name in known if name != chosen], inputs, outputs)


def _functions(objects: Any) -> dict[str, str]:
    """The first concrete function of each function that the root object has, by its name there."""
    found: dict[str, str] = {}
    nodes = objects.nodes
    for child in nodes[0].children if len(nodes) else ():
        if not 0 <= child.node_id < len(nodes):
            continue
        node = nodes[child.node_id]
        kind = node.WhichOneof("kind")
        if kind == "function" and len(node.function.concrete_functions):
            found[child.local_name] = node.function.concrete_functions[0]
        elif kind == "bare_concrete_function":
            found[child.local_name] = node.bare_concrete_function.concrete_function_name
    return found


class _Captured:
    """Nodes for what a function has captured."""

    def __init__(self, meta: Any, checkpoint: Checkpoint | None) -> None:
        self._meta = meta
        self._keys: dict[int, str] = {}
        if checkpoint is not None and checkpoint.shape(OBJECT_GRAPH) is not None:
            content = str(checkpoint.tensor(OBJECT_GRAPH).numpy().reshape(-1)[0])
            graph = parse(pb.TrackableObjectGraph.FromString, content.encode("utf-8", "surrogateescape"))
            for number, node in enumerate(graph.nodes):
                for attribute in node.attributes:
                    if attribute.name == "VARIABLE_VALUE":
                        self._keys[number] = attribute.checkpoint_key

    def node(self, place: int, number: int) -> str:
        """The name of a node that gives the value of an object."""
        objects = self._meta.object_graph_def.nodes
        kind = objects[number].WhichOneof("kind") if 0 <= number < len(objects) else None
        if kind == "constant":
            return str(objects[number].constant.operation)
        name = f"mo/captured/{place}"
        if kind == "variable":
            handle = self._meta.graph_def.node.add(name=name, op="VarHandleOp")
            handle.attr["dtype"].type = objects[number].variable.dtype
            handle.attr["shared_name"].s = self._keys.get(number, objects[number].variable.name).encode()
        else:  # a table or a file: an error when the outputs need it
            self._meta.graph_def.node.add(name=name, op="MutableHashTableV2" if kind == "resource" else "Asset")
        return name
