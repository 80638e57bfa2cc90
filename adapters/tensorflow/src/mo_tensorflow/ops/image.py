"""Resizing, cropping and colours of images (NHWC)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np

from mo_core.build import (
    arange,
    as_i64,
    broadcast_to,
    concat,
    const_ints,
    constant_like,
    convert_like,
    dim_of,
    dims_of,
    gather,
    integer,
    permute,
    reshape_to,
    split,
    take,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.build.resize import resized
from mo_core.build.windows import channels_first
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Array_
from mo_core.ops import (
    Abs,
    Add,
    Clamp,
    Divide,
    Equal,
    Floor,
    FloorMod,
    Greater,
    GreaterEqual,
    GridSample,
    Less,
    LessEqual,
    LogicalAnd,
    MatMul,
    Maximum,
    Minimum,
    Multiply,
    Negative,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ROIPooling,
    Round,
    Select,
    Sign,
    Subtract,
)
from mo_tensorflow.ops.kernels import KERNELS, kernel_weights
from mo_tensorflow.registry import tf_op

_HAIR = 2.0**-10


def _interpolated(x: Value, size: Value, mode: str, coordinates: str, nearest: str = "floor") -> Value:
    """An image in another size: H and W."""
    return channels_first(x, lambda v: resized(v, size, mode=mode, coordinates=coordinates, nearest=nearest))


@tf_op("ResizeBilinear")
def resize_bilinear(x: Value, size: Value, *, align_corners: bool = False, half_pixel_centers: bool = False) -> Value:
    """The result is real, whatever the image is."""
    kind = "half_pixel" if half_pixel_centers else "align_corners" if align_corners else "asymmetric"
    return _interpolated(_real(x), size, "linear_onnx", kind)


@tf_op("ResizeNearestNeighbor")
def resize_nearest(x: Value, size: Value, *, align_corners: bool = False, half_pixel_centers: bool = False) -> Value:
    """The runtime has no images of 16-bit whole numbers."""
    if x.element in (t.i16, t.u16):
        wide = resize_nearest(
            to_element(x, t.i32), size, align_corners=align_corners, half_pixel_centers=half_pixel_centers
        )
        return to_element(wide, x.element)
    if half_pixel_centers:
        return _interpolated(x, size, "nearest", "tf_half_pixel_for_nn", "floor")
    if align_corners:
        return _interpolated(x, size, "nearest", "align_corners", "round_prefer_ceil")
    return _interpolated(x, size, "nearest", "asymmetric", "floor")


@tf_op("ResizeBicubic")
def resize_bicubic(x: Value, size: Value, *, align_corners: bool = False, half_pixel_centers: bool = False) -> Value:
    """Half pixel centres come with another curve, and weights outside of the image are left out."""
    return _by_weights(
        _real(x), size, lambda n, m, _: _cubic_weights(n, m, align_corners, half_pixel_centers), "ResizeBicubic"
    )


@tf_op("ResizeArea")
def resize_area(x: Value, size: Value, *, align_corners: bool = False) -> Value:
    """Each pixel is the mean of the area that it covers."""
    return _by_weights(_real(x), size, lambda n, m, _: _area_weights(n, m, align_corners), "ResizeArea")


def _real(x: Value) -> Value:
    return x if x.element is t.f32 else to_element(x, t.f32)


def _by_weights(x: Value, size: Value, weights: Callable[[int, int, int], Array_], what: str) -> Value:
    """Rows and columns as products with matrices, for sizes that are known.

    `weights` gives the matrix from the size before, the size after, and which of the two axes it is.
    """
    target = const_ints(size, f"the size of {what}")
    before = x.dims[1:3]
    if not all(isinstance(d, int) for d in before):
        raise Unsupported(f"{what} of an image of unknown size", "Give the shape with --input_shape.")
    rows, columns = (weights(n, m, i) for i, (n, m) in enumerate(zip(before, target)) if isinstance(n, int))
    y = permute(x, (0, 3, 1, 2))
    y = MatMul(MatMul(constant(rows), y), constant(columns), transpose_b=True)
    return permute(y, (0, 2, 3, 1))


def _scale(before: int, after: int, align_corners: bool) -> float:
    if align_corners and after > 1:
        return (before - 1) / (after - 1)
    return before / after


def _cubic_weights(before: int, after: int, align_corners: bool, half_pixel: bool) -> Array_:
    a = -0.5 if half_pixel else -0.75
    scale = _scale(before, after, align_corners)
    weights = np.zeros((after, before))
    for i in range(after):
        place = (i + 0.5) * scale - 0.5 if half_pixel else i * scale
        low = int(np.floor(place))
        delta = round((place - low) * 1024) / 1024  # TensorFlow looks the curve up in a table of so many places
        taps = [_cubic(abs(k - delta), a) for k in (-1, 0, 1, 2)]
        for k, weight in zip((-1, 0, 1, 2), taps):
            at = low + k
            if half_pixel and not 0 <= at < before:
                continue
            weights[i, min(max(at, 0), before - 1)] += weight
        if half_pixel:
            total = weights[i].sum()
            if abs(total) >= 1000 * np.finfo(np.float32).tiny:
                weights[i] /= total
    return np.asarray(weights, np.float32)


def _cubic(x: float, a: float) -> float:
    if x <= 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a if x < 2 else 0.0


def _area_weights(before: int, after: int, align_corners: bool) -> Array_:
    scale = _scale(before, after, align_corners)
    weights = np.zeros((after, before))
    for i in range(after):
        start, stop = i * scale, (i + 1) * scale
        for at in range(int(np.floor(start)), int(np.ceil(stop))):
            share = min(stop, at + 1) - max(start, at)
            weights[i, min(at, before - 1)] += share / scale
    return np.asarray(weights, np.float32)


@tf_op("ScaleAndTranslate")
def scale_and_translate(
    x: Value, size: Value, scale: Value, shift: Value, *, kernel_type: str = "lanczos3", antialias: bool = True
) -> Value:
    """Each pixel is a mean around its place in the image, weighed by a kernel that is as wide as a pixel at least."""
    factors, offsets = scale.const, shift.const
    if factors is None or offsets is None:
        raise Unsupported("ScaleAndTranslate by a scale or a translation that the model computes is not supported")
    if kernel_type not in KERNELS:
        raise ModelError(f'kernel_type is "{kernel_type}", which is none of {", ".join(KERNELS)}')

    def weights(before: int, after: int, axis: int) -> Array_:
        return kernel_weights(before, after, float(factors[axis]), float(offsets[axis]), kernel_type, antialias)

    return _by_weights(_real(x), size, weights, "ScaleAndTranslate")


@tf_op("CropAndResize")
def crop_and_resize(
    x: Value,
    boxes: Value,
    box_indices: Value,
    crop_size: Value,
    *,
    method: str = "bilinear",
    extrapolation_value: float = 0.0,
) -> Value:
    """Boxes y1, x1, y2, x2 of images, each in one size; what lies outside has the value given."""
    height, width = const_ints(crop_size, "the size of the crops")
    if method == "nearest":
        return _nearest_crops(_real(x), reshape_to(boxes, [-1, 4]), box_indices, (height, width), extrapolation_value)
    if method != "bilinear":
        raise ModelError(f"crops are made by the method {method}, which is not known")
    places = gather(reshape_to(boxes, [-1, 4]), (1, 0, 3, 2), 1)
    rois = concat([unsqueeze(to_element(box_indices, t.f32), 1), places], 1)
    image = permute(_real(x), (0, 3, 1, 2))
    if extrapolation_value:  # the runtime puts zeros there
        image = Subtract(image, extrapolation_value)
    crops: Value = ROIPooling(image, rois, pooled_h=height, pooled_w=width, spatial_scale=1.0, method="bilinear")
    if extrapolation_value:
        crops = Add(crops, extrapolation_value)
    return permute(crops, (0, 2, 3, 1))


def _nearest_crops(x: Value, boxes: Value, box_indices: Value, size: Sequence[int], outside: float) -> Value:
    """The elements next to the places of a grid over each box."""
    inside_rows, rows = _nearest_places(dim_of(x, 1), take(boxes, 0, 1), take(boxes, 2, 1), size[0])
    inside_columns, columns = _nearest_places(dim_of(x, 2), take(boxes, 1, 1), take(boxes, 3, 1), size[1])
    images = unsqueeze(as_i64(box_indices), 1, 2)
    index = Add(Multiply(Add(Multiply(images, dim_of(x, 1)), unsqueeze(rows, 2)), dim_of(x, 2)), unsqueeze(columns, 1))
    pixels = gather(reshape_to(x, vector([integer(-1), dim_of(x, 3)])), index, 0)
    inside = LogicalAnd(unsqueeze(inside_rows, 2), unsqueeze(inside_columns, 1))
    return Select(unsqueeze(inside, 3), pixels, constant_like(x, outside))


def _nearest_places(length: Value, first: Value, last: Value, count: int) -> tuple[Value, Value]:
    """Places from `first` to `last`, parts of the length: which of them are inside, and what is next to each.

    One row a box. The ends are exact.
    """
    reach = Subtract(to_element(length, t.f32), 1.0)
    way = np.linspace(0, 1, count, dtype=np.float32) if count > 1 else np.array([0.5], np.float32)
    part = Add(Multiply(unsqueeze(first, 1), constant(1 - way)), Multiply(unsqueeze(last, 1), constant(way)))
    place = Multiply(part, reach)
    inside = LogicalAnd(GreaterEqual(place, 0.0), LessEqual(place, reach))
    return inside, as_i64(Round(Select(inside, place, 0.0), mode="half_away_from_zero"))


# -- colours


@tf_op("RGBToHSV")
def rgb_to_hsv(x: Value) -> Value:
    return concat(_hsv(x), -1)


def _hsv(x: Value) -> tuple[Value, Value, Value]:
    """Hue, saturation and value, each with one channel."""
    red, green, blue = split(x, -1, 3)
    most, least = ReduceMax(x, [-1], keep_dims=True), ReduceMin(x, [-1], keep_dims=True)
    span = Subtract(most, least)
    zero, one = constant_like(x, 0), constant_like(x, 1)
    saturation = Select(Equal(most, zero), zero, Divide(span, Select(Equal(most, zero), one, most)))
    norm = Divide(one, Multiply(constant_like(x, 6), Select(Equal(span, zero), one, span)))
    by_blue = Add(Multiply(norm, Subtract(red, green)), constant_like(x, 4 / 6))
    by_green = Add(Multiply(norm, Subtract(blue, red)), constant_like(x, 2 / 6))
    by_red = Multiply(norm, Subtract(green, blue))
    hue = Select(Equal(red, most), by_red, Select(Equal(green, most), by_green, by_blue))
    hue = Select(Equal(span, zero), zero, hue)
    return FloorMod(hue, one), saturation, most


@tf_op("HSVToRGB")
def hsv_to_rgb(x: Value) -> Value:
    return _rgb(*split(x, -1, 3))


def _rgb(hue: Value, saturation: Value, value: Value) -> Value:
    """Each colour rises and falls along the circle of hues, a third of it apart from the others."""
    six = Multiply(hue, constant_like(hue, 6))
    one, two, three, four = (constant_like(hue, n) for n in (1, 2, 3, 4))
    red = Clamp(Subtract(Abs(Subtract(six, three)), one), min=0.0, max=1.0)
    green = Clamp(Subtract(two, Abs(Subtract(six, two))), min=0.0, max=1.0)
    blue = Clamp(Subtract(two, Abs(Subtract(six, four))), min=0.0, max=1.0)
    colours = concat([red, green, blue], -1)
    return Multiply(Add(Multiply(Subtract(colours, one), saturation), one), value)


@tf_op("AdjustContrastv2")
def adjust_contrast(x: Value, factor: Value) -> Value:
    mean = ReduceMean(x, [-3, -2], keep_dims=True)
    return Add(Multiply(Subtract(x, mean), convert_like(factor, x)), mean)


@tf_op("AdjustHue")
def adjust_hue(x: Value, delta: Value) -> Value:
    hue, saturation, value = _hsv(x)
    return _rgb(FloorMod(Add(hue, convert_like(delta, x)), constant_like(x, 1)), saturation, value)


@tf_op("AdjustSaturation")
def adjust_saturation(x: Value, factor: Value) -> Value:
    hue, saturation, value = _hsv(x)
    changed = Minimum(Maximum(Multiply(saturation, convert_like(factor, x)), constant_like(x, 0)), constant_like(x, 1))
    return _rgb(hue, changed, value)


@tf_op(
    "DecodeJpeg",
    "DecodePng",
    "DecodeBmp",
    "DecodeGif",
    "DecodeImage",
    "EncodeJpeg",
    "EncodePng",
    "DecodeAndCropJpeg",
    "DecodeWav",
    "EncodeWav",
    "DecodeRaw",
    "DecodePaddedRaw",
    "DecodeCSV",
    "DecodeBase64",
    "DecodeJSONExample",
    "DecodeCompressed",
    ignore=("*",),
)
def coded(*inputs: Value) -> NoReturn:
    raise Unsupported("files inside of tensors are not decoded by the runtime", "Cut after it with --input.")


@tf_op("ImageProjectiveTransformV2", ignore=("dtype",))
def projected(
    images: Value, transforms: Value, size: Value, *, interpolation: str = "BILINEAR", fill_mode: str = "CONSTANT"
) -> Value:
    """As the next one; what is outside is 0."""
    return projected_and_filled(
        images, transforms, size, constant(0.0), interpolation=interpolation, fill_mode=fill_mode
    )


@tf_op("ImageProjectiveTransformV3", ignore=("dtype",))
def projected_and_filled(
    images: Value, transforms: Value, size: Value, fill: Value, *, interpolation: str, fill_mode: str = "CONSTANT"
) -> Value:
    """Each pixel (x, y) of the result is read at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), k = c0 x + c1 y + 1.

    The numbers a, b, c are a row of `transforms`, for each image or for all.
    """
    data, fill = permute(_real(images), (0, 3, 1, 2)), to_element(to_element(fill, images.element), t.f32)
    x, y, k = _places(to_element(transforms, t.f32), size)
    nearest = interpolation.upper() == "NEAREST"
    grid = []
    for place, axis in ((x, 3), (y, 2)):
        length = to_element(dim_of(data, axis), t.f32)
        inside = _brought_inside(place, length, fill_mode.upper())
        inside = Round(inside, mode="half_away_from_zero") if nearest else inside
        grid.append(Subtract(Divide(Add(Multiply(inside, constant(2.0)), constant(1.0)), length), constant(1.0)))
    both = concat([unsqueeze(g, 3) for g in grid], 3)
    both = broadcast_to(both, vector([dim_of(data, 0), dims_of(both, range(1, 4))]))
    constant_fill = fill_mode.upper() == "CONSTANT"
    sampled: Value = GridSample(
        Subtract(data, fill) if constant_fill else data,
        both,
        mode="nearest" if nearest else "bilinear",
        padding_mode="zeros" if constant_fill else "border",
    )
    sampled = Add(sampled, fill) if constant_fill else sampled
    sampled = Select(Equal(unsqueeze(k, 1), constant(0.0)), fill, sampled)
    if not images.element.is_real:  # a whole number that the weights of its neighbours miss by a hair is that number
        sampled = Add(sampled, Multiply(Sign(sampled), constant(_HAIR)))
    return to_element(permute(sampled, (0, 2, 3, 1)), images.element)


def _places(transforms: Value, size: Value) -> tuple[Value, Value, Value]:
    """Where each pixel of the result is read, x and y, and the divisor k (then a divisor of 1 is taken for 0)."""
    a0, a1, a2, b0, b1, b2, c0, c1 = (reshape_to(part, [-1, 1, 1]) for part in split(transforms, 1, 8))
    rows, columns = (arange(take(as_i64(size), i, 0), t.f32) for i in (0, 1))
    down, right = reshape_to(rows, [1, -1, 1]), reshape_to(columns, [1, 1, -1])

    def plane(x: Value, y: Value, one: Value) -> Value:
        return Add(Add(Multiply(x, right), Multiply(y, down)), one)

    k = plane(c0, c1, constant(1.0))
    divisor = Select(Equal(k, constant(0.0)), constant(1.0), k)
    return Divide(plane(a0, a1, a2), divisor), Divide(plane(b0, b1, b2), divisor), k


def _brought_inside(x: Value, length: Value, mode: str) -> Value:
    """A place outside of an image as one inside: mirrored, or from the other side; others are left as they are."""
    if mode == "REFLECT":
        period = Multiply(length, constant(2.0))
        rest = FloorMod(x, period)
        return Select(Less(rest, length), rest, Subtract(Subtract(period, rest), constant(1.0)))
    if mode == "WRAP":
        last = Maximum(Subtract(length, constant(1.0)), constant(1.0))
        before = Add(x, Multiply(length, Add(Floor(Divide(Negative(x), last)), constant(1.0))))
        after = Subtract(x, Multiply(length, Floor(Divide(x, last))))
        wrapped = Select(Less(x, constant(0.0)), before, Select(Greater(x, last), after, x))
        return Minimum(Maximum(wrapped, constant(0.0)), last)
    if mode in ("CONSTANT", "NEAREST"):
        return x
    raise ModelError(f'fill_mode is "{mode}", which is none of CONSTANT, NEAREST, REFLECT, WRAP')


@tf_op(
    "ExtractGlimpse",
    "ExtractGlimpseV2",
    ignore=("*",),
)
def other(*inputs: Value) -> NoReturn:
    raise Unsupported("a transformation of images that the runtime does not have")
