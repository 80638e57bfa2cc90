"""Layers that move values and compute nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mo_caffe.registry import caffe_layer
from mo_caffe.sizes import part, plus, reshaped, size, sizes
from mo_core.build import concat, gather, ints, permute, reshape_to, slice_axis, split, squeeze, to_element
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ir.types import Dim
from mo_core.ops import NonZero, Reshape, ShapeOf, ShuffleChannels, Tile

# -- one blob as several, several as one


@caffe_layer("Concat", "concat_param")
def concat_(x: Value, *others: Value, axis: int = 1, concat_dim: int | None = None) -> Value:
    bottoms = (x, *others)
    along = axis if concat_dim is None else concat_dim
    known = next((b.rank for b in bottoms if b.shape is not None), None)
    return concat(bottoms, t.normalize_axis(along, known) if known is not None else along)


@caffe_layer("Slice", "slice_param")
def slice_(
    x: Value, *, node: Any, axis: int = 1, slice_dim: int | None = None, slice_point: tuple[int, ...] = ()
) -> Sequence[Value]:
    along = t.normalize_axis(axis if slice_dim is None else slice_dim, x.rank)
    count = len(node.results)
    if not slice_point:
        return split(x, along, count)
    if len(slice_point) != count - 1:
        raise ModelError(f"there are {count} tops and {len(slice_point)} slice_point, and one less than tops is needed")
    starts = [0, *slice_point]
    lengths = [stop - start for start, stop in zip(starts, slice_point)]
    if min(lengths) < 1:
        raise ModelError(f"the slice_point {list(slice_point)} do not rise")
    whole = x.dims[along]
    if isinstance(whole, int) and whole <= slice_point[-1]:
        raise ModelError(f"the last slice_point is {slice_point[-1]}, and the axis has {whole} values")
    return split(x, along, [*lengths, -1])


@caffe_layer("Split")
def split_(x: Value, *, node: Any) -> Sequence[Value]:
    """The same value under several names."""
    return [x] * len(node.results)


@caffe_layer("Silence")
def silence(*bottoms: Value) -> Sequence[Value | None]:
    return [None]


@caffe_layer("Tile", "tile_param")
def tile(x: Value, *, axis: int = 1, tiles: int) -> Value:
    if tiles < 1:
        raise ModelError(f"tiles is {tiles}")
    along = t.normalize_axis(axis, x.rank)
    return Tile(x, ints([tiles if a == along else 1 for a in range(x.rank)]))


# -- other shapes


@caffe_layer("Reshape", "reshape_param")
def reshape(x: Value, *, shape: dict[str, Any] | None = None, axis: int = 0, num_axes: int = -1) -> Value:
    """The axes `[axis, axis + num_axes)` get another shape: 0 keeps the dimension at that place, -1 follows."""
    dims = list((shape or {}).get("dim", ()))
    first = t.normalize_axis(axis, x.rank + 1)
    last = x.rank if num_axes == -1 else first + num_axes
    if num_axes < -1 or last > x.rank:
        raise ModelError(f"axis {axis} and num_axes {num_axes} lie outside of {x.rank} axes")
    if any(d < -1 for d in dims) or dims.count(-1) > 1:
        raise ModelError(f"the shape {dims} is impossible", "Only one dimension may be -1.")
    if any(d == 0 and first + i >= x.rank for i, d in enumerate(dims)):
        raise ModelError(f"the shape {dims} keeps a dimension that the bottom with {x.rank} axes does not have")
    behind = range(last, x.rank)
    if not behind or len(dims) == last - first:  # every axis stays where it is: 0 keeps it
        return reshaped(x, [*[0] * first, *dims, *[0] * len(behind)], keep=True)
    kept = [size(x, first + i) if d == 0 else d for i, d in enumerate(dims)]
    return reshaped(x, [*([sizes(x, range(first))] if first else []), *kept, sizes(x, behind)])


@caffe_layer("Flatten", "flatten_param")
def flatten_(x: Value, *, axis: int = 1, end_axis: int = -1) -> Value:
    first, last = t.normalize_axis(axis, x.rank), t.normalize_axis(end_axis, x.rank)
    if last < first:
        raise ModelError(f"end_axis {end_axis} lies before axis {axis}")
    if first == last:
        return x
    if last == x.rank - 1:
        return reshaped(x, [*[0] * first, -1], keep=True)
    return reshaped(x, [*[0] * first, -1, sizes(x, range(last + 1, x.rank))], keep=True)


@caffe_layer("Permute", "permute_param")
def permute_(x: Value, *, order: tuple[int, ...] = ()) -> Value:
    """Axes that are not in `order` follow as they are."""
    if len(set(order)) != len(order) or any(a >= x.rank for a in order):
        raise ModelError(f"the order {list(order)} does not fit to {x.rank} axes")
    return permute(x, [*order, *(a for a in range(x.rank) if a not in order)])


@caffe_layer("ShuffleChannel", "shuffle_channel_param")
def shuffle_channel(x: Value, *, group: int = 1) -> Value:
    return ShuffleChannels(x, axis=1, group=group)


@caffe_layer("Reverse", "reverse_param")
@caffe_layer("ReverseAxis", "reverse_param")
def reverse(x: Value, *, axis: int = 0) -> Value:
    """The values along an axis in the opposite order."""
    return slice_axis(x, axis, -1, -t.INF, -1)


# -- parts of a blob


@caffe_layer("Crop", "crop_param")
@caffe_layer("CROP", "crop_param")
def crop(
    x: Value, like: Value | None = None, *, axis: int = 2, offset: tuple[int, ...] = (), dim: tuple[int, ...] = ()
) -> Value:
    """From `axis` on as large as `like` (forks: as `dim` says), from `offset` on: one for each axis, or one for all."""
    first = t.normalize_axis(axis, x.rank)
    axes = range(first, x.rank)
    if like is not None and like.rank != x.rank:
        raise ModelError(f"the bottoms have {x.rank} and {like.rank} axes, and a crop needs the same number")
    if len(offset) > 1 and len(offset) != len(axes):
        raise ModelError(f"there are {len(offset)} offset for {len(axes)} axes")
    offsets = offset if len(offset) > 1 else (*offset, 0)[:1] * len(axes)
    if like is None and len(dim) not in (1, len(axes)):
        raise ModelError("there is no second bottom whose size to take")
    given = dim if len(dim) > 1 else dim * len(axes)
    y = x
    for place, (a, start) in enumerate(zip(axes, offsets)):
        _check_crop(x, a, start, like.dims[a] if like is not None else given[place])
        y = part(y, a, start, plus(size(like, a) if like is not None else given[place], start))
    return y


def _check_crop(x: Value, axis: int, start: int, size: Dim) -> None:
    whole = x.dims[axis]
    if isinstance(whole, int) and isinstance(size, int) and start + size > whole:
        raise ModelError(f"axis {axis} has {whole} values, and {size} are to be taken from {start} on")


@caffe_layer("BatchReindex")
def batch_reindex(x: Value, indices: Value) -> Value:
    """Images chosen by number."""
    return gather(x, reshape_to(to_element(indices, t.i32), [-1]), 0)


@caffe_layer("Filter")
def filter_(x: Value, *others: Value) -> Sequence[Value]:
    """Those images of all bottoms but the last for which that is not 0."""
    *data, selector = x, *others
    if not data:
        raise ModelError("there is nothing to filter: the layer has one bottom only")
    chosen = squeeze(NonZero(reshape_to(selector, [-1]), output_type=t.i64), 0)
    return [gather(x, chosen, 0) for x in data]


@caffe_layer("Parameter", "parameter_param")
def parameter(blob: Value, *, shape: dict[str, Any] | None = None) -> Value:
    """A learned blob by itself."""
    dims = (shape or {}).get("dim")
    return reshape_to(blob, dims) if dims else blob


@caffe_layer("ReshapeLike")
def reshape_like(x: Value, like: Value) -> Value:
    return Reshape(x, ShapeOf(like), special_zero=False)
