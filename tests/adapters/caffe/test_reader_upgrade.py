"""Networks of every age become the same list of present-day layers."""

from __future__ import annotations

from typing import Any

import pytest

from mo_caffe import caffe_pb2
from mo_caffe.prototxt import read_prototxt
from mo_caffe.upgrade import upgrade
from mo_core.errors import ModelError


def upgraded(text: str) -> list[dict[str, Any]]:
    return upgrade(read_prototxt(text.encode()))


# Inputs ------------------------------------------------------------------------------------------------------------


def input_layer(name: str, *dims: int) -> dict[str, Any]:
    layer: dict[str, Any] = {"name": name, "type": "Input", "top": [name]}
    return {**layer, "input_param": {"shape": [{"dim": list(dims)}]}} if dims else layer


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("input: 'x' input_dim: 1 input_dim: 3 input_dim: 4 input_dim: 5", [input_layer("x", 1, 3, 4, 5)]),
        ("input: 'x' input_dim: 7 input_dim: 8", [input_layer("x", 7, 8)]),
        ("input: 'x' input_shape { dim: 1 dim: 3 }", [input_layer("x", 1, 3)]),
        (
            "input: 'x' input: 'y' input_shape { dim: 1 } input_shape { dim: 2 dim: 3 }",
            [input_layer("x", 1), input_layer("y", 2, 3)],
        ),
        ("input: 'x' input: 'y' input_shape { dim: 6 }", [input_layer("x", 6), input_layer("y", 6)]),
        (
            "input: 'x' input: 'y' input_dim: [1, 2, 3, 4, 5, 6, 7, 8]",
            [input_layer("x", 1, 2, 3, 4), input_layer("y", 5, 6, 7, 8)],
        ),
        ("input: 'x'", [input_layer("x")]),
    ],
)
def test_inputs_of_the_network_become_layers(text: str, layers: list[dict[str, Any]]) -> None:
    assert upgraded(text) == layers


def test_inputs_come_before_the_layers() -> None:
    assert [layer["name"] for layer in upgraded("layer { name: 'a' } input: 'x'")] == ["x", "a"]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("input: 'x' input: 'y' input_dim: [1, 2, 3, 4]", "2 inputs and 4 input_dim"),
        ("input: 'x' input: 'y' input: 'z' input_shape {} input_shape {}", "3 inputs and 2 input_shape"),
    ],
)
def test_inputs_that_do_not_add_up_are_refused(text: str, fact: str) -> None:
    with pytest.raises(ModelError, match=fact):
        upgraded(text)


# V1 ----------------------------------------------------------------------------------------------------------------


def test_a_v1_layer_is_upgraded() -> None:
    text = """layers {
      name: "conv" type: CONVOLUTION bottom: "x" top: "y" blobs_lr: 1 blobs_lr: 2 weight_decay: 1
      param: "w" param: "b" blob_share_mode: PERMISSIVE
      convolution_param { num_output: 3 kernel_size: 5 } include { phase: TEST } mine_param { a: 1 }
    }"""
    assert upgraded(text) == [
        {
            "name": "conv",
            "type": "Convolution",
            "bottom": ["x"],
            "top": ["y"],
            "param": [{"name": "w", "share_mode": "PERMISSIVE"}, {"name": "b"}],
            "convolution_param": {"num_output": 3, "kernel_size": [5]},
            "include": [{"phase": "TEST"}],
            "mine_param": {"a": 1},
        }
    ]


V1_TYPES = [value.name for value in caffe_pb2.V1LayerParameter.LayerType.DESCRIPTOR.values if value.number]


@pytest.mark.parametrize("name", V1_TYPES)
def test_every_v1_type_has_a_present_name(name: str) -> None:
    (layer,) = upgraded(f"layers {{ type: {name} }}")
    assert layer["type"] != name or name in ("BNLL", "LRN", "MVN")
    assert layer["type"].lower().removesuffix("withloss") in (name.replace("_", "").lower(), "softmax")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("INTERP", "Interp"),
        ("PRELU", "PReLU"),
        ("ROI_POOLING", "ROIPooling"),
        ("POOLING3D", "Pooling3D"),
        ("CROP", "CROP"),
    ],
)
def test_types_of_forks_have_a_present_name(written: str, kind: str) -> None:
    assert upgraded(f"layers {{ type: {written} }}") == [{"type": kind}]


@pytest.mark.parametrize(("written", "kind"), [("MY_LAYER", "MY_LAYER"), ("'MyLayer'", "MyLayer"), ("77", "77")])
def test_an_unknown_v1_type_is_kept(written: str, kind: str) -> None:
    assert upgraded(f"layers {{ type: {written} }}") == [{"type": kind}]


def test_old_and_new_layers_do_not_mix() -> None:
    with pytest.raises(ModelError, match='both "layers" and "layer"'):
        upgraded("layers { name: 'a' } layer { name: 'b' }")


# V0 ----------------------------------------------------------------------------------------------------------------

