"""Normalisation by statistics, learned or of the data."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.errors import ModelError
from tests.adapters.caffe.harness import Array, close, layer, positive, run, same_as_opencv, values

X = {"x": values(2, 3, 4, 5)}
MEAN, VARIANCE = values(3, seed=1), positive(3, seed=2)


def vector(v: Array) -> Array:
    return v.reshape(3, 1, 1)


# -- batch norm


@pytest.mark.parametrize("total", [1.0, 250.0])
def test_batch_norm(total: float) -> None:
    blobs = [MEAN * total, VARIANCE * total, np.array([total], np.float32)]
    same_as_opencv(layer("BatchNorm", "x", "y", "batch_norm_param { eps: 0.001 }"), X, {"y": blobs})


def test_batch_norm_with_a_total_of_zero_has_no_statistics() -> None:
    got = run(layer("BatchNorm", "x", "y"), X, {"y": [MEAN, VARIANCE, np.zeros(1, np.float32)]})
    close(got["y"], X["x"] / np.sqrt(np.float32(1e-5)))


def test_batch_norm_of_vectors() -> None:
    x = values(4, 3)
    got = run(layer("BatchNorm", "x", "y"), {"x": x}, {"y": [MEAN, VARIANCE, np.ones(1, np.float32)]})
    close(got["y"], (x - MEAN) / np.sqrt(VARIANCE + 1e-5))


def test_batch_norm_may_have_its_scale_inside() -> None:
    scale, shift = values(3, seed=5), values(3, seed=6)
    blobs = [MEAN, VARIANCE, np.ones(1, np.float32), scale, shift]
    got = run(layer("BatchNorm", "x", "y", "batch_norm_param { scale_bias: true }"), X, {"y": blobs})
    want = (X["x"] - vector(MEAN)) / np.sqrt(vector(VARIANCE) + 1e-5) * vector(scale) + vector(shift)
    close(got["y"], want)


def of_batch(x: Array, eps: float) -> Array:
    return np.asarray((x - x.mean((0, 2, 3), keepdims=True)) / np.sqrt(x.var((0, 2, 3), keepdims=True) + eps))


def test_batch_norm_may_use_the_statistics_of_the_batch() -> None:
    rest = "batch_norm_param { use_global_stats: false moving_average_fraction: 0.9 }"
    got = run(layer("BatchNorm", "x", "y", rest), X, {"y": [MEAN, VARIANCE, np.ones(1, np.float32)]})
    close(got["y"], of_batch(X["x"], 1e-5), 1e-4)


def test_batch_norm_with_blobs_of_different_lengths_is_refused() -> None:
    with pytest.raises(ModelError, match="3 means, 4 variances"):
        run(layer("BatchNorm", "x", "y"), X, {"y": [MEAN, positive(4), np.ones(1, np.float32)]})


def test_bn_with_four_blobs() -> None:
    scale, shift = values(1, 3, 1, 1, seed=5), values(1, 3, 1, 1, seed=6)
    blobs = [scale, shift, MEAN.reshape(1, 3, 1, 1), VARIANCE.reshape(1, 3, 1, 1)]
    rest = "bn_param { eps: 0.01 frozen: true momentum: 0.9 moving_average: true decay: 0.05 }"
    got = run(layer("BN", "x", "y", rest), X, {"y": blobs})
    close(got["y"], scale * (X["x"] - vector(MEAN)) / np.sqrt(vector(VARIANCE) + 0.01) + shift)


def test_bn_with_two_blobs() -> None:
    scale, shift = values(3, seed=5), values(3, seed=6)
    got = run(layer("BN", "x", "y", "bn_param { bn_mode: INFERENCE }"), X, {"y": [scale, shift]})
    close(got["y"], X["x"] * vector(scale) + vector(shift))
    got = run(layer("BN", "x", "y", "bn_param { var_eps: 0.001 }"), X, {"y": [scale, shift]})
    close(got["y"], of_batch(X["x"], 0.001) * vector(scale) + vector(shift), 1e-4)


# -- of the data


@pytest.mark.parametrize("fields", ["", "local_size: 3 alpha: 0.5 beta: 0.6", "k: 2 alpha: 0.1"])
def test_lrn_across_channels(fields: str) -> None:
    x = values(2, 8, 4, 5)
    named = dict(zip(fields.split()[::2], map(float, fields.split()[1::2])))
    size, alpha, beta = int(named.get("local_size:", 5)), named.get("alpha:", 1.0), named.get("beta:", 0.75)
    padded = np.pad(x * x, [(0, 0), (size // 2, size // 2), (0, 0), (0, 0)])
    sums = sum(padded[:, i : i + 8] for i in range(size))
    got = run(layer("LRN", "x", "y", f"lrn_param {{ {fields} engine: CAFFE }}"), {"x": x})
    close(got["y"], x * (named.get("k:", 1.0) + alpha * sums / size) ** -beta)


def test_lrn_as_opencv() -> None:  # it has other defaults than Caffe, and no k
    fields = "local_size: 5 alpha: 0.5 beta: 0.75"
    same_as_opencv(layer("LRN", "x", "y", f"lrn_param {{ {fields} }}"), {"x": values(2, 8, 4, 5)})


@pytest.mark.parametrize("fields", ["", "local_size: 3 alpha: 0.5 beta: 0.6", "k: 7 alpha: 2"])
def test_lrn_within_a_channel(fields: str) -> None:
    x = values(2, 3, 6, 7)
    named = dict(zip(fields.split()[::2], map(float, fields.split()[1::2])))
    size, alpha, beta = int(named.get("local_size:", 5)), named.get("alpha:", 1.0), named.get("beta:", 0.75)
    half = size // 2
    padded = np.pad(x * x, [(0, 0), (0, 0), (half, half), (half, half)])
    sums = sum(padded[:, :, i : i + 6, j : j + 7] for i in range(size) for j in range(size))
    got = run(layer("LRN", "x", "y", f"lrn_param {{ norm_region: WITHIN_CHANNEL {fields} }}"), {"x": x})
    close(got["y"], x * (1 + alpha * sums / size**2) ** -beta)


def test_lrn_over_an_even_number_of_channels_is_refused() -> None:
    with pytest.raises(ModelError, match="odd number"):
        run(layer("LRN", "x", "y", "lrn_param { local_size: 4 }"), X)


@pytest.mark.parametrize("across", [True, False])
@pytest.mark.parametrize("variance", [True, False])
def test_mvn(across: bool, variance: bool) -> None:
    x, axes = X["x"], (1, 2, 3) if across else (2, 3)
    flags = f"across_channels: {str(across).lower()} normalize_variance: {str(variance).lower()}"
    rest = f"mvn_param {{ {flags} eps: 0.01 }}"
    want = x - x.mean(axes, keepdims=True)
    if variance:
        want = want / (x.std(axes, keepdims=True) + 0.01)
    close(run(layer("MVN", "x", "y", rest), X)["y"], want)


def test_mvn_of_vectors() -> None:
    x = values(3, 5)
    close(run(layer("MVN", "x", "y"), {"x": x})["y"], np.zeros_like(x))
    want = (x - x.mean(1, keepdims=True)) / (x.std(1, keepdims=True) + 1e-9)
    close(run(layer("MVN", "x", "y", "mvn_param { across_channels: true }"), {"x": x})["y"], want)


@pytest.mark.parametrize("across", [True, False])
def test_normalize(across: bool) -> None:
    rest = f"norm_param {{ across_spatial: {str(across).lower()} channel_shared: false eps: 0.001 }}"
    scale = positive(3)
    axes = (1, 2, 3) if across else (1,)
    x = X["x"]
    want = x / np.sqrt((x * x).sum(axes, keepdims=True) + 0.001) * vector(scale)
    close(run(layer("Normalize", "x", "y", rest), X, {"y": [scale]})["y"], want)


def test_normalize_as_opencv() -> None:
    rest = "norm_param { across_spatial: false channel_shared: false scale_filler { type: 'constant' value: 20 } }"
    same_as_opencv(layer("Normalize", "x", "y", rest), X, {"y": [positive(3)]})
    rest = "norm_param { across_spatial: false channel_shared: true }"
    same_as_opencv(layer("Normalize", "x", "y", rest), X, {"y": [positive(1)]})


def test_grn() -> None:
    x = X["x"]
    got = run(layer("GRN", "x", "y", "grn_param { bias: 0.5 }"), X)
    close(got["y"], x / np.sqrt((x * x).sum(1, keepdims=True) + 0.5))


def test_instance_norm() -> None:
    x, scale, shift = X["x"], values(3, seed=5), values(3, seed=6)
    want = (x - x.mean((2, 3), keepdims=True)) / np.sqrt(x.var((2, 3), keepdims=True) + 1e-5)
    got = run(layer("InstanceNorm", "x", "y"), X, {"y": [scale, shift]})
    close(got["y"], want * vector(scale) + vector(shift), 1e-4)


# -- group norm


@pytest.mark.parametrize("shape", [(2, 6, 4, 5), (1, 4, 2, 3, 4), (3, 8)])
def test_group_norm(shape: tuple[int, ...]) -> None:
    x = values(*shape)
    got = run(layer("GroupNorm", "x", "y", "group_norm_param { group_num: 2 eps: 0.01 }"), {"x": x})
    groups = x.reshape(shape[0], 2, -1)
    want = (groups - groups.mean(2, keepdims=True)) / np.sqrt(groups.var(2, keepdims=True) + 0.01)
    close(got["y"], want.reshape(shape))


def test_group_norm_without_groups_is_refused() -> None:
    with pytest.raises(ModelError, match="group_num is 0"):
        run(layer("GroupNorm", "x", "y", "group_norm_param { group_num: 0 }"), X)


def test_channel_norm() -> None:
    close(run(layer("ChannelNorm", "x", "y"), X)["y"], np.sqrt((X["x"] ** 2).sum(1, keepdims=True)))
