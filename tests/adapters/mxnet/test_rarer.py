"""Operators that few networks have: correlation, CTC, sketches, editing, statistics, densities, drawing by chance."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.errors import ModelError, Unsupported
from tests.adapters.mxnet.harness import assert_close, check_op, convert, integers, one_op, positive, run, values


def known(op, feeds, params=None, **attributes):
    check_op(op, feeds, params, dynamic=False, **attributes)


# -- images


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"kernel_size": 1, "max_displacement": 2, "stride1": 1, "stride2": 1, "pad_size": 2},
        {"kernel_size": 3, "max_displacement": 2, "stride1": 2, "stride2": 2, "pad_size": 3},
        {"kernel_size": 1, "max_displacement": 3, "stride1": 2, "stride2": 2, "pad_size": 3, "is_multiply": False},
        {"kernel_size": 3, "max_displacement": 0, "stride1": 1, "stride2": 1, "pad_size": 1},
    ],
)
def test_correlation(attributes):
    feeds = {"a": values(2, 3, 10, 11), "b": values(2, 3, 10, 11, seed=1)}
    check_op("Correlation", feeds, outputs=1, rtol=2e-5, **attributes)


def test_correlation_of_too_many_shifts():
    feeds = {"a": values(1, 1, 99, 99), "b": values(1, 1, 99, 99)}
    with pytest.raises(Unsupported, match="4225 shifts"):
        convert(one_op("Correlation", feeds, max_displacement=32), input="a[1,1,99,99],b[1,1,99,99]")


@pytest.mark.parametrize("ratio", [-1, 2])
def test_rotated_regions(ratio):
    rois = np.array([[0, 5, 6, 6, 4, 30], [1, 7, 5, 5, 8, -60], [0, 4, 4, 3, 3, 0]], np.float32)
    feeds = {"x": values(2, 3, 12, 12), "rois": rois}
    check_op("_contrib_RROIAlign", feeds, pooled_size=(3, 2), spatial_scale=0.5, sampling_ratio=ratio, rtol=5e-5)


def test_encoded_boxes():
    feeds = {
        "samples": np.array([[1, -1, 1, 0]], np.float32),
        "matches": np.array([[1, 0, 2, 1]], np.float32),
        "anchors": positive(1, 4, 4).cumsum(2).astype(np.float32),
        "refs": positive(1, 3, 4, seed=1).cumsum(2).astype(np.float32),
        "means": values(4) * 0.1,
        "stds": positive(4),
    }
    check_op("_contrib_box_encode", feeds, outputs=2, rtol=2e-5)


def test_borders():
    """MXNet's own takes arrays only; numpy is the reference."""
    x = integers(0, 255, 4, 5, 3, dtype=np.uint8)
    net = one_op("_cvcopyMakeBorder", {"x": x}, top=1, bot=2, left=3, right=0, values=(7.0, 7.0, 7.0))
    assert_close(run(net, {"x": x}), [np.pad(x, ((1, 2), (3, 0), (0, 0)), constant_values=7)])
    net = one_op("_cvimresize", {"x": x}, w=10, h=8)
    assert run(net, {"x": x})[0].shape == (8, 10, 3)


# -- sequences and sketches


@pytest.mark.parametrize("op", ["CTCLoss", "_contrib_ctc_loss"])
@pytest.mark.parametrize("blank", ["first", "last"])
def test_ctc_loss(blank, op):
    padding = 0 if blank == "first" else -1
    labels = np.array([[1, 2, 2, padding], [3, 1, padding, padding], [2, 2, 1, 3]], np.float32)
    known(op, {"x": values(9, 3, 5), "label": labels}, blank_label=blank, rtol=2e-5)
    lengths = {"times": np.array([9, 6, 8], np.float32), "count": np.array([3, 1, 4], np.float32)}
    both = {"use_data_lengths": True, "use_label_lengths": True}
    labels = np.abs(labels)
    known(op, {"x": values(9, 3, 5), "label": labels, **lengths}, blank_label=blank, rtol=2e-5, **both)


