"""Picking elements by index, and putting them by index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import (
    as_i64,
    dim,
    dim_of,
    dims_of,
    integer,
    ints,
    normalized,
    scalar,
    shape_of,
    slice_axis,
    take,
)
from mo_core.errors import ModelError, ShapeError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ir.types import normalize_axis
from mo_core.ops import (
    Add,
    Gather,
    GatherElements,
    GatherND,
    OneHot,
    ScatterElementsUpdate,
    ScatterNDUpdate,
    StridedSlice,
    TopK,
)
from mo_onnx.registry import onnx_op


@onnx_op("Gather")
def gather(x: Value, indices: Value, *, axis: int = 0) -> Value:
    return Gather(x, indices, integer(axis))


@onnx_op("GatherElements")
def gather_elements(x: Value, indices: Value, *, axis: int = 0) -> Value:
    return GatherElements(trimmed(x, indices, axis), from_zero(indices, dim_of(x, axis)), axis=axis)


def trimmed(x: Value, indices: Value, axis: int) -> Value:
    """`x` cut to the extent of the indices on the other axes, which the runtime wants to be equal there."""
    if x.rank != indices.rank:
        raise ShapeError(f"the data has rank {x.rank}, and the indices have rank {indices.rank}")
    whole = [int(not isinstance(d, int) or d == have) for have, d in zip(x.dims, indices.dims)]
    whole[normalize_axis(axis, len(whole))] = 1
    if all(whole):
        return x
    # a Slice would be taken for superfluous by the runtime
    count, mask = len(whole), tuple(whole)
    return StridedSlice(x, ints([0] * count), shape_of(indices), ints([1] * count), begin_mask=mask, end_mask=mask)


@onnx_op("GatherND")
def gather_nd(x: Value, indices: Value, *, batch_dims: int = 0) -> Value:
    return GatherND(x, nd_from_zero(x, indices, batch_dims), batch_dims=batch_dims)


def from_zero(indices: Value, size: Value) -> Value:
    """Indices without negative ones; as they are when they are known to have none."""
    known = indices.known
    if known is not None and known.dtype != np.object_ and (known >= 0).all():
        return indices
    return normalized(indices, size)


def nd_from_zero(x: Value, indices: Value, batch_dims: int = 0) -> Value:
    """`from_zero` for tuples of indices in the last axis."""
    depth = dim(indices, -1)
    if isinstance(depth, int):
        return from_zero(indices, dims_of(x, range(batch_dims, batch_dims + depth)))
    return from_zero(indices, slice_axis(shape_of(x), 0, batch_dims, Add(dim_of(indices, -1), integer(batch_dims))))


REDUCTIONS = {"none": "none", "add": "sum", "mul": "prod", "min": "min", "max": "max"}


def reduction_of(name: str) -> str:
    """The runtime's word for what happens where several updates meet."""
    if name not in REDUCTIONS:
        raise ModelError(f'there is no scatter reduction "{name}"', "Export the model again.")
    return REDUCTIONS[name]


@onnx_op("Scatter")
@onnx_op("ScatterElements")
def scatter_elements(x: Value, indices: Value, updates: Value, *, axis: int = 0, reduction: str = "none") -> Value:
    return ScatterElementsUpdate(x, indices, updates, integer(axis), reduction=reduction_of(reduction))


@onnx_op("ScatterND")
def scatter_nd(x: Value, indices: Value, updates: Value, *, reduction: str = "none") -> Value:
    return ScatterNDUpdate(x, nd_from_zero(x, indices), updates, reduction=reduction_of(reduction))


@onnx_op("OneHot")
def one_hot(indices: Value, depth: Value, values: Value, *, axis: int = -1) -> Value:
    depth, indices = scalar(as_i64(depth)), as_i64(indices)
    return OneHot(from_zero(indices, depth), depth, take(values, 1, 0), take(values, 0, 0), axis=axis)


@onnx_op("TopK", since=1)
def top_k_by_attribute(x: Value, *, k: int, axis: int = -1) -> Sequence[Value]:
    return top_k(x, integer(k), axis=axis)


@onnx_op("TopK", since=10)
def top_k(x: Value, k: Value, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> Sequence[Value]:
    # of equal elements the one with the lower index comes first, hence `stable`
    mode = "max" if largest else "min"
    sort = "value" if sorted else "none"
    return TopK(x, scalar(k), axis=axis, mode=mode, sort=sort, stable=bool(sorted), index_element_type=t.i64).results
