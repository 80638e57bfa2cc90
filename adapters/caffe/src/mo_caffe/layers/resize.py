"""Images in other sizes."""

from __future__ import annotations

from mo_caffe.registry import caffe_layer
from mo_caffe.sizes import part, require_images, size
from mo_core.build import constant_like, to_element
from mo_core.build.resize import resized
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import Add, Divide, Floor, Multiply, Subtract

SPATIAL = (2, 3)


@caffe_layer("Interp", "interp_param")
def interp(
    x: Value,
    like: Value | None = None,
    *,
    height: int = 0,
    width: int = 0,
    zoom_factor: int | None = None,
    shrink_factor: int | None = None,
    pad_beg: int = 0,
    pad_end: int = 0,
) -> Value:
    """Bilinear; the corners of the images are the same. Negative paddings crop."""
    require_images(x, *([like] if like is not None else []))
    if pad_beg > 0 or pad_end > 0:
        raise ModelError("pad_beg and pad_end only crop, and one is positive")
    for axis in SPATIAL if pad_beg or pad_end else ():
        x = part(x, axis, -pad_beg, pad_end or t.INF)
    if like is not None:
        return resized(x, [size(like, axis) for axis in SPATIAL], coordinates="align_corners")
    if not (height and width) and not shrink_factor and not zoom_factor:
        raise ModelError("the layer does not say the size of its result", "Give height and width, or a factor.")
    wanted = [
        given or _zoomed(_shrunk(size(x, axis), shrink_factor or 1), zoom_factor or 1)
        for axis, given in zip(SPATIAL, (height, width))
    ]
    return resized(x, wanted, coordinates="align_corners")


def _shrunk(whole: Value, factor: int) -> Value:
    """The corners stay, and of those between them every `factor`-th."""
    if factor < 1:
        raise ModelError(f"shrink_factor is {factor}")
    return whole if factor == 1 else Add(Divide(Subtract(whole, 1), factor), 1)


def _zoomed(whole: Value, factor: int) -> Value:
    """`factor - 1` new ones between two."""
    if factor < 1:
        raise ModelError(f"zoom_factor is {factor}")
    return whole if factor == 1 else Subtract(Multiply(whole, factor), factor - 1)


@caffe_layer("Resample", "resample_param")
def resample(
    x: Value,
    like: Value | None = None,
    *,
    width: int = 0,
    height: int = 0,
    type: str = "LINEAR",
    antialias: bool = True,
    factor: float = 1.0,
) -> Value:
    """To the size of `like`, to a given size, or by a factor; pixels are areas (FlowNet's layer)."""
    require_images(x, *([like] if like is not None else []))
    if not 0 < factor < 1e6 or min(height, width) < 0:
        raise ModelError(f"the size is {height} x {width} and the factor {factor}")
    wanted = [
        size(like, axis) if like is not None else given or _scaled(size(x, axis), factor)
        for axis, given in zip(SPATIAL, (height, width))
    ]
    if type == "NEAREST":
        return resized(x, wanted, mode="nearest", nearest="round_prefer_ceil")
    if type == "LINEAR":
        # of the runtime's bilinear modes this is the one that widens its filter when an image gets smaller
        return resized(x, wanted, mode="bilinear_pillow" if antialias else "linear_onnx")
    if type == "CUBIC":
        return resized(x, wanted, mode="cubic", cubic=-0.5)
    raise Unsupported(f"resampling of the type {type} is not supported; FlowNet's own layer does not have it either")


def _scaled(whole: Value, factor: float) -> Value:
    if factor == 1:
        return whole
    real = to_element(whole, t.f32)
    return to_element(Floor(Multiply(real, constant_like(real, factor))), t.i64)
