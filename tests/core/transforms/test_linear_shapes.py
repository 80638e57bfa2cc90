"""Shapes that are read between a layer and the linear ops behind it; biases that need not be where they are."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ir import types as t
from mo_core.ops import Add, Convert, Multiply, ReduceMean, ReLU, ShapeOf, Subtract, Transpose
from mo_core.transforms.linear.fusion import PASSES
from tests.core.transforms.harness import check, inputs, kinds, only, unchanged, weights
from tests.core.transforms.layers import conv, max_pool

FOLDED = ["Convolution", "Add"]


def real(shape):
    return Convert(shape, destination_type=t.f32)


@pytest.mark.parametrize("early", [True, False], ids=["ahead", "behind"])
def test_a_shape_that_is_read_ahead_of_a_batch_norm(early):
    graph, (x,) = inputs((None, 4, None, 6))
    layer = conv(x, 8)
    shape = ShapeOf(layer)
    scaled = Multiply(layer, weights(1, 8, 1, 1))
    if early:
        graph.add_output(real(shape), "shape")
    graph.add_output(ReLU(Subtract(scaled, weights(1, 8, 1, 1, seed=2))), "y")
    if not early:
        graph.add_output(real(Add(shape, ShapeOf(scaled))), "shape")
    check(graph, *PASSES, size=7)
    assert [k for k in kinds(graph) if k in ("Multiply", "Subtract")] == []
    assert only(graph, ShapeOf).data is only(graph, Add) if early else True


def test_a_shape_stays_where_the_values_are_read_too():
    graph, (x,) = inputs((None, 4, 6, 6))
    layer = conv(x, 8)
    graph.add_output(real(ShapeOf(layer)), "shape")
    graph.add_output(layer, "raw")
    graph.add_output(Multiply(layer, weights(1, 8, 1, 1)), "y")
    unchanged(graph, *PASSES)


def test_a_shape_stays_where_it_changes():
    graph, (x,) = inputs((None, 4, 6, 6))
    layer = conv(x, 1)
    graph.add_output(real(ShapeOf(layer)), "shape")
    graph.add_output(Multiply(layer, weights(1, 8, 1, 1)), "y")
    unchanged(graph, *PASSES)


# -- biases between layers


def linear_block(x, outputs, seed, **options):
    return Add(conv(x, outputs, seed=seed, **options), weights(1, outputs, 1, 1, seed=seed))


def test_a_bias_goes_into_the_bias_of_the_next_layer():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = linear_block(x, 8, 1, pad=1)
    graph.add_output(linear_block(y, 4, 2, kernel=1), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["Convolution", "Convolution", "Add"]


def test_a_bias_goes_through_a_residual_block():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = linear_block(x, 8, 1, pad=1)
    inner = linear_block(ReLU(linear_block(y, 6, 2, kernel=1)), 8, 3, kernel=1)
    total = Add(y, inner)
    graph.add_output(ReLU(linear_block(total, 5, 4, kernel=1)), "y")
    check(graph, *PASSES)
    assert kinds(graph).count("Add") == 3  # the sum, and a bias ahead of each ReLU


@pytest.mark.parametrize("order", [False, True])
def test_both_branches_of_a_sum_have_one_bias(order):
    graph, (x,) = inputs((2, 4, 6, 6))
    a, b = linear_block(x, 8, 1), linear_block(x, 8, 2)
    graph.add_output(ReLU(Add(b, a) if order else Add(a, b)), "y")
    check(graph, *PASSES)
    assert kinds(graph).count("Add") == 2


def test_a_shift_behind_a_sum_goes_into_the_bias():
    graph, (x, z) = inputs((2, 4, 6, 6), (2, 8, 6, 6))
    total = Add(ReLU(z), linear_block(x, 8, 1, pad=1))
    graph.add_output(ReLU(Add(total, weights(8, 1, 1, seed=4))), "y")
    check(graph, *PASSES)
    assert kinds(graph).count("Add") == 2


@pytest.mark.parametrize(
    "last",
    [
        lambda y: linear_block(y, 4, 2, pad=1),
        lambda y: conv(y, 4, seed=2),
        lambda y: Add(linear_block(y, 4, 2), ReduceMean(y, [1, 2, 3], keep_dims=True)),
        lambda y: linear_block(max_pool(y, pad=1), 4, 2, pad=1),
    ],
    ids=["padding", "no bias", "another reader", "pooling and padding"],
)
def test_a_bias_stays_where_it_cannot_go(last):
    graph, (x,) = inputs((2, 4, 9, 9))
    y = linear_block(x, 8, 1)
    graph.add_output(ReLU(last(y)), "y")
    before = kinds(graph)
    check(graph, *PASSES)
    assert kinds(graph) == before


def test_a_bias_behind_a_transpose_finds_one_place():
    graph, (x,) = inputs((2, 4, 6, 6))
    last, first = np.array([0, 2, 3, 1]), np.array([0, 3, 1, 2])
    y = Transpose(Add(Transpose(conv(x, 8, kernel=1), last), weights(8)), first)
    graph.add_output(ReLU(linear_block(y, 4, 2, kernel=1)), "y")
    check(graph, *PASSES)
    assert kinds(graph).count("Add") == 1


def test_a_sum_of_a_value_and_itself_is_no_residual_block():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = linear_block(x, 8, 1)
    graph.add_output(ReLU(linear_block(Add(y, y), 4, 2, kernel=1)), "y")
    check(graph, *PASSES)


def test_a_layer_keeps_its_name():
    graph, (x,) = inputs((2, 4, 6, 6))
    layer = conv(x, 8)
    layer.name = "conv"
    scaled = Multiply(layer, weights(8, 1, 1))
    scaled.name = "scale"
    shifted = Add(scaled, weights(8, 1, 1))
    shifted.name = "shift"
    graph.add_output(shifted, "y")
    check(graph, *PASSES)
    assert [n.name for n in graph if n.type_name in FOLDED] == ["conv", "shift"]
