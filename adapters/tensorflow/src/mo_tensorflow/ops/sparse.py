"""Sparse tensors: the places of values (i64 `[count, rank]`), the values, and the shape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import (
    arange,
    as_i64,
    broadcast_to,
    concat,
    constant_like,
    dim_of,
    filled,
    gather,
    integer,
    known_ints,
    reshape_to,
    shape_of,
    slice_axis,
    unsqueeze,
)
from mo_core.errors import Unsupported
from mo_core.ir import Value, constant
from mo_core.ops import (
    Abs,
    Divide,
    Equal,
    FloorMod,
    MatMul,
    Multiply,
    NonZero,
    ReduceProd,
    ReduceSum,
    ScatterElementsUpdate,
    ScatterNDUpdate,
    Select,
    Subtract,
    TopK,
)
from mo_tensorflow.registry import tf_op


@tf_op("SparseToDense")
def sparse_to_dense(places: Value, shape: Value, values: Value, default: Value) -> Value:
    empty = broadcast_to(default, as_i64(shape))
    rank = places.rank
    indices = places if rank == 2 else unsqueeze(places, -1) if rank == 1 else reshape_to(places, [1, 1])
    count = reshape_to(dim_of(indices, 0), [1])
    return ScatterNDUpdate(empty, indices, broadcast_to(values, count) if values.rank == 0 else values)


@tf_op("SparseReshape")
def sparse_reshape(places: Value, shape: Value, new: Value) -> Sequence[Value]:
    """Places among all elements stay, seen in other axes; -1 stands for what is left."""
    total = ReduceProd(as_i64(shape), [0], keep_dims=True)
    known = ReduceProd(as_i64(new), [0], keep_dims=True)
    dims = Select(Equal(as_i64(new), -1), Divide(total, Abs(known)), as_i64(new))
    flat = ReduceSum(Multiply(as_i64(places), _steps(as_i64(shape))), [1], keep_dims=True)
    steps = _steps(dims)
    quotient = Divide(Subtract(flat, FloorMod(flat, steps)), steps)
    return FloorMod(quotient, dims), dims


def _steps(shape: Value) -> Value:
    """How far apart neighbours of each axis lie among all elements."""
    count = known_ints(dim_of(shape, 0))
    if count is None:
        raise Unsupported("the rank of a sparse tensor has to be known")
    steps: list[Value] = []
    product: Value = constant(np.array([1], np.int64))
    for i in reversed(range(count[0])):
        steps.append(product)
        product = Multiply(product, slice_axis(shape, 0, i, i + 1))
    return concat(steps[::-1], 0) if len(steps) > 1 else steps[0]


@tf_op("SparseReorder")
def sparse_reorder(places: Value, values: Value, shape: Value) -> Sequence[Value]:
    """The values in the order of their places, row after row."""
    flat = ReduceSum(Multiply(as_i64(places), _steps(as_i64(shape))), [1])
    order = _order(flat)
    return gather(as_i64(places), order, 0), gather(values, order, 0)


def _order(numbers: Value) -> Value:
    """The indices by which numbers are put in order; equal ones keep theirs."""
    count = reshape_to(dim_of(numbers, 0), [])
    return TopK(numbers, count, axis=0, mode="min", sort="value", stable=True).results[1]


@tf_op("SparseFillEmptyRows")
def sparse_fill_empty_rows(places: Value, values: Value, shape: Value, default: Value) -> Sequence[Value]:
    """A row without values gets the default one at its start. The fourth result says where each value went."""
    rows = reshape_to(slice_axis(as_i64(shape), 0, 0, 1), [1])
    first = reshape_to(slice_axis(as_i64(places), 1, 0, 1), [-1])
    ones = filled(shape_of(first), integer(1))
    empty = Equal(ScatterNDUpdate(filled(rows, integer(0)), unsqueeze(first, 1), ones, reduction="sum"), 0)
    new_rows = reshape_to(NonZero(empty), [-1])
    count, columns = reshape_to(dim_of(new_rows, 0), [1]), reshape_to(dim_of(places, 1), [1])
    added = concat([unsqueeze(new_rows, 1), filled(concat([count, Subtract(columns, 1)], 0), integer(0))], 1)
    all_places, all_rows = concat([as_i64(places), added], 0), concat([first, new_rows], 0)
    all_values = concat([values, broadcast_to(default, count)], 0)
    order = _order(all_rows)
    went = ScatterElementsUpdate(all_rows, as_i64(order), arange(reshape_to(dim_of(all_rows, 0), [])), 0)
    there = slice_axis(went, 0, 0, reshape_to(dim_of(first, 0), [1]))
    return gather(all_places, order, 0), gather(all_values, order, 0), empty, there


@tf_op("SparseTensorDenseMatMul")
def sparse_dense_matmul(
    places: Value, values: Value, shape: Value, dense: Value, *, adjoint_a: bool = False, adjoint_b: bool = False
) -> Value:
    whole = ScatterNDUpdate(
        broadcast_to(constant_like(values, 0), as_i64(shape)), as_i64(places), values, reduction="sum"
    )
    return MatMul(whole, dense, transpose_a=adjoint_a, transpose_b=adjoint_b)


@tf_op("SparseTensorDenseAdd")
def sparse_dense_add(places: Value, values: Value, shape: Value, dense: Value) -> Value:
    return ScatterNDUpdate(dense, as_i64(places), values, reduction="sum")
