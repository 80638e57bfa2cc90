"""Pad with a number that is not known before the model runs.

The CPU plug-in of OpenVINO (seen in 2026.4) pads with zeros then. `test_unknown_borders` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build import constant_like, filled, shape_of
from mo_core.errors import Decline
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import Pad, Select
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule


@rule(p.Pad(any_("x"), any_("begin"), any_("end"), any_("number"), name="node"))
def chosen_outside(node: Pad, x: Value, begin: Value, end: Value, number: Value) -> Value | None:
    """Where truth values padded with false are false, the number."""
    if node.pad_mode != "constant" or number.known is not None:
        return None
    if number.shape != ():
        raise Decline("the number is no scalar")
    yes, no = constant(True, t.boolean), constant(False, t.boolean)
    inside = Pad(filled(shape_of(x), yes), begin, end, no)
    return Select(inside, node.evolve(x, begin, end, constant_like(x, 0)), number)


unknown_borders = rewrites(
    "unknown-borders",
    chosen_outside,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="Pad with a number that is not known before, which the runtime would take for 0, by a choice.",
)
