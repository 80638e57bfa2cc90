"""Rows gathered batch by batch, written as an operation that computes them rightly.

The CPU plug-in of OpenVINO (seen in 2026.4) computes Gather with `batch_dims` wrongly, or crashes, when rows of several
elements are gathered and there are fewer batches than threads.
"""

from __future__ import annotations

from mo_core.build import dim_of, known_ints, to_element, unsqueeze
from mo_core.errors import Decline
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import FloorMod, Gather, GatherND
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule


@rule(p.Gather(any_("data"), any_("indices"), any_("axis"), name="node"))
def rows_of_batches(node: Gather, data: Value, indices: Value, axis: Value) -> Value | None:
    """Gather along the axis after the batches is GatherND with places of one number."""
    if not node.batch_dims or data.shape is None or indices.shape is None:
        return None
    batches, place = t.normalize_axis(node.batch_dims, indices.rank + 1), known_ints(axis)
    if place is None or t.normalize_axis(place[0], data.rank) != batches:
        raise Decline("the axis is not the one after the batches")
    if data.rank == batches + 1:
        return None  # single elements are right
    places = FloorMod(indices, to_element(dim_of(data, batches), indices.element))  # negative ones count from the end
    return GatherND(data, unsqueeze(places, indices.rank), batch_dims=batches)


gather_batches = rewrites(
    "gather-batches",
    rows_of_batches,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="Rows gathered batch by batch, which the runtime would compute wrongly, by GatherND.",
)
