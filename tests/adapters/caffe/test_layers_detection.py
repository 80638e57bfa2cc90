"""Anchors, decoding, regions and their pooling."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mo_core.errors import ModelError, Unsupported
from mo_core.ops import RegionYolo
from tests.adapters.caffe.harness import Array, close, convert, inputs_of, layer, run, same_as_opencv, values

FEATURES = values(1, 8, 5, 4)
IMAGE = values(1, 3, 80, 64)
FEEDS = {"f": FEATURES, "image": IMAGE}

# -- anchors


def anchors(
    boxes: list[tuple[float, float]],
    step: tuple[float, float],
    image: tuple[int, int],
    grid: tuple[int, int],
    offset: float,
    clip: bool,
    variance: tuple[float, ...],
) -> Array:
    """Boxes (width, height) in pixels around the centre of each cell, and the variances."""
    rows = []
    for i in range(grid[0]):
        for j in range(grid[1]):
            y, x = (i + offset) * step[0], (j + offset) * step[1]
            for w, h in boxes:
                rows += [(x - w / 2) / image[1], (y - h / 2) / image[0], (x + w / 2) / image[1], (y + h / 2) / image[0]]
    flat = np.array(rows, np.float32)
    if clip:
        flat = flat.clip(0, 1)
    return np.stack([flat, np.tile(np.array(variance, np.float32), len(flat) // 4)])[None]


def sizes(smallest: list[float], largest: list[float], ratios: list[float]) -> list[tuple[float, float]]:
    result = []
    for i, size in enumerate(smallest):
        result.append((size, size))
        if largest:
            result.append((math.sqrt(size * largest[i]),) * 2)
        result += [(size * math.sqrt(r), size / math.sqrt(r)) for r in ratios]
    return result


TENTH = (0.1, 0.1, 0.1, 0.1)


@pytest.mark.parametrize(
    ("fields", "boxes", "step", "offset", "clip", "variance"),
    [
        ("min_size: 16", sizes([16], [], []), (16, 16), 0.5, False, TENTH),
        ("min_size: 16 max_size: 30", sizes([16], [30], []), (16, 16), 0.5, False, TENTH),
        ("min_size: 16 max_size: 30 aspect_ratio: 2", sizes([16], [30], [2, 0.5]), (16, 16), 0.5, False, TENTH),
        (
            "min_size: 16 aspect_ratio: 2 aspect_ratio: 3 flip: false",
            sizes([16], [], [2, 3]),
            (16, 16),
            0.5,
            False,
            TENTH,
        ),
        (
            "min_size: 8 min_size: 20 max_size: 12 max_size: 40 aspect_ratio: 2",
            sizes([8, 20], [12, 40], [2, 0.5]),
            (16, 16),
            0.5,
            False,
            TENTH,
        ),
        (
            "min_size: 16 aspect_ratio: 1 aspect_ratio: 2 aspect_ratio: 2",
            sizes([16], [], [2, 0.5]),
            (16, 16),
            0.5,
            False,
            TENTH,
        ),
        ("min_size: 40 clip: true offset: 0.25", sizes([40], [], []), (16, 16), 0.25, True, TENTH),
        ("min_size: 16 step: 10", sizes([16], [], []), (10, 10), 0.5, False, TENTH),
        (
            "min_size: 16 max_size: 30 aspect_ratio: 2 step_h: 10 step_w: 12",
            sizes([16], [30], [2, 0.5]),
            (10, 12),
            0.5,
            False,
            TENTH,
        ),
        (
            "min_size: 16 variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2",
            sizes([16], [], []),
            (16, 16),
            0.5,
            False,
            (0.1, 0.1, 0.2, 0.2),
        ),
        ("min_size: 16 variance: 0.3", sizes([16], [], []), (16, 16), 0.5, False, (0.3, 0.3, 0.3, 0.3)),
    ],
)
def test_prior_box(
    fields: str, boxes: list[Any], step: tuple[float, float], offset: float, clip: bool, variance: tuple[float, ...]
) -> None:
    text = layer("PriorBox", "f image", "y", f"prior_box_param {{ {fields} }}")
    close(run(text, FEEDS)["y"], anchors(boxes, step, (80, 64), (5, 4), offset, clip, variance))


def test_prior_box_as_opencv() -> None:
    fields = "min_size: 16 max_size: 30 aspect_ratio: 2 aspect_ratio: 3 flip: true clip: true variance: 0.1"
    rest = f"prior_box_param {{ {fields} }}"
    same_as_opencv(layer("PriorBox", "f image", "y", rest), FEEDS)


def test_prior_box_with_an_offset_for_each_direction() -> None:
    fields = "min_size: 16 step: 20 {} variance: 0.1"
    got, want = (
        run(layer("PriorBox", "f image", "y", f"prior_box_param {{ {fields.format(f)} }}"), FEEDS)["y"]
        for f in ("offset_h: 0.25 offset_w: 0.25", "offset: 0.25")
    )
    close(got, want)
    rest = "prior_box_param { min_size: 16 step: 20 offset_w: 0.25 }"
    with pytest.raises(Unsupported, match="0.5 along y and 0.25 along x differ"):
        run(layer("PriorBox", "f image", "y", rest), FEEDS)


def test_prior_box_with_an_image_size_of_its_own() -> None:
    want = anchors(sizes([16], [], []), (20, 30), (100, 120), (5, 4), 0.5, False, TENTH)
    text = layer("PriorBox", "f image", "y", "prior_box_param { min_size: 16 img_h: 100 img_w: 120 }")
    close(run(text + layer("AbsVal", "image", "z"), FEEDS)["y"], want)
    want = anchors(sizes([16], [], []), (18, 22.5), (90, 90), (5, 4), 0.5, False, TENTH)
    text = layer("PriorBox", "f image", "y", "prior_box_param { min_size: 16 img_size: 90 }")
    close(run(text + layer("AbsVal", "image", "z"), FEEDS)["y"], want)


def test_anchors_follow_the_image() -> None:
    text = inputs_of(FEEDS) + layer("PriorBox", "f image", "y", "prior_box_param { min_size: 16 max_size: 30 }")
    feeds = {"f": values(1, 8, 7, 3), "image": values(1, 3, 70, 60)}
    close(run(text, feeds)["y"], anchors(sizes([16], [30], []), (10, 20), (70, 60), (7, 3), 0.5, False, TENTH))


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "min_size: 0",
        "min_size: 9 max_size: 5",
        "min_size: 9 aspect_ratio: 0",
        "min_size: 9 variance: 1 variance: 1",
    ],
)
def test_impossible_anchors_are_refused(fields: str) -> None:
    with pytest.raises(ModelError, match="PriorBox"):
        run(layer("PriorBox", "f image", "y", f"prior_box_param {{ {fields} }}"), FEEDS)


def test_prior_box_with_dense_fixed_sizes() -> None:
    """Intel's fork: `density` anchors a side within a cell."""
    rest = "prior_box_param { fixed_size: 16 fixed_ratio: 1 density: 2 step: 16 clip: false }"
    got = run(layer("PriorBox", "f image", "y", rest), FEEDS)["y"]
    assert got.shape == (1, 2, 5 * 4 * 4 * 4)
    inner = got[0, 0, 16 * 5 : 16 * 6].reshape(4, 4) * np.array([64, 80, 64, 80], np.float32)  # row 1, column 1
    close(inner[:, 2:] - inner[:, :2], np.full((4, 2), 16, np.float32), 1e-4)
    close((inner[:, :2] + inner[:, 2:]) / 2, np.array([[20, 20], [28, 20], [20, 28], [28, 28]], np.float32), 1e-4)


