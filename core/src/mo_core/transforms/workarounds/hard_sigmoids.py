"""Sigmoids of straight lines, written as the arithmetic that they are.

OpenVINO (seen in 2026.4) computes HSigmoid as a product with 0.16666666, so that it ends at 0.99999994 and not at 1:
whatever rounds down or compares after it sees 0. Its HardSigmoid takes an alpha or a beta of 0 for another number.
`test_hard_sigmoids` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build import constant_like
from mo_core.errors import Decline
from mo_core.ir import Value
from mo_core.ir.known import number
from mo_core.ops import Add, Clamp, HardSigmoid, HSigmoid, Multiply
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule


@rule(p.HSigmoid(any_("x"), name="node"))
def line_of_one_sixth(node: HSigmoid, x: Value) -> Value:
    """`min(max(x / 6 + 1 / 2, 0), 1)`, where it is not only a factor, as in blocks that weigh channels."""
    if node.uses and all(isinstance(user, Multiply) for user in node.users()):
        raise Decline("it is a factor, and the runtime's error is that of one rounding")
    return _line(x, 1 / 6, 0.5)


@rule(p.HardSigmoid(any_("x"), any_("alpha"), any_("beta"), name="node"))
def flat_line(node: HardSigmoid, x: Value, alpha: Value, beta: Value) -> Value | None:
    """`min(max(alpha x + beta, 0), 1)`, one of both numbers being 0."""
    slope, start = number(alpha), number(beta)
    if slope is None or start is None:
        raise Decline("alpha and beta are not known")
    return _line(x, slope, start) if slope == 0 or start == 0 else None


def _line(x: Value, slope: float, start: float) -> Value:
    scaled = Multiply(x, constant_like(x, slope))
    return Clamp(Add(scaled, constant_like(x, start)), min=0.0, max=1.0)


hard_sigmoids = rewrites(
    "hard-sigmoids",
    line_of_one_sixth,
    flat_line,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="HSigmoid, which the runtime ends short of 1, and HardSigmoid with a 0, which it mistakes, by arithmetic.",
)
