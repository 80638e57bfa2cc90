"""Quotients of 8-bit integers.

The CPU plug-in of OpenVINO (seen in 2026.4) rounds quotients of bytes of unknown shape to the nearest whole number,
where they are to be rounded towards zero, or down. `test_byte_quotients` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build import to_element
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import Divide
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule


@rule(p.Divide(any_("a"), any_("b"), name="node"))
def by_wider_integers(node: Divide, a: Value, b: Value) -> Value | None:
    """The quotient of i32 numbers, which is rounded rightly."""
    if node.element not in (t.i8, t.u8):
        return None
    return to_element(node.evolve(to_element(a, t.i32), to_element(b, t.i32)), node.element)


byte_quotients = rewrites(
    "byte-quotients",
    by_wider_integers,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="Quotients of 8-bit integers, which the runtime would round to the nearest, by 32-bit ones.",
)
