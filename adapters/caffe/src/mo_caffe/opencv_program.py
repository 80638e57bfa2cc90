"""Computes a Caffe model with the dnn module of OpenCV 4; run by `mo verify` in a process of its own, without mo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np


class load:
    """The network.

    Args:
        task: `proto` and `model`: the paths; the model may be empty, for a network without weights; `layers`: for each
            blob the layers that compute it, in place after the first, and which of their tops it is; `origins` of the
            outputs.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        if task["fixed"]:
            raise NotImplementedError("inputs that are frozen")
        if cv2.__version__.startswith("5"):
            raise NotImplementedError("OpenCV 5 computes no Caffe models")
        self.net = cv2.dnn.readNetFromCaffe(task["proto"], task["model"])
        self.net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
        enable = getattr(self.net, "enableFusion", None)
        if enable is not None:
            enable(False)
        if hasattr(self.net, "enableWinograd"):
            self.net.enableWinograd(False)
        self.inputs = [names[0] for names in task["inputs"]]
        pairs = zip(task["outputs"], task["origins"])
        self.outputs = [_layer(task["layers"], names, origins) for names, origins in pairs]
        self.info = {"version": cv2.__version__}

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        for name, array in zip(self.inputs, arrays):
            if array.dtype != np.float32:
                raise NotImplementedError(f"data of the type {array.dtype}")
            self.net.setInput(array, name)
        made = self.net.forwardAndRetrieve([layer for layer, _ in self.outputs])
        return [np.array(tops[port]) for tops, (_, port) in zip(made, self.outputs)]


def _layer(layers: dict[str, Any], names: Sequence[str], origins: Sequence[str]) -> Any:
    """The layer and the number of its top: of those that compute the blob the last one that the output comes from."""
    for name in names:
        if name in layers:
            return next((x for x in reversed(layers[name]) if x[0] in origins), layers[name][-1])
    raise NotImplementedError(f'the network has no blob "{names[0]}"')
