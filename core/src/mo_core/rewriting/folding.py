"""Constant folding: a pure node on constants becomes a constant, as a recipe where it is large."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mo_core import ops
from mo_core.errors import MoError, PluginError
from mo_core.ir import Constant, Graph, Node, Value
from mo_core.ir import types as t
from mo_core.ir.tensor import EAGER_BYTES, Array, Tensor, encode, lazy, reshaped, transposed
from mo_core.ops.elementwise import Elementwise
from mo_core.ops.shape import View
from mo_core.ops.unary import Unary

_COMPRESSED_BYTES = 1024
_DEEPEST = 64
_GROWN = 1 << 24
"""Elements beyond which a constant is not computed when it has more of them than what it is computed from."""


def fold(node: Node, compressed: bool = False) -> list[Constant] | None:
    """Constants for the results of `node`, or None when it does not fold. The node itself is left alone.

    `compressed`: also what should stay as it is because it decompresses weights.
    """
    if not node.pure or node.fold is None or not node.operands or not node.results:
        return None
    tensors = []
    for v in node.operands:
        if not isinstance(v.node, Constant):
            return None
        tensors.append(v.node.value)
    if not compressed and _stays_compressed(node, tensors[0]):
        return None
    try:
        folded = _fold(node, tensors)
    except (TypeError, ValueError, ArithmeticError, IndexError, NotImplementedError, MoError):
        return None  # the runtime will meet the same contradiction, with the node at hand
    if folded is not None and node.provider:
        _check_shapes(node, folded)
    return folded


def _check_shapes(node: Node, folded: Sequence[Constant]) -> None:
    """Raise PluginError when an operation from outside computes other shapes than it says."""
    with np.errstate(all="ignore"):
        contents = node.fold(*[v.node.value.numpy() for v in node.operands if isinstance(v.node, Constant)])
    many = contents if isinstance(contents, (tuple, list)) else [contents]
    for content, constant in zip(many, folded):
        if np.shape(content) != tuple(constant.value.shape):
            raise PluginError(
                f"{node.type_name} of {node.provider} infers the shape {t.format_shape(constant.value.shape)} and "
                f"computes {t.format_shape(np.shape(content))}",
                "Its infer and its fold must agree; report this to its author.",
            )


def _stays_compressed(node: Node, source: Tensor) -> bool:
    """Weights in a small type with a Convert after them are meant to be stored like that; quantised ones likewise."""
    if isinstance(node, ops.FakeQuantize):
        return True
    if not isinstance(node, ops.Convert) or source.element.bits >= node.element.bits:
        return False
    quantised = source.element.is_integer and source.element.bits <= 8 and len(source.shape) > 1 and source.size > 1
    return quantised or source.nbytes > _COMPRESSED_BYTES


def _fold(node: Node, tensors: list[Tensor]) -> list[Constant] | None:
    if any(_outgrows(r, tensors) for r in node.results):
        return None
    if len(node.results) == 1 and t.is_static(node.shape) and node.element is not t.dynamic:
        return [Constant(value=_recipe(node, tensors, t.static(node.shape)))]
    if sum(x.nbytes for x in tensors) > 16 * EAGER_BYTES:
        return None
    with np.errstate(all="ignore"):
        contents = node.fold(*[x.numpy() for x in tensors])
    many = contents if isinstance(contents, (tuple, list)) else [contents]
    if len(many) != len(node.results):
        return None
    return [Constant(value=_array(c, r)) for c, r in zip(many, node.results)]


def _outgrows(result: Value, tensors: list[Tensor]) -> bool:
    """True when a result is large because something is repeated in it: the file would grow, and without bounds."""
    size = t.size_of(result.shape)
    return isinstance(size, int) and size > max(_GROWN, sum(x.size for x in dict.fromkeys(tensors)))


def _array(content: object, result: Value) -> Array:
    content = np.asarray(content)
    element = t.from_dtype(content.dtype) if result.element is t.dynamic else result.element
    return Array(encode(content, element), element, content.shape)


def _recipe(node: Node, tensors: list[Tensor], shape: tuple[int, ...]) -> Tensor:
    """The result as a tensor: reshapes share the window, the rest is evaluated when it is written."""
    if isinstance(node, View):
        return reshaped(tensors[0], shape)
    if isinstance(node, ops.Transpose) and tensors[0].element.dtype is None:
        return transposed(tensors[0], [int(a) for a in tensors[1].numpy()])
    function, element = node.fold, node.element

    def evaluate(*arrays: Any) -> Any:
        result = function(*arrays)
        return encode(result[0] if isinstance(result, (tuple, list)) else result, element)

    by_rows = isinstance(node, (Elementwise, Unary, ops.Convert))
    return lazy(evaluate, *tensors, element=element, shape=shape, by_rows=by_rows)


def fold_all(graph: Graph, nodes: Iterable[Node]) -> list[Node]:
    """Fold those of `nodes` that fold, in order; returns the readers of the new constants."""
    touched: list[Node] = []
    for node in nodes:
        if node.graph is graph:
            touched.extend(fold_one(graph, node) or ())
    return touched


def fold_one(graph: Graph, node: Node, compressed: bool = False) -> list[Node] | None:
    """Put constants in the place of a node; returns their readers, or None when it does not fold."""
    constants = fold(node, compressed)
    if constants is None:
        return None
    touched: list[Node] = []
    for result, made in zip(node.results, constants):
        made.inherit(node)
        if result.uses:
            graph.splice([made], node)
            touched.extend(graph.replace(result, made))
    graph.erase_dead([node])
    return touched


def fold_whole(graph: Graph, value: Value) -> Value:
    """The value as one constant when it depends on constants only, decompression included; else the value itself."""
    order: list[Node] = []
    stack = [(value.node, False)]
    while stack:
        node, visited = stack.pop()
        if isinstance(node, Constant) or node in order:
            continue
        if not node.operands or node.graph is not graph or len(order) > _DEEPEST:
            return value
        if visited:
            order.append(node)
        else:
            stack.append((node, True))
            stack.extend((v.node, False) for v in node.operands)
    for node in order:
        constants = fold(node, compressed=True)
        if constants is None:
            return value
        for result, made in zip(node.results, constants):
            made.inherit(node)
            graph.splice([made], node)
            if result is value:
                value = made
            graph.replace(result, made)
        graph.erase_dead([node])
    return value
