"""The front-end as a user meets it: files, names, options, Python layers, layers that stay, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import mo_core
from mo_caffe import caffe_pb2
from mo_caffe.plugin import CaffeFrontend
from mo_caffe.reader import read
from mo_core.errors import ModelError, MoError, Unsupported, UsageError
from mo_core.options import Options, OptionTable
from tests.adapters.caffe.harness import (
    Array,
    blob,
    caffemodel,
    close,
    convert,
    infer,
    inputs_of,
    layer,
    run,
    values,
    varint,
    write,
)
from tests.adapters.caffe.nets import SMALL

X = {"data": values(1, 3, 8, 8)}
CONV = [values(4, 3, 3, 3, seed=1), values(4, seed=2)]
BLOBS = {"conv": CONV, "fc": [values(5, 144, seed=3), values(5, seed=4)]}
TEXT = SMALL.decode()


def reference(x: Array) -> tuple[Array, Array]:
    """What `SMALL` computes: the convolution with its ReLU, and the product."""
    w, b = CONV
    parts = [np.tensordot(x[:, :, i : i + 6, j : j + 6], w[:, :, i, j], (1, 1)) for i in range(3) for j in range(3)]
    conv = np.maximum(np.moveaxis(np.sum(parts, axis=0), -1, 1) + b.reshape(4, 1, 1), 0)
    return conv, conv.reshape(len(x), -1) @ BLOBS["fc"][0].T + BLOBS["fc"][1]


# -- files


def test_the_description_lies_beside_the_weights(tmp_path: Path) -> None:
    model = mo_core.convert(write(tmp_path, TEXT, BLOBS))
    assert model.name == "net"
    close(infer(model.save(tmp_path / "m.xml"), X)["fc"], reference(X["data"])[1])


def test_the_description_may_lie_elsewhere(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT, BLOBS)
    (tmp_path / "net.prototxt").rename(tmp_path / "other.prototxt")
    model = mo_core.convert(path, input_proto=tmp_path / "other.prototxt")
    close(infer(model.save(tmp_path / "m.xml"), X)["fc"], reference(X["data"])[1])


def test_a_description_finds_the_weights_beside_it(tmp_path: Path) -> None:
    write(tmp_path, TEXT, BLOBS)
    model = mo_core.convert(tmp_path / "net.prototxt")
    assert any("net.caffemodel" in note for note in model.report.notes)
    close(infer(model.save(tmp_path / "m.xml"), X)["fc"], reference(X["data"])[1])


def test_weights_may_bring_their_own_description(tmp_path: Path) -> None:
    from google.protobuf import text_format

    from mo_caffe import caffe_pb2

    net = text_format.Parse(TEXT, caffe_pb2.NetParameter())
    for made in net.layer:
        made.blobs.extend(blob(a) for a in BLOBS.get(made.name.decode(), ()))
    path = tmp_path / "alone.caffemodel"
    path.write_bytes(net.SerializeToString())
    model = mo_core.convert(path)
    assert any("alone.prototxt" in note for note in model.report.notes)
    close(infer(model.save(tmp_path / "m.xml"), X)["fc"], reference(X["data"])[1])


def test_a_description_alone_is_enough_where_nothing_was_learned() -> None:
    text = inputs_of(X) + layer("Pooling", "data", "y", "pooling_param { kernel_size: 2 stride: 2 }")
    assert run(text, X)["y"].shape == (1, 3, 4, 4)


def test_a_description_alone_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no trained blobs, and needs filters") as caught:
        mo_core.convert(write(tmp_path, TEXT, None))
    assert 'Convolution "conv"' in str(caught.value)
    assert "--input_proto" in str(caught.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT, BLOBS)
    with pytest.raises(UsageError, match="no file"):
        mo_core.convert(path, input_proto=tmp_path / "absent.prototxt")
    with pytest.raises(UsageError, match="no file"):
        mo_core.convert(path, mean_file=tmp_path / "absent.binaryproto")


@pytest.mark.parametrize(
    ("name", "head", "want"),
    [
        ("net.caffemodel", b"\x0a\x03abc", True),
        ("net.PROTOTXT", b"", True),
        ("net.txt", b'name: "x"\nlayer {\n  name: "conv"', True),
        ("net.txt", b'input: "data"\ninput_dim: 1', True),
        ("graph.pbtxt", b'node {\n  name: "x"\n op: "Placeholder"', False),
        ("model.onnx", b"\x08\x07\x12\x04layer {\x00", False),
    ],
)
def test_recognition(name: str, head: bytes, want: bool) -> None:
    assert CaffeFrontend().recognises(Path(name), head) is want


# -- forms of blobs


def half(array: Array) -> Any:
    made = caffe_pb2.BlobProto(raw_data=array.astype(np.float16).tobytes(), raw_data_type=caffe_pb2.BlobProto.FLOAT16)
    made.shape.dim.extend(array.shape)
    return made


def double(array: Array) -> Any:
    made = caffe_pb2.BlobProto(double_data=array.ravel().tolist())
    made.shape.dim.extend(array.shape)
    return made


def old(array: Array) -> Any:
    """Four axes, as files had them before `shape`."""
    made = blob(array)
    made.ClearField("shape")
    padded = (*[1] * (4 - array.ndim), *array.shape)
    made.num, made.channels, made.height, made.width = padded
    return made


def unpacked(array: Array) -> bytes:
    """A tag before each value, as the first versions of Caffe wrote it."""
    tagged = b"".join(b"\x2d" + value.tobytes() for value in array.astype("<f4").ravel())
    return bytes(caffe_pb2.BlobProto(shape=caffe_pb2.BlobShape(dim=array.shape)).SerializeToString()) + tagged


@pytest.mark.parametrize("form", [half, double, old, unpacked], ids=["half", "double", "old", "unpacked"])
@pytest.mark.parametrize("outputs", [5, 900])
def test_blobs_of_every_form(tmp_path: Path, form: Callable[[Array], Any], outputs: int) -> None:
    """Small ones are arrays, large ones recipes or windows."""
    w, b = values(outputs, 24), values(outputs, seed=1)
    net = caffe_pb2.NetParameter()
    made = net.layer.add(name=b"y")
    for array in (w, b):
        content = form(array)
        made.blobs.append(caffe_pb2.BlobProto.FromString(content) if isinstance(content, bytes) else content)
    encoded = net.SerializeToString()
    if form is unpacked:  # protobuf packs what it writes
        inner = b"".join(b"\x3a" + varint(len(part)) + part for part in (unpacked(w), unpacked(b)))
        layer_ = b"\x0a\x01y" + inner
        encoded = b"\xa2\x06" + varint(len(layer_)) + layer_
    x = values(2, 24, seed=2)
    text = inputs_of({"x": x}) + layer("InnerProduct", "x", "y", f"inner_product_param {{ num_output: {outputs} }}")
    path = write(tmp_path, text, {})
    path.write_bytes(encoded)
    got = infer(mo_core.convert(path).save(tmp_path / "m.xml"), {"x": x})
    close(got["y"], x @ w.T + b, 1e-3 if form is half else 1e-5)


def test_layers_share_what_they_learned(tmp_path: Path) -> None:
    text = inputs_of({"x": values(2, 8)}) + "".join(
        layer("InnerProduct", source, top, "inner_product_param { num_output: 8 bias_term: false } param { name: 'w' }")
        for source, top in (("x", "a"), ("a", "b"))
    )
    w = values(8, 8, seed=1)
    model = mo_core.convert(write(tmp_path, text, {"a": [w]}))
    assert model.save(tmp_path / "m.xml").with_suffix(".bin").stat().st_size == w.nbytes


# -- names


def test_names_are_those_of_the_file(tmp_path: Path) -> None:
    model = mo_core.convert(write(tmp_path, TEXT, BLOBS), disable_fusing=True)
    xml = ElementTree.parse(model.save(tmp_path / "m.xml"))
    layers = {node.get("name"): node for node in xml.iter("layer")}
    assert layers["data"].get("type") == "Parameter"
    assert {"conv", "relu", "fc"} <= set(layers)
    assert [p.get("names") for p in layers["relu"].iter("port") if p.get("names")] == ["conv"]
    assert list(model.inputs) == ["data"]
    assert list(model.outputs) == ["fc"]


def test_an_input_has_the_name_of_its_layer_and_of_its_top() -> None:
    text = layer("Input", "", "data", "input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } }", name="source")
    model = convert(text + layer("ReLU", "data", "y"))
    assert model.graph.inputs[0].name == "source"
    assert model.graph.inputs[0].names == ["data"]


def test_an_inner_layer_may_be_the_output() -> None:
    got = run(TEXT, X, BLOBS, output="relu")
    close(got["conv"], reference(X["data"])[0])


@pytest.mark.parametrize("written", ["0:fc[1,4,6,6]", "fc[1,4,6,6]", "relu:0[1,4,6,6]"])
def test_an_inner_layer_may_be_the_input(written: str) -> None:
    x = values(1, 4, 6, 6)
    got = run(TEXT, {"fc/placeholder_port_0": x, "conv": x}, BLOBS, input=written)
    close(got["fc"], x.reshape(1, -1) @ BLOBS["fc"][0].T + BLOBS["fc"][1])


@pytest.mark.parametrize("options", [{"batch": 4}, {"input_shape": "[4,3,8,8]"}, {"input": "data[4,3,8,8]"}])
def test_the_batch_may_be_given(options: dict[str, Any]) -> None:
    x = values(4, 3, 8, 8)
    close(run(TEXT, {"data": x}, BLOBS, **options)["fc"], reference(x)[1])


def test_an_input_that_only_a_loss_reads_is_left_out() -> None:
    text = TEXT + layer("Input", "", "label") + layer("SoftmaxWithLoss", "fc label", "loss")
    model = convert(text, BLOBS)
    assert list(model.inputs) == ["data"]
    assert any('"label"' in note for note in model.report.notes)


def test_an_input_keeps_its_name_when_layers_work_on_it_in_place() -> None:
    text = layer("AbsVal", "data", "data", name="abs") + layer(
        "Power", "data", "data", "power_param { shift: 1 }", "add"
    )
    got = run(inputs_of(X) + text, X)
    close(got["add"], np.abs(X["data"]) + 1)
    got = run(inputs_of(X) + text + layer("TanH", "data", "abs"), X)
    close(got["abs"], np.tanh(np.abs(X["data"]) + 1))


def test_what_only_training_does_to_an_input_leaves_its_name() -> None:
    text = inputs_of(X) + layer("Dropout", "data", "drop") + layer("Split", "drop", "a b") + layer("ReLU", "a", "y")
    model = convert(text)
    assert [port.name for port in model.report.inputs] == ["data"]
    assert [port.name for port in model.report.outputs] == ["b", "y"]
    close(run(text, X)["b"], X["data"])


# -- unknown layers and fields


def test_unknown_layers_are_all_reported_at_once() -> None:
    text = inputs_of(X) + layer("Mine", "data", "a") + layer("Mine", "a", "b") + layer("Other", "b", "c")
    problem = r"2 operations are not supported: Mine \(2 nodes, first \"a\"\).*Other"
    with pytest.raises(Unsupported, match=problem) as caught:
        convert(text)
    assert "--extension" in str(caught.value)


def test_the_transformation_of_the_training_is_told() -> None:
    rest = "transform_param { scale: 0.5 mean_value: 104 mean_value: 117 crop_size: 4 mirror: true }"
    model = convert(layer("Data", "", "data label", rest) + layer("ReLU", "data", "y"), input_shape="[1,2,4,4]")
    (note,) = (note for note in model.report.notes if "transformed" in note)
    assert '"data" (scale 0.5, mean_value [104.0, 117.0])' in note
    plain = convert(layer("Data", "", "data label") + layer("ReLU", "data", "y"), input_shape="[1,2,4,4]")
    assert not any("transformed" in note for note in plain.report.notes)


def test_the_case_of_letters_in_a_type_does_not_matter() -> None:
    x = values(1, 3, 2, 2)
    text = layer("SCALE", "x", "s", "scale_param { bias_term: true }") + layer("Relu", "s", "y")
    blobs = [values(3, seed=1), values(3, seed=2)]
    got = run(text, {"x": x}, {"s": blobs})
    close(got["y"], np.maximum(x * blobs[0].reshape(3, 1, 1) + blobs[1].reshape(3, 1, 1), 0))


def test_an_unknown_field_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(Unsupported, match='"negative_slop"') as caught:
        run(layer("ReLU", "data", "y", "relu_param { negative_slop: 0.1 }"), X)
    assert "negative_slope" in str(caught.value)


def test_an_unknown_block_is_refused() -> None:
    with pytest.raises(Unsupported, match="relux_param"):
        run(layer("ReLU", "data", "y", "relux_param { slope: 0.1 }"), X)


def test_the_block_of_another_layer_does_not_matter() -> None:
    close(run(layer("ReLU", "data", "y", "pooling_param { kernel_size: 3 }"), X)["y"], np.maximum(X["data"], 0))


# -- layers from outside

EXTENSION = """
import mo_core
from mo_core.frontend import converters_of
from mo_core.ir import constant
from mo_core.ops import Add, Multiply
from mo_caffe.registry import caffe_layer, caffe_python_layer
import sys

