"""Whole utterances: one row for each frame, edge frames repeated, recurrences as loops over the frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import arange, broadcast_to, concat, dim_of, slice_axis, unsqueeze
from mo_core.ir import Graph, Value, constant
from mo_core.ir import types as t
from mo_core.ops import Add, Convert, Divide, ReduceSum
from mo_kaldi.layout import Layout, Rows, named
from mo_kaldi.network import Descriptor, Network, Node
from mo_kaldi.recurrence import recurrence
from mo_kaldi.timing import Span, Timing, components_of, context


class Utterance(Layout):
    """Lays a network out for utterances of any length.

    Args:
        network: what to lay out; roots: nodes whose results are asked for; main: the input that has the frames;
        graph: gets the inputs.
    """

    def __init__(self, network: Network, roots: Sequence[str], main: str, graph: Graph) -> None:
        clamped = network.generation == "nnet1"
        left, right = (0, 0) if clamped else context(network, roots, main)
        super().__init__(Timing(network, {main: Span(-left, right)}), roots)
        self._network, self._graph, self._main = network, graph, main
        self._values: dict[str, tuple[Rows, Span]] = {}
        self._times: dict[tuple[int, int], Value] = {}
        self._input(main, left, right)
        order = components_of(roots, self._reads)
        self.needed = self.timing.needs(roots, order[::-1])
        for members in order:
            self._build(members)

    def result(self, name: str) -> Value:
        """The rows of a node for the utterance, f32 `[T, columns]`."""
        return named(self._spread(self.node_rows(name, 0, 0), 0, 0).value, name, self._values[name][0].value)

    def _input(self, main: str, left: int, right: int) -> None:
        """The inputs: frames, whose first and last are repeated as often as the network looks over the edge."""
        for node in self._network.nodes.values():
            if node.kind != "input":
                continue
            if node.name != main:
                row = self._graph.add_input(node.name, t.f32, (1, node.dim))
                self._values[node.name] = Rows(row, True), Span(-np.inf, np.inf)
                continue
            x: Value = self._graph.add_input(node.name, t.f32, (t.Dynamic(name="frames"), node.dim))
            self._length = dim_of(x, 0)
            parts = [x]
            if left:
                parts.insert(0, broadcast_to(slice_axis(x, 0, 0, 1), [left, node.dim]))
            if right:
                parts.append(broadcast_to(slice_axis(x, 0, -1), [right, node.dim]))
            rows = concat(parts, 0) if len(parts) > 1 else x
            self._values[node.name] = Rows(rows), Span(-left, right)

    def _reads(self, name: str) -> list[str]:
        node = self._network.nodes[name]
        return [] if node.reads is None or self.timing.is_constant(node) else list(node.reads.refs())

    def _build(self, members: Sequence[str]) -> None:
        if members[0] in self._values or members[0] not in self.needed:
            return
        if len(members) > 1 or self.timing.reads_itself(members[0]):
            whole = self.needed[members[0]]
            for name, value in recurrence(self, self._network, members, whole)[0].items():
                self._values[name] = Rows(value), whole
            return
        node, span = self._network.nodes[members[0]], self.needed[members[0]]
        lo, hi = int(span.lo), int(span.hi)
        if node.kind == "component":
            rows = self.component(node, self._network.components[node.component], lo, hi)
        else:
            assert node.reads is not None
            rows = self.rows(node.reads, lo, hi)
        rows.value.names.append(node.name)
        self._values[node.name] = rows, span

    # -- what a layout has to know

    def node_rows(self, name: str, lo: int, hi: int) -> Rows:
        rows, span = self._values[name]
        if rows.fixed or (lo == span.lo and hi == span.hi):
            return rows
        first, last = lo - int(span.lo), hi - int(span.hi)
        if min(first, last) >= 0 or max(first, last) <= 0:
            return Rows(self._shifted(rows.value, first, last, hi - lo))
        value = slice_axis(rows.value, 0, max(first, 0), last if last < 0 else t.INF)
        return Rows(self._widened(value, first, last))

    def times(self, lo: int, hi: int) -> Value:
        if (lo, hi) not in self._times:
            count = Add(self._length, hi - lo) if hi != lo else self._length
            self._times[lo, hi] = unsqueeze(Add(arange(count, t.f32), float(lo)), 1)
        return self._times[lo, hi]

    def end(self, hi: int) -> Value:
        return Add(Convert(self._length, destination_type=t.f32), float(hi))

    def fixed_row(self, d: Descriptor, frame: int) -> Rows:
        inner = self.rows(d, min(frame, 0), 0)
        if inner.fixed:
            return inner
        first = max(frame, 0)
        return Rows(slice_axis(inner.value, 0, first, first + 1), True)

    def _clamp(self, d: Descriptor, lo: int, hi: int) -> Rows:
        """Frames beyond the ends repeat the ends."""
        frames = int(d.numbers[0])
        inner = self.rows(d.args[0], 0, 0)
        if inner.fixed:
            return inner
        lo, hi = lo + frames, hi + frames
        return Rows(self._shifted(inner.value, lo, hi, hi - lo))

    def _shifted(self, rows: Value, first: int, last: int, more: int) -> Value:
        """The rows from `first` on, `more` than there are frames; those before and after the ends repeat the ends."""
        rows = self._widened(rows, first, last)
        if first > 0 or last < 0:  # whatever the length is: an utterance may be shorter than the shift
            count = Add(self._length, more) if more else self._length
            rows = slice_axis(rows, 0, max(first, 0), Add(count, max(first, 0)))
        return rows

    def _widened(self, rows: Value, first: int, last: int) -> Value:
        """Rows with copies of the first one before them and of the last one behind them, where places are asked for."""
        parts = [rows]
        if first < 0:
            parts.insert(0, self._repeated(slice_axis(rows, 0, 0, 1), _count(-first)))
        if last > 0:
            parts.append(self._repeated(slice_axis(rows, 0, -1), _count(last)))
        return concat(parts, 0) if len(parts) > 1 else rows

    def _mean(self, d: Descriptor, lo: int, hi: int) -> Rows:
        inner = self._spread(self.rows(d.args[0], 0, 0), 0, 0)
        total = ReduceSum(inner.value, [0], keep_dims=True)
        more, alone = d.numbers
        return Rows(total if alone else Divide(total, Add(self.end(0), float(more))), True)

    def operands(self, node: Node, lo: int, hi: int) -> tuple[list[Value], bool, int, int]:
        assert node.reads is not None
        span = self.timing.span(node.reads)
        assert span is not None
        lo, hi = int(max(lo, span.lo)), int(min(hi, span.hi))
        rows = self.rows(node.reads, lo, hi)
        return [rows.value], rows.fixed, lo, hi


def _count(number: int) -> Value:
    return constant(np.array([number], np.int64))
