"""Detection: anchors, decoding, suppression, pooling of regions; and the CTC family.

Boxes are x1, y1, x2, y2 unless said otherwise.
"""

from __future__ import annotations

from mo_core import types as t
from mo_core.ir import Node
from mo_core.schema import (
    Ints,
    Operand,
    Operands,
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
    variadic,
)
from mo_core.types import ElementType

__all__ = [
    "CTCGreedyDecoder",
    "CTCGreedyDecoderSeqLen",
    "CTCLoss",
    "DeformablePSROIPooling",
    "DetectionOutput",
    "DetectionOutput1",
    "ExperimentalDetectronDetectionOutput",
    "ExperimentalDetectronGenerateProposalsSingleImage",
    "ExperimentalDetectronPriorGridGenerator",
    "ExperimentalDetectronROIFeatureExtractor",
    "ExperimentalDetectronTopKROIs",
    "ExtractImagePatches",
    "GenerateProposals",
    "MatrixNms",
    "MulticlassNms",
    "NMSRotated",
    "NonMaxSuppression",
    "PSROIPooling",
    "PriorBox",
    "PriorBoxClustered",
    "Proposal",
    "ROIAlign",
    "ROIAlignRotated",
    "ROIPooling",
    "RegionYolo",
    "ReorgYolo",
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


class MatrixNms(Node, opset="opset8"):
    """MatrixNms-8: rows (class, score, box), flat indices of the boxes, and the number of rows per image.

    boxes is N, M, 4; scores N, C, M.
    """

    boxes: Operand = operand()
    scores: Operand = operand()
    sort_result_type: str = one_of("none", "class", "score", default="none")
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


class MulticlassNms(Node, opset="opset9"):
    """MulticlassNms-9: rows (class, score, box), flat indices of the boxes, and the number of rows per image.

    boxes is N, M, 4 and scores N, C, M; with `roisnum` (boxes per image) they are C, M, 4 and C, M.
    """

    boxes: Operand = operand()
    scores: Operand = operand()
    roisnum: OptionalOperand = optional(default=None)
    sort_result_type: str = one_of("none", "class", "score", default="none")
    sort_result_across_batch: bool = boolean(default=False)
    output_type: ElementType = element(default=t.i64)
    iou_threshold: float = real(default=0.0)
    score_threshold: float = real(default=0.0)
    nms_top_k: int = integer(default=-1)
    keep_top_k: int = integer(default=-1)
    background_class: int = integer(default=-1)
    normalized: bool = boolean(default=True)
    nms_eta: float = real(default=1.0)


class ROIPooling(Node, opset="opset2"):
    """ROIPooling-2: pool regions (R, 5: image, box) of feature maps (N, C, H, W) to R, C, pooled_h, pooled_w."""

    feat: Operand = operand()
    rois: Operand = operand()
    pooled_h: int = integer()
    pooled_w: int = integer()
    spatial_scale: float = real()
    method: str = one_of("max", "bilinear", default="max")


class PSROIPooling(Node, opset="opset1"):
    """PSROIPooling-1: position-sensitive pooling of regions (R, 5) to R, output_dim, group_size, group_size."""

    feat: Operand = operand()
    coords: Operand = operand()
    output_dim: int = integer()
    group_size: int = integer()
    spatial_scale: float = real()
    mode: str = one_of("average", "bilinear", default="average")
    spatial_bins_x: int = integer(default=1)
    spatial_bins_y: int = integer(default=1)


class DeformablePSROIPooling(Node, opset="opset1"):
    """DeformablePSROIPooling-1: PSROIPooling with bins moved by `offsets` (R, 2 * classes, part, part)."""

    feature_maps: Operand = operand()
    box_rois: Operand = operand()
    offsets: OptionalOperand = optional(default=None)
    output_dim: int = integer(kw_only=True)
    spatial_scale: float = real(kw_only=True)
    group_size: int = integer(default=1, kw_only=True)
    mode: str = one_of("bilinear_deformable", default="bilinear_deformable", kw_only=True)
    spatial_bins_x: int = integer(default=1, kw_only=True)
    spatial_bins_y: int = integer(default=1, kw_only=True)
    trans_std: float = real(default=1.0, kw_only=True)
    part_size: int = integer(default=1, kw_only=True)


class ROIAlign(Node, opset="opset9"):
    """ROIAlign-9: pool regions (R, 4) of images `batch_indices` (R) by bilinear samples to R, C, pooled_h, pooled_w."""

    data: Operand = operand()
    rois: Operand = operand()
    batch_indices: Operand = operand()
    pooled_h: int = integer()
    pooled_w: int = integer()
    sampling_ratio: int = integer()
    spatial_scale: float = real()
    mode: str = one_of("avg", "max", default="avg")
    aligned_mode: str = one_of(
        "asymmetric", "half_pixel_for_nn", "half_pixel", default="asymmetric"
    )


class ROIAlignRotated(Node, opset="opset15"):
    """ROIAlignRotated-15: ROIAlign for regions (R, 5: x, y, width, height, angle in radians)."""

    data: Operand = operand()
    rois: Operand = operand()
    batch_indices: Operand = operand()
    pooled_h: int = integer()
    pooled_w: int = integer()
    sampling_ratio: int = integer()
    spatial_scale: float = real()
    clockwise_mode: bool = boolean()


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


class ReorgYolo(Node, opset="opset2"):
    """ReorgYolo-2: N, C, H, W to N, C * stride^2, H / stride, W / stride."""

    data: Operand = operand()
    stride: Ints = ints()


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


class ExperimentalDetectronTopKROIs(Node, opset="opset6"):
    """ExperimentalDetectronTopKROIs-6: the `max_rois` regions (R, 4) of highest probability (R)."""

    input_rois: Operand = operand()
    rois_probs: Operand = operand()
    max_rois: int = integer()


class ExtractImagePatches(Node, opset="opset3"):
    """ExtractImagePatches-3: patches of N, C, H, W, moved to channels: N, C * sizes[0] * sizes[1], H', W'."""

    data: Operand = operand()
    sizes: Ints = ints()
    strides: Ints = ints()
    rates: Ints = ints()
    auto_pad: str = one_of("valid", "same_upper", "same_lower", default="valid")


class CTCGreedyDecoder(Node, opset="opset1"):
    """CTCGreedyDecoder-1: best classes N, T, 1, 1 (-1 behind the end) of data T, N, C; sequence_mask is T, N."""

    data: Operand = operand()
    sequence_mask: Operand = operand()
    ctc_merge_repeated: bool = boolean(default=True)


class CTCGreedyDecoderSeqLen(Node, opset="opset6"):
    """CTCGreedyDecoderSeqLen-6: best classes N, T (-1 behind the end) of data N, T, C, and their numbers N."""

    data: Operand = operand()
    sequence_length: Operand = operand()
    blank_index: OptionalOperand = optional(default=None)
    merge_repeated: bool = boolean(default=True)
    classes_index_type: ElementType = element(default=t.i32)
    sequence_length_type: ElementType = element(default=t.i32)


class CTCLoss(Node, opset="opset4"):
    """CTCLoss-4: negative log-likelihood (N) of labels (N, T) under logits (N, T, C)."""

    logits: Operand = operand()
    logit_length: Operand = operand()
    labels: Operand = operand()
    label_length: Operand = operand()
    blank_index: OptionalOperand = optional(default=None)
    preprocess_collapse_repeated: bool = boolean(default=False)
    ctc_merge_repeated: bool = boolean(default=True)
    unique: bool = boolean(default=False)
