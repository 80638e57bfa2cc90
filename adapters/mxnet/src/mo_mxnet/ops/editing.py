"""Arrays with other elements in some places, with some more, and with some fewer; all of numpy's kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import (
    arange,
    as_i64,
    broadcast_to,
    concat,
    constant_like,
    dim,
    dim_size,
    integer,
    reshape_to,
    slice_axis,
    to_element,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import CumSum, Gather, Maximum, OneHot, Select, Subtract
from mo_mxnet.elements import as_boolean
from mo_mxnet.registry import mxnet_op

# -- by a mask


@mxnet_op("_npi_boolean_mask_assign_scalar")
def assign_number(x: Value, mask: Value, *, value: float, start_axis: int = 0) -> Value:
    return Select(_spread(mask, x, start_axis), constant_like(x, value), x)


@mxnet_op("_npi_boolean_mask_assign_tensor")
def assign_rows(x: Value, mask: Value, rows: Value, *, start_axis: int = 0) -> Value:
    """Where the mask holds, the next of the rows; or the same for all, when there is only one."""
    chosen = _spread(mask, x, start_axis)
    if rows.rank == 0 or dim(rows, start_axis if rows.rank > start_axis else 0) == 1:
        return Select(chosen, rows, x)
    if mask.rank != 1 or rows.rank != x.rank:
        raise Unsupported("rows are put in places of a mask of one axis only")
    counts = CumSum(to_element(as_boolean(mask), t.i64), integer(0))
    places = Maximum(Subtract(counts, integer(1)), integer(0))
    return Select(chosen, Gather(rows, places, integer(start_axis)), x)


def _spread(mask: Value, x: Value, start: int) -> Value:
    """A mask of some axes of `x` as something that broadcasts."""
    sizes = [dim_size(mask, i) for i in range(mask.rank)]
    return as_boolean(reshape_to(mask, [*sizes, *[1] * (x.rank - start - mask.rank)]))


# -- along an axis


def _places(size: int, int_ind: int | None, start: int | None, stop: int | None, step: int | None) -> list[int]:
    """Places along an axis of known size that a number or a slice names."""
    if int_ind is None:
        return list(range(*slice(start, stop, step).indices(size)))
    if not -size <= int_ind <= size:
        raise ModelError(f"there is no place {int_ind} in an axis of {size}")
    return [int_ind % size if int_ind < 0 else int_ind]


def _flat_or_along(x: Value, axis: int | None) -> tuple[Value, int, int]:
    """The array, or its elements in a row; the axis and its size."""
    data, along = (reshape_to(x, [-1]), 0) if axis is None else (x, t.normalize_axis(axis, x.rank))
    size = dim(data, along)
    if not isinstance(size, int):
        raise Unsupported("this operator needs to know the size of the axis", "Give the shape with --input.")
    return data, along, size


def _named(places: Value | None, size: int, *numbers: int | None) -> list[int]:
    if places is None:
        return _places(size, *numbers)
    content = places.const
    if content is None:
        raise Unsupported("elements are put in and taken out at constant places only")
    return [int(i) % size if i < 0 else int(i) for i in np.ravel(content)]


@mxnet_op("_npi_delete")
def delete(
    x: Value,
    obj: Value | None = None,
    *,
    start: int | None = None,
    stop: int | None = None,
    step: int | None = None,
    int_ind: int | None = None,
    axis: int | None = None,
) -> Value:
    """Without the elements at some places of an axis."""
    data, along, size = _flat_or_along(x, axis)
    gone = set(_named(obj, size, int_ind, start, stop, step))
    left = [i for i in range(size) if i not in gone]
    return Gather(data, constant(np.array(left, np.int64)), integer(along))


@mxnet_op("_npi_insert_scalar", "_npi_insert_slice")
def insert(
    x: Value,
    values: Value | None = None,
    *,
    val: float | None = None,
    start: int | None = None,
    stop: int | None = None,
    step: int | None = None,
    int_ind: int | None = None,
    axis: int | None = None,
) -> Value:
    """With more elements before some places of an axis."""
    data, along, size = _flat_or_along(x, axis)
    return _inserted(
        data, along, size, _named(None, size, int_ind, start, stop, step), values, val, int_ind is not None
    )


@mxnet_op("_npi_insert_tensor", ignore=("start", "stop", "step", "int_ind"))
def insert_at(x: Value, *inputs: Value, val: float | None = None, axis: int | None = None) -> Value:
    """With more elements before the places that the last input names."""
    data, along, size = _flat_or_along(x, axis)
    if not 1 <= len(inputs) <= 2:
        raise ModelError(f"insertion has {len(inputs) + 1} inputs, and 2 or 3 are possible")
    values = inputs[0] if len(inputs) == 2 else None
    return _inserted(data, along, size, _named(inputs[-1], size), values, val, False)


def _inserted(
    data: Value, axis: int, size: int, places: Sequence[int], values: Value | None, number: float | None, alone: bool
) -> Value:
    """All of the data, and one element a place before it; `alone`: as many as the values have, at the only place."""
    new = constant_like(data, number or 0) if values is None else to_element(values, data.element)
    if alone and new.rank == data.rank:
        count = dim(new, axis)
        if not isinstance(count, int):
            raise Unsupported("the number of elements to put in is not known")
        places = list(places) * count
    shape = [dim_size(data, i) for i in range(data.rank)]
    shape[axis] = len(places)
    if alone and 0 < new.rank < data.rank:
        new = unsqueeze(new, axis)
    both = concat([data, broadcast_to(new, shape)], axis)
    order = sorted(range(size + len(places)), key=lambda i: (i, 1) if i < size else (places[i - size], 0))
    return Gather(both, constant(np.array(order, np.int64)), integer(axis))


@mxnet_op("_npi_ediff1d")
def differences(
    x: Value,
    *ends: Value,
    to_begin_arr_given: bool = False,
    to_end_arr_given: bool = False,
    to_begin_scalar: float | None = None,
    to_end_scalar: float | None = None,
) -> Value:
    """Of each element and the one before, with something at the beginning and at the end."""
    flat, given = reshape_to(x, [-1]), iter(ends)
    parts: list[Value] = [Subtract(slice_axis(flat, 0, 1), slice_axis(flat, 0, 0, -1))]
    for is_given, number, place in ((to_begin_arr_given, to_begin_scalar, 0), (to_end_arr_given, to_end_scalar, 2)):
        if is_given:
            parts.insert(place, reshape_to(next(given), [-1]))
        elif number is not None:
            parts.insert(place, reshape_to(constant_like(x, number), [1]))
    return parts[0] if len(parts) == 1 else concat(parts, 0)


# -- places and marks


@mxnet_op("_npi_diag_indices_from")
def diagonal_places(x: Value) -> Value:
    """The places of the main diagonal: rank, size."""
    return broadcast_to(arange(dim_size(x, 0)), [x.rank, dim_size(x, 0)])


@mxnet_op("_onehot_encode")
def encode(places: Value, like: Value) -> Value:
    """Rows with a one in a place, as wide as those of the second input."""
    depth = dim_size(like, 1)
    count = integer(depth) if isinstance(depth, int) else reshape_to(as_i64(depth), [])
    return OneHot(as_i64(places), count, constant_like(like, 1), constant_like(like, 0), axis=-1)
