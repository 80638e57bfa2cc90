"""Transposes, moved through the whole graph at once to where the fewest elements are moved.

A converter of an NHWC framework puts Transposes around an NCHW op and thinks no further. Here every value that comes
out of a Transpose is kept as what it is made of and an order; ops that have an `axis_trait` are made again on that,
however many readers there are, and a Transpose is made only for an op that has none. Regions where this would move more
elements than before stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.errors import PluginError
from mo_core.ir import Constant, Graph, Node, Value
from mo_core.ir import types as t
from mo_core.ir.permutations import Order, compose, identity, inverse, is_identity, permuted
from mo_core.ops import Reshape, Transpose, Unsqueeze
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.record import origins
from mo_core.transforms.layout.transposes import order_of

_ROUNDS = 12
"""How often regions that do not pay are taken out; what is left over then stays as it is."""

_UNKNOWN = 64
"""The size that a dimension is taken to have where it is not known, to weigh one Transpose against another."""


def settle(graph: Graph, edit: Editor) -> None:
    """Move the Transposes of one graph, bodies left aside."""
    if not any(type(node) is Transpose for node in graph):
        return
    for node in reversed(list(graph)):
        if type(node) is Transpose:
            _raise(node, edit)
    plan = _planned(graph, {node for node in graph if edit.excludes("axis-orders", node)})
    if plan is not None:
        plan.apply(edit)


def moved(graph: Graph) -> int:
    """The elements that the Transposes of a graph will move once it is settled."""
    plan = _planned(graph, set())
    now = sum(cost(node.operands[0], order_of(node)) for node in graph if type(node) is Transpose)
    return now if plan is None else now - sum(plan.before.values()) + sum(plan.after.values())


def _planned(graph: Graph, still: set[Node]) -> _Plan | None:
    """A plan in which no region moves more elements than before; None where none was found in a few rounds."""
    for _ in range(_ROUNDS):
        plan = _Plan(graph, still)
        losses = plan.losses()
        if not losses or plan.drop(losses):
            return plan
        still = still | losses
    return None


def _raise(transpose: Node, edit: Editor) -> None:
    """Move a Transpose ahead of an op that makes more elements, as Pad does, and reads one operand."""
    order, source = order_of(transpose), transpose.operands[0]
    node, trait = source.node, source.node.axis_trait
    ports = trait.ports(node) if trait is not None and order else ()
    if trait is None or len(ports) != 1 or len(node.results) != 1 or len(source.uses) != 1:
        return
    x = node.operands[ports[0]]
    if x.shape is None or len(x.shape) != len(order) or cost(x, order) >= cost(source, order):
        return
    operands = list(node.operands)
    operands[ports[0]] = Transpose(x, list(order))
    turned = trait.turn(node, operands, inverse(order))
    if turned is not None and node.provider:
        _check_axes(node, *turned)
    if turned is not None and turned[1] == inverse(order) and not edit.excludes("axis-orders", transpose):
        edit.replace(transpose, turned[0].results[0], rule="axis-orders", matched=[node])


def _check_axes(node: Node, turned: Node, order: Order) -> None:
    """Raise PluginError when an operation from outside, made again in another order of axes, has other shapes."""
    for old, new in zip(node.results, turned.results):
        fits = old.shape is None or new.shape is None or t.same_shape(permuted(new.shape, order), old.shape)
        if not fits or old.element is not new.element:
            raise PluginError(
                f'the axes that {node.type_name} of {node.provider} declares do not fit what it infers: "{node.label}" '
                f"has {old.type}, and in another order of axes {new.type}",
                "Correct its axis_trait, or leave it out: the operation is then a barrier.",
            )


class _Plan:
    """What every value would be made of.

    Attributes:
        place: a value is `Transpose(base, order)` of these.
        region: nodes that hang together by values in `place` (a forest: each node's parent).
        before, after: elements that Transposes move in a region, and one for each Transpose.
        links: what the second node reads is made, and counted, for the first one.
    """

    def __init__(self, graph: Graph, still: set[Node]) -> None:
        self.place: dict[Value, tuple[Value, Order]] = {}
        self.region: dict[Node, Node] = {}
        self.before: dict[Node, int] = {}
        self.after: dict[Node, int] = {}
        self.made: dict[tuple[Value, Order], Value] = {}
        self.maker: dict[tuple[Value, Order], Node] = {}
        self.links: list[tuple[Node, Node]] = []
        self.wanted: list[tuple[Node, int]] = []
        self.remade: list[Node] = []
        for node in graph:
            if node in still or not (self._transpose(node) or self._turned(node)):
                self.wanted += [(node, i) for i, v in enumerate(node.operands) if v in self.place]
        for node, index in self.wanted:
            self.whole(node.operands[index])

    def _transpose(self, node: Node) -> bool:
        x = node.operands[0] if type(node) is Transpose else None
        order = order_of(node) if x is not None else ()
        if x is None or not order:
            return False
        base, first = self.place.get(x, (x, identity(len(order))))
        self._join(node, x)
        self.before[node] = cost(x, order)
        self.place[node.results[0]] = base, compose(first, order)
        return True

    def _turned(self, node: Node) -> bool:
        trait = node.axis_trait
        if trait is None:
            return False
        ports = trait.ports(node)
        inner = [node.operands[p] for p in ports]
        if not any(v in self.place for v in inner) or any(v.shape is None for v in inner):
            return False
        order = self._best(inner)
        if is_identity(order):
            return False
        charges: list[tuple[Value, int]] = []
        operands = list(node.operands)
        for p, v in enumerate(operands):
            if p in ports:
                operands[p] = self._within(node, v, order, charges)
            elif v in self.place:
                operands[p] = self.whole(v)
                self.links.append((v.node, node))
        turned = trait.turn(node, operands, order)
        if turned is None:
            return False
        new, results = turned
        if node.provider:
            _check_axes(node, new, results)
        new.inherit(node)
        self.remade.append(node)
        for v in inner:
            self._join(node, v)
        self.after[node] = self.after.get(node, 0) + sum(price for _, price in charges)
        orders = [results] * len(node.results)
        for old, made, result in zip(node.results, new.results, orders):
            self.place[old] = made, result
        return True

    def _best(self, values: Sequence[Value]) -> Order:
        """The order in which the fewest elements are moved to bring all operands together."""
        rank = max(v.rank for v in values)
        plain = identity(rank)
        own = {v: self.place[v][1] if v in self.place and v.rank == rank else plain for v in values if _moves(v)}
        found = sorted({*own.values(), plain}, key=lambda o: (self._price(own, o), is_identity(o)))
        return found[0]

    @staticmethod
    def _price(own: dict[Value, Order], order: Order) -> int:
        return sum(cost(v, compose(o, inverse(order))) for v, o in own.items() if o != order)

    def _within(self, node: Node, v: Value, order: Order, charges: list[tuple[Value, int]]) -> Value:
        """The operand `v` of `node` as it is where the axes come in `order`."""
        rank = len(order)
        if t.size_of(v.shape) == 1 and v.rank <= rank and not (v in self.place and v.rank == rank):
            return self.whole(v)
        if isinstance(v.node, Constant):
            return _constant(v, order)
        base, own = self.place.get(v, (v, identity(v.rank)))
        if v.rank < rank:
            base, own = Unsqueeze(self.whole(v), np.arange(rank - v.rank)), identity(rank)
        if own == order:
            return base
        turn = compose(own, inverse(order))
        key = base, turn
        if key not in self.made:
            charges.append((v, cost(base, turn)))
            self.made[key], self.maker[key] = _moved(base, turn), node
        else:
            self.links.append((self.maker[key], node))
        return self.made[key]

    def whole(self, v: Value) -> Value:
        """The value `v` itself."""
        if v not in self.place:
            return v
        base, order = self.place[v]
        if is_identity(order):
            return base
        key = base, order
        if key not in self.made:
            self.after[v.node] = self.after.get(v.node, 0) + cost(base, order)
            moved = _moved(base, order)
            if (
                type(v.node) is type(moved.node) is Transpose
                and v.node.operands[0] is base
                and order_of(v.node) == order
            ):
                moved = v  # nothing changes
            else:
                moved.node.inherit(v.node)
            self.made[key], self.maker[key] = moved, v.node
        else:
            self.links.append((self.maker[key], v.node))
        return self.made[key]

    def _join(self, node: Node, value: Value) -> None:
        if value in self.place:
            self.region[self._root(node)] = self._root(value.node)

    def _root(self, node: Node) -> Node:
        while (parent := self.region.get(node, node)) is not node:
            self.region[node] = self.region.get(parent, parent)
            node = parent
        return node

    def losses(self) -> set[Node]:
        """The nodes of all regions in which more elements would be moved."""
        balance: dict[Node, int] = {}
        for sign, costs in ((-1, self.before), (1, self.after)):
            for node, price in costs.items():
                root = self._root(node)
                balance[root] = balance.get(root, 0) + sign * price
        bad = {root for root, more in balance.items() if more > 0}
        return {node for node in {*self.before, *self.remade, *self.after} if self._root(node) in bad} if bad else set()

    def drop(self, losses: set[Node]) -> bool:
        """Leave these nodes as they are; False when others were planned on what is made for them."""
        if any(a in losses and b not in losses for a, b in self.links):
            return False
        kept = [node for node in dict.fromkeys((*self.before, *self.remade, *self.after)) if node in losses]
        self.place = {v: where for v, where in self.place.items() if v.node not in losses}
        self.before = {node: price for node, price in self.before.items() if node not in losses}
        self.after = {node: price for node, price in self.after.items() if node not in losses}
        self.remade = [node for node in self.remade if node not in losses]
        self.wanted = [(node, i) for node, i in self.wanted if node.operands[i] in self.place]
        self.wanted += [(n, i) for n in kept for i, v in enumerate(n.operands) if v in self.place]
        return True

    def apply(self, edit: Editor) -> None:
        """Let the ops that are made as they were read what they need."""
        gone = [node for node in self.before if self.whole_of(node) is not node.results[0]]
        for node, index in self.wanted:
            old = node.operands[index]
            new = self.whole(old)
            if new is not old:
                edit.put(new, node, old.node)
                edit.move_names(old, new)
                edit.redirect([(node, index)], new)
        dead = [*self.before, *self.remade]
        edit.erase_dead(dead)
        if gone:
            edit.fire("axis-orders", origins(gone), "")
        edit.fold()

    def whole_of(self, transpose: Node) -> Value | None:
        """What stands for a Transpose, where anything does."""
        return self.made.get(self.place[transpose.results[0]])


def cost(x: Value, order: Order) -> int:
    """The elements that a Transpose moves, and one for the op; 0 when only axes of size 1 change their places."""
    dims = x.shape or ()
    kept = [a for a in order if a < len(dims) and dims[a] != 1]
    if kept == sorted(kept):
        return 0
    return 1 + int(np.prod([d if isinstance(d, int) else _UNKNOWN for d in dims], dtype=np.float64))


def _moves(v: Value) -> bool:
    """True for operands that cost something to be put into another order."""
    return not isinstance(v.node, Constant) and t.size_of(v.shape) != 1


def _moved(base: Value, order: Order) -> Value:
    """A Transpose, or a Reshape where only axes of size 1 change their places and the sizes can stay open."""
    if base.shape is None or cost(base, order) or order[0] != 0:
        return Transpose(base, list(order))
    target = [0, *(1 if base.shape[a] == 1 else -1 for a in order[1:])]
    open_sizes = target.count(-1) <= 1 and 0 not in base.shape
    return Reshape(base, target, special_zero=True) if open_sizes else Transpose(base, list(order))


def _constant(v: Value, order: Order) -> Value:
    """A constant operand, transposed in the file."""
    full = (1,) * (len(order) - v.rank) + v.static_shape
    wanted = permuted(full, inverse(order))
    if t.size_of(v.shape) == max(full, default=1):
        return Reshape(v, list(wanted), special_zero=False)
    return Transpose(Reshape(v, list(full), special_zero=False), list(inverse(order)))
