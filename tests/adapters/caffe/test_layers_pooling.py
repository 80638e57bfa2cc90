"""Pooling, pyramids and unpooling, against Caffe's rules written out."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import mo_core
from mo_core.errors import ModelError, MoError
from tests.adapters.caffe.harness import (
    Array,
    close,
    infer,
    inputs_of,
    layer,
    positive,
    run,
    same_as_opencv,
    values,
    write,
)

Reduce = Callable[[Array, int], float]


def windows(size: int, kernel: int, stride: int, pad: int, up: bool) -> int:
    """How many windows Caffe has along an axis."""
    count = (math.ceil if up else math.floor)((size + 2 * pad - kernel) / stride) + 1
    return count - 1 if pad and (count - 1) * stride >= size + pad else count


def pool(
    x: Array, kernel: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int], reduce: Reduce, up: bool
) -> Array:
    """`reduce` gets what a window sees of the image, and how much of the padded image it covers."""
    size = [windows(n, k, s, p, up) for n, k, s, p in zip(x.shape[2:], kernel, stride, pad)]
    y = np.zeros((*x.shape[:2], *size), np.float32)
    for i, j in np.ndindex(*size):
        start = [i * stride[0] - pad[0], j * stride[1] - pad[1]]
        stop = [min(b + k, n + p) for b, k, n, p in zip(start, kernel, x.shape[2:], pad)]
        area = math.prod(e - b for b, e in zip(start, stop))
        rows, columns = (slice(max(b, 0), min(e, n)) for b, e, n in zip(start, stop, x.shape[2:]))
        for n, c in np.ndindex(*x.shape[:2]):
            y[n, c, i, j] = reduce(x[n, c, rows, columns], area)
    return y


def largest(window: Array, area: int) -> float:
    return float(window.max())


def mean(window: Array, area: int) -> float:
    return float(window.sum()) / area


def weighted(window: Array, area: int) -> float:
    return float((window * window).sum() / max(window.sum(), 1.2e-38))


GEOMETRIES = [
    (3, 2, 0),
    (3, 2, 1),
    (2, 2, 0),
    (2, 2, 1),
    (3, 3, 1),
    (5, 3, 2),
    (3, 1, 1),
    (3, 4, 1),
    (7, 1, 3),
    (2, 1, 0),
]


@pytest.mark.parametrize(("kernel", "stride", "pad"), GEOMETRIES)
@pytest.mark.parametrize(("method", "reduce"), [("MAX", largest), ("AVE", mean)])
def test_pooling_follows_the_border_rules(kernel: int, stride: int, pad: int, method: str, reduce: Reduce) -> None:
    fields = f"pool: {method} kernel_size: {kernel} stride: {stride} pad: {pad}"
    for size in ((8, 9), (7, 10)):
        x = values(2, 3, *size)
        want = pool(x, (kernel, kernel), (stride, stride), (pad, pad), reduce, True)
        close(run(layer("Pooling", "x", "y", f"pooling_param {{ {fields} }}"), {"x": x})["y"], want)


@pytest.mark.parametrize(("method", "reduce"), [("MAX", largest), ("AVE", mean), ("STOCHASTIC", weighted)])
@pytest.mark.parametrize(("kernel", "stride"), [((9, 3), (2, 2)), ((9, 10), (3, 3)), ((8, 9), (2, 7))])
def test_a_window_may_be_larger_than_the_image_by_less_than_its_stride(
    kernel: tuple[int, int], stride: tuple[int, int], method: str, reduce: Reduce
) -> None:
    fields = f"kernel_h: {kernel[0]} kernel_w: {kernel[1]} stride_h: {stride[0]} stride_w: {stride[1]}"
    x = positive(2, 3, 8, 8)
    got = run(layer("Pooling", "x", "y", f"pooling_param {{ pool: {method} {fields} }}"), {"x": x})
    close(got["y"], pool(x, kernel, stride, (0, 0), reduce, True))


def test_a_window_larger_than_that_is_refused() -> None:
    with pytest.raises(MoError, match="a window of 9 x 9 is larger than the image of 7 x 8"):
        run(layer("Pooling", "x", "y", "pooling_param { kernel_size: 9 stride: 2 }"), {"x": values(1, 1, 7, 8)})


@pytest.mark.parametrize("method", ["MAX", "AVE"])
def test_pooling_as_opencv(method: str) -> None:
    rest = f"pooling_param {{ pool: {method} kernel_h: 3 kernel_w: 2 stride_h: 2 stride_w: 1 pad_h: 1 pad_w: 0 }}"
    same_as_opencv(layer("Pooling", "x", "y", rest), {"x": values(2, 3, 9, 8)})


@pytest.mark.parametrize("how", ["round_mode: FLOOR", "ceil_mode: false"])
@pytest.mark.parametrize(("method", "reduce"), [("MAX", largest), ("AVE", mean)])
def test_forks_may_round_down(how: str, method: str, reduce: Reduce) -> None:
    x = values(1, 2, 8, 8)
    rest = f"pooling_param {{ pool: {method} kernel_size: 3 stride: 2 {how} }}"
    got = run(layer("Pooling", "x", "y", rest), {"x": x})
    close(got["y"], pool(x, (3, 3), (2, 2), (0, 0), reduce, False))


def test_the_border_rules_hold_for_other_sizes_too() -> None:
    """The file is made for one size and reshaped on the runtime."""
    text = (
        layer("Input", "", "x", "input_param { shape { dim: 1 dim: 2 dim: 8 dim: 8 } }")
        + layer("Pooling", "x", "max", "pooling_param { kernel_size: 2 stride: 2 pad: 1 }")
        + layer("Pooling", "x", "mean", "pooling_param { pool: AVE kernel_size: 2 stride: 3 pad: 1 }")
    )
    for size in ((8, 8), (9, 7), (11, 12)):
        x = values(1, 2, *size)
        got = run(text, {"x": x})
        close(got["max"], pool(x, (2, 2), (2, 2), (1, 1), largest, True))
        close(got["mean"], pool(x, (2, 2), (3, 3), (1, 1), mean, True))


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (2, 2), (3, 1)])
def test_stochastic_pooling_gives_what_drawing_gives_on_average(kernel: int, stride: int) -> None:
    x = positive(2, 3, 8, 7)
    x[0, 0] = 0
    rest = f"pooling_param {{ pool: STOCHASTIC kernel_size: {kernel} stride: {stride} }}"
    want = pool(x, (kernel, kernel), (stride, stride), (0, 0), weighted, True)
    close(run(layer("Pooling", "x", "y", rest), {"x": x})["y"], want)


@pytest.mark.parametrize(
    ("method", "want"),
    [
        ("MAX", lambda x: x.max((2, 3), keepdims=True)),
        ("AVE", lambda x: x.mean((2, 3), keepdims=True)),
        ("STOCHASTIC", lambda x: (x * x).sum((2, 3), keepdims=True) / x.sum((2, 3), keepdims=True)),
    ],
)
def test_global_pooling(method: str, want: Callable[[Array], Array]) -> None:
    x = positive(2, 3, 5, 6)
    got = run(layer("Pooling", "x", "y", f"pooling_param {{ pool: {method} global_pooling: true }}"), {"x": x})
    close(got["y"], want(x))


def places(x: Array, kernel: int, stride: int) -> Array:
    """Where the maxima are, counted within a channel."""
    size = [windows(n, kernel, stride, 0, True) for n in x.shape[2:]]
    y = np.zeros((*x.shape[:2], *size), np.float32)
    for n, c, i, j in np.ndindex(*y.shape):
        window = x[n, c, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
        row, column = np.unravel_index(int(window.argmax()), window.shape)
        y[n, c, i, j] = (i * stride + row) * x.shape[3] + j * stride + column
    return y


def test_the_second_top_has_the_places_of_the_maxima() -> None:
    x = values(2, 3, 7, 6)
    got = run(layer("Pooling", "x", "y mask", "pooling_param { kernel_size: 2 stride: 2 }"), {"x": x})
    close(got["mask"], places(x, 2, 2))
    got = run(layer("Pooling", "x", "y mask", "pooling_param { global_pooling: true }"), {"x": x})
    close(got["mask"], x.reshape(2, 3, -1).argmax(2).reshape(2, 3, 1, 1).astype(np.float32))


def unpooled(y: Array, mask: Array, size: tuple[int, int]) -> Array:
    x = np.zeros((*y.shape[:2], size[0] * size[1]), np.float32)
    np.put_along_axis(x, mask.reshape(*y.shape[:2], -1).astype(int), y.reshape(*y.shape[:2], -1), 2)
    return x.reshape(*y.shape[:2], *size)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ("scale: 2", (8, 6)),
        ("scale: 2 upsample_h: 9 upsample_w: 7", (9, 7)),
        ("scale: 2 pad_out_h: true", (7, 6)),
        ("scale_h: 2 scale_w: 2", (8, 6)),
    ],
)
def test_upsample_puts_maxima_back(fields: str, size: tuple[int, int]) -> None:
    x = values(2, 3, *size)
    text = layer("Pooling", "x", "y mask", "pooling_param { kernel_size: 2 stride: 2 }") + layer(
        "Upsample", "y mask", "z", f"upsample_param {{ {fields} }}"
    )
    small = pool(x, (2, 2), (2, 2), (0, 0), largest, True)
    close(run(text, {"x": x})["z"], unpooled(small, places(x, 2, 2), size))


def test_upsample_without_places_repeats() -> None:
    x = values(1, 2, 3, 4)
    for field in ("scale: 3", "stride: 3"):
        got = run(layer("Upsample", "x", "y", f"upsample_param {{ {field} }}"), {"x": x})
        close(got["y"], x.repeat(3, 2).repeat(3, 3))


def test_upsampling_stays_reshapeable() -> None:
    text = (
        layer("Input", "", "x", "input_param { shape { dim: 1 dim: 2 dim: 8 dim: 8 } }")
        + layer("Pooling", "x", "y mask", "pooling_param { kernel_size: 2 stride: 2 }")
        + layer("Upsample", "y mask", "z", "upsample_param { scale: 2 }")
    )
    x = values(3, 2, 12, 10)
    want = unpooled(pool(x, (2, 2), (2, 2), (0, 0), largest, True), places(x, 2, 2), (12, 10))
    close(run(text, {"x": x}, input_shape="[?,2,?,?]")["z"], want)


@pytest.mark.parametrize("kind", ["Unpooling", "MaxUnpooling"])
def test_unpooling_takes_the_size_of_its_third_bottom(kind: str) -> None:
    x = values(1, 2, 7, 7)
    text = layer("Pooling", "x", "y mask", "pooling_param { kernel_size: 2 stride: 2 }") + layer(kind, "y mask x", "z")
    want = unpooled(pool(x, (2, 2), (2, 2), (0, 0), largest, True), places(x, 2, 2), (7, 7))
    close(run(text, {"x": x})["z"], want)


# -- pyramids


def pyramid(x: Array, height: int, reduce: Reduce) -> Array:
    parts = []
    size = x.shape[2:]
    for bins in (1 << level for level in range(height)):
        kernel = (math.ceil(size[0] / bins), math.ceil(size[1] / bins))
        pad = ((kernel[0] * bins - size[0] + 1) // 2, (kernel[1] * bins - size[1] + 1) // 2)
        parts.append(pool(x, kernel, kernel, pad, reduce, True).reshape(len(x), -1))
    return np.concatenate(parts, 1)


@pytest.mark.parametrize(("method", "reduce"), [("MAX", largest), ("AVE", mean)])
@pytest.mark.parametrize("size", [(9, 8), (13, 10)])
def test_spatial_pyramid(method: str, reduce: Reduce, size: tuple[int, int]) -> None:
    x = values(2, 3, *size)
    got = run(layer("SPP", "x", "y", f"spp_param {{ pyramid_height: 3 pool: {method} }}"), {"x": x})
    close(got["y"], pyramid(x, 3, reduce))


def test_a_pyramid_of_one_level_stays_an_image() -> None:
    x = values(2, 3, 5, 6)
    close(run(layer("SPP", "x", "y", "spp_param { pyramid_height: 1 }"), {"x": x})["y"], x.max((2, 3), keepdims=True))


@pytest.mark.parametrize(("height", "problem"), [(5, "8 x 8 has too few pixels"), (4000000, "is 4000000"), (0, "is 0")])
def test_a_pyramid_that_is_too_high_is_refused(height: int, problem: str) -> None:
    with pytest.raises(MoError, match=problem):
        run(layer("SPP", "x", "y", f"spp_param {{ pyramid_height: {height} }}"), {"x": values(1, 1, 8, 8)})


def test_a_pyramid_of_any_image() -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = inputs_of({"x": values(1, 2, 8, 8)}) + layer("SPP", "x", "y", "spp_param { pyramid_height: 3 }")
        model = mo_core.convert(write(Path(folder), text, None), input_shape="[1,2,?,?]")
        xml = model.save(Path(folder) / "model.xml")
        for size in ((9, 8), (13, 10)):
            x = values(1, 2, *size)
            close(infer(xml, {"x": x})["y"], pyramid(x, 3, largest))


@pytest.mark.parametrize(
    "fields",
    ["", "kernel_size: 3 pad: 3", "kernel_size: 2 stride: 0", "kernel_size: 2 pool: 7", "global_pooling: true pool: 7"],
)
def test_impossible_windows_are_refused(fields: str) -> None:
    with pytest.raises(MoError) as caught:
        run(layer("Pooling", "x", "y", f"pooling_param {{ {fields} }}"), {"x": values(1, 1, 8, 8)})
    assert 'Pooling "y"' in str(caught.value)


# -- more or fewer axes than an image has


def pool_axes(x: Array, kernel: list[int], stride: list[int], pad: list[int], mean: bool) -> Array:
    """Caffe's rule along each axis; the mean counts padding, and nothing beyond it."""
    counts = [windows(n, *each, True) for n, each in zip(x.shape[2:], zip(kernel, stride, pad))]
    y = np.zeros((*x.shape[:2], *counts), np.float32)
    for place in np.ndindex(*counts):
        starts = [i * s - p for i, s, p in zip(place, stride, pad)]
        stops = [min(a + k, n + p) for a, k, n, p in zip(starts, kernel, x.shape[2:], pad)]
        seen = x[(..., *(slice(max(a, 0), min(b, n)) for a, b, n in zip(starts, stops, x.shape[2:])))]
        axes = tuple(range(2, x.ndim))
        covered = math.prod(b - a for a, b in zip(starts, stops))
        y[(..., *place)] = seen.sum(axes) / covered if mean else seen.max(axes)
    return y


