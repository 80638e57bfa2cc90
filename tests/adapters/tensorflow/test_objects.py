"""Objects of TensorFlow and Keras, and the files that only Keras reads."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import mo_core
from mo_core.errors import ModelError, UsageError
from tests.adapters.tensorflow.exports import Trained, as_array, keras_network, module
from tests.adapters.tensorflow.running import compare, random, run, tf


def test_a_keras_model():
    network, x = keras_network(), random(2, 4)
    (name,) = mo_core.convert(network).inputs
    compare([*run(network, {name: x}).values()], [as_array(network(x))])


def test_a_keras_model_of_several_inputs_and_outputs():
    layers = tf().keras.layers
    a, b = layers.Input((3,), name="a"), layers.Input((3,), name="b")
    network = tf().keras.Model([a, b], [layers.Add(name="sum")([a, b]), layers.Multiply(name="product")([a, b])])
    x, y = random(2, 3), random(2, 3, seed=1)
    converted = mo_core.convert(network)
    assert (list(converted.inputs), list(converted.outputs)) == (["a", "b"], ["sum", "product"])
    compare([*run(network, {"a": x, "b": y}).values()], [x + y, x * y])


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_file_of_keras(tmp_path, suffix):
    network, x = keras_network(), random(2, 4)
    file = tmp_path / f"network{suffix}"
    network.save(file)
    (name,) = mo_core.convert(file).inputs
    compare([*run(file, {name: x}).values()], [as_array(network(x))])


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_damaged_file_of_keras_is_refused(tmp_path, suffix):
    file = tmp_path / f"network{suffix}"
    file.write_bytes(b"no model of any kind")
    with pytest.raises(ModelError, match="Keras cannot load the file"):
        mo_core.convert(file)


def test_functions_and_concrete_functions(tmp_path):
    w, b, x = random(4, 3), random(3, seed=1), random(2, 4, seed=2)
    model = module(lambda x, w, b: tf().nn.relu(tf().linalg.matmul(x, w) + b), w, b)
    want = np.maximum(x @ w + b, 0)
    spec = tf().TensorSpec([None, 4], tf().float32, "x")
    concrete = model.__call__.get_concrete_function(spec)
    tf().saved_model.save(model, str(tmp_path), concrete)
    function = tf().function(lambda x: tf().nn.relu(tf().linalg.matmul(x, w) + b), input_signature=[spec])
    for source in (concrete, function, tf().saved_model.load(str(tmp_path))):
        compare([*run(source, {"x": x}).values()], [want])


def test_a_function_whose_inputs_are_not_known_is_refused():
    model = module(lambda x: tf().nn.relu(x))
    for source in (model, model.__call__):
        with pytest.raises(UsageError, match="get_concrete_function"):
            mo_core.convert(source)


def test_a_graph_and_a_session():
    trained = Trained()
    compare([*run(trained.session, {"x": trained.x}, output="y").values()], [trained.want])
    with trained.graph.as_default():
        tf().nn.softmax(trained.input, name="other")
    got = run(trained.graph, {"x": trained.x}, output="other")
    compare([*got.values()], [as_array(tf().nn.softmax(trained.x))])


def test_an_object_that_is_no_model_is_refused():
    with pytest.raises(UsageError, match="is no model"):
        mo_core.convert(tf().constant([1.0]))


def test_without_tensorflow_a_file_of_keras_names_what_to_install(tmp_path):
    file = tmp_path / "network.keras"
    file.write_bytes(b"PK")
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "import mo_core\n"
        "from mo_core.errors import UsageError\n"
        f"try: mo_core.convert({str(file)!r})\n"
        "except UsageError as e: print(e)"
    )
    shown = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert 'pip install "mo-tensorflow[tensorflow]"' in shown
