"""Recurrent layers, as adapters build them: on the runtime, against their equations in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.build import recurrent
from mo_core.build.basics import split
from mo_core.errors import ModelError
from mo_core.ir import Graph, constant
from mo_core.ir import types as t
from mo_core.ops import Add, MatMul, Multiply, Sigmoid, Tanh
from mo_core.testing import evaluate

RNG = np.random.default_rng(0)
BATCH, TIME, INPUTS, HIDDEN = 3, 5, 4, 2
X = RNG.normal(size=(BATCH, TIME, INPUTS)).astype(np.float32)
LENGTHS = np.array([5, 2, 4], np.int32)


def computed(build, *arrays, open_axes=()):
    """Results of what `build` makes of inputs like these arrays, some of whose axes have an unknown size."""
    graph = Graph("g")
    inputs = []
    for i, a in enumerate(arrays):
        shape = tuple(t.Dynamic() if axis in open_axes else n for axis, n in enumerate(a.shape))
        inputs.append(graph.add_input(f"x{i}", t.from_dtype(a.dtype), shape))
    for value in build(*inputs):
        graph.add_output(value)
    return evaluate(graph, *arrays, engine="runtime")


def weights(gates, seed):
    rng = np.random.default_rng(seed)
    return [
        rng.normal(size=s).astype(np.float32)
        for s in ((gates * HIDDEN, INPUTS), (gates * HIDDEN, HIDDEN), (gates * HIDDEN,))
    ]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, w, r, b, order, lengths, backwards):
    """Outputs and last states by the equations; gates lie in `order`."""
    outputs, hidden, cells = np.zeros((BATCH, TIME, HIDDEN)), np.zeros((BATCH, HIDDEN)), np.zeros((BATCH, HIDDEN))
    for n in range(BATCH):
        places = range(lengths[n])
        for place in reversed(places) if backwards else places:
            rows = dict(zip(order, np.split(w @ x[n, place] + r @ hidden[n] + b, 4)))
            cells[n] = sigmoid(rows["f"]) * cells[n] + sigmoid(rows["i"]) * np.tanh(rows["c"])
            hidden[n] = sigmoid(rows["o"]) * np.tanh(cells[n])
            outputs[n, place] = hidden[n]
    return outputs, hidden, cells


@pytest.mark.parametrize("order", ["fico", "ifco", "iofc"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_an_lstm_by_the_operation_of_the_runtime(order, direction, lengths):
    ways = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[direction]
    learned = [weights(4, seed) for seed in range(len(ways))]
    stacked = [np.stack(v) for v in zip(*learned)]

    def build(x):
        rows = [recurrent.gates_in_order(constant(v), order, recurrent.GATES["lstm"], 1) for v in stacked]
        zeros = constant(np.zeros((BATCH, len(ways), HIDDEN), np.float32))
        given = None if lengths is None else constant(lengths)
        y, states = recurrent.layer("lstm", x, [zeros, zeros], given, tuple(rows), hidden=HIDDEN, direction=direction)
        return [y, *states]

    until = np.full(BATCH, TIME) if lengths is None else lengths
    each = [lstm(X, *one, order, until, backwards) for one, backwards in zip(learned, ways)]
    for found, want in zip(computed(build, X), zip(*each)):
        np.testing.assert_allclose(found, np.stack(want, 1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("open_axes", [(), (0, 1)])
def test_steps_heed_the_lengths_and_the_direction(backwards, lengths, open_axes):
    w, r, b = weights(4, 7)

    def step(pieces, states):
        hidden, cell = states
        f, i, c, o = split(Add(pieces[0], MatMul(hidden, constant(r), transpose_b=True)), 1, 4)
        cell = Add(Multiply(Sigmoid(f), cell), Multiply(Sigmoid(i), Tanh(c)))
        hidden = Multiply(Sigmoid(o), Tanh(cell))
        return [hidden, cell], [hidden]

    def build(x):
        zeros = constant(np.zeros((BATCH, HIDDEN), np.float32))
        product = Add(MatMul(x, constant(w), transpose_b=True), constant(b))
        given = None if lengths is None else constant(lengths)
        y, states = recurrent.steps(product, step, [zeros, zeros], given, backwards)
        return [y, *states]

    until = np.full(BATCH, TIME) if lengths is None else lengths
    for found, want in zip(computed(build, X, open_axes=open_axes), lstm(X, w, r, b, "fico", until, backwards)):
        np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-5)


def test_the_candidates_biases_of_a_gru_stay_apart():
    own, other = np.arange(6, dtype=np.float32)[None], np.float32(10) * np.arange(6, dtype=np.float32)[None]
    (found,) = computed(lambda a, b: [recurrent.joined_bias(a, b, 3, [2])], own, other)
    np.testing.assert_array_equal(found, [[0, 11, 22, 33, 4, 5, 40, 50]])
    (found,) = computed(lambda a, b: [recurrent.joined_bias(a, b, 3)], own, other)
    np.testing.assert_array_equal(found, own + other)


def test_rows_that_cannot_be_divided():
    with pytest.raises(ModelError, match="7 rows cannot be divided into 4 gates"):
        recurrent.gates_in_order(constant(np.zeros((7, 2), np.float32)), "ifco", "fico", 0)
