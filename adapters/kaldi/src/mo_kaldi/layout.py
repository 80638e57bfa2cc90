"""Descriptors as operations on rows: a value has one row for each frame, and a descriptor asks for a range of frames.

`Layout` knows what descriptors mean; its subclasses know where the rows of a node come from: the whole utterance
(`utterance`), one frame inside of a recurrence (`recurrence`), or what a call brings and what was remembered
(`stream`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mo_core.build import arange, broadcast_to, concat, dim_of, gather, slice_axis, squeeze
from mo_core.errors import Unsupported
from mo_core.ir import Foreign, Type, Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Convert,
    Equal,
    FloorMod,
    GreaterEqual,
    Less,
    LogicalAnd,
    Maximum,
    Multiply,
    Select,
    Subtract,
)
from mo_kaldi.network import Component, Descriptor, Node
from mo_kaldi.timing import Span, Timing

FRAMES = "frames"
"""The attribute that tells a component with a window where its rows lie."""


class Rows(NamedTuple):
    """A value of rows; `fixed`: a single row that holds for every frame."""

    value: Value
    fixed: bool = False


def named(result: Value, name: str, rows: Value) -> Value:
    """A result that alone has the name of its node: the node may have rows of more frames."""
    if result is not rows and name in rows.names:
        rows.names.remove(name)
    return result


class Layout:
    """Builds the values of descriptors.

    Args:
        timing: where nodes are defined; roots: nodes whose results are asked for; frames: of a call, 0 for all of an
            utterance.
    """

    def __init__(self, timing: Timing, roots: Sequence[str] = (), frames: int = 0) -> None:
        self.timing, self.roots, self.frames = timing, frozenset(roots), frames

    # -- what subclasses know

    def node_rows(self, name: str, lo: int, hi: int) -> Rows:
        """The rows of a node for the frames `lo <= t < end + hi`."""
        raise NotImplementedError

    def times(self, lo: int, hi: int) -> Value:
        """The numbers of these frames, f32 `[rows, 1]`."""
        raise NotImplementedError

    def fixed_row(self, d: Descriptor, frame: int) -> Rows:
        """The row of one frame, for all frames."""
        raise NotImplementedError

    # -- descriptors

    def rows(self, d: Descriptor, lo: int, hi: int) -> Rows:
        """The value of a descriptor for the frames `lo <= t < end + hi`."""
        return getattr(self, f"_{d.op.lower()}")(d, lo, hi)  # type: ignore[no-any-return]

    def _ref(self, d: Descriptor, lo: int, hi: int) -> Rows:
        return self.node_rows(d.name, lo, hi)

    def _offset(self, d: Descriptor, lo: int, hi: int) -> Rows:
        frames = int(d.numbers[0])
        return self.rows(d.args[0], lo + frames, hi + frames)

    def _append(self, d: Descriptor, lo: int, hi: int) -> Rows:
        parts = self._alike([self.rows(a, lo, hi) for a in d.args])
        return Rows(concat([p.value for p in parts], 1), parts[0].fixed)

    def _sum(self, d: Descriptor, lo: int, hi: int) -> Rows:
        parts = [self.rows(a, lo, hi) for a in d.args]
        total = parts[0].value
        for p in parts[1:]:
            total = Add(total, p.value)
        return Rows(total, all(p.fixed for p in parts))

    def _max(self, d: Descriptor, lo: int, hi: int) -> Rows:
        parts = [self.rows(a, lo, hi) for a in d.args]
        most = parts[0].value
        for p in parts[1:]:
            most = Maximum(most, p.value)
        return Rows(most, all(p.fixed for p in parts))

    def _scale(self, d: Descriptor, lo: int, hi: int) -> Rows:
        inner = self.rows(d.args[0], lo, hi)
        return Rows(Multiply(inner.value, d.numbers[0]), inner.fixed)

    def _const(self, d: Descriptor, lo: int, hi: int) -> Rows:
        return Rows(constant(np.full((1, int(d.numbers[1])), d.numbers[0], np.float32)), True)

    def _range(self, d: Descriptor, lo: int, hi: int) -> Rows:
        start, count = map(int, d.numbers)
        inner = self.rows(d.args[0], lo, hi)
        return Rows(slice_axis(inner.value, 1, start, start + count), inner.fixed)

    def _ifdefined(self, d: Descriptor, lo: int, hi: int) -> Rows:
        return self._guarded(d.args[0], None, lo, hi)

    def _failover(self, d: Descriptor, lo: int, hi: int) -> Rows:
        return self._guarded(d.args[0], d.args[1], lo, hi)

    def _clamp(self, d: Descriptor, lo: int, hi: int) -> Rows:
        raise NotImplementedError

    def _mean(self, d: Descriptor, lo: int, hi: int) -> Rows:
        raise NotImplementedError

    def _round(self, d: Descriptor, lo: int, hi: int) -> Rows:
        period = int(d.numbers[0])
        if period == 1:
            return self.rows(d.args[0], lo, hi)
        first = lo - (period - 1)
        inner = self._padded(d.args[0], first, hi)
        if inner.fixed:
            return inner
        times = self.times(lo, hi)
        back = FloorMod(times, period)
        places = Subtract(Add(arange(dim_of(times, 0), t.f32), float(period - 1)), squeeze(back, 1))
        return Rows(gather(inner.value, Convert(places, destination_type=t.i64), 0))

    def _switch(self, d: Descriptor, lo: int, hi: int) -> Rows:
        parts = self._alike([self.rows(a, lo, hi) for a in d.args])
        if parts[0].fixed:
            parts = [self._spread(p, lo, hi) for p in parts]
        turn = FloorMod(self.times(lo, hi), len(parts))
        chosen = parts[0].value
        for i, p in enumerate(parts[1:], 1):
            chosen = Select(Equal(turn, float(i)), p.value, chosen)
        return Rows(chosen)

    def _replaceindex(self, d: Descriptor, lo: int, hi: int) -> Rows:
        return self.fixed_row(d.args[0], int(d.numbers[0]))

    # -- frames that are not there

    def _guarded(self, d: Descriptor, other: Descriptor | None, lo: int, hi: int) -> Rows:
        """A descriptor where it is defined, the other one (or zeros) elsewhere."""
        span = self.timing.span(d)
        if span is None:
            if other is not None:
                return self.rows(other, lo, hi)
            raise Unsupported("a descriptor of the network is defined at no frame, and nothing says how wide it is")
        inner = self._padded(d, lo, hi)
        if inner.fixed or self.covers(span, lo, hi):
            return inner
        there = self.defined_mask(span, lo, hi)
        instead = constant(np.zeros((1, 1), np.float32)) if other is None else self._padded(other, lo, hi).value
        return Rows(Select(there, inner.value, instead))

    def covers(self, span: Span, lo: int, hi: int) -> bool:
        """True when a span holds all of these frames, for every length of the utterance."""
        return span.lo <= lo and span.hi >= hi

    def defined_mask(self, span: Span, lo: int, hi: int) -> Value:
        """Which of the frames lie in a span, boolean `[rows, 1]`."""
        times = self.times(lo, hi)
        after = GreaterEqual(times, span.lo) if span.lo > lo else None
        before = Less(times, self.end(int(span.hi))) if span.hi < hi else None
        if after is not None and before is not None:
            return LogicalAnd(after, before)
        found = after if after is not None else before
        assert found is not None
        return found

    def end(self, hi: int) -> Value:
        """The number of the first frame after `end + hi`, f32."""
        raise NotImplementedError

    def _padded(self, d: Descriptor, lo: int, hi: int) -> Rows:
        """As `rows`, where frames that are not defined may have any content."""
        return self.rows(d, lo, hi)

    # -- rows

    def _alike(self, parts: Sequence[Rows]) -> list[Rows]:
        """Single rows repeated where others have one for each frame."""
        many = next((p.value for p in parts if not p.fixed), None)
        if many is None:
            return list(parts)
        return [Rows(self._repeated(p.value, dim_of(many, 0))) if p.fixed else p for p in parts]

    def _spread(self, rows: Rows, lo: int, hi: int) -> Rows:
        return Rows(self._repeated(rows.value, dim_of(self.times(lo, hi), 0))) if rows.fixed else rows

    def _repeated(self, row: Value, count: Value) -> Value:
        return broadcast_to(row, [count, dim_of(row, 1)])

    # -- components

    def component(self, node: Node, component: Component, lo: int, hi: int) -> Rows:
        """The result of a component for a range of frames."""
        w = self.timing.windows[node.component]
        given: dict[str, object] = {**component.tokens, "": component}
        if self.timing.is_constant(node) or node.reads is None:
            return Rows(self._foreign(node, component, [], given), True)
        first = self.period_start(lo, w.period) if w.period > 1 else lo
        operands, fixed, start, stop = self.operands(node, first + w.first, hi + w.last)
        if w.first or w.last or w.any_:
            given[FRAMES] = (start, stop - hi, lo)
            if fixed:
                operands[0], fixed = self._spread(Rows(operands[0], True), start, stop).value, False
        return Rows(self._foreign(node, component, operands, given), fixed)

    def period_start(self, lo: int, period: int) -> int:
        """A frame at or before which the period of frame `lo` begins."""
        return lo // period * period

    def operands(self, node: Node, lo: int, hi: int) -> tuple[list[Value], bool, int, int]:
        """What a component reads of these frames: the values, whether they are one row, where they begin and end."""
        raise NotImplementedError

    def _foreign(self, node: Node, component: Component, operands: list[Value], given: dict[str, object]) -> Value:
        type_ = Type(t.f32, (t.Dynamic(), t.Dynamic()))
        return Foreign("kaldi", component.kind, operands, given, [type_], name=node.name)
