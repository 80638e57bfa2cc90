"""Reading .caffemodel and .binaryproto: windows instead of weights, every form of a blob, broken files."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_caffe import caffe_pb2
from mo_caffe.caffemodel import Blob, read_binaryproto, read_caffemodel
from mo_core.errors import ModelError
from mo_core.ir import types
from tests.adapters.caffe.nets import add_blob, small_weights, values


def field(number: int, content: bytes, wire: int = 2) -> bytes:
    return varint(number << 3 | wire) + (varint(len(content)) if wire == 2 else b"") + content


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def net_of(*blobs: bytes, name: bytes = b"conv") -> bytes:
    """A trained network of one layer, byte by byte."""
    return field(100, field(1, name) + b"".join(field(7, blob) for blob in blobs))


def only_blob(data: bytes) -> Blob:
    (layer,) = read_caffemodel(data, complete=False)["layer"]
    (blob,) = layer["blobs"]
    assert isinstance(blob, Blob)
    return blob


def test_a_blob_is_a_window_on_its_values() -> None:
    weights = values((2, 3, 5, 5))
    net = caffe_pb2.NetParameter()
    add_blob(net.layer.add(name=b"conv", type=b"Convolution", bottom=[b"x"], top=[b"y"]), weights)
    data = net.SerializeToString()
    (layer,) = read_caffemodel(data, complete=False)["layer"]
    (blob,) = layer.pop("blobs")
    assert layer == {"name": "conv", "type": "Convolution", "bottom": ["x"], "top": ["y"]}
    assert (blob.shape, blob.element, blob.size, blob.is_plain) == ((2, 3, 5, 5), types.f32, 150, True)
    (window,) = blob.windows
    assert data[window.offset : window.offset + window.length] == weights.tobytes()
    np.testing.assert_array_equal(blob.array(data), weights)


def test_doubles_are_read_as_doubles() -> None:
    net = caffe_pb2.NetParameter()
    add_blob(net.layer.add(name=b"x"), values((7,)).astype(np.float64) / 3)
    data = net.SerializeToString()
    blob = only_blob(data)
    assert blob.element is types.f64
    np.testing.assert_array_equal(blob.array(data), values((7,)).astype(np.float64) / 3)


@pytest.mark.parametrize(
    ("raw_type", "dtype", "element"),
    [("FLOAT16", np.float16, types.f16), ("FLOAT", np.float32, types.f32), ("DOUBLE", np.float64, types.f64)],
)
def test_raw_data_of_the_half_precision_fork(raw_type: str, dtype: Any, element: types.ElementType) -> None:
    weights = values((3, 4)).astype(dtype)
    net = caffe_pb2.NetParameter()
    blob = net.layer.add(name=b"x").blobs.add(raw_data=weights.tobytes(), raw_diff=bytes(100))
    blob.shape.dim.extend([3, 4])
    blob.raw_data_type = caffe_pb2.BlobProto.RawType.Value(raw_type)
    data = net.SerializeToString()
    assert only_blob(data).element is element
    np.testing.assert_array_equal(only_blob(data).array(data), weights)


def test_raw_data_of_whole_numbers_is_refused() -> None:
    net = caffe_pb2.NetParameter()
    net.layer.add(name=b"x").blobs.add(raw_data=bytes(4), raw_data_type=3)
    with pytest.raises(ModelError, match="of type INT"):
        read_caffemodel(net.SerializeToString(), complete=False)


def test_the_old_shape_has_four_dimensions() -> None:
    net = caffe_pb2.NetParameter()
    net.layer.add(name=b"x").blobs.add(num=1, channels=1, height=2, width=3, data=range(6))
    assert only_blob(net.SerializeToString()).shape == (1, 1, 2, 3)


def test_a_blob_without_shape_is_one_number() -> None:
    net = caffe_pb2.NetParameter()
    net.layer.add(name=b"x").blobs.add(data=[5.0])
    assert only_blob(net.SerializeToString()).shape == ()


def test_gradients_are_not_looked_at() -> None:
    net = caffe_pb2.NetParameter()
    add_blob(net.layer.add(name=b"x"), values((3,))).diff.extend([1.0] * 5)
    assert len(only_blob(net.SerializeToString()).windows) == 1


def test_values_that_are_not_packed_or_in_several_pieces_are_joined() -> None:
    weights = values((5,))
    pieces = field(5, weights[:2].tobytes())
    pieces += b"".join(field(5, value.tobytes(), 5) for value in weights[2:4]) + field(5, weights[4:].tobytes())
    data = net_of(pieces + field(7, field(1, b"\x05")))
    blob = only_blob(data)
    assert not blob.is_plain
    np.testing.assert_array_equal(blob.array(data), weights)


@pytest.mark.parametrize(("age", "path"), [("V1", "layers"), ("V0", "layers.layer")])
def test_blobs_of_older_layers_are_windows_too(age: str, path: str) -> None:
    net = caffe_pb2.NetParameter()
    layer = net.layers.add()
    add_blob(layer if age == "V1" else layer.layer, values((2, 2)))
    data = net.SerializeToString()
    (read,) = read_caffemodel(data, complete=False)["layers"]
    (blob,) = read["blobs"] if age == "V1" else read["layer"]["blobs"]
    np.testing.assert_array_equal(blob.array(data), values((2, 2)))


def test_parameters_are_read_when_asked_for() -> None:
    net = caffe_pb2.NetParameter()
    net.layer.add(name=b"x", type=b"Convolution").convolution_param.kernel_size.append(3)
    net.layer[0].batch_norm_param.eps = 0.1
    data = net.SerializeToString()
    assert read_caffemodel(data, complete=False)["layer"] == [{"name": "x", "type": "Convolution"}]
    assert read_caffemodel(data, complete=True)["layer"] == [
        {
            "name": "x",
            "type": "Convolution",
            "convolution_param": {"kernel_size": [3]},
            "batch_norm_param": {"eps": 0.1},
        }
    ]


def test_fields_of_forks_with_clashing_numbers_do_no_harm() -> None:
    garbage = field(137, b"\xff\xff\xff") + field(139, b"\x0a\xff") + field(150, b"\x00")
    data = field(100, field(1, b"x") + garbage + field(7, field(5, b"\x00\x00\x80?")))
    assert only_blob(data).array(data) == 1


def test_names_that_are_not_utf8_are_read() -> None:
    data = net_of(field(5, bytes(4)), name=b"\xd6\xd0")
    assert read_caffemodel(data, complete=False)["layer"][0]["name"] == r"\xd6\xd0"


def test_memory_does_not_grow_with_the_weights() -> None:
    data = net_of(field(5, bytes(32 << 20)) + field(7, field(1, varint(8 << 20))))
    tracemalloc.start()
    try:
        assert only_blob(data).size == 8 << 20
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


# Broken files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "fact"),
    [
        (field(7, field(1, varint(5))), r"the shape \[5\] does not fit the 4 values"),
        (field(7, field(1, varint(2**40) * 3)), "does not fit the 4 values"),
        (field(7, field(1, varint(2**64 - 4))), r"the shape \[-4\] is impossible"),
        (field(7, field(1, b"\x01" * 33)), "is impossible"),
        (b"\x08\x04", r"the shape \[4, 0, 0, 0\] does not fit"),
        (b"", r"the shape \[\] does not fit the 4 values"),
    ],
)
def test_an_absurd_shape_names_layer_and_blob(shape: bytes, fact: str) -> None:
    good = field(5, bytes(4))
    with pytest.raises(ModelError, match=fact) as caught:
        read_caffemodel(net_of(good, field(5, bytes(16)) + shape), complete=False)
    assert 'blob 1 of layer "conv"' in str(caught.value)


def test_values_of_a_broken_length_name_layer_and_blob() -> None:
    with pytest.raises(ModelError, match="not whole float32 numbers") as caught:
        read_caffemodel(net_of(field(5, bytes(5))), complete=False)
    assert 'blob 0 of layer "conv"' in str(caught.value)


@pytest.mark.parametrize("complete", [False, True])
def test_truncation_at_every_byte_is_a_model_error_or_a_shorter_network(complete: bool) -> None:
    data = small_weights()
    refused = 0
    for end in range(len(data)):
        try:
            read_caffemodel(data[:end], complete)
        except ModelError:
            refused += 1
    assert refused >= len(data) - 4  # between the layers a prefix is a network
    assert len(read_caffemodel(data, complete)["layer"]) == 2


SKELETON = [offset for offset, byte in enumerate(small_weights()) if byte < 0x80]


@given(st.lists(st.tuples(st.sampled_from(SKELETON), st.integers(0, 255)), max_size=4), st.booleans())
def test_damaged_bytes_are_a_model_error_or_a_network(damage: list[tuple[int, int]], complete: bool) -> None:
    data = bytearray(small_weights())
    for offset, byte in damage:
        data[offset] = byte
    try:
        read_caffemodel(bytes(data), complete)
    except ModelError:
        pass


@given(st.binary(max_size=80))
def test_garbage_is_a_model_error_or_a_network(content: bytes) -> None:
    for data in content, field(100, content), field(2, content), net_of(content):
        try:
            read_caffemodel(data, complete=True)
        except ModelError:
            pass


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"version https://git-lfs.github.com/spec/v1\n", "git-LFS"), (b"<html><body>404</body></html>", "HTML")],
)
def test_files_of_another_kind_are_named(content: bytes, what: str) -> None:
    with pytest.raises(ModelError, match=what):
        read_caffemodel(content, complete=False)


# Mean images -------------------------------------------------------------------------------------------------------


def test_a_mean_image_is_one_blob() -> None:
    mean = values((1, 3, 4, 4))
    data = caffe_pb2.BlobProto(num=1, channels=3, height=4, width=4, data=mean.ravel()).SerializeToString()
    blob = read_binaryproto(data)
    assert blob.shape == (1, 3, 4, 4)
    np.testing.assert_array_equal(blob.array(data), mean)


@pytest.mark.parametrize("content", [b"\x0a\xff", b"<html>", field(5, bytes(8))])
def test_a_broken_mean_image_is_a_model_error(content: bytes) -> None:
    with pytest.raises(ModelError):
        read_binaryproto(content)
