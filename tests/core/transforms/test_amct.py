"""The fusions of the Ascend model compression toolkit, F1 to F15, with their conditions and guards.

F1 to F5, F10 to F14 are the linear fusions (`test_linear_fold`), F6b is the grouped convolution (`test_groups`); here
is what is particular: small-op batch norms, batch norms between Reshapes, Caffe's layers, quantisation.
"""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ir import constant
from mo_core.ops import (
    Add,
    BatchNormInference,
    Clamp,
    Concat,
    FakeQuantize,
    MatMul,
    Multiply,
    Negative,
    Power,
    ReLU,
    Reshape,
    ShapeOf,
    Split,
    Subtract,
    Transpose,
)
from mo_core.rewriting.passes import Stage
from mo_core.transforms import PASSES as ALL_PASSES
from mo_core.transforms.linear.fusion import PASSES
from mo_core.transforms.quantise import amct
from mo_core.transforms.quantise.amct import requantization, shared_quantization
from mo_core.transforms.simplify.cleanup import constant_folding
from tests.core.transforms.harness import check, inputs, kinds, optimise, reasons, unchanged, weights
from tests.core.transforms.layers import conv, product

FOLD = (constant_folding, *PASSES, *amct.PASSES)


def norm(x, channels):
    vectors = [weights(channels, seed=i) for i in range(3)] + [weights(channels, seed=9, low=0.5, high=2.0)]
    return BatchNormInference(x, *vectors, epsilon=1e-3)


# -- F8: batch norm as Keras writes it with fused=False


def small_ops(x, shape, center, scale, variant):
    """x * s + (beta - mean * s) with s = rsqrt(variance + epsilon) * gamma."""
    mean, variance = weights(*shape, seed=1), weights(*shape, seed=2, low=0.5, high=2.0)
    gamma, beta = weights(*shape, seed=3), weights(*shape, seed=4)
    s = Power(Add(variance, 1e-3), -0.5)
    if scale:
        s = Multiply(s, gamma) if variant else Multiply(gamma, s)
    moved = Multiply(mean, s)
    t_ = (Subtract(beta, moved) if variant else Add(beta, Negative(moved))) if center else Negative(moved)
    return Add(Multiply(x, s), t_) if variant else Add(t_, Multiply(s, x))


@pytest.mark.parametrize("variant", [0, 1])
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("spatial", [(6, 6), (4, 4, 4)], ids=["4d", "5d"])
@pytest.mark.parametrize("bias", [True, False])
def test_f8_small_op_batch_norm(spatial, center, scale, variant, bias):
    graph, (x,) = inputs((1, 4, *spatial))
    y = conv(x, 8, pad=1)
    shape = (8, *[1] * len(spatial))
    if bias:
        y = Add(y, weights(*shape, seed=7))
    graph.add_output(small_ops(y, shape, center, scale, variant), "y")
    check(graph, *FOLD)
    assert kinds(graph) == ["Convolution", "Add"]


@pytest.mark.parametrize("spatial", [(6, 6), (4, 4, 4)], ids=["4d", "5d"])
def test_f8_in_channels_last(spatial):
    graph, (x,) = inputs((1, *spatial, 4))
    rank = len(spatial) + 2
    to_first, to_last = np.array([0, rank - 1, *range(1, rank - 1)]), np.array([0, *range(2, rank), 1])
    y = Transpose(conv(Transpose(x, to_first), 8, pad=1), to_last)
    graph.add_output(small_ops(Add(y, weights(8)), (8,), True, True, 1), "y")
    check(graph, *FOLD)
    assert kinds(graph) == ["Transpose", "Convolution", "Add", "Transpose"]


def test_f8_with_statistics_of_the_data_stays():
    graph, (x, mean) = inputs((1, 4, 6, 6), (8, 1, 1))
    y = Subtract(conv(x, 8), mean)
    graph.add_output(Multiply(y, weights(8, 1, 1)), "y")
    optimise(graph, *FOLD)
    assert kinds(graph) == ["Convolution", "Subtract", "Multiply"]


# -- F7: batch norm of a matrix between two Reshapes


def between_reshapes(rows, fixed, layout, bias, transpose_b=False):
    graph, (x,) = inputs((rows, 6))
    y = product(x, 8, transpose_b=transpose_b)
    if bias:
        y = Add(y, weights(8))
    first = {"NCHW": [-1, 8, 1, 1], "NHWC": [-1, 1, 1, 8]}[layout]
    z = Reshape(y, np.array(first), special_zero=False)
    if layout == "NHWC":
        z = Transpose(norm(Transpose(z, np.array([0, 3, 1, 2])), 8), np.array([0, 2, 3, 1]))
    else:
        z = norm(z, 8)
    target = constant(np.array([-1 if rows is None else rows, 8])) if fixed else ShapeOf(y)
    graph.add_output(ReLU(Reshape(z, target, special_zero=False)), "y")
    return graph


