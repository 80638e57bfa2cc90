"""Learned inputs that do not fit the data of their operator."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir.types import Dim

_REMEDY = "Give the .params file that belongs to the symbol, or another shape of the input with --input."


def check_fit(learned: Value, expected: Sequence[Dim | None]) -> None:
    """Raise ModelError when a learned input cannot have the shape that the data need; None stands for any size.

    Args:
        learned: a parameter, or something that is computed.
        expected: the dimensions; those that are not known fit all.
    """
    if learned.shape is None:
        return
    pairs = zip(learned.shape, expected)
    both = [(a, b) for a, b in pairs if isinstance(a, int) and isinstance(b, int)]
    if len(learned.shape) == len(expected) and all(a == b for a, b in both):
        return
    wanted = ",".join(str(d) if isinstance(d, int) else "?" for d in expected)
    found = ",".join(str(d) if isinstance(d, int) else "?" for d in learned.shape)
    name = learned.node.name or learned.node.label
    raise ModelError(f'the parameter "{name}" has the shape [{found}], and the data need [{wanted}]', _REMEDY)


def channels_of(x: Value, axis: int = 1) -> Dim | None:
    """The size of an axis, None where it is not known."""
    if x.shape is None or not -len(x.shape) <= axis < len(x.shape):
        return None
    return x.shape[axis]
