"""Batch norm and sequences of linear ops."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ir import constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    BatchNormInference,
    Convert,
    Divide,
    FakeQuantize,
    Floor,
    MaxPool,
    Multiply,
    Negative,
    ReLU,
    ShapeOf,
    Subtract,
)
from mo_core.transforms.linear.fusion import PASSES, batch_norm, linear_merge_
from tests.core.transforms.harness import check, inputs, kinds, only, optimise, reasons, unchanged, weights
from tests.core.transforms.layers import conv


def norm(x, channels, **changed):
    vectors = [weights(channels, seed=i) for i in range(3)] + [weights(channels, seed=9, low=0.5, high=2.0)]
    return BatchNormInference(x, *vectors, **{"epsilon": 1e-3, **changed})


@pytest.mark.parametrize("shape", [(None, 3), (2, 3, 5), (2, 3, 4, 4), (1, 3, 2, 2, 2)])
def test_batch_norm_alone_is_one_multiply_and_one_add(shape):
    graph, (x,) = inputs(shape)
    graph.add_output(norm(x, 3), "y")
    check(graph, batch_norm)
    assert kinds(graph) == ["Multiply", "Add"]


def test_batch_norm_with_computed_parameters_stays():
    graph, (x, gamma) = inputs((2, 3, 4, 4), (3,))
    vectors = [weights(3), weights(3), weights(3, low=0.5)]
    graph.add_output(BatchNormInference(x, gamma, *vectors, epsilon=1e-3), "y")
    assert reasons(unchanged(graph, batch_norm)) == ["its parameters are computed when the model runs"]


@pytest.mark.parametrize("variance", [-1.0, float("nan"), float("inf")])
def test_batch_norm_whose_factor_is_not_finite_stays(variance):
    graph, (x,) = inputs((2, 3, 4, 4))
    v = np.array([1, variance, 1], np.float32)
    gamma = np.array([1, np.inf if np.isinf(variance) else 1, 1], np.float32)
    graph.add_output(BatchNormInference(x, gamma, weights(3), weights(3), v, epsilon=0.0), "y")
    assert "not finite" in reasons(unchanged(graph, batch_norm))[0]


def test_batch_norm_of_unknown_rank_stays():
    graph, _ = inputs()
    x = graph.add_input("x", t.f32, None)
    graph.add_output(norm(x, 3), "y")
    unchanged(graph, batch_norm)


def test_a_long_sequence_becomes_one_multiply_and_one_add():
    graph, (x,) = inputs((2, 3, 4, 4))
    y = Add(Multiply(x, weights(3, 1, 1)), weights(1, 3, 1, 1))
    y = Divide(Subtract(y, weights(1)), weights(3, 1, 1, seed=4, low=1, high=2))
    y = Subtract(2.0, Negative(Multiply(y, -3.0)))
    graph.add_output(Add(norm(y, 3), 1.5), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["Multiply", "Add"]


def test_sums_that_are_read_by_others_stay():
    graph, (x,) = inputs((2, 3))
    first = Add(x, weights(3))
    graph.add_output(Add(first, weights(3, seed=2)), "y")
    graph.add_output(ReLU(first), "z")
    assert "read by others" in reasons(unchanged(graph, linear_merge_))[0]


@pytest.mark.parametrize("outer", [Add, Multiply])
def test_constants_that_would_grow_stay_apart(outer):
    graph, (x,) = inputs((2, 3, 4, 5))
    graph.add_output(outer(outer(x, weights(4, 1)), weights(1, 5)), "y")
    assert "more memory" in reasons(unchanged(graph, linear_merge_))[0]


def test_factors_that_stretch_the_data_merge_too():
    graph, (x,) = inputs((1, 3, 1, 1))
    graph.add_output(Multiply(Add(Multiply(x, weights(3, 4, 4)), 2.0), weights(1, 3, 4, 4, seed=5)), "y")
    check(graph, linear_merge_)
    assert kinds(graph) == ["Multiply", "Add"]


@pytest.mark.parametrize(("op", "number"), [(Multiply, 1.0), (Add, 0.0), (Divide, 1.0), (Subtract, 0.0)])
def test_neutral_constants_vanish(op, number):
    graph, (x,) = inputs((2, 3))
    graph.add_output(ReLU(op(x, np.full(3, number, np.float32))), "y")
    check(graph, linear_merge_)
    assert kinds(graph) == ["ReLU"]


def test_a_one_that_stretches_the_data_stays():
    graph, (x,) = inputs((1, 3))
    graph.add_output(ReLU(Multiply(x, np.ones((2, 3), np.float32))), "y")
    unchanged(graph, linear_merge_)


def test_division_ahead_of_rounding_stays():
    graph, (x,) = inputs((2, 3))
    graph.add_output(Floor(Divide(x, 3.0)), "y")
    assert "rounded" in reasons(unchanged(graph, linear_merge_))[0]


def test_division_by_zero_stays():
    graph, (x,) = inputs((2, 2))
    graph.add_output(Divide(x, np.array([1.0, 0.0], np.float32)), "y")
    assert "not finite" in reasons(unchanged(graph, linear_merge_))[0]


def test_whole_numbers_stay():
    graph, _ = inputs()
    x = graph.add_input("x", t.i32, (2, 3))
    graph.add_output(Add(Subtract(x, constant(1, t.i32)), constant(2, t.i32)), "y")
    unchanged(graph, linear_merge_)


def test_shapes_computed_in_real_numbers_stay():
    graph, (x,) = inputs((None, 3))
    size = Convert(ShapeOf(x), destination_type=t.f32)
    graph.add_output(Multiply(Multiply(size, 0.5), 3.0), "y")
    unchanged(graph, linear_merge_)


def test_lone_negation_stays():
    graph, (x,) = inputs((2, 3))
    graph.add_output(Negative(ReLU(Negative(x))), "y")
    graph.add_output(Subtract(1.0, ReLU(x)), "z")
    unchanged(graph, linear_merge_)


def dequantised(source, filters):
    graph, _ = inputs()
    x = graph.add_input("x0", t.i8, (1, 3, 6, 6))
    real = Convert(source(x), destination_type=t.f32)
    y = Multiply(Subtract(real, 3.0), 0.5)
    graph.add_output(conv(y, 4, pad=1, filters=filters), "y")
    return graph


def test_a_dequantised_value_keeps_its_form():
    limits = [np.float32(n) for n in (-1, 1, -1, 1)]
    unchanged(dequantised(lambda x: x, FakeQuantize(weights(4, 3, 3, 3), *limits, levels=255)), linear_merge_)
    inner = lambda x: Add(x, constant(1, t.i8))  # noqa: E731
    unchanged(dequantised(inner, weights(4, 3, 3, 3)), linear_merge_)


def test_an_image_in_whole_numbers_is_ordinary_data():
    graph = dequantised(lambda x: x, weights(4, 3, 3, 3))
    check(graph, *PASSES)
    assert kinds(graph) == ["Convert", "Add", "Convolution"]


def test_merged_f16_constants_are_rounded_once():
    graph, _ = inputs()
    x = graph.add_input("x", t.f16, (1, 2))
    y = BatchNormInference(x, *[constant(np.array([n, n]), t.f16) for n in (0.1, 0.2, 0.3, 0.7)], epsilon=1e-3)
    graph.add_output(y, "y")
    optimise(graph, batch_norm)
    gamma, beta, mean, variance = (float(np.float16(n)) for n in (0.1, 0.2, 0.3, 0.7))
    scale = gamma / np.sqrt(variance + 1e-3)
    assert only(graph, Multiply).b.const.reshape(-1)[0] == np.float16(scale)
    assert only(graph, Add).b.const.reshape(-1)[0] == np.float16(beta - mean * scale)


def test_names_and_readers_survive():
    graph, (x,) = inputs((2, 3, 4, 4))
    y = Add(Multiply(x, 2.0), 1.0)
    graph.add_output(y, "first")
    graph.add_output(Add(y, 3.0), "second")
    check(graph, *PASSES)
    assert [r.source.names for r in graph.outputs] == [["first"], ["second"]]


def test_shift_passes_maxima_and_factor_of_both_signs_does_not():
    def build(factor):
        graph, (x,) = inputs((1, 2, 6, 6))
        pool = MaxPool(
            Add(x, weights(2, 1, 1)),
            strides=[2, 2],
            dilations=[1, 1],
            pads_begin=[0, 0],
            pads_end=[0, 0],
            kernel=[2, 2],
        )
        graph.add_output(Add(Multiply(pool, factor), weights(2, 1, 1, seed=3)), "y")
        return graph

    graph = build(np.array([[[2.0]], [[-3.0]]], np.float32))
    check(graph, *PASSES)
    assert kinds(graph) == ["Add", "MaxPool", "Multiply", "Add"]
    graph = build(np.array([[[1.0]], [[1.0]]], np.float32))
    check(graph, *PASSES)
    assert kinds(graph) == ["Add", "MaxPool"]
