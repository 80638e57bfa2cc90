"""Tensors: windows, recipes, stored forms."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_core.errors import InternalError, ModelError
from mo_core.ir import tensor as tensors
from mo_core.ir import types as t
from mo_core.ir.tensor import Array, Lazy, Mapped, MappedFile, cast, decode, encode, lazy, reshaped, transposed


def stored(tensor: tensors.Tensor) -> bytes:
    return b"".join(tensor.chunks())


@pytest.fixture
def mapped(tmp_path):
    data = np.arange(24, dtype=np.float32)
    path = tmp_path / "weights"
    path.write_bytes(b"xyz" + data.tobytes())
    return Mapped(MappedFile(path), 3, t.f32, (2, 3, 4)), data.reshape(2, 3, 4)


def test_a_window_is_read_at_any_alignment(mapped):
    tensor, data = mapped
    np.testing.assert_array_equal(tensor.numpy(), data)
    assert stored(tensor) == data.tobytes()


def test_a_window_beyond_the_file_is_a_model_error(mapped):
    tensor, _ = mapped
    with pytest.raises(ModelError, match="96 bytes at offset 8"):
        Mapped(tensor.file, 8, t.f32, (24,))


def test_a_missing_file_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="cannot read"):
        MappedFile(tmp_path / "nothing")


def test_a_large_recipe_is_evaluated_when_it_is_written_and_only_once():
    calls = []

    def double(a):
        calls.append(a.shape)
        return a * 2

    source = Array(np.ones((64, 1024), np.float32))
    recipe = lazy(double, source)
    assert isinstance(recipe, Lazy) and not calls
    assert stored(recipe) == (source.data * 2).tobytes()
    assert calls == [(64, 1024)]


def test_a_small_recipe_is_computed_at_once():
    assert isinstance(lazy(lambda a: a + 1, Array(np.zeros(4, np.float32))), Array)


def test_a_recipe_by_rows_never_holds_more_than_a_piece(monkeypatch):
    monkeypatch.setattr(tensors, "CHUNK_BYTES", 4096)
    heights = []

    def scaled(a, s):
        heights.append(len(a))
        return a * s

    a = Array(np.arange(64 * 512, dtype=np.float32).reshape(64, 512))
    s = Array(np.arange(64, dtype=np.float32).reshape(64, 1))
    recipe = Lazy(scaled, (a, s), t.f32, (64, 512), by_rows=True)
    assert stored(recipe) == (a.data * s.data).tobytes()
    assert sum(heights) == 64 and max(heights) == 2


def test_recipes_by_rows_nest(monkeypatch):
    monkeypatch.setattr(tensors, "CHUNK_BYTES", 4096)
    a = Array(np.arange(64 * 512, dtype=np.float32).reshape(64, 512))
    inner = Lazy(lambda x: x + 1, (a,), t.f32, a.shape, by_rows=True)
    outer = cast(Lazy(lambda x: x / 2, (inner,), t.f32, a.shape, by_rows=True), t.f16)
    assert stored(outer) == ((a.data + 1) / 2).astype(np.float16).tobytes()


def test_a_recipe_of_the_wrong_shape_is_an_internal_error():
    with pytest.raises(InternalError, match="the recipe"):
        lazy(lambda a: a[:1], Array(np.zeros(4, np.float32)))


def test_reshaping_a_window_is_a_window(mapped):
    tensor, data = mapped
    assert isinstance(reshaped(tensor, (6, 4)), Mapped)
    np.testing.assert_array_equal(reshaped(tensor, (6, 4)).numpy(), data.reshape(6, 4))


def test_transposing(mapped):
    tensor, data = mapped
    np.testing.assert_array_equal(transposed(tensor, (2, 0, 1)).numpy(), data.transpose(2, 0, 1))
    assert transposed(tensor, (0, 1, 2)) is tensor


@pytest.mark.parametrize(("element", "low", "high"), [(t.i4, -8, 7), (t.u4, 0, 15), (t.u2, 0, 3), (t.u1, 0, 1)])
@given(data=st.data())
def test_packed_integers_survive_storing(element, low, high, data):
    values = np.array(data.draw(st.lists(st.integers(low, high), min_size=1, max_size=33)))
    packed = encode(values, element)
    assert packed.nbytes == element.nbytes(len(values))
    np.testing.assert_array_equal(decode(packed, element, values.shape), values)


def test_element_0_of_packed_types_is_where_the_runtime_looks():
    assert encode(np.array([1, 0]), t.u1).tobytes() == b"\x80"
    assert encode(np.array([1, 2]), t.u4).tobytes() == b"\x21"
    assert encode(np.array([1, 2, 3]), t.u2).tobytes() == b"\x39"


def test_bfloat16_rounds_to_nearest_even():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.random.default_rng(0).standard_normal(1000).astype(np.float32) * 100
    np.testing.assert_array_equal(encode(values, t.bf16), values.astype(ml_dtypes.bfloat16).view(np.uint16))


@pytest.mark.parametrize(
    ("element", "name"),
    [(t.f8e4m3, "float8_e4m3fn"), (t.f8e5m2, "float8_e5m2"), (t.f8e8m0, "float8_e8m0fnu"), (t.f4e2m1, "float4_e2m1fn")],
)
def test_small_floats_have_the_standard_values(element, name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    codes = np.arange(16 if element.bits == 4 else 256, dtype=np.uint8)
    want = codes.view(getattr(ml_dtypes, name)).astype(np.float32)
    stored_form = encode(want, element) if element.bits == 4 else codes
    np.testing.assert_array_equal(decode(stored_form, element, codes.shape), want)


@pytest.mark.parametrize(("element", "name"), [(t.f8e4m3, "float8_e4m3fn"), (t.f8e5m2, "float8_e5m2")])
def test_small_floats_round_to_nearest(element, name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.random.default_rng(1).uniform(-400, 400, 1000).astype(np.float32)
    np.testing.assert_array_equal(encode(values, element), values.astype(getattr(ml_dtypes, name)).view(np.uint8))


def test_strings_are_stored_as_the_runtime_reads_them():
    assert (
        stored(Array(np.array(["ab", "cde"], dtype=object)))
        == bytes.fromhex("02000000 00000000 02000000 05000000") + b"abcde"
    )


@pytest.mark.parametrize(
    ("shape", "order"),
    [
        ((1, 1, 256, 300), (3, 2, 0, 1)),
        ((3, 3, 100, 90), (3, 2, 0, 1)),
        ((700, 130), (1, 0)),
        ((4, 64, 400), (0, 2, 1)),
        ((40, 50, 60), (1, 2, 0)),
        ((2, 3, 20000), (1, 0, 2)),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8])
def test_large_transposed_weights_are_written_element_by_element(shape, order, dtype):
    data = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    turned = transposed(Array(data), order)
    assert b"".join(map(bytes, turned.chunks())) == np.ascontiguousarray(data.transpose(order)).tobytes()


@pytest.mark.skipif(not hasattr(os, "pread"), reason="files are mapped as a whole without it")
def test_small_windows_are_read_and_large_ones_mapped(tmp_path):
    path = tmp_path / "weights"
    data = np.arange(40_000, dtype=np.float32)
    path.write_bytes(data.tobytes())
    file = MappedFile(path)
    assert isinstance(file.read(4, 400), bytes) and isinstance(file.read(0, 160_000), memoryview)
    assert np.array_equal(Mapped(file, 400, t.f32, (50,)).numpy(), data[100:150])
