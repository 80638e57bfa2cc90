"""Inspecting an IR: the .xml is read as a stream, and the weights are not read at all."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Any

from mo_core.app.inspection import IR, Inspection, NodeLine, chosen
from mo_core.app.report import Port
from mo_core.errors import ModelError
from mo_core.ir import types as t

_TOP, _LAYER = 2, 3
"""Depths of elements: `net/rt_info`, `net/layers/layer`."""


def ir_of(source: Any) -> Path | None:
    """The .xml of an IR that a path names, or the only one in a folder of IR; None for anything else."""
    if not isinstance(source, (str, os.PathLike)):
        return None
    path = Path(source)
    if path.is_dir():
        found = [p for p in sorted(path.glob("*.xml")) if p.with_suffix(".bin").is_file()]
        return found[0] if len(found) == 1 else None
    if path.suffix.lower() != ".xml" or not path.is_file():
        return None
    with open(path, "rb") as file:
        return path if b"<net" in file.read(4096) else None


def inspect_ir(path: Path, nodes: str | None = None) -> Inspection:
    """What is in an IR; `nodes` as for models. Raises ModelError for what is no XML."""
    with open(path, "rb") as file:
        if b"<!DOCTYPE" in file.read(4096):
            raise ModelError(f'"{path}" declares a document type, which no IR does', "Convert the model again.")
    reader = _Reader()
    try:
        for event, element in ElementTree.iterparse(path, events=("start", "end")):
            reader.see(event, element)
    except ElementTree.ParseError as e:
        raise ModelError(f'"{path}" is damaged: {e}', "Convert the model again.") from e
    weights = path.with_suffix(".bin")
    files = {str(p): p.stat().st_size for p in (path, weights) if p.is_file()}
    notes = [] if weights.is_file() else [f'there is no "{weights.name}" next to it, so that it cannot be loaded.']
    return reader.inspection(files, notes, nodes)


class _Reader:
    """Collects what a stream of elements tells."""

    def __init__(self) -> None:
        self.depth, self.inside_info = 0, False
        self.net: dict[str, str] = {}
        self.layers: dict[str, NodeLine] = {}
        self.types: Counter[str] = Counter()
        self.opsets: Counter[str] = Counter()
        self.edges: dict[str, list[tuple[str, str]]] = {}
        self.info: dict[str, str] = {}
        self.ports: dict[tuple[str, str], Port] = {}

    def see(self, event: str, element: Any) -> None:
        """One event of the parser."""
        if event == "start":
            self.depth += 1
            self.inside_info |= element.tag == "rt_info" and self.depth == _TOP
            if self.depth == 1:
                self.net = dict(element.attrib)
            return
        if element.tag == "layer":
            if self.depth == _LAYER:
                self._layer(element)
            elif element.get("type") not in ("Const", "Parameter", "Result"):
                self.types[element.get("type", "")] += 1  # of a body
        if element.tag == "edge" and self.depth == _LAYER:
            source = element.get("from-layer", ""), element.get("from-port", "")
            self.edges.setdefault(element.get("to-layer", ""), []).append(source)
        if element.tag == "rt_info" and self.depth == _TOP:
            self._info(element)
        if self.depth <= _LAYER and not self.inside_info:
            element.clear()
        self.depth -= 1

    def _layer(self, element: Any) -> None:
        kind, number = element.get("type", ""), element.get("id", "")
        results = []
        for place in element.findall("output/port"):
            made = _port(place, element.get("name", ""))
            self.ports[number, place.get("id", "")] = made
            results.append(made)
        if kind not in ("Const", "Parameter", "Result"):
            self.types[kind] += 1
            self.opsets[element.get("version", "")] += 1
        size = element.find("data").get("size", "0") if kind == "Const" and element.find("data") is not None else "0"
        held = int(size) if size.isdigit() else 0
        self.layers[number] = NodeLine(element.get("name", ""), kind, (), tuple(results), held)

    def _info(self, element: Any) -> None:
        for child in element:
            if child.get("value"):
                self.info[child.tag] = child.get("value")
            elif child.tag == "conversion_parameters":
                given = [f"--{c.tag} {c.get('value', '')}" for c in child if c.tag != "framework"]
                self.info[child.tag] = " ".join(given)

    def inspection(self, files: dict[str, int], notes: list[str], nodes: str | None) -> Inspection:
        """All of it."""
        inputs = [n.results[0] for n in self.layers.values() if n.op == "Parameter" and n.results]
        outputs = []
        for number, layer in self.layers.items():
            if layer.op == "Result":
                sources = self.edges.get(number, [])
                outputs += [self.ports[s] for s in sources if s in self.ports]
        weights = sum(n.weights_bytes for n in self.layers.values() if n.op == "Const")
        facts = {
            "producer": self.info.get("MO_version") or self.info.get("Runtime_version", ""),
            "IR version": self.net.get("version", ""),
            "opsets": ", ".join(sorted((o for o in self.opsets if o), key=lambda o: (len(o), o))),
            "options": self.info.get("conversion_parameters", ""),
        }
        ops = dict(sorted(self.types.items(), key=lambda kind: (-kind[1], kind[0])))
        found = Inspection(IR, self.net.get("name", ""), inputs, outputs, ops, [], notes)
        found.facts = {key: text for key, text in facts.items() if text}
        found.files, found.weights_bytes = files, weights
        found.nodes = chosen(self._lines(), nodes)
        return found

    def _lines(self) -> list[NodeLine]:
        lines = []
        for number, layer in self.layers.items():
            if layer.op in ("Const", "Parameter", "Result"):
                continue
            sources = [(self.layers.get(n), self.ports.get((n, p))) for n, p in self.edges.get(number, ())]
            held = sum(s.weights_bytes for s, _ in sources if s is not None and s.op == "Const")
            read = [p.name for s, p in sources if s is not None and p is not None and s.op != "Const"]
            lines.append(NodeLine(layer.name, layer.op, tuple(dict.fromkeys(read)), layer.results, held))
        return lines


def _port(element: Any, layer: str) -> Port:
    """A port with its tensor names (separated by commas, which a backslash keeps in a name), type and shape."""
    text = element.get("names", "")
    names = [n.replace("\0", ",") for n in text.replace("\\,", "\0").split(",") if n]
    dims = [("?" if d.text == "-1" else d.text or "") for d in element.findall("dim")]
    precision = element.get("precision", "")
    kind = next((k.name for k in t.ELEMENT_TYPES.values() if k.precision == precision), precision.lower())
    return Port(names[0] if names else layer, tuple(names), kind, f"[{','.join(dims)}]")
