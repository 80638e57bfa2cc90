"""Transposes at the borders of bodies: what goes in and out has its axes in the order in which the body computes.

A body is settled by itself first, so that Transposes are left next to its parameters and results. Where the body then
moves fewer elements, what these are made of crosses the border instead: the Transposes of what a loop carries, cuts in
pieces or puts together are outside then, once and not in each iteration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

from mo_core.ir import Graph, Node, Value, copy_graph
from mo_core.ir import types as t
from mo_core.ir.permutations import Order, inverse, is_identity, permuted
from mo_core.ops import If, Loop, TensorIterator, Transpose
from mo_core.ops.control import Concatenated, InputPort, Merged, OutputPort, Sliced
from mo_core.rewriting.editor import Editor
from mo_core.transforms.layout.orders import cost, moved, settle
from mo_core.transforms.layout.transposes import order_of

P = TypeVar("P", bound="InputPort | OutputPort")

Slot: TypeAlias = "tuple[str, int, int]"
"""A place at the border: what it is, the number of the body (0 for what is outside), and its place there."""

Orders: TypeAlias = "Mapping[Slot, Order]"


def cross(node: Node, edit: Editor) -> None:
    """Let Transposes cross the border of a node's bodies where that pays."""
    if edit.excludes("axis-orders", node):
        return
    border = _Border(node)
    groups = border.groups()
    if not groups:
        return
    chosen: dict[Slot, Order] = {}
    bodies, least = list(node.bodies), sum(map(moved, node.bodies))
    for group in ([_merged(groups)] if len(groups) > 1 else []) + groups:
        if chosen.keys() & group.keys():
            continue
        orders = {**chosen, **group}
        turned = _turned_bodies(node, orders, edit)
        price = border.price(orders, turned)
        if price < least:
            chosen, bodies, least = orders, turned, price
    if not chosen:
        return
    new = border.remade(chosen, bodies)
    back = [_moved(v, chosen.get(("result", 0, i)), back=True) for i, v in enumerate(new.results)]
    edit.replace(node, *back, rule="axis-orders")
    for body in new.bodies:
        settle(body, edit.within(body))


def _merged(groups: Iterable[Orders]) -> Orders:
    return {slot: order for group in groups for slot, order in group.items()}


def _moved(v: Value, order: Order | None, back: bool = False) -> Value:
    if order is None:
        return v
    return Transpose(v, list(inverse(order) if back else order))


def _turned_bodies(node: Node, orders: Orders, edit: Editor) -> list[Graph]:
    """Copies of the bodies, whose parameters and results have their axes in these orders."""
    copies = [copy_graph(body) for body in node.bodies]
    for number, copy in enumerate(copies):
        _turn(copy, number, orders, edit.within(copy))
    return copies


def _turn(body: Graph, number: int, orders: Orders, edit: Editor) -> None:
    for i, parameter in enumerate(body.inputs):
        order = orders.get(("parameter", number, i))
        if order is not None:
            readers, first = list(parameter.uses), next(n for n in body if n not in body.inputs)
            edit.retype(parameter, parameter.element, permuted(parameter.dims, order))
            whole = edit.put(_moved(parameter, order, back=True), first, parameter)
            edit.move_names(parameter, whole)
            edit.redirect(readers, whole)
    for i, result in enumerate(body.outputs):
        order = orders.get(("given", number, i))
        if order is not None:
            edit.set_operand(result, 0, _moved(result.source, order))


