"""Arithmetic, functions of one value, comparisons and choices, against MXNet."""

from __future__ import annotations

import numpy as np
import pytest

from tests.adapters.mxnet.harness import Net, assert_close, check, check_op, integers, one_op, positive, run, values

LEGACY = {"a": positive(2, 3, seed=1), "b": positive(2, 3, seed=2)}
BROADCAST = {"a": positive(2, 3, 1, seed=1), "b": positive(1, 3, 4, seed=2)}
SIGNED = {"a": values(2, 3, 1, seed=1), "b": values(1, 3, 4, seed=2)}


@pytest.mark.parametrize(
    "op", "elemwise_add elemwise_sub elemwise_mul elemwise_div _power _maximum _minimum _hypot _mod _grad_add".split()
)
def test_two_values_of_one_shape(op):
    check_op(op, LEGACY)


@pytest.mark.parametrize("op", "add sub mul div power maximum minimum hypot mod".split())
def test_two_values_that_broadcast(op):
    check_op(f"broadcast_{op}", BROADCAST)


@pytest.mark.parametrize("op", "add subtract multiply true_divide mod power copysign arctan2 ldexp hypot".split())
def test_two_values_of_the_numpy_interface(op):
    check_op(f"_npi_{op}", BROADCAST if op == "power" else SIGNED, numpy=True, rtol=2e-5)


@pytest.mark.parametrize("op", "add subtract multiply".split())
def test_real_and_whole_numbers_together(op):
    check_op(f"_npi_{op}", {"a": values(2, 3), "b": integers(-3, 4, 2, 3, dtype=np.int32)}, numpy=True)


def test_whole_numbers_divide_to_real_ones():
    check_op(
        "_npi_true_divide",
        {"a": integers(-9, 9, 5, dtype=np.int32), "b": integers(1, 4, 5, dtype=np.int32)},
        numpy=True,
    )


def test_whole_numbers_divide_towards_zero():
    check_op("elemwise_div", {"a": integers(-9, 9, 20, dtype=np.int32), "b": integers(1, 4, 20, dtype=np.int32)})


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_remainder_has_the_sign_of_the_divisor_and_is_0_for_0(dtype):
    check_op("broadcast_mod", {"a": integers(-9, 9, 30, dtype=dtype), "b": integers(-3, 4, 30, seed=5, dtype=dtype)})


NUMBERS = "_plus _minus _rminus _mul _div _rdiv _mod _rmod _power _rpower _maximum _minimum _hypot"


@pytest.mark.parametrize("op", NUMBERS.split())
def test_value_and_number(op):
    check_op(f"{op}_scalar", {"a": positive(2, 3)}, scalar=1.75, is_int=False)


NUMPY_NUMBERS = "add subtract rsubtract multiply true_divide rtrue_divide mod rmod power rpower copysign rcopysign ldexp rldexp arctan2 rarctan2"


@pytest.mark.parametrize("op", NUMPY_NUMBERS.split())
def test_value_and_number_of_the_numpy_interface(op):
    data = positive(2, 3) if "power" in op else values(2, 3)
    check_op(
        f"_npi_{op}_scalar",
        {"a": data},
        numpy=True,
        scalar=-1.25 if "power" not in op else 1.25,
        is_int=False,
        rtol=2e-5,
    )


@pytest.mark.parametrize("op", "_plus_scalar _mul_scalar _minus_scalar _div_scalar _mod_scalar".split())
def test_whole_numbers_and_a_whole_number(op):
    check_op(op, {"a": integers(-9, 9, 20, dtype=np.int32)}, scalar=3.0, is_int=True)


def test_whole_numbers_and_a_real_number():
    check_op("_npi_add_scalar", {"a": integers(-9, 9, 20, dtype=np.int32)}, numpy=True, scalar=1.5, is_int=False)


def test_sum_of_many():
    check_op("add_n", {f"x{i}": values(2, 3, seed=i) for i in range(4)}, num_args=4)


@pytest.mark.parametrize("op", "and or xor".split())
def test_bits(op):
    pair = {"a": integers(0, 99, 20, dtype=np.int32), "b": integers(0, 99, 20, seed=1, dtype=np.int32)}
    check_op(f"_npi_bitwise_{op}", pair, numpy=True)
    check_op(f"_npi_bitwise_{op}_scalar", {"a": pair["a"]}, numpy=True, scalar=21, is_int=True)


