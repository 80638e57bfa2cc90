"""Plug-ins that are wrong, each in its own way: the error names the plug-in and says how to go on."""

from __future__ import annotations

import onnx
import pytest
from onnx import TensorProto, helper

from tests.extensions.outside import install, python

HEAD = """
import sys
import numpy as np
from mo_core import hookimpl, ops
from mo_core.frontend import Frontend, converter, converters_of
from mo_core.ir import Graph, Node, Type, schema
from mo_core.ir.schema import Operand, operand
from mo_core.ops import axes
from mo_core.options import Option
from mo_core.rewriting import Pass, Stage, graph_pass

def plugin_converters():
    return converters_of(sys.modules[__name__])
"""

CONVERTERS = """
@hookimpl
def mo_converters(framework):
    return plugin_converters() if framework == "onnx" else []
"""

RUN = """
import sys, mo_core
try:
    mo_core.convert(sys.argv[1])
    print("converted")
except mo_core.MoError as e:
    print(type(e).__name__, e)
"""

BROKEN = {
    "import error": ("import nothing_like_this", "cannot be imported: ModuleNotFoundError", "--block-plugin broken"),
    "a hook that is none": ("@hookimpl\ndef mo_pases(): return []", "unknown hook 'mo_pases'", ""),
    "an op that exists": (
        "class ReLU(Node, opset='opset1'):\n    x: Operand = operand()\n    def infer(self): return self.x.type\n"
        "@hookimpl\ndef mo_ops(): return [ReLU]\n@hookimpl\ndef mo_pipeline(passes, options): pass",
        "the operation ReLU of opset1 is given by mo-core and broken-dist 1.2",
        "--block-plugin broken",
    ),
    "a cycle of passes": (
        "def nothing(graph, edit): pass\n"
        "A = graph_pass('a', stage=Stage.CLEANUP, after=('b',))(nothing)\n"
        "B = graph_pass('b', stage=Stage.CLEANUP, after=('a',))(nothing)\n"
        "@hookimpl\ndef mo_passes(): return [A, B]",
        '"a" of broken-dist 1.2, "b" of broken-dist 1.2',
        "contradicts itself",
    ),
    "a converter that raises": (
        "@converter('Warp', domain='acme')\ndef warp(x): return 1 / 0\n" + CONVERTERS,
        "broken.py, line",
        "broken-dist 1.2: the converter broken.warp",
    ),
    "a converter that returns nothing": (
        "@converter('Warp', domain='acme')\ndef warp(x): pass\n" + CONVERTERS,
        'acme:Warp (1 node, first "w"): output 0 cannot be computed',
        "",
    ),
    "a shape rule that lies": (
        "class Warp(Node, opset='acme'):\n    x: Operand = operand()\n"
        "    def infer(self): return Type(self.x.element, (7,))\n"
        "    def fold(self, x): return np.asarray(x) * 2\n"
        "@converter('Warp', domain='acme')\ndef warp(x): return ops.Add(x, ops.ReduceSum(Warp(np.ones((2, 3), np.float32)), [0]))\n"
        + CONVERTERS,
        "Warp of broken infers the shape [7] and computes [2,3]",
        "report this to its author",
    ),
    "axes that lie": (
        "class Warp(Node, opset='acme'):\n    x: Operand = operand()\n"
        "    def infer(self): return Type(self.x.element, (*self.x.shape[:2], 5, 6))\n"
        "    axis_trait = axes.ALIKE\n"
        "@converter('Warp', domain='acme')\ndef warp(x):\n"
        "    return ops.Transpose(Warp(ops.Transpose(x, [0, 3, 1, 2])), [0, 2, 3, 1])\n" + CONVERTERS,
        "the axes that Warp of broken declares do not fit",
        "Correct its axis_trait",
    ),
    "an attribute of a wrong type": (
        "@converter('Warp', domain='acme')\ndef warp(x): return ops.Elu(x, alpha='much')\n" + CONVERTERS,
        "attribute alpha of Elu is not real",
        "broken-dist 1.2: the converter broken.warp",
    ),
    "an option that exists": (
        "@hookimpl\ndef mo_options(): return [Option('batch', 'text', 'Mine.')]",
        "the option --batch is declared twice, by mo-core and by broken-dist 1.2",
        "--block-plugin",
    ),
    "a front-end that exists": (
        "class Onnx(Frontend):\n    name = 'onnx'\n@hookimpl\ndef mo_frontends(): return [Onnx()]",
        'the front-end "onnx" is given by',
        "--block-plugin",
    ),
    "a hook that gives rubbish": (
        "@hookimpl\ndef mo_passes(): return ['fuse everything']",
        "the hook mo_passes of broken-dist 1.2 gives 'fuse everything', a str",
        "--block-plugin broken",
    ),
    "a pipeline with rubbish": (
        "@hookimpl\ndef mo_pipeline(passes, options): passes.append('more')",
        "the hook mo_pipeline of broken-dist 1.2 put something into the list that is not a pass",
        "",
    ),
    "a pass that leaves a graph out of order": (
        "def tear(graph, context):\n"
        "    for node in list(graph):\n"
        "        if node.type_name == 'Relu' or node.type_name == 'ReLU':\n"
        "            node.operands[0].uses.clear()\n"
        "@hookimpl\ndef mo_passes(): return [Pass('tear', Stage.CLEANUP, 'Tears.', run=tear)]",
        "the pass tear of broken-dist 1.2 leaves a graph that is not in order",
        "--disable-pass tear",
    ),
}


