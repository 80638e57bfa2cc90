"""Detection: anchors, decoding of boxes, suppression.

Boxes are x1, y1, x2, y2 unless said otherwise.
"""

from __future__ import annotations

import math

from mo_core.errors import ShapeError
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ir.known import as_dim, scalar
from mo_core.ir.schema import (
    Ints,
    Operand,
    OptionalOperand,
    Reals,
    boolean,
    element,
    integer,
    ints,
    one_of,
    operand,
    optional,
    real,
    reals,
    text,
)
from mo_core.ir.types import Dim, ElementType, Type
from mo_core.ops._dims import agree, at, content_dims, of_rank, unknown

__all__ = [
    "DetectionOutput",
    "DetectionOutput1",
    "GenerateProposals",
    "MatrixNms",
    "MulticlassNms",
    "NMSRotated",
    "NonMaxSuppression",
    "PriorBox",
    "PriorBoxClustered",
    "Proposal",
    "RegionYolo",
]


class PriorBox(Node, opset="opset8"):
    """PriorBox-8: anchors (2, 4 * H * W * count) for a grid of output_size (H, W) on an image of image_size (H, W).

    Row 0 holds boxes in units of the image, row 1 variances.
    """

    output_size: Operand = operand()
    image_size: Operand = operand()
    offset: float = real()
    min_size: Reals = reals(default=())
    max_size: Reals = reals(default=())
    aspect_ratio: Reals = reals(default=())
    flip: bool = boolean(default=False)
    clip: bool = boolean(default=False)
    step: float = real(default=0.0)
    variance: Reals = reals(default=())
    scale_all_sizes: bool = boolean(default=True)
    fixed_ratio: Reals = reals(default=())
    fixed_size: Reals = reals(default=())
    density: Reals = reals(default=())
    min_max_aspect_ratios_order: bool = boolean(default=True)

    def infer(self) -> Type:
        return Type(t.f32, (2, _grid_cells(self, self.output_size, self.image_size) * (4 * self.count)))

    @property
    def count(self) -> int:
        """Anchors of one cell."""
        if not all(map(math.isfinite, (*self.aspect_ratio, *self.density))):
            raise ShapeError("an aspect ratio or density of PriorBox is not a finite number")
        ratios = {round(r * 1e6) for r in self.aspect_ratio} | {10**6}
        if self.flip:
            ratios |= {round(1e6 / r) for r in self.aspect_ratio if abs(r) > 1e-6}
        if self.fixed_size:
            count = len(ratios) * len(self.fixed_size)
        elif self.scale_all_sizes:
            count = len(ratios) * len(self.min_size) + len(self.max_size)
        else:
            count = len(ratios) + len(self.min_size) - 1
        per_density = len(self.fixed_ratio) or len(ratios)
        return count + sum((int(d) ** 2 - 1) * per_density for d in self.density)


class PriorBoxClustered(Node, opset="opset1"):
    """PriorBoxClustered-1: anchors (2, 4 * H * W * count) with given widths and heights in pixels."""

    output_size: Operand = operand()
    image_size: Operand = operand()
    offset: float = real()
    width: Reals = reals(default=(1.0,))
    height: Reals = reals(default=(1.0,))
    clip: bool = boolean(default=True)
    step: float = real(default=0.0)
    step_w: float = real(default=0.0)
    step_h: float = real(default=0.0)
    variance: Reals = reals(default=())

    def infer(self) -> Type:
        if len(self.width) != len(self.height):
            raise ShapeError(f"there are {len(self.width)} widths and {len(self.height)} heights")
        return Type(t.f32, (2, _grid_cells(self, self.output_size, self.image_size) * (4 * len(self.width))))


