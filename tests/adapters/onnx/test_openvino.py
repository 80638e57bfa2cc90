"""Ops of OpenVINO inside ONNX files: the runtime's own front-end is the oracle where it has them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from mo_core.errors import Unsupported

from .running import check, one_node, onnxruntime, run
from .test_microsoft import RNG, Case, real

DOMAIN = "org.openvinotoolkit"


@cache
def core() -> Any:
    import openvino

    return openvino.Core()


def ovc(source: Any, feeds: Any) -> list[Any]:
    """Results by way of the runtime's own ONNX front-end."""
    import io

    read = core().read_model(io.BytesIO(source.SerializeToString()))
    compiled = core().compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    request.infer(dict(feeds))
    return [np.array(request.get_output_tensor(i).data) for i in range(len(read.outputs))]


def boxes(*shape: int, size: float = 1.0) -> Any:
    corners = RNG.uniform(0, size / 2, (*shape, 2))
    return np.concatenate([corners, corners + RNG.uniform(size / 10, size / 2, (*shape, 2))], -1).astype(np.float32)


def unit(*shape: int) -> Any:
    return RNG.uniform(0, 1, shape).astype(np.float32)


SSD = {
    "b": real(1, 20) / 10,
    "c": unit(1, 15),
    "p": np.concatenate([boxes(5).reshape(1, 1, 20), np.full([1, 1, 20], 0.1, np.float32)], 1),
}
PRIOR = {"x": real(1, 2, 3, 4), "i": real(1, 3, 30, 40)}

