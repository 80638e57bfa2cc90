"""Ragged tensors: values one after the other, and for each ragged axis how they are divided into rows.

A partition of values into rows is given by where each row starts (`ROW_SPLITS`, with the end of the last one), or by
the row of each value (`VALUE_ROWIDS`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mo_core.build import (
    arange,
    as_i64,
    broadcast_to,
    concat,
    dim_of,
    gather,
    integer,
    ints,
    reshape_to,
    shape_of,
    slice_axis,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ops import (
    Add,
    Less,
    NonZero,
    ReduceLogicalAnd,
    ReduceMax,
    ScatterNDUpdate,
    SearchSorted,
    Select,
    Subtract,
)
from mo_tensorflow.registry import tf_op


class _Rows(NamedTuple):
    """A partition of values into rows.

    Attributes:
        row: of each value; place: of each value in its row, i64 `[values]`.
        longest: the number of values in the longest row, i64 `[1]`.
    """

    row: Value
    place: Value
    longest: Value


def _by_splits(splits: Value) -> _Rows:
    """Values after the end of the last row belong to none, and are left out."""
    starts, ends = slice_axis(splits, 0, 0, -1), slice_axis(splits, 0, 1)
    places = arange(gather(splits, integer(-1), 0))
    row = as_i64(SearchSorted(ends, places, right_mode=True))
    return _Rows(row, Subtract(places, gather(starts, row, 0)), _largest(Subtract(ends, starts)))


def _by_rows(rows: Value) -> _Rows:
    """The rows come in their order."""
    place = Subtract(arange(dim_of(rows, 0)), as_i64(SearchSorted(rows, rows)))
    return _Rows(rows, place, _largest(Add(place, integer(1))))


def _largest(lengths: Value) -> Value:
    """The largest of numbers, 0 where there are none; i64 `[1]`."""
    return ReduceMax(concat([lengths, ints([0])], 0), [0], keep_dims=True)


def _places(partitions: Sequence[_Rows]) -> Value:
    """Where each value is, i64 `[values, axes]`."""
    row, columns = partitions[-1].row, [partitions[-1].place]
    for outer in reversed(partitions[:-1]):
        columns.append(gather(outer.place, row, 0))
        row = gather(outer.row, row, 0)
    return concat([unsqueeze(c, 1) for c in (row, *reversed(columns))], 1)


@tf_op("RaggedTensorToTensor", ignore=("Tindex", "Tshape", "num_row_partition_tensors"))
def ragged_to_dense(
    shape: Value, values: Value, default: Value, *tensors: Value, row_partition_types: Sequence[str]
) -> Value:
    """Values outside of the shape are left out, the rest has the default one; -1: as long as the longest row."""
    numbers = [as_i64(x) for x in tensors]
    rows, partitions = _partitions(numbers, row_partition_types)
    longest = concat([rows, *(p.longest for p in partitions), *_rest(values)], 0)
    asked = broadcast_to(as_i64(shape), shape_of(longest))
    dims = Select(Less(asked, integer(0)), longest, asked)
    places = _places(partitions)
    fits = ReduceLogicalAnd(Less(places, slice_axis(dims, 0, 0, len(partitions) + 1)), [1])
    kept = reshape_to(NonZero(fits), [-1])
    return ScatterNDUpdate(broadcast_to(default, dims), gather(places, kept, 0), gather(values, kept, 0))


def _rest(values: Value) -> list[Value]:
    """The shape of one value, unless it is a number."""
    return [slice_axis(shape_of(values), 0, 1)] if values.rank > 1 else []


def _partitions(numbers: Sequence[Value], kinds: Sequence[str]) -> tuple[Value, list[_Rows]]:
    """The number of rows, i64 `[1]`, and the partitions from the outermost."""
    unknown = set(kinds) - {"FIRST_DIM_SIZE", "VALUE_ROWIDS", "ROW_SPLITS"}
    if unknown or len(kinds) != len(numbers) or "FIRST_DIM_SIZE" in kinds[1:]:
        raise ModelError(f"a ragged tensor has the partitions {', '.join(kinds)}")
    by_size = kinds[0] == "FIRST_DIM_SIZE"
    rows = numbers[0] if by_size else Subtract(dim_of(numbers[0], 0), integer(1))
    inner = list(zip(kinds, numbers))[by_size:]
    return reshape_to(rows, [1]), [_by_rows(n) if kind == "VALUE_ROWIDS" else _by_splits(n) for kind, n in inner]


@tf_op("RaggedTensorToSparse", ignore=("RAGGED_RANK", "Tsplits"))
def ragged_to_sparse(*splits_and_values: Value) -> Sequence[Value]:
    """The places of the values, i64 `[values, axes]`, the values, and the shape."""
    *splits, values = splits_and_values
    if values.rank != 1:
        raise Unsupported("a ragged tensor of rows that are no numbers does not become a sparse one here")
    rows, partitions = _partitions([as_i64(s) for s in splits], ["ROW_SPLITS"] * len(splits))
    return _places(partitions), values, concat([rows, *(p.longest for p in partitions)], 0)
