"""How an op treats the axes of its operands (see `mo_core.ops.axes` for the traits of our own ops)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
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
        mixes: the axes of operand 0 along which what stands at different places meets in a result: along all others the
            op does the same for each index. None: that is not known. Whether other operands have entries along an axis
            is theirs to say, by their shapes.
    """

    ports: Callable[[Node], Sequence[int]]
    turn: Callable[[Node, list[Value], Order], tuple[Node, Order] | None]
    mixes: Callable[[Node], Collection[int] | None] = lambda _: None

    def carried(self, node: Node, axis: int) -> int | None:
        """The axis of the result whose indices are computed from the same indices of `axis` of operand 0 alone.

        None where values at different places meet, or nothing is known.
        """
        mixed, before, after = self.mixes(node), node.operands[0].shape, node.shape
        if mixed is None or axis in mixed or before is None or after is None:
            return None
        if len(after) == len(before) - len(mixed):  # a reduction without these axes
            return axis - sum(m < axis for m in mixed)
        if len(after) == len(before):
            return axis
        return axis + len(after) - len(before) if not mixed and len(after) > len(before) else None
