"""What a loop does from one iteration to the next: what it counts, what it carries, which pieces it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mo_core.build.basics import as_i64, dim_of, dims_of, move_axis, scalar, squeeze, unsqueeze, vector
from mo_core.build.counting import Carriage, plain
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ir.known import scalar as known_scalar
from mo_core.ir.types import Dim
from mo_core.ops import Add, Broadcast, Convert
from mo_core.ops.control import Concatenated, Invariant, LastValue, Loop, Merged, Sliced, TensorIterator
from mo_core.transforms.simplify.batching import Batch, batched

__all__ = ["Iterated", "Iteration", "holds", "sliced"]

Iteration: TypeAlias = "Loop | TensorIterator"

_PIECE = Sliced(0, 0)
_WHOLE = (_PIECE.start, _PIECE.end, _PIECE.stride, _PIECE.part_size)


def sliced(node: Iteration) -> list[tuple[Sliced, Value]]:
    """The operands that are cut in pieces, with how."""
    return [(p, v) for p, v in zip(node.input_ports, node.inputs) if isinstance(p, Sliced)]


def holds(condition: Value) -> bool:
    """True for a condition that is known to be true."""
    known = condition.known
    return known is not None and known.size == 1 and bool(known.reshape(-1)[0])


@dataclass
class Iterated:
    """A loop that runs for every piece of what it reads, the first one first, and is not ended by its condition.

    Attributes:
        count, often: how many iterations there are, as a scalar value and as a dimension.
        bound: what stands for parameters that are pieces, or the same in every iteration.
        states: parameters that are no counters: what an iteration makes of them, and what they are at first.
    """

    node: Iteration
    count: Value
    often: Dim
    bound: dict[Value, Batch]
    states: dict[Value, tuple[Value, Value]]
    _carriage: Carriage
    _numbers: set[Value]

    @classmethod
    def of(cls, node: Iteration) -> Iterated | None:
        """The loop, or None where it is another kind of loop."""
        size = _size(node)
        if size is None:
            return None
        body = node.body
        carried = [(p, v) for p, v in zip(node.input_ports, node.inputs) if isinstance(p, Merged)]
        before = [body.inputs[p.parameter] for p, _ in carried]
        carriage = Carriage(body, before, [body.outputs[p.result].source for p, _ in carried], [v for _, v in carried])
        made = cls(node, *size, {}, {}, carriage, set())
        for port, value in zip(node.input_ports, node.inputs):
            made._enter(port, value)
        if isinstance(node, Loop) and node.current_iteration is not None:
            made._numbers.add(body.inputs[node.current_iteration])
        return made

    def _enter(self, port: Invariant | Sliced | Merged, value: Value) -> None:
        parameter = self.node.body.inputs[port.parameter]
        if isinstance(port, Sliced):
            axis = t.normalize_axis(port.axis, value.rank)
            self.bound[parameter] = Batch(unsqueeze(move_axis(value, axis, 0), axis + 1))
        elif isinstance(port, Invariant) or self.node.body.outputs[port.result].source is parameter:
            self.bound[parameter] = Batch(value, shared=True)
        elif self._carriage.counts_from_zero(parameter):
            self._numbers.add(parameter)
        elif not self._counts(self.node.body.outputs[port.result].source):
            self.states[parameter] = self.node.body.outputs[port.result].source, value

    def _counts(self, after: Value) -> bool:
        """True for what a counter is after an iteration."""
        return any(v is after and self._carriage.step(i) == 1 for i, v in enumerate(self._carriage.after))

    def is_number(self, value: Value) -> bool:
        """True for the number of the iteration."""
        return plain(value) in self._numbers

    def at_once(self, wanted: Sequence[Value], more: Mapping[Value, Batch] | None = None) -> dict[Value, Batch] | None:
        """Values of the body for all iterations; `more` says what else stands for some. None where there is no way."""
        return batched(self.node.body, {**self.bound, **(more or {})}, self.is_number, self.often, wanted)

    def results(
        self, more: Mapping[Value, Batch] | None = None, last: Callable[[Value], Value | None] = lambda _: None
    ) -> list[Value | None] | None:
        """What stands for the results of the loop (None for one that nobody reads), or None where there is no way.

        Args:
            more: as for `at_once`; last: what a value of the body is after the last iteration, where that is known.
        """
        body, ends = self.node.body, self.node.output_ports
        read = [(p, body.outputs[p.result].source) for p, r in zip(ends, self.node.results) if r.uses]
        lasts = {v: self._last(v, last) for p, v in read if isinstance(p, LastValue)}
        found = self.at_once([v for p, v in read if isinstance(p, Concatenated) or lasts[v] is None], more)
        if found is None:
            return None
        made: list[Value | None] = []
        for end, result in zip(ends, self.node.results):
            value = body.outputs[end.result].source
            if not result.uses:
                made.append(None)
                continue
            new = self._joined(found[value], end, value) if isinstance(end, Concatenated) else lasts[value]
            if new is None and isinstance(end, LastValue) and found[value].shared and t.bounds(self.often)[0] > 0:
                new = found[value].value
            if new is None:
                return None
            made.append(new)
        return made

    def _last(self, after: Value, last: Callable[[Value], Value | None]) -> Value | None:
        if not self._counts(after):
            return last(after)
        initial = next(v for v, made in zip(self._carriage.initial, self._carriage.after) if made is after)
        return Add(initial, Convert(scalar(self.count), destination_type=initial.element))

    def _joined(self, batch: Batch, port: Concatenated, result: Value) -> Value | None:
        """The pieces of all iterations, put together along an axis."""
        axis = t.normalize_axis(port.axis, result.rank)
        if result.dims[axis] != 1:
            return None
        if not batch.shared:
            return move_axis(squeeze(batch.value, axis + 1), 0, axis)
        around = [dims_of(batch.value, axes) for axes in (range(axis), range(axis + 1, result.rank))]
        return Broadcast(batch.value, vector([around[0], self.count, around[1]]))


def _size(node: Iteration) -> tuple[Value, Dim] | None:
    """How often a loop runs: the number as a value, and as a dimension; None where a condition may end it before."""
    cuts = [p for p in (*node.input_ports, *node.output_ports) if isinstance(p, (Sliced, Concatenated))]
    if any((p.start, p.end, p.stride, p.part_size) != _WHOLE for p in cuts):
        return None
    if any(v.shape is None for _, v in sliced(node)):
        return None
    pieces = [(dim_of(v, p.axis), v.dims[t.normalize_axis(p.axis, v.rank)]) for p, v in sliced(node)]
    if isinstance(node, TensorIterator):
        return pieces[0] if pieces else None
    certain = holds(node.execution_condition) and holds(node.body.outputs[node.body_condition].source)
    trips = known_scalar(node.trip_count)
    if not certain or (trips is not None and t.bounds(trips)[0] < 0):
        return None
    if pieces:
        return pieces[0] if trips is not None and t.same_dim(trips, pieces[0][1]) else None
    return None if trips is None else (scalar(as_i64(node.trip_count)), trips)
