"""How an op treats the axes of its operands (see `mo_core.ops.axes` for the traits of our own ops)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mo_core.ir.permutations import Order

if TYPE_CHECKING:
    from mo_core.ir.node import Node, Value


@dataclass(frozen=True)
class AxisTrait:
    """What a class declares as its `axis_trait`; an op without one is made on the axes as they are.

    Attributes:
        ports: the operands whose axes appear in the results, given a node. None: this node is no such op after all.
        turn: `turn(node, operands, order)` makes the node again. These operands have their axes in another order: each
            that `ports` names is `x` where the node's own is `Transpose(x, order)`. Returns the new node and the order
            for its results (the old ones are `Transpose(new, order)`), or None where it cannot be done.
    """

    ports: Callable[[Node], Sequence[int]]
    turn: Callable[[Node, list[Value], Order], tuple[Node, Order] | None]
