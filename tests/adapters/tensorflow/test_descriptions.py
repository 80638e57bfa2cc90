"""Sub-graphs that users describe in JSON files: by scope, by points, or not at all."""

from __future__ import annotations

import json

import numpy as np
import pytest

import mo_core
from mo_core.app.cli import main
from mo_core.errors import ModelError, PluginError, UsageError
from tests.adapters.tensorflow.running import Frozen, compare, random, run, tf

EXTENSION = """
from mo_core import hookimpl
from mo_core.ops import Add, Multiply, ReLU
from mo_core.rewriting import replacer

@replacer("Doubled")
def doubled(found):
    "Twice the first input."
    factor = found.attributes.get("times", 1)
    value = found.inputs[0]
    for _ in range(factor):
        value = Add(value, value)
    return [value] * len(found.outputs)

@replacer("Watched")
def watched(found):
    "Tells what it sees."
    print("seen", found.attributes["what"], len(list(found.graph)))

@hookimpl
def mo_replacers(framework):
    return [doubled, watched]

"""
OP = """
from mo_core import hookimpl
from mo_core.frontend import converter, converters_of
from mo_core.ops import Multiply
from mo_core.build import constant_like

@converter("Scaled")
def scaled(x, *, by):
    return Multiply(x, constant_like(x, by))

@hookimpl
def mo_converters(framework):
    return converters_of(scaled) if framework == "tensorflow" else ()
"""


def blocks(x):
    """Two scopes of the same form, one after the other: relu(x) * 3 + relu(x)."""
    for name in ("block", "block_1"):
        with tf().compat.v1.name_scope(f"{name}/"):
            r = tf().nn.relu(x, name="start")
            x = tf().add(tf().multiply(r, 3.0, name="mul"), r, name="end")
    return tf().identity(x, name="y")


@pytest.fixture(scope="module")
def model():
    return Frozen(blocks, {"x": random(2, 3)})


@pytest.fixture
def extension(tmp_path):
    file = tmp_path / "replacers.py"
    file.write_text(EXTENSION)
    return file


def points(start, end, **more):
    return {"match_kind": "points", "instances": {"start_points": start, "end_points": end}, "id": "Doubled"} | more


def scope(pattern, **more):
    return {"match_kind": "scope", "instances": [pattern], "id": "Doubled"} | more


def relu(x):
    return np.maximum(x, 0)


WATCHED = {"id": "Watched", "match_kind": "general", "custom_attributes": {"what": "all of it"}}
X = random(2, 3)
BOTH, ONE = relu(X) * 16, relu(X) * 4


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        ([points(["block/start"], ["block_1/end"])], X * 2),
        ([points(["block/start"], ["block_1/end"], custom_attributes={"times": 3})], X * 8),
        ([points(["block/start"], ["block/end"])], relu(X * 2) * 4),
        ([points(["block/start"], ["block/end"], include_inputs_to_sub_graph=False)], relu(X) * 8),
        ([points(["block/end"], ["block_1/start"], include_outputs_to_sub_graph=False)], relu(X) * 24),
        ([scope("block/")], relu(X * 2) * 4),
        ([scope(".*block(_1)?/")], X * 4),
        ([scope("block/", inputs=[[{"node": "start$", "port": 0}]], outputs=[{"node": "end$"}])], relu(X * 2) * 4),
        (
            [scope("block/", inputs=[[{"node": "mul$"}, {"node": "end$", "port": 1}]], outputs=[{"node": "end"}])],
            ONE * 2,
        ),
        ([scope("block/"), scope("block_1/")], X * 4),
    ],
)
def test_a_sub_graph_is_replaced(model, extension, entries, wanted):
    (got,) = run(model.graph, model.feeds, transformations_config=entries, extension=extension).values()
    compare([got], [wanted])


def test_a_replacer_that_fails_is_named(model, extension):
    entries = [scope("block/", custom_attributes={"times": "many"})]
    with pytest.raises(PluginError, match=r'replacer "Doubled" failed: TypeError.*\n?.*'):
        mo_core.convert(model.graph, transformations_config=entries, extension=extension)


def test_several_files_and_the_old_name_of_the_option(model, extension, tmp_path):
    for i, pattern in enumerate(("block/", "block_1/")):
        (tmp_path / f"{i}.json").write_text(json.dumps([scope(pattern)]))
    files = f"{tmp_path / '0.json'},{tmp_path / '1.json'}"
    for given in (
        {"transformations_config": files},
        {"transformations_config": [tmp_path / "0.json", tmp_path / "1.json"]},
        {"tensorflow_use_custom_operations_config": files},
    ):
        (got,) = run(model.graph, model.feeds, extension=extension, **given).values()
        compare([got], [X * 4])


def test_a_general_entry_gets_the_graph_and_its_attributes(model, extension, capsys):
    (got,) = run(model.graph, model.feeds, transformations_config=[WATCHED], extension=extension).values()
    compare([got], [BOTH])
    assert "seen all of it" in capsys.readouterr().out


