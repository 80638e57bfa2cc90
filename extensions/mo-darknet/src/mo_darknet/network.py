"""From the files to a graph of source ops: one `Foreign` node for each section, weights as constants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mo_core.errors import ModelError, UsageError
from mo_core.frontend import SourceModel
from mo_core.ir import Foreign, Graph, Node, Value, constant
from mo_core.ir.tensor import Mapped, MappedFile, transposed
from mo_core.ir.types import f32
from mo_darknet import sizes
from mo_darknet.cfg import Section, read_sections, refuse_pointer

_SOURCES = {"route": "layers", "shortcut": "from", "scale_channels": "from", "sam": "from"}
"""Layers that read earlier ones, by the key that names them."""


class Weights:
    """The weights of a network: float32 one after the other, as the layers need them. Nothing is read but the header.

    The header is three int32 (the version) and the number of images seen: int64 since version 0.2, int32 before.
    """

    def __init__(self, path: Path) -> None:
        self._file = MappedFile(path)
        refuse_pointer(path, bytes(self._file.buffer[:64]))
        major, minor = (int.from_bytes(self._file.window(at, 4), "little", signed=True) for at in (0, 4))
        if not (0 <= major < 10_000 and 0 <= minor < 10_000):
            raise ModelError(f'"{path}" has version {major}.{minor}', "Give a .weights that Darknet wrote.")
        self._at = 20 if major * 10 + minor >= 2 and major < 1000 and minor < 1000 else 16
        self._file.window(0, self._at)
        self.inputs_first = major > 1000 or minor > 1000
        """Matrices of `connected` have a row for each input."""

    def take(self, shape: tuple[int, ...]) -> Mapped:
        """The next tensor."""
        tensor = Mapped(self._file, self._at, f32, shape)
        self._at += tensor.nbytes
        return tensor

    def finish(self) -> None:
        """Raise ModelError when the layers leave something over."""
        if self._at != self._file.size:
            over = self._file.size - self._at
            raise ModelError(
                f'"{self._file.path}" has {over} bytes more than the layers need',
                "Give the .cfg that belongs to it.",
            )


def read(path: Path, weights_path: str | None) -> SourceModel:
    """Read a network from either of its files."""
    cfg = path.with_suffix(".cfg") if path.suffix.lower() == ".weights" else path
    found = Path(weights_path) if weights_path else path if cfg is not path else path.with_suffix(".weights")
    for file in (cfg, found):
        if not file.is_file():
            raise UsageError(f'there is no file "{file}"', "Name the .weights with --input_weights, and give the .cfg.")
    sections, weights = read_sections(cfg), Weights(found)
    graph = _graph(sections[0], sections[1:], weights)
    weights.finish()
    return SourceModel(graph, name=cfg.stem)


def _graph(net: Section, layers: list[Section], weights: Weights) -> Graph:
    graph = Graph()
    size = sizes.of_input(net)
    first = (size.elements,) if "inputs" in net.keys else tuple(size)
    values: list[Value] = []
    known: list[sizes.Size] = []
    data: Value = graph.add_input("data", f32, (1, *first))
    for layer in layers:
        rule = sizes.rule(layer)
        reads = layer.layers(_SOURCES[layer.kind]) if layer.kind in _SOURCES else []
        before = known[-1] if known else size
        try:
            found = rule(layer, before, [known[i] for i in reads])
            if min(found.size) < 1:
                raise ModelError(f"the size is {found.size}", "Give [net] a larger width and height.")
            learned = [_learned(weights, name, shape) for name, shape in found.weights]
        except ModelError as e:
            e.note(layer.place())
            raise
        inputs = [values[i] for i in reads] + learned
        if layer.kind != "route":
            inputs.insert(0, values[-1] if values else data)
        given = dict(layer.keys)
        if layer.kind in ("yolo", "region"):
            given["cell"] = (net.whole("height") / found.size.height, net.whole("width") / found.size.width)
        values.append(_add(graph, layer, inputs, given))
        known.append(found.size)
    for value in values:
        if not value.uses:
            graph.add_output(value, value.node.name)
    return graph


def _learned(weights: Weights, name: str, shape: tuple[int, ...]) -> Value:
    if name == "matrix" and weights.inputs_first:
        return constant(transposed(weights.take(shape[::-1]), (1, 0)))
    return constant(weights.take(shape))


def _add(graph: Graph, layer: Section, inputs: list[Value], given: dict[str, Any]) -> Node:
    for value in inputs:
        if value.node.graph is None:
            graph.add(value.node)
    node = Foreign("darknet", layer.kind, inputs, given, name=f"{layer.kind}_{layer.number}")
    graph.add(node)
    node.names.append(node.name)
    return node
