"""Activation functions; all keep the type of their operand."""

from __future__ import annotations

import math

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ir.element_trait import ElementTrait, always
from mo_core.ir.known import number
from mo_core.ir.schema import Operand, OptionalOperand, integer, one_of, operand, optional, real
from mo_core.ir.types import Dim, Type
from mo_core.ops._values import NDArray, keeping_type
from mo_core.ops.axes import FIRST, along, where
from mo_core.ops.elements import FROM_ZERO, RISING
from mo_core.ops.unary import Unary, erf


def _sigmoid(x: NDArray) -> NDArray:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def _softplus(x: NDArray) -> NDArray:
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


def _relu6(x: NDArray) -> NDArray:
    return np.minimum(np.maximum(x, 0), 6)


class ReLU(Unary, opset="opset1"):
    """max(x, 0) (ReLU-1)."""

    element_trait = ElementTrait(pointwise=True, never_negative=always, rising=always, homogeneous=always)
    fold = staticmethod(keeping_type(lambda x: np.maximum(x, 0)))


def _is_positive(v: Value) -> bool:
    """True for a number that is known not to be below zero."""
    value = number(v)
    return value is not None and value >= 0


def _spreads(small: Dim, size: Dim) -> bool:
    return small == 1 or not isinstance(small, int) or not isinstance(size, int) or small == size


class PReLU(Unary, opset="opset1"):
    """x where it is positive, else slope * x (PReLU-1); a list of slopes lies along axis 1, other slopes broadcast."""

    axis_trait = where(FIRST, lambda n: t.size_of(n.operands[1].shape) == 1)
    element_trait = ElementTrait(
        pointwise=True,
        never_negative=lambda n: (number(n.operands[1]) or 1) < 0,
        rising=lambda n: _is_positive(n.operands[1]),
        homogeneous=always,
    )

    slope: Operand = operand(like=True)

    def infer(self) -> Type:
        data, slope = self.data.shape, self.slope.shape
        if data is not None and slope is not None:
            listed = len(slope) == 1 and len(data) > 1 and slope[0] != 1
            if listed and not t.same_dim(slope[0], data[-1]):
                t.merge_dim(slope[0], data[1], "PReLU: slopes and channels")
            elif len(slope) > len(data) or not all(map(_spreads, slope[::-1], data[::-1])):
                raise ShapeError(f"PReLU cannot spread slopes {t.format_shape(slope)} over {t.format_shape(data)}")
        return Type(t.promote([self.data.element, self.slope.element]), data)

    def fold(self, x: NDArray, slope: NDArray) -> NDArray:
        if slope.ndim == 1 and x.ndim > 1 and slope.shape[0] == x.shape[1]:
            slope = slope.reshape(-1, *[1] * (x.ndim - 2))
        return np.where(x < 0, x * slope, x).astype(x.dtype, copy=False)


class Elu(Unary, opset="opset1"):
    """x where it is positive, else alpha * (exp(x) - 1) (Elu-1)."""

    element_trait = ElementTrait(
        pointwise=True,
        never_negative=lambda n: n.attributes["alpha"] <= 0,
        rising=lambda n: n.attributes["alpha"] >= 0,
    )
    alpha: float = real()

    def fold(self, x: NDArray) -> NDArray:
        return np.where(x < 0, self.alpha * np.expm1(np.minimum(x, 0)), x).astype(x.dtype, copy=False)


class Selu(Unary, opset="opset1"):
    """lambda * x where it is positive, else lambda * alpha * (exp(x) - 1) (Selu-1)."""

    alpha: Operand = operand(like=True)
    lambda_: Operand = operand(like=True)

    def fold(self, x: NDArray, alpha: NDArray, scale: NDArray) -> NDArray:
        return np.asarray(scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))).astype(x.dtype, copy=False)


class Sigmoid(Unary, opset="opset1"):
    """1 / (1 + exp(-x)) (Sigmoid-1)."""

    element_trait = FROM_ZERO
    fold = staticmethod(keeping_type(_sigmoid))