@pytest.mark.parametrize("rows", [None, 3])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("fixed", [False, True])
def test_f7_batch_norm_between_reshapes(rows, fixed, layout, bias):
    graph = between_reshapes(rows, fixed, layout, bias, transpose_b=bias)
    check(graph, *FOLD)
    assert kinds(graph) == ["MatMul", "Add", "ReLU"]


def test_f7_another_shape_behind_keeps_the_reshape():
    graph, (x,) = inputs((4, 6))
    y = norm(Reshape(product(x, 8), np.array([-1, 8, 1, 1]), special_zero=False), 8)
    graph.add_output(Reshape(y, np.array([-1, 4]), special_zero=False), "y")
    check(graph, *FOLD)
    assert kinds(graph)[:2] == ["MatMul", "Add"] and "Reshape" in kinds(graph)


def test_f7_a_reshape_that_splits_the_columns_keeps_the_norm_behind():
    graph, (x,) = inputs((4, 6))
    y = norm(Reshape(product(x, 8), np.array([-1, 4, 1, 1]), special_zero=False), 4)
    graph.add_output(Reshape(y, np.array([4, 8]), special_zero=False), "y")
    check(graph, *FOLD)
    assert kinds(graph)[:2] == ["MatMul", "Reshape"]


def test_f7_a_transpose_that_moves_elements_is_no_way_back():
    graph, (x,) = inputs((4, 4, 3))
    y = Reshape(Transpose(x, np.array([1, 0, 2])), np.array([4, 4, 3]), special_zero=False)
    graph.add_output(ReLU(y), "y")
    check(graph, amct.matmul_batch_norm)
    assert kinds(graph) == ["Transpose", "ReLU"]


def test_f7_a_shape_taken_from_elsewhere_is_followed():
    graph, (x, other) = inputs((3, 8), (3, 8))
    y = Reshape(Reshape(x, np.array([-1, 8, 1, 1]), special_zero=False), ShapeOf(other), special_zero=False)
    graph.add_output(ReLU(y), "y")
    unchanged(graph, amct.matmul_batch_norm)


# -- F3, F6


def test_f6_batch_norm_behind_parts_and_concat():
    graph, (x,) = inputs((2, 4, 6, 6))
    split = Split(x, np.int64(1), num_splits=2)
    ys = [Add(conv(p, 3, seed=i), weights(1, 3, 1, 1, seed=i)) for i, p in enumerate(split.results)]
    graph.add_output(norm(Concat(ys, axis=1), 6), "y")
    check(graph, *FOLD)  # without the grouped convolution
    assert kinds(graph) == ["Split", "Convolution", "Convolution", "Add", "Add", "Concat"] or sorted(kinds(graph)) == [
        "Add",
        "Add",
        "Concat",
        "Convolution",
        "Convolution",
        "Split",
    ]


# -- F12 to F14: Caffe


def test_f12_convolution_batch_norm_and_scale():
    graph, (x,) = inputs((1, 4, 6, 6))
    y = BatchNormInference(
        conv(x, 8, pad=1),
        np.ones(8, np.float32),
        np.zeros(8, np.float32),
        weights(8),
        weights(8, low=0.5),
        epsilon=1e-5,
    )
    graph.add_output(Add(Multiply(y, weights(1, 8, 1, 1)), weights(1, 8, 1, 1, seed=3)), "y")
    check(graph, *FOLD)
    assert kinds(graph) == ["Convolution", "Add"]


@pytest.mark.parametrize("pad", [0, 1])
def test_f13_batch_norm_and_scale_ahead_of_a_convolution(pad):
    graph, (x,) = inputs((1, 4, 6, 6))
    y = Add(Multiply(norm(x, 4), weights(1, 4, 1, 1)), weights(1, 4, 1, 1, seed=3))
    graph.add_output(conv(y, 8, pad=pad), "y")
    check(graph, *FOLD)
    assert kinds(graph) == (["Add", "Convolution"] if pad else ["Convolution", "Add"])


def test_f14_fully_connected_batch_norm_and_scale():
    graph, (x,) = inputs((None, 4))
    y = norm(Add(product(x, 8, transpose_b=True), weights(8)), 8)
    graph.add_output(Add(Multiply(y, weights(1, 8)), weights(1, 8, seed=3)), "y")
    check(graph, *FOLD)
    assert kinds(graph) == ["MatMul", "Add"]


# -- F9: a limit before FakeQuantize


