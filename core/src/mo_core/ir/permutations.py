"""Permutations of axes, written as the order of a Transpose: entry `i` is the old place of new axis `i`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Order: TypeAlias = "tuple[int, ...]"


def identity(rank: int) -> tuple[int, ...]:
    """The order that leaves every axis in its place."""
    return tuple(range(rank))


def is_permutation(order: Sequence[int]) -> bool:
    """True when every axis of some rank appears once."""
    return sorted(order) == list(range(len(order)))


def is_identity(order: Sequence[int]) -> bool:
    """True when every axis stays in its place; the empty order (of a scalar) does so."""
    return all(axis == i for i, axis in enumerate(order))


def inverse(order: Sequence[int]) -> tuple[int, ...]:
    """The order that undoes it."""
    back = [0] * len(order)
    for new, old in enumerate(order):
        back[old] = new
    return tuple(back)


def compose(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
    """The one order that does what `first`, then `second` do."""
    return tuple(first[axis] for axis in second)


def permuted(entries: Sequence[T], order: Sequence[int]) -> tuple[T, ...]:
    """A list with an entry for each axis (a shape, pads), after the axes are put in this order."""
    return tuple(entries[axis] for axis in order)
