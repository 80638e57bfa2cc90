"""Reductions of data with an axis more, written so that the runtime does not take the axis after them.

OpenVINO (seen in 2026.4) moves an Unsqueeze, or a Reshape that does the same, after a reduction that keeps its axes,
and counts the axes as if the reduction dropped them: the result has another shape. Negative axes it counts wrongly
whether they are kept or not; `positive-axes` writes those from the front.
`test_reduced_unsqueezes` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build import constant_ints, unsqueeze
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ops import Reshape, Unsqueeze
from mo_core.ops.reduction import Reduction
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, op
from mo_core.rewriting.rewrite import rule


@rule(op(Reduction, operands=[op(Unsqueeze, Reshape, name="longer"), any_("axes")], name="node"))
def axes_put_back(node: Reduction, longer: Node, axes: Value) -> Value | None:
    """A reduction that drops its axes, which are put in again."""
    before, after, along = longer.operands[0].shape, longer.shape, constant_ints(axes)
    if not node.keep_dims or before is None or after is None or len(after) <= len(before) or not along:
        return None
    places = t.normalize_axes(along, len(after))
    return unsqueeze(node.evolve(longer, axes, keep_dims=False), *sorted(places))


reduced_unsqueezes = rewrites(
    "reduced-unsqueezes",
    axes_put_back,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code", "positive-axes"),
    doc="A reduction after an Unsqueeze, which the runtime would exchange wrongly, drops its axes and gets them again.",
)
