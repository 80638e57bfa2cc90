"""Detection, regions, Detectron and CTC: what they infer, against the table and against the runtime."""

from __future__ import annotations

from typing import Any

import pytest

from mo_core import ops
from mo_core.ir import Node
from mo_core.ops import ctc, detection, detectron, regions
from tests.core.ops.runtime import (
    Build,
    check_choices,
    completeness_test,
    differences_test,
    errors_test,
    param,
    types_test,
)

p = param


def anchors(**attributes: Any) -> Node:
    return ops.PriorBox([8, 9], [300, 300], offset=0.5, **attributes)


def detections(boxes: str, scores: str, priors: str, cls: Any = ops.DetectionOutput, **attributes: Any) -> Node:
    attributes = {"keep_top_k": (-1,), "nms_threshold": 0.45, "normalized": True} | attributes
    return cls(*(p(f"f32[{s}]") for s in (boxes, scores, priors)), **attributes)  # type: ignore[no-any-return]


def proposal(probs: str, deltas: str, **attributes: Any) -> Node:
    return ops.Proposal(
        p(probs),
        p(deltas),
        p("f32[3]"),
        base_size=16,
        pre_nms_topn=6000,
        post_nms_topn=300,
        nms_thresh=0.7,
        feat_stride=16,
        min_size=16,
        ratio=(0.5, 1, 2),
        scale=(8, 16, 32),
        **attributes,
    )


def generated(*specs: str, **attributes: Any) -> Node:
    return ops.GenerateProposals(
        *map(p, specs), min_size=0, nms_threshold=0.7, pre_nms_count=1000, post_nms_count=100, **attributes
    )


def suppressed(
    cls: Any, *further: Any, boxes: str = "f32[2,100,4]", scores: str = "f32[2,5,100]", **attributes: Any
) -> Node:
    return cls(p(boxes), p(scores), *further, **attributes)  # type: ignore[no-any-return]


def yolo(data: str, **attributes: Any) -> Node:
    return ops.RegionYolo(p(data), **{"coords": 4, "classes": 20, "num": 5, "axis": 1, "end_axis": 3} | attributes)


def pooled(cls: Any, *specs: str, **attributes: Any) -> Node:
    return cls(*map(p, specs), spatial_scale=0.0625, **attributes)  # type: ignore[no-any-return]


ALIGN = {"pooled_h": 6, "pooled_w": 7, "sampling_ratio": 2}
DETECTRON = {
    "score_threshold": 0.01,
    "nms_threshold": 0.5,
    "max_delta_log_wh": 2.0,
    "num_classes": 5,
    "post_nms_count": 100,
    "max_detections_per_image": 20,
    "class_agnostic_box_regression": True,
    "deltas_weights": (10, 10, 5, 5),
}
SINGLE = {"min_size": 0, "nms_threshold": 0.7, "post_nms_count": 100, "pre_nms_count": 1000}

