"""Means over windows of quantised data that count padding, of data that was padded before.

The CPU plug-in of OpenVINO (seen in 2026.4) computes means of whole numbers, and pads these with 0 where the
number that stands for 0 is meant: the zero point. `test_quantised_padding` tells when that is mended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from mo_core.build import ints
from mo_core.errors import Decline
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.known import number
from mo_core.ops import AvgPool, Convert, FakeQuantize, Multiply, Pad, Subtract, Transpose
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, op
from mo_core.rewriting.rewrite import rule

_Whole: TypeAlias = "tuple[Value, int, Callable[[Value], Value]]"
"""Whole numbers, that which stands for 0, and what makes real numbers of them."""


@rule(op(AvgPool, operands=[any_("x")], name="node", exclude_pad=False))
def padded_by_what_stands_for_zero(node: AvgPool, x: Value) -> Value | None:
    """Pad the whole numbers; the windows have no padding then."""
    begin, end = node.pads_begin, node.pads_end
    if node.auto_pad != "explicit" or not any((*begin, *end)):
        return None
    turns = []
    while isinstance(x.node, Transpose):
        turns.append(x.node)
        x = x.node.operands[0]
    found = _dequantised(x) or _quantised(x)
    if found is None:
        return None
    if node.rounding_type == "ceil_torch":
        raise Decline("what rounding up adds would count")
    whole, zero, made_real = found
    for turn in reversed(turns):
        whole = turn.evolve(whole, turn.operands[1])
    padded = Pad(whole, ints([0, 0, *begin]), ints([0, 0, *end]), constant(np.array(zero), whole.element))
    none = (0,) * len(begin)
    return node.evolve(made_real(padded), pads_begin=none, pads_end=none)


def _dequantised(x: Value) -> _Whole | None:
    """Of `(whole - zero) * scale`."""
    scaled, shifted = x.node, x.node.operands[0].node if isinstance(x.node, Multiply) else None
    if not isinstance(scaled, Multiply) or not isinstance(shifted, Subtract) or not isinstance(shifted.a.node, Convert):
        return None
    real, zero = shifted.a.node, number(shifted.b)
    if not real.data.element.is_integer or real.data.element.bits != 8:
        return None
    if zero is None or not float(zero).is_integer() or t.size_of(scaled.b.shape) != 1:
        raise Decline("zero point and scale are not one number for all elements")
    return real.data, int(zero), lambda v: scaled.evolve(shifted.evolve(real.evolve(v), shifted.b), scaled.b)


def _quantised(x: Value) -> _Whole | None:
    """Of FakeQuantize: the numbers of its levels."""
    quantize = x.node
    if not isinstance(quantize, FakeQuantize) or quantize.levels != 256:
        return None
    low, high = number(quantize.output_low), number(quantize.output_high)
    if low is None or high is None or not low < high:
        raise Decline("the limits are not one number for all elements")
    scale = (high - low) / 255
    zero = round(-low / scale)
    if not 0 <= zero <= 255 or abs(-low / scale - zero) > 1e-3:
        raise Decline("no level stands for 0")
    ends = constant(0.0, x.element), constant(255.0, x.element)
    levels = quantize.evolve(*quantize.operands[:3], *ends)

    def made_real(whole: Value) -> Value:
        shifted = Subtract(Convert(whole, destination_type=x.element), constant(float(zero), x.element))
        return Multiply(shifted, constant(scale, x.element))

    return Convert(levels, destination_type=t.u8), zero, made_real


quantised_padding = rewrites(
    "quantised-padding",
    padded_by_what_stands_for_zero,
    stage=Stage.PREPROCESS,
    after=("axis-orders",),
    doc="Means over padded windows of quantised data, which the runtime would pad with another number, of padded data.",
)
