"""`mo inspect`: what is told of a model and of an IR, with and without weights."""

from __future__ import annotations

import json
import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import mo_core
from mo_core.app.cli import main
from mo_core.errors import ModelError


@pytest.fixture
def source(tmp_path, monkeypatch):
    """x[batch,3,h,8] -> Conv "conv" -> Relu "act" -> y, with 4*3*3*3 weights."""
    w = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["y"], name="act"),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", 3, "h", 8))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("batch", 4, "h", 8))],
        [numpy_helper.from_array(w, "w")],
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="maker", producer_version="1.2")
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    monkeypatch.chdir(tmp_path)
    return path


def shown(capsys, *words):
    assert main(["inspect", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_producer_versions_sizes_and_named_dimensions(source, capsys):
    out = shown(capsys, "net.onnx")
    assert re.search(r"producer +maker 1\.2\n +opset +17\n +IR version +8\n", out)
    assert re.search(rf"files +net\.onnx \({source.stat().st_size} B\)\n +weights +432 B\n", out)
    assert re.search(r"inputs +x +f32\[batch,3,h,8\]", out)
    assert re.search(r"Conv +1\n", out) and "every operation has a converter" in out


def test_nodes_with_types_and_weights(source, capsys):
    out = shown(capsys, "net.onnx", "--nodes")
    assert re.search(r"nodes +2 of 2\n +conv +Conv +c f32\[batch,4,h,8\] +weights 432 B\n", out)
    for pattern in ("relu", "ACT", "a?t", "y"):
        listed = shown(capsys, "net.onnx", "--nodes", pattern)
        assert re.search(r"nodes +1 of 2\n +act +Relu +y f32\[batch,4,h,8\]\n", listed)
    assert "nodes       0 of 2" in shown(capsys, "--nodes", "no*", "net.onnx")
    assert "nodes       2 of 2" in shown(capsys, "--nodes", "net.onnx")


def test_input_options_count_and_others_are_said_to_have_no_effect(source, capsys):
    out = shown(capsys, "net.onnx", "--input_shape", "[2,3,6,8]", "--nodes")
    assert "x  f32[2,3,6,8]" in out and "c f32[2,4,6,8]" in out
    out = shown(capsys, "net.onnx", "--output", "c")
    assert re.search(r"outputs +c ", out) and "Relu" not in out
    out = shown(capsys, "net.onnx", "--mean_values", "[1,2,3]", "--compress_to_fp16")
    assert "note: --mean_values, --compress_to_fp16: without effect here" in out


def test_missing_external_data_is_a_note(source, tmp_path, capsys):
    model = onnx.load(source)
    onnx.save(model, "out.onnx", save_as_external_data=True, location="out.data", size_threshold=0)
    (tmp_path / "out.data").unlink()
    out = shown(capsys, "out.onnx", "--nodes")
    assert "weights     432 B" in out and "c f32[batch,4,h,8]" in out
    assert 'note: the file "out.data" with weights of the model is missing; the weights are not needed here.' in out
    with pytest.raises(ModelError, match="missing"):
        mo_core.convert("out.onnx")


def test_json_has_everything(source, capsys):
    data = json.loads(shown(capsys, "net.onnx", "--json", "--nodes", "conv"))
    assert data["facts"]["producer"] == "maker 1.2" and data["weights_bytes"] == 432
    assert data["inputs"][0]["shape"] == "[batch,3,h,8]"
    assert data["nodes"] == [
        {
            "name": "conv",
            "op": "Conv",
            "inputs": ["x"],
            "results": [{"name": "c", "names": ["c"], "element": "f32", "shape": "[batch,4,h,8]"}],
            "weights_bytes": 432,
        }
    ]
    assert "nodes" not in json.loads(shown(capsys, "net.onnx", "--json"))


def test_an_ir_is_read_too(source, tmp_path, capsys):
    mo_core.convert(source, input_shape="[1,3,6,8]").save("net.xml")
    for path in ("net.xml", "."):
        if path == ".":
            source.unlink()
        out = shown(capsys, path)
        assert "OpenVINO IR model net" in out
        assert re.search(r"producer +mo-core \S+\n +IR version +11\n +opsets +opset1\n", out)
        assert "options     --input_shape [1,3,6,8]" in out
        assert re.search(r"inputs +x +f32\[1,3,6,8\]\n +outputs +y +f32\[1,4,6,8\]", out)
        assert re.search(r"weights +\d{3} B", out) and re.search(r"Convolution +1\n", out)
    listed = shown(capsys, "net.xml", "--nodes", "convolution", "--batch", "1")
    assert re.search(r"Convolution +.*f32\[1,4,6,8\] +weights 432 B", listed)
    assert "note: --batch: without effect on an IR." in listed
    (tmp_path / "net.bin").unlink()
    assert 'note: there is no "net.bin" next to it' in shown(capsys, "net.xml")
    assert mo_core.inspect("net.xml").ops["Convolution"] == 1


def test_a_damaged_ir_is_an_error(tmp_path, monkeypatch, capsys):
    (tmp_path / "net.xml").write_text('<net name="a" version="11"><layers>')
    assert main(["inspect", str(tmp_path / "net.xml")]) == 3
    (tmp_path / "net.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><net name="a" version="11"/>')
    assert main(["inspect", str(tmp_path / "net.xml")]) == 3
    assert "document type" in capsys.readouterr().err


def test_nodes_is_no_option_of_a_conversion(source, capsys):
    assert main(["net.onnx", "--nodes"]) == 2
    assert "--nodes is an option of mo inspect" in capsys.readouterr().err


def test_the_python_function(source):
    found = mo_core.inspect(source, nodes="relu")
    assert [n.name for n in found.nodes] == ["act"] and found.weights_bytes == 432
    assert mo_core.inspect(source).nodes is None