TYPES: list[tuple[Build, list[str]]] = [
    (
        lambda: anchors(
            min_size=(10, 20), max_size=(30,), aspect_ratio=(2, 3), flip=True, clip=True, variance=(0.1, 0.1, 0.2, 0.2)
        ),
        ["f32[2,3168]"],
    ),
    (
        lambda: anchors(min_size=(10,), max_size=(30,), aspect_ratio=(2, 2, 1), scale_all_sizes=False),
        ["f32[2,576]"],
    ),
    (lambda: anchors(fixed_size=(32, 64), density=(2, 3), fixed_ratio=(1, 2)), ["f32[2,6912]"]),
    (lambda: anchors(fixed_size=(32, 64), density=(2, 3)), ["f32[2,3744]"]),
    (
        lambda: anchors(min_size=(4,), aspect_ratio=(0.5, 2), flip=True, step=4, min_max_aspect_ratios_order=False),
        ["f32[2,864]"],
    ),
    (lambda: ops.PriorBox(p("i64[2]"), p("i64[2]"), offset=0.5, min_size=(4,)), ["f32[2,?]"]),
    (
        lambda: ops.PriorBoxClustered(
            [8, 9],
            [300, 300],
            offset=0.5,
            width=(1, 2),
            height=(3, 4),
            step_w=16,
            step_h=8,
            variance=(0.1,),
            clip=False,
        ),
        ["f32[2,576]"],
    ),
    (lambda: ops.PriorBoxClustered(p("i64[2]"), p("i64[2]"), offset=0.5), ["f32[2,?]"]),
    (lambda: detections("2,40", "2,30", "2,2,40"), ["f32[1,1,60,7]"]),
    (lambda: detections("2,40", "2,30", "2,2,40", keep_top_k=(200,)), ["f32[1,1,400,7]"]),
    (lambda: detections("2,40", "2,30", "2,2,40", top_k=100), ["f32[1,1,600,7]"]),
    (
        lambda: detections(
            "2,120",
            "2,30",
            "1,1,50",
            normalized=False,
            share_location=False,
            top_k=100,
            variance_encoded_in_target=True,
        ),
        ["f32[1,1,600,7]"],
    ),
    (lambda: detections("?,40", "?,?", "1,2,?"), ["f32[1,1,?,7]"]),
    (
        lambda: ops.DetectionOutput(
            p("f32[2,40]"),
            p("f32[2,30]"),
            p("f32[2,2,40]"),
            p("f32[2,20]"),
            p("f32[2,40]"),
            keep_top_k=(100,),
            nms_threshold=0.45,
            normalized=True,
            background_label_id=-1,
            decrease_label_id=True,
            confidence_threshold=0.01,
            objectness_score=0.01,
            clip_before_nms=True,
            clip_after_nms=True,
        ),
        ["f32[1,1,200,7]"],
    ),
    (lambda: detections("2,40", "2,30", "2,2,40", ops.DetectionOutput1, num_classes=3), ["f32[1,1,60,7]"]),
    (
        lambda: proposal("f32[?,18,8,8]", "f32[2,36,8,8]", framework="tensorflow", normalize=True),
        ["f32[600,5]", "f32[600]"],
    ),
    (lambda: proposal("f32[?,18,8,8]", "f32[...]"), ["f32[?,5]", "f32[?]"]),
    (
        lambda: generated("f32[2,3]", "f32[8,8,3,4]", "f32[2,12,8,8]", "f32[2,3,8,8]", roi_num_type="i32"),
        ["f32[..200,4]", "f32[..200]", "i32[2]"],
    ),
    (
        lambda: generated("f32[?,4]", "f32[8,8,3,4]", "f32[?,12,8,8]", "f32[...]"),
        ["f32[?,4]", "f32[?]", "i64[?]"],
    ),
    (
        lambda: suppressed(ops.NonMaxSuppression, 10, 0.5, 0.1, output_type="i32"),
        ["i32[..100,3]", "f32[..100,3]", "i32[1]"],
    ),
    (
        lambda: suppressed(ops.NonMaxSuppression, 200, 0.5, 0.1, 0.0, sort_result_descending=False),
        ["i64[..1000,3]", "f32[..1000,3]", "i64[1]"],
    ),
    (
        lambda: suppressed(ops.NonMaxSuppression, 10, boxes="f16[?,100,4]", scores="f16[?,5,100]"),
        ["i64[?,3]", "f32[?,3]", "i64[1]"],
    ),
    (
        lambda: suppressed(ops.NMSRotated, 10, 0.5, 0.1, boxes="f32[2,100,5]", clockwise=False),
        ["i64[..100,3]", "f32[..100,3]", "i64[1]"],
    ),
    (
        lambda: suppressed(ops.MatrixNms, decay_function="gaussian", gaussian_sigma=1.5, post_threshold=0.1),
        ["f32[..1000,6]", "i64[..1000,1]", "i64[2]"],
    ),
    (
        lambda: suppressed(ops.MatrixNms, nms_top_k=20, keep_top_k=30, output_type="i32"),
        ["f32[..60,6]", "i32[..60,1]", "i32[2]"],
    ),
    (
        lambda: suppressed(ops.MatrixNms, boxes="f32[?,100,4]", scores="f32[?,?,100]"),
        ["f32[?,6]", "i64[?,1]", "i64[?]"],
    ),
    (
        lambda: suppressed(ops.MulticlassNms, nms_top_k=20, sort_result_type="classid", nms_eta=0.9),
        ["f32[..200,6]", "i64[..200,1]", "i64[2]"],
    ),
    (
        lambda: suppressed(ops.MulticlassNms, p("i32[2]"), boxes="f32[5,100,4]", scores="f32[5,100]", keep_top_k=30),
        ["f32[..60,6]", "i64[..60,1]", "i64[2]"],
    ),
    (lambda: yolo("f32[1,125,13,13]", anchors=(1.0, 2.5), mask=(0, 1)), ["f32[1,21125]"]),
    (lambda: yolo("f32[?,125,?,13]", end_axis=-1), ["f32[?,?]"]),
    (lambda: yolo("f32[?,255,26,26]", classes=80, do_softmax=False, mask=(0, 1, 2)), ["f32[?,255,26,26]"]),
    (lambda: yolo("f32[...]"), ["f32[...]"]),
    (
        lambda: pooled(ops.ROIPooling, "f32[1,16,?,?]", "f32[?,5]", pooled_h=6, pooled_w=7),
        ["f32[?,16,6,7]"],
    ),
    (lambda: pooled(ops.ROIPooling, "f32[...]", "f32[...]", pooled_h=6, pooled_w=7), ["f32[?,?,6,7]"]),
    (
        lambda: pooled(ops.PSROIPooling, "f32[1,200,?,?]", "f32[10,5]", output_dim=8, group_size=5),
        ["f32[10,8,5,5]"],
    ),
    (
        lambda: pooled(
            ops.PSROIPooling,
            "f32[1,72,?,?]",
            "f32[?,5]",
            output_dim=8,
            group_size=3,
            mode="bilinear",
            spatial_bins_x=3,
            spatial_bins_y=3,
        ),
        ["f32[?,8,3,3]"],
    ),
    (
        lambda: pooled(
            ops.DeformablePSROIPooling,
            "f32[1,392,38,63]",
            "f32[300,5]",
            "f32[300,2,7,7]",
            output_dim=8,
            group_size=7,
            part_size=7,
            trans_std=0.1,
            spatial_bins_x=4,
        ),
        ["f32[300,8,7,7]"],
    ),
    (
        lambda: pooled(ops.ROIAlign, "f32[?,16,8,8]", "f32[?,4]", "i32[10]", **ALIGN),
        ["f32[10,16,6,7]"],
    ),
    (
        lambda: pooled(ops.ROIAlignRotated, "f32[?,16,8,8]", "f32[10,5]", "i32[10]", clockwise_mode=True, **ALIGN),
        ["f32[10,16,6,7]"],
    ),
    (
        lambda: ops.ExperimentalDetectronDetectionOutput(
            p("f32[16,4]"), p("f32[16,20]"), p("f32[16,5]"), p("f32[1,3]"), **DETECTRON
        ),
        ["f32[20,4]", "i32[20]", "f32[20]"],
    ),
    (
        lambda: ops.ExperimentalDetectronGenerateProposalsSingleImage(
            p("f32[3]"), p("f32[201600,4]"), p("f32[36,50,84]"), p("f32[12,50,84]"), **SINGLE
        ),
        ["f32[100,4]", "f32[100]"],
    ),
    (
        lambda: ops.ExperimentalDetectronPriorGridGenerator(
            p("f32[3,4]"), p("f32[1,16,20,?]"), p("f32[1,3,100,200]"), h=5, w=6, stride_x=2, stride_y=3
        ),
        ["f32[?,4]"],
    ),
    (
        lambda: ops.ExperimentalDetectronPriorGridGenerator(
            p("f32[3,4]"), p("f32[1,16,20,?]"), p("f32[1,3,100,200]"), flatten=False
        ),
        ["f32[20,?,3,4]"],
    ),
    (
        lambda: ops.ExperimentalDetectronROIFeatureExtractor(
            p("f32[?,4]"),
            [p("f32[1,256,200,336]"), p("f32[1,?,100,168]")],
            output_size=7,
            sampling_ratio=2,
            pyramid_scales=(4, 8),
            aligned=True,
        ),
        ["f32[?,256,7,7]", "f32[?,4]"],
    ),
    (lambda: ops.ExperimentalDetectronTopKROIs(p("f32[?,4]"), p("f32[?]"), max_rois=100), ["f32[100,4]"]),
    (
        lambda: ops.CTCGreedyDecoder(p("f32[20,8,128]"), p("f32[20,?]"), ctc_merge_repeated=False),
        ["f32[8,20,1,1]"],
    ),
    (
        lambda: ops.CTCGreedyDecoderSeqLen(p("f32[8,20,128]"), p("i32[8]"), 120, classes_index_type="i64"),
        ["i64[8,20]", "i32[8]"],
    ),
    (
        lambda: ops.CTCGreedyDecoderSeqLen(
            p("f32[?,20,128]"), p("i32[?]"), merge_repeated=False, sequence_length_type="i64"
        ),
        ["i32[?,20]", "i64[?]"],
    ),
    (
        lambda: ops.CTCLoss(
            p("f32[?,20,128]"),
            p("i32[8]"),
            p("i32[?,20]"),
            p("i32[8]"),
            p("i32[]"),
            unique=True,
            preprocess_collapse_repeated=True,
        ),
        ["f32[8]"],
    ),
]

