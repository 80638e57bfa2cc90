"""StridedSlice that begins or ends where the model is told only when it runs, and takes axes away or puts new ones in.

The CPU plug-in of OpenVINO (seen in 2026.4) reads where to begin too early when the result has a known shape, and puts
a new axis after an ellipsis in the wrong place; numbers come from anywhere then. `test_fed_slices` tells when that is
mended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mo_core.build import as_i64, gather, known_ints, take, unsqueeze, vector
from mo_core.build import ints as numbers
from mo_core.errors import Decline
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import Slice, StridedSlice
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule


class _Axis(NamedTuple):
    """An axis of the operand, and the position of its numbers in the operands of the slice."""

    axis: int
    position: int


class _Plan(NamedTuple):
    """The axes of which a part is taken, those of which one element is, and where the result has new ones."""

    parts: list[_Axis]
    single: list[_Axis]
    new: list[int]


@rule(p.StridedSlice(any_("x"), any_("begin"), any_("end"), any_("strides"), name="node"))
def by_single_operations(node: StridedSlice, x: Value, begin: Value, end: Value, strides: Value) -> Value | None:
    """Parts by Slice, single elements by Gather, and new axes by Unsqueeze."""
    if begin.const is not None and end.const is not None:
        return None
    if not any((*node.new_axis_mask, *node.shrink_axis_mask, *node.ellipsis_mask)):
        return None
    steps = known_ints(strides)
    if steps is None or x.shape is None:
        raise Decline("the rank or the strides are not known")
    plan = _plan(node, len(steps), len(x.shape))
    starts, stops = as_i64(begin), as_i64(end)
    result = _cut(node, x, plan.parts, starts, stops, steps)
    for axis, i in reversed(plan.single):
        result = gather(result, take(starts, i, 0), axis)
    return unsqueeze(result, *plan.new) if plan.new else result


def _plan(node: StridedSlice, count: int, rank: int) -> _Plan:
    new, single, ellipsis = (
        [*mask, *[0] * count] for mask in (node.new_axis_mask, node.shrink_axis_mask, node.ellipsis_mask)
    )
    plan = _Plan([], [], [])
    left = rank - sum(not new[i] and not ellipsis[i] for i in range(count))
    axis = 0
    for i in range(count):
        if ellipsis[i]:
            axis += left
        elif new[i]:
            plan.new.append(axis - len(plan.single) + len(plan.new))
        else:
            (plan.single if single[i] else plan.parts).append(_Axis(axis, i))
            axis += 1
    return plan


def _cut(
    node: StridedSlice, x: Value, parts: Sequence[_Axis], starts: Value, stops: Value, steps: Sequence[int]
) -> Value:
    """`x` with a part of each of these axes."""
    from_start, to_end = (dict(enumerate(mask)) for mask in (node.begin_mask, node.end_mask))
    parts = [a for a in parts if not (from_start.get(a.position) and to_end.get(a.position)) or steps[a.position] != 1]
    if not parts:
        return x
    begin = [(0 if steps[i] > 0 else t.INF) if from_start.get(i) else take(starts, i, 0) for _, i in parts]
    end = [(t.INF if steps[i] > 0 else -t.INF) if to_end.get(i) else take(stops, i, 0) for _, i in parts]
    return Slice(x, vector(begin), vector(end), numbers([steps[i] for _, i in parts]), numbers([a for a, _ in parts]))


fed_slices = rewrites(
    "fed-slices",
    by_single_operations,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="A StridedSlice with other axes than its operand, at places that are not known before, by single operations.",
)
