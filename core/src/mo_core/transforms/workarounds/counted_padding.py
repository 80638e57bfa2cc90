"""Means over windows that count padding, their number being rounded up.

The CPU plug-in of OpenVINO (seen in 2026.4) also counts what rounding up adds after the padding. Here the padding
becomes data, and what is added the padding that is not counted. `test_counted_padding` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build import constant_like, dims_of, ints
from mo_core.ir import Value
from mo_core.ops import AvgPool14, Pad, Slice
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, op
from mo_core.rewriting.rewrite import rule


@rule(op(AvgPool14, operands=[any_("x")], name="node", rounding_type="ceil_torch", exclude_pad=False))
def padding_as_data(node: AvgPool14, x: Value) -> Value | None:
    """Pad first; windows that start in the padding after the data are left out."""
    if node.auto_pad != "explicit":
        return None
    reaches = [(k - 1) * d + 1 for k, d in zip(node.kernel, _dilations(node))]
    if _fits_exactly(node, x, reaches):
        return node.evolve(x, rounding_type="floor")
    begin, end = node.pads_begin, node.pads_end
    none = (0,) * len(node.kernel)
    padded = Pad(x, ints([0, 0, *begin]), ints([0, 0, *end]), constant_like(x, 0)) if any(begin) or any(end) else x
    y = node.evolve(padded, pads_begin=none, pads_end=none, exclude_pad=True)
    if all(e <= reach - stride for e, reach, stride in zip(end, reaches, node.strides)):
        return y
    axes = range(2, 2 + len(node.kernel))
    sizes = dims_of(node.evolve(x, exclude_pad=True), axes)
    return Slice(y, ints(none), sizes, ints([1] * len(node.kernel)), ints(axes))


def _dilations(node: AvgPool14) -> tuple[int, ...]:
    return tuple(node.attributes.get("dilations") or ()) or (1,) * len(node.kernel)


def _fits_exactly(node: AvgPool14, x: Value, reaches: list[int]) -> bool:
    """True when no window reaches beyond the padding, whichever way their number is rounded."""
    if x.shape is None:
        return False
    pads = zip(x.shape[2:], node.pads_begin, node.pads_end, reaches)
    rooms = [size + b + e - reach if isinstance(size, int) else -1 for size, b, e, reach in pads]
    return all(room >= 0 and room % stride == 0 for room, stride in zip(rooms, node.strides))


counted_padding = rewrites(
    "counted-padding",
    padding_as_data,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code", "target-release"),
    doc="Means that count padding and round up, for which the runtime would count more, of data that was padded.",
)
