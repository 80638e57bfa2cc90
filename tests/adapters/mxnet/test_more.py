"""Matrices, images, transforms and rarer operators, against MXNet."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.errors import Unsupported
from tests.adapters.mxnet.harness import Net, assert_close, check_op, convert, integers, one_op, positive, run, values


def known(op, feeds, **attributes):
    check_op(op, feeds, dynamic=False, **attributes)


def solid(count, size):
    """Matrices that are easy to invert."""
    return values(count, size, size) + 3 * np.eye(size, dtype=np.float32)


@pytest.mark.parametrize("offset", [0, 1, -1])
def test_diagonals(offset):
    known("_linalg_extractdiag", {"x": values(2, 4, 4)}, offset=offset)
    known("_linalg_makediag", {"x": values(2, 4)}, offset=offset)
    known("diag", {"x": values(4, 5)}, k=offset)
    known("diag", {"x": values(4)}, k=offset)
    known("diag", {"x": values(4, 3, 5)}, k=offset, axis1=0, axis2=2)
    known("_np_diag", {"x": values(4, 5)}, numpy=True, k=offset)
    known("_np_diagflat", {"x": values(2, 2)}, numpy=True, k=offset)
    known("_np_diagonal", {"x": values(4, 3, 5)}, numpy=True, offset=offset, axis1=1, axis2=2)
    known("_np_trace", {"x": values(4, 5)}, numpy=True, offset=offset)


@pytest.mark.parametrize("offset", [0, 1, -1])
def test_triangles(offset):
    check_op("_npi_tril", {"x": values(4, 5)}, numpy=True, k=offset)
    known("_linalg_extracttrian", {"x": values(2, 4, 4)}, offset=offset)
    known("_linalg_maketrian", {"x": values(2, 6)}, offset=offset)


def test_upper_triangles():
    known("_linalg_extracttrian", {"x": values(2, 4, 4)}, lower=False)
    known("_linalg_maketrian", {"x": values(2, 6)}, lower=False)


def test_inverses():
    known("_linalg_inverse", {"x": solid(2, 4)}, rtol=1e-4)
    known("_linalg_potri", {"x": np.tril(solid(2, 3))}, rtol=1e-4)
    known("_linalg_sumlogdiag", {"x": np.abs(solid(2, 4))}, rtol=2e-5)
    known("_npi_solve", {"a": solid(2, 4), "b": values(2, 4, 3)}, numpy=True, rtol=1e-4)
    known("_npi_tensorinv", {"x": solid(1, 6)[0].reshape(2, 3, 6)}, numpy=True, ind=2, rtol=1e-4)


@pytest.mark.parametrize("rightside", [True, False])
@pytest.mark.parametrize("transpose", [True, False])
@pytest.mark.parametrize("lower", [True, False])
def test_triangular_products(lower, transpose, rightside):
    feeds = {"a": solid(2, 3), "b": values(2, 4, 3) if rightside else values(2, 3, 4)}
    attributes = {"lower": lower, "transpose": transpose, "rightside": rightside, "alpha": 1.5}
    known("_linalg_trmm", feeds, rtol=2e-5, **attributes)
    known("_linalg_trsm", feeds, rtol=1e-4, **attributes)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_determinants(size):
    known("_linalg_det", {"x": solid(3, size)}, rtol=1e-4)
    known("_linalg_slogdet", {"x": solid(3, size)}, outputs=2, rtol=1e-4)


def test_determinants_of_large_matrices_are_refused():
    with pytest.raises(Unsupported, match="determinant of a matrix of 20 rows"):
        convert(one_op("_linalg_det", {"x": solid(1, 20)}), input="x[1,20,20]")


def test_images():
    photo = integers(0, 256, 6, 8, 3, dtype=np.uint8)
    known("_image_to_tensor", {"x": photo})
    known("_image_normalize", {"x": values(3, 6, 8)}, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    known("_image_flip_left_right", {"x": values(6, 8, 3)})
    known("_image_flip_top_bottom", {"x": values(6, 8, 3)})
    known("_image_crop", {"x": values(6, 8, 3)}, x=1, y=2, width=4, height=3)
    known("_image_adjust_lighting", {"x": 100 * positive(6, 8, 3)}, alpha=(0.1, -0.2, 0.3), rtol=2e-5)


def test_images_in_another_size_are_a_bilinear_mean():
    """MXNet resizes by OpenCV, which its package for this environment does without."""
    x = values(1, 4, 4, 1)
    net = one_op("_image_resize", {"x": x}, size=(2, 2))
    want = x.reshape(1, 2, 2, 2, 2, 1).mean((2, 4))
    assert_close(run(net, {"x": x}), [want.astype(np.float32)])


def test_fourier_transforms():
    """MXNet has them for other devices only, so numpy is the reference."""
    x = values(3, 8)
    spectrum = np.fft.fft(x)
    pairs = np.stack([spectrum.real, spectrum.imag], -1).reshape(3, 16).astype(np.float32)
    assert_close(run(one_op("_contrib_fft", {"x": x}), {"x": x}), [pairs], 2e-5)
    assert_close(run(one_op("_contrib_ifft", {"x": pairs}), {"x": pairs}), [x * 8], 2e-5)


def test_columns_of_windows():
    attributes = {"kernel": (3, 2), "stride": (2, 1), "pad": (1, 0)}
    known("im2col", {"x": values(2, 3, 6, 5)}, **attributes)
    known("col2im", {"x": values(2, 18, 12)}, output_size=(6, 5), **attributes)


def test_rarer_operators_of_numpy():
    check_op("_npi_diff", {"x": values(3, 5)}, numpy=True, n=2, axis=1)
    known("_npi_polyval", {"p": values(4), "x": values(3)}, numpy=True, rtol=2e-5)


def test_counts():
    """An executor of MXNet has no shapes that depend on the data, so numpy is the reference."""
    x = integers(0, 6, 20, dtype=np.int32)
    assert_close(
        run(one_op("_npi_bincount", {"x": x}, numpy=True, minlength=9), {"x": x}), [np.bincount(x, minlength=9)]
    )
    net = one_op("_npi_unique", {"x": x}, numpy=True, outputs=2, return_counts=True)
    assert_close(run(net, {"x": x}), list(np.unique(x, return_counts=True)))


DRAWN = [
    ("_npi_exponential", {"scale": 2.0}, 2.0),
    ("_npi_gumbel", {"loc": 1.0, "scale": 2.0}, 1 + 2 * 0.5772),
    ("_npi_logistic", {"loc": 1.0, "scale": 2.0}, 1.0),
    ("_npi_rayleigh", {"scale": 2.0}, 2 * 1.2533),
    ("_npi_weibull", {"a": 2.0}, 0.8862),
    ("_npi_powerd", {"a": 2.0}, 2 / 3),
    ("_npi_uniform", {"low": 1.0, "high": 3.0}, 2.0),
    ("_npi_normal", {"loc": 1.0, "scale": 2.0}, 1.0),
]


@pytest.mark.parametrize(("op", "attributes", "mean"), DRAWN)
def test_chance(op, attributes, mean):
    net = Net(numpy=True)
    net.output(net.op("_npi_add", net.op(op, size=(20000,), **attributes), net.op("zeros_like", net.var("x"))))
    (drawn,) = run(net, {"x": values(1)})
    assert abs(drawn.mean() - mean) < 0.1 and drawn.std() > 0.1


def test_shuffle_keeps_the_rows():
    x = values(50, 2)
    (y,) = run(one_op("_shuffle", {"x": x}), {"x": x})
    np.testing.assert_array_equal(np.sort(y[:, 0]), np.sort(x[:, 0]))
    assert not np.array_equal(x, y)


def test_constraint_check_holds():
    net = Net(numpy=True)
    net.output(net.op("_npi_where", net.op("_npx_constraint_check", net.var("x")), net.var("a"), net.var("b")))
    feeds = {"x": np.array([True]), "a": values(3), "b": values(3, seed=1)}
    assert_close(run(net, feeds), [feeds["a"]])


def test_what_serves_training_passes_data_on():
    x = values(3, 4)
    for op, attributes in (("_contrib_gradientmultiplier", {"scalar": 0.1}), ("cast_storage", {"stype": "default"})):
        check_op(op, {"x": x}, **attributes)
    net = one_op("IdentityAttachKLSparseReg", {"x": x}, {"average": values(4)})
    assert_close(run(net, {"x": x}, {"average": values(4)}), [x])
    both = {"x": x, "like": values(3, 4, seed=1)}
    assert_close(run(one_op("_identity_with_attr_like_rhs", both), both), [x])


def test_batch_norm_with_relu():
    params = {"g": positive(4), "b": values(4), "m": values(4, seed=1), "v": positive(4, seed=2)}
    data = {"x": values(2, 4, 3)}
    plain = one_op("BatchNorm", data, params, fix_gamma=False)
    net = one_op("_contrib_BatchNormWithReLU", data, params, fix_gamma=False)
    assert_close(run(net, data, params), [np.maximum(run(plain, data, params)[0], 0)])


def test_rows_and_squares():
    x = values(4, 3)
    places = {"i": np.array([2, 0], np.float32)}
    want = np.zeros_like(x)
    want[[2, 0]] = x[[2, 0]]
    assert_close(run(one_op("_sparse_retain", {"x": x, **places}), {"x": x, **places}), [want])
    assert_close(run(one_op("_square_sum", {"x": x}, axis=1), {"x": x}), [(x * x).sum(1)], 1e-6)
    feeds = {"x": x, "n": values(4, seed=1), "i": np.array([2, 0, 1, 1], np.float32)}
    want = x.copy()
    want[np.arange(4), [2, 0, 1, 1]] = feeds["n"]
    assert_close(run(one_op("fill_element_0index", feeds), feeds), [want])


@pytest.mark.parametrize(("op", "number"), [("_zeros_without_dtype", 0), ("_npi_zeros", 0), ("_npi_ones", 1)])
def test_constants(op, number):
    net = Net(numpy=True)
    net.output(net.op("broadcast_add", net.op(op, shape=(2, 3)), net.var("x")))
    assert_close(run(net, {"x": values(2, 3)}), [values(2, 3) + np.float32(number)])


@pytest.mark.parametrize("op", ["_random_uniform_like", "_random_normal_like", "_random_exponential_like"])
def test_chance_in_the_shape_of_another(op):
    (drawn,) = run(one_op(op, {"x": values(100, 50)}), {"x": values(100, 50)})
    assert drawn.shape == (100, 50) and 0.2 < drawn.std() < 1.1


def test_attention_of_the_processor_back_end():
    qkv, weights = values(5, 2, 36), np.abs(values(6, 5, 5))
    for partition, plain, feeds in (
        ("_sg_mkldnn_selfatt_qk", "_contrib_interleaved_matmul_selfatt_qk", {"x": qkv}),
        ("_sg_mkldnn_selfatt_valatt", "_contrib_interleaved_matmul_selfatt_valatt", {"x": qkv, "a": weights}),
    ):
        assert_close(run(one_op(partition, feeds, heads=3), feeds), run(one_op(plain, feeds, heads=3), feeds))


def test_regions_that_know_their_place():
    """MXNet has them for other devices only; the mean of a constant is that constant, each place from its channel."""
    feeds = {"x": np.arange(8, dtype=np.float32).reshape(1, 8, 1, 1) * np.ones((1, 1, 12, 12), np.float32)}
    feeds["rois"] = np.array([[0, 1, 1, 8, 8]], np.float32)
    attributes = {"spatial_scale": 1.0, "output_dim": 2, "pooled_size": 2, "group_size": 2}
    want = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)
    assert_close(run(one_op("_contrib_PSROIPooling", feeds, **attributes), feeds), [want], 1e-6)
    net = one_op("_contrib_DeformablePSROIPooling", feeds, no_trans=True, sample_per_part=2, **attributes)
    assert_close(run(net, feeds), [want], 1e-6)
