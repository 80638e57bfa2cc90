"""Shapes: asking for them, and giving another one to the same elements (or to repeated ones)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import KNOWN_LIMIT, AxisTrait, Node
from mo_core.ir import types as t
from mo_core.ir.known import as_dim, axes_of, entries, numbers
from mo_core.ir.schema import Operand, OptionalOperand, boolean, element, one_of, operand, optional
from mo_core.ir.types import Dim, Dynamic, Shape, Type
from mo_core.ops._dims import content_dims, unknown, unknowns
from mo_core.ops._values import NDArray
from mo_core.ops.axes import FIRST, added, axes_listed, where
from mo_core.ops.axis_lists import filled, per_axis, shape_listed
from mo_core.ops.elements import CHOOSES


class ShapeOf(Node, opset="opset3"):
    """The shape of a tensor as a list, i64 or i32 (ShapeOf-3)."""

    axis_trait = AxisTrait(FIRST.ports, shape_listed)

    data: Operand = operand()
    output_type: t.ElementType = element(default=t.i64)

    def infer(self) -> Type:
        shape = self.data.shape
        return Type(self.output_type, (unknown(self, "rank") if shape is None else len(shape),))

    def _learn(self) -> None:
        shape = self.data.shape
        if shape is not None and len(shape) <= KNOWN_LIMIT:
            self._know([np.array([*shape, None], dtype=object)[:-1]])

    def fold(self, data: NDArray) -> NDArray:
        return np.array(data.shape, dtype=self.output_type.dtype)


class Rearrangement(Node):
    """Base of operations whose result has the elements of the first operand, each once, and no others."""

    element_trait = CHOOSES


class View(Rearrangement):
    """Base of those that keep the order of the elements, and give them another shape."""


class Reshape(View, opset="opset1", partial=True):
    """The same elements in the shape of `pattern` (Reshape-1).

    One dimension may be -1 and follows from the others; with `special_zero` a 0 copies the dimension of `data` there.
    """

    data: Operand = operand()
    pattern: Operand = operand()
    special_zero: bool = boolean()

    def infer(self) -> Type:
        data, pattern = self.data, entries(self.pattern)
        if pattern is None:
            return Type(data.element, None)
        source = list(data.shape) if data.shape is not None else None
        result: list[Dim | None] = []
        for i, entry in enumerate(pattern):
            if entry == 0 and self.special_zero:
                if source is not None and i >= len(source):
                    raise ShapeError(f"Reshape copies dimension {i}, and the operand has only {len(source)}")
                result.append(source[i] if source is not None else unknown(self, i))
            elif entry is None or entry == -1 or (isinstance(entry, Dynamic) and entry.lo < 0):
                result.append(None)
            elif isinstance(entry, int) and entry < 0:
                raise ShapeError(f"Reshape to {pattern} has a negative dimension")
            else:
                result.append(entry)
        if pattern.count(-1) > 1:
            raise ShapeError(f"Reshape to {pattern} leaves more than one dimension open")
        return Type(data.element, self._complete(source, result, pattern))

    def _complete(self, source: list[Dim] | None, result: list[Dim | None], pattern: list[Any]) -> Shape:
        """Let the number of elements decide the one open dimension; check it when none is open."""
        gaps = [i for i, d in enumerate(result) if d is None]
        if source is None or len(gaps) > 1:
            return tuple(unknown(self, i) if d is None else d for i, d in enumerate(result))
        have, want = _without_common(source, [d for d in result if d is not None])
        if not gaps:
            a, b = t.size_of(tuple(have)), t.size_of(tuple(want))
            empty = 0 in source and 0 in result
            if isinstance(a, int) and isinstance(b, int) and a != b and not empty:
                raise ShapeError(f"Reshape of {t.format_shape(tuple(source))} to {pattern} changes the element count")
            return tuple(d for d in result if d is not None)
        rest = _quotient(have, want)
        if rest is None:
            if pattern[gaps[0]] == -1 and t.is_static(tuple(have)) and t.is_static(tuple(want)):
                raise ShapeError(f"Reshape of {t.format_shape(tuple(source))} to {pattern} does not come out even")
            rest = unknown(self, gaps[0])
        return tuple(rest if d is None else d for d in result)

    def fold(self, data: NDArray, pattern: NDArray) -> NDArray:
        return data.reshape(t.static(self.shape))


def _without_common(have: Sequence[Dim], want: Sequence[Dim]) -> tuple[list[Dim], list[Dim]]:
    """Strike out the dimensions that occur in both."""
    left, right = Counter(have), Counter(want)
    return list((left - right).elements()), list((right - left).elements())


def _quotient(have: Sequence[Dim], want: Sequence[Dim]) -> Dim | None:
    """The product of `have` over the product of `want`, None when it is not known to come out even."""
    if not t.is_static(tuple(want)):
        return None
    divisor = math.prod(d for d in want if isinstance(d, int))
    factor = math.prod(d for d in have if isinstance(d, int))
    total: Any = 1
    for d in have:
        total = total if isinstance(d, int) else total * d
    if divisor == 0:
        return 0 if factor == 0 else None
    if factor % divisor == 0:
        return total * (factor // divisor)  # type: ignore[no-any-return]
    if isinstance(total, int):
        return None
    return total * factor // divisor  # type: ignore[no-any-return]


class Squeeze(View, opset="opset1", partial=True):
    """Without the axes of size 1 given, or without all of them when none is (Squeeze-1)."""

    axis_trait = where(
        axes_listed(1, drops=lambda n: True), lambda n: len(n.operands) > 1 and n.operands[1].shape != (0,)
    )

    data: Operand = operand()
    axes: OptionalOperand = optional(default=None)

    def infer(self) -> Type:
        shape, element = self.data.shape, self.data.element
        if shape is None:
            return Type(element, None)
        if self.axes is None:
            return Type(element, tuple(d for d in shape if d != 1) if t.is_static(shape) else None)
        axes = axes_of(self.axes, len(shape))
        if axes is None:
            given = entries(self.axes)
            return Type(element, None if given is None else unknowns(self, "dim", max(0, len(shape) - len(given))))
        if not axes:
            return Type(element, tuple(d for d in shape if d != 1) if t.is_static(shape) else None)
        for a in axes:
            if t.bounds(shape[a])[0] > 1 or shape[a] == 0:
                raise ShapeError(f"Squeeze of axis {a}, which has size {shape[a]} and not 1")
        return Type(element, tuple(d for i, d in enumerate(shape) if i not in axes))

    def fold(self, data: NDArray, axes: NDArray | None = None) -> NDArray:
        return data.reshape(t.static(self.shape))


class Unsqueeze(View, opset="opset1", partial=True):
    """With axes of size 1 put in; `axes` counts in the result (Unsqueeze-1)."""

    axis_trait = AxisTrait(FIRST.ports, added)

    data: Operand = operand()
    axes: Operand = operand()

    def infer(self) -> Type:
        shape, given = self.data.shape, entries(self.axes)
        if shape is None or given is None:
            return Type(self.data.element, None)
        rank = len(shape) + len(given)
        axes = axes_of(self.axes, rank)
        if axes is None:
            return Type(self.data.element, unknowns(self, "dim", rank))
        dims = iter(shape)
        return Type(self.data.element, tuple(1 if i in axes else next(dims) for i in range(rank)))

    def fold(self, data: NDArray, axes: NDArray) -> NDArray:
        return data.reshape(t.static(self.shape))


class Transpose(Rearrangement, opset="opset1", partial=True):
    """Axes permuted: result axis i is axis `order[i]` of data; an empty order reverses them (Transpose-1)."""

    data: Operand = operand()
    order: Operand = operand()

    def infer(self) -> Type:
        shape, order = self.data.shape, entries(self.order)
        if shape is None:
            fixed = order is not None and len(order) > 0
            return Type(self.data.element, unknowns(self, "dim", len(order)) if order is not None and fixed else None)
        if order is not None and order and len(order) != len(shape):
            raise ShapeError(f"Transpose has {len(order)} axes in its order, and the operand has {len(shape)}")
        if order is not None and not order:
            return Type(self.data.element, shape[::-1])
        axes = axes_of(self.order, len(shape))
        permuted = unknowns(self, "dim", len(shape)) if axes is None else tuple(shape[a] for a in axes)
        return Type(self.data.element, permuted)

    def fold(self, data: NDArray, order: NDArray) -> NDArray:
        return data.transpose([int(a) for a in order] if order.size else None)


class Broadcast(Node, opset="opset3", partial=True):
    """Elements repeated to fill `target_shape` (Broadcast-3).

    `numpy`: axes of size 1 are stretched; `explicit`: axis i of data becomes axis `axes_mapping[i]`; `bidirectional`:
    the result is the numpy broadcast of both shapes.
    """

    element_trait = CHOOSES
    axis_trait = AxisTrait(FIRST.ports, filled)

    data: Operand = operand()
    target_shape: Operand = operand()
    axes_mapping: OptionalOperand = optional(default=None)
    mode: str = one_of("numpy", "explicit", "bidirectional", default="numpy")

    def infer(self) -> Type:
        target = content_dims(self, self.target_shape, "target shape")
        if target is None:
            return Type(self.data.element, None)
        if self.mode == "explicit":
            return Type(self.data.element, self._explicit(target))
        if self.data.shape is None:
            return Type(self.data.element, None if self.mode == "bidirectional" else target)
        if self.mode == "bidirectional":
            return Type(self.data.element, t.broadcast(self.data.shape, target))
        if len(self.data.shape) > len(target):
            raise ShapeError(f"Broadcast of {t.format_shape(self.data.shape)} to {t.format_shape(target)} loses axes")
        lead = len(target) - len(self.data.shape)
        return Type(self.data.element, (*target[:lead], *map(_stretch, self.data.shape, target[lead:])))

    def _explicit(self, target: tuple[Dim, ...]) -> Shape:
        axes = numbers(self.axes_mapping) if self.axes_mapping is not None else None
        if axes is None or self.data.shape is None:
            return target
        if len(axes) != len(self.data.shape) and self.data.shape not in ((), (1,)):
            raise ShapeError(f"Broadcast maps {len(axes)} axes, and the operand has {len(self.data.shape)}")
        result = list(target)
        for d, a in zip(self.data.shape, axes):
            result[t.normalize_axis(a, len(target))] = _stretch(d, target[t.normalize_axis(a, len(target))])
        return tuple(result)

    def fold(self, data: NDArray, target_shape: NDArray, axes_mapping: NDArray | None = None) -> NDArray:
        shape = t.static(self.shape)
        if self.mode == "explicit" and axes_mapping is not None and data.ndim:
            spread = [1] * len(shape)
            for d, a in zip(data.shape, axes_mapping.reshape(-1)):
                spread[int(a)] = d
            data = data.reshape(spread)
        return np.broadcast_to(data, shape)


def _stretch(d: Dim, target: Dim) -> Dim:
    """A dimension of data where `target` is wanted; raises ShapeError when it is neither that nor 1."""
    if d == 1 or t.same_dim(d, target):
        return target
    if t.bounds(d)[0] > 1:  # it cannot be stretched, hence the target must be it
        return t.merge_dim(d, target, "Broadcast: dimensions")
    if isinstance(d, int) and isinstance(target, int):
        raise ShapeError(f"Broadcast: dimension {d} does not stretch to {target}")
    return target


class Tile(Node, opset="opset1", partial=True):
    """The whole tensor repeated along each axis (Tile-1); the shorter of shape and `repeats` is led by ones."""

    element_trait = CHOOSES
    axis_trait = per_axis(1, nothing=1)

    data: Operand = operand()
    repeats: Operand = operand()

    def infer(self) -> Type:
        shape, repeats = self.data.shape, entries(self.repeats)
        if shape is None or repeats is None:
            return Type(self.data.element, None)
        rank = max(len(shape), len(repeats))
        dims: tuple[Dim, ...] = (1,) * (rank - len(shape)) + shape
        result = list(dims[: rank - len(repeats)])
        for i, (d, r) in enumerate(zip(dims[rank - len(repeats) :], repeats)):
            if isinstance(r, int) and r < 0:
                raise ShapeError(f"Tile cannot repeat {r} times")
            result.append(d if r == 1 else d * (unknown(self, i) if r is None else as_dim(r)))
        return Type(self.data.element, tuple(result))

    def fold(self, data: NDArray, repeats: NDArray) -> NDArray:
        return np.tile(data, [int(r) for r in repeats])
