"""Arithmetic on 8-bit integers, by that on 32-bit ones.

The CPU plug-in of OpenVINO (seen in 2026.4) computes bytes as real numbers: sums, differences and products that do not
fit end at the greatest or the least byte, where all frameworks begin anew at the other end, and quotients of unknown
shape are rounded to the nearest whole number, and not towards zero, or down. `test_byte_arithmetic` tells when that is
mended.
"""

from __future__ import annotations

from mo_core.build import constant_like, to_element
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ops import Add, Divide, FloorMod, Multiply, Negative, ReduceSum, Subtract
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, op, p
from mo_core.rewriting.rewrite import rule

_BYTES = (t.i8, t.u8)


@rule(p.Divide(any_("a"), any_("b"), name="node"))
def quotient(node: Divide, a: Value, b: Value) -> Value | None:
    """The quotient of i32 numbers, which is rounded rightly."""
    if node.element not in _BYTES:
        return None
    return to_element(node.evolve(to_element(a, t.i32), to_element(b, t.i32)), node.element)


@rule(op(Add, Subtract, Multiply, Negative, ReduceSum, name="node"))
def modulo_256(node: Node) -> Value | None:
    """What i32 numbers give, brought back into the range of the bytes."""
    if node.element not in _BYTES:
        return None
    wide: Value = node.evolve(*(to_element(v, t.i32) if v.element in _BYTES else v for v in node.operands))
    if node.element is t.u8:
        return to_element(FloorMod(wide, constant_like(wide, 256)), t.u8)
    half = constant_like(wide, 128)
    return to_element(Subtract(FloorMod(Add(wide, half), constant_like(wide, 256)), half), t.i8)


byte_arithmetic = rewrites(
    "byte-arithmetic",
    quotient,
    modulo_256,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="Arithmetic on 8-bit integers, which the runtime would end at the greatest or round, by 32-bit ones.",
)
