"""Images in other sizes."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.errors import ModelError, Unsupported
from tests.adapters.caffe.harness import Array, close, inputs_of, layer, run, same_as_opencv, values

X = values(2, 3, 5, 6)


def corners(x: Array, height: int, width: int) -> Array:
    """Bilinear, with the corners where they were."""
    for axis, size in ((2, height), (3, width)):
        old = x.shape[axis]
        places = np.arange(size) * ((old - 1) / (size - 1) if size > 1 else 0)
        low = np.minimum(places.astype(int), max(old - 2, 0))
        part = (places - low).reshape([-1 if a == axis else 1 for a in range(4)])
        x = np.take(x, low, axis) * (1 - part) + np.take(x, np.minimum(low + 1, old - 1), axis) * part
    return x.astype(np.float32)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ("height: 9 width: 11", (9, 11)),
        ("height: 3 width: 4", (3, 4)),
        ("zoom_factor: 3", (13, 16)),
        ("shrink_factor: 2", (3, 3)),
        ("shrink_factor: 2 zoom_factor: 4", (9, 9)),
        ("height: 1 width: 1", (1, 1)),
    ],
)
def test_interp(fields: str, size: tuple[int, int]) -> None:
    close(run(layer("Interp", "x", "y", f"interp_param {{ {fields} }}"), {"x": X})["y"], corners(X, *size))


def test_interp_as_opencv() -> None:
    same_as_opencv(layer("Interp", "x", "y", "interp_param { height: 9 width: 13 }"), {"x": X})


def test_interp_crops_first() -> None:
    got = run(layer("Interp", "x", "y", "interp_param { zoom_factor: 2 pad_beg: -1 pad_end: -2 }"), {"x": X})
    close(got["y"], corners(X[:, :, 1:-2, 1:-2], 3, 5))


def test_interp_takes_the_size_of_its_second_bottom() -> None:
    feeds = {"x": X, "like": values(2, 1, 8, 7)}
    text = layer("Interp", "x like", "y") + layer("AbsVal", "like", "z")
    close(run(text, feeds)["y"], corners(X, 8, 7))


def test_interp_follows_the_image() -> None:
    text = inputs_of({"x": X}) + layer("Interp", "x", "y", "interp_param { shrink_factor: 2 zoom_factor: 4 }")
    x = values(1, 3, 9, 4)
    close(run(text, {"x": x})["y"], corners(x, 17, 5))


@pytest.mark.parametrize("fields", ["", "height: 3", "zoom_factor: 2 pad_beg: 1", "zoom_factor: -3"])
def test_interp_without_a_size_is_refused(fields: str) -> None:
    with pytest.raises(ModelError, match="Interp"):
        run(layer("Interp", "x", "y", f"interp_param {{ {fields} }}"), {"x": X})


# -- Resample: pixels are areas, the place of an output pixel is (i + 0.5) * ratio - 0.5


def nearest(x: Array, height: int, width: int) -> Array:
    for axis, size in ((2, height), (3, width)):
        ratio = x.shape[axis] / size
        places = np.floor((np.arange(size) + 0.5) * ratio - 0.5 + 0.5).astype(int)
        x = np.take(x, np.clip(places, 0, x.shape[axis] - 1), axis)
    return x


def triangle(x: Array, height: int, width: int, antialias: bool) -> Array:
    """Weights fall linearly; when the image gets smaller, over as many pixels as the ratio says."""
    for axis, size in ((2, height), (3, width)):
        ratio = x.shape[axis] / size
        wide = max(ratio, 1.0) if antialias else 1.0
        places = (np.arange(size) + 0.5) * ratio - 0.5
        weights = np.maximum(0, 1 - np.abs(np.arange(x.shape[axis]) - places[:, None]) / wide)
        weights /= weights.sum(1, keepdims=True)
        x = np.moveaxis(np.tensordot(x, weights, (axis, 1)), -1, axis)
    return x.astype(np.float32)


@pytest.mark.parametrize("size", [(10, 12), (3, 4), (7, 6)])
def test_resample_nearest(size: tuple[int, int]) -> None:
    rest = f"resample_param {{ type: NEAREST height: {size[0]} width: {size[1]} }}"
    close(run(layer("Resample", "x", "y", rest), {"x": X})["y"], nearest(X, *size))


@pytest.mark.parametrize("size", [(10, 12), (3, 4), (2, 3)])
@pytest.mark.parametrize("antialias", [True, False])
def test_resample_linear(size: tuple[int, int], antialias: bool) -> None:
    rest = f"resample_param {{ height: {size[0]} width: {size[1]} antialias: {str(antialias).lower()} }}"
    close(run(layer("Resample", "x", "y", rest), {"x": X})["y"], triangle(X, *size, antialias))


def test_resample_by_a_factor_and_to_another_size() -> None:
    close(run(layer("Resample", "x", "y", "resample_param { factor: 2 }"), {"x": X})["y"], triangle(X, 10, 12, True))
    feeds = {"x": X, "like": values(2, 1, 8, 7)}
    text = layer("Resample", "x like", "y", "resample_param { type: NEAREST }") + layer("AbsVal", "like", "z")
    close(run(text, feeds)["y"], nearest(X, 8, 7))


def cubic(x: Array, height: int, width: int) -> Array:
    """Four taps, a = -0.5; beyond the border the last pixel counts."""
    for axis, size in ((2, height), (3, width)):
        old = x.shape[axis]
        places = (np.arange(size) + 0.5) * (old / size) - 0.5
        low = np.floor(places).astype(int)
        total = 0
        for tap in range(-1, 3):
            d = np.abs(places - (low + tap))
            near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
            weight = np.where(d <= 1, near, np.where(d < 2, far, 0)).reshape([-1 if a == axis else 1 for a in range(4)])
            total = total + np.take(x, np.clip(low + tap, 0, old - 1), axis) * weight
        x = np.asarray(total)
    return x.astype(np.float32)


def test_resample_cubic() -> None:
    rest = "resample_param { type: CUBIC height: 10 width: 12 }"
    close(run(layer("Resample", "x", "y", rest), {"x": X})["y"], cubic(X, 10, 12))


def test_resample_by_areas_is_refused() -> None:
    with pytest.raises(Unsupported, match="AREA"):
        run(layer("Resample", "x", "y", "resample_param { type: AREA height: 2 width: 2 }"), {"x": X})
