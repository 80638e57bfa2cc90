"""Single-shot detectors: boxes, scores and anchors of the network go to one DetectionOutput.

The nodes are found by what the Object Detection API has called them in all of its versions, and from there by what
reads what, since the other names in its post-processing have changed from version to version.
"""

from __future__ import annotations

from dataclasses import dataclass

from mo_core.build import constant_like, gather, ints, reshape_keeping, reshape_to
from mo_core.ir import Graph, Value
from mo_core.ops import Pad
from mo_tensorflow.detectors import suppression
from mo_tensorflow.detectors.nodes import first_named, op_of, through
from mo_tensorflow.detectors.pipeline import Pipeline
from mo_tensorflow.detectors.suppression import XYWH

_SCOPE = "(?:.*/)?Postprocessor/"


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
    boxes = before_reshape(deltas.operands[0])
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
        through(before_reshape(anchors.operands[0]), ("Tile", "ExpandDims")),
        background,
    )


def before_reshape(value: Value) -> Value:
    """What is reshaped to this value."""
    return value.node.operands[0] if op_of(value) == "Reshape" else value


def detection_output(heads: Heads, pipeline: Pipeline, clip_before_nms: bool = False) -> Value:
    """The detections of all images; see `suppression.detection_output`."""
    scores = heads.scores
    if not heads.background:
        scores = Pad(scores, ints((0, 0, 1)), ints((0, 0, 0)), constant_like(scores, 0), pad_mode="constant")
    deltas = reshape_keeping(gather(heads.boxes, XYWH, -1), (0, -1, 4))
    anchors = reshape_to(gather(heads.anchors, XYWH, -1), (1, -1, 4))
    return suppression.detection_output(deltas, scores, anchors, pipeline, shared=True, clip_before_nms=clip_before_nms)
