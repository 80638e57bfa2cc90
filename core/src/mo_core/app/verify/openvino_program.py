"""Computes an IR on the OpenVINO runtime; run by `worker.py`, without mo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
"""The runtime computes in f32, so that what differs is the model."""


class load:
    """The compiled model; `info` tells which outputs are missing, which nobody asked for, and whether order differs.

    Args:
        task: `xml`; `inputs` and `outputs`: lists of the names that each has in the source.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        core = openvino.Core()
        model = core.read_model(task["xml"])
        names = [names_of(p) for p in model.inputs]
        self.inputs = matched(task["inputs"], names)
        if None in self.inputs or len(self.inputs) != len(names):
            have, want = [n[0] for n in names], [n[0] for n in task["inputs"]]
            raise ValueError(f"the inputs of the IR are {have}, and those of the source are {want}")
        self.names = [names_of(p) for p in model.outputs]
        self.outputs = matched(task["outputs"], self.names)
        self.info = {
            "missing": [n[0] for n, place in zip(task["outputs"], self.outputs) if place is None],
            "extra": [n[0] if n else "(no name)" for i, n in enumerate(self.names) if i not in self.outputs],
            "order": [place for place in self.outputs if place is not None],
            "version": openvino.__version__.split("-")[0],
        }
        self.request = core.compile_model(model, "CPU", EXACT).create_infer_request()

    def reset(self) -> None:
        """Let the states begin anew."""
        self.request.reset_state()

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """Results in the order of `outputs`."""
        feeds = {}
        for place, array in zip(self.inputs, arrays):
            element = self.request.model_inputs[place].element_type
            shape = self.request.model_inputs[place].partial_shape
            if not shape.compatible(openvino.PartialShape(list(array.shape))):
                raise ValueError(f"an input of the IR has the shape {shape}, and the data {list(array.shape)}")
            feeds[place] = tensor(array, element)
        self.request.infer(feeds)
        return [None if p is None else content(self.request.get_output_tensor(p)) for p in self.outputs]


def tensor(array: Any, element: Any) -> Any:
    """An array in the type of the input."""
    if array.dtype.kind in "OSU" or element == openvino.Type.string:
        return openvino.Tensor(np.asarray(array, dtype=np.str_))
    if element == openvino.Type.bf16:
        return openvino.Tensor((array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16), array.shape, element)
    if element == openvino.Type.dynamic:
        return openvino.Tensor(np.ascontiguousarray(array))
    return openvino.Tensor(np.array(array, dtype=element.to_dtype(), order="C", ndmin=0))


def content(result: Any) -> Any:
    """A result as an array of its own."""
    if result.element_type == openvino.Type.string:
        return np.array(result.str_data)
    if result.element_type == openvino.Type.bf16:
        return np.array(result.data).view(np.uint16).astype(np.uint32).__lshift__(16).view(np.float32)
    return np.array(result.data)


def names_of(port: Any) -> list[str]:
    """The names of the tensor of an input or output; without any, those of the nodes there."""
    names = sorted(port.get_names())
    if names:
        return names
    node = port.get_node()
    names.append(node.get_friendly_name())
    if node.get_type_name() == "Result":
        names.append(node.input_value(0).get_node().get_friendly_name())
    return names


def matched(wanted: Sequence[Sequence[str]], have: Sequence[Sequence[str]]) -> list[int | None]:
    """For each list of names the place in `have`, or None; without any name in common, by place.

    `name` and `name:0` are the same: IRs of other tools have the first output of a node under either.
    """
    plain = [{n.removesuffix(":0") for n in names} for names in have]
    taken: set[int] = set()
    found: list[int | None] = []
    for names in wanted:
        spelled = [n.removesuffix(":0") for n in names]
        place = next((i for n in spelled for i, known in enumerate(plain) if i not in taken and n in known), None)
        found.append(place)
        if place is not None:
            taken.add(place)
    if not taken and len(wanted) == len(have):
        return list(range(len(have)))
    return found
