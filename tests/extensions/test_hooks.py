"""Each hook, implemented by a package outside of the tree."""

from __future__ import annotations

import json

import pytest

from tests.adapters.onnx.tiny import convolution
from tests.extensions.outside import install, python

HEAD = "from mo_core import hookimpl\n"
CONVERT = """
import json, sys, mo_core
options = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
model = mo_core.convert(sys.argv[1], **options)
model.save(sys.argv[2])
"""


@pytest.fixture
def convert(tmp_path):
    def run(source, model=None, **options):
        site = install(tmp_path / "site", "hooked", HEAD + source)
        path = model or convolution(tmp_path / "m.onnx")
        done = python(site, CONVERT, str(path), str(tmp_path / "out.xml"), json.dumps(options))
        assert done.returncode == 0, done.stderr
        return done.stdout, (tmp_path / "out.xml").read_text()

    return run


def test_an_option(convert):
    source = """
from mo_core.options import Option
@hookimpl
def mo_options():
    return [Option("shout", "flag", "Tell that it was given.", False)]
@hookimpl
def mo_pipeline(passes, options):
    print("shouted", options.shout)
"""
    assert convert(source, shout=True)[0].strip() == "shouted True"


def test_probing(convert, tmp_path):
    source = """
from mo_core.frontend import Frontend, SourceModel
from mo_core.ir import Graph
from mo_core.ir import types as t
class Odd(Frontend):
    name = "odd"
    def recognises(self, path, head): return False
    def read(self, source, options):
        graph = Graph("odd")
        graph.add_output(graph.add_input("x", t.f32, (1,)), "y")
        return SourceModel(graph)
@hookimpl
def mo_frontends():
    return [Odd()]
@hookimpl
def mo_probe(path, head):
    return "odd" if head.startswith(b"ODD") else None
"""
    (tmp_path / "m.bin").write_bytes(b"ODD...")
    assert 'names="x,y"' in convert(source, tmp_path / "m.bin")[1]


def test_a_converter_and_an_op(convert):
    source = """
from mo_core.frontend import converter
from mo_core.ir import Node
from mo_core.ir.schema import Operand, operand
class Twin(Node, opset="twinset"):
    "The operand itself, by an operation of the runtime's extension."
    data: Operand = operand()
    def infer(self): return self.data.type
@hookimpl
def mo_ops():
    return [Twin]
@converter("Relu", overrides=True)
def relu(x):
    return Twin(x)
@hookimpl
def mo_converters(framework):
    return relu.mo_converters if framework == "onnx" else []
"""
    assert 'type="Twin" version="twinset"' in convert(source)[1]


def test_a_pass(convert):
    source = """
from mo_core.ops import Sigmoid
from mo_core.rewriting import Stage, rewrites
from mo_core.rewriting import any_, p
from mo_core.rewriting import rule
@rule(p.ReLU(any_("x")))
def soften(x):
    "ReLU becomes Sigmoid."
    return Sigmoid(x)
@hookimpl
def mo_passes():
    return [rewrites("soften", soften, stage=Stage.FUSE)]
"""
    assert 'type="Sigmoid"' in convert(source)[1]


def test_editing_the_pipeline(convert):
    source = """
@hookimpl
def mo_pipeline(passes):
    passes[:] = [p for p in passes if not p.fusion]
"""
    xml = convert(source)[1]
    assert 'type="BatchNormInference"' in xml or xml.count('type="Multiply"') >= 1


def test_around_every_pass(convert):
    source = """
from contextlib import contextmanager
@hookimpl
def mo_around_pass(name, graph):
    @contextmanager
    def around():
        print("before", name)
        yield
        print("after", name)
    return around()
"""
    lines = convert(source)[0].splitlines()
    assert any(line.startswith("before constant-folding") for line in lines)
    assert len([x for x in lines if x.startswith("before")]) == len([x for x in lines if x.startswith("after")]) > 3


def test_emitted(convert):
    source = """
@hookimpl
def mo_emitted(report):
    print("files", sorted(str(f).rsplit(".", 1)[1] for f in report.files))
"""
    assert convert(source)[0].strip() == "files ['bin', 'xml']"


@pytest.mark.parametrize("mark", ["wrapper", "hookwrapper", "tryfirst", "trylast", "optionalhook"])
def test_what_pluggy_has_and_the_hooks_have_not_is_blamed_on_the_plugin(tmp_path, mark):
    body = "    return (yield)\n" if "wrapper" in mark else "    return []\n"
    source = f"@hookimpl({mark}=True)\ndef mo_passes():\n{body}"
    site = install(tmp_path / "site", "hooked", HEAD + source)
    done = python(site, CONVERT, str(convolution(tmp_path / "m.onnx")), str(tmp_path / "out.xml"))
    assert done.returncode != 0
    last = "\n".join(done.stderr.splitlines()[-2:])
    assert f"PluginError: the hook mo_passes of hooked-dist 1.2 is marked {mark}=True" in last
    assert "after" in last
    assert not (tmp_path / "out.xml").exists()


def test_a_replacer_of_a_described_sub_graph(convert):
    source = """
from mo_core.ops import Sigmoid
from mo_core.rewriting import replacer
@replacer("Softer")
def softer(found):
    "What was there becomes a Sigmoid."
    (x,) = found.inputs
    return Sigmoid(x)
@hookimpl
def mo_replacers(framework):
    return [softer] if framework == "onnx" else []
"""
    entry = {"id": "Softer", "match_kind": "points", "instances": {"start_points": ["relu"], "end_points": ["relu"]}}
    xml = convert(source, transformations_config=[entry])[1]
    assert 'type="Sigmoid"' in xml
    assert 'type="ReLU"' not in xml
