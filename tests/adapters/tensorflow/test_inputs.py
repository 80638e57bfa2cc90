"""What feeds a model: placeholders with and without defaults, iterators and queues, switches of training."""

from __future__ import annotations

import numpy as np
import pytest

import mo_core
from mo_core.errors import UsageError
from mo_tensorflow.graphdef import GraphDefReader
from mo_tensorflow.proto import tensorflow_pb2 as pb
from mo_tensorflow.tensors import Tensors
from mo_tensorflow.training import leaves
from tests.adapters.tensorflow.running import Frozen, compare, random, run, tf


def graph_of(build):
    """The GraphDef that `build` makes in a graph of the first generation."""
    v1 = tf().compat.v1
    v1.disable_control_flow_v2()
    with tf().Graph().as_default() as graph:
        build(v1)
    return graph.as_graph_def()


def test_a_constant_default_is_kept():
    def build(v1):
        x = v1.placeholder(tf().float32, [3], "x")
        tf().multiply(x, v1.placeholder_with_default(2.0, [], "factor"), name="y")

    converted = mo_core.convert(graph_of(build))
    assert list(converted.inputs) == ["x"]
    x = random(3)
    compare([*run(graph_of(build), {"x": x}).values()], [x * 2])
    compare([*run(graph_of(build), {"x": x, "factor": np.float32(3)}, input="x,factor").values()], [x * 3])


def test_what_a_switch_asks_for_is_a_scalar():
    def build(v1):
        x = v1.placeholder(tf().float32, [3], "x")
        training = v1.placeholder(tf().bool, None, "training")
        tf().identity(v1.cond(training, lambda: x * 2.0, lambda: x + 1.0), name="y")

    assert str(mo_core.convert(graph_of(build)).inputs["training"]) == "boolean[]"
    x = random(3)
    for training, wanted in ((True, x * 2), (False, x + 1)):
        compare([*run(graph_of(build), {"x": x, "training": np.array(training)}).values()], [wanted])


def test_a_default_that_is_computed_is_an_input():
    def build(v1):
        images = v1.placeholder(tf().float32, [None, 3], "images")
        tf().nn.relu(v1.placeholder_with_default(images * 2.0, [None, 3], "batch"), name="y")

    assert list(mo_core.convert(graph_of(build)).inputs) == ["batch"]


def test_inputs_take_the_place_of_an_iterator():
    def build(v1):
        images = np.zeros((4, 3), np.float32)
        data = v1.data.Dataset.from_tensor_slices((images, np.zeros(4, np.int64))).batch(2)
        image, label = v1.data.make_one_shot_iterator(data).get_next()
        tf().nn.relu(image, name="y")
        tf().identity(label, name="truth")

    converted = mo_core.convert(graph_of(build), output="y")
    assert [(name, str(kind)) for name, kind in converted.inputs.items()] == [("IteratorGetNext", "f32[?,3]")]
    assert any("IteratorGetNext" in note for note in converted.report.notes)
    both = mo_core.convert(graph_of(build), output="y,truth")
    assert list(both.inputs) == ["IteratorGetNext", "IteratorGetNext:1"]


def test_inputs_take_the_place_of_a_queue():
    def build(v1):
        queue = v1.FIFOQueue(10, [tf().float32, tf().int32], [[3], []])
        image, _ = queue.dequeue_many(2, name="batch")
        tf().nn.relu(image, name="y")
        one, _ = queue.dequeue(name="one")
        tf().nn.relu(one, name="z")

    converted = mo_core.convert(graph_of(build), output="y,z")
    assert [(name, str(kind)) for name, kind in converted.inputs.items()] == [("batch", "f32[?,3]"), ("one", "f32[3]")]


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [("is_training", "bool", "False"), ("phase_train", "bool", "False"), ("keep_prob", "float32", "1")],
)
def test_switches_of_training_are_named_with_what_takes_them_away(name, kind, value):
    def build(v1):
        x, switch = v1.placeholder(tf().float32, [3], "x"), v1.placeholder(kind, [], name)
        number = tf().cond(switch, lambda: 1.0, lambda: 2.0) if kind == "bool" else switch
        tf().multiply(x, number, name="y")

    notes = mo_core.convert(graph_of(build)).report.notes
    assert any(f'"{name}->{value}"' in note for note in notes)
    frozen = mo_core.convert(graph_of(build), freeze_placeholder_with_value=f"{name}->{value}")
    assert list(frozen.inputs) == ["x"]
    assert not any("switch of training" in note for note in frozen.report.notes)


