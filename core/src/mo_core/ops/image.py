"""Resampling of images and of other grids."""

from __future__ import annotations

from mo_core.ir import Node
from mo_core.schema import (
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

__all__ = ["Col2Im", "GridSample", "Interpolate"]


class Interpolate(Node, opset="opset11"):
    """Interpolate-11: resize along `axes` (default: all) to sizes or by scales, as `shape_calculation_mode` says."""

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


class GridSample(Node, opset="opset9"):
    """GridSample-9: read data (N, C, H, W) at the places of grid (N, H', W', 2: x, y in [-1, 1])."""

    data: Operand = operand()
    grid: Operand = operand()
    align_corners: bool = boolean(default=False)
    mode: str = one_of("bilinear", "bicubic", "nearest", default="bilinear")
    padding_mode: str = one_of("zeros", "border", "reflection", default="zeros")


class Col2Im(Node, opset="opset15"):
    """Col2Im-15: sum columns (N, C * prod(kernel), L) back into images (N, C, *output_size)."""

    data: Operand = operand()
    output_size: Operand = operand()
    kernel_size: Operand = operand()
    strides: Ints = ints(default=(1, 1))
    dilations: Ints = ints(default=(1, 1))
    pads_begin: Ints = ints(default=(0, 0))
    pads_end: Ints = ints(default=(0, 0))
