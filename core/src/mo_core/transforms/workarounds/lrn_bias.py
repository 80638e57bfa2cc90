"""Local response normalisation whose bias is no whole number, written with a bias of one.

The CPU plug-in of OpenVINO (seen in 2026.4) drops the fraction of the bias.
"""

from __future__ import annotations

from mo_core.errors import Decline
from mo_core.ir import Value, constant
from mo_core.ops import LRN, Multiply
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule


@rule(p.LRN(any_("x"), any_("axes"), name="node"))
def fraction_out_of_bias(node: LRN, x: Value, axes: Value) -> Value | None:
    """`(bias + alpha s)^-beta` is `bias^-beta (1 + alpha / bias s)^-beta`."""
    if float(node.bias).is_integer():
        return None
    if node.bias <= 0:
        raise Decline("the bias is not positive")
    plain = node.evolve(x, axes, bias=1.0, alpha=node.alpha / node.bias)
    return Multiply(plain, constant(node.bias**-node.beta, x.element))


lrn_bias = rewrites(
    "lrn-bias",
    fraction_out_of_bias,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="A bias with a fraction, which the runtime would drop, goes out of LRN.",
)