class HardSigmoid(Unary, opset="opset1"):
    """alpha * x + beta, kept within 0 and 1 (HardSigmoid-1)."""

    element_trait = ElementTrait(pointwise=True, never_negative=always, rising=lambda n: _is_positive(n.operands[1]))
    alpha: Operand = operand(like=True)
    beta: Operand = operand(like=True)

    fold = staticmethod(keeping_type(lambda x, alpha, beta: np.clip(alpha * x + beta, 0, 1)))


class HSigmoid(Unary, opset="opset5"):
    """min(max(x + 3, 0), 6) / 6 (HSigmoid-5)."""

    element_trait = FROM_ZERO
    fold = staticmethod(keeping_type(lambda x: _relu6(x + 3) / 6))


class HSwish(Unary, opset="opset4"):
    """x * min(max(x + 3, 0), 6) / 6 (HSwish-4)."""

    fold = staticmethod(keeping_type(lambda x: x * _relu6(x + 3) / 6))


class Swish(Unary, opset="opset4"):
    """x * sigmoid(beta * x), beta a number, 1 when absent (Swish-4)."""

    beta: OptionalOperand = optional(default=None, like=True)

    fold = staticmethod(keeping_type(lambda x, beta=1: x * _sigmoid(np.asarray(beta * x))))


class Mish(Unary, opset="opset4"):
    """x * tanh(ln(1 + exp(x))) (Mish-4)."""

    fold = staticmethod(keeping_type(lambda x: x * np.tanh(_softplus(x))))


class SoftPlus(Unary, opset="opset4"):
    """ln(1 + exp(x)) (SoftPlus-4)."""

    element_trait = FROM_ZERO
    fold = staticmethod(keeping_type(_softplus))


class SoftSign(Unary, opset="opset9"):
    """x / (1 + |x|) (SoftSign-9)."""

    element_trait = RISING
    fold = staticmethod(keeping_type(lambda x: x / (1 + np.abs(x))))


class Gelu(Unary, opset="opset7"):
    """x * Phi(x), Phi the normal distribution: exact, or by its tanh approximation (Gelu-7)."""

    approximation_mode: str = one_of("ERF", "TANH", default="ERF")

    def fold(self, x: NDArray) -> NDArray:
        if self.approximation_mode == "ERF":
            inner = erf(x / math.sqrt(2))
        else:
            inner = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
        return np.asarray(0.5 * x * (1 + inner)).astype(x.dtype, copy=False)


class Clamp(Unary, opset="opset1"):
    """x kept within min and max (Clamp-1)."""

    element_trait = ElementTrait(pointwise=True, never_negative=lambda n: n.attributes["min"] >= 0, rising=always)
    min: float = real()
    max: float = real()

    def infer(self) -> Type:
        if self.min > self.max:
            raise ShapeError(f"Clamp has the empty range {self.min} to {self.max}")
        return self.data.type

    def fold(self, x: NDArray) -> NDArray:
        if x.dtype.kind == "f":
            return np.clip(x, x.dtype.type(self.min), x.dtype.type(self.max))
        limits = np.iinfo(x.dtype)  # for whole numbers the range is that of the whole numbers inside
        low, high = math.ceil(max(self.min, limits.min)), math.floor(min(self.max, limits.max))
        return np.clip(x, x.dtype.type(low), x.dtype.type(high))


class _AlongAxis(Node):
    """Base of the normalisations along one axis; the result has the operand's type."""

    axis_trait = along()

    data: Operand = operand()
    axis: int = integer(default=1)

    def infer(self) -> Type:
        if self.data.shape is not None:
            t.normalize_axis(self.axis, len(self.data.shape))
        return self.data.type


class Softmax(_AlongAxis, opset="opset8", type="SoftMax"):
    """exp(x) over its sum along `axis` (SoftMax-8)."""

    element_trait = ElementTrait(never_negative=always)

    def fold(self, x: NDArray) -> NDArray:
        raised = np.exp(x - x.max(self.axis, keepdims=True, initial=-np.inf))
        return np.asarray(raised / raised.sum(self.axis, keepdims=True)).astype(x.dtype, copy=False)


class LogSoftmax(_AlongAxis, opset="opset5"):
    """The logarithm of softmax along `axis` (LogSoftmax-5)."""

    def fold(self, x: NDArray) -> NDArray:
        shifted = x - x.max(self.axis, keepdims=True, initial=-np.inf)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(self.axis, keepdims=True))).astype(x.dtype, copy=False)
