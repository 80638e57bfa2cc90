"""Computes an MXNet model with MXNet; run by `mo verify` in a process of its own, with any Python that has MXNet."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

warnings.filterwarnings("ignore")
for _name, _kind in (("bool", bool), ("int", int), ("float", float), ("object", object), ("complex", complex)):
    if _name not in np.__dict__:  # MXNet is older than their removal
        setattr(np, _name, _kind)
os.environ.setdefault("MXNET_STORAGE_FALLBACK_LOG_VERBOSE", "0")
os.environ.setdefault("MXNET_SUBGRAPH_VERBOSE", "0")

import mxnet  # noqa: E402


class load:
    """The bound network.

    Args:
        task: `symbol`: the path of the network; `params`: files with parameters, of which later ones count.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        if task["fixed"]:
            raise NotImplementedError("inputs that are frozen")
        with open(task["symbol"], encoding="utf-8") as file:
            text = file.read()
        self.shapes = '"is_np_shape"' in text
        with mxnet.util.np_shape(self.shapes):
            symbol = mxnet.sym.load_json(text)
            inside = symbol.get_internals()
            chosen = [_found(inside, names) for names in task["outputs"]]
            self.symbol = mxnet.sym.Group(chosen)
            self.arguments, self.states = self.symbol.list_arguments(), set(self.symbol.list_auxiliary_states())
            self.params: dict[str, Any] = {}
            for path in task["params"]:
                for key, value in mxnet.nd.load(path).items():
                    self.params[key.partition(":")[2] or key] = value
        self.inputs = [next((n for n in names if n in self.arguments), "") for names in task["inputs"]]
        if "" in self.inputs:
            name = task["inputs"][self.inputs.index("")][0]
            raise NotImplementedError(f'the network has no argument "{name}"')
        self.executor: Any = None
        self.bound: dict[str, Any] = {}
        self.info = {"version": mxnet.__version__}

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        with mxnet.util.np_shape(self.shapes):
            given = dict(zip(self.inputs, map(_array, arrays)))
            if self.executor is None or any(self.bound[n] != x.shape for n, x in given.items()):
                self._bind(given)
            outputs = self.executor.forward(is_train=False, **given)
            return [y.asnumpy() for y in outputs]

    def _bind(self, given: dict[str, Any]) -> None:
        known = {**self.params, **given}
        missing = [n for n in (*self.arguments, *self.states) if n not in known]
        if missing:  # labels and the like, which no output depends on
            shapes = {n: x.shape for n, x in known.items() if n in self.arguments}
            arguments, _, states = self.symbol.infer_shape(**shapes)
            every = {**dict(zip(self.arguments, arguments)), **dict(zip(self.symbol.list_auxiliary_states(), states))}
            known.update({n: mxnet.nd.zeros(every[n]) for n in missing})
        self.bound = {n: x.shape for n, x in given.items()}
        arguments = {n: known[n] for n in self.arguments}
        states = {n: known[n] for n in self.states}
        self.executor = self.symbol.bind(mxnet.cpu(), args=arguments, aux_states=states, grad_req="null")


def _found(inside: Any, names: Sequence[str]) -> Any:
    """The output with one of the names."""
    have = inside.list_outputs()
    for name in (*(n for n in names if n in have), *(f"{n}_output" for n in names)):
        if name in have:
            return inside[name]
    raise NotImplementedError(f'the network has no output "{names[0]}"')


def _array(a: Any) -> Any:
    return mxnet.nd.array(a, dtype=a.dtype) if a.ndim else mxnet.np.array(a, dtype=a.dtype).as_nd_ndarray()
