"""Functions of each element: rounding, roots, exponentials, trigonometry, and questions with a boolean answer."""

from __future__ import annotations

import math

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import Node
from mo_core.ir import types as t
from mo_core.ir.element_trait import ElementTrait, always
from mo_core.ir.schema import Operand, boolean, one_of, operand
from mo_core.ir.types import Dynamic, Type
from mo_core.ops._values import NDArray, keeping_type, lifted
from mo_core.ops.axes import FIRST
from mo_core.ops.elements import FROM_ZERO, POINTWISE, RISING


class Unary(Node):
    """Base of functions of each element: the result has the operand's type."""

    axis_trait = FIRST
    element_trait = POINTWISE

    data: Operand = operand()

    def infer(self) -> Type:
        return self.data.type


def erf(x: NDArray) -> NDArray:
    """The error function; numpy has none."""
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x.astype(np.float64))).astype(x.dtype)


def _round_away(x: NDArray) -> NDArray:
    whole = np.trunc(x)
    return np.asarray(np.where(np.abs(x - whole) >= 0.5, whole + np.sign(x), whole))


class Abs(Unary, opset="opset1", partial=True):
    """|x| (Abs-1)."""

    element_trait = ElementTrait(pointwise=True, never_negative=always, homogeneous=always)
    fold = staticmethod(lifted(np.abs, lambda x: x if not isinstance(x, Dynamic) or x.lo >= 0 else None))


class Negative(Unary, opset="opset1", partial=True):
    """-x (Negative-1)."""

    element_trait = ElementTrait(pointwise=True, homogeneous=always)

    fold = staticmethod(lifted(np.negative, lambda x: -x))


class Sign(Unary, opset="opset1"):
    """-1, 0 or 1 (Sign-1)."""

    element_trait = RISING
    fold = staticmethod(keeping_type(np.sign))


class Sqrt(Unary, opset="opset1"):
    """The square root (Sqrt-1)."""

    element_trait = FROM_ZERO
    fold = staticmethod(keeping_type(np.sqrt))


class Exp(Unary, opset="opset1"):
    """e to the power of x (Exp-1)."""

    element_trait = FROM_ZERO
    fold = staticmethod(keeping_type(np.exp))


class Log(Unary, opset="opset1"):
    """The natural logarithm (Log-1)."""

    element_trait = RISING
    fold = staticmethod(keeping_type(np.log))


class Erf(Unary, opset="opset1"):
    """The error function (Erf-1)."""

    element_trait = RISING
    fold = staticmethod(erf)


class Ceiling(Unary, opset="opset1", partial=True):
    """Rounded up (Ceiling-1)."""

    element_trait = RISING
    # an unknown fraction carries the bounds of the whole number below it
    fold = staticmethod(
        lifted(keeping_type(np.ceil), lambda x: (x * 1.0 + 1).at_least(x) if isinstance(x, Dynamic) else math.ceil(x))
    )


class Floor(Unary, opset="opset1", partial=True):
    """Rounded down (Floor-1)."""

    element_trait = RISING
    fold = staticmethod(lifted(keeping_type(np.floor), lambda x: x if isinstance(x, Dynamic) else math.floor(x)))


class Round(Unary, opset="opset5"):
    """Rounded to the nearest whole number (Round-5)."""

    element_trait = RISING
    mode: str = one_of("half_to_even", "half_away_from_zero", default="half_to_even")

    def fold(self, x: NDArray) -> NDArray:
        if x.dtype.kind != "f":
            return x
        return np.rint(x) if self.mode == "half_to_even" else _round_away(x)


class Sin(Unary, opset="opset1"):
    """The sine of an angle in radians (Sin-1)."""

    fold = staticmethod(keeping_type(np.sin))


class Cos(Unary, opset="opset1"):
    """The cosine of an angle in radians (Cos-1)."""

    fold = staticmethod(keeping_type(np.cos))


class Tan(Unary, opset="opset1"):
    """The tangent of an angle in radians (Tan-1)."""

    fold = staticmethod(keeping_type(np.tan))


class Asin(Unary, opset="opset1"):
    """The inverse sine (Asin-1)."""

    element_trait = RISING
    fold = staticmethod(keeping_type(np.arcsin))


class Acos(Unary, opset="opset1"):
    """The inverse cosine (Acos-1)."""

    element_trait = ElementTrait(pointwise=True, never_negative=always)

    fold = staticmethod(keeping_type(np.arccos))


class Atan(Unary, opset="opset1"):
    """The inverse tangent (Atan-1)."""

    element_trait = RISING
    fold = staticmethod(keeping_type(np.arctan))


class Sinh(Unary, opset="opset1"):
    """The hyperbolic sine (Sinh-1)."""

    element_trait = RISING
    fold = staticmethod(keeping_type(np.sinh))


class Cosh(Unary, opset="opset1"):
    """The hyperbolic cosine (Cosh-1)."""

    element_trait = ElementTrait(pointwise=True, never_negative=always)

    fold = staticmethod(keeping_type(np.cosh))


class Tanh(Unary, opset="opset1"):
    """The hyperbolic tangent (Tanh-1)."""

    element_trait = RISING
    fold = staticmethod(keeping_type(np.tanh))


class Asinh(Unary, opset="opset4"):
    """The inverse hyperbolic sine (Asinh-4)."""

    element_trait = RISING
    fold = staticmethod(keeping_type(np.arcsinh))


class Acosh(Unary, opset="opset4"):
    """The inverse hyperbolic cosine (Acosh-4)."""

    element_trait = FROM_ZERO
    fold = staticmethod(keeping_type(np.arccosh))


class Atanh(Unary, opset="opset4"):
    """The inverse hyperbolic tangent (Atanh-4)."""

    element_trait = RISING
    fold = staticmethod(keeping_type(np.arctanh))


class BitwiseNot(Unary, opset="opset13"):
    """All bits inverted (BitwiseNot-13); whole numbers or boolean."""

    fold = staticmethod(np.invert)


class Predicate(Node):
    """Base of questions about each element: the answer is boolean, of the same shape."""

    axis_trait = FIRST
    element_trait = POINTWISE

    data: Operand = operand()

    def infer(self) -> Type:
        return Type(t.boolean, self.data.shape)


class LogicalNot(Predicate, opset="opset1"):
    """not x (LogicalNot-1); the operand is boolean."""

    fold = staticmethod(np.logical_not)

    def infer(self) -> Type:
        if self.data.element not in (t.boolean, t.dynamic):
            raise ShapeError(f"LogicalNot needs a boolean operand, not {self.data.element}")
        return super().infer()


class IsNaN(Predicate, opset="opset10"):
    """Whether x is not a number (IsNaN-10)."""

    fold = staticmethod(np.isnan)


class IsInf(Predicate, opset="opset10"):
    """Whether x is infinite, of the signs asked for (IsInf-10)."""

    detect_negative: bool = boolean(default=True)
    detect_positive: bool = boolean(default=True)

    def fold(self, x: NDArray) -> NDArray:
        return (np.isneginf(x) & self.detect_negative) | (np.isposinf(x) & self.detect_positive)


class IsFinite(Predicate, opset="opset10"):
    """Whether x is neither infinite nor NaN (IsFinite-10)."""

    fold = staticmethod(np.isfinite)
