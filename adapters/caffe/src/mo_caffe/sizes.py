"""Sizes that follow the data.

The .prototxt of a network states the shape of its inputs, and users change it afterwards, in the converted model. What
depends on it is therefore computed from the shapes at hand (`ShapeOf`), although they are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from mo_core.build import integer, ints, unsqueeze
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import Add, Concat, Gather, Multiply, Reshape, ShapeOf, Slice

Size: TypeAlias = "int | Value"
"""A number that no change of the inputs touches, or a scalar i64 value."""


def size(x: Value, axis: int) -> Value:
    """One dimension of `x`, scalar i64."""
    return Gather(ShapeOf(x), integer(axis), integer(0))


def sizes(x: Value, axes: Iterable[int]) -> Value:
    """Dimensions of `x`, 1-D i64."""
    return Gather(ShapeOf(x), ints(axes), integer(0))


def require_images(*blobs: Value) -> None:
    """Raise ModelError for a blob that is not N, C, H, W."""
    for x in blobs:
        if x.shape is not None and len(x.shape) != 4:
            raise ModelError(f"a bottom has {len(x.shape)} axes, and N, C, H, W are needed")


def plus(a: Size, term: int) -> Size:
    """`a + term`."""
    return a + term if isinstance(a, int) else Add(a, term) if term else a


def times(a: Size, factor: int) -> Size:
    """`a * factor`."""
    return a * factor if isinstance(a, int) else Multiply(a, factor) if factor != 1 else a


def shape_from(items: Sequence[Size]) -> Value:
    """A shape, 1-D i64."""
    parts: list[Value] = []
    for item in items:
        last = parts[-1].const if parts and isinstance(item, int) and parts[-1].tensor is not None else None
        if isinstance(item, int) and last is not None:
            parts[-1] = ints([*map(int, last), item])
        elif isinstance(item, int):
            parts.append(ints([item]))
        else:
            parts.append(unsqueeze(item, 0) if item.shape == () else item)
    return parts[0] if len(parts) == 1 else Concat(parts, axis=0) if parts else ints([])


def reshaped(x: Value, items: Sequence[Size], *, keep: bool = False) -> Value:
    """`x` in a shape of which one dimension may be -1; `keep`: 0 is the dimension of `x` at that place."""
    return Reshape(x, shape_from(items), special_zero=keep)


def part(x: Value, axis: int, start: int, stop: Size) -> Value:
    """The range from `start` to `stop` of an axis; negative numbers count from the end, `t.INF` is the end."""
    if start == 0 and isinstance(stop, int) and stop == t.INF:
        return x
    return Slice(x, ints([start]), shape_from([stop]), ints([1]), ints([axis]))
