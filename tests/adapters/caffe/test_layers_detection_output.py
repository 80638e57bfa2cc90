"""DetectionOutput of SSD, against Caffe's rules written out and against OpenCV."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mo_core.errors import ModelError, Unsupported
from tests.adapters.caffe.harness import Array, close, layer, opencv, run

# -- Caffe's rules


def overlap(a: Array, b: Array) -> float:
    """Of two boxes: what they share by what they cover."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    if (high < low).any():
        return 0.0
    areas = [float(np.prod(np.maximum(box[2:] - box[:2], 0))) for box in (a, b)]
    shared = float(np.prod(high - low))
    return shared / (sum(areas) - shared)


def decoded(prior: Array, variance: Array, location: Array, code: str) -> Array:
    size = prior[2:] - prior[:2]
    if code == "CORNER":
        return np.asarray(prior + variance * location)
    if code == "CORNER_SIZE":
        return np.asarray(prior + variance * location * np.tile(size, 2))
    centre = (prior[:2] + prior[2:]) / 2 + variance[:2] * location[:2] * size
    half = np.exp(variance[2:] * location[2:]) * size / 2
    return np.concatenate([centre - half, centre + half])


def suppressed(boxes: list[Array], scores: Array, nms: Any) -> list[int]:
    """The boxes that stay, best first."""
    order = [i for i in np.argsort(-scores, kind="stable") if scores[i] > nms["threshold"]]
    kept: list[int] = []
    for i in order[: nms["top_k"] if nms["top_k"] >= 0 else None]:
        if all(overlap(boxes[i], boxes[k]) <= nms["nms"] for k in kept):
            kept.append(i)
    return kept


def detected(feeds: dict[str, Array], classes: int, options: Any) -> Array:
    """Rows of image, class, score, box."""
    priors, variances = feeds["prior"][0].reshape(2, -1, 4).astype(float)
    images, count = len(feeds["loc"]), len(priors)
    locations = feeds["loc"].reshape(images, count, -1, 4).astype(float)
    scores = feeds["conf"].reshape(images, count, classes)
    if options["encoded"]:
        variances = np.ones_like(variances)
    rows = []
    for image in range(images):
        found = []
        for c in (c for c in range(classes) if c != options["background"]):
            own = locations[image, :, 0 if options["share"] else c]
            boxes = [decoded(p, v, place, options["code"]) for p, v, place in zip(priors, variances, own)]
            kept = suppressed(boxes, scores[image, :, c], options)
            found += [(image, c, scores[image, i, c], *boxes[i]) for i in kept]
        if 0 <= options["keep"] < len(found):
            found = sorted(found, key=lambda row: -row[2])[: options["keep"]]
        rows += sorted(found, key=lambda row: row[1])
    return np.array(rows, np.float32).reshape(-1, 7)


# -- networks


def detections(fields: str, classes: int = 3, share: bool = True) -> tuple[str, dict[str, Array]]:
    rng = np.random.default_rng(5)
    count = 12
    corner = rng.uniform(0, 0.6, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(0.2, 0.4, (count, 2))], 1)
    priors = np.stack([boxes.reshape(-1), np.tile([0.1, 0.1, 0.2, 0.2], count)])[None]
    scores = rng.uniform(0, 1, (2, count, classes))
    feeds = {
        "loc": rng.normal(size=(2, count * 4 * (1 if share else classes))),
        "conf": scores.reshape(2, -1),
        "prior": priors,
    }
    rest = f"detection_output_param {{ num_classes: {classes} {fields} }}"
    feeds = {name: a.astype(np.float32) for name, a in feeds.items()}
    return layer("DetectionOutput", "loc conf prior", "y", rest), feeds


def found(y: Array) -> Array:
    """The rows ahead of the end mark, ordered; OpenCV fills up with zeros."""
    rows = y.reshape(-1, 7)
    end = np.flatnonzero(rows[:, 0] == -1)
    rows = rows[: end[0] if end.size else None]
    rows = rows[rows[:, 2] > 0]
    return rows[np.lexsort(rows.T[::-1])]


