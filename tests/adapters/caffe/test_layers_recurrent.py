"""Recurrent layers, against their equations written out."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core.errors import ModelError
from tests.adapters.caffe.harness import Array, close, inputs_of, layer, run, values

T, N, D, H = 5, 2, 3, 4
X = values(T, N, D)
CONT = np.array([[0, 0], [1, 1], [1, 0], [1, 1], [0, 1]], np.float32)
STATIC = values(N, 6, seed=9)


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def lstm(drive: Array, w: Array, h: Array, c: Array) -> tuple[Array, Array, Array]:
    steps = []
    for gates, cont in zip(drive, CONT[:, :, None]):
        i, f, o, g = np.split(gates + (h * cont) @ w.T, 4, 1)
        c = cont * sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        steps.append(h)
    return np.stack(steps), h, c


def weights(gates: int) -> list[Array]:
    return [values(gates * H, D, seed=1), values(gates * H, seed=2), values(gates * H, H, seed=3)]


PARAM = f"recurrent_param {{ num_output: {H} weight_filler {{ type: 'uniform' }} }}"
ZERO = np.zeros((N, H), np.float32)


def test_lstm() -> None:
    w, b, r = weights(4)
    got = run(layer("LSTM", "x cont", "y", PARAM), {"x": X, "cont": CONT}, {"y": [w, b, r]})
    close(got["y"], lstm(X @ w.T + b, r, ZERO, ZERO)[0])


def test_lstm_takes_images() -> None:
    w, b, r = weights(4)
    x = X.reshape(T, N, D, 1)
    got = run(layer("LSTM", "x cont", "y", PARAM), {"x": x, "cont": CONT}, {"y": [w, b, r]})
    close(got["y"], lstm(X @ w.T + b, r, ZERO, ZERO)[0])


def test_lstm_with_a_static_input() -> None:
    w, b, r = weights(4)
    s = values(4 * H, 6, seed=4)
    feeds = {"x": X, "cont": CONT, "static": STATIC}
    got = run(layer("LSTM", "x cont static", "y", PARAM), feeds, {"y": [w, b, s, r]})
    close(got["y"], lstm(X @ w.T + b + STATIC @ s.T, r, ZERO, ZERO)[0])


def test_lstm_shows_its_states() -> None:
    w, b, r = weights(4)
    h, c = values(N, H, seed=5), values(N, H, seed=6)
    feeds = {"x": X, "cont": CONT, "h": h[None], "c": c[None]}
    rest = PARAM.replace("}", "} expose_hidden: true ", 1)
    got = run(layer("LSTM", "x cont h c", "y hT cT", rest), feeds, {"y": [w, b, r]})
    want = lstm(X @ w.T + b, r, h, c)
    close(got["y"], want[0])
    close(got["hT"], want[1][None])
    close(got["cT"], want[2][None])


def rnn(drive: Array, w: Array, v: Array, b: Array, h: Array) -> Array:
    steps = []
    for inner, cont in zip(drive, CONT[:, :, None]):
        h = np.tanh(inner + (h * cont) @ w.T)
        steps.append(np.tanh(h @ v.T + b))
    return np.stack(steps)


@pytest.mark.parametrize("static", [False, True])
def test_rnn(static: bool) -> None:
    w, b, r = weights(1)
    v, bias, s = values(H, H, seed=7), values(H, seed=8), values(H, 6, seed=4)
    feeds = {"x": X, "cont": CONT, **({"static": STATIC} if static else {})}
    blobs = [w, b, *([s] if static else []), r, v, bias]
    got = run(layer("RNN", " ".join(feeds), "y", PARAM), feeds, {"y": blobs})
    drive = X @ w.T + b + (STATIC @ s.T if static else 0)
    close(got["y"], rnn(np.asarray(drive), r, v, bias, ZERO))


def test_the_number_of_steps_and_streams_may_change() -> None:
    w, b, r = weights(4)
    text = inputs_of({"x": values(2, 3, D), "cont": values(2, 3)}) + layer("LSTM", "x cont", "y", PARAM)
    got = run(text, {"x": X, "cont": CONT}, {"y": [w, b, r]})
    close(got["y"], lstm(X @ w.T + b, r, ZERO, ZERO)[0])


def test_blobs_of_the_wrong_size_are_refused() -> None:
    w, b, r = weights(4)
    with pytest.raises(ModelError, match="LSTM"):
        run(layer("LSTM", "x cont", "y", PARAM), {"x": X, "cont": CONT}, {"y": [w, b, r[:, :-1]]})


def test_a_continuation_indicator_begins_all_sequences_at_once() -> None:
    text = layer("ContinuationIndicator", "", "cont", "continuation_indicator_param { time_step: 3 batch_size: 2 }")
    got = run(text + layer("Eltwise", "x cont", "y"), {"x": np.zeros((3, 2), np.float32)})
    close(got["y"], np.array([[0, 0], [1, 1], [1, 1]], np.float32))


@pytest.mark.parametrize("numbers", ["", "time_step: 3", "time_step: 1000000000 batch_size: 1000000000"])
def test_an_impossible_continuation_indicator_is_refused(numbers: str) -> None:
    text = layer("ContinuationIndicator", "", "cont", f"continuation_indicator_param {{ {numbers} }}")
    with pytest.raises(ModelError, match="steps of"):
        run(text + layer("Eltwise", "x cont", "y"), {"x": np.zeros((3, 2), np.float32)})
