"""Detections: the suppression of boxes that overlap better ones."""

from __future__ import annotations

from mo_core.build.basics import constant_like, filled, reshape_keeping, scalar, shape_of, slice_axis, to_element
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import Add, Maximum, Multiply, NonMaxSuppression, ScatterNDUpdate

LOWEST = -3.4028234663852886e38
"""The lowest number of f32: as a threshold, every score counts, negative ones too."""


def suppressed(
    boxes: Value,
    scores: Value,
    most: Value,
    overlap: Value,
    least: Value | None = None,
    *,
    strict: bool = True,
    encoding: str = "corner",
    sigma: Value | None = None,
    by_score: bool = False,
    places: ElementType = t.i64,
) -> NonMaxSuppression:
    """Boxes that no better one of their class overlaps too much (NonMaxSuppression-9).

    Args:
        boxes: N, M, 4, f32; corners (y1, x1, y2, x2, the lower ones first) or, with the encoding "center", x, y, width,
            height.
        scores: N, classes, M, f32.
        most: as many are selected of a class in an image, one integer.
        overlap: the share of the union from which on a box is dropped; `strict`: above which. One number.
        least: scores that are not above it do not count, one number; None: all count.
        sigma: lowers the scores of boxes that overlap, instead of dropping them; one number.
        by_score: the best of all images and classes first; else by image, class and score.

    Returns rows (image, class, box) in the element type `places`, rows with the score in the place of the box (f32),
    and the number of rows. The rows may be followed by others of -1 when their number is not known.
    """
    if boxes.rank == 3 and boxes.dims[2] != 4:  # the runtime wants to see that there are four numbers
        boxes = reshape_keeping(boxes, [0, 0, 4])
    threshold = scalar(to_element(overlap, t.f32))
    return NonMaxSuppression(
        boxes,
        scores,
        scalar(most),
        just_above(threshold) if strict else threshold,
        constant(LOWEST, t.f32) if least is None else scalar(to_element(least, t.f32)),
        None if sigma is None else scalar(to_element(sigma, t.f32)),
        box_encoding=encoding,
        sort_result_descending=by_score,
        output_type=places,
    )


def just_above(x: Value) -> Value:
    """The next greater f32 of what is not negative: the runtime drops a box for as much overlap as the threshold."""
    return Maximum(Add(x, Multiply(x, 0.75 * 2**-23)), 1.2e-38)


def survivors(found: NonMaxSuppression, scores: Value) -> Value:
    """1 for each of the scores N, classes, M whose box was selected, 0 for the others, in the type of the scores."""
    blank = filled(shape_of(scores), constant_like(scores, 0))
    rows = found.results[0]
    return ScatterNDUpdate(blank, rows, filled(slice_axis(shape_of(rows), 0, 0, 1), constant_like(scores, 1)))
