"""From the files to a graph of source ops: one `Foreign` node for each section, weights as constants."""

from pathlib import Path

from mo_core.errors import ModelError, MoError, UsageError
from mo_core.frontend import SourceModel
from mo_core.ir import Foreign, Graph, Value, constant
from mo_core.ir.tensor import Mapped, MappedFile, Tensor, transposed
from mo_core.ir.types import f32
from mo_darknet import sizes
from mo_darknet.cfg import Section, read_sections, refuse_pointer

_SOURCES = {"route": "layers", "shortcut": "from", "scale_channels": "from", "sam": "from"}
"""Layers that read earlier ones, by the key that names them."""
_TRAINING = frozenset(
    """stopbackward train_only_bn learning_rate_scale onlyforward burnin_update wait_stream stream keep_delta_gpu
    grad_centr dontloadscales flip angle saturation exposure shift hue noloss weights_normalization""".split()
)
"""Keys without a meaning for the result."""


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
        self._inputs_first = major > 1000 or minor > 1000

    def take(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """The next tensor; a matrix has a row for each output, whatever the file has."""
        turned = name == "matrix" and self._inputs_first
        tensor = Mapped(self._file, self._at, f32, shape[::-1] if turned else shape)
        self._at += tensor.nbytes
        return transposed(tensor, (1, 0)) if turned else tensor

    def finish(self) -> None:
        """Raise ModelError when the layers leave something over."""
        if self._at != self._file.size:
            fact = f'"{self._file.path}" has {self._file.size - self._at} bytes more than the layers need'
            raise ModelError(fact, "Give the .cfg that belongs to it.")


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
    graph, size = Graph(), sizes.of_input(net)
    last: Value = graph.add_input("data", f32, (1, *size) if "height" in net.keys else (1, *size[:1]))
    values: list[Value] = []
    known: list[sizes.Size] = []
    for layer in layers:
        rule = sizes.rule(layer)
        named = layer.layers(_SOURCES[layer.kind]) if layer.kind in _SOURCES else []
        try:
            found = rule(layer, known[-1] if known else size, [known[i] for i in named])
            if min(found.size) < 1:
                raise ModelError(f"the size is {tuple(found.size)}", "Give [net] a larger width and height.")
            learned = [constant(weights.take(name, shape)) for name, shape in found.weights]
        except MoError as e:
            e.note(layer.place())
            raise
        if layer.kind == "yolo":
            layer.keys["cell"] = (size.height / found.size.height, size.width / found.size.width)
        inputs = [*([] if layer.kind == "route" else [last]), *(values[i] for i in named), *learned]
        given = {k: v for k, v in layer.keys.items() if k not in _TRAINING}
        name = f"{layer.kind}_{layer.number}"
        last = graph.add(Foreign("darknet", layer.kind, inputs, given, name=name))
        last.names.append(name)
        values.append(last)
        known.append(found.size)
    for value in values:
        if not value.uses:
            graph.add_output(value)
    return graph
