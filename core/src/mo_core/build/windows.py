"""Sliding windows: what convolutions and poolings of all frameworks have in common.

Data is laid out N, C, <spatial> with one to three spatial axes; `channels_first` brings other layouts into this one.
Numbers are per spatial axis. The operations are those of OpenVINO (Convolution-1, GroupConvolution-1, MaxPool-8/14,
AvgPool-1/14/16), which say what `auto_pad` and `rounding_type` mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import numpy as np

from mo_core.build.basics import (
    Size,
    channel_vector,
    constant_like,
    dim,
    dim_size,
    dims_of,
    filled,
    integer,
    ints,
    move_axis,
    reshape_keeping,
    reshape_to,
    vector,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ops import (
    Abs,
    Add,
    AvgPool,
    AvgPool14,
    AvgPool16,
    Convolution,
    ConvolutionBackpropData,
    GroupConvolution,
    GroupConvolutionBackpropData,
    Multiply,
    Pad,
    Power,
    ReduceProd,
    ScatterElementsUpdate,
)

_MOST_TAPS = 1 << 22
"""Limit for the filters that give the elements of windows, in values."""


class Windows(TypedDict):
    """Attributes that convolutions and poolings have in common."""

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads_begin: tuple[int, ...]
    pads_end: tuple[int, ...]


class Spatial(Windows, total=False):
    """With how the paddings are found, where the framework leaves that to the size of the image."""

    auto_pad: str


# -- numbers


def require_axes(axes: int) -> None:
    """Raise Unsupported for another number of spatial axes than the runtime has windows over."""
    if not 1 <= axes <= 3:
        raise Unsupported(f"{axes} spatial axes are not supported; the runtime has windows over 1 to 3 of them")


def per_axis(axes: int, numbers: Sequence[int] | None, least: int, what: str) -> tuple[int, ...]:
    """One number for each axis; none given: the least that is possible.

    Raises ModelError for another count, and for a number below the least; `what` names them in the message.
    """
    found = tuple(numbers or ()) or (least,) * axes
    if len(found) != axes:
        raise ModelError(f"{what} has {len(found)} numbers, and there are {axes} spatial axes")
    if min(found, default=least) < least:
        raise ModelError(f"{what} has the number {min(found)}, and {least} is the least that is possible")
    return found


def extent(kernel: int, dilation: int) -> int:
    """How far a dilated window reaches."""
    return (kernel - 1) * dilation + 1


# -- layouts


def channels_to_front(x: Value) -> Value:
    """From N, <spatial>, C to N, C, <spatial>."""
    return move_axis(x, -1, 1)


def channels_to_back(x: Value) -> Value:
    """From N, C, <spatial> to N, <spatial>, C."""
    return move_axis(x, 1, -1)


def channels_first(x: Value, compute: Callable[[Value], Value], last: bool = True) -> Value:
    """Let `compute` see N, C, <spatial> of data whose channels come `last`, and give its result back in that layout."""
    return channels_to_back(compute(channels_to_front(x))) if last else compute(x)


# -- convolutions


def split_groups(filters: Value, groups: int) -> Value:
    """Filters with an axis of groups split off from the first one; raises ModelError where they cannot be divided."""
    first = dim(filters, 0)
    if groups < 1 or (isinstance(first, int) and first % groups):
        raise ModelError(f"{first} filters cannot be divided into {groups} groups")
    each = first // groups if isinstance(first, int) else -1
    return reshape_to(filters, [groups, each, *(dim_size(filters, a) for a in range(1, filters.rank))])


def convolve(x: Value, filters: Value, bias: Value | None, groups: int, spatial: Spatial) -> Value:
    """A convolution with filters O, I / groups, <spatial> and a bias vector O."""
    y: Value
    if groups == 1:
        y = Convolution(x, filters, **spatial)
    else:
        y = GroupConvolution(x, split_groups(filters, groups), **spatial)
    return _with_bias(y, bias, filters)


def deconvolve(
    x: Value,
    filters: Value,
    bias: Value | None,
    groups: int,
    spatial: Spatial,
    *,
    output_shape: Value | None = None,
    output_padding: Sequence[int] = (),
) -> Value:
    """A transposed convolution with filters I, O / groups, <spatial> and a bias vector O.

    Args:
        output_shape: sizes of the spatial axes of the result (1-D i64), from which `auto_pad` finds the paddings.
        output_padding: what the result has more at the end of each axis.
    """
    kind = ConvolutionBackpropData if groups == 1 else GroupConvolutionBackpropData
    weights = filters if groups == 1 else split_groups(filters, groups)
    more: dict[str, Any] = {"output_padding": tuple(output_padding)} if any(output_padding) else {}
    operands = [x, weights] if output_shape is None else [x, weights, output_shape]
    return _with_bias(kind(*operands, **spatial, **more), bias, filters)


def _with_bias(y: Value, bias: Value | None, filters: Value) -> Value:
    return y if bias is None else Add(y, channel_vector(bias, filters.rank - 2))


def filters_of_taps(x: Value, kernel: Sequence[int]) -> Value:
    """Filters of a GroupConvolution of `x` that give the elements of each window: C, taps, 1, <kernel>.

    The results are N, C * taps, <windows>. Raises Unsupported when the number of channels of `x` (axis 1) is not known,
    and ModelError for windows too large to be any model's.
    """
    channels, count = dim(x, 1), math.prod(kernel)
    if not isinstance(channels, int):
        raise Unsupported("the number of channels must be known", "Give the shape of the inputs with --input.")
    if count < 1 or count * count * channels > _MOST_TAPS:
        raise ModelError(f"a window of {' x '.join(map(str, kernel))} over {channels} channels is impossible")
    ones = np.tile(np.eye(count, dtype=np.float32), (channels, 1)).reshape(channels, count, 1, *kernel)
    return constant_like(x, ones)


# -- poolings


def fitted(x: Value, kernel: Sequence[int], spatial: Spatial, rounding: str) -> tuple[tuple[int, ...], Spatial]:
    """Kernel and attributes of windows as the runtime takes them, which has none larger than the padded data.

    Where the number of windows is rounded up (`rounding` is not "floor") and less than a stride is missing, one is
    left: over all there is, padding included.
    """
    if rounding == "floor":
        return tuple(kernel), spatial
    window, strides = list(kernel), list(spatial["strides"])
    sizes = x.dims[2:] if x.shape is not None and x.rank == 2 + len(window) else ()
    for i, (size, before, after) in enumerate(zip(sizes, spatial["pads_begin"], spatial["pads_end"])):
        dilation = spatial["dilations"][i]
        room = size + before + after if isinstance(size, int) else 0
        if 0 < room < extent(window[i], dilation) < room + strides[i]:
            window[i], strides[i] = (room - 1) // dilation + 1, max(strides[i], dilation)
    changed = spatial.copy()
    changed["strides"] = tuple(strides)
    return tuple(window), changed


def mean_of_windows(
    x: Value, kernel: Sequence[int], spatial: Spatial, *, rounding: str = "floor", count_padding: bool = False
) -> Value:
    """The mean over windows, by the oldest operation that can express it.

    Args:
        rounding: of the number of windows: "floor", "ceil", or "ceil_torch", which drops a last window that would start
            behind the data and the padding at its beginning.
        count_padding: padding counts as zeros; what rounding up adds at the end counts for "floor" and "ceil" alone.
    """
    attributes: dict[str, Any] = {**spatial, "kernel": tuple(kernel), "rounding_type": rounding}
    attributes["exclude_pad"] = not count_padding
    if any(d != 1 for d in attributes["dilations"]):
        return AvgPool16(x, **attributes)
    del attributes["dilations"]
    return (AvgPool14 if rounding == "ceil_torch" else AvgPool)(x, **attributes)


def padded(x: Value, begin: Sequence[int], end: Sequence[int], number: float = 0.0) -> Value:
    """Spatial axes made longer at their beginnings and ends by one number."""
    if not any(begin) and not any(end):
        return x
    return Pad(x, ints([0, 0, *begin]), ints([0, 0, *end]), constant_like(x, number))


def powered(x: Value, p: float) -> Value:
    """`|x|^p`, whose mean over a window is what a pooling by the p-norm takes the root of."""
    if p == 1:
        return Abs(x)
    return Multiply(x, x) if p == 2 else Power(Abs(x), constant_like(x, float(p)))


def root(x: Value, p: float) -> Value:
    """The p-th root of what is not negative."""
    return x if p == 1 else Power(x, constant_like(x, 1 / p))


def unpooled(x: Value, places: Value, sizes: Sequence[Size], apart: int) -> Value:
    """A tensor of these sizes that has the values of `x` at `places` and zeros elsewhere.

    Places (i32 or i64, of the shape of `x`) count row by row within each index of the first `apart` axes, whose sizes
    are those of `x`.
    """
    lengths = vector(sizes[apart:])
    area = ReduceProd(lengths, ints([0]), keep_dims=True)
    leading = [dims_of(x, range(apart))] if apart else []
    blank = filled(vector([*leading, area]), constant_like(x, 0))
    where, what = (reshape_keeping(v, [*[0] * apart, -1]) for v in (places, x))
    return reshape_to(ScatterElementsUpdate(blank, where, what, integer(apart)), vector([*leading, lengths]))
