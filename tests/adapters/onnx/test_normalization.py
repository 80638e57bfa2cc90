"""Normalisation: statistics given, of the batch, and of parts of each element."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.adapters.onnx.nodes import check, numbers, run
from tests.adapters.onnx.running import onnxruntime


def _statistics(channels: int) -> list[Any]:
    return [numbers(channels), numbers(channels) + 1, numbers(channels) - 1, numbers(channels, low=0.5)]


@pytest.mark.parametrize(("opset", "attributes"), [(7, {}), (9, {"epsilon": 0.1}), (15, {"training_mode": 0})])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 5), (2, 3, 4, 4), (1, 3, 2, 3, 4)])
def test_batch_normalization(opset: int, attributes: dict[str, Any], shape: tuple[int, ...]) -> None:
    inputs = [numbers(*shape), *_statistics(3)]
    check(
        "BatchNormalization", inputs, attributes, oracle=onnxruntime, opset=opset, dynamic=(0,), constants=(1, 2, 3, 4)
    )


def test_batch_normalization_of_each_feature() -> None:
    shape = (3, 4, 5)
    inputs = [numbers(2, *shape), *(numbers(*shape, low=0.5, high=n) for n in (1, 2, 3, 4))]
    got = run("BatchNormalization", inputs, {"spatial": 0, "epsilon": 0.01}, opset=7)
    x, scale, b, mean, var = inputs
    np.testing.assert_allclose(got, (x - mean) / np.sqrt(var + 0.01) * scale + b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("opset", "outputs"), [(9, 5), (15, 3)])
def test_batch_normalization_in_training(opset: int, outputs: int) -> None:
    inputs = [numbers(4, 3, 5, 5), *_statistics(3)]
    attributes = {"momentum": 0.7} | ({"training_mode": 1} if opset == 15 else {})
    got = run("BatchNormalization", inputs, attributes, opset=opset, outputs=outputs)
    x, scale, b, mean, var = inputs
    batch_mean, batch_var = x.mean((0, 2, 3)), x.var((0, 2, 3))
    column = (slice(None), None, None)
    y = (x - batch_mean[column]) / np.sqrt(batch_var[column] + 1e-5) * scale[column] + b[column]
    want = [y, mean * 0.7 + batch_mean * 0.3, var * 0.7 + batch_var * 0.3, batch_mean, batch_var][:outputs]
    for g, w in zip(got, want):
        np.testing.assert_allclose(g, w, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 3, 7), (2, 3, 4, 5), (2, 3, 2, 4, 3)])
@pytest.mark.parametrize("dynamic", [(), (0,)])
def test_instance_normalization(shape: tuple[int, ...], dynamic: Any) -> None:
    inputs = [numbers(*shape), numbers(3), numbers(3)]
    check("InstanceNormalization", inputs, {"epsilon": 0.01}, oracle=onnxruntime, rtol=1e-4, opset=11, dynamic=dynamic)


@pytest.mark.parametrize("axis", [1, -1, 2])
@pytest.mark.parametrize("outputs", [1, 3])
def test_layer_normalization(axis: int, outputs: int) -> None:
    x = numbers(2, 3, 4, 5)
    scale, b = numbers(*x.shape[axis:]), numbers(*x.shape[axis:]) + 1
    check(
        "LayerNormalization",
        [x, scale, b],
        {"axis": axis, "epsilon": 0.1},
        oracle=onnxruntime,
        rtol=1e-4,
        atol=1e-5,
        opset=17,
        outputs=outputs,
        dynamic=(0,),
    )


def test_layer_normalization_of_half_precision_keeps_its_type() -> None:
    x = numbers(2, 8).astype(np.float16)
    check("LayerNormalization", [x, np.ones(8, np.float16)], oracle=onnxruntime, rtol=2e-3, atol=2e-3, opset=17)


@pytest.mark.parametrize("opset", [18, 21])
@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_normalization(opset: int, groups: int) -> None:
    size = groups if opset == 18 else 6
    x, scale, bias = numbers(2, 6, 4, 3), numbers(size), numbers(size) - 1
    got = run(
        "GroupNormalization", [x, scale, bias], {"num_groups": groups, "epsilon": 0.01}, opset=opset, constants=(1, 2)
    )
    parts = x.reshape(2, groups, -1)
    parts = (parts - parts.mean(-1, keepdims=True)) / np.sqrt(parts.var(-1, keepdims=True) + 0.01)
    scale, bias = (np.repeat(v, 6 // size).reshape(6, 1, 1) for v in (scale, bias))
    np.testing.assert_allclose(got, parts.reshape(x.shape) * scale + bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("axis", [0, -1, 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_norms_of_zero_give_zeros(p: int, axis: int, dtype: Any) -> None:
    x = numbers(3, 4, 5).astype(dtype)
    x[0], x[:, 1], x[..., 2] = 0, 0, 0
    got = run("LpNormalization", [x], {"p": p, "axis": axis}, opset=11)
    norm = np.linalg.norm(x.astype(np.float32), p, axis, keepdims=True)
    want = np.where(norm == 0, 0, x / np.where(norm == 0, 1, norm))
    np.testing.assert_allclose(
        got, want, rtol=1e-5 if dtype is np.float32 else 2e-3, atol=1e-3 if dtype is np.float16 else 0
    )


@pytest.mark.parametrize("size", [3, 5])
def test_lrn(size: int) -> None:
    attributes = {"size": size, "alpha": 0.5, "beta": 0.6, "bias": 2.0}
    check("LRN", [numbers(2, 7, 4, 4)], attributes, oracle=onnxruntime, opset=13, dynamic=(0,))


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("dynamic", [(), (0,)])
def test_lrn_of_even_size_reaches_further_behind(size: int, dynamic: Any) -> None:
    """By the definition, since ONNX Runtime refuses even sizes."""
    x = numbers(2, 7, 3, 4)
    squares = np.pad(x * x, [(0, 0), ((size - 1) // 2, size // 2), (0, 0), (0, 0)])
    sums = sum(squares[:, i : i + 7] for i in range(size))
    got = run("LRN", [x], {"size": size, "alpha": 0.5, "beta": 0.6, "bias": 2.0}, opset=13, dynamic=dynamic)
    np.testing.assert_allclose(got, x / (2.0 + 0.5 / size * sums) ** 0.6, rtol=1e-5)


@pytest.mark.parametrize("across", [0, 1])
@pytest.mark.parametrize("variance", [0, 1])
def test_mean_variance_normalization_of_the_first_opsets(across: int, variance: int) -> None:
    x = numbers(2, 3, 4, 5)
    axes = (1, 2, 3) if across else (2, 3)
    want = x - x.mean(axes, keepdims=True)
    want = want / x.std(axes, keepdims=True) if variance else want
    attributes = {"across_channels": across, "normalize_variance": variance}
    np.testing.assert_allclose(run("MeanVarianceNormalization", [x], attributes, opset=8), want, rtol=1e-4, atol=1e-5)


def test_mean_variance_normalization_along_axes() -> None:
    check("MeanVarianceNormalization", [numbers(2, 3, 4, 5)], {"axes": [0, 2]}, rtol=1e-4, opset=13)
