"""Ops of OpenVINO itself inside ONNX files: exporters write them into its domain, older ones into the default."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

from mo_core.build import (
    broadcast_to,
    const_ints,
    convert_like,
    dim_size,
    dims_of,
    ints,
    reshape_to,
    scalar,
    split,
    squeeze,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.build.normalisation import by_own_statistics
from mo_core.errors import Unsupported
from mo_core.ir import Node, Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    AdaptiveAvgPool,
    Add,
    Broadcast,
    CTCGreedyDecoderSeqLen,
    DeformableConvolution,
    DetectionOutput,
    ExperimentalDetectronDetectionOutput,
    ExperimentalDetectronGenerateProposalsSingleImage,
    ExperimentalDetectronPriorGridGenerator,
    ExperimentalDetectronROIFeatureExtractor,
    ExperimentalDetectronTopKROIs,
    FakeQuantize,
    GatherTree,
    GenerateProposals,
    Multiply,
    NMSRotated,
    NormalizeL2,
    PriorBox,
    PriorBoxClustered,
    Proposal,
    PSROIPooling,
    ROIAlignRotated,
    Swish,
)
from mo_onnx.ops.detection import roi_align
from mo_onnx.registry import F, onnx_op
from mo_onnx.window import Ints, spatial_attributes

DOMAIN = "org.openvinotoolkit"
Reals: TypeAlias = "tuple[float, ...]"


def openvino_op(op: str, ignore: Sequence[str] = ()) -> Callable[[F], F]:
    """Mark a converter for both domains."""

    def mark(function: F) -> F:
        return onnx_op(op, DOMAIN, ignore=ignore)(onnx_op(op, ignore=ignore)(function))

    return mark


# -- SSD


@openvino_op(
    "DetectionOutput",
    ignore=[
        "num_classes",
        "eta",
        "visualize_threshold",
        "prob",
        "resize_mode",
        "height",
        "width",
        "height_scale",
        "width_scale",
        "pad_mode",
        "pad_value",
        "interp_mode",
    ],
)
def detection_output(
    boxes: Value,
    classes: Value,
    priors: Value,
    arm_classes: Value | None = None,
    arm_boxes: Value | None = None,
    *,
    background_label_id: int = 0,
    clip_after_nms: int = 0,
    clip_before_nms: int = 0,
    code_type: str = "CORNER",
    confidence_threshold: float = 0.0,
    decrease_label_id: int = 0,
    input_height: int = 1,
    input_width: int = 1,
    keep_top_k: int | tuple[int, ...] = (1,),
    nms_threshold: float,
    normalized: int = 0,
    objectness_score: float = 0.0,
    share_location: int = 1,
    top_k: int = -1,
    variance_encoded_in_target: int = 0,
) -> Value:
    kept = (keep_top_k,) if isinstance(keep_top_k, int) else keep_top_k
    return DetectionOutput(
        boxes,
        classes,
        priors,
        arm_classes,
        arm_boxes,
        background_label_id=background_label_id,
        top_k=top_k,
        variance_encoded_in_target=bool(variance_encoded_in_target),
        keep_top_k=kept,
        code_type=f"caffe.PriorBoxParameter.{code_type.rpartition('.')[2]}",
        share_location=bool(share_location),
        nms_threshold=nms_threshold,
        confidence_threshold=confidence_threshold,
        clip_after_nms=bool(clip_after_nms),
        clip_before_nms=bool(clip_before_nms),
        decrease_label_id=bool(decrease_label_id),
        normalized=bool(normalized),
        input_height=input_height,
        input_width=input_width,
        objectness_score=objectness_score,
    )


@openvino_op("PriorBox", ignore=["img_size", "img_h", "img_w", "step_h", "step_w"])
def prior_box(
    x: Value,
    image: Value,
    *,
    aspect_ratio: Reals = (),
    clip: int = 0,
    density: Reals = (),
    fixed_ratio: Reals = (),
    fixed_size: Reals = (),
    flip: int = 0,
    max_size: Reals = (),
    min_max_aspect_ratios_order: int = 1,
    min_size: Reals = (),
    offset: float = 0.0,
    scale_all_sizes: int = 1,
    step: float = 0.0,
    variance: Reals = (),
) -> Value:
    boxes = PriorBox(
        dims_of(x, [2, 3]),
        dims_of(image, [2, 3]),
        min_size=min_size,
        max_size=max_size,
        aspect_ratio=aspect_ratio,
        flip=bool(flip),
        clip=bool(clip),
        step=step,
        offset=offset,
        variance=variance,
        density=density,
        scale_all_sizes=bool(scale_all_sizes),
        fixed_ratio=fixed_ratio,
        fixed_size=fixed_size,
        min_max_aspect_ratios_order=bool(min_max_aspect_ratios_order),
    )
    return unsqueeze(boxes, 0)


@openvino_op("PriorBoxClustered", ignore=["flip", "img_size", "img_h", "img_w"])
def prior_box_clustered(
    x: Value,
    image: Value,
    *,
    clip: int = 0,
    height: Reals = (1.0,),
    offset: float = 0.0,
    step: float = 0.0,
    step_h: float = 0.0,
    step_w: float = 0.0,
    variance: Reals = (),
    width: Reals = (1.0,),
) -> Value:
    boxes = PriorBoxClustered(
        dims_of(x, [2, 3]),
        dims_of(image, [2, 3]),
        width=width,
        height=height,
        clip=bool(clip),
        step=step,
        step_w=step_w,
        step_h=step_h,
        offset=offset,
        variance=variance,
    )
    return unsqueeze(boxes, 0)


@openvino_op("Normalize")
def normalize(x: Value, weights: Value, *, across_spatial: int = 0, channel_shared: int = 0, eps: float = 0.0) -> Value:
    axes = range(1, x.rank) if across_spatial else [1]
    scale = reshape_to(weights, [1] * x.rank if channel_shared else [1, -1, *[1] * (x.rank - 2)])
    return Multiply(NormalizeL2(x, ints(axes), eps=eps, eps_mode="add"), scale)


# -- Faster and Mask R-CNN


@openvino_op("ExperimentalDetectronDetectionOutput")
def detectron_detection_output(
    rois: Value,
    deltas: Value,
    scores: Value,
    im_info: Value,
    *,
    class_agnostic_box_regression: int = 0,
    deltas_weights: Reals = (10.0, 10.0, 5.0, 5.0),
    max_delta_log_wh: float = math.log(1000 / 16),
    max_detections_per_image: int = 100,
    nms_threshold: float = 0.5,
    num_classes: int = 81,
    post_nms_count: int = 2000,
    score_threshold: float = 0.05,
) -> Node:
    return ExperimentalDetectronDetectionOutput(
        rois,
        deltas,
        scores,
        im_info,
        score_threshold=score_threshold,
        nms_threshold=nms_threshold,
        max_delta_log_wh=max_delta_log_wh,
        num_classes=num_classes,
        post_nms_count=post_nms_count,
        max_detections_per_image=max_detections_per_image,
        deltas_weights=deltas_weights,
        class_agnostic_box_regression=bool(class_agnostic_box_regression),
    )


@openvino_op("ExperimentalDetectronGenerateProposalsSingleImage")
def detectron_generate_proposals(
    im_info: Value,
    anchors: Value,
    deltas: Value,
    scores: Value,
    *,
    min_size: float = 0.0,
    nms_threshold: float = 0.7,
    post_nms_count: int = 1000,
    pre_nms_count: int = 1000,
) -> Node:
    return ExperimentalDetectronGenerateProposalsSingleImage(
        im_info,
        anchors,
        deltas,
        scores,
        min_size=min_size,
        nms_threshold=nms_threshold,
        post_nms_count=post_nms_count,
        pre_nms_count=pre_nms_count,
    )


@openvino_op("ExperimentalDetectronPriorGridGenerator")
def detectron_prior_grid_generator(
    priors: Value,
    feature_map: Value,
    image: Value,
    *,
    flatten: int = 1,
    h: int = 0,
    stride_x: float = 0.0,
    stride_y: float = 0.0,
    w: int = 0,
) -> Value:
    return ExperimentalDetectronPriorGridGenerator(
        priors, feature_map, image, flatten=bool(flatten), h=h, w=w, stride_x=stride_x, stride_y=stride_y
    )


@openvino_op(
    "ExperimentalDetectronROIFeatureExtractor",
    ignore=[
        "distribute_rois_between_levels",
        "image_id",
        "preserve_rois_order",
    ],
)
def detectron_roi_feature_extractor(
    rois: Value,
    *pyramid: Value,
    aligned: int = 0,
    output_size: int = 7,
    pyramid_scales: tuple[int, ...] = (4, 8, 16, 32, 64),
    sampling_ratio: int = 2,
) -> Node:
    return ExperimentalDetectronROIFeatureExtractor(
        rois,
        pyramid,
        output_size=output_size,
        sampling_ratio=sampling_ratio,
        pyramid_scales=pyramid_scales,
        aligned=bool(aligned),
    )


@openvino_op("ExperimentalDetectronTopKROIs")
def detectron_top_k_rois(rois: Value, probabilities: Value, *, max_rois: int = 1000) -> Value:
    return ExperimentalDetectronTopKROIs(rois, probabilities, max_rois=max_rois)


@openvino_op("ExperimentalDetectronGroupNorm")
@openvino_op("GroupNorm")
def group_norm(x: Value, gamma: Value, beta: Value, *, eps: float = 1e-6, num_groups: int) -> Value:
    """Groups of channels are normalised as rows of a matrix, so that the channels need not be known."""
    groups = reshape_to(x, vector([dim_size(x, 0), num_groups, -1]))
    y = reshape_to(by_own_statistics(groups, [2], eps), dims_of(x, range(x.rank)))
    scale, shift = (reshape_to(v, [-1, *[1] * (x.rank - 2)]) for v in (gamma, beta))
    return Add(Multiply(y, scale), shift)


@openvino_op(
    "GenerateProposals",
    ignore=["spatial_scale", "angle_bound_on", "angle_bound_lo", "angle_bound_hi", "clip_angle_thresh"],
)
def generate_proposals(
    scores: Value,
    deltas: Value,
    im_info: Value,
    anchors: Value,
    *,
    legacy_plus_one: int = 1,
    min_size: float = 1.0,
    nms_thresh: float = 0.7,
    post_nms_topN: int = 300,
    pre_nms_topN: int = 6000,
) -> Sequence[Value]:
    """Anchors are given once, and used at every place of the scores."""
    grid = broadcast_to(anchors, vector([dim_size(scores, 2), dim_size(scores, 3), dim_size(anchors, 0), 4]))
    return GenerateProposals(
        im_info,
        grid,
        deltas,
        scores,
        min_size=min_size,
        nms_threshold=nms_thresh,
        pre_nms_count=pre_nms_topN,
        post_nms_count=post_nms_topN,
        normalized=not legacy_plus_one,
    ).results


@openvino_op("Proposal", ignore=["for_deformable"])
def proposal(
    probabilities: Value,
    deltas: Value,
    image_shape: Value,
    *,
    base_size: int = 16,
    box_coordinate_scale: float = 1.0,
    box_size_scale: float = 1.0,
    clip_after_nms: int = 0,
    clip_before_nms: int = 1,
    feat_stride: int,
    framework: str = "",
    min_size: int,
    nms_thresh: float,
    normalize: int = 0,
    post_nms_topn: int,
    pre_nms_topn: int,
    ratio: Reals,
    scale: Reals,
) -> Node:
    return Proposal(
        probabilities,
        deltas,
        image_shape,
        base_size=base_size,
        pre_nms_topn=pre_nms_topn,
        post_nms_topn=post_nms_topn,
        nms_thresh=nms_thresh,
        feat_stride=feat_stride,
        min_size=min_size,
        ratio=ratio,
        scale=scale,
        clip_before_nms=bool(clip_before_nms),
        clip_after_nms=bool(clip_after_nms),
        normalize=bool(normalize),
        box_size_scale=box_size_scale,
        box_coordinate_scale=box_coordinate_scale,
        framework=framework,
    )


@openvino_op("PSROIPooling")
def psroi_pooling(
    x: Value,
    rois: Value,
    *,
    group_size: int,
    mode: str = "average",
    output_dim: int,
    spatial_bins_x: int = 1,
    spatial_bins_y: int = 1,
    spatial_scale: float,
) -> Value:
    return PSROIPooling(
        x,
        rois,
        output_dim=output_dim,
        group_size=group_size,
        spatial_scale=spatial_scale,
        mode=mode,
        spatial_bins_x=spatial_bins_x,
        spatial_bins_y=spatial_bins_y,
    )


@openvino_op("ROIAlign")
def roi_align_(
    x: Value,
    rois: Value,
    batch_indices: Value,
    *,
    coordinate_transformation_mode: str = "half_pixel",
    mode: str = "avg",
    output_height: int = 1,
    output_width: int = 1,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
) -> Value:
    return roi_align(
        x,
        rois,
        batch_indices,
        coordinate_transformation_mode=coordinate_transformation_mode,
        mode=mode,
        output_height=output_height,
        output_width=output_width,
        sampling_ratio=sampling_ratio,
        spatial_scale=spatial_scale,
    )


@openvino_op("NMSRotated")
@onnx_op("NMSRotated", "mmdeploy")
def nms_rotated(
    boxes: Value,
    scores: Value,
    limit: Value | None = None,
    iou: Value | None = None,
    score: Value | None = None,
    *,
    clockwise: int = 1,
    iou_threshold: float = 0.0,
    score_threshold: float = 0.0,
    sort_result_descending: int = 0,
) -> Sequence[Value]:
    """Thresholds come as inputs, or (as MMDeploy has it) as attributes."""
    node = NMSRotated(
        boxes,
        scores,
        constant(2**31 - 1) if limit is None else scalar(limit),
        constant(iou_threshold, t.f32) if iou is None else scalar(iou),
        constant(score_threshold, t.f32) if score is None else scalar(score),
        sort_result_descending=bool(sort_result_descending),
        clockwise=bool(clockwise),
    )
    return node.results


@onnx_op("MMCVRoIAlignRotated", "mmdeploy")
def roi_align_rotated(
    x: Value,
    rois: Value,
    *,
    aligned: int = 1,
    clockwise: int = 0,
    output_height: int,
    output_width: int,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
) -> Value:
    if not aligned:
        raise Unsupported("MMCVRoIAlignRotated with aligned=0 is not supported", "Export the model with aligned=True.")
    images, boxes = split(rois, 1, [1, 5])
    return ROIAlignRotated(
        x,
        boxes,
        to_element(squeeze(images, 1), t.i32),
        pooled_h=output_height,
        pooled_w=output_width,
        sampling_ratio=sampling_ratio,
        spatial_scale=spatial_scale,
        clockwise_mode=bool(clockwise),
    )


# -- others


@openvino_op("FakeQuantize")
def fake_quantize(x: Value, low: Value, high: Value, out_low: Value, out_high: Value, *, levels: int) -> Value:
    return FakeQuantize(x, low, high, out_low, out_high, levels=levels)


@onnx_op("Swish", DOMAIN)
def swish(x: Value, beta: Value | None = None) -> Value:
    return Swish(x) if beta is None else Swish(x, scalar(convert_like(beta, x)))


@openvino_op("DeformableConv2D", ignore=["kernel_shape"])
def deformable_conv_2d(
    x: Value,
    offsets: Value,
    w: Value,
    mask: Value | None = None,
    *,
    auto_pad: str = "NOTSET",
    deformable_groups: int = 1,
    dilations: Ints = None,
    group: int = 1,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    spatial = spatial_attributes(w.rank - 2, auto_pad, dilations, pads, strides)
    return DeformableConvolution(x, offsets, w, mask, **spatial, group=group, deformable_group=deformable_groups)


@onnx_op("adaptive_avg_pool2d", "org.pytorch.aten")
def adaptive_avg_pool_2d(x: Value, size: Value) -> Value:
    return AdaptiveAvgPool(x, size)


@openvino_op("CTCGreedyDecoder")
def ctc_greedy_decoder(
    x: Value, lengths: Value, blank_index: Value | None = None, *, merge_repeated: int = 1
) -> Sequence[Value]:
    """Scores are N, T, C."""
    return CTCGreedyDecoderSeqLen(x, lengths, blank_index, merge_repeated=bool(merge_repeated)).results


@openvino_op("GatherTree")
def gather_tree(steps: Value, parents: Value, lengths: Value, end: Value) -> Value:
    return GatherTree(steps, parents, lengths, scalar(end))


@openvino_op("Fill")
def fill(dims: Value, number: Value) -> Value:
    return Broadcast(number, dims)


@openvino_op("ExpandDims")
def expand_dims(x: Value, axis: Value) -> Value:
    return unsqueeze(x, *const_ints(axis, "the axis of ExpandDims"))
