"""Convolutions of all kinds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core import types as t
from mo_core.build import (
    channel_vector,
    concat,
    const_ints,
    constant_like,
    dim_size,
    filled,
    ints,
    known_ints,
    permute,
    reshape_to,
    slice_axis,
    to_element,
    vector,
)  # fmt: skip
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ops import (
    Add,
    Col2Im,
    Convert,
    Convolution,
    ConvolutionBackpropData,
    DeformableConvolution,
    GroupConvolution,
    GroupConvolutionBackpropData,
    Multiply,
    Pad,
    ScatterNDUpdate,
    Subtract,
    Swish,
)  # fmt: skip
from mo_onnx.registry import onnx_op
from mo_onnx.window import Ints, Spatial, both_pads, extent, per_axis, spatial_attributes


@onnx_op("Conv")
def conv(
    x: Value, w: Value, b: Value | None = None, *, auto_pad: str = "NOTSET", dilations: Ints = None, group: int = 1,
    kernel_shape: Ints = None, pads: Ints = None, strides: Ints = None,
) -> Value:  # fmt: skip
    return convolve(x, w, b, group, spatial_attributes(w.rank - 2, auto_pad, dilations, pads, strides))


def convolve(x: Value, w: Value, b: Value | None, group: int, spatial: Spatial) -> Value:
    """Convolution with ONNX's filters (O, I / group, <spatial>) and a bias vector."""
    y: Value = Convolution(x, w, **spatial) if group == 1 else GroupConvolution(x, split_groups(w, group), **spatial)
    return y if b is None else Add(y, channel_vector(b, w.rank - 2))


