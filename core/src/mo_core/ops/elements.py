"""What ops promise of their elements; an op class declares one of these as its `element_trait`."""

from __future__ import annotations

from mo_core.ir.element_trait import ElementTrait, always

__all__ = ["CHOOSES", "FROM_ZERO", "POINTWISE", "RISING"]

POINTWISE = ElementTrait(pointwise=True)
"""A function of the elements at the same place."""

RISING = ElementTrait(pointwise=True, rising=always)
"""A function of one element that never falls."""

FROM_ZERO = ElementTrait(pointwise=True, rising=always, never_negative=always)
"""A function of one element that never falls, and never below zero."""

CHOOSES = ElementTrait(chooses=True)
"""Elements of the operands, in other places or not all of them."""
