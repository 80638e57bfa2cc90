"""Images in other sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_caffe.registry import caffe_layer
from mo_core import types as t
from mo_core.build import Size, constant_like, dim_size, ints, slice_axis, to_element, vector
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ops import Add, Divide, Floor, Interpolate, Multiply, Subtract

SPATIAL = (2, 3)


def resized(
    x: Value, sizes: Sequence[Size], mode: str, coordinates: str, *, nearest: str = "floor", antialias: bool = False,
    cube_coeff: float = -0.75,
) -> Value:  # fmt: skip
    """`x` (N, C, H, W) with these heights and widths."""
    return Interpolate(
        x, vector(sizes), ints(SPATIAL), mode=mode, shape_calculation_mode="sizes",
        coordinate_transformation_mode=coordinates, nearest_mode=nearest, antialias=antialias, cube_coeff=cube_coeff,
    )  # fmt: skip


def repeated(x: Value, factors: Sequence[int]) -> Value:
    """Every value of an image as a block of equal ones."""
    if min(factors) < 1:
        raise ModelError(f"an image cannot be enlarged {min(factors)} times")
    return Interpolate(
        x, constant(np.array(factors, np.float32)), ints(SPATIAL), mode="nearest", shape_calculation_mode="scales",
        coordinate_transformation_mode="asymmetric", nearest_mode="floor",
    )  # fmt: skip


def _plus(size: Size, term: int) -> Size:
    if isinstance(size, int):
        return size + term
    return Add(size, term) if term else size


def _times(size: Size, factor: int) -> Size:
    return size * factor if isinstance(size, int) else Multiply(size, factor)


@caffe_layer("Interp", "interp_param")
def interp(
    x: Value, like: Value | None = None, *, height: int = 0, width: int = 0, zoom_factor: int | None = None,
    shrink_factor: int | None = None, pad_beg: int = 0, pad_end: int = 0,
) -> Value:  # fmt: skip
    """Bilinear; the corners of the images are the same. Negative paddings crop."""
    if pad_beg > 0 or pad_end > 0:
        raise ModelError("pad_beg and pad_end only crop, and one is positive")
    for axis in SPATIAL if pad_beg or pad_end else ():
        x = slice_axis(x, axis, -pad_beg, _plus(dim_size(x, axis), pad_end))
    given = (height, width)
    sizes: list[Size] = []
    for axis, wanted in zip(SPATIAL, given):
        size = dim_size(x, axis)
        if like is not None:
            size = dim_size(like, axis)
        elif wanted:
            size = wanted
        elif not shrink_factor and not zoom_factor:
            raise ModelError("the layer does not say the size of its result", "Give height and width, or a factor.")
        if like is None and not wanted:
            size = _zoomed(_shrunk(size, shrink_factor or 1), zoom_factor or 1)
        sizes.append(size)
    return resized(x, sizes, "linear_onnx", "align_corners")


def _shrunk(size: Size, factor: int) -> Size:
    """The corners stay, and of those between them every `factor`-th."""
    if factor < 1:
        raise ModelError(f"shrink_factor is {factor}")
    if isinstance(size, int):
        return (size - 1) // factor + 1
    return size if factor == 1 else Add(Divide(Subtract(size, 1), factor), 1)


def _zoomed(size: Size, factor: int) -> Size:
    """`factor - 1` new ones between two."""
    if factor < 1:
        raise ModelError(f"zoom_factor is {factor}")
    if isinstance(size, int):
        return size + (size - 1) * (factor - 1)
    return size if factor == 1 else Subtract(Multiply(size, factor), factor - 1)


@caffe_layer("Resample", "resample_param")
def resample(
    x: Value, like: Value | None = None, *, width: int = 0, height: int = 0, type: str = "LINEAR",
    antialias: bool = True, factor: float = 1.0,
) -> Value:  # fmt: skip
    """To the size of `like`, to a given size, or by a factor; pixels are areas (FlowNet's layer)."""
    sizes: list[Size] = []
    for axis, wanted in zip(SPATIAL, (height, width)):
        size = dim_size(x, axis)
        if like is not None:
            size = dim_size(like, axis)
        elif wanted:
            size = wanted
        elif factor != 1:
            size = _scaled(size, factor)
        sizes.append(size)
    if type == "NEAREST":
        return resized(x, sizes, "nearest", "half_pixel", nearest="round_prefer_ceil")
    if type == "LINEAR":
        return resized(x, sizes, "linear", "half_pixel", antialias=antialias)
    if type == "CUBIC":
        return resized(x, sizes, "cubic", "half_pixel", cube_coeff=-0.5)
    raise Unsupported(f"resampling of the type {type} is not supported")


def _scaled(size: Size, factor: float) -> Size:
    if not 0 < factor < 1e6:
        raise ModelError(f"the factor is {factor}")
    if isinstance(size, int):
        return int(size * factor)
    real = to_element(size, t.f32)
    return to_element(Floor(Multiply(real, constant_like(real, factor))), t.i64)