NMS = "nms_param { nms_threshold: 0.45 top_k: 8 }"
FIRST = "background_label_id: 0"
ENCODED = "variance_encoded_in_target: true"


@pytest.mark.parametrize(
    "fields",
    [
        f"code_type: CENTER_SIZE keep_top_k: 10 {NMS} confidence_threshold: 0.3 {FIRST}",
        f"code_type: CORNER keep_top_k: 6 {NMS} confidence_threshold: 0.1 {FIRST}",
        f"code_type: CENTER_SIZE keep_top_k: 20 {NMS} confidence_threshold: 0.2 background_label_id: 2 visualize: true",
        f"code_type: CENTER_SIZE keep_top_k: 10 {NMS} save_output_param {{ output_directory: 'x' }} {FIRST}",
        f"code_type: CENTER_SIZE keep_top_k: 10 {NMS} confidence_threshold: 0.3 {FIRST} {ENCODED}",
    ],
)
def test_detection_output_as_opencv(fields: str) -> None:
    text, feeds = detections(f"{fields} share_location: true")
    got = run(text, feeds)["y"]
    if "variance_encoded" in fields:
        feeds["prior"] = feeds["prior"][:, :1]  # OpenCV wants them without variances then
    want = opencv(text, feeds)["y"]
    keep = int(fields.split("keep_top_k: ")[1].split()[0])
    assert got.shape == (1, 1, 2 * keep, 7)
    close(found(got), found(want), 1e-5)


def test_detection_output_with_locations_for_each_class() -> None:
    fields = (
        "code_type: CENTER_SIZE keep_top_k: 10 share_location: false confidence_threshold: 0.3 background_label_id: 0 "
        "nms_param { nms_threshold: 0.4 }"
    )
    text, feeds = detections(fields, share=False)
    close(found(run(text, feeds)["y"]), found(opencv(text, feeds)["y"]))


USUAL = {
    "share": True,
    "background": 0,
    "code": "CENTER_SIZE",
    "encoded": False,
    "threshold": 0.3,
    "nms": 0.45,
    "top_k": 8,
    "keep": 6,
}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"code": "CORNER"},
        {"code": "CORNER_SIZE"},
        {"encoded": True},
        {"encoded": True, "code": "CORNER"},
        {"encoded": True, "code": "CORNER_SIZE"},
        {"share": False},
        {"share": False, "code": "CORNER"},
        {"share": False, "code": "CORNER_SIZE"},
        {"keep": -1},
        {"top_k": -1},
        {"keep": -1, "top_k": -1, "share": False, "background": -1},
        {"background": 2},
    ],
    ids=lambda changed: " ".join(f"{k}={v}" for k, v in changed.items()) or "usual",
)
def test_detection_output(changed: dict[str, Any]) -> None:
    options = {**USUAL, **changed}
    text, feeds = detections(
        f"share_location: {str(options['share']).lower()} background_label_id: {options['background']} "
        f"code_type: {options['code']} variance_encoded_in_target: {str(options['encoded']).lower()} "
        f"confidence_threshold: {options['threshold']} keep_top_k: {options['keep']} "
        f"nms_param {{ nms_threshold: {options['nms']} top_k: {options['top_k']} eta: 1 }}",
        share=options["share"],
    )
    want = detected(feeds, 3, options)
    rows = run(text, feeds)["y"].reshape(-1, 7)
    assert len(want) > 4
    close(rows[: len(want)], want)
    assert len(rows) == len(want) or rows[len(want), 0] == -1


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("keep_top_k: 5 code_type: CORNER_SIZE normalized: false", "CORNER_SIZE"),
        ("keep_top_k: 5 nms_param { eta: 0.5 }", "eta"),
    ],
)
def test_what_the_runtime_does_not_have_is_refused(fields: str, problem: str) -> None:
    text, feeds = detections(fields)
    with pytest.raises(Unsupported, match=problem):
        run(text, feeds)


def test_a_wrong_number_of_classes_is_refused() -> None:
    text, feeds = detections("keep_top_k: 5")
    with pytest.raises(ModelError, match="12 anchors and 4 classes do not give 36 confidences"):
        run(text.replace("num_classes: 3", "num_classes: 4"), feeds)