def split_groups(w: Value, group: int) -> Value:
    """Filters with an axis of groups split off from the first one."""
    first = dim_size(w, 0)
    if isinstance(first, int) and first % group:
        raise ModelError(f"{first} filters cannot be divided into {group} groups")
    return reshape_to(w, [group, first // group if isinstance(first, int) else -1, *(dim_size(w, a) for a in range(1, w.rank))])


@onnx_op("ConvTranspose")
def conv_transpose(
    x: Value, w: Value, b: Value | None = None, *, auto_pad: str = "NOTSET", dilations: Ints = None, group: int = 1,
    kernel_shape: Ints = None, output_padding: Ints = None, output_shape: Ints = None, pads: Ints = None,
    strides: Ints = None,
) -> Value:  # fmt: skip
    axes = w.rank - 2
    spatial = spatial_attributes(axes, auto_pad, dilations, pads, strides)
    filters = w if group == 1 else split_groups(w, group)
    kind = ConvolutionBackpropData if group == 1 else GroupConvolutionBackpropData
    more = list(output_padding or [0] * axes)
    if output_shape:  # some exporters give batch and channels, too
        if spatial["auto_pad"] != "same_upper":
            spatial["auto_pad"] = "same_lower"
        y = kind(x, filters, ints(output_shape[-axes:]), **spatial, output_padding=more)
    else:
        if spatial["auto_pad"] in ("same_upper", "same_lower"):
            _pad_to_multiple(spatial, more, w)
        y = kind(x, filters, **spatial, output_padding=more)
    return y if b is None else Add(y, channel_vector(b, axes))


def _pad_to_multiple(spatial: Spatial, output_padding: list[int], w: Value) -> None:
    """The paddings with which the output is `stride` times the input; they do not depend on the size of the input."""
    begin, end = [], []
    for axis, (stride, dilation) in enumerate(zip(spatial["strides"], spatial["dilations"])):
        kernel = dim_size(w, 2 + axis)
        if not isinstance(kernel, int):
            raise Unsupported("auto_pad of a transposed convolution needs filters of known size", "Give explicit pads.")
        total = extent(kernel, dilation) + output_padding[axis] - stride
        if total < 0:
            output_padding[axis] -= total
        half = max(total, 0) // 2
        rest = max(total, 0) - half
        begin.append(half if spatial["auto_pad"] == "same_upper" else rest)
        end.append(rest if spatial["auto_pad"] == "same_upper" else half)
    spatial.update(pads_begin=begin, pads_end=end, auto_pad="explicit")


@onnx_op("ConvInteger")
def conv_integer(
    x: Value, w: Value, x_zero_point: Value | None = None, w_zero_point: Value | None = None, *,
    auto_pad: str = "NOTSET", dilations: Ints = None, group: int = 1, kernel_shape: Ints = None, pads: Ints = None,
    strides: Ints = None,
) -> Value:  # fmt: skip
    spatial = spatial_attributes(w.rank - 2, auto_pad, dilations, pads, strides)
    data = without_zero_point(x, x_zero_point)
    filters = without_zero_point(w, w_zero_point, axis=0)
    return to_element(convolve(data, filters, None, group, spatial), t.i32)


def without_zero_point(x: Value, zero_point: Value | None, axis: int | None = None) -> Value:
    """`x - zero_point` as f32, in the form that the runtime recognises as dequantisation; vectors go along `axis`."""
    data: Value = Convert(x, destination_type=t.f32)
    if zero_point is None or _is_zero(zero_point):
        return data
    shift: Value = Convert(zero_point, destination_type=t.f32)
    if axis is not None and zero_point.shape is not None and len(zero_point.shape) == 1 and zero_point.shape != (1,):
        shift = reshape_to(shift, [-1 if a == axis % x.rank else 1 for a in range(x.rank)])
    elif zero_point.shape is not None and zero_point.shape == (1,):
        shift = reshape_to(shift, [])
    return Subtract(data, shift)


def _is_zero(v: Value) -> bool:
    known = v.known
    return known is not None and known.dtype != np.object_ and not np.any(known)


@onnx_op("DeformConv")
def deform_conv(
    x: Value, w: Value, offset: Value, b: Value | None = None, mask: Value | None = None, *, dilations: Ints = None,
    group: int = 1, kernel_shape: Ints = None, offset_group: int = 1, pads: Ints = None, strides: Ints = None,
) -> Value:  # fmt: skip
    if w.rank != 4:
        raise Unsupported(f"deformable convolution over {w.rank - 2} spatial axes is not supported; the runtime has it over 2")
    spatial = spatial_attributes(2, "NOTSET", dilations, pads, strides)
    y = DeformableConvolution(
        x, offset, w, mask, **spatial, group=group, deformable_group=offset_group, bilinear_interpolation_pad=True
    )
    return y if b is None else Add(y, channel_vector(b, 2))


@onnx_op("Col2Im")
def col2im(
    x: Value, image_shape: Value, block_shape: Value, *, dilations: Ints = None, pads: Ints = None, strides: Ints = None
) -> Value:
    kernel = known_ints(block_shape)
    axes = len(kernel) if kernel is not None else t.static(block_shape.shape)[0]
    begin, end = both_pads(axes, pads)
    steps, spread = per_axis(axes, strides, "strides"), per_axis(axes, dilations, "dilations")
    if axes == 2:
        return Col2Im(
            x, image_shape, block_shape, strides=steps, dilations=spread, pads_begin=begin, pads_end=end
        )
    kernel = const_ints(block_shape, "block_shape of Col2Im")
    image = const_ints(image_shape, "image_shape of Col2Im")
    padded = [size + before + behind for size, before, behind in zip(image, begin, end)]
    places = block_places(padded, kernel, steps, spread)
    batch, channels = dim_size(x, 0), _channels(x, kernel)
    # Sums are made with places in front: K * L, N * C.
    columns = reshape_to(x, [batch, channels, int(np.prod(kernel)), places.shape[1]])
    updates = reshape_to(permute(columns, (2, 3, 0, 1)), [places.size, -1])
    blank = filled(vector([int(np.prod(padded)), *[d for d in [_product(batch, channels)]]]), constant_like(x, 0))
    summed = ScatterNDUpdate(blank, constant(places.reshape(-1, 1), t.i64), updates, reduction="sum")
    whole = permute(reshape_to(summed, [*padded, batch, channels]), (axes, axes + 1, *range(axes)))
    for axis, (before, size) in enumerate(zip(begin, image)):
        whole = slice_axis(whole, 2 + axis, before, before + size) if size != padded[axis] else whole
    return whole


def block_places(image: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> np.ndarray:
    """Flat places in the image of all taps (rows) of all positions (columns) of a sliding window."""
    taps = np.zeros((1, 1), np.int64)
    for size, k, stride, dilation in zip(image, kernel, strides, dilations):
        count = (size - extent(k, dilation)) // stride + 1
        if count < 1:
            raise ModelError(f"a window that reaches over {extent(k, dilation)} elements does not fit into {size}")
        here = np.arange(k)[:, None] * dilation + np.arange(count) * stride
        both = taps[:, None, :, None] * size + here[None, :, None, :]
        taps = both.reshape(taps.shape[0] * k, taps.shape[1] * count)
    return taps


def _channels(x: Value, kernel: Sequence[int]) -> int | Value:
    from mo_core.ops import Divide

    whole, taps = dim_size(x, 1), int(np.prod(kernel))
    return whole // taps if isinstance(whole, int) else Divide(whole, taps)


def _product(a: int | Value, b: int | Value) -> int | Value:
    return a * b if isinstance(a, int) and isinstance(b, int) else Multiply(vector([a]), vector([b]))


@onnx_op("CausalConvWithState")
def causal_conv_with_state(
    x: Value, w: Value, b: Value | None = None, past_state: Value | None = None, *, activation: str = "none"
) -> Sequence[Value]:
    taps = dim_size(w, 2)
    if not isinstance(taps, int):
        raise Unsupported("CausalConvWithState needs a kernel of known length", "Give the shape of the weights.")
    channels = dim_size(w, 0)
    if past_state is None:
        whole: Value = Pad(x, ints([0, 0, taps - 1]), ints([0, 0, 0]), constant_like(x, 0)) if taps > 1 else x
    else:
        whole = concat([past_state, x], 2)
    spatial = spatial_attributes(1, "NOTSET", None, None, None)
    y: Value = GroupConvolution(whole, reshape_to(w, [channels, 1, 1, taps]), **spatial)
    if b is not None:
        y = Add(y, channel_vector(b, 1))
    if activation in ("silu", "swish"):
        y = Swish(y)
    elif activation != "none":
        raise ModelError(f'activation is "{activation}", which is none of silu, swish, none')
    return y, slice_axis(whole, 2, 1 - taps) if taps > 1 else slice_axis(whole, 2, 0, 0)
