"""`mo_core.verify` asks TensorFlow, whatever form the model has."""

from __future__ import annotations

import numpy as np
import pytest

import mo_core
from tests.adapters.tensorflow.exports import Trained, keras_network, module
from tests.adapters.tensorflow.running import random, tf


def by_tensorflow(source, **options):
    found = mo_core.verify(source, **options)
    assert found.reference.startswith("TensorFlow"), found.notes
    assert found.passed, found.text()
    return found


def frozen(build, **shapes):
    graph = tf().Graph()
    with graph.as_default():
        inputs = [tf().compat.v1.placeholder(tf().float32, s, name=n) for n, s in shapes.items()]
        build(*inputs)
    return graph.as_graph_def()


def test_a_frozen_graph_and_its_cuts(tmp_path):
    graph = frozen(lambda x: tf().nn.softmax(tf().tanh(x, name="middle"), name="y"), x=[None, 4])
    (tmp_path / "net.pb").write_bytes(graph.SerializeToString())
    assert len(by_tensorflow(tmp_path / "net.pb").cases) == 3
    assert [o.name for o in by_tensorflow(tmp_path / "net.pb", output="middle").outputs] == ["middle"]
    by_tensorflow(tmp_path / "net.pb", input="middle[2,4]", output="y")
    by_tensorflow(graph)


@pytest.mark.slow
def test_a_frozen_value_is_fed_to_the_framework(tmp_path):
    graph = frozen(lambda x, k: tf().multiply(x, k, name="y"), x=[2, 3], k=[])
    by_tensorflow(graph, freeze_placeholder_with_value="k->3")


@pytest.mark.slow
def test_a_meta_graph_with_its_checkpoint(tmp_path):
    Trained().checkpoint(tmp_path)
    by_tensorflow(tmp_path / "model.ckpt.meta", output="y")


@pytest.mark.slow
@pytest.mark.parametrize("resource", [False, True])
def test_a_graph_with_a_checkpoint_of_its_own(tmp_path, resource):
    trained = Trained(resource)
    prefix = trained.checkpoint(tmp_path)
    (tmp_path / "graph.pb").write_bytes(trained.graph.as_graph_def().SerializeToString())
    by_tensorflow(tmp_path / "graph.pb", output="y", input_checkpoint=str(prefix))


@pytest.mark.slow
def test_a_saved_model_of_the_first_generation(tmp_path):
    found = by_tensorflow(Trained().saved_model(tmp_path / "saved"))
    assert [o.name for o in found.outputs] == ["scores"]


def test_a_saved_model_of_the_second_generation(tmp_path):
    made = module(lambda x, w: {"b": x @ w, "a": tf().tanh(x)}, random(4, 3))
    signature = made.__call__.get_concrete_function(tf().TensorSpec([None, 4], tf().float32, "x"))
    tf().saved_model.save(made, str(tmp_path / "saved"), signatures=signature)
    found = by_tensorflow(tmp_path / "saved")
    assert [o.name for o in found.outputs] == ["a", "b"]


@pytest.mark.slow
def test_a_model_of_keras_as_a_file_and_in_memory(tmp_path):
    network = keras_network()
    network.save(tmp_path / "net.keras")
    by_tensorflow(tmp_path / "net.keras")
    by_tensorflow(network)


def test_a_damaged_weight_is_found(tmp_path):
    source = Trained().saved_model(tmp_path / "saved")
    ir = mo_core.convert(source).save(tmp_path / "net.xml")
    weights = np.fromfile(ir.with_suffix(".bin"), np.float32)
    weights[int(np.argmax(np.abs(weights)))] *= 1.01
    weights.tofile(ir.with_suffix(".bin"))
    assert [o.name for o in mo_core.verify(source, ir).outputs if not o.passed] == ["scores"]


@pytest.mark.slow
def test_dropout_keeps_everything():
    def net(x, keep):
        return tf().identity(tf().floor(tf().random.uniform([2, 3]) + keep) * x / keep, name="y")

    by_tensorflow(frozen(net, x=[2, 3], keep=[]))


@pytest.mark.slow
def test_data_outside_of_the_domain_of_a_function_is_left():
    found = by_tensorflow(frozen(lambda x: tf().sqrt(x, name="y"), x=[2, 3]))
    assert found.cases == ["positive"]
