"""Arithmetic, logic and selection, where the node cases of the onnx package do not look."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mo_core.errors import MoError
from tests.adapters.onnx.nodes import check, numbers, run


@pytest.mark.parametrize("opset", [1, 6])
@pytest.mark.parametrize(
    ("op", "function"),
    [("Add", np.add), ("Sub", np.subtract), ("Mul", np.multiply), ("Div", np.divide), ("Greater", np.greater)],
)
def test_old_broadcasting_puts_the_second_operand_at_an_axis(op: str, function: Any, opset: int) -> None:
    a, b = numbers(2, 3, 4), numbers(3, low=1)
    result = run(op, [a, b], {"broadcast": 1, "axis": 1}, opset=opset)
    np.testing.assert_allclose(result, function(a, b[:, None]), rtol=1e-6)


def test_old_broadcasting_without_an_axis_meets_the_last_ones() -> None:
    a, b = numbers(2, 3, 4), numbers(3, 4)
    np.testing.assert_allclose(run("Pow", [abs(a), b], {"broadcast": 1}, opset=6), abs(a) ** b, rtol=1e-5)


def test_old_logic_takes_an_axis() -> None:
    a, b = numbers(2, 3) > 0, numbers(2) > 0
    assert (run("And", [a, b], {"broadcast": 1, "axis": 0}, opset=1) == (a & b[:, None])).all()


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.int64])
@pytest.mark.parametrize("dynamic", [(), (0, 1)])
def test_whole_quotients_are_rounded_towards_zero(dtype: Any, dynamic: tuple[int, ...]) -> None:
    a, b = np.array([7, -7, 7, -7, 6, 100], np.int64), np.array([2, 2, -2, -2, 7, 9], np.int64)
    if np.dtype(dtype).kind == "u":
        a, b = abs(a), abs(b)
    want = np.trunc(a / b).astype(dtype)
    assert (run("Div", [a.astype(dtype), b.astype(dtype)], opset=14, dynamic=dynamic) == want).all()


@pytest.mark.parametrize("fmod", [0, 1])
def test_remainders_of_both_signs(fmod: int) -> None:
    a, b = np.array([5, -5, 5, -5], np.int32), np.array([3, 3, -3, -3], np.int32)
    assert (run("Mod", [a, b], {"fmod": fmod}, opset=13) == (np.fmod(a, b) if fmod else np.mod(a, b))).all()


def test_power_keeps_the_type_of_the_base() -> None:
    result = run("Pow", [np.array([4, 9], np.int32), np.array([0.5, 0.5], np.float32)], opset=15)
    assert result.dtype == np.int32
    assert result.tolist() == [2, 3]


@pytest.mark.parametrize("limits", [{}, {"min": -0.5}, {"max": 0.5}, {"min": -0.5, "max": 0.5}])
def test_clip_by_attributes(limits: dict[str, float]) -> None:
    x = numbers(3, 4)
    want = np.clip(x, limits.get("min", -np.inf), limits.get("max", np.inf))
    np.testing.assert_allclose(run("Clip", [x], limits, opset=6), want)


def test_clip_with_limits_in_the_wrong_order_gives_the_upper_one() -> None:
    limits = [np.array(1, np.float32), np.array(-1, np.float32)]
    assert (run("Clip", [numbers(5), *limits], opset=13, constants=(1, 2)) == -1).all()


def test_clip_of_large_whole_numbers_is_exact() -> None:
    x = np.array([16777217, 16777219], np.int32)
    limits = [np.array(0, np.int32), np.array(16777218, np.int32)]
    assert run("Clip", [x, *limits], opset=13, constants=(1, 2)).tolist() == [16777217, 16777218]


@pytest.mark.parametrize("opset", [1, 6])
def test_gemm_before_opset_7(opset: int) -> None:
    a, b, c = numbers(3, 2), numbers(3, 4), numbers(4)
    result = run("Gemm", [a, b, c], {"alpha": 0.5, "beta": 2.0, "transA": 1, "broadcast": 1}, opset=opset)
    np.testing.assert_allclose(result, 0.5 * (a.T @ b) + 2 * c, rtol=1e-5)


def test_gemm_without_bias() -> None:
    check("Gemm", [numbers(2, 3), numbers(4, 3)], {"transB": 1}, opset=13, dynamic=(0,))


@pytest.mark.parametrize(("op", "function"), [("Mean", np.mean), ("Sum", np.sum), ("Max", np.max), ("Min", np.min)])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_any_number_of_operands(op: str, function: Any, count: int) -> None:
    values = [numbers(3, 1 if i % 2 else 4) for i in range(count)]
    want = function(np.stack(np.broadcast_arrays(*values)), axis=0)
    np.testing.assert_allclose(run(op, values, opset=13), want, rtol=1e-6)


@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("dynamic", [(), (0,)])
@pytest.mark.parametrize("constants", [(), (1,)])
def test_cumulative_products(exclusive: int, reverse: int, dynamic: Any, constants: Any) -> None:
    inputs = [numbers(2, 7, 3), np.array(1, np.int64)]
    check(
        "CumProd", inputs, {"exclusive": exclusive, "reverse": reverse}, opset=26, dynamic=dynamic, constants=constants
    )


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_determinants(size: int) -> None:
    check("Det", [numbers(2, size, size)], opset=11, rtol=1e-4)


@pytest.mark.parametrize("size", [3, 5])
def test_determinant_of_a_singular_matrix_is_a_number(size: int) -> None:
    x = numbers(1, size, size)
    x[:, :, 0] = 0
    assert run("Det", [x], opset=11).tolist() == [0]


def test_determinant_of_unknown_size_is_refused() -> None:
    with pytest.raises(MoError, match="unknown size"):
        run("Det", [numbers(2, 2)], opset=11, dynamic=(0,))


@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
def test_bits_shifted_out(direction: str) -> None:
    x, y = np.array([1, 128, 255, 7], np.uint8), np.array([1, 8, 200, 0], np.uint8)
    want = [2, 0, 0, 7] if direction == "LEFT" else [0, 0, 0, 7]
    assert run("BitShift", [x, y], {"direction": direction}, opset=11).tolist() == want


def test_where_broadcasts_all_three() -> None:
    check("Where", [numbers(3, 1) > 0, numbers(4), numbers(2, 1, 1)], opset=16, dynamic=(0, 1, 2))


@pytest.mark.parametrize("equation", ["ij,jk->ik", "bij,bjk->bik", "...ij->...ji", "ii->i", "bhc,hkc->bhk"])
def test_einsum(equation: str) -> None:
    sizes = {"i": 3, "j": 3, "k": 2, "b": 2, "h": 3, "c": 4, ".": 2}
    terms = equation.split("->")[0].replace("...", ".").split(",")
    check("Einsum", [numbers(*[sizes[c] for c in term]) for term in terms], {"equation": equation}, opset=12)
