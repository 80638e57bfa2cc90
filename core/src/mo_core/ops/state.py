"""Variables that keep their content from one inference to the next."""

from __future__ import annotations

from mo_core.ir import Node
from mo_core.schema import Operand, OptionalOperand, dims, element, operand, optional, text
from mo_core.types import ElementType, Shape

__all__ = ["Assign", "ReadValue"]


class ReadValue(Node, opset="opset6", pure=False):
    """ReadValue-6: the content of a variable; `initial` (default: zeros) counts at first and after a reset."""

    initial: OptionalOperand = optional(default=None)
    variable_id: str = text(kw_only=True)
    variable_type: ElementType = element(kw_only=True)
    variable_shape: Shape = dims(kw_only=True)


class Assign(Node, opset="opset6", pure=False, sink=True):
    """Assign-6: store a value in a variable, after everything that reads it; the result is the value."""

    new_value: Operand = operand()
    variable_id: str = text()
