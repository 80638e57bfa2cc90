"""Detection layers. Each gives what Darknet's layer gives, or, with --decode_boxes, rows of boxes.

A row is x, y, width, height in parts of the image (x and y of the middle), objectness, and the score of each class
times the objectness. Nothing is left out by a threshold, and boxes that overlap stay.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from mo_core.build import (
    arange,
    concat,
    constant_like,
    dim_size,
    dims_of,
    flatten,
    permute,
    reshape_to,
    split,
    to_element,
)
from mo_core.errors import ModelError
from mo_core.frontend import converter
from mo_core.ir import Value
from mo_core.ops import Add, Divide, Exp, Multiply, Power, RegionYolo, Sigmoid, Softmax
from mo_core.options import Options
from mo_darknet.layers import softmax_of_siblings

Ints: TypeAlias = "tuple[int, ...]"
Reals: TypeAlias = "tuple[float, ...]"


@converter("yolo", ignore="*")
def yolo(
    x: Value,
    *,
    classes: int = 20,
    num: int = 1,
    mask: Ints | None = None,
    anchors: Reals = (),
    scale_x_y: float = 1.0,
    new_coords: bool = False,
    cell: Reals,
    options: Options,
) -> Value:
    """YOLO v3 and v4: N, boxes * (5 + classes), H, W. `cell` is height and width of a place in pixels of the image.

    With `new_coords` the layer before has activated everything already.
    """
    mask = tuple(range(num)) if mask is None else mask
    boxes = _Boxes(x, classes, [_anchor(anchors, i, cell) for i in mask])
    shift = 0.5 * (1 - scale_x_y)
    if options.decode_boxes:
        xy, wh, objectness, scores = boxes.parts()
        if not new_coords:
            xy, objectness, scores = Sigmoid(xy), Sigmoid(objectness), Sigmoid(scores)
        wh = Multiply(Power(wh, 2.0), 4.0) if new_coords else Exp(wh)
        return boxes.rows(Add(Multiply(xy, scale_x_y), shift), wh, objectness, scores)
    if not new_coords:
        x = _region(x, classes, num, False, mask, anchors)
    if scale_x_y == 1:
        return x
    factors = [scale_x_y, scale_x_y, *[1.0] * (3 + classes)] * len(mask)
    return Add(Multiply(x, _channels(x, factors)), _channels(x, [shift if f != 1 else 0.0 for f in factors]))


@converter("region", ignore="*")
def region(
    x: Value,
    *,
    classes: int = 20,
    coords: int = 4,
    num: int = 1,
    anchors: Reals = (),
    softmax: bool = False,
    tree: str | None = None,
    background: bool = False,
    cell: Reals,
    options: Options,
) -> Value:
    """YOLO v2: N, boxes * (5 + classes), H, W; anchors count places. With `softmax` the result is N, elements."""
    if coords != 4 or background:
        raise ModelError("region is supported with four coords and without background", "Cut it off the .cfg.")
    if tree is None and not options.decode_boxes:
        mask = () if softmax else tuple(range(num))
        return _region(x, classes, num, softmax, mask, anchors)
    boxes = _Boxes(x, classes, [_anchor(anchors, i, (1.0, 1.0)) for i in range(num)])
    xy, wh, objectness, scores = boxes.parts()
    xy, objectness = Sigmoid(xy), Sigmoid(objectness)
    if tree is not None:
        scores = softmax_of_siblings(scores, tree, 4)
    else:
        scores = Softmax(scores, axis=4) if softmax else Sigmoid(scores)
    if options.decode_boxes:
        return boxes.rows(xy, Exp(wh), objectness, scores)
    return boxes.as_read(concat([xy, wh, objectness, scores], 4))


@converter("detection", ignore="*")
def detection(
    x: Value,
    *,
    classes: int = 1,
    coords: int = 1,
    num: int = 1,
    side: int = 7,
    softmax: bool = False,
    sqrt: bool = False,
    options: Options,
) -> Value:
    """YOLO v1: for each place the scores of its classes; then objectness, then boxes, of each place and number."""
    places = side * side
    scores, objectness, boxes = split(flatten(x, 1), 1, [places * n for n in (classes, num, num * coords)])
    scores = reshape_to(scores, [-1, places, 1, classes])
    scores = Softmax(scores, axis=3) if softmax else scores
    if not options.decode_boxes:
        return concat([flatten(scores, 1), objectness, boxes], 1)
    if coords != 4:
        raise ModelError(f"boxes of {coords} numbers cannot be decoded", "Convert without --decode_boxes.")
    xy, wh = split(reshape_to(boxes, [-1, places, num, 4]), 3, 2)
    grid = np.stack([np.tile(np.arange(side), side), np.repeat(np.arange(side), side)], 1)[:, None]
    xy = Divide(Add(xy, constant_like(xy, grid)), side)
    objectness = reshape_to(objectness, [-1, places, num, 1])
    rows = concat([xy, Power(wh, 2.0) if sqrt else wh, objectness, Multiply(scores, objectness)], 3)
    return reshape_to(rows, [-1, places * num, 5 + classes])


def _anchor(anchors: Reals, index: int, cell: Reals) -> tuple[float, float]:
    """Width and height of an anchor, counted in places."""
    if not 0 <= 2 * index < len(anchors) - 1:
        raise ModelError(f"anchor {index} is not among the {len(anchors) // 2} anchors", "Correct num and mask.")
    return anchors[2 * index] / cell[1], anchors[2 * index + 1] / cell[0]


def _region(x: Value, classes: int, num: int, softmax: bool, mask: Ints, anchors: Reals) -> Value:
    """The operation, for boxes of four numbers."""
    boxes = RegionYolo(x, coords=4, classes=classes, num=num, axis=1, end_axis=3, mask=mask, anchors=anchors)
    return boxes.evolve(do_softmax=softmax)


def _channels(x: Value, numbers: list[float]) -> Value:
    return constant_like(x, np.reshape(numbers, (-1, 1, 1)))


class _Boxes:
    """The boxes of a feature map: N, anchors * (5 + classes), H, W."""

    def __init__(self, x: Value, classes: int, anchors: list[tuple[float, float]]) -> None:
        self._x, self._classes, self._anchors = x, classes, anchors
        self._height, self._width = dim_size(x, 2), dim_size(x, 3)

    def parts(self) -> tuple[Value, ...]:
        """x and y, width and height, objectness, scores: each N, H, W, anchors, numbers."""
        sizes: Any = [dim_size(self._x, 0), len(self._anchors), 5 + self._classes, self._height, self._width]
        return split(permute(reshape_to(self._x, sizes), (0, 3, 4, 1, 2)), 4, [2, 2, 1, self._classes])

    def as_read(self, boxes: Value) -> Value:
        """N, H, W, anchors, numbers in the order of the feature map."""
        sizes: Any = [dim_size(self._x, axis) for axis in range(4)]
        return reshape_to(permute(boxes, (0, 3, 4, 1, 2)), sizes)

    def rows(self, xy: Value, wh: Value, objectness: Value, scores: Value) -> Value:
        """N, boxes, 5 + classes: `xy` counts places from each place, `wh` anchors."""
        columns, rows = (to_element(arange(n), xy.element) for n in (self._width, self._height))
        x, y = split(xy, 4, 2)
        place = concat([Add(x, reshape_to(columns, [-1, 1, 1])), Add(y, reshape_to(rows, [-1, 1, 1, 1]))], 4)
        size = to_element(dims_of(self._x, [3, 2]), xy.element)
        place, extent = Divide(place, size), Divide(Multiply(wh, constant_like(wh, np.array(self._anchors))), size)
        found = concat([place, extent, objectness, Multiply(scores, objectness)], 4)
        return reshape_to(found, [dim_size(self._x, 0), -1, 5 + self._classes])
