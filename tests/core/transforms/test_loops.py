"""Loops that run once, and loops over a batch."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.build.basics import slice_axis
from mo_core.build.loops import iterate
from mo_core.ir import Graph, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Clamp,
    Concat,
    Convert,
    Convolution,
    Gather,
    Interpolate,
    Less,
    Loop,
    MatMul,
    Maximum,
    Multiply,
    NonZero,
    ReduceMax,
    ReduceMean,
    Reshape,
    Select,
    ShapeOf,
    Softmax,
    Split,
    Squeeze,
    StridedSlice,
    Subtract,
    TensorIterator,
    Transpose,
    Unsqueeze,
)
from mo_core.ops.control import Concatenated, Invariant, LastValue, Merged
from mo_core.transforms.simplify.cleanup import constant_folding, no_ops
from mo_core.transforms.simplify.loops import batch_loops, single_iterations
from tests.core.transforms.harness import check, inputs, kinds, unchanged, weights

I64 = np.int64


def counted(x, step, trips=None, go=True):
    """A loop as a source framework writes a map: it counts, takes a piece of `x`, and stacks what `step` makes of it."""
    body = Graph("body")
    number = body.add_input("", t.i64, ())
    whole = body.add_input("", x.element, x.shape)
    total = body.add_input("", t.f32, ())
    piece = Gather(whole, number, constant(np.array(0, I64)))
    made, after = step(piece, total)
    body.add_output(Add(number, constant(np.array(1, I64))))
    body.add_output(after)
    body.add_output(Unsqueeze(made, [0]))
    body.add_output(constant(True) if go is True else go(piece))
    count = Gather(ShapeOf(x), constant(np.array(0, I64)), constant(np.array(0, I64))) if trips is None else trips
    return Loop(
        count,
        constant(True),
        [constant(np.array(0, I64)), x, constant(np.float32(0))],
        body=body,
        input_ports=(Merged(0, 0), Invariant(1), Merged(2, 1)),
        output_ports=(LastValue(0), LastValue(1), Concatenated(2, 0)),
        body_condition=3,
    )


def counted_graph(step, *shape, trips=None, go=True, ends=(2,)):
    graph, (x,) = inputs(shape)
    node = counted(x, step, trips, go)
    for i in ends:
        graph.add_output(node.results[i], f"y{i}")
    return graph


def same(piece, total):
    return piece, total


# -- a single iteration


def summing(piece, total):
    total = Add(total, ReduceMax(piece, [0, 1]))
    return Multiply(piece, total), total


def test_a_loop_that_runs_once_is_its_body():
    graph = counted_graph(summing, 1, 3, 4, trips=constant(np.array(1, I64)), ends=(0, 1, 2))
    check(graph, constant_folding, single_iterations)
    assert "Loop" not in kinds(graph) and "ReduceMax" in kinds(graph)


def test_a_loop_that_runs_twice_stays():
    unchanged(counted_graph(summing, 2, 3, 4, trips=constant(np.array(2, I64)), ends=(1, 2)), single_iterations)


def running_sum(x, axis=0):
    """Each piece added to those before."""
    start = weights(*[d for i, d in enumerate(x.shape) if i != axis])

    def step(pieces, states):
        after = Add(states[0], pieces[0])
        return [after], [after]

    return iterate(step, [(x, axis)], [start], axis)


@pytest.mark.parametrize("axis", [0, 1])
def test_an_iteration_over_one_piece_is_its_body(axis):
    graph, (x,) = inputs([3 - 2 * (axis == a) for a in range(2)])
    (last,), (all_,) = running_sum(x, axis)
    graph.add_output(last, "last")
    graph.add_output(all_, "all")
    check(graph, single_iterations)
    assert "TensorIterator" not in kinds(graph)


def test_an_iteration_over_several_pieces_that_follow_from_each_other_stays():
    graph, (x,) = inputs((4, 3))
    _, (all_,) = running_sum(x)
    graph.add_output(all_, "all")
    unchanged(graph, single_iterations, batch_loops)


# -- a loop over a batch


def resized(piece, total):
    image = Unsqueeze(piece, [0])
    small = Interpolate(
        image,
        constant(np.array([5, 7], I64)),
        constant(np.array([1, 2], I64)),
        mode="linear_onnx",
        shape_calculation_mode="sizes",
        coordinate_transformation_mode="asymmetric",
    )
    return Squeeze(small, [0]), total


def test_images_of_a_batch_are_resized_at_once():
    graph = counted_graph(resized, None, 10, 8, 3)
    check(graph, constant_folding, batch_loops, no_ops, size=4)
    assert "Loop" not in kinds(graph) and kinds(graph).count("Interpolate") == 1
    assert next(n for n in graph if isinstance(n, Interpolate)).rank == 4


def convolved(piece, total):
    y = Convolution(
        Unsqueeze(piece, [0]),
        weights(6, 3, 3, 3),
        strides=[1, 1],
        pads_begin=[1, 1],
        pads_end=[1, 1],
        dilations=[1, 1],
    )
    return Clamp(ReduceMean(y, [2, 3]), min=0.0, max=6.0), total


def arithmetic(piece, total):
    """f32[3,4]: operands of other ranks, some of them the same in every iteration."""
    row = ReduceMean(piece, [0])
    y = Add(Multiply(piece, row), weights(3, 1))
    y = Select(Less(y, constant(np.float32(0))), Subtract(row, constant(np.float32(1))), y)
    return Maximum(y, weights(2, 3, 4)), total


def moved(piece, total):
    y = Transpose(Reshape(piece, [2, -1, 2], special_zero=False), [1, 0, 2])
    y = Concat([y, weights(3, 2, 2), y], axis=-1)
    parts = Split(y, constant(np.array(1, I64)), num_splits=2)
    return Softmax(Squeeze(parts.results[1], [1]), axis=-1), total


def sliced(piece, total):
    y = StridedSlice(piece, [0, 1], [3, 4], [2, 1], begin_mask=[1, 0], end_mask=[1, 0], shrink_axis_mask=[0, 0])
    first = StridedSlice(piece, [1], [2], begin_mask=[0], end_mask=[0], shrink_axis_mask=[1])
    return Add(slice_axis(y, -1, 0, 2), Gather(first, [3, 0], constant(np.array(-1, I64)))), total


def multiplied(piece, total):
    y = MatMul(MatMul(piece, weights(4, 5)), weights(2, 5, 6))
    return MatMul(y, MatMul(piece, weights(4, 6)), transpose_b=True), total


def sized(piece, total):
    rows = Convert(
        Gather(ShapeOf(piece), constant(np.array(0, I64)), constant(np.array(0, I64))), destination_type=t.f32
    )
    return Multiply(piece, rows), total


@pytest.mark.parametrize("step", [arithmetic, moved, sliced, multiplied, sized])
@pytest.mark.parametrize("batch", [3, None])
def test_what_is_done_to_each_piece_is_done_to_all(step, batch):
    graph = counted_graph(step, batch, 3, 4)
    check(graph, constant_folding, batch_loops)
    assert "Loop" not in kinds(graph)


def test_convolutions_of_single_images_become_one_of_a_batch():
    graph = counted_graph(convolved, None, 3, 9, 8)
    check(graph, constant_folding, batch_loops, no_ops)
    assert next(n for n in graph if isinstance(n, Convolution)).rank == 4


def test_a_counter_is_known_in_the_end():
    graph = counted_graph(arithmetic, None, 3, 4, ends=(0, 2))
    check(graph, constant_folding, batch_loops)
    assert "Loop" not in kinds(graph)


def test_what_is_the_same_in_each_iteration_is_repeated():
    graph = counted_graph(lambda piece, total: (weights(3, 2), total), None, 3, 4)
    check(graph, constant_folding, batch_loops)
    assert "Loop" not in kinds(graph)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_iteration_of_which_no_step_needs_another_goes(axis):
    graph, (x, y) = inputs((4, 5, 6), (4, 5, 6))
    _, (z,) = iterate(
        lambda p, s: ([], [Multiply(p[0], ReduceMean(p[1], [0], keep_dims=True))]), [(x, axis), (y, axis)], [], 1
    )
    graph.add_output(z, "z")
    check(graph, batch_loops)
    assert "TensorIterator" not in kinds(graph)


@pytest.mark.parametrize(
    ("step", "options"),
    [
        (summing, {}),  # an iteration needs the one before
        (lambda p, total: (p, Add(total, constant(np.float32(1)))), {"ends": (1, 2)}),  # a sum that is read
        (same, {"trips": constant(np.array(2, I64))}),  # not as many iterations as pieces
        (same, {"go": lambda p: Less(ReduceMax(p, [0, 1]), constant(np.float32(1)))}),  # the data may end it
        (
            lambda p, total: (Convert(NonZero(ReduceMean(p, [1])), destination_type=t.f32), total),
            {},
        ),  # sizes of their own
    ],
)
def test_a_loop_stays_where_iterations_are_not_alike(step, options):
    unchanged(counted_graph(step, 3, 3, 4, **options), batch_loops)


def test_loops_stay_when_a_model_for_single_steps_is_asked_for():
    from mo_core.options import OptionTable
    from mo_core.rewriting.passes import Context

    options = OptionTable(()).build({"transform": "LowLatency2"})
    graph, (x,) = inputs((1, 3))
    _, (all_,) = running_sum(x)
    graph.add_output(all_, "all")
    unchanged(graph, single_iterations, batch_loops, context=Context(options=options))
    assert any(isinstance(n, TensorIterator) for n in graph)
