"""Sums of the rows of an embedding table, and maxima of segments."""

from __future__ import annotations

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ir.known import as_dim, numbers, scalar
from mo_core.ir.schema import Operand, OptionalOperand, one_of, operand, optional
from mo_core.ir.types import Dim, Type
from mo_core.ops._dims import unknown
from mo_core.ops._values import NDArray


class _Bags(Node):
    """Base of sums of table rows: the result is one row per bag."""

    def _rows(self, table: Value, bags: Dim | None, weights: Value | None) -> Type:
        element = t.promote([table.element, weights.element] if weights is not None else [table.element])
        if table.shape is None:
            return Type(element, None)
        if not table.shape:
            raise ShapeError(f"{self.type_name} needs a table of rows, not a scalar")
        return Type(element, (unknown(self, "bags") if bags is None else bags, *table.shape[1:]))

    def _first(self, value: Value, rank: int, what: str) -> Dim | None:
        if value.shape is not None and len(value.shape) != rank:
            raise ShapeError(f"{self.type_name} needs {what} of rank {rank}, not {t.format_shape(value.shape)}")
        return None if value.shape is None else value.shape[0]


class EmbeddingBagOffsetsSum(_Bags, opset="opset3"):
    """Sums of the rows at `indices`; bag i starts at `offsets[i]` (EmbeddingBagOffsetsSum-3).

    An empty bag gives row `default_index`, or zeros when that is absent or -1; `per_sample_weights` scale the rows.
    """

    emb_table: Operand = operand(like=True)
    indices: Operand = operand()
    offsets: Operand = operand()
    default_index: OptionalOperand = optional(default=None)
    per_sample_weights: OptionalOperand = optional(default=None, like=True)

    def infer(self) -> Type:
        return self._rows(self.emb_table, self._first(self.offsets, 1, "offsets"), self.per_sample_weights)


class EmbeddingBagOffsets(EmbeddingBagOffsetsSum, opset="opset15"):
    """Sums or means of the rows at `indices`; bag i starts at `offsets[i]` (EmbeddingBagOffsets-15)."""

    reduction: str = one_of("sum", "mean", default="sum")


class EmbeddingBagPackedSum(_Bags, opset="opset3"):
    """Sums of the rows at `indices`, whose rows are the bags (EmbeddingBagPackedSum-3)."""

    emb_table: Operand = operand(like=True)
    indices: Operand = operand()
    per_sample_weights: OptionalOperand = optional(default=None, like=True)

    def infer(self) -> Type:
        return self._rows(self.emb_table, self._first(self.indices, 2, "indices"), self.per_sample_weights)


class EmbeddingBagPacked(EmbeddingBagPackedSum, opset="opset15"):
    """Sums or means of the rows at `indices`, whose rows are the bags (EmbeddingBagPacked-15)."""

    reduction: str = one_of("sum", "mean", default="sum")


class EmbeddingSegmentsSum(_Bags, opset="opset3"):
    """Sums of the rows at `indices` that have one segment id, ids ascending (EmbeddingSegmentsSum-3)."""

    emb_table: Operand = operand(like=True)
    indices: Operand = operand()
    segment_ids: Operand = operand()
    num_segments: Operand = operand()
    default_index: OptionalOperand = optional(default=None)
    per_sample_weights: OptionalOperand = optional(default=None, like=True)

    def infer(self) -> Type:
        self._first(self.segment_ids, 1, "segment ids")
        count = scalar(self.num_segments)
        return self._rows(self.emb_table, None if count is None else as_dim(count), self.per_sample_weights)


class SegmentMax(_Bags, opset="opset16"):
    """The largest elements of the rows of each segment, ids ascending; an empty one is filled (SegmentMax-16)."""

    data: Operand = operand()
    segment_ids: Operand = operand()
    num_segments: OptionalOperand = optional(default=None)
    fill_mode: str = one_of("ZERO", "LOWEST", default="ZERO")

    def infer(self) -> Type:
        self._first(self.segment_ids, 1, "segment ids")
        ids = numbers(self.segment_ids)
        count = scalar(self.num_segments) if self.num_segments is not None else None
        if self.num_segments is None and ids is not None:
            count = max(ids, default=-1) + 1
        return self._rows(self.data, None if count is None else as_dim(count), None)

    def fold(self, data: NDArray, segment_ids: NDArray, num_segments: NDArray | None = None) -> NDArray:
        ids = segment_ids.astype(np.int64)
        count = int(ids.max(initial=-1)) + 1 if num_segments is None else int(num_segments.reshape(()))
        lowest = -np.finfo(data.dtype).max if data.dtype.kind == "f" else np.iinfo(data.dtype).min
        result = np.full((count, *data.shape[1:]), lowest, data.dtype)
        kept = ids < count
        np.maximum.at(result, ids[kept], data[kept])
        if self.fill_mode == "ZERO":
            result[~np.isin(np.arange(count), ids)] = 0
        return result
