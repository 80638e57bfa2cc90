"""Pooling over windows, over whole images and over pyramids, and its inverse.

Caffe rounds the number of windows up, and with padding drops a last window that would start after image and leading
padding. The mean counts padding, but nothing after it.
"""

from __future__ import annotations

from collections.abc import Sequence

from mo_caffe.registry import caffe_layer
from mo_caffe.sizes import Size, plus, require_images, reshaped, shape_from, size, times
from mo_caffe.window import Ints, Number, per_axis
from mo_core.build import (
    concat,
    constant_like,
    flatten,
    ints,
    to_element,
)
from mo_core.build.resize import repeated
from mo_core.build.windows import Spatial, fitted, mean_of_windows, unpooled
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Divide,
    MaxPool,
    MaxPool14,
    Multiply,
    Pad,
    ReduceMax,
    ReduceMean,
    Subtract,
    TopK,
)

SPATIAL = (2, 3)
METHODS = ("MAX", "AVE", "STOCHASTIC")
TINY = 1.1754943508222875e-38
"""The smallest normal number: Caffe keeps the divisor of stochastic pooling above 0 with it."""
MAX_PYRAMID = 16
"""Beyond it even the largest images have too few pixels."""
LOWEST = -3.4028234663852886e38
"""The lowest number: Caffe begins the search for a maximum with it."""


@caffe_layer("Pooling", "pooling_param")
def pooling(
    x: Value,
    *,
    bottoms: int,
    pool: str = "MAX",
    kernel_size: Ints = (),
    stride: Ints = (),
    pad: Ints = (),
    kernel_h: Number = None,
    kernel_w: Number = None,
    stride_h: Number = None,
    stride_w: Number = None,
    pad_h: Number = None,
    pad_w: Number = None,
    global_pooling: bool = False,
    round_mode: str = "CEIL",
    ceil_mode: bool = True,
) -> Sequence[Value]:
    """The second result is the place of each maximum in its channel, as `Upsample` wants it. Forks have more axes."""
    axes = len(_spatial(x))
    if not 1 <= axes <= 3:
        raise ModelError(f"a bottom has {x.rank} axes, and N, C and 1 to 3 more are needed")
    if global_pooling:
        return global_pool(x, pool)
    kernel = per_axis(axes, kernel_size, kernel_h, kernel_w, 0, "kernel")
    strides = per_axis(axes, stride, stride_h, stride_w, 1, "stride")
    pads = per_axis(axes, pad, pad_h, pad_w, 0, "pad")
    if min(*kernel, *strides) < 1 or any(p >= k for p, k in zip(pads, kernel)):
        raise ModelError(f"a kernel of {kernel}, a stride of {strides} and a padding of {pads} do not fit together")
    return windows(x, pool, kernel, strides, pads, round_mode == "CEIL" and ceil_mode)


@caffe_layer("Pooling3D", "pooling_param", "pooling3d_param")
def pooling_3d(
    x: Value,
    *,
    bottoms: int,
    pool: str = "MAX",
    kernel_size: Ints = (),
    kernel_depth: Number = None,
    stride: Ints = (),
    temporal_stride: Number = None,
    pad: Ints = (),
    temporal_pad: int = 0,
) -> Value:
    """Windows over depth, height and width, of which the depth has numbers of its own; 1 where they are missing."""
    kernel = (1 if kernel_depth is None else kernel_depth, *per_axis(2, kernel_size, None, None, 0, "kernel"))
    strides = (1 if temporal_stride is None else temporal_stride, *per_axis(2, stride, None, None, 1, "stride"))
    pads = (temporal_pad, *per_axis(2, pad, None, None, 0, "pad"))
    return pooling(x, bottoms=bottoms, pool=pool, kernel_size=kernel, stride=strides, pad=pads)[0]


def windows(x: Value, pool: str, kernel: Ints, strides: Ints, pads: Ints, up: bool) -> Sequence[Value]:
    """One value for each window; the number of windows is rounded up when `up`."""
    image = x.shape[2:] if x.shape is not None else ()
    spatial = Spatial(strides=strides, dilations=(1,) * len(kernel), pads_begin=pads, pads_end=pads)
    window, spatial = fitted(x, kernel, spatial, "ceil" if up else "floor")
    if any(isinstance(n, int) and n + 2 * p < k for n, k, p in zip(image, window, pads)):
        raise ModelError(
            f"a window of {_shown(kernel)} is larger than the image of {_shown(image)}",
            "Give the shape of the inputs with --input_shape; some networks leave it open.",
        )
    _require_method(pool)
    if pool == "MAX":
        return max_pool(x, window, spatial, up)
    return [(mean_pool if pool == "AVE" else stochastic_pool)(x, window, spatial, up)]


def _spatial(x: Value) -> Ints:
    """The axes behind N and C; two of them where that is not known, as in Caffe itself."""
    return tuple(range(2, len(x.shape))) if x.shape is not None else SPATIAL


def _shown(sizes: Sequence[object]) -> str:
    return " x ".join(map(str, sizes))


def global_pool(x: Value, pool: str) -> Sequence[Value]:
    """One value for each channel."""
    y = reduced(x, pool, _spatial(x), keep_dims=True)
    if pool != "MAX":
        return [y]
    best = TopK(reshaped(x, [0, 0, -1], keep=True), 1, axis=2, mode="max", sort="none")
    places = reshaped(best.results[1], [0, 0, *[1] * len(_spatial(x))], keep=True)
    return [y, to_element(places, t.f32)]


