"""Recurrent layers, which TensorFlow writes as loops: the runtime's own layers where these compute the same."""

from __future__ import annotations

import numpy as np
import pytest

import mo_core
from tests.adapters.tensorflow.running import Frozen, compare, random, run, tf


def network(build, *shape):
    """A Keras model with random weights, biases included."""
    keras = tf().keras
    keras.utils.set_random_seed(1)
    source = keras.Input(shape)
    model = keras.Model(source, build(keras.layers, source))
    rng = np.random.default_rng(3)
    model.set_weights([rng.normal(0, 0.4, w.shape).astype(np.float32) for w in model.get_weights()])
    return model


def kinds(source, **options):
    return [n.type_name for n in mo_core.convert(source, **options).graph if n.type_name.endswith(("Sequence", "Loop"))]


def check(model, x, tmp_path, *expected):
    """The exported model computes what Keras computes, with these recurrent layers."""
    model.export(tmp_path / "m", verbose=False)
    wanted = model(x)
    wanted = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    got = run(tmp_path / "m", {model.inputs[0].name: x})
    compare([*got.values()], [np.asarray(w) for w in wanted], rtol=1e-4, atol=2e-5)
    assert kinds(tmp_path / "m") == list(expected)


LAYERS = {
    "lstm": (lambda k, x: k.LSTM(5)(x), "LSTMSequence"),
    "lstm of relu": (lambda k, x: k.LSTM(5, activation="relu", return_sequences=True)(x), "LSTMSequence"),
    "lstm without bias": (lambda k, x: k.LSTM(5, use_bias=False, return_sequences=True)(x), "LSTMSequence"),
    "lstm with its states": (lambda k, x: k.LSTM(5, return_sequences=True, return_state=True)(x), "LSTMSequence"),
    "gru": (lambda k, x: k.GRU(5, return_sequences=True)(x), "GRUSequence"),
    "gru with its state": (lambda k, x: k.GRU(5, return_sequences=True, return_state=True)(x), "GRUSequence"),
    "gru without bias": (lambda k, x: k.GRU(5, use_bias=False)(x), "GRUSequence"),
    "gru of the first kind": (lambda k, x: k.GRU(5, reset_after=False, return_sequences=True)(x), "GRUSequence"),
    "simple": (lambda k, x: k.SimpleRNN(5, return_sequences=True)(x), "RNNSequence"),
    "simple of relu": (lambda k, x: k.SimpleRNN(5, activation="relu", return_state=True)(x), "RNNSequence"),
    "backwards": (lambda k, x: k.LSTM(5, go_backwards=True, return_sequences=True)(x), "LSTMSequence"),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("steps", [6, None], ids=["static", "dynamic"])
def test_layers_of_keras(name, steps, tmp_path):
    build, expected = LAYERS[name]
    check(network(build, steps, 3), random(2, 6, 3), tmp_path, expected)


def test_convolutions_in_a_recurrence_read_its_state_as_it_is(tmp_path):
    """The channels are last in the model and first in the runtime: what goes round is turned outside of the loop."""
    model = network(lambda k, x: k.ConvLSTM2D(4, 3, padding="same", return_sequences=True)(x), 5, 8, 8, 3)
    check(model, random(2, 5, 8, 8, 3), tmp_path, "Loop")
    (loop,) = [n for n in mo_core.convert(tmp_path / "m").graph if n.bodies]
    inner = [n.type_name for n in loop.bodies[0]]
    assert inner.count("Convolution") == 8 and "Transpose" not in inner


def test_both_directions(tmp_path):
    model = network(lambda k, x: k.Bidirectional(k.GRU(4, return_sequences=True))(x), None, 3)
    check(model, random(2, 5, 3), tmp_path, "GRUSequence", "GRUSequence")


def test_layers_on_layers(tmp_path):
    def build(k, x):
        return k.Dense(2)(k.GRU(3)(k.LSTM(4, return_sequences=True)(k.SimpleRNN(5, return_sequences=True)(x))))

    expected = ("RNNSequence", "LSTMSequence", "GRUSequence")
    check(network(build, 7, 3), random(3, 7, 3), tmp_path, *expected)


def test_initial_states_that_are_computed(tmp_path):
    def build(k, x):
        first = k.LSTM(4, return_sequences=True, return_state=True)(x)
        return k.LSTM(4)(first[0], initial_state=first[1:])

    check(network(build, None, 3), random(2, 5, 3), tmp_path, "LSTMSequence", "LSTMSequence")


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "SimpleRNN"])
def test_steps_that_a_mask_leaves_out_stay_a_loop(layer, tmp_path):
    """The runtime's layers know how long a sequence is, and no gaps in it."""
    model = network(lambda k, x: getattr(k, layer)(4, return_sequences=True)(k.Masking(0.0)(x)), None, 3)
    x = random(2, 6, 3)
    x[0, 2] = x[1, 4:] = 0
    check(model, x, tmp_path, "Loop")


def test_what_is_done_to_each_step_is_done_to_all(tmp_path):
    model = network(
        lambda k, x: k.TimeDistributed(k.Dense(4, activation="relu"))(k.LSTM(5, return_sequences=True)(x)), 6, 3
    )
    check(model, random(2, 6, 3), tmp_path, "LSTMSequence")


def test_a_cell_of_another_kind_stays_a_loop(tmp_path):
    """Clipping of the cell state is nothing that the runtime's layer does."""

    def build(x):
        def step(states, x_t):
            h, c = states
            gates = tf().matmul(tf().concat([x_t, h], 1), w) + b
            i, f, g, o = tf().split(gates, 4, 1)
            c = tf().clip_by_value(tf().sigmoid(f) * c + tf().sigmoid(i) * tf().tanh(g), -0.3, 0.3)
            return tf().sigmoid(o) * tf().tanh(c), c

        zeros = tf().zeros([tf().shape(x)[1], 4])
        return tf().scan(step, x, (zeros, zeros))[0]

    w, b = random(7, 16, seed=1), random(16, seed=2)
    model = Frozen(build, {"x": random(5, 2, 3)})
    compare([*run(model.graph, model.feeds, output=model.outputs).values()], [*model.wants.values()])
    assert "LSTMSequence" not in kinds(model.graph, output=model.outputs)


@pytest.mark.parametrize("v2", [False, True], ids=["frames", "functions"])
def test_a_loop_of_ones_own(v2):
    """The equations as a user writes them: gates in another order, one product of inputs and state together."""

    def build(x):
        def step(states, x_t):
            h, c = states
            o, g, f, i = tf().split(tf().matmul(tf().concat([h, x_t], 1), w) + b, 4, 1)
            c = tf().tanh(g) * tf().sigmoid(i) + c * tf().sigmoid(f + 1.0)
            return tf().tanh(c) * tf().sigmoid(o), c

        zeros = tf().zeros([2, 4])
        return tf().scan(step, x, (zeros, zeros))[0]

    w, b = random(7, 16, seed=1), random(16, seed=2)
    model = Frozen(build, {"x": random(5, 2, 3)}, v2_control=v2)
    compare([*run(model.graph, model.feeds, output=model.outputs).values()], [*model.wants.values()])
    assert kinds(model.graph, output=model.outputs) == ["LSTMSequence"]