KNOW_MORE: list[tuple[Build, list[str], list[str]]] = [
    (
        lambda: suppressed(ops.NonMaxSuppression, p("i64[]")),
        ["i64[..1000,3]", "f32[..1000,3]", "i64[1]"],
        ["i64[?,3]", "f32[?,3]", "i64[1]"],
    ),
    (
        lambda: suppressed(ops.NonMaxSuppression),
        ["i64[..1000,3]", "f32[..1000,3]", "i64[1]"],
        ["i64[?,3]", "f32[?,3]", "i64[1]"],
    ),
]

ERRORS: list[tuple[Build, str]] = [
    (lambda: ops.PriorBox([8, 9, 1], [300, 300], offset=0.5), "numbers in output_size 3 and 2"),
    (
        lambda: ops.PriorBoxClustered([8, 9], [300, 300], offset=0.5, width=(1,), height=(1, 2)),
        "there are 1 widths and 2 heights",
    ),
    (lambda: anchors(aspect_ratio=(float("nan"),)), "not a finite number"),
    (lambda: yolo("f32[1,125,13,13]", classes=-30, do_softmax=False, mask=(0,)), "would be negative"),
    (lambda: detections("2,40", "3,30", "2,2,40"), "numbers of images 2 and 3"),
    (lambda: detections("2,40", "2,30", "2,2,40", keep_top_k=()), "keep_top_k of DetectionOutput is empty"),
    (lambda: proposal("f32[1,18,8,8]", "f32[2,36,8,8]"), "numbers of images 1 and 2"),
    (lambda: suppressed(ops.NonMaxSuppression, boxes="f32[2,100,5]"), "numbers of coordinates 5 and 4"),
    (lambda: suppressed(ops.NonMaxSuppression, boxes="f32[2,99,4]"), "numbers of boxes 99 and 100"),
    (lambda: suppressed(ops.MatrixNms, boxes="f32[3,100,4]"), "numbers of images 3 and 2"),
    (lambda: suppressed(ops.MulticlassNms, p("i32[2]")), "scores must have rank 2"),
    (lambda: yolo("f32[1,125,13]"), "data must have rank 4"),
    (lambda: yolo("f32[1,125,13,13]", axis=3, end_axis=1), "axis 3 lies after end_axis 1"),
    (lambda: pooled(ops.ROIPooling, "f32[1,3,8,8]", "f32[?,4]", pooled_h=6, pooled_w=7), "coordinates 4 and 5"),
    (lambda: pooled(ops.ROIPooling, "f32[1,3,8,8]", "f32[?,5]", pooled_h=0, pooled_w=7), "pooled to 0 x 7"),
    (lambda: pooled(ops.ROIAlign, "f32[1,3,8,8]", "f32[3,4]", "i32[4]", **ALIGN), "numbers of regions 3 and 4"),
    (lambda: ops.ExperimentalDetectronTopKROIs(p("f32[3,4]"), p("f32[4]"), max_rois=1), "numbers of regions 3 and 4"),
    (lambda: ops.CTCGreedyDecoder(p("f32[20,8,128]"), p("f32[19,8]")), "lengths 20 and 19"),
    (lambda: ops.CTCGreedyDecoderSeqLen(p("f32[8,20,128]"), p("i32[7]")), "batch sizes 8 and 7"),
    (
        lambda: ops.CTCLoss(p("f32[8,20,128]"), p("i32[8]"), p("i32[8,19]"), p("i32[8]")),
        "lengths 20 and 19",
    ),
]


