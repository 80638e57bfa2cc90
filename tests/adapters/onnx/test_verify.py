"""`mo_core.verify`: a sound IR passes, a damaged one fails and the output is named."""

from __future__ import annotations

import json
import re
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import mo_core
from mo_core.app.cli import main
from mo_core.app.verify.engine import Verifier
from mo_core.app.verify.process import Answer
from mo_core.errors import UsageError

RUNTIME = "ONNX Runtime"


def network():
    """Two outputs: the softmax of a convolved picture over the channels, and its mean."""
    rng = np.random.default_rng(0)
    w = rng.standard_normal((4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Softmax", ["r"], ["scores"], axis=1),
        helper.make_node("ReduceMean", ["r"], ["mean"], axes=[2, 3], keepdims=0),
    ]
    return model(nodes, {"x": (1, 3, 8, 8)}, {"scores": (1, 4, 8, 8), "mean": (1, 4)}, {"w": w})


def model(nodes, inputs, outputs, weights=(), kinds=None):
    """An ONNX model; shapes by name."""

    def ports(shapes):
        return [helper.make_tensor_value_info(n, (kinds or {}).get(n, TensorProto.FLOAT), s) for n, s in shapes.items()]

    initializers = [numpy_helper.from_array(a, n) for n, a in dict(weights).items()]
    graph = helper.make_graph(nodes, "g", ports(inputs), ports(outputs), initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(network(), path)
    return path


@pytest.fixture
def ir(source, tmp_path):
    return mo_core.convert(source).save(tmp_path / "net.xml")


def wrong(found):
    return [o.name for o in found.outputs if not o.passed]


def test_a_sound_ir_agrees_with_the_framework(source, ir):
    found = mo_core.verify(source, ir)
    assert found and found.exit_code == 0
    assert found.reference.startswith(RUNTIME)
    assert [o.name for o in found.outputs] == ["scores", "mean"]
    assert all(o.difference.cosine > 0.999999 and o.difference.relative < 1e-5 for o in found.outputs)
    assert found.text().endswith("verified: 2 outputs agree within 0.0003 of the largest value")


def test_without_an_ir_the_model_is_converted(source):
    assert mo_core.verify(source).passed
    assert mo_core.convert(source).verify().passed
    assert mo_core.verify(network()).passed


def test_one_damaged_weight_is_found(source, ir):
    weights = np.fromfile(ir.with_suffix(".bin"), np.float32)
    weights[5] += 0.5
    weights.tofile(ir.with_suffix(".bin"))
    found = mo_core.verify(source, ir)
    assert found.exit_code == 1
    assert wrong(found) == ["scores", "mean"]
    worst = found.outputs[0].difference
    assert worst.where and worst.got != worst.want and "of 256 values are off" in worst.reason


def test_a_weight_that_hardly_matters_is_named_by_a_note(source, ir):
    assert not mo_core.verify(source, ir).notes
    weights = np.fromfile(ir.with_suffix(".bin"), np.float32)
    weights[5] *= 1 + 1e-6
    weights.tofile(ir.with_suffix(".bin"))
    found = mo_core.verify(source, ir)
    assert found.passed
    assert found.notes == ['The weights of the IR are not those of a conversion now: "w" differs.']


def test_a_wrong_axis_is_found_in_the_output_that_has_it(source, ir):
    text = ir.read_text()
    assert text.count('axis="1"') == 1
    ir.write_text(text.replace('axis="1"', 'axis="2"'))
    found = mo_core.verify(source, ir)
    assert wrong(found) == ["scores"]
    assert 'different: "scores" of 2 outputs' in found.text() and "--data" in found.notes[-1]


def test_swapped_names_of_outputs_are_found(tmp_path):
    nodes = [helper.make_node("Sigmoid", ["x"], ["a"]), helper.make_node("Tanh", ["x"], ["b"])]
    onnx.save(model(nodes, {"x": (2, 3)}, {"a": (2, 3), "b": (2, 3)}), tmp_path / "net.onnx")
    ir = mo_core.convert(tmp_path / "net.onnx").save(tmp_path / "net.xml")
    text = ir.read_text()
    ir.write_text(text.replace('names="a"', 'names="@"').replace('names="b"', 'names="a"').replace("@", "b"))
    found = mo_core.verify(tmp_path / "net.onnx", ir)
    assert wrong(found) == ["a", "b"]


def test_outputs_in_another_order_are_found(tmp_path):
    nodes = [helper.make_node("Sigmoid", ["x"], ["a"]), helper.make_node("Tanh", ["x"], ["b"])]
    ports = {"x": (2, 3)}, {"a": (2, 3), "b": (2, 3)}
    onnx.save(model(nodes, *ports), tmp_path / "net.onnx")
    turned = model(nodes, ports[0], {"b": (2, 3), "a": (2, 3)})
    found = mo_core.verify(tmp_path / "net.onnx", mo_core.convert(turned).save(tmp_path / "turned.xml"))
    assert not wrong(found) and not found.passed
    assert "another order" in found.failures[0]


def test_missing_and_extra_outputs_are_named(source, tmp_path):
    one = mo_core.convert(source, output="scores").save(tmp_path / "one.xml")
    found = mo_core.verify(source, one)
    assert not found.passed and found.missing == ["mean"] and not wrong(found)
    both = mo_core.convert(source).save(tmp_path / "both.xml")
    found = mo_core.verify(source, both, output="mean")
    assert found.passed and found.extra == ["scores"]


def test_an_ir_that_does_not_run_fails(source, ir):
    ir.write_text(ir.read_text().replace('type="SoftMax"', 'type="SoftMix"'))
    found = mo_core.verify(source, ir)
    assert found.exit_code == 1 and "the runtime cannot run the IR" in found.failures[0]


@pytest.mark.slow
def test_the_evaluator_of_mo_is_called_so(source):
    found = mo_core.verify(source, framework=False)
    assert found.passed and found.reference.startswith("mo's own evaluator")


@pytest.mark.slow
def test_a_python_without_the_framework_leads_to_the_evaluator(source, tmp_path):
    found = mo_core.verify(source, python=str(tmp_path / "python"))
    assert found.passed and found.reference.startswith("mo's own evaluator")
    assert "cannot be started" in found.notes[0]


def test_a_framework_that_hangs_is_left_after_the_timeout(source):
    found = mo_core.verify(source, timeout=0.01)
    assert "did not finish in 0.01 seconds" in found.notes[0]
    assert found.failures and not found.passed


def test_half_weights_are_measured_and_do_not_decide(source):
    found = mo_core.verify(source, fp16=True)
    assert found.passed
    costs = [o.fp16.relative for o in found.outputs]
    assert all(1e-6 < cost < 2e-2 for cost in costs)
    assert "fp16 relative" in found.text()
    stored = mo_core.verify(source, compress_to_fp16=True)
    assert stored.passed and stored.tolerance == 2e-2 and "f16" in stored.notes[0]


def test_cut_models_are_computed_by_the_framework_too(source):
    found = mo_core.verify(source, input="c", output="scores")
    assert found.passed and found.reference.startswith(RUNTIME)
    assert [o.name for o in found.outputs] == ["scores"]
    found = mo_core.verify(source, output="r")
    assert found.passed and found.reference.startswith(RUNTIME)


def test_frozen_inputs_are_fed_to_the_framework(tmp_path):
    nodes = [helper.make_node("Mul", ["x", "k"], ["y"])]
    onnx.save(model(nodes, {"x": (2, 3), "k": ()}, {"y": (2, 3)}), tmp_path / "net.onnx")
    found = mo_core.verify(tmp_path / "net.onnx", freeze_placeholder_with_value="k->3")
    assert found.passed and found.reference.startswith(RUNTIME)


def test_preprocessing_is_part_of_what_is_verified(source, tmp_path):
    options = {"mean_values": "[10,20,30]", "scale_values": "[2,3,4]", "reverse_input_channels": True, "layout": "nchw"}
    ir = mo_core.convert(source, **options).save(tmp_path / "ready.xml")
    found = mo_core.verify(source, ir, **options)
    assert found.passed and found.reference.startswith(RUNTIME), found.notes
    wrong_way = mo_core.verify(source, ir, **{**options, "mean_values": "[30,20,10]"})
    assert not wrong_way.passed
    found = mo_core.verify(source, layout="x(nchw->nhwc)", scale=2)
    assert found.passed and found.reference.startswith("mo's own evaluator")
    assert "layout" in found.notes[0]


@pytest.mark.slow
def test_an_ir_of_version_10_has_other_names(source):
    found = mo_core.verify(source, ir_version=10)
    assert found.passed and found.reference.startswith(RUNTIME)
    assert len(found.outputs) == 2


@pytest.mark.slow
def test_brain_floats_are_rounded_by_the_evaluator(tmp_path):
    nodes = [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.BFLOAT16)]
    onnx.save(model(nodes, {"x": (2, 30)}, {"y": (2, 30)}, kinds={"y": TensorProto.BFLOAT16}), tmp_path / "net.onnx")
    assert mo_core.verify(tmp_path / "net.onnx", framework=False).passed


def test_unknown_dimensions_get_several_sizes(tmp_path):
    net = model([helper.make_node("Relu", ["x"], ["y"])], {"x": ("n", 3, "h", "w")}, {"y": ("n", 3, "h", "w")})
    onnx.save(net, tmp_path / "net.onnx")
    found = mo_core.verify(tmp_path / "net.onnx")
    assert found.passed and len(set(found.cases)) == 3
    assert found.cases[0] == "[1,3,224,224]"


@pytest.mark.slow
def test_sizes_that_the_model_refuses_are_left(tmp_path):
    shape = numpy_helper.from_array(np.array([2, 32], np.int64))
    nodes = [helper.make_node("Constant", [], ["s"], value=shape), helper.make_node("Reshape", ["x", "s"], ["y"])]
    onnx.save(model(nodes, {"x": (1, "n")}, {"y": (2, 32)}), tmp_path / "net.onnx")
    found = mo_core.verify(tmp_path / "net.onnx", input_shape="[1,?]")
    assert found.passed and found.cases == ["[1,64]"]


def test_data_of_ones_own(source, tmp_path):
    x = np.random.default_rng(1).standard_normal((1, 3, 8, 8)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x)
    assert mo_core.verify(source, data=tmp_path / "data.npz").cases == ["data"]
    assert mo_core.verify(source, data={"x": x}).passed
    assert mo_core.verify(source, data=x).passed
    with pytest.raises(UsageError, match="has the shape"):
        mo_core.verify(source, data={"x": x[0]})
    with pytest.raises(UsageError, match="nothing for the input"):
        mo_core.verify(source, data={"x": x, "z": x, "y": x} | {}, input="c")


@pytest.mark.slow
def test_images_are_data(source, tmp_path):
    from PIL import Image

    (tmp_path / "images").mkdir()
    for i in range(2):
        pixels = np.random.default_rng(i).integers(0, 256, (20, 30, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{i}.png")
    found = mo_core.verify(source, data=tmp_path / "images")
    assert found.passed and found.outputs[0].shape == (1, 4, 8, 8)


@pytest.mark.slow
def test_random_ids_stay_inside_of_the_table(tmp_path):
    table = np.arange(10, dtype=np.float32).reshape(5, 2)
    nodes = [helper.make_node("Gather", ["table", "ids"], ["y"])]
    net = model(nodes, {"ids": (64,)}, {"y": (64, 2)}, {"table": table}, {"ids": TensorProto.INT64})
    onnx.save(net, tmp_path / "net.onnx")
    found = mo_core.verify(tmp_path / "net.onnx")
    assert found.passed and found.reference.startswith(RUNTIME)


def test_whole_numbers_must_be_equal(tmp_path):
    nodes = [helper.make_node("ArgMax", ["x"], ["y"], axis=1)]
    net = model(nodes, {"x": (4, 9)}, {"y": (4, 1)}, kinds={"y": TensorProto.INT64})
    onnx.save(net, tmp_path / "net.onnx")
    ir = mo_core.convert(net).save(tmp_path / "net.xml")
    assert mo_core.verify(tmp_path / "net.onnx", ir).passed
    assert 'mode="max"' in ir.read_text()
    ir.write_text(ir.read_text().replace('mode="max"', 'mode="min"'))
    found = mo_core.verify(tmp_path / "net.onnx", ir)
    assert wrong(found) == ["y"] and "of 4 values differ" in found.outputs[0].difference.reason


def test_settings_and_options_are_checked(source):
    with pytest.raises(UsageError, match="negative|tolerance"):
        mo_core.verify(source, tolerance=-1.0)
    with pytest.raises(UsageError, match="no option"):
        mo_core.verify(source, tolerence=1.0)
    with pytest.raises(UsageError, match="no setting"):
        mo_core.convert(source).verify(tolerence=1.0)


def test_the_result_is_plain_data(source):
    data = json.loads(mo_core.verify(source).to_json())
    assert data["passed"] and data["outputs"][0]["name"] == "scores"
    assert data["outputs"][0]["relative"] < 1e-5


def test_neither_the_framework_nor_the_runtime_is_imported_here(source):
    import subprocess

    code = (
        "import sys, mo_core; assert mo_core.verify(sys.argv[1]);"
        "print([m for m in ('onnxruntime', 'openvino') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(source)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- the command


def test_the_command_says_what_it_found_and_ends_with_it(source, ir, tmp_path, capsys):
    assert main(["verify", str(source), str(ir), "--report", str(tmp_path / "report.json")]) == 0
    out = capsys.readouterr().out
    assert "verified: 2 outputs agree" in out and f"reference   {RUNTIME}" in out
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["verification"]["passed"] and data["source_ops"]["onnx.Conv"] == 1
    ir.write_text(ir.read_text().replace('axis="1"', 'axis="2"'))
    assert main(["verify", str(source), str(ir)]) == 1
    assert 'different: "scores" of 2 outputs' in capsys.readouterr().out
    assert main(["verify", str(source), str(ir), "--tolerance", "2", "--stream_output"]) == 0
    assert re.search(r"computing the source\b.*\n.*computing the IR\b", capsys.readouterr().err)


def test_the_options_of_a_conversion_are_those_that_the_ir_was_made_with(tmp_path, capsys):
    net = model([helper.make_node("Relu", ["x"], ["y"])], {"x": ("n", 3)}, {"y": ("n", 3)})
    onnx.save(net, tmp_path / "net.onnx")
    words = [str(tmp_path / "net.onnx"), "--input_shape", "[2,3]", "--scale", "2", "-o", str(tmp_path / "ir.xml")]
    assert main(words) == 0
    assert main(["verify", words[0], str(tmp_path / "ir.xml")]) == 0
    out = capsys.readouterr().out
    assert "note: The options of the conversion are taken from the IR:" in out and "--scale 2" in out
    assert main(["verify", words[0], str(tmp_path / "ir.xml"), "--scale", "3"]) == 1


@pytest.mark.slow
def test_the_ir_is_kept_where_the_options_say(source, tmp_path):
    assert main(["verify", str(source), "--output_dir", str(tmp_path / "kept"), "--silent"]) == 0
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == ["net.bin", "net.xml"]


def test_what_is_missing_is_said(source, tmp_path, capsys):
    assert main(["verify", str(source), str(tmp_path / "no.xml")]) == 2
    assert "there is no file" in capsys.readouterr().err
    assert main(["verify", str(tmp_path / "no.onnx")]) == 2
    assert main(["verify", str(source), "--data", str(tmp_path / "no.npz")]) == 2
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04")
    assert main(["verify", str(source), "--data", str(tmp_path / "bad.npz")]) == 3
    (tmp_path / "bad.xml").write_text("<net>")
    assert main(["verify", str(source), str(tmp_path / "bad.xml")]) == 3
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_an_output_that_never_changes_is_said_to_say_little(tmp_path):
    nodes = [helper.make_node("Shape", ["x"], ["y"])]
    onnx.save(model(nodes, {"x": (2, 3)}, {"y": (2,)}, kinds={"y": TensorProto.INT64}), tmp_path / "net.onnx")
    found = mo_core.verify(tmp_path / "net.onnx")
    assert found.passed and 'The output "y" is the same for all data that was tried' in found.notes[0]


@pytest.mark.slow
def test_an_ir_of_another_tool_is_verified_too(source, tmp_path):
    import openvino

    openvino.save_model(openvino.convert_model(str(source)), tmp_path / "other.xml", compress_to_fp16=False)
    found = mo_core.verify(source, tmp_path / "other.xml")
    assert found.passed and not found.missing and not found.extra


@pytest.mark.parametrize("command", ["verify", "inspect"])
def test_a_report_replaces_no_file_of_the_ir(command, source, ir, capsys):
    words = {"verify": [str(source), str(ir)], "inspect": [str(ir)]}[command]
    for path in (ir, ir.with_suffix(".bin")):
        before = path.read_bytes()
        assert main([command, *words, "--report", str(path)]) == 2
        assert "would be replaced" in capsys.readouterr().err
        assert path.read_bytes() == before


def test_random_data_that_the_runtime_refuses_is_told(source, monkeypatch):
    def refuse(self, xml, cases):
        return Answer(errors=["it does not fit"] * len(cases), outputs=[[]] * len(cases))

    monkeypatch.setattr(Verifier, "_on_openvino", refuse)
    advice = "give it with --data"
    found = mo_core.verify(source, cases=1, framework=False)
    assert found.failures == ["the runtime fails: it does not fit"] and any(advice in note for note in found.notes)
    found = mo_core.verify(source, data=np.ones((1, 3, 8, 8), np.float32))
    assert found.failures and not any(advice in note for note in found.notes)
