"""Runs small Caffe networks: through the emitted files on the runtime, and through OpenCV's dnn module."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import mo_core
from mo_caffe import caffe_pb2

Array = np.ndarray[Any, Any]
Blobs = Mapping[str, Sequence[Array]]


def values(*shape: int, seed: int = 0) -> Array:
    """Normally distributed numbers."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def positive(*shape: int, seed: int = 0) -> Array:
    """Numbers from 0.5 to 1.5."""
    return np.random.default_rng(seed).uniform(0.5, 1.5, size=shape).astype(np.float32)


def layer(kind: str, bottoms: str, tops: str, rest: str = "", name: str = "") -> str:
    """One layer; its name is that of its first top unless another is given."""
    names = "".join(f' bottom: "{b}"' for b in bottoms.split()) + "".join(f' top: "{t}"' for t in tops.split())
    return f'layer {{ name: "{name or tops.split()[0] if name or tops else kind}" type: "{kind}"{names} {rest} }}\n'


def inputs_of(feeds: Mapping[str, Array]) -> str:
    """An Input layer for each array, with its shape."""
    text = ""
    for name, array in feeds.items():
        dims = " ".join(f"dim: {d}" for d in array.shape)
        text += layer("Input", "", name, f"input_param {{ shape {{ {dims} }} }}")
    return text


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def blob(array: Array) -> Any:
    """A BlobProto with packed values."""
    raw = array.astype("<f4").tobytes()
    message = caffe_pb2.BlobProto.FromString(b"\x2a" + varint(len(raw)) + raw)
    message.shape.dim.extend(array.shape)
    return message


def caffemodel(blobs: Blobs) -> bytes:
    """A trained network with these blobs by layer."""
    net = caffe_pb2.NetParameter(name=b"trained")
    for name, arrays in blobs.items():
        made = net.layer.add(name=name.encode())
        made.blobs.extend(blob(a) for a in arrays)
    return bytes(net.SerializeToString())


def write(folder: Path, text: str, blobs: Blobs | None) -> Path:
    """The files of a network; returns the path of the model."""
    (folder / "net.prototxt").write_text(text)
    if blobs is None:
        return folder / "net.prototxt"
    (folder / "net.caffemodel").write_bytes(caffemodel(blobs))
    return folder / "net.caffemodel"


def convert(text: str, blobs: Blobs | None = None, **options: Any) -> mo_core.Model:
    """The converted network, with every graph checked on the way."""
    with tempfile.TemporaryDirectory() as folder:
        model = mo_core.convert(write(Path(folder), text, blobs), check=True, **options)
        model.save(Path(folder) / "kept.xml")  # the windows are read while their file is there
        return model


def infer(xml: Path, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """The results by tensor name; inputs of other shapes are set first."""
    import openvino

    core = openvino.Core()
    model = core.read_model(xml)
    wanted = {p: list(_feed(p, feeds).shape) for p in model.inputs}
    if any(p.partial_shape.is_dynamic or list(p.shape) != shape for p, shape in wanted.items()):
        model.reshape(wanted)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    result = compiled([_feed(p, feeds) for p in compiled.inputs])
    return {name: np.array(result[port]) for port in compiled.outputs for name in port.names}


def _feed(port: Any, feeds: Mapping[str, Array]) -> Array:
    return next(feeds[name] for name in port.names if name in feeds)


def run(text: str, feeds: Mapping[str, Array], blobs: Blobs | None = None, **options: Any) -> dict[str, Array]:
    """Convert a network, write it, run it; without Input layers in `text` they are made from `feeds`."""
    if '"Input"' not in text and not text.lstrip().startswith("input:"):
        text = inputs_of(feeds) + text
    with tempfile.TemporaryDirectory() as folder:
        model = mo_core.convert(write(Path(folder), text, blobs), check=True, **options)
        return infer(model.save(Path(folder) / "model.xml"), feeds)


def opencv(text: str, feeds: Mapping[str, Array], blobs: Blobs | None = None) -> dict[str, Array]:
    """The same by OpenCV's dnn module."""
    import cv2

    if '"Input"' not in text and not text.lstrip().startswith("input:"):
        text = inputs_of(feeds) + text
    buffers = [np.frombuffer(content, np.uint8) for content in (text.encode(), caffemodel(blobs or {}))]
    net = cv2.dnn.readNetFromCaffe(*buffers)
    for name, array in feeds.items():
        net.setInput(array, name)
    names = net.getUnconnectedOutLayersNames()
    return dict(zip(names, map(np.array, net.forward(list(names)))))


def close(got: Array, want: Array, tolerance: float = 1e-5) -> None:
    """Equal shapes, and values that differ by no more than this part of the largest one."""
    assert got.shape == want.shape
    assert np.array_equal(np.isfinite(got), np.isfinite(want))
    finite = np.isfinite(want)
    limit = tolerance * max(1.0, float(np.abs(want[finite]).max(initial=0)))
    assert float(np.abs(got[finite] - want[finite]).max(initial=0)) <= limit


def same_as_opencv(
    text: str, feeds: Mapping[str, Array], blobs: Blobs | None = None, tolerance: float = 1e-5
) -> dict[str, Array]:
    """Check all outputs against OpenCV; returns ours."""
    got, want = run(text, feeds, blobs), opencv(text, feeds, blobs)
    for name, expected in want.items():
        close(got[name], expected, tolerance)
    assert want
    return got
