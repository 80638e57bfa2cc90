"""The layers of Detectron; boxes are x1, y1, x2, y2."""

from __future__ import annotations

from mo_core.ir import Node
from mo_core.ir import types as t
from mo_core.ir.schema import Ints, Operand, Operands, Reals, boolean, integer, ints, operand, real, reals, variadic
from mo_core.ir.types import Type
from mo_core.ops._dims import agree, at, of_rank

__all__ = [
    "ExperimentalDetectronDetectionOutput",
    "ExperimentalDetectronGenerateProposalsSingleImage",
    "ExperimentalDetectronPriorGridGenerator",
    "ExperimentalDetectronROIFeatureExtractor",
    "ExperimentalDetectronTopKROIs",
]


class ExperimentalDetectronDetectionOutput(Node, opset="opset6"):
    """ExperimentalDetectronDetectionOutput-6: boxes (max_detections_per_image, 4), their classes (i32) and scores."""

    input_rois: Operand = operand()
    input_deltas: Operand = operand()
    input_scores: Operand = operand()
    input_im_info: Operand = operand()
    score_threshold: float = real()
    nms_threshold: float = real()
    max_delta_log_wh: float = real()
    num_classes: int = integer()
    post_nms_count: int = integer()
    max_detections_per_image: int = integer()
    class_agnostic_box_regression: bool = boolean()
    deltas_weights: Reals = reals()

    def infer(self) -> list[Type]:
        rois, deltas = of_rank(self.input_rois, "input_rois", 2), of_rank(self.input_deltas, "input_deltas", 2)
        scores = of_rank(self.input_scores, "input_scores", 2)
        of_rank(self.input_im_info, "input_im_info", 2)
        agree("numbers of coordinates", at(rois, 1), 4)
        agree("numbers of deltas", at(deltas, 1), 4 * self.num_classes)
        agree("numbers of classes", at(scores, 1), self.num_classes)
        agree("numbers of regions", at(rois, 0), at(deltas, 0), at(scores, 0))
        element = t.promote([self.input_rois.element, self.input_deltas.element, self.input_scores.element])
        count = self.max_detections_per_image
        return [Type(element, (count, 4)), Type(t.i32, (count,)), Type(element, (count,))]


class ExperimentalDetectronGenerateProposalsSingleImage(Node, opset="opset6"):
    """ExperimentalDetectronGenerateProposalsSingleImage-6: regions (post_nms_count, 4) and their scores.

    im_info is 3; anchors H * W * A, 4; deltas 4 * A, H, W; scores A, H, W.
    """

    im_info: Operand = operand()
    anchors: Operand = operand()
    deltas: Operand = operand()
    scores: Operand = operand()
    min_size: float = real()
    nms_threshold: float = real()
    post_nms_count: int = integer()
    pre_nms_count: int = integer()

    def infer(self) -> list[Type]:
        agree("numbers of im_info", at(of_rank(self.im_info, "im_info", 1), 0), 3)
        anchors, deltas = of_rank(self.anchors, "anchors", 2), of_rank(self.deltas, "deltas", 3)
        scores = of_rank(self.scores, "scores", 3)
        agree("numbers of coordinates", at(anchors, 1), 4)
        for axis, what in ((1, "heights"), (2, "widths")):
            agree(f"{what} of deltas and scores", at(deltas, axis), at(scores, axis))
        element = t.promote([v.element for v in (self.im_info, self.anchors, self.deltas, self.scores)])
        return [Type(element, (self.post_nms_count, 4)), Type(element, (self.post_nms_count,))]


class ExperimentalDetectronPriorGridGenerator(Node, opset="opset6"):
    """ExperimentalDetectronPriorGridGenerator-6: priors (A, 4) repeated over the grid of a feature map.

    The result is H * W * A, 4, or H, W, A, 4 without `flatten`.
    """

    priors: Operand = operand()
    feature_map: Operand = operand()
    im_data: Operand = operand()
    flatten: bool = boolean(default=True)
    h: int = integer(default=0)
    w: int = integer(default=0)
    stride_x: float = real(default=0.0)
    stride_y: float = real(default=0.0)

    def infer(self) -> Type:
        priors, features = of_rank(self.priors, "priors", 2), of_rank(self.feature_map, "feature_map", 4)
        of_rank(self.im_data, "im_data", 4)
        agree("numbers of coordinates", at(priors, 1), 4)
        count = agree("numbers of priors", at(priors, 0), node=self)
        h = agree("heights", at(features, 2), node=self)  # the runtime goes by the feature map whatever h and w say
        w = agree("widths", at(features, 3), node=self)
        return Type(self.priors.element, (h * w * count, 4) if self.flatten else (h, w, count, 4))


class ExperimentalDetectronROIFeatureExtractor(Node, opset="opset6"):
    """ExperimentalDetectronROIFeatureExtractor-6: ROIAlign of regions (R, 4) on the fitting level of a pyramid.

    Results are R, C, output_size, output_size and the regions in order.
    """

    input_rois: Operand = operand()
    pyramid_layers: Operands = variadic()
    output_size: int = integer()
    sampling_ratio: int = integer()
    pyramid_scales: Ints = ints()
    aligned: bool = boolean(default=False)

    def infer(self) -> list[Type]:
        rois = of_rank(self.input_rois, "input_rois", 2)
        agree("numbers of coordinates", at(rois, 1), 4)
        levels = [of_rank(v, "a level of the pyramid", 4) for v in self.pyramid_layers]
        for level in levels:
            agree("numbers of images in the pyramid", at(level, 0), 1)
        channels = agree("numbers of channels", *(at(level, 1) for level in levels), node=self)
        count = agree("numbers of regions", at(rois, 0), node=self)
        element = t.promote([v.element for v in self.operands])
        return [Type(element, (count, channels, self.output_size, self.output_size)), Type(element, (count, 4))]


class ExperimentalDetectronTopKROIs(Node, opset="opset6"):
    """ExperimentalDetectronTopKROIs-6: the `max_rois` regions (R, 4) of highest probability (R)."""

    input_rois: Operand = operand()
    rois_probs: Operand = operand()
    max_rois: int = integer()

    def infer(self) -> Type:
        rois, probs = of_rank(self.input_rois, "input_rois", 2), of_rank(self.rois_probs, "rois_probs", 1)
        agree("numbers of coordinates", at(rois, 1), 4)
        agree("numbers of regions", at(rois, 0), at(probs, 0))
        return Type(t.promote([self.input_rois.element, self.rois_probs.element]), (self.max_rois, 4))
