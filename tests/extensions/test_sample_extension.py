"""The sample distribution, installed from its wheel beside mo-core and mo-caffe, and the same as a single file."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import openvino
import pytest

import mo_core
from mo_caffe import caffe_pb2
from mo_core.errors import ModelError, PluginError, Unsupported
from tests.extensions.environment import Environment, build_wheels
from tests.extensions.page import read_page

ROOT = Path(__file__).resolve().parents[2]
EXTENSIONS = ROOT / "extensions"
SAMPLE = EXTENSIONS / "mo-caffe-gated-shift"
PACKAGE = SAMPLE / "src" / "mo_caffe_gated_shift"
SINGLE = EXTENSIONS / "single_file" / "gated_shift.py"
PLAIN = 'type: "GatedShift"'
PYTHON = 'type: "Python" python_param {{ module: "video_layers" layer: "GatedShift" param_str: "{}" }}'


def write_net(folder, shape=(1, 4, 9), layer=PLAIN + " gated_shift_param { steps: 2 }", seed=0, blobs=2):
    """A network of one layer with random weights; returns the path of the model, the weight and the bias."""
    random = np.random.default_rng(seed)
    learned = random.normal(size=(2, shape[1])).astype(np.float32)
    net = caffe_pb2.NetParameter(name=b"net")
    trained = net.layer.add(name=b"blend")
    for values in learned[:blobs]:
        blob = trained.blobs.add()
        blob.shape.dim.append(shape[1])
        blob.data.extend(values.tolist())
    dims = " ".join(f"dim: {d}" for d in shape)
    (folder / "net.prototxt").write_text(
        f'layer {{ name: "clip" type: "Input" top: "clip" input_param {{ shape {{ {dims} }} }} }}\n'
        f'layer {{ name: "blend" bottom: "clip" top: "blend" {layer} }}\n'
    )
    (folder / "net.caffemodel").write_bytes(net.SerializeToString())
    return folder / "net.caffemodel", *learned


def expected(x, weight, bias, steps=1, axis=2):
    """What the layer computes, step by step."""
    y = np.empty_like(x)
    channels = (-1, *[1] * (x.ndim - 2))
    slices_in, slices_out = np.moveaxis(x, axis, 0), np.moveaxis(y, axis, 0)
    gates = np.moveaxis(1 / (1 + np.exp(-(x * weight.reshape(channels) + bias.reshape(channels)))), axis, 0)
    for step in range(x.shape[axis]):
        before = slices_in[step - steps] if step >= steps else 0
        slices_out[step] = (1 - gates[step]) * slices_in[step] + gates[step] * before
    return y


def operation(runtime_py=PACKAGE / "runtime.py"):
    """The operation for the runtime, from this file."""
    spec = importlib.util.spec_from_file_location("gated_shift_runtime", runtime_py)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.GatedShift


def run(xml, x, *extensions):
    core = openvino.Core()
    for extension in extensions:
        core.add_extension(extension)
    compiled = core.compile_model(core.read_model(xml), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled([x])["blend"]


def clip(*shape):
    return np.random.default_rng(7).normal(size=shape).astype(np.float32)


def assert_same(got, want):
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-6, strict=True)


# -- installed


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    build_wheels(folder, ROOT / "core", ROOT / "adapters" / "caffe", SAMPLE)
    return folder


@pytest.fixture(scope="module")
def environment(wheels, tmp_path_factory):
    made = Environment(tmp_path_factory.mktemp("environment"), wheels)
    made.run("pip", "install", "mo-caffe-gated-shift")
    return made


def test_nothing_else_is_in_the_environment(environment):
    packages = {p["name"].lower() for p in json.loads(environment.run("pip", "list", "--format=json"))}
    assert packages == {
        "mo-core",
        "mo-caffe",
        "mo-caffe-gated-shift",
        "numpy",
        "pluggy",
        "protobuf",
        "rich",
        "pip",
        "mdurl",
        "markdown-it-py",
        "pygments",
        *({"typing-extensions", "tomli"} & packages),  # what rich and pip need, and mo-core on Python 3.10
    }
    for framework in ("caffe", "openvino", "onnx"):
        assert "No module named" in environment.run("python", "-c", f"import {framework}", code=1)


def test_installed_and_decomposed(environment, tmp_path):
    model, weight, bias = write_net(tmp_path)
    environment.run("mo-caffe", str(model), "--output_dir", "ir", cwd=tmp_path)
    assert "GatedShift" not in (tmp_path / "ir" / "net.xml").read_text()
    x = clip(1, 4, 9)
    assert_same(run(tmp_path / "ir" / "net.xml", x), expected(x, weight, bias, steps=2))


@pytest.mark.parametrize("call", ["mo-caffe net.caffemodel", "mo net.caffemodel", "mo --input_model=net.caffemodel"])
def test_installed_and_kept_for_the_runtime(environment, call, tmp_path):
    _, weight, bias = write_net(tmp_path)
    environment.run(*call.split(), "--keep_gated_shift", "--output_dir", "ir", cwd=tmp_path)
    assert 'type="GatedShift" version="gated_shift"' in (tmp_path / "ir" / "net.xml").read_text()
    x = clip(1, 4, 9)
    installed = operation(environment.site / "mo_caffe_gated_shift" / "runtime.py")
    assert_same(run(tmp_path / "ir" / "net.xml", x, installed), expected(x, weight, bias, steps=2))


def test_without_the_operation_the_runtime_refuses_what_was_kept(environment, tmp_path):
    model, *_ = write_net(tmp_path)
    environment.run("mo-caffe", str(model), "--keep_gated_shift", cwd=tmp_path)
    with pytest.raises(RuntimeError, match="gated_shift"):
        run(tmp_path / "net.xml", clip(1, 4, 9))


@pytest.mark.parametrize("options", [{}, {"keep_gated_shift": True}])
def test_the_single_file_gives_the_same_files(environment, options, tmp_path):
    model, *_ = write_net(tmp_path)
    environment.run("mo-caffe", str(model), *(f"--{name}" for name in options), "--output_dir", "ir", cwd=tmp_path)
    mo_core.convert(model, extension=SINGLE, **options).save(tmp_path / "single.xml")
    assert (tmp_path / "single.xml").read_text() == (tmp_path / "ir" / "net.xml").read_text()
    assert (tmp_path / "single.bin").read_bytes() == (tmp_path / "ir" / "net.bin").read_bytes()


@pytest.mark.parametrize("program", ["mo", "mo-caffe"])
def test_it_is_listed(environment, program):
    assert re.search(
        r"^gated-shift +mo-caffe-gated-shift 1\.0  \(for caffe\)\n  hooks +mo_conv",
        environment.run(program, "--plugins"),
        re.M,
    )
    assert re.search(r"^caffe +- +GatedShift$", environment.run(program, "--list-ops"), re.MULTILINE)


def test_a_broken_distribution_is_named_until_it_is_blocked(environment, tmp_path):
    model, *_ = write_net(tmp_path)
    info = environment.site / "broken_layers-3.1.dist-info"
    info.mkdir()
    try:
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-layers\nVersion: 3.1\n")
        (info / "entry_points.txt").write_text("[mo.caffe]\nbroken = no_such_layers\n")
        text = environment.run("mo-caffe", str(model), cwd=tmp_path, code=5)
        assert "the plug-in broken of broken-layers 3.1 cannot be imported" in text
        assert "--block-plugin broken" in text and not (tmp_path / "net.xml").exists()
        environment.run("mo-caffe", str(model), "--block-plugin", "broken", cwd=tmp_path)
        assert (tmp_path / "net.xml").exists()
    finally:
        shutil.rmtree(info)


# -- as a single file


def test_the_single_file_is_the_module_of_the_package():
    assert SINGLE.read_text() == (PACKAGE / "plugin.py").read_text()


@pytest.mark.parametrize("form", ["decomposed", "kept"])
@pytest.mark.parametrize(
    ("shape", "steps", "axis"),
    [
        ((1, 8, 16), 1, 2),
        ((2, 3, 5), 2, -1),
        ((2, 3, 5), 5, 2),  # nothing is left of what came before
        ((2, 3, 5), 7, 2),
        ((2, 3, 4, 5, 6), 1, 3),
        ((4, 3, 2, 2), 2, 0),
    ],
)
@pytest.mark.parametrize("dynamic", [False, True])
def test_values(tmp_path, form, shape, steps, axis, dynamic):
    layer = f"{PLAIN} gated_shift_param {{ steps: {steps} axis: {axis} }}"
    model, weight, bias = write_net(tmp_path, shape, layer)
    options = {"input_shape": [-1 if i != 1 else d for i, d in enumerate(shape)]} if dynamic else {}
    model = mo_core.convert(model, extension=SINGLE, keep_gated_shift=form == "kept", check=True, **options)
    assert ("GatedShift" in {n.type_name for n in model.graph}) == (form == "kept")
    x = clip(*shape)
    got = run(model.save(tmp_path / "m.xml"), x, operation())
    assert_same(got, expected(x, weight, bias, steps, axis))


def test_defaults_are_those_of_the_layer(tmp_path):
    model, weight, bias = write_net(tmp_path, layer=PLAIN)
    x = clip(1, 4, 9)
    assert_same(run(mo_core.convert(model, extension=SINGLE).save(tmp_path / "m.xml"), x), expected(x, weight, bias))


def test_half_precision_weights_reach_the_kept_operation_as_f32(tmp_path):
    model, weight, bias = write_net(tmp_path, (1, 64, 9))
    converted = mo_core.convert(model, extension=SINGLE, keep_gated_shift=True, compress_to_fp16=True)
    x = clip(1, 64, 9)
    rounded = [v.astype(np.float16).astype(np.float32) for v in (weight, bias)]
    assert_same(run(converted.save(tmp_path / "m.xml"), x, operation()), expected(x, *rounded, steps=2))


@pytest.mark.parametrize("spelt", ["{'steps': 3, 'axis': 2}", "'steps': 3", "steps: 3"])
@pytest.mark.parametrize("kept", [False, True])
def test_a_python_layer_is_found_by_module_and_class(tmp_path, spelt, kept):
    model, weight, bias = write_net(tmp_path, layer=PYTHON.format(spelt))
    converted = mo_core.convert(model, extension=SINGLE, keep_gated_shift=kept)
    x = clip(1, 4, 9)
    assert_same(run(converted.save(tmp_path / "m.xml"), x, operation()), expected(x, weight, bias, steps=3))


def test_another_python_layer_of_the_module_is_not(tmp_path):
    model, *_ = write_net(tmp_path, layer=PYTHON.format("").replace("GatedShift", "GatedShuffle"))
    with pytest.raises(Unsupported, match=r"video_layers\.GatedShuffle \(1 node, first \"blend\"\)"):
        mo_core.convert(model, extension=SINGLE)


@pytest.mark.parametrize(
    ("net", "error", "told"),
    [
        (
            {"layer": PLAIN + " gated_shift_param { stepz: 2 }"},
            Unsupported,
            'attribute "stepz" of GatedShift is not known',
        ),
        ({"layer": PLAIN + " gated_shift_param { steps: 0 }"}, ModelError, "steps is 0"),
        ({"blobs": 1}, ModelError, "needs input `bias`"),
    ],
)
def test_a_wrong_model_is_the_model_s_fault(tmp_path, net, error, told):
    model, *_ = write_net(tmp_path, **net)
    with pytest.raises(error, match=told):
        mo_core.convert(model, extension=SINGLE)


HEAD = """\
from mo_caffe.registry import caffe_layer
from mo_core import hookimpl
from mo_core.frontend import converters_of
"""
TAIL = """
@hookimpl
def mo_converters(framework):
    return converters_of(gated_shift)
