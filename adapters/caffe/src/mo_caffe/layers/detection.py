"""Detection: anchors, decoding, regions and their pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mo_caffe.registry import caffe_layer, caffe_python_layer
from mo_caffe.sizes import part, require_images, reshaped, sizes
from mo_core.build import (
    concat,
    constant_like,
    filled,
    flatten,
    ints,
    reshape_to,
    slice_axis,
    take,
    to_element,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    CTCGreedyDecoder,
    DetectionOutput,
    Multiply,
    PriorBox,
    PriorBoxClustered,
    Proposal,
    PSROIPooling,
    RegionYolo,
    ReorgYolo,
    ROIAlign,
    ROIPooling,
    Subtract,
)

Reals = tuple[float, ...]

# -- anchors


def _image_size(image: Value | None, both: int | None, height: int | None, width: int | None) -> Value:
    """Height and width of the image: given by the layer, or those of its second bottom."""
    if both:
        return ints([both, both])
    if height and width:
        return ints([height, width])
    if image is None:
        raise ModelError("the layer has no image, and does not tell the size of one")
    require_images(image)
    return sizes(image, [2, 3])


def _steps(both: float, vertical: float, horizontal: float) -> tuple[float, float]:
    """Distance of the cells, vertical and horizontal; 0: as many as fit."""
    if both and (vertical or horizontal):
        raise ModelError("both step and step_h or step_w are given")
    return (both, both) if both else (vertical, horizontal)


def _variances(variance: Reals) -> Reals:
    if len(variance) not in (0, 1, 4) or any(v <= 0 for v in variance):
        raise ModelError(f"there are {len(variance)} variance, and none, one or four positive numbers are needed")
    return variance or (0.1,)


@caffe_layer("PriorBox", "prior_box_param")
def prior_box(
    features: Value,
    image: Value | None = None,
    *,
    min_size: Reals = (),
    max_size: Reals = (),
    aspect_ratio: Reals = (),
    flip: bool = True,
    clip: bool = False,
    variance: Reals = (),
    img_size: int | None = None,
    img_h: int | None = None,
    img_w: int | None = None,
    step: float = 0.0,
    step_h: float = 0.0,
    step_w: float = 0.0,
    offset: float = 0.5,
    offset_h: float | None = None,
    offset_w: float | None = None,
    fixed_size: Reals = (),
    fixed_ratio: Reals = (),
    density: Reals = (),
) -> Value:
    """1, 2, anchors * 4: boxes, then variances. Forks have an offset for each direction."""
    down, right = (offset if o is None else o for o in (offset_h, offset_w))
    if down != right:
        raise Unsupported(f"the offsets {down} along y and {right} along x differ")
    offset = down
    if max_size and len(max_size) != len(min_size):
        raise ModelError(f"there are {len(min_size)} min_size and {len(max_size)} max_size")
    if any(size <= 0 for size in min_size) or any(b <= a for a, b in zip(min_size, max_size)):
        raise ModelError("every min_size must be positive, and every max_size larger than its min_size")
    if not min_size and not fixed_size:
        raise ModelError("the layer has no min_size")
    if any(ratio <= 0 for ratio in aspect_ratio):
        raise ModelError("every aspect_ratio must be positive")
    require_images(features)
    size = _image_size(image, img_size, img_h, img_w)
    vertical, horizontal = _steps(step, step_h, step_w)
    # the runtime's PriorBox has one step for both directions, and without it no offset
    if vertical != horizontal or (vertical == 0 and offset != 0.5):
        if fixed_size:
            raise Unsupported("fixed_size is not supported together with this step and offset")
        boxes = _anchor_sizes(min_size, max_size, aspect_ratio, flip)
        return _clustered(features, size, boxes, clip, vertical, horizontal, offset, variance)
    anchors = PriorBox(
        sizes(features, [2, 3]),
        size,
        min_size=min_size,
        max_size=max_size,
        aspect_ratio=aspect_ratio,
        flip=flip,
        clip=clip,
        variance=_variances(variance),
        step=vertical,
        offset=offset,
        fixed_size=fixed_size,
        fixed_ratio=fixed_ratio,
        density=density,
        scale_all_sizes=True,
    )
    return unsqueeze(anchors, 0)


def _anchor_sizes(smallest: Reals, largest: Reals, ratios: Reals, flip: bool) -> list[tuple[float, float]]:
    """Widths and heights of the anchors of one cell, in the order of `PriorBox`."""
    distinct: list[float] = [1.0]
    for ratio in ratios:
        for one in (ratio, 1 / ratio) if flip else (ratio,):
            if all(abs(one - known) >= 1e-6 for known in distinct):
                distinct.append(one)
    boxes: list[tuple[float, float]] = []
    for i, size in enumerate(smallest):
        boxes.append((size, size))
        if largest:
            boxes.append((math.sqrt(size * largest[i]),) * 2)
        boxes += [(size * math.sqrt(r), size / math.sqrt(r)) for r in distinct[1:]]
    return boxes


@caffe_layer("PriorBoxClustered", "prior_box_clustered_param", "prior_box_param")
def prior_box_clustered(
    features: Value,
    image: Value | None = None,
    *,
    width: Reals,
    height: Reals,
    clip: bool = False,
    flip: bool = False,
    variance: Reals = (),
    img_size: int | None = None,
    img_h: int | None = None,
    img_w: int | None = None,
    step: float = 0.0,
    step_h: float = 0.0,
    step_w: float = 0.0,
    offset: float = 0.5,
) -> Value:
    """1, 2, anchors * 4: boxes, then variances."""
    if len(width) != len(height):
        raise ModelError(f"there are {len(width)} width and {len(height)} height")
    require_images(features)
    size = _image_size(image, img_size, img_h, img_w)
    vertical, horizontal = _steps(step, step_h, step_w)
    return _clustered(features, size, list(zip(width, height)), clip, vertical, horizontal, offset, variance)


def _clustered(
    features: Value,
    size: Value,
    boxes: Sequence[tuple[float, float]],
    clip: bool,
    vertical: float,
    horizontal: float,
    offset: float,
    variance: Reals,
) -> Value:
    anchors = PriorBoxClustered(
        sizes(features, [2, 3]),
        size,
        width=tuple(w for w, _ in boxes),
        height=tuple(h for _, h in boxes),
        clip=clip,
        step_h=vertical,
        step_w=horizontal,
        offset=offset,
        variance=_variances(variance),
    )
    return unsqueeze(anchors, 0)


_CODES = {
    "CORNER": "caffe.PriorBoxParameter.CORNER",
    "CENTER_SIZE": "caffe.PriorBoxParameter.CENTER_SIZE",
    "CORNER_SIZE": "caffe.PriorBoxParameter.CORNER",
}


@caffe_layer(
    "DetectionOutput",
    "detection_output_param",
    ignore=("visualize", "visualize_threshold", "save_output_param", "save_file"),
)
def detection_output(
    locations: Value,
    confidences: Value,
    anchors: Value,
    arm_confidences: Value | None = None,
    arm_locations: Value | None = None,
    *,
    num_classes: int,
    share_location: bool = True,
    background_label_id: int = 0,
    nms_param: dict[str, Any] | None = None,
    code_type: str = "CORNER",
    keep_top_k: int = -1,
    variance_encoded_in_target: bool = False,
    confidence_threshold: float = -3.4e38,
    input_height: int = 1,
    input_width: int = 1,
    normalized: bool = True,
    objectness_score: float = 0.0,
    clip_before_nms: bool = False,
    clip_after_nms: bool = False,
    decrease_label_id: bool = False,
) -> Value:
    """1, 1, detections, 7: image, class, confidence, box.

    Caffe gives as many rows as there are detections; the runtime always images * keep_top_k, and ends them by a row
    whose image is -1.
    """
    nms = nms_param or {}
    if nms.get("eta", 1.0) != 1:
        raise Unsupported("a threshold that adapts (eta) is not supported")
    if code_type not in _CODES:
        raise ModelError(f"code_type is {code_type}, which is none of {', '.join(_CODES)}")
    if code_type == "CORNER_SIZE":
        locations = _by_size_of_anchor(locations, anchors, 1 if share_location else num_classes, normalized)
    priors = part(anchors, 1, 0, 1) if variance_encoded_in_target else anchors
    operands = [flatten(locations, 1), flatten(confidences, 1), priors]
    if arm_confidences is not None and arm_locations is not None:
        operands += [flatten(arm_confidences, 1), flatten(arm_locations, 1)]
    _check_classes(operands, num_classes, normalized)
    return DetectionOutput(
        *operands,
        background_label_id=background_label_id,
        top_k=int(nms.get("top_k", -1)),
        variance_encoded_in_target=variance_encoded_in_target,
        keep_top_k=(keep_top_k,),
        code_type=_CODES[code_type],
        share_location=share_location,
        nms_threshold=float(nms.get("nms_threshold", 0.3)),
        confidence_threshold=confidence_threshold,
        clip_after_nms=clip_after_nms,
        clip_before_nms=clip_before_nms,
        decrease_label_id=decrease_label_id,
        normalized=normalized,
        input_height=input_height,
        input_width=input_width,
        objectness_score=objectness_score,
    )


def _by_size_of_anchor(locations: Value, anchors: Value, sets: int, normalized: bool) -> Value:
    """Distances of corners in units of width and height (`CORNER_SIZE`) as plain ones (`CORNER`)."""
    if not normalized:
        raise Unsupported("boxes coded as CORNER_SIZE are supported for normalized anchors only")
    corners = reshaped(part(anchors, 1, 0, 1), [0, -1, 1, 4], keep=True)
    extent = Subtract(slice_axis(corners, 3, 2, 4), slice_axis(corners, 3, 0, 2))
    return Multiply(reshaped(flatten(locations, 1), [0, -1, sets, 4], keep=True), concat([extent, extent], 3))


def _check_classes(operands: Sequence[Value], classes: int, normalized: bool) -> None:
    scores, numbers = operands[1].dims[1], operands[2].dims[-1] if operands[2].shape else None
    if isinstance(scores, int) and isinstance(numbers, int) and scores * (4 if normalized else 5) != numbers * classes:
        raise ModelError(
            f"{numbers // (4 if normalized else 5)} anchors and {classes} classes do not give {scores} confidences"
        )


# -- regions


@caffe_layer("Proposal", "proposal_param")
def proposal(
    scores: Value,
    deltas: Value,
    image_info: Value,
    *,
    feat_stride: int = 16,
    base_size: int = 16,
    min_size: int = 16,
    ratio: Reals = (0.5, 1.0, 2.0),
    scale: Reals = (8.0, 16.0, 32.0),
    pre_nms_topn: int = 6000,
    post_nms_topn: int = 300,
    nms_thresh: float = 0.7,
) -> Sequence[Value]:
    """Regions (image, box) and their scores; always post_nms_topn for each image."""
    regions = Proposal(
        scores,
        deltas,
        _info(image_info),
        base_size=base_size,
        pre_nms_topn=pre_nms_topn,
        post_nms_topn=post_nms_topn,
        nms_thresh=nms_thresh,
        feat_stride=feat_stride,
        min_size=min_size,
        ratio=ratio,
        scale=scale,
    )
    return [regions.results[0], regions.results[1]]


@caffe_python_layer("rpn.proposal_layer.ProposalLayer")
@caffe_python_layer("SSH.layers.proposal_layer.ProposalLayer")
def python_proposal(
    scores: Value,
    deltas: Value,
    image_info: Value,
    *,
    feat_stride: int = 16,
    base_size: int = 16,
    min_size: int = 16,
    ratios: Reals = (),
    scales: Reals = (),
    ratio: Reals = (),
    scale: Reals = (),
    pre_nms_topn: int = 6000,
    post_nms_topn: int = 300,
    nms_thresh: float = 0.7,
) -> Sequence[Value]:
    """The layer of py-faster-rcnn, with the defaults of its test configuration."""
    return proposal(
        scores,
        deltas,
        image_info,
        feat_stride=feat_stride,
        base_size=base_size,
        min_size=min_size,
        ratio=ratio or ratios or (0.5, 1.0, 2.0),
        scale=scale or scales or (8.0, 16.0, 32.0),
        pre_nms_topn=pre_nms_topn,
        post_nms_topn=post_nms_topn,
        nms_thresh=nms_thresh,
    )


def _info(image_info: Value) -> Value:
    """Height, width and scale of the first image as a vector; some networks have more numbers behind them."""
    info = reshape_to(image_info, [-1])
    count = info.dims[0]
    return slice_axis(info, 0, 0, 3) if isinstance(count, int) and count > 4 else info


@caffe_layer("ROIPooling", "roi_pooling_param")
def roi_pooling(x: Value, regions: Value, *, pooled_h: int, pooled_w: int, spatial_scale: float = 1.0) -> Value:
    return ROIPooling(
        x, _rows(regions), pooled_h=pooled_h, pooled_w=pooled_w, spatial_scale=spatial_scale, method="max"
    )


@caffe_layer("PSROIPooling", "psroi_pooling_param")
def psroi_pooling(x: Value, regions: Value, *, spatial_scale: float, output_dim: int, group_size: int) -> Value:
    return PSROIPooling(
        x,
        _rows(regions),
        output_dim=output_dim,
        group_size=group_size,
        spatial_scale=spatial_scale,
        mode="average",
        spatial_bins_x=1,
        spatial_bins_y=1,
    )


@caffe_layer("ROIAlign", "roi_align_param")
def roi_align(
    x: Value, regions: Value, *, pooled_h: int, pooled_w: int, spatial_scale: float = 1.0, sampling_ratio: int = 0
) -> Value:
    rows = _rows(regions)
    images = to_element(take(rows, 0, 1), t.i32)
    return ROIAlign(
        x,
        slice_axis(rows, 1, 1, 5),
        images,
        pooled_h=pooled_h,
        pooled_w=pooled_w,
        spatial_scale=spatial_scale,
        sampling_ratio=max(sampling_ratio, 0),
        mode="avg",
        aligned_mode="asymmetric",
    )


def _rows(regions: Value) -> Value:
    """Regions as rows of five numbers; Caffe does not mind axes of one in between."""
    return regions if regions.shape is not None and len(regions.shape) == 2 else reshape_to(regions, [-1, 5])


# -- YOLO


@caffe_layer("RegionYolo", "region_yolo_param")
def region_yolo(
    x: Value,
    *,
    coords: int = 4,
    classes: int = 20,
    num: int = 1,
    do_softmax: bool = True,
    anchors: Reals = (),
    mask: tuple[int, ...] = (),
    axis: int = 1,
    end_axis: int = -1,
) -> Value:
    """Nothing here depends on the anchors; applications read them from the result."""
    return RegionYolo(
        x,
        coords=coords,
        classes=classes,
        num=num,
        do_softmax=do_softmax,
        anchors=anchors,
        mask=mask,
        axis=t.normalize_axis(axis, x.rank),
        end_axis=t.normalize_axis(end_axis, x.rank),
    )


@caffe_layer("ReorgYolo", "reorg_yolo_param")
@caffe_layer("Reorg", "reorg_param")
def reorg_yolo(x: Value, *, stride: int, reverse: bool = False) -> Value:
    if reverse:
        raise Unsupported("the way back from a reorganised image is not supported")
    return ReorgYolo(x, stride=(stride, stride))


# -- CTC


@caffe_layer("CTCGreedyDecoder", "ctc_decoder_param")
def ctc_greedy_decoder(
    x: Value, marks: Value, *, blank_index: int | None = None, ctc_merge_repeated: bool = True
) -> Value:
    """Labels N, T, 1, 1, filled up with -1; `marks` (T, N) is 0 where a sequence begins.

    To the runtime 1 means that a step belongs to the sequence, which the first one does in any case.
    """
    classes = x.dims[-1]
    if blank_index is not None and isinstance(classes, int) and blank_index not in (-1, classes - 1):
        raise Unsupported(f"the blank is class {blank_index}, and the runtime has it as the last one, {classes - 1}")
    begin = filled(sizes(part(marks, 0, 0, 1), [0, 1]), constant_like(marks, 1.0))
    return CTCGreedyDecoder(x, concat([begin, part(marks, 0, 1, t.INF)], 0), ctc_merge_repeated=ctc_merge_repeated)