@pytest.mark.parametrize(("fields", "step"), [("", (16, 16)), ("step: 20", (20, 20)), ("step_h: 8 step_w: 9", (8, 9))])
def test_prior_box_clustered(fields: str, step: tuple[float, float]) -> None:
    rest = f"prior_box_clustered_param {{ width: 10 width: 20 height: 8 height: 30 variance: 0.1 {fields} }}"
    want = anchors([(10, 8), (20, 30)], step, (80, 64), (5, 4), 0.5, False, TENTH)
    close(run(layer("PriorBoxClustered", "f image", "y", rest), FEEDS)["y"], want)


# -- regions


def rounded(x: float) -> int:
    return math.floor(x + 0.5) if x >= 0 else math.ceil(x - 0.5)


def roi_pool(x: Array, rois: Array, height: int, width: int, scale: float) -> Array:
    y = np.zeros((len(rois), x.shape[1], height, width), np.float32)
    for n, (image, *box) in enumerate(rois):
        left, top, right, bottom = (rounded(v * scale) for v in box)
        tall, wide = max(bottom - top + 1, 1) / height, max(right - left + 1, 1) / width
        for i in range(height):
            for j in range(width):
                rows = np.clip([math.floor(i * tall) + top, math.ceil((i + 1) * tall) + top], 0, x.shape[2])
                columns = np.clip([math.floor(j * wide) + left, math.ceil((j + 1) * wide) + left], 0, x.shape[3])
                window = x[int(image), :, slice(*rows), slice(*columns)]
                y[n, :, i, j] = window.max((1, 2)) if window.size else 0
    return y


