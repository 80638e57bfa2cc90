"""Factors and shifts past ops that move elements."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    BatchNormInference,
    BatchToSpace,
    Concat,
    Interpolate,
    MatMul,
    Multiply,
    PReLU,
    ReduceMean,
    ReLU,
    Reshape,
    Squeeze,
    Transpose,
    Unsqueeze,
)
from mo_core.transforms.linear.channels import aligned
from mo_core.transforms.linear.fusion import PASSES
from mo_core.transforms.quantise import amct
from tests.core.transforms.harness import check, inputs, kinds, reasons, unchanged, weights
from tests.core.transforms.layers import avg_pool, conv, max_pool, product

TO_NHWC, TO_NCHW = np.array([0, 2, 3, 1]), np.array([0, 3, 1, 2])
FIRST = ["Convolution", "Add"]


def reshape(x, *shape):
    return Reshape(x, np.array(shape, np.int64), special_zero=True)


# -- up


def test_channels_last_behind_a_transpose():
    graph, (x,) = inputs((None, 5, 6, 4))
    y = Transpose(conv(Transpose(x, TO_NCHW), 8, pad=1), TO_NHWC)
    graph.add_output(ReLU(Add(Multiply(Add(y, weights(8)), weights(8, seed=2)), weights(1, 1, 1, 8, seed=3))), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["Transpose", *FIRST, "Transpose", "ReLU"]


def test_nothing_moves_when_nothing_takes_it_in():
    graph, (x,) = inputs((2, 5, 6, 4))
    graph.add_output(Multiply(Transpose(ReLU(x), TO_NCHW), weights(4, 1, 1)), "y")
    unchanged(graph, *PASSES)


def test_a_transpose_that_others_read_stays_ahead():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = Transpose(conv(x, 8), TO_NHWC)
    graph.add_output(Multiply(y, weights(8)), "y")
    graph.add_output(ReLU(y), "z")
    unchanged(graph, *PASSES)


@pytest.mark.parametrize("target", [(0, 8, 16), (-1, 8, 2, 8), (0, 2, 4, 16), (0, 8, -1, 1, 1)])
def test_channels_that_a_reshape_keeps_together(target):
    graph, (x,) = inputs((None, 4, 6, 6))
    y = reshape(conv(x, 8), *target)
    vector = (2, 4, *[1] * (len(target) - 3)) if target[1] == 2 else (8, *[1] * (len(target) - 2))
    graph.add_output(Add(Multiply(y, weights(*vector)), weights(*vector, seed=2)), "y")
    check(graph, *PASSES)
    assert kinds(graph) == [*FIRST, "Reshape"]


def test_a_factor_for_some_elements_of_a_flat_result_stays():
    graph, (x,) = inputs((2, 4, 4, 4))
    graph.add_output(Multiply(reshape(conv(x, 8), 0, -1), weights(32)), "y")
    unchanged(graph, *PASSES)


def test_a_factor_over_flat_channels_stays_when_they_are_mixed():
    graph, (x,) = inputs((2, 4, 4, 4))
    graph.add_output(Multiply(reshape(conv(x, 8), 0, 16, -1), weights(16, 1)), "y")
    unchanged(graph, *PASSES)


def test_squeeze_and_unsqueeze():
    graph, (x,) = inputs((None, 4, 8))
    y = Squeeze(conv(Unsqueeze(x, np.array([2])), 8, kernel=1), np.array([2]))
    graph.add_output(Add(Multiply(y, weights(8, 1)), weights(8, 1, seed=2)), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["Unsqueeze", *FIRST, "Squeeze"]


def test_a_factor_above_zero_passes_maxima():
    graph, (x,) = inputs((2, 4, 8, 8))
    y = Add(Multiply(max_pool(conv(x, 8), pad=1), weights(8, 1, 1, low=0.1)), weights(8, 1, 1, seed=2))
    graph.add_output(y, "y")
    check(graph, *PASSES)
    assert kinds(graph) == [*FIRST, "MaxPool"]


def test_a_factor_below_zero_does_not_pass_maxima():
    graph, (x,) = inputs((2, 4, 8, 8))
    graph.add_output(Multiply(max_pool(conv(x, 8)), weights(8, 1, 1)), "y")
    unchanged(graph, *PASSES)


def test_a_factor_along_the_image_does_not_pass_maxima():
    graph, (x,) = inputs((2, 4, 8, 8))
    graph.add_output(Multiply(max_pool(Multiply(x, 2.0)), weights(4, 4, low=0.1)), "y")
    unchanged(graph, *PASSES)


@pytest.mark.parametrize(("pad", "exclude", "passes"), [(0, False, True), (1, True, True), (1, False, False)])
def test_means_let_a_shift_pass_unless_zeros_count(pad, exclude, passes):
    graph, (x,) = inputs((2, 4, 8, 8))
    y = avg_pool(conv(x, 8), pad=pad, exclude_pad=exclude)
    graph.add_output(Add(Multiply(y, weights(8, 1, 1)), weights(8, 1, 1, seed=2)), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ([*FIRST, "AvgPool"] if passes else ["Convolution", "AvgPool", "Add"])


def blocks(x, channel_block=1, crop=0):
    return BatchToSpace(x, np.array([1, channel_block, 2, 2]), np.array([0, crop, 1, 0]), np.array([0, 0, 0, 1]))


def norm(x, channels):
    vectors = [weights(channels, seed=i) for i in range(3)] + [weights(channels, seed=9, low=0.5, high=2.0)]
    return BatchNormInference(x, *vectors, epsilon=1e-3)


def test_batch_norm_behind_batch_to_space():
    graph, (x,) = inputs((8, 4, 6, 6))
    graph.add_output(norm(blocks(conv(x, 8)), 8), "y")
    check(graph, *PASSES, amct.batch_to_space)
    assert kinds(graph) == [*FIRST, "BatchToSpace"]


def test_batch_norm_behind_batch_to_space_in_channels_last():
    graph, (x,) = inputs((8, 4, 6, 6))
    y = BatchToSpace(
        Transpose(conv(x, 8), TO_NHWC), np.array([1, 2, 2, 1]), np.zeros(4, np.int64), np.zeros(4, np.int64)
    )
    graph.add_output(Add(Multiply(y, weights(8)), weights(8, seed=2)), "y")
    check(graph, *PASSES, amct.batch_to_space)
    assert kinds(graph) == [*FIRST, "Transpose", "BatchToSpace"]


@pytest.mark.parametrize("options", [{"channel_block": 2}, {"crop": 1}], ids=str)
def test_batch_to_space_that_touches_channels_stays_ahead(options):
    graph, (x,) = inputs((8, 4, 6, 6))
    y = blocks(conv(x, 8), **options)
    graph.add_output(norm(y, y.dims[1]), "y")
    check(graph, *PASSES, amct.batch_to_space)
    assert kinds(graph) == ["Convolution", "BatchToSpace", "Multiply", "Add"]


def branches(x, bias):
    made = [conv(x, n, seed=n) for n in (3, 5)]
    return [Add(y, weights(1, y.dims[1], 1, 1)) for y in made] if bias else made


@pytest.mark.parametrize("bias", [True, False])
def test_batch_norm_behind_a_concat_of_convolutions(bias):
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(norm(Concat(branches(x, bias), axis=1), 8), "y")
    check(graph, *PASSES, amct.concat)
    want = (
        ["Convolution", "Convolution", "Add", "Add", "Concat"]
        if bias
        else ["Convolution", "Convolution", "Concat", "Add"]
    )
    assert sorted(kinds(graph)) == sorted(want)


def test_a_concat_with_another_kind_of_operand_stays_ahead():
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(Multiply(Concat([conv(x, 3, pad=1), ReLU(x)], axis=1), weights(7, 1, 1)), "y")
    unchanged(graph, *PASSES, amct.concat)


def test_a_concat_that_others_read_stays_ahead():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = Concat(branches(x, False), axis=1)
    graph.add_output(Multiply(y, weights(8, 1, 1)), "y")
    graph.add_output(ReLU(y), "z")
    assert "read by others" in reasons(unchanged(graph, *PASSES, amct.concat))[0]


# -- down


def test_factor_and_shift_into_the_layer_behind_a_flattening():
    graph, (x,) = inputs((None, 4, 3, 3))
    y = Add(Multiply(x, weights(4, 1, 1)), weights(4, 1, 1, seed=2))
    graph.add_output(product(reshape(y, 0, -1), 5), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["Reshape", "MatMul", "Add"]


def test_factor_into_the_convolution_behind_a_transpose():
    graph, (x,) = inputs((None, 6, 6, 3))
    y = Transpose(Multiply(Add(x, -0.5), weights(3)), TO_NCHW)
    graph.add_output(conv(y, 8, pad=1), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["Add", "Transpose", "Convolution"]


def test_factor_into_the_layer_behind_a_pooling():
    graph, (x,) = inputs((2, 4, 8, 8))
    y = max_pool(Add(Multiply(x, weights(4, 1, 1, low=0.1)), weights(4, 1, 1, seed=2)))
    graph.add_output(conv(y, 8), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["MaxPool", *FIRST]


def test_factor_stays_when_one_of_the_readers_cannot_take_it():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = Multiply(x, weights(4, 1, 1))
    graph.add_output(conv(Transpose(y, np.array([0, 1, 3, 2])), 8), "y")
    graph.add_output(Transpose(y, TO_NHWC), "z")
    unchanged(graph, *PASSES)


def test_factor_between_two_layers_goes_up():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = Transpose(Multiply(Transpose(conv(x, 8), TO_NHWC), weights(8)), TO_NCHW)
    graph.add_output(conv(y, 4), "y")
    context = check(graph, *PASSES)
    assert kinds(graph) == ["Convolution", "Transpose", "Transpose", "Convolution"]
    assert len(context.record.firings) == 2


def test_two_inputs_of_a_product_are_no_layer():
    graph, (x, y) = inputs((2, 4, 3), (2, 3, 4))
    graph.add_output(MatMul(Transpose(Multiply(x, weights(3)), np.array([0, 1, 2])), y), "y")
    unchanged(graph, *PASSES)


def test_aligned_runs():
    n = t.Dynamic()
    assert aligned((n, 4, 3, 3), (n, 36)) == [((0, 1), (0, 1)), ((1, 4), (1, 2))]
    assert aligned((n, 8, 16), (n, 2, 4, 16)) == [((0, 1), (0, 1)), ((1, 2), (1, 3)), ((2, 3), (3, 4))]
    assert aligned((n, 8), (n, 1, 1, 8)) == [((0, 1), (0, 1)), ((1, 1), (1, 3)), ((1, 2), (3, 4))]
    assert aligned((4, 6), (2, 2, 3, 2)) == [((0, 1), (0, 2)), ((1, 2), (2, 4))]
    m = t.Dynamic()
    assert aligned((n, m, 8), (n * m, 8)) == [((0, 2), (0, 1)), ((2, 3), (1, 2))]


# -- functions of each element, resizing, means

TO = {
    "relu": ReLU,
    "abs": Abs,
    "one slope": lambda y: PReLU(y, np.float32([0.3])),
    "slopes": lambda y: PReLU(y, weights(8)),
}


@pytest.mark.parametrize("function", TO)
def test_a_factor_above_zero_passes(function):
    graph, (x,) = inputs((2, 4, 6, 6))
    y = TO[function](Add(conv(x, 8), weights(1, 8, 1, 1)))
    graph.add_output(Multiply(y, weights(8, 1, 1, low=0.1)), "y")
    check(graph, *PASSES)
    assert kinds(graph)[:2] == FIRST and len(kinds(graph)) == 3


@pytest.mark.parametrize("function", TO)
@pytest.mark.parametrize("low", [-1.0, 0.0])
def test_another_factor_stays(function, low):
    graph, (x,) = inputs((2, 4, 6, 6))
    factor = weights(8, 1, 1, low=0.1).const.copy()
    factor[3] = low
    graph.add_output(Multiply(TO[function](Add(conv(x, 8), weights(1, 8, 1, 1))), factor), "y")
    unchanged(graph, *PASSES)


def test_a_shift_does_not_pass_relu():
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(Add(ReLU(Add(conv(x, 8), weights(1, 8, 1, 1))), weights(8, 1, 1)), "y")
    unchanged(graph, *PASSES)


@pytest.mark.parametrize("pad", [0, 1])
def test_a_factor_ahead_of_relu_goes_into_the_convolution_behind(pad):
    graph, (x,) = inputs((2, 4, 6, 6))
    y = ReLU(Add(Multiply(x, weights(4, 1, 1, low=0.1)), weights(4, 1, 1, seed=2)))
    graph.add_output(conv(y, 8, pad=pad), "y")
    check(graph, *PASSES)
    assert kinds(graph) == ["Add", "ReLU", "Convolution"]


def resized(x, mode, axes=(2, 3), **options):
    return Interpolate(
        x, np.float32([2.0] * len(axes)), np.array(axes), mode=mode, shape_calculation_mode="scales", **options
    )


@pytest.mark.parametrize(
    ("mode", "options", "left"),
    [
        ("nearest", {}, ["Convolution", "Add", "Interpolate"]),
        ("linear_onnx", {}, ["Convolution", "Add", "Interpolate"]),
        ("cubic", {}, ["Convolution", "Interpolate", "Add"]),
        (
            "nearest",
            {"pads_begin": [0, 0, 1, 1], "pads_end": [0, 0, 1, 1]},
            ["Convolution", "Interpolate", "Multiply", "Add"],
        ),
        ("nearest", {"axes": (1, 2)}, ["Convolution", "Interpolate", "Multiply", "Add"]),
    ],
    ids=["nearest", "linear", "cubic", "padded", "channels"],
)
def test_batch_norm_behind_resizing(mode, options, left):
    graph, (x,) = inputs((1, 4, 6, 6))
    y = resized(conv(x, 8), mode, **options)
    graph.add_output(ReLU(norm(y, y.dims[1])), "y")
    check(graph, *PASSES)
    assert kinds(graph) == [*left, "ReLU"]


@pytest.mark.parametrize("keep", [True, False])
def test_batch_norm_behind_a_mean_over_the_image(keep):
    graph, (x,) = inputs((None, 4, 6, 6))
    y = ReduceMean(conv(x, 8), np.array([2, 3]), keep_dims=keep)
    graph.add_output(ReLU(norm(y, 8)), "y")
    check(graph, *PASSES)
    assert kinds(graph) == [*FIRST, "ReduceMean", "ReLU"]


def test_a_factor_ahead_of_a_mean_over_the_channels_stays():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = ReduceMean(Multiply(x, weights(4, 1, 1)), np.array([1]), keep_dims=False)
    graph.add_output(product(y, 5), "y")
    unchanged(graph, *PASSES)
