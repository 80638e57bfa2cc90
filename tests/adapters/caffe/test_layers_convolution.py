"""Convolutions of all kinds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mo_core.errors import ModelError, MoError
from tests.adapters.caffe.harness import Array, close, inputs_of, layer, opencv, run, same_as_opencv, values


def correlate(x: Array, w: Array, stride: Array, pad: Array, dilation: Array) -> Array:
    """Cross-correlation of N, C, <spatial> with O, C, <spatial>, as it is defined."""
    x = np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in pad]])
    kernel = w.shape[2:]
    sizes = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation)]
    y = np.zeros((x.shape[0], w.shape[0], *sizes), np.float32)
    for tap in itertools.product(*map(range, kernel)):
        part = tuple(slice(t * d, t * d + s * (n - 1) + 1, s) for t, d, s, n in zip(tap, dilation, stride, sizes))
        y += np.einsum("nc...,oc->no...", x[(slice(None), slice(None), *part)], w[(slice(None), slice(None), *tap)])
    return y


@pytest.mark.parametrize(
    ("fields", "filters"),
    [
        ("kernel_size: 3", (6, 4, 3, 3)),
        ("kernel_size: 3 pad: 1 stride: 2", (6, 4, 3, 3)),
        ("kernel_h: 1 kernel_w: 5 pad_h: 0 pad_w: 2", (6, 4, 1, 5)),
        ("kernel_h: 3 kernel_w: 2 stride_h: 2 stride_w: 1", (6, 4, 3, 2)),
        ("kernel_size: 3 dilation: 2 pad: 2", (6, 4, 3, 3)),
        ("kernel_size: 3 group: 2", (6, 2, 3, 3)),
        ("kernel_size: 3 group: 4 pad: 1", (8, 1, 3, 3)),
        ("kernel_size: 1 weight_filler { type: 'msra' } bias_filler { type: 'constant' } engine: CUDNN", (6, 4, 1, 1)),
    ],
)
@pytest.mark.parametrize("bias", [True, False])
def test_convolution(fields: str, filters: tuple[int, ...], bias: bool) -> None:
    rest = f"convolution_param {{ num_output: {filters[0]} {fields} bias_term: {str(bias).lower()} }}"
    blobs = [values(*filters, seed=1), *([values(filters[0], seed=2)] if bias else [])]
    same_as_opencv(layer("Convolution", "x", "y", rest), {"x": values(2, 4, 9, 8)}, {"y": blobs})


def test_each_axis_has_its_own_numbers() -> None:
    x, w = values(1, 3, 9, 8), values(2, 3, 3, 2, seed=1)
    rest = (
        "convolution_param { num_output: 2 bias_term: false kernel_size: 3 kernel_size: 2 stride: 2 stride: 1 "
        "pad: 0 pad: 1 dilation: 1 dilation: 3 }"
    )
    got = run(layer("Convolution", "x", "y", rest), {"x": x}, {"y": [w]})
    close(got["y"], correlate(x, w, (2, 1), (0, 1), (1, 3)))


@pytest.mark.parametrize(
    ("kind", "holes", "same"),
    [
        ("Convolution", "hole: 2", "dilation: 2"),
        ("Convolution", "hole_h: 2 hole_w: 3", "dilation: 2 dilation: 3"),
        ("HoleConvolution", "hole: 2", "dilation: 2"),
    ],
)
def test_forks_call_the_dilation_hole(kind: str, holes: str, same: str) -> None:
    feeds, blobs = {"x": values(1, 2, 9, 9)}, {"y": [values(3, 2, 3, 3)]}
    fields = "num_output: 3 bias_term: false kernel_size: 3"
    got = [
        run(layer(k, "x", "y", f"convolution_param {{ {fields} {f} }} strict_dim: false"), feeds, blobs)
        for k, f in ((kind, holes), ("Convolution", same))
    ]
    close(got[0]["y"], got[1]["y"])


@pytest.mark.parametrize("spatial", [(11,), (5, 6, 4)])
def test_one_and_three_spatial_axes(spatial: tuple[int, ...]) -> None:
    axes = len(spatial)
    x, w, b = values(2, 3, *spatial), values(4, 3, *[3] * axes, seed=1), values(4, seed=2)
    rest = "convolution_param { num_output: 4 kernel_size: 3 pad: 1 stride: 2 }"
    got = run(layer("Convolution", "x", "y", rest), {"x": x}, {"y": [w, b]})
    want = correlate(x, w, (2,) * axes, (1,) * axes, (1,) * axes) + b.reshape(4, *[1] * axes)
    close(got["y"], want)


@pytest.mark.parametrize(("axis", "shape"), [(0, (3, 6, 7)), (2, (2, 2, 3, 6, 7)), (-3, (2, 2, 3, 6, 7))])
def test_the_channels_may_be_another_axis(axis: int, shape: tuple[int, ...]) -> None:
    x, w = values(*shape), values(4, 3, 3, 3, seed=1)
    rest = f"convolution_param {{ num_output: 4 bias_term: false kernel_size: 3 axis: {axis} }}"
    got = run(layer("Convolution", "x", "y", rest), {"x": x}, {"y": [w]})
    want = correlate(x.reshape(-1, 3, 6, 7), w, (1, 1), (0, 0), (1, 1))
    close(got["y"], want.reshape(*shape[:-3], 4, 4, 5))


def test_several_bottoms_go_through_the_same_filters() -> None:
    feeds = {"a": values(1, 3, 6, 6), "b": values(1, 3, 6, 6, seed=5)}
    w = values(2, 3, 3, 3, seed=1)
    rest = "convolution_param { num_output: 2 bias_term: false kernel_size: 3 }"
    got = run(layer("Convolution", "a b", "y z", rest, name="conv"), feeds, {"conv": [w]})
    for source, target in (("a", "y"), ("b", "z")):
        close(got[target], correlate(feeds[source], w, (1, 1), (0, 0), (1, 1)))


def test_filters_may_come_from_the_network() -> None:
    x, w = values(1, 3, 6, 6), values(2, 3, 3, 3, seed=1)
    rest = "convolution_param { num_output: 2 kernel_size: 3 bias_term: false }"
    close(run(layer("Convolution", "x w", "y", rest), {"x": x, "w": w})["y"], correlate(x, w, (1, 1), (0, 0), (1, 1)))


@pytest.mark.parametrize("kind", ["DepthwiseConvolution", "ConvolutionDepthwise"])
@pytest.mark.parametrize("group", ["", "group: 4"])
def test_depthwise(kind: str, group: str) -> None:
    x, w, b = values(2, 4, 7, 7), values(4, 1, 3, 3, seed=1), values(4, seed=2)
    rest = f"convolution_param {{ num_output: 4 kernel_size: 3 pad: 1 {group} }}"
    got = run(layer(kind, "x", "y", rest), {"x": x}, {"y": [w, b]})
    parts = [correlate(x[:, c : c + 1], w[c : c + 1], (1, 1), (1, 1), (1, 1)) for c in range(4)]
    close(got["y"], np.concatenate(parts, 1) + b.reshape(4, 1, 1))


@pytest.mark.parametrize(
    ("fields", "filters"),
    [
        ("kernel_size: 4 stride: 2 pad: 1", (4, 6, 4, 4)),
        ("kernel_size: 3", (4, 6, 3, 3)),
        ("kernel_h: 3 kernel_w: 2 stride_h: 1 stride_w: 2", (4, 6, 3, 2)),
    ],
)
def test_deconvolution(fields: str, filters: tuple[int, ...]) -> None:
    rest = f"convolution_param {{ num_output: {filters[1]} {fields} }}"
    blobs = [values(*filters, seed=1), values(filters[1], seed=2)]
    same_as_opencv(layer("Deconvolution", "x", "y", rest), {"x": values(2, 4, 5, 6)}, {"y": blobs})


def spread(x: Array, w: Array, stride: int, pad: int, dilation: int) -> Array:
    """The transpose of a convolution with I, O, Y, X filters."""
    size = [stride * (n - 1) + dilation * (k - 1) + 1 for n, k in zip(x.shape[2:], w.shape[2:])]
    y = np.zeros((x.shape[0], w.shape[1], *size), np.float32)
    for i, j in itertools.product(*map(range, w.shape[2:])):
        rows = slice(i * dilation, i * dilation + stride * (x.shape[2] - 1) + 1, stride)
        columns = slice(j * dilation, j * dilation + stride * (x.shape[3] - 1) + 1, stride)
        y[:, :, rows, columns] += np.einsum("nihw,io->nohw", x, w[:, :, i, j])
    return y[:, :, pad : size[0] - pad, pad : size[1] - pad]


@pytest.mark.parametrize(("group", "dilation"), [(1, 2), (2, 1), (4, 1)])
def test_deconvolution_with_groups_and_dilation(group: int, dilation: int) -> None:
    x, w = values(1, 4, 5, 4), values(4, 8 // group, 4, 4, seed=1)
    rest = (
        f"convolution_param {{ num_output: 8 kernel_size: 4 stride: 2 pad: 1 group: {group} dilation: {dilation} "
        "bias_term: false }"
    )
    got = run(layer("Deconvolution", "x", "y", rest), {"x": x}, {"y": [w]})
    each = 4 // group
    groups = [slice(g * each, g * each + each) for g in range(group)]
    parts = [spread(x[:, g], w[g], 2, 1, dilation) for g in groups]
    close(got["y"], np.concatenate(parts, 1))


def test_bilinear_upsampling_by_a_grouped_deconvolution() -> None:
    ramp = np.array([0.25, 0.75, 0.75, 0.25], np.float32)
    w = np.tile(np.outer(ramp, ramp), (3, 1, 1, 1)).astype(np.float32)
    rest = "convolution_param { num_output: 3 kernel_size: 4 stride: 2 pad: 1 group: 3 bias_term: false }"
    same_as_opencv(layer("Deconvolution", "x", "y", rest), {"x": values(1, 3, 5, 5)}, {"y": [w]})


@pytest.mark.parametrize(("stride", "pad", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2)])
def test_im2col(stride: int, pad: int, dilation: int) -> None:
    x = values(2, 3, 6, 7)
    rest = f"convolution_param {{ kernel_size: 3 stride: {stride} pad: {pad} dilation: {dilation} }}"
    padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    sizes = [(n - 2 * dilation - 1) // stride + 1 for n in padded.shape[2:]]
    taps = [
        padded[:, :, i : i + stride * (sizes[0] - 1) + 1 : stride, j : j + stride * (sizes[1] - 1) + 1 : stride]
        for i, j in itertools.product(range(0, 3 * dilation, dilation), repeat=2)
    ]
    close(run(layer("Im2col", "x", "y", rest), {"x": x})["y"], np.stack(taps, 2).reshape(2, 27, *sizes))


def test_binary_convolution_takes_signs_and_the_mean_magnitude() -> None:
    x, border, w = values(1, 32, 6, 6), values(32, seed=1), values(8, 32, 3, 3, seed=2)
    text = layer("Binarization", "x", "b") + layer(
        "ConvolutionBinary", "b", "y", "convolution_param { num_output: 8 kernel_size: 3 bias_term: false }"
    )
    got = run(text, {"x": x}, {"b": [border], "y": [w]})
    signs = np.where(x > border.reshape(1, 32, 1, 1), 1, -1).astype(np.float32)
    want = correlate(signs, np.where(w > 0, 1, -1).astype(np.float32), (1, 1), (0, 0), (1, 1))
    close(got["y"], want * np.abs(w).mean((1, 2, 3)).reshape(1, 8, 1, 1))


def test_the_batch_and_the_image_may_change_afterwards() -> None:
    w = values(2, 3, 3, 3, seed=1)
    text = inputs_of({"x": values(1, 3, 8, 8)}) + layer(
        "Convolution", "x", "y", "convolution_param { num_output: 2 kernel_size: 3 bias_term: false }"
    )
    for shape in ((1, 3, 8, 8), (4, 3, 8, 8), (2, 3, 15, 9)):
        x = values(*shape)
        close(run(text, {"x": x}, {"y": [w]})["y"], correlate(x, w, (1, 1), (0, 0), (1, 1)))


# -- what is refused


@pytest.mark.parametrize(
    ("fields", "filters", "problem"),
    [
        ("num_output: 5 kernel_size: 3 group: 2", (5, 2, 3, 3), "5 filters cannot be divided into 2 groups"),
        ("num_output: 6 kernel_size: 3", (6, 3, 3, 3), "numbers of input channels"),
        ("num_output: 6 kernel_size: 3 stride: 0", (6, 4, 3, 3), "must be positive"),
        ("num_output: 6 kernel_size: 3 stride: 1 stride: 1 stride: 1", (6, 4, 3, 3), "stride is given 3 times"),
        ("num_output: 6 kernel_size: 30", (6, 4, 30, 30), "30"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_name_of_the_layer(
    fields: str, filters: tuple[int, ...], problem: str
) -> None:
    rest = f"convolution_param {{ {fields} bias_term: false }}"
    with pytest.raises(MoError, match=problem) as caught:
        run(layer("Convolution", "x", "y", rest), {"x": values(2, 4, 9, 8)}, {"y": [values(*filters)]})
    assert 'Convolution "y"' in str(caught.value)


def test_an_impossible_kernel_of_im2col_is_refused_at_once() -> None:
    with pytest.raises(ModelError, match="impossible"):
        run(layer("Im2col", "x", "y", "convolution_param { kernel_size: 4000000000 }"), {"x": values(1, 3, 4, 4)})


@pytest.mark.parametrize("block", ["convolution_param", "convolution3d_param"])
def test_a_convolution_with_a_depth_of_its_own(block: str) -> None:
    x, w, b = values(1, 2, 5, 6, 7), values(4, 2, 3, 3, 3, seed=1), values(4, seed=2)
    rest = f"{block} {{ num_output: 4 kernel_size: 3 kernel_depth: 3 pad: 1 temporal_pad: 1 stride: 2 }}"
    got = run(layer("Convolution3D", "x", "y", rest), {"x": x}, {"y": [w, b]})
    want = correlate(x, w, np.array([1, 2, 2]), np.array([1, 1, 1]), np.array([1, 1, 1]))
    close(got["y"], want + b.reshape(1, 4, 1, 1, 1))


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_those_of_any_number_of_axes(kind: str) -> None:
    """What forks call ND is what Caffe computes itself."""
    rest = "convolution_param { num_output: 4 kernel_size: 3 stride: 2 pad: 1 }"
    shape = (4, 3, 3, 3) if kind == "Convolution" else (3, 4, 3, 3)
    feeds, blobs = {"x": values(1, 3, 6, 7)}, {"y": [values(*shape), values(4, seed=1)]}
    want = opencv(layer(kind, "x", "y", rest), feeds, blobs)["y"]
    close(run(layer(f"{kind}ND", "x", "y", rest), feeds, blobs)["y"], want)
