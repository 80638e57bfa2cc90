"""Tile by counts that are not known before the model runs.

The CPU plug-in of OpenVINO (seen in 2026.4) gives memory that nobody wrote then. `test_unknown_repeats` tells when
that is mended.
"""

from __future__ import annotations

from mo_core.build import as_i64, broadcast_to, concat, ints, known_ints, reshape_to, shape_of, unsqueeze
from mo_core.errors import Decline
from mo_core.ir import Value
from mo_core.ops import Multiply, Tile
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule


@rule(p.Tile(any_("x"), any_("repeats"), name="node"))
def by_broadcast(node: Tile, x: Value, repeats: Value) -> Value | None:
    """Each axis with one of size 1 ahead of it, which a broadcast makes as long as there are repeats."""
    if known_ints(repeats) is not None:
        return None
    if x.shape is None or repeats.shape != (x.rank,):
        raise Decline("it is not known whether each axis has its count")
    shape, counts = shape_of(x), as_i64(repeats)
    pairs = [reshape_to(concat([unsqueeze(v, 1), unsqueeze(shape, 1)], 1), [-1]) for v in (ints([1] * x.rank), counts)]
    return reshape_to(broadcast_to(reshape_to(x, pairs[0]), pairs[1]), Multiply(shape, counts))


unknown_repeats = rewrites(
    "unknown-repeats",
    by_broadcast,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="Tile by unknown counts, for which the runtime would give memory that nobody wrote, by a broadcast.",
)
