"""Layers that move values and compute nothing."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.errors import ModelError, MoError
from tests.adapters.caffe.harness import Array, close, convert, inputs_of, layer, run, same_as_opencv, values

X = {"x": values(2, 6, 4, 5)}
x = X["x"]


def one(kind: str, rest: str = "", block: str = "") -> Array:
    return run(layer(kind, "x", "y", f"{block} {{ {rest} }}" if block else rest), X)["y"]


# -- Reshape, Flatten, Permute


@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        ("shape { dim: 0 dim: -1 }", (2, 120)),
        ("shape { dim: 0 dim: 3 dim: -1 dim: 5 }", (2, 3, 8, 5)),
        ("shape { dim: 2 dim: 0 dim: 20 }", (2, 6, 20)),
        ("shape { dim: 4 dim: 3 } axis: 0 num_axes: 2", (4, 3, 4, 5)),
        ("shape { dim: 3 dim: 2 } axis: 1 num_axes: 1", (2, 3, 2, 4, 5)),
        ("shape { dim: -1 } axis: 1 num_axes: 2", (2, 24, 5)),
        ("shape { dim: 0 dim: -1 dim: 2 } axis: 1 num_axes: 2", (2, 6, 2, 2, 5)),
        ("shape { dim: 1 } axis: 2 num_axes: 0", (2, 6, 1, 4, 5)),
        ("shape { dim: 1 } axis: -1 num_axes: 0", (2, 6, 4, 5, 1)),
        ("shape { dim: 20 } axis: -3", (2, 6, 20)),
        ("shape { } axis: 1 num_axes: 0", (2, 6, 4, 5)),
    ],
)
def test_reshape(fields: str, shape: tuple[int, ...]) -> None:
    close(one("Reshape", fields, "reshape_param"), x.reshape(shape))


@pytest.mark.parametrize(
    "fields",
    [
        "shape { dim: 7 dim: -1 }",
        "shape { dim: -1 dim: -1 }",
        "shape { dim: -2 }",
        "shape { dim: 2 dim: 6 dim: 4 dim: 5 dim: 0 }",
        "shape { dim: 2 } num_axes: 9",
        "shape { dim: 9223372036854775807 dim: 0 }",
    ],
)
def test_an_impossible_shape_is_refused(fields: str) -> None:
    with pytest.raises(MoError) as caught:
        one("Reshape", fields, "reshape_param")
    assert 'Reshape "y"' in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        ("", (2, 120)),
        ("axis: 2", (2, 6, 20)),
        ("axis: 0", (240,)),
        ("axis: 1 end_axis: 2", (2, 24, 5)),
        ("axis: 0 end_axis: 1", (12, 4, 5)),
        ("axis: -2", (2, 6, 20)),
        ("axis: 1 end_axis: 1", (2, 6, 4, 5)),
    ],
)
def test_flatten(fields: str, shape: tuple[int, ...]) -> None:
    close(one("Flatten", fields, "flatten_param"), x.reshape(shape))


def test_flatten_as_opencv() -> None:
    same_as_opencv(layer("Flatten", "x", "y"), X)
    same_as_opencv(layer("Flatten", "x", "y", "flatten_param { axis: 1 end_axis: 2 }"), X)


@pytest.mark.parametrize(("order", "full"), [((0, 2, 3, 1), (0, 2, 3, 1)), ((1,), (1, 0, 2, 3)), ((), (0, 1, 2, 3))])
def test_permute(order: tuple[int, ...], full: tuple[int, ...]) -> None:
    fields = " ".join(f"order: {axis}" for axis in order)
    close(one("Permute", fields, "permute_param"), x.transpose(full))


@pytest.mark.parametrize("order", ["order: 0 order: 0", "order: 4"])
def test_an_impossible_order_is_refused(order: str) -> None:
    with pytest.raises(ModelError, match="order"):
        one("Permute", order, "permute_param")


def test_shapes_follow_the_image() -> None:
    """A chain of layers, made for one size and reshaped on the runtime."""
    text = (
        inputs_of(X)
        + layer("Permute", "x", "p", "permute_param { order: 0 order: 2 order: 3 order: 1 }")
        + layer("Flatten", "p", "f", "flatten_param { axis: 1 end_axis: 2 }")
        + layer("Reshape", "x", "r", "reshape_param { shape { dim: 3 dim: 2 } axis: 1 num_axes: 1 }")
        + layer("Slice", "x", "s1 s2", "slice_param { axis: 2 slice_point: 1 }")
        + layer("Crop", "x s2", "c", "crop_param { axis: 2 offset: 1 offset: 0 }")
    )
    for shape in ((2, 6, 4, 5), (1, 6, 7, 3)):
        a = values(*shape)
        got = run(text, {"x": a})
        close(got["f"], a.transpose(0, 2, 3, 1).reshape(shape[0], -1, 6))
        close(got["r"], a.reshape(shape[0], 3, 2, *shape[2:]))
        close(got["c"], a[:, :, 1:])


# -- Concat, Slice, Split, Tile


@pytest.mark.parametrize("fields", ["", "concat_dim: 1", "axis: 1", "axis: -3"])
def test_concat_along_channels(fields: str) -> None:
    feeds = {"x": x, "z": values(2, 3, 4, 5, seed=1)}
    got = run(layer("Concat", "x z x", "y", f"concat_param {{ {fields} }}"), feeds)
    close(got["y"], np.concatenate([x, feeds["z"], x], 1))


def test_concat_along_other_axes() -> None:
    for axis in (0, 2, -1):
        got = run(layer("Concat", "x x", "y", f"concat_param {{ axis: {axis} }}"), X)
        close(got["y"], np.concatenate([x, x], axis))


def test_concat_of_one() -> None:
    close(run(layer("Concat", "x", "y"), X)["y"], x)


def test_slice() -> None:
    got = run(layer("Slice", "x", "a b c"), X)
    for name, want in zip("abc", np.split(x, 3, 1)):
        close(got[name], want)
    for field in ("axis: 1", "slice_dim: 1", "axis: -3"):
        got = run(layer("Slice", "x", "a b c", f"slice_param {{ {field} slice_point: 1 slice_point: 4 }}"), X)
        for name, want in zip("abc", np.split(x, [1, 4], 1)):
            close(got[name], want)


def test_slice_as_opencv() -> None:
    text = layer("Slice", "x", "a b", "slice_param { axis: 2 slice_point: 3 }")
    same_as_opencv(text + layer("AbsVal", "a", "c") + layer("AbsVal", "b", "d"), X)


@pytest.mark.parametrize("points", ["slice_point: 6", "slice_point: 1 slice_point: 2", "slice_point: 0"])
def test_impossible_slices_are_refused(points: str) -> None:
    with pytest.raises(ModelError, match="slice_point"):
        run(layer("Slice", "x", "a b", f"slice_param {{ {points} }}"), X)


def test_split_and_silence() -> None:
    text = layer("Split", "x", "a b") + layer("AbsVal", "a", "c") + layer("ELU", "b", "d") + layer("Silence", "d", "")
    got = run(text, X)
    assert set(got) == {"c"}
    close(got["c"], np.abs(x))


@pytest.mark.parametrize(("axis", "tiles"), [(1, 3), (0, 2), (-1, 2)])
def test_tile(axis: int, tiles: int) -> None:
    repeats = [1, 1, 1, 1]
    repeats[axis] = tiles
    close(one("Tile", f"axis: {axis} tiles: {tiles}", "tile_param"), np.tile(x, repeats))


def test_shuffle_channel() -> None:
    want = x.reshape(2, 3, 2, 4, 5).transpose(0, 2, 1, 3, 4).reshape(x.shape)
    close(one("ShuffleChannel", "group: 3", "shuffle_channel_param"), want)
    same_as_opencv(layer("ShuffleChannel", "x", "y", "shuffle_channel_param { group: 2 }"), X)


def test_reverse() -> None:
    close(one("Reverse", "axis: 2", "reverse_param"), x[:, :, ::-1])
    close(one("Reverse"), x[::-1])
    close(one("ReverseAxis", "axis: 1", "reverse_param"), x[:, ::-1])


def test_reshape_like_takes_the_shape_of_its_second_bottom() -> None:
    feeds = {"a": values(2, 3, 4), "like": values(4, 6, 1)}
    close(run(layer("ReshapeLike", "a like", "y"), feeds)["y"], feeds["a"].reshape(4, 6, 1))


# -- Crop


@pytest.mark.parametrize(
    ("fields", "want"),
    [
        ("", x[:, :, :2, :3]),
        ("offset: 1", x[:, :, 1:3, 1:4]),
        ("offset: 2 offset: 0", x[:, :, 2:4, :3]),
        ("axis: 1 offset: 3 offset: 1 offset: 2", x[:, 3:6, 1:3, 2:5]),
        ("axis: 3 offset: 1", x[:, :, :, 1:4]),
        ("axis: -1", x[:, :, :, :3]),
    ],
)
def test_crop(fields: str, want: Array) -> None:
    like = values(2, 3, 2, 3)
    text = layer("Crop", "x like", "y", f"crop_param {{ {fields} }}") + layer("AbsVal", "like", "z")
    got = run(text, {**X, "like": like})
    close(got["y"], want)


def test_crop_as_opencv() -> None:
    feeds = {**X, "like": values(2, 6, 2, 3)}
    text = layer("Crop", "x like", "y", "crop_param { axis: 2 offset: 1 offset: 2 }")
    close(run(text, feeds)["y"], x[:, :, 1:3, 2:5])
    same_as_opencv(text + layer("AbsVal", "like", "z"), feeds)


OLD_FCN = """
input: "x" input_dim: 1 input_dim: 1 input_dim: 20 input_dim: 24
layers { name: "c1" type: CONVOLUTION bottom: "x" top: "c1" convolution_param { num_output: 1 kernel_size: 3 pad: 10 } }
layers { name: "r1" type: RELU bottom: "c1" top: "c1" }
layers { name: "p1" type: POOLING bottom: "c1" top: "p1" pooling_param { kernel_size: 2 stride: 2 } }
layers { name: "c2" type: CONVOLUTION bottom: "p1" top: "c2" convolution_param { num_output: 1 kernel_size: 5 } }
layers { name: "up" type: DECONVOLUTION bottom: "c2" top: "up"
  convolution_param { num_output: 1 kernel_size: 4 stride: 2 bias_term: false } }
