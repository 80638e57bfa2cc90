"""Remainders of a division by an infinity.

The CPU plug-in of OpenVINO (seen in 2026.4) gives no number there. Every finite number is its own remainder; for
FloorMod, which has the sign of the divisor, it is the infinity itself where the signs differ.
`test_infinite_divisors` tells when that is mended.
"""

from __future__ import annotations

import numpy as np

from mo_core.build import constant_like
from mo_core.ir import Graph, Node, Value
from mo_core.ops import FloorMod, IsFinite, IsInf, Less, LogicalAnd, Mod, Multiply, Select
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass


@graph_pass("infinite-divisors", stage=Stage.CLEANUP, after=("common-subexpressions",), before=("dead-code",))
def infinite_divisors(graph: Graph, edit: Editor) -> None:
    """Remainders by what may be infinite, for which the runtime would give no number."""
    for node in list(graph):
        if isinstance(node, (Mod, FloorMod)) and node.element.is_real and not _is_finite(node.operands[1]):
            edit.replace(node, _remainder(node), rule="by-infinity")


def _is_finite(divisor: Value) -> bool:
    content = divisor.known
    return content is not None and content.dtype.kind in "fiu" and bool(np.isfinite(content).all())


def _remainder(node: Node) -> Value:
    a, b = node.operands
    by_infinity: Value = a
    if isinstance(node, FloorMod):
        by_infinity = Select(Less(Multiply(a, b), constant_like(a, 0.0)), b, a)
    return Select(LogicalAnd(IsInf(b), IsFinite(a)), by_infinity, node.evolve(a, b))
