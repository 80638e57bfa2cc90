"""Detection layers. Each gives what Darknet's layer gives, or, with --decode_boxes, rows of boxes.

A row is x, y, width, height in parts of the image (x and y of the middle), objectness, and the score of each class
times the objectness. Nothing is left out by a threshold, and boxes that overlap stay.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from mo_core import build
from mo_core.build import arange, concat, constant_like, dim_size, dims_of, permute, reshape_to, split, to_element
from mo_core.errors import ModelError
from mo_core.frontend import converter
from mo_core.ir import Value
from mo_core.ops import Add, Divide, Exp, Multiply, Power, RegionYolo, Sigmoid, Softmax
from mo_core.options import Options
from mo_darknet.layers import Ints, Reals, softmax_of_siblings


@converter("yolo", ignore="*")
def yolo(
    x: Value,
    *,
    classes: int,
    num: int = 1,
    mask: Ints = (),
    anchors: Reals = (),
    scale_x_y: float = 1.0,
    new_coords: bool = False,
    cell: Reals,
    options: Options,
) -> Value:
    """YOLO v3 and v4: N, boxes * (5 + classes), H, W. `cell` is height and width of a place in pixels of the image.

    With `new_coords` the layer before has activated everything already.
    """
    mask = mask or tuple(range(num))
    sizes, shift = _anchors(anchors, mask, cell), 0.5 * (1 - scale_x_y)
    if options.get("decode_boxes"):
        xy, wh, objectness, scores = _parts(x, len(mask), classes)
        if new_coords:
            wh = Multiply(Power(wh, 2.0), 4.0)
        else:
            xy, wh, objectness, scores = Sigmoid(xy), Exp(wh), Sigmoid(objectness), Sigmoid(scores)
        return _rows(x, sizes, Add(Multiply(xy, scale_x_y), shift), wh, objectness, scores)
    if not new_coords:
        x = _activated(x, classes, num, mask, anchors, softmax=False)
    is_xy = np.tile([1.0, 1.0, *[0.0] * (3 + classes)], len(mask)).reshape(-1, 1, 1)
    return Add(Multiply(x, constant_like(x, 1 + is_xy * (scale_x_y - 1))), constant_like(x, is_xy * shift))


@converter("region", ignore="*")
def region(
    x: Value,
    *,
    classes: int,
    num: int = 1,
    anchors: Reals = (),
    softmax: bool = False,
    tree: str = "",
    options: Options,
) -> Value:
    """YOLO v2: N, boxes * (5 + classes), H, W; anchors count places. With `softmax` the result is N, elements."""
    if not tree and not options.get("decode_boxes"):
        return _activated(x, classes, num, () if softmax else tuple(range(num)), anchors, softmax=softmax)
    xy, wh, objectness, scores = _parts(x, num, classes)
    xy, objectness = Sigmoid(xy), Sigmoid(objectness)
    if tree:
        scores = softmax_of_siblings(scores, tree, 4)
    else:
        scores = Softmax(scores, axis=4) if softmax else Sigmoid(scores)
    if options.get("decode_boxes"):
        return _rows(x, _anchors(anchors, range(num), (1.0, 1.0)), xy, Exp(wh), objectness, scores)
    boxes = permute(concat([xy, wh, objectness, scores], 4), (0, 3, 4, 1, 2))
    return reshape_to(boxes, [dim_size(x, axis) for axis in range(4)])


@converter("detection", ignore="*")
def detection(x: Value, *, classes: int, num: int = 1, side: int = 7, softmax: bool = False) -> Value:
    """YOLO v1, never as rows: the scores of the classes of each place; then objectness, then boxes."""
    places = side * side
    scores, objectness, boxes = split(build.flatten(x, 1), 1, [places * n for n in (classes, num, num * 4)])
    scores = reshape_to(scores, [-1, places, 1, classes])
    scores = Softmax(scores, axis=3) if softmax else scores
    return concat([build.flatten(scores, 1), objectness, boxes], 1)


def _activated(x: Value, classes: int, num: int, mask: Ints, anchors: Reals, *, softmax: bool) -> Value:
    boxes = RegionYolo(x, coords=4, classes=classes, num=num, axis=1, end_axis=3, mask=mask, anchors=anchors)
    return boxes.evolve(do_softmax=softmax)


def _anchors(anchors: Reals, mask: Iterable[int], cell: Reals) -> Any:
    """Rows of width and height, counted in places."""
    try:
        return np.reshape(anchors, (-1, 2))[list(mask)] / cell[::-1]
    except (ValueError, IndexError) as e:
        raise ModelError(f"there are {len(anchors)} numbers of anchors: {e}", "Correct num, mask or anchors.") from e


def _parts(x: Value, anchors: int, classes: int) -> tuple[Value, ...]:
    """x and y, width and height, objectness, scores: each N, H, W, anchors, numbers."""
    apart = reshape_to(x, [dim_size(x, 0), anchors, 5 + classes, dim_size(x, 2), dim_size(x, 3)])
    return split(permute(apart, (0, 3, 4, 1, 2)), 4, [2, 2, 1, classes])


def _rows(x: Value, anchors: Any, xy: Value, wh: Value, objectness: Value, scores: Value) -> Value:
    """N, boxes, 5 + classes: `xy` counts places from each place, `wh` anchors."""
    columns, rows = (to_element(arange(dim_size(x, axis)), x.element) for axis in (3, 2))
    across, down = split(xy, 4, 2)
    place = concat([Add(across, reshape_to(columns, [-1, 1, 1])), Add(down, reshape_to(rows, [-1, 1, 1, 1]))], 4)
    size = to_element(dims_of(x, [3, 2]), x.element)
    extent = Multiply(wh, constant_like(wh, anchors))
    found = concat([Divide(place, size), Divide(extent, size), objectness, Multiply(scores, objectness)], 4)
    return reshape_to(found, [dim_size(x, 0), -1, scores.dims[-1] + 5])
