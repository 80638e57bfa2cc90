"""Layers that compute each value by itself."""

from __future__ import annotations

import numpy as np
import pytest

from tests.adapters.caffe.harness import Array, close, layer, positive, run, same_as_opencv, values

X = {"x": 2 * values(2, 3, 4, 5)}


def of(kind: str, rest: str = "") -> str:
    return layer(kind, "x", "y", rest)


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("ReLU", ""),
        ("ReLU", "relu_param { negative_slope: 0.1 engine: CAFFE }"),
        ("Sigmoid", ""),
        ("TanH", ""),
        ("ELU", "elu_param { alpha: 0.5 }"),
        ("AbsVal", ""),
        ("BNLL", ""),
        ("ReLU6", ""),
    ],
)
def test_as_opencv(kind: str, rest: str) -> None:
    same_as_opencv(of(kind, rest), X)


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


@pytest.mark.parametrize(
    ("kind", "rest", "want"),
    [
        ("ReLU6", "relu6_param { threshold: 1.5 }", lambda x: np.clip(x, 0, 1.5)),
        ("ELU", "", lambda x: np.where(x > 0, x, np.exp(x) - 1)),
        ("Clip", "clip_param { min: -0.5 max: 1 }", lambda x: np.clip(x, -0.5, 1)),
        ("Swish", "", lambda x: x * sigmoid(x)),
        ("Swish", "swish_param { beta: 1.7 }", lambda x: x * sigmoid(1.7 * x)),
        ("Threshold", "threshold_param { threshold: 0.25 }", lambda x: (x > 0.25).astype(np.float32)),
        ("Threshold", "", lambda x: (x > 0).astype(np.float32)),
        ("tanh", "", np.tanh),
        ("Tanh", "", np.tanh),
        ("Mish", "", lambda x: x * np.tanh(np.log1p(np.exp(x)))),
        ("HSwish", "", lambda x: x * np.clip(x + 3, 0, 6) / 6),
        ("HardSwish", "", lambda x: x * np.clip(x + 3, 0, 6) / 6),
        ("HSigmoid", "", lambda x: np.clip(x + 3, 0, 6) / 6),
        ("Dropout", "dropout_param { dropout_ratio: 0.7 }", lambda x: x),
        ("Dropout", "dropout_param { dropout_ratio: 0.7 scale_train: true }", lambda x: x),
        ("Dropout", "dropout_param { dropout_ratio: 0.7 scale_train: false }", lambda x: x * np.float32(0.3)),
        ("Dropout", "dropout_param { scale_train: false }", lambda x: x / 2),
        ("GaussianNoise", "gaussian_noise_param { sigma: 3 }", lambda x: x),
        ("Noise", "", lambda x: x),
        ("SpatialDropout", "spatial_dropout_param { dropout_ratio: 0.7 }", lambda x: x),
    ],
)
def test_as_described(kind: str, rest: str, want: object) -> None:
    assert callable(want)
    close(run(of(kind, rest), X)["y"], want(X["x"]))


def test_prelu_has_a_slope_for_each_channel() -> None:
    same_as_opencv(of("PReLU"), X, {"y": [positive(3)]})


def test_prelu_may_share_its_slope() -> None:
    x, slope = X["x"], np.float32(0.3)
    blob = np.array(slope).reshape(())
    got = run(of("PReLU", "prelu_param { channel_shared: true }"), X, {"y": [blob]})
    close(got["y"], np.where(x > 0, x, x * slope))


def test_prelu_of_vectors() -> None:
    x, slope = values(4, 3), positive(3)
    close(run(of("PReLU"), {"x": x}, {"y": [slope]})["y"], np.where(x > 0, x, x * slope))


def test_binarization_compares_with_the_threshold_of_the_channel() -> None:
    x, border = X["x"], np.array([0.1, -0.2, 0.3], np.float32)
    want = np.where(x > border.reshape(1, 3, 1, 1), 1, -1).astype(np.float32)
    close(run(of("Binarization"), X, {"y": [border]})["y"], want)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4), (2, 3, 4, 5, 2)])
def test_blobs_of_every_rank(shape: tuple[int, ...]) -> None:
    x = values(*shape)
    close(run(of("ReLU"), {"x": x})["y"], np.maximum(x, 0))
