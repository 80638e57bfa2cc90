"""Products and determinants of matrices."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import (
    constant_like,
    dim,
    dim_of,
    dims_of,
    filled,
    integer,
    ints,
    slice_axis,
    squeeze,
    take,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    Divide,
    Einsum,
    Equal,
    MatMul,
    Multiply,
    Negative,
    OneHot,
    ReduceSum,
    Select,
    Subtract,
    TopK,
)
from mo_onnx.registry import onnx_op


@onnx_op("MatMul")
def mat_mul(a: Value, b: Value) -> Value:
    return MatMul(a, b)


@onnx_op("Gemm")
def gemm_before_opset_7(
    a: Value,
    b: Value,
    c: Value,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    broadcast: int = 0,
    transA: int = 0,
    transB: int = 0,
) -> Value:
    return gemm(a, b, c, alpha=alpha, beta=beta, transA=transA, transB=transB)


@onnx_op("Gemm", since=7)
def gemm(
    a: Value,
    b: Value,
    c: Value | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Value:
    y: Value = MatMul(a, b, transpose_a=bool(transA), transpose_b=bool(transB))
    if alpha != 1:
        y = Multiply(y, constant_like(y, alpha))
    if c is None or beta == 0:
        return y
    return Add(y, c if beta == 1 else Multiply(c, constant_like(c, beta)))


@onnx_op("Einsum")
def einsum(first: Value, *rest: Value, equation: str) -> Value:
    if not isinstance(equation, str):  # bytes that are no text
        raise ModelError(f"Einsum has the equation {equation!r}", "Export the model again.")
    return Einsum((first, *rest), equation=equation.replace(" ", ""))


MAX_DET = 64


@onnx_op("Det")
def det(x: Value) -> Value:
    size = dim(x, -1) if isinstance(dim(x, -1), int) else dim(x, -2)
    if not isinstance(size, int):
        raise Unsupported("Det of matrices of unknown size", "Give the input a static shape with --input.")
    if size > MAX_DET:
        raise Unsupported(f"Det of matrices larger than {MAX_DET}", "Cut the model before it.")
    if size == 0:
        return filled(dims_of(x, range(x.rank - 2)), constant_like(x, 1))
    if size <= 3:
        return _expanded_det([[take(take(x, c, -1), r, -1) for c in range(size)] for r in range(size)])
    total: Value | None = None
    for _ in range(size):
        pivot, x = _eliminated(x)
        total = pivot if total is None else Multiply(total, pivot)
    assert total is not None
    return total


def _eliminated(x: Value) -> tuple[Value, Value]:
    """One step of Gaussian elimination on matrices in the last two axes: signed pivot, and the matrices that remain."""
    zero, one = constant_like(x, 0), constant_like(x, 1)
    column = take(x, 0, -1)
    index = TopK(Abs(column), integer(1), axis=-1, mode="max", sort="none", index_element_type=t.i64).results[1]
    chosen = unsqueeze(OneHot(squeeze(index, -1), dim_of(x, -2), one, zero, axis=-1), -1)
    row, first = ReduceSum(Multiply(x, chosen), ints([-2])), take(x, 0, -2)
    pivot = take(row, 0, -1)
    # the first row takes the place of the chosen one, which changes the sign of the determinant
    x = slice_axis(Add(x, Multiply(chosen, unsqueeze(Subtract(first, row), -2))), -2, 1)
    signed = Select(Equal(squeeze(index, -1), integer(0)), pivot, Negative(pivot))
    divisor = Select(Equal(pivot, zero), one, pivot)  # a pivot of zero makes the whole product zero
    factors = Divide(slice_axis(x, -1, 0, 1), unsqueeze(divisor, -1, -2))
    return signed, Subtract(slice_axis(x, -1, 1), Multiply(factors, slice_axis(unsqueeze(row, -2), -1, 1)))


def _expanded_det(rows: Sequence[Sequence[Value]]) -> Value:
    if len(rows) == 1:
        return rows[0][0]
    if len(rows) == 2:
        return Subtract(Multiply(rows[0][0], rows[1][1]), Multiply(rows[0][1], rows[1][0]))
    terms = [
        Multiply(first, _expanded_det([[*r[:i], *r[i + 1 :]] for r in rows[1:]])) for i, first in enumerate(rows[0])
    ]
    total: Value = terms[0]
    for i, term in enumerate(terms[1:], 1):
        total = Subtract(total, term) if i % 2 else Add(total, term)
    return total
