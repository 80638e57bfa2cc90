"""The custom attributes of a description, by their kinds."""

from __future__ import annotations

from typing import Any

from mo_core.errors import ModelError
from mo_core.rewriting import SubGraph

_MOST = 1 << 31


def whole(found: SubGraph, name: str, default: int | None = None) -> int:
    """A whole number; raises ModelError for something else, and when it is missing without a default."""
    value = found.attributes.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not -_MOST < value < _MOST:
        raise wrong(found, f'"{name}" is {"missing" if value is None else "no whole number"}')
    return value


def number(found: SubGraph, name: str, default: float | None = None) -> float:
    """A number; raises as `whole`."""
    value = found.attributes.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(found, f'"{name}" is {"missing" if value is None else "no number"}')
    return float(value)


def numbers(found: SubGraph, name: str, values: Any) -> tuple[float, ...]:
    """A list of numbers, given under this name."""
    if not isinstance(values, (list, tuple)) or any(
        isinstance(v, bool) or not isinstance(v, (int, float)) for v in values
    ):
        raise wrong(found, f'"{name}" is no list of numbers')
    return tuple(map(float, values))


def texts(found: SubGraph, name: str) -> list[str]:
    """A list of names, at least one."""
    values = found.attributes.get(name)
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        raise wrong(found, f'"{name}" is no list of names')
    return values


def wrong(found: SubGraph, fact: str) -> ModelError:
    """The error for a description that cannot be used."""
    return ModelError(f'"{found.description.id}": {fact}', "Correct the description.", where=found.description.where)
