"""Quantisation to 65536 levels.

OpenVINO (seen in 2026.4) takes FakeQuantize with so many levels out, and with it the limits of the data; where nothing
is left it refuses the model. With one level more, above the others and never reached, it stays.
`test_sixteen_bits` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build import constant_like
from mo_core.ir import Value
from mo_core.ops import Add, Divide, FakeQuantize, Minimum, Subtract
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule

_LEVELS = 65536


@rule(
    p.FakeQuantize(any_("x"), any_("low"), any_("high"), any_("to_low"), any_("to_high"), name="node", levels=_LEVELS)
)
def one_level_more(
    node: FakeQuantize, x: Value, low: Value, high: Value, to_low: Value, to_high: Value
) -> Value | None:
    """Data that is cut at its upper limit, and limits that are a step wider."""
    if x.const is not None:  # it lies within its limits
        return None
    inside = Minimum(x, high)
    return node.evolve(inside, low, _wider(low, high), to_low, _wider(to_low, to_high), levels=_LEVELS + 1)


def _wider(low: Value, high: Value) -> Value:
    return Add(high, Divide(Subtract(high, low), constant_like(high, _LEVELS - 1)))


sixteen_bits = rewrites(
    "sixteen-bits",
    one_level_more,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="Quantisation to 65536 levels, which the runtime would take out, gets a level more.",
)
