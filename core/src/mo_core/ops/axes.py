"""What the axes of operands mean: how an op is made again on operands whose axes come in another order.

An op class declares one of these as its `axis_trait`. The layout pass moves Transposes through such ops, and stops at
all others. An order is that of a Transpose: entry i is the old place of new axis i.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mo_core.ir import AxisTrait, Node, Value, constant
from mo_core.ir import types as t
from mo_core.ir.known import axes_of, numbers
from mo_core.ir.permutations import Order, identity, inverse, permuted

__all__ = ["ALIKE", "FIRST", "along", "axes_listed", "fixed", "where", "without"]


def _kept(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order]:
    return node.evolve(*operands), order


def _first(node: Node) -> Sequence[int]:
    return (0,)


def _all(node: Node) -> Sequence[int]:
    return range(len(node.operands))


def _nothing(node: Node) -> Sequence[int]:
    return ()


def _unturned(node: Node, operands: list[Value], order: Order) -> None:
    return None


ALIKE = AxisTrait(_all, _kept, _nothing)
"""Functions of elements at the same place of all operands, which broadcast as numpy's do."""

FIRST = AxisTrait(_first, _kept, _nothing)
"""Functions of the elements of the first operand, whatever the others (which have no axes of it) are."""


def fixed(first: int) -> AxisTrait:
    """Ops whose axes have places of their own (N, C, …): those from `first` on are mixed, those before are not."""
    return AxisTrait(_nothing, _unturned, lambda node: range(first, node.operands[0].rank))


def where(trait: AxisTrait, holds: Callable[[Node], bool]) -> AxisTrait:
    """The trait of those nodes for which this holds."""
    return AxisTrait(
        lambda node: trait.ports(node) if holds(node) else (),
        trait.turn,
        lambda node: trait.mixes(node) if holds(node) else None,
    )


def along(attribute: str = "axis", all_operands: bool = False) -> AxisTrait:
    """Ops that work along one axis, which is an attribute."""

    def turn(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order]:
        axis = t.normalize_axis(getattr(node, attribute), len(order))
        return node.evolve(*operands, **{attribute: order[axis]}), order

    def mixes(node: Node) -> Sequence[int] | None:
        shape = node.operands[0].shape
        return None if shape is None else (t.normalize_axis(getattr(node, attribute), len(shape)),)

    return AxisTrait(_all if all_operands else _first, turn, mixes)


def axes_listed(port: int, drops: Callable[[Node], bool] | None = None) -> AxisTrait:
    """Ops whose operand at `port` holds axes of the first one; `drops`: whether the result is without these axes."""

    def turn(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order] | None:
        rank = len(order)
        axes = axes_of(node.operands[port], rank) if port < len(operands) else None
        if axes is None:
            return None
        place = node.operands[port]
        meant = [order[a] for a in axes]
        operands[port] = constant(meant[0] if place.shape == () else meant, place.element)
        made = node.evolve(*operands)
        if drops is None or not drops(node):
            return made, order
        return made, without(order, axes)

    def mixes(node: Node) -> Sequence[int] | None:
        shape = node.operands[0].shape
        return None if shape is None or port >= len(node.operands) else axes_of(node.operands[port], len(shape))

    return AxisTrait(_first, turn, mixes)


def without(order: Order, axes: Sequence[int]) -> Order:
    """The order of the axes that are left when these (counted in the result of a Transpose) have gone."""
    left = [order[a] for a in range(len(order)) if a not in axes]
    return tuple(sorted(left).index(a) for a in left)


def added(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order] | None:
    """Unsqueeze: the new axes come last, and the order says where they are meant to be."""
    given = numbers(node.operands[1])
    if given is None:
        return None
    rank = len(order) + len(given)
    axes = axes_of(node.operands[1], rank) or ()
    operands[1] = constant(list(range(len(order), rank)), t.i64)
    new, old = iter(range(len(order), rank)), iter(order)
    return node.evolve(*operands), tuple(next(new) if i in axes else next(old) for i in range(rank))


def taken(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order] | None:
    """Gather: of one element (the axis goes) or of a list of them."""
    axes, indices = axes_of(node.operands[2], len(order)), node.operands[1].shape
    if axes is None or len(axes) != 1 or node.attributes["batch_dims"] or indices is None or len(indices) > 1:
        return None
    operands[2] = constant(order[axes[0]], t.i64)
    return node.evolve(*operands), order if len(indices) else without(order, axes)


def taken_along(node: Node) -> Sequence[int] | None:
    """The axis along which a Gather takes elements, where it has no batches of its own."""
    return None if node.attributes["batch_dims"] else axes_of(node.operands[2], node.operands[0].rank)


def strided(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order] | None:
    """StridedSlice that names every axis, and puts in none."""
    rank = len(order)
    masks = {name: tuple(getattr(node, name)) for name in ("begin_mask", "end_mask", "shrink_axis_mask")}
    if any(node.attributes["new_axis_mask"]) or any(node.attributes["ellipsis_mask"]):
        return None
    lists = [numbers(v) for v in node.operands[1:]]
    if any(known is None or len(known) > rank for known in lists):
        return None
    back = inverse(order)
    fills = (0, 0, 1)
    for port, (known, fill) in enumerate(zip(lists, fills), 1):
        whole = [*(known or ()), *[fill] * (rank - len(known or ()))]
        operands[port] = constant(permuted(whole, back), node.operands[port].element)
    count = len(lists[0] or ())
    turned: dict[str, Sequence[int]] = {}
    for name, mask in masks.items():
        rest = 0 if name == "shrink_axis_mask" else 1
        whole = [*mask[:count], *[0] * (count - len(mask[:count])), *[rest] * (rank - count)]
        turned[name] = permuted(whole, back)
    gone = [i for i, bit in enumerate(masks["shrink_axis_mask"][:count]) if bit]
    none = (0,) * rank
    made = node.evolve(*operands, **turned, new_axis_mask=none, ellipsis_mask=none)
    return made, without(order, gone)


def resized(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order] | None:
    """Interpolate over axes that are listed (all of them when there is no list)."""
    rank = len(order)
    axes = axes_of(node.operands[2], rank) if len(operands) > 2 else identity(rank)
    pads = {name: tuple(node.attributes[name]) for name in ("pads_begin", "pads_end")}
    if axes is None or any(any(p) and len(p) != rank for p in pads.values()):
        return None
    listed = constant([order[a] for a in axes], t.i64)
    changed = {name: permuted(p, inverse(order)) for name, p in pads.items() if any(p)}
    return node.evolve(*operands[:2], listed, **changed), order


def resized_axes(node: Node) -> Sequence[int] | None:
    """The axes that Interpolate resizes or pads."""
    shape = node.operands[0].shape
    if shape is None:
        return None
    axes = axes_of(node.operands[2], len(shape)) if len(node.operands) > 2 else identity(len(shape))
    pads = [p for name in ("pads_begin", "pads_end") for p in (tuple(node.attributes[name]),) if any(p)]
    if axes is None or any(len(p) != len(shape) for p in pads):
        return None
    return sorted({*axes, *(i for p in pads for i, count in enumerate(p) if count)})


def cut(node: Node, operands: list[Value], order: Order) -> tuple[Node, Order] | None:
    """Slice along listed axes, by default the first ones."""
    count = node.operands[1].shape
    if len(operands) > 4:
        axes = axes_of(node.operands[4], len(order))
    elif count is not None and len(count) == 1 and isinstance(count[0], int):
        axes = identity(count[0])
    else:
        axes = None
    if axes is None:
        return None
    return node.evolve(*operands[:4], constant([order[a] for a in axes], t.i64)), order
