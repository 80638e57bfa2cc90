"""Two-stage detectors: the first stage goes to Proposal, the second one to DetectionOutput."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mo_core.build import (
    concat,
    constant_like,
    dims_of,
    gather,
    ints,
    permute,
    reshape_keeping,
    reshape_to,
    slice_axis,
    to_element,
)
from mo_core.errors import Unsupported
from mo_core.ir import Graph, Value, constant
from mo_core.ir import types as t
from mo_core.ops import Greater, Multiply, Proposal, ReduceMin, Softmax, Subtract
from mo_tensorflow.detectors import rfcn, suppression
from mo_tensorflow.detectors.nodes import first_named, named, through
from mo_tensorflow.detectors.pipeline import Pipeline
from mo_tensorflow.detectors.ssd import before_reshape
from mo_tensorflow.detectors.suppression import XYWH

_FIRST = "(?:.*/)?FirstStageBoxPredictor/"
_SCOPE = "(?:.*/)?SecondStagePostprocessor/"
_TOP = r"(?:(?:Stateful)?PartitionedCall(?:_\d+)?/)*"
_ALL = 2**31 - 1


@dataclass(frozen=True)
class Regions:
    """The first stage.

    Attributes:
        boxes: deltas N, H, W, anchors * 4; scores: logits N, H, W, anchors * 2, that of no object first.
        proposals: what the first stage gives: N, P, 4 as y0, x0, y1, x1, relative.
    """

    boxes: Value
    scores: Value
    proposals: Value


def find_regions(graph: Graph) -> Regions | None:
    """The first stage of a two-stage detector; None where there is none."""
    boxes = first_named(graph, f"{_FIRST}Reshape", rf"{_FIRST}ConvolutionalBoxHead_\d+/Reshape")
    scores = first_named(graph, f"{_FIRST}Reshape_1", rf"{_FIRST}ConvolutionalClassHead_\d+/Reshape")
    regions = find_proposals(graph)
    if boxes is None or scores is None or regions is None:
        return None
    return Regions(boxes.operands[0], scores.operands[0], regions)


def find_proposals(graph: Graph) -> Value | None:
    """What the second stage crops: N, P, 4 as y0, x0, y1, x1, relative."""
    crop = next((n for n in named(graph, ".*") if n.op == "CropAndResize"), None)
    return rfcn.find_regions(graph) if crop is None else before_reshape(crop.operands[1])


def proposals(found: Regions, image: Value, pipeline: Pipeline) -> Value:
    """The regions as they are read: N, P, 4 as y0, x0, y1, x1, relative. `image` is N, H, W, C."""
    grid = "first_stage_anchor_generator/grid_anchor_generator"
    strides = {pipeline.integer(f"{grid}/{side}_stride", 16) for side in ("height", "width")}
    sizes = {pipeline.integer(f"{grid}/{side}", 256) for side in ("height", "width")}
    offsets = [pipeline.number(f"{grid}/{side}_offset", 0.0) for side in ("height", "width")]
    if len(strides) > 1 or len(sizes) > 1 or any(offsets):
        raise Unsupported(
            f'"{pipeline.path}" has anchors of unequal strides or sizes, or with an offset, and Proposal has none',
            "Leave the file out: the model is converted operation by operation, with the outputs that it has.",
        )
    scales = pipeline.numbers(f"{grid}/scales", (0.5, 1.0, 2.0))
    ratios = pipeline.numbers(f"{grid}/aspect_ratios", (0.5, 1.0, 2.0))
    count = pipeline.integer("first_stage_max_proposals", 300)
    anchors = len(scales) * len(ratios)
    paired = Softmax(reshape_keeping(found.scores, (0, 0, 0, anchors, 2)), axis=-1)
    grouped = reshape_keeping(
        permute(paired, (0, 1, 2, 4, 3)), (0, 0, 0, -1)
    )  # that of no object for all anchors first
    size = to_element(dims_of(image, (1, 2)), t.f32)
    proposal = Proposal(
        permute(grouped, (0, 3, 1, 2)),
        permute(found.boxes, (0, 3, 1, 2)),
        concat([size, constant(np.ones(1, np.float32))], 0),
        base_size=int(sizes.pop()),
        pre_nms_topn=_ALL,
        post_nms_topn=count,
        nms_thresh=pipeline.number("first_stage_nms_iou_threshold", 0.7),
        feat_stride=int(strides.pop()),
        min_size=1,
        ratio=ratios,
        scale=scales,
        clip_before_nms=False,
        clip_after_nms=True,
        normalize=True,
        box_size_scale=5.0,
        box_coordinate_scale=10.0,
        framework="tensorflow",
    )
    return reshape_to(slice_axis(proposal.results[0], 1, 1), (-1, count, 4))


@dataclass(frozen=True)
class Classified:
    """The second stage.

    Attributes:
        boxes: deltas N, P, classes, 4 or N, P, 1, 4 as y, x, height, width.
        scores: N, P, classes + 1, activated, the first class being that of no object.
    """

    boxes: Value
    scores: Value


def find_classified(graph: Graph) -> Classified | None:
    """The second stage of a two-stage detector; None where there is none.

    Where masks follow, it stands outside of a scope of its own.
    """
    for decoded, slice_ in (
        (f"{_SCOPE}Decode/transpose", f"{_SCOPE}Slice"),
        (f"{_TOP}Decode_1/transpose", f"{_TOP}Slice"),
    ):
        deltas, scores = first_named(graph, decoded), first_named(graph, slice_)
        if deltas is not None and scores is not None:
            return Classified(before_reshape(deltas.operands[0]), through(scores.operands[0], ("Identity",)))
    return None


def detection_output(found: Classified, regions: Value, pipeline: Pipeline, clip_before_nms: bool = False) -> Value:
    """The detections of all images; `regions` is N, P, 4 as y0, x0, y1, x1, relative."""
    shared = pipeline.flag("second_stage_box_predictor/mask_rcnn_box_predictor/share_box_across_classes", False)
    deltas = gather(found.boxes, XYWH, -1)
    if shared:
        deltas = reshape_keeping(deltas, (0, 0, 4))
    boxes = gather(regions, XYWH, -1)
    scores = Multiply(found.scores, _there(regions))
    return suppression.detection_output(deltas, scores, boxes, pipeline, shared=shared, clip_before_nms=clip_before_nms)


def _there(regions: Value) -> Value:
    """N, P, 1: one for a region, zero for what fills up their number."""
    size = Subtract(slice_axis(regions, -1, 2), slice_axis(regions, -1, 0, 2))
    return to_element(Greater(ReduceMin(size, ints((-1,)), keep_dims=True), constant_like(size, 0)), t.f32)
