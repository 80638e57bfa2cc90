"""Filters that a convolution and a transposed convolution share (tied weights), kept apart in the file.

The CPU plug-in of OpenVINO (seen in 2026.4) keeps packed filters by their place in memory and by their layout. With as
many inputs as outputs both kinds have one layout, and whichever comes second computes with the other's packed filters.
"""

from __future__ import annotations

import numpy as np

from mo_core.ir import Constant, Graph, Node, Value, tensor
from mo_core.ir.tensor import Lazy, Tensor
from mo_core.ops import Convert, Convolution, ConvolutionBackpropData, Transpose
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.rewriting.record import origins


@graph_pass(
    "tied-filters",
    stage=Stage.CLEANUP,
    after=("common-subexpressions", "separate-constants"),
    before=("dead-code",),
)
def tied_filters(graph: Graph, edit: Editor) -> None:
    """Store filters that a transposed convolution shares with a convolution apart, which the runtime would mix up."""
    plain: dict[tuple[object, ...], list[Tensor]] = {}
    transposed: list[tuple[Node, Constant]] = []
    for node in graph:
        filters = _square_filters(node)
        if filters is not None and type(node) is Convolution:
            plain.setdefault((filters.element, filters.shape), []).append(filters.value)
        elif filters is not None:
            transposed.append((node, filters))
    for node, filters in transposed:
        if any(_may_be_equal(filters.value, other) for other in plain.get((filters.element, filters.shape), ())):
            _separate(edit, node, filters)


def _square_filters(node: Node) -> Constant | None:
    """Constant filters, compressed or not, with as many inputs as outputs."""
    if type(node) not in (Convolution, ConvolutionBackpropData):
        return None
    source: Value = node.operands[1]
    source = source.node.operands[0] if isinstance(source.node, Convert) else source
    found = source.node
    return found if isinstance(found, Constant) and found.dims[0] == found.dims[1] else None


def _may_be_equal(a: Tensor, b: Tensor) -> bool:
    """False when the first rows differ; recipes are not evaluated."""
    if isinstance(a, Lazy) or isinstance(b, Lazy):
        return a is b
    return a is b or bool(np.array_equal(a.stored(0, 1), b.stored(0, 1)))


def _separate(edit: Editor, node: Node, filters: Constant) -> None:
    """Exchange the axes in the file, and exchange them back when the model is loaded."""
    order = (1, 0, *range(2, filters.rank))
    turned = Constant(value=tensor.transposed(filters.value, order), stored_as=filters.stored_as)
    turned.name, turned.origin = f"{filters.name}/transposed", filters.origin
    turned.rt_info = filters.rt_info
    old = node.operands[1]
    value = old.node.evolve(turned) if isinstance(old.node, Convert) else turned
    back = Transpose(value, np.array(order, np.int64))
    edit.set_operand(node, 1, back, name=f"{node.name}/filters")
    edit.fire("apart", origins([node]), node.name)
