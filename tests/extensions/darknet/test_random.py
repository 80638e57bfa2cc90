"""Random networks of Darknet against OpenCV 4: how layers follow each other in ways that nobody thought of."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.extensions.darknet.networks import Network, convert, write
from tests.extensions.darknet.test_networks import assert_same, by_opencv, run

ACTIVATIONS = ("leaky", "relu", "mish", "swish", "logistic", "tanh", "linear")


def network(seed):
    draw = random.Random(seed)
    net = Network(draw.choice([40, 48, 57]), draw.choice([40, 48, 57]), draw.choice([1, 3, 4]))
    net.conv(draw.choice([4, 8]))
    for _ in range(draw.randint(3, 9)):
        draw.choice([convolution, convolution, pooling, grouped, adding, joining, growing])(net, draw)
    ending = draw.random()
    if ending < 0.4:
        net.yolo(0, 1, 2, scale_x_y=draw.choice([1, 1.1]))
    elif ending < 0.7:
        net.classify()
    return net


def convolution(net, draw):
    size, stride = draw.choice([1, 2, 3, 5]), draw.choice([1, 1, 1, 2])
    keys = {"batch_normalize": draw.choice([0, 1]), "pad": draw.choice([0, 1])}
    net.conv(draw.choice([4, 8, 12]), size, stride, draw.choice(ACTIVATIONS), **keys)


def grouped(net, draw):
    net.conv(4, 3, 1, draw.choice(ACTIVATIONS), groups=draw.choice([2, 4]))


def pooling(net, draw):
    keys = {"padding": draw.choice([0, 1, 2])} if draw.random() < 0.4 else {}
    net.maxpool(draw.choice([2, 3, 5]), draw.choice([1, 1, 2]), **keys)


def adding(net, draw):
    before = net.conv(8, 1, activation="linear")
    net.conv(draw.choice([4, 8]), 3, activation=draw.choice(ACTIVATIONS))
    net.shortcut(before, activation=draw.choice(["linear", "leaky"]))


def joining(net, draw):
    before = net.last
    net.route(net.conv(4, 1), before)


def growing(net, draw):
    net.add("upsample", stride=2)


@pytest.mark.parametrize("seed", range(40))
def test_a_random_network(tmp_path, seed):
    cfg, _ = write(tmp_path, network(seed), seed=seed)
    model = convert(cfg, decode_boxes=True)
    (shape,) = (t.shape for t in model.inputs.values())
    x = np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)
    ours, theirs = run(model, tmp_path / "net.xml", x), by_opencv(cfg, x)
    assert len(ours) == len(theirs)
    for got, want in zip(ours.values(), theirs):
        assert_same(got, want)
