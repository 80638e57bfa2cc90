"""Images as data sets have them: H, W, C or N, H, W, C."""

from __future__ import annotations

from mo_core.build import channel_vector, constant_like, ints, move_axis, squeeze, to_element, unsqueeze
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import Add, Clamp, Divide, Pad, Round, Slice, Subtract
from mo_mxnet.attributes import Ints, Reals
from mo_mxnet.ops.resize import bilinear
from mo_mxnet.ops.slicing import backwards
from mo_mxnet.registry import mxnet_op


@mxnet_op("_image_to_tensor", "_npx__image_to_tensor")
def to_tensor(x: Value) -> Value:
    """Channels first, and numbers from 0 to 1."""
    y = to_element(x, t.f32)
    return Divide(move_axis(y, -1, -3), constant_like(y, 255))


@mxnet_op("_image_normalize", "_npx__image_normalize")
def normalize(x: Value, *, mean: Reals = (0.0,), std: Reals = (1.0,)) -> Value:
    """C, H, W or N, C, H, W; a number for all channels, or one for each."""
    return Divide(Subtract(x, _per_channel(x, mean)), _per_channel(x, std))


def _per_channel(x: Value, numbers: Reals) -> Value:
    if len(numbers) == 1 or len(set(numbers)) == 1:
        return constant_like(x, numbers[0])
    channels = x.dims[-3]
    return channel_vector(constant_like(x, numbers[:channels] if isinstance(channels, int) else numbers), 2)


@mxnet_op("_image_flip_left_right", "_npx__image_flip_left_right")
def flip_left_right(x: Value) -> Value:
    return backwards(x, [x.rank - 2])


@mxnet_op("_image_flip_top_bottom", "_npx__image_flip_top_bottom")
def flip_top_bottom(x: Value) -> Value:
    return backwards(x, [x.rank - 3])


@mxnet_op("_image_crop", "_npx__image_crop")
def crop(image: Value, *, x: int, y: int, width: int, height: int) -> Value:
    """A part of the images."""
    axes = ints([image.rank - 3, image.rank - 2])
    return Slice(image, ints([y, x]), ints([y + height, x + width]), ints([1, 1]), axes)


@mxnet_op("_image_adjust_lighting", "_npx__image_adjust_lighting")
def adjust_lighting(x: Value, *, alpha: Reals) -> Value:
    """Along the principal components of natural images, as AlexNet was trained."""
    if len(alpha) != 3:
        raise ModelError(f"alpha has {len(alpha)} numbers, and 3 are needed")
    shift = [sum(row[i] * alpha[i] for i in range(3)) for row in _COMPONENTS]
    y = Add(to_element(x, t.f32), constant(shift, t.f32))
    return y if x.element.is_real else to_element(Clamp(y, min=0, max=255), x.element)


_COMPONENTS = (
    (55.46 * -0.5675, 4.794 * 0.7192, 1.148 * 0.4009),
    (55.46 * -0.5808, 4.794 * -0.0045, 1.148 * -0.8140),
    (55.46 * -0.5836, 4.794 * -0.6948, 1.148 * 0.4203),
)
"""Principal components of the colours of natural images (Krizhevsky et al., 2012), times their deviations."""


@mxnet_op("_image_resize", "_npx__image_resize")
def resize(x: Value, *, size: Ints = (), keep_ratio: bool = False, interp: int = 1) -> Value:
    """To a width and a height, by bilinear interpolation."""
    if interp != 1 or keep_ratio:
        raise Unsupported("images are resized by bilinear interpolation to a given size only")
    if not 1 <= len(size) <= 2 or min(size) < 1:
        raise ModelError(f"size is {list(size)}, and a width and a height are needed")
    batch = x if x.rank == 4 else unsqueeze(x, 0)
    first = move_axis(to_element(batch, t.f32), -1, 1)
    y = move_axis(bilinear(first, [size[-1], size[0]], align_corners=False), 1, -1)
    y = y if x.element.is_real else to_element(Round(y), x.element)
    return y if x.rank == 4 else squeeze(y, 0)


@mxnet_op("_cvimresize", "_npi_cvimresize")
def resize_by_name(x: Value, *, w: int, h: int, interp: int = 1) -> Value:
    return resize(x, size=(w, h), interp=interp)


@mxnet_op("_cvcopyMakeBorder", ignore=("value",))
def with_border(x: Value, *, top: int, bot: int, left: int, right: int, type: int = 0, values: Reals = ()) -> Value:
    """An image (H, W, C) with a border of one colour."""
    if type != 0 or len(set(values)) > 1:
        raise Unsupported("images get borders of one number only")
    if min(top, bot, left, right) < 0:
        raise ModelError("a border has a negative width")
    return Pad(x, ints([top, left, 0]), ints([bot, right, 0]), constant_like(x, values[0] if values else 0))
