"""Connectionist temporal classification."""

from __future__ import annotations

from mo_core.ir import Node
from mo_core.ir import types as t
from mo_core.ir.schema import Operand, OptionalOperand, boolean, element, operand, optional
from mo_core.ir.types import ElementType, Type
from mo_core.ops._dims import agree, at, of_rank

__all__ = ["CTCGreedyDecoder", "CTCGreedyDecoderSeqLen", "CTCLoss"]


class CTCGreedyDecoder(Node, opset="opset1"):
    """CTCGreedyDecoder-1: best classes N, T, 1, 1 (-1 after the end) of data T, N, C; sequence_mask is T, N."""

    data: Operand = operand()
    sequence_mask: Operand = operand()
    ctc_merge_repeated: bool = boolean(default=True)

    def infer(self) -> Type:
        data, mask = of_rank(self.data, "data", 3), of_rank(self.sequence_mask, "sequence_mask", 2)
        steps = agree("lengths", at(data, 0), at(mask, 0), node=self)
        batch = agree("batch sizes", at(data, 1), at(mask, 1), node=self)
        return Type(self.data.element, (batch, steps, 1, 1))


class CTCGreedyDecoderSeqLen(Node, opset="opset6"):
    """CTCGreedyDecoderSeqLen-6: best classes N, T (-1 after the end) of data N, T, C, and their numbers N."""

    data: Operand = operand()
    sequence_length: Operand = operand()
    blank_index: OptionalOperand = optional(default=None)
    merge_repeated: bool = boolean(default=True)
    classes_index_type: ElementType = element(default=t.i32)
    sequence_length_type: ElementType = element(default=t.i32)

    def infer(self) -> list[Type]:
        data, lengths = of_rank(self.data, "data", 3), of_rank(self.sequence_length, "sequence_length", 1)
        batch = agree("batch sizes", at(data, 0), at(lengths, 0), node=self)
        steps = agree("lengths", at(data, 1), node=self)
        return [Type(self.classes_index_type, (batch, steps)), Type(self.sequence_length_type, (batch,))]


class CTCLoss(Node, opset="opset4"):
    """CTCLoss-4: negative log-likelihood (N) of labels (N, T) under logits (N, T, C)."""

    logits: Operand = operand()
    logit_length: Operand = operand()
    labels: Operand = operand()
    label_length: Operand = operand()
    blank_index: OptionalOperand = optional(default=None)
    preprocess_collapse_repeated: bool = boolean(default=False)
    ctc_merge_repeated: bool = boolean(default=True)
    unique: bool = boolean(default=False)

    def infer(self) -> Type:
        logits, labels = of_rank(self.logits, "logits", 3), of_rank(self.labels, "labels", 2)
        logit_length = of_rank(self.logit_length, "logit_length", 1)
        label_length = of_rank(self.label_length, "label_length", 1)
        agree("lengths", at(logits, 1), at(labels, 1))
        batches = [at(shape, 0) for shape in (logits, labels, logit_length, label_length)]
        return Type(self.logits.element, (agree("batch sizes", *batches, node=self),))
