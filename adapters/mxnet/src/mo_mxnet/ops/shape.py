"""Operators that change the shape and leave the order of the elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import (
    Size,
    arange,
    as_i64,
    broadcast_to,
    concat,
    dim_size,
    dims_of,
    flatten,
    ints,
    reshape_keeping,
    reshape_to,
    shape_of,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import Divide, FloorMod, Multiply, ReduceProd, ReduceSum, Squeeze
from mo_mxnet.attributes import Ints
from mo_mxnet.registry import mxnet_op


def times(a: Size, b: Size) -> Size:
    """A product of two sizes."""
    return a * b if isinstance(a, int) and isinstance(b, int) else Multiply(vector([a]), vector([b]))


@mxnet_op("Reshape", "reshape", ignore=("keep_highest",))
def reshape(x: Value, *, shape: Ints = (), reverse: bool = False, target_shape: Ints = ()) -> Value:
    """By MXNet's codes: 0 keeps a dimension, -1 is what remains, -2 all that follow, -3 joins two, -4 splits one."""
    if not shape and target_shape:
        return _by_target_shape(x, target_shape)
    if all(code >= -1 for code in shape) and not reverse:
        return _keeping(x, shape)
    if not reverse:
        return reshape_to(x, _sizes(x, shape, [dim_size(x, i) for i in range(x.rank)]))
    backwards = _sizes(x, shape[::-1], [dim_size(x, i) for i in reversed(range(x.rank))])
    return reshape_to(x, backwards[::-1])


def _keeping(x: Value, shape: Ints) -> Value:
    if x.shape is not None and any(code == 0 and place >= len(x.shape) for place, code in enumerate(shape)):
        raise ModelError(f"the shape {list(shape)} keeps a dimension that {t.format_shape(x.shape)} does not have")
    return reshape_keeping(x, shape) if 0 in shape else reshape_to(x, shape)


def _by_target_shape(x: Value, target: Ints) -> Value:
    """The form of before 0.9: 0 is what remains."""
    return reshape_to(x, [d if d > 0 else -1 for d in target])


def _sizes(x: Value, shape: Sequence[int], dims: Sequence[Size]) -> list[Size]:
    """The dimensions that the codes make of `dims`."""
    result: list[Size] = []
    codes = list(shape)
    at = 0

    def take() -> Size:
        nonlocal at
        if at >= len(dims):
            raise ModelError(f"the shape {list(shape)} needs more dimensions than {t.format_shape(x.shape)} has")
        at += 1
        return dims[at - 1]

    while codes:
        code = codes.pop(0)
        if code == 0:
            result.append(take())
        elif code == -1:
            result.append(-1)
            at += 1
        elif code == -2:
            result += dims[at:]
            at = len(dims)
        elif code == -3:
            result.append(times(take(), take()))
        elif code == -4:
            if len(codes) < 2:
                raise ModelError(f"-4 in the shape {list(shape)} is followed by no two numbers")
            result += _split(take(), codes.pop(0), codes.pop(0))
        elif code > 0:
            result.append(code)
            at += 1
        else:
            raise ModelError(f"the shape {list(shape)} has the code {code}, which means nothing")
    return result


def _split(size: Size, first: int, second: int) -> list[Size]:
    """The two dimensions that one is split into; -1 is what remains."""
    if first != -1 and second != -1:
        return [first, second]
    known = second if first == -1 else first
    if known < 1:
        raise ModelError(f"a dimension cannot be split into {first} and {second}")
    rest: Size = size // known if isinstance(size, int) else Divide(vector([size]), ints([known]))
    return [rest, second] if first == -1 else [first, rest]


@mxnet_op("_npx_reshape", "_npi_reshape")
def npx_reshape(x: Value, *, newshape: Ints, reverse: bool = False, order: str = "C") -> Value:
    """By numpy-like codes: -1 remains, -2 keeps, -3 drops a 1, -4 all that follow, -5 joins, -6 splits."""
    if order != "C":
        raise Unsupported(f'order "{order}" of reshape is not supported')
    if 0 in newshape:
        return reshape_to(x, newshape)
    dims = [dim_size(x, i) for i in range(x.rank)]
    if not reverse:
        return reshape_to(x, _sizes_of_npx(x, newshape, dims))
    return reshape_to(x, _sizes_of_npx(x, newshape[::-1], dims[::-1])[::-1])


