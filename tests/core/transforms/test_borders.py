"""Transposes cross the borders of bodies: what is carried, cut in pieces or put together, and branches."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core import ops
from mo_core.ir import Graph, Value, constant
from mo_core.ir import types as t
from mo_core.ops.control import Concatenated, Invariant, LastValue, Merged, Sliced
from mo_core.transforms.layout.axis_orders import axis_orders
from mo_core.transforms.layout.transposes import transposes
from tests.core.transforms.harness import check, inputs, kinds, weights

TO_FIRST, TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]
WINDOW = {"strides": [1, 1], "dilations": [1, 1], "pads_begin": [1, 1], "pads_end": [1, 1]}


def wrapped(x: Value, channels: int, seed: int = 0) -> Value:
    """A convolution as a channels-last framework's converter makes it."""
    filters = weights(channels, x.dims[3], 3, 3, seed=seed, low=-0.2, high=0.2)
    return ops.Transpose(ops.Convolution(ops.Transpose(x, TO_FIRST), filters, **WINDOW), TO_LAST)


def inside(graph: Graph) -> list[int]:
    """How many Transposes each body has."""
    bodies = [body for node in graph for body in node.bodies]
    return [sum(isinstance(n, ops.Transpose) for n in body) for body in bodies]


def outside(graph: Graph) -> int:
    return sum(isinstance(n, ops.Transpose) for n in graph)


def convolutional_recurrence(x: Value, state: Value, axis: int, **pieces: int) -> ops.TensorIterator:
    """A state of images, which a convolution of a piece of `x` and one of itself go into."""
    body = Graph("body")
    shape = list(x.dims)
    shape[axis] = 1
    piece = body.add_input("", t.f32, tuple(shape))
    before = body.add_input("", t.f32, state.shape)
    image = ops.Squeeze(piece, [axis])
    after = ops.Tanh(ops.Add(wrapped(image, 4), wrapped(before, 4, seed=1)))
    body.add_output(after)
    body.add_output(ops.Unsqueeze(after, [axis]))
    return ops.TensorIterator(
        [x, state],
        body=body,
        input_ports=(Sliced(0, axis, **pieces), Merged(1, 0)),
        output_ports=(LastValue(0), Concatenated(1, axis, **pieces)),
    )


@pytest.mark.parametrize("pieces", [{}, {"start": -1, "end": 0, "stride": -1}], ids=["forward", "backward"])
@pytest.mark.parametrize("axis", [0, 1, 3])
def test_a_convolutional_recurrence_moves_nothing_in_its_iterations(axis, pieces):
    shape = [2, 5, 6, 3]
    shape.insert(axis, 7)
    graph, (x, state) = inputs(tuple(shape), (2, 5, 6, 4))
    loop = convolutional_recurrence(x, state, axis, **pieces)
    graph.add_output(loop.results[0], "last")
    graph.add_output(loop.results[1], "all")
    check(graph, axis_orders, transposes)
    assert inside(graph) == [0]
    assert outside(graph) == 4


def test_between_two_recurrences_nothing_is_moved():
    graph, (x, state) = inputs((2, 7, 5, 6, 4), (2, 5, 6, 4))
    first = convolutional_recurrence(x, state, 1)
    second = convolutional_recurrence(first.results[1], state, 1)
    graph.add_output(wrapped(second.results[0], 3), "y")
    check(graph, axis_orders, transposes)
    assert inside(graph) == [0, 0]
    assert outside(graph) <= 3  # the data, the state, the result


def test_a_loop_that_takes_its_piece_by_its_number():
    graph, (x, state) = inputs((7, 2, 5, 6, 3), (2, 5, 6, 4))
    body = Graph("body")
    number = body.add_input("", t.i64, ())
    whole = body.add_input("", t.f32, x.shape)
    before = body.add_input("", t.f32, state.shape)
    piece = ops.Gather(whole, number, constant(0))
    body.add_output(ops.Add(wrapped(piece, 4), ops.ReLU(wrapped(before, 4, seed=1))))
    body.add_output(constant(True))
    loop = ops.Loop(
        constant(7),
        constant(True),
        [x, state],
        body=body,
        input_ports=(Invariant(1), Merged(2, 0)),
        output_ports=(LastValue(0),),
        body_condition=1,
        current_iteration=0,
    )
    graph.add_output(loop, "y")
    check(graph, axis_orders, transposes)
    assert inside(graph) == [0]
    assert outside(graph) == 3


