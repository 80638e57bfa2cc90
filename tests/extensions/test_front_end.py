"""A front-end from outside, in one file that imports the public face only: cycles, functions, effects, front passes."""

import ast
import importlib
import json
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from mo_core import convert
from mo_core.errors import ModelError
from mo_core.plugins import Plugins
from tests.meta.test_layering import faces

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "extensions" / "single_file" / "flow_front_end.py"
PAGE = ROOT / "docs" / "add-a-front-end.md"


def node(name, op, *inputs, results=1, **attributes):
    return {"name": name, "op": op, "inputs": inputs, "attributes": attributes, "results": results}


def network(*nodes, outputs, inputs=None, functions=None):
    return {"inputs": inputs or {"x": [2]}, "nodes": nodes, "outputs": outputs, "functions": functions or {}}


def converted(tmp_path, net, **options):
    path = tmp_path / "net.flow"
    path.write_text(json.dumps(net))
    return convert(path, extension=[str(FILE)], **options)


def request(tmp_path, net, **options):
    model = converted(tmp_path, net, **options)
    compiled = ov.Core().compile_model(model.save(tmp_path / "net.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return model, compiled.create_infer_request()


def computed(tmp_path, net, **feeds):
    model, infer = request(tmp_path, net)
    results = infer.infer(feeds)
    return model, [np.array(results[i]) for i in range(len(net["outputs"]))]


X = np.float32([1, -2])

LOOP = [
    node("one", "Const", value=1),
    node("zero", "Const", value=0),
    node("three", "Const", value=3),
    node("i/enter", "Enter", "zero", frame_name="loop"),
    node("i/merge", "Merge", "i/enter", "i/next", results=2),
    node("less", "Less", "i/merge", "limit"),
    node("limit", "Enter", "three", frame_name="loop"),
    node("cond", "LoopCond", "less"),
    node("i/switch", "Switch", "i/merge", "cond", results=2),
    node("step", "Enter", "one", frame_name="loop"),
    node("i/add", "Add", "i/switch:1", "step"),
    node("i/next", "NextIteration", "i/add"),
    node("v/enter", "Enter", "x", frame_name="loop"),
    node("v/merge", "Merge", "v/enter", "v/next", results=2),
    node("v/switch", "Switch", "v/merge", "cond", results=2),
    node("v/add", "Add", "v/switch:1", "v/switch:1"),
    node("v/next", "NextIteration", "v/add"),
    node("v/exit", "Exit", "v/switch:0"),
]


def test_a_cycle_of_the_file_is_a_loop(tmp_path):
    model, (y,) = computed(tmp_path, network(*LOOP, outputs=["v/exit"]), x=X)
    assert y.tolist() == [8, -16]
    assert [n.type_name for n in model.graph].count("Loop") == 1


def test_the_order_of_the_lines_does_not_matter(tmp_path):
    _, (y,) = computed(tmp_path, network(*LOOP[::-1], outputs=["v/exit"]), x=X)
    assert y.tolist() == [8, -16]


def test_functions_of_the_file_are_called(tmp_path):
    functions = {
        "double": {"inputs": ["a"], "nodes": [node("sum", "Add", "a", "a")], "outputs": ["sum"]},
        "quadruple": {
            "inputs": ["a"],
            "nodes": [node("b", "Call", "a", function="double"), node("c", "Call", "b", function="double")],
            "outputs": ["c"],
        },
    }
    net = network(node("y", "Call", "x", function="quadruple"), outputs=["y"], functions=functions)
    model, (y,) = computed(tmp_path, net, x=X)
    assert y.tolist() == [4, -8]
    assert not [n for n in model.graph if n.type_name.startswith("flow")]


def test_a_function_that_calls_itself_is_refused(tmp_path):
    functions = {"f": {"inputs": ["a"], "nodes": [node("b", "Call", "a", function="f")], "outputs": ["b"]}}
    net = network(node("y", "Call", "x", function="f"), outputs=["y"], functions=functions)
    with pytest.raises(ModelError, match='the function "f" calls itself'):
        converted(tmp_path, net)


STATE = [
    node("before", "Read", variable="total", shape=[2]),
    node("total", "Add", "before", "x"),
    node("store", "Store", "total", variable="total"),
    node("check", "Check", "total"),
    node("other", "Mul", "x", "x"),
]


def test_a_variable_keeps_what_is_stored(tmp_path):
    _, infer = request(tmp_path, network(*STATE, outputs=["total"]))
    sums = [np.array(infer.infer({"x": X})[0]).tolist() for _ in range(3)]
    assert sums == [[1, -2], [2, -4], [3, -6]]


def test_a_variable_that_the_wanted_outputs_do_not_read_goes(tmp_path):
    both = network(*STATE, outputs=["total", "other"])
    kept = [n.type_name for n in converted(tmp_path, both, output="total").graph]
    gone = [n.type_name for n in converted(tmp_path, both, output="other").graph]
    assert "Assign" in kept and "ReadValue" in kept
    assert "Assign" not in gone and "ReadValue" not in gone


def test_shapes_are_completed_before_conversion(tmp_path):
    nodes = [
        node("before", "Read", variable="last"),
        node("store", "Store", "x", variable="last"),
        node("y", "Add", "before", "x"),
    ]
    _, infer = request(tmp_path, network(*nodes, outputs=["y"]))
    assert [np.array(infer.infer({"x": X})[0]).tolist() for _ in range(2)] == [[1, -2], [2, -4]]


def test_a_rule_on_a_source_op_makes_it_an_op_of_openvino(tmp_path):
    _, (y,) = computed(tmp_path, network(node("y", "Max0", "x"), outputs=["y"]), x=X)
    assert y.tolist() == [1, 0]


def test_a_region_of_source_ops_is_replaced(tmp_path):
    """a + b, a + b - a, ...: written with ops that nobody converts."""
    nodes = [
        node("swap/sum", "Fuse", "x", "z"),
        node("swap/left", "Unfuse", "swap/sum", "x"),
        node("swap/right", "Unfuse", "swap/sum", "swap/left"),
        node("a", "Add", "swap/left", "swap/left"),
        node("b", "Mul", "swap/right", "swap/right"),
    ]
    net = network(*nodes, outputs=["a", "b"], inputs={"x": [2], "z": [2]})
    _, (a, b) = computed(tmp_path, net, x=X, z=np.float32([5, 7]))
    assert a.tolist() == [10, 14] and b.tolist() == [1, 4]


def test_the_hook_tells_the_file_from_one_of_mxnet(tmp_path):
    net = network(node("sum", "Add", "x", "x"), outputs=["sum"])
    for name, with_functions in (("net.json", True), ("other.json", False)):
        path = tmp_path / name
        path.write_text(json.dumps(net if with_functions else {k: v for k, v in net.items() if k != "functions"}))
        plugins = Plugins([str(FILE)])
        assert plugins.probe(path, path.read_bytes()[:4096]) == ("flow" if with_functions else None)
    model = convert(tmp_path / "net.json", extension=[str(FILE)])
    assert list(model.outputs) == ["sum"]


@pytest.mark.parametrize(
    "text", ['{"nodes"', '{"nodes": 3}', '{"nodes": [], "inputs": [], "outputs": []}', '["nodes"]']
)
def test_a_damaged_file_is_an_error_of_the_model(tmp_path, text):
    (tmp_path / "net.flow").write_text(text)
    with pytest.raises(ModelError, match="is no network of flow"):
        convert(tmp_path / "net.flow", extension=[str(FILE)])


def test_passes_of_the_framework_run_for_its_models_alone(tmp_path):
    from mo_core.app.session import Session

    session = Session([str(FILE)])
    ours = {"flow-max", "flow-swap"}
    assert ours <= {p.name for p in session.passes(None, "flow")}
    assert ours.isdisjoint(p.name for p in session.passes(None, "onnx"))


def test_the_file_imports_the_public_face_only():
    open_ = faces()
    for statement in ast.walk(ast.parse(FILE.read_text())):
        if isinstance(statement, ast.ImportFrom) and statement.module.startswith("mo_core"):
            assert statement.module in open_, statement.module
            public = getattr(importlib.import_module(statement.module), "__all__", None)
            names = {a.name for a in statement.names}
            assert public is None or names <= set(public) or statement.module == "mo_core"


def test_the_page_shows_pieces_of_the_file():
    text = FILE.read_text()
    blocks = PAGE.read_text().split("```python\n")[1:]
    assert len(blocks) >= 6
    for block in (b.split("```")[0] for b in blocks):
        assert block.strip() in text, block
