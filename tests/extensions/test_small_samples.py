"""Sample distributions, installed from their wheels: one for an op of each framework, and a pass that observes."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import cv2
import numpy as np
import onnx
import openvino
import pytest
from onnx import TensorProto, helper

from tests.adapters.onnx.tiny import convolution
from tests.extensions import test_tf_replace as tf_replace
from tests.extensions.darknet.networks import write, yolo_v4_tiny
from tests.extensions.environment import Environment, build_wheels
from tools.size import code_lines

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = [
    "mo-onnx-swish",
    "mo-onnx-sparsemax",
    "mo-house-rules",
    "mo-tf-replace",
    "mo-mxnet-gate",
    "mo-kaldi-hard-tanh",
    "mo-tf-swish",
    "mo-graphviz",
    "mo-darknet",
    "mo-pass-log",
    "mo-checksums",
]
PASSES = ["mo-graphviz", "mo-house-rules", "mo-pass-log", "mo-checksums"]
X = np.random.default_rng(3).normal(size=(2, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    wheels = tmp_path_factory.mktemp("wheels")
    projects = [ROOT / "core", *(ROOT / "adapters" / n for n in ("onnx", "mxnet", "kaldi", "tensorflow"))]
    build_wheels(wheels, *projects, *(ROOT / "extensions" / n for n in SAMPLES))
    made = Environment(tmp_path_factory.mktemp("environment"), wheels)
    made.lend("onnx")  # which mo-onnx needs
    made.run("pip", "install", *SAMPLES)
    return made


def run(xml, x):
    core = openvino.Core()
    return core.compile_model(core.read_model(xml), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([x])[0]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def write_swish(path, domain):
    write_domain_op(path, "Swish", domain, beta=1.5)


def write_domain_op(path, op, domain, **attributes):
    node = helper.make_node(op, ["x"], ["y"], domain=domain, **attributes)
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [2, 5]) for n in "xy")
    graph = helper.make_graph([node], "g", [x], [y])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def write_gate(folder, kind):
    x = {"op": "null", "name": "x", "inputs": []}
    custom = {"op": "Custom", "name": "y", "attrs": {"op_type": kind, "factor": "3"}, "inputs": [[0, 0, 0]]}
    symbol = {"nodes": [x, custom], "arg_nodes": [0], "heads": [[1, 0, 0]], "attrs": {"mxnet_version": ["int", 10901]}}
    (folder / "net-symbol.json").write_text(json.dumps(symbol))


def test_an_onnx_op_of_an_own_domain(environment, tmp_path):
    write_swish(tmp_path / "net.onnx", "com.example")
    environment.run("mo", "net.onnx", cwd=tmp_path)
    np.testing.assert_allclose(run(tmp_path / "net.xml", X), X * sigmoid(1.5 * X), rtol=0, atol=1e-6, strict=True)


def test_an_op_of_that_name_in_another_domain_is_not_converted(environment, tmp_path):
    write_swish(tmp_path / "net.onnx", "org.other")
    assert "org.other" in environment.run("mo", "net.onnx", cwd=tmp_path, code=4)


def test_an_mxnet_custom_operator(environment, tmp_path):
    write_gate(tmp_path, "gate")
    environment.run("mo", "net-symbol.json", "--input", "x[2,5]", "--output_dir", "ir", cwd=tmp_path)
    (xml,) = (tmp_path / "ir").glob("*.xml")
    np.testing.assert_allclose(run(xml, X), 3 * X * sigmoid(X), rtol=0, atol=2e-6, strict=True)


def test_a_custom_operator_of_another_name_is_not_converted(environment, tmp_path):
    write_gate(tmp_path, "door")
    assert 'Custom (1 node, first "y")' in environment.run(
        "mo", "net-symbol.json", "--input", "x[2,5]", cwd=tmp_path, code=4
    )


def test_the_observing_pass_writes_pictures_and_changes_nothing(environment, tmp_path):
    convolution(tmp_path / "m.onnx")
    environment.run("mo", "m.onnx", "--output_dir", "plain", cwd=tmp_path)
    assert not list(tmp_path.glob("**/*.dot"))
    environment.run("mo", "m.onnx", "--output_dir", "seen", "--graphviz", "dot-", cwd=tmp_path)
    assert (tmp_path / "plain" / "m.bin").read_bytes() == (tmp_path / "seen" / "m.bin").read_bytes()
    before, after = ((tmp_path / f"dot-{s}.dot").read_text() for s in ("normalize", "cleanup"))
    assert after.startswith("digraph {") and '"Convolution"' in before and '"Convolution"' in after
    assert before.count("label=") > after.count("label=")


RUN_SPARSEMAX = """
import numpy, openvino
from mo_onnx_sparsemax.runtime import Sparsemax
core = openvino.Core()
core.add_extension(Sparsemax)
model = core.compile_model(core.read_model("net.xml"), "CPU")
print(model(numpy.array([[3, 2.5, 0, 0, 0], [1, 1, 1, 1, 1]], numpy.float32))[0].tolist())
"""


def test_an_operation_set_of_its_own(environment, tmp_path):
    write_domain_op(tmp_path / "net.onnx", "Sparsemax", "com.example", axis=1)
    environment.run("mo", "net.onnx", cwd=tmp_path)
    assert 'type="Sparsemax" version="sparse"' in (tmp_path / "net.xml").read_text()
    environment.lend("openvino")
    printed = environment.run("python", "-c", RUN_SPARSEMAX, cwd=tmp_path)
    got = np.array(json.loads(printed.strip().splitlines()[-1]))
    np.testing.assert_allclose(got, [[0.75, 0.25, 0, 0, 0], [0.2] * 5], rtol=0, atol=1e-6)


def test_what_is_put_around_every_pass(environment, tmp_path, monkeypatch):
    convolution(tmp_path / "m.onnx")
    environment.run("mo", "m.onnx", cwd=tmp_path)
    monkeypatch.setenv("MO_PASS_LOG", str(tmp_path / "passes.txt"))
    environment.run("mo", "m.onnx", "--disable-pass", "pruning", cwd=tmp_path)
    lines = [line.split() for line in (tmp_path / "passes.txt").read_text().splitlines()]
    assert {"constant-folding", "dead-code"} <= {name for name, _, _ in lines}
    assert int(lines[0][1]) > int(lines[-1][2])


def test_what_is_done_once_the_files_are_there(environment, tmp_path):
    convolution(tmp_path / "m.onnx")
    environment.run("mo", "m.onnx", cwd=tmp_path)
    sums = dict(reversed(line.split()) for line in (tmp_path / "m.sha256").read_text().splitlines())
    assert sums == {n: hashlib.sha256((tmp_path / n).read_bytes()).hexdigest() for n in ("m.xml", "m.bin")}


def test_the_pipeline_is_edited_by_a_file(environment, tmp_path):
    convolution(tmp_path / "m.onnx")
    (tmp_path / "rules.txt").write_text("linear-fusion\nbatch-norm\n")
    environment.run("mo", "m.onnx", "--output_dir", "all", cwd=tmp_path)
    environment.run("mo", "m.onnx", "--output_dir", "fewer", "--house_rules", "rules.txt", cwd=tmp_path)
    before, after = ((tmp_path / folder / "m.xml").read_text() for folder in ("all", "fewer"))
    assert before.count("<layer ") < after.count("<layer ")


def write_kaldi(path, kind, limit):
    path.write_text(
        "<Nnet3> \ninput-node name=input dim=5\ncomponent-node name=c component=c input=input\n"
        "output-node name=output input=c\n\n<NumComponents> 1 \n"
        f"<ComponentName> c <{kind}> <Dim> 5 <Limit> {limit} </{kind}>\n</Nnet3> "
    )


def test_a_kaldi_component(environment, tmp_path):
    write_kaldi(tmp_path / "net.nnet", "HardTanhComponent", 0.5)
    environment.run("mo", "net.nnet", "--framework", "kaldi", "--utterance", cwd=tmp_path)
    got = run(tmp_path / "net.xml", X)
    assert np.abs(X).max() > 0.5 > np.abs(X).min()
    np.testing.assert_array_equal(got, np.clip(X, -0.5, 0.5))


def test_a_kaldi_component_with_a_wrong_value_is_an_error(environment, tmp_path):
    write_kaldi(tmp_path / "net.nnet", "HardTanhComponent", -2)
    assert "<Limit> is -2" in environment.run("mo", "net.nnet", "--framework", "kaldi", cwd=tmp_path, code=3)


def write_tensorflow(path, op):
    dtype = 'attr { key: "%s" value { type: DT_FLOAT } }'
    shape = 'attr { key: "shape" value { shape { dim { size: 2 } dim { size: 5 } } } }'
    path.write_text(
        f'node {{ name: "x" op: "Placeholder" {dtype % "dtype"} {shape} }}\n'
        f'node {{ name: "y" op: "{op}" input: "x" {dtype % "T"} attr {{ key: "beta" value {{ f: 1.5 }} }} }}\n'
    )


def test_a_tensorflow_op(environment, tmp_path):
    write_tensorflow(tmp_path / "net.pbtxt", "AcmeSwish")
    environment.run("mo", "net.pbtxt", "--framework", "tensorflow", cwd=tmp_path)
    np.testing.assert_allclose(run(tmp_path / "net.xml", X), X * sigmoid(1.5 * X), rtol=0, atol=1e-6, strict=True)


def test_a_tensorflow_sub_graph(environment, tmp_path):
    nodes = [tf_replace.node("gate", "AcmeGate", "x"), tf_replace.node("y", "Mul", "gate", "x")]
    tf_replace.write(tmp_path / "net.pbtxt", *nodes)
    environment.run("mo", "net.pbtxt", "--framework", "tensorflow", cwd=tmp_path)
    x = tf_replace.X
    np.testing.assert_allclose(run(tmp_path / "net.xml", x), x * sigmoid(x), rtol=0, atol=2e-6, strict=True)


def test_a_tensorflow_op_that_no_package_knows_is_named(environment, tmp_path):
    write_tensorflow(tmp_path / "net.pbtxt", "AcmeSwash")
    assert "AcmeSwash" in environment.run("mo", "net.pbtxt", "--framework", "tensorflow", cwd=tmp_path, code=4)


def test_a_whole_front_end(environment, tmp_path):
    cfg, _ = write(tmp_path, yolo_v4_tiny())
    assert re.search(r"^darknet +mo-darknet 1\.0", environment.run("mo", "--plugins"), re.MULTILINE)
    environment.run("mo", "net.cfg", "--decode_boxes", cwd=tmp_path)
    cfg.with_suffix(".weights").rename(tmp_path / "final.weights")
    environment.run("mo", "net.cfg", "--input_weights", "final.weights", "--output_dir", "heads", cwd=tmp_path)
    x = np.random.default_rng(1).uniform(size=(1, 3, 64, 64)).astype(np.float32)
    net = cv2.dnn.readNetFromDarknet(str(cfg), str(tmp_path / "final.weights"))
    net.setInput(x)
    want = net.forward("yolo_30")
    got = run(tmp_path / "net.xml", x)[0]
    np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5 * np.abs(want).max(), strict=True)
    assert run(tmp_path / "heads" / "net.xml", x).shape == (1, 21, 2, 2)


@pytest.mark.parametrize("package", sorted(p.parent.name for p in (ROOT / "extensions").glob("*/pyproject.toml")))
def test_a_layer_is_at_most_40_lines_and_a_pass_15(package):
    (plugin,) = (ROOT / "extensions" / package).glob("src/*/plugin.py")
    assert code_lines(plugin.read_text(encoding="utf-8")) <= (15 if package in PASSES else 40)


def test_the_page_names_every_sample_and_shows_its_code():
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    packages = {p.parent.name for p in (ROOT / "extensions").glob("*/pyproject.toml")}
    assert packages >= {*SAMPLES} and all(f"| `{name}` |" in page for name in packages)
    code = page.split("## Samples")[1].split("```python\n")[1].split("```")[0]
    assert code in (ROOT / "extensions/mo-mxnet-gate/src/mo_mxnet_gate/plugin.py").read_text(encoding="utf-8")
