"""Images in other sizes (Interpolate-4, whose description says what the modes and coordinates mean)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build.basics import Size, as_i64, ints, vector
from mo_core.errors import ModelError
from mo_core.ir import Value, constant
from mo_core.ops import Interpolate


def resized(
    x: Value,
    sizes: Sequence[Size] | Value,
    axes: Sequence[int] = (2, 3),
    *,
    mode: str = "linear_onnx",
    coordinates: str = "half_pixel",
    nearest: str = "floor",
    cubic: float = -0.75,
) -> Value:
    """`x` with these sizes along some axes.

    Args:
        sizes: numbers or values, or one 1-D integer value, in the order of the axes.
        mode: "nearest", "linear_onnx", "cubic" or another one of the runtime's.
        coordinates: how places of the result become places of `x`.
        nearest: how these are rounded in the mode "nearest"; cubic: the coefficient of the mode "cubic".
    """
    return _interpolated(
        x,
        as_i64(sizes) if isinstance(sizes, Value) else vector(sizes),
        "sizes",
        axes,
        mode,
        coordinates,
        nearest,
        cubic,
    )


def scaled(
    x: Value,
    factors: Sequence[float] | Value,
    axes: Sequence[int] = (2, 3),
    *,
    mode: str = "linear_onnx",
    coordinates: str = "half_pixel",
    nearest: str = "floor",
    cubic: float = -0.75,
) -> Value:
    """`x` with sizes that are these factors of its own, rounded down; else as `resized`."""
    numbers = factors if isinstance(factors, Value) else constant(np.array(factors, np.float32))
    return _interpolated(x, numbers, "scales", axes, mode, coordinates, nearest, cubic)


def repeated(x: Value, factors: Sequence[int], axes: Sequence[int] = (2, 3)) -> Value:
    """Every element as a block of equal ones; raises ModelError for a factor below 1."""
    if min(factors) < 1:
        raise ModelError(f"an image cannot be enlarged {min(factors)} times")
    return scaled(x, factors, axes, mode="nearest", coordinates="asymmetric")


def _interpolated(
    x: Value,
    numbers: Value,
    what: str,
    axes: Sequence[int],
    mode: str,
    coordinates: str,
    nearest: str,
    cubic: float,
) -> Value:
    return Interpolate(
        x,
        numbers,
        ints(axes),
        mode=mode,
        shape_calculation_mode=what,
        coordinate_transformation_mode=coordinates,
        nearest_mode=nearest,
        cube_coeff=cubic,
    )