class DetectionOutput(Node, opset="opset8"):
    """DetectionOutput-8: decode and suppress boxes; 1, 1, detections, 7 (image, class, confidence, box).

    box_logits is N, 4 * priors * (1 or classes), class_preds N, priors * classes, proposals 1 or N, 1 or 2,
    priors * (4 or 5).
    """

    box_logits: Operand = operand()
    class_preds: Operand = operand()
    proposals: Operand = operand()
    aux_class_preds: OptionalOperand = optional(default=None)
    aux_box_preds: OptionalOperand = optional(default=None)
    keep_top_k: Ints = ints(kw_only=True)
    nms_threshold: float = real(kw_only=True)
    background_label_id: int = integer(default=0, kw_only=True)
    top_k: int = integer(default=-1, kw_only=True)
    variance_encoded_in_target: bool = boolean(default=False, kw_only=True)
    code_type: str = one_of(
        "caffe.PriorBoxParameter.CORNER",
        "caffe.PriorBoxParameter.CENTER_SIZE",
        default="caffe.PriorBoxParameter.CORNER",
        kw_only=True,
    )
    share_location: bool = boolean(default=True, kw_only=True)
    confidence_threshold: float = real(default=0.0, kw_only=True)
    clip_after_nms: bool = boolean(default=False, kw_only=True)
    clip_before_nms: bool = boolean(default=False, kw_only=True)
    decrease_label_id: bool = boolean(default=False, kw_only=True)
    normalized: bool = boolean(default=False, kw_only=True)
    input_height: int = integer(default=1, kw_only=True)
    input_width: int = integer(default=1, kw_only=True)
    objectness_score: float = real(default=0.0, kw_only=True)

    def infer(self) -> Type:
        logits, scores = of_rank(self.box_logits, "box_logits", 2), of_rank(self.class_preds, "class_preds", 2)
        priors = of_rank(self.proposals, "proposals", 3)
        images = agree("numbers of images", at(logits, 0), at(scores, 0), node=self)
        element = t.promote([self.box_logits.element, self.class_preds.element, self.proposals.element])
        return Type(element, (1, 1, images * self._kept(at(scores, 1), at(priors, 2)), 7))

    def _kept(self, scores: Dim | None, priors: Dim | None) -> Dim:
        """The most detections that one image can have."""
        if not self.keep_top_k:
            raise ShapeError("keep_top_k of DetectionOutput is empty")
        if self.keep_top_k[0] > 0:
            return self.keep_top_k[0]
        boxes = None if priors is None else priors // (4 if self.normalized else 5)
        if scores is None or boxes is None or boxes == 0:
            return unknown(self, "kept")
        if self.top_k > 0 and isinstance(scores, int) and isinstance(boxes, int):
            return scores // boxes * self.top_k
        return scores if self.top_k <= 0 else unknown(self, "kept")


class DetectionOutput1(DetectionOutput, opset="opset1", type="DetectionOutput"):
    """DetectionOutput-1: as version 8, with the number of classes told."""

    num_classes: int = integer(kw_only=True)


class Proposal(Node, opset="opset4"):
    """Proposal-4: regions (N * post_nms_topn, 5: image, box) and their probabilities.

    class_probs is N, 2 * anchors, H, W; bbox_deltas N, 4 * anchors, H, W; image_shape H, W, scale (or scales of H, W).
    """

    class_probs: Operand = operand()
    bbox_deltas: Operand = operand()
    image_shape: Operand = operand()
    base_size: int = integer()
    pre_nms_topn: int = integer()
    post_nms_topn: int = integer()
    nms_thresh: float = real()
    feat_stride: int = integer()
    min_size: int = integer()
    ratio: Reals = reals()
    scale: Reals = reals()
    clip_before_nms: bool = boolean(default=True)
    clip_after_nms: bool = boolean(default=False)
    normalize: bool = boolean(default=False)
    box_size_scale: float = real(default=1.0)
    box_coordinate_scale: float = real(default=1.0)
    framework: str = text(default="")

    def infer(self) -> list[Type]:
        probs, deltas = of_rank(self.class_probs, "class_probs", 4), of_rank(self.bbox_deltas, "bbox_deltas", 4)
        of_rank(self.image_shape, "image_shape", 1)
        images = agree("numbers of images", at(probs, 0), at(deltas, 0), node=self)
        element = t.promote([self.class_probs.element, self.bbox_deltas.element, self.image_shape.element])
        regions = images * self.post_nms_topn
        return [Type(element, (regions, 5)), Type(element, (regions,))]