def test_a_scope_becomes_one_operation_with_the_custom_attributes(model, tmp_path):
    (tmp_path / "op.py").write_text(OP)
    entry = scope(".*block(_1)?/", id="Anything", op="Scaled", custom_attributes={"by": -1.5})
    got = run(model.graph, model.feeds, transformations_config=[entry], extension=tmp_path / "op.py")
    compare([*got.values()], [X * 2.25])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (points(["block/strat"], ["block_1/end"]), r'no start "block/strat".*\n.*block/start'),
        (
            points(["block/start"], ["block_1/edn", "block/ende"]),
            r'no end "block_1/edn", "block/ende".*\n.*block_1/end',
        ),
        (points(["block_1/start"], ["block/end"]), r'begins at the input "x".*block/start.*\n.*start points'),
        (points(["block/start", "block_1/end"], ["block/end"]), r'no end depends on the start "block_1/end"'),
        (scope("blok/"), r'no scope "blok/".*\n.*block/'),
        (scope("block/", outputs=[{"node": "ent$", "port": 0}]), r'no node "ent\$".*\n'),
        (scope("block/", outputs=[{"node": "end$", "port": 7}]), r"no output port 7"),
        (scope("block/", inputs=[[{"node": "end$", "port": 7}]]), r"no input port 7"),
        (scope("block/", inputs=[[{"node": "end$"}, {"node": "start$"}]]), r"2 different values"),
        (scope("block/", id="Doubledd"), r'no replacer is registered for "Doubledd".*\n.*Doubled'),
    ],
)
def test_what_is_not_found_is_told_with_what_is_near(model, extension, entry, message):
    with pytest.raises(UsageError, match=message):
        mo_core.convert(model.graph, transformations_config=[entry], extension=extension)


@pytest.mark.parametrize(
    "entry",
    [
        3,
        {"match_kind": "scope"},
        {"id": "a", "match_kind": "area"},
        {"id": "a", "match_kind": "scope"},
        {"id": "a", "match_kind": "scope", "instances": [], "inputs": []},
        {"id": "a", "match_kind": "scope", "instances": ["("]},
        {"id": "a", "match_kind": "scope", "instances": ["b"], "inputs": [{"node": "c"}]},
        {"id": "a", "match_kind": "scope", "instances": ["b"], "outputs": [{"port": 1}]},
        {"id": "a", "match_kind": "scope", "instances": ["b"], "outputs": [{"node": "b", "port": -1}]},
        {"id": "a", "match_kind": "points", "instances": {"start_points": ["b"]}},
        {"id": "a", "match_kind": "general", "custom_attributes": [1]},
        {"id": "a", "match_kind": "general", "custom_atributes": {}},
        points(["a"], ["b"], include_inputs_to_sub_graph="yes"),
    ],
)
def test_an_entry_that_is_no_description_is_refused(model, tmp_path, entry):
    file = tmp_path / "d.json"
    file.write_text(json.dumps([entry]))
    with pytest.raises(ModelError, match=r'd\.json", entry 1'):
        mo_core.convert(model.graph, transformations_config=file)


@pytest.mark.parametrize("content", [b"", b"[", b"\xff", b"[" * 100_000])
def test_a_file_that_is_no_json_is_refused(model, tmp_path, content):
    file = tmp_path / "d.json"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"d\.json"):
        mo_core.convert(model.graph, transformations_config=file)


def test_a_file_that_is_not_there_is_told_with_what_is_near(model, tmp_path):
    (tmp_path / "detector.json").write_text("[]")
    with pytest.raises(UsageError, match=r"detector\.json"):
        mo_core.convert(model.graph, transformations_config=tmp_path / "detectr.json")


def test_inputs_and_outputs_are_filled_in(model, extension, tmp_path, capsys):
    graph, file = tmp_path / "m.pb", tmp_path / "d.json"
    graph.write_bytes(model.graph.SerializeToString())
    file.write_text(json.dumps([scope("block/"), WATCHED]))
    option = "--tensorflow_custom_operations_config_update"
    assert main([str(graph), option, str(file), "--output_dir", str(tmp_path / "ir")]) == 0
    assert not (tmp_path / "ir").exists()
    first, second = json.loads(file.read_text())
    assert first["inputs"] == [[{"node": "start$", "port": 0}]]
    assert first["outputs"] == [{"node": "end$", "port": 0}]
    assert second == WATCHED
    (got,) = run(model.graph, model.feeds, transformations_config=file, extension=extension).values()
    compare([got], [relu(X * 2) * 4])


def test_nothing_of_the_machine_is_in_the_ir(model, extension, tmp_path):
    file = tmp_path / "d.json"
    file.write_text(json.dumps([scope("block/")]))
    mo_core.convert(model.graph, transformations_config=file, extension=extension).save(tmp_path / "m.xml")
    assert str(tmp_path) not in (tmp_path / "m.xml").read_text()
