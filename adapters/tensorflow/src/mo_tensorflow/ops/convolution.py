"""Convolutions of all kinds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from mo_core.build import (
    channel_vector,
    constant_like,
    dim_of,
    dim_size,
    filled,
    ints,
    known_ints,
    permute,
    reshape_keeping,
    reshape_to,
    slice_axis,
    unsqueeze,
    vector,
)
from mo_core.build.windows import Spatial, convolve, extent, filters_of_taps
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Dim, Value
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Convolution,
    ConvolutionBackpropData,
    ExtractImagePatches,
    Greater,
    GroupConvolution,
    GroupConvolutionBackpropData,
    ReduceMax,
    Select,
)
from mo_tensorflow.registry import tf_op
from mo_tensorflow.window import channels_last, in_channels_first, spatial_attributes, spatial_of

_UNUSED = ("use_cudnn_on_gpu", "data_type", "explicit_padding")


@tf_op("Conv2D", "Conv3D", ignore=_UNUSED)
def convolution(
    x: Value,
    w: Value,
    *,
    strides: Sequence[int],
    padding: str,
    data_format: str = "",
    dilations: Sequence[int] = (),
    explicit_paddings: Sequence[int] = (),
) -> Value:
    """Filters are laid out <spatial>, I, O; fewer inputs than the data has channels make groups."""
    layout = data_format or ("NHWC" if w.rank == 4 else "NDHWC")
    spatial = spatial_attributes(strides, padding, layout, explicit_paddings, dilations)
    filters = permute(w, (w.rank - 1, w.rank - 2, *range(w.rank - 2)))
    channels, taken = x.dims[-1 if channels_last(layout) else 1], w.dims[-2]

    def compute(v: Value) -> Value:
        if not isinstance(channels, int) or not isinstance(taken, int) or channels == taken:
            return convolve(v, filters, None, 1, spatial)
        if not taken or channels % taken:
            raise ModelError(f"filters for {taken} channels meet data with {channels}")
        return convolve(v, filters, None, channels // taken, spatial)

    return in_channels_first(x, layout, compute)


@tf_op("DepthwiseConv2dNative", ignore=_UNUSED)
def depthwise(
    x: Value,
    w: Value,
    *,
    strides: Sequence[int],
    padding: str,
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    explicit_paddings: Sequence[int] = (),
) -> Value:
    """Filters are laid out H, W, channels, multiplier: a group for each channel."""
    spatial = spatial_attributes(strides, padding, data_format, explicit_paddings, dilations)
    filters = unsqueeze(permute(w, (2, 3, 0, 1)), 2)
    return in_channels_first(x, data_format, lambda v: GroupConvolution(v, filters, **spatial))


@tf_op("Conv2DBackpropInput", "Conv3DBackpropInputV2", ignore=(*_UNUSED, "Tshape"))
def transposed(
    sizes: Value,
    w: Value,
    y: Value,
    *,
    strides: Sequence[int],
    padding: str,
    data_format: str = "",
    dilations: Sequence[int] = (),
    explicit_paddings: Sequence[int] = (),
) -> Value:
    """The data of a convolution from its result: filters are laid out <spatial>, O, I for the data that comes in."""
    layout = data_format or ("NHWC" if w.rank == 4 else "NDHWC")
    spatial = spatial_attributes(strides, padding, layout, explicit_paddings, dilations)
    filters = permute(w, (w.rank - 1, w.rank - 2, *range(w.rank - 2)))
    groups = _groups(sizes, w, layout)
    if groups == 1:
        return _data_of(ConvolutionBackpropData, sizes, filters, y, layout, spatial)
    grouped = reshape_to(filters, vector([groups, -1, *(dim_size(filters, i) for i in range(1, w.rank))]))
    return _data_of(GroupConvolutionBackpropData, sizes, grouped, y, layout, spatial)


def _groups(sizes: Value, w: Value, layout: str) -> int:
    """How many times the data has the channels that the filters give; 1 where that is not known."""
    known = known_ints(sizes)
    given = w.dims[-2]
    if known is None or len(known) != len(layout) or not isinstance(given, int) or given < 1:
        return 1
    channels = known[layout.index("C")]
    if channels % given:
        raise ModelError(f"filters for {given} channels meet data with {channels}")
    return channels // given


@tf_op("DepthwiseConv2dNativeBackpropInput", ignore=_UNUSED)
def depthwise_transposed(
    sizes: Value,
    w: Value,
    y: Value,
    *,
    strides: Sequence[int],
    padding: str,
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    explicit_paddings: Sequence[int] = (),
) -> Value:
    spatial = spatial_attributes(strides, padding, data_format, explicit_paddings, dilations)
    filters = unsqueeze(permute(w, (2, 3, 0, 1)), 2)  # channels, multiplier (comes in), one (goes out), H, W
    return _data_of(GroupConvolutionBackpropData, sizes, filters, y, data_format, spatial)


def _data_of(
    kind: Callable[..., Value], sizes: Value, filters: Value, y: Value, layout: str, spatial: Spatial
) -> Value:
    """The data of these sizes that a convolution would have made `y` of."""
    target = _spatial_sizes(sizes, layout)
    exact = _backwards(spatial, filters.dims[2 - len(layout) :], known_ints(target))

    def compute(v: Value) -> Value:
        if exact is None:
            return kind(v, filters, target, **spatial)
        return kind(v, filters, **exact[0], output_padding=exact[1])

    return in_channels_first(y, layout, compute)


def _spatial_sizes(sizes: Value, layout: str) -> Value:
    """The spatial ones of the sizes of all axes; some exporters give these alone."""
    count = len(layout) - 2
    known = known_ints(sizes)
    if known is not None and len(known) == count:
        return sizes
    start = layout.index("C") + 1 if not channels_last(layout) else 1
    return slice_axis(sizes, 0, start, start + count)


def _backwards(
    spatial: Spatial, window: Sequence[Dim], target: Sequence[int] | None
) -> tuple[Spatial, tuple[int, ...]] | None:
    """Paddings, and sizes to add, that give the target; None where sizes are unknown and the runtime has to find them.

    The target says how large the data is: it is what the convolution would have made of it.
    """
    if target is None:
        return None
    begin, end, more = [], [], []
    for size, width, gap, step, first, last in zip(
        target, window, spatial["dilations"], spatial["strides"], spatial["pads_begin"], spatial["pads_end"]
    ):
        if not isinstance(width, int):
            return None
        reach = extent(width, gap)
        if spatial["auto_pad"] == "same_upper":
            count = -(-size // step)
            total = max((count - 1) * step + reach - size, 0)
            first, last = total // 2, total - total // 2
        else:
            count = (size + first + last - reach) // step + 1
        left = size - ((count - 1) * step + reach - first - last)
        begin.append(first)
        end.append(last - min(left, 0))  # rows at the end that no window of the data reaches are cut off
        more.append(max(left, 0))
    exact: Spatial = {**spatial, "pads_begin": tuple(begin), "pads_end": tuple(end), "auto_pad": "explicit"}
    return exact, tuple(more)


@tf_op("ExtractImagePatches")
def extract_patches(
    x: Value, *, ksizes: Sequence[int], strides: Sequence[int], rates: Sequence[int], padding: str
) -> Value:
    """Each place gets the elements of its window: row, column, channel."""
    spatial = spatial_attributes(strides, padding, "NHWC")
    patches = ExtractImagePatches(
        permute(x, (0, 3, 1, 2)),
        sizes=spatial_of(ksizes, "NHWC", "ksizes"),
        strides=spatial["strides"],
        rates=spatial_of(rates, "NHWC", "rates"),
        auto_pad=spatial["auto_pad"],
    )
    return permute(patches, (0, 2, 3, 1))


@tf_op("ExtractVolumePatches")
def extract_volume_patches(x: Value, *, ksizes: Sequence[int], strides: Sequence[int], padding: str) -> Value:
    """Each place gets the elements of its window: plane, row, column, channel."""
    kernel, spatial = spatial_of(ksizes, "NDHWC", "ksizes"), spatial_attributes(strides, padding, "NDHWC")
    if padding == "SAME" and any(step > size for step, size in zip(spatial["strides"], kernel)):
        raise Unsupported(
            "ExtractVolumePatches with gaps between windows: TensorFlow shifts them by half of what is left"
        )
    taps, _ = _taps(permute(x, (0, 4, 1, 2, 3)), kernel, spatial)
    return reshape_keeping(permute(taps, (0, 3, 4, 5, 2, 1)), [0, 0, 0, 0, math.prod(t.static(taps.dims[1:3]))])


@tf_op("Dilation2D")
def dilation(x: Value, filters: Value, *, strides: Sequence[int], rates: Sequence[int], padding: str) -> Value:
    """Greyscale dilation: the greatest sum of an element of the window and the filter's; padding does not count."""
    if not t.is_static(filters.dims):
        raise Unsupported("Dilation2D with a filter of unknown size")
    rows, columns, channels = filters.static_shape
    spatial = spatial_attributes(strides, padding, "NHWC", dilations=rates)
    taps, inside = _taps(permute(x, (0, 3, 1, 2)), (rows, columns), spatial)
    sums: Value = Add(taps, reshape_to(permute(filters, (2, 0, 1)), [channels, rows * columns, 1, 1]))
    if padding != "VALID":
        sums = Select(inside, sums, constant_like(sums, -np.inf))
    return permute(ReduceMax(sums, ints([2])), (0, 2, 3, 1))


