"""Choosing detections as the Object Detection API does, with DetectionOutput.

Both suppress class by class, and keep the best of all classes. The API limits how many boxes of a class survive; the
runtime (`top_k`) how many are looked at. Where that limit may matter, a NonMaxSuppression tells which boxes survive.
"""

from __future__ import annotations

import numpy as np

from mo_core.build import (
    concat,
    constant_like,
    filled,
    ints,
    permute,
    reshape_keeping,
    reshape_to,
    shape_of,
    slice_axis,
    split,
    to_element,
    unsqueeze,
)
from mo_core.build.detection import suppressed, survivors
from mo_core.errors import Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Clamp,
    DetectionOutput,
    Exp,
    Greater,
    Multiply,
    Pad,
    ReduceMin,
    Subtract,
)
from mo_tensorflow.detectors.pipeline import Pipeline, Suppression

XYWH = (1, 0, 3, 2)
"""Where the coordinates of a box of the API, y first, are in a box of the runtime."""


def detection_output(
    deltas: Value, scores: Value, boxes: Value, pipeline: Pipeline, *, shared: bool, clip_before_nms: bool = False
) -> Value:
    """The detections of all images, 1, 1, detections, 7: image, class (1: the first), score, x0, y0, x1, y1.

    Args:
        deltas: N, A, 4, or N, A, classes, 4 unless `shared`, as x, y, width, height.
        scores: N, A, classes + 1, activated, the first class being that of no object.
        boxes: what the deltas are relative to: 1 or N, A, 4 as x0, y0, x1, y1 in units of the image.
        clip_before_nms: boxes are clipped to the image before they are compared, and not after.
    """
    _check(pipeline)
    chosen = pipeline.suppression
    variances = constant(np.array(pipeline.variances, np.float32))
    places = decode(Multiply(deltas, variances), boxes if shared else unsqueeze(boxes, 2))
    if chosen.per_class < chosen.total:
        scores = surviving(scores, Clamp(places, min=0.0, max=1.0) if clip_before_nms else places, chosen, shared)
    scores = Multiply(scores, visible(places, shared))
    if not shared:  # the runtime wants boxes of the class of no object, too
        deltas = Pad(deltas, ints((0, 0, 1, 0)), ints((0, 0, 0, 0)), constant_like(deltas, 0), pad_mode="constant")
    each = filled(shape_of(boxes), variances)
    return DetectionOutput(
        reshape_keeping(deltas, (0, -1)),
        reshape_keeping(scores, (0, -1)),
        concat([reshape_keeping(unsqueeze(v, 1), (0, 1, -1)) for v in (boxes, each)], 1),
        keep_top_k=(chosen.total,),
        top_k=-1,
        nms_threshold=chosen.iou_threshold,
        confidence_threshold=chosen.score_threshold,
        code_type="caffe.PriorBoxParameter.CENTER_SIZE",
        share_location=shared,
        background_label_id=0,
        normalized=True,
        clip_before_nms=clip_before_nms,
        clip_after_nms=not clip_before_nms,
    )


def decode(deltas: Value, boxes: Value) -> Value:
    """Boxes ?, 4 as x0, y0, x1, y1 from those that deltas x, y, width, height are relative to."""
    moves, growth = split(deltas, -1, 2)
    low, high = split(boxes, -1, 2)
    size, half = Subtract(high, low), constant_like(boxes, 0.5)
    centre = Add(Multiply(moves, size), Add(low, Multiply(size, half)))
    reach = Multiply(Multiply(Exp(growth), size), half)
    return concat([Subtract(centre, reach), Add(centre, reach)], -1)


def visible(boxes: Value, shared: bool) -> Value:
    """One where a box N, A, 4 or N, A, classes, 4 lies in the image, else zero: N, A, 1 or N, A, classes + 1.

    The API leaves out what clipping leaves nothing of.
    """
    low, high = split(Clamp(boxes, min=0.0, max=1.0), -1, 2)
    size = ReduceMin(Subtract(high, low), ints((-1,)), keep_dims=shared)
    inside = to_element(Greater(size, constant_like(size, 0)), t.f32)
    if shared:
        return inside
    return Pad(inside, ints((0, 0, 1)), ints((0, 0, 0)), constant_like(inside, 0), pad_mode="constant")


def surviving(scores: Value, boxes: Value, chosen: Suppression, shared: bool) -> Value:
    """Scores N, A, classes + 1 with zeros where a box does not survive the suppression of its class."""
    objects = permute(slice_axis(scores, 2, 1), (0, 2, 1))
    if shared:
        each = objects
    else:  # boxes of their own: a class is as an image
        each = unsqueeze(reshape_keeping_last(objects, 1), 1)
        boxes = reshape_keeping_last(permute(boxes, (0, 2, 1, 3)), 2)
    most, iou, least = np.int64(chosen.per_class), np.float32(chosen.iou_threshold), np.float32(chosen.score_threshold)
    found = suppressed(boxes, each, constant(most), constant(iou), constant(least))
    kept = reshape_to(survivors(found, each), shape_of(objects))
    left = permute(Multiply(objects, kept), (0, 2, 1))
    return Pad(left, ints((0, 0, 1)), ints((0, 0, 0)), constant_like(scores, 0), pad_mode="constant")


def reshape_keeping_last(x: Value, count: int) -> Value:
    """`x` with all dimensions but the last `count` as one."""
    return reshape_to(x, concat([ints((-1,)), slice_axis(shape_of(x), 0, -count)], 0))


def _check(pipeline: Pipeline) -> None:
    """Raise Unsupported for what DetectionOutput does not do."""
    for field, what in (
        ("use_class_agnostic_nms", "suppression over all classes at once"),
        ("soft_nms_sigma", "soft suppression"),
        ("change_coordinate_frame", "boxes in the frame of a window"),
    ):
        if pipeline.number_or_flag(f"{pipeline.nms}/{field}"):
            raise Unsupported(
                f'"{pipeline.path}" asks for {what} ({field}), which DetectionOutput does not do',
                "Leave the file out: the model is converted operation by operation, with the outputs that it has.",
            )