class GenerateProposals(Node, opset="opset9"):
    """GenerateProposals-9: regions (count, 4), their scores (count) and the number of them per image (N).

    im_info is N, 3 or 4; anchors H, W, A, 4; deltas N, 4 * A, H, W; scores N, A, H, W.
    """

    im_info: Operand = operand()
    anchors: Operand = operand()
    deltas: Operand = operand()
    scores: Operand = operand()
    min_size: float = real()
    nms_threshold: float = real()
    pre_nms_count: int = integer()
    post_nms_count: int = integer()
    normalized: bool = boolean(default=True)
    nms_eta: float = real(default=1.0)
    roi_num_type: ElementType = element(default=t.i64)

    def infer(self) -> list[Type]:
        info, scores = of_rank(self.im_info, "im_info", 2), of_rank(self.scores, "scores", 4)
        deltas = of_rank(self.deltas, "deltas", 4)
        of_rank(self.anchors, "anchors", 4)
        images = agree("numbers of images", at(info, 0), at(scores, 0), at(deltas, 0), node=self)
        regions = unknown(self, "regions", 0, _most(images, self.post_nms_count))
        element = t.promote([v.element for v in (self.im_info, self.anchors, self.deltas, self.scores)])
        return [Type(element, (regions, 4)), Type(element, (regions,)), Type(self.roi_num_type, (images,))]


class NonMaxSuppression(Node, opset="opset9"):
    """NonMaxSuppression-9: selected (image, class, box) rows, the same with scores, and their number.

    boxes is N, M, 4 (`corner`: y1, x1, y2, x2; `center`: x, y, width, height); scores N, C, M.
    """

    boxes: Operand = operand()
    scores: Operand = operand()
    max_output_boxes_per_class: OptionalOperand = optional(default=None)
    iou_threshold: OptionalOperand = optional(default=None)
    score_threshold: OptionalOperand = optional(default=None)
    soft_nms_sigma: OptionalOperand = optional(default=None)
    box_encoding: str = one_of("corner", "center", default="corner")
    sort_result_descending: bool = boolean(default=True)
    output_type: ElementType = element(default=t.i64)

    def infer(self) -> list[Type]:
        rows = _selected(self, 4)
        return [Type(self.output_type, (rows, 3)), Type(t.f32, (rows, 3)), Type(self.output_type, (1,))]


class NMSRotated(Node, opset="opset13"):
    """NMSRotated-13: NonMaxSuppression for boxes N, M, 5 (x, y, width, height, angle in radians)."""

    boxes: Operand = operand()
    scores: Operand = operand()
    max_output_boxes_per_class: Operand = operand()
    iou_threshold: Operand = operand()
    score_threshold: Operand = operand()
    sort_result_descending: bool = boolean(default=True)
    output_type: ElementType = element(default=t.i64)
    clockwise: bool = boolean(default=True)

    def infer(self) -> list[Type]:
        rows = _selected(self, 5)
        return [Type(self.output_type, (rows, 3)), Type(t.f32, (rows, 3)), Type(self.output_type, (1,))]


class MatrixNms(Node, opset="opset8"):
    """MatrixNms-8: rows (class, score, box), flat indices of the boxes, and the number of rows per image.

    boxes is N, M, 4; scores N, C, M.
    """

    boxes: Operand = operand()
    scores: Operand = operand()
    sort_result_type: str = one_of("none", "classid", "score", default="none")
    sort_result_across_batch: bool = boolean(default=False)
    output_type: ElementType = element(default=t.i64)
    score_threshold: float = real(default=0.0)
    nms_top_k: int = integer(default=-1)
    keep_top_k: int = integer(default=-1)
    background_class: int = integer(default=-1)
    normalized: bool = boolean(default=True)
    decay_function: str = one_of("linear", "gaussian", default="linear")
    gaussian_sigma: float = real(default=2.0)
    post_threshold: float = real(default=0.0)

    def infer(self) -> list[Type]:
        boxes, scores = of_rank(self.boxes, "boxes", 3), of_rank(self.scores, "scores", 3)
        agree("numbers of coordinates", at(boxes, 2), 4)
        agree("numbers of boxes", at(boxes, 1), at(scores, 2))
        images = agree("numbers of images", at(boxes, 0), at(scores, 0), node=self)
        return _detections(self, images, at(scores, 1), at(boxes, 1))


