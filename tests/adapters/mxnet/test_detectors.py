"""Detectors of GluonCV with the outputs that the old tool gave them, on request."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mo_core.errors import ModelError, UsageError
from tests.adapters.mxnet.harness import Net, assert_close, convert, run, run_model, values

SIZE, CLASSES, ANCHORS = 32, 3, 2
COUNT = ANCHORS * 16


def ssd(topk=20, kept=6):
    """The end of an SSD as GluonCV exports it: one scale of 4 x 4 places, with the decoding of each class."""
    net = Net()
    data = net.var("data")
    features = net.op("Pooling", data, kernel=(8, 8), stride=(8, 8), pool_type="avg")

    def head(name, each):
        weights = net.var(f"{name}_w"), net.var(f"{name}_b")
        y = net.op("Convolution", features, *weights, kernel=(1, 1), num_filter=ANCHORS * each, name=name)
        return net.op("Reshape", net.op("Flatten", net.op("transpose", y, axes=(0, 2, 3, 1))), shape=(0, -1, each))

    scores = net.op("softmax", head("classes", CLASSES + 1), axis=-1)
    boxes = head("boxes", 4)
    anchors = net.op("Reshape", net.var("anchors"), shape=(1, -1, 4), name="anchors4")
    found = net.op("_contrib_box_decode", boxes, anchors, std0=0.1, std1=0.1, std2=0.2, std3=0.2)
    rows = []
    for label in range(CLASSES):
        score = net.op("slice_axis", scores, axis=-1, begin=label + 1, end=label + 2)
        label_column = net.op("_plus_scalar", net.op("zeros_like", score), scalar=label)
        rows.append(net.op("Concat", label_column, score, found, num_args=3, dim=-1))
    every = net.op("Concat", *rows, num_args=CLASSES, dim=1)
    chosen = net.op(
        "_contrib_box_nms", every, overlap_thresh=0.45, topk=topk, valid_thresh=0.01, id_index=0, name="chosen"
    )
    top = net.op("slice_axis", chosen, axis=1, begin=0, end=kept)
    return net.output(
        net.op("slice_axis", top, axis=2, begin=0, end=1), net.op("slice_axis", top, axis=2, begin=1, end=2)
    )


def weights():
    middle = (np.arange(4, dtype=np.float32) + 0.5) * 8
    y, x, size = np.meshgrid(middle, middle, (6.0, 12.0), indexing="ij")
    anchors = np.stack([x, y, size, size], -1).reshape(1, COUNT, 4).astype(np.float32)
    found = {"classes_w": values(ANCHORS * (CLASSES + 1), 3, 1, 1) * 4, "classes_b": values(ANCHORS * (CLASSES + 1))}
    return found | {"boxes_w": values(ANCHORS * 4, 3, 1, 1), "boxes_b": values(ANCHORS * 4), "anchors": anchors}


def test_an_ssd_of_gluoncv_gets_one_detection_output():
    """The best detections are those of the network itself, in relative corners behind the number of the image."""
    x = values(1, 3, SIZE, SIZE)
    model = convert(ssd(), weights(), input=f"data[1,3,{SIZE},{SIZE}]", enable_ssd_gluoncv=True)
    assert list(model.outputs) == ["DetectionOutput"]
    (node,) = [n for n in model.graph if n.type_name == "DetectionOutput"]
    assert (node.nms_threshold, node.top_k, node.keep_top_k, node.normalized) == (0.45, 20, (6,), True)
    (rows,) = run_model(model, {"data": x})[0]
    assert rows.shape == (1, 1, 6, 7)
    labels, scores = run(ssd(), {"data": x}, weights())
    best = rows[0, 0][np.argsort(-rows[0, 0, :, 2])]
    np.testing.assert_allclose(best[0, 2], scores[0, 0, 0], rtol=1e-5)
    assert best[0, 1] == labels[0, 0, 0] and (best[:, 0] <= 0).all()


def test_without_the_option_an_ssd_stays_as_it_is():
    model = convert(ssd(), weights(), input=f"data[1,3,{SIZE},{SIZE}]")
    assert len(model.graph.outputs) == 2
    assert not [n for n in model.graph if n.type_name == "DetectionOutput"]


def test_the_option_for_another_network():
    net = Net()
    net.op("relu", net.var("x"))
    with pytest.raises(UsageError, match="the network is no SSD of GluonCV"):
        convert(net, input="x[2,3]", enable_ssd_gluoncv=True)


# -- YOLO v3

ATTRIBUTES = {
    "classes": 2,
    "anchors": [10, 13, 16, 30, 33, 23, 30, 61],
    "coords": 4,
    "num": 4,
    "masks": [[2, 3], [0, 1]],
    "entry_points": ["yolo0_reshape0", "yolo1_reshape0"],
}


def yolo():
    """Two scales, each with the first node of its decoding."""
    net = Net()
    data = net.var("data")
    heads = []
    for i, stride in enumerate((8, 4)):
        y = net.op("Pooling", data, kernel=(stride, stride), stride=(stride, stride), pool_type="avg")
        w, b = net.var(f"w{i}"), net.var(f"b{i}")
        y = net.op("Convolution", y, w, b, kernel=(1, 1), num_filter=14, name=f"yolo{i}_conv0")
        heads.append(net.op("Reshape", y, shape=(0, 14, -1), name=f"yolo{i}_reshape0"))
    return net.output(*(net.op("sigmoid", net.op("transpose", h, axes=(0, 2, 1))) for h in heads))


def described(folder, **changed):
    path = folder / "yolo_v3.json"
    entry = {"id": "TFYOLOV3", "match_kind": "general", "custom_attributes": {**ATTRIBUTES, **changed}}
    path.write_text(json.dumps([entry]))
    return str(path)


PARAMS = {"w0": values(14, 3, 1, 1), "b0": values(14), "w1": values(14, 3, 1, 1, seed=1), "b1": values(14, seed=1)}


def test_yolo_with_the_description_of_the_old_tool(tmp_path):
    x = values(1, 3, 16, 16)
    model = convert(yolo(), PARAMS, input="data[1,3,16,16]", transformations_config=described(tmp_path))
    assert list(model.outputs) == ["yolo0_reshape0/YoloRegion", "yolo1_reshape0/YoloRegion"]
    regions = [n for n in model.graph if n.type_name == "RegionYolo"]
    assert [n.mask for n in regions] == [(2, 3), (0, 1)] and not any(n.do_softmax for n in regions)
    got = run_model(model, {"data": x})[0]
    for i, (found, stride) in enumerate(zip(got, (8, 4))):
        means = x.reshape(1, 3, 16 // stride, stride, 16 // stride, stride).mean((3, 5))
        raw = np.einsum("oc,ncyx->noyx", PARAMS[f"w{i}"][:, :, 0, 0], means) + PARAMS[f"b{i}"][:, None, None]
        want = raw.reshape(1, 2, 7, *raw.shape[2:]).copy()
        for channel in (0, 1, 4, 5, 6):  # all but width and height go through a sigmoid
            want[:, :, channel] = 1 / (1 + np.exp(-want[:, :, channel]))
        assert_close([found], [want.reshape(raw.shape).astype(np.float32)], 1e-5)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"entry_points": ["yolo9"]}, UsageError, '"entry_points" names "yolo9"'),
        ({"masks": [[0]]}, ModelError, '"masks" has not 2 lists'),
        ({"classes": "many"}, ModelError, '"classes" is no whole number'),
        ({"anchors": []}, ModelError, '"anchors" is no list of numbers'),
    ],
)
def test_descriptions_that_are_wrong(tmp_path, changed, error, message):
    if "entry_points" in changed:
        changed["masks"] = [[0]]
    with pytest.raises(error, match=message):
        convert(yolo(), PARAMS, input="data[1,3,16,16]", transformations_config=described(tmp_path, **changed))
