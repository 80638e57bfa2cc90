"""Fusions around quantisation and around reshaped batch norms, each under a name of its own.

Together with the linear fusions these are the fusions that the Ascend model compression toolkit documents; the table
that maps its names to ours is in `switches`.
"""

from __future__ import annotations

import numpy as np

from mo_core.build import known_ints
from mo_core.errors import Decline
from mo_core.ir import Constant, Node, Value
from mo_core.ir import types as t
from mo_core.ops import Clamp, FakeQuantize, MatMul, ReLU, Reshape, ShapeOf, Transpose
from mo_core.ops.shape import Rearrangement
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, const, either, op, p
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.linear import motion as linear_motion
from mo_core.transforms.linear.channels import content
from mo_core.transforms.linear.layers import layer_of

# -- batch norm after something that stands after a layer


batch_to_space = rewrites(
    "batch-to-space-reorder", linear_motion.ahead_of_batch_to_space, stage=Stage.FUSE, group="linear"
)
concat = rewrites("concat-reorder", linear_motion.ahead_of_concat, stage=Stage.FUSE, group="linear")


@rule(op(Rearrangement, operands=[op(Rearrangement, name="above")], name="last"))
def reshapes_to_and_fro(last: Node, above: Node) -> Value | None:
    """Reshapes in a row that end in the shape they began with."""
    value: Value = last
    for _ in range(8):
        node = value.node
        if not isinstance(node, Rearrangement) or not _keeps_order(node):
            return None
        value = node.operands[0]
        if t.same_shape(value.shape, last.shape):
            return value if _is_settled(last, value) else None
    return None


def _keeps_order(node: Node) -> bool:
    """True when the elements stay in their order: no Transpose, or one that moves axes of size 1 only."""
    if not isinstance(node, Transpose):
        return node.shape is not None
    order, shape = known_ints(node.order), node.data.shape
    if order is None or shape is None:
        return False
    moved = [a for a in (order or range(len(shape))[::-1]) if shape[a] != 1]
    return moved == sorted(moved)


def _is_settled(last: Node, source: Value) -> bool:
    """True when the shape is the source's own, and does not follow another tensor that may be reshaped later."""
    if not isinstance(last, Reshape) or isinstance(last.pattern.node, Constant):
        return True
    shape = last.pattern.node
    return isinstance(shape, ShapeOf) and shape.data is source


_PRODUCT = p.MatMul(name="product")


@rule(p.Reshape(any_("x"), p.ShapeOf(either(_PRODUCT, p.Add(_PRODUCT, const()))), name="reshape"))
def shape_of_matmul(reshape: Reshape, x: Value, product: MatMul) -> Value | None:
    """Reshape to the shape of a matrix product: its columns are known, and the rows follow."""
    layer = layer_of(product)
    if layer is None or layer.weights != 1 or product.rank != 2 or reshape.shape is None:
        return None
    _, columns = reshape.shape
    if not isinstance(columns, int) or not t.same_dim(columns, product.dims[1]):
        return None
    return Reshape(x, np.array([-1, columns], np.int64), special_zero=False)


matmul_batch_norm = rewrites(
    "matmul-batch-norm",
    shape_of_matmul,
    reshapes_to_and_fro,
    stage=Stage.FUSE,
    group="linear",
    doc="Free a matrix product of the Reshapes that were there for its batch norm.",
)


# -- quantisation


@rule(
    p.FakeQuantize(p.Clamp(any_("x"), name="limit"), name="quantize"),
    p.FakeQuantize(p.ReLU(any_("x"), name="limit"), name="quantize"),
)
def limit_before_quantize(quantize: FakeQuantize, limit: Clamp | ReLU, x: Value) -> Value | None:
    """A Clamp or ReLU whose limits lie outside of the range of the FakeQuantize after it."""
    readers = [u for u in limit.users() if isinstance(u, FakeQuantize) and u.data is limit]
    if len(readers) != len(limit.uses):
        raise Decline(f'"{limit.label}" is read by others than FakeQuantize')
    low_needed = high_needed = False
    for reader in readers:
        bounds = _range(reader)
        if bounds is None:
            raise Decline("the range of the FakeQuantize is not constant, or upside down")
        low, high = bounds
        low_needed |= not bool((low >= (limit.min if isinstance(limit, Clamp) else 0)).all())
        high_needed |= isinstance(limit, Clamp) and not bool((high <= limit.max).all())
    if high_needed or (low_needed and isinstance(limit, ReLU)):
        raise Decline("the FakeQuantize keeps values that the limits cut off")
    if low_needed and limit.min != 0:  # type: ignore[union-attr]
        raise Decline("the FakeQuantize keeps values below the lower limit, which is not 0")
    return quantize.evolve(ReLU(x) if low_needed else x, *quantize.operands[1:])


def _range(node: FakeQuantize) -> tuple[np.ndarray, np.ndarray] | None:
    if not all(isinstance(v.node, Constant) for v in (node.input_low, node.input_high)):
        return None
    low, high = content(node.input_low), content(node.input_high)
    if low is None or high is None or not np.all(low < high):
        return None
    return low, high


requantization = rewrites("requantization", limit_before_quantize, stage=Stage.FUSE, group="linear")


@rule(p.FakeQuantize(any_("x"), name="quantize"))
def same_quantize(quantize: FakeQuantize, x: Value) -> Value | None:
    """A FakeQuantize of which an equal one reads the same value: the first of them serves all."""
    graph = quantize.graph
    for other in x.users():
        if other is quantize or not isinstance(other, FakeQuantize) or other.data is not x or graph is None:
            continue
        if (
            other.attributes == quantize.attributes
            and graph.precedes(other, quantize)
            and _equal_limits(other, quantize)
        ):
            return other
    return None


def _equal_limits(a: FakeQuantize, b: FakeQuantize) -> bool:
    for v, w in zip(a.operands[1:], b.operands[1:]):
        if v is w:
            continue
        if not isinstance(v.node, Constant) or not isinstance(w.node, Constant) or v.type != w.type:
            return False
        x, y = content(v), content(w)
        if x is None or y is None or not np.array_equal(x, y):
            return False
    return True


shared_quantization = rewrites("shared-quantization", same_quantize, stage=Stage.FUSE, group="linear")


PASSES = (batch_to_space, concat, matmul_batch_norm, requantization, shared_quantization)
