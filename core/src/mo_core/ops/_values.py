"""What inference and folding read out of operand values that may be known in part only.

A shape-like operand is a list of entries: a number, a `Dynamic` (a number with bounds and identity) or None (unknown).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import KNOWN_LIMIT, Value
from mo_core.ir import types as t
from mo_core.ir.types import Dim, Dynamic

NDArray: TypeAlias = "np.ndarray[Any, Any]"
Entry: TypeAlias = "int | Dynamic | None"


LIST_LIMIT = 1 << 16
"""Nothing with more elements is read as a list of numbers: no shape is that long."""


def entries(value: Value) -> list[Entry] | None:
    """The elements in order, as far as they are known; None when not even their number is.

    Raises ShapeError for what is no list of whole numbers.
    """
    if value.element.is_real or value.element is t.string or (value.shape is not None and len(value.shape) > 1):
        raise ShapeError(f"a list of whole numbers is needed, and here is {value.type}")
    known = value.known
    if known is None and value.tensor is not None and value.tensor.size <= LIST_LIMIT:
        known = value.tensor.numpy()
    if known is None:
        count = t.size_of(value.shape)
        return [None] * count if isinstance(count, int) and count <= KNOWN_LIMIT else None
    try:
        return [x if x is None or isinstance(x, Dynamic) else int(x) for x in known.reshape(-1)]
    except (ValueError, OverflowError):
        raise ShapeError("whole numbers are needed here, and there are infinite ones or none") from None


def numbers(value: Value) -> tuple[int, ...] | None:
    """All elements as plain numbers, or None."""
    found = entries(value)
    if found is None or not all(isinstance(x, int) for x in found):
        return None
    return tuple(x for x in found if isinstance(x, int))


def scalar(value: Value) -> Entry:
    """The only element of a value, as far as it is known."""
    found = entries(value)
    if found is not None and len(found) != 1:
        raise ShapeError(f'"{value.label}" has {len(found)} elements where one number is needed')
    return found[0] if found else None


def as_dim(entry: int | Dynamic) -> Dim:
    """A number where a dimension is meant."""
    return entry.as_dim() if isinstance(entry, Dynamic) else entry


def axis_of(value: Value, rank: int | None) -> int | None:
    """The axis that a value holds, counted from the front; None when it or the rank is unknown."""
    axis = scalar(value)
    return t.normalize_axis(axis, rank) if isinstance(axis, int) and rank is not None else None


def axes_of(value: Value, rank: int) -> tuple[int, ...] | None:
    """The axes that a value holds, counted from the front, or None. Raises ShapeError when one comes twice."""
    axes = numbers(value)
    if axes is None:
        return None
    if axes and not rank:
        raise ShapeError(f"axes {list(axes)} of a scalar, which has none")
    normal = t.normalize_axes(axes, rank)
    if len(set(normal)) < len(normal):
        raise ShapeError(f"an axis is given twice: {list(axes)}")
    return normal


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
