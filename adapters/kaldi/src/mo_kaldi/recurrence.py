"""Recurrences: nodes that depend on their own results of other frames, one frame at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence

import numpy as np

from mo_core.build import broadcast_to, concat, dim_of, slice_axis
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Graph, Parameter, Type, Value, constant
from mo_core.ir import types as t
from mo_kaldi.dims import output_dim
from mo_kaldi.layout import Layout, Rows
from mo_kaldi.network import Descriptor, Network, Node
from mo_kaldi.timing import Span


def delays(network: Network, members: Sequence[str]) -> dict[str, set[int]]:
    """For each member the offsets at which members read it. Raises Unsupported where offsets are not plain."""
    inside = set(members)
    found: dict[str, set[int]] = {name: set() for name in members}
    for name in members:
        node = network.nodes[name]
        stack = [(node.reads, 0)]
        while stack:
            d, offset = stack.pop()
            if d is None:
                continue
            if d.op == "Ref":
                if d.name in inside:
                    found[d.name].add(offset)
                continue
            if d.op in ("Round", "ReplaceIndex", "Clamp") and inside.intersection(d.refs()):
                raise Unsupported(f'node "{name}" reads a recurrence through {d.op}')
            step = int(d.numbers[0]) if d.op == "Offset" else 0
            stack.extend((a, offset + step) for a in d.args)
    return found


def order_of(network: Network, members: Sequence[str]) -> list[str]:
    """The members so that each comes after those it reads at the same frame. Raises ModelError for a circle."""
    inside = set(members)
    present: dict[str, set[str]] = {}
    for name in members:
        now: set[str] = set()
        stack = [(network.nodes[name].reads, 0)]
        while stack:
            d, offset = stack.pop()
            if d is None:
                continue
            if d.op == "Ref" and d.name in inside and not offset:
                now.add(d.name)
            step = int(d.numbers[0]) if d.op == "Offset" else 0
            stack.extend((a, offset + step) for a in d.args)
        present[name] = now
    ordered: list[str] = []
    left = dict(present)
    while left:
        ready = [name for name, now in left.items() if not now]
        if not ready:
            raise ModelError(f'node "{next(iter(left))}" depends on itself at the same frame')
        for name in ready:
            del left[name]
        ordered += ready
        gone = set(ready)
        for now in left.values():
            now -= gone
    return ordered


def direction(offsets: dict[str, set[int]], members: Sequence[str]) -> int:
    """-1 when the past is read, 1 when the future is. Raises Unsupported when both are."""
    ways = {(-1 if o < 0 else 1) for many in offsets.values() for o in many if o}
    if len(ways) != 1:
        raise Unsupported(f'the recurrence around node "{members[0]}" reads both the past and the future')
    return ways.pop()


def recurrence(
    outer: Layout, network: Network, members: Sequence[str], span: Span, before: Mapping[str, Value] | None = None
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The rows of all members of a recurrence for the frames of `span`, and the rows that the next frames need.

    `before` has these rows of the frames before, f32 `[frames, columns]` by name; without it they are zeros. Several
    frames are computed at once, as many as the shortest delay allows.
    """
    offsets = delays(network, members)
    way = direction(offsets, members)
    block = min(abs(o) for many in offsets.values() for o in many if o)
    block = math.gcd(block, outer.frames) if outer.frames else block
    step = _Step(outer, network, members, offsets, span, before or {}, way, block)
    names = step.build(order_of(network, members), _read_outside(network, members))
    given = {
        "body": step.body,
        "sliced": len(step.sliced),
        "carried": len(step.carried),
        "backwards": step.way > 0,
        "block": block,
        "whole": bool(outer.frames),
    }
    inputs = [v for _, v in (*step.sliced, *step.carried, *step.invariant)]
    types = [Type(t.f32, (t.Dynamic(), t.Dynamic()))] * (len(step.carried) + len(names))
    loop = Foreign("kaldi", "Recurrence", inputs, given, types, name=f"{members[0]}/recurrence")
    rows = dict(zip(names, loop.results[len(step.carried) :]))
    for name, value in rows.items():
        value.names.append(name)
    return rows, dict(zip(step.past, loop.results))


def _read_outside(network: Network, members: Sequence[str]) -> frozenset[str]:
    """The members that other nodes read."""
    inside = frozenset(members)
    readers = (n for n in network.nodes.values() if n.name not in inside and n.reads is not None)
    return frozenset(name for n in readers if n.reads is not None for name in n.reads.refs() if name in inside)


