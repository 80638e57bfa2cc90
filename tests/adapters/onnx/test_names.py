"""Names that are no UTF-8, as tools on other code pages write them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import openvino
from onnx import helper

import mo_core
from tests.adapters.onnx.running import model, value

CHINESE = b"\xb2\xe3\x31"
OTHER = b"\xb2\xe4\x31"


def renamed(tmp_path: Path, **names: bytes) -> Path:
    """`Neg`, `Abs` from `inp` over `mid` to `out`, with names of three bytes replaced in the file."""
    nodes = [
        helper.make_node("Neg", ["inp"], ["mid"], name="neg"),
        helper.make_node("Abs", ["mid"], ["out"], name="abs"),
    ]
    content = model(nodes, [value("inp", shape=["num", 3])], ["out", "mid"]).SerializeToString()
    for old, new in names.items():
        content = content.replace(b"\x03" + old.encode(), b"\x03" + new)
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    return path


def test_every_name_may_be_no_utf8(tmp_path: Path) -> None:
    names = {"inp": CHINESE, "mid": OTHER, "out": b"\xff\xfe\xfd", "neg": CHINESE, "abs": OTHER, "num": b"\xb2\xe3\x32"}
    xml = mo_core.convert(renamed(tmp_path, **names)).save(tmp_path / "ir.xml")
    layers = [layer.get("name") for layer in ElementTree.parse(xml).iter("layer")]
    assert len(layers) == len(set(layers))
    compiled = openvino.Core().compile_model(openvino.Core().read_model(xml), "CPU")
    assert compiled.inputs[0].get_names() == {r"\xb2\xe31"}
    assert [sorted(port.get_names()) for port in compiled.outputs] == [[r"\xff\xfe\xfd"], [r"\xb2\xe41"]]
    x = np.float32([[1, -2, 3]])
    assert np.array_equal(compiled(x)[0], np.abs(x)) and np.array_equal(compiled(x)[1], -x)


def test_names_that_are_utf8_stay_as_they_are(tmp_path: Path) -> None:
    xml = mo_core.convert(renamed(tmp_path, inp="层".encode())).save(tmp_path / "ir.xml")
    assert openvino.Core().read_model(xml).inputs[0].get_names() == {"层"}
