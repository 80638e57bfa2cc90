"""Damaged, contradictory and malicious ONNX files: a clear error of the right class, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import mo_core
from mo_core.errors import ModelError, MoError, ShapeError, Unsupported, UsageError
from tests.adapters.onnx.tiny import convolution


def model(nodes, inputs, outputs, weights=(), **rest):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        list(weights),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9, **rest)


def saved(path: Path, proto: onnx.ModelProto) -> Path:
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return convolution(tmp_path_factory.mktemp("whole") / "m.onnx").read_bytes()


@pytest.mark.parametrize("eighth", range(8))
def test_truncation_at_every_byte(whole, tmp_path, eighth):
    path = tmp_path / "m.onnx"
    for length in range(eighth, len(whole), 8):
        path.write_bytes(whole[:length])
        try:
            mo_core.convert(path, framework="onnx")
        except MoError as e:
            assert e.exit_code in (3, 4), (length, e)
        else:
            pytest.fail(f"{length} of {len(whole)} bytes were converted")


def test_flipped_bytes_never_escape_the_taxonomy(whole, tmp_path):
    random = np.random.default_rng(5)
    path = tmp_path / "m.onnx"
    for _ in range(300):
        damaged = bytearray(whole)
        for at in random.integers(0, len(whole), 4):
            damaged[at] = random.integers(0, 256)
        path.write_bytes(damaged)
        try:
            mo_core.convert(path, framework="onnx")
        except MoError as e:
            assert e.exit_code in (2, 3, 4), e


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git-LFS"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"PK\x03\x04" + bytes(100), "archive"),
        (b"", "no graph"),
        (b"\x08\x09", "no graph"),
        (b"\x3a\xff\xff\xff\xff\x0f", "bytes"),
    ],
)
def test_files_that_are_no_models(tmp_path, content, told):
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=told):
        mo_core.convert(tmp_path / "m.onnx")


def test_a_name_that_nothing_computes(tmp_path):
    proto = model([helper.make_node("Relu", ["nowhere"], ["y"], name="act")], {"x": [1]}, ["y"])
    with pytest.raises(ModelError, match='Relu "act" reads "nowhere", which nothing computes'):
        mo_core.convert(proto)


def test_a_name_that_is_computed_twice(tmp_path):
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["y"])]
    with pytest.raises(ModelError, match='"y" is computed twice'):
        mo_core.convert(model(nodes, {"x": [1]}, ["y"]))


def test_a_cycle(tmp_path):
    nodes = [
        helper.make_node("Add", ["x", "b"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="second"),
    ]
    with pytest.raises(ModelError, match="cycle"):
        mo_core.convert(model(nodes, {"x": [1]}, ["b"]))


def test_nodes_in_any_order_are_sorted():
    nodes = [helper.make_node("Relu", ["a"], ["y"]), helper.make_node("Neg", ["x"], ["a"])]
    assert list(mo_core.convert(model(nodes, {"x": [3]}, ["y"])).outputs) == ["y"]


def test_shapes_that_contradict_each_other_name_the_node():
    weights = [numpy_helper.from_array(np.zeros((5, 4), np.float32), "w")]
    proto = model([helper.make_node("MatMul", ["x", "w"], ["y"], name="fc")], {"x": [2, 3]}, ["y"], weights)
    with pytest.raises(ShapeError, match=r'(?s)f32\[2,3\].*f32\[5,4\].*MatMul "fc"'):
        mo_core.convert(proto)


def test_a_weight_of_the_wrong_size_names_the_weight():
    weight = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    weight.dims[0] = 5
    proto = model([helper.make_node("Add", ["x", "w"], ["y"])], {"x": [5]}, ["y"], [weight])
    with pytest.raises(ModelError, match='initializer "w"'):
        mo_core.convert(proto)


@pytest.mark.parametrize("dims", [[2**62, 2**62], [-1], [2**40]])
def test_absurd_dimensions_cost_nothing(dims):
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, raw_data=b"1234")
    with pytest.raises(ModelError, match='initializer "w"'):
        mo_core.convert(model([helper.make_node("Add", ["x", "w"], ["y"])], {"x": [5]}, ["y"], [weight]))


def test_a_constant_of_a_tera_byte_is_not_computed():
    shape = numpy_helper.from_array(np.array([2**20, 2**20], np.int64), "s")
    proto = model([helper.make_node("ConstantOfShape", ["s"], ["y"])], {"x": [1]}, ["y"], [shape])
    converted = mo_core.convert(proto)
    assert converted.outputs["y"].shape == (2**20, 2**20)


def test_unknown_ops_are_reported_all_at_once():
    nodes = [
        helper.make_node("Nonsense", ["x"], ["a"], name="one", domain="acme"),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Nonsense", ["b"], ["c"], name="two", domain="acme"),
        helper.make_node("Rubbish", ["c"], ["y"], name="three"),
    ]
    with pytest.raises(Unsupported) as e:
        mo_core.convert(model(nodes, {"x": [1]}, ["y"]))
    assert 'acme:Nonsense (2 nodes, first "one")' in str(e.value) and 'Rubbish (1 node, first "three")' in str(e.value)
    assert "--extension" in e.value.remedy


def test_a_function_that_calls_itself():
    function = helper.make_function(
        "acme",
        "Again",
        ["x"],
        ["y"],
        [helper.make_node("Again", ["x"], ["y"], domain="acme")],
        [helper.make_opsetid("acme", 1)],
    )
    proto = model([helper.make_node("Again", ["x"], ["y"], domain="acme")], {"x": [1]}, ["y"], functions=[function])
    proto.opset_import.append(helper.make_opsetid("acme", 1))
    with pytest.raises(ModelError, match="calls itself|nested"):
        mo_core.convert(proto)


def external(folder, location="w.data", offset=0, length=16, content=bytes(range(16))):
    if content is not None:
        (folder / "w.data").write_bytes(content)
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        weight.external_data.add(key=key, value=str(value))
    proto = model([helper.make_node("Add", ["x", "w"], ["y"])], {"x": [4]}, ["y"], [weight])
    return saved(folder / "m.onnx", proto)


def test_external_data(tmp_path):
    mo_core.convert(external(tmp_path)).save(tmp_path / "out.xml")
    assert (tmp_path / "out.bin").read_bytes() == bytes(range(16))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"content": None}, "is missing"),
        ({"content": bytes(15)}, "15 bytes"),
        ({"offset": 1}, "16 bytes at offset 1"),
        ({"offset": -4}, "offset -4"),
        ({"length": 12}, "needs 16 bytes, and the file has 12"),
        ({"offset": "x"}, "not a number"),
        ({"location": "../w.data"}, "outside of its folder"),
        ({"location": "/etc/passwd"}, "outside of its folder"),
        ({"location": "a/../../w.data"}, "outside of its folder"),
        ({"location": ""}, "outside of its folder"),
        ({"location": "."}, "outside of its folder|missing"),
    ],
)
def test_external_data_that_is_wrong(tmp_path, given, told):
    folder = tmp_path / "inner"
    folder.mkdir()
    (tmp_path / "w.data").write_bytes(bytes(16))
    with pytest.raises(ModelError, match=told):
        mo_core.convert(external(folder, **given))


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_a_link_cannot_lead_out_of_the_folder(tmp_path):
    folder = tmp_path / "inner"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(16))
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match="outside of its folder"):
        mo_core.convert(external(folder, location="link"))


def run(*arguments, **rest):
    return subprocess.run(
        [sys.executable, "-m", "mo_onnx.cli", *map(str, arguments)], capture_output=True, text=True, timeout=120, **rest
    )


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nothing.onnx"], 2, 'there is no file "nothing.onnx"'),
        (["m.onnx", "--input", "inptu"], 2, 'Did you mean "input"'),
        (["m.onnx", "--output", "norm_uot"], 2, 'Did you mean "norm_out"'),
        (["m.onnx", "--ouput", "x"], 2, "--output"),
        (["m.onnx", "--input_shape", "[1,3"], 2, "[1,3"),
        (["m.onnx", "--input_shape", "[1,5,8,8]"], 3, "5"),
        (["m.onnx", "--framework", "caffe"], 2, "caffe"),
        (["m.onnx", "--output_dir", "m.onnx"], 2, "m.onnx"),
    ],
)
def test_the_command_tells_what_is_wrong_without_a_traceback(tmp_path, whole, arguments, code, told):
    (tmp_path / "m.onnx").write_bytes(whole)
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert told in done.stderr and "Traceback" not in done.stderr and done.stderr.startswith("mo-onnx: ")
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]


def test_earlier_output_is_untouched_by_a_failing_run(tmp_path, whole):
    (tmp_path / "m.onnx").write_bytes(whole)
    assert run("m.onnx", cwd=tmp_path).returncode == 0
    before = {p.name: p.read_bytes() for p in tmp_path.glob("m.[xb]*")}
    (tmp_path / "m.onnx").write_bytes(whole[: len(whole) // 2])
    assert run("m.onnx", cwd=tmp_path).returncode == 3
    assert {p.name: p.read_bytes() for p in tmp_path.glob("m.[xb]*")} == before and len(before) == 2


def test_a_missing_file_in_the_api_is_a_usage_error():
    with pytest.raises(UsageError, match="there is no file"):
        mo_core.convert("nothing.onnx")
