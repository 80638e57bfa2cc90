"""Operands that have an entry for each axis, where the axes come in another order (see `mo_core.ops.axes`)."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.ir import AxisTrait, Node, Value, constant
from mo_core.ir import types as t
from mo_core.ir.known import numbers
from mo_core.ir.permutations import Order, identity, inverse, permuted
from mo_core.ops.axes import FIRST
from mo_core.ops.gather import Gather

__all__ = ["blocks", "by_axis", "filled", "per_axis", "shape_listed"]


def per_axis(*ports: int, nothing: int = 0) -> AxisTrait:
    """Ops with operands that have an entry for each axis of the first one; `nothing`: that of an axis left alone."""

    def turn(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order] | None:
        for port in ports:
            if node.operands[port].shape != (len(order),):
                return None
            operands[port] = by_axis(node.operands[port], order)
        return node.evolve(*operands), order

    def mixes(node: Node) -> Sequence[int] | None:
        lists = [numbers(node.operands[port]) for port in ports]
        if any(entries is None for entries in lists):
            return None
        return sorted({i for entries in lists for i, entry in enumerate(entries or ()) if entry != nothing})

    return AxisTrait(FIRST.ports, turn, mixes)


def blocks() -> AxisTrait:
    """SpaceToBatch and BatchToSpace: the batch stays first, and so does the order of the axes that have blocks."""
    listed, split_by, padded_by = per_axis(1, 2, 3), per_axis(1, nothing=1), per_axis(2, 3)

    def turn(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order] | None:
        sizes = numbers(node.operands[1])
        if sizes is None or order[0] != 0:
            return None
        split = [axis for axis, size in zip(order, sizes) if size != 1]
        return listed.turn(node, operands, order) if split == sorted(split) else None

    def mixes(node: Node) -> Sequence[int] | None:
        split, padded = split_by.mixes(node), padded_by.mixes(node)
        return None if split is None or padded is None else sorted({0, *split, *padded})

    return AxisTrait(FIRST.ports, turn, mixes)


def by_axis(entries: Value, order: Order) -> Value:
    """A list with an entry for each axis of a Transpose's result, for those of its operand."""
    back, known = inverse(order), numbers(entries)
    if known is not None and not entries.element.is_real:
        return constant(permuted(known, back), entries.element)
    return Gather(entries, constant(back, t.i64), constant(0, t.i64))


def shape_listed(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order]:
    """ShapeOf: the sizes, put in the order that was meant."""
    sizes = node.evolve(*operands)
    return Gather(sizes, constant(order, t.i64), constant(0, t.i64)), identity(1)


def filled(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order] | None:
    """Broadcast to a shape of the same rank."""
    if node.attributes["mode"] == "explicit" or node.operands[1].shape != (len(order),):
        return None
    operands[1] = by_axis(node.operands[1], order)
    return node.evolve(*operands), order
