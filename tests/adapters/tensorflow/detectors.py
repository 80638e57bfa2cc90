"""Small detectors that are built as the Object Detection API builds its own: the same scopes, the same loops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.adapters.tensorflow.running import Array, random, tf

CLASSES, SIZE = 3, 32
SCORE, IOU, PER_CLASS, TOTAL = 0.3, 0.5, 10, 10

SSD_CONFIG = """
# as the exporter writes it
model {
  ssd {
    num_classes: 3
    image_resizer { fixed_shape_resizer { height: 32 width: 32 } }
    box_coder { faster_rcnn_box_coder { y_scale: 10.0 x_scale: 10.0 height_scale: 5.0 width_scale: 5.0 } }
    post_processing {
      batch_non_max_suppression {
        score_threshold: 0.3
        iou_threshold: 0.5
        max_detections_per_class: 10
        max_total_detections: 10
      }
      score_converter: SIGMOID
    }
  }
}
train_config: { batch_size: 24 }
"""

FASTER_RCNN_CONFIG = """
model {
  faster_rcnn {
    num_classes: 3
    image_resizer { keep_aspect_ratio_resizer { min_dimension: 32 max_dimension: 64 } }
    first_stage_anchor_generator {
      grid_anchor_generator {
        height: 16 width: 16 height_stride: 8 width_stride: 8
        scales: 0.5 scales: 1.0
        aspect_ratios: 0.5 aspect_ratios: 1.5
      }
    }
    first_stage_nms_iou_threshold: 0.7
    first_stage_max_proposals: 6
    second_stage_box_predictor { mask_rcnn_box_predictor { } }
    second_stage_post_processing {
      batch_non_max_suppression {
        score_threshold: 0.3
        iou_threshold: 0.5
        max_detections_per_class: 10
        max_total_detections: 10
      }
      score_converter: SOFTMAX
    }
  }
}
"""


def preprocess(images: Any) -> tuple[Any, Any]:
    """Normalised images of one size, and the sizes that they had in it."""
    v1 = tf().compat.v1
    with v1.name_scope("Preprocessor/"):
        normal = tf().subtract(tf().multiply(tf().cast(images, "float32"), 2 / 255, name="mul"), 1.0, name="sub")

        def resize(image: Any) -> tuple[Any, Any]:
            return v1.image.resize_images(image, [SIZE, SIZE]), tf().constant([SIZE, SIZE, 3])

        return v1.map_fn(resize, normal, dtype=(tf().float32, tf().int32), name="map")


def network(images: Any, anchors: int, classes: int, seed: int = 0) -> tuple[Any, Any]:
    """Box deltas N, cells * anchors, 4 and class logits N, cells * anchors, classes of a grid of 4 x 4 cells."""
    features = tf().nn.relu(tf().nn.conv2d(images, random(8, 8, 3, 8, seed=seed) * 0.3, 8, "VALID", name="features"))

    def head(width: int, seed: int) -> Any:
        filters = random(1, 1, 8, anchors * width, seed=seed) * 0.5
        return tf().reshape(tf().nn.conv2d(features, filters, 1, "VALID"), [-1, 16 * anchors, width])

    return head(4, seed + 1), head(classes, seed + 2)


def grid() -> Array:
    """Two anchors in each of 4 x 4 cells: y0, x0, y1, x1."""
    centres = (np.stack(np.meshgrid(np.arange(4), np.arange(4), indexing="ij"), -1).reshape(-1, 1, 2) + 0.5) / 4
    half = np.array([[0.2, 0.2], [0.12, 0.25]])
    return np.concatenate([centres - half, centres + half], -1).reshape(-1, 4).astype(np.float32)


def decode(deltas: Any, anchors: Any, scope: str = "Decode") -> Any:
    """Boxes ?, 4 from deltas and anchors ?, 4, in the scope of the API."""
    v1 = tf().compat.v1
    with v1.name_scope(scope):
        with v1.name_scope("get_center_coordinates_and_sizes"):
            y0, x0, y1, x1 = tf().unstack(tf().transpose(anchors, name="transpose"))
            h, w = y1 - y0, x1 - x0
            cy, cx = y0 + h / 2, x0 + w / 2
        dy, dx, dh, dw = tf().unstack(tf().transpose(deltas, name="transpose"))
        h2, w2 = tf().exp(dh / 5) * h / 2, tf().exp(dw / 5) * w / 2
        cy, cx = dy / 10 * h + cy, dx / 10 * w + cx
        return tf().transpose(tf().stack([cy - h2, cx - w2, cy + h2, cx + w2]), name="transpose_1")


def suppress(boxes: Any, scores: Any, per_class: int = PER_CLASS) -> tuple[Any, Any, Any, Any]:
    """Boxes N, A, classes or 1, 4 and scores N, A, classes to padded detections of each image, in a loop."""
    v1 = tf().compat.v1

    def one(item: tuple[Any, Any]) -> tuple[Any, ...]:
        found = []
        for k in range(CLASSES):
            mine, score = item[0][:, k % item[0].shape[1]], item[1][:, k]
            kept = tf().image.non_max_suppression(mine, score, per_class, IOU, SCORE)
            found.append((tf().gather(mine, kept), tf().gather(score, kept), tf().fill(tf().shape(kept), float(k))))
        all_boxes, all_scores, labels = (tf().concat(part, 0) for part in zip(*found))
        low, high = tf().split(tf().clip_by_value(all_boxes, 0.0, 1.0), 2, axis=1)
        left = tf().reduce_min(high - low, 1) > 0  # what is clipped to nothing is left out
        all_boxes, all_scores, labels = (tf().boolean_mask(v, left) for v in (all_boxes, all_scores, labels))
        count = tf().minimum(tf().size(all_scores), TOTAL)
        best, order = tf().math.top_k(all_scores, count)
        pad = TOTAL - count
        clipped = tf().clip_by_value(tf().gather(all_boxes, order), 0.0, 1.0)
        padded = tf().reshape(tf().pad(clipped, [[0, pad], [0, 0]]), [TOTAL, 4])
        fill = [[0, pad]]
        return (
            padded,
            tf().reshape(tf().pad(best, fill), [TOTAL]),
            tf().reshape(tf().pad(tf().gather(labels, order), fill), [TOTAL]),
            count,
        )

    f32 = tf().float32
    with v1.name_scope("BatchMultiClassNonMaxSuppression"):
        return v1.map_fn(one, (boxes, scores), dtype=(f32, f32, f32, tf().int32), name="map")  # type: ignore[no-any-return]


def outputs(found: tuple[Any, Any, Any, Any]) -> None:
    """The outputs under the names of the API."""
    boxes, scores, classes, count = found
    tf().identity(boxes, name="detection_boxes")
    tf().identity(scores, name="detection_scores")
    tf().identity(classes + 1.0, name="detection_classes")
    tf().identity(tf().cast(count, "float32"), name="num_detections")


def exported(graph: Any, *more: str) -> Any:
    """What the outputs need."""
    names = ["detection_boxes", "detection_scores", "detection_classes", "num_detections", *more]
    return tf().compat.v1.graph_util.extract_sub_graph(graph.as_graph_def(), names)


def ssd(per_class: int = PER_CLASS, background: bool = True) -> Any:
    """The GraphDef of a single-shot detector, with a class of no object or without."""
    v1 = tf().compat.v1
    v1.disable_control_flow_v2()
    with tf().Graph().as_default() as graph:
        images = v1.placeholder(tf().uint8, [None, None, None, 3], "image_tensor")
        outputs(one_stage(preprocess(images)[0], per_class, background))
    return exported(graph)


def one_stage(images: Any, per_class: int = PER_CLASS, background: bool = True) -> tuple[Any, Any, Any, Any]:
    """The detections of a single-shot network on images of one size."""
    deltas, logits = network(images, 2, CLASSES + background)
    anchors = tf().identity(grid(), name="Concatenate/concat")
    with tf().compat.v1.name_scope("Postprocessor"):
        deltas = tf().identity(deltas, name="raw_box_encodings")
        count = tf().shape(deltas)
        tiled = tf().tile(tf().expand_dims(anchors, 0), [count[0], 1, 1])
        boxes = decode(tf().reshape(deltas, [-1, 4]), tf().reshape(tiled, [-1, 4]))
        boxes = tf().expand_dims(tf().reshape(boxes, [count[0], count[1], 4]), 2)
        scores = tf().sigmoid(tf().multiply(logits, 1.0, name="scale_logits"), name="convert_scores")
        scores = tf().identity(scores, name="raw_box_scores")
        if background:
            scores = tf().slice(scores, [0, 0, 1], [-1, -1, -1], name="Slice")
        return suppress(boxes, scores, per_class)


def saved_ssd(folder: Path) -> None:
    """A SavedModel of a single-shot detector as TensorFlow 2 exports it: in a function, with a loop of its own kind."""

    def call(input_tensor: Any) -> Any:
        def resize(image: Any) -> Any:
            (scaled,) = tf().unstack(tf().multiply(tf().cast(image, "float32")[None], 2 / 255))
            return tf().compat.v1.image.resize_images(scaled, [SIZE, SIZE])[None][0] - 1.0

        boxes, scores, classes, count = one_stage(tf().map_fn(resize, input_tensor, dtype=tf().float32, name="map"))
        return {
            "detection_boxes": boxes,
            "detection_scores": scores,
            "detection_classes": classes + 1.0,
            "num_detections": tf().cast(count, "float32"),
        }

    module = tf().Module()
    module.call = tf().function(call, input_signature=[tf().TensorSpec([1, None, None, 3], tf().uint8, "input_tensor")])
    tf().saved_model.save(module, str(folder), {"serving_default": module.call})


PROPOSALS = 6


def first_stage(features: Any, size: Any) -> Any:
    """Regions N, P, 4, relative, by the anchors of a grid, deltas and scores, a suppression in a loop, and padding."""
    v1 = tf().compat.v1
    with v1.name_scope("FirstStageBoxPredictor"):
        deltas = tf().nn.conv2d(features, random(1, 1, 8, 16, seed=1) * 0.5, 1, "VALID")
        deltas = tf().reshape(deltas, [-1, 16 * 4, 1, 4], name="Reshape")
        logits = tf().nn.conv2d(features, random(1, 1, 8, 8, seed=2), 1, "VALID")
        logits = tf().reshape(logits, [-1, 16 * 4, 2], name="Reshape_1")
    scales, ratios = np.array([0.5, 1.0]), np.array([0.5, 1.5])
    half = np.stack([np.outer(1 / np.sqrt(ratios), scales), np.outer(np.sqrt(ratios), scales)], -1).reshape(-1, 2) * 8
    centres = np.stack(np.meshgrid(np.arange(4), np.arange(4), indexing="ij"), -1).reshape(-1, 1, 2) * 8
    corners = np.concatenate([centres - half, centres + half], -1).reshape(-1, 4)
    anchors = tf().constant(np.clip(corners, 0, SIZE).astype(np.float32))
    scores = tf().nn.softmax(logits)[..., 1]

    def one(item: tuple[Any, Any]) -> Any:
        boxes = decode(tf().reshape(item[0], [-1, 4]), anchors)
        kept = tf().image.non_max_suppression(boxes, item[1], PROPOSALS, 0.7)
        boxes = tf().clip_by_value(tf().gather(boxes, kept), 0.0, float(SIZE)) / size
        return tf().reshape(tf().pad(boxes, [[0, PROPOSALS - tf().size(kept)], [0, 0]]), [PROPOSALS, 4])

    with v1.name_scope("BatchMultiClassNonMaxSuppression"):
        return v1.map_fn(one, (tf().squeeze(deltas, 2), scores), dtype=tf().float32, name="map")


def cropped(features: Any, regions: Any, width: int, seed: int) -> Any:
    """A prediction N * P, width by crops of all regions of all images."""
    owner = tf().repeat(tf().range(tf().shape(regions)[0]), PROPOSALS)
    crops = tf().image.crop_and_resize(features, tf().reshape(regions, [-1, 4]), owner, [2, 2])
    return tf().linalg.matmul(tf().reshape(crops, [-1, 32]), random(32, width, seed=seed))


def position_sensitive(features: Any, regions: Any, width: int, seed: int) -> Any:
    """The same by crops of 6 x 6 in 3 x 3 bins, each with features of its own, in a loop over images."""
    v1 = tf().compat.v1
    maps = tf().nn.conv2d(features, random(1, 1, 8, 9 * width, seed=seed), 1, "VALID")
    maps = tf().nn.bias_add(maps, random(9 * width, seed=seed + 1))

    def one(item: tuple[Any, Any]) -> Any:
        y0, x0, y1, x1 = tf().unstack(item[1], axis=1)
        h, w = (y1 - y0) / 3, (x1 - x0) / 3
        owner = tf().zeros_like(y0, dtype=tf().int32)
        total = tf().zeros([PROPOSALS, width])
        for i, part in enumerate(tf().split(item[0], 9, axis=2)):
            top, left = y0 + h * (i // 3), x0 + w * (i % 3)
            boxes = tf().stack([top, left, top + h, left + w], 1)
            total += tf().reduce_mean(tf().image.crop_and_resize(part[None], boxes, owner, [2, 2]), [1, 2]) / 9
        return total[:, None, None, :]

    with v1.name_scope("SecondStageBoxPredictor/"):
        crops = v1.map_fn(one, (maps, regions), dtype=tf().float32, name="map")
    return tf().reshape(crops, [-1, width])


def faster_rcnn(per_class: int = PER_CLASS, masks: bool = False, rfcn: bool = False) -> Any:
    """The GraphDef of a two-stage detector."""
    v1 = tf().compat.v1
    v1.disable_control_flow_v2()
    with tf().Graph().as_default() as graph:
        images = v1.placeholder(tf().uint8, [None, None, None, 3], "image_tensor")
        resized, _ = preprocess(images)
        features = tf().nn.relu(tf().nn.conv2d(resized, random(8, 8, 3, 8, seed=3) * 0.3, 8, "VALID"))
        regions = first_stage(features, float(SIZE))
        count = tf().shape(regions)[0]
        predict = position_sensitive if rfcn else cropped
        deltas, logits = predict(features, regions, 4 * CLASSES, 4), predict(features, regions, CLASSES + 1, 5)
        with v1.name_scope("" if masks else "SecondStagePostprocessor"):
            deltas = tf().reshape(deltas, [count, PROPOSALS, CLASSES, 4])
            tiled = tf().tile(tf().expand_dims(regions, 2), [1, 1, CLASSES, 1])
            flat = [tf().reshape(v, [-1, 4]) for v in (deltas, tiled)]
            boxes = tf().reshape(decode(*flat, "Decode_1" if masks else "Decode"), [count, PROPOSALS, CLASSES, 4])
            logits = tf().reshape(logits, [count, PROPOSALS, CLASSES + 1])
            scores = tf().slice(tf().nn.softmax(logits, name="convert_scores"), [0, 0, 1], [-1, -1, -1], name="Slice")
            there = tf().cast(tf().reduce_max(regions, 2, keepdims=True) > 0, "float32")
            found = suppress(boxes, scores * there, per_class)
        outputs(found)
        if masks:
            third_stage(features, found[0], found[2], count)
    return exported(graph, *(["detection_masks"] if masks else []))


def third_stage(features: Any, boxes: Any, classes: Any, count: Any) -> None:
    """Masks N, TOTAL, 3, 3 of the classes that were found."""
    owner = tf().repeat(tf().range(count), TOTAL)
    crops = tf().image.crop_and_resize(features, tf().reshape(boxes, [-1, 4]), owner, [3, 3])
    every = tf().transpose(tf().nn.conv2d(crops, random(1, 1, 8, CLASSES, seed=6), 1, "VALID"), [0, 3, 1, 2])
    place = tf().range(count * TOTAL) * CLASSES + tf().cast(tf().reshape(classes, [-1]), "int32")
    mine = tf().sigmoid(tf().gather(tf().reshape(every, [-1, 3, 3]), place))
    tf().identity(tf().reshape(mine, [-1, TOTAL, 3, 3]), name="detection_masks")


def mask_rcnn(per_class: int = PER_CLASS) -> Any:
    """The GraphDef of a detector with a third stage."""
    return faster_rcnn(per_class, masks=True)


def rfcn(per_class: int = PER_CLASS) -> Any:
    """The GraphDef of an R-FCN."""
    return faster_rcnn(per_class, rfcn=True)


RFCN_CONFIG = FASTER_RCNN_CONFIG.replace(
    "mask_rcnn_box_predictor { }",
    "rfcn_box_predictor { crop_height: 6 crop_width: 6 num_spatial_bins_height: 3 num_spatial_bins_width: 3 }",
)
CONFIGS = {ssd: SSD_CONFIG, faster_rcnn: FASTER_RCNN_CONFIG, mask_rcnn: FASTER_RCNN_CONFIG, rfcn: RFCN_CONFIG}


def image(*shape: int, seed: int = 0) -> Array:
    """Images of bytes."""
    return np.random.default_rng(seed).integers(0, 255, (*shape, 3), dtype=np.uint8)


def evaluate(graph: Any, images: Array, name: str) -> Array:
    """TensorFlow's result of a node."""
    with tf().Graph().as_default() as imported:
        tf().import_graph_def(graph, name="")
        with tf().compat.v1.Session(graph=imported) as session:
            return np.asarray(session.run(f"{name}:0", {"image_tensor:0": images}))