def test_count_sketch():
    """MXNet has it for other devices only."""
    x, places, signs = values(3, 6), integers(0, 4, 1, 6), np.sign(values(1, 6, seed=1))
    want = np.zeros((3, 4), np.float32)
    for i in range(6):
        want[:, int(places[0, i])] += signs[0, i] * x[:, i]
    feeds = {"x": x, "h": places, "s": signs}
    assert_close(run(one_op("_contrib_count_sketch", feeds, out_dim=4), feeds), [want], 1e-6)


# -- editing


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("where", [{"int_ind": 1}, {"int_ind": -1}, {"start": 0, "stop": 3, "step": 2}])
def test_deletion_and_insertion(where, axis):
    """An executor of MXNet cannot tell how many elements are left or put in: numpy is the reference."""
    x = {"x": values(3, 4)}
    along = {} if axis is None else {"axis": axis}
    place = where["int_ind"] if "int_ind" in where else slice(where["start"], where["stop"], where["step"])
    assert_close(run(one_op("_npi_delete", x, numpy=True, **where, **along), x), [np.delete(x["x"], place, axis)])
    op = "_npi_insert_scalar" if "int_ind" in where else "_npi_insert_slice"
    net = one_op(op, x, numpy=True, val=2.5, **where, **along)
    assert_close(run(net, x), [np.insert(x["x"], place, 2.5, axis)])


def test_insertion_of_rows():
    x = values(3, 4)
    known("_npi_insert_scalar", {"x": x, "v": values(4, seed=1)}, numpy=True, int_ind=2, axis=0)
    known("_npi_insert_scalar", {"x": x, "v": values(3, seed=1)}, numpy=True, int_ind=0, axis=1)
    known("_npi_insert_slice", {"x": x, "v": values(2, 4, seed=1)}, numpy=True, start=0, stop=3, step=2, axis=0)


def test_places_as_an_array():
    """An executor of MXNet cannot tell how many elements are left: numpy is the reference for that."""
    x, places = {"x": values(3, 4)}, {"p": np.array([2, 0], np.int64)}
    net = one_op("_npi_delete", x, places, numpy=True, axis=0)
    assert_close(run(net, x, places), [np.delete(x["x"], places["p"], 0)])
    known("_npi_insert_tensor", {**x, "v": values(2, 4, seed=1)}, places, numpy=True, axis=0)
    with pytest.raises(Unsupported, match="at constant places only"):
        convert(net, input="x[3,4],p[2]{i64}")


def test_assignment_by_a_mask():
    """MXNet does it in place, which an executor does not: numpy is the reference."""

    def assigned(mask, rows, axis=0):
        feeds = {"x": values(3, 4), "m": mask}
        if isinstance(rows, np.ndarray):
            feeds["v"] = rows
            net = one_op("_npi_boolean_mask_assign_tensor", feeds, numpy=True, start_axis=axis)
        else:
            net = one_op("_npi_boolean_mask_assign_scalar", feeds, numpy=True, start_axis=axis, value=rows)
        want = feeds["x"].copy()
        np.moveaxis(want, axis, 0)[mask] = rows
        assert_close(run(net, feeds), [want])

    mask = np.array([True, False, True])
    assigned(mask, 7.0)
    assigned(np.array([False, True, True, False]), 7.0, axis=1)
    assigned(mask, values(2, 4, seed=1))
    assigned(mask, values(1, seed=1))


def test_differences():
    known("_npi_ediff1d", {"x": values(2, 4)}, numpy=True)
    known("_npi_ediff1d", {"x": values(2, 4)}, numpy=True, to_begin_scalar=3.0, to_end_scalar=-1.0)
    feeds = {"x": values(2, 4), "b": values(2, seed=1), "e": values(3, seed=2)}
    known("_npi_ediff1d", feeds, numpy=True, to_begin_arr_given=True, to_end_arr_given=True)


