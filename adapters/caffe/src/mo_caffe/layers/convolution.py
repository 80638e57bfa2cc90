"""Convolutions of all kinds."""

from __future__ import annotations

from typing import Any

import numpy as np

from mo_caffe.blobs import per_channel, shaped
from mo_caffe.registry import caffe_layer
from mo_caffe.sizes import reshaped, sizes
from mo_caffe.window import Ints, Number, per_axis, spatial_attributes
from mo_core.build import ints, reshape_to, squeeze, unsqueeze, windows
from mo_core.build.windows import Spatial, filters_of_taps, require_axes
from mo_core.errors import Unsupported
from mo_core.ir import Constant, Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Lazy, Tensor
from mo_core.ops import (
    Abs,
    Add,
    BinaryConvolution,
    GroupConvolution,
    Multiply,
    ReduceMean,
)


@caffe_layer("Convolution", "convolution_param")
@caffe_layer("ConvolutionND", "convolution_param")
@caffe_layer("HoleConvolution", "convolution_param")
@caffe_layer("DepthwiseConvolution", "convolution_param")
@caffe_layer("ConvolutionDepthwise", "convolution_param")
@caffe_layer("Deconvolution", "convolution_param")
@caffe_layer("DeconvolutionND", "convolution_param")
def convolution(
    x: Value,
    filters: Value,
    bias: Value | None = None,
    *,
    node: Any,
    num_output: int = 0,
    bias_term: bool = True,
    kernel_size: Ints = (),
    pad: Ints = (),
    stride: Ints = (),
    dilation: Ints = (),
    group: int = 1,
    axis: int = 1,
    kernel_h: Number = None,
    kernel_w: Number = None,
    pad_h: Number = None,
    pad_w: Number = None,
    stride_h: Number = None,
    stride_w: Number = None,
    hole: Ints = (),
    hole_h: Number = None,
    hole_w: Number = None,
) -> Value:
    """A depthwise one has a filter for each channel, whether `group` says so or not. Forks call the dilation hole."""
    axes = filters.rank - 2
    apart = per_axis(axes, dilation or hole, hole_h, hole_w, 1, "hole")
    spatial = spatial_attributes(axes, pad, stride, apart, pad_h, pad_w, stride_h, stride_w)
    groups = filters.static_shape[0] if "Depthwise" in node.op and group == 1 else group
    return convolve(x, filters, bias, groups, axis, spatial, transposed="Deconvolution" in node.op)


@caffe_layer("Convolution3D", "convolution_param", "convolution3d_param")
def convolution_3d(
    x: Value,
    filters: Value,
    bias: Value | None = None,
    *,
    node: Any,
    num_output: int,
    bias_term: bool = True,
    kernel_size: Ints = (),
    kernel_depth: Number = None,
    stride: Ints = (),
    temporal_stride: Number = None,
    pad: Ints = (),
    temporal_pad: int = 0,
    group: int = 1,
) -> Value:
    """Filters over depth, height and width, of which the depth has numbers of its own; 1 where they are missing."""
    kernel = (1 if kernel_depth is None else kernel_depth, *per_axis(2, kernel_size, None, None, 1, "kernel"))
    strides = (1 if temporal_stride is None else temporal_stride, *per_axis(2, stride, None, None, 1, "stride"))
    pads = (temporal_pad, *per_axis(2, pad, None, None, 0, "pad"))
    whole = shaped(filters, [num_output, -1, *kernel])
    return convolution(x, whole, bias, node=node, stride=strides, pad=pads, group=group)


def convolve(
    x: Value, filters: Value, bias: Value | None, group: int, axis: int, spatial: Spatial, transposed: bool
) -> Value:
    """A convolution with Caffe's filters: O, I / group, <spatial>, or I, O / group, <spatial> when transposed."""
    require_axes(filters.rank - 2)
    leading = _leading(x, axis)
    data = _images(x, leading)
    compute = windows.deconvolve if transposed else windows.convolve
    return _back(compute(data, filters, bias, group, spatial), x, leading)


def _leading(x: Value, axis: int) -> int:
    """The axis of the channels; those before it are all batch."""
    return axis if axis == 1 else t.normalize_axis(axis, x.rank)


def _images(x: Value, leading: int) -> Value:
    """`x` as N, C, <spatial>."""
    if leading == 1:
        return x
    return unsqueeze(x, 0) if leading == 0 else reshaped(x, [-1, sizes(x, range(leading, x.rank))])


def _back(y: Value, x: Value, leading: int) -> Value:
    """`y` with the leading axes of `x`."""
    if leading == 1:
        return y
    if leading == 0:
        return squeeze(y, 0)
    return reshaped(y, [sizes(x, range(leading)), sizes(y, range(1, y.rank))])


@caffe_layer("ConvolutionBinary", "convolution_param")
def binary_convolution(
    x: Value,
    filters: Value,
    bias: Value | None = None,
    *,
    num_output: int = 0,
    bias_term: bool = True,
    kernel_size: Ints = (),
    pad: Ints = (),
    stride: Ints = (),
    dilation: Ints = (),
    group: int = 1,
    kernel_h: Number = None,
    kernel_w: Number = None,
    pad_h: Number = None,
    pad_w: Number = None,
    stride_h: Number = None,
    stride_w: Number = None,
) -> Value:
    """Filters count as the signs of their values, times the mean magnitude of each filter."""
    if group != 1:
        raise Unsupported("a binary convolution with groups is not supported")
    spatial = spatial_attributes(2, pad, stride, dilation, pad_h, pad_w, stride_h, stride_w)
    weights = filters.tensor
    if weights is None or len(weights.shape) != 4:
        raise Unsupported("the filters of a binary convolution must be learned, and have four axes")
    y: Value = BinaryConvolution(x, _signs(weights), **spatial, mode="xnor-popcount", pad_value=0.0)
    y = Multiply(y, _magnitudes(weights))
    return y if bias is None else Add(y, per_channel(bias, 2))


def _signs(weights: Tensor) -> Constant:
    """One bit each; the runtime's binary convolution has the first one lowest in its byte."""
    return Constant(value=Lazy(lambda w: np.packbits(w > 0, bitorder="little"), (weights,), t.u1, weights.shape))


def _magnitudes(weights: Tensor) -> Value:
    stored = constant(weights)
    return reshape_to(ReduceMean(Abs(stored), ints([1, 2, 3]), keep_dims=True), [1, weights.shape[0], 1, 1])


@caffe_layer("Im2col", "convolution_param")
def im2col(
    x: Value,
    *,
    num_output: int = 0,
    bias_term: bool = True,
    kernel_size: Ints = (),
    pad: Ints = (),
    stride: Ints = (),
    dilation: Ints = (),
    group: int = 1,
    axis: int = 1,
    kernel_h: Number = None,
    kernel_w: Number = None,
    pad_h: Number = None,
    pad_w: Number = None,
    stride_h: Number = None,
    stride_w: Number = None,
) -> Value:
    """Every tap of the window as a channel of its own: a convolution with filters that hold a single 1."""
    axes = x.rank - t.normalize_axis(axis, x.rank) - 1
    kernel = per_axis(axes, kernel_size, kernel_h, kernel_w, 0, "kernel")
    spatial = spatial_attributes(axes, pad, stride, dilation, pad_h, pad_w, stride_h, stride_w)
    leading = _leading(x, axis)
    data = _images(x, leading)
    return _back(GroupConvolution(data, filters_of_taps(data, kernel), **spatial), x, leading)
