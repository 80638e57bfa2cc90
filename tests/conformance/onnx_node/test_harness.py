"""The harness itself: what it compares and how it takes a crash."""

from __future__ import annotations

import os
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from .cases import Case, Port
from .check import CONVERTERS, Mismatch, _check_names, _flat, compare, from_tensor, to_tensor
from .workers import Worker

DTYPES = [
    *(
        np.dtype(name)
        for name in "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64".split()
    ),
    *(np.dtype(getattr(ml_dtypes, name)) for name in "bfloat16 float8_e4m3fn float8_e5m2 float8_e8m0fnu".split()),
    *(np.dtype(getattr(ml_dtypes, name)) for name in "int4 uint4 uint2 float4_e2m1fn".split()),
]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (5,), (3, 3), (0, 2)], ids=str)
def test_tensor_keeps_type_shape_and_bits(dtype: np.dtype, shape: tuple[int, ...]) -> None:
    array = np.resize(np.array([1, 2, 0, 3, 1]).astype(dtype), shape)
    back = from_tensor(to_tensor(array))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert np.array_equal(back.astype(np.float64), array.astype(np.float64), equal_nan=True)


def test_tensor_keeps_negative_values_of_packed_types() -> None:
    for dtype in (ml_dtypes.int4, ml_dtypes.float4_e2m1fn):
        array = np.array([-1, 2, -3], dtype)
        assert from_tensor(to_tensor(array)).astype(float).tolist() == [-1, 2, -3]


def test_tensor_keeps_strings() -> None:
    array = np.array([["a", "größer"], ["", "b c"]], dtype=object)
    assert from_tensor(to_tensor(array)).tolist() == array.tolist()


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (np.float32([1.0]), np.float64([1.0])),
        (np.float32([1.0]), np.float32([[1.0]])),
        (np.int8([-128]), np.int8([127])),
        (np.int64([100_000]), np.int64([100_001])),
        (np.float32([np.nan]), np.float32([0.0])),
        (np.float32([np.inf]), np.float32([3e38])),
        (np.float32([1.0]), np.float32([1.01])),
        (np.array(["a"], object), np.array(["b"], object)),
    ],
    ids=["type", "shape", "int8", "int64", "nan", "inf", "float", "string"],
)
def test_difference_is_found(got: np.ndarray, want: np.ndarray) -> None:
    compare("y", want, want, 1e-3, 1e-7)
    with pytest.raises(Mismatch):
        compare("y", got, want, 1e-3, 1e-7)


class _Output:
    def __init__(self, *names: str) -> None:
        self._names = set(names)

    def get_names(self) -> set[str]:
        return self._names


def test_names_are_the_source_s_in_its_order() -> None:
    sequence = [np.zeros(1), np.zeros(2)]
    wanted = list(_flat([Port("x", np.zeros(1)), Port("absent", None), Port("s", sequence)]))
    _check_names("output", [_Output("other", "x"), _Output("s.0"), _Output("s.1")], wanted)
    for found in (["x", "s.0"], ["y", "s.0", "s.1"], ["s.0", "x", "s.1"], ["x.0", "s.0", "s.1"]):
        with pytest.raises(Mismatch):
            _check_names("output", [_Output(name) for name in found], wanted)


def _die(source: Path, xml: Path) -> None:
    os._exit(7)


def _serve_dying(pipe: object, converter: str) -> None:
    from . import workers

    CONVERTERS["dying"] = _die
    workers._serve(pipe, converter)  # type: ignore[arg-type]


def test_a_crash_is_the_result_of_one_case(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("dies", b"", [], 0, 0)
    worker = Worker("dying")
    monkeypatch.setattr("tests.conformance.onnx_node.workers._serve", _serve_dying)
    assert worker.check(case).status == "crash"
    assert "7" in worker.check(case).detail
    worker.stop()
