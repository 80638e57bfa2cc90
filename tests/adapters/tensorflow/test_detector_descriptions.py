"""Detectors whose descriptions say all: YOLO and the SSD of the toolbox."""

from __future__ import annotations

import numpy as np
import pytest

import mo_core
from mo_core.errors import ModelError, UsageError
from tests.adapters.tensorflow import detectors
from tests.adapters.tensorflow.running import Frozen, compare, random, run, tf

ANCHORS = [10, 13, 16, 30, 33, 23, 30, 61]


def entry(id, **attributes):
    return [{"id": id, "match_kind": "general", "custom_attributes": attributes}]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def region(x, boxes, classes, softmax):
    """RegionYolo of N, H, W, boxes * (5 + classes): as N, boxes, 5 + classes, H, W."""
    n, h, w, _ = x.shape
    y = x.transpose(0, 3, 1, 2).reshape(n, boxes, 5 + classes, h, w).copy()
    y[:, :, :2], y[:, :, 4] = sigmoid(y[:, :, :2]), sigmoid(y[:, :, 4])
    if softmax:
        e = np.exp(y[:, :, 5:] - y[:, :, 5:].max(2, keepdims=True))
        y[:, :, 5:] = e / e.sum(2, keepdims=True)
    else:
        y[:, :, 5:] = sigmoid(y[:, :, 5:])
    return y


def yolo_v2(x):
    return tf().nn.conv2d(x, random(1, 1, 3, 2 * 7, seed=1), 1, "SAME", name="output")


def yolo_v3(x):
    """Two scales, each decoded after its last convolution."""
    outputs = []
    for i, stride in enumerate((2, 1)):
        y = tf().nn.conv2d(x, random(1, 1, 3, 2 * 7, seed=i), stride, "SAME", name=f"conv_{i}")
        boxes = tf().reshape(y, [1, -1, 7], name=f"detector/Reshape_{i}")
        outputs.append(tf().sigmoid(boxes))
    return tf().concat(outputs, 1, name="detections")


def test_the_output_of_a_yolo_v2_goes_to_a_region():
    model = Frozen(yolo_v2, {"x": random(1, 3, 5, 3)})
    (wanted,) = model.wants.values()
    attributes = {"classes": 2, "coords": 4, "num": 2, "do_softmax": 1, "anchors": [0.5, 0.6, 1.8, 2.0]}
    got = run(model.graph, model.feeds, transformations_config=entry("TFYOLO", **attributes), output="output")
    compare([*got.values()], [region(wanted, 2, 2, True).reshape(1, -1)], rtol=1e-4)


def test_what_the_entry_points_of_a_yolo_v3_read_goes_to_regions():
    model = Frozen(yolo_v3, {"x": random(1, 4, 6, 3)})
    attributes = {
        "classes": 2,
        "coords": 4,
        "num": 4,
        "anchors": ANCHORS,
        "masks": [[2, 3], [0, 1]],
        "entry_points": ["detector/Reshape_0", "detector/Reshape_1"],
    }
    got = run(model.graph, model.feeds, transformations_config=entry("TFYOLOV3", **attributes))
    raw = run(model.graph, model.feeds, output="conv_0,conv_1")
    wanted = [region(y, 2, 2, False) for y in raw.values()]
    compare([*got.values()], [y.reshape(1, -1, *y.shape[3:]) for y in wanted], rtol=1e-4)
    assert list(got) == ["detector/Reshape_0/YoloRegion", "detector/Reshape_1/YoloRegion"]


@pytest.mark.parametrize(
    ("attributes", "error", "message"),
    [
        ({"entry_points": ["detector/Reshape"]}, UsageError, r'"entry_points" names "detector/Reshape".*\n.*Reshape_0'),
        ({"entry_points": []}, ModelError, "entry_points"),
        ({"entry_points": ["detector/Reshape_0"], "masks": []}, ModelError, "masks"),
        ({"entry_points": ["detector/Reshape_0"], "anchors": ["1"]}, ModelError, "anchors"),
        ({"entry_points": ["detector/Reshape_0"], "classes": 0.5}, ModelError, "classes"),
    ],
)
def test_attributes_that_do_not_fit_are_named(attributes, error, message):
    model = Frozen(yolo_v3, {"x": random(1, 4, 6, 3)})
    given = {"classes": 2, "coords": 4, "num": 2} | attributes
    with pytest.raises(error, match=message):
        mo_core.convert(model.graph, transformations_config=entry("TFYOLOV3", **given))


