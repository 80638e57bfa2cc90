"""Grouped and side-by-side convolutions."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.ir import constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Lazy
from mo_core.ops import Add, BatchNormInference, Concat, ConvolutionBackpropData, ReLU, Split, Transpose, VariadicSplit
from mo_core.rewriting.passes import Context
from mo_core.rewriting.record import Exclusion
from mo_core.transforms.linear.fusion import PASSES
from mo_core.transforms.recognise.groups import grouped, horizontal
from tests.core.transforms.harness import check, inputs, kinds, only, optimise, reasons, unchanged, weights
from tests.core.transforms.layers import conv, product


def parts(x, n, axis=1):
    return Split(x, np.int64(axis), num_splits=n).results


def joined(values, axis=1):
    return Concat(values, axis=axis)


@pytest.mark.parametrize("spatial", [(6,), (6, 5), (5, 4, 4)], ids=lambda s: f"{len(s)}d")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("transposed", [True, False])
def test_split_convolutions_concat(spatial, bias, transposed):
    graph, (x,) = inputs((None, 6, *spatial))
    ys = [conv(p, 4, pad=1, stride=2, transposed=transposed, seed=i) for i, p in enumerate(parts(x, 3))]
    if bias:
        ys = [Add(y, weights(1, 4, *[1] * len(spatial), seed=i)) for i, y in enumerate(ys)]
    graph.add_output(joined(ys), "y")
    check(graph, grouped)
    name = "GroupConvolutionBackpropData" if transposed else "GroupConvolution"
    assert kinds(graph) == ([name, "Add"] if bias else [name])


def test_depthwise_is_the_limit():
    graph, (x,) = inputs((2, 5, 6, 6))
    graph.add_output(joined([conv(p, 2, seed=i) for i, p in enumerate(parts(x, 5))]), "y")
    check(graph, grouped)
    assert kinds(graph) == ["GroupConvolution"]


def test_equal_parts_of_a_variadic_split():
    graph, (x,) = inputs((2, 6, 6, 6))
    split = VariadicSplit(x, np.int64(1), np.array([3, -1]))
    graph.add_output(joined([conv(p, 2, seed=i) for i, p in enumerate(split.results)]), "y")
    check(graph, grouped)
    assert kinds(graph) == ["GroupConvolution"]


def test_a_bias_that_is_missing_counts_as_zero():
    graph, (x,) = inputs((2, 4, 6, 6))
    a, b = (conv(p, 2, seed=i) for i, p in enumerate(parts(x, 2)))
    graph.add_output(joined([Add(a, weights(1, 2, 1, 1)), b]), "y")
    check(graph, grouped)
    assert kinds(graph) == ["GroupConvolution", "Add"]


def test_channels_last_with_transposes_in_every_branch():
    graph, (x,) = inputs((2, 6, 6, 4))
    to_nchw, to_nhwc = np.array([0, 3, 1, 2]), np.array([0, 2, 3, 1])
    ys = [Transpose(conv(Transpose(p, to_nchw), 3, seed=i), to_nhwc) for i, p in enumerate(parts(x, 2, axis=3))]
    ys = [Add(y, weights(3, seed=i)) for i, y in enumerate(ys)]
    graph.add_output(joined(ys, axis=-1), "y")
    check(graph, grouped, *PASSES)
    assert kinds(graph) == ["Transpose", "GroupConvolution", "Add", "Transpose"]


def test_batch_norm_behind_a_grouped_convolution_of_parts():
    graph, (x,) = inputs((2, 4, 6, 6))
    y = joined([conv(p, 3, seed=i) for i, p in enumerate(parts(x, 2))])
    vectors = [weights(6, seed=i) for i in range(3)] + [weights(6, low=0.5, high=2.0)]
    graph.add_output(BatchNormInference(y, *vectors, epsilon=1e-3), "y")
    check(graph, grouped, *PASSES)
    assert kinds(graph) == ["GroupConvolution", "Add"]


def wrong(change):
    graph, (x,) = inputs((2, 4, 6, 6))
    first, second = parts(x, 2)
    if change == "order":
        first, second = second, first
    a = conv(first, 2, pad=1, stride=2)
    if change == "stride":
        b = conv(second, 2, pad=1, kernel=1, filters=weights(2, 2, 3, 3), stride=1)
        b = conv(b, 2, kernel=3, pad=1, stride=2)
    elif change == "size":
        b = conv(second, 3, pad=1, stride=2)
    elif change == "kernel":
        b = conv(second, 2, pad=0, stride=2, kernel=1)
    elif change == "transposed":
        b = ConvolutionBackpropData(
            second, weights(2, 2, 1, 1), strides=[1, 1], pads_begin=[1, 1], pads_end=[2, 2], dilations=[1, 1]
        )
    else:
        b = conv(second, 2, pad=1, stride=2)
    if change == "reader":
        graph.add_output(a, "a")
    if change == "part":
        graph.add_output(ReLU(first), "part")
    if change == "relu":
        b = ReLU(b)
    axis = 1
    if change == "axis":
        axis = 2
    if change == "count":
        graph.add_output(joined([a, b, conv(x, 2, pad=1, stride=2)], axis), "y")
    else:
        graph.add_output(joined([a, b], axis), "y")
    return graph


CHANGES = ["order", "stride", "size", "kernel", "transposed", "reader", "part", "relu", "axis", "count"]


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_group_stays(change):
    unchanged(wrong(change), grouped)


def test_the_reason_is_given():
    assert "another order" in reasons(unchanged(wrong("order"), grouped))[0]
    assert "different sizes" in reasons(unchanged(wrong("size"), grouped))[0]
    assert "along the channels" in reasons(unchanged(wrong("axis"), grouped))[0]


def test_excluded_branches_keep_all_apart():
    graph = wrong("")
    next(n for n in graph if n.type_name == "Convolution").origin = ("branch",)
    context = Context(exclusion=Exclusion(("branch",)))
    assert "excluded" in reasons(unchanged(graph, grouped, context=context))[0]


def test_stacked_filters_are_a_recipe():
    graph, (x,) = inputs((1, 128, 4, 4))
    graph.add_output(joined([conv(p, 128, seed=i) for i, p in enumerate(parts(x, 2))]), "y")
    check(graph, grouped)
    assert isinstance(only(graph, type(graph.outputs[0].source.node)).operands[1].tensor, Lazy)


# -- side by side


@pytest.mark.parametrize("bias", [(True, True), (False, False), (True, False)], ids=str)
def test_convolutions_side_by_side(bias):
    graph, (x,) = inputs((None, 4, 6, 6))
    x = ReLU(x)
    ys = [conv(x, n, pad=1, seed=n) for n in (3, 5)]
    ys = [Add(y, weights(y.dims[1], 1, 1)) if b else y for y, b in zip(ys, bias)]
    for i, y in enumerate(ys):
        graph.add_output(ReLU(y), f"y{i}")
    check(graph, *PASSES, horizontal)
    want = ["ReLU", "Convolution", *(["Add"] if any(bias) else []), "VariadicSplit", "ReLU", "ReLU"]
    assert kinds(graph) == want


@pytest.mark.parametrize("transpose_b", [False, True])
def test_products_side_by_side(transpose_b):
    graph, (x,) = inputs((2, 3, 4))
    for n in (5, 6, 7):
        graph.add_output(ReLU(Add(product(x, n, transpose_b=transpose_b, seed=n), weights(n))), f"y{n}")
    check(graph, horizontal)
    assert kinds(graph) == ["MatMul", "Add", "VariadicSplit", "ReLU", "ReLU", "ReLU"]


def test_other_geometry_stays_apart():
    graph, (x,) = inputs((2, 4, 6, 6))
    graph.add_output(conv(x, 3, pad=1), "a")
    graph.add_output(conv(x, 3, pad=0), "b")
    graph.add_output(conv(x, 3, kernel=1), "c")
    graph.add_output(conv(x, 4, groups=2, pad=1), "d")
    unchanged(graph, horizontal)


def test_filters_that_are_read_from_an_input_stay_apart():
    graph, (x, w) = inputs((2, 4, 6, 6), (3, 4, 3, 3))
    graph.add_output(conv(x, 3, filters=w), "a")
    graph.add_output(conv(x, 3, filters=weights(3, 4, 3, 3)), "b")
    unchanged(graph, horizontal)


def test_side_by_side_is_off_by_default_and_leaves_excluded_nodes():
    assert not horizontal.default
    graph, (x,) = inputs((2, 4, 6, 6))
    for name in "ab":
        y = conv(x, 3)
        y.name = name
        graph.add_output(y, name)
    unchanged(graph, horizontal, context=Context(exclusion=Exclusion(("a",))))


def test_f16_zeros_beside_biases():
    graph, _ = inputs()
    x = graph.add_input("x", t.f16, (1, 4, 6, 6))
    w = lambda n: constant(weights(3, 4, 3, 3, seed=n).const, t.f16)  # noqa: E731
    a, b = (conv(x, 3, filters=w(n)) for n in (1, 2))
    graph.add_output(ReLU(Add(a, constant(weights(1, 3, 1, 1).const, t.f16))), "a")
    graph.add_output(ReLU(b), "b")
    optimise(graph, horizontal)
    assert only(graph, Add).element is t.f16
