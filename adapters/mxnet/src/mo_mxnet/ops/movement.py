"""Operators that move, repeat, join and part elements."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mo_core.build import (
    concat,
    constant_like,
    dim,
    dim_size,
    ints,
    permute,
    reshape_to,
    shape_of,
    split,
    squeeze,
    swap_axes,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import DepthToSpace, Pad, Roll, SpaceToDepth, Tile
from mo_mxnet.attributes import Ints
from mo_mxnet.elements import aligned
from mo_mxnet.ops.shape import at_least_2d, at_least_3d, times
from mo_mxnet.ops.slicing import backwards
from mo_mxnet.registry import mxnet_op


@mxnet_op("transpose", "_np_transpose")
def transpose(x: Value, *, axes: Ints | None = ()) -> Value:
    """No axes given: all in reverse."""
    return permute(x, t.normalize_axes(axes, x.rank) if axes else reversed(range(x.rank)))


@mxnet_op("SwapAxis", "swapaxes", "_npi_swapaxes")
def swap(x: Value, *, dim1: int = 0, dim2: int = 0) -> Value:
    return swap_axes(x, t.normalize_axis(dim1, x.rank), t.normalize_axis(dim2, x.rank))


@mxnet_op("_np_moveaxis")
def moveaxis(x: Value, *, source: Ints, destination: Ints) -> Value:
    sources, targets = t.normalize_axes(source, x.rank), t.normalize_axes(destination, x.rank)
    if len(sources) != len(targets):
        raise ModelError(f"{len(sources)} axes cannot move to {len(targets)} places")
    order = [i for i in range(x.rank) if i not in sources]
    for target, axis in sorted(zip(targets, sources)):
        order.insert(target, axis)
    return permute(x, order)


@mxnet_op("_npi_rot90")
def rot90(x: Value, *, k: int = 1, axes: Ints | None = None) -> Value:
    """Turned by quarters from the first towards the second of two axes."""
    first, second = t.normalize_axes(axes or (0, 1), x.rank)
    if k % 4 == 0:
        return x
    if k % 4 == 2:
        return backwards(x, [first, second])
    if k % 4 == 1:
        return swap_axes(backwards(x, [second]), first, second)
    return backwards(swap_axes(x, first, second), [second])


@mxnet_op("reverse", "flip", "_npi_flip")
def reverse(x: Value, *, axis: Ints) -> Value:
    return backwards(x, t.normalize_axes(axis, x.rank))


@mxnet_op("_np_roll")
def roll(x: Value, *, shift: Ints | None = None, axis: Ints | None = None) -> Value:
    """No axes given: all elements in a row."""
    if not shift:
        raise ModelError("roll needs a shift, and it is not given")
    if axis is None:
        return reshape_to(Roll(reshape_to(x, [-1]), ints([sum(shift)]), ints([0])), shape_of(x))
    steps = shift * len(axis) if len(shift) == 1 else shift
    if len(steps) != len(axis):
        raise ModelError(f"roll has {len(shift)} shifts for {len(axis)} axes")
    return Roll(x, ints(steps), ints(axis))


@mxnet_op("Pad", "pad")
def pad(x: Value, *, mode: str, pad_width: Ints, constant_value: float = 0.0) -> Value:
    if mode not in ("constant", "edge", "reflect"):
        raise ModelError(f'mode is "{mode}", which is none of constant, edge, reflect')
    return _padded(x, mode, pad_width, constant_value)


@mxnet_op("_npi_pad")
def np_pad(
    x: Value, *, pad_width: Ints, mode: str = "constant", constant_value: float = 0.0, reflect_type: str = "even"
) -> Value:
    if mode not in ("constant", "edge", "reflect", "symmetric") or reflect_type != "even":
        raise Unsupported(f"padding by {reflect_type + ' ' if reflect_type != 'even' else ''}{mode} is not supported")
    return _padded(x, mode, pad_width, constant_value)


def _padded(x: Value, mode: str, widths: Ints, number: float) -> Value:
    if len(widths) == 2 and x.rank > 1:
        widths *= x.rank
    if len(widths) != 2 * x.rank:
        raise ModelError(f"pad_width has {len(widths)} numbers, and {2 * x.rank} are needed")
    begin, end = widths[::2], widths[1::2]
    if mode == "constant":
        return Pad(x, ints(begin), ints(end), constant_like(x, number))
    return Pad(x, ints(begin), ints(end), pad_mode=mode)


@mxnet_op("tile", "_npi_tile")
def tile(x: Value, *, reps: Ints) -> Value:
    """Repeated as a whole; missing axes come first, on either side."""
    repeats = [*[1] * (x.rank - len(reps)), *reps]
    data = unsqueeze(x, *range(len(repeats) - x.rank)) if len(repeats) > x.rank else x
    return Tile(data, ints(repeats))


@mxnet_op("repeat", "_np_repeat")
def repeat(x: Value, *, repeats: int, axis: int | None = None) -> Value:
    """Each element so many times; no axis given: of all in a row."""
    if axis is None:
        x, axis = reshape_to(x, [-1]), 0
    axis = t.normalize_axis(axis, x.rank)
    copies = Tile(unsqueeze(x, axis + 1), ints([*[1] * (axis + 1), repeats, *[1] * (x.rank - axis - 1)]))
    sizes = [dim_size(x, i) for i in range(x.rank)]
    sizes[axis] = times(sizes[axis], repeats)
    return reshape_to(copies, sizes)


@mxnet_op("depth_to_space")
def depth_to_space(x: Value, *, block_size: int) -> Value:
    return DepthToSpace(x, mode="blocks_first", block_size=block_size)


@mxnet_op("space_to_depth")
def space_to_depth(x: Value, *, block_size: int) -> Value:
    return SpaceToDepth(x, mode="blocks_first", block_size=block_size)


@mxnet_op("Concat", "concat", "_sparse_concat", "_rnn_param_concat", "_npi_rnn_param_concat")
def concatenation(*values: Value, dim: int = 1) -> Value:
    return concat(values, dim)


@mxnet_op("_npi_concatenate")
def np_concatenate(*values: Value, axis: int | None = 0) -> Value:
    """No axis given: of all elements in a row."""
    ready = aligned(*values)
    return concat([reshape_to(v, [-1]) for v in ready], 0) if axis is None else concat(ready, axis)


@mxnet_op("stack", "_npi_stack")
def stack(*values: Value, axis: int = 0) -> Value:
    return concat([unsqueeze(v, axis) for v in aligned(*values)], axis)


@mxnet_op("_npi_vstack")
def vstack(*values: Value) -> Value:
    return concat(at_least_2d(*aligned(*values)), 0)


@mxnet_op("_npi_hstack", ignore=("dim",))
def hstack(*values: Value) -> Value:
    ready = [reshape_to(v, [1]) if v.rank == 0 else v for v in aligned(*values)]
    return concat(ready, 0 if ready[0].rank == 1 else 1)


@mxnet_op("_npi_dstack", ignore=("dim",))
def dstack(*values: Value) -> Value:
    return concat(at_least_3d(*aligned(*values)), 2)


@mxnet_op("_npi_column_stack")
def column_stack(*values: Value) -> Value:
    return concat([v if v.rank > 1 else reshape_to(v, [-1, 1]) for v in aligned(*values)], 1)


@mxnet_op("SliceChannel", "split")
def slice_channel(x: Value, *, num_outputs: int, axis: int = 1, squeeze_axis: bool = False) -> Sequence[Value]:
    return _dropped(split(x, axis, num_outputs), axis, squeeze_axis)


def _dropped(parts: Sequence[Value], axis: int, squeezed: bool) -> list[Value]:
    return [squeeze(p, axis) for p in parts] if squeezed else list(parts)


@mxnet_op("_split_v2", "_npi_split", "_npi_hsplit", "_npi_dsplit")
def split_at(
    x: Value, *, indices: Ints = (), axis: int = 1, squeeze_axis: bool = False, sections: int = 0
) -> Sequence[Value]:
    """Into equal parts, or at places; the first place is that of the beginning."""
    if sections > 0:
        return _dropped(split(x, axis, sections), axis, squeeze_axis)
    size = dim(x, axis)
    places = [p + size if p < 0 and isinstance(size, int) else p for p in indices]
    lengths = [b - a for a, b in pairwise(places)]
    if any(n < 0 for n in lengths) or not places or places[0] != 0:
        raise Unsupported(f"a split at the places {list(indices)} is not supported")
    if isinstance(size, int) and places[-1] > size:
        raise ModelError(f"a split at {places[-1]} is beyond the {size} elements that there are")
    return _dropped(split(x, axis, [*lengths, -1]), axis, squeeze_axis)