_OLDER = {-2: 0, -4: -2, -5: -3, -6: -4}
"""The codes of the older Reshape that mean what those of the numpy extension do."""


def _sizes_of_npx(x: Value, shape: Sequence[int], dims: list[Size]) -> list[Size]:
    """`-3`, which drops a dimension of 1, is resolved by hand; the other codes have a twin among the older ones."""
    if -3 not in shape:
        return _sizes(x, [_OLDER.get(c, c) for c in shape], dims)
    place = list(shape).index(-3)
    before = _sizes(x, [_OLDER.get(c, c) for c in shape[:place]], dims)
    used = sum({-5: 2}.get(c, 1) for c in shape[:place])
    return [*before, *_sizes_of_npx(x, shape[place + 1 :], dims[used + 1 :])]


@mxnet_op("_np_reshape")
def np_reshape(x: Value, *, newshape: Ints, order: str = "C") -> Value:
    if order != "C":
        raise Unsupported(f'order "{order}" of reshape is not supported')
    return reshape_to(x, newshape)


@mxnet_op("Flatten", "flatten", "_npx_batch_flatten")
def flat(x: Value) -> Value:
    """All axes but the first as one."""
    return x if x.shape is not None and len(x.shape) == 2 else flatten(x, 1)


@mxnet_op("expand_dims", "_npi_expand_dims")
def expand_dims(x: Value, *, axis: int) -> Value:
    return unsqueeze(x, axis)


@mxnet_op("squeeze")
def squeeze(x: Value, *, axis: Ints | None = None) -> Value:
    """Without axes of size 1; at least one axis stays."""
    y = np_squeeze(x, axis=axis)
    return unsqueeze(y, 0) if y.shape == () else y


@mxnet_op("_np_squeeze")
def np_squeeze(x: Value, *, axis: Ints | None = None) -> Value:
    if axis is None and x.is_static:
        axis = tuple(i for i, d in enumerate(x.static_shape) if d == 1)
        return Squeeze(x, ints(axis)) if axis else x
    return Squeeze(x) if axis is None else Squeeze(x, ints(axis)) if axis else x


@mxnet_op("reshape_like", "_npx_reshape_like")
def reshape_like(
    x: Value,
    like: Value,
    *,
    lhs_begin: int | None = None,
    lhs_end: int | None = None,
    rhs_begin: int | None = None,
    rhs_end: int | None = None,
) -> Value:
    """Some axes of `x` become those axes of `like`."""
    if lhs_begin is None and lhs_end is None and rhs_begin is None and rhs_end is None:
        return reshape_to(x, shape_of(like))
    first, last = _part(x.rank, lhs_begin, lhs_end)
    low, high = _part(like.rank, rhs_begin, rhs_end)
    sizes: list[Size] = [dim_size(x, i) for i in range(first)]
    sizes += [dim_size(like, i) for i in range(low, high)]
    sizes += [dim_size(x, i) for i in range(last, x.rank)]
    return reshape_to(x, sizes)


def _part(rank: int, begin: int | None, end: int | None) -> tuple[int, int]:
    low, high = 0 if begin is None else begin, rank if end is None else end
    return low + rank if low < 0 else low, high + rank if high < 0 else high


@mxnet_op("shape_array", "_npx_shape_array")
def shape_array(x: Value) -> Value:
    return shape_of(x)


@mxnet_op("size_array")
def size_array(x: Value) -> Value:
    return ReduceProd(shape_of(x), ints([0]), keep_dims=True)


@mxnet_op("broadcast_to")
def broadcast(x: Value, *, shape: Ints = ()) -> Value:
    """0 keeps a dimension."""
    return broadcast_to(x, [d if d > 0 else dim_size(x, i) for i, d in enumerate(shape)])