test_types = types_test(TYPES)
test_types_where_the_runtime_knows_less = differences_test(KNOW_MORE)
test_errors = errors_test(ERRORS)
test_every_operation_is_in_the_table = completeness_test(TYPES, detection, regions, detectron, ctc)


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: detections("2,40", "2,30", "2,2,40"), "code_type"),
        (lambda: suppressed(ops.NonMaxSuppression, 10), "box_encoding"),
        (lambda: suppressed(ops.MatrixNms), "sort_result_type"),
        (lambda: suppressed(ops.MatrixNms), "decay_function"),
        (lambda: suppressed(ops.MulticlassNms), "sort_result_type"),
        (lambda: pooled(ops.ROIPooling, "f32[1,16,8,8]", "f32[3,5]", pooled_h=6, pooled_w=7), "method"),
        (lambda: pooled(ops.ROIAlign, "f32[1,16,8,8]", "f32[3,4]", "i32[3]", **ALIGN), "mode"),
        (lambda: pooled(ops.ROIAlign, "f32[1,16,8,8]", "f32[3,4]", "i32[3]", **ALIGN), "aligned_mode"),
    ],
)
def test_the_runtime_takes_every_choice(build: Build, name: str) -> None:
    check_choices(build, name)


def test_a_count_that_only_the_runtime_knows_stays_the_same_dimension() -> None:
    node = suppressed(ops.NonMaxSuppression, 10)
    indices, scores = node.results[0].dims[0], node.results[1].dims[0]
    assert indices is scores
    assert not node.refresh() and node.results[0].dims[0] is indices
