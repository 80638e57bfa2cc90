"""Generate."""

from __future__ import annotations

from mo_core import types as t
from mo_core.ir import Node, Type
from mo_core.schema import (
    Ints, Operand, Operands, OptionalOperand, boolean, element, integer, ints, one_of, operand, optional, real,
    required_one_of, variadic,
)  # fmt: skip


class Range(Node, opset="opset4"):
    """Range-4."""

    start: Operand = operand()
    stop: Operand = operand()
    step: Operand = operand()
    output_type: t.ElementType = element()

class Eye(Node, opset="opset9"):
    """Eye-9."""

    num_rows: Operand = operand()
    num_columns: Operand = operand()
    diagonal_index: Operand = operand()
    batch_shape: OptionalOperand = optional(default=None)
    output_type: t.ElementType = element()

class RandomUniform(Node, opset="opset8", pure=False):
    """RandomUniform-8."""

    out_shape: Operand = operand()
    min_val: Operand = operand()
    max_val: Operand = operand()
    output_type: t.ElementType = element()
    global_seed: int = integer(default=0)
    op_seed: int = integer(default=0)
    alignment: str = one_of("tensorflow", "pytorch")

class Multinomial(Node, opset="opset13", pure=False):
    """Multinomial-13."""

    probs: Operand = operand()
    num_samples: Operand = operand()
    convert_type: t.ElementType = element()
    with_replacement: bool = boolean()
    log_probs: bool = boolean()
    global_seed: int = integer(default=0)
    op_seed: int = integer(default=0)
