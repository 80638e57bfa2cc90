"""Search."""

from __future__ import annotations

from mo_core import types as t
from mo_core.ir import Node, Type
from mo_core.schema import (
    Ints, Operand, Operands, OptionalOperand, boolean, element, integer, ints, one_of, operand, optional, real,
    required_one_of, variadic,
)  # fmt: skip


class OneHot(Node, opset="opset1"):
    """OneHot-1."""

    indices: Operand = operand()
    depth: Operand = operand()
    on_value: Operand = operand(like=True)
    off_value: Operand = operand(like=True)
    axis: int = integer()

class NonZero(Node, opset="opset3"):
    """NonZero-3."""

    data: Operand = operand()
    output_type: t.ElementType = element(default=t.i64)

class Unique(Node, opset="opset10"):
    """Unique-10."""

    data: Operand = operand()
    axis: OptionalOperand = optional(default=None)
    sorted: bool = boolean(default=True)
    index_element_type: t.ElementType = element(default=t.i64)
    count_element_type: t.ElementType = element(default=t.i64)

class TopK(Node, opset="opset11"):
    """TopK-11."""

    data: Operand = operand()
    k: Operand = operand()
    axis: int = integer()
    mode: str = required_one_of("max", "min")
    sort: str = required_one_of("value", "index", "none")
    stable: bool = boolean(default=False)
    index_element_type: t.ElementType = element(default=t.i32)

class Bucketize(Node, opset="opset3"):
    """Bucketize-3."""

    data: Operand = operand()
    buckets: Operand = operand()
    output_type: t.ElementType = element(default=t.i64)
    with_right_bound: bool = boolean(default=True)

class SearchSorted(Node, opset="opset15"):
    """SearchSorted-15."""

    sorted_sequence: Operand = operand(like=True)
    values: Operand = operand(like=True)
    right_mode: bool = boolean(default=False)
    output_type: t.ElementType = element(default=t.i64)

class CumSum(Node, opset="opset3"):
    """CumSum-3."""

    data: Operand = operand()
    axis: Operand = operand()
    exclusive: bool = boolean(default=False)
    reverse: bool = boolean(default=False)