def test_places_of_a_diagonal_and_marks():
    known("_npi_diag_indices_from", {"x": values(4, 4, 4)}, numpy=True)
    feeds = {"places": integers(0, 5, 3), "like": values(3, 5)}
    (got,) = run(one_op("_onehot_encode", feeds), feeds)
    assert_close([got], [np.eye(5, dtype=np.float32)[feeds["places"].astype(int)]])


# -- statistics


def test_histograms():
    x = values(50)
    known("_histogram", {"x": x}, outputs=2, bin_cnt=8, range=(-2.0, 2.0))
    edges = {"edges": np.array([-1.5, -0.5, 0.0, 2.0], np.float32)}
    known("_histogram", {"x": x, **edges}, outputs=2)
    with pytest.raises(ModelError, match="a number of bins and a range"):
        convert(one_op("_npi_histogram", {"x": x}, numpy=True), input="x[50]")


@pytest.mark.parametrize("kind", ["linear", "lower", "higher", "midpoint", "nearest"])
@pytest.mark.parametrize("axis", [None, (0,), (1, 2)])
def test_percentiles(axis, kind):
    given = {"numpy": True, "interpolation": kind} | ({} if axis is None else {"axis": axis})
    x = values(3, 4, 5)
    known("_npi_percentile", {"x": x}, q_scalar=30.0, **given)
    known("_npi_percentile", {"x": x, "q": np.array([10, 50, 75], np.float32)}, keepdims=True, **given)


def test_norms():
    known("_npi_norm", {"x": values(3, 4)}, numpy=True, ord=2, axis=(0, 1), flag=1, rtol=2e-5)
    known("_npi_norm", {"x": values(3, 4)}, numpy=True, ord=2, axis=(1,), flag=-1, keepdims=True, rtol=2e-5)
    known("_npi_norm", {"x": values(3, 4)}, numpy=True, ord=1, axis=(0,), flag=-1, rtol=2e-5)
    with pytest.raises(Unsupported, match="by their singular values"):
        convert(one_op("_npi_norm", {"x": values(3, 3)}, ord=2, axis=(0, 1), flag=2), input="x[3,3]")


@pytest.mark.parametrize("size", [1, 3, 6])
def test_cholesky(size):
    a = values(2, size, size)
    matrix = a @ a.transpose(0, 2, 1) + size * np.eye(size, dtype=np.float32)
    known("_linalg_potrf", {"x": matrix}, rtol=2e-5)
    known("_npi_cholesky", {"x": matrix}, numpy=True, rtol=2e-5)
    with pytest.raises(Unsupported, match="40 rows"):
        convert(one_op("_linalg_potrf", {"x": values(40, 40)}), input="x[40,40]")


def test_solutions_for_tensors():
    a = values(2, 3, 6) + np.eye(6, dtype=np.float32).reshape(2, 3, 6) * 4
    known("_npi_tensorsolve", {"a": a, "b": values(2, 3)}, numpy=True, rtol=1e-4)
    swapped = np.moveaxis(a, 2, 0)
    known("_npi_tensorsolve", {"a": swapped, "b": values(2, 3)}, numpy=True, a_axes=(0,), rtol=1e-4)


# -- densities and numbers drawn by chance


@pytest.mark.parametrize("is_log", [True, False])
@pytest.mark.parametrize(
    "op",
    [
        "_random_pdf_normal",
        "_random_pdf_uniform",
        "_random_pdf_gamma",
        "_random_pdf_exponential",
        "_random_pdf_poisson",
        "_random_pdf_negative_binomial",
        "_random_pdf_generalized_negative_binomial",
    ],
)
def test_densities(op, is_log):
    name = op.removeprefix("_random_pdf_")
    counts = name in ("poisson", "negative_binomial", "generalized_negative_binomial")
    sample = integers(0, 6, 2, 5) if counts else positive(2, 5)
    parameters = {"a": positive(2, seed=1)} if name != "uniform" else {"a": np.full(2, 0.25, np.float32)}
    if name == "negative_binomial":
        parameters = {"a": positive(2, seed=1) * 3, "b": positive(2, seed=2) * 0.5}
    elif name not in ("exponential", "poisson"):
        parameters["b"] = positive(2, seed=2) + (1.5 if name == "uniform" else 0)
    known(op, {"sample": sample, **parameters}, is_log=is_log, rtol=5e-5)


