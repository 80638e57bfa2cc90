"""Transposes: merged, moved down through the graph until they meet their inverse, taken into MatMul.

A converter of an NHWC framework puts Transposes around an NCHW op and thinks no further; here they vanish.
"""

from __future__ import annotations

from collections.abc import Sequence

from mo_core import ops
from mo_core.build.fixed import is_fixed_dim
from mo_core.errors import Decline
from mo_core.ir import Node, Value, constant
from mo_core.ir import types as t
from mo_core.ir.permutations import inverse, is_identity
from mo_core.ops.elementwise import Elementwise
from mo_core.ops.reduction import LogicalReduction, Reduction
from mo_core.ops.unary import Predicate, Unary
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, const, op, p
from mo_core.rewriting.rewrite import rule

_NOT_SO = (ops.Softmax, ops.LogSoftmax, ops.PReLU)
_BINARY = (
    Elementwise,
    ops.Equal,
    ops.NotEqual,
    ops.Less,
    ops.LessEqual,
    ops.Greater,
    ops.GreaterEqual,
    ops.LogicalAnd,
    ops.LogicalOr,
    ops.LogicalXor,
)


def order_of(transpose: Node) -> tuple[int, ...]:
    """The permutation of a Transpose: axis i of the result is axis `order[i]` of the operand; empty when unknown."""
    content = transpose.operands[1].const if len(transpose.operands) > 1 else None
    if content is not None and len(content):
        return tuple(int(a) for a in content)
    shape = transpose.operands[0].shape
    return tuple(reversed(range(len(shape)))) if content is not None and shape is not None else ()


def transpose(x: Value, order: Sequence[int]) -> Value:
    """A Transpose, or the value itself when every axis stays."""
    return x if is_identity(order) else ops.Transpose(x, list(order))


def _order(node: Node) -> tuple[int, ...]:
    order = order_of(node)
    if not order:
        raise Decline("the order of the Transpose is not constant")
    return order


@rule(p.Transpose(p.Transpose(any_("x"), name="inner"), name="outer"))
def merge_transposes(outer: Node, inner: Node, x: Value) -> Value:
    """Transpose of a Transpose is one Transpose, or none."""
    first, second = _order(inner), _order(outer)
    return transpose(x, [first[a] for a in second])


_moved = p.Transpose(any_("x"), const("order"), name="moved", uses=1)


@rule(op(Unary, Predicate, ops.Convert, operands=[_moved], name="node", where=lambda n: not isinstance(n, _NOT_SO)))
def below_unary(node: Node, moved: Node, x: Value) -> Value | None:
    """A function of each element goes ahead of the Transpose."""
    if any(v.shape is None or len(v.shape) for v in node.operands[1:]):
        return None
    return transpose(node.evolve(x, *node.operands[1:]), _order(moved))


@rule(op(ops.Softmax, ops.LogSoftmax, operands=[_moved], name="node"))
def below_softmax(node: Node, moved: Node, x: Value) -> Value:
    """Softmax goes ahead of the Transpose, on the axis that was meant."""
    order = _order(moved)
    axis = node.axis % len(order)  # type: ignore[attr-defined]
    return transpose(node.evolve(x, axis=order[axis]), order)


@rule(op(*_BINARY, operands=[_moved, p.Transpose(any_("y"), const("order2"), name="moved2", uses=1)], name="node"))
def below_binary(node: Node, moved: Node, x: Value, moved2: Node, y: Value) -> Value | None:
    """Two operands that are transposed alike are combined first."""
    order = _order(moved)
    if order != _order(moved2) or x.shape is None or y.shape is None or len(x.shape) != len(y.shape):
        return None
    operands = (x, y) if node.operands[0] is moved else (y, x)
    return transpose(node.evolve(*operands), order)


@rule(
    op(*_BINARY, operands=[_moved, const("c")], name="node"),
    op(*_BINARY, operands=[const("c"), _moved], name="node"),
)
def below_constant(node: Node, moved: Node, x: Value, c: Value) -> Value | None:
    """A constant operand is transposed in the file, so that the Transpose comes behind."""
    order = _order(moved)
    rank = len(order)
    if node.auto_broadcast != "numpy" or len(c.dims) > rank:  # type: ignore[attr-defined]
        return None
    full = (1,) * (rank - len(c.dims)) + c.static_shape
    wanted = [full[a] for a in inverse(order)]
    if t.size_of(c.shape) == max(full, default=1) or full == (1,) * rank:
        turned: Value = ops.Reshape(c, wanted, special_zero=False) if len(c.dims) else c
    else:
        turned = ops.Transpose(ops.Reshape(c, list(full), special_zero=False), list(inverse(order)))
    operands = (x, turned) if node.operands[0] is moved else (turned, x)
    return transpose(node.evolve(*operands), order)