CASES = [
    Case(
        "DetectionOutput",
        SSD,
        attributes={
            "keep_top_k": 5,
            "nms_threshold": 0.5,
            "code_type": "caffe.PriorBoxParameter.CENTER_SIZE",
            "top_k": 10,
            "confidence_threshold": 0.1,
            "num_classes": 3,
            "normalized": 1,
        },
    ),
    Case(
        "PriorBox",
        PRIOR,
        attributes={
            "min_size": [5.0],
            "max_size": [10.0],
            "aspect_ratio": [2.0],
            "flip": 1,
            "variance": [0.1, 0.1, 0.2, 0.2],
            "step": 10.0,
            "offset": 0.5,
        },
    ),
    Case(
        "PriorBoxClustered",
        PRIOR,
        attributes={
            "width": [5.0, 7.0],
            "height": [4.0, 6.0],
            "step_w": 10.0,
            "step_h": 10.0,
            "offset": 0.5,
            "variance": [0.1, 0.1, 0.2, 0.2],
        },
    ),
    Case("Normalize", {"x": real(2, 3, 4, 5)}, {"w": real(3)}, attributes={"eps": 1e-6}),
    Case(
        "Normalize",
        {"x": real(2, 3, 4, 5)},
        {"w": real(1)},
        name="shared",
        attributes={"eps": 1e-6, "across_spatial": 1, "channel_shared": 1},
    ),
    Case(
        "FakeQuantize",
        {"x": real(2, 3)},
        {"a": np.float32(-1), "b": np.float32(1), "c": np.float32(-2), "d": np.float32(2)},
        attributes={"levels": 17},
    ),
    Case("Swish", {"x": real(2, 3)}, {"b": np.float32(1.5)}),
    Case("Swish", {"x": real(2, 3)}, name="plain"),
    Case("GroupNorm", {"x": real(2, 6, 4, 5)}, {"g": real(6), "b": real(6)}, attributes={"num_groups": 3, "eps": 1e-5}),
    Case(
        "ExperimentalDetectronGroupNorm",
        {"x": real(2, 6, 4, 5)},
        {"g": real(6), "b": real(6)},
        attributes={"num_groups": 2},
    ),
    Case(
        "ExperimentalDetectronDetectionOutput",
        {"r": boxes(6, size=60), "d": real(6, 12) / 9, "s": unit(6, 3), "i": np.array([[64, 64, 1]], np.float32)},
        attributes={"num_classes": 3, "max_detections_per_image": 4, "post_nms_count": 10},
        outputs=3,
    ),
    Case(
        "ExperimentalDetectronGenerateProposalsSingleImage",
        {"i": np.array([64, 64, 1], np.float32), "a": boxes(24, size=60), "d": real(8, 3, 4) / 9, "s": unit(2, 3, 4)},
        attributes={"post_nms_count": 5, "pre_nms_count": 20},
        outputs=2,
    ),
    Case(
        "ExperimentalDetectronPriorGridGenerator",
        {"p": boxes(3, size=20), "f": real(1, 2, 3, 4), "i": real(1, 3, 30, 40)},
    ),
    Case(
        "ExperimentalDetectronROIFeatureExtractor",
        {"r": boxes(4, size=100), "a": real(1, 2, 16, 16), "b": real(1, 2, 8, 8)},
        attributes={"output_size": 3, "pyramid_scales": [4, 8], "preserve_rois_order": 1},
    ),
    Case("ExperimentalDetectronTopKROIs", {"r": boxes(6, size=60), "p": unit(6)}, attributes={"max_rois": 3}),
    Case(
        "DeformableConv2D",
        {"x": real(1, 4, 6, 6), "o": real(1, 18, 4, 4)},
        {"w": real(2, 4, 3, 3)},
        attributes={"deformable_groups": 1},
    ),
    Case(
        "GenerateProposals",
        {
            "s": unit(1, 2, 3, 4),
            "d": real(1, 8, 3, 4) / 9,
            "i": np.array([[64, 64, 1, 1]], np.float32),
            "a": boxes(2, size=60),
        },
        attributes={"post_nms_topN": 5, "pre_nms_topN": 20},
        outputs=3,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.op}-{c.name}".rstrip("-"))
def test_op(case: Case) -> None:
    case.domain = DOMAIN
    check(case.model(False), case.feeds, oracle=ovc, rtol=1e-4, atol=1e-4)


def test_old_exporters_wrote_the_default_domain() -> None:
    case = CASES[0]
    source = one_node(case.op, case.feeds, given=case.attributes)
    check(
        source,
        case.feeds,
        oracle=lambda *_: run(one_node(case.op, case.feeds, given=case.attributes, domain=DOMAIN), case.feeds)[0],
    )


def test_ctc_greedy_decoder() -> None:
    scores = np.zeros([2, 5, 4], np.float32)
    for n, path in enumerate([(0, 0, 3, 1, 1), (2, 3, 2, 2, 0)]):
        scores[n, np.arange(5), path] = 1
    source = one_node("CTCGreedyDecoder", {"x": scores, "n": np.array([5, 4], np.int32)}, outputs=2)
    wanted = [np.array([[0, 1, -1, -1, -1], [2, 2, -1, -1, -1]], np.int32), np.array([2, 2], np.int32)]
    check(source, {"x": scores, "n": np.array([5, 4], np.int32)}, oracle=lambda *_: wanted)


def test_fill_and_expand_dims() -> None:
    source = one_node("Fill", {"d": np.array([2, 3]), "v": np.float32(4)})
    check(source, {"d": np.array([2, 3]), "v": np.float32(4)}, oracle=lambda *_: [np.full([2, 3], 4, np.float32)])
    x = real(2, 3)
    source = one_node("ExpandDims", {"x": x}, {"a": np.array(1)})
    check(source, {"x": x}, oracle=lambda *_: [x[:, None]])


def test_gather_tree() -> None:
    steps = np.array([[[1, 2]], [[3, 4]], [[5, 6]]], np.float32)
    parents = np.array([[[0, 0]], [[1, 0]], [[0, 1]]], np.float32)
    feeds = {"s": steps, "p": parents, "n": np.array([3], np.float32)}
    source = one_node("GatherTree", feeds, {"e": np.array([10], np.float32)})
    wanted = np.array([[[2, 1]], [[3, 4]], [[5, 6]]], np.float32)
    check(source, feeds, oracle=lambda *_: [wanted])


def test_proposal_and_position_sensitive_pooling_have_the_attributes_of_the_operations() -> None:
    feeds = {"p": unit(1, 6, 4, 4), "d": real(1, 12, 4, 4) / 9, "i": np.array([64, 64, 1], np.float32)}
    source = one_node(
        "Proposal",
        feeds,
        outputs=2,
        feat_stride=16,
        min_size=8,
        nms_thresh=0.7,
        post_nms_topn=5,
        pre_nms_topn=40,
        ratio=[1.0],
        scale=[1.0, 2.0, 4.0],
    )
    rois, scores = run(source, feeds)[0]
    assert rois.shape == (5, 5) and scores.shape == (5,) and np.all(rois[:, 1:] <= 64)
    feeds = {"x": real(1, 8, 6, 6), "r": np.array([[0, 1, 1, 4, 4]], np.float32)}
    source = one_node("PSROIPooling", feeds, group_size=2, output_dim=2, spatial_scale=1.0)
    pooled = run(source, feeds)[0][0]
    assert pooled.shape == (1, 2, 2, 2)
    np.testing.assert_allclose(pooled[0, 0, 0, 0], feeds["x"][0, 0, 1:3, 1:3].mean(), rtol=1e-5)


@pytest.mark.parametrize("clockwise", [0, 1])
def test_rotated_regions(clockwise: int) -> None:
    feeds = {"x": real(1, 2, 9, 9), "r": np.array([[0, 4, 4, 5, 3, 0.4], [0, 3, 3, 4, 4, -1]], np.float32)}
    source = one_node(
        "MMCVRoIAlignRotated",
        feeds,
        domain="mmdeploy",
        output_height=2,
        output_width=3,
        spatial_scale=1.0,
        aligned=1,
        sampling_ratio=2,
        clockwise=clockwise,
    )
    check(source, feeds, oracle=ovc, rtol=1e-4, atol=1e-5)


def test_rotated_regions_that_are_not_aligned_are_not_supported() -> None:
    feeds = {"x": real(1, 2, 9, 9), "r": np.zeros([1, 6], np.float32)}
    source = one_node("MMCVRoIAlignRotated", feeds, domain="mmdeploy", output_height=2, output_width=3, aligned=0)
    with pytest.raises(Unsupported, match="aligned=0"):
        run(source, feeds)


def test_rotated_suppression_of_mmdeploy() -> None:
    feeds = {
        "b": np.array([[[5, 5, 4, 2, 0], [5, 5, 4, 2, 0.1], [20, 20, 4, 2, 1]]], np.float32),
        "s": np.array([[[0.9, 0.8, 0.7]]], np.float32),
    }
    source = one_node("NMSRotated", feeds, domain="mmdeploy", iou_threshold=0.5, score_threshold=0.1)
    np.testing.assert_array_equal(run(source, feeds)[0][0], [[0, 0, 0], [0, 0, 2]])


def test_adaptive_pooling_of_pytorch() -> None:
    x = real(1, 2, 6, 9)
    source = one_node("adaptive_avg_pool2d", {"x": x}, {"s": np.array([2, 3])}, domain="org.pytorch.aten")
    check(source, {"x": x}, oracle=lambda *_: [x.reshape(1, 2, 2, 3, 3, 3).mean((3, 5))], rtol=1e-4)


@pytest.mark.parametrize("coordinates", ["half_pixel", "output_half_pixel"])
def test_aligned_regions_as_the_op_of_onnx_has_them(coordinates: str) -> None:
    feeds = {
        "x": real(2, 3, 8, 9),
        "r": np.array([[0.5, 1, 7, 6], [2, 0, 5.5, 8]], np.float32),
        "i": np.array([1, 0]),
    }
    attributes = {"output_height": 3, "output_width": 2, "sampling_ratio": 2, "spatial_scale": 0.7, "mode": "avg"}
    attributes["coordinate_transformation_mode"] = coordinates
    standard = one_node("RoiAlign", feeds, opset=16, given=attributes)
    source = one_node("ROIAlign", feeds, domain=DOMAIN, given=attributes)
    check(source, feeds, oracle=lambda _, given: onnxruntime(standard, given), rtol=1e-4, atol=1e-5)
