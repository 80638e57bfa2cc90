"""Movement."""

from __future__ import annotations

from mo_core import types as t
from mo_core.ir import Node, Type
from mo_core.schema import (
    Ints, Operand, Operands, OptionalOperand, boolean, element, integer, ints, one_of, operand, optional, real,
    required_one_of, variadic,
)  # fmt: skip


class Concat(Node, opset="opset1"):
    """Concat-1."""

    inputs: Operands = variadic()
    axis: int = integer()

class Split(Node, opset="opset1"):
    """Split-1."""

    data: Operand = operand()
    axis: Operand = operand()
    num_splits: int = integer()

class VariadicSplit(Node, opset="opset1"):
    """VariadicSplit-1."""

    data: Operand = operand()
    axis: Operand = operand()
    split_lengths: Operand = operand()

class StridedSlice(Node, opset="opset1"):
    """StridedSlice-1."""

    data: Operand = operand()
    begin: Operand = operand()
    end: Operand = operand()
    strides: OptionalOperand = optional(default=None)
    begin_mask: Ints = ints(default=())
    end_mask: Ints = ints(default=())
    new_axis_mask: Ints = ints(default=())
    shrink_axis_mask: Ints = ints(default=())
    ellipsis_mask: Ints = ints(default=())

class Slice(Node, opset="opset8"):
    """Slice-8."""

    data: Operand = operand()
    start: Operand = operand()
    stop: Operand = operand()
    step: Operand = operand()
    axes: OptionalOperand = optional(default=None)

class SliceScatter(Node, opset="opset15"):
    """SliceScatter-15."""

    data: Operand = operand(like=True)
    updates: Operand = operand(like=True)
    start: Operand = operand()
    stop: Operand = operand()
    step: Operand = operand()
    axes: OptionalOperand = optional(default=None)

class Pad(Node, opset="opset12"):
    """Pad-12."""

    data: Operand = operand(like=True)
    pads_begin: Operand = operand()
    pads_end: Operand = operand()
    pad_value: OptionalOperand = optional(default=None, like=True)
    pad_mode: str = one_of("constant", "edge", "reflect", "symmetric")

class Roll(Node, opset="opset7"):
    """Roll-7."""

    data: Operand = operand()
    shift: Operand = operand()
    axes: Operand = operand()

class ReverseSequence(Node, opset="opset1"):
    """ReverseSequence-1."""

    data: Operand = operand()
    seq_lengths: Operand = operand()
    batch_axis: int = integer(default=0)
    seq_axis: int = integer(default=1)

class DepthToSpace(Node, opset="opset1"):
    """DepthToSpace-1."""

    data: Operand = operand()
    mode: str = required_one_of("blocks_first", "depth_first")
    block_size: int = integer(default=1)

class SpaceToDepth(Node, opset="opset1"):
    """SpaceToDepth-1."""

    data: Operand = operand()
    mode: str = required_one_of("blocks_first", "depth_first")
    block_size: int = integer(default=1)

class BatchToSpace(Node, opset="opset2"):
    """BatchToSpace-2."""

    data: Operand = operand()
    block_shape: Operand = operand()
    crops_begin: Operand = operand()
    crops_end: Operand = operand()

class SpaceToBatch(Node, opset="opset2"):
    """SpaceToBatch-2."""

    data: Operand = operand()
    block_shape: Operand = operand()
    pads_begin: Operand = operand()
    pads_end: Operand = operand()

class ShuffleChannels(Node, opset="opset1"):
    """ShuffleChannels-1."""

    data: Operand = operand()
    axis: int = integer(default=1)
    group: int = integer(default=1)
