"""Kernels by which images are resampled, as the description of `ScaleAndTranslate` has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


def _lanczos(radius: float) -> Callable[[Array], Array]:
    def kernel(x: Array) -> Array:
        return np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0.0)

    return kernel


def _gaussian(x: Array) -> Array:
    return np.where(x < 1.5, np.exp(-(x**2) / (2 * 0.5**2)), 0.0)


def _box(x: Array) -> Array:
    return np.where(x < 0.5, 1.0, np.where(x == 0.5, 0.5, 0.0))


def _triangle(x: Array) -> Array:
    return np.where(x < 1, 1 - x, 0.0)


def _keys(x: Array) -> Array:
    near, far = ((1.5 * x - 2.5) * x) * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _mitchell(x: Array) -> Array:
    near, far = (7 / 6 * x - 2) * x * x + 8 / 9, ((-7 / 18 * x + 2) * x - 10 / 3) * x + 16 / 9
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


KERNELS: dict[str, tuple[float, Callable[[Array], Array]]] = {
    "lanczos1": (1.0, _lanczos(1.0)),
    "lanczos3": (3.0, _lanczos(3.0)),
    "lanczos5": (5.0, _lanczos(5.0)),
    "gaussian": (1.5, _gaussian),
    "box": (1.0, _box),
    "triangle": (1.0, _triangle),
    "keyscubic": (2.0, _keys),
    "mitchellcubic": (2.0, _mitchell),
}
"""The radius of each, and its values by the distance."""


def kernel_weights(before: int, after: int, scale: float, shift: float, kind: str, antialias: bool) -> Array:
    """What each element of an axis of size `before` counts for each one of size `after`: [after, before], f32.

    Places that lie outside of the image get nothing.
    """
    radius, kernel = KERNELS[kind]
    step = np.float32(1) / np.float32(scale)  # in single precision, which decides where a kernel has an edge
    width = max(step, np.float32(1)) if antialias else np.float32(1)
    places = (np.arange(after, dtype=np.float32) + np.float32(0.5)) * step - step * np.float32(shift)
    centres = np.arange(before, dtype=np.float32) + np.float32(0.5)
    away = centres[None] - places[:, None]
    first = np.clip(np.ceil(places - radius * width - 0.5), 0, before - 1)
    last = np.clip(np.floor(places + radius * width - 0.5), 0, before - 1)
    inside = (np.arange(before) >= first[:, None]) & (np.arange(before) <= last[:, None])
    weights = np.where(inside, kernel(np.abs(away / width)), 0.0)
    total = weights.sum(1, keepdims=True)
    enough = np.abs(total) >= 1000 * np.finfo(np.float32).tiny
    weights = np.divide(weights, total, out=weights, where=enough)
    outside = (places < 0) | (places > before)
    return np.where(outside[:, None], 0.0, weights).astype(np.float32)
