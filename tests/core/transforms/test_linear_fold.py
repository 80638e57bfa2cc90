"""Factors and shifts into the weights and biases of layers."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ir import Constant, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Lazy
from mo_core.ops import (
    Add,
    BatchNormInference,
    Convert,
    Convolution,
    FakeQuantize,
    GroupConvolution,
    MatMul,
    Multiply,
    ReLU,
    Reshape,
    Result,
    Subtract,
)
from mo_core.rewriting.passes import Context
from mo_core.rewriting.record import Exclusion
from mo_core.transforms.linear.fusion import PASSES, linear_fusion
from tests.core.transforms.harness import (
    check,
    evaluate,
    feed,
    inputs,
    kinds,
    only,
    optimise,
    reasons,
    unchanged,
    weights,
)
from tests.core.transforms.layers import conv, product

KINDS = [
    {"groups": 1},
    {"groups": 2},
    {"groups": 4},
    {"transposed": True},
    {"transposed": True, "groups": 2},
]
SPATIAL = [(7,), (6, 5), (5, 4, 4)]


def channel(n, spatial, **options):
    return weights(1, n, *[1] * spatial, **options)


# -- backward


@pytest.mark.parametrize("spatial", SPATIAL, ids=lambda s: f"{len(s)}d")
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_factor_and_shift_behind_a_convolution(kind, spatial):
    graph, (x,) = inputs((None, 4, *spatial))
    layer = conv(x, 8, pad=1, **kind)
    y = Add(Multiply(layer, channel(8, len(spatial), seed=1)), channel(8, len(spatial), seed=2))
    graph.add_output(y, "y")
    check(graph, *PASSES)
    assert kinds(graph) == [layer.type_name, "Add"]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_batch_norm_behind_a_convolution_is_one_firing(kind):
    graph, (x,) = inputs((2, 4, 6, 6))
    vectors = [weights(8, seed=i) for i in range(3)] + [weights(8, low=0.5, high=2.0)]
    graph.add_output(BatchNormInference(conv(x, 8, pad=1, **kind), *vectors, epsilon=1e-3), "y")
    assert len(check(graph, *PASSES).record.firings) == 1
    assert kinds(graph)[1:] == ["Add"]


def test_several_factors_are_one_pass_over_large_weights():
    graph, (x,) = inputs((1, 64, 4, 4))
    layer = conv(Multiply(x, channel(64, 2, seed=1)), 64, pad=1)
    graph.add_output(Multiply(Multiply(layer, channel(64, 2, seed=2)), 0.5), "y")
    check(graph, linear_fusion)  # without the merging of factors
    (filters,) = [n.value for n in graph if isinstance(n, Constant)]
    assert isinstance(filters, Lazy) and kinds(graph) == ["Convolution"]
    ahead, behind = filters.operands[0], filters.operands[1]
    assert isinstance(ahead, Lazy) and behind.size == 64  # along the inputs, and along the outputs
    assert not any(isinstance(v, Lazy) for v in ahead.operands)


def test_factors_whose_product_is_infinite_stay_apart():
    graph, (x,) = inputs((1, 64, 4, 4))
    nothing = weights(64, 64, 3, 3, low=0, high=0)
    layer = Convolution(x, nothing, strides=[1, 1], pads_begin=[1, 1], pads_end=[1, 1], dilations=[1, 1])
    graph.add_output(Multiply(Multiply(layer, constant(1e25, t.f32)), constant(1e25, t.f32)), "y")
    optimise(graph, linear_fusion)  # the runtime itself makes one infinite factor of the two
    (filters,) = [n.value for n in graph if isinstance(n, Constant)]
    assert kinds(graph) == ["Convolution"] and not filters.numpy().any()  # zero times infinity were no number


@pytest.mark.parametrize("shape", [(), (1,), (8, 1, 1), (1, 8, 1, 1), (1, 1, 1, 1)])
def test_every_shape_of_a_factor(shape):
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(Multiply(weights(*shape, seed=3), conv(x, 8)), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["Convolution"]


@pytest.mark.parametrize("shape", [(1, 1, 1, 1, 1), (4, 4), (8, 4, 4), (2, 1, 1, 1)])
def test_factors_of_other_shapes_stay(shape):
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(Multiply(conv(x, 8), weights(*shape)), "y")
    unchanged(graph, *PASSES)


def test_a_single_channel_that_the_factor_multiplies_stays():
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(Multiply(conv(x, 1), weights(5, 1, 1)), "y")
    unchanged(graph, *PASSES)


def test_a_convolution_with_another_reader_stays():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = conv(x, 8)
    graph.add_output(Multiply(y, channel(8, 2)), "y")
    graph.add_output(ReLU(y), "z")
    assert "read by others" in reasons(unchanged(graph, *PASSES))[0]


def test_a_convolution_that_is_an_output_stays():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = conv(x, 8)
    graph.add_output(y, "raw")
    graph.add_output(Multiply(y, channel(8, 2)), "y")
    unchanged(graph, *PASSES)


@pytest.mark.parametrize("scale", [float("nan"), float("inf")])
def test_a_factor_that_is_not_finite_stays(scale):
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(Multiply(conv(x, 8), np.array(scale, np.float32)), "y")
    assert reasons(unchanged(graph, *PASSES)) == ["the factor or shift is not finite"]


@pytest.mark.parametrize("ahead", [True, False])
def test_numbers_that_might_overflow_the_weights_stay(ahead):
    graph, (x,) = inputs((2, 4, 6, 6))
    y = Add(x, np.float32(2e38)) if ahead else x
    graph.add_output(conv(y, 8) if ahead else Multiply(conv(y, 8), np.float32(1e38)), "y")
    assert "might overflow" in reasons(unchanged(graph, *PASSES))[0]


def test_shared_filters_are_scaled_apart():
    graph, (x, z) = inputs((2, 4, 6, 6), (2, 4, 6, 6))
    w = weights(8, 4, 3, 3)
    graph.add_output(Multiply(conv(x, 8, filters=w), channel(8, 2, seed=1)), "y")
    graph.add_output(Multiply(conv(z, 8, filters=w), channel(8, 2, seed=2)), "z")
    graph.add_output(conv(ReLU(z), 8, filters=w), "v")
    check(graph, *PASSES)
    assert kinds(graph).count("Multiply") == 0


BOTH = (False, True)
PRODUCTS = [{"transpose_a": a, "transpose_b": b, "first": first} for a in BOTH for b in BOTH for first in BOTH]


@pytest.mark.parametrize("options", PRODUCTS, ids=str)
@pytest.mark.parametrize("shape", [(4, 4), (None, 3, 4, 4)], ids=["matrix", "stack"])
def test_factor_and_shift_behind_a_matrix_product(shape, options):
    graph, (x,) = inputs(shape)
    y = product(x, 6, **options)
    vector = (6, 1) if options["first"] else (6,)
    graph.add_output(Add(Multiply(y, weights(*vector, seed=1)), weights(*vector, seed=2)), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["MatMul", "Add"]


def test_a_factor_along_the_rows_of_a_product_stays():
    graph, (x,) = inputs((6, 4))
    graph.add_output(Multiply(product(x, 6), weights(6, 1)), "y")
    unchanged(graph, *PASSES)


def test_a_product_of_two_inputs_stays():
    graph, (x, y) = inputs((6, 4), (4, 6))
    graph.add_output(Multiply(MatMul(x, y), 2.0), "y")
    unchanged(graph, *PASSES)


def test_a_stack_of_weights_takes_a_factor_along_the_columns():
    graph, (x,) = inputs((2, 5, 4))
    graph.add_output(Multiply(MatMul(x, weights(2, 4, 6)), weights(6)), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["MatMul"]


@pytest.mark.parametrize("shape", [(), (8, 1, 1)])
def test_a_shift_takes_the_form_of_a_bias(shape):
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(Add(weights(*shape), conv(x, 8)), "y")
    check(graph, linear_fusion)
    assert only(graph, Add).b.shape == (1, 8, 1, 1)


def test_a_shift_that_is_no_bias_keeps_its_form():
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(Add(conv(x, 8), weights(4, 4)), "y")
    unchanged(graph, linear_fusion)


# -- forward


@pytest.mark.parametrize("spatial", SPATIAL, ids=lambda s: f"{len(s)}d")
@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("pad", [0, 1])
def test_factor_ahead_of_a_convolution(kind, spatial, pad):
    graph, (x,) = inputs((None, 4, *spatial))
    graph.add_output(conv(Multiply(x, channel(4, len(spatial), seed=3)), 8, pad=pad, **kind), "y")
    check(graph, *PASSES)
    assert len(kinds(graph)) == 1


@pytest.mark.parametrize("spatial", SPATIAL, ids=lambda s: f"{len(s)}d")
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_factor_and_shift_ahead_of_a_convolution_without_padding(groups, spatial):
    graph, (x,) = inputs((None, 4, *spatial))
    y = Add(Multiply(x, channel(4, len(spatial), seed=3)), channel(4, len(spatial), seed=4))
    graph.add_output(conv(y, 8, groups=groups), "y")
    check(graph, *PASSES)
    assert kinds(graph)[1:] == ["Add"] and "Convolution" in kinds(graph)[0]


@pytest.mark.parametrize("options", [{"pad": 1}, {"transposed": True}], ids=str)
def test_a_shift_stays_ahead_of_padding(options):
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(conv(Add(x, channel(4, 2)), 8, **options), "y")
    unchanged(graph, *PASSES)


def test_a_shift_stays_ahead_of_automatic_padding():
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(conv(Add(x, 1.0), 8).evolve(auto_pad="same_upper"), "y")
    assert "zero padding" in reasons(unchanged(graph, *PASSES))[0]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_factor_goes_past_the_shift_that_padding_holds(kind):
    graph, (x,) = inputs((2, 4, 6, 6))
    y = Add(Multiply(x, channel(4, 2, low=0.2)), channel(4, 2, seed=2))
    graph.add_output(conv(y, 8, pad=1, **kind), "y")
    check(graph, *PASSES)
    assert len(kinds(graph)) == 2 and kinds(graph)[0] == "Add"


def test_a_factor_of_zero_does_not_go_past_a_shift():
    graph, (x,) = inputs((2, 2, 6, 6))
    y = Add(Multiply(x, np.array([[[1.5]], [[0.0]]], np.float32)), channel(2, 2))
    graph.add_output(conv(y, 8, pad=1), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["Multiply", "Add", "Convolution"]


def test_mean_and_scale_ahead_of_a_padded_convolution_leave_one_op():
    graph, (x,) = inputs((1, 3, 8, 8))
    y = Multiply(Subtract(x, weights(3, 1, 1)), weights(3, 1, 1, low=0.5, high=2))
    graph.add_output(conv(y, 4, pad=1), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["Add", "Convolution"]


@pytest.mark.parametrize("options", PRODUCTS, ids=str)
def test_factor_and_shift_ahead_of_a_matrix_product(options):
    graph, (x,) = inputs((3, 4, 4))
    across = options["first"] != (options["transpose_b"] if options["first"] else options["transpose_a"])
    vector = (4, 1) if across else (4,)
    y = Add(Multiply(x, weights(*vector, seed=1)), weights(*vector, seed=2))
    graph.add_output(product(y, 6, **options), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["MatMul", "Add"]


def test_all_readers_take_the_factor_or_none():
    graph, (x,) = inputs((2, 4, 6, 6))
    scaled = Multiply(x, channel(4, 2))
    graph.add_output(conv(scaled, 8), "y")
    graph.add_output(conv(scaled, 4, pad=1, seed=2), "z")
    check(graph, *PASSES)
    assert kinds(graph) == ["Convolution", "Convolution"]

    graph, (x,) = inputs((2, 4, 6, 6))
    scaled = Multiply(x, channel(4, 2))
    graph.add_output(conv(scaled, 8), "y")
    graph.add_output(ReLU(scaled), "z")
    assert "read by others" in reasons(unchanged(graph, *PASSES))[0]


def test_a_bias_is_not_pushed_into_the_next_layer():
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(conv(Add(conv(x, 8), channel(8, 2)), 4), "y")
    unchanged(graph, *PASSES)


# -- weights in other forms


def quantised(w, levels=255):
    low = np.abs(weights(w.shape[0], 1, 1, 1, seed=5).const) + 0.5
    return FakeQuantize(w, -low, low, -low, low, levels=levels)


def test_quantised_filters_stay_quantised():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = Multiply(conv(x, 8, filters=quantised(weights(8, 4, 3, 3))), channel(8, 2, seed=1))
    graph.add_output(y, "y")
    check(graph, linear_fusion)
    assert kinds(graph) == ["FakeQuantize", "Convolution"]


def test_scaled_whole_numbers_stay_whole():
    graph, (x,) = inputs((2, 4, 6, 6))
    stored = constant(np.random.default_rng(0).integers(-127, 127, (8, 4, 3, 3)).astype(np.int8))
    real = Multiply(Subtract(Convert(stored, destination_type=t.f32), 3.0), weights(8, 1, 1, 1))
    graph.add_output(Multiply(conv(x, 8, filters=real), channel(8, 2, seed=1)), "y")
    check(graph, linear_fusion)
    assert kinds(graph) == ["Convert", "Subtract", "Multiply", "Convolution"]


def test_the_scale_of_quantised_data_is_not_taken_into_quantised_filters():
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(conv(Multiply(x, 0.5), 8, filters=quantised(weights(8, 4, 3, 3))), "y")
    assert "quantised" in reasons(unchanged(graph, linear_fusion))[0]


def test_filters_stored_as_f16_stay_so():
    graph, (x,) = inputs((2, 4, 6, 6))
    stored = Constant(value=Array(weights(8, 4, 3, 3).const.astype(np.float16)))
    graph.add_output(Multiply(conv(x, 8, filters=Convert(stored, destination_type=t.f32)), channel(8, 2)), "y")
    check(graph, linear_fusion)
    assert kinds(graph) == ["Convert", "Multiply", "Convolution"]
    assert stored.graph is graph


def test_a_quantised_scale_behind_a_reshape_is_left_alone():
    graph, (x,) = inputs((2, 4, 6, 6))
    w = Reshape(quantised(weights(8, 2, 3, 3)), np.array([2, 4, 2, 3, 3]), special_zero=False)
    graph.add_output(Multiply(conv(x, 8, groups=2, filters=w), channel(8, 2)), "y")
    assert "not next to the layer" in reasons(unchanged(graph, linear_fusion))[0]


# -- the rest


def test_weights_are_not_evaluated():
    graph, (x,) = inputs((1, 64, 6, 6))
    touched = []

    def once(a):
        touched.append(a.shape)
        return a

    source = weights(128, 64, 3, 3).value
    w = Constant(value=Lazy(once, [source], source.element, source.shape, by_rows=True))
    y = Add(Multiply(conv(x, 128, filters=w), channel(128, 2)), channel(128, 2))
    graph.add_output(conv(Add(y, 1.0), 128, pad=1), "y")
    optimise(graph, *PASSES)
    assert not touched
    assert isinstance(next(n for n in graph if isinstance(n, Convolution)).filters.tensor, Lazy)


def test_excluded_nodes_are_not_touched():
    graph, (x,) = inputs((2, 4, 6, 6))
    first = conv(x, 8)
    first.name, first.origin = "first", ("source/first",)
    second = conv(ReLU(Multiply(first, channel(8, 2))), 8, seed=1)
    second.name, second.origin = "second", ("source/second",)
    graph.add_output(Multiply(second, channel(8, 2)), "y")
    context = check(graph, *PASSES, context=Context(exclusion=Exclusion((".*first",))))
    assert kinds(graph) == ["Convolution", "Multiply", "ReLU", "Convolution"]
    assert any("--finegrain_fusing" in r for r in reasons(context))


def test_unknown_dimensions_are_not_assumed():
    graph, (x,) = inputs((2, None, 6, 6))
    filters = graph.add_input("w", t.f32, (t.Dynamic(), 1, 1, 3, 3))
    y = GroupConvolution(
        Multiply(x, weights(1, 8, 1, 1)), filters, strides=[1, 1], pads_begin=[0, 0], pads_end=[0, 0], dilations=[1, 1]
    )
    graph.add_output(y, "y")
    unchanged(graph, *PASSES)


def test_f16_graphs_keep_their_type():
    graph, _ = inputs()
    x = graph.add_input("x0", t.f16, (1, 4, 6, 6))
    half = lambda v: constant(v.const, t.f16)  # noqa: E731
    y = Multiply(conv(x, 8, filters=half(weights(8, 4, 3, 3))), half(channel(8, 2)))
    graph.add_output(y, "y")
    data = feed(graph)
    before = evaluate(graph, data)
    optimise(graph, *PASSES)
    assert kinds(graph) == ["Convolution"] and graph.outputs[0].source.element is t.f16
    after = evaluate(graph, data)
    assert np.abs(before[0].astype(np.float32) - after[0]).max() <= 4e-3 * np.abs(before[0]).max()


def test_a_large_chain_ends():
    graph, (x,) = inputs((1, 4, 6, 6))
    y = x
    for i in range(60):
        y = Add(
            Multiply(conv(y, 4, kernel=1, seed=i), channel(4, 2, seed=i, low=0.9, high=1.1)), channel(4, 2, seed=-i % 7)
        )
    graph.add_output(y, "y")
    optimise(graph, *PASSES)
    assert kinds(graph) == [*["Convolution"] * 60, "Add"]
    assert [n for n in graph if isinstance(n, Result)] == graph.outputs
