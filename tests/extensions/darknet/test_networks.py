"""Whole networks of Darknet, against the reader of OpenCV 4, on the OpenVINO runtime from the emitted files."""

from __future__ import annotations

import cv2
import numpy as np
import openvino
import pytest

from tests.extensions.darknet.networks import COMPLETE, convert, write

EXACT = {"INFERENCE_PRECISION_HINT": "f32"}


def picture(*shape):
    return np.random.default_rng(1).uniform(size=shape).astype(np.float32)


def run(model, path, x):
    """The outputs by name."""
    compiled = openvino.Core().compile_model(model.save(path), "CPU", EXACT)
    results = compiled([x])
    return {name: np.array(results[i]) for i, name in enumerate(model.outputs)}


def by_opencv(cfg, x):
    net = cv2.dnn.readNetFromDarknet(str(cfg), str(cfg.with_suffix(".weights")))
    net.setInput(x)
    return list(net.forward(net.getUnconnectedOutLayersNames()))


def assert_same(got, want):
    """Equal but for rounding, which grows with the number of layers."""
    got = got.reshape(want.shape)
    np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5 * np.abs(want).max())


@pytest.mark.parametrize("network", COMPLETE, ids=lambda f: f.__name__)
def test_the_results_are_those_of_opencv(tmp_path, network):
    net = network()
    cfg, _ = write(tmp_path, net)
    model = convert(cfg, decode_boxes=True)
    x = picture(*next(iter(model.inputs.values())).shape)
    ours, theirs = run(model, tmp_path / "net.xml", x), by_opencv(cfg, x)
    assert len(ours) == len(theirs)
    for (name, got), want in zip(ours.items(), theirs):
        assert np.isfinite(want).all() and np.ptp(want) > 1e-3, "the network says nothing"
        if name.startswith("region"):
            _assert_same_but_suppressed(got.reshape(want.shape), want)
        else:
            assert_same(got, want)


def _assert_same_but_suppressed(got, want):
    """OpenCV sets the scores of boxes that overlap better ones to 0; ours are all there."""
    kept = want[:, 5:] != 0
    assert kept.mean() > 0.1
    assert_same(got[:, :5], want[:, :5])
    assert_same(got[:, 5:][kept], want[:, 5:][kept])