def test_an_input_of_the_data_is_no_switch():
    def build(v1):
        tf().nn.relu(v1.placeholder(tf().float32, [3], "train_images"), name="y")

    assert not any("switch" in note for note in mo_core.convert(graph_of(build)).report.notes)


def test_freezing_to_a_value():
    model = Frozen(lambda x, p: tf().cond(p, lambda: x + 1.0, lambda: tf().nn.relu(x)), {"x": random(3), "p": True})
    options = {"output": model.outputs, "freeze_placeholder_with_value": "p->True"}
    converted = mo_core.convert(model.graph, **options)
    assert list(converted.inputs) == ["x"]
    assert "If" not in {n.type_name for n in converted.graph}
    compare([*run(model.graph, {"x": model.feeds["x"]}, **options).values()], [*model.wants.values()])


def chain(x):
    y = tf().nn.relu(x, "first")
    y = tf().nn.tanh(y, "second")
    return tf().nn.relu(y, "third")


def test_cutting_at_nodes_and_ports():
    model = Frozen(chain, {"x": random(2, 3)})
    fed = random(2, 3, seed=1)
    for cut in ("second:0", "0:third"):
        (name,) = mo_core.convert(model.graph, input=cut, output="third").inputs
        compare([*run(model.graph, {name: fed}, input=cut, output="third").values()], [np.maximum(fed, 0)])
    for output in ("second", "second:0", "0:third"):
        got = run(model.graph, model.feeds, output=output)
        compare([*got.values()], [np.tanh(np.maximum(model.feeds["x"], 0))])


def test_names_that_do_not_exist_bring_those_that_are_near():
    model = Frozen(chain, {"x": random(2, 3)})
    with pytest.raises(UsageError, match='has no "secnod"') as failure:
        mo_core.convert(model.graph, output="secnod")
    assert "second" in str(failure.value)
    with pytest.raises(UsageError, match='has no "y"'):
        mo_core.convert(model.graph, input="y")


def test_training_is_left_out():
    def build(v1):
        x = v1.placeholder(tf().float32, [2, 4], "x")
        w = v1.get_variable("w", [4, 3], use_resource=False)
        y = tf().nn.relu(tf().linalg.matmul(x, w), name="y")
        loss = tf().reduce_mean(y, name="loss")
        v1.train.AdamOptimizer().minimize(loss)
        v1.summary.scalar("loss_summary", loss)
        v1.train.Saver()
        v1.debugging.assert_greater(loss, 0.0)

    proto = pb.GraphDef.FromString(graph_of(build).SerializeToString())
    assert leaves(GraphDefReader(proto, Tensors())) == []  # the loss is read by its summary
    proto.node.add(name="score", op="Relu", input=["y"])
    assert leaves(GraphDefReader(proto, Tensors())) == ["score"]


def test_tensorboard_gets_the_graph_without_its_weights(tmp_path):
    model = Frozen(lambda x: tf().linalg.matmul(x, random(64, 64)), {"x": random(1, 64)})
    mo_core.convert(model.graph, tensorboard_logdir=tmp_path / "log")
    (file,) = (tmp_path / "log").iterdir()
    assert 0 < file.stat().st_size < 8000  # the weights have 16 KiB
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    (graph,) = [pb.GraphDef.FromString(e.graph_def) for e in EventFileLoader(str(file)).Load() if e.graph_def]
    assert {n.op for n in graph.node} == {"Placeholder", "Const", "MatMul"}


@pytest.mark.parametrize(
    "option",
    [
        "tensorflow_custom_layer_libraries",
    ],
)
def test_options_that_are_gone_say_what_to_do(option):
    model = Frozen(chain, {"x": random(2, 3)})
    with pytest.raises(UsageError, match=option):
        mo_core.convert(model.graph, **{option: "x"})
    assert any("layout" in n for n in mo_core.convert(model.graph, disable_nhwc_to_nchw=True).report.notes)
