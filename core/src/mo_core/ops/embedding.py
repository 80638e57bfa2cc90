"""Embedding tables and segments."""

from __future__ import annotations

from mo_core import types as t
from mo_core.ir import Node, Type
from mo_core.schema import (
    Ints, Operand, Operands, OptionalOperand, boolean, element, integer, ints, one_of, operand, optional, real,
    required_one_of, variadic,
)  # fmt: skip


class EmbeddingBagOffsets(Node, opset="opset15"):
    """EmbeddingBagOffsets-15."""

    emb_table: Operand = operand(like=True)
    indices: Operand = operand()
    offsets: Operand = operand()
    default_index: OptionalOperand = optional(default=None)
    per_sample_weights: OptionalOperand = optional(default=None, like=True)
    reduction: str = one_of("sum", "mean")

class EmbeddingBagPacked(Node, opset="opset15"):
    """EmbeddingBagPacked-15."""

    emb_table: Operand = operand(like=True)
    indices: Operand = operand()
    per_sample_weights: OptionalOperand = optional(default=None, like=True)
    reduction: str = one_of("sum", "mean")

class EmbeddingBagOffsetsSum(Node, opset="opset3"):
    """EmbeddingBagOffsetsSum-3."""

    emb_table: Operand = operand(like=True)
    indices: Operand = operand()
    offsets: Operand = operand()
    default_index: OptionalOperand = optional(default=None)
    per_sample_weights: OptionalOperand = optional(default=None, like=True)

class EmbeddingBagPackedSum(Node, opset="opset3"):
    """EmbeddingBagPackedSum-3."""

    emb_table: Operand = operand(like=True)
    indices: Operand = operand()
    per_sample_weights: OptionalOperand = optional(default=None, like=True)

class EmbeddingSegmentsSum(Node, opset="opset3"):
    """EmbeddingSegmentsSum-3."""

    emb_table: Operand = operand(like=True)
    indices: Operand = operand()
    segment_ids: Operand = operand()
    num_segments: Operand = operand()
    default_index: OptionalOperand = optional(default=None)
    per_sample_weights: OptionalOperand = optional(default=None, like=True)

class SegmentMax(Node, opset="opset16"):
    """SegmentMax-16."""

    data: Operand = operand()
    segment_ids: Operand = operand()
    num_segments: OptionalOperand = optional(default=None)
    fill_mode: str = one_of("ZERO", "LOWEST")
