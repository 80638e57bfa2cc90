"""Convolutions of one channel whose results are one element wide, computed with height and width exchanged.

The CPU plug-in of OpenVINO (seen in 2026.4) moves by the stride of the width from row to row when the result is one
element wide, so that all rows but the first are wrong. `test_narrow_results` tells when that is mended.
"""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import swap_axes
from mo_core.ir import Value
from mo_core.ops import Convolution
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule


@rule(p.Convolution(any_("x"), any_("filters"), name="node"))
def height_as_width(node: Convolution, x: Value, filters: Value) -> Value | None:
    """The convolution of the turned image with turned filters, turned back."""
    if node.shape is None or filters.shape is None or len(node.shape) < 4 or filters.shape[1] != 1:
        return None
    if node.shape[-1] != 1 or node.shape[-2] == 1 or node.strides[-1] == 1:
        return None
    turned = node.evolve(
        swap_axes(x, -1, -2),
        swap_axes(filters, -1, -2),
        strides=_turned(node.strides),
        dilations=_turned(node.dilations),
        pads_begin=_turned(node.pads_begin),
        pads_end=_turned(node.pads_end),
    )
    return swap_axes(turned, -1, -2)


def _turned(numbers: Sequence[int]) -> tuple[int, ...]:
    return (*numbers[:-2], numbers[-1], numbers[-2])


narrow_results = rewrites(
    "narrow-results",
    height_as_width,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="Convolutions of one channel to one column, whose rows the runtime computes wrongly, of a turned image.",
)
