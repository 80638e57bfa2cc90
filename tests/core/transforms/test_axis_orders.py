"""Transposes move through the whole graph: op by op, and in networks as a channels-last front-end emits them."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core import ops
from mo_core.build import concat, split
from mo_core.ir import Graph, Node, Value, constant
from mo_core.ir import types as t
from mo_core.ir.schema import Operand, operand
from mo_core.rewriting.passes import Context, order, run
from mo_core.testing import evaluate, parse
from mo_core.transforms.layout.axis_orders import axis_orders
from mo_core.transforms.layout.transposes import transposes

TO_FIRST, TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]


def moved(graph):
    run(order([axis_orders, transposes]), graph, Context())
    return [n for n in graph if n.type_name == "Transpose"]


OPS = {
    "function": "%y = ReLU(%x)",
    "along an axis": "%y = Softmax(%x) {axis=-1}",
    "scalar": "%c = Constant 2.5 : f32[]\n%y = Multiply(%x, %c)",
    "per channel": "%c = Constant [1, 2, 3, 4, 5] : f32[5]\n%y = Subtract(%c, %x)",
    "two axes": "%c = Constant [[1, 2, 3, 4, 5], [5, 6, 7, 8, 9], [1, 2, 3, 4, 5], [5, 6, 7, 8, 9]] : f32[4,5]\n"
    "%y = Add(%x, %c)",
    "not constant, of lower rank": "%y = Add(%x, %row)",
    "itself": "%y = Multiply(%x, %x)",
    "choice": "%zero = Constant 0.0 : f32[]\n%on = Greater(%x, %zero)\n%y = Select(%on, %x, %row)",
    "mean": "%a = Constant [1, 2] : i64[2]\n%y = ReduceMean(%x, %a) {keep_dims=false}",
    "kept mean": "%a = Constant [-2, 1] : i64[2]\n%y = ReduceMean(%x, %a) {keep_dims=true}",
    "concatenated": "%r = ReLU(%x)\n%y = Concat(%x, %r) {axis=3}",
    "padded": "%b = Constant [0, 1, 2, 0] : i64[4]\n%e = Constant [0, 0, 1, 3] : i64[4]\n%y = Pad(%x, %b, %e)",
    "split": "%a = Constant 3 : i64[]\n%y, %z = Split(%six, %a) {num_splits=2}",
    "parts": "%a = Constant -1 : i64[]\n%l = Constant [2, 4] : i64[2]\n%y, %z = VariadicSplit(%six, %a, %l)",
    "slice": "%b = Constant [1, 0] : i64[2]\n%e = Constant [4, 2] : i64[2]\n%s = Constant [2, 1] : i64[2]\n"
    "%a = Constant [3, 1] : i64[2]\n%y = Slice(%x, %b, %e, %s, %a)",
    "slice of the first axes": "%b = Constant [0, 1] : i64[2]\n%e = Constant [1, 3] : i64[2]\n"
    "%s = Constant [1, 1] : i64[2]\n%y = Slice(%x, %b, %e, %s)",
    "strided": "%b = Constant [0, 2, 1] : i64[3]\n%e = Constant [2, 3, 4] : i64[3]\n%s = Constant [1, 1, 2] : i64[3]\n"
    "%y = StridedSlice(%x, %b, %e, %s) {begin_mask=[0, 0, 0], end_mask=[1, 0, 0], shrink_axis_mask=[0, 1, 0]}",
    "element": "%i = Constant 2 : i64[]\n%a = Constant 3 : i64[]\n%y = Gather(%x, %i, %a)",
    "elements": "%i = Constant [2, 0] : i64[2]\n%a = Constant 1 : i64[]\n%y = Gather(%x, %i, %a)",
    "added axis": "%a = Constant [1, 4] : i64[2]\n%y = Unsqueeze(%x, %a)",
    "axis taken out": "%a = Constant [0, 1] : i64[2]\n%s = ReduceMean(%x, %a) {keep_dims=true}\n%y = Squeeze(%s, %a)",
    "tiled": "%r = Constant [1, 2, 1, 3] : i64[4]\n%y = Tile(%x, %r)",
    "stretched": "%a = Constant [1] : i64[1]\n%s = ReduceMax(%x, %a) {keep_dims=true}\n"
    "%t = Constant [2, 3, 4, 5] : i64[4]\n%y = Broadcast(%s, %t)",
    "largest": '%k = Constant 2 : i64[]\n%y, %z = TopK(%x, %k) {axis=3, mode="max", sort="value"}',
    "sums": "%a = Constant 1 : i64[]\n%y = CumSum(%x, %a)",
    "normal": "%a = Constant [3] : i64[1]\n%y = MVN(%x, %a) {eps=0.001, normalize_variance=true}",
    "blocks of the batch": "%k = Constant [1, 1, 2, 1] : i64[4]\n%b = Constant [0, 1, 1, 0] : i64[4]\n"
    "%e = Constant [0, 0, 1, 0] : i64[4]\n%s = SpaceToBatch(%x, %k, %b, %e)\n%r = ReLU(%s)\n"
    "%y = BatchToSpace(%r, %k, %b, %e)",
    "unit": "%a = Constant [1, 3] : i64[2]\n%y = NormalizeL2(%x, %a) {eps=0.001}",
    "resized": "%s = Constant [6, 2] : i64[2]\n%a = Constant [1, 2] : i64[2]\n"
    '%y = Interpolate(%x, %s, %a) {mode="linear_onnx", shape_calculation_mode="sizes"}',
    "shape": "%y = ShapeOf(%x)",
    "quantised": "%l = Constant [0, 0, 0, 0, 0] : f32[5]\n%h = Constant [1, 2, 3, 4, 5] : f32[5]\n"
    "%y = FakeQuantize(%x, %l, %h, %l, %h) {levels=16}",
}


def program(lines, names):
    return parse(
        f"""
    %in = Parameter : f32[2,5,3,4] "in"
    %in6 = Parameter : f32[2,6,3,4] "in6"
    %row = Parameter : f32[4,5] "row"
    %o = Constant {TO_LAST} : i64[4]
    %x = Transpose(%in, %o)
    %six = Transpose(%in6, %o)
    {lines}
    return {names}
    """
    )


BACK = {"not constant, of lower rank", "choice", "concatenated", "padded", "split", "parts", "tiled"}
"""What would move more elements, were it not for a Transpose that follows."""


@pytest.mark.parametrize("name", OPS)
def test_an_op_is_made_on_other_axes(name):
    lines = OPS[name]
    names = "%y, %z" if "%y, %z" in lines else "%y"
    if name in BACK:
        lines = f"{lines}\n%p = Constant {TO_FIRST} : i64[4]\n%back = Transpose(%y, %p)"
        lines, names = (f"{lines}\n%last = Transpose(%z, %p)", "%back, %last") if names != "%y" else (lines, "%back")
    rng = np.random.default_rng(0)
    data = [rng.normal(size=s).astype(np.float32) for s in ((2, 5, 3, 4), (2, 6, 3, 4), (4, 5))]
    want = evaluate(program(lines, names), *data)
    graph = program(lines, names)
    moved(graph)
    assert not any(
        n.type_name == "Transpose" and n.operands[0].node.type_name == "Parameter" and _early(n) for n in graph
    )
    for got, expected in zip(evaluate(graph, *data), want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def _early(transpose):
    """True for a Transpose of an input that only an op with a trait reads."""
    readers = [user for user, _ in transpose.results[0].uses if user.type_name != "Result"]
    return all(user.axis_trait is not None and user.axis_trait.ports(user) for user in readers)


# -- networks


class Network:
    """A random network in channels-last form: each convolution, pooling and resize in a pair of Transposes."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.graph = Graph("network")
        self.values = [self.graph.add_input("x", t.f32, (1, 8, 8, 4))]

    def weights(self, *shape):
        return constant(self.rng.normal(size=shape).astype(np.float32) * 0.3)

    def first(self, make, x: Value) -> Value:
        return ops.Transpose(make(ops.Transpose(x, TO_FIRST)), TO_LAST)

    def convolution(self, x, channels=4, size=3):
        w = self.weights(channels, x.dims[3], size, size)
        pad = (size // 2, size // 2)
        y = self.first(
            lambda v: ops.Convolution(v, w, strides=(1, 1), pads_begin=pad, pads_end=pad, dilations=(1, 1)), x
        )
        return ops.Add(y, self.weights(channels))

    def plain(self, x):
        return ops.ReLU(self.convolution(x))

    def residual(self, x):
        return ops.ReLU(ops.Add(self.convolution(ops.ReLU(self.convolution(x))), x))

    def excite(self, x):
        mean = ops.ReduceMean(x, constant([1, 2]), keep_dims=True)
        return ops.Multiply(x, ops.Sigmoid(self.convolution(mean, size=1)))

    def inception(self, x):
        parts = [self.plain(x), self.convolution(x, 3, 1), ops.Sigmoid(self.convolution(x, 1, 1))]
        return self.convolution(concat(parts, 3))

    def shuffle(self, x):
        left, right = split(x, 3, 2)
        return concat([ops.ReLU(right), left], 3)

    def resized(self, x):
        sizes, axes = constant([4, 4]), constant([1, 2])
        small = ops.Interpolate(x, sizes, axes, mode="nearest", shape_calculation_mode="sizes")
        back = ops.Interpolate(
            self.plain(small), constant([8, 8]), axes, mode="nearest", shape_calculation_mode="sizes"
        )
        return self.convolution(concat([x, back], 3))

    def padded(self, x):
        wide = ops.Pad(x, constant([0, 1, 1, 0]), constant([0, 1, 1, 0]))
        return ops.Slice(self.plain(wide), constant([1, 1]), constant([9, 9]), constant([1, 1]), constant([1, 2]))

    def build(self, length):
        kinds = (self.plain, self.residual, self.excite, self.inception, self.shuffle, self.resized, self.padded)
        x = self.plain(self.values[0])
        for _ in range(length):
            x = kinds[self.rng.integers(len(kinds))](x)
        self.graph.add_output(self.convolution(x), "y")
        return self.graph


@pytest.mark.parametrize("seed", range(60))
def test_networks_keep_one_layout(seed):
    data = np.random.default_rng(seed).normal(size=(1, 8, 8, 4)).astype(np.float32)
    (want,) = evaluate(Network(seed).build(5), data)
    graph = Network(seed).build(5)
    left = moved(graph)
    assert len(left) <= 2, [n.name for n in left]  # after the input, before the output
    np.testing.assert_allclose(evaluate(graph, data)[0], want, rtol=1e-3, atol=1e-4)


class Cube(Node, opset="test"):
    """An op from outside."""

    data: Operand = operand()

    def infer(self):
        return self.data.type


class PlacedCube(Cube, opset="test"):
    """One that says what its axes mean."""

    axis_trait = ops.axes.FIRST


@pytest.mark.parametrize(("kind", "left"), [(Cube, 2), (PlacedCube, 0)])
def test_an_op_from_outside_joins_by_its_trait(kind, left):
    graph = Graph("outside")
    x = graph.add_input("x", t.f32, (2, 3, 4, 5))
    graph.add_output(ops.Transpose(kind(ops.Transpose(x, TO_FIRST)), TO_LAST), "y")
    assert len(moved(graph)) == left
    assert sum(isinstance(n, kind) for n in graph) == 1


def test_what_would_cost_more_stays():
    graph = parse(
        f"""
    %in = Parameter : f32[2,5,3,4] "in"
    %o = Constant {TO_LAST} : i64[4]
    %x = Transpose(%in, %o)
    %r = Constant [1, 1, 1, 9] : i64[4]
    %y = Tile(%x, %r)
    return %y
    """
    )
    assert len(moved(graph)) == 1
    assert next(n for n in graph if n.type_name == "Tile").operands[0].node.type_name == "Transpose"


def test_what_makes_more_elements_comes_after_the_transpose():
    graph = parse(
        f"""
    %x = Parameter : f32[2,3,4,5] "x"
    %b = Constant [0, 1, 2, 0] : i64[4]
    %e = Constant [0, 0, 1, 0] : i64[4]
    %p = Pad(%x, %b, %e)
    %o = Constant {TO_FIRST} : i64[4]
    %y = Transpose(%p, %o)
    return %y
    """
    )
    data = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    (want,) = evaluate(graph, data)
    (left,) = moved(graph)
    assert left.operands[0].node.type_name == "Parameter"
    np.testing.assert_array_equal(evaluate(graph, data)[0], want)


def test_a_second_run_changes_nothing():
    graph = Network(3).build(6)
    moved(graph)
    before = [(n.type_name, n.name) for n in graph]
    moved(graph)
    assert [(n.type_name, n.name) for n in graph] == before


def test_a_reshape_ahead_of_an_axis_of_ones_that_moves_is_merged_with_it():
    """As squeeze-and-excitation blocks have it: a mean, made an image of one pixel, which a convolution reads."""
    from tests.core.transforms.harness import check, inputs, kinds, weights

    graph, (x,) = inputs((None, 6, 5, 4))
    pixel = ops.Reshape(ops.ReduceMean(x, [1, 2]), [0, 1, 1, 4], special_zero=True)
    turned = ops.Transpose(pixel, [0, 3, 1, 2])
    options = {"strides": [1, 1], "pads_begin": [0, 0], "pads_end": [0, 0], "dilations": [1, 1]}
    graph.add_output(ops.Convolution(turned, weights(3, 4, 1, 1), **options), "y")
    check(graph, axis_orders, transposes)
    assert kinds(graph) == ["ReduceMean", "Reshape", "Convolution"]
