"""Fourier transforms and mel filters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mo_core.errors import ModelError
from tests.adapters.onnx.nodes import check, node_model, numbers, run
from tests.adapters.onnx.running import check as check_model
from tests.adapters.onnx.running import reference


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("inverse", [0, 1])
@pytest.mark.parametrize("length", [None, 5, 12])
@pytest.mark.parametrize("axis", [1, -2])
@pytest.mark.parametrize("constants", [(), (1, 2)])
def test_dft(parts: int, inverse: int, length: int | None, axis: int, constants: Any) -> None:
    inputs = [numbers(2, 9, 7, parts), None if length is None else np.array(length), np.array(axis)]
    constants = tuple(i for i in constants if inputs[i] is not None)
    check("DFT", inputs, {"inverse": inverse}, rtol=1e-4, atol=1e-4, opset=20, constants=constants)


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("inverse", [0, 1])
def test_dft_of_unknown_length(parts: int, inverse: int) -> None:
    x = numbers(2, 9, parts)
    source = node_model("DFT", [x, None, np.array(1)], {"inverse": inverse}, opset=20, constants=(2,), dynamic=(0,))
    source.graph.input[0].type.tensor_type.shape.dim[2].dim_value = parts
    check_model(source, {"x0": x}, {"x0": numbers(3, 4, parts)}, oracle=reference, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("length", [None, 6])
def test_the_first_half_of_the_frequencies(parts: int, length: int | None) -> None:
    inputs = [numbers(2, 9, parts), None if length is None else np.array(length)]
    check("DFT", inputs, {"onesided": 1, "axis": 1}, rtol=1e-4, atol=1e-4, opset=17, constants=(1,) if length else ())


def test_real_data_from_half_of_the_frequencies() -> None:
    inputs = [numbers(2, 5, 2), np.array(9), np.array(1)]
    check("DFT", inputs, {"onesided": 1, "inverse": 1}, rtol=1e-4, atol=1e-4, opset=20, constants=(1, 2))


def test_a_signal_of_three_parts_is_an_error_of_the_model() -> None:
    with pytest.raises(ModelError, match="has 3 numbers"):
        run("DFT", [numbers(2, 5, 3)], opset=17)


@pytest.mark.parametrize(("parts", "onesided"), [(1, 1), (1, 0), (2, 0)])
@pytest.mark.parametrize("window", [False, True])
@pytest.mark.parametrize("constants", [(), (1, 3)])
def test_stft(parts: int, onesided: int, window: bool, constants: Any) -> None:
    inputs = [numbers(2, 32, parts), np.array(5), numbers(8) if window else None, np.array(8)]
    check("STFT", inputs, {"onesided": onesided}, rtol=1e-4, atol=1e-4, opset=17, constants=constants)


@pytest.mark.parametrize("constants", [(), (0, 1, 2, 3, 4)])
@pytest.mark.parametrize(
    ("bins", "length", "rate", "low", "high"), [(8, 16, 8192, 0.0, 4096.0), (20, 400, 16000, 60.0, 7600.0)]
)
def test_mel_weights(bins: int, length: int, rate: int, low: float, high: float, constants: Any) -> None:
    inputs = [np.array(bins), np.array(length), np.array(rate), np.array(low, np.float32), np.array(high, np.float32)]
    check("MelWeightMatrix", inputs, rtol=1e-5, opset=17, constants=constants)
