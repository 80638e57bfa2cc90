"""Frozen graphs, from files and from memory."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import mo_core
from mo_core.errors import ModelError
from tests.adapters.tensorflow.running import Frozen, check, compare, random, run, tf


def small_network(x):
    nn = tf().nn
    y = nn.relu(nn.bias_add(nn.conv2d(x, random(3, 3, 3, 5), 1, "SAME"), random(5, seed=1)))
    y = tf().reshape(y, [2, -1])
    return nn.softmax(tf().linalg.matmul(y, random(180, 4, seed=2)), name="probabilities")


def test_a_network_gives_the_results_of_tensorflow():
    check(small_network, x=random(2, 6, 6, 3, seed=3))


def test_a_file_is_recognised_and_its_names_stay(tmp_path):
    model = Frozen(small_network, {"x": random(2, 6, 6, 3)})
    file = tmp_path / "network.pb"
    file.write_bytes(model.graph.SerializeToString())
    converted = mo_core.convert(file)
    assert list(converted.inputs) == ["x"]
    assert list(converted.outputs) == ["probabilities"]
    assert converted.name == "network"
    compare([*run(file, model.feeds).values()], [*model.wants.values()])


def test_weights_stay_in_the_file(tmp_path):
    model = Frozen(lambda x: tf().linalg.matmul(x, random(256, 256)), {"x": random(1, 256)})
    file = tmp_path / "network.pb"
    file.write_bytes(model.graph.SerializeToString())
    graph = mo_core.convert(file).graph
    kinds = {type(n.value).__name__ for n in graph if n.type_name in ("Const", "Constant") and n.value.nbytes > 1 << 16}
    assert kinds == {"Mapped"}


def test_what_the_outputs_do_not_need_is_not_converted():
    def build(x):
        tf().raw_ops.Bincount(arr=tf().cast(x, "int32"), size=3, weights=[0.0])
        return tf().nn.relu(x, name="y")

    model = Frozen(build, {"x": random(4)})
    compare([*run(model.graph, model.feeds, output="y").values()], [*model.wants.values()])


@pytest.mark.parametrize(
    ("content", "dtype"),
    [
        (np.float32(1.5), "float_val"),
        (np.full((3, 4), 2.5, np.float16), "half"),
        (np.full((3, 4), -7, np.int64), "repeated"),
        (np.arange(12, dtype=np.int32).reshape(3, 4), "content"),
        (np.array([[True, False]]), "bool"),
        (np.zeros((0, 4), np.float32), "empty"),
    ],
)
def test_constants_of_all_forms(content, dtype):
    def build(x):
        made = tf().constant(content)
        return tf().identity(made, name="y")

    model = Frozen(build, {"x": random(1)})
    compare([*run(model.graph, {}, output="y").values()], [np.asarray(content)])


def test_two_nodes_of_one_name_are_refused():
    model = Frozen(small_network, {"x": random(2, 6, 6, 3)})
    model.graph.node.add().CopyFrom(model.graph.node[0])
    with pytest.raises(ModelError, match='two nodes called "x"'):
        mo_core.convert(model.graph)


def test_a_node_that_reads_nothing_is_refused():
    model = Frozen(small_network, {"x": random(2, 6, 6, 3)})
    del model.graph.node[0]
    with pytest.raises(ModelError, match='reads "x", which nothing computes'):
        mo_core.convert(model.graph)


def test_tensorflow_is_not_imported(tmp_path):
    file = tmp_path / "network.pb"
    file.write_bytes(Frozen(small_network, {"x": random(2, 6, 6, 3)}).graph.SerializeToString())
    code = f"import sys, mo_core; mo_core.convert({str(file)!r}); print('tensorflow' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_a_graph_as_text(tmp_path):
    model = Frozen(small_network, {"x": random(2, 6, 6, 3)})
    for name, options in (("network.pbtxt", {}), ("network.txt", {}), ("network.data", {"input_model_is_text": True})):
        file = tmp_path / name
        file.write_text(str(model.graph))
        compare([*run(file, model.feeds, **options, framework="tensorflow").values()], [*model.wants.values()])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("node { name: 'x' op: }", "the text is damaged: 1:"),
        ("node { " * 100, "nested more than 64 deep"),
        ("node { name: 'x' attr { key: 'T' value { type: DT_NONSENSE } } }", "DT_NONSENSE"),
        ("version https://git-lfs.github.com/spec/v1", "git-LFS"),
        ("", "no graph"),
    ],
)
def test_damaged_text_is_refused(tmp_path, text, message):
    file = tmp_path / "network.pbtxt"
    file.write_text(text)
    with pytest.raises(ModelError, match=message):
        mo_core.convert(file)