@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "pad"),
    [
        ((2, 3, 6, 7, 8), [2], [2], [0]),
        ((1, 2, 7, 6, 8), [2, 3, 3], [1, 2, 3], [0, 1, 1]),
        ((1, 2, 5, 6, 7), [3], [2], [1]),
        ((2, 3, 9), [3], [2], [0]),
    ],
)
def test_pooling_over_other_numbers_of_axes(
    shape: tuple[int, ...], kernel: list[int], stride: list[int], pad: list[int], mean: bool
) -> None:
    given = {"kernel_size": kernel, "stride": stride, "pad": pad}
    fields = " ".join(f"{name}: {n}" for name, numbers in given.items() for n in numbers)
    x, axes = values(*shape), len(shape) - 2
    rest = f"pooling_param {{ pool: {'AVE' if mean else 'MAX'} {fields} }}"
    every = [numbers * axes if len(numbers) == 1 else numbers for numbers in (kernel, stride, pad)]
    close(run(layer("Pooling", "x", "y", rest), {"x": x})["y"], pool_axes(x, *every, mean))


@pytest.mark.parametrize("method", ["MAX", "AVE"])
def test_global_pooling_over_volumes(method: str) -> None:
    x = values(2, 3, 4, 5, 6)
    got = run(layer("Pooling", "x", "y", f"pooling_param {{ pool: {method} global_pooling: true }}"), {"x": x})
    close(got["y"], (x.max if method == "MAX" else x.mean)((2, 3, 4), keepdims=True))


