"""Diagonals of matrices.

Diagonal `k` has the elements whose column is `k` more than their row. A single diagonal is a vector [..., length];
several are the rows of a matrix [..., diagonals, length], the uppermost first. Those that are shorter than the longest
are filled up: with `RIGHT_LEFT`, those above the main one lie at the right, those below at the left.
"""

from __future__ import annotations

from mo_core.build import (
    arange,
    as_i64,
    const_ints,
    constant_like,
    dim_of,
    dims_of,
    gather,
    integer,
    ints,
    known_ints,
    reshape_to,
    scalar,
    shape_of,
    squeeze,
    unsqueeze,
    vector,
)
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ops import (
    Add,
    GreaterEqual,
    Less,
    LessEqual,
    LogicalAnd,
    LogicalOr,
    Maximum,
    Minimum,
    Multiply,
    Negative,
    ReduceProd,
    Select,
    Subtract,
)
from mo_tensorflow.registry import tf_op

_LEFT, _V3 = "LEFT_LEFT", "RIGHT_LEFT"


@tf_op("MatrixBandPart")
def matrix_band_part(x: Value, lower: Value, upper: Value) -> Value:
    """What lies at most so far below and above the diagonal; a negative number keeps everything."""
    rows, columns = _grid(dim_of(x, -2), dim_of(x, -1))
    below, above = as_i64(lower), as_i64(upper)
    first = LogicalOr(Less(below, 0), LessEqual(Subtract(rows, columns), below))
    second = LogicalOr(Less(above, 0), LessEqual(Subtract(columns, rows), above))
    return Select(LogicalAnd(first, second), x, constant_like(x, 0))


@tf_op("MatrixDiag", "MatrixDiagV2")
def matrix_diag(
    x: Value,
    k: Value | None = None,
    num_rows: Value | None = None,
    num_cols: Value | None = None,
    padding: Value | None = None,
    *,
    align: str = _LEFT,
) -> Value:
    """A matrix of diagonals; a size that is -1 is the least that holds them."""
    low, high = _which(k)
    longest = dim_of(x, -1)
    least_rows, least_columns = Subtract(longest, min(high, 0)), Add(longest, max(low, 0))
    rows, columns = (None if v is None or known_ints(v) == (-1,) else scalar(as_i64(v)) for v in (num_rows, num_cols))
    if rows is None and columns is None:
        rows = columns = Maximum(least_rows, least_columns)
    empty = constant_like(x, 0) if padding is None else padding
    return _with_diagonals(empty, x, low, high, rows or least_rows, columns or least_columns, align)


@tf_op("MatrixDiagV3")
def matrix_diag_v3(x: Value, k: Value, rows: Value, columns: Value, padding: Value, *, align: str = _V3) -> Value:
    return matrix_diag(x, k, rows, columns, padding, align=align)


@tf_op("MatrixSetDiag", "MatrixSetDiagV2")
def matrix_set_diag(x: Value, diagonals: Value, k: Value | None = None, *, align: str = _LEFT) -> Value:
    low, high = _which(k)
    return _with_diagonals(x, diagonals, low, high, dim_of(x, -2), dim_of(x, -1), align)


@tf_op("MatrixSetDiagV3")
def matrix_set_diag_v3(x: Value, diagonals: Value, k: Value, *, align: str = _V3) -> Value:
    return matrix_set_diag(x, diagonals, k, align=align)


@tf_op("MatrixDiagPart", "MatrixDiagPartV2")
def matrix_diag_part(x: Value, k: Value | None = None, padding: Value | None = None, *, align: str = _LEFT) -> Value:
    low, high = _which(k)
    rows, columns = dim_of(x, -2), dim_of(x, -1)
    longest = _length(rows, columns, integer(low), integer(high))
    which = unsqueeze(Subtract(high, arange(high - low + 1)), 1)
    length = _length(rows, columns, which, which)
    place = Subtract(unsqueeze(arange(longest), 0), _gap(which, length, longest, align))
    row, column = Add(place, Maximum(Negative(which), 0)), Add(place, Maximum(which, 0))
    index = Add(Multiply(row, columns), column)
    elements = reshape_to(x, vector([dims_of(x, range(x.rank - 2)), integer(-1)]))
    if low == high:
        return gather(elements, squeeze(index, 0), -1)
    inside = LogicalAnd(GreaterEqual(place, 0), Less(place, length))
    empty = constant_like(x, 0) if padding is None else padding
    return Select(inside, gather(elements, Select(inside, index, 0), -1), empty)


@tf_op("MatrixDiagPartV3")
def matrix_diag_part_v3(x: Value, k: Value, padding: Value, *, align: str = _V3) -> Value:
    return matrix_diag_part(x, k, padding, align=align)


@tf_op("Diag")
def diag(x: Value) -> Value:
    """A tensor with the axes of `x` twice, that has it where the places are the same."""
    matrix = matrix_diag(reshape_to(x, [-1]))
    return matrix if x.rank == 1 else reshape_to(matrix, vector([shape_of(x), shape_of(x)]))


@tf_op("DiagPart")
def diag_part(x: Value) -> Value:
    """What lies where the first half of the places is the same as the second."""
    if x.rank == 2:
        return matrix_diag_part(x)
    if not x.rank or x.rank % 2:
        raise ModelError(f"DiagPart takes each axis twice, and its operand has {x.rank} axes")
    shape = dims_of(x, range(x.rank // 2))
    count = ReduceProd(shape, ints([0]), keep_dims=False)
    return reshape_to(matrix_diag_part(reshape_to(x, vector([count, count]))), shape)


def _with_diagonals(x: Value, diagonals: Value, low: int, high: int, rows: Value, columns: Value, align: str) -> Value:
    """`x` (a matrix, or a number for all of it) with other elements on the diagonals from `low` to `high`."""
    row, column = _grid(rows, columns)
    which, longest = Subtract(column, row), dim_of(diagonals, -1)
    place = Add(Minimum(row, column), _gap(which, _length(rows, columns, which, which), longest, align))
    inside = LogicalAnd(GreaterEqual(which, low), LessEqual(which, high))
    if low < high:
        place = Add(Multiply(Subtract(high, which), longest), place)
        batch = dims_of(diagonals, range(diagonals.rank - 2))
        diagonals = reshape_to(diagonals, vector([batch, integer(-1)]))
    return Select(inside, gather(diagonals, Select(inside, place, 0), -1), x)


def _which(k: Value | None) -> tuple[int, int]:
    """The lowest and the highest diagonal."""
    known = (0,) if k is None else const_ints(k, "the diagonals of a matrix")
    if len(known) not in (1, 2) or known[0] > known[-1]:
        raise ModelError(f"diagonals of a matrix are given as {list(known)}")
    return known[0], known[-1]


def _grid(rows: Value, columns: Value) -> tuple[Value, Value]:
    """The number of the row of each place, and that of the column."""
    return unsqueeze(arange(rows), 1), unsqueeze(arange(columns), 0)


def _length(rows: Value, columns: Value, low: Value, high: Value) -> Value:
    """How long the longest of some diagonals is."""
    return Minimum(Add(rows, Minimum(high, 0)), Subtract(columns, Maximum(low, 0)))


def _gap(which: Value, length: Value, longest: Value, align: str) -> Value:
    """How many elements are filled in before each diagonal."""
    sides = align.split("_")
    left = [kind(which, 0) for side, kind in zip(sides, (GreaterEqual, LessEqual)) if side == "LEFT"]
    if len(left) == 2:
        return integer(0)
    gap = Subtract(longest, length)
    return Select(left[0], 0, gap) if left else gap
