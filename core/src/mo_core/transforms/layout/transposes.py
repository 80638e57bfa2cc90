"""Transposes that are left (see `axis_orders`): merged, taken into MatMul, made a Reshape where that is enough."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core import ops
from mo_core.build.fixed import is_fixed_dim
from mo_core.errors import Decline
from mo_core.ir import Node, Value
from mo_core.ir.known import axes_of
from mo_core.ir.permutations import is_identity
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, const, p
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.simplify.shapes import views


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


@rule(p.Transpose(p.Unsqueeze(any_("x"), const(), name="wide"), const(), name="moved"))
def transpose_of_added_axes(moved: Node, wide: Node, x: Value) -> Value | None:
    """A Transpose that only moves axes which an Unsqueeze puts in: they are put in where they go."""
    order = _order(moved)
    added = axes_of(wide.operands[1], len(order))
    rest = [a for a in order if added is None or a not in added]
    if added is None or rest != sorted(rest):
        return None
    return ops.Unsqueeze(x, [place for place, a in enumerate(order) if a in added])


@rule(p.Squeeze(p.Transpose(any_("x"), const(), name="moved"), const(), name="narrow"))
def transpose_of_axes_that_go(narrow: Node, moved: Node, x: Value) -> Value | None:
    """A Transpose that only moves axes which a Squeeze takes out: they are taken out where they are."""
    order = _order(moved)
    gone = axes_of(narrow.operands[1], len(order))
    rest = [a for place, a in enumerate(order) if gone is None or place not in gone]
    if gone is None or rest != sorted(rest):
        return None
    return ops.Squeeze(x, [order[place] for place in gone])


transposes = rewrites(
    "transposes",
    merge_transposes,
    transpose_of_added_axes,
    transpose_of_axes_that_go,
    into_matmul_first,
    into_matmul_second,
    transpose_of_ones,
    views,
    stage=Stage.LAYOUT,
    doc="Merge Transposes, take them into MatMul, and make a Reshape of those that move axes of size 1 only.",
)
