"""Reductions over `axes`, which stay with size 1 when `keep_dims`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import Node
from mo_core.ir import types as t
from mo_core.ir.known import axes_of, entries
from mo_core.ir.schema import Operand, boolean, operand
from mo_core.ir.types import Shape, Type
from mo_core.ops._dims import unknown, unknowns
from mo_core.ops._values import NDArray
from mo_core.ops.axes import axes_listed


class Reduction(Node):
    """Base of reductions; no axes at all leave the tensor as it is."""

    axis_trait = axes_listed(1, drops=lambda n: not n.attributes["keep_dims"])

    data: Operand = operand()
    axes: Operand = operand()
    keep_dims: bool = boolean(default=False)

    reduce: ClassVar[Callable[..., Any]]
    """Takes array, axes and `keepdims`."""

    def infer(self) -> Type:
        return Type(self.data.element, self._reduced(self.data.shape))

    def _reduced(self, shape: Shape) -> Shape:
        if shape is None:
            return None
        axes = axes_of(self.axes, max(1, len(shape)))  # a scalar may be reduced along axis 0
        if axes is not None:
            if self.keep_dims:
                return tuple(1 if i in axes else d for i, d in enumerate(shape))
            return tuple(d for i, d in enumerate(shape) if i not in axes)
        if self.keep_dims:
            return tuple(d if d == 1 else unknown(self, i, 0, max(1, t.bounds(d)[1])) for i, d in enumerate(shape))
        given = entries(self.axes)
        return None if given is None else unknowns(self, "dim", max(0, len(shape) - len(given)))

    def fold(self, data: NDArray, axes: NDArray) -> NDArray:
        chosen = tuple(int(a) for a in axes.reshape(-1))
        if not chosen:
            return data
        wide = data.astype(np.float32) if data.dtype == np.float16 else data  # sums of halves lose too much
        return np.asarray(type(self).reduce(wide, chosen, keepdims=self.keep_dims)).astype(data.dtype, copy=False)


def _sum(x: NDArray, axis: tuple[int, ...], keepdims: bool) -> Any:
    return np.sum(x, axis, dtype=x.dtype, keepdims=keepdims)


def _product(x: NDArray, axis: tuple[int, ...], keepdims: bool) -> Any:
    return np.prod(x, axis, dtype=x.dtype, keepdims=keepdims)


def _mean(x: NDArray, axis: tuple[int, ...], keepdims: bool) -> Any:
    count = max(1, int(np.prod([x.shape[a] for a in axis])))
    total = _sum(x, axis, keepdims)
    return total / x.dtype.type(count) if x.dtype.kind == "f" else np.trunc(total / count)


def _limits(dtype: np.dtype[Any]) -> Any:
    return np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)


def _largest(x: NDArray, axis: tuple[int, ...], keepdims: bool) -> Any:
    if x.size:
        return np.max(x, axis, keepdims=keepdims)
    return np.max(x, axis, keepdims=keepdims, initial=_limits(x.dtype).min)


def _smallest(x: NDArray, axis: tuple[int, ...], keepdims: bool) -> Any:
    if x.size:
        return np.min(x, axis, keepdims=keepdims)
    return np.min(x, axis, keepdims=keepdims, initial=_limits(x.dtype).max)


class ReduceSum(Reduction, opset="opset1", partial=True):
    """The sum (ReduceSum-1)."""

    reduce = staticmethod(_sum)


class ReduceMean(Reduction, opset="opset1"):
    """The mean (ReduceMean-1); of whole numbers rounded towards zero."""

    reduce = staticmethod(_mean)


class ReduceProd(Reduction, opset="opset1", partial=True):
    """The product (ReduceProd-1)."""

    reduce = staticmethod(_product)


class ReduceMax(Reduction, opset="opset1"):
    """The largest element (ReduceMax-1)."""

    reduce = staticmethod(_largest)


class ReduceMin(Reduction, opset="opset1"):
    """The smallest element (ReduceMin-1)."""

    reduce = staticmethod(_smallest)


class ReduceL1(Reduction, opset="opset4"):
    """The sum of absolute values (ReduceL1-4)."""

    reduce = staticmethod(lambda x, axis, keepdims: _sum(np.abs(x), axis, keepdims))


class ReduceL2(Reduction, opset="opset4"):
    """The root of the sum of squares (ReduceL2-4)."""

    reduce = staticmethod(lambda x, axis, keepdims: np.sqrt(_sum(np.square(x), axis, keepdims)))


class LogicalReduction(Reduction):
    """Base of reductions of booleans."""

    def infer(self) -> Type:
        if self.data.element not in (t.boolean, t.dynamic):
            raise ShapeError(f"{self.type_name} needs a boolean operand, not {self.data.element}")
        return Type(t.boolean, self._reduced(self.data.shape))


class ReduceLogicalAnd(LogicalReduction, opset="opset1"):
    """Whether all hold (ReduceLogicalAnd-1)."""

    reduce = staticmethod(np.all)


class ReduceLogicalOr(LogicalReduction, opset="opset1"):
    """Whether any holds (ReduceLogicalOr-1)."""

    reduce = staticmethod(np.any)