ROIS = np.array([[0, 0, 0, 79, 63], [1, 10, 5, 40, 33], [0, 30, 30, 31, 35], [1, 8, 40, 70, 60]], np.float32)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1, 1), (1, 4, 5, 1)])
def test_roi_pooling(shape: tuple[int, ...]) -> None:
    x = values(2, 3, 16, 20)
    rest = "roi_pooling_param { pooled_h: 3 pooled_w: 4 spatial_scale: 0.25 }"
    got = run(layer("ROIPooling", "x rois", "y", rest), {"x": x, "rois": ROIS.reshape(shape)})
    close(got["y"], roi_pool(x, ROIS, 3, 4, 0.25))


def psroi_pool(x: Array, rois: Array, channels: int, group: int, scale: float) -> Array:
    y = np.zeros((len(rois), channels, group, group), np.float32)
    for n, (image, *box) in enumerate(rois):
        left, top, right, bottom = (rounded(v) * scale for v in (*box[:2], box[2] + 1, box[3] + 1))
        tall, wide = max(bottom - top, 0.1) / group, max(right - left, 0.1) / group
        for i, j in np.ndindex(group, group):
            rows = np.clip([math.floor(i * tall + top), math.ceil((i + 1) * tall + top)], 0, x.shape[2])
            columns = np.clip([math.floor(j * wide + left), math.ceil((j + 1) * wide + left)], 0, x.shape[3])
            for c in range(channels):
                window = x[int(image), (c * group + i) * group + j, slice(*rows), slice(*columns)]
                y[n, c, i, j] = window.mean() if window.size else 0
    return y


def test_psroi_pooling() -> None:
    x = values(2, 2 * 9, 16, 20)
    rest = "psroi_pooling_param { output_dim: 2 group_size: 3 spatial_scale: 0.25 }"
    got = run(layer("PSROIPooling", "x rois", "y", rest), {"x": x, "rois": ROIS})
    close(got["y"], psroi_pool(x, ROIS, 2, 3, 0.25), 1e-4)


def test_roi_align_takes_bilinear_samples() -> None:
    x = values(2, 3, 16, 20)
    rois = np.array([[0, 8, 8, 40, 40], [1, 4, 12, 36, 28]], np.float32)
    rest = "roi_align_param { pooled_h: 2 pooled_w: 2 spatial_scale: 0.25 sampling_ratio: 1 }"
    got = run(layer("ROIAlign", "x rois", "y", rest), {"x": x, "rois": rois})["y"]
    for n, (image, left, top, right, bottom) in enumerate(rois):
        for i, j in np.ndindex(2, 2):
            row = top / 4 + (i + 0.5) * (bottom - top) / 8
            column = left / 4 + (j + 0.5) * (right - left) / 8
            r, c = int(row), int(column)
            a, b = row - r, column - c
            want = (
                x[int(image), :, r, c] * (1 - a) * (1 - b)
                + x[int(image), :, r, c + 1] * (1 - a) * b
                + x[int(image), :, r + 1, c] * a * (1 - b)
                + x[int(image), :, r + 1, c + 1] * a * b
            )
            close(got[n, :, i, j], want, 1e-5)


# -- proposals, as py-faster-rcnn makes them


def base_anchors(size: int, ratios: list[float], scales: list[float]) -> Array:
    result = []
    centre = (size - 1) / 2
    for ratio in ratios:
        w = round(math.sqrt(size * size / ratio))
        h = round(w * ratio)
        for scale in scales:
            result.append(
                [
                    centre - (w * scale - 1) / 2,
                    centre - (h * scale - 1) / 2,
                    centre + (w * scale - 1) / 2,
                    centre + (h * scale - 1) / 2,
                ]
            )
    return np.array(result)


