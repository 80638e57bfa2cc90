"""--reverse_input_channels goes into the weights of the first layer, past everything that treats channels alike."""

from __future__ import annotations

import numpy as np
import pytest

from tests.core.transforms.command import Command, largest_difference

INPUT = '%x = Parameter : f32[1,3,8,8] "data"\n'
LAST = """
    %w = Constant random(7) : f32[4,{channels},1,1] "weights"
    %c = Convolution(%last, %w) {{strides=[1,1], pads_begin=[0,0], pads_end=[0,0], dilations=[1,1]}} "conv" <"y">
    return %c
"""
DEPTHWISE = """
    %f = Constant random(8) : f32[3,{each},1,3,3] "filters"
    %d = GroupConvolution({x}, %f) {{strides=[1,1], pads_begin=[1,1], pads_end=[1,1], dilations=[1,1]}} "depthwise"
"""
RESIZE = '%last = Interpolate(%x, [16,16], [2,3]) {mode="linear", shape_calculation_mode="sizes", nearest_mode="floor"} "resize"'
POOL = (
    "%last = MaxPool(%x) {strides=[2,2], dilations=[1,1], pads_begin=[0,0], pads_end=[0,0], kernel=[2,2], "
    'rounding_type="floor", auto_pad="explicit", index_element_type=i64, axis=0} "pool"'
)


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


def layers_of_reversed(command: Command, text: str) -> list[str]:
    """The layers with reversed channels, after a comparison with the model on reversed data."""
    plain, reversed_ = command.convert(text), command.convert(text, "--reverse_input_channels")
    x = np.random.default_rng(5).normal(size=(1, 3, 8, 8)).astype(np.float32)
    (got,), (wanted,) = reversed_.run({"data": x}), plain.run({"data": np.flip(x, 1).copy()})
    assert largest_difference(got, wanted) <= 1e-5
    return reversed_.layers


@pytest.mark.parametrize(
    ("ahead", "layer"),
    [
        ('%last = Pad(%x, [0,0,1,1], [0,0,1,1]) {pad_mode="reflect"} "pad"', "Pad"),
        (RESIZE, "Interpolate"),
        (POOL, "MaxPool"),
        ('%last = Clamp(%x) {min=-1.0, max=1.0} "clamp"', "Clamp"),
        ('%last = SoftSign(%x) "softsign"', "SoftSign"),
        ('%last = MVN(%x, [2, 3]) {eps=0.001, normalize_variance=true, eps_mode=inside_sqrt} "mvn"', "MVN"),
        ('%last = Softmax(%x) {axis=3} "softmax"', "SoftMax"),
        ('%last = ReduceMean(%x, [2]) {keep_dims=true} "mean"', "ReduceMean"),
    ],
)
def test_it_passes_what_treats_channels_alike(command, ahead, layer):
    assert layers_of_reversed(command, INPUT + ahead + LAST.format(channels=3)) == [layer, "Convolution"]


@pytest.mark.parametrize("each", [1, 2])
def test_it_passes_a_depthwise_convolution_with_its_bias_and_activation(command, each):
    text = (
        INPUT
        + DEPTHWISE.format(x="%x", each=each)
        + f'%b = Constant random(9) : f32[1,{3 * each},1,1] "bias"\n%a = Add(%d, %b) "add"\n%last = ReLU(%a) "relu"'
        + LAST.format(channels=3 * each)
    )
    assert layers_of_reversed(command, text) == ["GroupConvolution", "Add", "ReLU", "Convolution"]


def test_it_stays_ahead_of_a_depthwise_convolution_that_is_the_last_layer(command):
    text = INPUT + DEPTHWISE.format(x="%x", each=1) + "return %d"
    assert layers_of_reversed(command, text.replace('"depthwise"', '"depthwise" <"y">')) == [
        "Gather",
        "GroupConvolution",
    ]


def test_it_stays_ahead_of_what_mixes_channels_with_other_axes(command):
    text = INPUT + '%last = Reshape(%x, [1,192,1,1]) {special_zero=false} "flat"' + LAST.format(channels=192)
    assert layers_of_reversed(command, text) == ["Gather", "Reshape", "Convolution"]


def test_it_stays_where_another_reader_needs_the_order(command):
    text = (
        INPUT
        + '%last = Clamp(%x) {min=-1.0, max=1.0} "clamp"'
        + LAST.format(channels=3).replace(
            "return %c", '%m = ReduceMax(%last, [2,3]) {keep_dims=false} "most" <"z">\nreturn %c, %m'
        )
    )
    plain, reversed_ = command.convert(text), command.convert(text, "--reverse_input_channels")
    x = np.random.default_rng(5).normal(size=(1, 3, 8, 8)).astype(np.float32)
    for got, wanted in zip(reversed_.run({"data": x}), plain.run({"data": np.flip(x, 1).copy()}), strict=True):
        assert largest_difference(got, wanted) <= 1e-5
    assert sorted(reversed_.layers) == ["Clamp", "Convolution", "Gather", "ReduceMax"]
