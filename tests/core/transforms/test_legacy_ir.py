"""IR version 10: read by the runtime, with the names that users know."""

from __future__ import annotations

import numpy as np
import pytest

from tests.core.transforms.command import Command


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


def names(model):
    compiled = model.compiled()
    return [sorted(p.names) for p in compiled.inputs], [sorted(p.names) for p in compiled.outputs]


TWO = """
    %x = Parameter : f32[1,4] "node" <"data:0", "data">
    %r = ReLU(%x) "relu" <"y">
    %s = Sigmoid(%r) "y" <"z">
    return %r, %s
"""


def test_nodes_are_called_like_tensors(command):
    model = command.convert(TWO, "--ir_version", "10")
    assert model.net.get("version") == "10"
    assert names(model) == ([["data:0"]], [["y"], ["z"]])
    x = np.float32([[-1, 0, 1, 2]])
    relu = np.maximum(x, 0)
    got = model.run({"data:0": x})
    assert np.allclose(got[0], relu) and np.allclose(got[1], 1 / (1 + np.exp(-relu)))


def test_version_11_has_tensor_names_of_their_own(command):
    model = command.convert(TWO)
    assert model.net.get("version") == "11"
    assert names(model) == ([["data", "data:0"]], [["y"], ["z"]])


def test_an_inner_node_gives_way(command):
    text = """
        %x = Parameter : f32[1,4] "data"
        %r = ReLU(%x) "out"
        %s = Sigmoid(%r) "sigmoid" <"out">
        return %s
    """
    model = command.convert(text, "--ir_version", "10")
    assert [layer.get("name") for layer in model.net.iter("layer")][1:3] == ["out_1", "out"]
    assert names(model) == ([["data"]], [["out"]])


@pytest.mark.parametrize("outputs", ["%r, %x", "%r, %r"])
def test_an_input_or_one_tensor_twice_as_output(command, outputs):
    text = f'%x = Parameter : f32[1,4] "data"\n%r = ReLU(%x) "relu" <"y">\nreturn {outputs}\n'
    model = command.convert(text, "--ir_version", "10")
    assert names(model)[0] == [["data"]]
    x = np.float32([[-1, 0, 1, 2]])
    got = model.run({"data": x})
    assert np.array_equal(got[0], np.maximum(x, 0)) and np.array_equal(got[1], x if "%x" in outputs else got[0])


def test_one_of_several_results_is_told(command, capsys):
    text = """
        %x = Parameter : f32[2,4] "data"
        %a, %b = Split(%x, 1) {num_splits=2} "split" <"a"> <"b">
        return %b
    """
    model = command.convert(text, "--ir_version", "10")
    assert names(model)[1] == [["split.1"]]
    assert 'calls the output "b" "split.1"' in capsys.readouterr().out


def test_what_was_asked_for_is_kept_with_the_model(command):
    model = command.convert(TWO, "--ir_version", "10", "--mean_values", "[1]")
    told = {e.tag: e.get("value") for e in model.net.find("meta_data/cli_parameters") or ()}
    assert told["mean_values"] == "[1]" and told["preprocessing"] == "data:0: x - 1"


def test_half_precision_weights_and_layouts(command):
    text = """
        %x = Parameter : f32[1,3,8,8] "data"
        %w = Constant random(7) : f32[4,3,3,3] "weights"
        %c = Convolution(%x, %w) {strides=[1,1], pads_begin=[0,0], pads_end=[0,0], dilations=[1,1]} "conv" <"y">
        return %c
    """
    plain = command.convert(text)
    model = command.convert(text, "--ir_version", "10", "--compress_to_fp16", "--layout", "data(nchw)")
    x = np.random.default_rng(0).uniform(-1, 1, (1, 3, 8, 8)).astype(np.float32)
    assert np.abs(model.run({"data": x})[0] - plain.run({"data": x})[0]).max() < 1e-2