@mxnet_op("_npi_broadcast_to")
def np_broadcast(x: Value, *, shape: Ints = ()) -> Value:
    """-2 keeps a dimension, counted from the end."""
    first = len(shape) - x.rank
    return broadcast_to(x, [d if d >= 0 else dim_size(x, i - first) for i, d in enumerate(shape)])


@mxnet_op("broadcast_axis", "broadcast_axes")
def broadcast_axis(x: Value, *, axis: Ints = (), size: Ints = ()) -> Value:
    """Axes of size 1 repeated."""
    if len(axis) != len(size):
        raise ModelError(f"broadcast_axis has {len(axis)} axes and {len(size)} sizes")
    sizes: list[Size] = [dim_size(x, i) for i in range(x.rank)]
    for place, wanted in zip(t.normalize_axes(axis, x.rank), size):
        sizes[place] = wanted
    return broadcast_to(x, sizes)


@mxnet_op("broadcast_like")
def broadcast_like(x: Value, like: Value, *, lhs_axes: Ints | None = None, rhs_axes: Ints | None = None) -> Value:
    """In the shape of another value, or in it along some axes."""
    if lhs_axes is None or rhs_axes is None:
        return broadcast_to(x, shape_of(like))
    if len(lhs_axes) != len(rhs_axes):
        raise ModelError(f"broadcast_like has {len(lhs_axes)} axes of one value and {len(rhs_axes)} of the other")
    sizes: list[Size] = [dim_size(x, i) for i in range(x.rank)]
    for a, b in zip(t.normalize_axes(lhs_axes, x.rank), rhs_axes):
        sizes[a] = dim_size(like, b)
    return broadcast_to(x, sizes)


@mxnet_op("_np_atleast_1d")
def at_least_1d(*values: Value) -> list[Value]:
    return [reshape_to(v, [1]) if v.rank == 0 else v for v in values]


@mxnet_op("_np_atleast_2d")
def at_least_2d(*values: Value) -> list[Value]:
    return [v if v.rank > 1 else reshape_to(v, [1, -1]) for v in values]


@mxnet_op("_np_atleast_3d")
def at_least_3d(*values: Value) -> list[Value]:
    return [_three(v) for v in values]


def _three(x: Value) -> Value:
    return x if x.rank > 2 else unsqueeze(x, 2) if x.rank == 2 else reshape_to(x, [1, -1, 1])


@mxnet_op("_contrib_index_array")
def index_array(x: Value, *, axes: Ints | None = None) -> Value:
    """The index of each element along all axes, or along some, in a new last axis."""
    chosen = range(x.rank) if axes is None else t.normalize_axes(axes, x.rank)
    parts = []
    for axis in chosen:
        line = reshape_to(arange(dim_size(x, axis)), [-1, *[1] * (x.rank - 1 - axis)])
        parts.append(unsqueeze(broadcast_to(line, dims_of(x, range(x.rank))), x.rank))
    return concat(parts, x.rank)


@mxnet_op("_ravel_multi_index", "ravel_multi_index")
def ravel_multi_index(x: Value, *, shape: Ints) -> Value:
    """Flat places from places along each axis, which are the rows."""
    steps = np.cumprod([1, *shape[:0:-1]])[::-1].copy()
    weighed = Multiply(as_i64(x), reshape_to(constant(steps.astype(np.int64)), [-1, *[1] * (x.rank - 1)]))
    return to_element(ReduceSum(weighed, ints([0]), keep_dims=False), x.element)


@mxnet_op("_unravel_index", "unravel_index")
def unravel_index(x: Value, *, shape: Ints) -> Value:
    """Places along each axis, as rows, from flat places."""
    steps = np.cumprod([1, *shape[:0:-1]])[::-1].copy().astype(np.int64)
    column = [-1, *[1] * x.rank]
    whole = Divide(unsqueeze(as_i64(x), 0), reshape_to(constant(steps), column))
    sizes = constant(np.array(shape, np.int64))
    return to_element(FloorMod(whole, reshape_to(sizes, column)), x.element)