@dataclass
class _Border:
    """Which places at the border of a node's bodies must have one order.

    Places are "operand" and "result" outside, "parameter" and "given" (the results of a body) inside.

    Attributes:
        links: from a place to one with the same order (a forest); values: what is there; cuts: the axis along which
            pieces of one index are cut, or put together.
    """

    node: Node
    links: dict[Slot, Slot] = field(default_factory=dict)
    values: dict[Slot, Value] = field(default_factory=dict)
    cuts: dict[Slot, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        node = self.node
        for number, body in enumerate(node.bodies):
            self.values.update({("parameter", number, i): p for i, p in enumerate(body.inputs)})
            self.values.update({("given", number, i): r.source for i, r in enumerate(body.outputs)})
        self.values.update({("operand", 0, i): v for i, v in enumerate(node.operands)})
        self.values.update({("result", 0, i): v for i, v in enumerate(node.results)})
        if isinstance(node, (Loop, TensorIterator)):
            self._join_iterations(node)
        elif isinstance(node, If):
            for number, places in enumerate((node.then_inputs, node.else_inputs)):
                for i, place in enumerate(places):
                    self._join(("operand", 0, 1 + place), ("parameter", number, i))
                for i in range(len(node.results)):
                    self._join(("result", 0, i), ("given", number, i))

    def _join_iterations(self, node: Loop | TensorIterator) -> None:
        first = len(node.operands) - len(node.inputs)
        for i, port in enumerate(node.input_ports):
            self._join(("operand", 0, first + i), ("parameter", 0, port.parameter))
            if isinstance(port, Merged):
                self._join(("operand", 0, first + i), ("given", 0, port.result))
            self._cut(("parameter", 0, port.parameter), port)
        for i, end in enumerate(node.output_ports):
            self._join(("result", 0, i), ("given", 0, end.result))
            self._cut(("given", 0, end.result), end)

    def _cut(self, slot: Slot, port: InputPort | OutputPort) -> None:
        value = self.values[slot]
        if isinstance(port, (Sliced, Concatenated)) and port.part_size == 1 and value.shape is not None:
            self.cuts[slot] = t.normalize_axis(port.axis, value.rank)

    def _root(self, slot: Slot) -> Slot:
        while (parent := self.links.get(slot, slot)) != slot:
            slot = parent
        return slot

    def _join(self, a: Slot, b: Slot) -> None:
        self.links[self._root(a)] = self._root(b)

    def groups(self) -> list[Orders]:
        """The order for each place, group by group, where Transposes are left at the border."""
        members: dict[Slot, list[Slot]] = {}
        for slot in self.values:
            members.setdefault(self._root(slot), []).append(slot)
        found: list[Orders] = []
        for slots in members.values():
            order = self._wanted(slots) if len(slots) > 1 else None
            if order is not None:
                found.append(dict.fromkeys(slots, order))
        return found

    def _wanted(self, slots: list[Slot]) -> Order | None:
        """The order in which the bodies have most of what crosses the border here."""
        ranks = {None if self.values[slot].shape is None else self.values[slot].rank for slot in slots}
        if len(ranks) > 1 or None in ranks:
            return None
        votes: dict[Order, int] = {}
        for slot in slots:
            for order, elements in self._left(slot):
                votes[order] = votes.get(order, 0) + elements
        best = max(votes, key=lambda order: (votes[order], order), default=None)
        if best is None or is_identity(best):
            return None
        cuts = {self.cuts[slot] for slot in slots if slot in self.cuts}
        # pieces of one index lie together where that axis is the first, and to move it costs nothing inside
        return (*cuts, *[axis for axis in best if axis not in cuts]) if len(cuts) == 1 else best

    def _left(self, slot: Slot) -> list[tuple[Order, int]]:
        """The orders that Transposes next to a parameter or a result lead to, with the elements that they move."""
        value = self.values[slot]
        if slot[0] == "parameter":
            own = [(order_of(u), cost(value, order_of(u))) for u in _turns(value)]
            parts = [(_ahead(u, order_of(turn)), cost(u, order_of(turn))) for u in value.users() for turn in _turns(u)]
            return [*own, *[(order, elements) for order, elements in parts if order]]
        order = order_of(value.node) if slot[0] == "given" and type(value.node) is Transpose else ()
        return [(inverse(order), cost(value, order))] if order else []

    def price(self, orders: Orders, bodies: list[Graph]) -> int:
        """How many elements the bodies move; those of an If together with what is moved outside."""
        price = sum(map(moved, bodies))
        if isinstance(self.node, If):
            outside = [slot for slot in orders if slot[0] in ("operand", "result")]
            price += sum(cost(self.values[slot], orders[slot]) for slot in outside)
        return price

    def remade(self, orders: Orders, bodies: list[Graph]) -> Node:
        """The node with these bodies, on operands in these orders."""
        node: Any = self.node
        operands = [_moved(v, orders.get(("operand", 0, i))) for i, v in enumerate(node.operands)]
        if isinstance(node, If):
            return node.evolve(*operands, then_body=bodies[0], else_body=bodies[1])
        ports = [_port(p, orders.get(("parameter", 0, p.parameter))) for p in node.input_ports]
        ends = [_port(p, orders.get(("given", 0, p.result))) for p in node.output_ports]
        made: Node = node.evolve(*operands, body=bodies[0], input_ports=tuple(ports), output_ports=tuple(ends))
        return made


def _turns(value: Value) -> list[Node]:
    return [u for u in value.users() if type(u) is Transpose and order_of(u)]


def _ahead(node: Node, order: Order) -> Order:
    """The order of a node's operand that puts its result in an order; axes that go come first. Empty: there is none."""
    trait, data = node.axis_trait, node.operands[0]
    if trait is None or list(trait.ports(node)) != [0] or data.shape is None or type(node) is Transpose:
        return ()
    from_axis = {trait.carried(node, axis): axis for axis in range(data.rank)}
    rest = [from_axis[axis] for axis in order if axis in from_axis]
    gone = [axis for axis in range(data.rank) if axis not in rest]
    return (*gone, *rest) if len(gone) == data.rank - len(order) else ()


def _port(port: P, order: Order | None) -> P:
    """A port whose pieces lie along the same axis, which is in another place now."""
    if order is None or not isinstance(port, (Sliced, Concatenated)):
        return port
    return replace(port, axis=order.index(t.normalize_axis(port.axis, len(order))))
