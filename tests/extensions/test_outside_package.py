"""The design from outside: an op, a converter, a pass and a whole front-end by public API alone."""

from __future__ import annotations

import json

import numpy as np
import openvino as ov
import pytest

from tests.extensions.outside import install, python

TOY = '''
"""A front-end for a made-up text format: `name = op(operands, attribute=value)` a line."""
import re

from mo_core import hookimpl
from mo_core.ir import types as t
from mo_core.errors import ModelError
from mo_core.frontend import Frontend, SourceModel, converter, converters_of
from mo_core.ir import Foreign, Graph, Node, Type, Value
from mo_core.ops import Add, Multiply, Power, ReLU
from mo_core.rewriting import Stage, any_, op, rewrites, rule
from mo_core.ir.schema import Operand, operand, real


class Cube(Node, opset="toyset"):
    """x * x * x times a factor, an operation of its own."""

    data: Operand = operand()
    factor: float = real(default=1.0)

    def infer(self):
        return self.data.type


@converter("cube")
def cube(x, *, factor=1.0):
    return Cube(x, factor=factor)


@converter("relu")
def relu(x):
    return ReLU(x)


@converter("add")
def add(a, b=None):
    return Add(a, b if b is not None else 1.0)


@rule(op(Cube, operands=[any_("x")], name="cube"))
def lower_cube(cube, x):
    """Cube by what the runtime has."""
    return Multiply(Power(x, 3.0), cube.factor)


class Toy(Frontend):
    name, title, distribution, suffixes = "toy", "Toy", "toy-dist", (".toy",)

    def read(self, source, options):
        graph, values = Graph("toy"), {}
        for number, line in enumerate(source.read_text().splitlines(), 1):
            found = re.fullmatch(r"(\\w+) = (\\w+)\\((.*)\\)", line.strip())
            if not found:
                raise ModelError(f"line {number} is not `name = op(...)`")
            name, kind, rest = found.groups()
            words = [w.strip() for w in rest.split(",") if w.strip()]
            if kind == "input":
                values[name] = graph.add_input(name, t.f32, tuple(int(w) for w in words))
                continue
            attributes = {k: float(v) for k, _, v in (w.partition("=") for w in words if "=" in w)}
            node = Foreign("toy", kind, [values[w] for w in words if "=" not in w], attributes, name=name)
            graph.add(node)
            node.names.append(name)
            values[name] = node
        graph.add_output(values[name], name)
        return SourceModel(graph)


@hookimpl
def mo_frontends():
    return [Toy()]


@hookimpl
def mo_ops():
    return [Cube]


@hookimpl
def mo_converters(framework):
    import sys
    return converters_of(sys.modules[__name__]) if framework == "toy" else []


@hookimpl
def mo_passes():
    return [rewrites("lower-cube", lower_cube, stage=Stage.NORMALIZE)]
'''

CONVERT = """
import json, sys, mo_core
try:
    options = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    model = mo_core.convert(sys.argv[1], **options)
    model.save(sys.argv[2])
    print(json.dumps({"report": model.report.plugins, "inputs": list(model.inputs), "outputs": list(model.outputs)}))
except mo_core.errors.MoError as e:
    print(f"{type(e).__name__} {e.exit_code}: {e}")
"""


@pytest.fixture
def toy(tmp_path):
    (tmp_path / "model.toy").write_text("x = input(2, 3)\ny = add(x)\nz = cube(y, factor=2)\nr = relu(z)\n")
    return install(tmp_path / "site", "toy", TOY)


def run(xml, x):
    core = ov.Core()
    compiled = core.compile_model(core.read_model(str(xml)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled([x])[0]


def test_a_whole_front_end_from_outside(toy, tmp_path):
    done = python(toy, CONVERT, str(tmp_path / "model.toy"), str(tmp_path / "m.xml"))
    found = json.loads(done.stdout)
    assert found["inputs"] == ["x"] and "toy-dist 1.2" in found["report"], done.stderr
    x = np.array([[-3, -1, 0], [1, 2, 3]], np.float32)
    np.testing.assert_allclose(run(tmp_path / "m.xml", x), np.maximum(2 * (x + 1) ** 3, 0), rtol=1e-6)


def test_its_own_operation_set_stays_when_its_pass_is_switched_off(toy, tmp_path):
    python(toy, CONVERT, str(tmp_path / "model.toy"), str(tmp_path / "m.xml"), '{"disable_pass": "lower-cube"}')
    assert 'type="Cube" version="toyset"' in (tmp_path / "m.xml").read_text()


def test_cutting_means_the_names_of_the_file(toy, tmp_path):
    python(toy, CONVERT, str(tmp_path / "model.toy"), str(tmp_path / "m.xml"), '{"input": "y:0[4]", "output": "z"}')
    np.testing.assert_allclose(
        run(tmp_path / "m.xml", np.arange(4, dtype=np.float32)), 2 * np.arange(4.0) ** 3, rtol=1e-6
    )


def test_an_unknown_op_is_reported_with_its_node(toy, tmp_path):
    (tmp_path / "model.toy").write_text("x = input(2)\na = warp(x)\nb = warp(a)\nc = fold(b)\n")
    done = python(toy, CONVERT, str(tmp_path / "model.toy"), str(tmp_path / "m.xml"))
    assert done.stdout.startswith('Unsupported 4: 2 operations are not supported: warp (2 nodes, first "a")')
    assert not (tmp_path / "m.xml").exists()


def test_an_unknown_attribute_is_reported(toy, tmp_path):
    (tmp_path / "model.toy").write_text("x = input(2)\na = cube(x, facto=2)\n")
    done = python(toy, CONVERT, str(tmp_path / "model.toy"), str(tmp_path / "m.xml"))
    assert 'attribute "facto" of cube is not known' in done.stdout


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import nothing_like_this", "cannot be imported: ModuleNotFoundError"),
        ("from mo_core import hookimpl\n@hookimpl\ndef mo_pases(): return []", "does not fit: unknown hook 'mo_pases'"),
        (
            "from mo_core import hookimpl\n@hookimpl\ndef mo_passes(): return 1 / 0",
            "hook mo_passes of broken-dist 1.2 failed: ZeroDivisionError",
        ),
        ("from mo_core import hookimpl\n@hookimpl\ndef mo_passes(option): return []", "does not fit"),
    ],
)
def test_a_broken_plug_in_is_named(toy, tmp_path, source, told):
    install(toy, "broken", source)
    done = python(toy, CONVERT, str(tmp_path / "model.toy"), str(tmp_path / "m.xml"))
    assert done.stdout.startswith("PluginError 5:") and "broken-dist 1.2" in done.stdout and told in done.stdout


