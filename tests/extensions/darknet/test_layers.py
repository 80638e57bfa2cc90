"""Layers of Darknet one by one: against OpenCV 4 where it has them, else against Darknet's definition in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.extensions.darknet.networks import Network, convert, write
from tests.extensions.darknet.test_networks import assert_same, by_opencv, picture, run


def converted(folder, net, **options):
    cfg, arrays = write(folder, net)
    return convert(cfg, **options), cfg, arrays


def result(folder, net, x, **options):
    """The only output, and the weights."""
    model, _, arrays = converted(folder, net, **options)
    (y,) = run(model, folder / "net.xml", x).values()
    return y, arrays


def one(kind, width=12, height=None, channels=4, **keys):
    net = Network(width, height, channels)
    net.add(kind, **keys)
    return net


def signed(*shape):
    return 4 * picture(*shape) - 2


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("convolutional", {"filters": 6, "size": 3, "activation": "linear"}),
        ("convolutional", {"filters": 6, "size": 3, "pad": 1, "activation": "relu"}),
        ("convolutional", {"filters": 6, "size": 5, "stride": 2, "padding": 1, "activation": "leaky"}),
        ("convolutional", {"filters": 6, "size": 3, "groups": 2, "pad": 1, "activation": "swish"}),
        ("convolutional", {"filters": 4, "size": 3, "groups": 4, "batch_normalize": 1, "activation": "mish"}),
        ("convolutional", {"filters": 6, "size": 2, "stride": 2, "pad": 1, "activation": "logistic"}),
        ("convolutional", {"filters": 6, "size": 1, "activation": "tanh"}),
        ("maxpool", {"size": 2, "stride": 2}),
        ("maxpool", {"size": 2, "stride": 1}),
        ("maxpool", {"size": 3, "stride": 2}),
        ("maxpool", {"size": 3, "stride": 2, "padding": 0}),
        ("maxpool", {"size": 3, "stride": 3, "padding": 3}),
        ("maxpool", {"size": 5, "stride": 1}),
        ("avgpool", {}),
        ("connected", {"output": 5, "activation": "leaky"}),
        ("upsample", {"stride": 2}),
        ("reorg", {"stride": 2}),
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(12, 12), (14, 10)])
def test_a_layer_is_that_of_opencv(tmp_path, kind, keys, size):
    net = one(kind, *size, **keys)
    x = signed(1, 4, size[1], size[0])
    y, _ = result(tmp_path, net, x)
    assert_same(y, by_opencv(tmp_path / "net.cfg", x)[0])


@pytest.mark.parametrize(("first", "second"), [(6, 6), (8, 6), (4, 6)])
@pytest.mark.parametrize("activation", ["linear", "leaky"])
def test_a_shortcut_has_the_size_of_the_layer_before(tmp_path, first, second, activation):
    net = Network(12, channels=4)
    a = net.linear(first)
    net.linear(second)
    net.shortcut(a, activation=activation)
    x = signed(1, 4, 12, 12)
    y, _ = result(tmp_path, net, x)
    assert y.shape == (1, second, 12, 12)
    assert_same(y, by_opencv(tmp_path / "net.cfg", x)[0])


def test_a_shortcut_from_a_larger_image_takes_every_second_place(tmp_path):
    net = Network(12, channels=4)
    a = net.linear(6)
    net.maxpool()
    b = net.linear(6)
    net.shortcut(a)
    x = signed(1, 4, 12, 12)
    y, _ = result(tmp_path, net, x)
    parts = convert(tmp_path / "net.cfg", output=[f"convolutional_{n}" for n in (a, b)])
    first, second = run(parts, tmp_path / "parts.xml", x).values()
    assert_same(y, second + first[:, :, ::2, ::2])


def test_a_shortcut_adds_several_layers(tmp_path):
    net = Network(12, channels=4)
    layers = [net.linear(6) for _ in range(3)]
    net.shortcut(*layers[:2])
    x = signed(1, 4, 12, 12)
    y, _ = result(tmp_path, net, x)
    parts = convert(tmp_path / "net.cfg", output=[f"convolutional_{n}" for n in layers])
    assert_same(y, sum(run(parts, tmp_path / "parts.xml", x).values()))


@pytest.mark.parametrize("keys", [{"groups": 2, "group_id": 1}, {"groups": 3, "group_id": 0}, {}])
def test_a_route_takes_parts_of_layers(tmp_path, keys):
    net = Network(12, channels=4)
    net.route(net.linear(6), **keys)
    x = signed(1, 4, 12, 12)
    y, _ = result(tmp_path, net, x)
    assert_same(y, by_opencv(tmp_path / "net.cfg", x)[0])


@pytest.mark.parametrize("kind", ["scale_channels", "sam"])
def test_a_layer_is_multiplied(tmp_path, kind):
    net = Network(12, channels=4)
    a = net.linear(6)
    if kind == "scale_channels":
        net.add("avgpool")
    net.conv(6, 1, activation="logistic")
    net.add(kind, from_=a)
    x = signed(1, 4, 12, 12)
    y, _ = result(tmp_path, net, x)
    assert_same(y, by_opencv(tmp_path / "net.cfg", x)[0])


# -- what OpenCV does not have


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {
    "relie": lambda x: np.where(x > 0, x, 0.01 * x),
    "ramp": lambda x: x * (x > 0) + 0.1 * x,
    "relu6": lambda x: np.clip(x, 0, 6),
    "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "selu": lambda x: np.where(x > 0, 1.0507 * x, 1.0507 * 1.6732 * (np.exp(x) - 1)),
    "gelu": lambda x: 0.5 * x * (1 + np.tanh(0.797885 * x + 0.035677 * x**3)),
    "loggy": lambda x: 2 * sigmoid(x) - 1,
    "hard_mish": lambda x: np.where(x > 0, x, np.where(x > -2, x * x / 2 + x, 0)),
    "hardtan": lambda x: np.clip(x, -1, 1),
    "lhtan": lambda x: np.where(x < 0, 0.001 * x, np.where(x > 1, 0.001 * (x - 1) + 1, x)),
    "plse": lambda x: np.where(x < -4, 0.01 * (x + 4), np.where(x > 4, 0.01 * (x - 4) + 1, 0.125 * x + 0.5)),
    "normalize_channels": lambda x: np.maximum(x, 0) / (np.maximum(x, 0).sum(1, keepdims=True) + 1e-4),
    "normalize_channels_softmax": lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation(tmp_path, name):
    x = 5 * signed(1, 4, 12, 12)
    y, _ = result(tmp_path, one("activation", activation=name), x)
    want = ACTIVATIONS[name](x.astype(np.float64))
    np.testing.assert_allclose(y, want, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("size", "stride", "pad"), [(3, 1, 1), (3, 2, 1), (3, 1, 0), (5, 2, 0), (1, 1, 0)])
def test_a_local_layer_has_weights_for_every_place(tmp_path, size, stride, pad):
    net = one("local", 9, 7, 3, filters=2, size=size, stride=stride, pad=pad, activation="leaky")
    x = signed(1, 3, 7, 9)
    y, (biases, weights) = result(tmp_path, net, x)
    padded = np.pad(x[0], ((0, 0), (pad, pad), (pad, pad)))
    want = np.empty(y.shape[1:])
    for place in range(weights.shape[0]):
        i, j = divmod(place, want.shape[2])
        patch = padded[:, i * stride : i * stride + size, j * stride : j * stride + size]
        want[:, i, j] = weights[place] @ patch.reshape(-1) + biases[:, place]
    assert want[0].size == weights.shape[0]
    assert_same(y[0], np.where(want > 0, want, 0.1 * want))


def test_the_crop_is_the_middle_between_minus_1_and_1(tmp_path):
    x = picture(1, 4, 12, 13)
    y, _ = result(tmp_path, one("crop", 13, 12, crop_height=8, crop_width=9, flip=1, angle=0), x)
    assert_same(y, 2 * x[:, :, 2:10, 2:11] - 1)
    y, _ = result(tmp_path, one("crop", 13, 12, crop_height=8, crop_width=9, noadjust=1), x)
    assert_same(y, x[:, :, 2:10, 2:11])


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def test_softmax_over_groups_and_over_all_elements(tmp_path):
    x = 3 * signed(1, 4, 3, 2)
    for groups in (1, 2, 4):
        y, _ = result(tmp_path, one("softmax", 2, 3, groups=groups, temperature=2), x)
        assert_same(y, softmax(x.reshape(groups, -1) / 2, 1).reshape(x.shape))
    y, _ = result(tmp_path, one("softmax", 2, 3, spatial=1), x)
    assert_same(y, softmax(x, 1))


TREE = "animal -1\nthing -1\ncat 0\ndog 0\nfox 0\ncar 1\nbus 1\n"


def by_siblings(x, axis):
    return np.concatenate([softmax(part, axis) for part in np.split(x, (2, 5), axis)], axis)


def test_softmax_over_the_siblings_of_a_tree(tmp_path):
    (tmp_path / "a.tree").write_text(TREE)
    x = 3 * signed(1, 7, 1, 1)
    y, _ = result(tmp_path, one("softmax", 1, 1, 7, tree=tmp_path / "a.tree"), x)
    assert_same(y, by_siblings(x, 1))


def reorganised(x, stride):
    """Darknet's loop: the input is addressed as if it had the channels of the result's blocks."""
    channels, height, width = x.shape
    y, flat = np.empty(x.size, np.float32), x.reshape(-1)
    less = channels // stride**2
    for k in range(channels):
        for j in range(height):
            for i in range(width):
                column, row = i * stride + k // less % stride, j * stride + k // less // stride
                source = column + width * stride * (row + height * stride * (k % less))
                y[i + width * (j + height * k)] = flat[source]
    return y.reshape(channels * stride**2, height // stride, width // stride)


def test_reorg_has_the_order_of_darknet_and_reverse_goes_back(tmp_path):
    x = signed(1, 8, 6, 4)
    y, _ = result(tmp_path, one("reorg", 4, 6, 8, stride=2), x)
    assert_same(y[0], reorganised(x[0], 2))
    y, _ = result(tmp_path, one("reorg", 4, 6, 8, stride=2, reverse=1), x)
    blocks = x.reshape(2, 2, 2, 6, 4)  # down, across, channel
    assert_same(y[0], blocks.transpose(2, 3, 0, 4, 1).reshape(2, 12, 8))


def test_reorg3d_moves_blocks_to_channels(tmp_path):
    x = signed(1, 3, 6, 4)
    y, _ = result(tmp_path, one("reorg3d", 4, 6, 3, stride=2), x)
    assert_same(y[0], x[0].reshape(3, 3, 2, 2, 2).transpose(2, 4, 0, 1, 3).reshape(12, 3, 2))


def test_a_scaled_upsampling(tmp_path):
    x = signed(1, 4, 3, 2)
    y, _ = result(tmp_path, one("upsample", 2, 3, stride=3, scale=0.5), x)
    assert_same(y, 0.5 * x.repeat(3, 2).repeat(3, 3))


def test_a_dilated_convolution_and_strides_of_two_kinds(tmp_path):
    net = one("convolutional", 11, 9, filters=2, size=3, dilation=2, padding=1, activation="linear")
    x = signed(1, 4, 9, 11)
    y, (biases, weights) = result(tmp_path, net, x)
    wide = np.zeros((2, 4, 5, 5), np.float32)
    wide[:, :, ::2, ::2] = weights
    padded = np.pad(x[0], ((0, 0), (2, 2), (2, 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), (1, 2))
    assert_same(y[0], np.einsum("chwij,ocij->ohw", windows, wide) + biases[:, None, None])

    net = one("maxpool", 11, 9, size=1, stride_x=3, stride_y=2)
    assert_same(result(tmp_path, net, x)[0], x[:, :, ::2, ::3])


def test_half_of_the_old_versions_have_matrices_by_inputs(tmp_path):
    x = signed(1, 4, 12, 12)
    net = one("connected", output=5, activation="linear")
    cfg, (biases, matrix) = write(tmp_path, net, version=(1001, 0, 0))
    (y,) = run(convert(cfg), tmp_path / "net.xml", x).values()
    assert_same(y[0], x.reshape(-1) @ matrix.reshape(matrix.shape[::-1]) + biases)


# -- heads


def raw(x, boxes):
    return x.reshape(boxes, -1, *x.shape[2:])


def test_yolo_gives_what_the_layer_of_darknet_gives(tmp_path):
    net = Network(64, channels=21)
    net.maxpool(16, 16, padding=0)
    net.add("yolo", mask="0,2,3", anchors="1,2,3,4,5,6,7,8", classes=2, num=4, scale_x_y=1.2)
    x = signed(1, 21, 64, 64)
    y, _ = result(tmp_path, net, x)
    pooled = x.reshape(1, 21, 4, 16, 4, 16).max((3, 5))
    want = raw(pooled, 3).copy()
    want[:, :2] = 1.2 * sigmoid(want[:, :2]) - 0.1
    want[:, 4:] = sigmoid(want[:, 4:])
    assert y.shape == (1, 21, 4, 4)
    assert_same(raw(y, 3), want)


def test_plain_yolo_is_one_operation_with_its_anchors(tmp_path):
    net = Network(64)
    net.conv(8, 3, 2)
    net.yolo(0, 1, 2)
    model, *_ = converted(tmp_path, net)
    (head,) = (n for n in model.graph if n.type_name == "RegionYolo")
    assert head.mask == (0, 1, 2) and len(head.anchors) == 18 and not head.do_softmax
    assert list(model.outputs) == ["yolo_2"] and model.graph.outputs[0].source is head


@pytest.mark.parametrize("soft", [0, 1])
def test_region_gives_what_the_layer_of_darknet_gives(tmp_path, soft):
    net = one("region", 4, 3, 14, classes=2, num=2, softmax=soft, anchors="1,2,3,4", coords=4)
    x = signed(1, 14, 3, 4)
    y, _ = result(tmp_path, net, x)
    want = raw(x, 2).copy()
    want[:, [0, 1, 4]] = sigmoid(want[:, [0, 1, 4]])
    want[:, 5:] = softmax(want[:, 5:], 1) if soft else sigmoid(want[:, 5:])
    assert y.shape == ((1, 14 * 12) if soft else x.shape)
    assert_same(y.reshape(want.shape), want)


@pytest.mark.parametrize("rows", [False, True])
def test_region_with_a_tree_of_classes(tmp_path, rows):
    (tmp_path / "a.tree").write_text(TREE)
    net = one("region", 4, 3, 24, classes=7, num=2, softmax=1, anchors="1,2,3,4", tree=tmp_path / "a.tree")
    x = signed(1, 24, 3, 4)
    y, _ = result(tmp_path, net, x, decode_boxes=rows)
    scores = by_siblings(raw(x, 2)[:, 5:], 1)
    if rows:
        objectness = sigmoid(raw(x, 2)[:, 4:5])
        assert_same(y[0, :, 5:], (scores * objectness).transpose(2, 3, 0, 1).reshape(-1, 7))
    else:
        assert_same(raw(y, 2)[:, 5:], scores)
        assert_same(raw(y, 2)[:, 2:4], raw(x, 2)[:, 2:4])


def test_yolo_1_ends_with_scores_objectness_and_boxes(tmp_path):
    """The tail of YOLO v1: a local layer, a dropout, a matrix, and the detection layer."""
    net = Network(12)
    net.conv(4, 3, 2)
    net.add("local", size=3, stride=1, pad=1, filters=2, activation="leaky")
    net.add("dropout", probability=0.5)
    side, classes, num = 3, 4, 2
    matrix = net.add("connected", output=side**2 * (classes + 5 * num), activation="linear")
    net.add("detection", classes=classes, coords=4, rescore=1, side=side, num=num, softmax=1, sqrt=1, jitter=0.2)
    x = picture(1, 3, 12, 12)
    y, _ = result(tmp_path, net, x)
    before = convert(tmp_path / "net.cfg", output=f"connected_{matrix}")
    (want,) = run(before, tmp_path / "before.xml", x).values()
    want[0, : side**2 * classes] = softmax(want[0, : side**2 * classes].reshape(-1, classes), 1).reshape(-1)
    assert_same(y, want)


def test_rows_follow_another_size_of_the_image(tmp_path):
    """The anchors are in pixels, so that nothing depends on the size that the .cfg has."""
    net = Network(64)
    net.conv(8, 3, 2)
    net.yolo(0, 1, 2)
    cfg, _ = write(tmp_path, net)
    x = picture(1, 3, 32, 96)
    theirs = by_opencv(cfg, x)[0]
    model = convert(cfg, decode_boxes=True, input_shape=[1, 3, -1, -1])
    assert_same(run(model, tmp_path / "net.xml", x)["yolo_2"], theirs)
