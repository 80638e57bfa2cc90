"""RetinaNet as keras-retinanet exports it: deltas, scores and anchors of the network go to DetectionOutput."""

from __future__ import annotations

import numpy as np

from mo_core.build import (
    broadcast_to,
    concat,
    dims_of,
    gather,
    reshape_keeping,
    reshape_to,
    shape_of,
    slice_axis,
    to_element,
    unsqueeze,
)
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import DetectionOutput, Divide, Multiply, Subtract
from mo_core.rewriting import SubGraph, replacer


@replacer("RetinaNetFilteredDetectionsReplacement")
def retinanet(found: SubGraph) -> None:
    """Deltas, scores and anchors, the first three points, go to DetectionOutput; the fourth reads the images."""
    if len(found.starts) != 4 or not found.starts[3].operands:
        raise found.wrong("there are four start points: deltas, scores, anchors, and the shape of the images")
    deltas, scores, anchors = (node.results[0] for node in found.starts[:3])
    boxes = _relative(anchors, found.starts[3].operands[0])
    # The runtime adds corners to corners; here they are moved by parts of the size of an anchor.
    size = Subtract(slice_axis(boxes, 2, 2), slice_axis(boxes, 2, 0, 2))
    moves = Multiply(deltas, concat([size, size], 2))
    detections = DetectionOutput(
        reshape_keeping(moves, (0, -1)),
        reshape_keeping(scores, (0, -1)),
        concat([reshape_keeping(unsqueeze(v, 1), (0, 1, -1)) for v in (boxes, _variances(found, boxes))], 1),
        keep_top_k=(found.whole("keep_top_k", 300),),
        top_k=found.whole("top_k", -1),
        nms_threshold=found.number("nms_threshold", 0.5),
        confidence_threshold=found.number("confidence_threshold", 0.05),
        code_type="caffe.PriorBoxParameter.CORNER",
        share_location=True,
        background_label_id=-1,
        normalized=True,
        clip_after_nms=True,
    )
    found.edit.replace_outputs({"DetectionOutput": detections}, found.description.id)


def _relative(anchors: Value, images: Value) -> Value:
    """Anchors 1, A, 4 as x0, y0, x1, y1 in units of the images N, H, W, C instead of pixels."""
    sizes = to_element(gather(dims_of(images, (1, 2)), (1, 0, 1, 0), 0), t.f32)
    return Divide(reshape_to(anchors, (1, -1, 4)), sizes)


def _variances(found: SubGraph, boxes: Value) -> Value:
    given = found.numbers("variance", found.attributes.get("variance", [0.2] * 4))
    if len(given) != 4:
        raise found.wrong('"variance" has not four numbers')
    return broadcast_to(constant(np.array(given, np.float32)), shape_of(boxes))
