"""Gather and scatter."""

from __future__ import annotations

from mo_core import types as t
from mo_core.ir import Node, Type
from mo_core.schema import (
    Ints, Operand, Operands, OptionalOperand, boolean, element, integer, ints, one_of, operand, optional, real,
    required_one_of, variadic,
)  # fmt: skip


class Gather(Node, opset="opset8"):
    """Gather-8."""

    data: Operand = operand()
    indices: Operand = operand()
    axis: Operand = operand()
    batch_dims: int = integer(default=0)

class GatherElements(Node, opset="opset6"):
    """GatherElements-6."""

    data: Operand = operand()
    indices: Operand = operand()
    axis: int = integer()

class GatherND(Node, opset="opset8"):
    """GatherND-8."""

    data: Operand = operand()
    indices: Operand = operand()
    batch_dims: int = integer(default=0)

class GatherTree(Node, opset="opset1"):
    """GatherTree-1."""

    step_ids: Operand = operand()
    parent_idx: Operand = operand()
    max_seq_len: Operand = operand()
    end_token: Operand = operand()

class ScatterUpdate(Node, opset="opset3"):
    """ScatterUpdate-3."""

    data: Operand = operand(like=True)
    indices: Operand = operand()
    updates: Operand = operand(like=True)
    axis: Operand = operand()

class ScatterElementsUpdate(Node, opset="opset12"):
    """ScatterElementsUpdate-12."""

    data: Operand = operand(like=True)
    indices: Operand = operand()
    updates: Operand = operand(like=True)
    axis: Operand = operand()
    reduction: str = one_of("none", "sum", "prod", "min", "max", "mean")
    use_init_val: bool = boolean(default=True)

class ScatterNDUpdate(Node, opset="opset15"):
    """ScatterNDUpdate-15."""

    data: Operand = operand(like=True)
    indices: Operand = operand()
    updates: Operand = operand(like=True)
    reduction: str = one_of("none", "sum", "sub", "prod", "min", "max")
