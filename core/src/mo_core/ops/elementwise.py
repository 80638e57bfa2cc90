"""Element-wise arithmetic on two operands with numpy broadcasting (opset1)."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from mo_core.ir import Node
from mo_core.ir import types as t
from mo_core.ir.schema import Operand, boolean, one_of, operand
from mo_core.ir.types import Dynamic, Type
from mo_core.ops._values import NDArray, is_partial, keeping_type, lifted
from mo_core.ops.axes import ALIKE
from mo_core.ops.elements import POINTWISE


class Elementwise(Node):
    """Base of arithmetic on two operands of one element type; shapes broadcast as numpy's do."""

    axis_trait = ALIKE
    element_trait = POINTWISE

    a: Operand = operand(like=True)
    b: Operand = operand(like=True)
    auto_broadcast: str = one_of("numpy", "none", default="numpy")

    def infer(self) -> Type:
        return Type(t.promote([self.a.element, self.b.element]), t.broadcast(self.a.shape, self.b.shape))


class Add(Elementwise, opset="opset1", commutative=True, partial=True):
    """a + b (Add-1)."""

    fold = staticmethod(lifted(np.add, operator.add))


class Subtract(Elementwise, opset="opset1", partial=True):
    """a - b (Subtract-1)."""

    fold = staticmethod(lifted(np.subtract, operator.sub))


class Multiply(Elementwise, opset="opset1", commutative=True, partial=True):
    """a * b (Multiply-1)."""

    fold = staticmethod(lifted(np.multiply, operator.mul))


def _divide_one(a: Any, b: Any) -> Any:
    if isinstance(a, Dynamic) and a is b:
        return 1 if a.lo > 0 or a.hi < 0 else None
    if isinstance(b, (int, np.integer)) and b <= 0:
        return None
    return a / b if isinstance(b, (float, np.floating)) else a // b


class Divide(Elementwise, opset="opset1", partial=True):
    """a / b (Divide-1); whole numbers are rounded down when `m_pythondiv`, else towards zero."""

    m_pythondiv: bool = boolean(default=True)

    def fold(self, a: NDArray, b: NDArray) -> NDArray:
        if is_partial(a, b):
            return np.asarray(_divide_partly(a, b))
        if a.dtype.kind == "f":
            return np.divide(a, b)
        quotient = np.floor_divide(a, b)
        if not self.m_pythondiv:
            quotient += ((quotient < 0) & (quotient * b != a)).astype(a.dtype)
        return np.asarray(quotient)


_divide_partly = lifted(np.floor_divide, _divide_one)


def _power(a: NDArray, b: NDArray) -> NDArray:
    if a.dtype.kind in "iu" and b.size and b.min() < 0:  # numpy refuses; the runtime rounds 1/a towards zero
        return np.power(a.astype(np.float64), b).astype(a.dtype)
    return np.power(a, b)


class Power(Elementwise, opset="opset1"):
    """a raised to the power of b (Power-1)."""

    fold = staticmethod(_power)


class Mod(Elementwise, opset="opset1", partial=True):
    """The remainder of a / b with the sign of a (Mod-1)."""

    fold = staticmethod(lifted(np.fmod, lambda a, b: a % b if b > 0 and t.bounds(a)[0] >= 0 else None))


class FloorMod(Elementwise, opset="opset1", partial=True):
    """The remainder of a / b with the sign of b (FloorMod-1)."""

    fold = staticmethod(lifted(np.mod, lambda a, b: a % b if b > 0 else None))


def larger(a: Any, b: Any) -> Any:
    """The larger of two numbers, either of which may be `Dynamic`."""
    return a.at_least(b) if isinstance(a, Dynamic) else b.at_least(a) if isinstance(b, Dynamic) else max(a, b)


def smaller(a: Any, b: Any) -> Any:
    """The smaller of two numbers, either of which may be `Dynamic`."""
    return a.at_most(b) if isinstance(a, Dynamic) else b.at_most(a) if isinstance(b, Dynamic) else min(a, b)


class Maximum(Elementwise, opset="opset1", commutative=True, partial=True):
    """The larger of a and b (Maximum-1)."""

    fold = staticmethod(lifted(np.maximum, larger))


class Minimum(Elementwise, opset="opset1", commutative=True, partial=True):
    """The smaller of a and b (Minimum-1)."""

    fold = staticmethod(lifted(np.minimum, smaller))


class SquaredDifference(Elementwise, opset="opset1", commutative=True):
    """(a - b)² (SquaredDifference-1)."""

    fold = staticmethod(keeping_type(lambda a, b: np.square(a - b)))
