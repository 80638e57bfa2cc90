"""Building helpers that converters of every framework share, named after what they mean.

All of them are pure and prove against dynamic shapes. Sizes are computed by small `ShapeOf` sub-graphs even where they
are known, so that the emitted model can still be reshaped; what is known of them goes along (`Value.known`), and
`--static_shape` computes them once and for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from mo_core.build.fixed import is_fixed, is_fixed_dim
from mo_core.errors import ShapeError, Unsupported
from mo_core.ir import Constant, Value, constant
from mo_core.ir import types as t
from mo_core.ir.known import known_ints
from mo_core.ir.types import Dim, ElementType
from mo_core.ops import (
    Add,
    Broadcast,
    Concat,
    Convert,
    ConvertLike,
    Gather,
    Less,
    Range,
    ReduceProd,
    Reshape,
    Select,
    ShapeOf,
    Slice,
    Split,
    Squeeze,
    Transpose,
    Unsqueeze,
    VariadicSplit,
)

Size: TypeAlias = "int | Value"
"""A number known now, or a scalar or one-element integer value."""

_LONGEST = 1 << 20
"""Elements of the longest list that is made at once."""

# -- constants


def ints(values: Iterable[int]) -> Constant:
    """A 1-D i64 constant; raises ShapeError for a number that has more bits."""
    try:
        return constant(np.fromiter(values, np.int64))
    except OverflowError:
        raise ShapeError("a dimension or count is beyond 64 bits") from None


def integer(value: int) -> Constant:
    """A scalar i64 constant."""
    return constant(np.int64(value), t.i64)


def constant_like(x: Value, number: Any) -> Value:
    """A constant (number or array) of the element type of `x`; converted at run time when that is unknown."""
    if x.element is t.dynamic:
        return ConvertLike(constant(np.asarray(number)), x)
    return constant(number, x.element)


def constant_ints(v: Value | None) -> tuple[int, ...] | None:
    """The whole numbers in `v` when it is a constant, so that nothing changes them, else None."""
    return known_ints(v) if v is not None and isinstance(v.node, Constant) else None


def const_ints(v: Value, what: str) -> tuple[int, ...]:
    """The whole numbers in `v`; raises Unsupported naming `what` when they are not known before the model runs."""
    known = known_ints(v)
    if known is None:
        raise Unsupported(f"{what} must be known when the model is converted", "Freeze it with --input NAME->VALUE.")
    return known


# -- element types


def to_element(x: Value, element: ElementType) -> Value:
    """`x` in that element type; itself when it has it already, and a constant when it is a small one."""
    if x.element is element:
        return x
    made = Convert(x, destination_type=element)
    return constant(made.known, element) if isinstance(x, Constant) and made.known is not None else made


def as_i64(x: Value) -> Value:
    """`x` as i64."""
    return to_element(x, t.i64)


def convert_like(x: Value, like: Value) -> Value:
    """`x` in the element type of `like`."""
    return ConvertLike(x, like) if like.element is t.dynamic else to_element(x, like.element)


# -- shapes: sizes that follow the data stay live


def shape_of(x: Value) -> Value:
    """The shape of `x`, 1-D i64: computed when the model runs, though it may be known (`Value.known`)."""
    return ints(x.static_shape) if is_fixed(x) else ShapeOf(x)


def dim(x: Value, axis: int) -> Dim:
    """One dimension of `x` as it is known now; raises ShapeError when the rank is unknown or has no such axis."""
    if not x.rank:
        raise ShapeError(f'"{x.label}" is a scalar and has no axis {axis}')
    return x.dims[t.normalize_axis(axis, x.rank)]


def dims_of(x: Value, axes: Iterable[int]) -> Value:
    """The dimensions of `x` at these axes (negative: from the end), 1-D i64; computed when the model runs."""
    axes = list(axes)
    if x.shape is not None:
        known = [dim(x, a) for a in axes]
        if all(isinstance(d, int) and is_fixed_dim(x, t.normalize_axis(a, x.rank)) for a, d in zip(axes, known)):
            return ints(d for d in known if isinstance(d, int))
    return Gather(ShapeOf(x), ints(axes), integer(0))


def dim_of(x: Value, axis: int) -> Value:
    """One dimension of `x` as a scalar i64; computed when the model runs."""
    size = dim_size(x, axis)
    return integer(size) if isinstance(size, int) else size


def dim_size(x: Value, axis: int) -> Size:
    """One dimension of `x`: a number when constants decide it, else a scalar i64 value that follows the data.

    What decides how to convert by the size as it is now asks `dim` instead.
    """
    if x.shape is not None:
        known = dim(x, axis)
        if isinstance(known, int) and is_fixed_dim(x, t.normalize_axis(axis, x.rank)):
            return known
    return Gather(ShapeOf(x), integer(axis), integer(0))


def element_count(x: Value) -> Value:
    """The number of elements of `x`, scalar i64."""
    return ReduceProd(shape_of(x), ints([0]), keep_dims=False)


def rank_of(x: Value) -> Value:
    """The rank of `x` as a scalar i64; works when it is unknown."""
    if x.shape is not None:
        return integer(len(x.shape))
    return Squeeze(ShapeOf(ShapeOf(x)), ints([0]))


def vector(items: Sequence[Size]) -> Value:
    """A 1-D i64 value from numbers and integer values (scalars, or 1-D ones of any length)."""
    parts: list[Value] = []
    run: list[int] = []
    for item in items:
        known = (item,) if isinstance(item, int) else constant_ints(item)
        if known is not None:
            run.extend(known)
            continue
        assert isinstance(item, Value)
        if run:
            parts.append(ints(run))
            run = []
        item = as_i64(item)
        parts.append(Unsqueeze(item, ints([0])) if item.shape == () else item)
    if run or not parts:
        parts.append(ints(run))
    return parts[0] if len(parts) == 1 else Concat(parts, axis=0)


def scalar(x: Value) -> Value:
    """A one-element value as a scalar."""
    return x if x.shape == () else Reshape(x, ints([]), special_zero=False)


def normalized(axes: Value, rank: Value) -> Value:
    """Negative axes counted from the end, when they are known at run time only."""
    return Select(Less(axes, constant_like(axes, 0)), Add(axes, convert_like(rank, axes)), axes)


def all_axes(x: Value) -> Value:
    """All axes of `x`, 1-D i64; works when the rank is unknown."""
    if x.shape is not None:
        return ints(range(len(x.shape)))
    return Range(integer(0), rank_of(x), integer(1), output_type=t.i64)


# -- moving elements


def reshape_to(x: Value, dims: Sequence[Size] | Value) -> Value:
    """`x` in the shape made of these dimensions (one may be -1; 0 is a dimension of no elements)."""
    pattern = dims if isinstance(dims, Value) else vector(dims)
    if x.shape is not None and constant_ints(pattern) == x.shape:
        return x
    return Reshape(x, pattern, special_zero=False)


def reshape_keeping(x: Value, dims: Sequence[int]) -> Value:
    """`x` in another shape in which 0 stands for the dimension of `x` at the same place."""
    return Reshape(x, ints(dims), special_zero=True)


def flatten(x: Value, axis: int) -> Value:
    """`x` as a matrix: dimensions before `axis` are the rows, the others the columns."""
    if axis < 0:
        axis += x.rank
    if x.shape is not None and not 0 <= axis <= len(x.shape):
        raise ShapeError(f"axis {axis} is outside of rank {len(x.shape)}")
    if axis == 0:
        return reshape_to(x, [1, -1])
    if x.shape is not None and axis == len(x.shape):
        return reshape_to(x, [-1, 1])
    if axis == 1 and 0 not in x.dims:
        return Reshape(x, ints([0, -1]), special_zero=True)
    rows, columns = (
        ReduceProd(dims_of(x, axes), ints([0]), keep_dims=True) for axes in (range(axis), range(axis, x.rank))
    )
    if 0 in x.dims:  # the runtime takes a computed zero for a dimension to be copied
        return reshape_to(x, [*(known_ints(rows) or [rows]), *(known_ints(columns) or [columns])])
    # -1 leaves more freedom to the shape inference than a product, above all where less is known
    return reshape_to(x, [-1, columns] if known_ints(rows) is None else [rows, -1])


def unsqueeze(x: Value, *axes: int) -> Value:
    """New axes of size one; `axes` count in the result."""
    return Unsqueeze(x, ints(axes)) if axes else x


def squeeze(x: Value, *axes: int) -> Value:
    """Without these axes, whose size is one."""
    return Squeeze(x, ints(axes)) if axes else x


def permute(x: Value, order: Iterable[int]) -> Value:
    """`x` with its axes in this order; itself when that changes nothing."""
    order = tuple(order)
    return x if order == tuple(range(len(order))) else Transpose(x, ints(order))


def move_axis(x: Value, source: int, target: int) -> Value:
    """`x` with one axis moved."""
    order = list(range(x.rank))
    order.insert(target % x.rank, order.pop(source % x.rank))
    return permute(x, order)


def swap_axes(x: Value, a: int, b: int) -> Value:
    """`x` with two axes exchanged."""
    order = list(range(x.rank))
    order[a], order[b] = order[b], order[a]
    return permute(x, order)


def slice_axis(x: Value, axis: int, start: Size, stop: Size = t.INF, step: int = 1) -> Value:
    """A range along one axis; numpy's meaning of negative numbers."""
    if isinstance(start, int) and start == 0 and step == 1 and isinstance(stop, int) and stop == t.INF:
        return x
    return Slice(x, vector([start]), vector([stop]), ints([step]), ints([axis]))


