"""States: variables that keep their content from one inference to the next, as a pair of ReadValue and Assign."""

from __future__ import annotations

import numpy as np

from mo_core.errors import Unsupported
from mo_core.ir import Constant, Type, Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Array
from mo_core.ops import Assign, ReadValue

__all__ = ["assigned", "state", "zeros"]


def state(variable: str, type_: Type, initial: Value | None = None) -> ReadValue:
    """The content of a variable, which is called like this in the whole model.

    Args:
        type_: what it may hold; unknown dimensions may change. initial: what it holds at first, and after a reset
            (default: zeros, for which the shape must be known).
    """
    first = zeros(type_, variable) if initial is None else initial
    return ReadValue(first, variable_id=variable, variable_type=type_.element, variable_shape=type_.shape)


def assigned(variable: str | ReadValue, value: Value) -> Assign:
    """What stores `value` in a variable, given by its name or by what reads it, once all readers are done.

    Nothing reads an Assign: a converter returns it by `Effects`, a pass adds it to the graph.
    """
    if isinstance(variable, str):
        return Assign(value, variable_id=variable)
    assign = Assign(value, variable_id=variable.variable_id)
    if variable.name:
        assign.name, assign.origin = f"{variable.name}/assign", variable.origin
    return assign


def zeros(type_: Type, variable: str) -> Constant:
    """Zeros of a known shape. Raises Unsupported for an element type that no variable can have."""
    element, shape = type_
    if element.is_packed or not t.is_static(shape):
        raise Unsupported(f'the state "{variable}" is {type_}, and it must be of a plain type and a known shape')
    return constant(Array(np.zeros(t.static(shape), element.dtype or element.storage), element, t.static(shape)))
