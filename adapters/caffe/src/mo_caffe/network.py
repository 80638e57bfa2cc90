"""A Caffe network as it runs: layers in order, every top a value of its own, learned blobs where they belong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mo_caffe.caffemodel import Blob, read_caffemodel
from mo_caffe.inference import inference_layers
from mo_caffe.prototxt import read_prototxt
from mo_caffe.schema import Plain
from mo_caffe.upgrade import upgrade
from mo_caffe.weights import attach
from mo_core.errors import ModelError, did_you_mean
from mo_core.frontend.wire import Buffer

_LEFT_OUT = "Layers of other phases and stages are left out; --caffe_phase and --caffe_stage choose them."


@dataclass(eq=False)
class Value:
    """One top of one layer; a layer that works in place makes a new value of the same name.

    Attributes:
        name: the name of the Caffe blob.
        layer: the layer that computes it.
        port: which of the layer's tops.
        uses: how many bottoms read it (`Silence` included).
        final: True for the last value of this name, the one that Caffe's blob holds after the run.
    """

    name: str
    layer: Layer = field(repr=False)
    port: int
    uses: int = 0
    final: bool = True


@dataclass(eq=False)
class Layer:
    """One layer.

    Attributes:
        name: unique in the network; a name that occurs twice gets a number.
        type: as in the file, "Convolution".
        fields: all other fields of the layer as plain data (see `schema`): `fields["pooling_param"]["kernel_size"]`.
        inputs: what the bottoms hold when the layer runs.
        outputs: the tops.
        blobs: what was learned; empty without a .caffemodel.
    """

    name: str
    type: str
    fields: Plain = field(repr=False)
    inputs: tuple[Value, ...] = ()
    outputs: tuple[Value, ...] = ()
    blobs: tuple[Blob, ...] = ()


@dataclass(eq=False)
class Network:
    """Layers in the order of execution, and the outputs by Caffe's rule: values that no layer reads."""

    name: str
    layers: list[Layer]
    outputs: list[Value]


def read_network(
    prototxt: bytes | None,
    weights: Buffer | None = None,
    *,
    phase: str = "TEST",
    stages: Sequence[str] = (),
    level: int | None = None,
    forget: Callable[[int, int], None] | None = None,
) -> Network:
    """Read a network from its description, its trained weights, or both.

    Args:
        prototxt: content of the .prototxt; None takes the description that the .caffemodel carries.
        weights: the mapped .caffemodel; None leaves all layers without blobs.
        phase: TEST or TRAIN; the layers of the other one are left out.
        stages: stages that hold, beside those of the network's own `state`.
        level: the level of the network; None: what its `state` says, or 0.
        forget: gives pages of the mapped .caffemodel back, (offset, length).

    Raises:
        ModelError: one of the files is wrong, or they do not belong together.
    """
    trained = read_caffemodel(weights, prototxt is None, forget) if weights is not None else None
    net = read_prototxt(prototxt) if prototxt is not None else trained
    if net is None:
        raise ModelError("there is neither a description nor a trained network to read")
    _require_layers(net, "the .prototxt" if prototxt is not None else "the .caffemodel")
    own = net.get("state", {})
    level = own.get("level", 0) if level is None else level
    state = {"phase": phase, "level": level, "stage": [*own.get("stage", []), *stages]}
    layers = inference_layers(upgrade(net), state if prototxt is not None else None)
    if trained is not None:
        layers = attach(layers, upgrade(trained))
    return _connect(net.get("name", ""), layers)


def _require_layers(net: Plain, source: str) -> None:
    if net.get("layer") or net.get("layers"):
        return
    if "net" in net or "train_net" in net or "base_lr" in net:
        raise ModelError(f"{source} describes a solver", 'Give the network that it names ("net" or "test_net").')
    if "node" in net or "graph_def" in net:
        raise ModelError(f"{source} is a TensorFlow graph, not a Caffe network", "Convert it with mo-tensorflow.")
    raise ModelError(f"{source} has no layers", "Give the description of a network, with at least one layer.")


def _connect(name: str, layers: Iterable[Plain]) -> Network:
    """Resolve names: in-place blobs, duplicate layers, unknown bottoms."""
    network = Network(name, [], [])
    silenced: list[Value] = []
    current: dict[str, Value] = {}
    taken: dict[str, int] = {}  # how often a name was wanted
    for source in layers:
        bottoms, tops = source.get("bottom", []), source.get("top", [])
        if source.get("type") == "Silence":
            silenced.extend(current[bottom] for bottom in bottoms if bottom in current)
            continue
        if _is_copy(source) and bottoms[0] in current:
            current.update(dict.fromkeys(tops, current[bottoms[0]]))
            continue
        layer = _layer(source, taken)
        layer.inputs = tuple(_use(layer, bottom, current) for bottom in bottoms)
        layer.outputs = tuple(Value(top, layer, port) for port, top in enumerate(tops))
        for value in layer.outputs:
            _define(value, bottoms, current)
        network.layers.append(layer)
    network.outputs = _outputs(network.layers, silenced)
    return network


def _outputs(layers: Sequence[Layer], silenced: Sequence[Value]) -> list[Value]:
    """What no layer reads. Where that computes nothing, results were read by name: what only `Silence` layers read."""
    unread = [v for layer in layers for v in layer.outputs if v.uses == 0]
    for value in silenced:
        value.uses += 1
    outputs = [v for v in unread if v.uses == 0]
    return outputs if any(v.layer.type != "Input" for v in outputs) else unread


def _is_copy(source: Plain) -> bool:
    """True for the layers that Caffe itself inserts into a network before it saves it."""
    kind, name = source.get("type"), source.get("name", "")
    return kind == "Split" and name.endswith("_split") and len(source.get("bottom", [])) == 1


def _layer(source: Plain, taken: dict[str, int]) -> Layer:
    fields = {key: value for key, value in source.items() if key not in ("name", "type", "bottom", "top", "blobs")}
    kind = source.get("type", "")
    base = name = source.get("name") or next(iter(source.get("top", [])), "") or kind
    if not kind:
        raise ModelError(f'layer "{base}" has no type', "Correct the description of the network.")
    while name in taken:
        taken[base] += 1
        name = f"{base}_{taken[base]}"
    taken[name] = 1
    return Layer(name, kind, fields, blobs=tuple(source.get("blobs", ())))


def _use(layer: Layer, bottom: str, current: dict[str, Value]) -> Value:
    value = current.get(bottom)
    if value is None:
        raise ModelError(
            f'layer "{layer.name}" reads "{bottom}", which no layer before it makes',
            did_you_mean(bottom, current) or _LEFT_OUT,
        )
    value.uses += 1
    return value


def _define(value: Value, bottoms: Sequence[Any], current: dict[str, Value]) -> None:
    before = current.get(value.name)
    if before is not None:
        if value.name not in bottoms:
            raise ModelError(
                f'layers "{before.layer.name}" and "{value.layer.name}" both make "{value.name}"',
                "Only a layer that reads a blob may write it again (in place).",
            )
        before.final = False
    current[value.name] = value
