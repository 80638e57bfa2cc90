"""What is known of a value before the model runs: the one place where passes, inference and builders read it.

A shape-like value is a list of entries: a number, a `Dynamic` (a number with bounds and identity) or None (unknown).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import types as t
from mo_core.ir.node import KNOWN_LIMIT, Value
from mo_core.ir.types import Dim, Dynamic

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


def known_ints(v: Value | None) -> tuple[int, ...] | None:
    """The whole numbers in `v` when they are all known now, else None."""
    content = v.const if v is not None else None
    if content is None or not (content.dtype.kind in "iub" or np.isfinite(content).all()):
        return None
    return tuple(int(i) for i in content.reshape(-1))


def number(value: Value) -> float | None:
    """The number that a small value holds in all of its elements; None when it is not known, or there are several."""
    content = value.known
    if content is None or not content.size or content.dtype.kind not in "fiu":
        return None
    first = content.flat[0]
    return float(first) if content.size == 1 or bool((content == first).all()) else None


def is_number(value: Value, number: float, tolerance: float = 1e-6) -> bool:
    """True for a small value whose elements all equal `number` (relative tolerance)."""
    content = value.known
    if content is None or content.dtype.kind not in "fiu" or not content.size:
        return False
    return bool((abs(content - number) <= tolerance * max(1.0, abs(number))).all())
