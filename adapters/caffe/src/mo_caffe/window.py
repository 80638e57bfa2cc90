"""Kernels, strides, paddings and dilations of sliding windows, as Caffe's layers spell them."""

from __future__ import annotations

from typing import TypeAlias

from mo_core.build.windows import Spatial
from mo_core.errors import ModelError

Ints: TypeAlias = "tuple[int, ...]"
Number: TypeAlias = "int | None"


def per_axis(axes: int, many: int | Ints, h: Number, w: Number, default: int, what: str) -> Ints:
    """One number for each spatial axis: from `many` (none, one for all, or one each), or from `h` and `w`."""
    if h is not None or w is not None:
        if axes != 2:
            raise ModelError(f"{what}_h and {what}_w belong to two spatial axes, and there are {axes}")
        return (default if h is None else h, default if w is None else w)
    given = (many,) if isinstance(many, int) else many
    numbers = given or (default,)
    if len(numbers) not in (1, axes):
        raise ModelError(f"{what} is given {len(numbers)} times, and there are {axes} spatial axes")
    return numbers * axes if len(numbers) == 1 else numbers


def spatial_attributes(
    axes: int,
    pad: int | Ints,
    stride: int | Ints,
    dilation: Ints,
    pad_h: Number,
    pad_w: Number,
    stride_h: Number,
    stride_w: Number,
) -> Spatial:
    """The attributes for this number of spatial axes; raises ModelError for strides and dilations of 0."""
    strides = per_axis(axes, stride, stride_h, stride_w, 1, "stride")
    dilations = per_axis(axes, dilation, None, None, 1, "dilation")
    pads = per_axis(axes, pad, pad_h, pad_w, 0, "pad")
    if min((*strides, *dilations), default=1) < 1:
        raise ModelError("stride and dilation must be positive, and one is 0")
    return Spatial(strides=strides, dilations=dilations, pads_begin=pads, pads_end=pads)
