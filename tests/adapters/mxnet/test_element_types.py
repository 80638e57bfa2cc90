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
