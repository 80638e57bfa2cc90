"""Calling TensorFlow for a program of `mo_tensorflow.offload.program`. The only module here that imports TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from mo_core.errors import UsageError

try:
    import tensorflow as tf
    from tensorflow.python.framework import op_def_registry
except ImportError as e:
    raise UsageError(
        "operations are left to TensorFlow, and it is not installed", "pip install 'mo-tensorflow[tensorflow]'"
    ) from e

__all__ = ["ELEMENTS", "dtype", "function", "output_specs", "tf"]

_TYPES = {
    "f32": tf.float32, "f64": tf.float64, "f16": tf.float16, "bf16": tf.bfloat16, "boolean": tf.bool,
    "i8": tf.int8, "i16": tf.int16, "i32": tf.int32, "i64": tf.int64, "string": tf.string,
    "u8": tf.uint8, "u16": tf.uint16, "u32": tf.uint32, "u64": tf.uint64,
}  # fmt: skip
ELEMENTS = {kind: name for name, kind in _TYPES.items()}


def dtype(name: str) -> Any:
    """TensorFlow's type for the name of an element type, or for a name of its own (`complex64`)."""
    return _TYPES.get(name) or tf.as_dtype(name)


def function(text: str) -> Callable[..., list[Any]]:
    """The program as a Python function on tensors, which `tf.function` can trace."""
    known = json.loads(text)

    def run(*inputs: Any) -> list[Any]:
        names = [f"input{i}" for i in range(len(inputs))]
        graph = _graph(known["nodes"], names, [x.dtype for x in inputs])
        wanted = [_reference(place, names) for place in known["outputs"]]
        made = tf.graph_util.import_graph_def(graph, dict(zip(names, inputs)), wanted, name="")
        return list(made)

    return run


def output_specs(text: str, inputs: Sequence[Any]) -> list[Any]:
    """Types and shapes of the outputs (`tf.TensorSpec`) for inputs that are specs, or arrays where they are known."""
    run = function(text)
    specs = [x for x in inputs if isinstance(x, tf.TensorSpec)]

    def traced(*given: Any) -> list[Any]:
        left = iter(given)
        return run(*[next(left) if isinstance(x, tf.TensorSpec) else tf.constant(x) for x in inputs])

    outputs = tf.function(traced).get_concrete_function(*specs).outputs
    return [tf.TensorSpec(o.shape, o.dtype) for o in outputs]


def _reference(place: Sequence[int], names: Sequence[str]) -> str:
    return f"{names[place[1]]}:0" if place[0] < 0 else f"node{place[0]}:{place[1]}"


def _graph(nodes: Sequence[dict[str, Any]], names: Sequence[str], types: Sequence[Any]) -> Any:
    """The nodes as a GraphDef whose inputs are placeholders."""
    graph = tf.compat.v1.GraphDef()
    for name, kind in zip(names, types):
        placeholder = graph.node.add(name=name, op="Placeholder")
        placeholder.attr["dtype"].type = kind.as_datatype_enum
    for k, node in enumerate(nodes):
        definition = op_def_registry.get(node["op"])
        if definition is None:
            remedy = "Install the release that made the model."
            raise UsageError(f'this TensorFlow has no operation "{node["op"]}"', remedy)
        made = graph.node.add(name=f"node{k}", op=node["op"])
        made.input.extend(_reference(place, names) for place in node["inputs"])
        kinds = {a.name: a.type for a in definition.attr}
        for name, (_, value) in node["attributes"].items():
            if name in kinds:
                _set(made.attr[name], kinds[name], value)
    return graph


_FIELDS = {"int": "i", "float": "f", "bool": "b", "string": "s", "type": "type", "shape": "shape"}


def _set(attribute: Any, kind: str, value: Any) -> None:
    """Set an AttrValue of the kind that the op declares."""
    if kind.startswith("list("):
        inner = kind[5:-1]
        attribute.list.SetInParent()
        getattr(attribute.list, _FIELDS[inner]).extend(_one(inner, v) for v in value)
    elif kind == "shape":
        attribute.shape.CopyFrom(_one(kind, value))
    else:
        setattr(attribute, _FIELDS[kind], _one(kind, value))


def _one(kind: str, value: Any) -> Any:
    if kind == "type":
        return dtype(value).as_datatype_enum
    if kind == "shape":
        return tf.TensorShape(None if value is None else [None if d < 0 else d for d in value]).as_proto()
    return value.encode("utf-8", "surrogateescape") if kind == "string" else value
