"""Diagonals, triangles, inverses and determinants of matrices, which are the last two axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import (
    arange,
    concat,
    constant_like,
    dim,
    dim_size,
    ints,
    move_axis,
    permute,
    reshape_to,
    slice_axis,
    swap_axes,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    Divide,
    Gather,
    GreaterEqual,
    Inverse,
    LessEqual,
    Log,
    MatMul,
    Multiply,
    Pad,
    ReduceSum,
    Select,
    Sign,
    Sqrt,
    Subtract,
)
from mo_mxnet.attributes import Ints
from mo_mxnet.ops.shape import times
from mo_mxnet.registry import mxnet_op

MAX_DETERMINANT = 8
"""Rows of the largest matrix whose determinant is written out: the runtime has none, and every row is a step."""

MAX_CHOLESKY = 32
"""The same for Cholesky's decomposition."""


def _square(x: Value) -> int:
    rows, columns = dim(x, -2), dim(x, -1)
    if not isinstance(rows, int) or not isinstance(columns, int):
        raise Unsupported("this operator needs matrices of known size", "Give the shape with --input.")
    if rows != columns:
        raise ModelError(f"a square matrix is needed, and it is {rows} x {columns}")
    return rows


def _known(x: Value) -> tuple[int, int]:
    rows, columns = dim(x, -2), dim(x, -1)
    if not isinstance(rows, int) or not isinstance(columns, int):
        raise Unsupported("this operator needs matrices of known size", "Give the shape with --input.")
    return rows, columns


def diagonal_of(x: Value, offset: int) -> Value:
    """A diagonal of each matrix, as the last axis."""
    rows, columns = _known(x)
    count = min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns)
    if count < 1:
        raise ModelError(f"a matrix of {rows} x {columns} has no diagonal {offset}")
    first = offset if offset >= 0 else -offset * columns
    flat = reshape_to(x, [*(dim_size(x, i) for i in range(x.rank - 2)), rows * columns])
    places = first + np.arange(count) * (columns + 1)
    return Gather(flat, constant(places.astype(np.int64)), constant(-1, t.i64))


def matrix_of(x: Value, offset: int) -> Value:
    """Square matrices with the last axis on a diagonal, zeros elsewhere."""
    count = dim(x, -1)
    if not isinstance(count, int):
        raise Unsupported("a diagonal matrix needs a diagonal of known size", "Give the shape with --input.")
    size = count + abs(offset)
    pattern = np.zeros((count, size * size), np.float32)
    first = offset if offset >= 0 else -offset * size
    pattern[np.arange(count), first + np.arange(count) * (size + 1)] = 1
    flat = MatMul(x if x.rank > 1 else unsqueeze(x, 0), constant_like(x, pattern))
    return reshape_to(flat, [*(dim_size(x, i) for i in range(x.rank - 1)), size, size])


@mxnet_op("_linalg_extractdiag", "linalg_extractdiag")
def extract_diagonal(x: Value, *, offset: int = 0) -> Value:
    return diagonal_of(x, offset)


@mxnet_op("_linalg_makediag", "linalg_makediag")
def make_diagonal(x: Value, *, offset: int = 0) -> Value:
    return matrix_of(x, offset)


