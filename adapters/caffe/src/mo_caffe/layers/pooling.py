"""Pooling over windows, over whole images and over pyramids, and its inverse.

Caffe rounds the number of windows up, and with padding drops a last window that would start behind image and leading
padding. The mean counts padding, but nothing beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence

from mo_caffe.registry import caffe_layer
from mo_caffe.sizes import Size, part, plus, require_images, reshaped, shape_from, size, sizes, times
from mo_caffe.window import Ints, Number, per_axis
from mo_core import types as t
from mo_core.build import (
    concat,
    constant_like,
    filled,
    flatten,
    integer,
    ints,
    to_element,
    unsqueeze,
)  # fmt: skip
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ops import (
    Add,
    AvgPool,
    AvgPool14,
    Divide,
    MaxPool,
    MaxPool14,
    Multiply,
    Pad,
    ReduceMax,
    ReduceMean,
    ScatterElementsUpdate,
    TopK,
)  # fmt: skip

SPATIAL = (2, 3)
TINY = 1.1754943508222875e-38
"""The smallest normal number: Caffe keeps the divisor of stochastic pooling above 0 with it."""


@caffe_layer("Pooling", "pooling_param")
def pooling(
    x: Value, *, bottoms: int, pool: str = "MAX", kernel_size: int = 0, stride: int = 1, pad: int = 0,
    kernel_h: Number = None, kernel_w: Number = None, stride_h: Number = None, stride_w: Number = None,
    pad_h: Number = None, pad_w: Number = None, global_pooling: bool = False, round_mode: str = "CEIL",
    ceil_mode: bool = True,
) -> Sequence[Value]:  # fmt: skip
    """The second result is the place of each maximum in its channel, as `Upsample` wants it."""
    require_images(x)
    if global_pooling:
        return global_pool(x, pool)
    kernel = per_axis(2, kernel_size, kernel_h, kernel_w, 0, "kernel")
    strides = per_axis(2, stride, stride_h, stride_w, 1, "stride")
    pads = per_axis(2, pad, pad_h, pad_w, 0, "pad")
    if min(*kernel, *strides) < 1 or any(p >= k for p, k in zip(pads, kernel)):
        raise ModelError(f"a kernel of {kernel}, a stride of {strides} and a padding of {pads} do not fit together")
    return windows(x, pool, kernel, strides, pads, round_mode == "CEIL" and ceil_mode)


def windows(x: Value, pool: str, kernel: Ints, strides: Ints, pads: Ints, up: bool) -> Sequence[Value]:
    """One value for each window; the number of windows is rounded up when `up`."""
    image = x.shape[2:] if x.shape is not None else ()
    if any(isinstance(n, int) and n + 2 * p < k for n, k, p in zip(image, kernel, pads)):
        raise ModelError(
            f"a window of {_shown(kernel)} is larger than the image of {_shown(image)}",
            "Give the shape of the inputs with --input_shape; some networks leave it open.",
        )
    if pool == "AVE":
        return [mean_pool(x, kernel, strides, pads, up)]
    if pool == "STOCHASTIC":
        return [stochastic_pool(x, kernel, strides, pads, up)]
    if pool != "MAX":
        raise ModelError(f"the method is {pool}, which is none of MAX, AVE, STOCHASTIC")
    return max_pool(x, kernel, strides, pads, up)


def _shown(sizes: Sequence[object]) -> str:
    return " x ".join(map(str, sizes))


def global_pool(x: Value, pool: str) -> Sequence[Value]:
    """One value for each channel."""
    if pool == "AVE":
        return [ReduceMean(x, ints(SPATIAL), keep_dims=True)]
    if pool == "STOCHASTIC":
        power = ReduceMean(Multiply(x, x), ints(SPATIAL), keep_dims=True)
        return [Divide(power, Add(ReduceMean(x, ints(SPATIAL), keep_dims=True), constant_like(x, TINY)))]
    best = TopK(reshaped(x, [0, 0, -1], keep=True), 1, axis=2, mode="max", sort="none")
    places = to_element(unsqueeze(best.results[1], 3), t.f32)
    return [ReduceMax(x, ints(SPATIAL), keep_dims=True), places]


def max_pool(x: Value, kernel: Ints, strides: Ints, pads: Ints, up: bool) -> Sequence[Value]:
    """Maxima of windows, and their places."""
    dropped = up and any(drops(*each) for each in zip(kernel, strides, pads))
    kind, how = (MaxPool14, "ceil_torch") if dropped else (MaxPool, rounding(strides, up))
    y = kind(
        x, kernel=kernel, strides=strides, dilations=(1, 1), pads_begin=pads, pads_end=pads, rounding_type=how,
        index_element_type=t.i32, axis=2,
    )  # fmt: skip
    return [y, to_element(y.results[1], t.f32)]


def mean_pool(x: Value, kernel: Ints, strides: Ints, pads: Ints, up: bool) -> Value:
    """Means of windows; what lies in the padding counts as 0."""
    how = rounding(strides, up)
    if how == "floor" or not any(pads):
        return AvgPool(
            x, kernel=kernel, strides=strides, pads_begin=pads, pads_end=pads, exclude_pad=False, rounding_type=how
        )
    # The runtime counts what rounding up adds behind the padding, so that the padding has to be there before. With the
    # older AvgPool it would take Pad back into the pooling, and count again.
    border, none = ints([0, 0, *pads]), (0, 0)
    padded = Pad(x, border, border, constant_like(x, 0.0))
    y: Value = AvgPool14(
        padded, kernel=kernel, strides=strides, pads_begin=none, pads_end=none, exclude_pad=True, rounding_type=how
    )
    for axis, each in enumerate(zip(kernel, strides, pads)):
        if drops(*each):
            y = part(y, 2 + axis, 0, windows_within(x, 2 + axis, each[1], each[2]))
    return y


def stochastic_pool(x: Value, kernel: Ints, strides: Ints, pads: Ints, up: bool) -> Value:
    """The mean of each window, weighed by the values themselves: what drawing them by their size gives on average."""
    if any(pads):
        raise ModelError("stochastic pooling has padding, which Caffe does not have for it")
    power = mean_pool(Multiply(x, x), kernel, strides, pads, up)
    return Divide(power, Add(mean_pool(x, kernel, strides, pads, up), constant_like(x, TINY)))


def rounding(strides: Ints, up: bool) -> str:
    """How the number of windows is rounded; with a stride of 1 there is nothing to round."""
    return "ceil" if up and any(s > 1 for s in strides) else "floor"


def drops(kernel: int, stride: int, pad: int) -> bool:
    """True when a last window may start behind image and leading padding."""
    return pad > 0 and stride + pad > kernel


def windows_within(x: Value, axis: int, stride: int, pad: int) -> Value:
    """The number of windows that start within the image or its leading padding."""
    return Divide(Add(size(x, axis), pad + stride - 1), stride)


# -- pyramids


@caffe_layer("SPP", "spp_param")
def spatial_pyramid(x: Value, *, pyramid_height: int, pool: str = "MAX") -> Value:
    """Each level has twice the windows of the one before along each axis; all of them make one vector."""
    require_images(x)
    height, width = x.dims[2:]
    if not isinstance(height, int) or not isinstance(width, int):
        raise Unsupported(
            "the windows of a pyramid depend on the size of the image", "Give it with --input_shape."
        )
    if pyramid_height < 1:
        raise ModelError(f"pyramid_height is {pyramid_height}")
    levels: list[Value] = []
    for level in range(pyramid_height):
        bins = 1 << level
        kernel = (-(-height // bins), -(-width // bins))
        pads = ((kernel[0] * bins - height + 1) // 2, (kernel[1] * bins - width + 1) // 2)
        if any(p >= k for p, k in zip(pads, kernel)):
            raise ModelError(f"an image of {height} x {width} has too few pixels for level {level} of the pyramid")
        levels.append(windows(x, pool, kernel, kernel, pads, True)[0])
    return levels[0] if pyramid_height == 1 else concat([flatten(y, 1) for y in levels], 1)


# -- unpooling


@caffe_layer("Upsample", "upsample_param")
def upsample(
    x: Value, places: Value | None = None, *, scale: int = 2, scale_h: Number = None, scale_w: Number = None,
    pad_out_h: bool = False, pad_out_w: bool = False, upsample_h: Number = None, upsample_w: Number = None,
    stride: Number = None,
) -> Value:  # fmt: skip
    """Values go where their maxima came from, all others are 0; without places they are repeated."""
    if places is None:
        from mo_caffe.layers.resize import repeated

        factor = stride if stride is not None else scale
        return repeated(x, per_axis(2, factor, scale_h, scale_w, 2, "scale"))
    factors = per_axis(2, scale, scale_h, scale_w, scale, "scale")
    tall = upsample_h or plus(times(size(x, 2), factors[0]), -int(pad_out_h))
    wide = upsample_w or plus(times(size(x, 3), factors[1]), -int(pad_out_w))
    return unpool(x, places, tall, wide)


@caffe_layer("Unpooling", "unpooling_param")
@caffe_layer("MaxUnpooling", "unpooling_param")
def unpooling(
    x: Value, places: Value, like: Value | None = None, *, kernel_size: int = 2, stride: Number = None
) -> Value:
    """As `upsample`, to the size of `like` if that is there."""
    if like is not None:
        return unpool(x, places, size(like, 2), size(like, 3))
    factor = kernel_size if stride is None else stride
    return unpool(x, places, times(size(x, 2), factor), times(size(x, 3), factor))


def unpool(x: Value, places: Value, height: Size, width: Size) -> Value:
    """An image of this size that has the values of `x` at `places`, which count within a channel."""
    require_images(x, places)
    tall, wide = (integer(s) if isinstance(s, int) else s for s in (height, width))
    blank = filled(shape_from([sizes(x, [0, 1]), Multiply(tall, wide)]), constant_like(x, 0.0))
    where, what = (reshaped(v, [0, 0, -1], keep=True) for v in (to_element(places, t.i32), x))
    scattered = ScatterElementsUpdate(blank, where, what, ints([2]))
    return reshaped(scattered, [sizes(x, [0, 1]), tall, wide])
