"""Convolutions of all kinds."""

from __future__ import annotations

from mo_core.build import channel_vector, ints
from mo_core.build.windows import channels_first, channels_to_front, convolve, deconvolve, per_axis
from mo_core.errors import Unsupported
from mo_core.ir import Value
from mo_core.ops import (
    Add,
    DeformableConvolution,
)
from mo_mxnet.attributes import Ints
from mo_mxnet.learned import channels_of, check_fit
from mo_mxnet.registry import mxnet_op
from mo_mxnet.window import channels_last, spatial_attributes


@mxnet_op("Convolution", "Convolution_v1", "_npx_convolution", ignore=("num_filter", "no_bias"))
def convolution(
    x: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    kernel: Ints,
    stride: Ints = (),
    dilate: Ints = (),
    pad: Ints = (),
    num_group: int = 1,
    layout: str | None = None,
) -> Value:
    spatial = spatial_attributes(len(kernel), stride, dilate, pad)
    _check_filters(x, weight, num_group, channels_last(layout))
    last = channels_last(layout)
    filters = channels_to_front(weight) if last else weight
    return channels_first(x, lambda data: convolve(data, filters, bias, num_group, spatial), last)


def _check_filters(x: Value, weight: Value, groups: int, last: bool) -> None:
    """The channels of the filters are those of the data, divided into groups."""
    channels = channels_of(x, -1 if last else 1)
    each = channels // groups if isinstance(channels, int) and groups > 0 else None
    if weight.shape is not None and x.shape is not None:
        rest = [None] * (len(x.shape) - 2)
        check_fit(weight, [None, *rest, each] if last else [None, each, *rest])


@mxnet_op("Deconvolution", "_npx_deconvolution", ignore=("num_filter", "no_bias"))
def deconvolution(
    x: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    kernel: Ints,
    stride: Ints = (),
    dilate: Ints = (),
    pad: Ints = (),
    adj: Ints = (),
    target_shape: Ints = (),
    num_group: int = 1,
    layout: str | None = None,
) -> Value:
    spatial = spatial_attributes(len(kernel), stride, dilate, pad)
    more = per_axis(len(kernel), adj, 0, "adj")
    last = channels_last(layout)
    filters = channels_to_front(weight) if last else weight
    if any(target_shape):  # the larger half of the padding comes first
        spatial["auto_pad"] = "same_upper"
    size, more = (ints(target_shape), ()) if any(target_shape) else (None, more)

    def compute(data: Value) -> Value:
        return deconvolve(data, filters, bias, num_group, spatial, output_shape=size, output_padding=more)

    return channels_first(x, compute, last)


@mxnet_op("_contrib_DeformableConvolution", ignore=("num_filter", "no_bias"))
def deformable_convolution(
    x: Value,
    offset: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    kernel: Ints,
    stride: Ints = (),
    dilate: Ints = (),
    pad: Ints = (),
    num_group: int = 1,
    num_deformable_group: int = 1,
    layout: str | None = None,
) -> Value:
    return _deformed(x, offset, None, weight, bias, kernel, stride, dilate, pad, num_group, num_deformable_group, False)


@mxnet_op("_contrib_ModulatedDeformableConvolution", ignore=("num_filter", "no_bias", "im2col_step"))
def modulated_deformable_convolution(
    x: Value,
    offset: Value,
    mask: Value,
    weight: Value,
    bias: Value | None = None,
    *,
    kernel: Ints,
    stride: Ints = (),
    dilate: Ints = (),
    pad: Ints = (),
    num_group: int = 1,
    num_deformable_group: int = 1,
    layout: str | None = None,
) -> Value:
    return _deformed(x, offset, mask, weight, bias, kernel, stride, dilate, pad, num_group, num_deformable_group, True)


def _deformed(
    x: Value,
    offset: Value,
    mask: Value | None,
    weight: Value,
    bias: Value | None,
    kernel: Ints,
    stride: Ints,
    dilate: Ints,
    pad: Ints,
    groups: int,
    deformable_groups: int,
    zeros_outside: bool,
) -> Value:
    if len(kernel) != 2:
        raise Unsupported(f"deformable convolution over {len(kernel)} spatial axes; the runtime has it over 2")
    spatial = spatial_attributes(2, stride, dilate, pad)
    y = DeformableConvolution(
        x,
        offset,
        weight,
        mask,
        **spatial,
        group=groups,
        deformable_group=deformable_groups,
        bilinear_interpolation_pad=zeros_outside,
    )
    return y if bias is None else Add(y, channel_vector(bias, 2))
