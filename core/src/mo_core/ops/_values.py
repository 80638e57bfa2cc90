"""Helpers for `fold` on values that may be known in part only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from mo_core.ir.types import Dim

NDArray: TypeAlias = "np.ndarray[Any, Any]"


def replaced(shape: Sequence[Dim], axis: int, dim: Dim) -> tuple[Dim, ...]:
    """The shape with another dimension at one axis."""
    return (*shape[:axis], dim, *shape[axis + 1 :])


def is_partial(*arrays: NDArray) -> bool:
    """True when one of the arrays has elements that are not plain numbers."""
    return any(a.dtype == np.object_ for a in arrays)


def lifted(exact: Callable[..., Any], one: Callable[..., Any]) -> Callable[..., Any]:
    """A `fold` that is `exact` on arrays of numbers and goes by `one` element where some are unknown.

    `one` gets numbers and `Dynamic`s and returns None for what it cannot tell.
    """

    def careful(*xs: Any) -> Any:
        if any(x is None for x in xs):
            return None
        try:
            return one(*xs)
        except (TypeError, ZeroDivisionError):
            return None

    def fold(*arrays: NDArray) -> Any:
        if is_partial(*arrays):
            return np.asarray(np.frompyfunc(careful, len(arrays), 1)(*arrays), dtype=object)
        return exact(*arrays)

    return fold


def keeping_type(function: Callable[..., Any]) -> Callable[..., NDArray]:
    """A `fold` whose result has the type of its first operand."""

    def fold(x: NDArray, *others: NDArray) -> NDArray:
        return np.asarray(function(x, *others)).astype(x.dtype, copy=False)

    return fold