def quantize(x, low, high, levels=256):
    low, high = np.float32(low), np.float32(high)
    return FakeQuantize(x, low, high, low, high, levels=levels)


def limited(limit, low, high, scale=4.0):
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(quantize(limit(Multiply(x, np.float32(scale))), low, high), "y")
    return graph


RELU6 = lambda x: Clamp(x, min=0.0, max=6.0)  # noqa: E731


@pytest.mark.parametrize(
    ("limit", "low", "high", "left"),
    [
        (RELU6, 0.0, 6.0, []),
        (RELU6, 0.0, 2.57, []),
        (RELU6, 0.5, 5.0, []),
        (RELU6, -1.0, 6.0, ["ReLU"]),
        (ReLU, 0.0, 9.0, []),
        (lambda x: Clamp(x, min=-2.0, max=2.0), -1.0, 1.5, []),
    ],
)
def test_f9_a_limit_outside_of_the_range_goes(limit, low, high, left):
    graph = limited(limit, low, high)
    check(graph, requantization)
    assert kinds(graph) == ["Multiply", *left, "FakeQuantize"]


@pytest.mark.parametrize(
    ("limit", "low", "high"),
    [
        (RELU6, 0.0, 6.1),
        (RELU6, -1.0, 8.0),
        (ReLU, -0.1, 9.0),
        (lambda x: Clamp(x, min=-2.0, max=2.0), -3.0, 1.5),
        (RELU6, 6.0, 0.0),
    ],
)
def test_f9_a_limit_inside_of_the_range_stays(limit, low, high):
    context = unchanged(limited(limit, low, high), requantization)
    assert len(reasons(context)) == 1


def test_f9_ranges_by_channel():
    graph, (x,) = inputs((2, 4, 6, 6))
    low, high = np.zeros((1, 4, 1, 1), np.float32), np.array([1, 2, 6, 5], np.float32).reshape(1, 4, 1, 1)
    graph.add_output(FakeQuantize(RELU6(Multiply(x, 4.0)), low, high, low, high, levels=256), "y")
    check(graph, requantization)
    assert kinds(graph) == ["Multiply", "FakeQuantize"]


def test_f9_other_readers_need_the_limit():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = RELU6(x)
    graph.add_output(quantize(y, 0, 6), "y")
    graph.add_output(ReLU(y), "z")
    assert "others than FakeQuantize" in reasons(unchanged(graph, requantization))[0]


def test_f9_two_quantisations_of_one_limit():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = RELU6(Multiply(x, 4.0))
    graph.add_output(quantize(y, 0, 6), "y")
    graph.add_output(quantize(y, 0, 3), "z")
    check(graph, requantization)
    assert kinds(graph) == ["Multiply", "FakeQuantize", "FakeQuantize"]


# -- F15: equal FakeQuantize once


def test_f15_equal_quantisations_are_one():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = ReLU(x)
    for i in range(3):
        graph.add_output(conv(quantize(y, 0, 6), 3, seed=i), f"y{i}")
    check(graph, shared_quantization)
    assert kinds(graph).count("FakeQuantize") == 1


def test_f15_others_stay():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = ReLU(x)
    for i, q in enumerate([quantize(y, 0, 6), quantize(y, 0, 5), quantize(y, 0, 6, levels=16), quantize(x, 0, 6)]):
        graph.add_output(q, f"y{i}")
    unchanged(graph, shared_quantization)


# -- all together


def test_all_passes_together_keep_a_mixed_network():
    graph, (x,) = inputs((None, 8, 16, 16))
    y = norm(conv(x, 8, pad=1), 8)
    y = RELU6(y)
    a = norm(conv(y, 8, kernel=1, stride=2, seed=2), 8)
    parts = Split(conv(y, 8, kernel=1, stride=2, seed=3), np.int64(1), num_splits=2).results
    b = Concat([Add(conv(p, 4, pad=1, seed=i), weights(4, 1, 1)) for i, p in enumerate(parts)], axis=1)
    y = ReLU(Add(a, norm(b, 8)))
    y = Reshape(y, np.array([0, -1]), special_zero=True)
    y = Multiply(Add(product(Multiply(y, 0.5), 8), weights(8)), weights(8, seed=2))
    graph.add_output(MatMul(y, weights(8, 3)), "y")
    check(graph, *[p for p in ALL_PASSES if p.default and not p.wanted and p.stage <= Stage.LAYOUT])
    assert not [k for k in kinds(graph) if k in ("Multiply", "BatchNormInference", "Split", "Concat")]


def test_every_pass_has_a_line_of_documentation():
    for p in (*FOLD, *ALL_PASSES):
        assert p.doc and p.doc.endswith("."), p.name
