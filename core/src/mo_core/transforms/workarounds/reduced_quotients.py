"""Quotients of whole numbers that come from a reduction, made of dividends that leave no remainder.

The CPU plug-in of OpenVINO (seen in 2026.4) computes a division that follows a reduction in real numbers, and rounds
the result to the nearest whole number, where it is to be rounded towards zero. `test_reduced_quotients` tells when
that is mended.
"""

from __future__ import annotations

from mo_core.ir import Value
from mo_core.ops import Divide, Mod, Subtract
from mo_core.ops.reduction import Reduction
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, op, p
from mo_core.rewriting.rewrite import rule


@rule(
    p.Divide(op(Reduction, name="total"), any_("count"), name="node"),
    p.Divide(p.Convert(op(Reduction), name="total"), any_("count"), name="node"),
)
def without_remainder(node: Divide, total: Value, count: Value) -> Value | None:
    """`(total - total mod count) / count`."""
    if not node.element.is_integer:
        return None
    return node.evolve(Subtract(total, Mod(total, count)), count)


reduced_quotients = rewrites(
    "reduced-quotients",
    without_remainder,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="Quotients of integers after a reduction, which the runtime would round to the nearest, leave no remainder.",
)