"""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("def gated_shift(x, weight, bias, *, steps=1): return x / 0", "TypeError"),
        ("def gated_shift(x, weight, bias, *, steps=1): return weight.no_such_thing", "no attribute 'no_such_thing'"),
        ("def gated_shift(x, weight, bias, *, steps=1): return 1", "it returned int, which is no value of the graph"),
        (
            "def gated_shift(x, weight, bias, *, steps=1):\n    import no_such_module",
            "No module named 'no_such_module'",
        ),
        (
            "def gated_shift(x, weight, bias, *, steps=1): raise NotImplementedError('later')",
            "NotImplementedError: later",
        ),
    ],
)
def test_a_converter_that_fails_is_the_extension_s_fault(tmp_path, body, told):
    model, *_ = write_net(tmp_path)
    broken = tmp_path / "broken.py"
    broken.write_text(f'{HEAD}@caffe_layer("GatedShift", "gated_shift_param")\n{body}\n{TAIL}')
    with pytest.raises(PluginError, match=told) as caught:
        mo_core.convert(model, extension=broken)
    assert caught.value.exit_code == 5
    assert caught.value.fact.startswith(f"{broken}: the converter ") and 'GatedShift "blend"' in str(caught.value)


def test_an_operation_that_is_used_wrongly_is_told_with_the_extension(tmp_path):
    model, *_ = write_net(tmp_path)
    broken = tmp_path / "broken.py"
    body = "def gated_shift(x, weight, bias, *, steps=1):\n    from mo_core.ops import Add\n    return Add(x, weight)"
    broken.write_text(f'{HEAD}@caffe_layer("GatedShift", "gated_shift_param")\n{body}\n{TAIL}')
    with pytest.raises(mo_core.errors.ShapeError, match=r"converted by .*broken\.py"):
        mo_core.convert(model, extension=broken)


@pytest.mark.parametrize(
    "body",
    [
        "@graph_pass('mine', stage=Stage.FUSE)\ndef mine(graph, context):\n    'Fails.'\n    return 1 / 0",
        "@rule(p.Add(any_('x'), any_('y')))\ndef halve(x, y):\n    'Fails.'\n    return 1 / 0\n"
        "mine = rewrites('mine', halve, stage=Stage.FUSE)",
    ],
)
def test_a_pass_that_fails_is_the_extension_s_fault(tmp_path, body):
    model, *_ = write_net(tmp_path)
    broken = tmp_path / "broken.py"
    broken.write_text(
        "from mo_core import hookimpl\nfrom mo_core.rewriting import Stage, graph_pass, rewrites\n"
        "from mo_core.rewriting import any_, p\nfrom mo_core.rewriting import rule\n"
        f"{body}\n@hookimpl\ndef mo_passes():\n    return [mine]\n"
    )
    with pytest.raises(PluginError, match="mine.* failed.*ZeroDivisionError") as caught:
        mo_core.convert(model, extension=[SINGLE, broken])
    assert str(broken) in str(caught.value) and "--disable-pass mine" in caught.value.remedy
    assert mo_core.convert(model, extension=[SINGLE, broken], disable_pass="mine").outputs


def test_two_extensions_with_one_option_are_both_named(tmp_path):
    model, *_ = write_net(tmp_path)
    (tmp_path / "copy.py").write_text(SINGLE.read_text())
    with pytest.raises(
        PluginError, match=r"--keep_gated_shift is declared twice, by .*gated_shift\.py and by .*copy\.py"
    ):
        mo_core.convert(model, extension=[SINGLE, tmp_path / "copy.py"])


# -- the page


@pytest.fixture(scope="module")
def page():
    return read_page(ROOT / "docs" / "own-layer.md")


def test_the_page_shows_the_files_as_they_are(page):
    assert {path: (EXTENSIONS / path).read_text() for path in page.files if path != "broken.py"} == {
        path: text for path, text in page.files.items() if path != "broken.py"
    }
    untold = {"README.md", "__init__.py", "plugin.py"}  # plugin.py is the single file
    sample = [SINGLE, *(EXTENSIONS / "mo-caffe-gated-shift").rglob("*")]
    files = {p.relative_to(EXTENSIONS).as_posix() for p in sample if p.suffix in (".py", ".toml", ".md")}
    assert {f for f in files if Path(f).name not in untold} == set(page.files) - {"broken.py"}


def test_the_commands_of_the_page_do_what_it_says(page, wheels, tmp_path):
    folder = tmp_path / "extensions"
    shutil.copytree(EXTENSIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "broken.py").write_text(page.files["broken.py"])
    environment = Environment(tmp_path / "environment", wheels)
    assert len(page.commands) >= 12
    for command, output in page.commands:
        lend_what_is_fetched(environment, command)
        failure = any(line.startswith("mo-caffe: ") for line in output)
        code = 0 if not failure else 5 if "--extension" in command else 4
        printed = environment.run(*shlex.split(command), cwd=folder, code=code)
        for line in output:
            assert line in printed, f"{command} does not print {line!r}, but:\n{printed}"
    difference = printed_number(environment.run("python", "mo-caffe-gated-shift/example/compare.py", cwd=folder))
    assert difference < 2e-6


def lend_what_is_fetched(environment, command):
    """There is no network: what a command would fetch is lent, except for our own."""
    words = shlex.split(command)
    if words[:2] == ["pip", "wheel"]:
        environment.lend("hatchling")
    elif words[:2] == ["pip", "install"] and not words[-1].startswith("mo-"):
        environment.lend(words[-1])


def printed_number(text):
    return float(text.rpartition(":")[2])
