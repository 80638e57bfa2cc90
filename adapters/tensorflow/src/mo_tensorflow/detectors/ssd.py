"""Single-shot detectors: boxes, scores and anchors of the network go to one DetectionOutput.

The nodes are found by what the Object Detection API has called them in all of its versions, and from there by what
reads what, since the other names in its post-processing have changed from version to version.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mo_core.build import broadcast_to, concat, constant_like, gather, ints, reshape_keeping, reshape_to, shape_of
from mo_core.errors import Unsupported
from mo_core.ir import Graph, Value, constant
from mo_core.ops import DetectionOutput, Pad
from mo_tensorflow.detectors.nodes import first_named, op_of, through
from mo_tensorflow.detectors.pipeline import Pipeline

_SCOPE = "(?:.*/)?Postprocessor/"
_XYWH = (1, 0, 3, 2)
"""Where the coordinates of a box of the API, y first, are in a box of the runtime."""


@dataclass(frozen=True)
class Heads:
    """What the post-processing begins with.

    Attributes:
        boxes: deltas N, A, 4 or N, A, 1, 4 as y, x, height, width; anchors: A, 4 or 1, A, 4 as y0, x0, y1, x1.
        scores: N, A, classes, activated; background: the first of the classes is that of no object.
    """

    boxes: Value
    scores: Value
    anchors: Value
    background: bool


def find_heads(graph: Graph) -> Heads | None:
    """The beginning of the post-processing of a single-shot detector; None where there is none."""
    deltas = first_named(graph, f"{_SCOPE}Decode/transpose")
    anchors = first_named(graph, f"{_SCOPE}Decode/get_center_coordinates_and_sizes/transpose")
    if deltas is None or anchors is None:
        return None
    boxes = _before_reshape(deltas.operands[0])
    scores = first_named(graph, f"{_SCOPE}Slice")
    if scores is not None:
        scores_value, background = scores.operands[0], True
    else:
        scores = first_named(graph, f"{_SCOPE}(?:convert_scores|raw_box_scores)")
        if scores is None:
            return None
        scores_value, background = scores, False
    return Heads(
        boxes,
        through(scores_value, ("Identity",)),
        through(_before_reshape(anchors.operands[0]), ("Tile", "ExpandDims")),
        background,
    )


def _before_reshape(value: Value) -> Value:
    return value.node.operands[0] if op_of(value) == "Reshape" else value


def detection_output(
    heads: Heads, pipeline: Pipeline, clip_before_nms: bool = False, clip_after_nms: bool = True
) -> Value:
    """The detections of all images, 1, 1, detections, 7: image, class (1: the first), score, x0, y0, x1, y1."""
    _check(pipeline)
    chosen = pipeline.suppression
    boxes = reshape_keeping(gather(heads.boxes, _XYWH, -1), (0, -1))
    scores = heads.scores
    if not heads.background:
        scores = Pad(scores, ints((0, 0, 1)), ints((0, 0, 0)), constant_like(scores, 0), pad_mode="constant")
    anchors = gather(reshape_to(heads.anchors, (-1, 4)), _XYWH, 1)
    variances = constant(np.array(pipeline.variances, np.float32))
    priors = reshape_to(concat([anchors, broadcast_to(variances, shape_of(anchors))], 0), (1, 2, -1))
    return DetectionOutput(
        boxes,
        reshape_keeping(scores, (0, -1)),
        priors,
        keep_top_k=(chosen.total,),
        top_k=chosen.candidates,
        nms_threshold=chosen.iou_threshold,
        confidence_threshold=chosen.score_threshold,
        code_type="caffe.PriorBoxParameter.CENTER_SIZE",
        share_location=True,
        background_label_id=0,
        normalized=True,
        clip_before_nms=clip_before_nms,
        clip_after_nms=clip_after_nms,
    )


def _check(pipeline: Pipeline) -> None:
    """Raise Unsupported for what a DetectionOutput cannot say."""
    nms = "post_processing/batch_non_max_suppression"
    for field, what in (
        ("use_class_agnostic_nms", "suppression over all classes at once"),
        ("soft_nms_sigma", "soft suppression"),
        ("change_coordinate_frame", "boxes in the frame of a window"),
    ):
        if pipeline.has(f"{nms}/{field}") and pipeline.number_or_flag(f"{nms}/{field}"):
            raise Unsupported(
                f'"{pipeline.path}" asks for {what} ({field}), which DetectionOutput does not do',
                "Leave the file out: the model is converted operation by operation, with the outputs that it has.",
            )
