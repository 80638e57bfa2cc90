"""Tensors out of nothing but a few numbers: ranges, diagonals, random elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ir.known import as_dim, scalar
from mo_core.ir.schema import Operand, OptionalOperand, boolean, element, integer, one_of, operand, optional
from mo_core.ir.types import Dim, Dynamic, ElementType, Type
from mo_core.ops._dims import content_dims, unknown
from mo_core.ops._values import NDArray


class Range(Node, opset="opset4"):
    """start, start + step, … up to but without `stop` (Range-4); three numbers."""

    start: Operand = operand()
    stop: Operand = operand()
    step: Operand = operand()
    output_type: ElementType = element()

    def infer(self) -> Type:
        return Type(self.output_type, (self._count(),))

    def _count(self) -> Dim:
        start, stop, step = (self._number(v) for v in (self.start, self.stop, self.step))
        if step == 0:
            raise ShapeError("Range has a step of 0")
        if start is None or stop is None or step is None or isinstance(step, Dynamic):
            return unknown(self, "count")
        if isinstance(start, Dynamic) or isinstance(stop, Dynamic):
            return as_dim(stop - start) if step == 1 and isinstance(start, (int, Dynamic)) else unknown(self, "count")
        if not all(map(math.isfinite, (start, stop, step))):
            raise ShapeError(f"Range from {start} to {stop} by {step} has no end")
        if isinstance(start, int) and isinstance(stop, int) and isinstance(step, int):
            return max(0, -((start - stop) // step))
        return int(max(0, math.ceil((stop - start) / step)))

    def _number(self, value: Value) -> Any:
        """The number, truncated when the result holds whole ones; None when it is unknown."""
        count = t.size_of(value.shape)
        if isinstance(count, int) and count != 1:
            raise ShapeError(f"Range needs single numbers, and one operand has {count}")
        known = value.known
        if known is None:
            return None
        number = known.reshape(-1)[0]
        if number is None or isinstance(number, Dynamic):
            return number
        number = number.item() if isinstance(number, np.generic) else number
        whole = self.output_type.is_integer or float(number).is_integer()
        return int(number) if whole and math.isfinite(number) else number

    def fold(self, start: NDArray, stop: NDArray, step: NDArray) -> NDArray:
        low, high, by = (self._cast(x) for x in (start, stop, step))
        count = max(0, math.ceil((high - low) / by)) if isinstance(by, float) else max(0, -((low - high) // by))
        return np.asarray(low + np.arange(count) * by).astype(self.output_type.dtype or np.float32)

    def _cast(self, x: NDArray) -> Any:
        return int(x.reshape(())) if self.output_type.is_integer else float(x.reshape(()))


class Eye(Node, opset="opset9"):
    """Ones on a diagonal (0: the main one, 1: above it), zeros elsewhere, repeated to `batch_shape` (Eye-9)."""

    num_rows: Operand = operand()
    num_columns: Operand = operand()
    diagonal_index: Operand = operand()
    batch_shape: OptionalOperand = optional(default=None)
    output_type: ElementType = element(kw_only=True)

    def infer(self) -> Type:
        batch = () if self.batch_shape is None else content_dims(self, self.batch_shape, "batch shape")
        if batch is None:
            return Type(self.output_type, None)
        sizes: list[Dim] = []
        for what, value in (("rows", self.num_rows), ("columns", self.num_columns)):
            size = scalar(value)
            if isinstance(size, int) and size < 0:
                raise ShapeError(f"Eye has {size} {what}")
            sizes.append(unknown(self, what) if size is None else as_dim(size))
        return Type(self.output_type, (*batch, *sizes))

    def fold(self, rows: NDArray, columns: NDArray, diagonal: NDArray, batch_shape: NDArray | None = None) -> NDArray:
        sizes = [int(x.reshape(())) for x in (rows, columns, diagonal)]
        matrix = np.eye(*sizes, dtype=self.output_type.dtype or np.float32)
        return np.broadcast_to(matrix, (*([] if batch_shape is None else batch_shape.tolist()), *matrix.shape))


class RandomUniform(Node, opset="opset8", pure=False):
    """Random numbers, evenly spread from `min_val` up to but without `max_val` (RandomUniform-8).

    Two seeds of 0 let every inference draw other numbers.
    """

    out_shape: Operand = operand()
    min_val: Operand = operand()
    max_val: Operand = operand()
    output_type: ElementType = element()
    global_seed: int = integer(default=0)
    op_seed: int = integer(default=0)
    alignment: str = one_of("tensorflow", "pytorch", default="tensorflow")

    def infer(self) -> Type:
        return Type(self.output_type, content_dims(self, self.out_shape, "shape of RandomUniform"))


class Multinomial(Node, opset="opset13", pure=False):
    """Classes drawn per row of `probs` (N, classes), which may be logarithms of probabilities (Multinomial-13)."""

    probs: Operand = operand()
    num_samples: Operand = operand()
    convert_type: ElementType = element()
    with_replacement: bool = boolean()
    log_probs: bool = boolean()
    global_seed: int = integer(default=0)
    op_seed: int = integer(default=0)

    def infer(self) -> Type:
        shape, count = self.probs.shape, scalar(self.num_samples)
        if shape is not None and len(shape) != 2:
            raise ShapeError(f"Multinomial needs probabilities N, classes, not {t.format_shape(shape)}")
        size = unknown(self, "count") if count is None else as_dim(count)
        return Type(self.convert_type, (unknown(self, "rows") if shape is None else shape[0], size))
