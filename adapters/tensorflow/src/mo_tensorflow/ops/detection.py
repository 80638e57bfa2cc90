"""Suppression of boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from mo_core import ops
from mo_core.build import (
    as_i64,
    broadcast_to,
    concat,
    const_ints,
    constant_like,
    dim_of,
    permute,
    reshape_to,
    slice_axis,
    split,
    squeeze,
    swap_axes,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.build.detection import LOWEST, suppressed
from mo_core.errors import Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Clamp,
    FloorMod,
    Gather,
    Greater,
    Maximum,
    Minimum,
    Multiply,
    Pad,
    ReduceSum,
    ScatterNDUpdate,
    Select,
    Subtract,
    TopK,
)
from mo_tensorflow.registry import tf_op


@tf_op("NonMaxSuppression")
def suppression(boxes: Value, scores: Value, count: Value, *, iou_threshold: float = 0.5) -> Value:
    return _selected(boxes, scores, count, constant(np.float32(iou_threshold)))[0]


@tf_op("NonMaxSuppressionV2")
def suppression_v2(boxes: Value, scores: Value, count: Value, overlap: Value) -> Value:
    return _selected(boxes, scores, count, overlap)[0]


@tf_op("NonMaxSuppressionV3")
def suppression_v3(boxes: Value, scores: Value, count: Value, overlap: Value, lowest: Value) -> Value:
    return _selected(boxes, scores, count, overlap, lowest)[0]


@tf_op("NonMaxSuppressionV4")
def suppression_v4(
    boxes: Value,
    scores: Value,
    count: Value,
    overlap: Value,
    lowest: Value,
    *,
    pad_to_max_output_size: bool = False,
) -> Sequence[Value]:
    chosen, _ = _selected(boxes, scores, count, overlap, lowest)
    number = to_element(reshape_to(dim_of(chosen, 0), []), t.i32)
    return (_filled_up(chosen, count) if pad_to_max_output_size else chosen), number


@tf_op("NonMaxSuppressionV5")
def suppression_v5(
    boxes: Value,
    scores: Value,
    count: Value,
    overlap: Value,
    lowest: Value,
    sigma: Value,
    *,
    pad_to_max_output_size: bool = False,
) -> Sequence[Value]:
    chosen, rated = _selected(boxes, scores, count, overlap, lowest, sigma)
    number = to_element(reshape_to(dim_of(chosen, 0), []), t.i32)
    if pad_to_max_output_size:
        chosen, rated = _filled_up(chosen, count), _filled_up(rated, count)
    return chosen, to_element(rated, scores.element), number


def _selected(
    boxes: Value,
    scores: Value,
    count: Value,
    overlap: Value,
    lowest: Value | None = None,
    sigma: Value | None = None,
) -> tuple[Value, Value]:
    """Places of the boxes that stay, the best first, and their scores (lowered where they overlap, with a sigma)."""
    real = reshape_to(to_element(boxes, t.f32), [-1, 4])
    made = suppressed(
        unsqueeze(_ordered(real), 0),
        unsqueeze(to_element(scores, t.f32), 0, 1),
        as_i64(count),
        overlap,
        lowest,
        sigma=sigma,
        by_score=True,
        places=t.i32,
    )
    chosen = squeeze(slice_axis(made.results[0], 1, 2, 3), 1)
    rated = squeeze(slice_axis(made.results[1], 1, 2, 3), 1)
    number = made.results[2]
    return slice_axis(chosen, 0, 0, as_i64(number)), slice_axis(rated, 0, 0, as_i64(number))


def _ordered(boxes: Value) -> Value:
    """The corners may be given in any order."""
    y1, x1, y2, x2 = split(boxes, -1, 4)
    return concat([Minimum(y1, y2), Minimum(x1, x2), Maximum(y1, y2), Maximum(x1, x2)], -1)


def _filled_up(x: Value, count: Value) -> Value:
    """Zeros at the end, up to the length that was asked for."""
    missing = Subtract(reshape_to(as_i64(count), [1]), dim_of(x, 0))
    return Pad(x, [0], missing, constant_like(x, 0))


@tf_op("NonMaxSuppressionWithOverlaps", "NonMaxSuppressionWithOverlapsV2", ignore=("*",))
def suppression_by_overlaps(*inputs: Value) -> NoReturn:
    raise Unsupported("a suppression by given overlaps is not an operation of the runtime")


@tf_op("CombinedNonMaxSuppression")
def combined_suppression(
    boxes: Value,
    scores: Value,
    per_class: Value,
    total: Value,
    overlap: Value,
    lowest: Value,
    *,
    pad_per_class: bool = False,
    clip_boxes: bool = True,
) -> Sequence[Value]:
    """Boxes [batch, boxes, 1 or classes, 4], scores [batch, boxes, classes]: the best of all classes of an image."""
    batch, number, classes = dim_of(scores, 0), dim_of(scores, 1), dim_of(scores, 2)
    (most,) = const_ints(total, "the number of boxes of CombinedNonMaxSuppression")
    (each,) = const_ints(per_class, "the number of boxes of a class")
    spread = broadcast_to(boxes, vector([batch, number, classes, 4]))
    flat = reshape_to(permute(spread, (0, 2, 1, 3)), vector([-1, number, 4]))
    rated = swap_axes(scores, 1, 2)
    each_class = unsqueeze(reshape_to(rated, vector([-1, number])), 1)
    made = suppressed(_ordered(flat), each_class, constant(np.int64(each)), overlap, lowest, by_score=True)
    found = slice_axis(made.results[0], 0, 0, as_i64(made.results[2]))
    values = squeeze(slice_axis(slice_axis(made.results[1], 1, 2, 3), 0, 0, as_i64(made.results[2])), 1)
    places = concat([slice_axis(found, 1, 0, 1), slice_axis(found, 1, 2, 3)], 1)
    none = broadcast_to(constant(np.float32(LOWEST)), vector([Multiply(batch, classes), number]))
    kept: Value = ScatterNDUpdate(none, places, values)
    kept = reshape_to(kept, vector([batch, -1]))
    enough = Pad(kept, [0, 0], [0, most], constant(np.float32(LOWEST)))  # there may be fewer than are asked for
    best = TopK(enough, constant(np.int64(most)), axis=1, mode="max", sort="value", stable=True)
    there = Greater(best.results[0], constant(np.float32(LOWEST / 2)))
    index = Select(there, as_i64(best.results[1]), constant(np.int64(0)))
    of_class = ops.Divide(Subtract(index, FloorMod(index, number)), number)
    all_boxes = reshape_to(permute(spread, (0, 2, 1, 3)), vector([batch, -1, 4]))
    chosen: Value = Gather(all_boxes, index, 1, batch_dims=1)
    if clip_boxes:
        chosen = Clamp(chosen, min=0.0, max=1.0)
    zero = constant(np.float32(0))
    valid = ReduceSum(to_element(there, t.i32), [1])
    return (
        Select(unsqueeze(there, 2), chosen, zero),
        Select(there, best.results[0], zero),
        Select(there, to_element(of_class, t.f32), zero),
        valid,
    )


@tf_op(
    "GenerateBoundingBoxProposals",
    "DrawBoundingBoxes",
    "DrawBoundingBoxesV2",
    "SampleDistortedBoundingBox",
    "SampleDistortedBoundingBoxV2",
    ignore=("*",),
)
def other_boxes(*inputs: Value) -> NoReturn:
    raise Unsupported("an operation on boxes that the runtime does not have")
