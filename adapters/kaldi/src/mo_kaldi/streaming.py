"""Streams: a call takes the next frames and gives as many rows; what is needed of earlier frames is kept in variables.

A result that looks ahead comes later than its frame: every node has a delay, and the model as a whole has the greatest
of them. In the first call all earlier frames are taken to equal the first one, as Kaldi pads utterances; since a node
is delayed by all that it looks ahead, everything that it remembers from before the first call is its own first row.

Frames are counted from the first one of the call here, so that the rows of a node with delay d are those of the frames
`-d <= t < N - d`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mo_core.build import arange, broadcast_to, concat, slice_axis, unsqueeze
from mo_core.errors import Unsupported
from mo_core.ir import Graph, Value, constant
from mo_core.ir import types as t
from mo_core.ops import Add, Assign, Equal, GreaterEqual, ReadValue, Select, Subtract
from mo_kaldi.dims import output_dim
from mo_kaldi.layout import Layout, Rows, named
from mo_kaldi.network import Descriptor, Network, Node
from mo_kaldi.recurrence import delays, direction, order_of, recurrence
from mo_kaldi.timing import INF, PRESENT, Span, Timing, components_of, context, modulus

_WHOLE = "Convert it for whole utterances with --utterance."
_NEVER = 1 << 40
_LONGEST = 1 << 12
"""Frames that a node may remember."""


class Stream(Layout):
    """Lays a network out for calls of N frames.

    Args:
        network: what to lay out; roots: nodes whose results are asked for; main: the input that has the frames;
        graph: gets the inputs and the variables; frames: N; every: the delay becomes a multiple of this;
        variables: keep states in variables, else they are inputs and outputs.

    Attributes:
        states: outputs for states, by name, where they are no variables.
        delay: frames by which the results come late; doubtful: how many rows at the end depend on where the utterance
            ends, which a stream cannot know.
    """

    def __init__(
        self,
        network: Network,
        roots: Sequence[str],
        main: str,
        graph: Graph,
        frames: int = 1,
        every: int = 1,
        variables: bool = True,
    ) -> None:
        left, right = (0, 0) if network.generation == "nnet1" else context(network, roots, main)
        super().__init__(Timing(network, {main: Span(-left, right)}), roots, frames)
        self._network, self._graph, self._main = network, graph, main
        self._variables, self.states = variables, dict[str, Value]()
        self._order = components_of(roots, self._reads)
        self._delays: dict[str, int] = {}
        self._doubtful: dict[str, int] = {}
        self._history: dict[str, int] = {}
        self._now: dict[str, Rows] = {}
        self._all: dict[str, Value] = {}
        self._count: Value | None = None
        for members in self._order:
            self._set_delays(members)
        late = max(self._delays[r] for r in roots if r in self._delays) if self._delays else 0
        self.delay = -(-late // every) * every
        self.doubtful = max(0, *(self._doubtful.get(r, 0) for r in roots))
        for members in self._order:
            for name in members:
                self._look_back(name)
        for root in roots:
            self._remember(root, -self.delay)
        self._build_all()

    def result(self, name: str) -> Value:
        """The rows of a node, f32 `[N, columns]`."""
        rows = self._spread(self.node_rows(name, -self.delay, -self.delay), 0, 0)
        return named(rows.value, name, self._now[name].value)

    # -- delays

    def _reads(self, name: str) -> list[str]:
        node = self._network.nodes[name]
        return [] if node.reads is None or self.timing.is_constant(node) else list(node.reads.refs())

    def _set_delays(self, members: Sequence[str]) -> None:
        inside = set(members)
        needed = doubtful = 0
        for name in members:
            node = self._network.nodes[name]
            if node.kind == "input" or self.timing.is_constant(node):
                continue
            w = self.timing.windows.get(node.component, PRESENT)
            for target, _, last in self._looks(node.reads, w.first - w.period + 1, w.last):
                if target not in inside:
                    needed = max(needed, self._delays.get(target, 0) + last)
                    doubtful = max(doubtful, self._doubtful.get(target, 0) + last)
            if w.any_ or w.needed_last < w.last:
                span = self.timing.span(node.reads) if node.reads is not None else None
                doubtful = max(doubtful, w.last - (int(span.hi) if span is not None and span.hi < INF else 0))
        if self._is_recurrent(members):
            if direction(delays(self._network, members), members) > 0:
                raise Unsupported(f'node "{members[0]}" starts at the last frame, so it cannot take a stream', _WHOLE)
            starts = [self.timing.defined[n].lo for n in members if n in self.timing.defined]
            needed = max(needed, -int(min((lo for lo in starts if lo > -INF), default=0)))
        for name in members:
            self._delays[name], self._doubtful[name] = needed, doubtful if doubtful > 0 else -_NEVER

    def _is_recurrent(self, members: Sequence[str]) -> bool:
        return len(members) > 1 or self.timing.reads_itself(members[0])

    def _looks(self, d: Descriptor | None, first: int, last: int) -> Iterator[tuple[str, int, int]]:
        """The nodes that a descriptor reads, with the first and last frame relative to the present one."""
        stack = [(d, first, last)]
        while stack:
            found, lo, hi = stack.pop()
            if found is None:
                continue
            if found.op == "Ref":
                yield found.name, lo, hi
            elif found.op in ("Offset", "Clamp"):
                step = int(found.numbers[0])
                stack.append((found.args[0], lo + step, hi + step))
            elif found.op == "Round":
                stack.append((found.args[0], lo - int(found.numbers[0]) + 1, hi))
            elif found.op != "ReplaceIndex":
                stack.extend((a, lo, hi) for a in found.args)

    def _look_back(self, name: str) -> None:
        """Find out how many frames of its operands a node wants to have kept."""
        node = self._network.nodes[name]
        if node.kind == "input" or self.timing.is_constant(node):
            return
        w = self.timing.windows.get(node.component, PRESENT)
        for target, first, _ in self._looks(node.reads, w.first - w.period + 1, w.last):
            self._remember(target, first - self._delays[name])

    def _remember(self, name: str, lo: int) -> None:
        kept = -lo - self._delays.get(name, 0)
        if kept > _LONGEST:
            raise Unsupported(f'node "{name}" would have to keep {kept} frames, and at most {_LONGEST} are', _WHOLE)
        self._history[name] = max(self._history.get(name, 0), kept)

    # -- building

    def _build_all(self) -> None:
        for node in self._network.nodes.values():
            if node.kind == "input":
                rows = self.frames if node.name == self._main else 1
                x = self._graph.add_input(node.name, t.f32, (rows, node.dim))
                self._keep(node.name, Rows(x, node.name != self._main))
        for members in self._order:
            if members[0] in self._now:
                continue
            if self._is_recurrent(members):
                self._recurrence(members)
                continue
            self._keep(members[0], self._node(self._network.nodes[members[0]]))
        if self._count is not None:
            self._advance()

    def _node(self, node: Node) -> Rows:
        at = -self._delays[node.name]
        if node.kind == "component":
            rows = self.component(node, self._network.components[node.component], at, at)
        else:
            assert node.reads is not None
            rows = self.rows(node.reads, at, at)
        rows.value.names.append(node.name)
        return rows

    def _keep(self, name: str, rows: Rows) -> None:
        """Know the rows of a node from now on, and those of before as far as somebody wants them."""
        self._now[name] = rows
        kept = self._history.get(name, 0)
        if rows.fixed or not kept:
            return
        shape = kept, output_dim(self._network, name)
        first = broadcast_to(slice_axis(rows.value, 0, 0, 1), list(shape))
        past = Select(self._is_first(), first, self._variable(f"{name}/past", shape))
        self._all[name] = self._push(name, past, rows.value)

    def _push(self, name: str, past: Value, new: Value) -> Value:
        both = concat([past, new], 0)
        self._store(f"{name}/past", slice_axis(both, 0, self.frames))
        return both

    def _recurrence(self, members: Sequence[str]) -> None:
        """Nodes that read their own past: one after the other for a single frame, else as a loop over the frames."""
        at = -self._delays[members[0]]
        past = {n: max(map(abs, many)) for n, many in delays(self._network, members).items() if any(many)}
        if self.frames > 1:
            self._loop(members, past, Span(at, at))
            return
        for name in past:
            self._history[name] = max(past[name], self._history.get(name, 0))
            self._all[name] = self._variable(f"{name}/past", (self._history[name], output_dim(self._network, name)))
        for name in order_of(self._network, members):
            rows = self._node(self._network.nodes[name])
            self._now[name] = rows
            if name in past:
                self._all[name] = self._push(name, self._all[name], rows.value)
            else:
                self._keep(name, rows)

    def _loop(self, members: Sequence[str], past: dict[str, int], span: Span) -> None:
        carried = {n: self._variable(f"{n}/carried", (k, output_dim(self._network, n))) for n, k in past.items()}
        rows, after = recurrence(self, self._network, members, span, carried)
        for name, value in after.items():
            self._store(f"{name}/carried", value)
        for name, value in rows.items():
            self._keep(name, Rows(value))

    # -- variables

    def _variable(self, name: str, shape: tuple[int, ...]) -> Value:
        if not self._variables:
            return self._graph.add_input(name, t.f32, shape)
        start = constant(np.zeros(shape, np.float32))
        return ReadValue(start, variable_id=name, variable_type=t.f32, variable_shape=shape)

    def _store(self, name: str, value: Value) -> None:
        if not self._variables:
            self.states[f"{name}/next"] = value
            return
        assign = Assign(value, variable_id=name)
        assign.name = f"{name}/assign"
        self._graph.add(assign)

    def _counter(self) -> Value:
        """How many frames came before this call, f32 `[1]`."""
        if self._count is None:
            self._count = self._variable("frames", (1,))
        return self._count

    def _is_first(self) -> Value:
        return Equal(self._counter(), 0.0)

    def _advance(self) -> None:
        """Count on; after some hours, back by a number that changes nothing, since f32 counts to 2^24 only."""
        period = modulus(self._network) * self.frames
        turn = period * -(-(1 << 20) // period)
        after = Add(self._counter(), float(self.frames))
        late = GreaterEqual(after, float(2 * turn))
        self._store("frames", Select(late, Subtract(after, float(turn)), after))

    # -- what a layout has to know

    def node_rows(self, name: str, lo: int, hi: int) -> Rows:
        now = self._now.get(name)
        if now is not None and now.fixed:
            return now
        delay = self._delays.get(name, 0)
        if now is not None and lo == hi == -delay:
            return now
        whole, kept = self._all[name], self._history[name]
        return Rows(slice_axis(whole, 0, lo + delay + kept, hi + delay + kept + self.frames))

    def times(self, lo: int, hi: int) -> Value:
        rows = arange(self.frames + hi - lo, t.f32)
        return unsqueeze(Add(Add(rows, float(lo)), self._counter()), 1)

    def fixed_row(self, d: Descriptor, frame: int) -> Rows:
        if all(self._network.nodes[n].kind == "input" and n != self._main for n in d.refs()):
            return self.rows(d, 0, 0)
        raise Unsupported("the network reads one frame of the utterance at every other one", _WHOLE)

    def _clamp(self, d: Descriptor, lo: int, hi: int) -> Rows:
        step = int(d.numbers[0])
        return self.rows(d.args[0], lo + step, hi + step)

    def _mean(self, d: Descriptor, lo: int, hi: int) -> Rows:
        raise Unsupported("the network takes the mean over the whole utterance", _WHOLE)

    def covers(self, span: Span, lo: int, hi: int) -> bool:
        return span.lo <= lo

    def defined_mask(self, span: Span, lo: int, hi: int) -> Value:
        return GreaterEqual(self.times(lo, hi), float(span.lo))

    def period_start(self, lo: int, period: int) -> int:
        return lo - (period - 1)  # where a period begins depends on the call

    def operands(self, node: Node, lo: int, hi: int) -> tuple[list[Value], bool, int, int]:
        """Rows of frames before the first one that is defined are zeros, for whoever may look at them."""
        assert node.reads is not None
        rows = self.rows(node.reads, lo, hi)
        w, span = self.timing.windows[node.component], self.timing.span(node.reads)
        partly = w.any_ or (w.needed_first, w.needed_last) != (w.first, w.last)
        if not partly or rows.fixed or span is None:
            return [rows.value], rows.fixed, lo, hi
        there = self.defined_mask(span, lo, hi)
        value = Select(there, rows.value, constant(np.zeros((1, 1), np.float32)))
        return ([value, there, self._counter()] if w.any_ else [value]), False, lo, hi
