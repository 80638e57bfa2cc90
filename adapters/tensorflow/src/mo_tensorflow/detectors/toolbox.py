"""Single-shot detectors whose network gives deltas, scores and priors as DetectionOutput takes them."""

from __future__ import annotations

from typing import Any

from mo_core.build import reshape_keeping, reshape_to
from mo_core.ir import Value
from mo_core.ops import DetectionOutput
from mo_core.rewriting import SubGraph, replacer


@replacer("SSDToolboxDetectionOutput")
def ssd_toolbox(found: SubGraph) -> None:
    """Deltas N, A * 4, scores N, A * classes and priors 2, A * 4, the three points, go to DetectionOutput."""
    if len(found.starts) != 3:
        raise found.wrong("there are three start points: deltas, scores and priors")
    deltas, scores, priors = (node.results[0] for node in found.starts)
    found.edit.replace_outputs({"DetectionOutput": _detections(found, deltas, scores, priors)}, found.description.id)


def _detections(found: SubGraph, deltas: Value, scores: Value, priors: Value) -> Any:
    return DetectionOutput(
        reshape_keeping(deltas, (0, -1)),
        reshape_keeping(scores, (0, -1)),
        reshape_to(priors, (1, 2, -1)),
        keep_top_k=(found.whole("keep_top_k", 200),),
        top_k=found.whole("top_k", -1),
        nms_threshold=found.number("nms_threshold", 0.45),
        confidence_threshold=found.number("confidence_threshold", 0.01),
        code_type="caffe.PriorBoxParameter.CENTER_SIZE",
        share_location=True,
        background_label_id=found.whole("background_label_id", 0),
        normalized=True,
    )
