"""Elements by their places, elements put to places, and the order of elements."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import (
    Size,
    as_i64,
    broadcast_to,
    constant_like,
    dim_size,
    filled,
    integer,
    ints,
    move_axis,
    reshape_to,
    scalar,
    shape_of,
    squeeze,
    to_element,
    unsqueeze,
)
from mo_core.errors import ModelError
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    FloorMod,
    Gather,
    GatherElements,
    GatherND,
    Maximum,
    Minimum,
    NonZero,
    OneHot,
    ScatterElementsUpdate,
    ScatterNDUpdate,
    ScatterUpdate,
    Subtract,
    TopK,
    Unique,
)
from mo_mxnet.attributes import Ints, element
from mo_mxnet.registry import mxnet_op


@mxnet_op(
    "Embedding",
    "_npx_embedding",
    "_sparse_Embedding",
    "_contrib_SparseEmbedding",
    ignore=("input_dim", "output_dim", "dtype", "sparse_grad"),
)
def embedding(x: Value, weight: Value) -> Value:
    """Rows of the weights."""
    return Gather(weight, to_element(x, t.i32), integer(0))


@mxnet_op("take", "_npi_take")
def take(a: Value, indices: Value, *, axis: int = 0, mode: str = "clip") -> Value:
    """Indices beyond the end are taken for the last one (clip), or begin anew (wrap)."""
    return Gather(a, within(as_i64(indices), dim_size(a, axis), mode), integer(axis))


def within(places: Value, size: Size, mode: str) -> Value:
    """Places from 0 to below `size`; the others are brought there as `mode` says."""
    known = places.const
    if known is not None and isinstance(size, int) and known.size and known.min() >= 0 and known.max() < size:
        return places
    count = integer(size) if isinstance(size, int) else as_i64(size)
    if mode == "wrap":
        return FloorMod(places, count)
    if mode not in ("clip", "raise"):
        raise ModelError(f'mode is "{mode}", which is none of clip, wrap, raise')
    return Minimum(Maximum(places, integer(0)), Subtract(count, integer(1)))


@mxnet_op("batch_take")
def batch_take(a: Value, indices: Value) -> Value:
    """One element of each row."""
    places = within(as_i64(indices), dim_size(a, 1), "clip")
    return squeeze(GatherElements(a, unsqueeze(reshape_to(places, [-1]), 1), axis=1), 1)


@mxnet_op("pick", "_npx_pick", "choose_element_0index")
def pick(a: Value, index: Value, *, axis: int | None = -1, keepdims: bool = False, mode: str = "clip") -> Value:
    """One element along an axis, for each place along the others."""
    if axis is None:
        flat = reshape_to(a, [-1])
        return Gather(flat, within(as_i64(index), dim_size(flat, 0), mode), integer(0))
    axis = t.normalize_axis(axis, a.rank)
    places = within(as_i64(index), dim_size(a, axis), mode)
    if index.rank < a.rank:
        places = unsqueeze(places, axis)
    shape: list[Size] = [dim_size(a, i) for i in range(a.rank)]
    shape[axis] = 1
    chosen = GatherElements(a, broadcast_to(places, shape), axis=axis)
    if keepdims:
        return chosen
    y = squeeze(chosen, axis)
    return unsqueeze(y, 0) if y.shape == () else y


@mxnet_op("gather_nd", "_npi_gather_nd", "_npx_gather_nd")
def gather_nd(a: Value, indices: Value) -> Value:
    """The first axis of the indices has a place along each of the first axes of the data."""
    return GatherND(a, move_axis(as_i64(indices), 0, -1))


@mxnet_op("scatter_nd")
def scatter_nd(updates: Value, indices: Value, *, shape: Ints) -> Value:
    """Zeros of a shape, with values at places."""
    return ScatterNDUpdate(filled(ints(shape), constant_like(updates, 0)), move_axis(as_i64(indices), 0, -1), updates)


@mxnet_op("_scatter_set_nd", "_npi_scatter_set_nd", ignore=("shape",))
def scatter_set_nd(a: Value, updates: Value, indices: Value) -> Value:
    """Other values at places."""
    return ScatterNDUpdate(a, move_axis(as_i64(indices), 0, -1), updates)


@mxnet_op("_contrib_index_copy")
def index_copy(a: Value, indices: Value, rows: Value) -> Value:
    """Other rows at places."""
    return ScatterUpdate(a, as_i64(indices), rows, integer(0))


@mxnet_op("fill_element_0index")
def fill_element(a: Value, numbers: Value, indices: Value) -> Value:
    """Another number in each row."""
    return ScatterElementsUpdate(a, unsqueeze(as_i64(indices), 1), unsqueeze(numbers, 1), integer(1))


@mxnet_op("_sparse_retain")
def retain(a: Value, indices: Value) -> Value:
    """Zeros in all rows but some."""
    places = as_i64(indices)
    blank = filled(shape_of(a), constant_like(a, 0))
    return ScatterUpdate(blank, places, Gather(a, places, integer(0)), integer(0))


@mxnet_op("one_hot", "_npx_one_hot")
def one_hot(
    indices: Value, *, depth: int, on_value: float = 1.0, off_value: float = 0.0, dtype: str = "float32"
) -> Value:
    kind = element(dtype)
    return OneHot(as_i64(indices), integer(depth), constant(on_value, kind), constant(off_value, kind), axis=-1)


@mxnet_op("_contrib_boolean_mask", "_npi_boolean_mask")
def boolean_mask(a: Value, mask: Value, *, axis: int = 0) -> Value:
    """The parts along an axis for which the mask is not zero."""
    return Gather(a, squeeze(NonZero(mask), 0), integer(axis))


@mxnet_op("_npx_nonzero", "_npi_nonzero")
def nonzero(x: Value) -> Value:
    """The places of what is not zero, as rows."""
    return move_axis(NonZero(x), 0, 1)


def sorted_along(x: Value, axis: int, k: Size, ascending: bool) -> tuple[Value, Value]:
    """The first `k` elements along an axis in order, and their places; equal ones keep their order."""
    count = integer(k) if isinstance(k, int) else scalar(as_i64(k))
    found = TopK(
        x,
        count,
        axis=t.normalize_axis(axis, x.rank),
        mode="min" if ascending else "max",
        sort="value",
        stable=True,
        index_element_type=t.i64,
    )
    return found.results[0], found.results[1]


@mxnet_op("topk", "_npx_topk")
def topk(
    x: Value,
    *,
    axis: int | None = -1,
    k: int = 1,
    ret_typ: str = "indices",
    is_ascend: bool = False,
    dtype: str = "float32",
) -> Sequence[Value]:
    """The largest or smallest elements: values, places, both, or ones where they are."""
    if axis is None:
        data, along = reshape_to(x, [-1]), 0
    else:
        data, along = x, t.normalize_axis(axis, x.rank)
    count: Size = k if k > 0 else dim_size(data, along)
    values, places = sorted_along(data, along, count, is_ascend)
    indices = to_element(places, element(dtype))
    if ret_typ == "mask":
        blank = filled(shape_of(data), constant_like(x, 0))
        ones = filled(shape_of(places), constant_like(x, 1))
        mask = ScatterElementsUpdate(blank, places, ones, integer(along))
        return [reshape_to(mask, shape_of(x)) if axis is None else mask]
    kinds = {"indices": [indices], "value": [values], "both": [values, indices]}
    if ret_typ not in kinds:
        raise ModelError(f'ret_typ is "{ret_typ}", which is none of value, indices, mask, both')
    return kinds[ret_typ]


@mxnet_op("sort", "_npi_sort")
def sort(x: Value, *, axis: int | None = -1, is_ascend: bool = True) -> Value:
    data, along = (reshape_to(x, [-1]), 0) if axis is None else (x, axis)
    return sorted_along(data, along, dim_size(data, along), is_ascend)[0]


@mxnet_op("argsort", "_npi_argsort")
def argsort(x: Value, *, axis: int | None = -1, is_ascend: bool = True, dtype: str = "float32") -> Value:
    data, along = (reshape_to(x, [-1]), 0) if axis is None else (x, axis)
    return to_element(sorted_along(data, along, dim_size(data, along), is_ascend)[1], element(dtype))


def place_of_extreme(x: Value, axis: int | None, keepdims: bool, smallest: bool) -> Value:
    """The place of the first largest (or smallest) element, i64."""
    data, along = (reshape_to(x, [-1]), 0) if axis is None else (x, t.normalize_axis(axis, x.rank))
    places = sorted_along(data, along, 1, smallest)[1]
    if axis is None:
        return reshape_to(places, [1] * x.rank if keepdims else [])
    return places if keepdims else squeeze(places, along)


def _legacy_place(x: Value, axis: int | None, keepdims: bool, smallest: bool) -> Value:
    """In the element type of the data, as a vector at least."""
    found = to_element(place_of_extreme(x, axis, keepdims, smallest), x.element)
    return unsqueeze(found, 0) if found.shape == () else found


@mxnet_op("argmax")
def argmax(x: Value, *, axis: int | None = None, keepdims: bool = False) -> Value:
    return _legacy_place(x, axis, keepdims, False)


@mxnet_op("argmin")
def argmin(x: Value, *, axis: int | None = None, keepdims: bool = False) -> Value:
    return _legacy_place(x, axis, keepdims, True)


@mxnet_op("argmax_channel")
def argmax_channel(x: Value) -> Value:
    return _legacy_place(x, 1, False, False)


@mxnet_op("_npi_argmax")
def np_argmax(x: Value, *, axis: int | None = None, keepdims: bool = False) -> Value:
    return place_of_extreme(x, axis, keepdims, False)


@mxnet_op("_npi_argmin")
def np_argmin(x: Value, *, axis: int | None = None, keepdims: bool = False) -> Value:
    return place_of_extreme(x, axis, keepdims, True)


@mxnet_op("_npi_unique")
def unique(
    x: Value,
    *,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
) -> Sequence[Value]:
    """The different elements in order; where they are first, how all are made of them, how often they are there."""
    found = Unique(x, None if axis is None else constant(axis, t.i64), sorted=True).results
    wanted = (True, return_index, return_inverse, return_counts)
    return [value for value, is_wanted in zip(found, wanted) if is_wanted]
