"""Pooling, pyramids and unpooling, against Caffe's rules written out."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from mo_core.errors import MoError, Unsupported
from tests.adapters.caffe.harness import Array, close, layer, positive, run, same_as_opencv, values

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
    (3, 2, 0), (3, 2, 1), (2, 2, 0), (2, 2, 1), (3, 3, 1), (5, 3, 2), (3, 1, 1), (3, 4, 1), (7, 1, 3), (2, 1, 0)
]  # fmt: skip


@pytest.mark.parametrize(("kernel", "stride", "pad"), GEOMETRIES)
@pytest.mark.parametrize(("method", "reduce"), [("MAX", largest), ("AVE", mean)])
def test_pooling_follows_the_border_rules(kernel: int, stride: int, pad: int, method: str, reduce: Reduce) -> None:
    fields = f"pool: {method} kernel_size: {kernel} stride: {stride} pad: {pad}"
    for size in ((8, 9), (7, 10)):
        x = values(2, 3, *size)
        want = pool(x, (kernel, kernel), (stride, stride), (pad, pad), reduce, True)
        close(run(layer("Pooling", "x", "y", f"pooling_param {{ {fields} }}"), {"x": x})["y"], want)


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


def test_unpooling_takes_the_size_of_its_third_bottom() -> None:
    x = values(1, 2, 7, 7)
    text = layer("Pooling", "x", "y mask", "pooling_param { kernel_size: 2 stride: 2 }") + layer(
        "Unpooling", "y mask x", "z"
    )
    want = unpooled(pool(x, (2, 2), (2, 2), (0, 0), largest, True), places(x, 2, 2), (7, 7))
    close(run(text, {"x": x})["z"], want)


# -- pyramids


@pytest.mark.parametrize(("method", "reduce"), [("MAX", largest), ("AVE", mean)])
@pytest.mark.parametrize("size", [(9, 8), (13, 10)])
def test_spatial_pyramid(method: str, reduce: Reduce, size: tuple[int, int]) -> None:
    x = values(2, 3, *size)
    parts = []
    for bins in (1, 2, 4):
        kernel = (math.ceil(size[0] / bins), math.ceil(size[1] / bins))
        pad = ((kernel[0] * bins - size[0] + 1) // 2, (kernel[1] * bins - size[1] + 1) // 2)
        parts.append(pool(x, kernel, kernel, pad, reduce, True).reshape(2, -1))
    got = run(layer("SPP", "x", "y", f"spp_param {{ pyramid_height: 3 pool: {method} }}"), {"x": x})
    close(got["y"], np.concatenate(parts, 1))


def test_a_pyramid_of_one_level_stays_an_image() -> None:
    x = values(2, 3, 5, 6)
    close(run(layer("SPP", "x", "y", "spp_param { pyramid_height: 1 }"), {"x": x})["y"], x.max((2, 3), keepdims=True))


def test_a_pyramid_that_is_too_high_is_refused() -> None:
    with pytest.raises(MoError, match="too few pixels for level"):
        run(layer("SPP", "x", "y", "spp_param { pyramid_height: 4000000 }"), {"x": values(1, 1, 8, 8)})


def test_a_pyramid_needs_the_size_of_the_image() -> None:
    text = layer("SPP", "x", "y", "spp_param { pyramid_height: 2 }")
    with pytest.raises(Unsupported, match="depend on the size"):
        run(text, {"x": values(1, 1, 8, 8)}, input_shape="[1,1,?,8]")


@pytest.mark.parametrize("fields", ["", "kernel_size: 3 pad: 3", "kernel_size: 2 stride: 0", "kernel_size: 2 pool: 7"])
def test_impossible_windows_are_refused(fields: str) -> None:
    with pytest.raises(MoError) as caught:
        run(layer("Pooling", "x", "y", f"pooling_param {{ {fields} }}"), {"x": values(1, 1, 8, 8)})
    assert 'Pooling "y"' in str(caught.value)
