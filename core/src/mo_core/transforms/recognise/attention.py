"""Attention from its small ops: softmax(q k^T scale + mask) v as one ScaledDotProductAttention."""

from __future__ import annotations

from mo_core import ops
from mo_core.errors import Decline
from mo_core.ir import Constant, Node, Value, constant
from mo_core.ir import types as t
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import Instead, rule
from mo_core.transforms.layout.transposes import order_of, transpose
from mo_core.transforms.recognise.activations import is_data
from mo_core.transforms.recognise.algebra import instead, multiple

_data = any_("scores", where=is_data)


@rule(p.MatMul(p.Softmax(_data, name="softmax"), any_("v"), name="product", transpose_a=False))
def scaled_attention(product: ops.MatMul, softmax: ops.Softmax, scores: Value, v: Value) -> Instead | None:
    """softmax(q k^T scale + mask) v: ScaledDotProductAttention."""
    if scores.shape is None or softmax.axis % len(scores.shape) != len(scores.shape) - 1:
        raise Decline("Softmax is not along the last axis")
    for summed, mask in _masked(scores):
        for dots, scale in multiple(summed):
            inner = dots.node
            if isinstance(inner, ops.MatMul) and not inner.transpose_a:
                nodes = _between(scores, inner)
                return instead(product, _attention(product, inner, v, mask, scale), *nodes, softmax, seeds=[inner])
    raise Decline("the scores are no product of queries and keys with a scale and a mask")


def _masked(scores: Value) -> list[tuple[Value, Value | None]]:
    """What a mask is added to, with the mask; also with none."""
    node = scores.node
    found: list[tuple[Value, Value | None]] = [(scores, None)]
    if isinstance(node, ops.Add):
        for x, mask in ((node.a, node.b), (node.b, node.a)):
            if x.shape is not None and len(x.shape) == len(scores.dims) and not isinstance(x.node, Constant):
                found.append((x, mask))  # a mask may be larger than the scores: the operation broadcasts both, too
    return found


def _between(value: Value, seed: Node) -> list[Node]:
    """The nodes on the way from the seed to a value, along the operands that have its type."""
    nodes: list[Node] = []
    while value.node is not seed:
        nodes.append(value.node)
        value = next(v for v in value.node.operands if _leads_to(v, seed))
    return nodes


def _leads_to(value: Value, seed: Node) -> bool:
    if value.node is seed:
        return True
    scaled = isinstance(value.node, (ops.Multiply, ops.Divide, ops.Negative))
    return scaled and any(_leads_to(v, seed) for v in value.node.operands)


def _attention(product: ops.MatMul, dots: ops.MatMul, v: Value, mask: Value | None, scale: float) -> Value:
    q, k = dots.operands
    if q.shape is None or k.shape is None or v.shape is None or not is_data(q) or not is_data(k) or not is_data(v):
        raise Decline("a rank is unknown, or an operand is constant")
    if not len(q.shape) == len(k.shape) == len(v.shape) or len(q.shape) not in (3, 4):
        raise Decline("queries, keys and values are not of one rank, 3 or 4")
    if not all(map(t.same_dim, q.shape[:-2], k.shape[:-2])) or not all(map(t.same_dim, q.shape[:-2], v.shape[:-2])):
        raise Decline("queries, keys and values are not known to have the same batches")
    if mask is not None and mask.shape is None:
        raise Decline("the rank of the mask is unknown")
    if mask is not None and mask.rank == 1:
        mask = ops.Unsqueeze(mask, [0])  # the operation takes no mask of one axis
    if not dots.transpose_b:
        k = _exchanged(k)
    if product.transpose_b:
        v = _exchanged(v)
    return ops.ScaledDotProductAttention(
        q, k, v, constant(0.0, q.element) if mask is None else mask, constant(scale, q.element), causal=False
    )


def _exchanged(x: Value) -> Value:
    """The last two axes exchanged; a Transpose that did so, or more, is merged or undone."""
    rank = len(x.dims)
    turn = (*range(rank - 2), rank - 1, rank - 2)
    order = order_of(x.node) if isinstance(x.node, ops.Transpose) and len(x.uses) == 1 else ()
    if order:
        return transpose(x.node.operands[0], [order[a] for a in turn])
    return transpose(x, turn)


attention_fusion = rewrites(
    "attention-fusion", scaled_attention, stage=Stage.FUSE, group="recognise", before=("linear",)
)
