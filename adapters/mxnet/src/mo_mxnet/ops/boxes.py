"""Boxes: in corners or by centre and size, how much they overlap, and which of them are dropped for others."""

from __future__ import annotations

from dataclasses import dataclass

from mo_core.build import (
    Size,
    concat,
    constant_like,
    dim_size,
    integer,
    ints,
    reshape_to,
    slice_axis,
    split,
    squeeze,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.build.detection import suppressed, survivors
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Clamp,
    Divide,
    Exp,
    Gather,
    Greater,
    Maximum,
    Minimum,
    Multiply,
    NotEqual,
    Pad,
    ReduceMax,
    ReduceMin,
    Select,
    ShapeOf,
    Subtract,
)
from mo_mxnet.ops.gather import sorted_along

LOWEST = -3.4028234663852886e38


def corners(boxes: Value) -> Value:
    """From centre and size to corners, along the last axis."""
    x, y, w, h = split(boxes, -1, 4)
    half_w, half_h = (Multiply(v, constant_like(v, 0.5)) for v in (w, h))
    return concat([Subtract(x, half_w), Subtract(y, half_h), Add(x, half_w), Add(y, half_h)], -1)


def centres(boxes: Value) -> Value:
    """From corners to centre and size, along the last axis."""
    x1, y1, x2, y2 = split(boxes, -1, 4)
    middle = [Multiply(Add(a, b), constant_like(a, 0.5)) for a, b in ((x1, x2), (y1, y2))]
    return concat([*middle, Subtract(x2, x1), Subtract(y2, y1)], -1)


def overlaps(a: Value, b: Value) -> Value:
    """The share of the union that each of `a` (..., M, 4) and each of `b` (..., N, 4) have in common: ..., M, N."""
    ax1, ay1, ax2, ay2 = split(a, -1, 4)
    bx1, by1, bx2, by2 = (_as_row(v) for v in split(b, -1, 4))
    zero = constant_like(a, 0)
    width = Maximum(Subtract(Minimum(ax2, bx2), Maximum(ax1, bx1)), zero)
    height = Maximum(Subtract(Minimum(ay2, by2), Maximum(ay1, by1)), zero)
    common = Multiply(width, height)
    union = Subtract(Add(_area(ax1, ay1, ax2, ay2), _area(bx1, by1, bx2, by2)), common)
    empty = Greater(union, zero)
    return Select(empty, Divide(common, Select(empty, union, constant_like(a, 1))), zero)


def _as_row(column: Value) -> Value:
    """From ..., N, 1 to ..., 1, N."""
    return unsqueeze(squeeze(column, -1), -2)


def _area(x1: Value, y1: Value, x2: Value, y2: Value) -> Value:
    return Multiply(Subtract(x2, x1), Subtract(y2, y1))


def decoded(deltas: Value, anchors: Value, deviations: tuple[float, ...], clip: float) -> Value:
    """Corners from what a network says about anchors, given by centre and size."""
    dx, dy, dw, dh = split(deltas, -1, 4)
    ax, ay, aw, ah = split(anchors, -1, 4)
    sx, sy, sw, sh = (constant_like(deltas, s) for s in deviations)
    x = Add(Multiply(Multiply(dx, sx), aw), ax)
    y = Add(Multiply(Multiply(dy, sy), ah), ay)
    dw, dh = Multiply(dw, sw), Multiply(dh, sh)
    if clip > 0:
        dw, dh = (Clamp(v, min=LOWEST, max=clip) for v in (dw, dh))
    half = constant_like(deltas, 0.5)
    w, h = Multiply(Multiply(Exp(dw), aw), half), Multiply(Multiply(Exp(dh), ah), half)
    return concat([Subtract(x, w), Subtract(y, h), Add(x, w), Add(y, h)], -1)


@dataclass(frozen=True)
class Suppression:
    """Rules by which boxes are dropped.

    Attributes:
        threshold: the share of the union above which (`strict`), or from which on, two boxes overlap too much.
        strict: True when it must be above.
    """

    threshold: float
    strict: bool


def kept(boxes: Value, scores: Value, classes: Value | None, rule: Suppression) -> Value:
    """True for boxes (B, N, 4, sorted by falling score) that no better one of their class overlaps too much: B, N.

    A score of the lowest number marks a box that does not count. The boxes of different classes are moved apart.
    """
    boxes, scores = to_element(boxes, t.f32), to_element(scores, t.f32)
    if classes is not None:
        boxes = _moved_apart(boxes, to_element(classes, t.f32))
    each = unsqueeze(scores, 1)
    threshold, least = constant(rule.threshold, t.f32), constant(LOWEST / 2, t.f32)
    found = suppressed(boxes, each, _as_scalar(dim_size(scores, 1)), threshold, least, strict=rule.strict)
    return Greater(squeeze(survivors(found, each), 1), constant(0.5, t.f32))


def _as_scalar(size: Size) -> Value:
    return integer(size) if isinstance(size, int) else to_element(size, t.i64)


def _first_of(x: Value) -> Value:
    return Gather(ShapeOf(x), ints([0]), integer(0))


def _moved_apart(boxes: Value, classes: Value) -> Value:
    """Boxes of each class at a place of their own; overlaps inside of a class do not change."""
    largest, smallest = (kind(boxes, ints([1, 2]), keep_dims=True) for kind in (ReduceMax, ReduceMin))
    width = Add(Subtract(largest, smallest), constant_like(boxes, 1))
    return Add(boxes, Multiply(unsqueeze(classes, 2), width))


def ordered(rows: Value, scores: Value, count: Size) -> tuple[Value, Value]:
    """Rows (B, N, K) by falling score (B, N), the first `count` of them, and their scores."""
    best, places = sorted_along(scores, 1, count, False)
    return Gather(rows, places, integer(1), batch_dims=1), best


def to_front(rows: Value, mask: Value) -> tuple[Value, Value]:
    """The rows for which the mask holds first, in their order, and the mask in the new order."""
    flags = to_element(mask, t.f32)
    sorted_flags, places = sorted_along(flags, 1, dim_size(flags, 1), False)
    return Gather(rows, places, integer(1), batch_dims=1), Greater(sorted_flags, constant(0.5, t.f32))


def lengthened(rows: Value, length: Size, number: float) -> Value:
    """Rows of a number after those that there are (B, N, K)."""
    own = dim_size(rows, 1)
    if own == length:
        return rows
    missing = length - own if isinstance(length, int) and isinstance(own, int) else Subtract(length, own)
    return Pad(rows, ints([0, 0, 0]), vector([0, missing, 0]), constant_like(rows, number))


def column(rows: Value, place: int) -> Value:
    """One number of each row: B, N."""
    return squeeze(slice_axis(rows, 2, place, place + 1), 2)


def differs(x: Value, number: float) -> Value:
    """True where a value is not that number."""
    return NotEqual(x, constant_like(x, number))


def flat_batch(x: Value) -> Value:
    """All axes but the last two as one."""
    return x if x.rank == 3 else reshape_to(x, [-1, dim_size(x, -2), dim_size(x, -1)])