layers { name: "crop" type: CROP bottom: "up" bottom: "x" top: "crop" }
"""


def test_the_first_fully_convolutional_networks_do_not_state_their_offsets() -> None:
    """x to c1: 1 - 10; to p1: 2 i + 1/2; to c2: 2; back through up: (i - 3/2) / 2. In all, x begins at 6 of up."""
    ones = np.ones((1, 1, 3, 3), np.float32)
    blobs = {
        "c1": [ones, np.zeros(1, np.float32)],
        "c2": [np.ones((1, 1, 5, 5), np.float32), np.zeros(1, np.float32)],
        "up": [np.ones((1, 1, 4, 4), np.float32)],
    }
    feeds = {"x": values(1, 1, 20, 24)}
    whole = run(OLD_FCN, feeds, blobs, output="up")["up"]
    got = run(OLD_FCN, feeds, blobs)["crop"]
    close(got, whole[:, :, 6:26, 6:30])


def test_forks_crop_to_a_given_size() -> None:
    close(one("Crop", "axis: 2 dim: 2 dim: 3 offset: 1", "crop_param"), x[:, :, 1:3, 1:4])


def test_a_crop_beyond_the_border_is_refused() -> None:
    text = layer("Crop", "x like", "y", "crop_param { axis: 2 offset: 3 }")
    with pytest.raises(ModelError, match="axis 2 has 4 values, and 2 are to be taken from 3 on"):
        run(text, {**X, "like": values(2, 6, 2, 2)})


# -- rows by number


def test_batch_reindex() -> None:
    chosen = np.array([1, 1, 0], np.float32)
    close(run(layer("BatchReindex", "x i", "y"), {**X, "i": chosen})["y"], x[[1, 1, 0]])


def test_filter_keeps_the_chosen_images() -> None:
    a, b = values(4, 3), values(4, 2, 2, seed=1)
    keep = np.array([1, 0, 0, 1], np.float32)
    got = run(layer("Filter", "a b keep", "c d"), {"a": a, "b": b, "keep": keep})
    close(got["c"], a[[0, 3]])
    close(got["d"], b[[0, 3]])


def test_parameter_is_a_learned_blob_by_itself() -> None:
    blob = values(2, 6, 4, 5, seed=3)
    text = layer("Parameter", "", "p", "parameter_param { shape { dim: 2 dim: 6 dim: 4 dim: 5 } }")
    got = run(inputs_of(X) + text + layer("Eltwise", "x p", "y"), X, {"p": [blob]})
    close(got["y"], x + blob)


def test_a_blob_may_stand_in_the_prototxt() -> None:
    text = layer("Scale", "x", "y", "blobs { shape { dim: 6 } data: 1 data: 2 data: 3 data: 4 data: 5 data: 6 }")
    close(run(text, X)["y"], x * np.arange(1, 7, dtype=np.float32).reshape(6, 1, 1))


def test_a_written_blob_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(ModelError, match=r"shape \[7\] and 2 values"):
        run(layer("Scale", "x", "y", "blobs { shape { dim: 7 } data: 1 data: 2 }"), X)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('bottom: "up" bottom: "x"', 'bottom: "up"', "a crop needs two"),
        ("stride: 2 bias", "stride: 3 bias", "cannot be aligned"),
        ("pad: 10", "pad: 0", "cannot be aligned"),
        ('bottom: "x" top: "crop"', 'bottom: "z" top: "crop"', "no common ancestor"),
    ],
)
def test_bottoms_that_nothing_aligns_are_refused(old: str, new: str, problem: str) -> None:
    text = OLD_FCN.replace(old, new)
    if '"z"' in text:
        text = text.replace("input_dim: 24", "input_dim: 24 input: 'z' " + "input_dim: 1 " * 4)
    with pytest.raises(ModelError, match=problem) as caught:
        convert(text)
    assert 'layer "crop"' in str(caught.value)
