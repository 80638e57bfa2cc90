"""Well-known networks, however their batch norms are spelled: nothing foldable is left, and ovc does not have fewer layers."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from mo_core import convert
from tests.perf import topologies
from tests.perf.opcounts import of_mo, of_ovc
from tests.perf.table import executed

LAYERS = {"Convolution", "GroupConvolution", "MatMul"}
LINEAR = {"Multiply", "Add", "Subtract", "Divide", "BatchNormInference", "Negative"}


class Net:
    """The layers of an .xml by id, with the ids that each reads and is read by."""

    def __init__(self, xml: Path) -> None:
        root = ElementTree.parse(xml).getroot()
        self.kinds = {e.get("id", ""): e.get("type", "") for e in root.iterfind("layers/layer")}
        self.padded = {
            e.get("id"): set(e.find("data").get("pads_begin", "0").split(",")) != {"0"}  # type: ignore[union-attr]
            for e in root.iterfind("layers/layer")
            if e.get("type") in LAYERS - {"MatMul"}
        }
        self.edges = [(e.get("from-layer", ""), e.get("to-layer", "")) for e in root.iterfind("edges/edge")]

    def readers(self, key: str) -> list[str]:
        return [b for a, b in self.edges if a == key]

    def sources(self, key: str) -> list[str]:
        return [a for a, b in self.edges if b == key]

    def linear(self, key: str) -> bool:
        """True for arithmetic with a constant."""
        return self.kinds[key] in LINEAR and any(self.kinds[s] == "Const" for s in self.sources(key))


def foldable(xml: Path) -> list[str]:
    """What stands next to a layer that could take it in: all behind a layer except for one Add (its bias), and ahead
    of layers alone a Multiply, or an Add where nothing is padded and which is no bias itself."""
    net = Net(xml)
    found = []
    for key, kind in net.kinds.items():
        if kind not in LAYERS:
            continue
        behind = net.readers(key)
        if len(behind) == 1 and net.linear(behind[0]):
            after = net.readers(behind[0])
            if net.kinds[behind[0]] != "Add" or (len(after) == 1 and net.linear(after[0])):
                found.append(f"behind {kind} {key}: {net.kinds[behind[0]]}")
        for ahead in net.sources(key):
            if not net.linear(ahead) or any(net.kinds[r] not in LAYERS for r in net.readers(ahead)):
                continue
            is_bias = any(net.kinds[s] in LAYERS for s in net.sources(ahead))
            if net.kinds[ahead] != "Add" or not (net.padded.get(key) or is_bias):
                found.append(f"ahead of {kind} {key}: {net.kinds[ahead]}")
    return found


def test_what_is_foldable_is_found(tmp_path):
    model = topologies.write(tmp_path / "model.onnx", "MobileNet v1", "scale")
    xml = tmp_path / "unfused.xml"
    convert(model, disable_fusing=True).save(xml)
    assert len(foldable(xml)) >= 27


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "spelling"),
    [*((n, s) for n in topologies.NETWORKS for s in topologies.SPELLINGS), (topologies.ENCODER, "")],
)
def test_nothing_foldable_is_left_and_ovc_has_no_fewer_layers(network, spelling, tmp_path):
    model = topologies.write(tmp_path / "model.onnx", network, spelling)
    ours, theirs = of_mo(model, tmp_path), of_ovc(model, tmp_path)
    assert not foldable(tmp_path / "mo.xml")
    assert ours.total() <= theirs.total()
    assert executed(tmp_path / "mo.xml") <= executed(tmp_path / "ovc.xml")