def test_bits_not():
    check_op("_npi_bitwise_not", {"a": integers(0, 99, 20, dtype=np.int32)}, numpy=True)


def test_quadratic():
    check_op("_contrib_quadratic", {"a": values(2, 3)}, a=1.5, b=-2, c=0.25)


@pytest.mark.parametrize("scalar", [1.0, 2.5])
def test_smooth_l1(scalar):
    check_op("smooth_l1", {"a": values(4, 9)}, scalar=scalar)


def test_div_sqrt_dim():
    check_op("_contrib_div_sqrt_dim", {"a": values(2, 3, 5)})


ANY = "abs negative sign square exp sin cos tan arctan sinh cosh tanh arcsinh cbrt degrees radians erf expm1 sigmoid relu softsign ceil floor trunc fix rint round"
SMALL = "arcsin arccos arctanh erfinv"
ABOVE_ZERO = "log log2 log10 log1p sqrt rsqrt rcbrt reciprocal gamma gammaln"


@pytest.mark.parametrize("op", ANY.split())
def test_function(op):
    check_op(op, {"a": 3 * values(4, 5)}, rtol=2e-5)


@pytest.mark.parametrize("op", SMALL.split())
def test_function_of_small_numbers(op):
    check_op(op, {"a": np.tanh(values(4, 5)).astype(np.float32)}, rtol=2e-5)


@pytest.mark.parametrize("op", ABOVE_ZERO.split())
def test_function_of_positive_numbers(op):
    check_op(op, {"a": 4 * positive(4, 5)}, rtol=2e-5)


def test_arccosh():
    check_op("arccosh", {"a": 1 + positive(4, 5)}, rtol=2e-5)


@pytest.mark.parametrize("op", ["gamma", "gammaln"])
def test_gamma_of_negative_numbers(op):
    check_op(op, {"a": np.array([-0.5, -1.5, -2.25, 0.25, 3.5, -3.75], np.float32)}, rtol=2e-5)


@pytest.mark.parametrize("op", ["log1p", "expm1"])
def test_small_numbers_keep_their_digits(op):
    check_op(op, {"a": 1e-6 * positive(4, 5)})


@pytest.mark.parametrize("op", "rint round fix trunc _npi_rint _npi_around".split())
def test_halves(op):
    check_op(op, {"a": np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 1.2, -1.7], np.float32)}, numpy=op.startswith("_npi"))


NUMPY = "absolute negative sign square exp sin cos tan arctan sinh cosh tanh arcsinh cbrt degrees radians expm1 ceil floor trunc fix rint"
NUMPY_ABOVE_ZERO = "log log2 log10 log1p sqrt reciprocal"


@pytest.mark.parametrize("op", NUMPY.split())
def test_function_of_the_numpy_interface(op):
    check_op(f"_npi_{op}", {"a": 2 * values(4, 5)}, numpy=True, rtol=2e-5)


@pytest.mark.parametrize("op", NUMPY_ABOVE_ZERO.split())
def test_function_of_positive_numbers_of_the_numpy_interface(op):
    check_op(f"_npi_{op}", {"a": 4 * positive(4, 5)}, numpy=True, rtol=2e-5)


@pytest.mark.parametrize("op", "arcsin arccos arctanh arccosh".split())
def test_inverse_function_of_the_numpy_interface(op):
    data = 1 + positive(4, 5) if op == "arccosh" else np.tanh(values(4, 5)).astype(np.float32)
    check_op(f"_npi_{op}", {"a": data}, numpy=True, rtol=2e-5)


@pytest.mark.parametrize("op", "sqrt exp sin".split())
def test_functions_of_whole_numbers_are_whole(op):
    check_op(f"_npi_{op}", {"a": integers(0, 5, 4, 5, dtype=np.int32)}, numpy=True)


@pytest.mark.parametrize("decimals", [0, 2, -1])
def test_around(decimals):
    check_op("_npi_around", {"a": 30 * values(4, 5)}, numpy=True, decimals=decimals)


def test_nan_to_num():
    data = np.array([np.nan, np.inf, -np.inf, 1.5], np.float32)
    check_op("_npi_nan_to_num", {"a": data}, numpy=True, nan=3.0)
    check_op("_npi_nan_to_num", {"a": data}, numpy=True, posinf=7.0, neginf=-9.0)


