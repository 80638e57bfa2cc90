"""Computes an ONNX model with ONNX Runtime; run by `mo verify` in a process of its own, without mo."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime

_MESSAGES_OFF = 4
_DTYPES = {
    f"tensor({name})": np.dtype({"float": "float32", "double": "float64"}.get(name, name))
    for name in ("float", "double", "float16", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")
}


class load:
    """The session, with no optimisation that could change a result.

    Args:
        task: `model`: the path; `inputs` and `outputs`: the names of each, which may be in the middle of the model.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = _MESSAGES_OFF
        path = task["model"]
        model = _cut(path, task["inputs"], task["types"], task["outputs"])
        os.chdir(os.path.dirname(path) or ".")  # external data is looked for from here when the model is in memory
        self.session = onnxruntime.InferenceSession(model or path, options, providers=["CPUExecutionProvider"])
        self.inputs = [_known(names, [i.name for i in self.session.get_inputs()]) for names in task["inputs"]]
        self.outputs = [_known(names, [o.name for o in self.session.get_outputs()]) for names in task["outputs"]]
        self.types = {i.name: i.type for i in self.session.get_inputs()}
        self.fixed = {}
        for name, value in task["fixed"].items():
            kind = self.types[_known([name], list(self.types))]
            self.fixed[name] = np.asarray(value, _DTYPES.get(kind))
        self.info = {"version": onnxruntime.__version__}

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """The outputs in their order."""
        feeds = {name: _typed(a, self.types[name]) for name, a in zip(self.inputs, arrays)}
        feeds.update({name: _typed(a, self.types[name]) for name, a in self.fixed.items()})
        results: list[Any] = self.session.run(self.outputs, feeds)
        return results


def _known(names: Sequence[str], have: Sequence[str]) -> str:
    """The name that the session knows; raises NotImplementedError."""
    for name in names:
        if name in have:
            return name
    raise NotImplementedError(f'ONNX Runtime has no "{names[0]}"')


def _typed(array: Any, kind: str) -> Any:
    """An array, or an OrtValue where numpy lacks the type that the session wants."""
    if kind == "tensor(bfloat16)":
        raw = (np.asarray(array, np.float32).view(np.uint32) >> 16).astype(np.uint16)
        return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(raw, 16)
    return array.astype(object) if kind == "tensor(string)" else array


def _cut(path: str, inputs: Sequence[Sequence[str]], types: Sequence[str], outputs: Sequence[Sequence[str]]) -> bytes:
    """The part of the model between the inputs and outputs, when these are not those of the model; else nothing."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    graph = model.graph
    given, made = {i.name for i in graph.input}, {o.name for o in graph.output}
    if all(given & set(n) for n in inputs) and all(made & set(n) for n in outputs):
        return b""
    producers = {name: node for node in graph.node for name in node.output if name}
    known = given | set(producers)
    starts = {_known(n, [name for name in n if name in known]): kind for n, kind in zip(inputs, types)}
    ends = [_known(n, [name for name in n if name in known]) for n in outputs]
    work, kept, read = list(ends), set(), set()
    while work:
        name = work.pop()
        if name in read:
            continue
        read.add(name)
        node = producers.get(name) if name not in starts else None
        if node is not None and id(node) not in kept:
            kept.add(id(node))
            work.extend(_reads(node))
    nodes = [node for node in graph.node if id(node) in kept]
    wanted = [i for i in graph.input if i.name in read and i.name not in starts]
    for name, kind in starts.items():
        stated = next((i for i in graph.input if i.name == name), None)
        wanted.append(stated or onnx.helper.make_tensor_value_info(name, _ELEMENTS[kind], None))
    ports = [onnx.ValueInfoProto(name=name) for name in dict.fromkeys(ends)]
    parts: list[tuple[Any, list[Any]]] = [(graph.node, nodes), (graph.input, wanted), (graph.output, ports)]
    for field, content in parts:
        copies = [type(x).FromString(x.SerializeToString()) for x in content]
        del field[:]
        field.extend(copies)
    return bytes(model.SerializeToString())


_ELEMENTS = {
    "f32": 1,
    "u8": 2,
    "i8": 3,
    "u16": 4,
    "i16": 5,
    "i32": 6,
    "i64": 7,
    "string": 8,
    "boolean": 9,
    "f16": 10,
    "f64": 11,
    "u32": 12,
    "u64": 13,
    "bf16": 16,
}
"""The numbers of the element types in ONNX."""


def _reads(node: Any) -> list[str]:
    """The names that a node reads, those of its sub-graphs from outside included."""
    names = list(node.input)
    for attribute in node.attribute:
        for body in [attribute.g, *attribute.graphs]:
            inside = {i.name for i in body.input} | {i.name for i in body.initializer}
            for inner in body.node:
                names += [n for n in _reads(inner) if n not in inside]
                inside |= set(inner.output)
            names += [o.name for o in body.output if o.name not in inside]
    return [n for n in names if n]
