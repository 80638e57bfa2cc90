"""Layers that stay as they are (`-k`), and mean images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import mo_core
from mo_core import ops
from mo_core.errors import ModelError, MoError, UsageError
from mo_core.testing import evaluate
from tests.adapters.caffe.harness import Array, blob, close, convert, inputs_of, layer, run, values, write

X = {"data": values(1, 3, 8, 8)}

# -- the state of the network

RULES = inputs_of(X) + "".join(
    layer(kind, "data", "y", rule, name=kind)
    for kind, rule in [
        ("ReLU", 'include { stage: "deploy" }'),
        ("TanH", 'include { not_stage: "deploy" max_level: 0 phase: TEST }'),
        ("AbsVal", 'include { not_stage: "deploy" min_level: 2 phase: TEST }'),
        ("Sigmoid", 'include { not_stage: "deploy" phase: TRAIN }'),
    ]
)


@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({}, np.tanh),
        ({"caffe_stage": "other,deploy"}, lambda x: np.maximum(x, 0)),
        ({"caffe_level": 2}, np.abs),
        ({"caffe_phase": "train"}, lambda x: 1 / (1 + np.exp(-x))),
    ],
)
def test_phase_stages_and_level_choose_the_layers(options: dict[str, Any], want: Callable[[Array], Array]) -> None:
    close(run(RULES, X, **options)["y"], want(X["data"]))


# -- layers that stay

MAPPING = """<CustomKernelsMapping>
  <CustomLayer NativeType="Wave" hasParam="true" protoParamName="wave_param"/>