def detections(graph: Any, images: Array) -> list[tuple[int, int, float, Array]]:
    """TensorFlow's own: image, class, score, box as x0, y0, x1, y1; by image and falling score."""
    names = ["detection_boxes", "detection_scores", "detection_classes", "num_detections"]
    boxes, scores, classes, counts = (evaluate(graph, images, n) for n in names)
    return [
        (n, int(classes[n, i]), float(scores[n, i]), boxes[n, i][[1, 0, 3, 2]])
        for n, count in enumerate(counts)
        for i in range(int(count))
    ]


def compare_detections(rows: Array, wanted: list[tuple[int, int, float, Array]]) -> Array:
    """Rows 1, 1, ?, 7 hold these detections and no others; returns where each of them is."""
    assert rows.shape[:2] == (1, 1)
    assert rows.shape[3] == 7
    end = np.flatnonzero(rows[0, 0, :, 0] == -1)
    got = rows[0, 0, : end[0] if end.size else None]
    assert len(got) == len(wanted)
    key = [(n, -score) for n, _, score, _ in wanted]
    order = np.lexsort((-got[:, 2], got[:, 0]))
    got = got[order]
    for row, (n, label, score, box) in zip(got, [w for _, w in sorted(zip(key, wanted), key=lambda pair: pair[0])]):
        assert (int(row[0]), int(row[1])) == (n, label)
        np.testing.assert_allclose(row[2], score, atol=1e-5)
        np.testing.assert_allclose(row[3:], box, atol=1e-5)
    return np.asarray(order)