V0 = """
layers { layer { name: "data" type: "data" source: "db" scale: 0.5 meanfile: "m" batchsize: 4 cropsize: 9 mirror: true }
         top: "data" top: "label" }
layers { layer { name: "pad1" type: "padding" pad: 2 } bottom: "data" top: "pad1" }
layers { layer { name: "conv1" type: "conv" num_output: 3 kernelsize: 5 stride: 2 group: 1 biasterm: false
                 blobs_lr: 1 weight_decay: 1 weight_filler { type: "xavier" } } bottom: "pad1" top: "conv1" }
layers { layer { name: "relu1" type: "relu" } bottom: "conv1" top: "conv1" }
layers { layer { name: "pool1" type: "pool" pool: AVE kernelsize: 3 stride: 2 } bottom: "conv1" top: "pool1" }
layers { layer { name: "norm1" type: "lrn" local_size: 5 alpha: 0.1 beta: 0.75 } bottom: "pool1" top: "norm1" }
layers { layer { name: "drop" type: "dropout" dropout_ratio: 0.4 } bottom: "norm1" top: "norm1" }
layers { layer { name: "cat" type: "concat" concat_dim: 1 } bottom: "norm1" bottom: "norm1" top: "cat" }
layers { layer { name: "fc" type: "innerproduct" num_output: 7 biasterm: true } bottom: "cat" top: "fc" }
layers { layer { name: "prob" type: "softmax" } bottom: "fc" top: "prob" }
"""


def test_a_v0_network_is_upgraded() -> None:
    data, conv, relu, pool, norm, drop, cat, fc, prob = upgraded(V0)
    assert data == {
        "name": "data",
        "type": "Data",
        "top": ["data", "label"],
        "data_param": {"source": "db", "batch_size": 4},
        "transform_param": {"scale": 0.5, "mean_file": "m", "crop_size": 9, "mirror": True},
    }
    assert conv == {
        "name": "conv1",
        "type": "Convolution",
        "bottom": ["data"],
        "top": ["conv1"],
        "convolution_param": {
            "num_output": 3,
            "kernel_size": [5],
            "stride": [2],
            "group": 1,
            "bias_term": False,
            "weight_filler": {"type": "xavier"},
            "pad": [2],
        },
    }
    assert relu == {"name": "relu1", "type": "ReLU", "bottom": ["conv1"], "top": ["conv1"]}
    assert (pool["type"], pool["pooling_param"]) == ("Pooling", {"pool": "AVE", "kernel_size": [3], "stride": [2]})
    assert (norm["type"], norm["lrn_param"]) == ("LRN", {"local_size": 5, "alpha": 0.1, "beta": 0.75})
    assert (drop["type"], drop["dropout_param"]) == ("Dropout", {"dropout_ratio": 0.4})
    assert (cat["type"], cat["concat_param"]) == ("Concat", {"concat_dim": 1})
    assert (fc["type"], fc["inner_product_param"]) == ("InnerProduct", {"num_output": 7, "bias_term": True})
    assert prob == {"name": "prob", "type": "Softmax", "bottom": ["fc"], "top": ["prob"]}


def test_padding_goes_to_every_layer_that_reads_it() -> None:
    text = "layers { layer { type: 'padding' pad: 3 } bottom: 'x' top: 'p' }"
    text += (
        "layers { layer { type: 'conv' } bottom: 'p' top: 'a' } layers { layer { type: 'pool' } bottom: 'p' top: 'b' }"
    )
    conv, pool = upgraded(text)
    assert (conv["bottom"], conv["convolution_param"]) == (["x"], {"pad": [3]})
    assert (pool["bottom"], pool["pooling_param"]) == (["x"], {"pad": [3]})


def test_padding_in_place_ends_where_the_name_is_written_again() -> None:
    text = "layers { layer { type: 'padding' pad: 3 } bottom: 'x' top: 'x' }"
    text += (
        "layers { layer { type: 'conv' } bottom: 'x' top: 'x' } layers { layer { type: 'pool' } bottom: 'x' top: 'b' }"
    )
    conv, pool = upgraded(text)
    assert conv["convolution_param"] == {"pad": [3]}
    assert "pooling_param" not in pool


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("layers { layer { name: 'r' type: 'relu' } bottom: 'p' top: 'y' }", 'layer "r" follows a padding layer'),
        ("layers { layer { name: 'c' type: 'conv' } bottom: 'p' bottom: 'x' }", 'layer "c" follows a padding layer'),
        ("layers { layer { name: 'q' type: 'padding' } bottom: 'x' }", 'padding layer "q" does not have one bottom'),
    ],
)
def test_padding_that_cannot_be_taken_over_is_refused(text: str, fact: str) -> None:
    with pytest.raises(ModelError, match=fact):
        upgraded("layers { layer { type: 'padding' pad: 3 } bottom: 'x' top: 'p' }" + text)


# Data --------------------------------------------------------------------------------------------------------------


def test_transformations_move_out_of_data_layers() -> None:
    (layer,) = upgraded(
        "layers { type: DATA data_param { batch_size: 2 crop_size: 5 scale: 0.5 } transform_param { scale: 2 } }"
    )
    assert layer == {"type": "Data", "data_param": {"batch_size": 2}, "transform_param": {"crop_size": 5, "scale": 2.0}}


def test_data_layers_of_today_stay_as_they_are() -> None:
    text = "layer { type: 'Data' data_param { batch_size: 2 } transform_param { crop_size: 5 } }"
    assert upgraded(text) == read_prototxt(text.encode())["layer"]