</CustomKernelsMapping>"""


def kept(tmp_path: Path, mapping: str, text: str, blobs: dict[str, list[Array]], **options: Any) -> ElementTree.Element:
    """The layer of the type that the mapping names, as it is written."""
    (tmp_path / "mapping.xml").write_text(mapping)
    model = mo_core.convert(write(tmp_path, text, blobs), k=tmp_path / "mapping.xml", **options)
    root = ElementTree.parse(model.save(tmp_path / "m.xml")).getroot()
    return next(node for node in root.iter("layer") if node.get("version") == "extension")


WAVE = inputs_of(X) + layer(
    "Wave", "data", "y", "wave_param { height: 2.5 steps: 1 steps: 2 name: 'a' inner { deep: true word: 'b' } }"
)


def test_a_mapped_layer_stays_with_its_attributes_and_blobs(tmp_path: Path) -> None:
    node = kept(tmp_path, MAPPING, WAVE, {"y": [values(3), values(2, 2)]})
    assert (node.get("type"), node.get("name")) == ("Wave", "y")
    data = node.find("data")
    assert data is not None
    assert data.attrib == {"height": "2.5", "steps": "1,2", "name": "a", "inner": "{deep: true word: b}"}
    inputs = node.find("input")
    assert inputs is not None
    assert [[d.text for d in port] for port in inputs] == [["1", "3", "8", "8"], ["3"], ["2", "2"]]


def test_nested_parameters_may_be_flat(tmp_path: Path) -> None:
    node = kept(tmp_path, MAPPING, WAVE, {}, enable_flattening_nested_params=True)
    data = node.find("data")
    assert data is not None
    assert data.attrib == {"height": "2.5", "steps": "1,2", "name": "a", "inner_deep": "true", "inner_word": "b"}


def test_a_known_layer_that_stays_has_its_defaults(tmp_path: Path) -> None:
    mapping = MAPPING.replace("Wave", "LRN").replace("wave", "lrn")
    text = inputs_of(X) + layer("LRN", "data", "y", "lrn_param { alpha: 0.5 }")
    data = kept(tmp_path, mapping, text, {}).find("data")
    assert data is not None
    wanted = {"local_size": "5", "alpha": "0.5", "beta": "0.75", "norm_region": "ACROSS_CHANNELS", "k": "1.0"}
    assert data.attrib == wanted
    data = kept(tmp_path, mapping, text, {}, disable_omitting_optional=True).find("data")
    assert data is not None
    assert data.attrib == {**wanted, "engine": ""}


def test_the_mapping_comes_before_what_is_built_in(tmp_path: Path) -> None:
    text = inputs_of(X) + layer("ReLU", "data", "y", "relu_param { negative_slope: 0.5 }")
    mapping = MAPPING.replace("Wave", "ReLU").replace("wave", "relu")
    assert kept(tmp_path, mapping, text, {}).get("type") == "ReLU"


def test_a_mapped_layer_may_have_the_shape_of_an_input(tmp_path: Path) -> None:
    mapping = MAPPING.replace("hasParam", 'shapeLike="0" hasParam')
    text = WAVE + layer("Pooling", "y", "z", "pooling_param { kernel_size: 2 }")
    (tmp_path / "mapping.xml").write_text(mapping)
    model = mo_core.convert(write(tmp_path, text, {}), k=tmp_path / "mapping.xml")
    assert model.outputs["z"].shape == (1, 3, 7, 7)


@pytest.mark.parametrize(
    "mapping", ["", "<a>", '<a><CustomLayer hasParam="true"/></a>', MAPPING.replace('protoParamName="wave_param"', "")]
)
def test_a_mapping_that_is_none_is_refused(tmp_path: Path, mapping: str) -> None:
    with pytest.raises(UsageError, match=r"mapping\.xml"):
        kept(tmp_path, mapping, WAVE, {})


# -- mean image


def with_mean(tmp_path: Path, mean: Array, x: Array, **options: Any) -> Array:
    """What a network that changes nothing gives."""
    (tmp_path / "mean.binaryproto").write_bytes(blob(mean).SerializeToString())
    text = inputs_of({"data": x}) + layer("Dropout", "data", "y") + layer("ReLU", "y", "z")
    return run(text, {"data": x}, {}, mean_file=tmp_path / "mean.binaryproto", **options)["z"]


MEAN = values(1, 3, 12, 11, seed=7)


def test_the_mean_image_is_cropped_in_its_centre(tmp_path: Path) -> None:
    x = X["data"]
    close(with_mean(tmp_path, MEAN, x), np.maximum(x - MEAN[:, :, 2:10, 1:9], 0))


def test_the_mean_image_is_cropped_at_offsets(tmp_path: Path) -> None:
    x = X["data"]
    for offsets in ("(3,0)", [3, 0]):
        got = with_mean(tmp_path, MEAN, x, mean_file_offsets=offsets)
        close(got, np.maximum(x - MEAN[:, :, :8, 3:11], 0))


@pytest.mark.parametrize(
    ("options", "factor"),
    [({"scale": 2.0}, 2), ({"scale_values": "[2,4,8]"}, [[[2]], [[4]], [[8]]]), ({"scale_values": "data[2]"}, 2)],
)
def test_scales_divide_behind_the_mean_image(tmp_path: Path, options: dict[str, Any], factor: Any) -> None:
    x = X["data"]
    got = with_mean(tmp_path, MEAN, x, **options)
    close(got, (np.maximum(x - MEAN[:, :, 2:10, 1:9], 0) / np.array(factor)).astype(np.float32))


def test_the_mean_image_follows_the_layout_of_the_input(tmp_path: Path) -> None:
    x = X["data"]
    (tmp_path / "mean.binaryproto").write_bytes(blob(MEAN).SerializeToString())
    text = inputs_of({"data": x}) + layer("ReLU", "data", "z")
    options: dict[str, Any] = {"mean_file": tmp_path / "mean.binaryproto", "layout": "data(nchw->nhwc)"}
    model = mo_core.convert(write(tmp_path, text, {}), reverse_input_channels=True, scale=2.0, **options)
    (got,) = evaluate(model.graph, x.transpose(0, 2, 3, 1))
    close(got, np.maximum(x[:, ::-1] - MEAN[:, :, 2:10, 1:9], 0) / 2)
    assert model.report.info["preprocessing"] == "data: (reverse(x) - mean image) / 2, channels are axis 3"


def test_a_mean_image_is_verified_by_opencv(tmp_path: Path) -> None:
    (tmp_path / "mean.binaryproto").write_bytes(blob(MEAN).SerializeToString())
    text = inputs_of(X) + layer("Pooling", "data", "z", "pooling_param { pool: AVE kernel_size: 2 }")
    found = mo_core.verify(
        write(tmp_path, text, {}), mean_file=tmp_path / "mean.binaryproto", reverse_input_channels=True
    )
    assert found.passed and found.reference.startswith("OpenCV")
    wrong = mo_core.convert(tmp_path / "net.prototxt", reverse_input_channels=True).save(tmp_path / "wrong")
    found = mo_core.verify(
        tmp_path / "net.prototxt", wrong, mean_file=tmp_path / "mean.binaryproto", reverse_input_channels=True
    )
    assert not found.passed


def test_the_mean_image_of_an_input_that_is_cut_away_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "mean.binaryproto").write_bytes(blob(MEAN).SerializeToString())
    text = inputs_of(X) + layer("ReLU", "data", "y") + layer("TanH", "y", "z")
    model = mo_core.convert(write(tmp_path, text, {}), mean_file=tmp_path / "mean.binaryproto", input="z")
    assert any('the mean image is not subtracted: "data"' in note for note in model.report.notes)
    assert [n.type_name for n in model.graph if not isinstance(n, (ops.Parameter, ops.Result))] == ["Tanh"]


def test_the_mean_image_may_be_one_pixel(tmp_path: Path) -> None:
    mean = values(1, 3, 1, 1, seed=8)
    close(with_mean(tmp_path, mean, X["data"]), np.maximum(X["data"] - mean, 0))


@pytest.mark.parametrize(
    ("mean", "options", "problem"),
    [
        (values(1, 3, 7, 9), {}, "height of the mean image is 7, and 8"),
        (MEAN, {"mean_file_offsets": "(9,0)"}, "width of the mean image is 11"),
        (MEAN, {"mean_file_offsets": "(-1,0)"}, "negative"),
        (MEAN, {"mean_file_offsets": "(1)"}, "mean_file_offsets"),
        (values(1, 4, 9, 9), {}, "one input with 4 channels"),
        (values(5), {}, "channels, height, width"),
        (MEAN, {"mean_values": "(1,2,3)"}, "exclude each other"),
    ],
)
def test_a_mean_image_that_does_not_fit_is_refused(
    tmp_path: Path, mean: Array, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(MoError, match=problem):
        with_mean(tmp_path, mean, X["data"], **options)


def test_a_mean_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mean.binaryproto"
    path.write_text("<html>")
    text = inputs_of(X) + layer("ReLU", "data", "y")
    with pytest.raises(ModelError, match=r"mean\.binaryproto"):
        convert(text, mean_file=path)
