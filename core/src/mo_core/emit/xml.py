"""Writer of the `.xml`: string writes in one traversal, bodies of control-flow ops included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TextIO

from mo_core.emit.control import write_bodies
from mo_core.emit.weights import WeightsWriter
from mo_core.ir import Constant, Graph, Node, Parameter, Result, Value
from mo_core.ir.types import ElementType, Shape

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
_SPECIAL = re.compile('[&<>"\n\t\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def writable(text: str) -> str:
    """The text with what XML cannot hold spelled out, so that different texts stay different.

    Control characters and bytes that are no UTF-8 (which readers keep as lone surrogates) become `\\x01`, `\\xb2`;
    other lone surrogates and non-characters become `\\ud800`.
    """
    return _UNWRITABLE.sub(_spelled, text) if _UNWRITABLE.search(text) else text


def _spelled(match: re.Match[str]) -> str:
    code = ord(match.group())
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
    return f"\\x{byte:02x}" if byte < 0x100 else f"\\u{byte:04x}"


def escape(text: str) -> str:
    """Text for an XML attribute, made writable."""
    return _SPECIAL.sub(lambda m: _ESCAPES.get(m.group()) or _spelled(m), text) if _SPECIAL.search(text) else text


def tensor_names(names: list[str]) -> str:
    """The `names` attribute: commas inside a name are escaped, and nothing else is."""
    return escape(",".join(n.replace(",", "\\,") for n in names))


def dims(shape: Shape) -> str:
    """The `<dim>` elements of a port; every dynamic dimension is -1."""
    return "".join([f"<dim>{d if isinstance(d, int) else -1}</dim>" for d in shape or ()])


class XmlWriter:
    """Writes one model; the weights of its constants go to `weights` on the way.

    Attributes:
        layers: how many layers were written, by IR type; respelled: names that XML cannot hold, as the model has them.
    """

    def __init__(self, out: TextIO, weights: WeightsWriter, version: int = 11) -> None:
        self._write, self._weights, self._version = out.write, weights, version
        self.layers: dict[str, int] = {}
        self.respelled: dict[str, None] = {}
        self._names: dict[str, int] = {}

    def model(self, graph: Graph, name: str, rt_info: Mapping[str, object]) -> None:
        """Write the whole file."""
        write = self._write
        write(f'<?xml version="1.0"?>\n<net name="{escape(name)}" version="{self._version}">\n')
        self.graph(graph)
        tag = "rt_info" if self._version >= 11 else "meta_data"
        write(f"\t<{tag}>\n")
        self._info(rt_info, "\t\t")
        write(f"\t</{tag}>\n</net>\n")

    def _info(self, info: Mapping[str, object], indent: str) -> None:
        for key, value in info.items():
            tag = re.sub(r"[^A-Za-z0-9_.-]", "_", key)
            tag = tag if tag[:1].isalpha() or tag[:1] == "_" else "_" + tag
            if isinstance(value, Mapping):
                self._write(f"{indent}<{tag}>\n")
                self._info(value, indent + "\t")
                self._write(f"{indent}</{tag}>\n")
            else:
                self._write(f'{indent}<{tag} value="{escape(str(value))}" />\n')

    def graph(self, graph: Graph) -> dict[Node, int]:
        """Write `<layers>` and `<edges>` of a graph or body; returns the layer ids of its nodes."""
        ids: dict[Node, int] = {}
        places: dict[Value, tuple[int, int]] = {}  # value -> (layer, port)
        edges: list[str] = []
        outer_names, self._names = self._names, {}
        self._write("\t<layers>\n")
        counter = 0
        for node in _file_order(graph):
            if isinstance(node, Constant):
                counter = self._constant(node, counter, places, edges)
                ids[node] = counter - 1
                continue
            ids[node] = counter
            self._layer(node, counter, places, edges)
            counter += 1
        self._write("\t</layers>\n\t<edges>\n")
        self._write("".join(edges))
        self._write("\t</edges>\n")
        self._names = outer_names
        return ids

    def _unique(self, name: str) -> str:
        seen = self._names.get(name)
        if seen is None:
            self._names[name] = 0
            return name
        while True:
            seen += 1
            self._names[name] = seen
            fresh = f"{name}_{seen}"
            if fresh not in self._names:
                self._names[fresh] = 0
                return fresh

    def _note(self, name: str) -> str:
        """The name in writable form, which is remembered when it differs."""
        written = writable(name)
        if written is not name:
            self.respelled[name] = None
        return written

    def _open(self, number: int, name: str, type_name: str, opset: str) -> None:
        self.layers[type_name] = self.layers.get(type_name, 0) + 1
        name = self._note(name)
        kind, version = escape(type_name), escape(opset)
        self._write(
            f'\t\t<layer id="{number}" name="{escape(self._unique(name))}" type="{kind}" version="{version}">\n'
        )

    def _layer(self, node: Node, number: int, places: dict[Value, tuple[int, int]], edges: list[str]) -> None:
        name = node.name or node.type_name
        if isinstance(node, Result):
            name = _result_name(node)
        self._open(number, name, node.type_name, node.opset)
        data = node.layer_data
        if data:
            shown = "".join([f' {key}="{escape(text)}"' for key, text in data])
            self._write(f"\t\t\t<data{shown} />\n")
        self._rt_info(node.rt_info, "\t\t\t")
        if node.operands:
            self._write("\t\t\t<input>\n")
            for i, v in enumerate(node.operands):
                self._port(i, v, "", "\t\t\t\t")
                layer, port = places[v]
                edges.append(
                    f'\t\t<edge from-layer="{layer}" from-port="{port}" to-layer="{number}" to-port="{i}" />\n'
                )
            self._write("\t\t\t</input>\n")
        if node.results:
            self._write("\t\t\t<output>\n")
            for i, v in enumerate(node.results):
                places[v] = number, len(node.operands) + i
                names = tensor_names([self._note(n) for n in v.names])
                self._port(len(node.operands) + i, v, names, "\t\t\t\t", node.port_info.get(i))
            self._write("\t\t\t</output>\n")
        if node.bodies:
            write_bodies(self, self._write, node)
        self._write("\t\t</layer>\n")

    def _port(
        self, number: int, v: Value, names: str, indent: str, info: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        head = f'{indent}<port id="{number}" precision="{v.element.precision}"'
        if names:
            head += f' names="{names}"'
        inner = dims(v.shape)
        if inner or info:
            self._write(f"{head}>{inner}")
            self._rt_info(info, "")
            self._write("</port>\n")
        else:
            self._write(f"{head} />\n")

    def _rt_info(self, info: Mapping[str, Mapping[str, str]] | None, indent: str) -> None:
        if not info:
            return
        self._write(f"{indent}<rt_info>")
        for name, attributes in info.items():
            rest = "".join(f' {k}="{escape(v)}"' for k, v in attributes.items())
            self._write(f'<attribute name="{name}" version="0"{rest} />')
        self._write("</rt_info>\n" if indent else "</rt_info>")

    def _constant(self, node: Constant, number: int, places: dict[Value, tuple[int, int]], edges: list[str]) -> int:
        """A Const layer, with a Convert after it when the tensor is stored in a smaller type; returns the next id."""
        stored, offset, length = self._weights.add(node.value, node.stored_as, node.label)
        compressed = stored is not node.element
        name = node.name or "Constant"
        self._open(number, f"{name}_compressed" if compressed else name, "Const", "opset1")
        shape = ",".join(map(str, node.value.shape))
        self._write(f'\t\t\t<data element_type="{stored.name}" shape="{shape}" offset="{offset}" size="{length}" />\n')
        self._rt_info(node.rt_info, "\t\t\t")
        names = "" if compressed else tensor_names([self._note(n) for n in node.names])
        self._write("\t\t\t<output>\n")
        self._const_port(0, stored, node.shape, names)
        self._write("\t\t\t</output>\n\t\t</layer>\n")
        places[node] = number, 0
        if not compressed:
            return number + 1
        self._open(number + 1, name, "Convert", "opset1")
        self._write(f'\t\t\t<data destination_type="{node.element.name}" />\n')
        self._rt_info({"decompression": {}}, "\t\t\t")
        self._write("\t\t\t<input>\n")
        self._const_port(0, stored, node.shape, "")
        self._write("\t\t\t</input>\n\t\t\t<output>\n")
        self._const_port(1, node.element, node.shape, tensor_names(node.names))
        self._write("\t\t\t</output>\n\t\t</layer>\n")
        edges.append(f'\t\t<edge from-layer="{number}" from-port="0" to-layer="{number + 1}" to-port="0" />\n')
        places[node] = number + 1, 1
        return number + 2

    def _const_port(self, number: int, element: ElementType, shape: Shape, names: str) -> None:
        attribute = f' names="{names}"' if names else ""
        inner = dims(shape)
        end = f">{inner}</port>\n" if inner else " />\n"
        self._write(f'\t\t\t\t<port id="{number}" precision="{element.precision}"{attribute}{end}')


def _file_order(graph: Graph) -> list[Node]:
    """Inputs first and in order, then the nodes, then outputs in order: the runtime numbers both by file order."""
    outputs = set(graph.outputs)
    inputs = set(graph.inputs)
    middle = [n for n in graph if n not in inputs and n not in outputs]
    return [*graph.inputs, *middle, *graph.outputs]


def _result_name(node: Result) -> str:
    source = node.source
    if isinstance(source, Parameter) and node.name in source.names:  # an input may be several outputs
        return f"{node.name}/sink_port_0"
    return f"{source.node.name or source.node.type_name}/sink_port_{source.index}"