@pytest.fixture
def model(tmp_path):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3, 4, 5])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="r"),
        helper.make_node("Warp", ["a"], ["y"], name="w", domain="acme"),
    ]
    made = helper.make_model(
        helper.make_graph(nodes, "g", [x], [y]),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("acme", 1)],
    )
    onnx.save(made, tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plug_in_is_named_with_a_remedy(tmp_path, model, kind):
    source, told, remedy = BROKEN[kind]
    site = install(tmp_path / "site", "broken", HEAD + source)
    if "Warp" not in source:
        fine = HEAD + "@converter('Warp', domain='acme')\ndef warp(x): return ops.ReLU(x)\n" + CONVERTERS
        install(site, "fine", fine)
    done = python(site, RUN, str(model))
    assert done.returncode == 0, done.stderr
    if kind == "an op that exists":  # nobody asks for the ops of a conversion that has none from outside
        done = python(site, "from mo_core.app.cli import main; main(['plugins', '--check'])")
    assert told in done.stdout + done.stderr and remedy in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_rest_is_listed_when_one_is_broken(tmp_path):
    site = install(tmp_path / "site", "broken", "1 / 0")
    install(site, "fine", HEAD + CONVERTERS)
    install(site, "other", HEAD + BROKEN["a hook that gives rubbish"][0])
    done = python(site, "import sys; from mo_core.app.cli import main; sys.exit(main(['plugins', '--check']))")
    assert done.returncode == 5
    assert "broken               broken-dist 1.2  broken: the plug-in broken" in done.stdout
    assert "gives 'fuse everything'" in done.stdout
    assert "fine                 fine-dist 1.2\n  hooks       mo_converters" in done.stdout
    assert "onnx                 mo-onnx" in done.stdout


@pytest.mark.parametrize("how", ["option", "environment", "environment name"])
def test_plug_ins_are_left_out(tmp_path, how, monkeypatch):
    site = install(tmp_path / "site", "broken", "1 / 0")
    words = ["--no-plugins"] if how == "option" else []
    if how != "option":
        monkeypatch.setenv("MO_DISABLE_PLUGINS", "1" if how == "environment" else "broken,other")
    done = python(site, f"import sys; from mo_core.app.cli import main; sys.exit(main({['plugins', *words]}))")
    assert done.returncode == 0, done.stdout
    assert "onnx                 mo-onnx" in done.stdout
    assert "ZeroDivisionError" not in done.stdout