@caffe_layer("Wave", "wave_param")
def wave(x, weights, *, height=1.0, steps=()):
    for step in steps:
        x = Add(x, constant(float(step)))
    return Multiply(Multiply(x, weights), constant(float(height)))

@caffe_python_layer("shop.Scale")
def shop_scale(x, *, factor, names=()):
    return Multiply(x, constant(float(factor * len(names))))

@mo_core.hookimpl
def mo_converters(framework):
    return converters_of(sys.modules[__name__]) if framework == "caffe" else ()
"""


@pytest.fixture
def extension(tmp_path: Path) -> str:
    path = tmp_path / "wave.py"
    path.write_text(EXTENSION)
    return str(path)


def test_an_extension_brings_a_layer(extension: str) -> None:
    weights = values(3, 1, 1)
    text = layer("Wave", "data", "y", "wave_param { height: 2 steps: 0.5 }")
    close(run(text, X, {"y": [weights]}, extension=extension)["y"], (X["data"] + 0.5) * weights * 2)
    text = layer("Wave", "data", "y", "wave_param { steps: 0.5 steps: 1 }")
    close(run(text, X, {"y": [weights]}, extension=extension)["y"], (X["data"] + 1.5) * weights)


@pytest.mark.parametrize("spelling", ["WAVE", "WA_VE"])
def test_early_networks_write_the_layer_of_an_extension_in_capitals(extension: str, spelling: str) -> None:
    weights = values(3, 1, 1)
    text = 'input: "data" ' + " ".join(f"input_dim: {n}" for n in X["data"].shape)
    text += f' layers {{ name: "y" type: {spelling} bottom: "data" top: "y" wave_param {{ height: 2 }} }}'
    close(run(text, X, {"y": [weights]}, extension=extension)["y"], X["data"] * weights * 2)


def test_an_unknown_field_is_told_and_the_layer_not_called_unknown() -> None:
    rest = "convolution_param { num_output: 2 kernel_size: 3 wobble: 3 }"
    text = inputs_of(X) + layer("Convolution", "data", "y", rest)
    with pytest.raises(Unsupported) as caught:
        convert(text, {"y": [values(2, 3, 3, 3), values(2)]})
    assert 'Convolution (1 node, first "y"): attribute "wobble"' in str(caught.value)
    assert str(caught.value).startswith("1 operation is used in a way that is not supported")


def test_a_layer_without_blobs_is_not_taken_for_itself() -> None:
    text = inputs_of(X) + layer("Convolution", "data", "conv1", "convolution_param { num_output: 2 kernel_size: 3 }")
    with pytest.raises(ModelError) as caught:
        convert(text, {"conv1": []})
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    "written", ["'factor': 3, 'names': ['a', 'b']", "{'factor': 3, 'names': ('a', 'b')}", "factor: 3\\nnames: [1, 2]"]
)
def test_an_extension_brings_a_python_layer(extension: str, written: str) -> None:
    rest = f'python_param {{ module: "shop" layer: "Scale" param_str: "{written}" }}'
    close(run(layer("Python", "data", "y", rest), X, extension=extension)["y"], X["data"] * 6)


def test_an_extension_may_replace_a_layer(tmp_path: Path) -> None:
    path = tmp_path / "relu.py"
    path.write_text(
        EXTENSION.replace('"Wave", "wave_param"', '"ReLU", "relu_param", overrides=True')
        .replace("x, weights, *", "x, *")
        .replace("Multiply(x, weights)", "x")
    )
    close(run(layer("ReLU", "data", "y"), X, extension=str(path))["y"], X["data"])


# -- other options


def test_the_parser_path_only_gives_a_note() -> None:
    options = OptionTable((), [CaffeFrontend()]).build({"caffe_parser_path": "/anywhere"})
    assert any("--extension" in note for note in options.notes)


# -- damaged files


def whole(tmp_path: Path) -> bytes:
    write(tmp_path, TEXT, BLOBS)
    return caffemodel({"conv": CONV, "fc": [values(5, 144), values(5)]})


def test_every_truncation_of_the_weights_is_refused(tmp_path: Path) -> None:
    content = whole(tmp_path)
    path = tmp_path / "net.caffemodel"
    for size in [*range(0, len(content), 37), *range(60), *range(len(content) - 60, len(content))]:
        path.write_bytes(content[:size])
        with pytest.raises(ModelError):
            read(path, Options())


def test_every_truncation_of_the_description_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT, BLOBS)
    for size in range(0, len(TEXT), 5):
        part = TEXT[:size]
        if part.count("{") == part.count("}") and "convolution_param" in part:
            continue  # a network with fewer layers
        (tmp_path / "net.prototxt").write_text(part)
        with pytest.raises(MoError):
            mo_core.convert(path)


@pytest.mark.parametrize(
    "content",
    [
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        b"<!DOCTYPE html>\n<html><body>404</body></html>",
        b"",
        b"PK\x03\x04",
        bytes(range(256)) * 4,
    ],
)
@pytest.mark.parametrize("which", ["net.caffemodel", "net.prototxt"])
def test_files_of_another_kind_are_refused(tmp_path: Path, content: bytes, which: str) -> None:
    path = write(tmp_path, TEXT, BLOBS)
    (tmp_path / which).write_bytes(content)
    with pytest.raises(ModelError, match="net"):
        mo_core.convert(path)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("num_output: 4", "num_output: 6", '"conv" describes num_output 6'),
        ("kernel_size: 3", "kernel_size: 5", '"conv" describes kernel_size'),
        ('name: "conv"', 'name: "conw"', '"conw" has no blobs'),
        ("num_output: 5", "num_output: 7", '"fc" describes num_output 7'),
        ("dim: 3 dim: 8", "dim: 2 dim: 8", "conv"),
        ("dim: 8 dim: 8", "dim: 9 dim: 8", "fc"),
        ("dim: 8 dim: 8", "dim: 8000000 dim: 8000000", "blob can hold"),
        ("dim: 8 dim: 8", "dim: -8 dim: 8", "impossible"),
    ],
)
def test_files_that_do_not_belong_together_name_the_layer(old: str, new: str, problem: str) -> None:
    with pytest.raises(MoError, match=problem) as caught:
        convert(TEXT.replace(old, new), BLOBS)
    assert caught.value.exit_code == 3


def test_no_framework_is_imported(tmp_path: Path) -> None:
    import subprocess
    import sys

    path = write(tmp_path, TEXT, BLOBS)
    code = (
        "import sys, mo_core; mo_core.convert(sys.argv[1]).save(sys.argv[2]); "
        "print(sorted({'caffe', 'cv2', 'onnx', 'tensorflow', 'openvino', 'networkx'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "m.xml")], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_a_description_may_be_called_anything(tmp_path):
    text = 'input: "x" input_shape { dim: 1 dim: 2 }\nlayer { name: "r" type: "ReLU" bottom: "x" top: "y" }\n'
    (tmp_path / "net.txt").write_text(text)
    model = mo_core.convert(tmp_path / "net.txt")
    assert [str(type_) for type_ in model.outputs.values()] == ["f32[1,2]"]
