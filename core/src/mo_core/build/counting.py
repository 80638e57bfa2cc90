"""How often a loop runs, read from a condition that compares a counter with a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mo_core.build.basics import as_i64, integer, scalar
from mo_core.ir import Graph, Value, constant
from mo_core.ir.known import known_ints
from mo_core.ops import (
    Add,
    Convert,
    Divide,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    LogicalAnd,
    Maximum,
    Minimum,
    Subtract,
)
from mo_core.ops.shape import View

__all__ = ["Carriage", "plain"]


@dataclass(frozen=True)
class Carriage:
    """What a loop carries, in one order: parameters of its body (`before`), what they become, and the first values."""

    body: Graph
    before: Sequence[Value]
    after: Sequence[Value]
    initial: Sequence[Value]

    def step(self, place: int) -> int | None:
        """What every iteration adds to an integer; None when it does anything else."""
        if not self.before[place].element.is_integer:
            return None
        node = plain(self.after[place]).node
        if isinstance(node, Add):
            for x, y in (node.operands, node.operands[::-1]):
                known = known_ints(y)
                if plain(x) is self.before[place] and known is not None and len(known) == 1:
                    return known[0]
        return None

    def counts_from_zero(self, index: Value) -> bool:
        """True when `index`, a value of the body, is the number of the iteration."""
        index = plain(index)
        for place, parameter in enumerate(self.before):
            if index is parameter:
                return self.step(place) == 1 and known_ints(self.initial[place]) == (0,)
        return False

    def trips(self, go: Value) -> Value | None:
        """How often a loop runs whose condition after an iteration is `go`; an i64 scalar, None when that is not plain.

        It is right for loops that run once at least, and not negative for others.
        """
        limits: list[Value] = []
        conditions = [go]
        for condition in conditions:
            node = plain(condition).node
            if isinstance(node, LogicalAnd):
                conditions += node.operands
                continue
            known = condition.const
            if known is not None and known.size == 1 and known.reshape(-1)[0]:
                continue
            limit = self._limit(condition)
            if limit is None or len(conditions) > 16:
                return None
            limits.append(limit)
        if not limits:
            return None
        count = limits[0]
        for limit in limits[1:]:
            count = Minimum(count, limit)
        return Maximum(count, integer(0))

    def _limit(self, condition: Value) -> Value | None:
        """The number of iterations that one comparison allows."""
        node = plain(condition).node
        if isinstance(node, (Less, LessEqual)):
            counter, end = node.operands
        elif isinstance(node, (Greater, GreaterEqual)):
            end, counter = node.operands
        else:
            return None
        for place, after in enumerate(self.after):
            step = self.step(place) if plain(counter) is plain(after) else None
            outside = self._outside(end) if step is not None and step > 0 else None
            if outside is not None and step is not None:
                over = step - 1 + isinstance(node, (LessEqual, GreaterEqual))
                span = Subtract(scalar(as_i64(outside)), scalar(as_i64(self.initial[place])))
                reach = Maximum(Add(span, integer(over)), integer(0))
                return reach if step == 1 else Divide(reach, integer(step))
        return None

    def _outside(self, value: Value) -> Value | None:
        """An integer that is the same in every iteration, as a value around the loop."""
        if not value.element.is_integer:
            return None
        value = plain(value)
        known = value.const
        if known is not None:
            return constant(known)
        if value.node.graph is not self.body:
            return value
        for place, parameter in enumerate(self.before):
            if value is parameter and plain(self.after[place]) is parameter:
                return self.initial[place]
        return None


def plain(value: Value) -> Value:
    """The value before what changes its form only: type of integer, axes of one."""
    while isinstance(value.node, (Convert, View)):
        source = value.node.operands[0]
        if isinstance(value.node, Convert) and not (source.element.is_integer and value.element.is_integer):
            break
        value = source
    return value
