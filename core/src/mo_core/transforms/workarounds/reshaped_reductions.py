"""Reductions that drop axes of size 1 among others, followed by what gives the result another shape.

OpenVINO (seen in 2026.4) takes a Transpose or Reshape after such a reduction for the one that drops the axes, and the
result keeps the shape of the reduction. `test_reshaped_reductions` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build import constant_ints, squeeze
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import Reshape, Transpose
from mo_core.ops.reduction import Reduction
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, op
from mo_core.rewriting.rewrite import rule

_REDUCED = op(Reduction, operands=[any_("data"), any_("axes")], name="reduction", uses=1)


@rule(op(Transpose, Reshape, operands=[_REDUCED, any_("how")], name="node"))
def dropped_apart(
    node: Transpose | Reshape, reduction: Reduction, data: Value, axes: Value, how: Value
) -> Value | None:
    """The reduction keeps its axes, and a Squeeze drops them."""
    along = constant_ints(axes)
    if reduction.keep_dims or data.shape is None or not along:
        return None
    dropped = t.normalize_axes(along, len(data.shape))
    if len(dropped) < 2 or not any(data.shape[a] == 1 for a in dropped):
        return None
    return node.evolve(squeeze(reduction.evolve(data, axes, keep_dims=True), *sorted(dropped)), how)


reshaped_reductions = rewrites(
    "reshaped-reductions",
    dropped_apart,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="A reduction that drops axes of size 1 keeps them for a Squeeze, where the runtime would lose what follows.",
)
