"""Loops over time whose body is a recurrent cell."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.build.basics import concat, slice_axis, split
from mo_core.build.loops import iterate
from mo_core.ir import constant
from mo_core.ops import Add, Clamp, MatMul, Multiply, ReLU, Sigmoid, Subtract, Tanh
from mo_core.transforms.recognise.recurrence import recurrent_loops
from tests.core.transforms.harness import check, inputs, kinds, unchanged, weights

INPUT, SIZE = 3, 4
ONE = constant(np.float32(1))


def looped(step, states=1, axis=0, size=SIZE):
    """A graph of a loop over the time, along an axis, whose last states and outputs are results."""
    shape = [2, 2, INPUT]
    shape[axis] = 5
    graph, (x,) = inputs(shape)
    initial = [weights(2, size, seed=9 + i) for i in range(states)]

    def one(pieces, before):
        after = step(pieces[0], *before)
        after = after if isinstance(after, tuple) else (after,)
        return after, after[:1]

    last, outputs = iterate(one, [(x, axis)], initial, axis)
    for i, v in enumerate((*last, *outputs)):
        graph.add_output(v, f"y{i}")
    return graph


def gate(x, h, act, seed, bias=True):
    total = Add(
        MatMul(x, weights(INPUT, SIZE, seed=seed)), MatMul(h, weights(SIZE, SIZE, seed=seed + 50), transpose_b=True)
    )
    return act(Add(total, weights(SIZE, seed=seed + 100)) if bias else total)


def lstm(x, h, c):
    """Each gate with weights of its own."""
    i, f, o = (gate(x, h, Sigmoid, n) for n in range(3))
    c = Add(Multiply(i, gate(x, h, Tanh, 4)), Multiply(c, f))
    return Multiply(Tanh(c), o), c


def wide_lstm(x, h, c):
    """One product for all gates, of the state and the input together; a number added to one gate."""
    total = Add(MatMul(concat([h, x], -1), weights(SIZE + INPUT, 4 * SIZE)), weights(1, 4 * SIZE))
    o, g, f, i = split(total, 1, 4)
    c = Add(Multiply(Sigmoid(Add(f, ONE)), c), Multiply(ReLU(g), Sigmoid(i)))
    return Multiply(Sigmoid(o), Tanh(c)), c


def gru(x, h):
    z, r = gate(x, h, Sigmoid, 1), gate(x, h, Sigmoid, 2, bias=False)
    scaled = Multiply(h, r)
    new = Tanh(Add(MatMul(concat([x, scaled], 1), weights(INPUT + SIZE, SIZE)), weights(SIZE)))
    return Add(Multiply(Subtract(ONE, z), new), Multiply(h, z))


def gru_reset_after(x, h):
    inner = Add(MatMul(h, weights(SIZE, 3 * SIZE, seed=5)), weights(3 * SIZE, seed=6))
    outer = Add(MatMul(x, weights(INPUT, 3 * SIZE)), weights(3 * SIZE))
    z, r = (Sigmoid(Add(slice_axis(inner, 1, a, a + SIZE), slice_axis(outer, 1, a, a + SIZE))) for a in (0, SIZE))
    new = Tanh(Add(slice_axis(outer, 1, 2 * SIZE, 3 * SIZE), Multiply(r, slice_axis(inner, 1, 2 * SIZE, 3 * SIZE))))
    return Add(Multiply(z, h), Multiply(Subtract(ONE, z), new))


CELLS = {
    "RNNSequence": [lambda x, h: gate(x, h, Tanh, 0), lambda x, h: gate(x, h, ReLU, 0, bias=False)],
    "GRUSequence": [gru, gru_reset_after],
    "LSTMSequence": [lstm, wide_lstm],
}


@pytest.mark.parametrize(("layer", "cell"), [(layer, cell) for layer, cells in CELLS.items() for cell in cells])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_loop_of_a_cell_is_a_layer(layer, cell, axis):
    graph = looped(cell, 1 + (layer == "LSTMSequence"), axis)
    check(graph, recurrent_loops)
    assert layer in kinds(graph) and "TensorIterator" not in kinds(graph)


def test_what_is_done_to_the_state_in_each_step_is_done_to_all_of_them():
    graph, (x,) = inputs((5, 2, INPUT))

    def step(pieces, states):
        h = gate(pieces[0], states[0], Tanh, 0)
        return [h], [MatMul(ReLU(h), weights(SIZE, 6))]

    _, (y,) = iterate(step, [(x, 0)], [weights(2, SIZE)], 0)
    graph.add_output(y, "y")
    check(graph, recurrent_loops)
    assert "RNNSequence" in kinds(graph) and "TensorIterator" not in kinds(graph)


def peephole(x, h, c):
    i, f = (Sigmoid(Add(gate(x, h, lambda v: v, n), Multiply(c, weights(SIZE)))) for n in (0, 1))
    c = Add(Multiply(i, gate(x, h, Tanh, 4)), Multiply(c, f))
    return Multiply(Tanh(c), gate(x, h, Sigmoid, 5)), c


def clipped(x, h, c):
    i, f, o = (gate(x, h, Sigmoid, n) for n in range(3))
    c = Clamp(Add(Multiply(i, gate(x, h, Tanh, 4)), Multiply(c, f)), min=-0.2, max=0.2)
    return Multiply(Tanh(c), o), c


def uneven(x, h, c):
    """Gates of different activations, for which the layer has one."""
    c = Add(Multiply(gate(x, h, Sigmoid, 1), gate(x, h, Tanh, 4)), Multiply(c, gate(x, h, Tanh, 2)))
    return Multiply(Tanh(c), gate(x, h, Sigmoid, 3)), c


def turned(x, h):
    """z and 1 - z exchanged: no GRU with these weights."""
    z, r = gate(x, h, Sigmoid, 1), gate(x, h, Sigmoid, 2)
    new = Tanh(MatMul(concat([x, Multiply(h, r)], 1), weights(INPUT + SIZE, SIZE)))
    return Add(Multiply(Subtract(ONE, z), h), Multiply(z, new))


def residual(x, h):
    return Add(gate(x, h, Tanh, 0), h)


@pytest.mark.parametrize("cell", [peephole, clipped, uneven, turned, residual])
def test_a_cell_that_the_runtime_does_not_have_stays_a_loop(cell):
    unchanged(looped(cell, 2 if cell in (peephole, clipped, uneven) else 1), recurrent_loops)


def test_weights_that_are_computed_stay_in_a_loop():
    graph, (x, w) = inputs((5, 2, INPUT), (SIZE, SIZE))
    step = lambda p, s: ([Tanh(Add(MatMul(p[0], weights(INPUT, SIZE)), MatMul(s[0], w)))],) * 2  # noqa: E731
    _, (y,) = iterate(step, [(x, 0)], [weights(2, SIZE)], 0)
    graph.add_output(y, "y")
    unchanged(graph, recurrent_loops)
