"""The graph: a doubly linked, always topologically ordered list of nodes.

`Graph.splice` puts a new node in, together with whatever new nodes it depends on. Inserting and erasing are O(1), types
further down follow a replacement, and nothing recurses over the chain of nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush

from mo_core.errors import InternalError
from mo_core.ir.node import Node, Parameter, Result, Value, same_type_shape
from mo_core.ir.types import ElementType, Shape

_STRIDE = 1 << 40
"""Distance between the numbers of neighbours at the end of the list."""
_STEP = 1 << 20
"""Distance to the neighbour before when a node is put between two: a run of nodes before one leaves room for more."""
_DENSITY = 1.5
"""How many times as many nodes a range that is twice as wide may hold, when numbers are given anew; between 1 and 2."""


class Graph:
    """A list of nodes in topological order, with inputs and outputs.

    Attributes:
        inputs: the parameters in order; outputs: the results in order.
        nests: false when surely no node has bodies.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.inputs: list[Parameter] = []
        self.outputs: list[Result] = []
        self.nests = False
        self._first: Node | None = None
        self._last: Node | None = None
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Node]:
        """Nodes in order. The list may be edited meanwhile: nodes put in ahead are visited, erased ones are not."""
        node = self._first
        while node is not None:
            yield node
            node = node._next
            while node is not None and node.graph is not self:  # erased: its link still points onwards
                node = node._next

    def __reversed__(self) -> Iterator[Node]:
        node = self._last
        while node is not None:
            before = node._prev
            yield node
            while before is not None and before.graph is not self:
                before = before._prev
            node = before

    def __repr__(self) -> str:
        return f'<Graph "{self.name}": {self._count} nodes>'

    # -- editing

    def add(self, node: Value) -> Node:
        """Put a new node (and the new nodes it depends on) at the end."""
        self.splice([node], None)
        return node.node

    def add_input(self, name: str, element: ElementType, shape: Shape) -> Parameter:
        """Append a parameter; its tensor name is the name given."""
        parameter = Parameter(element_type=element, dimensions=shape)
        parameter.name, parameter.origin = name, (name,)
        if name:
            parameter.names.append(name)
        self._link(parameter, self._first)
        # inputs keep their order at the head of the list
        if self.inputs and self.inputs[-1].graph is self:
            self._move_after(parameter, self.inputs[-1])
        self.inputs.append(parameter)
        return parameter

    def order_inputs(self, inputs: Sequence[Parameter]) -> None:
        """Put the inputs into this order, at the head of the list."""
        for parameter in reversed(inputs):
            if parameter is not self._first:
                self._unlink(parameter)
                self._link_raw(parameter, self._first)
        self.inputs[:] = inputs

    def add_output(self, value: Value, name: str = "") -> Result:
        """Append a result; the name is added to the tensor names of the value."""
        if name and name not in value.names:
            value.names.append(name)
        result = Result(value)
        result.name = name or value.label
        self.splice([result], None)
        self.outputs.append(result)
        return result

    def splice(self, values: Iterable[Value | None], before: Node | None) -> list[Node]:
        """Put in the nodes that `values` depend on and that are in no graph yet, ahead of `before` (None: at the end).

        Returns the new nodes in order. Raises InternalError when a value would be read before it is computed.
        """
        new: list[Node] = []
        for value in values:
            if value is not None and value.node.graph is None:
                self._splice_one(value.node, before, new)
        return new

    def _splice_one(self, root: Node, before: Node | None, new: list[Node]) -> None:
        stack: list[tuple[Node, int]] = [(root, 0)]
        while stack:
            node, at = stack.pop()
            if node.graph is not None:
                continue
            operands = node.operands
            while at < len(operands) and operands[at].node.graph is not None:
                at += 1
            if at < len(operands):
                stack.append((node, at + 1))
                stack.append((operands[at].node, 0))
                continue
            if before is not None:
                self._check_order(node, before)
            self._link(node, before)
            new.append(node)

    def _check_order(self, node: Node, before: Node) -> None:
        for v in node.operands:
            source = v.node
            if source.graph is self and source._order >= before._order:
                if source.operands or isinstance(source, Parameter):
                    raise InternalError(
                        f'"{node.label}" ({node.type_name}) would read "{v.label}" before it is computed'
                    )
                self._unlink(source)
                self._link_raw(source, before)

    def _link(self, node: Node, before: Node | None) -> None:
        self._link_raw(node, before)
        for i, v in enumerate(node.operands):
            v.uses[node, i] = None

    def _link_raw(self, node: Node, before: Node | None) -> None:
        after = self._last if before is None else before._prev
        node._order = _number_between(after, before)
        node.graph, node._prev, node._next = self, after, before
        if node.nests:
            self.nests = True
        if after is None:
            self._first = node
        else:
            after._next = node
        if before is None:
            self._last = node
        else:
            before._prev = node
        self._count += 1

    def _unlink(self, node: Node) -> None:
        before, after = node._prev, node._next
        if before is None:
            self._first = after
        else:
            before._next = after
        if after is None:
            self._last = before
        else:
            after._prev = before
        node.graph = None
        self._count -= 1

    def _move_after(self, node: Node, anchor: Node) -> None:
        if anchor._next is node or anchor is node:
            return
        self._unlink(node)
        self._link_raw(node, anchor._next)

    def postpone(self, nodes: Sequence[Node], before: Node | None) -> None:
        """Move nodes, given in order, ahead of `before` (None: to the end); what reads them must stand after that."""
        for node in nodes:
            self._unlink(node)
            self._link_raw(node, before)

    def after(self, node: Node | None) -> Node | None:
        """The node that follows in the list (None: the first); None at the end."""
        return self._first if node is None else node._next

    def precedes(self, a: Node, b: Node) -> bool:
        """True when `a` stands before `b`; both are in this graph."""
        return a._order < b._order

    def replace(self, old: Value, new: Value) -> list[Node]:
        """Let every reader of `old` read `new` instead, and move the tensor names.

        An input takes the names of outputs only: the runtime would call it by whichever of its names comes first.
        Types further down are inferred again when the new value has another type. Returns the readers.
        """
        if old is new:
            return []
        users = old.users()
        for node in users:
            node.exchange(old, new)
        is_input = isinstance(new.node, Parameter) and not isinstance(old.node, Parameter)
        if not is_input or any(isinstance(u, Result) for u in users):
            new.names.extend([name for name in old.names if name not in new.names])
        old.names = []
        same = old.element is new.element and same_type_shape(old.shape, new.shape)
        if not same or (old.known is None) != (new.known is None):
            self.refresh(users)
        return users

    def refresh(self, nodes: Iterable[Node] | None = None) -> None:
        """Infer again from these nodes (default: all) downwards, as far as types change."""
        if nodes is None:
            for node in self:
                node.refresh()
            return
        # In the order of the list: where paths meet again, a node is inferred once, after all of them.
        waiting = dict.fromkeys(nodes)
        heap = [(node._order, i, node) for i, node in enumerate(waiting)]
        heapify(heap)
        count = len(heap)
        while heap:
            node = heappop(heap)[2]
            del waiting[node]
            if node.graph is not None and node.operands and node.refresh():
                for user in (u for r in node.results for u in r.users() if u not in waiting):
                    waiting[user] = None
                    count += 1
                    heappush(heap, (user._order, count, user))

    def erase(self, node: Node) -> None:
        """Take out a node that nobody reads; its operands lose this use. Raises InternalError when it is read."""
        if node.uses or any(r.uses for r in node.results[1:]):
            raise InternalError(f'"{node.label}" ({node.type_name}) is still read and cannot be erased')
        for i, v in enumerate(node.operands):
            v.uses.pop((node, i), None)
        self._unlink(node)

    def erase_dead(self, nodes: Iterable[Node]) -> list[Node]:
        """Erase those of `nodes` that nobody reads, then their operands likewise; returns the erased ones."""
        gone: list[Node] = []
        work = list(nodes)
        while work:
            node = work.pop()
            if node.graph is not self or node.is_live:
                continue
            for body in node.bodies:
                work.extend(release(body))
            self.erase(node)
            gone.append(node)
            work.extend([v.node for v in node.operands])
        return gone

    def dissolve(self) -> None:
        """Take all nodes out, so that they are as if just made; nothing is left of the graph."""
        for node in list(self):
            for i, v in enumerate(node.operands):
                v.uses.pop((node, i), None)
            self._unlink(node)
        self.inputs, self.outputs = [], []

    def remove_output(self, result: Result) -> None:
        """Drop an output; what only it needed becomes dead."""
        self.outputs.remove(result)
        self.erase(result)

    def remove_input(self, parameter: Parameter) -> None:
        """Drop an input that nobody reads."""
        self.erase(parameter)
        self.inputs.remove(parameter)

    # -- looking

    def walk(self) -> Iterator[Node]:
        """All nodes, those of bodies (of any depth) after the node that holds them."""
        stack: list[Iterator[Node]] = [iter(self)]
        while stack:
            for node in stack[-1]:
                yield node
                if node.bodies:
                    stack.append(iter(_chain(node.bodies)))
                    break
            else:
                stack.pop()

    def captures(self) -> list[Value]:
        """Values of outer graphs that nodes in here (bodies included) read, each once, in order."""
        found: dict[Value, None] = {}
        inside: set[int] = {id(self)}
        for node in self.walk():
            inside.update(id(b) for b in node.bodies)
            for v in node.operands:
                if v.node.graph is not None and id(v.node.graph) not in inside:
                    found[v] = None
        return list(found)

    def verify(self) -> None:
        """Check order, links and uses; raises InternalError naming the node. For tests and `--check`."""
        seen: set[Node] = set()
        for node in self:
            if node.graph is not self:
                raise InternalError(f"{node!r} is linked into a graph that it does not belong to")
            for i, v in enumerate(node.operands):
                if (node, i) not in v.uses:
                    raise InternalError(f"{node!r} reads {v!r}, which does not know")
                if v.node.graph is self and v.node not in seen:
                    raise InternalError(f"{node!r} reads {v!r}, which is computed later")
                if v.node.graph is None:
                    raise InternalError(f"{node!r} reads {v!r}, which is in no graph")
            for r in node.results:
                for user, i in r.uses:
                    if user.graph is None or user.operands[i] is not r:
                        raise InternalError(f"{r!r} lists {user!r} as a user, which it is not")
            seen.add(node)
            for body in node.bodies:
                body.verify()
        for parameter in self.inputs:
            if parameter not in seen:
                raise InternalError(f"the input {parameter!r} is not in the graph")
        for result in self.outputs:
            if result not in seen:
                raise InternalError(f"the output {result!r} is not in the graph")


