"""Resampling and rearranging of images and of other grids."""

from __future__ import annotations

import math

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import AxisTrait, Node
from mo_core.ir.known import axes_of, numbers
from mo_core.ir.schema import (
    Ints,
    Operand,
    OptionalOperand,
    boolean,
    ints,
    one_of,
    operand,
    optional,
    real,
    required_one_of,
)
from mo_core.ir.types import Dim, Type
from mo_core.ops._dims import agree, at, content_dims, of_rank, per_axis, rising, unknown, unknowns, windows
from mo_core.ops.axes import FIRST, resized, resized_axes

__all__ = ["Col2Im", "ExtractImagePatches", "GridSample", "Interpolate", "ReorgYolo"]


BIGGEST_SCALE = 2.0**31


class Interpolate(Node, opset="opset11"):
    """Interpolate-11: resize along `axes` (default: all) to sizes or by scales, as `shape_calculation_mode` says."""

    axis_trait = AxisTrait(FIRST.ports, resized, resized_axes)

    image: Operand = operand()
    scales_or_sizes: Operand = operand()
    axes: OptionalOperand = optional(default=None)
    mode: str = required_one_of(
        "nearest", "linear", "linear_onnx", "cubic", "bilinear_pillow", "bicubic_pillow", kw_only=True
    )
    shape_calculation_mode: str = required_one_of("sizes", "scales", kw_only=True)
    coordinate_transformation_mode: str = one_of(
        "half_pixel",
        "pytorch_half_pixel",
        "asymmetric",
        "tf_half_pixel_for_nn",
        "align_corners",
        default="half_pixel",
        kw_only=True,
    )
    nearest_mode: str = one_of(
        "round_prefer_floor",
        "round_prefer_ceil",
        "floor",
        "ceil",
        "simple",
        default="round_prefer_floor",
        kw_only=True,
    )
    antialias: bool = boolean(default=False, kw_only=True)
    pads_begin: Ints = ints(default=(0,), kw_only=True)
    pads_end: Ints = ints(default=(0,), kw_only=True)
    cube_coeff: float = real(default=-0.75, kw_only=True)

    def infer(self) -> Type:
        shape = self.image.shape
        if shape is None:
            return self.image.type
        rank = len(shape)
        if any(a < 0 for a in (numbers(self.axes) if self.axes is not None else None) or ()):
            raise ShapeError("the axes of Interpolate are counted from the front, and one is negative")
        axes = tuple(range(rank)) if self.axes is None else axes_of(self.axes, rank)
        if min((*self.pads_begin, *self.pads_end), default=0) < 0:
            raise ShapeError("the padding of Interpolate is negative")
        padded = tuple(d + b + e for d, b, e in zip(shape, _pads(self.pads_begin, rank), _pads(self.pads_end, rank)))
        if axes is None:
            return Type(self.image.element, unknowns(self, "image", rank))
        result = list(padded)
        for axis, size in zip(axes, self._sizes(padded, axes)):
            result[axis] = size
        return Type(self.image.element, tuple(result))

    def _sizes(self, padded: tuple[Dim, ...], axes: Ints) -> tuple[Dim, ...]:
        """The new sizes of the axes."""
        if self.shape_calculation_mode == "sizes":
            sizes = content_dims(self, self.scales_or_sizes, "sizes")
            found = unknowns(self, "sizes", len(axes)) if sizes is None else sizes
        else:
            scales = self.scales_or_sizes.const
            if scales is None:
                of_rank(self.scales_or_sizes, "scales", 0, 1)
                return unknowns(self, "scales", len(axes))
            found = tuple(_scaled(padded[a], float(s)) for a, s in zip(axes, scales.reshape(-1)))
        per_axis(self, len(axes), sizes_or_scales=found)
        return found