@pytest.mark.parametrize("block", ["pooling_param", "pooling3d_param"])
def test_pooling_with_a_depth_of_its_own(block: str) -> None:
    x = values(1, 2, 6, 7, 8)
    rest = f"{block} {{ pool: MAX kernel_size: 3 kernel_depth: 2 stride: 2 temporal_stride: 2 pad: 1 }}"
    close(run(layer("Pooling3D", "x", "y", rest), {"x": x})["y"], pool_axes(x, [2, 3, 3], [2, 2, 2], [0, 1, 1], False))


@pytest.mark.parametrize("shape", [(2, 3), (1, 1, 2, 2, 2, 2)])
def test_pooling_needs_one_to_three_axes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=f"a bottom has {len(shape)} axes"):
        run(layer("Pooling", "x", "y", "pooling_param { kernel_size: 2 }"), {"x": values(*shape)})


def test_pooling_behind_a_cut_may_take_images_of_any_size() -> None:
    x = values(1, 3, 8, 6)
    text = inputs_of({"x": x}) + layer("AbsVal", "x", "a")
    text += layer("Pooling", "a", "y", "pooling_param { kernel_size: 2 stride: 2 }")
    text += layer("Pooling", "y", "z", "pooling_param { pool: AVE global_pooling: true }")
    with tempfile.TemporaryDirectory() as folder:
        model = mo_core.convert(write(Path(folder), text, None), input="y")
        got = infer(model.save(Path(folder) / "m.xml"), {model.report.inputs[0].name: x})["z"]
        close(got, pool(x, (2, 2), (2, 2), (0, 0), largest, True).mean((2, 3), keepdims=True))
