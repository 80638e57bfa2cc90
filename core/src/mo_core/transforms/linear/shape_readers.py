"""Shapes that are read in the middle of a sequence of linear ops, which keeps the sequence from being folded."""

from __future__ import annotations

from mo_core.ir import Constant, Graph, Node, Value
from mo_core.ir import types as t
from mo_core.ops import Add, BatchNormInference, Divide, Multiply, Negative, ShapeOf, Subtract
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.rewriting.record import origins
from mo_core.transforms.linear.layers import LAYERS

_LINEAR = (Multiply, Add, Subtract, Divide, Negative, BatchNormInference)
_RULE = "shape-after"


@graph_pass("shape-readers", stage=Stage.NORMALIZE, after=("shapes", "shape-lists"), fusion=True)
def shape_readers(graph: Graph, edit: Editor) -> None:
    """Let ShapeOf read what comes after the factors, shifts and batch norms of a layer: the shape is the same."""
    for node in graph:
        shapes = _shapes_of(node) if isinstance(node, LAYERS) else []
        chain = _chain(node, shapes) if shapes else []
        if chain and not edit.excludes(_RULE, node, *chain):
            last = _behind(edit, node, chain, min(shapes, key=lambda n: n._order))
            edit.redirect([(reader, 0) for reader in shapes], last)
            edit.fire(_RULE, origins(shapes), last.name)


def _shapes_of(value: Value) -> list[ShapeOf]:
    return [u for u in value.users() if isinstance(u, ShapeOf)]


def _chain(layer: Node, shapes: list[ShapeOf]) -> list[Node]:
    """The linear ops by constants after a layer that nothing else than ShapeOf reads; adds what reads their shapes."""
    chain: list[Node] = []
    value: Value = layer
    while True:
        readers = [(u, i) for u, i in value.uses if not isinstance(u, ShapeOf)]
        if len(readers) != 1 or not _keeps_shape(*readers[0]):
            return chain
        if chain:
            shapes.extend(_shapes_of(value))
        chain.append(readers[0][0])
        value = readers[0][0]


def _keeps_shape(node: Node, index: int) -> bool:
    if not isinstance(node, _LINEAR) or not t.same_shape(node.shape, node.operands[index].shape):
        return False
    return all(isinstance(v.node, Constant) for i, v in enumerate(node.operands) if i != index)


def _behind(edit: Editor, layer: Node, chain: list[Node], first: Node) -> Node:
    """The end of the chain, of which all is computed ahead of `first`."""
    value = layer
    for node in chain:
        moved = node
        if not edit.graph.precedes(node, first):
            moved = node.evolve(*[value if not isinstance(v.node, Constant) else v for v in node.operands])
            edit.put(moved, first, node, node.name)
            edit.replace(node, moved, rule="ahead-of-shape")
        value = moved
    return value
