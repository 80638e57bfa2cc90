"""Resizing, sampling, regions, anchors and the choice of boxes, against MXNet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mo_core.errors import Unsupported
from tests.adapters.mxnet.harness import assert_close, check_op, convert, integers, mxnet, one_op, positive, run, values

IMAGE = {"data": values(2, 3, 6, 5)}


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_up_sampling(scale):
    check_op("UpSampling", IMAGE, scale=scale, sample_type="nearest", num_args=1)


@pytest.mark.parametrize("mode", ["concat", "sum"])
def test_up_sampling_of_several(mode):
    feeds = {"a": values(2, 3, 4, 6), "b": values(2, 3, 2, 3, seed=1)}
    check_op("UpSampling", feeds, scale=2, sample_type="nearest", num_args=2, multi_input_mode=mode)


@pytest.mark.parametrize("scale", [2, 3])
def test_up_sampling_by_filters(scale):
    size = 2 * scale - scale % 2
    check_op(
        "UpSampling",
        IMAGE,
        {"w": values(3, 1, size, size)},
        scale=scale,
        sample_type="bilinear",
        num_filter=3,
        num_args=2,
        rtol=2e-5,
    )


@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("size", [(12, 10), (9, 7), (3, 2), (1, 1)])
def test_bilinear_resize(size, align):
    check_op("_contrib_BilinearResize2D", IMAGE, height=size[0], width=size[1], align_corners=align, rtol=2e-5)


@pytest.mark.parametrize("mode", ["odd_scale", "to_even_down", "to_even_up", "to_odd_down", "to_odd_up"])
def test_bilinear_resize_by_its_own_size(mode):
    factors = {"scale_height": 1.5, "scale_width": 2.5} if mode == "odd_scale" else {}
    check_op("_contrib_BilinearResize2D", IMAGE, mode=mode, rtol=2e-5, **factors)


def test_bilinear_resize_by_factors_and_like_another():
    check_op("_contrib_BilinearResize2D", IMAGE, scale_height=1.5, scale_width=2.5, rtol=2e-5)
    check_op("_contrib_BilinearResize2D", {**IMAGE, "like": values(1, 1, 9, 4)}, mode="like", rtol=2e-5)


def test_grids_and_samples():
    grid = np.clip(values(2, 2, 4, 7), -1.5, 1.5)
    check_op("BilinearSampler", {**IMAGE, "grid": grid}, rtol=3e-5)
    check_op("GridGenerator", {"x": values(2, 6)}, transform_type="affine", target_shape=(4, 5), rtol=2e-5)
    check_op("GridGenerator", {"x": values(2, 2, 4, 5)}, transform_type="warp", rtol=2e-5)
    loc = values(2, 6) * 0.3
    check_op(
        "SpatialTransformer",
        {**IMAGE, "loc": loc},
        transform_type="affine",
        sampler_type="bilinear",
        target_shape=(4, 7),
        rtol=3e-5,
    )


ROIS = np.array([[0, 0, 0, 15, 11], [1, 4, 2, 20, 19], [0, 7.5, 3.2, 9.1, 17]], np.float32)


def test_roi_pooling():
    rois = np.array([[0, 0, 0, 15, 11], [1, 4, 2, 20, 19]], np.float32)
    check_op(
        "ROIPooling", {"data": values(2, 3, 12, 12), "rois": rois}, pooled_size=(3, 2), spatial_scale=0.5, dynamic=False
    )


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("ratio", [-1, 2])
def test_roi_align(ratio, aligned):
    feeds = {"data": values(2, 3, 12, 12), "rois": ROIS}
    check_op(
        "_contrib_ROIAlign",
        feeds,
        pooled_size=(3, 2),
        spatial_scale=0.5,
        sample_ratio=ratio,
        aligned=aligned,
        rtol=2e-5,
    )


def test_roi_align_of_no_image():
    """MXNet leaves what it does not compute to chance; here it is zeros."""
    attributes = {"pooled_size": (3, 2), "spatial_scale": 0.5}
    feeds = {"data": values(2, 3, 12, 12), "rois": ROIS.copy()}
    (want,) = mxnet(one_op("_contrib_ROIAlign", feeds, **attributes), feeds)
    feeds["rois"][1, 0] = -1
    want[1] = 0
    assert_close(run(one_op("_contrib_ROIAlign", feeds, **attributes), feeds), [want], 2e-5)


@pytest.mark.parametrize("op", ["_contrib_Proposal", "_contrib_MultiProposal"])
def test_proposal(op):
    count = 1 if op.endswith("_Proposal") else 2
    feeds = {
        "scores": np.random.default_rng(0).permutation(count * 12 * 8 * 9).reshape(count, 12, 8, 9).astype(np.float32)
        / 3000,
        "deltas": 0.2 * values(count, 24, 8, 9),
        "info": np.array([[128, 144, 1]] * count, np.float32),
    }
    attributes = {
        "rpn_pre_nms_top_n": 100,
        "rpn_post_nms_top_n": 10,
        "feature_stride": 16,
        "scales": (2, 4),
        "ratios": (0.5, 1, 2),
        "rpn_min_size": 4,
    }
    check_op(op, feeds, outputs=1, rtol=1e-4, dynamic=False, **attributes)


PRIORS = [
    {},
    {"sizes": (0.2, 0.3), "ratios": (1, 2, 0.5)},
    {"sizes": (0.2, 0.3), "ratios": (2, 3), "clip": True},
    {"sizes": (0.4,), "ratios": (1, 2), "steps": (0.2, 0.15), "offsets": (0.4, 0.6)},
]


@pytest.mark.parametrize("attributes", PRIORS, ids=str)
def test_multibox_prior(attributes):
    check_op("_contrib_MultiBoxPrior", {"data": values(1, 3, 4, 6)}, **attributes)


def boxes(count, batch=1, seed=0):
    """Corners of boxes that overlap a good deal."""
    rng = np.random.default_rng(seed)
    middle, size = rng.uniform(0.2, 0.8, (batch, count, 2)), rng.uniform(0.1, 0.4, (batch, count, 2))
    return np.concatenate([middle - size / 2, middle + size / 2], -1).astype(np.float32)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"force_suppress": True},
        {"nms_topk": 10},
        {"threshold": 0.3, "clip": False},
        {"variances": (0.2, 0.2, 0.1, 0.1)},
    ],
    ids=str,
)
def test_multibox_detection(attributes):
    count = 30
    scores = np.random.default_rng(1).dirichlet([1] * 4, (2, count)).transpose(0, 2, 1).astype(np.float32)
    feeds = {"scores": scores, "deltas": values(2, count * 4) * 0.5, "anchors": boxes(count)}
    check_op("_contrib_MultiBoxDetection", feeds, rtol=2e-5, **attributes)


NMS = [
    {},
    {"id_index": 0, "overlap_thresh": 0.3},
    {"id_index": 0, "overlap_thresh": 0.3, "force_suppress": True},
    {"id_index": 0, "background_id": 1},
    {"valid_thresh": 0.4, "topk": 7},
    {"out_format": "center"},
    {"in_format": "center", "out_format": "corner"},
]


@pytest.mark.parametrize("attributes", NMS, ids=str)
def test_box_nms(attributes):
    rng = np.random.default_rng(3)
    score = (rng.permutation(40).reshape(2, 20, 1) / 40).astype(np.float32)
    found = boxes(20, 2)
    if attributes.get("in_format") == "center":
        found = np.concatenate([(found[..., :2] + found[..., 2:]) / 2, found[..., 2:] - found[..., :2]], -1)
    rows = np.concatenate([integers(0, 3, 2, 20, 1), score, found], -1)
    check_op("_contrib_box_nms", {"data": rows}, rtol=2e-5, **attributes)


def test_box_nms_of_double_numbers():
    rows = np.concatenate([np.arange(6).reshape(6, 1) / 6, boxes(6)[0]], -1)
    net = one_op("_contrib_box_nms", {"data": rows}, coord_start=1, score_index=0)
    (got,) = run(net, {"data": rows})
    single = rows.astype(np.float32)
    (want,) = mxnet(net, {"data": single})
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_box_nms_of_one_image_and_of_many_axes():
    rows = np.concatenate(
        [(np.random.default_rng(3).permutation(12).reshape(12, 1) / 12).astype(np.float32), boxes(12)[0]], -1
    )
    check_op("_contrib_box_nms", {"data": rows}, coord_start=1, score_index=0)
    check_op("_contrib_box_nms", {"data": rows.reshape(1, 2, 6, 5)}, coord_start=1, score_index=0)


def test_box_iou_and_decoding():
    check_op("_contrib_box_iou", {"a": boxes(5)[0], "b": boxes(4, seed=1)[0]}, rtol=2e-5)
    check_op("_contrib_box_iou", {"a": positive(5, 4), "b": positive(4, 4, seed=1)}, format="center", rtol=2e-5)
    deltas = {"d": values(2, 5, 4), "anchors": boxes(5)}
    check_op("_contrib_box_decode", deltas, std0=0.1, std1=0.1, std2=0.2, std3=0.2, format="corner", rtol=2e-5)
    check_op("_contrib_box_decode", deltas, clip=0.3, format="center", rtol=2e-5)


def test_proposal_of_the_example_in_python():
    """The same regions as those of the operator with the same parameters."""
    rng = np.random.default_rng(0)
    feeds = {
        "scores": (rng.permutation(18 * 8 * 9).reshape(1, 18, 8, 9) / 1296).astype(np.float32),
        "deltas": 0.2 * values(1, 36, 8, 9),
        "info": np.array([[128, 144, 1]], np.float32),
    }
    common = {"rpn_post_nms_top_n": 10, "threshold": 0.6}
    plain = one_op("_contrib_Proposal", feeds, scales=(8, 16, 32), feature_stride=16, **common)
    custom = one_op("Custom", feeds, op_type="proposal", feat_stride="16", **common)
    assert_close(run(custom, feeds), run(plain, feeds))


def test_custom_operators_of_other_types_are_refused():
    with pytest.raises(Unsupported, match="Custom.*is not in the model"):
        convert(one_op("Custom", {"x": values(2)}, op_type="gate"), input="x[2]")


def test_custom_operators_are_converted_by_extensions(tmp_path):
    page = (Path(__file__).resolve().parents[3] / "docs" / "mxnet.md").read_text(encoding="utf-8")
    block = page.split("`my_gate.py`:", 1)[1].split("```python\n", 1)[1].split("```", 1)[0]
    (tmp_path / "my_gate.py").write_text(block)
    net = one_op("Custom", {"x": values(2)}, op_type="gate", factor=3)
    got = run(net, {"x": values(2)}, extension=str(tmp_path / "my_gate.py"))
    assert_close(got, [3 * values(2)])


REGIONS = np.array([[0, 0, 0, 15, 11], [1, 4, 2, 20, 19], [0, 7.5, 3.2, 19.1, 17]], np.float32)


@pytest.mark.parametrize(("pooled", "group"), [(3, 3), (3, 0), (4, 2), (2, 3)])
def test_regions_with_channels_of_their_own(pooled, group):
    feeds = {"x": values(2, 2 * (group or pooled) ** 2, 12, 12), "rois": REGIONS}
    sizes = {"spatial_scale": 0.5, "output_dim": 2, "pooled_size": pooled}
    check_op("_contrib_PSROIPooling", feeds, group_size=group, rtol=2e-5, dynamic=False, **sizes)
    if group:
        moved = {"sample_per_part": 2, "trans_std": 0.1, "part_size": pooled}
        feeds["trans"] = 0.5 * values(3, 2, pooled, pooled)
        check_op("_contrib_DeformablePSROIPooling", feeds, group_size=group, rtol=2e-5, dynamic=False, **sizes, **moved)


def test_aligned_regions_with_channels_of_their_own():
    feeds = {"x": values(2, 12, 12, 12), "rois": REGIONS}
    attributes = {"spatial_scale": 0.5, "pooled_size": (3, 2), "sample_ratio": 2}
    check_op("_contrib_ROIAlign", feeds, position_sensitive=True, rtol=2e-5, **attributes)


@pytest.mark.parametrize("op", ["_contrib_Proposal", "_contrib_MultiProposal"])
def test_proposals_of_networks_trained_by_overlap(op):
    feeds = {
        "scores": np.random.default_rng(0).permutation(12 * 8 * 9).reshape(1, 12, 8, 9).astype(np.float32) / 3000,
        "deltas": 2 * values(1, 24, 8, 9),
        "info": np.array([[128, 144, 1]], np.float32),
    }
    sizes = {"feature_stride": 16, "scales": (2, 4), "ratios": (0.5, 1, 2), "rpn_min_size": 4}
    counts = {"rpn_pre_nms_top_n": 100, "rpn_post_nms_top_n": 10}
    check_op(op, feeds, iou_loss=True, rtol=1e-4, dynamic=False, **sizes, **counts)
