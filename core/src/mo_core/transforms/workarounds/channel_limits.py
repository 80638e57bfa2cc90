"""Quantisation with limits of their own for each index of an axis that is not the second one.

The CPU plug-in of OpenVINO (seen in 2026.4) takes 255 levels for 256 there, and refuses data whose sizes are not known.
It moves a Transpose before the data behind the operation, so that another order of the axes does not help.
`test_channel_limits` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build import constant_like
from mo_core.ir import Value
from mo_core.ops import Add, Divide, Equal, FakeQuantize, Maximum, Minimum, Multiply, Round, Select, Subtract
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule

_TAKEN_FOR_ONE_MORE = 255


@rule(p.FakeQuantize(any_("x"), any_(), any_(), any_(), any_(), name="node"))
def written_out(node: FakeQuantize, x: Value) -> Value | None:
    """The steps of the quantisation, each an operation."""
    if x.shape is None or len(x.shape) < 3 or x.const is not None:
        return None
    if node.levels != _TAKEN_FOR_ONE_MORE and all(isinstance(d, int) for d in x.shape):
        return None
    low, high, to_low, to_high = node.operands[1:]
    shapes = [v.shape for v in node.operands[1:]]
    axes = {len(s) - i for s in shapes if s is not None for i, d in enumerate(s) if d != 1}  # from the end
    if len(axes) != 1 or len(x.shape) - 1 in axes or None in shapes:
        return None
    steps = constant_like(x, node.levels - 1)
    span: Value = Subtract(high, low)
    span = Select(Equal(span, constant_like(x, 0)), constant_like(x, 1), span)
    above = Subtract(Minimum(Maximum(x, low), high), low)
    level = Round(Multiply(above, Divide(steps, span)), mode="half_to_even")
    return Add(Multiply(level, Divide(Subtract(to_high, to_low), steps)), to_low)


channel_limits = rewrites(
    "channel-limits",
    written_out,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="A quantisation by channel is written out where the runtime cannot do it along its axis.",
)
