"""What `mo plugins new` and `mo inspect --scaffold` write works as it is, and kept operations run with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import openvino as ov
import pytest
from onnx import TensorProto, helper

import mo_core
from mo_core.app.cli import main


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4])
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("y", "z")]
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="relu"),
        helper.make_node("Warp", ["a"], ["b"], name="w", domain="acme", strength=2.0, axes=[1, 2], mode="fast"),
        helper.make_node("Lambda", ["b", "", "a"], ["y"], name="t", domain="acme"),
        helper.make_node("Neg", ["a"], ["z"], name="neg"),
    ]
    graph = helper.make_graph(nodes, "g", [x], outputs)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("acme", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets), "m.onnx")
    return "m.onnx"


def run(xml, x, *extensions):
    core = ov.Core()
    for extension in extensions:
        core.add_extension(extension)
    compiled = core.compile_model(core.read_model(xml), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [np.array(v) for v in compiled([x]).values()]


def test_the_error_says_how_to_go_on_and_the_cut_works(model, capsys):
    assert main([model]) == 4
    err = capsys.readouterr().err
    assert "2 operations are not supported" in err
    assert "Cut the model before them with --output a,z.\n" in err
    assert "mo plugins new my-onnx-layer --framework onnx --op acme:" in err and "--keep_unsupported" in err
    assert main([model, "--output", "a,z"]) == 0
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(1, 3, 4)
    np.testing.assert_array_equal(run("m.xml", x)[1], -np.maximum(x, 0))


def test_kept_operations_run_with_the_scaffold(model, capsys, monkeypatch):
    assert main(["inspect", model, "--scaffold", "start"]) == 0
    assert "start/runtime.py" in capsys.readouterr().out
    assert main(["inspect", model, "--scaffold", "start"]) == 2
    assert "is there already" in capsys.readouterr().err
    monkeypatch.syspath_prepend("start")
    import runtime

    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(1, 3, 4)
    words = ["--keep_unsupported", "--unsupported_output", "y[1,3,4]{f32}"]
    for way, name in ((words, "kept"), (["--extension", "start/converters.py"], "converted")):
        assert main([model, *way, "-n", name]) == 0
        xml = Path(f"{name}.xml").read_text()
        assert 'type="Warp" version="onnx"' in xml and 'axes="1,2" mode="fast" strength="2.0"' in xml
        results = run(f"{name}.xml", x, runtime.Warp, runtime.Lambda)
        np.testing.assert_array_equal(results[0], np.maximum(x, 0))
    assert 'absent_inputs="1"' in Path("kept.xml").read_text()
    assert "stays an operation of the set" in capsys.readouterr().out


def test_the_types_of_kept_operations_are_asked_for(model):
    loaded = onnx.load(model)
    loaded.graph.node[2].output.append("more")
    loaded.graph.output.add().name = "more"
    with pytest.raises(mo_core.Unsupported, match='--unsupported_output "more'):
        mo_core.convert(loaded, keep_unsupported=True, unsupported_output="b[1,3,4]")
    made = mo_core.convert(model, keep_unsupported=True, unsupported_output="y[?,7]{i64},nobody[1]")
    assert str(made.outputs["y"]) == "i64[?,7]"
    assert any('kept is called "nobody"' in note for note in made.report.notes)


@pytest.mark.parametrize("framework", ["caffe", "kaldi", "mxnet", "onnx", "tensorflow"])
def test_a_new_package_passes_its_test(tmp_path, monkeypatch, framework, capsys):
    monkeypatch.chdir(tmp_path)
    name = f"my-{framework}-warp"
    assert (
        main(
            ["plugins", "new", name, "--framework", framework, "--op", "acme:Warp2" if framework == "onnx" else "Warp2"]
        )
        == 0
    )
    assert f"pytest {name}/tests" in capsys.readouterr().out
    env = {**os.environ, "PYTHONPATH": str(tmp_path / name / "src")}
    test = [sys.executable, "-m", "pytest", "-q", f"{name}/tests", "-p", "no:cacheprovider"]
    done = subprocess.run(test, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout
    assert f'[project.entry-points."mo.{framework}"]' in (tmp_path / name / "pyproject.toml").read_text()


def test_what_a_new_package_needs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["plugins", "new", "x"]) == 2
    assert main(["plugins", "new", "a b", "--framework", "onnx"]) == 2
    assert main(["plugins", "new", "x", "--framework", "onnx"]) == 0
    assert main(["plugins", "new", "x", "--framework", "onnx"]) == 2
    err = capsys.readouterr().err
    assert "needs a name and a framework" in err and "no name for a package" in err and "is there already" in err
