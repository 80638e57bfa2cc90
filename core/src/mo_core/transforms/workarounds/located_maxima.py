"""Places of maxima in data of unknown size whose padding follows from it.

The CPU plug-in of OpenVINO (seen in 2026.4) takes MaxPool with `auto_pad` `same_upper` or `same_lower` for one without
padding where the spatial sizes are not known and the places are asked for. Here the data is padded before, and the
places are counted without the padding. `test_located_maxima` tells when that is mended.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import constant_like, dim_of, dims_of, integer, ints, scalar, to_element, vector
from mo_core.build.windows import extent
from mo_core.ir import Graph, Value
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import Add, Divide, FloorMod, Maximum, MaxPool, Multiply, Pad, ReduceProd, Subtract
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass


@graph_pass("located-maxima", stage=Stage.CLEANUP, after=("common-subexpressions",), before=("dead-code",))
def located_maxima(graph: Graph, edit: Editor) -> None:
    """Pad data of unknown size before a MaxPool whose places are read, where its padding follows from the size."""
    for node in list(graph):
        if isinstance(node, MaxPool) and node.results[1].uses and node.auto_pad in ("same_upper", "same_lower"):
            least = _least(node.data.element)
            if least is not None and node.axis in (0, 1, 2) and not all(isinstance(d, int) for d in node.data.dims[2:]):
                edit.replace(node, *_padded(node, least), rule="padded")


def _least(element: ElementType) -> float | int | None:
    """A number that is no maximum."""
    if element.is_real:
        return -np.inf
    return int(np.iinfo(element.dtype).min) if element.dtype is not None and element is not t.boolean else None


def _padded(node: MaxPool, least: float | int) -> tuple[Value, Value]:
    """The maxima of padded data, and their places in the data without padding."""
    begin, end = zip(*(_padding(node, i) for i in range(len(node.kernel))))
    data = Pad(node.data, vector([0, 0, *begin]), vector([0, 0, *end]), constant_like(node.data, least))
    none = (0,) * len(node.kernel)
    pool = node.evolve(data, auto_pad="explicit", pads_begin=none, pads_end=none)
    places = _without_padding(to_element(pool.results[1], t.i64), data, node.data, begin)
    return pool.results[0], to_element(places, node.index_element_type)


def _padding(node: MaxPool, i: int) -> tuple[Value, Value]:
    """How much is added at both ends of a spatial axis."""
    stride, reach = node.strides[i], extent(node.kernel[i], node.dilations[i] if node.dilations else 1)
    size = dim_of(node.data, 2 + i)
    count = Divide(Add(size, stride - 1), stride)
    total = Maximum(Subtract(Add(Multiply(Subtract(count, 1), stride), reach), size), 0)
    less = Divide(total, 2)
    more = Subtract(total, less)
    return (less, more) if node.auto_pad == "same_upper" else (more, less)


def _without_padding(places: Value, padded: Value, data: Value, begin: Sequence[Value]) -> Value:
    axes = range(2, 2 + len(begin))
    all_padded, everything = (ReduceProd(dims_of(x, axes), ints([0]), keep_dims=False) for x in (padded, data))
    inside: Value = FloorMod(places, all_padded)
    outer = Divide(places, all_padded)
    found: Value = integer(0)
    step: Value = integer(1)
    for axis, before in zip(reversed(axes), reversed(begin)):
        size = dim_of(padded, axis)
        here = Subtract(FloorMod(inside, size), scalar(before))
        found, step = Add(found, Multiply(here, step)), Multiply(step, dim_of(data, axis))
        inside = Divide(inside, size)
    return Add(found, Multiply(outer, everything))
