"""Several convolutions as one: a grouped one after a Split, or a wide one on the same data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mo_core.build import known_ints
from mo_core.errors import Decline
from mo_core.ir import Constant, Graph, Node, Value, constant
from mo_core.ops import (
    Add,
    Concat,
    Convolution,
    ConvolutionBackpropData,
    GroupConvolution,
    GroupConvolutionBackpropData,
    MatMul,
    Reshape,
    Split,
    Transpose,
    VariadicSplit,
)
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass, rewrites
from mo_core.rewriting.pattern import Match, Op
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.linear.layers import layer_of

_GROUPED: dict[type[Node], type[Node]] = {
    Convolution: GroupConvolution,
    ConvolutionBackpropData: GroupConvolutionBackpropData,
}


class Branch(NamedTuple):
    """One way from a Split to a Concat: Transpose, convolution, bias, Transpose (only the convolution is a must)."""

    source: Value
    before: tuple[int, ...]
    conv: Node
    bias: Value | None
    after: tuple[int, ...]
    nodes: tuple[Node, ...]


def _branch(value: Value) -> Branch | None:
    """The branch that ends at an operand of a Concat; None when there is none, or when others read from it."""
    nodes: list[Node] = []
    value, after = _unpermuted(value, nodes)
    bias: Value | None = None
    if isinstance(value.node, Add) and len(value.uses) == 1:
        a, b = value.node.operands
        a, b = (b, a) if isinstance(a.node, Constant) else (a, b)
        layer = layer_of(a.node)
        if (
            not isinstance(b.node, Constant)
            or layer is None
            or b.shape not in ((1,) * len(layer.bias_shape), layer.bias_shape)
        ):
            return None
        nodes.append(value.node)
        value, bias = a, b
    conv = value.node
    if type(conv) not in _GROUPED or len(conv.operands) != 2 or len(conv.uses) != 1:
        return None
    if not isinstance(conv.operands[1].node, Constant):
        return None
    nodes.append(conv)
    source, before = _unpermuted(conv.operands[0], nodes)
    return Branch(source, before, conv, bias, after, tuple(nodes)) if len(source.uses) == 1 else None


def _unpermuted(value: Value, nodes: list[Node]) -> tuple[Value, tuple[int, ...]]:
    """What a Transpose that only one op reads permutes, and its order (the value itself, and nothing)."""
    node = value.node
    order = known_ints(node.order) if isinstance(node, Transpose) and len(value.uses) == 1 else None
    if not order:
        return value, ()
    nodes.append(node)
    return node.operands[0], order


class _Branches(Op):
    """A Concat whose operands are branches from the results of one Split; captures `concat`, `split`, `branches`."""

    def __init__(self) -> None:
        super().__init__((Concat,), (), name="concat")

    def names(self) -> set[str]:
        return {"concat", "split", "branches"}

    @property
    def depth(self) -> int:
        return 6

    def match(self, value: Value, match: Match) -> Sequence[Match]:
        node = value.node
        if not isinstance(node, Concat) or len(node.operands) < 2:
            return ()
        branches: list[Branch] = []
        for operand in node.operands:
            branch = _branch(operand) if len(operand.uses) == 1 else None
            if branch is None or (branches and branch.source.node is not branches[0].source.node):
                return ()
            branches.append(branch)
        split = branches[0].source.node
        if not isinstance(split, (Split, VariadicSplit)) or len(split.results) != len(branches):
            return ()
        nodes = (node, split, *(n for b in branches for n in b.nodes))
        return [Match({**match.captures, "concat": node, "split": split, "branches": branches}, match.nodes + nodes)]


@rule(_Branches())
def grouped_convolution(concat: Concat, split: Node, branches: Sequence[Branch]) -> Value | None:
    """Split, a convolution on each part, and Concat in the same order: one grouped convolution."""
    first = branches[0]
    if not _in_order(branches):
        raise Decline("the Concat takes the parts in another order than the Split gives them")
    if any(b.before != first.before or b.after != first.after for b in branches):
        raise Decline("the parts are permuted in different ways")
    if any(type(b.conv) is not type(first.conv) or b.conv.attributes != first.conv.attributes for b in branches):
        raise Decline("the convolutions have different strides, paddings or dilations")
    filters = [b.conv.operands[1] for b in branches]
    if any(f.shape != filters[0].shape or f.element is not filters[0].element for f in filters):
        raise Decline("the convolutions have filters of different sizes")
    axis = known_ints(split.operands[1])
    rank = concat.rank
    if axis is None or len({r.shape[axis[0] % rank] for r in split.results if r.shape is not None}) != 1:
        raise Decline("the parts are not of the same size")
    order, back = first.before or tuple(range(rank)), first.after or tuple(range(rank))
    if order[1] != axis[0] % rank or back[concat.axis % rank] != 1:
        raise Decline("Split and Concat do not work along the channels")
    shape = (len(branches), *filters[0].static_shape)
    stacked = Reshape(Concat(filters, axis=0), np.array(shape, np.int64), special_zero=False)
    x = split.operands[0]
    conv = _GROUPED[type(first.conv)](_permuted(x, first.before), stacked, **first.conv.attributes)
    biases = [_full_bias(b.conv, b.bias) for b in branches] if any(b.bias is not None for b in branches) else []
    y: Value = Add(conv, Concat(biases, axis=1)) if biases else conv
    return _permuted(y, first.after)


def _in_order(branches: Sequence[Branch]) -> bool:
    return [b.source.index for b in branches] == list(range(len(branches)))


def _permuted(x: Value, order: tuple[int, ...]) -> Value:
    return Transpose(x, np.array(order, np.int64)) if order else x


grouped = rewrites("grouped-convolution", grouped_convolution, stage=Stage.FUSE, group="linear")


# -- side by side


_RULE = "side-by-side"


@graph_pass("horizontal-fusion", stage=Stage.FUSE, after=("linear", "stride-optimization"), default=False)
def horizontal(graph: Graph, edit: Editor) -> None:
    """Make convolutions (or matrix products) of one geometry on the same data one wide one, and split its result."""
    for node in graph:
        for result in node.results:
            for siblings in _siblings(result, edit):
                _join(siblings, edit)


def _siblings(x: Value, edit: Editor) -> list[list[tuple[Node, Value | None, Node]]]:
    """Layers on `x` that may become one: lists of layer, bias, and the node whose result stands for both."""
    if len(x.uses) < 2:
        return []
    found: dict[object, list[tuple[Node, Value | None, Node]]] = {}
    for user, index in x.uses:
        layer = layer_of(user) if isinstance(user, (Convolution, MatMul)) and user.graph is edit.graph else None
        if layer is None or index != layer.data or "b" in layer.axes or edit.excludes(_RULE, user):
            continue
        weights = user.operands[layer.weights]
        if not isinstance(weights.node, Constant) or layer.weights != 1:
            continue
        along = layer.axes.index("o")
        rest = tuple(n for i, n in enumerate(weights.static_shape) if i != along)
        key = type(user), weights.element, rest, tuple(sorted(user.attributes.items()))
        found.setdefault(key, []).append((user, *_with_bias(user)))
    return [group for group in found.values() if len(group) > 1]


def _with_bias(node: Node) -> tuple[Value | None, Node]:
    user = node.users()[0] if len(node.uses) == 1 else None
    layer = layer_of(node)
    if isinstance(user, Add) and layer is not None:
        a, b = user.operands
        bias = a if b is node else b
        if isinstance(bias.node, Constant) and bias.shape in (layer.bias_shape, layer.bias_shape[layer.out_axis :]):
            return bias, user
    return None, node


def _join(siblings: list[tuple[Node, Value | None, Node]], edit: Editor) -> None:
    first = siblings[0][0]
    layer = layer_of(first)
    assert layer is not None
    weights = [node.operands[1] for node, _, _ in siblings]
    along = layer.axes.index("o")
    wide: Value = first.evolve(first.operands[0], Concat(weights, axis=along))
    if any(bias is not None for _, bias, _ in siblings):
        parts = [_full_bias(node, bias) for node, bias, _ in siblings]
        wide = Add(wide, Concat(parts, axis=layer.out_axis))
    lengths = [w.static_shape[along] for w in weights]
    split = VariadicSplit(wide, layer.out_axis, np.array(lengths, np.int64))
    ends = sorted([(end, split.results[i]) for i, (_, _, end) in enumerate(siblings)], key=lambda e: e[0]._order)
    for end, result in ends:
        edit.replace(end, result, rule=_RULE, matched=[node for node, _, last in siblings if last is end])


def _full_bias(node: Node, bias: Value | None) -> Value:
    layer = layer_of(node)
    assert layer is not None
    shape = layer.bias_shape
    zeros = constant(np.zeros(shape, np.float32), node.element)
    return zeros if bias is None else Add(zeros, bias)
