"""Products of matrices and tensors."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import Size, constant_like, dim_size, flatten, move_axis, permute, reshape_to, unsqueeze, vector
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import Add, Einsum, MatMul, Multiply
from mo_mxnet.attributes import Ints
from mo_mxnet.elements import aligned, pair
from mo_mxnet.learned import channels_of, check_fit
from mo_mxnet.registry import mxnet_op


@mxnet_op("FullyConnected", "_npx_fully_connected", "_sparse_FullyConnected", ignore=("num_hidden", "no_bias"))
def fully_connected(x: Value, weight: Value, bias: Value | None = None, *, flatten: bool = True) -> Value:
    """`x w^T + b`; all axes but the first are one before, if `flatten`."""
    rows = _rows(x) if flatten else x
    check_fit(weight, [None, channels_of(rows, -1)])
    y = MatMul(rows, weight, transpose_b=True)
    return y if bias is None else Add(y, bias)


def _rows(x: Value) -> Value:
    return x if x.shape is not None and len(x.shape) == 2 else flatten(x, 1)


@mxnet_op("batch_dot", "_npx_batch_dot", ignore=("forward_stype",))
def batch_dot(a: Value, b: Value, *, transpose_a: bool = False, transpose_b: bool = False) -> Value:
    return MatMul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)


@mxnet_op("dot", "_sparse_dot", ignore=("forward_stype",))
def dot(a: Value, b: Value, *, transpose_a: bool = False, transpose_b: bool = False) -> Value:
    """The last axis of `a` with the first one of `b`; transposed: the first of `a`, the last of `b`."""
    if a.rank == b.rank == 2:
        return MatMul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
    if a.rank == b.rank == 1:
        return reshape_to(MatMul(a, b), [1])
    first = flatten(a, 1) if transpose_a else flatten(a, a.rank - 1)
    second = flatten(b, b.rank - 1) if transpose_b else flatten(b, 1)
    rows = range(1, a.rank) if transpose_a else range(a.rank - 1)
    columns = range(b.rank - 1) if transpose_b else range(1, b.rank)
    product = MatMul(first, second, transpose_a=transpose_a, transpose_b=transpose_b)
    return _shaped(product, a, rows, b, columns)


def _shaped(product: Value, a: Value, rows: Sequence[int], b: Value, columns: Sequence[int]) -> Value:
    """A matrix with the axes of `a` that its rows are made of, then those of `b`."""
    sizes: list[Size] = [*(dim_size(a, i) for i in rows), *(dim_size(b, i) for i in columns)]
    return reshape_to(product, sizes)


@mxnet_op("_np_dot")
def np_dot(a: Value, b: Value) -> Value:
    """The last axis of `a` with the last but one of `b`; a scalar multiplies."""
    a, b = pair(a, b)
    if a.rank == 0 or b.rank == 0:
        return Multiply(a, b)
    if b.rank <= 2 or a.rank == 1:
        return MatMul(a, b)
    return contracted(a, b, (a.rank - 1,), (b.rank - 2,))


@mxnet_op("_npi_matmul")
def np_matmul(a: Value, b: Value) -> Value:
    return MatMul(*pair(a, b))


@mxnet_op("_npi_tensordot")
def tensordot(a: Value, b: Value, *, a_axes_summed: Ints, b_axes_summed: Ints) -> Value:
    return contracted(*pair(a, b), t.normalize_axes(a_axes_summed, a.rank), t.normalize_axes(b_axes_summed, b.rank))


@mxnet_op("_npi_tensordot_int_axes")
def tensordot_of_so_many(a: Value, b: Value, *, axes: int) -> Value:
    """The last axes of `a` with the first ones of `b`."""
    if not 0 <= axes <= min(a.rank, b.rank):
        raise ModelError(f"{axes} axes of tensors of {a.rank} and {b.rank} axes cannot be summed")
    return contracted(*pair(a, b), range(a.rank - axes, a.rank), range(axes))


def contracted(a: Value, b: Value, of_a: Sequence[int], of_b: Sequence[int]) -> Value:
    """The sum over pairs of axes; the other axes of `a` come first."""
    if len(of_a) != len(of_b):
        raise ModelError(f"{len(of_a)} axes cannot be summed with {len(of_b)}")
    rows = [i for i in range(a.rank) if i not in of_a]
    columns = [i for i in range(b.rank) if i not in of_b]
    first = flatten(permute(a, [*rows, *of_a]), len(rows))
    second = flatten(permute(b, [*of_b, *columns]), len(of_b))
    return _shaped(MatMul(first, second), a, rows, b, columns)


@mxnet_op("_npi_einsum", ignore=("optimize",))
def einsum(*values: Value, subscripts: str = "") -> Value:
    return Einsum(aligned(*values), equation=subscripts.replace(" ", ""))


def _scaled(x: Value, factor: float) -> Value:
    return x if factor == 1 else Multiply(x, constant_like(x, factor))


@mxnet_op("_linalg_gemm", "linalg_gemm")
def gemm(
    a: Value,
    b: Value,
    c: Value,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    beta: float = 1.0,
    axis: int = -2,
) -> Value:
    """`alpha a b + beta c`; `axis` is that of the rows."""
    product = gemm2(a, b, transpose_a=transpose_a, transpose_b=transpose_b, alpha=alpha, axis=axis)
    return Add(product, _scaled(c, beta))


@mxnet_op("_linalg_gemm2", "linalg_gemm2")
def gemm2(
    a: Value,
    b: Value,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    alpha: float = 1.0,
    axis: int = -2,
) -> Value:
    """`alpha a b`; `axis` is that of the rows."""
    first, second = (move_axis(v, axis, -2) for v in (a, b))
    product = MatMul(first, second, transpose_a=transpose_a, transpose_b=transpose_b)
    return move_axis(_scaled(product, alpha), -2, axis)


@mxnet_op("_linalg_syrk", "linalg_syrk")
def syrk(a: Value, *, transpose: bool = False, alpha: float = 1.0) -> Value:
    """`alpha a a^T`, or `alpha a^T a`."""
    return _scaled(MatMul(a, a, transpose_a=transpose, transpose_b=not transpose), alpha)


@mxnet_op("khatri_rao")
def khatri_rao(*matrices: Value) -> Value:
    """The products of rows of each with rows of all others, column by column."""
    product = matrices[0]
    for matrix in matrices[1:]:
        both = Multiply(unsqueeze(product, 1), unsqueeze(matrix, 0))
        product = reshape_to(both, vector([-1, dim_size(matrix, 1)]))
    return product
