"""Sliding windows, as adapters build them: on the runtime, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.build import windows as w
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Graph, constant
from mo_core.ir import types as t
from mo_core.ops import GroupConvolution
from mo_core.testing import evaluate

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 4, 6, 5)).astype(np.float32)


def computed(build, *arrays, open_axes=()):
    """Result of what `build` makes of inputs like these arrays, some of whose axes have an unknown size."""
    graph = Graph("g")
    inputs = []
    for i, a in enumerate(arrays):
        shape = tuple(t.Dynamic() if axis in open_axes else n for axis, n in enumerate(a.shape))
        inputs.append(graph.add_input(f"x{i}", t.from_dtype(a.dtype), shape))
    graph.add_output(build(*inputs), "y")
    return evaluate(graph, *arrays, engine="runtime")[0]


def spatial(strides=(1, 1), dilations=(1, 1), begin=(0, 0), end=None):
    return w.Spatial(strides=strides, dilations=dilations, pads_begin=begin, pads_end=begin if end is None else end)


def windows(x, kernel, strides=(1, 1), begin=(0, 0), end=(0, 0)):
    """The windows of zero-padded images: N, C, rows, columns, *kernel."""
    padded = np.pad(x, [(0, 0), (0, 0), *zip(begin, end)])
    view = np.lib.stride_tricks.sliding_window_view(padded, kernel, (2, 3))
    return view[:, :, :: strides[0], :: strides[1]]


def convolved(x, filters, groups, strides, begin):
    """A convolution in groups, by its definition."""
    view = windows(x, filters.shape[2:], strides, begin, begin)
    parts = np.split(view, groups, axis=1)
    return np.concatenate(
        [np.einsum("ncijhw,ochw->noij", v, f) for v, f in zip(parts, np.split(filters, groups))], axis=1
    )


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("open_axes", [(), (0, 2, 3)])
def test_convolutions_in_groups_with_a_bias(groups, open_axes):
    filters = RNG.normal(size=(8, 4 // groups, 3, 2)).astype(np.float32)
    bias = RNG.normal(size=8).astype(np.float32)
    attributes = spatial(strides=(2, 1), begin=(1, 0))
    found = computed(
        lambda x: w.convolve(x, constant(filters), constant(bias), groups, attributes), X, open_axes=open_axes
    )
    want = convolved(X, filters, groups, (2, 1), (1, 0)) + bias[:, None, None]
    np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-4)


def test_a_transposed_convolution_is_the_gradient_of_a_convolution():
    filters = RNG.normal(size=(4, 3, 3, 2)).astype(np.float32)
    attributes = spatial(strides=(2, 2), begin=(1, 0))
    found = computed(lambda y: w.deconvolve(y, constant(filters), None, 1, attributes, output_padding=(1, 0)), X)
    data = RNG.normal(size=(2, 3, 12, 10)).astype(np.float32)
    # <convolution(data), X> = <data, transposed(X)>
    forward = convolved(data, filters, 1, (2, 2), (1, 0))
    np.testing.assert_allclose((forward * X).sum(), (data * found).sum(), rtol=1e-3)


def test_a_transposed_convolution_in_groups():
    filters = RNG.normal(size=(4, 3, 3, 2)).astype(np.float32)
    found = computed(lambda y: w.deconvolve(y, constant(filters), None, 2, spatial()), X)
    halves = [
        computed(lambda y, f=f: w.deconvolve(y, constant(f), None, 1, spatial()), np.ascontiguousarray(x))
        for x, f in zip(np.split(X, 2, 1), np.split(filters, 2))
    ]
    np.testing.assert_allclose(found, np.concatenate(halves, 1), rtol=1e-4, atol=1e-5)


def test_the_filters_of_taps_give_the_elements_of_windows():
    found = computed(lambda x: GroupConvolution(x, w.filters_of_taps(x, (2, 3)), **spatial(strides=(2, 1))), X)
    want = windows(X, (2, 3), (2, 1)).transpose(0, 1, 4, 5, 2, 3).reshape(2, 24, 3, 3)
    np.testing.assert_allclose(found, want, rtol=1e-6)


@pytest.mark.parametrize("count_padding", [True, False])
def test_means_count_the_padding_or_not(count_padding):
    attributes = spatial(strides=(2, 2), begin=(1, 1))
    found = computed(lambda x: w.mean_of_windows(x, (3, 3), attributes, count_padding=count_padding), X)
    sums = windows(X, (3, 3), (2, 2), (1, 1), (1, 1)).sum((4, 5))
    ones = windows(np.ones_like(X), (3, 3), (2, 2), (1, 1), (1, 1)).sum((4, 5))
    np.testing.assert_allclose(found, sums / (9 if count_padding else ones), rtol=1e-5, atol=1e-6)


def test_a_window_larger_than_the_data_is_all_there_is():
    kernel, attributes = (8, 3), spatial(strides=(3, 1))
    found = computed(lambda x: w.mean_of_windows(x, *w.fitted(x, kernel, attributes, "ceil"), rounding="ceil"), X)
    np.testing.assert_allclose(found, windows(X, (6, 3)).mean((4, 5)), rtol=1e-5, atol=1e-6)


def test_where_rounding_down_leaves_nothing_the_kernel_stays():
    graph = Graph("g")
    x = graph.add_input("x", t.f32, X.shape)
    assert w.fitted(x, (8, 3), spatial(), "floor") == ((8, 3), spatial())


@pytest.mark.parametrize("p", [1, 2, 3])
def test_p_norms_of_windows(p):
    found = computed(lambda x: w.root(w.mean_of_windows(w.powered(x, p), (2, 2), spatial()), p), X)
    np.testing.assert_allclose(found, (np.abs(windows(X, (2, 2))) ** p).mean((4, 5)) ** (1 / p), rtol=1e-4)


@pytest.mark.parametrize("apart", [0, 1, 2])
@pytest.mark.parametrize("open_axes", [(), (0, 1, 2, 3)])
def test_values_go_back_to_their_places(apart, open_axes):
    sizes = (2, 4, 7, 6)
    room = int(np.prod(sizes[apart:]))
    each = int(np.prod(X.shape[apart:]))
    rows = [RNG.permutation(room)[:each] for _ in range(int(np.prod(X.shape[:apart])))]
    places = np.stack(rows).reshape(X.shape).astype(np.int64)
    want = np.zeros((len(rows), room), np.float32)
    for row, where, what in zip(want, rows, X.reshape(len(rows), each)):
        row[where] = what
    found = computed(lambda x, at: w.unpooled(x, at, sizes, apart), X, places, open_axes=open_axes)
    np.testing.assert_array_equal(found, want.reshape(sizes))


def test_channels_come_to_the_front_and_go_back():
    last = np.ascontiguousarray(X.transpose(0, 2, 3, 1))
    attributes = spatial(strides=(2, 1))
    found = computed(lambda x: w.channels_first(x, lambda v: w.mean_of_windows(v, (2, 2), attributes)), last)
    np.testing.assert_allclose(
        found, windows(X, (2, 2), (2, 1)).mean((4, 5)).transpose(0, 2, 3, 1), rtol=1e-5, atol=1e-6
    )


def test_numbers_that_do_not_fit_are_refused():
    assert w.per_axis(2, None, 1, "strides") == (1, 1)
    with pytest.raises(ModelError, match="strides has 3 numbers, and there are 2 spatial axes"):
        w.per_axis(2, (1, 2, 3), 1, "strides")
    with pytest.raises(ModelError, match="pads has the number -1, and 0 is the least that is possible"):
        w.per_axis(2, (0, -1), 0, "pads")
    with pytest.raises(Unsupported, match="4 spatial axes are not supported"):
        w.require_axes(4)
    with pytest.raises(ModelError, match="6 filters cannot be divided into 4 groups"):
        w.split_groups(constant(np.zeros((6, 1, 1, 1), np.float32)), 4)
