"""Gives the layers of a description the blobs of the trained network, and says where the two do not belong together."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from mo_caffe.caffemodel import Blob
from mo_caffe.schema import Plain
from mo_core.errors import ModelError, did_you_mean

_REMEDY = "Give the .caffemodel that was trained with this .prototxt."
_SHOWN = 10


def attach(layers: Sequence[Plain], trained: Sequence[Plain]) -> list[Plain]:
    """Return the layers with their `blobs`.

    Blobs go by the name of the layer, as in Caffe. Of layers that share name and type the first takes the blobs of the
    first, and so on; a name alone counts where the trained network has another type for it (a fork's convolution).
    Parameters that layers share by name are those of the first layer that has them.

    Raises:
        ModelError: a layer lacks blobs, has another number of them or other shapes than it describes; all such layers
            are in the message.
    """
    source = _Source(trained)
    shared: dict[str, Blob] = {}
    result, problems = [], []
    for layer in layers:
        name = layer.get("name", "")
        blobs = [] if _counts(layer) == {0} else source.take(name, layer.get("type", ""))
        problem = _share(layer, blobs, shared) or _mismatch(layer, blobs)
        if problem:
            others = [n for n in source.names if n != name]
            hint = did_you_mean(name, others) if not blobs else ""
            problems.append(f'layer "{name}" {problem}' + (f" ({hint})" if hint else ""))
        result.append({**layer, "blobs": blobs})
    if problems:
        more = f", and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise ModelError(f"the .caffemodel does not fit the .prototxt: {'; '.join(problems[:_SHOWN])}{more}", _REMEDY)
    return result


class _Source:
    """The trained layers, given out in order."""

    def __init__(self, trained: Sequence[Plain]) -> None:
        self.same: dict[tuple[str, str], deque[Plain]] = {}
        self.named: dict[str, deque[Plain]] = {}
        for layer in trained:
            name = layer.get("name", "")
            self.same.setdefault((name, layer.get("type", "")), deque()).append(layer)
            if layer.get("blobs"):
                self.named.setdefault(name, deque()).append(layer)
        self.names = list(self.named)

    def take(self, name: str, kind: str) -> list[Blob]:
        named = self.named.get(name, deque())
        waiting = self.same.get((name, kind), named)
        layer = waiting.popleft() if waiting else {}
        self.named[name] = deque(other for other in named if other is not layer)
        return list(layer.get("blobs", []))


def _share(layer: Plain, blobs: list[Blob], shared: dict[str, Blob]) -> str:
    """Replace the blobs that carry a name by the first of that name; say what is wrong with it."""
    for index, spec in enumerate(layer.get("param", [])):
        name = spec.get("name")
        if not name:
            continue
        if name not in shared:
            if index < len(blobs):
                shared[name] = blobs[index]
            continue
        owner = shared[name]
        if index > len(blobs):
            continue
        if index == len(blobs):
            blobs.append(owner)
        elif blobs[index].shape == owner.shape:
            blobs[index] = owner
        elif spec.get("share_mode") == "PERMISSIVE" and blobs[index].size == owner.size:
            blobs[index] = Blob(blobs[index].shape, owner.element, owner.windows)
        else:
            return f'shares "{name}", which has shape {list(owner.shape)}, and its own has {list(blobs[index].shape)}'
    return ""


# What a layer of Caffe must have learned ---------------------------------------------------------------------------


def _block(layer: Plain, name: str) -> Mapping[str, Any]:
    block: Mapping[str, Any] = layer.get(name, {})
    return block


def _counts(layer: Plain) -> set[int]:
    """The numbers of blobs that a layer may have; empty when that is not known."""
    kind, bottoms = layer.get("type", ""), len(layer.get("bottom", []))
    if kind in ("Convolution", "Deconvolution"):
        if bottoms > len(layer.get("top", [])):  # forks: filters that come from another layer
            return set()
        return {1 + _block(layer, "convolution_param").get("bias_term", True)}
    if kind in ("InnerProduct", "Embed"):
        block = "inner_product_param" if kind == "InnerProduct" else "embed_param"
        return {1 + _block(layer, block).get("bias_term", True)}
    if kind == "Scale":
        return {(bottoms == 1) + _block(layer, "scale_param").get("bias_term", False)}
    if kind == "Bias":
        return {int(bottoms == 1)}
    if kind == "BatchNorm":
        return {3, 5}  # 5: the fork that has Scale inside
    return {"PReLU": {1}, "Parameter": {1}, "LSTM": {3, 4}, "RNN": {5, 6}, "Input": {0}}.get(kind, set())


def _mismatch(layer: Plain, blobs: Sequence[Blob]) -> str:
    counts = _counts(layer)
    if counts and len(blobs) not in counts:
        if not blobs:
            return "has no blobs in it"
        return f"needs {' or '.join(map(str, sorted(counts)))} blobs and has {len(blobs)}"
    kind = layer.get("type", "")
    if blobs and kind in ("Convolution", "Deconvolution"):
        return _convolution_mismatch(layer, blobs)
    if blobs and kind == "InnerProduct":
        return _inner_product_mismatch(layer, blobs)
    return ""


def _convolution_mismatch(layer: Plain, blobs: Sequence[Blob]) -> str:
    block, shape = _block(layer, "convolution_param"), blobs[0].shape
    outputs, group = block.get("num_output", 0), block.get("group", 1)
    described = f"describes num_output {outputs}"
    if len(shape) < 2 or outputs != (shape[1] * group if layer["type"] == "Deconvolution" else shape[0]):
        return f"{described}, and its filters have shape {list(shape)}"
    if "kernel_h" in block and "kernel_w" in block:
        kernel = [block["kernel_h"], block["kernel_w"]]
    else:
        kernel = block.get("kernel_size", [])
        kernel = kernel * (len(shape) - 2) if len(kernel) == 1 else kernel
    if kernel and tuple(kernel) != shape[2:]:
        return f"describes kernel_size {kernel}, and its filters have shape {list(shape)}"
    return _bias_mismatch(described, outputs, blobs)


def _inner_product_mismatch(layer: Plain, blobs: Sequence[Blob]) -> str:
    block, shape = _block(layer, "inner_product_param"), blobs[0].shape
    outputs = block.get("num_output", 0)
    described = f"describes num_output {outputs}"
    rows = shape[-1 if block.get("transpose") else -2 :][:1]
    matrix = len(shape) == 2 or shape[:-2] == (1, 1)
    if not outputs or blobs[0].size % outputs or (matrix and rows != (outputs,)):
        return f"{described}, and its weights have shape {list(shape)}"
    return _bias_mismatch(described, outputs, blobs)


def _bias_mismatch(described: str, outputs: int, blobs: Sequence[Blob]) -> str:
    if len(blobs) > 1 and blobs[1].size != outputs:
        return f"{described}, and its bias has {blobs[1].size} values"
    return ""
