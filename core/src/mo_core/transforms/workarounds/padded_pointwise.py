"""1x1 convolutions that have both padding and strides, written as a convolution of the elements that they read.

OpenVINO (seen in 2026.4) moves the strides of a 1x1 convolution up through what computes its data, and forgets the
padding there: the result has other numbers, or another size. A Pad ahead of it does not help, since it is fused again.
"""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.errors import Decline
from mo_core.ir import Value, constant
from mo_core.ops import Convolution, Pad, StridedSlice
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule


@rule(p.Convolution(any_("x"), any_("filters"), name="node", auto_pad="explicit"))
def elements_that_are_read(node: Convolution, x: Value, filters: Value) -> Value | None:
    """Pad and take each stride-th element: a 1x1 convolution looks at no others."""
    if max(node.strides) == 1 or not any((*node.pads_begin, *node.pads_end)):
        return None
    if filters.shape is None or any(d != 1 for d in filters.shape[2:]):
        return None
    if min(*node.pads_begin, *node.pads_end) < 0:
        raise Decline("a negative padding crops")
    axes = len(node.strides)
    begin, end = ([0, 0, *pads] for pads in (node.pads_begin, node.pads_end))
    padded = Pad(x, constant(begin), constant(end), constant(0, x.element))
    none = (0,) * axes
    return node.evolve(every_nth(padded, node.strides), filters, strides=(1,) * axes, pads_begin=none, pads_end=none)


def every_nth(x: Value, strides: Sequence[int]) -> Value:
    """Each stride-th element along the spatial axes of N, C, <spatial>."""
    axes = 2 + len(strides)
    bounds = constant([0] * axes), constant([0] * axes), constant([1, 1, *strides])
    return StridedSlice(x, *bounds, begin_mask=(1,) * axes, end_mask=(1,) * axes)


padded_pointwise = rewrites(
    "padded-pointwise",
    elements_that_are_read,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="A 1x1 convolution with padding and strides, which the runtime computes wrongly, reads a strided part instead.",
)