def branches(x: Value, on: Value, one, other) -> ops.If:
    bodies = []
    for make in (one, other):
        body = Graph("branch")
        body.add_output(make(body.add_input("", t.f32, x.shape)))
        bodies.append(body)
    return ops.If(on, [x], then_body=bodies[0], else_body=bodies[1], then_inputs=(0,), else_inputs=(0,))


def condition(x: Value) -> Value:
    return ops.Greater(ops.ReduceSum(x, [0, 1, 2, 3], keep_dims=False), constant(np.float32(0)))


@pytest.mark.parametrize("sign", [1, -1])
def test_branches_that_both_convolve_are_one_with_what_is_around(sign):
    graph, (x,) = inputs((2, 5, 6, 3))
    y = wrapped(ops.Multiply(x, constant(np.float32(sign))), 4)
    y = branches(y, condition(x), lambda v: wrapped(v, 4, seed=2), lambda v: ops.ReLU(wrapped(v, 4, seed=3)))
    graph.add_output(wrapped(y, 3, seed=4), "y")
    check(graph, axis_orders, transposes)
    assert inside(graph) == [0, 0]
    assert outside(graph) == 2


def test_a_branch_that_is_rarely_taken_keeps_what_only_it_needs():
    graph, (x,) = inputs((2, 5, 6, 4))
    graph.add_output(branches(x, condition(x), lambda v: wrapped(v, 4), ops.ReLU), "y")
    check(graph, axis_orders, transposes)
    assert inside(graph) == [2, 0]
    assert outside(graph) == 0


def test_what_an_iteration_needs_in_the_order_it_has_stays():
    """One of two readers of the state wants the channels last, and gets them as before."""
    graph, (x, state) = inputs((7, 2, 5, 6, 4), (2, 5, 6, 4))
    body = Graph("body")
    piece, before = body.add_input("", t.f32, (1, 2, 5, 6, 4)), body.add_input("", t.f32, state.shape)
    flat = ops.Reshape(ops.Add(before, ops.Squeeze(piece, [0])), [10, 24], special_zero=False)
    mixed = ops.Reshape(ops.MatMul(flat, weights(24, 24, low=-0.1, high=0.1)), [2, 5, 6, 4], special_zero=False)
    body.add_output(mixed)
    loop = ops.TensorIterator(
        [x, state], body=body, input_ports=(Sliced(0, 0), Merged(1, 0)), output_ports=(LastValue(0),)
    )
    graph.add_output(loop, "y")
    check(graph, axis_orders, transposes)
    assert inside(graph) == [0] and outside(graph) == 0


@pytest.mark.parametrize(("axes", "order"), [([1], [1, 0, 2, 3]), ([0, 3], [1, 3, 2, 0]), ([-1], [3, 0, 1, 2])])
def test_axes_that_are_put_in_go_where_a_transpose_moves_them(axes, order):
    graph, (x,) = inputs((2, 3, 4)[: 4 - len(axes)])
    graph.add_output(ops.Transpose(ops.Unsqueeze(x, axes), order), "y")
    check(graph, transposes)
    assert kinds(graph) == ["Unsqueeze"]


@pytest.mark.parametrize(("order", "axes"), [([1, 0, 2, 3], [0]), ([0, 2, 3, 1], [3]), ([2, 1, 0, 3], [-3, 2])])
def test_axes_that_go_are_taken_from_where_a_transpose_found_them(order, axes):
    shape = [2, 3, 4, 5]
    for axis in axes:
        shape[order[axis]] = 1
    graph, (x,) = inputs(tuple(shape))
    graph.add_output(ops.Squeeze(ops.Transpose(x, order), axes), "y")
    check(graph, transposes)
    assert "Squeeze" in kinds(graph) and "Transpose" not in kinds(graph)


def test_an_axis_that_is_put_in_between_others_does_not_hide_their_exchange():
    graph, (x,) = inputs((2, 3, 4))
    graph.add_output(ops.Transpose(ops.Unsqueeze(x, [1]), [1, 0, 3, 2]), "y")
    check(graph, transposes)
    assert outside(graph) == 1
