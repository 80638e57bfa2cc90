"""Networks with random weights as TensorFlow writes them: ResNet-50, frozen and as SavedModel, and a detector.

`python -m tests.perf.tensorflow_models KIND PATH` in a process of its own: TensorFlow's memory is not to be measured.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CLASSES, BOXES_A_CLASS, DETECTIONS = 6, 20, 30


def saved_model(path: Path) -> None:
    """ResNet-50 of Keras as a SavedModel."""
    import tensorflow as tf

    tf.keras.applications.ResNet50(weights=None).export(str(path), verbose=False)


def frozen(path: Path) -> None:
    """ResNet-50 of Keras as a frozen graph."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    model = tf.keras.applications.ResNet50(weights=None)
    call = tf.function(lambda x: model(x, training=False))
    function = call.get_concrete_function(tf.TensorSpec([None, 224, 224, 3]))
    path.write_bytes(convert_variables_to_constants_v2(function).graph.as_graph_def().SerializeToString())


def detector(path: Path) -> None:
    """A single-shot detector: images are resized one by one, and boxes are selected image by image."""
    import tensorflow as tf

    v1 = tf.compat.v1
    v1.disable_control_flow_v2()
    graph = tf.Graph()
    with graph.as_default():
        images = v1.placeholder(tf.uint8, [None, None, None, 3], "image_tensor")
        one = lambda image: v1.image.resize_bilinear(image[None], [300, 300])[0]  # noqa: E731
        x = tf.map_fn(one, tf.cast(images, tf.float32)) * (2 / 255) - 1.0
        boxes, scores = _network(tf, x)
        chosen = tf.map_fn(lambda each: _chosen(tf, *each), (boxes, scores), fn_output_signature=(tf.float32,) * 3)
        for name, value in zip(("detection_boxes", "detection_scores", "detection_classes"), chosen):
            tf.identity(value, name)
    path.write_bytes(graph.as_graph_def().SerializeToString())


def _network(tf: Any, x: Any) -> tuple[Any, Any]:
    """Boxes and scores of all anchors, from depthwise and pointwise convolutions with batch norms."""
    boxes, scores, seed = [], [], 0

    def weights(*shape: int) -> Any:
        nonlocal seed
        seed += 1
        spread = (2 / (shape[0] * shape[1] * shape[2])) ** 0.5
        return np.random.default_rng(seed).normal(0, spread, shape).astype(np.float32)

    def normed(y: Any) -> Any:
        c = int(y.shape[-1])
        y, *_ = tf.compat.v1.nn.fused_batch_norm(
            y, tf.ones(c), tf.zeros(c), mean=tf.zeros(c), variance=tf.ones(c), is_training=False
        )
        return tf.nn.relu6(y)

    x = normed(tf.nn.conv2d(x, weights(3, 3, 3, 8), 2, "SAME"))
    plan = [
        (16, 1),
        (32, 2),
        (32, 1),
        (64, 2),
        (64, 1),
        (128, 2),
        *[(128, 1)] * 5,
        (256, 2),
        (256, 1),
        (64, 2),
        (64, 2),
    ]
    for i, (channels, stride) in enumerate(plan):
        depth = int(x.shape[-1])
        x = normed(tf.nn.depthwise_conv2d(x, weights(3, 3, depth, 1), [1, stride, stride, 1], "SAME"))
        x = normed(tf.nn.conv2d(x, weights(1, 1, depth, channels), 1, "SAME"))
        if i in (10, 12, 13, 14):
            for many, size in ((boxes, 4), (scores, CLASSES + 1)):
                y = tf.nn.conv2d(x, weights(1, 1, channels, 4 * size), 1, "SAME")
                many.append(tf.reshape(y, [tf.shape(y)[0], -1, size]))
    return tf.nn.sigmoid(tf.concat(boxes, 1)), tf.nn.sigmoid(tf.concat(scores, 1))[:, :, 1:]


def _chosen(tf: Any, boxes: Any, scores: Any) -> tuple[Any, Any, Any]:
    """The best boxes of an image, by class and then over all, filled up with zeros."""
    found = []
    for c in range(CLASSES):
        at = tf.image.non_max_suppression(boxes, scores[:, c], BOXES_A_CLASS, 0.6, 0.3)
        found.append((tf.gather(boxes, at), tf.gather(scores[:, c], at), tf.ones_like(at, tf.float32) * c))
    all_boxes, all_scores, classes = (tf.concat(parts, 0) for parts in zip(*found))
    best = tf.nn.top_k(all_scores, tf.minimum(DETECTIONS, tf.shape(all_scores)[0])).indices
    rest = DETECTIONS - tf.shape(best)[0]
    picked = [tf.gather(v, best) for v in (all_boxes, all_scores, classes)]
    return (
        tf.ensure_shape(tf.pad(picked[0], [[0, rest], [0, 0]]), [DETECTIONS, 4]),
        *(tf.ensure_shape(tf.pad(v, [[0, rest]]), [DETECTIONS]) for v in picked[1:]),
    )


def main() -> None:
    """Write the network of a kind."""
    kind, path = sys.argv[1:]
    {"saved_model": saved_model, "frozen": frozen, "detector": detector}[kind](Path(path))


if __name__ == "__main__":
    main()
