"""Images in other sizes, as adapters build them: on the runtime, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.build import resize
from mo_core.build.basics import dim_size
from mo_core.errors import ModelError
from mo_core.ir import Graph
from mo_core.ir import types as t
from mo_core.testing import evaluate

X = np.random.default_rng(0).normal(size=(1, 2, 4, 6)).astype(np.float32)


def computed(build, open_sizes=False):
    graph = Graph("g")
    x = graph.add_input("x", t.f32, (1, 2, t.Dynamic(), t.Dynamic()) if open_sizes else X.shape)
    graph.add_output(build(x), "y")
    return evaluate(graph, X, engine="runtime")[0]


@pytest.mark.parametrize("open_sizes", [False, True])
def test_the_corners_stay_where_they_are_aligned(open_sizes):
    found = computed(lambda x: resize.resized(x, [7, dim_size(x, 3)], coordinates="align_corners"), open_sizes)
    rows = np.linspace(0, 3, 7)
    low = np.minimum(rows.astype(int), 2)
    share = (rows - low)[:, None]
    np.testing.assert_allclose(found, X[:, :, low] * (1 - share) + X[:, :, low + 1] * share, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("open_sizes", [False, True])
def test_elements_are_repeated(open_sizes):
    found = computed(lambda x: resize.repeated(x, [2, 3]), open_sizes)
    np.testing.assert_array_equal(found, X.repeat(2, 2).repeat(3, 3))


def test_factors_of_the_own_size():
    found = computed(lambda x: resize.scaled(x, [0.5], [3], mode="nearest", coordinates="asymmetric"))
    np.testing.assert_array_equal(found, X[..., ::2])


def test_a_factor_of_nothing():
    graph = Graph("g")
    with pytest.raises(ModelError, match="cannot be enlarged 0 times"):
        resize.repeated(graph.add_input("x", t.f32, X.shape), [2, 0])
