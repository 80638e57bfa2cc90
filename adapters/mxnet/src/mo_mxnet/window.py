"""Strides, dilations, paddings and layouts of sliding windows, as convolution and pooling share them."""

from __future__ import annotations

from typing import TypedDict

from mo_core.build import move_axis
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_mxnet.attributes import Ints


class Spatial(TypedDict):
    """Attributes that convolutions have in common."""

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads_begin: tuple[int, ...]
    pads_end: tuple[int, ...]


def spatial_attributes(axes: int, stride: Ints, dilate: Ints, pad: Ints) -> Spatial:
    """The attributes for this number of spatial axes; an empty list is that of the default."""
    if not 1 <= axes <= 3:
        raise Unsupported(f"{axes} spatial axes are not supported; the runtime has windows over 1 to 3 of them")
    pads = per_axis(axes, pad, 0, "pad")
    return Spatial(
        strides=per_axis(axes, stride, 1, "stride"),
        dilations=per_axis(axes, dilate, 1, "dilate"),
        pads_begin=pads,
        pads_end=pads,
    )


def per_axis(axes: int, numbers: Ints, default: int, what: str) -> Ints:
    """One number a spatial axis; raises ModelError for another count, and for one below the least that makes sense."""
    numbers = tuple(numbers) or (default,) * axes
    if len(numbers) != axes:
        raise ModelError(f"{what} has {len(numbers)} numbers, and there are {axes} spatial axes")
    if min(numbers) < default:
        raise ModelError(f"{what} has the number {min(numbers)}, and {default} is the least that is possible")
    return numbers


def channels_last(layout: str | None) -> bool:
    """True for `NHWC` and its kin; raises ModelError for a layout that MXNet does not have."""
    if layout in (None, "NCW", "NCHW", "NCDHW"):
        return False
    if layout in ("NWC", "NHWC", "NDHWC"):
        return True
    raise ModelError(f'layout is "{layout}", which MXNet does not have')


def channels_to_front(x: Value) -> Value:
    """From N, <spatial>, C to N, C, <spatial>."""
    return move_axis(x, -1, 1)


def channels_to_back(x: Value) -> Value:
    """From N, C, <spatial> to N, <spatial>, C."""
    return move_axis(x, 1, -1)
