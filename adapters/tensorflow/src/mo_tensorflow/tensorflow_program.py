"""Computes a TensorFlow model with TensorFlow; run by `mo verify` in a process of its own, without mo."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow

v1 = tensorflow.compat.v1
_SERVING = "serve"
_OPERAND = re.compile(r"(.+)/placeholder_port_(\d+)")
"""What mo calls an input that takes the place of an operand."""


def load(task: dict[str, Any]) -> Any:
    """A function from arrays to arrays.

    Args:
        task: `model`: the path; `checkpoint`, `tags`, `signature`: of the options, empty when they are not given.
    """
    if task["model"].endswith((".keras", ".h5", ".hdf5")):
        return _Keras(task)
    return _Graph(task)


class _Keras:
    """A model that Keras saved."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.model = tensorflow.keras.models.load_model(task["model"], compile=False, safe_mode=True)
        if task["fixed"] or len(task["inputs"]) != len(self.model.inputs):
            raise NotImplementedError("a Keras model takes all of its inputs")
        names = [str(n) for n in getattr(self.model, "output_names", None) or ()]
        count = len(tensorflow.nest.flatten(self.model.outputs))
        if len(set(names)) != count:
            names = [f"output_{i}" for i in range(count)]
        known = [next((names.index(n) for n in wanted if n in names), None) for wanted in task["outputs"]]
        if None in known and len(known) == count:
            known = list(range(count))
        if None in known:
            raise NotImplementedError("an output in the middle of a Keras model")
        self.outputs = known
        self.info = {"version": tensorflow.__version__}

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        tensors = [tensorflow.constant(a) for a in arrays]
        made = self.model(tensors if len(tensors) > 1 else tensors[0], training=False)
        flat = tensorflow.nest.flatten(made)
        return [flat[i].numpy() for i in self.outputs]


class _Graph:
    """A graph in a session, with the variables that it has: any of its tensors can be fed and fetched."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.graph = tensorflow.Graph()
        self.session = v1.Session(graph=self.graph)
        self.keys: dict[str, str] = {}
        with self.graph.as_default():
            self._load(task)
        self.inputs = [self._tensor(names) for names in task["inputs"]]
        self.outputs = [self._tensor(names) for names in task["outputs"]]
        self.fixed = {}
        for name, value in task["fixed"].items():
            tensor = self._tensor([name])
            self.fixed[tensor] = np.asarray(value, tensor.dtype.as_numpy_dtype)
        self.info = {"version": tensorflow.__version__}

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        feeds = {t: a.astype(t.dtype.as_numpy_dtype) for t, a in zip(self.inputs, arrays)}
        distinct = list({t.name: t for t in self.outputs}.values())
        results = dict(zip([t.name for t in distinct], self.session.run(distinct, {**feeds, **self.fixed})))
        return [results[t.name] for t in self.outputs]

    def _load(self, task: dict[str, Any]) -> None:
        path = task["model"]
        if os.path.isdir(path) and any(n.startswith("saved_model.pb") for n in os.listdir(path)):
            self._saved_model(path, task)
            return
        meta = _meta(path)
        if meta:
            saver = v1.train.import_meta_graph(meta, clear_devices=True)
            prefix = task["checkpoint"] or meta.removesuffix(".meta")
            if saver is not None and os.path.exists(prefix + ".index"):
                saver.restore(self.session, prefix)
                return
        else:
            graph = v1.GraphDef()
            with open(path, "rb") as file:
                content = file.read()
            if task["text"]:
                from google.protobuf import text_format

                text_format.Parse(content, graph)
            else:
                try:
                    graph.ParseFromString(content)
                except Exception as e:
                    raise NotImplementedError("the file is not a GraphDef") from e
            tensorflow.graph_util.import_graph_def(graph, name="")
        self._restore(task["checkpoint"])

    def _saved_model(self, path: str, task: dict[str, Any]) -> None:
        tags = task["tags"] or [_SERVING]
        meta = v1.saved_model.load(self.session, tags, path)
        signatures = {k: s for k, s in meta.signature_def.items() if s.outputs and not k.startswith("__saved_model")}
        if not signatures:
            return
        default = "serving_default" if "serving_default" in signatures else min(signatures)
        signature = signatures[task["signature"] or default]
        for key, info in (*signature.inputs.items(), *signature.outputs.items()):
            self.keys[key] = info.name

    def _restore(self, checkpoint: str) -> None:
        """Give the variables what the checkpoint has; what is not in it makes the model one that is not computed."""
        kinds = ("Variable", "VariableV2", "VarHandleOp")
        variables = [op for op in self.graph.get_operations() if op.type in kinds]
        if not variables:
            return
        if not checkpoint:
            raise NotImplementedError("the graph has variables, and no checkpoint is given")
        reader = tensorflow.train.load_checkpoint(checkpoint)
        have = reader.get_variable_to_shape_map()
        for op in variables:
            name = next((n for n in (op.name, _shared(op)) if n in have), None)
            if name is None:
                raise NotImplementedError(f'the checkpoint has no variable "{op.name}"')
            assign = tensorflow.raw_ops.AssignVariableOp if op.type == "VarHandleOp" else None
            value = tensorflow.constant(reader.get_tensor(name))
            if assign is not None:
                self.session.run(assign(resource=op.outputs[0], value=value))
            else:
                self.session.run(v1.raw_ops.Assign(ref=op.outputs[0], value=value))

    def _tensor(self, names: Sequence[str]) -> Any:
        """The tensor with one of the names: a key of the signature, a name with its port, or an operation."""
        spelled = [self.keys[n] for n in names if n in self.keys]
        spelled += [n for n in names if ":" in n] + [f"{n}:0" for n in names if ":" not in n]
        for name in spelled:
            try:
                return self.graph.get_tensor_by_name(name)
            except (KeyError, ValueError):
                continue
        operand = _OPERAND.fullmatch(names[0])
        if operand:
            return self.graph.get_operation_by_name(operand[1]).inputs[int(operand[2])]
        raise NotImplementedError(f'the graph has no tensor "{names[0]}"')


def _shared(op: Any) -> str:
    try:
        return str(op.get_attr("shared_name").decode())
    except ValueError:
        return ""


def _meta(path: str) -> str:
    """The .meta file that a path means, or nothing."""
    if path.endswith(".meta"):
        return path
    if os.path.isdir(path):
        newest = tensorflow.train.latest_checkpoint(path)
        found = sorted(n for n in os.listdir(path) if n.endswith(".meta"))
        if newest and os.path.exists(newest + ".meta"):
            return str(newest + ".meta")
        return os.path.join(path, found[0]) if found else ""
    stem = os.path.splitext(path)[0]
    return stem + ".meta" if os.path.exists(stem + ".meta") and not path.endswith((".pb", ".pbtxt")) else ""
