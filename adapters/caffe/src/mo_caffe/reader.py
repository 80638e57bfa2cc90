"""A Caffe network as a graph of `Foreign` nodes: bottoms first, then the learned blobs as constants."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_caffe.blobs import tensor_of
from mo_caffe.custom_layers import CUSTOM, CustomLayer, read_mapping
from mo_caffe.mean import mean_images
from mo_caffe.network import Layer, Network, read_network
from mo_caffe.network import Value as Top
from mo_caffe.python_layers import parse_param_str
from mo_caffe.registry import BOTTOMS, PARAM_STR
from mo_core.errors import ModelError, UsageError
from mo_core.frontend import SourceModel
from mo_core.ir import Constant, Foreign, Graph, Value, constant
from mo_core.ir import types as t
from mo_core.ir.sources import read_source
from mo_core.ir.tensor import MappedFile
from mo_core.ir.types import Dim, Dynamic, Shape

if TYPE_CHECKING:
    from mo_core.options import Options

SEVERAL = frozenset(("Convolution", "Deconvolution", "Im2col", "DepthwiseConvolution", "ConvolutionDepthwise"))
"""Layers that do the same to each bottom, and have one top for each."""

MAX_ELEMENTS = 2**31 - 1
"""Caffe counts the values of a blob in an `int`."""


def read(source: Any, options: Options) -> SourceModel:
    """Read a .caffemodel with its .prototxt, or either of them alone.

    Raises ModelError for damaged files and for files that do not belong together, UsageError for missing ones.
    """
    model, description, notes = files_of(Path(source), options.get("input_proto"))
    file = MappedFile(model) if model is not None else None
    try:
        text = content(description) if description is not None else None
        weights = file.buffer if file is not None else None
        network = read_network(
            text,
            weights,
            phase=options.get("caffe_phase") or "TEST",
            stages=options.get("caffe_stage") or (),
            level=options.get("caffe_level"),
            forget=file.forget if file is not None else None,
        )
        mapping = read_mapping(options.get("k"))
        reader = _Reader(network, file, mapping)
        graph = reader.graph()
        means = mean_images(graph, options) if options.get("mean_file") else {}
    except ModelError as e:
        raise e.note(" with ".join(f'"{p}"' for p in (description, model) if p is not None)) from None
    return SourceModel(graph, name=network.name, notes=[*notes, *reader.notes], mean_images=means)


def files_of(source: Path, given: Any) -> tuple[Path | None, Path | None, list[str]]:
    """The .caffemodel and the .prototxt, as far as they are there, and what to tell about that."""
    if given is not None:
        description = Path(given)
        if not description.is_file():
            raise UsageError(f'there is no file "{description}"', "Give the network's .prototxt with --input_proto.")
        return (None if source == description and _is_text(source) else source), description, []
    if _is_text(source):
        weights = source.with_suffix(".caffemodel")
        if weights.is_file():
            return weights, source, [f'the weights are those of "{weights.name}", which is next to the .prototxt.']
        return None, source, [f'there is no "{weights.name}" next to the .prototxt, so that no layer has weights.']
    description = source.with_suffix(".prototxt")
    if description.is_file():
        return source, description, []
    note = f'there is no "{description.name}"; the network in the .caffemodel is taken, perhaps that of the training.'
    return source, None, [note]


def _is_text(path: Path) -> bool:
    """True for a description: by its suffix, or by what is in it when it is called otherwise."""
    suffix = path.suffix.lower()
    if suffix in (".prototxt", ".caffemodel"):
        return suffix == ".prototxt"
    with open(path, "rb") as file:
        return b"\0" not in file.read(4096)


def content(path: Path) -> bytes:
    try:
        return read_source(path)
    except OSError as e:
        raise ModelError(f'cannot read "{path}": {e.strerror or e}') from e


class _Reader:
    """Builds the graph of one network."""

    def __init__(self, network: Network, file: MappedFile | None, mapping: Mapping[str, CustomLayer]) -> None:
        self._network, self._file, self._mapping = network, file, mapping
        self._values: dict[Top, Value] = {}
        self._constants: dict[int, Constant] = {}
        self._graph = Graph(network.name)
        self._blobs = {v.name for layer in network.layers for v in layer.outputs}
        self._input_names = {v.name for layer in network.layers if layer.type == "Input" for v in layer.outputs}
        self.notes: list[str] = []

    def graph(self) -> Graph:
        """The whole network."""
        if any(layer.type == "CROP" for layer in self._network.layers):
            from mo_caffe.crop import state_offsets

            state_offsets(self._network.layers)
        for layer in self._network.layers:
            try:
                self._layer(layer)
            except ModelError as e:
                raise e.note(f'layer "{layer.name}" ({layer.type})') from None
        self._outputs()
        return self._graph

    def _layer(self, layer: Layer) -> None:
        if layer.type == "Input":
            self._inputs(layer)
            return
        if layer.type in SEVERAL and len(layer.inputs) == len(layer.outputs) > 1:
            for number, (bottom, top) in enumerate(zip(layer.inputs, layer.outputs)):
                self._node(layer, (bottom,), (top,), f"{layer.name}/{number}" if number else layer.name)
            return
        self._node(layer, layer.inputs, layer.outputs, layer.name)

    def _node(self, layer: Layer, bottoms: tuple[Top, ...], tops: tuple[Top, ...], name: str) -> None:
        slots = [self._values[v] for v in bottoms] + [self._blob(layer, i) for i in range(len(layer.blobs))]
        op, given = self._meaning(layer, len(bottoms))
        node = Foreign("caffe", op, slots, given, max(len(tops), 1), name=name)
        self._graph.add(node)
        for top, value in zip(tops, node.results):
            self._define(top, value)

    def _meaning(self, layer: Layer, bottoms: int) -> tuple[str, dict[str, Any]]:
        """The source op that a layer is, and its attributes."""
        custom = self._mapping.get(layer.type)
        if custom is not None:
            return CUSTOM, {"layer": custom.attributes(layer), "type": layer.type, BOTTOMS: bottoms}
        if layer.type == "Python":
            python = layer.fields.get("python_param", {})
            given = parse_param_str(python.get("param_str", ""))
            return f"{python.get('module', '')}.{python.get('layer', '')}", {PARAM_STR: given, BOTTOMS: bottoms}
        return layer.type, {**layer.fields, BOTTOMS: bottoms}

    def _blob(self, layer: Layer, index: int) -> Constant:
        """What a layer learned; a blob that layers share is one constant."""
        blob = layer.blobs[index]
        known = self._constants.get(id(blob))
        if known is None:
            known = constant(tensor_of(blob, self._file))
            known.name = f"{layer.name}/blob{index}"
            known.origin = (layer.name,)
            self._graph.add(known)
            self._constants[id(blob)] = known
        return known

    def _inputs(self, layer: Layer) -> None:
        shapes = layer.fields.get("input_param", {}).get("shape", [])
        if len(shapes) > 1 and len(shapes) != len(layer.outputs):
            raise ModelError(f"there are {len(layer.outputs)} tops and {len(shapes)} shapes")
        for index, top in enumerate(layer.outputs):
            shape = shapes[index if len(shapes) > 1 else 0] if shapes else None
            parameter = self._graph.add_input(top.name, t.f32, _shape(shape))
            if len(layer.outputs) == 1:
                parameter.name, parameter.origin = layer.name, (layer.name,)
            self._values[top] = parameter
        transform = layer.fields.get("transform_param", {})
        if transform:
            told = ", ".join(f"{name} {value}" for name, value in transform.items())
            self.notes.append(
                f'the training transformed "{layer.name}" ({told}), which the model does not do; '
                "--mean_values, --mean_file and --scale_values make it do so."
            )

    def _define(self, top: Top, value: Value) -> None:
        self._values[top] = value
        if top.final:
            value.names.append(self._tensor_name(top))

    def _tensor_name(self, top: Top) -> str:
        """The name of the blob; an input keeps its own, so that what is computed in place there has the layer's."""
        if top.name not in self._input_names:
            return top.name
        name = top.layer.name
        return name if name not in self._blobs else f"{name}/{top.name}"

    def _outputs(self) -> None:
        """What no layer reads. An input that no layer reads goes: it was there for a loss, mostly."""
        outputs = [v for v in self._network.outputs if v.layer.type != "Input"]
        if not outputs:
            raise ModelError("the network computes nothing", "Give one with a layer whose top no other layer reads.")
        for top in outputs:
            self._graph.add_output(self._values[top], self._tensor_name(top))
        for parameter in [p for p in self._graph.inputs if not p.uses]:
            self._graph.remove_input(parameter)
            self.notes.append(f'no layer reads the input "{parameter.label}", which is left out.')


def _shape(shape: Mapping[str, Any] | None) -> Shape:
    """Dimensions of an input; 0 and -1 stand for any."""
    if shape is None:
        return None
    dims: list[Dim] = []
    for d in shape.get("dim", []):
        if d < -1:
            raise ModelError(f"the dimension {d} of an input is impossible", "Give a positive one, or -1 for any.")
        dims.append(d if d > 0 else Dynamic())
    if math.prod(d for d in dims if isinstance(d, int)) > MAX_ELEMENTS:
        raise ModelError(f"an input of shape {t.format_shape(tuple(dims))} has more values than a Caffe blob can hold")
    return tuple(dims)
