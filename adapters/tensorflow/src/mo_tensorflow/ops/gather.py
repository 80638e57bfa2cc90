"""Taking and putting elements by their places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core import ops
from mo_core.build import (
    as_i64,
    broadcast_to,
    concat,
    const_ints,
    constant_like,
    dim_of,
    integer,
    reshape_to,
    shape_of,
    slice_axis,
    squeeze,
    take,
    to_element,
    unsqueeze,
)
from mo_core.errors import Unsupported
from mo_core.ir import Foreign, Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Add,
    Bucketize,
    Divide,
    Equal,
    Floor,
    Gather,
    GatherND,
    Greater,
    GreaterEqual,
    IsFinite,
    Less,
    LessEqual,
    LogicalAnd,
    Maximum,
    Minimum,
    NonZero,
    OneHot,
    ReduceLogicalAnd,
    ReduceMax,
    ReduceSum,
    ScatterNDUpdate,
    ScatterUpdate,
    Select,
    Subtract,
    TopK,
    Unique,
)
from mo_tensorflow.registry import tf_op


@tf_op("Gather")
def gather_v1(x: Value, indices: Value) -> Value:
    return Gather(x, indices, 0)


@tf_op("GatherV2")
def gather_v2(x: Value, indices: Value, axis: Value, *, batch_dims: int = 0) -> Value:
    if batch_dims < 0:
        batch_dims += indices.rank
    return Gather(x, indices, as_i64(axis), batch_dims=batch_dims)


@tf_op("ResourceGather", ignore=("dtype",))
def resource_gather(x: Value, indices: Value, *, batch_dims: int = 0) -> Value:
    return Gather(x, indices, batch_dims, batch_dims=batch_dims)


@tf_op("GatherNd", "ResourceGatherNd", ignore=("dtype", "bad_indices_policy"))
def gather_nd(x: Value, indices: Value) -> Value:
    return GatherND(x, indices)


@tf_op("ScatterNd", ignore=("bad_indices_policy",))
def scatter_nd(indices: Value, updates: Value, shape: Value) -> Value:
    """Values at the same place are added up."""
    empty = broadcast_to(constant_like(updates, 0), as_i64(shape))
    return ScatterNDUpdate(empty, indices, updates, reduction="sum")


_SCATTERS = {
    "TensorScatterUpdate": "none",
    "TensorScatterAdd": "sum",
    "ScatterNdNonAliasingAdd": "sum",
    "TensorScatterSub": "sub",
    "TensorScatterMax": "max",
    "TensorScatterMin": "min",
}


@tf_op(*_SCATTERS, ignore=("bad_indices_policy",))
def tensor_scatter(x: Value, indices: Value, updates: Value, *, node: Foreign) -> Value:
    return ScatterNDUpdate(x, indices, updates, reduction=_SCATTERS[node.op])


_IN_PLACE = {"InplaceUpdate": "none", "InplaceAdd": "sum", "InplaceSub": "sub"}


@tf_op(*_IN_PLACE)
def rows_in_place(x: Value, rows: Value, values: Value, *, node: Foreign) -> Value:
    """Some rows of `x` replaced, or added to."""
    return ScatterNDUpdate(x, unsqueeze(reshape_to(rows, [-1]), 1), values, reduction=_IN_PLACE[node.op])


@tf_op("OneHot")
def one_hot(indices: Value, depth: Value, on: Value, off: Value, *, axis: int = -1) -> Value:
    return OneHot(to_element(indices, t.i32) if indices.element.bits < 32 else indices, depth, on, off, axis=axis)


@tf_op("TopKV2", ignore=("Tk",))
def top_k_v2(x: Value, k: Value, *, sorted: bool = True, index_type: ElementType = t.i32) -> Sequence[Value]:
    return _top(x, k, index_type)


@tf_op("TopK")
def top_k(x: Value, *, k: int, sorted: bool = True) -> Sequence[Value]:
    return _top(x, constant(np.int32(k)), t.i32)


def _top(x: Value, k: Value, index_type: ElementType) -> Sequence[Value]:
    """The order is the same whether it is asked for or not; among equal ones the first comes first."""
    top = TopK(x, reshape_to(k, []), axis=x.rank - 1, mode="max", sort="value", stable=True)
    return top.results[0], to_element(top.results[1], index_type)


@tf_op("ApproxTopK", ignore=("recall_target", "reduction_input_size_override", "aggregate_to_topk"))
def approximate_top_k(x: Value, *, k: int, reduction_dimension: int = -1, is_max_k: bool = True) -> Sequence[Value]:
    """Exactly what the operation may give nearly."""
    axis = t.normalize_axis(reduction_dimension, x.rank)
    top = TopK(x, integer(k), axis=axis, mode="max" if is_max_k else "min", sort="value", stable=True)
    return top.results[0], to_element(top.results[1], t.i32)


@tf_op("InTopK")
def in_top_k(predictions: Value, targets: Value, *, k: int) -> Value:
    return _among_best(predictions, targets, integer(k))


@tf_op("InTopKV2")
def in_top_k_v2(predictions: Value, targets: Value, k: Value) -> Value:
    return _among_best(predictions, targets, as_i64(k))


def _among_best(predictions: Value, targets: Value, k: Value) -> Value:
    """True where fewer than k classes are more probable than the target; never where a number is not finite."""
    wanted, classes = as_i64(targets), dim_of(predictions, 1)
    inside = LogicalAnd(GreaterEqual(wanted, 0), Less(wanted, classes))
    own = Gather(predictions, Select(inside, wanted, 0), 1, batch_dims=1)
    better = ReduceSum(to_element(Greater(predictions, unsqueeze(own, 1)), t.i64), [1])
    finite = ReduceLogicalAnd(IsFinite(predictions), [1])
    return LogicalAnd(LogicalAnd(inside, finite), Less(better, k))


@tf_op("LowerBound")
def lower_bound(ordered: Value, values: Value, *, out_type: ElementType = t.i32) -> Value:
    """How many of the ordered numbers of its row are below each value."""
    return _before(Less(unsqueeze(ordered, 1), unsqueeze(values, 2)), out_type)


@tf_op("UpperBound")
def upper_bound(ordered: Value, values: Value, *, out_type: ElementType = t.i32) -> Value:
    """How many of the ordered numbers of its row are not above each value."""
    return _before(LessEqual(unsqueeze(ordered, 1), unsqueeze(values, 2)), out_type)


def _before(true: Value, element: ElementType) -> Value:
    return ReduceSum(to_element(true, element), [2])


@tf_op("HistogramFixedWidth")
def histogram(x: Value, limits: Value, bins: Value, *, dtype: ElementType = t.i32) -> Value:
    """How many elements lie in each of so many equal parts of a range; those outside count for the first and last."""
    low, high = take(limits, 0, 0), take(limits, 1, 0)
    count = reshape_to(bins, [])
    width = Divide(Subtract(high, low), to_element(count, x.element))
    places = as_i64(Floor(Divide(Subtract(reshape_to(x, [-1]), low), width)))
    kept = Minimum(Maximum(places, 0), Subtract(as_i64(count), 1))
    ones = broadcast_to(to_element(constant(np.int32(1)), dtype), shape_of(kept))
    return _segments(ones, kept, count, "sum", 0)


@tf_op("NthElement")
def nth_element(x: Value, n: Value, *, reverse: bool = False) -> Value:
    """The element that would stand at place n if the last axis were sorted."""
    count = Add(reshape_to(as_i64(n), []), 1)
    mode = "max" if reverse else "min"
    top = TopK(x, count, axis=x.rank - 1, mode=mode, sort="value", stable=True)
    return squeeze(slice_axis(top.results[0], x.rank - 1, -1), x.rank - 1)


@tf_op("Unique")
def unique(x: Value, *, out_idx: ElementType = t.i32) -> Sequence[Value]:
    return _unique(x, out_idx)[:2]


@tf_op("UniqueWithCounts")
def unique_with_counts(x: Value, *, out_idx: ElementType = t.i32) -> Sequence[Value]:
    return _unique(x, out_idx)


@tf_op("UniqueV2", "UniqueWithCountsV2")
def unique_v2(x: Value, axis: Value, *, out_idx: ElementType = t.i32) -> Sequence[Value]:
    return _unique(x, out_idx, const_ints(axis, "the axis of UniqueV2"))


def _unique(x: Value, index: ElementType, axis: Sequence[int] = ()) -> Sequence[Value]:
    """In the order in which they first occur; the places of all elements among them; how often each occurs."""
    made = Unique(
        x,
        constant(np.int64(axis[0])) if axis else None,
        sorted=False,
        index_element_type=index,
        count_element_type=index,
    )
    return made.results[0], made.results[2], made.results[3]


@tf_op("ListDiff", "SetDiff1D")
def list_diff(x: Value, y: Value, *, out_idx: ElementType = t.i32) -> Sequence[Value]:
    """What of x is not in y, and where it stands."""
    found = ops.ReduceLogicalOr(Equal(unsqueeze(x, 1), unsqueeze(y, 0)), [1])
    places = squeeze(ops.Transpose(NonZero(ops.LogicalNot(found)), [1, 0]), 1)
    return Gather(x, places, 0), to_element(places, out_idx)


@tf_op("DynamicPartition")
def dynamic_partition(x: Value, partitions: Value, *, num_partitions: int) -> Sequence[Value]:
    """Rows by the number that stands next to them."""
    rank = partitions.rank
    flat = reshape_to(partitions, [-1])
    rows = x if rank == 1 else reshape_to(x, concat([as_i64(_minus_one()), slice_axis(shape_of(x), 0, rank)], 0))
    found = []
    for number in range(num_partitions):
        places = squeeze(ops.Transpose(NonZero(Equal(flat, number)), [1, 0]), 1)
        found.append(Gather(rows, places, 0))
    return found


def _minus_one() -> Value:
    return constant(np.array([-1], np.int64))


@tf_op("DynamicStitch", "ParallelDynamicStitch")
def dynamic_stitch(*inputs: Value) -> Value:
    """Rows at the places that are given for them; the last one wins where several have one place."""
    count = len(inputs) // 2
    places, rows = [], []
    for indices, data in zip(inputs[:count], inputs[count:]):
        places.append(reshape_to(as_i64(indices), [-1]))
        rest = slice_axis(shape_of(data), 0, indices.rank)
        rows.append(reshape_to(data, concat([_minus_one(), rest], 0)))
    where, what = (concat(v, 0) if count > 1 else v[0] for v in (places, rows))
    length = Add(ReduceMax(where, [0], keep_dims=True), [1])
    target = concat([length, slice_axis(shape_of(what), 0, 1)], 0)
    empty = broadcast_to(constant_like(what, 0), target)
    return ScatterUpdate(empty, where, what, 0)


# -- segments


@tf_op("SegmentSum")
def segment_sum(x: Value, ids: Value) -> Value:
    return _segments(x, ids, _count(ids), "sum", 0)


@tf_op("SegmentMean")
def segment_mean(x: Value, ids: Value) -> Value:
    return _mean(x, ids, _count(ids))


@tf_op("SegmentProd")
def segment_prod(x: Value, ids: Value) -> Value:
    return _segments(x, ids, _count(ids), "prod", 1)


@tf_op("SegmentMax")
def segment_max(x: Value, ids: Value) -> Value:
    return _extreme(x, ids, "max")


@tf_op("SegmentMin")
def segment_min(x: Value, ids: Value) -> Value:
    return _extreme(x, ids, "min")


@tf_op("UnsortedSegmentSum", "SegmentSumV2", ignore=("Tnumsegments",))
def unsorted_segment_sum(x: Value, ids: Value, count: Value) -> Value:
    return _segments(x, ids, count, "sum", 0)


@tf_op("UnsortedSegmentProd", "SegmentProdV2", ignore=("Tnumsegments",))
def unsorted_segment_prod(x: Value, ids: Value, count: Value) -> Value:
    return _segments(x, ids, count, "prod", 1)


@tf_op("UnsortedSegmentMax", "SegmentMaxV2", ignore=("Tnumsegments",))
def unsorted_segment_max(x: Value, ids: Value, count: Value) -> Value:
    return _segments(x, ids, count, "max", _limit(x.element, -1))


@tf_op("UnsortedSegmentMin", "SegmentMinV2", ignore=("Tnumsegments",))
def unsorted_segment_min(x: Value, ids: Value, count: Value) -> Value:
    return _segments(x, ids, count, "min", _limit(x.element, 1))


def _limit(element: ElementType, sign: int) -> float | int:
    """What an empty segment has: the lowest or the highest number."""
    if element.dtype is None:
        raise Unsupported(f"segments of {element} are not supported")
    if element.is_real:
        return float(sign * np.finfo(element.dtype).max)
    limits = np.iinfo(element.dtype)
    return int(limits.max if sign > 0 else limits.min)


def _count(ids: Value) -> Value:
    return Add(ReduceMax(as_i64(ids), [0], keep_dims=True), [1])


def _segments(x: Value, ids: Value, count: Value, reduction: str, start: float | int) -> Value:
    """Rows (of the rank of the ids) of one number made one; those of a negative number are left out."""
    number = reshape_to(as_i64(count), [1])
    flat = reshape_to(as_i64(ids), [-1])
    rest = slice_axis(shape_of(x), 0, ids.rank)
    rows = reshape_to(x, concat([_minus_one(), rest], 0))
    extra = Select(Less(flat, 0), number, flat)  # one row more, for what is left out
    empty = broadcast_to(constant_like(x, start), concat([Add(number, [1]), rest], 0))
    filled = ScatterNDUpdate(empty, unsqueeze(extra, 1), rows, reduction=reduction)
    return slice_axis(filled, 0, 0, number)


def _mean(x: Value, ids: Value, count: Value) -> Value:
    total = _segments(x, ids, count, "sum", 0)
    ones = broadcast_to(constant_like(x, 1), shape_of(ids))
    number = Maximum(_segments(ones, ids, count, "sum", 0), constant_like(x, 1))
    axes = range(1, x.rank - ids.rank + 1)
    return Divide(total, unsqueeze(number, *axes) if axes else number)


def _extreme(x: Value, ids: Value, mode: str) -> Value:
    """As the sums, but an empty segment has zeros."""
    count = _count(ids)
    found = _segments(x, ids, count, mode, _limit(x.element, -1 if mode == "max" else 1))
    marks = _segments(broadcast_to(constant_like(x, 1), shape_of(ids)), ids, count, "max", 0)
    there = ops.Greater(marks, constant_like(x, 0))
    axes = range(1, x.rank)
    return Select(unsqueeze(there, *axes) if axes else there, found, constant_like(x, 0))


@tf_op("SparseSegmentSum", "SparseSegmentSumWithNumSegments", ignore=("sparse_gradient", "Tnumsegments"))
def sparse_segment_sum(x: Value, indices: Value, ids: Value, count: Value | None = None) -> Value:
    return _segments(Gather(x, indices, 0), ids, _count(ids) if count is None else count, "sum", 0)


@tf_op("SparseSegmentMean", "SparseSegmentMeanWithNumSegments", ignore=("sparse_gradient", "Tnumsegments"))
def sparse_segment_mean(x: Value, indices: Value, ids: Value, count: Value | None = None) -> Value:
    return _mean(Gather(x, indices, 0), ids, _count(ids) if count is None else count)


@tf_op("SparseSegmentSqrtN", "SparseSegmentSqrtNWithNumSegments", ignore=("sparse_gradient", "Tnumsegments"))
def sparse_segment_sqrt_n(x: Value, indices: Value, ids: Value, count: Value | None = None) -> Value:
    rows, number = Gather(x, indices, 0), _count(ids) if count is None else count
    total = _segments(rows, ids, number, "sum", 0)
    ones = broadcast_to(constant_like(x, 1), shape_of(ids))
    many = ops.Sqrt(Maximum(_segments(ones, ids, number, "sum", 0), constant_like(x, 1)))
    axes = range(1, x.rank)
    return Divide(total, unsqueeze(many, *axes) if axes else many)


@tf_op("GatherTree", "Addons>GatherTree")
def gather_tree(step_ids: Value, parent_ids: Value, lengths: Value, end: Value) -> Value:
    return ops.GatherTree(step_ids, parent_ids, lengths, end)


@tf_op("Bucketize")
def bucketize(x: Value, *, boundaries: tuple[float, ...] = ()) -> Value:
    """The number of the boundaries that are not above each element."""
    return Bucketize(x, constant(np.array(boundaries, np.float32)), output_type=t.i32, with_right_bound=False)