def _taps(x: Value, kernel: Sequence[int], spatial: Spatial) -> tuple[Value, Value]:
    """The elements of each window: N, C, taps, <windows>; and which of them lie inside: 1, 1, taps, <windows>."""
    count, axes = math.prod(kernel), len(kernel)
    found = GroupConvolution(x, filters_of_taps(x, kernel), **spatial)
    elements = reshape_to(
        found, [dim_of(found, 0), dim_size(x, 1), count, *[dim_of(found, a + 2) for a in range(axes)]]
    )
    ones = filled(vector([1, 1, *[dim_of(x, a + 2) for a in range(axes)]]), constant_like(x, 1))
    one_each = np.eye(count, dtype=np.float32).reshape(count, 1, *kernel)
    inside = Convolution(ones, constant_like(x, one_each), **spatial)
    return elements, unsqueeze(Greater(inside, constant_like(x, 0.5)), 1)


_FUSED = ("T", "TArgs", "num_args", "num_host_args", "host_args", "TPaddings", *_UNUSED)


def finished(
    y: Value, extra: Sequence[Value], fused: Sequence[str], layout: str, epsilon: float, alpha: float
) -> Value:
    """What grappler put behind a convolution or a product: bias, batch norm, addition, activation."""
    from mo_tensorflow.ops import activation
    from mo_tensorflow.ops.normalization import normalised

    rest = list(extra)
    for name in fused:
        if name == "BiasAdd":
            bias = rest.pop(0)
            y = Add(y, bias if channels_last(layout) else channel_vector(bias, y.rank - 2))
        elif name == "FusedBatchNorm":
            scale, offset, mean, variance = rest[:4]
            del rest[:4]
            y = normalised(y, scale, offset, mean, variance, layout, epsilon)
        elif name == "Add":
            y = Add(y, rest.pop(0))
        elif name == "LeakyRelu":
            y = activation.leaky_relu(y, alpha=alpha)
        else:
            function = _ACTIVATIONS.get(name)
            if function is None:
                raise Unsupported(f"{name} fused with a convolution is not known")
            y = getattr(activation, function)(y)
    return y


_ACTIVATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Elu": "elu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "_MklSwish": "swish",
    "GeluExact": "gelu_exact",
    "GeluApproximate": "gelu",
}


@tf_op("_FusedConv2D", "_FusedConv3D", ignore=_FUSED)
def fused_convolution(
    x: Value,
    w: Value,
    *args: Value,
    strides: Sequence[int],
    padding: str,
    data_format: str = "",
    dilations: Sequence[int] = (),
    explicit_paddings: Sequence[int] = (),
    fused_ops: Sequence[str] = (),
    epsilon: float = 0.0001,
    leakyrelu_alpha: float = 0.2,
) -> Value:
    layout = data_format or ("NHWC" if w.rank == 4 else "NDHWC")
    y = convolution(
        x,
        w,
        strides=strides,
        padding=padding,
        data_format=layout,
        dilations=dilations,
        explicit_paddings=explicit_paddings,
    )
    return finished(y, args, fused_ops, layout, epsilon, leakyrelu_alpha)


@tf_op("_FusedDepthwiseConv2dNative", ignore=_FUSED)
def fused_depthwise(
    x: Value,
    w: Value,
    *args: Value,
    strides: Sequence[int],
    padding: str,
    data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    explicit_paddings: Sequence[int] = (),
    fused_ops: Sequence[str] = (),
    epsilon: float = 0.0001,
    leakyrelu_alpha: float = 0.2,
) -> Value:
    y = depthwise(
        x,
        w,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
        explicit_paddings=explicit_paddings,
    )
    return finished(y, args, fused_ops, data_format, epsilon, leakyrelu_alpha)


@tf_op("Conv")
def convolution_of_any_rank(
    x: Value,
    w: Value,
    *,
    strides: Sequence[int],
    padding: str,
    explicit_paddings: Sequence[int] = (),
    data_format: str = "CHANNELS_LAST",
    dilations: Sequence[int] = (),
    batch_dims: int = 1,
    groups: int = 1,
) -> Value:
    """Groups follow from the filters."""
    if batch_dims != 1 or x.rank not in (4, 5):
        raise Unsupported(f"a convolution of data with {x.rank} axes and {batch_dims} of batches is not supported")
    last = {4: "NHWC", 5: "NDHWC"}[x.rank]
    layout = last if data_format == "CHANNELS_LAST" else "NC" + last[1:-1]
    return convolution(
        x,
        w,
        strides=strides,
        padding=padding,
        data_format=layout,
        dilations=dilations,
        explicit_paddings=explicit_paddings,
    )


@tf_op("FusedPadConv2D")
def padded_convolution(
    x: Value, paddings: Value, w: Value, *, mode: str, strides: Sequence[int], padding: str
) -> Value:
    """A mirrored padding that tools have put into the convolution."""
    from mo_tensorflow.ops.slicing import mirror_pad

    return convolution(mirror_pad(x, paddings, mode=mode), w, strides=strides, padding=padding)


@tf_op("FusedResizeAndPadConv2D")
def resized_convolution(
    x: Value,
    size: Value,
    paddings: Value,
    w: Value,
    *,
    resize_align_corners: bool = False,
    mode: str,
    strides: Sequence[int],
    padding: str,
) -> Value:
    """A bilinear resize and a mirrored padding that tools have put into the convolution."""
    from mo_tensorflow.ops.image import resize_bilinear

    resized = resize_bilinear(x, size, align_corners=resize_align_corners)
    return padded_convolution(resized, paddings, w, mode=mode, strides=strides, padding=padding)