def propose(
    scores: Array,
    deltas: Array,
    info: Array,
    stride: int,
    base: Array,
    smallest: int,
    before: int,
    after: int,
    threshold: float,
) -> Array:
    count, (height, width) = len(base), scores.shape[2:]
    rows = []
    for i in range(height):
        for j in range(width):
            for a in range(count):
                x1, y1, x2, y2 = base[a] + np.array([j, i, j, i]) * stride
                w, h = x2 - x1 + 1, y2 - y1 + 1
                dx, dy, dw, dh = deltas[0, 4 * a : 4 * a + 4, i, j]
                x, y = x1 + w / 2 + dx * w, y1 + h / 2 + dy * h
                w, h = w * math.exp(dw), h * math.exp(dh)
                box = np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
                box = box.clip(0, [info[1] - 1, info[0] - 1] * 2)
                if box[2] - box[0] + 1 >= smallest * info[2] and box[3] - box[1] + 1 >= smallest * info[2]:
                    rows.append((float(scores[0, count + a, i, j]), box))
    rows.sort(key=lambda r: -r[0])
    kept: list[Array] = []
    for _, box in rows[:before]:
        area = (box[2] - box[0] + 1) * (box[3] - box[1] + 1)
        for k in kept:
            wide = min(box[2], k[2]) - max(box[0], k[0]) + 1
            tall = min(box[3], k[3]) - max(box[1], k[1]) + 1
            inter = max(wide, 0) * max(tall, 0)
            if inter / (area + (k[2] - k[0] + 1) * (k[3] - k[1] + 1) - inter) > threshold:
                break
        else:
            kept.append(box)
    return np.array(kept[:after], np.float32)


SCORES, DELTAS = values(1, 18, 6, 7), 0.2 * values(1, 36, 6, 7, seed=1)


@pytest.mark.parametrize("module", ["rpn.proposal_layer", "SSH.layers.proposal_layer"])
@pytest.mark.parametrize("info", [[96, 112, 1.5], [96, 112, 1.5, 1.5], [96, 112, 1.5, 96, 112, 1]])
def test_python_proposals(info: list[float], module: str) -> None:
    """Enough of them are left after the suppression, so that the runtime does not have to fill up."""
    rest = (
        f"python_param {{ module: '{module}' layer: 'ProposalLayer' "
        "param_str: \"'feat_stride': 16\\n'post_nms_topn': 10\" }"
    )
    if len(info) == 4:
        rest = rest.replace("\\n", ", ")
    feeds = {"s": SCORES, "d": DELTAS, "i": np.array([info], np.float32)}
    got = run(layer("Python", "s d i", "rois", rest), feeds)["rois"]
    base = base_anchors(16, [0.5, 1, 2], [8, 16, 32])
    want = propose(SCORES, DELTAS, np.array(info), 16, base, 16, 6000, 10, 0.7)
    assert got.shape == (10, 5)
    assert len(want) == 10
    close(got[:, 1:], want, 1e-4)
    assert not got[:, 0].any()


def test_proposals_with_scales_as_yaml() -> None:
    rest = (
        "python_param { module: 'rpn.proposal_layer' layer: 'ProposalLayer' "
        "param_str: \"'feat_stride': 16\\n'scales': !!python/tuple [2, 4, 8]\" }"
    )
    feeds = {"s": SCORES, "d": DELTAS, "i": np.array([[96, 112, 1]], np.float32)}
    got = run(layer("Python", "s d i", "rois", rest), feeds)["rois"]
    want = propose(
        SCORES, DELTAS, np.array([96, 112, 1]), 16, base_anchors(16, [0.5, 1, 2], [2, 4, 8]), 16, 6000, 9, 0.7
    )
    close(got[: len(want), 1:], want, 1e-4)