class MulticlassNms(Node, opset="opset9"):
    """MulticlassNms-9: rows (class, score, box), flat indices of the boxes, and the number of rows per image.

    boxes is N, M, 4 and scores N, C, M; with `roisnum` (boxes per image) they are C, M, 4 and C, M.
    """

    boxes: Operand = operand()
    scores: Operand = operand()
    roisnum: OptionalOperand = optional(default=None)
    sort_result_type: str = one_of("none", "classid", "score", default="none")
    sort_result_across_batch: bool = boolean(default=False)
    output_type: ElementType = element(default=t.i64)
    iou_threshold: float = real(default=0.0)
    score_threshold: float = real(default=0.0)
    nms_top_k: int = integer(default=-1)
    keep_top_k: int = integer(default=-1)
    background_class: int = integer(default=-1)
    normalized: bool = boolean(default=True)
    nms_eta: float = real(default=1.0)

    def infer(self) -> list[Type]:
        boxes = of_rank(self.boxes, "boxes", 3)
        agree("numbers of coordinates", at(boxes, 2), 4)
        if self.roisnum is None:
            scores = of_rank(self.scores, "scores", 3)
            images = agree("numbers of images", at(boxes, 0), at(scores, 0), node=self)
            classes = at(scores, 1)
            agree("numbers of boxes", at(boxes, 1), at(scores, 2))
        else:
            scores = of_rank(self.scores, "scores", 2)
            images = agree("numbers of images", at(of_rank(self.roisnum, "roisnum", 1), 0), node=self)
            classes = agree("numbers of classes", at(boxes, 0), at(scores, 0), node=self)
            agree("numbers of boxes", at(boxes, 1), at(scores, 1))
        return _detections(self, images, classes, at(boxes, 1))


class RegionYolo(Node, opset="opset1"):
    """RegionYolo-1: activate the N, boxes * (coords + classes + 1), H, W output of a YOLO network.

    With `do_softmax`, axes `axis` to `end_axis` of the result are one; otherwise only the boxes of `mask` stay.
    """

    data: Operand = operand()
    coords: int = integer()
    classes: int = integer()
    num: int = integer()
    axis: int = integer()
    end_axis: int = integer()
    do_softmax: bool = boolean(default=True)
    mask: Ints = ints(default=())
    anchors: Reals = reals(default=())

    def infer(self) -> Type:
        shape = of_rank(self.data, "data", 4)
        if shape is None:
            return Type(self.data.element, None)
        if not self.do_softmax:
            channels = (self.classes + self.coords + 1) * len(self.mask)
            return Type(self.data.element, (shape[0], channels, *shape[2:]))
        first, last = t.normalize_axis(self.axis, 4), t.normalize_axis(self.end_axis, 4, "end_axis")
        if first > last:
            raise ShapeError(f"axis {self.axis} lies after end_axis {self.end_axis}")
        return Type(self.data.element, (*shape[:first], t.size_of(shape[first : last + 1]), *shape[last + 1 :]))


def _grid_cells(node: Node, output_size: Value, image_size: Value) -> Dim:
    """Number of cells of an anchor grid, as far as its height and width are known."""
    for what, v in (("output_size", output_size), ("image_size", image_size)):
        agree(f"numbers in {what}", at(of_rank(v, what, 1), 0), 2)
    sizes = content_dims(node, output_size, "output_size")
    return unknown(node, "cells") if sizes is None else sizes[0] * sizes[1]


def _most(*factors: Dim | None) -> int:
    """Upper bound of a product; None is an unknown factor, a negative one no limit."""
    product = 1
    for f in factors:
        hi = t.INF if f is None else t.bounds(f)[1]
        if hi < 0 or hi >= t.INF:
            return t.INF
        product *= hi
    return min(product, t.INF)


def _selected(node: NonMaxSuppression | NMSRotated, coordinates: int) -> Dim:
    """Rows that a suppression selects, at most as many boxes per class as there are or as are wanted."""
    boxes, scores = of_rank(node.boxes, "boxes", 3), of_rank(node.scores, "scores", 3)
    agree("numbers of coordinates", at(boxes, 2), coordinates)
    agree("numbers of images", at(boxes, 0), at(scores, 0))
    agree("numbers of boxes", at(boxes, 1), at(scores, 2))
    given = None if node.max_output_boxes_per_class is None else scalar(node.max_output_boxes_per_class)
    wanted = None if given is None else as_dim(given)
    per_class = min(_most(at(boxes, 1)), max(_most(wanted), 0))
    return unknown(node, "rows", 0, _most(at(scores, 0), at(scores, 1), per_class))


def _detections(node: MatrixNms | MulticlassNms, images: Dim, classes: Dim | None, boxes: Dim | None) -> list[Type]:
    """Types of rows (class, score, box), flat indices, and rows per image."""
    per_class = min(_most(boxes), _most(node.nms_top_k))
    per_image = min(_most(classes, per_class), _most(node.keep_top_k))
    rows = unknown(node, "rows", 0, _most(images, per_image))
    element = t.promote([node.boxes.element, node.scores.element])
    return [Type(element, (rows, 6)), Type(node.output_type, (rows, 1)), Type(node.output_type, (images,))]
