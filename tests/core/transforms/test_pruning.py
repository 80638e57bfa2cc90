"""Channels that are zero whatever the data is."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ir import constant
from mo_core.ops import (
    Add,
    AvgPool,
    Convolution,
    GroupConvolution,
    MatMul,
    MaxPool,
    Multiply,
    PReLU,
    ReduceMean,
    ReLU,
    Reshape,
)
from mo_core.options import OptionTable
from mo_core.rewriting.passes import Context
from mo_core.transforms.requested.pruning import pruning
from tests.core.transforms.command import Command
from tests.core.transforms.harness import check, inputs, unchanged, weights

PLAIN = {"strides": (1, 1), "pads_begin": (1, 1), "pads_end": (1, 1), "dilations": (1, 1)}


def filters(outputs, inputs_, zero=(), kernel=3, seed=0):
    array = weights(outputs, inputs_, kernel, kernel, seed=seed).value.numpy().copy()
    array[list(zero)] = 0
    return constant(array)


def bias(numbers):
    return constant(np.float32(numbers).reshape(1, -1, 1, 1))


def context():
    return Context(options=OptionTable().build({"transform": "Pruning"}))


def channels(graph):
    return [n.dims[1] for n in graph if isinstance(n, (Convolution, GroupConvolution, MatMul))]


def test_filters_go_with_what_reads_them():
    graph, (x,) = inputs((1, 3, 8, 8))
    y = ReLU(Add(Convolution(x, filters(6, 3, zero=(1, 4)), **PLAIN), bias([1, 0, 2, 3, -5, 4])))
    graph.add_output(Convolution(y, filters(4, 6, seed=1), **PLAIN), "y")
    told = check(graph, pruning, context=context())
    assert channels(graph) == [4, 4]
    assert told.notes == ["Pruning: 2 channels were zero, and are gone."]


def test_a_channel_that_is_not_zero_behind_its_bias_stays():
    graph, (x,) = inputs((1, 3, 8, 8))
    y = ReLU(Add(Convolution(x, filters(6, 3, zero=(1, 4)), **PLAIN), bias([1, 7, 2, 3, 5, 4])))
    graph.add_output(Convolution(y, filters(4, 6, seed=1), **PLAIN), "y")
    told = unchanged(graph, pruning, context=context())
    assert "nothing changed" in told.notes[0]


def test_channels_of_an_output_stay():
    graph, (x,) = inputs((1, 3, 8, 8))
    y = Convolution(x, filters(6, 3, zero=(1,)), **PLAIN)
    graph.add_output(y, "y")
    graph.add_output(Convolution(y, filters(4, 6, seed=1), **PLAIN), "z")
    unchanged(graph, pruning, context=context())


def test_past_depthwise_convolution_pooling_and_factors_into_a_matrix_product():
    graph, (x,) = inputs((1, 3, 8, 8))
    y = PReLU(Convolution(x, filters(6, 3, zero=(0, 5)), **PLAIN), np.linspace(0.1, 0.6, 6).astype(np.float32))
    y = GroupConvolution(y, constant(weights(6, 1, 1, 3, 3).value.numpy()), **PLAIN)
    y = MaxPool(
        Multiply(y, bias([1, 2, 3, 4, 5, 6])),
        strides=(2, 2),
        kernel=(2, 2),
        pads_begin=(0, 0),
        pads_end=(0, 0),
        dilations=(1, 1),
    )
    y = AvgPool(y, strides=(1, 1), kernel=(3, 3), pads_begin=(1, 1), pads_end=(1, 1), exclude_pad=False)
    y = Reshape(ReduceMean(y, [2, 3], keep_dims=True), np.array([1, 6]), special_zero=False)
    graph.add_output(MatMul(y, weights(5, 6, seed=4), transpose_b=True), "y")
    check(graph, pruning, context=context())
    assert channels(graph) == [4, 4, 5]


def test_one_channel_is_always_left():
    graph, (x,) = inputs((1, 3, 8, 8))
    y = Convolution(x, filters(6, 3, zero=range(6)), **PLAIN)
    graph.add_output(Convolution(y, filters(4, 6, seed=1), **PLAIN), "y")
    check(graph, pruning, context=context())
    assert channels(graph) == [1, 4]


def test_zero_after_batch_norm_by_the_command_line(tmp_path):
    text = """
        %x = Parameter : f32[1,3,8,8] "x"
        %w = Constant random(1) : f32[4,3,3,3]
        %c = Convolution(%x, %w) {strides=[1,1], pads_begin=[1,1], pads_end=[1,1], dilations=[1,1]} "first"
        %s = Multiply(%c, [[[[1.5]], [[0.0]], [[2.0]], [[0.0]]]]) "scale"
        %r = ReLU(%s) "relu"
        %v = Constant random(2) : f32[5,4,3,3]
        %d = Convolution(%r, %v) {strides=[1,1], pads_begin=[1,1], pads_end=[1,1], dilations=[1,1]} "second" <"y">
        return %d
    """
    command = Command(tmp_path)
    plain, pruned = command.convert(text), command.convert(text, "--transform", "Pruning")
    x = np.random.default_rng(0).uniform(-1, 1, (1, 3, 8, 8)).astype(np.float32)
    assert np.abs(plain.run({"x": x})[0] - pruned.run({"x": x})[0]).max() <= 1e-5
    assert [m.shape_of("first")[1] for m in (plain, pruned)] == [4, 2]


@pytest.mark.parametrize("zero", [(2,), (0, 1, 3)])
def test_through_two_layers_in_a_row(zero):
    graph, (x,) = inputs((1, 3, 8, 8))
    y = ReLU(Convolution(x, filters(6, 3, zero=zero), **PLAIN))
    y = ReLU(Convolution(y, filters(6, 6, zero=zero, seed=1), **PLAIN))
    graph.add_output(Convolution(y, filters(4, 6, seed=2), **PLAIN), "y")
    check(graph, pruning, context=context())
    assert channels(graph) == [6 - len(zero), 6 - len(zero), 4]


def residual(zeros, last=None):
    """A stem and two blocks, whose sums have six channels; `zeros`: of the stem, and of the last layer of each block."""
    graph, (x,) = inputs((1, 3, 8, 8))
    y = Convolution(x, filters(6, 3, zero=zeros[0]), **PLAIN)
    for i, zero in enumerate(zeros[1:], 1):
        inner = ReLU(Convolution(y, filters(5, 6, seed=2 * i), **PLAIN))
        y = ReLU(Add(y, Convolution(inner, filters(6, 5, zero=zero, seed=2 * i + 1), **PLAIN)))
    graph.add_output(Convolution(y, filters(4, 6, seed=9), **PLAIN) if last is None else last(y), "y")
    return graph


@pytest.mark.parametrize(
    ("zeros", "gone"),
    [
        (((2, 4), (2, 4), (2, 4)), 2),
        (((2, 4), (2, 3), (2, 5)), 1),
        (((2,), (3,), (4,)), 0),
        (((2,), (2,), ()), 0),
    ],
    ids=str,
)
def test_channels_that_are_zero_in_all_of_a_residual_stream(zeros, gone):
    graph = residual(zeros)
    check(graph, pruning, context=context())
    assert channels(graph) == [6 - gone, 5, 6 - gone, 5, 6 - gone, 4]


def test_a_residual_stream_that_is_an_output_stays():
    graph = residual(((2,), (2,)), last=ReLU)
    unchanged_channels = channels(graph)
    check(graph, pruning, context=context())
    assert channels(graph) == unchanged_channels


def test_a_residual_stream_that_begins_with_the_data_stays():
    graph, (x,) = inputs((1, 6, 8, 8))
    y = ReLU(Add(x, Convolution(x, filters(6, 6, zero=(1,)), **PLAIN)))
    graph.add_output(Convolution(y, filters(4, 6, seed=9), **PLAIN), "y")
    check(graph, pruning, context=context())
    assert channels(graph) == [6, 4]


def test_a_bias_in_a_residual_stream():
    graph, (x,) = inputs((1, 3, 8, 8))
    shift = np.float32([0, 0, -1, 2, 0, 0]).reshape(1, 6, 1, 1)
    y = Convolution(x, filters(6, 3, zero=(1, 2, 3)), **PLAIN)
    y = ReLU(Add(y, Add(Convolution(ReLU(y), filters(6, 6, zero=(1, 2, 3), seed=1), **PLAIN), shift)))
    graph.add_output(Convolution(y, filters(4, 6, seed=9), **PLAIN), "y")
    check(graph, pruning, context=context())
    assert channels(graph) == [4, 4, 4]