@pytest.mark.parametrize("is_log", [True, False])
def test_density_of_dirichlet(is_log):
    sample = positive(2, 3, 4)
    feeds = {"sample": sample / sample.sum(-1, keepdims=True), "alpha": positive(2, 4, seed=1) * 2}
    known("_random_pdf_dirichlet", feeds, is_log=is_log, rtol=5e-5)


def drawn(op, feeds, count=4000, **attributes):
    return run(one_op(op, feeds, **attributes), feeds)[0]


def test_samples_by_parameters():
    """What is drawn has the shape, the mean and the deviation that the parameters say."""
    low, high = np.array([0, 10], np.float32), np.array([1, 30], np.float32)
    y = drawn("_sample_uniform", {"low": low, "high": high}, shape=(4000,))
    assert y.shape == (2, 4000) and (y.min(1) >= low).all() and (y.max(1) <= high).all()
    np.testing.assert_allclose(y.mean(1), [0.5, 20], rtol=0.05)
    y = drawn("_sample_normal", {"mu": low, "sigma": high}, shape=(4000,))
    np.testing.assert_allclose(y.std(1), high, rtol=0.1)
    y = drawn("_sample_exponential", {"lam": high}, shape=(4000,))
    np.testing.assert_allclose(y.mean(1), 1 / high, rtol=0.1)
    y = drawn("_npi_normal_n", {"loc": low}, numpy=True, scale=1.0, size=(4000,), loc="None")
    assert y.shape == (4000, 2)
    np.testing.assert_allclose(y.mean(0), low, atol=0.1)
    y = drawn("_npi_uniform_n", {"low": low}, numpy=True, low="None", high=40.0, size=(4000,))
    np.testing.assert_allclose(y.mean(0), [20, 25], rtol=0.05)
    y = drawn("_npi_bernoulli", {}, numpy=True, prob=0.25, logit="None", is_logit=False, size=(4000,))
    assert set(np.unique(y)) == {0, 1} and abs(y.mean() - 0.25) < 0.05
    y = drawn("_npi_pareto", {}, numpy=True, a=5.0, size=(4000,))
    assert y.min() >= 0 and abs(y.mean() - 0.25) < 0.05


def test_classes_by_probabilities():
    chances = np.array([[0.1, 0.2, 0.7], [1, 0, 0]], np.float32)
    places, logs = run(
        one_op("_sample_multinomial", {"p": chances}, outputs=2, shape=(3000,), get_prob=True), {"p": chances}
    )
    assert places.shape == (2, 3000) and places.dtype == np.int32
    np.testing.assert_allclose([(places[0] == i).mean() for i in range(3)], chances[0], atol=0.05)
    assert (places[1] == 0).all()
    np.testing.assert_allclose(logs, np.log(np.take_along_axis(chances, places, 1)), atol=1e-5)
    counts = drawn("_npi_multinomial", {"p": chances[0]}, numpy=True, n=50, size=(100,))
    assert counts.shape == (100, 3) and (counts.sum(1) == 50).all()
    np.testing.assert_allclose(counts.mean(0) / 50, chances[0], atol=0.05)
    y = drawn("_npi_choice", {}, numpy=True, a=6, size=(6,), replace=False, weighted=False)
    assert sorted(y) == list(range(6))
    y = drawn("_npi_choice", {"p": chances[0]}, numpy=True, a=3, size=(3000,), replace=True, weighted=True)
    np.testing.assert_allclose([(y == i).mean() for i in range(3)], chances[0], atol=0.05)
