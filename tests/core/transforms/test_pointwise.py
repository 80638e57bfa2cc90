"""Matrix products for convolutions and the other way round; resizing; dilated convolutions in channels-last order."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core import ops
from mo_core.ops import Add, Concat, MatMul, ReLU, Reshape, Split, Squeeze, Transpose, Unsqueeze
from mo_core.transforms.layout.axis_orders import axis_orders
from mo_core.transforms.recognise import movement, pointwise, resizing
from tests.core.transforms.harness import check, inputs, kinds, only, unchanged, weights
from tests.core.transforms.layers import conv

PASS = pointwise.pointwise_fusion


def reshape(x, *shape):
    return Reshape(x, np.array(shape, np.int64), special_zero=True)


def channels_last(rank):
    return np.array([0, *range(2, rank), 1]), np.array([0, rank - 1, *range(1, rank - 1)])


@pytest.mark.parametrize("bias", [None, (5,), (), (1, 1, 5), (1, 5)], ids=str)
@pytest.mark.parametrize("outputs_first", [True, False])
@pytest.mark.parametrize("spatial", [(7,), (None, 6), (3, 4, 5)], ids=lambda s: f"{len(s)}d")
def test_a_product_of_channels(spatial, outputs_first, bias):
    graph, (x,) = inputs((None, 8, *spatial))
    last, first = channels_last(x.rank)
    w = weights(5, 8) if outputs_first else weights(8, 5)
    y = MatMul(Transpose(x, last), w, transpose_a=False, transpose_b=outputs_first)
    graph.add_output(Transpose(y if bias is None else Add(weights(*bias), y), first), "y")
    check(graph, PASS)
    assert kinds(graph) == ["Convolution", *(["Add"] if bias is not None else [])]


@pytest.mark.parametrize("case", ["order", "stack", "reader", "bias along another axis"])
def test_other_products_stay(case):
    graph, (x,) = inputs((2, 8, 5, 6))
    last, first = channels_last(4)
    order = np.array([0, 3, 2, 1]) if case == "order" else last
    y = MatMul(Transpose(x, order), weights(2, 5, 8, 5) if case == "stack" else weights(8, 5))
    if case == "reader":
        graph.add_output(ReLU(y), "z")
    if case == "bias along another axis":
        y = Add(y, weights(6, 1))
    graph.add_output(Transpose(y, first), "y")
    unchanged(graph, PASS)


@pytest.mark.parametrize("bias", [None, (5, 1), (1,)], ids=str)
def test_a_product_of_flat_images(bias):
    graph, (x,) = inputs((None, 8, 4, 6))
    y = MatMul(weights(5, 8), reshape(x, 0, 0, -1))
    graph.add_output(reshape(y if bias is None else Add(y, weights(*bias)), 0, 5, 4, 6), "y")
    check(graph, PASS)
    assert kinds(graph) == ["Convolution", *(["Add"] if bias is not None else [])]


def test_a_product_of_images_restored_to_another_shape_stays():
    graph, (x,) = inputs((2, 8, 4, 6))
    graph.add_output(reshape(MatMul(weights(5, 8), reshape(x, 0, 0, -1)), 0, 5, 6, 4), "y")
    unchanged(graph, PASS)


@pytest.mark.parametrize("bias", [None, (5,), ()], ids=str)
def test_a_product_of_rows(bias):
    graph, (x,) = inputs((None, 3, 4, 8))
    y = MatMul(reshape(x, -1, 8), weights(8, 5))
    shape = Concat([ops.Gather(ops.ShapeOf(x), np.array([0]), 0), np.array([3, 4, 5])], axis=0)
    graph.add_output(Reshape(y if bias is None else Add(y, weights(*bias)), shape, special_zero=False), "y")
    check(graph, PASS)
    assert kinds(graph) == ["MatMul", *(["Add"] if bias is not None else [])]


def test_a_product_of_rows_of_known_number():
    graph, (x,) = inputs((2, 3, 4, 8))
    y = Add(MatMul(reshape(x, -1, 8), weights(8, 5)), weights(5))
    graph.add_output(reshape(y, 2, 3, 4, 5), "y")
    check(graph, PASS)
    assert kinds(graph) == ["MatMul", "Add"]


@pytest.mark.parametrize("shape", [(2, 4, 3, 5), (6, 4, 5)])
def test_rows_put_together_in_another_way_stay(shape):
    graph, (x,) = inputs((2, 3, 4, 8))
    graph.add_output(reshape(Add(MatMul(reshape(x, -1, 8), weights(8, 5)), weights(5)), *shape), "y")
    unchanged(graph, PASS)


def test_a_bias_for_each_row_stays():
    graph, (x,) = inputs((2, 3, 4, 8))
    graph.add_output(reshape(Add(MatMul(reshape(x, -1, 8), weights(8, 5)), weights(24, 5)), 2, 3, 4, 5), "y")
    unchanged(graph, PASS)


@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_of_vectors(bias):
    graph, (x,) = inputs((None, 8))
    y = conv(reshape(x, 0, 8, 1, 1), 5, kernel=1)
    graph.add_output(reshape(Add(y, weights(1, 5, 1, 1)) if bias else y, 0, 5), "y")
    check(graph, PASS)
    assert kinds(graph) == ["MatMul", *(["Add"] if bias else [])]


def test_a_padded_convolution_of_vectors_stays():
    graph, (x,) = inputs((2, 8))
    graph.add_output(reshape(conv(reshape(x, 0, 8, 1, 1), 5, pad=1), 2, 5), "y")
    unchanged(graph, PASS)


@pytest.mark.parametrize("axis", [2, 3])
def test_a_convolution_of_one_row(axis):
    graph, (x,) = inputs((None, 4, 12))
    kernel = (1, 3) if axis == 2 else (3, 1)
    along = lambda n, other: [other, n] if axis == 2 else [n, other]  # noqa: E731
    y = ops.Convolution(
        Unsqueeze(x, np.array([axis])),
        weights(5, 4, *kernel),
        strides=along(2, 1),
        pads_begin=along(2, 0),
        pads_end=along(1, 0),
        dilations=along(2, 3),
    )
    graph.add_output(Squeeze(y, np.array([axis])), "y")
    check(graph, PASS)
    assert kinds(graph) == ["Convolution"]


@pytest.mark.parametrize("fault", ["pads", "strides", "kernel"])
def test_a_convolution_across_rows_stays(fault):
    graph, (x,) = inputs((2, 4, 12))
    filters = weights(5, 4, 3 if fault == "kernel" else 1, 3)
    pad = 1 if fault != "strides" else 0
    y = ops.Convolution(
        Unsqueeze(x, np.array([2])),
        filters,
        strides=[2 if fault == "strides" else 1, 1],
        pads_begin=[pad, 0],
        pads_end=[1 if fault == "kernel" else 0, 0],
        dilations=[1, 1],
    )
    graph.add_output(
        ReLU(ops.ReduceMax(y, [2], keep_dims=False) if fault == "pads" else Squeeze(y, np.array([2]))), "y"
    )
    unchanged(graph, PASS)


# -- resizing


@pytest.mark.parametrize("times", [{2: 2}, {3: 3}, {2: 2, 3: 2}], ids=str)
@pytest.mark.parametrize("form", ["tile", "broadcast", "multiply"])
def test_copies_along_new_axes(form, times):
    graph, (x,) = inputs((None, 3, 4, 5))
    shape, repeats, grown = [0, 3], [1, 1], [0, 3]
    for axis, size in ((2, 4), (3, 5)):
        shape += [size, 1] if axis in times else [size]
        repeats += [1, times[axis]] if axis in times else [1]
        grown.append(size * times.get(axis, 1))
    y = reshape(x, *shape)
    if form == "tile":
        y = ops.Tile(y, repeats)
    else:
        ones = np.ones([1, 1, *repeats[2:]], np.float32)
        y = ops.Multiply(y, ones) if form == "multiply" else ops.Broadcast(y, list(ones.shape), mode="bidirectional")
    graph.add_output(reshape(y, *grown), "y")
    check(graph, resizing.resize_fusion)
    assert kinds(graph) == ["Interpolate"]


def test_copies_of_the_whole_axis_stay():
    graph, (x,) = inputs((2, 3, 4, 5))
    y = ops.Tile(reshape(x, 2, 3, 1, 4, 5), [1, 1, 2, 1, 1])
    graph.add_output(ReLU(reshape(y, 2, 3, 8, 5)), "y")
    unchanged(graph, resizing.resize_fusion)


@pytest.mark.parametrize("order", [(0, 0, 1, 1, 2, 2), (0, 1, 2, 0, 1, 2), (0, 0, 1, 1, 2, 1)])
def test_copies_of_parts(order):
    graph, (x,) = inputs((None, 3, 3, 5))
    parts = Split(x, 2, num_splits=3).results
    graph.add_output(Concat([parts[i] for i in order], axis=2), "y")
    check(graph, resizing.resize_fusion)
    assert kinds(graph) == (["Interpolate"] if order == (0, 0, 1, 1, 2, 2) else ["Split", "Concat"])


def resize(x, axes, scales, mode="nearest", **options):
    return ops.Interpolate(
        x,
        np.array(scales, np.float32),
        np.array(axes),
        mode=mode,
        shape_calculation_mode="scales",
        coordinate_transformation_mode="half_pixel",
        **options,
    )


@pytest.mark.parametrize("mode", ["nearest", "linear_onnx", "cubic"])
def test_resizings_along_different_axes(mode):
    graph, (x,) = inputs((1, 3, 4, 5))
    graph.add_output(resize(resize(x, [3], [2.0], mode), [2], [1.5], mode), "y")
    check(graph, resizing.resize_fusion)
    assert kinds(graph) == ["Interpolate"] and only(graph, ops.Interpolate).axes.const.tolist() == [2, 3]


@pytest.mark.parametrize("last", [([3], [2.0], "nearest"), ([2], [2.0], "linear_onnx"), ([1], [2.0], "nearest")])
def test_other_resizings_stay(last):
    graph, (x,) = inputs((1, 3, 4, 5))
    graph.add_output(resize(resize(x, [3], [2.0]), *last), "y")
    unchanged(graph, resizing.resize_fusion)


# -- dilated convolutions of channels-last models


@pytest.mark.parametrize("ahead", [True, False])
def test_blocks_whose_axes_change_places_stay(ahead):
    graph, (x,) = inputs((4, 4, 6, 2))
    lists = np.array([1, 2, 2, 1]), np.zeros(4, np.int64), np.zeros(4, np.int64)
    order = np.array([0, 2, 1, 3])
    y = Transpose(ops.SpaceToBatch(x, *lists), order) if ahead else ops.BatchToSpace(Transpose(x, order), *lists)
    graph.add_output(y, "y")
    unchanged(graph, movement.dilated_fusion)


def test_a_dilated_convolution_between_transposes():
    graph, (x,) = inputs((2, 8, 10, 4))
    last, first = np.array([0, 2, 3, 1]), np.array([0, 3, 1, 2])
    blocks = [np.array(v) for v in ([1, 2, 2, 1], [0, 2, 2, 0], [0, 2, 2, 0])]
    inner = conv(Transpose(ops.SpaceToBatch(x, *blocks), first), 5)
    y = ops.BatchToSpace(Transpose(inner, last), blocks[0], np.zeros(4, np.int64), np.zeros(4, np.int64))
    graph.add_output(y, "y")
    check(graph, axis_orders, movement.dilated_fusion)
    assert kinds(graph) == ["Transpose", "Convolution", "Transpose"]
    assert tuple(only(graph, ops.Convolution).dilations) == (2, 2)


def test_a_dilated_convolution_of_a_sequence():
    graph, (x,) = inputs((2, 4, 12))
    blocks = [np.array(v) for v in ([1, 1, 2], [0, 0, 2], [0, 0, 2])]
    image = Unsqueeze(ops.SpaceToBatch(x, *blocks), np.array([2]))
    inner = ops.Convolution(
        image, weights(5, 4, 1, 3), strides=[1, 1], pads_begin=[0, 0], pads_end=[0, 0], dilations=[1, 1]
    )
    y = ops.BatchToSpace(Squeeze(inner, np.array([2])), blocks[0], np.zeros(3, np.int64), np.zeros(3, np.int64))
    graph.add_output(y, "y")
    check(graph, movement.dilated_fusion, PASS)
    assert kinds(graph) == ["Convolution"] and tuple(only(graph, ops.Convolution).dilations) == (2,)
