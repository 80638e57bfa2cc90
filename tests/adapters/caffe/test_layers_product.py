"""Fully connected layers, look-up tables, sums and maxima along axes."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.errors import ModelError
from tests.adapters.caffe.harness import Array, close, layer, positive, run, same_as_opencv, values

X = {"x": values(2, 3, 4, 5)}


def fully(fields: str = "") -> str:
    return layer("InnerProduct", "x", "y", f"inner_product_param {{ num_output: 7 {fields} }}")


# -- InnerProduct


def test_inner_product() -> None:
    same_as_opencv(fully(), X, {"y": [values(7, 60, seed=1), values(7, seed=2)]})
    same_as_opencv(fully("bias_term: false"), X, {"y": [values(7, 60, seed=1)]})
    same_as_opencv(fully(), {"x": values(3, 9)}, {"y": [values(7, 9, seed=1), values(7, seed=2)]})


def test_inner_product_with_blobs_of_an_old_file() -> None:
    w, b = values(7, 60, seed=1), values(7, seed=2)
    got = run(fully(), X, {"y": [w.reshape(1, 1, 7, 60), b.reshape(1, 1, 1, 7)]})
    close(got["y"], X["x"].reshape(2, 60) @ w.T + b)


@pytest.mark.parametrize(("axis", "inputs"), [(0, 120), (1, 60), (2, 20), (3, 5), (-1, 5), (-2, 20)])
@pytest.mark.parametrize("transpose", [True, False])
def test_inner_product_along_any_axes(axis: int, inputs: int, transpose: bool) -> None:
    x, w, b = X["x"], values(7, inputs, seed=1), values(7, seed=2)
    got = run(fully(f"axis: {axis} transpose: {str(transpose).lower()}"), X, {"y": [w.T if transpose else w, b]})
    lead = x.shape[: axis % 4]
    close(got["y"], x.reshape(*lead, inputs) @ w.T + b)


def test_inner_product_takes_any_batch() -> None:
    w = values(7, 60, seed=1)
    text = layer("Input", "", "x", "input_param { shape { dim: 1 dim: 3 dim: 4 dim: 5 } }") + fully("bias_term: false")
    for batch in (1, 2, 5):
        x = values(batch, 3, 4, 5)
        close(run(text, {"x": x}, {"y": [w]})["y"], x.reshape(batch, 60) @ w.T)


def test_weights_for_another_number_of_inputs_are_refused() -> None:
    with pytest.raises(ModelError, match="50 values for each of 7 outputs, and the layer has 60") as caught:
        run(fully("bias_term: false"), X, {"y": [values(7, 50)]})
    assert 'InnerProduct "y"' in str(caught.value)


def test_embed() -> None:
    x = np.array([[3, 0], [1, 3], [2, 2]], np.float32)
    table, b = values(4, 6), values(6, seed=1)
    got = run(layer("Embed", "x", "y", "embed_param { num_output: 6 input_dim: 4 }"), {"x": x}, {"y": [table, b]})
    close(got["y"], table[x.astype(int)] + b)
    rest = "embed_param { num_output: 6 input_dim: 4 bias_term: false }"
    close(run(layer("Embed", "x", "y", rest), {"x": x}, {"y": [table]})["y"], table[x.astype(int)])


# -- Softmax


def softmax(x: Array, axis: int) -> Array:
    e = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(e / e.sum(axis, keepdims=True))


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -2])
def test_softmax_along_any_axis(axis: int) -> None:
    close(run(layer("Softmax", "x", "y", f"softmax_param {{ axis: {axis} }}"), X)["y"], softmax(X["x"], axis))


def test_softmax_as_opencv() -> None:
    same_as_opencv(layer("Softmax", "x", "y"), X)
    same_as_opencv(layer("Softmax", "x", "y"), {"x": values(4, 10)})


@pytest.mark.parametrize(
    ("kind", "want"),
    [("SoftmaxWithLoss", lambda x: softmax(x, 1)), ("SigmoidCrossEntropyLoss", lambda x: 1 / (1 + np.exp(-x)))],
)
def test_a_loss_gives_what_it_computes_on_the_way(kind: str, want: object) -> None:
    assert callable(want)
    text = layer("Input", "", "x", "input_param { shape { dim: 4 dim: 5 } }") + layer("Input", "", "label")
    x = values(4, 5)
    got = run(text + layer(kind, "x label", "loss"), {"x": x})
    close(next(iter(got.values())), want(x))


# -- Reduction


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
@pytest.mark.parametrize(
    ("operation", "want"),
    [
        ("SUM", np.sum),
        ("MEAN", np.mean),
        ("ASUM", lambda x, axis: np.abs(x).sum(axis)),
        ("SUMSQ", lambda x, axis: (x * x).sum(axis)),
    ],
)
def test_reduction(axis: int, operation: str, want: object) -> None:
    assert callable(want)
    rest = f"reduction_param {{ operation: {operation} axis: {axis} coeff: 0.5 }}"
    axes = tuple(range(axis % 4, 4))
    close(run(layer("Reduction", "x", "y", rest), X)["y"], np.asarray(0.5 * want(X["x"], axis=axes)))


# -- ArgMax


def best(x: Array, k: int, axis: int) -> Array:
    return np.take(np.argsort(-x, axis, kind="stable"), range(k), axis)


def test_arg_max_over_images() -> None:
    x = X["x"]
    order = best(x.reshape(2, -1), 3, 1)
    got = run(layer("ArgMax", "x", "y", "argmax_param { top_k: 3 }"), X)
    close(got["y"], order.reshape(2, 1, 3, 1).astype(np.float32))
    got = run(layer("ArgMax", "x", "y", "argmax_param { top_k: 3 out_max_val: true }"), X)
    top = np.take_along_axis(x.reshape(2, -1), order, 1)
    close(got["y"], np.stack([order, top], 1).reshape(2, 2, 3, 1).astype(np.float32))


@pytest.mark.parametrize("shape", [(4, 9), (4, 9, 1), (4, 3, 3, 1, 1)])
def test_arg_max_has_three_axes_at_least(shape: tuple[int, ...]) -> None:
    x = values(*shape)
    got = run(layer("ArgMax", "x", "y"), {"x": x})
    want = x.reshape(4, -1).argmax(1).reshape(4, 1, 1, *[1] * max(len(shape) - 3, 0))
    close(got["y"], want.astype(np.float32))


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_arg_max_along_an_axis(axis: int) -> None:
    x = X["x"]
    order = best(x, 2, axis)
    got = run(layer("ArgMax", "x", "y", f"argmax_param {{ axis: {axis} top_k: 2 }}"), X)
    close(got["y"], order.astype(np.float32))
    got = run(layer("ArgMax", "x", "y", f"argmax_param {{ axis: {axis} top_k: 2 out_max_val: true }}"), X)
    close(got["y"], np.take_along_axis(x, order, axis))


@pytest.mark.parametrize(("fields", "axis"), [("axis: 1", 1), ("axis: -1 top_k: 4", 3), ("top_k: 5", None)])
def test_of_equal_values_the_last_is_the_largest(fields: str, axis: int | None) -> None:
    x = np.random.default_rng(0).integers(0, 3, (2, 7, 5, 6)).astype(np.float32)
    count = int(fields.partition("top_k: ")[2] or 1)
    along = x.reshape(2, 1, -1) if axis is None else x
    last = 2 if axis is None else axis
    want = along.shape[last] - 1 - best(np.flip(along, last), count, last)
    got = run(layer("ArgMax", "x", "y", f"argmax_param {{ {fields} }}"), {"x": x})
    close(got["y"].reshape(want.shape), want.astype(np.float32))


def test_arg_max_as_opencv() -> None:
    got = run(layer("ArgMax", "x", "y", "argmax_param { axis: 1 }"), {"x": positive(2, 4, 3, 3)})
    close(got["y"], positive(2, 4, 3, 3).argmax(1, keepdims=True).astype(np.float32))