def test_proposal_layer_with_its_own_parameters() -> None:
    rest = (
        "proposal_param { feat_stride: 16 base_size: 16 min_size: 4 ratio: 0.5 ratio: 1 ratio: 2 scale: 2 scale: 4 "
        "scale: 8 pre_nms_topn: 100 post_nms_topn: 12 nms_thresh: 0.5 }"
    )
    feeds = {"s": SCORES, "d": DELTAS, "i": np.array([[96, 112, 1]], np.float32)}
    got = run(layer("Proposal", "s d i", "rois scores", rest), feeds)
    base = base_anchors(16, [0.5, 1, 2], [2, 4, 8])
    want = propose(SCORES, DELTAS, np.array([96, 112, 1]), 16, base, 4, 100, 12, 0.5)
    assert len(want) == 12
    close(got["rois"][:, 1:], want, 1e-4)
    assert got["scores"].shape == (12,)
    assert np.all(np.diff(got["scores"]) <= 0)


def test_an_unknown_python_layer_is_named() -> None:
    rest = "python_param { module: 'mine' layer: 'Layer' param_str: '' }"
    with pytest.raises(Unsupported, match=r"mine\.Layer"):
        run(layer("Python", "x", "y", rest), {"x": values(1, 2)})


# -- YOLO, CTC


@pytest.mark.parametrize(
    ("kind", "rest"), [("ReorgYolo", "reorg_yolo_param { stride: 2 }"), ("Reorg", "reorg_param { stride: 2 }")]
)
def test_reorg(kind: str, rest: str) -> None:
    x = values(1, 4, 6, 8)
    got = run(layer(kind, "x", "y", rest), {"x": x})["y"]
    assert got.shape == (1, 16, 3, 4)
    # darknet writes the values of a map with a quarter of the channels into one with four times as many
    want = np.zeros(16 * 3 * 4, np.float32)
    for c, i, j in np.ndindex(4, 6, 8):
        block, channel = divmod(c, 1)
        row, column = 2 * i + block // 2, 2 * j + block % 2
        want[(c * 6 + i) * 8 + j] = x.reshape(-1)[(channel * 12 + row) * 16 + column]
    close(got.reshape(-1), want)


def test_reorg_backwards_is_refused() -> None:
    with pytest.raises(Unsupported, match="the way back"):
        run(layer("Reorg", "x", "y", "reorg_param { stride: 2 reverse: true }"), {"x": values(1, 4, 6, 8)})


def test_region() -> None:
    x = values(1, 3 * 8, 4, 5)
    fields = "coords: 4 classes: 3 num: 3 do_softmax: true anchors: 1 anchors: 2 axis: 1 end_axis: 3"
    rest = f"region_yolo_param {{ {fields} }}"
    got = run(layer("RegionYolo", "x", "y", rest), {"x": x})["y"]
    boxes = x.reshape(1, 3, 8, 4, 5).copy()
    boxes[:, :, [0, 1, 4]] = 1 / (1 + np.exp(-boxes[:, :, [0, 1, 4]]))
    e = np.exp(boxes[:, :, 5:] - boxes[:, :, 5:].max(2, keepdims=True))
    boxes[:, :, 5:] = e / e.sum(2, keepdims=True)
    close(got, boxes.reshape(1, -1))
    written = next(
        node
        for node in convert(inputs_of({"x": x}) + layer("RegionYolo", "x", "y", rest)).graph
        if isinstance(node, RegionYolo)
    )
    assert written.anchors == (1, 2)


def test_ctc_greedy_decoder() -> None:
    best = np.array([[1, 0], [1, 2], [3, 2], [0, 3], [0, 1]])
    x = np.eye(4, dtype=np.float32)[best]
    marks = np.ones((5, 2), np.float32)
    marks[0] = 0
    got = run(layer("CTCGreedyDecoder", "x m", "y"), {"x": x, "m": marks})["y"].reshape(2, 5)
    close(got, np.array([[1, 0, -1, -1, -1], [0, 2, 1, -1, -1]], np.float32))
    rest = "ctc_decoder_param { ctc_merge_repeated: false }"
    got = run(layer("CTCGreedyDecoder", "x m", "y", rest), {"x": x, "m": marks})["y"].reshape(2, 5)
    close(got, np.array([[1, 1, 0, 0, -1], [0, 2, 2, 1, -1]], np.float32))


def test_another_blank_is_refused() -> None:
    with pytest.raises(Unsupported, match="blank"):
        run(
            layer("CTCGreedyDecoder", "x m", "y", "ctc_decoder_param { blank_index: 0 }"),
            {"x": values(5, 2, 4), "m": values(5, 2)},
        )
