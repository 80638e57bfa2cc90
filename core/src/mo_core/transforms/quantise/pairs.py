"""Quantised models: pairs of quantisation and dequantisation become FakeQuantize, quantised weights small integers.

These are the forms in which the runtime computes with the integers themselves: FakeQuantize on activations, and on
weights Constant, Convert, Subtract of the zero point (when there is one), Multiply by the scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mo_core.errors import Decline
from mo_core.ir import Constant, Node, Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Array_, encode, lazy
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Clamp,
    Convert,
    FakeQuantize,
    MaxPool,
    Multiply,
    Round,
    Subtract,
)
from mo_core.ops.shape import Rearrangement
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, const, op, p
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.linear.channels import across, computed, content, reshaped
from mo_core.transforms.linear.layers import is_weights

# -- quantisation and dequantisation

_QUANTIZED = p.FakeQuantize(any_("x"), const(), const(), const("first"), const("last"), name="quantize")
_RETURNED = p.Convert(p.Convert(_QUANTIZED, name="stored"), name="back")


def _joined(quantize: FakeQuantize, stored: Node, back: Node, zero: Value | None, scale: Value) -> Value | None:
    """The FakeQuantize that gives what is left after the way through whole numbers."""
    first, last = content(quantize.output_low), content(quantize.output_high)
    if first is None or last is None or not stored.element.is_integer or not back.element.is_real:
        return None
    if not _is_lossless(first, last, quantize.levels, stored.element) or back.element is not quantize.element:
        return None
    if any(not isinstance(u, Convert) or not u.element.is_real for u in stored.users()):
        raise Decline(f'the whole numbers of "{stored.label}" are read by others')
    if zero is None:
        limits = [computed(np.multiply, v, scale) for v in (quantize.output_low, quantize.output_high)]
    else:
        ends = quantize.output_low, quantize.output_high
        limits = [computed(lambda v, z, s: (v - z) * s, v, zero, scale) for v in ends]
    return quantize.evolve(*quantize.operands[:3], *limits)


def _is_lossless(first: Array_, last: Array_, levels: int, element: ElementType) -> bool:
    """True when all levels are whole numbers that the type holds."""
    low = -(1 << element.bits - 1) if element.is_signed else 0
    steps = last - first
    return bool((steps == levels - 1).all() and (first == np.rint(first)).all() and (first >= low).all()) and bool(
        (last < low + (1 << element.bits)).all()
    )


@rule(p.Multiply(_RETURNED, const("scale")))
def symmetric_pair(quantize: FakeQuantize, stored: Node, back: Node, scale: Value) -> Value | None:
    """Quantisation, and dequantisation without a zero point: one FakeQuantize."""
    return _joined(quantize, stored, back, None, scale)


@rule(p.Multiply(p.Subtract(_RETURNED, const("zero")), const("scale")))
def pair_with_zero_point(quantize: FakeQuantize, stored: Node, back: Node, zero: Value, scale: Value) -> Value | None:
    """Quantisation, and dequantisation with a zero point: one FakeQuantize."""
    return _joined(quantize, stored, back, zero, scale)


# -- quantisation with an odd zero point

_SHIFTED = p.Add(p.Round(p.Divide(any_("x"), const("scale")), name="whole"), const("zero"))


@rule(p.Convert(p.Clamp(_SHIFTED, name="limited"), name="stored"))
def quantisation_for_integers(
    stored: Convert, limited: Clamp, whole: Round, x: Value, scale: Value, zero: Value
) -> Value | None:
    """Rounding ahead of the zero point: FakeQuantize, if whatever reads the whole numbers makes real ones of them.

    FakeQuantize rounds after the zero point is added, so that a value halfway between two steps goes to the other one
    when the zero point is odd. What was quantised is that uncertain; where somebody sees the whole numbers it is not.
    """
    if whole.mode != "half_to_even" or stored.element.bits != 8 or not stored.element.is_integer:
        return None
    low = -128 if stored.element.is_signed else 0
    if (limited.min, limited.max) != (low, low + 255):
        return None
    if not _only_taken_back(stored):
        raise Decline(f'the whole numbers of "{stored.label}" are read by others')
    first, last = (computed(lambda s, z, end=end: (end - z) * s, scale, zero) for end in (low, low + 255))
    codes = constant(float(low), x.element), constant(float(low + 255), x.element)
    return Convert(FakeQuantize(x, first, last, codes[0], codes[1], levels=256), destination_type=stored.element)


def _only_taken_back(node: Node) -> bool:
    """True when all that reads whole numbers, also after a choice among them, makes real numbers of them."""
    waiting, seen = [node], {node}
    while waiting:
        users = list(waiting.pop().users())
        for user in users:
            if user.element_trait.chooses and user not in seen:
                seen.add(user)
                waiting.append(user)
            elif user not in seen and not (isinstance(user, Convert) and user.element.is_real):
                return False
    return True


# -- dequantisation goes ahead of what chooses among whole numbers

_CHOOSERS = (MaxPool, Rearrangement)
_CHOSEN = p.Convert(op(*_CHOOSERS, operands=[any_("x")], name="chooser"), name="back")


@rule(p.Multiply(p.Subtract(_CHOSEN, const("zero")), const("scale")))
def ahead_of_choice(chooser: Node, back: Convert, x: Value, zero: Value, scale: Value) -> Value | None:
    """Dequantisation after a maximum over windows, or after moved axes, of quantised data: ahead of these."""
    if not _passes(chooser, x, zero, scale):
        return None
    real = Convert(x, destination_type=back.element)
    return chooser.evolve(Multiply(Subtract(real, reshaped(zero, ())), reshaped(scale, ())), *chooser.operands[1:])


@rule(p.Multiply(_CHOSEN, const("scale")))
def ahead_of_symmetric_choice(chooser: Node, back: Convert, x: Value, scale: Value) -> Value | None:
    """The same without a zero point."""
    if not _passes(chooser, x, scale, scale):
        return None
    real = Convert(x, destination_type=back.element)
    return chooser.evolve(Multiply(real, reshaped(scale, ())), *chooser.operands[1:])


def _passes(chooser: Node, x: Value, zero: Value, scale: Value) -> bool:
    """True when numbers for all elements alike can go ahead, to data that was just quantised. Raises Decline."""
    source = x.node
    while isinstance(source, _CHOOSERS):
        source = source.operands[0].node
    if not isinstance(source, Convert) or not isinstance(source.data.node, FakeQuantize) or x.element.bits > 8:
        return False
    if any(not isinstance(u, Convert) or not u.element.is_real for u in chooser.users()):
        raise Decline(f'"{chooser.label}" is read by others, which need the whole numbers')
    factor = content(scale)
    alike = t.size_of(zero.shape) == t.size_of(scale.shape) == 1 and max(zero.rank, scale.rank) <= x.rank
    plain = not isinstance(chooser, MaxPool) or (chooser.rounding_type == "floor" and not chooser.results[1].uses)
    if not alike or factor is None or not bool((factor > 0).all()):
        raise Decline("the scale is not one positive number for all elements")
    return x.element.is_integer and plain


# -- what moves axes goes ahead of the dequantisation of weights


@rule(op(Rearrangement, operands=[op(Multiply, Subtract, Convert, FakeQuantize, name="weights")], name="mover"))
def ahead_of_dequantization(mover: Node, weights: Node) -> Value | None:
    """A Transpose or Reshape of weights in whole numbers: of the numbers, and of their scales."""
    if not is_weights(weights) or not all(isinstance(v.node, Constant) for v in mover.operands[1:]):
        return None
    if len(weights.uses) > 1:
        raise Decline(f'"{weights.label}" is read by others, and would be stored twice')
    return _moved(weights, mover, weights.static_shape)


def _moved(v: Value, mover: Node, shape: tuple[int, ...]) -> Value:
    node = v.node
    if not isinstance(node, Constant):
        if isinstance(node, Rearrangement):
            raise Decline("another op that moves axes comes first")
        return node.evolve(*[_moved(o, mover, shape) for o in node.operands])
    if v.shape == shape:
        return mover.evolve(v, *mover.operands[1:])
    if t.size_of(v.shape) == 1:
        return reshaped(v, ())
    dims = (1,) * (len(shape) - v.rank) + v.static_shape
    move = across(mover, dims, up=False, shift=False, positive=False)
    if move is None or (move.order is None and move.stretched != dims):
        raise Decline("the scales of the weights do not follow their axes")
    return move(v)


quantization = rewrites(
    "quantization",
    quantisation_for_integers,
    symmetric_pair,
    pair_with_zero_point,
    ahead_of_choice,
    ahead_of_symmetric_choice,
    ahead_of_dequantization,
    stage=Stage.NORMALIZE,
    after=("constant-folding",),
    doc="Make pairs of quantisation and dequantisation one FakeQuantize; quantised weights keep their form.",
)


# -- weights as small integers


@rule(p.FakeQuantize(const("w"), const("low"), const("high"), const("first"), const("last"), name="quantize"))
def weights_as_integers(
    quantize: FakeQuantize, w: Value, low: Value, high: Value, first: Value, last: Value
) -> Value | None:
    """FakeQuantize on weights: they are stored in whole numbers, as few bits as the levels need."""
    levels = quantize.levels
    if levels > 256 or quantize.shape != w.shape:
        raise Decline(f"there are {levels} levels, or the limits have another shape than the weights")
    limits = [np.asarray(c, np.float64) for c in map(content, (low, high, first, last)) if c is not None]
    if len(limits) < 4 or not all(np.isfinite(c).all() for c in limits):
        raise Decline("the limits are large, or not finite")
    if (limits[0] > limits[1]).any():
        raise Decline("the lower limit is above the upper one")
    scale = (limits[3] - limits[2]) / (levels - 1)
    first_level = np.broadcast_to(limits[2], scale.shape)
    if (first_level[scale == 0] != 0).any():
        raise Decline("the upper and the lower limit of the result are the same, and not zero")
    element, offset, zero = _form(levels, first_level, scale)
    data: Value = Convert(_codes(w, low, high, levels, offset, element), destination_type=quantize.element)
    if zero.any():
        data = Subtract(data, constant(zero, quantize.element))
    return Multiply(data, constant(scale, quantize.element))


def _form(levels: int, first: Array_, scale: Array_) -> tuple[ElementType, int, Array_]:
    """Element type, the whole number of which is the first level less this offset, and zero points."""
    place = np.divide(-first, scale, out=np.zeros_like(scale), where=scale != 0)
    whole = np.rint(place)
    place = np.where(np.abs(place - whole) < 1e-4, whole, place)
    middle = levels // 2
    centred = np.where(scale == 0, 0.0, place - middle)
    if levels == 2:
        return t.u1, 0, place
    if levels > 16:
        return t.i8, middle, centred
    return (t.u4, 0, place) if centred.any() else (t.i4, middle, centred)


def _codes(w: Value, low: Value, high: Value, levels: int, offset: int, element: ElementType) -> Constant:
    """The levels of the weights, counted from `-offset`, computed while they are written."""

    def codes(w: Array_, low: Array_, high: Array_) -> Array_:
        w, low, high = (np.asarray(a, np.float32) for a in (w, low, high))
        level = np.rint((w - low) / (high - low) * np.float32(levels - 1))
        level = np.where(w <= low, 0, np.where(w > high, levels - 1, level))
        return encode(level - offset, element)

    tensors: Sequence[Any] = [v.tensor for v in (w, low, high)]
    return Constant(value=lazy(codes, *tensors, element=element, shape=w.static_shape, by_rows=True))


weights_compression = replace(
    rewrites(
        "weights-compression",
        weights_as_integers,
        stage=Stage.PRECISION,
        before=("fp16-weights",),
        doc="Store quantised weights as i8, i4, u4 or u1 (--disable_weights_compression keeps them real).",
    ),
    wanted=lambda options: options is None or not options.disable_weights_compression,
)
