"""Strides of 1x1 convolutions that move up."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ir import Node
from mo_core.ir import types as t
from mo_core.ir.schema import Operand, operand
from mo_core.ops import (
    Add,
    Convolution,
    FakeQuantize,
    GroupConvolution,
    MaxPool,
    Multiply,
    PReLU,
    ReLU,
    Result,
    ShapeOf,
    Sigmoid,
    Swish,
)
from mo_core.ops.unary import Unary
from mo_core.rewriting.passes import Context
from mo_core.rewriting.record import Exclusion
from mo_core.transforms.simplify.strides import stride_optimization
from tests.core.transforms.harness import check, inputs, kinds, optimise, reasons, unchanged, weights
from tests.core.transforms.layers import conv, max_pool


def strides(graph):
    kinds_ = (Convolution, GroupConvolution, MaxPool)
    return [(n.type_name, n.strides[0]) for n in graph if isinstance(n, kinds_)]


@pytest.mark.parametrize("size", [8, 9, 10, 11])
@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_a_stride_moves_to_the_convolution_above(size, spatial):
    graph, (x,) = inputs((1, 3, *[size] * spatial))
    y = ReLU(Add(conv(x, 4, pad=1), weights(1, 4, *[1] * spatial)))
    graph.add_output(conv(y, 5, kernel=1, stride=2), "y")
    check(graph, stride_optimization)
    assert strides(graph) == [("Convolution", 2), ("Convolution", 1)]


class Cube(Unary, opset="extension"):
    """A function of each element, from outside."""

    fold = staticmethod(lambda x: x**3)


class Total(Node, opset="extension"):
    """An operation from outside of which nothing is known."""

    data: Operand = operand()
    fold = staticmethod(np.cumsum)

    def infer(self):
        return self.data.type


@pytest.mark.parametrize(("kind", "expected"), [(Cube, [2, 1]), (Total, [1, 2])])
def test_a_stride_passes_an_op_from_outside_by_what_it_promises(kind, expected):
    graph, (x,) = inputs((1, 3, 8, 8))
    graph.add_output(conv(kind(conv(x, 4, pad=1)), 5, kernel=1, stride=2), "y")
    optimise(graph, stride_optimization)
    assert [stride for _, stride in strides(graph)] == expected


@pytest.mark.parametrize("size", [23, 24, 25])
def test_strides_multiply_on_the_way(size):
    graph, (x,) = inputs((1, 3, size, size))
    y = conv(ReLU(conv(ReLU(conv(x, 4, pad=1, stride=2)), 4, kernel=1, stride=2)), 4, kernel=1, stride=3)
    graph.add_output(y, "y")
    check(graph, stride_optimization)
    assert strides(graph) == [("Convolution", 12), ("Convolution", 1), ("Convolution", 1)]


@pytest.mark.parametrize("size", [16, 15])
def test_a_residual_block_as_documented(size):
    """Both 1x1 convolutions behind the sum give their stride up; the shortcut gets a pooling."""
    graph, (x,) = inputs((2, 8, size, size))
    trunk = ReLU(conv(x, 8, pad=1, seed=1))  # also read by the shortcut
    a = ReLU(conv(trunk, 4, kernel=1, seed=2))
    b = ReLU(conv(a, 4, pad=1, seed=3))
    c = conv(b, 8, kernel=1, seed=4)
    total = ReLU(Add(trunk, c))
    left = conv(total, 16, kernel=1, stride=2, seed=5)
    right = conv(ReLU(conv(total, 4, kernel=1, stride=2, seed=6)), 16, kernel=1, seed=7)
    graph.add_output(ReLU(Add(left, right)), "y")
    check(graph, stride_optimization)
    found = strides(graph)
    assert sorted(found) == sorted([("Convolution", 2), *[("Convolution", 1)] * 6, ("MaxPool", 2)])
    assert [n.strides[0] for n in graph if isinstance(n, Convolution) and n.filters.dims[2] == 3] == [1, 2]
    pool = next(n for n in graph if isinstance(n, MaxPool))
    assert pool.kernel == (1, 1) and pool.data is trunk and total.operands[0].node.operands[0] is pool


def test_nothing_moves_a_second_time():
    graph, (x,) = inputs((2, 8, 16, 16))
    graph.add_output(conv(ReLU(conv(x, 4, pad=1)), 4, kernel=1, stride=2), "y")
    check(graph, stride_optimization)
    unchanged(graph, stride_optimization)


def test_readers_that_do_not_agree_keep_the_strides():
    for other in (1, 3):
        graph, (x,) = inputs((1, 3, 12, 12))
        y = ReLU(conv(x, 4))
        graph.add_output(conv(y, 5, kernel=1, stride=2), "a")
        graph.add_output(conv(y, 5, kernel=1, stride=other, seed=1), "b")
        assert "read by others" in reasons(unchanged(graph, stride_optimization))[0]


@pytest.mark.parametrize(
    "reader",
    [lambda y: Sigmoid(y), lambda y: max_pool(y), lambda y: ShapeOf(y)],
    ids=["element-wise", "pooling", "shape"],
)
def test_other_readers_keep_the_stride(reader):
    graph, (x,) = inputs((1, 3, 12, 12))
    y = ReLU(conv(x, 4))
    graph.add_output(conv(y, 5, kernel=1, stride=2), "a")
    graph.add_output(reader(y), "b")
    unchanged(graph, stride_optimization)


def test_an_output_keeps_the_stride():
    graph, (x,) = inputs((1, 3, 12, 12))
    y = conv(x, 4)
    graph.add_output(y, "raw")
    graph.add_output(conv(y, 5, kernel=1, stride=2), "a")
    unchanged(graph, stride_optimization)


@pytest.mark.parametrize("options", [{"kernel": 3, "pad": 1}, {"kernel": 1, "pad": 1}, {"kernel": 2}], ids=str)
def test_only_plain_1x1_convolutions_give_their_stride(options):
    graph, (x,) = inputs((1, 3, 12, 12))
    graph.add_output(conv(ReLU(conv(x, 4)), 5, stride=2, **options), "y")
    unchanged(graph, stride_optimization)


def test_without_a_convolution_above_the_stride_stays():
    graph, (x, z) = inputs((1, 3, 12, 12), (1, 3, 12, 12))
    graph.add_output(conv(ReLU(Add(x, z)), 5, kernel=1, stride=2), "y")
    graph.add_output(conv(max_pool(x), 5, kernel=1, stride=2, seed=3), "z")
    unchanged(graph, stride_optimization)


def test_automatic_padding_depends_on_the_stride():
    graph, (x,) = inputs((1, 3, 12, 12))
    first = Convolution(
        x,
        weights(4, 3, 3, 3),
        strides=[1, 1],
        pads_begin=[0, 0],
        pads_end=[0, 0],
        dilations=[1, 1],
        auto_pad="same_upper",
    )
    graph.add_output(conv(first, 5, kernel=1, stride=2), "y")
    unchanged(graph, stride_optimization)


def test_a_padded_1x1_convolution_gets_no_stride():
    graph, (x,) = inputs((1, 3, 12, 12))
    graph.add_output(conv(conv(x, 4, kernel=1, pad=1), 5, kernel=1, stride=2), "y")
    unchanged(graph, stride_optimization)


def test_both_operands_of_a_sum_may_take_the_stride():
    graph, (x,) = inputs((1, 3, 12, 12))
    y = Add(conv(x, 4, pad=1), conv(x, 4, pad=2, kernel=5))
    graph.add_output(conv(y, 5, kernel=1, stride=2), "y")
    check(graph, stride_optimization)
    assert strides(graph) == [("Convolution", 2), ("Convolution", 2), ("Convolution", 1)]


def test_the_same_operand_twice_gets_one_pooling():
    graph, (x, z) = inputs((1, 3, 12, 12), (1, 4, 12, 12))
    y = Add(Multiply(z, z), conv(x, 4, pad=1))
    graph.add_output(conv(y, 5, kernel=1, stride=2), "y")
    check(graph, stride_optimization)
    assert kinds(graph).count("MaxPool") == 1


def test_operands_without_spatial_extent_are_left_alone():
    graph, (x, gate) = inputs((1, 3, 12, 12), (1, 4, 1, 1))
    y = Swish(PReLU(Multiply(conv(x, 4, pad=1), gate), weights(4)), np.float32(0.7))
    y = FakeQuantize(y, *[np.float32(n) for n in (-5, 5, -5, 5)], levels=100000)
    graph.add_output(conv(y, 5, kernel=1, stride=2), "y")
    check(graph, stride_optimization)
    assert strides(graph) == [("Convolution", 2), ("Convolution", 1)]


def test_constants_with_spatial_extent_are_pooled():
    graph, (x,) = inputs((1, 3, 12, 12))
    y = Add(conv(x, 4, pad=1), weights(1, 4, 12, 12))
    graph.add_output(conv(y, 5, kernel=1, stride=2), "y")
    check(graph, stride_optimization)
    assert strides(graph) == [("Convolution", 2), ("MaxPool", 2), ("Convolution", 1)]


def test_grouped_convolutions_and_unknown_sizes():
    graph, (x,) = inputs((None, 4, None, None))
    y = ReLU(conv(x, 8, groups=2, pad=1))
    graph.add_output(conv(y, 8, groups=4, kernel=1, stride=2), "y")
    for size in (7, 8):
        check(graph, stride_optimization, size=size)
        assert strides(graph) == [("GroupConvolution", 2), ("GroupConvolution", 1)]


def test_sums_of_operands_that_may_be_stretched_stay():
    graph, (x, z) = inputs((1, 3, 12, 12), (1, 4, None, None))
    graph.add_output(conv(Add(conv(x, 4, pad=1), z), 5, kernel=1, stride=2), "y")
    unchanged(graph, stride_optimization)


def test_excluded_convolutions_keep_their_stride():
    graph, (x,) = inputs((1, 3, 12, 12))
    first = conv(x, 4)
    first.name = "first"
    graph.add_output(conv(first, 5, kernel=1, stride=2), "y")
    unchanged(graph, stride_optimization, context=Context(exclusion=Exclusion(("first",))))


def test_types_are_right_afterwards():
    graph, (x,) = inputs((1, 3, 12, 12))
    graph.add_output(conv(ReLU(conv(x, 4)), 5, kernel=1, stride=2), "y")
    check(graph, stride_optimization)
    result = next(n for n in graph if isinstance(n, Result))
    assert result.source.shape == (1, 5, 5, 5) and result.source.element is t.f32