def reduced(x: Value, pool: str, axes: Ints, *, keep_dims: bool) -> Value:
    """One value for all that lie along these axes."""
    if pool == "MAX":
        return ReduceMax(x, ints(axes), keep_dims=keep_dims)
    mean = ReduceMean(x, ints(axes), keep_dims=keep_dims)
    if pool == "AVE":
        return mean
    _require_method(pool)
    return Divide(ReduceMean(Multiply(x, x), ints(axes), keep_dims=keep_dims), Add(mean, constant_like(x, TINY)))


def _require_method(pool: str) -> None:
    if pool not in METHODS:
        raise ModelError(f"the method is {pool}, which is none of {', '.join(METHODS)}")


def max_pool(x: Value, kernel: Ints, spatial: Spatial, up: bool) -> Sequence[Value]:
    """Maxima of windows, and their places."""
    strides, pads = spatial["strides"], spatial["pads_begin"]
    dropped = up and any(drops(*each) for each in zip(kernel, strides, pads))
    kind, how = (MaxPool14, "ceil_torch") if dropped else (MaxPool, rounding(strides, up))
    y = kind(x, **spatial, kernel=kernel, rounding_type=how, index_element_type=t.i32, axis=2)
    return [y, to_element(y.results[1], t.f32)]


def mean_pool(x: Value, kernel: Ints, spatial: Spatial, up: bool) -> Value:
    """Means of windows; what lies in the padding counts as 0."""
    how = rounding(spatial["strides"], up)
    if how == "ceil" and any(spatial["pads_begin"]):
        how = "ceil_torch"
    return mean_of_windows(x, kernel, spatial, rounding=how, count_padding=True)


def stochastic_pool(x: Value, kernel: Ints, spatial: Spatial, up: bool) -> Value:
    """The mean of each window, weighed by the values themselves: what drawing them by their size gives on average."""
    if any(spatial["pads_begin"]):
        raise ModelError("stochastic pooling has padding, which Caffe does not have for it")
    power = mean_pool(Multiply(x, x), kernel, spatial, up)
    return Divide(power, Add(mean_pool(x, kernel, spatial, up), constant_like(x, TINY)))


def rounding(strides: Ints, up: bool) -> str:
    """How the number of windows is rounded; with a stride of 1 there is nothing to round."""
    return "ceil" if up and any(s > 1 for s in strides) else "floor"


def drops(kernel: int, stride: int, pad: int) -> bool:
    """True when a last window may start behind image and leading padding."""
    return pad > 0 and stride + pad > kernel


# -- pyramids


@caffe_layer("SPP", "spp_param")
def spatial_pyramid(x: Value, *, pyramid_height: int, pool: str = "MAX") -> Value:
    """Each level has twice the windows of the one before along each axis; all of them make one vector."""
    require_images(x)
    if not 1 <= pyramid_height <= MAX_PYRAMID:
        raise ModelError(f"pyramid_height is {pyramid_height}, and 1 to {MAX_PYRAMID} are possible")
    levels = [_pyramid_level(x, 1 << level, pool) for level in range(pyramid_height)]
    return levels[0] if pyramid_height == 1 else concat([flatten(y, 1) for y in levels], 1)


def _pyramid_level(x: Value, bins: int, pool: str) -> Value:
    """The windows lie side by side, so that they are axes of their own: N, C, bins, kernel, bins, kernel."""
    kernels = [Divide(Add(size(x, axis), bins - 1), bins) for axis in SPATIAL]
    borders = [Subtract(Multiply(k, bins), size(x, axis)) for k, axis in zip(kernels, SPATIAL)]
    before = [Divide(Add(border, 1), 2) for border in borders]
    _require_full_windows(x, bins)
    behind = [Subtract(border, begin) for border, begin in zip(borders, before)]
    outside = constant_like(x, LOWEST if pool == "MAX" else 0.0)
    padded = Pad(x, shape_from([0, 0, *before]), shape_from([0, 0, *behind]), outside)
    tall, wide = kernels
    tiles = reshaped(padded, [0, 0, bins, tall, bins, wide], keep=True)
    return reduced(tiles, pool, (3, 5), keep_dims=False)


def _require_full_windows(x: Value, bins: int) -> None:
    """Raise ModelError where a window would lie in the padding alone."""
    for axis in SPATIAL:
        length = x.dims[axis]
        if isinstance(length, int) and (-(-length // bins) * bins - length + 1) // 2 >= -(-length // bins):
            raise ModelError(f"an image of {_shown(x.dims[2:])} has too few pixels for {bins} windows along an axis")


# -- unpooling


@caffe_layer("Upsample", "upsample_param")
def upsample(
    x: Value,
    places: Value | None = None,
    *,
    scale: int = 2,
    scale_h: Number = None,
    scale_w: Number = None,
    pad_out_h: bool = False,
    pad_out_w: bool = False,
    upsample_h: Number = None,
    upsample_w: Number = None,
    stride: Number = None,
) -> Value:
    """Values go where their maxima came from, all others are 0; without places they are repeated."""
    if places is None:
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
    return unpooled(x, to_element(places, t.i32), [size(x, 0), size(x, 1), height, width], apart=2)
