"""The whole way through the command line: a model as text, options as users type them, results of the runtime."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mo_core.app import cli

EXTENSION = '''
from mo_core import hookimpl
from mo_core.frontend import Frontend, SourceModel
from mo_core.testing import parse


class Text(Frontend):
    """Graphs of OpenVINO ops as text: nothing is left to convert."""

    name, title, suffixes = "text", "Text", (".graph",)

    def read(self, source, options):
        return SourceModel(parse(source.read_text()), names_are_tensors=True)


@hookimpl
def mo_frontends():
    return [Text()]
'''


class Converted:
    """The files of one conversion."""

    def __init__(self, xml: Path) -> None:
        self.xml = xml
        self.net = ET.parse(xml).getroot()

    @property
    def layers(self) -> list[str]:
        """Types of the layers in order, without inputs, outputs and constants."""
        found = [layer.get("type", "") for layer in self.net.find("layers") or ()]
        return [kind for kind in found if kind not in ("Parameter", "Result", "Const")]

    def layer(self, name: str) -> ET.Element:
        """A layer by its name."""
        return next(layer for layer in self.net.find("layers") or () if layer.get("name") == name)

    def shape_of(self, name: str) -> list[int]:
        """The dims that the file states for the first result of a layer."""
        return [int(d.text or 0) for d in self.layer(name).findall("output/port")[0].findall("dim")]

    def info(self, key: str) -> str:
        """A value of the model's rt_info."""
        found = self.net.find(f"rt_info/{key}")
        assert found is not None
        return found.get("value", "")

    def compiled(self) -> Any:
        """The model on the runtime, in f32."""
        import openvino

        core = openvino.Core()
        return core.compile_model(core.read_model(self.xml), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(self, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Results for inputs by name."""
        compiled = self.compiled()
        results = compiled(dict(feeds))
        return [np.array(results[port]) for port in compiled.outputs]


class Command:
    """Runs the program on texts in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0
        (folder / "front.py").write_text(EXTENSION)

    def __call__(self, text: str, *argv: str) -> int:
        """Convert a graph; returns the exit code."""
        (self.folder / "model.graph").write_text(text)
        base = ["--extension", str(self.folder / "front.py"), "-o", str(self.folder), "--check"]
        return cli.main([str(self.folder / "model.graph"), *base, *argv])

    def convert(self, text: str, *argv: str) -> Converted:
        """Convert a graph, which must succeed."""
        self._count += 1
        assert self(text, "-n", f"model{self._count}", *argv) == 0
        return Converted(self.folder / f"model{self._count}.xml")


def largest_difference(a: np.ndarray, b: np.ndarray) -> float:
    """Relative to the largest number of `b`."""
    assert a.shape == b.shape
    return float(np.abs(a.astype(np.float64) - b).max() / max(1.0, np.abs(b).max()))
