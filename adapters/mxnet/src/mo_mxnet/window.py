"""Strides, dilations, paddings and layouts of sliding windows, as convolution and pooling share them."""

from __future__ import annotations

from mo_core.build.windows import Spatial, per_axis, require_axes
from mo_core.errors import ModelError
from mo_mxnet.attributes import Ints


def spatial_attributes(axes: int, stride: Ints, dilate: Ints, pad: Ints) -> Spatial:
    """The attributes for this number of spatial axes; an empty list is that of the default."""
    require_axes(axes)
    pads = per_axis(axes, pad, 0, "pad")
    return Spatial(
        strides=per_axis(axes, stride, 1, "stride"),
        dilations=per_axis(axes, dilate, 1, "dilate"),
        pads_begin=pads,
        pads_end=pads,
    )


def channels_last(layout: str | None) -> bool:
    """True for `NHWC` and its kin; raises ModelError for a layout that MXNet does not have."""
    if layout in (None, "NCW", "NCHW", "NCDHW"):
        return False
    if layout in ("NWC", "NHWC", "NDHWC"):
        return True
    raise ModelError(f'layout is "{layout}", which MXNet does not have')