@rule(p.PReLU(_moved, const("slope"), name="node"))
def below_prelu(node: Node, moved: Node, x: Value, slope: Value) -> Value | None:
    """PReLU with one slope for everything goes ahead of the Transpose."""
    return transpose(node.evolve(x, slope), _order(moved)) if t.size_of(slope.shape) == 1 else None


@rule(op(ops.Concat, operands=[_moved], name="node"))
def below_concat(node: Node, moved: Node, x: Value) -> Value | None:
    """Operands that are all transposed alike are concatenated first."""
    order = _order(moved)
    sources = []
    for v in node.operands:
        turn = v.node
        if not isinstance(turn, ops.Transpose) or len(turn.uses) != 1 or order_of(turn) != order:
            return None
        sources.append(turn.operands[0])
    axis = node.axis % len(order)  # type: ignore[attr-defined]
    return transpose(node.evolve(*sources, axis=order[axis]), order)


@rule(op(Reduction, LogicalReduction, operands=[_moved, const("axes")], name="node"))
def below_reduction(node: Node, moved: Node, x: Value, axes: Value) -> Value | None:
    """A reduction goes ahead of the Transpose, over the axes that were meant."""
    order = _order(moved)
    content = axes.const
    if content is None:
        return None
    meant = [order[int(a) % len(order)] for a in content.reshape(-1)]
    reduced = node.evolve(x, constant(sorted(meant)))
    if node.keep_dims:  # type: ignore[attr-defined]
        return transpose(reduced, order)
    left = [a for a in order if a not in meant]
    return transpose(reduced, [sorted(left).index(a) for a in left])


@rule(op(ops.Pad, operands=[_moved, const("begin"), const("end")], name="node"))
def below_pad(node: Node, moved: Node, x: Value, begin: Value, end: Value) -> Value:
    """Pad goes ahead of the Transpose."""
    order = _order(moved)
    back = inverse(order)
    a, b = ([int(v.const[i]) for i in back] for v in (begin, end))  # type: ignore[index]
    return transpose(node.evolve(x, constant(a), constant(b), *node.operands[3:]), order)


@rule(p.MatMul(p.Transpose(any_("x"), const("order"), name="moved"), any_("y"), name="matmul"))
def into_matmul_first(matmul: Node, moved: Node, x: Value, y: Value) -> Value | None:
    """A Transpose of the last two axes becomes `transpose_a`."""
    if not _swaps_last(moved):
        return None
    return matmul.evolve(x, y, transpose_a=not matmul.transpose_a)  # type: ignore[attr-defined]


@rule(p.MatMul(any_("x"), p.Transpose(any_("y"), const("order"), name="moved"), name="matmul"))
def into_matmul_second(matmul: Node, moved: Node, x: Value, y: Value) -> Value | None:
    """A Transpose of the last two axes becomes `transpose_b`."""
    if not _swaps_last(moved):
        return None
    return matmul.evolve(x, y, transpose_b=not matmul.transpose_b)  # type: ignore[attr-defined]


def _swaps_last(moved: Node) -> bool:
    order = order_of(moved)
    rank = len(order)
    return rank >= 2 and order == (*range(rank - 2), rank - 1, rank - 2)


@rule(p.Reshape(p.Transpose(any_("x"), const("order"), name="moved"), const("target"), name="reshape"))
def transpose_of_ones(reshape: Node, moved: Node, x: Value, target: Value) -> Value | None:
    """A Transpose that only moves axes of size 1 does not change the order of elements: Reshape alone will do."""
    order = _order(moved)
    if x.shape is None or 0 in (int(v) for v in target.const.reshape(-1)):  # type: ignore[union-attr]
        return None
    kept = [a for a in order if x.shape[a] != 1 or not is_fixed_dim(x, a)]
    return reshape.evolve(x, target) if kept == sorted(kept) else None


transposes = rewrites(
    "transposes",
    merge_transposes,
    below_unary,
    below_softmax,
    below_binary,
    below_constant,
    below_prelu,
    below_concat,
    below_reduction,
    below_pad,
    into_matmul_first,
    into_matmul_second,
    transpose_of_ones,
    stage=Stage.LAYOUT,
    doc="Move Transposes down until they meet their inverse; take them into MatMul.",
)