def test_the_points_of_the_toolbox_go_to_detection_output():
    """Two priors; the deltas are zero, so that the boxes are the priors."""

    def build(x):
        deltas = tf().multiply(x, 0.0, name="SSD/mbox_loc_final")
        scores = tf().nn.softmax(tf().constant([[[0.0, 2.0], [0.0, -1.0]]]) + tf().reduce_mean(deltas))
        scores = tf().reshape(scores, [1, 4], name="SSD/mbox_conf_final")
        priors = tf().constant([[0.1, 0.1, 0.3, 0.4, 0.5, 0.5, 0.8, 0.9], [0.1, 0.1, 0.2, 0.2] * 2])
        return deltas, scores, tf().identity(priors, name="SSD/priorbox")

    model = Frozen(build, {"x": random(1, 8)})
    points = ["SSD/mbox_loc_final", "SSD/mbox_conf_final", "SSD/priorbox"]
    description = {
        "id": "SSDToolboxDetectionOutput",
        "match_kind": "points",
        "instances": {"start_points": points, "end_points": points},
        "custom_attributes": {"confidence_threshold": 0.01, "keep_top_k": 2, "nms_threshold": 0.45},
    }
    (rows,) = run(model.graph, model.feeds, transformations_config=[description]).values()
    first, second = 1 / (1 + np.exp(-2)), 1 / (1 + np.exp(1))
    wanted = [[0, 1, first, 0.1, 0.1, 0.3, 0.4], [0, 1, second, 0.5, 0.5, 0.8, 0.9]]
    np.testing.assert_allclose(rows[0, 0], wanted, atol=1e-5)


def retinanet(images):
    """Anchors in pixels, moved by parts of their size; suppression in a loop over images."""
    v1 = tf().compat.v1
    features = tf().nn.conv2d(images, random(8, 8, 3, 8, seed=3) * 0.05, 8, "VALID")
    deltas = tf().nn.conv2d(features, random(1, 1, 8, 8, seed=1) * 0.2, 1, "VALID")
    deltas = tf().reshape(deltas, [-1, 32, 4], name="regression/concat")
    scores = tf().sigmoid(tf().nn.conv2d(features, random(1, 1, 8, 6, seed=2), 1, "VALID"))
    scores = tf().reshape(scores, [-1, 32, 3], name="classification/concat")
    corners = detectors.grid()[:, [1, 0, 3, 2]] * 32
    anchors = tf().identity(corners[None], name="anchors/concat")
    count = tf().shape(images, name="clipped_boxes/Shape")[0]
    size = tf().tile(anchors[..., 2:] - anchors[..., :2], [1, 1, 2])
    boxes = (anchors + deltas * 0.2 * size) / 32 + tf().zeros([count, 1, 1])
    with v1.name_scope("filtered_detections/"):
        found = detectors.suppress(tf().expand_dims(tf().gather(boxes, [1, 0, 3, 2], axis=-1), 2), scores)
    names = ("boxes", "scores", "classes", "count")
    return [tf().identity(v, name=name) for v, name in zip(found, names)]


def test_a_retinanet_gives_its_detections():
    images = random(2, 32, 32, 3)
    v1 = tf().compat.v1
    v1.disable_control_flow_v2()
    with tf().Graph().as_default() as graph:
        outputs = retinanet(v1.placeholder(tf().float32, [None, 32, 32, 3], "images"))
        with v1.Session(graph=graph) as session:
            boxes, scores, classes, counts = session.run(outputs, {"images:0": images})
    wanted = [
        (n, int(classes[n, i]), float(scores[n, i]), boxes[n, i][[1, 0, 3, 2]])
        for n, count in enumerate(counts)
        for i in range(count)
    ]
    assert len(wanted) > 10
    description = {
        "id": "RetinaNetFilteredDetectionsReplacement",
        "match_kind": "points",
        "instances": {
            "start_points": ["regression/concat", "classification/concat", "anchors/concat", "clipped_boxes/Shape"],
            "end_points": ["boxes", "scores", "classes"],
        },
        "custom_attributes": {"confidence_threshold": detectors.SCORE, "keep_top_k": detectors.TOTAL},
    }
    names = "boxes,scores,classes,count"
    options = {"transformations_config": [description], "output": names}
    (rows,) = run(graph.as_graph_def(), {"images": images}, **options).values()
    detectors.compare_detections(rows, wanted)
