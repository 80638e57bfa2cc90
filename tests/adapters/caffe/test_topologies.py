"""Well-known networks from end to end: converted, run from the emitted files, and compared with OpenCV.

All have few channels and small images, and the depth that they were published with.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import mo_core
from mo_caffe.crop import state_offsets
from mo_caffe.network import read_network
from tests.adapters.caffe import inceptions, networks
from tests.adapters.caffe.harness import Array, close, infer, opencv, run, values, write
from tests.adapters.caffe.networks import Net
from tests.adapters.caffe.test_layers_detection import propose, psroi_pool
from tests.adapters.caffe.test_layers_detection_output import found

Make = Callable[[], Net]
slow = pytest.mark.slow


def feeds_of(net: Net) -> dict[str, Array]:
    return {"data": values(*net.shapes["data"], seed=11)}


NETWORKS = [
    ("ResNet-50", lambda: networks.resnet(50, 8, 64)),
    ("ResNet-101", lambda: networks.resnet(101, 8, 64)),
    ("ResNet-152", lambda: networks.resnet(152, 8, 64)),
    ("ResNet-269", lambda: networks.resnet(269, 8, 64)),
    ("ResNeXt-50", lambda: networks.resnet(50, 16, 64, groups=8)),
    ("SE-ResNet-50", lambda: networks.resnet(50, 8, 64, squeeze=True)),
    ("DenseNet-121", lambda: networks.densenet(8, 64)),
    ("VGG-16", lambda: networks.vgg16(8, 64, 100)),
    ("FCN-8s", lambda: networks.fcn8s(4, 48, 5)),
    ("Inception-v1", lambda: inceptions.inception_v1(16, 64)),
    ("Inception-v2", lambda: inceptions.inception_v2(16, 64)),
    ("Inception-v3", lambda: inceptions.inception_v3(16, 107)),
    ("Inception-v4", lambda: inceptions.inception_v4(16, 107)),
]


SLOW = ("ResNet-101", "ResNet-152", "Inception-v4")


@pytest.mark.parametrize(
    "make", [pytest.param(make, id=name, marks=[slow] if name in SLOW else []) for name, make in NETWORKS]
)
def test_as_opencv(make: Make) -> None:
    net = make()
    got, want = run(net.text, feeds_of(net), net.blobs), opencv(net.text, feeds_of(net), net.blobs)
    assert set(got) == set(want)
    for name, expected in want.items():
        assert expected.std() > 1e-4 * np.abs(expected).max()
        close(got[name] / np.abs(expected).max(), expected / np.abs(expected).max(), 1e-3)


def test_fcn_finds_its_offsets() -> None:
    """They are those that its authors state in later files: 5, 9 and 31."""
    text = networks.fcn8s(4, 48, 5).text
    old = re.sub(r"crop_param \{[^}]*\}", "", text.replace('"Crop"', '"CROP"'))
    layers = read_network(old.encode()).layers
    state_offsets(layers)
    stated = [layer.fields["crop_param"]["offset"] for layer in layers if layer.type == "CROP"]
    assert stated == [[5, 5], [9, 9], [31, 31]]


@pytest.mark.parametrize("size", [300, pytest.param(512, marks=slow)])
def test_ssd(size: int) -> None:
    net = networks.ssd(size, 4, 6)
    feeds = feeds_of(net)
    got, want = run(net.text, feeds, net.blobs)["detection_out"], opencv(net.text, feeds, net.blobs)["detection_out"]
    assert len(found(want)) > 5
    close(found(got), found(want), 1e-3)


def test_ssd_takes_other_images() -> None:
    """Anchors and shapes follow the size that the emitted model is given."""
    net = networks.ssd(300, 4, 6)
    image = values(1, 3, 340, 310, seed=3)
    text = net.text.replace("dim: 300 dim: 300", "dim: 340 dim: 310")
    got = run(net.text, {"data": image}, net.blobs)["detection_out"]
    close(found(got), found(opencv(text, {"data": image}, net.blobs)["detection_out"]), 1e-3)


def test_rfcn() -> None:
    """OpenCV computes the maps; proposals and pooling are written out."""
    net = networks.rfcn(8, 160, 4, 50, 12)
    info = np.array([[160, 160, 1]], np.float32)
    got = run(net.text, {**feeds_of(net), "im_info": info}, net.blobs)
    unknown = ("rois", "im_info", "psroi", "ave_", "cls_prob", "bbox_pred")
    maps = [
        line for line in net.text.splitlines() if not line.startswith(tuple(f'layer {{ name: "{u}' for u in unknown))
    ]
    want = opencv("\n".join(maps), feeds_of(net), net.blobs)
    regions = propose(want["rpn_cls_prob_reshape"], want["rpn_bbox_pred"], info[0], 16, _anchors(), 16, 6000, 12, 0.7)
    assert len(regions) == 12
    rois = np.concatenate([np.zeros((12, 1), np.float32), regions], 1)
    votes = psroi_pool(want["rfcn_cls"], rois, 4, 7, 1 / 32).mean((2, 3))
    e = np.exp(votes - votes.max(1, keepdims=True))
    close(got["cls_prob"], e / e.sum(1, keepdims=True), 1e-3)
    close(got["bbox_pred"], psroi_pool(want["rfcn_bbox"], rois, 8, 7, 1 / 32).mean((2, 3)), 1e-3)


def _anchors() -> Array:
    from tests.adapters.caffe.test_layers_detection import base_anchors

    return base_anchors(16, [0.5, 1, 2], [8, 16, 32])


@pytest.mark.parametrize("size", [(2, 64, 64), (1, 96, 80)])
def test_a_network_takes_other_batches_and_images(size: tuple[int, int, int]) -> None:
    net = networks.resnet(50, 8, 64)
    x = values(size[0], 3, *size[1:], seed=5)
    text = net.text.replace("dim: 1 dim: 3 dim: 64 dim: 64", f"dim: {size[0]} dim: 3 dim: {size[1]} dim: {size[2]}")
    got, want = run(net.text, {"data": x}, net.blobs), opencv(text, {"data": x}, net.blobs)
    close(got["prob"], want["prob"], 1e-4)


# -- what the optimisation makes of ResNet-50


def layers_of(net: Net, **options: object) -> tuple[dict[str, ElementTree.Element], dict[str, Array]]:
    with tempfile.TemporaryDirectory() as folder:
        model = mo_core.convert(write(Path(folder), net.text, net.blobs), **options)
        xml = model.save(Path(folder) / "m.xml")
        nodes = {node.get("name", ""): node for node in ElementTree.parse(xml).getroot().iter("layer")}
        return nodes, infer(xml, feeds_of(net))


def strides(node: ElementTree.Element) -> str:
    data = node.find("data")
    assert data is not None
    return data.get("strides", "")


def test_batch_norms_vanish_and_strides_move_up() -> None:
    net = networks.resnet(50, 8, 64)
    nodes, got = layers_of(net)
    kinds = {node.get("type") for node in nodes.values()}
    assert not kinds & {"Multiply", "Divide", "Sqrt", "BatchNormInference"}
    convolutions = {name: strides(node) for name, node in nodes.items() if node.get("type") == "Convolution"}
    assert len(convolutions) == 53
    moved = {
        part: next(s for name, s in convolutions.items() if part in name) for part in ("3a_branch1", "3a_branch2a")
    }
    assert moved == {"3a_branch1": "1,1", "3a_branch2a": "1,1"}
    strided = sorted(
        part
        for part in ("2c_branch2b", "3d_branch2b", "4f_branch2b")
        for n, s in convolutions.items()
        if part in n and s == "2,2"
    )
    assert strided == ["2c_branch2b", "3d_branch2b", "4f_branch2b"]
    pools = [node for node in nodes.values() if node.get("type") == "MaxPool"]
    assert [strides(node) for node in pools] == ["2,2"] * 4  # pool1, and one for each stage whose strides moved
    plain, want = layers_of(net, disable_fusing=True, disable_resnet_optimization=True)
    assert strides(plain["res3a_branch1"]) == "2,2"
    assert "Multiply" in {node.get("type") for node in plain.values()}
    close(got["prob"], want["prob"], 1e-5)