class GridSample(Node, opset="opset9"):
    """GridSample-9: read data (N, C, H, W) at the places of grid (N, H', W', 2: x, y in [-1, 1])."""

    data: Operand = operand()
    grid: Operand = operand()
    align_corners: bool = boolean(default=False)
    mode: str = one_of("bilinear", "bicubic", "nearest", default="bilinear")
    padding_mode: str = one_of("zeros", "border", "reflection", default="zeros")

    def infer(self) -> Type:
        data, grid = of_rank(self.data, "data", 4), of_rank(self.grid, "grid", 4)
        agree("numbers of coordinates", at(grid, 3), 2)
        batch = agree("batch sizes", at(data, 0), at(grid, 0), node=self)
        channels = agree("channels", at(data, 1), node=self)
        return Type(self.data.element, (batch, channels, *(unknowns(self, "grid", 2) if grid is None else grid[1:3])))


class Col2Im(Node, opset="opset15"):
    """Col2Im-15: sum columns (N, C * prod(kernel), L) back into images (N, C, *output_size)."""

    data: Operand = operand()
    output_size: Operand = operand()
    kernel_size: Operand = operand()
    strides: Ints = ints(default=(1, 1))
    dilations: Ints = ints(default=(1, 1))
    pads_begin: Ints = ints(default=(0, 0))
    pads_end: Ints = ints(default=(0, 0))

    def infer(self) -> Type:
        data = of_rank(self.data, "data", 2, 3)
        sizes = content_dims(self, self.output_size, "output_size") or unknowns(self, "output_size", 2)
        kernel = content_dims(self, self.kernel_size, "kernel_size") or unknowns(self, "kernel_size", 2)
        per_axis(self, 2, output_size=sizes, kernel_size=kernel, strides=self.strides, dilations=self.dilations)
        if data is None:
            return Type(self.data.element, None)
        area, columns = kernel[0] * kernel[1], data[-2]
        known = isinstance(area, int) and isinstance(columns, int)
        if known and (area < 1 or columns % area):
            raise ShapeError(f"{columns} rows of data cannot be divided into kernels of {kernel[0]} x {kernel[1]}")
        channels: Dim = columns // area if known else unknown(self, "channels")
        return Type(self.data.element, (*data[:-2], channels, *sizes))


class ReorgYolo(Node, opset="opset2"):
    """ReorgYolo-2: N, C, H, W to N, C * stride^2, H / stride, W / stride."""

    data: Operand = operand()
    stride: Ints = ints()

    def infer(self) -> Type:
        shape = of_rank(self.data, "data", 4)
        stride = self.stride[0] if self.stride else 0
        if stride < 1:
            raise ShapeError(f"the stride of ReorgYolo is {list(self.stride)}")
        if shape is None:
            return Type(self.data.element, None)
        n, c, h, w = shape
        return Type(self.data.element, (n, c * stride**2, h // stride, w // stride))


class ExtractImagePatches(Node, opset="opset3"):
    """ExtractImagePatches-3: patches of N, C, H, W, moved to channels: N, C * sizes[0] * sizes[1], H', W'."""

    data: Operand = operand()
    sizes: Ints = ints()
    strides: Ints = ints()
    rates: Ints = ints()
    auto_pad: str = one_of("valid", "same_upper", "same_lower", default="valid")

    def infer(self) -> Type:
        shape = of_rank(self.data, "data", 4)
        per_axis(self, 2, sizes=self.sizes, strides=self.strides, rates=self.rates)
        if shape is None:
            return Type(self.data.element, unknowns(self, "data", 4))
        places = windows(
            self,
            shape[2:],
            self.sizes,
            strides=self.strides,
            dilations=self.rates,
            pads_begin=(0, 0),
            pads_end=(0, 0),
            auto_pad=self.auto_pad,
        )
        return Type(self.data.element, (shape[0], shape[1] * (self.sizes[0] * self.sizes[1]), *places))


def _pads(pads: Ints, rank: int) -> Ints:
    """One number for each axis; missing ones are zero."""
    return (*pads, *[0] * (rank - len(pads)))[:rank]


def _scaled(size: Dim, scale: float) -> Dim:
    if not 0 < scale < BIGGEST_SCALE:
        raise ShapeError(f"an image cannot be resized by a factor of {scale}")
    return size if scale == 1 else rising(size, scale, lambda n: math.floor(np.float32(n) * np.float32(scale)))