def config(folder: Path, text: str = SSD_CONFIG) -> Path:
    """A pipeline.config in a folder."""
    file = folder / "pipeline.config"
    file.write_text(text)
    return file


PREPROCESSOR = {
    "id": "ObjectDetectionAPIPreprocessorReplacement",
    "match_kind": "scope",
    "instances": [".*Preprocessor/"],
    "inputs": [[{"node": "map/Shape$", "port": 0}]],
    "outputs": [{"node": "sub$", "port": 0}, {"node": "map/TensorArrayStack_1/TensorArrayGatherV3$", "port": 0}],
}
SSD_JSON = [
    PREPROCESSOR,
    {
        "id": "ObjectDetectionAPISSDPostprocessorReplacement",
        "match_kind": "points",
        "instances": {"start_points": ["Postprocessor/ToFloat"], "end_points": ["detection_boxes"]},
        "custom_attributes": {"clip_before_nms": False, "clip_after_nms": True},
    },
]
FASTER_RCNN_JSON = [
    PREPROCESSOR,
    {
        "id": "ObjectDetectionAPIProposalReplacement",
        "match_kind": "points",
        "instances": {"start_points": ["concat/concat"], "end_points": ["map/TensorArrayStack/TensorArrayGatherV3"]},
    },
    {
        "id": "ObjectDetectionAPIDetectionOutputReplacement",
        "match_kind": "scope",
        "instances": [".*SecondStagePostprocessor/"],
        "inputs": [[{"node": "Reshape$", "port": 0}]],
        "outputs": [{"node": "BatchMultiClassNonMaxSuppression/map/TensorArrayStack/TensorArrayGatherV3$", "port": 0}],
        "custom_attributes": {"coordinates_swap_method": "swap_weights"},
    },
    {
        "id": "ObjectDetectionAPIOutputReplacement",
        "match_kind": "general",
        "custom_attributes": {"outputs": "detection_boxes,detection_scores,num_detections"},
    },
    {
        "id": "ObjectDetectionAPIConstValueOverride",
        "match_kind": "general",
        "custom_attributes": {"replacements": [["mul/y", "first_stage_max_proposals"]]},
    },
]