@mxnet_op("diag")
def diag(x: Value, *, k: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """The matrix of a vector; of anything else a diagonal."""
    return matrix_of(x, k) if x.rank == 1 else _diagonal_along(x, k, axis1, axis2)


@mxnet_op("_np_diag")
def np_diag(x: Value, *, k: int = 0) -> Value:
    return matrix_of(x, k) if x.rank == 1 else diagonal_of(x, k)


@mxnet_op("_np_diagflat")
def np_diagflat(x: Value, *, k: int = 0) -> Value:
    return matrix_of(reshape_to(x, [-1]), k)


@mxnet_op("_np_diagonal")
def np_diagonal(x: Value, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    return _diagonal_along(x, offset, axis1, axis2)


def _diagonal_along(x: Value, offset: int, axis1: int, axis2: int) -> Value:
    first, second = t.normalize_axis(axis1, x.rank), t.normalize_axis(axis2, x.rank)
    moved = move_axis(x, first, -1)
    return diagonal_of(move_axis(moved, second - (second > first), -1), offset)


@mxnet_op("_np_trace")
def np_trace(x: Value, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    return ReduceSum(_diagonal_along(x, offset, axis1, axis2), ints([-1]), keep_dims=False)


def triangle(x: Value, offset: int, lower: bool) -> Value:
    """The matrices with zeros above (or below) a diagonal."""
    rows = reshape_to(arange(dim_size(x, -2)), [-1, 1])
    columns = reshape_to(arange(dim_size(x, -1)), [1, -1])
    distance = Subtract(columns, rows)
    limit = constant(offset, t.i64)
    inside = LessEqual(distance, limit) if lower else GreaterEqual(distance, limit)
    return Select(inside, x, constant_like(x, 0))


@mxnet_op("_npi_tril")
def tril(x: Value, *, k: int = 0) -> Value:
    return triangle(x, k, True)


def _triangle_places(size: int, offset: int, lower: bool) -> np.ndarray:
    """Flat places of a triangle: a lower one row by row, an upper one column by column."""
    rows, columns = np.tril_indices(size, offset) if lower else np.tril_indices(size, -offset)[::-1]
    return np.asarray(rows * size + columns, np.int64)


@mxnet_op("_linalg_extracttrian", "linalg_extracttrian")
def extract_triangle(x: Value, *, offset: int = 0, lower: bool = True) -> Value:
    """The elements of a triangle; an offset decides which one by its sign."""
    size = _square(x)
    below = lower if offset == 0 else offset < 0
    flat = reshape_to(x, [*(dim_size(x, i) for i in range(x.rank - 2)), size * size])
    return Gather(flat, constant(_triangle_places(size, offset, below)), constant(-1, t.i64))


@mxnet_op("_linalg_maketrian", "linalg_maketrian")
def make_triangle(x: Value, *, offset: int = 0, lower: bool = True) -> Value:
    """A matrix from the elements of a triangle."""
    count = dim(x, -1)
    if not isinstance(count, int):
        raise Unsupported("a triangle needs a known number of elements", "Give the shape with --input.")
    side = int((np.sqrt(8 * count + 1) - 1) / 2 + 1e-6)
    if side * (side + 1) // 2 != count:
        raise ModelError(f"{count} elements make no triangle")
    size = side + abs(offset)
    below = lower if offset == 0 else offset < 0
    pattern = np.zeros((count, size * size), np.float32)
    pattern[np.arange(count), _triangle_places(size, offset, below)] = 1
    flat = MatMul(x if x.rank > 1 else unsqueeze(x, 0), constant_like(x, pattern))
    return reshape_to(flat, [*(dim_size(x, i) for i in range(x.rank - 1)), size, size])


@mxnet_op("_linalg_inverse", "linalg_inverse", "_npi_inv")
def inverse(x: Value) -> Value:
    return Inverse(x)


@mxnet_op("_linalg_potri", "linalg_potri")
def inverse_of_product(x: Value) -> Value:
    """The inverse of `x x^T`, where `x` is a lower triangle."""
    low = triangle(x, 0, True)
    return Inverse(MatMul(low, low, transpose_b=True))


@mxnet_op("_linalg_sumlogdiag", "linalg_sumlogdiag")
def sum_of_logs(x: Value) -> Value:
    """The sum of the logarithms of the diagonal."""
    y = ReduceSum(Log(diagonal_of(x, 0)), ints([-1]), keep_dims=False)
    return unsqueeze(y, 0) if y.shape == () else y


@mxnet_op("_linalg_trmm", "linalg_trmm")
def triangle_product(
    a: Value, c: Value, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0
) -> Value:
    """A product with a triangular matrix on the left or on the right."""
    low = triangle(a, 0, lower)
    y = MatMul(c, low, transpose_b=transpose) if rightside else MatMul(low, c, transpose_a=transpose)
    return Multiply(y, constant_like(y, alpha))


@mxnet_op("_linalg_trsm", "linalg_trsm")
def triangle_solution(
    a: Value, c: Value, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0
) -> Value:
    """What a triangular matrix has to be multiplied with to give `alpha c`."""
    low = Inverse(triangle(a, 0, lower))
    y = MatMul(c, low, transpose_b=transpose) if rightside else MatMul(low, c, transpose_a=transpose)
    return Multiply(y, constant_like(y, alpha))


@mxnet_op("_npi_solve")
def solve(a: Value, c: Value) -> Value:
    """What `a` has to be multiplied with to give `c`."""
    if c.rank == a.rank - 1:
        y = MatMul(Inverse(a), unsqueeze(c, -1))
        return reshape_to(y, [*(dim_size(c, i) for i in range(c.rank))])
    return MatMul(Inverse(a), c)


@mxnet_op("_npi_tensorinv")
def tensor_inverse(x: Value, *, ind: int = 2) -> Value:
    """The inverse of a tensor as a map from its last axes to its first ones."""
    if not 0 < ind < x.rank:
        raise ModelError(f"tensorinv cannot part {x.rank} axes at {ind}")
    sizes = [dim_size(x, i) for i in range(x.rank)]
    rows = sizes[0]
    for size in sizes[1:ind]:
        rows = times(rows, size)
    flat = Inverse(reshape_to(x, [rows, -1]))
    return reshape_to(flat, [*sizes[ind:], *sizes[:ind]])


def determinant(x: Value) -> Value:
    """The determinant of each matrix, by expansion along the first row."""
    size = _square(x)
    if size > MAX_DETERMINANT:
        raise Unsupported(f"the determinant of a matrix of {size} rows is not supported; the runtime has none")
    return _expanded(x, tuple(range(size)), 0, {})


def _expanded(x: Value, columns: Sequence[int], row: int, done: dict[tuple[int, ...], Value]) -> Value:
    key = tuple(columns)
    if key not in done:
        total: Value | None = None
        for i, column in enumerate(columns):
            here = _element(x, row, column)
            rest = [c for c in columns if c != column]
            term = here if not rest else Multiply(here, _expanded(x, rest, row + 1, done))
            if total is None:
                total = term
            else:
                total = Subtract(total, term) if i % 2 else Add(total, term)
        assert total is not None
        done[key] = total
    return done[key]


def _element(x: Value, row: int, column: int) -> Value:
    one = slice_axis(slice_axis(x, -2, row, row + 1), -1, column, column + 1)
    return reshape_to(one, [dim_size(x, i) for i in range(x.rank - 2)])


@mxnet_op("_linalg_det", "linalg_det", "_npi_det")
def det(x: Value) -> Value:
    return determinant(x)


@mxnet_op("_linalg_slogdet", "linalg_slogdet", "_npi_slogdet")
def slogdet(x: Value) -> Sequence[Value]:
    """The sign of the determinant and the logarithm of its size."""
    y = determinant(x)
    return [Sign(y), Log(Abs(y))]


@mxnet_op("_linalg_potrf", "linalg_potrf", "_npi_cholesky")
def cholesky(x: Value, *, lower: bool = True) -> Value:
    """The triangle that gives a matrix when it is multiplied with its transpose, column by column."""
    size = _square(x)
    if size > MAX_CHOLESKY:
        raise Unsupported(f"the decomposition of a matrix of {size} rows is not supported; the runtime has none")
    columns: list[Value] = []
    rest: Value = x
    for place in range(size):
        first = slice_axis(rest, -1, 0, 1)
        column = Divide(first, Sqrt(slice_axis(first, -2, 0, 1)))
        columns.append(_below(column, place) if place else column)
        if place < size - 1:
            tail = slice_axis(column, -2, 1)
            inner = slice_axis(slice_axis(rest, -2, 1), -1, 1)
            rest = Subtract(inner, MatMul(tail, tail, transpose_b=True))
    y = columns[0] if size == 1 else concat(columns, -1)
    return y if lower else swap_axes(y, -2, -1)


def _below(column: Value, zeros: int) -> Value:
    """A column with zeros above it."""
    begin = ints([*[0] * (column.rank - 2), zeros, 0])
    return Pad(column, begin, ints([0] * column.rank), constant_like(column, 0))


@mxnet_op("_npi_tensorsolve")
def tensor_solution(a: Value, c: Value, *, a_axes: Ints = ()) -> Value:
    """What a tensor, as a map from its last axes, has to be applied to, to give `c`."""
    moved = t.normalize_axes(a_axes, a.rank)
    kept = [i for i in range(a.rank) if i not in moved]
    data = permute(a, [*kept, *moved]) if moved else a
    count = dim_size(reshape_to(c, [-1]), 0)
    y = MatMul(Inverse(reshape_to(data, [count, -1])), reshape_to(c, [-1, 1]))
    return reshape_to(y, [dim_size(data, i) for i in range(c.rank, a.rank)])
