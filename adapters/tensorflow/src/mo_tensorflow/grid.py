"""Stored numbers and the two limits that say what they stand for.

The lowest and the highest number of a type stand for `low` and `high`, and the grid is moved so that zero is a point of
it. TensorFlow finds the grid in double precision for single numbers, and in single precision for tensors, which rounds
differently. What depends on constants is folded in the precision that its kernels have; the runtime has only the
single one.
"""

from __future__ import annotations

from mo_core.build import to_element
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import Add, Clamp, Divide, Equal, Multiply, Round, Select, Subtract

Limits = tuple[Value, Value]
"""What the lowest and the highest number stand for, f32."""

RANGES: dict[ElementType, tuple[int, int]] = {
    t.i8: (-128, 127),
    t.u8: (0, 255),
    t.i16: (-32768, 32767),
    t.u16: (0, 65535),
    t.i32: (-(2**31), 2**31 - 1),
}
"""The smallest and the largest number that each type stores."""

_LARGEST_I32_IN_F32 = 2.0**31 - 128


def real_numbers(x: Value, low: Value, high: Value, *, exact: bool = False) -> Value:
    """What stored numbers stand for, f32; `exact`: found in double precision, as for single numbers.

    The sum over 32 bits is taken from the middle: from the lowest number it would lose what matters.
    """
    bottom, top = RANGES[x.element]
    span = Subtract(high, low)
    step = Divide(_double(span), float(top - bottom))
    rough = to_element(step, t.f32)
    if x.element is t.i32 and not _are_known(low, high):
        start: Value = Multiply(Add(low, high), 0.5)
        if exact:
            start = Add(start, Multiply(rough, 0.5))
    else:
        steps = _steps_of_limit(_over(low, rough))
        nearest = Select(Equal(span, 0.0), low, Multiply(steps, rough))
        used = step if exact else rough
        start = to_element(Subtract(to_element(nearest, used.element), Multiply(used, float(bottom))), t.f32)
    return Add(Multiply(to_element(x, t.f32), rough), start)


def stored_numbers(x: Value, low: Value, high: Value, element: ElementType) -> Value:
    """The numbers of that type that stand for real ones; what is outside of the limits gets the number of a limit."""
    bottom, top = map(float, RANGES[element])
    scale = to_element(_over(top - bottom, _double(Subtract(high, low))), t.f32)
    steps = Subtract(_rounded(Multiply(x, scale)), _origin(low, high, scale, element))
    return to_element(Clamp(steps, min=bottom, max=min(top, _LARGEST_I32_IN_F32)), element)


def exact_number(x: Value | float, low: Value, high: Value, element: ElementType) -> Value:
    """The number, unlimited and as a real one in double precision, that stands for `x`."""
    bottom, top = RANGES[element]
    adjusted = Multiply(_double(Subtract(high, low)), float(top - bottom + 1) / float(top - bottom))
    scale = _over(float(top - bottom + 1), adjusted)
    number = constant(x, t.f64) if isinstance(x, float) else _double(x)
    return Subtract(_rounded(Multiply(number, scale)), _origin(low, high, scale, element))


def product_limits(x: ElementType, w: ElementType, x_limits: Limits, w_limits: Limits) -> Limits:
    """What the lowest and the highest number of 32 bits stand for as products of numbers of these types."""
    step = Multiply(_step(x, *x_limits), _step(w, *w_limits))
    return Multiply(step, -(2.0**31)), Multiply(step, 2.0**31)


def _step(element: ElementType, low: Value, high: Value) -> Value:
    """How far apart two neighbouring numbers are; signed ones go as far down as up."""
    bottom, top = RANGES[element]
    return Divide(Subtract(high, low), float(top - max(bottom, -top)))


def _origin(low: Value, high: Value, scale: Value, element: ElementType) -> Value:
    """What is subtracted from real numbers in steps of the grid; from the middle, where 32 bits have to be."""
    if element is t.i32 and not _are_known(low, high):
        return _rounded(Multiply(to_element(Multiply(Add(low, high), 0.5), scale.element), scale))
    steps = _steps_of_limit(Multiply(to_element(low, scale.element), scale))
    return Subtract(steps, float(RANGES[element][0]))


def _steps_of_limit(v: Value) -> Value:
    """A limit in whole steps. Limits around zero lie half-way between two, which the runtime may just miss.

    TensorFlow may, too: of a thousand limits that are computed, one in seven gives the other zero there.
    """
    return _rounded(v if _are_known(v) else Multiply(v, 1 + 2.0**-22))


def _are_known(*values: Value) -> bool:
    return all(v.const is not None for v in values)


def _double(v: Value) -> Value:
    return to_element(v, t.f64)


def _rounded(v: Value) -> Value:
    return Round(v, mode="half_away_from_zero")


def _over(a: Value | float, b: Value) -> Value:
    """`a / b`, and zero for what has no extent."""
    empty, one = Equal(b, 0.0), constant(1, b.element)
    quotient = Divide(constant(a, b.element) if isinstance(a, float) else a, Select(empty, one, b))
    return Select(empty, constant(0, b.element), quotient)
