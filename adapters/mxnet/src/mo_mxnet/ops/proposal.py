"""Regions that a region proposal network chooses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import (
    Size,
    arange,
    broadcast_to,
    concat,
    constant_like,
    dim_size,
    integer,
    ints,
    permute,
    reshape_to,
    slice_axis,
    split,
    squeeze,
    to_element,
    unsqueeze,
)
from mo_core.errors import ModelError
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Divide,
    Exp,
    Floor,
    FloorMod,
    Gather,
    Less,
    LogicalOr,
    Maximum,
    Minimum,
    Multiply,
    ReduceSum,
    Select,
    Subtract,
)
from mo_mxnet.attributes import Reals
from mo_mxnet.ops import boxes as b
from mo_mxnet.ops.shape import times
from mo_mxnet.registry import mxnet_op


def base_anchors(stride: int, ratios: Reals, scales: Reals) -> np.ndarray:
    """Corners of the anchors at the first place, for each ratio and then each scale; the last pixel counts."""
    middle = 0.5 * (stride - 1)
    found = []
    for ratio in ratios:
        width = np.floor(np.sqrt(np.floor(stride * stride / ratio)) + 0.5)
        height = np.floor(width * ratio + 0.5)
        for scale in scales:
            w, h = 0.5 * (width * scale - 1), 0.5 * (height * scale - 1)
            found.append([middle - w, middle - h, middle + w, middle + h])
    return np.array(found, np.float32)


def _anchors(height: Size, width: Size, stride: int, base: np.ndarray) -> Value:
    """Corners at all places: 1, H * W * A, 4."""
    rows = Multiply(to_element(arange(height), t.f32), constant(float(stride), t.f32))
    columns = Multiply(to_element(arange(width), t.f32), constant(float(stride), t.f32))
    shape: list[Size] = [height, width, 1, 1]
    y = broadcast_to(reshape_to(rows, [-1, 1, 1, 1]), shape)
    x = broadcast_to(reshape_to(columns, [1, -1, 1, 1]), shape)
    return reshape_to(Add(concat([x, y, x, y], 3), constant(base)), [1, -1, 4])


def _decoded(anchors: Value, deltas: Value) -> list[Value]:
    """Corners (N, places, 1 each) of the anchors moved by what the network says; the last pixel counts."""
    x1, y1, x2, y2 = split(anchors, 2, 4)
    dx, dy, dw, dh = split(deltas, 2, 4)
    one, half = constant_like(anchors, 1), constant_like(anchors, 0.5)
    found = []
    for low, high, move, grow in ((x1, x2, dx, dw), (y1, y2, dy, dh)):
        size = Add(Subtract(high, low), one)
        middle = Add(Multiply(move, size), Add(low, Multiply(half, Subtract(size, one))))
        reach = Multiply(half, Subtract(Multiply(Exp(grow), size), one))
        found.append((Subtract(middle, reach), Add(middle, reach)))
    return [found[0][0], found[1][0], found[0][1], found[1][1]]


def _moved(anchors: Value, deltas: Value) -> list[Value]:
    """Corners of the anchors moved each by itself, as networks are trained by the overlap of boxes."""
    return [Add(corner, move) for corner, move in zip(split(anchors, 2, 4), split(deltas, 2, 4))]


@mxnet_op("_contrib_Proposal", "_contrib_MultiProposal")
def proposal(
    scores: Value,
    deltas: Value,
    info: Value,
    *,
    rpn_pre_nms_top_n: int = 6000,
    rpn_post_nms_top_n: int = 300,
    threshold: float = 0.7,
    rpn_min_size: int = 16,
    scales: Reals = (4.0, 8.0, 16.0, 32.0),
    ratios: Reals = (0.5, 1.0, 2.0),
    feature_stride: int = 16,
    output_score: bool = False,
    iou_loss: bool = False,
) -> Sequence[Value]:
    """Regions (N * top, 5): the number of the image and corners; and their scores (N * top, 1).

    `info` is N, 3: height, width and scale of each image. Where fewer regions than wanted are left, they are repeated.
    """
    if min(feature_stride, rpn_post_nms_top_n) < 1 or not scales or not ratios or min(ratios) <= 0:
        raise ModelError("Proposal needs a positive stride and count, scales and ratios")
    base = base_anchors(feature_stride, ratios, scales)
    batch, height, width = (dim_size(scores, i) for i in (0, 2, 3))
    count = len(base)
    objectness = slice_axis(scores, 1, count, 2 * count)
    flat = reshape_to(permute(objectness, (0, 2, 3, 1)), [batch, -1])
    moves = permute(reshape_to(deltas, [batch, count, 4, height, width]), (0, 3, 4, 1, 2))
    decode = _moved if iou_loss else _decoded
    found = decode(_anchors(height, width, feature_stride, base), reshape_to(moves, [batch, -1, 4]))
    rows, flat = _clipped(found, flat, info, rpn_min_size)
    outside = _outside(height, width, count, feature_stride, info)
    flat = Select(outside, constant_like(flat, -1), flat)
    total = times(times(height, width), count)
    limit: Size = total
    if rpn_pre_nms_top_n > 0:
        limit = min(total, rpn_pre_nms_top_n) if isinstance(total, int) else Minimum(total, rpn_pre_nms_top_n)
    best, ranked = b.ordered(rows, flat, limit)
    return _chosen(best, ranked, threshold, rpn_post_nms_top_n, batch)


def _clipped(corners: Sequence[Value], scores: Value, info: Value, least: int) -> tuple[Value, Value]:
    """Boxes inside of their image; those that are too small grow, and their scores become -1."""
    high, wide, scale = (reshape_to(v, [-1, 1, 1]) for v in split(info, 1, 3))
    zero, one = constant_like(scores, 0), constant_like(scores, 1)
    limits = [Subtract(wide, one), Subtract(high, one)] * 2
    x1, y1, x2, y2 = (Maximum(Minimum(v, limit), zero) for v, limit in zip(corners, limits))
    smallest = Multiply(scale, constant_like(scores, float(least)))
    narrow = Less(Add(Subtract(x2, x1), one), smallest)
    small = LogicalOr(narrow, Less(Add(Subtract(y2, y1), one), smallest))
    grow = Select(small, Multiply(smallest, constant_like(scores, 0.5)), zero)
    rows = concat([Subtract(x1, grow), Subtract(y1, grow), Add(x2, grow), Add(y2, grow)], 2)
    return rows, Select(squeeze(small, 2), constant_like(scores, -1), scores)


def _outside(height: Size, width: Size, count: int, stride: int, info: Value) -> Value:
    """True for places that the image does not reach: N, places."""
    real = [Floor(Divide(v, constant_like(info, float(stride)))) for v in split(slice_axis(info, 1, 0, 2), 1, 2)]
    rows = reshape_to(to_element(arange(height), t.f32), [1, -1, 1, 1])
    columns = reshape_to(to_element(arange(width), t.f32), [1, 1, -1, 1])
    lines = (Less(line, reshape_to(r, [-1, 1, 1, 1])) for line, r in zip((rows, columns), real))
    inside = [to_element(line, t.f32) for line in lines]
    spread = Multiply(Multiply(inside[0], inside[1]), constant(np.ones(count), t.f32))
    return Less(reshape_to(spread, [dim_size(info, 0), -1]), constant(0.5, t.f32))


def _chosen(rows: Value, scores: Value, threshold: float, wanted: int, batch: Size) -> list[Value]:
    """The boxes that no better one overlaps too much, so many of each image."""
    last_counts = constant(np.array([0, 0, 1, 1]), t.f32)
    stays = b.kept(Add(rows, last_counts), scores, None, b.Suppression(threshold, strict=True))
    both = concat([rows, unsqueeze(scores, 2)], 2)
    front, mask = b.to_front(both, stays)
    left = ReduceSum(to_element(mask, t.i64), ints([1]), keep_dims=True)
    places = FloorMod(arange(wanted), Minimum(left, integer(wanted)))
    taken = Gather(front, places, integer(1), batch_dims=1)
    numbers = broadcast_to(reshape_to(to_element(arange(batch), t.f32), [-1, 1, 1]), [batch, wanted, 1])
    regions = concat([numbers, slice_axis(taken, 2, 0, 4)], 2)
    return [reshape_to(regions, [-1, 5]), reshape_to(slice_axis(taken, 2, 4, 5), [-1, 1])]


@mxnet_op("Custom.proposal")
def custom_proposal(
    scores: Value,
    deltas: Value,
    info: Value,
    *,
    feat_stride: int = 16,
    scales: Reals = (8.0, 16.0, 32.0),
    ratios: Reals = (0.5, 1.0, 2.0),
    output_score: bool = False,
    rpn_pre_nms_top_n: int = 6000,
    rpn_post_nms_top_n: int = 300,
    threshold: float = 0.3,
    rpn_min_size: int = 16,
) -> Sequence[Value]:
    """The layer in Python that MXNet's own example of Faster R-CNN has."""
    return proposal(
        scores,
        deltas,
        info,
        rpn_pre_nms_top_n=rpn_pre_nms_top_n,
        rpn_post_nms_top_n=rpn_post_nms_top_n,
        threshold=threshold,
        rpn_min_size=rpn_min_size,
        scales=scales,
        ratios=ratios,
        feature_stride=feat_stride,
    )