class _Step(Layout):
    """A block of frames: rows of outside come in block by block, rows of other blocks are carried along.

    Attributes:
        body: the graph of one block; its inputs are those of `sliced`, `carried` and `invariant` in this order, its
            outputs the carried values after the block, then the rows of the members.
        sliced, carried, invariant: parameters of the body, each with the value that it stands for at first.
        past: the carried rows by node.
    """

    def __init__(
        self,
        outer: Layout,
        network: Network,
        members: Sequence[str],
        offsets: dict[str, set[int]],
        span: Span,
        before: Mapping[str, Value],
        way: int,
        block: int,
    ) -> None:
        super().__init__(outer.timing)
        self.way, self.block = way, block
        self._outer, self._network, self._span, self._before = outer, network, span, before
        self._members = frozenset(members)
        self.body = Graph("recurrence")
        self.sliced: list[tuple[Parameter, Value]] = []
        self.carried: list[tuple[Parameter, Value]] = []
        self.invariant: list[tuple[Parameter, Value]] = []
        self._outside: dict[object, Rows] = {}
        self._now: dict[str, Rows] = {}
        self.past: dict[str, Value] = {}
        self._depth = {name: max(map(abs, many)) for name, many in offsets.items() if any(many)}

    def build(self, order: Sequence[str], wanted: Container[str]) -> list[str]:
        """Add the nodes of one block; returns the members that are results, in their order."""
        for name, depth in self._depth.items():
            dim = output_dim(self._network, name)
            start = self._before.get(name)
            if start is None:
                start = constant(np.zeros((depth, dim), np.float32))
            self.past[name] = self._parameter(self.carried, start, (depth, dim))
        for name in order:
            self._now[name] = self._node(self._network.nodes[name])
        ends = [self._after(name, depth) for name, depth in self._depth.items()]
        results = [name for name in order if name in wanted or name in self._outer.roots]
        for value in (*ends, *(self._now[name].value for name in results)):
            self.body.add_output(value)
        self.body.order_inputs([p for p, _ in (*self.sliced, *self.carried, *self.invariant)])
        return results

    def _node(self, node: Node) -> Rows:
        if node.kind == "component":
            return self.component(node, self._network.components[node.component], 0, 0)
        assert node.reads is not None
        return self.rows(node.reads, 0, 0)

    def _after(self, name: str, depth: int) -> Value:
        """What is carried on: the newest rows, in the order of time."""
        new, past = self._now[name].value, self.past[name]
        if depth == self.block:
            return new
        if self.way < 0:
            return concat([slice_axis(past, 0, self.block), new], 0)
        return concat([new, slice_axis(past, 0, 0, -self.block)], 0)

    def _parameter(self, kind: list[tuple[Parameter, Value]], value: Value, shape: t.Shape) -> Parameter:
        parameter = self.body.add_input("", value.element, shape)
        kind.append((parameter, value))
        return parameter

    # -- rows

    def rows(self, d: Descriptor, lo: int, hi: int) -> Rows:
        if lo != hi:
            raise Unsupported("a component inside of a recurrence looks at several frames")
        if self._members.isdisjoint(d.refs()):
            return self._from_outside((d, lo), lambda: self._outer.rows(d, *self._absolute(lo)))
        return super().rows(d, lo, hi)

    def node_rows(self, name: str, lo: int, hi: int) -> Rows:
        if not lo:
            return self._now[name]
        past, depth = self.past[name], self._depth[name]
        place = depth + lo if self.way < 0 else lo - self.block
        return Rows(past if depth == self.block else slice_axis(past, 0, place, place + self.block))

    def times(self, lo: int, hi: int) -> Value:
        return self._from_outside(("times", lo), lambda: Rows(self._outer.times(*self._absolute(lo)))).value

    def operands(self, node: Node, lo: int, hi: int) -> tuple[list[Value], bool, int, int]:
        assert node.reads is not None
        rows = self.rows(node.reads, lo, hi)
        return [rows.value], rows.fixed, lo, hi

    def covers(self, span: Span, lo: int, hi: int) -> bool:
        return self._outer.covers(span, *self._absolute(lo))

    def defined_mask(self, span: Span, lo: int, hi: int) -> Value:
        first, last = self._absolute(lo)
        return self._from_outside((span, lo), lambda: Rows(self._outer.defined_mask(span, first, last))).value

    def _absolute(self, offset: int) -> tuple[int, int]:
        return int(self._span.lo) + offset, int(self._span.hi) + offset

    def _from_outside(self, key: object, make: Callable[[], Rows]) -> Rows:
        """A value of outside: its row of the frame, or the one row that it has."""
        if key not in self._outside:
            rows = make()
            kind = self.invariant if rows.fixed else self.sliced
            shape = (1 if rows.fixed else self.block, rows.value.dims[1])
            self._outside[key] = Rows(self._parameter(kind, rows.value, shape), rows.fixed)
        return self._outside[key]

    def _repeated(self, row: Value, count: Value) -> Value:
        return row if self.block == 1 else broadcast_to(row, [self.block, dim_of(row, 1)])
