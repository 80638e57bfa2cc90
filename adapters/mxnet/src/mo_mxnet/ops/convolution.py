"""Convolutions of all kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mo_core.build import channel_vector, dim, dim_size, ints, reshape_to
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ops import (
    Add,
    Convolution,
    ConvolutionBackpropData,
    DeformableConvolution,
    GroupConvolution,
    GroupConvolutionBackpropData,
)
from mo_mxnet.attributes import Ints
from mo_mxnet.learned import channels_of, check_fit
from mo_mxnet.registry import mxnet_op
from mo_mxnet.window import Spatial, channels_last, channels_to_back, channels_to_front, per_axis, spatial_attributes


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
    if not channels_last(layout):
        return convolve(x, weight, bias, num_group, spatial)
    return channels_to_back(convolve(channels_to_front(x), channels_to_front(weight), bias, num_group, spatial))


def _check_filters(x: Value, weight: Value, groups: int, last: bool) -> None:
    """The channels of the filters are those of the data, divided into groups."""
    channels = channels_of(x, -1 if last else 1)
    each = channels // groups if isinstance(channels, int) and groups > 0 else None
    if weight.shape is not None and x.shape is not None:
        rest = [None] * (len(x.shape) - 2)
        check_fit(weight, [None, *rest, each] if last else [None, each, *rest])


def convolve(x: Value, weight: Value, bias: Value | None, groups: int, spatial: Spatial) -> Value:
    """Convolution with filters O, I / groups, <spatial> and a bias vector."""
    y: Value
    if groups == 1:
        y = Convolution(x, weight, **spatial)
    else:
        y = GroupConvolution(x, split_groups(weight, groups), **spatial)
    return y if bias is None else Add(y, channel_vector(bias, len(spatial["strides"])))


def split_groups(weight: Value, groups: int) -> Value:
    """Filters with an axis of groups split off from the first one."""
    first = dim(weight, 0)
    if groups < 1 or (isinstance(first, int) and first % groups):
        raise ModelError(f"{first} filters cannot be divided into {groups} groups")
    each = first // groups if isinstance(first, int) else -1
    return reshape_to(weight, [groups, each, *(dim_size(weight, a) for a in range(1, weight.rank))])


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
    if not channels_last(layout):
        return deconvolve(x, weight, bias, num_group, spatial, more, target_shape)
    first, filters = channels_to_front(x), channels_to_front(weight)
    return channels_to_back(deconvolve(first, filters, bias, num_group, spatial, more, target_shape))


def deconvolve(
    x: Value,
    weight: Value,
    bias: Value | None,
    groups: int,
    spatial: Spatial,
    more: Sequence[int] = (),
    target: Sequence[int] = (),
) -> Value:
    """Transposed convolution with filters I, O / groups, <spatial>.

    `more`: what the output has more at its end; `target`: the size of the output, from which the paddings follow.
    """
    kind = ConvolutionBackpropData if groups == 1 else GroupConvolutionBackpropData
    filters = weight if groups == 1 else split_groups(weight, groups)
    attributes: dict[str, Any] = dict(spatial)
    y: Value
    if any(target):
        # The larger half of the padding comes first.
        y = kind(x, filters, ints(target), **attributes, auto_pad="same_upper")
    else:
        y = kind(x, filters, **attributes, output_padding=tuple(more))
    return y if bias is None else Add(y, channel_vector(bias, len(spatial["strides"])))


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
