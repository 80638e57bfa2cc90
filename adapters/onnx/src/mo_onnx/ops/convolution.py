"""Convolutions of all kinds."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import (
    arange,
    as_i64,
    channel_vector,
    concat,
    constant_like,
    dim,
    dim_of,
    dim_size,
    dims_of,
    filled,
    ints,
    permute,
    reshape_to,
    slice_axis,
    take,
    unsqueeze,
    vector,
)
from mo_core.build.windows import Spatial, convolve, deconvolve, extent, per_axis
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Col2Im,
    DeformableConvolution,
    Divide,
    GroupConvolution,
    Multiply,
    Pad,
    ReduceProd,
    ScatterNDUpdate,
    Slice,
    Subtract,
    Swish,
)
from mo_onnx.registry import onnx_op
from mo_onnx.window import Ints, both_pads, require_kernel, spatial_attributes


@onnx_op("Conv")
def conv(
    x: Value,
    w: Value,
    b: Value | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Ints = None,
    group: int = 1,
    kernel_shape: Ints = None,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    require_kernel(w, kernel_shape)
    return convolve(x, w, b, group, spatial_attributes(w.rank - 2, auto_pad, dilations, pads, strides))


@onnx_op("ConvTranspose")
def conv_transpose(
    x: Value,
    w: Value,
    b: Value | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Ints = None,
    group: int = 1,
    kernel_shape: Ints = None,
    output_padding: Ints = None,
    output_shape: Ints = None,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    axes = w.rank - 2
    require_kernel(w, kernel_shape)
    spatial = spatial_attributes(axes, auto_pad, dilations, pads, strides)
    more = list(output_padding or [0] * axes)
    target = None
    if output_shape:  # some exporters give batch and channels, too
        # The smaller half of the padding comes first for SAME_UPPER only, which the runtime calls the other way round.
        spatial["auto_pad"] = "same_lower" if spatial["auto_pad"] == "same_upper" else "same_upper"
        target = ints(output_shape[-axes:])
    elif spatial["auto_pad"] in ("same_upper", "same_lower"):
        _pad_to_multiple(spatial, more, w)
    return deconvolve(x, w, b, group, spatial, output_shape=target, output_padding=more)


def _pad_to_multiple(spatial: Spatial, output_padding: list[int], w: Value) -> None:
    """The paddings with which the output is `stride` times the input; they do not depend on the size of the input."""
    begin, end = [], []
    for axis, (stride, dilation) in enumerate(zip(spatial["strides"], spatial["dilations"])):
        kernel = dim(w, 2 + axis)
        if not isinstance(kernel, int):
            raise Unsupported("auto_pad of a transposed convolution needs filters of known size", "Give explicit pads.")
        total = extent(kernel, dilation) + output_padding[axis] - stride
        if total < 0:
            output_padding[axis] -= total
        half = max(total, 0) // 2
        rest = max(total, 0) - half
        begin.append(half if spatial["auto_pad"] == "same_upper" else rest)
        end.append(rest if spatial["auto_pad"] == "same_upper" else half)
    spatial["pads_begin"], spatial["pads_end"], spatial["auto_pad"] = tuple(begin), tuple(end), "explicit"


@onnx_op("DeformConv")
def deform_conv(
    x: Value,
    w: Value,
    offset: Value,
    b: Value | None = None,
    mask: Value | None = None,
    *,
    dilations: Ints = None,
    group: int = 1,
    kernel_shape: Ints = None,
    offset_group: int = 1,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    if w.rank != 4:
        raise Unsupported(
            f"deformable convolution over {w.rank - 2} spatial axes is not supported; the runtime has it over 2"
        )
    require_kernel(w, kernel_shape)
    spatial = spatial_attributes(2, "NOTSET", dilations, pads, strides)
    y = DeformableConvolution(
        x, offset, w, mask, **spatial, group=group, deformable_group=offset_group, bilinear_interpolation_pad=True
    )
    return y if b is None else Add(y, channel_vector(b, 2))


_MOST_AXES = 8
"""Spatial axes of Col2Im: a tensor with more of them cannot be read by anything."""


@onnx_op("Col2Im")
def col2im(
    x: Value, image_shape: Value, block_shape: Value, *, dilations: Ints = None, pads: Ints = None, strides: Ints = None
) -> Value:
    (axes,) = t.static(block_shape.shape, "block_shape of Col2Im") if block_shape.rank == 1 else (0,)
    if not 1 <= axes <= _MOST_AXES:
        raise ModelError(f"block_shape of Col2Im is {t.format_shape(block_shape.shape)}, and a short list is needed")
    begin, end = both_pads(axes, pads)
    steps, spread = per_axis(axes, strides, 1, "strides"), per_axis(axes, dilations, 1, "dilations")
    if axes == 2:
        return Col2Im(x, image_shape, block_shape, strides=steps, dilations=spread, pads_begin=begin, pads_end=end)
    image, kernel = as_i64(image_shape), as_i64(block_shape)
    padded = Add(image, ints([b + e for b, e in zip(begin, end)]))
    places = reshape_to(block_places(padded, kernel, steps, spread), [-1, 1])
    # Elements that go to the same place are added with places in front: K * L, then N * C.
    columns = reshape_to(x, vector([dims_of(x, [0]), -1, product(kernel), dim_of(x, 2)]))
    updates = reshape_to(permute(columns, (2, 3, 0, 1)), vector([dims_of(places, [0]), -1]))
    blank = filled(vector([product(padded), dims_of(updates, [1])]), constant_like(x, 0))
    summed = ScatterNDUpdate(blank, places, updates, reduction="sum")
    whole = permute(reshape_to(summed, vector([padded, dims_of(x, [0]), -1])), (axes, axes + 1, *range(axes)))
    if not any(begin) and not any(end):
        return whole
    first = ints(begin)
    return Slice(whole, first, Add(first, image), ints([1] * axes), ints(range(2, 2 + axes)))


def product(numbers: Value) -> Value:
    """The product of a vector, 1-D."""
    return ReduceProd(numbers, ints([0]), keep_dims=True)


def block_places(image: Value, kernel: Value, strides: Sequence[int], dilations: Sequence[int]) -> Value:
    """Flat places in the image of all taps (rows) of all positions (columns) of a sliding window."""
    places: Value = ints([0])
    places = reshape_to(places, [1, 1])
    for axis, (stride, dilation) in enumerate(zip(strides, dilations)):
        size, taps = take(image, axis, 0), take(kernel, axis, 0)
        room = Subtract(Subtract(size, Multiply(Subtract(taps, 1), dilation)), 1)
        count = Add(Divide(room, stride), 1)
        here = Add(unsqueeze(Multiply(arange(taps), dilation), 1), Multiply(arange(count), stride))
        both = Add(Multiply(unsqueeze(places, 1, 3), size), unsqueeze(here, 0, 2))
        places = reshape_to(both, vector([Multiply(dims_of(places, [0]), taps), Multiply(dims_of(places, [1]), count)]))
    return places


@onnx_op("CausalConvWithState")
def causal_conv_with_state(
    x: Value, w: Value, b: Value | None = None, past_state: Value | None = None, *, activation: str = "none"
) -> Sequence[Value]:
    taps = dim(w, 2)
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
