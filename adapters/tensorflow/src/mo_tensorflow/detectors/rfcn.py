"""R-FCN: the loops that crop position-sensitive features go to one ROIPooling."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mo_core.build import (
    arange,
    broadcast_to,
    concat,
    dim_of,
    dims_of,
    gather,
    ints,
    permute,
    reshape_keeping,
    reshape_to,
    split,
    to_element,
    unsqueeze,
)
from mo_core.errors import Unsupported
from mo_core.ir import Foreign, Graph, Node, Value, constant
from mo_core.ir import types as t
from mo_core.ops import Add, Multiply, ReduceMean, ROIPooling, Subtract
from mo_core.rewriting import Editor
from mo_tensorflow.detectors.nodes import named
from mo_tensorflow.detectors.pipeline import Pipeline
from mo_tensorflow.detectors.suppression import XYWH

_LOOP = r"(?:.*/)?SecondStageBoxPredictor/map(?:_\d+)?/TensorArrayStack/TensorArrayGatherV3"
_FIELD = "second_stage_box_predictor/rfcn_box_predictor"


def put_pooling(graph: Graph, edit: Editor, pipeline: Pipeline) -> int:
    """Let ROIPooling crop the regions of all images; returns how many loops went."""
    by_name = {n.name: n for n in graph}
    done = 0
    for loop in named(graph, _LOOP):
        features, regions = (_scattered(by_name, loop, which) for which in ("", "_1"))
        if features is not None and regions is not None:
            pooled = _pooled(features, regions, pipeline)
            edit.replace_region([features, regions], [loop], [pooled], rule="position-sensitive-crops")
            done += 1
    return done


def find_regions(graph: Graph) -> Value | None:
    """The regions that the loops crop: N, P, 4 as y0, x0, y1, x1, relative; None where there is no such loop."""
    by_name = {n.name: n for n in graph}
    found = (_scattered(by_name, loop, "_1") for loop in named(graph, _LOOP))
    return next((v for v in found if v is not None), None)


def _scattered(by_name: Mapping[str, Node], loop: Foreign, which: str) -> Value | None:
    """What one of the arrays that the loop reads is made of."""
    name = loop.name.replace("TensorArrayStack/TensorArrayGatherV3", f"TensorArrayUnstack{which}/TensorArrayScatter")
    node = by_name.get(f"{name}/TensorArrayScatterV3")
    return node.operands[2] if node is not None else None


def _pooled(features: Value, regions: Value, pipeline: Pipeline) -> Value:
    """Means of the crops, N, P, 1, 1, C, of features N, H, W, bins * C.

    Every bin of every image is as an image of its own: PSROIPooling says the same, and the runtime has it for fixed
    sizes only.
    """
    rows, columns = (pipeline.integer(f"{_FIELD}/num_spatial_bins_{side}", 3) for side in ("height", "width"))
    height, width = (pipeline.integer(f"{_FIELD}/crop_{side}", 12) for side in ("height", "width"))
    if rows < 1 or columns < 1 or height % rows or width % columns:
        raise Unsupported(
            f'"{pipeline.path}" has crops of {height} x {width} in {rows} x {columns} bins, which do not divide them',
            "Leave the file out: the model is converted operation by operation, with the outputs that it has.",
        )
    bins = rows * columns
    apart = permute(reshape_keeping(features, (0, 0, 0, bins, -1)), (0, 3, 4, 1, 2))
    rois = _rois(gather(regions, XYWH, -1), rows, columns)
    pooled = ROIPooling(
        reshape_to(apart, concat([ints((-1,)), dims_of(apart, (2, 3, 4))], 0)),
        reshape_to(rois, (-1, 5)),
        pooled_h=height // rows,
        pooled_w=width // columns,
        spatial_scale=1.0,
        method="bilinear",
    )
    means = ReduceMean(pooled, ints((2, 3)), keep_dims=False)
    of_bins = reshape_to(means, concat([dims_of(regions, (0, 1)), ints((bins, -1))], 0))
    return unsqueeze(ReduceMean(of_bins, ints((2,)), keep_dims=True), 2)


def _rois(boxes: Value, rows: int, columns: int) -> Value:
    """The bins of boxes N, P, 4: N, P, bins, 5 as the number of the image and bin, x0, y0, x1, y1."""
    y, x = (part.reshape(-1, 1) for part in np.mgrid[:rows, :columns])
    begin = np.concatenate([x / columns, y / rows], 1).astype(np.float32)
    step = np.array([1 / columns, 1 / rows], np.float32)
    low, high = split(unsqueeze(boxes, 2), -1, 2)
    size = Subtract(high, low)
    corners = [Add(low, Multiply(size, constant(place))) for place in (begin, begin + step)]
    images = unsqueeze(to_element(arange(dim_of(boxes, 0)), t.f32), 1, 2, 3)
    bins = constant(np.arange(rows * columns, dtype=np.float32).reshape(-1, 1))
    owners = Add(Multiply(images, constant(np.float32(rows * columns))), bins)
    each = broadcast_to(owners, concat([dims_of(boxes, (0, 1)), ints((rows * columns, 1))], 0))
    return concat([each, *corners], 3)