BROKEN_FRONTEND = """
from mo_core import hookimpl
from mo_core.frontend import Frontend
class Odd(Frontend):
    name, suffixes = "odd", (".odd",)
    def {method}: return {{}}["what"]
@hookimpl
def mo_frontends(): return [Odd()]
"""


@pytest.mark.parametrize("method", ["recognises(self, path, head)", "read(self, source, options)"])
def test_a_front_end_that_fails_is_named_with_its_plug_in(toy, tmp_path, method):
    install(toy, "broken", BROKEN_FRONTEND.format(method=method))
    (tmp_path / "model.odd").write_text("odd")
    done = python(toy, CONVERT, str(tmp_path / "model.odd"), str(tmp_path / "m.xml"))
    told = 'PluginError 5: the front-end "odd" of broken-dist 1.2 failed: KeyError: '
    assert done.stdout.startswith(told) and "--block-plugin" in done.stdout, done.stdout + done.stderr


def test_a_blocked_plug_in_is_left_out(toy, tmp_path):
    install(toy, "broken", "1 / 0")
    done = python(toy, CONVERT, str(tmp_path / "model.toy"), str(tmp_path / "m.xml"), '{"block_plugin": ["broken"]}')
    assert json.loads(done.stdout)["inputs"] == ["x"]


def test_a_plug_in_of_another_framework_is_not_even_imported(toy, tmp_path):
    install(toy, "other", "1 / 0", group="mo.otherframework")
    done = python(toy, CONVERT, str(tmp_path / "model.toy"), str(tmp_path / "m.xml"))
    assert json.loads(done.stdout)["inputs"] == ["x"]


def test_a_plug_in_of_this_framework_only_is_loaded(toy, tmp_path):
    source = (
        "from mo_core import hookimpl\nfrom mo_core.frontend import converter\nfrom mo_core.ops import Sigmoid\n"
        "@converter('relu', overrides=True)\ndef relu(x): return Sigmoid(x)\n"
        "@hookimpl\ndef mo_converters(framework): return relu.mo_converters\n"
    )
    install(toy, "better", source, group="mo.toy")
    python(toy, CONVERT, str(tmp_path / "model.toy"), str(tmp_path / "m.xml"))
    assert 'type="Sigmoid"' in (tmp_path / "m.xml").read_text()


def test_a_plug_in_of_one_framework_is_not_asked_for_another(toy):
    source = (
        "from mo_core import hookimpl\nfrom mo_core.frontend import converter, converters_of\n"
        "@converter('warp')\ndef warp(x): return x\n"
        "@hookimpl\ndef mo_converters(framework): return converters_of(warp)\n"
    )
    install(toy, "better", source, group="mo.toy")
    code = (
        "from mo_core.plugins import Plugins\nplugins = Plugins()\nplugins.load_framework('toy')\n"
        "print(*['warp' in [c.op for c in plugins.converters(name)] for name in ('toy', 'onnx')])"
    )
    assert python(toy, code).stdout.strip() == "True False"


def test_the_single_file_form(toy, tmp_path):
    (tmp_path / "warp.py").write_text(
        "from mo_core import hookimpl\nfrom mo_core.frontend import converter\nfrom mo_core.ops import Negative\n"
        "@converter('warp')\ndef warp(x): return Negative(x)\n"
        "@hookimpl\ndef mo_converters(framework): return warp.mo_converters\n"
    )
    (tmp_path / "model.toy").write_text("x = input(2)\na = warp(x)\n")
    options = json.dumps({"extension": [str(tmp_path / "warp.py")]})
    python(toy, CONVERT, str(tmp_path / "model.toy"), str(tmp_path / "m.xml"), options)
    assert run(tmp_path / "m.xml", np.array([1, -2], np.float32)).tolist() == [-1, 2]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x = 1 /", "SyntaxError"),
        ("raise ValueError('no')", "line 1 cannot be loaded: ValueError: no"),
        ("x = 1", "has no hook function"),
    ],
)
def test_a_broken_single_file_is_named(toy, tmp_path, source, told):
    (tmp_path / "warp.py").write_text(source)
    options = json.dumps({"extension": [str(tmp_path / "warp.py")]})
    done = python(toy, CONVERT, str(tmp_path / "model.toy"), str(tmp_path / "m.xml"), options)
    assert done.stdout.startswith("PluginError 5:") and "warp.py" in done.stdout and told in done.stdout