def _number_between(low: Node | None, high: Node | None) -> int:
    """A number between those of two neighbours (None: the ends of the list)."""
    if low is None:
        return high._order - _STRIDE if high is not None else 0
    if high is None:
        return low._order + _STRIDE
    if high._order - low._order < 2:
        _spread(high)
    return low._order + min(_STEP, (high._order - low._order) // 2)


def _spread(node: Node) -> None:
    """Give the nodes around `node` new numbers, evenly, in the smallest range around it that is sparse enough.

    How many nodes a range may hold grows slower than its width, so that a node is numbered anew O(log n) times a
    node that is put in, wherever that is (order maintenance by tags, Bender et al. 2002).
    """
    first = last = node
    count, bits = 1, 0
    while True:
        bits += 1
        low, high = node._order >> bits << bits, ((node._order >> bits) + 1) << bits
        while first._prev is not None and first._prev._order >= low:
            first, count = first._prev, count + 1
        while last._next is not None and last._next._order < high:
            last, count = last._next, count + 1
        if count < _DENSITY**bits / 2:
            break
    gap = (high - low) // count
    current: Node | None = first
    for i in range(count):
        assert current is not None
        current._order = low + i * gap + gap // 2  # not at the edge, where the next range may begin
        current = current._next


def _chain(graphs: Sequence[Graph]) -> Iterator[Node]:
    for graph in graphs:
        yield from graph


def release(body: Graph) -> list[Node]:
    """Unregister what a body reads from outside, since the body goes; returns the outside nodes."""
    outside: list[Node] = []
    for node in list(body.walk()):
        for i, v in enumerate(node.operands):
            if v.node.graph is not None and v.node.graph is not node.graph:
                v.uses.pop((node, i), None)
                outside.append(v.node)
    return outside