def take(x: Value, index: int, axis: int) -> Value:
    """One index along an axis, which goes away."""
    return Gather(x, integer(index), integer(axis))


def gather(x: Value, indices: Value | Sequence[int], axis: int) -> Value:
    """Indices along an axis."""
    return Gather(x, indices if isinstance(indices, Value) else ints(indices), integer(axis))


def concat(values: Sequence[Value], axis: int) -> Value:
    """Values one after the other along an axis."""
    return values[0] if len(values) == 1 else Concat(values, axis=axis)


def split(x: Value, axis: int, parts: int | Sequence[int]) -> tuple[Value, ...]:
    """Equal parts (a number of them) or parts of given lengths (one may be -1) along an axis."""
    if isinstance(parts, int):
        return (x,) if parts == 1 else Split(x, integer(axis), num_splits=parts).results
    return VariadicSplit(x, integer(axis), ints(parts)).results


def channel_vector(v: Value, spatial: int) -> Value:
    """A vector of C numbers as [C, 1, ...], with `spatial` ones: it broadcasts along axis 1 of N, C, <spatial>."""
    return reshape_to(v, [-1, *[1] * spatial]) if spatial else v


def broadcast_to(x: Value, shape: Value | Sequence[Size]) -> Value:
    """`x` broadcast to exactly this shape (numpy's rule)."""
    target = shape if isinstance(shape, Value) else vector(shape)
    if x.shape is not None and constant_ints(target) == x.shape:
        return x
    return Broadcast(x, target)


def filled(shape: Value | Sequence[Size], number: Value) -> Value:
    """A tensor of this shape with the same number everywhere."""
    return Broadcast(number, shape if isinstance(shape, Value) else vector(shape))


def arange(count: Size, element: ElementType = t.i64) -> Value:
    """0, 1, ..., count - 1."""
    if isinstance(count, int) and count <= _LONGEST:
        return constant(np.arange(count), element)
    stop = integer(count) if isinstance(count, int) else scalar(as_i64(count))
    return Range(integer(0), stop, integer(1), output_type=element)