@pytest.mark.parametrize("dtype", "float16 float64 int32 int64 int8 uint8".split())
def test_cast(dtype):
    check_op("Cast", {"a": 20 * positive(4, 5)}, dtype=dtype)


def test_what_does_nothing_at_inference():
    net = Net()
    x = net.var("a")
    for op in ("_copy", "BlockGrad", "make_loss", "MakeLoss", "Dropout"):
        x = net.op(op, x)
    check(net, {"a": values(2, 3)})


COMPARISONS = "equal not_equal greater greater_equal lesser lesser_equal"


@pytest.mark.parametrize("op", COMPARISONS.split())
def test_comparison(op):
    pair = {"a": integers(0, 3, 4, 5), "b": integers(0, 3, 4, 5, seed=1)}
    check_op(f"_{op}", pair)
    check_op(f"broadcast_{op}", {"a": pair["a"], "b": pair["b"][:1]})
    check_op(f"_{op}_scalar", {"a": pair["a"]}, scalar=1.0)


@pytest.mark.parametrize("op", "equal not_equal greater greater_equal less less_equal".split())
def test_comparison_of_the_numpy_interface(op):
    pair = {"a": integers(0, 3, 4, 5), "b": integers(0, 3, 4, 5, seed=1)}
    check_op(f"_npi_{op}", pair, numpy=True)
    check_op(f"_npi_{op}_scalar", {"a": pair["a"]}, numpy=True, scalar=1.0)


@pytest.mark.parametrize("op", "and or xor".split())
def test_logic(op):
    pair = {"a": integers(0, 3, 4, 5), "b": integers(0, 3, 4, 5, seed=1)}
    check_op(f"_logical_{op}", pair)
    check_op(f"broadcast_logical_{op}", {"a": pair["a"], "b": pair["b"][:1]})
    check_op(f"_logical_{op}_scalar", {"a": pair["a"]}, scalar=1.0)


def test_logical_not():
    check_op("logical_not", {"a": integers(0, 3, 4, 5)})
    check_op("_npi_logical_not", {"a": integers(0, 3, 4, 5)}, numpy=True)


@pytest.mark.parametrize("op", "isnan isinf isfinite isposinf isneginf".split())
def test_what_is_no_number(op):
    check_op(f"_npi_{op}", {"a": np.array([1, np.nan, np.inf, -np.inf], np.float32)}, numpy=True)


def test_where():
    x, y = values(4, 5), values(4, 5, seed=1)
    check_op("where", {"c": integers(0, 2, 4, 5), "x": x, "y": y})
    check_op("where", {"c": integers(0, 2, 4), "x": x, "y": y})
    check_op("_npi_where", {"c": integers(0, 2, 4, 1), "x": x, "y": y}, numpy=True)


def test_where_with_numbers():
    condition = {"c": integers(0, 2, 4, 5)}
    check_op("_npi_where_lscalar", {**condition, "x": values(4, 5)}, numpy=True, scalar=2.5)
    check_op("_npi_where_rscalar", {**condition, "x": values(4, 5)}, numpy=True, scalar=2.5)
    check_op("_npi_where_scalar2", condition, numpy=True, x=2.5, y=-1.0)


def test_allclose():
    x = values(4, 5)
    check_op("_contrib_allclose", {"a": x, "b": x + np.float32(1e-7)})
    check_op("_contrib_allclose", {"a": x, "b": x + np.float32(0.1)})


def test_multicast():
    """MXNet has it for its own back-end of half precision only."""
    feeds = {"a": values(2, 3).astype(np.float64), "b": values(2, 3)}
    wide = run(one_op("amp_multicast", feeds, outputs=2, num_outputs=2), feeds)
    assert_close(wide, [feeds["a"], feeds["b"].astype(np.float64)], 1e-6)
    narrow = run(one_op("amp_multicast", feeds, outputs=2, num_outputs=2, cast_narrow=True), feeds)
    assert_close(narrow, [feeds["a"].astype(np.float32), feeds["b"]])


def test_old_names_mean_the_same():
    a, b = LEGACY["a"], LEGACY["b"]
    for op in ("_Plus", "_plus", "_add", "ElementWiseSum"):
        net = Net(version=800)
        net.op(op, net.var("a"), net.var("b"))
        np.testing.assert_allclose(run(net, LEGACY)[0], a + b)
