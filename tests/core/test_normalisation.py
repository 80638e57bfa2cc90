"""Normalisations, as adapters build them: on the runtime, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.build import normalisation as n
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Graph, constant
from mo_core.ir import types as t
from mo_core.testing import evaluate

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 6, 5, 4)).astype(np.float32)
SCALE, SHIFT, MEAN = (RNG.normal(size=6).astype(np.float32) for _ in range(3))
VARIANCE = RNG.uniform(0.5, 2, 6).astype(np.float32)
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def computed(build, *arrays):
    """Result of what `build` makes of inputs like these arrays."""
    graph = Graph("g")
    inputs = [graph.add_input(f"x{i}", t.from_dtype(a.dtype), a.shape) for i, a in enumerate(arrays)]
    graph.add_output(build(*inputs), "y")
    return evaluate(graph, *arrays, engine="runtime")[0]


def along(v, axis=1):
    """A vector along an axis of `X`."""
    return v.reshape([-1 if a == axis else 1 for a in range(4)])


def by_own(x, axes, epsilon):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


def test_an_affine_function_along_an_axis():
    vector = RNG.normal(size=5).astype(np.float32)
    found = computed(lambda x: n.affine(x, constant(vector), constant(2 * vector), axis=-2), X)
    np.testing.assert_allclose(found, along(vector, 2) * X + 2 * along(vector, 2), **CLOSE)
    np.testing.assert_array_equal(computed(lambda x: n.affine(x, None, None), X), X)


@pytest.mark.parametrize("keep_dims", [True, False])
def test_statistics_are_of_all_elements(keep_dims):
    for which, want in enumerate((X.mean((0, 2), keepdims=keep_dims), X.var((0, 2), keepdims=keep_dims))):
        found = computed(lambda x, i=which: n.statistics(x, [0, 2], keep_dims)[i], X)
        np.testing.assert_allclose(found, want, **CLOSE)


@pytest.mark.parametrize("axis", [1, -3, -1])
def test_learned_statistics_along_any_axis(axis):
    data = X if axis != -1 else np.ascontiguousarray(X.transpose(0, 2, 3, 1))
    learned = [constant(v) for v in (SCALE, SHIFT, MEAN, VARIANCE)]
    found = computed(lambda x: n.by_learned_statistics(x, *learned, 1e-3, axis), data)
    scale, shift, mean, variance = (along(v, axis % 4) for v in (SCALE, SHIFT, MEAN, VARIANCE))
    np.testing.assert_allclose(found, scale * (data - mean) / np.sqrt(variance + 1e-3) + shift, **CLOSE)


def test_learned_statistics_of_half_precision_data_are_taken_in_it():
    learned = [constant(v) for v in (SCALE, SHIFT, MEAN, VARIANCE)]
    graph = Graph("g")
    x = graph.add_input("x", t.f16, X.shape)
    assert n.by_learned_statistics(x, *learned, 1e-3).element is t.f16


@pytest.mark.parametrize("axes", [(1,), (2, 3), (0, 2, 3)])
def test_own_statistics(axes):
    np.testing.assert_allclose(computed(lambda x: n.by_own_statistics(x, axes, 0.1), X), by_own(X, axes, 0.1), **CLOSE)


def test_each_channel_of_each_image():
    found = computed(lambda x: n.instance_norm(x, constant(SCALE), constant(SHIFT), 0.1), X)
    np.testing.assert_allclose(found, along(SCALE) * by_own(X, (2, 3), 0.1) + along(SHIFT), **CLOSE)


@pytest.mark.parametrize("numbers", [6, 3])
def test_groups_of_channels_with_numbers_for_channels_or_groups(numbers):
    scale, shift = SCALE[:numbers], SHIFT[:numbers]
    found = computed(lambda x: n.group_norm(x, constant(scale), constant(shift), 3, 0.1), X)
    want = by_own(X.reshape(2, 3, -1), (2,), 0.1).reshape(X.shape)
    each = [along(np.repeat(v, 6 // numbers)) for v in (scale, shift)]
    np.testing.assert_allclose(found, each[0] * want + each[1], **CLOSE)


def test_groups_that_cannot_be_made():
    graph = Graph("g")
    x, vector = graph.add_input("x", t.f32, X.shape), constant(SCALE)
    with pytest.raises(ModelError, match="6 channels cannot be divided into 4 groups"):
        n.group_norm(x, vector, vector, 4, 0.1)
    open_x = graph.add_input("o", t.f32, (2, t.Dynamic(), 5, 4))
    with pytest.raises(Unsupported, match="the number of channels must be known"):
        n.group_norm(open_x, constant(SCALE[:3]), constant(SHIFT[:3]), 3, 0.1)


def test_root_mean_squares():
    found = computed(lambda x: n.rms_norm(x, [-1], 0.1), X)
    np.testing.assert_allclose(found, X / np.sqrt((X**2).mean(-1, keepdims=True) + 0.1), **CLOSE)


@pytest.mark.parametrize("size", [1, 3, 4, 5])
def test_local_response_of_odd_and_even_sizes(size):
    found = computed(lambda x: n.local_response(x, size, 0.5, 0.75, 2.0), X)
    padded = np.pad(X**2, [(0, 0), ((size - 1) // 2, size // 2), (0, 0), (0, 0)])
    total = sum(padded[:, i : i + 6] for i in range(size))
    np.testing.assert_allclose(found, X / (2.0 + 0.5 / size * total) ** 0.75, **CLOSE)


def test_a_large_even_size_is_refused():
    graph = Graph("g")
    with pytest.raises(Unsupported, match="LRN over 100 channels"):
        n.local_response(graph.add_input("x", t.f32, X.shape), 100, 0.5, 0.75, 2.0)
