"""The evaluator of `mo verify` computes what the runtime computes, kernel by kernel, with control flow and states."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core import ops
from mo_core.app.verify.evaluator import Evaluator
from mo_core.ir import Graph, constant
from mo_core.ir import types as t
from mo_core.ops.control import Concatenated, Invariant, LastValue, Merged, Sliced
from mo_core.testing import assert_close, evaluate

RANDOM = np.random.default_rng(4)


def normal(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def graph_of(build, *arrays, results=None):
    """A graph whose inputs have the shapes of the arrays, and whose outputs are the results of one node."""
    graph = Graph("g")
    node = build(*[graph.add_input(f"x{i}", t.from_dtype(a.dtype), a.shape) for i, a in enumerate(arrays)])
    graph.splice([node], None)
    for i, result in enumerate(node.results[:results]):
        graph.add_output(result, f"y{i}")
    return graph


def check(build, *arrays, results=None, rtol=1e-5):
    graph = graph_of(build, *arrays, results=results)
    assert not Evaluator.missing(graph)
    got, want = Evaluator(graph)(*arrays), evaluate(graph, *arrays, engine="runtime")
    assert [a.dtype for a in got] == [a.dtype for a in want]
    assert_close(got, want, rtol)


X, W = normal(2, 4, 9, 8), normal(6, 4, 3, 2)
PLACED = {"strides": (2, 1), "pads_begin": (1, 0), "pads_end": (2, 1), "dilations": (2, 1)}


@pytest.mark.parametrize("auto_pad", ["explicit", "valid", "same_upper", "same_lower"])
def test_convolutions(auto_pad):
    check(lambda x: ops.Convolution(x, constant(W), **PLACED, auto_pad=auto_pad), X)
    grouped = normal(2, 3, 2, 3, 2)
    check(lambda x: ops.GroupConvolution(x, constant(grouped), **PLACED, auto_pad=auto_pad), X)


@pytest.mark.parametrize("auto_pad", ["explicit", "valid"])
@pytest.mark.parametrize("output_padding", [(), (1, 0)])
def test_transposed_convolutions(auto_pad, output_padding):
    more = {**PLACED, "auto_pad": auto_pad, "output_padding": output_padding}
    check(lambda x: ops.ConvolutionBackpropData(x, constant(normal(4, 3, 3, 2)), **more), X)
    check(lambda x: ops.GroupConvolutionBackpropData(x, constant(normal(2, 2, 3, 3, 2)), **more), X)


@pytest.mark.parametrize("auto_pad", ["explicit", "same_upper", "same_lower", "valid"])
@pytest.mark.parametrize("rounding", ["floor", "ceil"])
def test_pooling(auto_pad, rounding):
    window = {"strides": (2, 3), "pads_begin": (1, 0), "pads_end": (1, 1), "kernel": (3, 2)}
    more = {"rounding_type": rounding, "auto_pad": auto_pad}
    check(lambda x: ops.MaxPool(x, **window, dilations=(1, 2), **more), X, results=1)
    excluding = (True,) if (rounding, auto_pad) == ("ceil", "explicit") else (False, True)  # see the test below
    for exclude in excluding:
        check(lambda x, e=exclude: ops.AvgPool(x, **window, exclude_pad=e, **more), X)
    check(lambda x: ops.AdaptiveAvgPool(x, constant(np.array([4, 3]))), X)


def test_what_lies_outside_of_the_padding_does_not_count_in_an_average():
    """The runtime counts it, which a workaround of mo avoids."""
    window = {"strides": (2,), "pads_begin": (1,), "pads_end": (1,), "kernel": (3,), "exclude_pad": False}
    graph = graph_of(lambda x: ops.AvgPool(x, **window, rounding_type="ceil"), np.ones((1, 1, 6), np.float32))
    np.testing.assert_allclose(Evaluator(graph)(np.ones((1, 1, 6), np.float32))[0], [[[2 / 3, 1, 1, 1 / 2]]], rtol=1e-6)


def test_normalisation():
    vectors = [constant(np.abs(normal(4)) + 0.5) for _ in range(4)]
    check(lambda x: ops.BatchNormInference(x, *vectors, epsilon=1e-3), X)
    for mode in ("inside_sqrt", "outside_sqrt"):
        check(lambda x, m=mode: ops.MVN(x, constant([2, 3]), normalize_variance=True, eps=1e-3, eps_mode=m), X)
    check(lambda x: ops.MVN(x, constant([1]), normalize_variance=False, eps=1e-3), X)
    for mode in ("add", "max"):
        check(lambda x, m=mode: ops.NormalizeL2(x, constant([1]), eps=0.5, eps_mode=m), X)
    check(lambda x: ops.LRN(x, constant([1]), alpha=0.3, beta=0.7, bias=1.0, size=3), X)


@pytest.mark.parametrize("nearest", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple"])
@pytest.mark.parametrize("how", ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])
def test_nearest_neighbours(nearest, how):
    kind = {"mode": "nearest", "nearest_mode": nearest, "coordinate_transformation_mode": how}
    for sizes in ([5, 17], [18, 3]):
        check(
            lambda x, s=sizes: ops.Interpolate(
                x, constant(s), constant([2, 3]), shape_calculation_mode="sizes", **kind
            ),
            X,
        )


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_recurrent_layers(direction):
    both = 1 + (direction == "bidirectional")
    x, h, c = normal(2, 5, 3), normal(2, both, 4), normal(2, both, 4)
    lengths = np.array([5, 5], np.int64)
    for kind, gates, biases, states, more in (
        (ops.LSTMSequence, 4, 4, [h, c], {}),
        (ops.GRUSequence, 3, 3, [h], {}),
        (ops.GRUSequence, 3, 4, [h], {"linear_before_reset": True}),
        (ops.RNNSequence, 1, 1, [h], {}),
    ):
        weights = [normal(both, gates * 4, 3), normal(both, gates * 4, 4), normal(both, biases * 4)]
        constants = [constant(w) for w in (lengths, *weights)]
        sizes = {"hidden_size": 4, "direction": direction, **more}
        check(lambda *v, k=kind, w=constants, s=sizes: k(*v, *w, **s), x, *states)


def test_recurrent_cells():
    x, h, c = normal(2, 3), normal(2, 4), normal(2, 4)
    for kind, gates, biases, states, more in (
        (ops.LSTMCell, 4, 4, [h, c], {}),
        (ops.GRUCell, 3, 3, [h], {}),
        (ops.GRUCell, 3, 4, [h], {"linear_before_reset": True}),
        (ops.RNNCell, 1, 1, [h], {}),
    ):
        weights = [constant(w) for w in (normal(gates * 4, 3), normal(gates * 4, 4), normal(biases * 4))]
        check(lambda *v, k=kind, w=weights, m=more: k(*v, *w, hidden_size=4, **m), x, *states)


# -- control flow and states


def running_sums():
    """A body that adds a piece to what is carried: results are the sum, and the sum times a factor."""
    body = Graph("body")
    piece, total, factor = (body.add_input(n, t.f32, s) for n, s in (("p", (1, 3)), ("t", (1, 3)), ("f", (1,))))
    added = ops.Add(total, piece)
    body.splice([added, scaled := ops.Multiply(added, factor)], None)
    body.add_output(added)
    body.add_output(scaled)
    return body


@pytest.mark.parametrize("backwards", [False, True])
def test_a_tensor_iterator(backwards):
    ends = {"start": -1, "end": 0, "stride": -1} if backwards else {}

    def build(x, start, factor):
        return ops.TensorIterator(
            [x, start, factor],
            body=running_sums(),
            input_ports=[Sliced(0, 0, **ends), Merged(1, 0), Invariant(2)],
            output_ports=[LastValue(0), Concatenated(1, 0, **ends)],
        )

    check(build, normal(4, 3), normal(1, 3), normal(1))


def test_a_loop_that_its_body_ends():
    body = Graph("body")
    number, x = body.add_input("n", t.i64, (1,)), body.add_input("x", t.f32, (2,))
    doubled, going = ops.Add(x, x), ops.Less(number, constant(np.array([2], np.int64)))
    body.splice([doubled, going], None)
    body.add_output(doubled)
    body.add_output(going)

    def build(x):
        return ops.Loop(
            constant(np.array(10, np.int64)),
            constant(np.array(True)),
            [x],
            body=body,
            input_ports=[Merged(1, 0)],
            output_ports=[LastValue(0)],
            body_condition=1,
            current_iteration=0,
        )

    x = normal(2)
    check(build, x)
    np.testing.assert_array_equal(Evaluator(graph_of(build, x))(x)[0], x * 8)


@pytest.mark.parametrize("condition", [True, False])
def test_a_branch(condition):
    bodies = []
    for kind in (ops.Sigmoid, ops.Tanh):
        body = Graph("body")
        body.splice([made := kind(body.add_input("x", t.f32, (2, 3)))], None)
        body.add_output(made)
        bodies.append(body)

    def build(c, x):
        return ops.If(c, [x], then_body=bodies[0], else_body=bodies[1], then_inputs=(0,), else_inputs=(0,))

    check(build, np.array([condition]), normal(2, 3))


def test_states_are_kept_from_call_to_call():
    graph = Graph("g")
    x = graph.add_input("x", t.f32, (2,))
    read = ops.ReadValue(constant(np.zeros(2, np.float32)), variable_id="v", variable_type=t.f32, variable_shape=(2,))
    total = ops.Add(read, x)
    graph.splice([read, total, ops.Assign(total, variable_id="v")], None)
    graph.add_output(total, "y")
    calls = [[normal(2)] for _ in range(3)]
    got = Evaluator(graph).run(calls)
    for i, outputs in enumerate(got):
        np.testing.assert_allclose(outputs[0], sum(c[0] for c in calls[: i + 1]), rtol=1e-6)


def test_shapes_that_are_known_at_run_time_only():
    graph = Graph("g")
    x = graph.add_input("x", t.f32, (t.Dynamic(), t.Dynamic()))
    count = ops.ShapeOf(ops.NonZero(x))
    flat = ops.Reshape(
        ops.Broadcast(constant(np.float32(2)), ops.ShapeOf(x)), constant(np.array([-1])), special_zero=False
    )
    graph.splice([count, flat], None)
    graph.add_output(count, "count")
    graph.add_output(flat, "flat")
    data = np.array([[0, 1, 2], [3, 0, 0]], np.float32)
    count_, flat_ = Evaluator(graph)(data)
    assert count_.tolist() == [2, 3] and flat_.tolist() == [2] * 6


def test_what_it_does_not_compute_is_named():
    graph = graph_of(lambda x: ops.GridSample(x, constant(normal(2, 3, 3, 2))), X)
    assert Evaluator.missing(graph) == ["GridSample"]
    window = {"strides": (1, 1), "pads_begin": (0, 0), "pads_end": (0, 0), "kernel": (2, 2)}
    assert Evaluator.missing(graph_of(lambda x: ops.MaxPool(x, **window), X)) == ["MaxPool"]  # where the maxima are
