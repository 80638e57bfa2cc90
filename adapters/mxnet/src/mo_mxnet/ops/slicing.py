"""Parts of a tensor, and other values put in their place."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import Size, constant_like, dim_size, ints, vector
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import Add, Broadcast, Divide, ShapeOf, Slice, SliceScatter, Subtract
from mo_mxnet.attributes import Ints, Places
from mo_mxnet.registry import mxnet_op

_FIRST, _LAST = -(2**63), 2**63 - 1


def backwards(x: Value, axes: Sequence[int]) -> Value:
    """Axes in reverse order of their elements."""
    count = len(axes)
    return Slice(x, ints([_LAST] * count), ints([_FIRST] * count), ints([-1] * count), ints(axes))


def part(begin: Places, end: Places, step: Places, rank: int) -> tuple[Value, Value, Value, Value] | None:
    """Start, stop, step and axes of a slice; None when it is the whole tensor."""
    if not len(begin) == len(end) <= rank:
        raise ModelError(f"a slice begins at {len(begin)} places and ends at {len(end)}, and there are {rank} axes")
    steps = [1 if s is None else s for s in step] or [1] * len(begin)
    if len(steps) != len(begin) or 0 in steps:
        raise ModelError(f"the steps of a slice are {list(step)}, and none may be 0")
    starts = [(_LAST if s < 0 else 0) if b is None else b for b, s in zip(begin, steps)]
    stops = [(_FIRST if s < 0 else _LAST) if e is None else e for e, s in zip(end, steps)]
    used = [i for i, (b, e, s) in enumerate(zip(starts, stops, steps)) if (b, e, s) != (0, _LAST, 1)]
    if not used:
        return None
    return (
        ints(starts[i] for i in used),
        ints(stops[i] for i in used),
        ints(steps[i] for i in used),
        ints(used),
    )


@mxnet_op("slice", "_npi_slice", "_npx_slice", "_sparse_slice", "crop")
def slice_of(x: Value, *, begin: Places, end: Places, step: Places = ()) -> Value:
    """None at a place: from the beginning, or to the end."""
    where = part(begin, end, step, x.rank)
    return x if where is None else Slice(x, *where)


@mxnet_op("slice_axis")
def slice_axis(x: Value, *, axis: int, begin: int, end: int | None) -> Value:
    stop = t.INF if end is None else end
    if begin == 0 and stop == t.INF:
        return x
    return Slice(x, ints([begin]), ints([stop]), ints([1]), ints([axis]))


@mxnet_op("slice_like")
def slice_like(x: Value, like: Value, *, axes: Ints = ()) -> Value:
    """As much from the beginning as another value has."""
    chosen = list(t.normalize_axes(axes, x.rank)) or list(range(x.rank))
    sizes = [dim_size(like, a) for a in axes] if axes else [dim_size(like, a) for a in chosen]
    return Slice(x, ints([0] * len(chosen)), vector(sizes), ints([1] * len(chosen)), ints(chosen))


@mxnet_op("Crop")
def crop(
    x: Value, like: Value | None = None, *, offset: Ints = (0, 0), h_w: Ints = (0, 0), center_crop: bool = False
) -> Value:
    """A part of images, of the size of other images or of a given one."""
    sizes: list[Size] = [dim_size(like, a) for a in (2, 3)] if like is not None else list(h_w)
    starts: list[Size] = list(offset)
    if center_crop:
        starts = [_half(dim_size(x, 2 + i), size) for i, size in enumerate(sizes)]
    stops = [a + b if isinstance(a, int) and isinstance(b, int) else Add(a, b) for a, b in zip(starts, sizes)]
    return Slice(x, vector(starts), vector(stops), ints([1, 1]), ints([2, 3]))


def _half(whole: Size, part_: Size) -> Size:
    if isinstance(whole, int) and isinstance(part_, int):
        return (whole - part_) // 2
    return Divide(Subtract(whole, part_), 2)


@mxnet_op("_slice_assign", "_crop_assign", "_npi_slice_assign")
def slice_assign(x: Value, new: Value, *, begin: Places, end: Places, step: Places = ()) -> Value:
    """Another value in the place of a part."""
    where = part(begin, end, step, x.rank)
    return new if where is None else SliceScatter(x, new, *where)


@mxnet_op("_slice_assign_scalar", "_crop_assign_scalar", "_npi_slice_assign_scalar")
def slice_assign_number(x: Value, *, scalar: float = 0.0, begin: Places, end: Places, step: Places = ()) -> Value:
    """A number in the place of a part."""
    where = part(begin, end, step, x.rank)
    number = constant_like(x, scalar)
    if where is None:
        return Broadcast(number, ShapeOf(x))
    return SliceScatter(x, Broadcast(number, ShapeOf(Slice(x, *where))), *where)
