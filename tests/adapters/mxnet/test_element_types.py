"""Whole numbers and booleans: results are of the types that MXNet gives, and wrap where it lets them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.adapters.mxnet.harness import check_op

BYTES = {"a": np.array([[3, 250, 7]], np.uint8), "b": np.array([[5, 7, 7]], np.uint8)}
WHOLE = np.array([[-3, 0, 7], [2, 5, -9]], np.int32)
TRUTH = {"a": np.array([[True, False, True]]), "b": np.array([[True, True, False]])}


@pytest.mark.parametrize("op", ["elemwise_sub", "broadcast_sub", "_npi_subtract"])
def test_bytes_begin_anew_below_zero(op):
    check_op(op, BYTES, numpy=op.startswith("_np"))


@pytest.mark.parametrize("op", ["negative", "_npi_negative"])
def test_bytes_that_are_negated(op):
    check_op(op, {"a": BYTES["a"]}, numpy=op.startswith("_np"))


@pytest.mark.parametrize("op", ["_np_max", "_np_min", "_np_sum", "_np_prod"])
def test_reductions_of_booleans(op):
    check_op(op, {"a": TRUTH["a"]}, numpy=True, axis=(1,))


def test_the_product_of_two_booleans():  # MXNet itself refuses their maximum and minimum
    check_op("_npi_multiply", TRUTH, numpy=True)


@pytest.mark.parametrize("op", ["_npi_var", "_npi_std"])
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_the_variance_of_whole_numbers(op, dtype):
    check_op(op, {"a": WHOLE.astype(dtype)}, numpy=True, axis=(1,))


@pytest.mark.parametrize("op", ["_npi_true_divide_scalar", "_npi_rtrue_divide_scalar"])
def test_whole_numbers_divided_truly(op):
    check_op(op, {"a": np.array([[3, 1, 7]], np.int32)}, numpy=True, scalar=2.0, is_int=True)


@pytest.mark.parametrize("op", ["_npi_add", "_npi_multiply"])
def test_bytes_that_do_not_fit_begin_anew(op):
    check_op(op, BYTES, numpy=True)


@pytest.mark.parametrize("op", ["_npi_add", "_npi_multiply"])
def test_bytes_and_booleans_give_bytes(op):
    check_op(op, {"a": BYTES["a"], "b": TRUTH["b"]}, numpy=True)


@pytest.mark.parametrize("op", ["_npi_var", "_npi_std"])
@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_variances_are_cut(op, ddof, dtype):
    data = np.random.default_rng(1).integers(0, 200, (4, 9)).astype(dtype)
    check_op(op, {"a": data}, numpy=True, axis=(1,), ddof=ddof)


@pytest.mark.parametrize("name", ["equal", "not_equal", "greater", "greater_equal", "less", "less_equal"])
@pytest.mark.parametrize(("scalar", "is_int"), [(2.0, True), (0.0, True), (0.5, False)])
def test_a_number_that_booleans_are_compared_with_is_one_too(name, scalar, is_int):
    check_op(f"_npi_{name}_scalar", {"a": TRUTH["a"]}, numpy=True, scalar=scalar, is_int=is_int)


@pytest.mark.parametrize("name", ["arctan2", "rarctan2", "hypot", "ldexp"])
def test_what_is_computed_of_whole_numbers_is_whole(name):
    check_op(f"_npi_{name}_scalar", {"a": WHOLE}, numpy=True, scalar=2.0, is_int=True)


def test_running_sums_of_booleans_are_whole():
    check_op("_np_cumsum", {"a": TRUTH["a"]}, numpy=True, axis=1)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64])
def test_least_common_multiples(dtype):
    check_op("_npi_lcm", {"a": WHOLE.astype(dtype), "b": np.array([[4, 6, -3]], dtype)}, numpy=True)


@pytest.mark.parametrize("scalar", [6.0, 0.0, -4.0])
def test_least_common_multiples_with_a_number(scalar):
    check_op("_npi_lcm_scalar", {"a": WHOLE}, numpy=True, scalar=scalar, is_int=True)
