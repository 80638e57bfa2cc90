"""Variables that keep their content from one inference to the next."""

from __future__ import annotations

from mo_core.errors import ShapeError
from mo_core.ir import Node
from mo_core.ir import types as t
from mo_core.ir.schema import Operand, OptionalOperand, dims, element, operand, optional, text
from mo_core.ir.types import ElementType, Shape, Type

__all__ = ["Assign", "ReadValue"]


class ReadValue(Node, opset="opset6", pure=False):
    """ReadValue-6: the content of a variable; `initial` (default: zeros) counts at first and after a reset."""

    initial: OptionalOperand = optional(default=None)
    variable_id: str = text(kw_only=True)
    variable_type: ElementType = element(kw_only=True)
    variable_shape: Shape = dims(kw_only=True)

    def infer(self) -> Type:
        if self.initial is not None:
            if t.promote([self.initial.element, self.variable_type]) is not self.variable_type:
                raise ShapeError(f"variable {self.variable_id} is {self.variable_type}, and its first value is not")
            if not _covers(self.variable_shape, self.initial.shape):
                raise ShapeError(
                    f"variable {self.variable_id} {t.format_shape(self.variable_shape)} does not cover a first "
                    f"value of shape {t.format_shape(self.initial.shape)}"
                )
        return Type(self.variable_type, self.variable_shape)


class Assign(Node, opset="opset6", pure=False, sink=True):
    """Assign-6: store a value in a variable, after everything that reads it; the result is the value."""

    new_value: Operand = operand()
    variable_id: str = text()

    def infer(self) -> Type:
        return self.new_value.type


def _covers(variable: Shape, value: Shape) -> bool:
    """True when every shape that the value can have is one that the variable can have."""
    if variable is None:
        return True
    if value is None or len(variable) != len(value):
        return False
    pairs = [(t.bounds(v), t.bounds(x)) for v, x in zip(variable, value)]
    return all(vlo <= xlo and xhi <= vhi for (vlo, vhi), (xlo, xhi) in pairs)
