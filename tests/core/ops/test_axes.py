"""What operations say of their axes: along one that is carried, any order of the indices goes through."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core import ops
from mo_core.ir import Graph
from mo_core.ir import types as t
from mo_core.testing import evaluate

SHAPE = (2, 4, 5, 6)
WINDOW = {"strides": [1, 1], "pads_begin": [1, 1], "pads_end": [1, 1]}
W = np.random.default_rng(3).standard_normal((3, 4, 3, 3)).astype(np.float32)
SIZES = (np.array([10, 6]), np.array([2.0, 1.0], np.float32))

OPS = {
    "Tanh": (lambda x: ops.Tanh(x), [0, 1, 2, 3]),
    "Convert": (lambda x: ops.Convert(x, destination_type=t.f16), [0, 1, 2, 3]),
    "Clamp": (lambda x: ops.Clamp(x, min=-0.5, max=0.5), [0, 1, 2, 3]),
    "Maximum": (lambda x: ops.Maximum(x, 0.25), [0, 1, 2, 3]),
    "PReLU of one slope": (lambda x: ops.PReLU(x, [0.5]), [0, 1, 2, 3]),
    "Softmax": (lambda x: ops.Softmax(x, axis=-2), [0, 1, None, 3]),
    "ReduceSum": (lambda x: ops.ReduceSum(x, [1, 3], keep_dims=False), [0, None, 1, None]),
    "ReduceMax, axes kept": (lambda x: ops.ReduceMax(x, [-1], keep_dims=True), [0, 1, 2, None]),
    "MVN": (lambda x: ops.MVN(x, [2, 3], eps=1e-3, normalize_variance=True, eps_mode="inside_sqrt"), [0, 1, None, None]),
    "Pad": (lambda x: ops.Pad(x, [0, 0, 1, 0], [0, 0, 0, 2], 0.0, pad_mode="constant"), [0, 1, None, None]),
    "Tile": (lambda x: ops.Tile(x, [1, 2, 1, 1]), [0, None, 2, 3]),
    "MaxPool": (lambda x: ops.MaxPool(x, kernel=[3, 3], **WINDOW), [0, 1, None, None]),
    "AvgPool": (lambda x: ops.AvgPool(x, kernel=[3, 3], exclude_pad=True, **WINDOW), [0, 1, None, None]),
    "Convolution": (lambda x: ops.Convolution(x, W, dilations=[1, 1], **WINDOW), [0, None, None, None]),
    "Interpolate": (
        lambda x: ops.Interpolate(x, SIZES[0], [2, 3], mode="linear_onnx", shape_calculation_mode="sizes"),
        [0, 1, None, None],
    ),
}  # fmt: skip


def graph_of(build):
    graph = Graph()
    value = build(graph.add_input("x", t.f32, SHAPE))
    graph.add_output(value.node.results[0], "y")
    return graph, value.node


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("axis", range(4))
def test_the_order_along_a_carried_axis_goes_through(name, axis):
    build, expected = OPS[name]
    graph, node = graph_of(build)
    carried = node.axis_trait.carried(node, axis)
    assert carried == expected[axis]
    rng = np.random.default_rng(axis)
    x = rng.standard_normal(SHAPE).astype(np.float32)
    order = rng.permutation(SHAPE[axis])[::-1]
    plain, turned = (evaluate(graph, data)[0] for data in (x, np.take(x, order, axis)))
    if carried is not None:
        np.testing.assert_allclose(turned, np.take(plain, order, carried), rtol=1e-5, atol=1e-6)


def test_what_is_not_known_is_not_carried():
    graph = Graph()
    x = graph.add_input("x", t.f32, None)
    y = graph.add_input("y", t.i64, (2,))
    z = graph.add_input("z", t.f32, SHAPE)
    for node in (ops.Softmax(x, axis=1), ops.ReduceSum(z, y, keep_dims=True), ops.Tile(z, [2, 2])):
        assert node.axis_trait.carried(node, 0) is None
    wide = ops.Select(ops.Greater(graph.add_input("c", t.f32, (6,)), 0.0), z, 0.0)
    assert wide.axis_trait.carried(wide, 0) == 3
