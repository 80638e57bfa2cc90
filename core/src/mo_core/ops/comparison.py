"""Comparison, logic and bits of two operands with numpy broadcasting, and selection between two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import Node
from mo_core.ir import types as t
from mo_core.ir.schema import Operand, one_of, operand
from mo_core.ir.types import Type
from mo_core.ops._values import NDArray, is_partial, lifted
from mo_core.ops.axes import ALIKE
from mo_core.ops.elements import POINTWISE
from mo_core.ops.elementwise import Elementwise


class Comparison(Elementwise):
    """Base of comparisons: both operands have one element type, the result is boolean."""

    def infer(self) -> Type:
        return Type(t.boolean, super().infer().shape)


Limits: TypeAlias = "Callable[[int, int, int, int], bool]"


def _by_bounds(always: Limits, never: Limits, same: bool) -> Callable[[Any, Any], bool | None]:
    """Compare numbers of which only bounds may be known; `same` is the answer for one number with itself."""

    def compare(a: Any, b: Any) -> bool | None:
        if a is b:
            return same
        limits = (*t.bounds(a), *t.bounds(b))
        return True if always(*limits) else False if never(*limits) else None

    return compare


_equal = _by_bounds(lambda al, ah, bl, bh: al == ah == bl == bh, lambda al, ah, bl, bh: ah < bl or bh < al, True)
_less = _by_bounds(lambda al, ah, bl, bh: ah < bl, lambda al, ah, bl, bh: al >= bh, False)
_less_equal = _by_bounds(lambda al, ah, bl, bh: ah <= bl, lambda al, ah, bl, bh: al > bh, True)


def _negated(a: Any, b: Any) -> bool | None:
    same = _equal(a, b)
    return None if same is None else not same


class Equal(Comparison, opset="opset1", commutative=True, partial=True):
    """a == b (Equal-1)."""

    fold = staticmethod(lifted(np.equal, _equal))


class NotEqual(Comparison, opset="opset1", commutative=True, partial=True):
    """a != b (NotEqual-1)."""

    fold = staticmethod(lifted(np.not_equal, _negated))


class Less(Comparison, opset="opset1", partial=True):
    """a < b (Less-1)."""

    fold = staticmethod(lifted(np.less, _less))


class LessEqual(Comparison, opset="opset1", partial=True):
    """a <= b (LessEqual-1)."""

    fold = staticmethod(lifted(np.less_equal, _less_equal))


class Greater(Comparison, opset="opset1", partial=True):
    """a > b (Greater-1)."""

    fold = staticmethod(lifted(np.greater, lambda a, b: _less(b, a)))


class GreaterEqual(Comparison, opset="opset1", partial=True):
    """a >= b (GreaterEqual-1)."""

    fold = staticmethod(lifted(np.greater_equal, lambda a, b: _less_equal(b, a)))


class Logical(Elementwise):
    """Base of logic on two boolean operands."""

    def infer(self) -> Type:
        inferred = super().infer()
        if inferred.element not in (t.boolean, t.dynamic):
            raise ShapeError(f"{self.type_name} needs boolean operands, not {inferred.element}")
        return Type(t.boolean, inferred.shape)


class LogicalAnd(Logical, opset="opset1", commutative=True):
    """a and b (LogicalAnd-1)."""

    fold = staticmethod(np.logical_and)


class LogicalOr(Logical, opset="opset1", commutative=True):
    """a or b (LogicalOr-1)."""

    fold = staticmethod(np.logical_or)


class LogicalXor(Logical, opset="opset2", commutative=True):
    """Either a or b (LogicalXor-1)."""

    fold = staticmethod(np.logical_xor)


class Bitwise(Elementwise):
    """Base of logic on the bits of whole numbers (or on booleans)."""

    def infer(self) -> Type:
        inferred = super().infer()
        if inferred.element.is_real:
            raise ShapeError(f"{self.type_name} needs whole numbers or booleans, not {inferred.element}")
        return inferred


class BitwiseAnd(Bitwise, opset="opset13", commutative=True):
    """Bits set in both (BitwiseAnd-13)."""

    fold = staticmethod(np.bitwise_and)


class BitwiseOr(Bitwise, opset="opset13", commutative=True):
    """Bits set in either (BitwiseOr-13)."""

    fold = staticmethod(np.bitwise_or)


class BitwiseXor(Bitwise, opset="opset13", commutative=True):
    """Bits set in one of the two only (BitwiseXor-13)."""

    fold = staticmethod(np.bitwise_xor)


class BitwiseLeftShift(Bitwise, opset="opset15"):
    """a shifted to the left by b bits (BitwiseLeftShift-15)."""

    fold = staticmethod(np.left_shift)


class BitwiseRightShift(Bitwise, opset="opset15"):
    """a shifted to the right by b bits (BitwiseRightShift-15); the sign stays."""

    fold = staticmethod(np.right_shift)


def _select_one(condition: Any, then: Any, otherwise: Any) -> Any:
    if condition is None:
        return then if then is otherwise or (isinstance(then, int) and then == otherwise) else None
    return then if condition else otherwise


class Select(Node, opset="opset1", partial=True):
    """Elements of `then` where `condition` (boolean) holds, else of `otherwise`; the three broadcast (Select-1)."""

    axis_trait = ALIKE
    element_trait = POINTWISE

    condition: Operand = operand()
    then: Operand = operand(like=True)
    otherwise: Operand = operand(like=True)
    auto_broadcast: str = one_of("numpy", "none", default="numpy")

    def infer(self) -> Type:
        if self.condition.element not in (t.boolean, t.dynamic):
            raise ShapeError(f"the condition of Select must be boolean, not {self.condition.element}")
        element = t.promote([self.then.element, self.otherwise.element])
        return Type(element, t.broadcast(self.condition.shape, self.then.shape, self.otherwise.shape))

    def fold(self, condition: NDArray, then: NDArray, otherwise: NDArray) -> Any:
        if is_partial(condition, then, otherwise):
            return np.asarray(np.frompyfunc(_select_one, 3, 1)(condition, then, otherwise), dtype=object)
        return np.where(condition, then, otherwise)
