"""Sums of products with weights, as gates of recurrent cells are made of: which weights belong to which value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mo_core.build.basics import broadcast_to, concat, filled, permute, reshape_to, slice_axis
from mo_core.ir import Constant, Node, Value, constant
from mo_core.ir import types as t
from mo_core.ir.known import axis_of, known_ints, number
from mo_core.ops import Add, Concat, MatMul, ReLU, Sigmoid, Slice, Split, StridedSlice, Tanh, VariadicSplit

__all__ = ["ACTIVATIONS", "Affine", "Gates", "addends"]

ACTIVATIONS: dict[type[Node], str] = {Sigmoid: "sigmoid", Tanh: "tanh", ReLU: "relu"}
"""The functions that the runtime's cells know, among those that framework's cells have."""


@dataclass
class Affine:
    """A sum of products `source · weightsᵀ` and of biases.

    Attributes:
        products: weights by source: (outputs, inputs), each of them outside of the loop; biases: of one axis.
    """

    size: int
    products: dict[Value, Value] = field(default_factory=dict)
    biases: list[Value] = field(default_factory=list)

    def add(self, source: Value, weights: Value) -> None:
        """One product more."""
        known = self.products.get(source)
        self.products[source] = weights if known is None else Add(known, weights)

    def weights(self, sources: Sequence[Value], element: t.ElementType) -> Value:
        """The weights for these sources side by side, zeros for one that is not in the sum."""
        parts = []
        for source in sources:
            found = self.products.get(source)
            parts.append(filled([self.size, _width(source)], constant(0, element)) if found is None else found)
        return concat(parts, 1)

    def bias(self, element: t.ElementType) -> Value:
        """The sum of the biases."""
        total: Value | None = None
        for bias in self.biases:
            total = bias if total is None else Add(total, bias)
        return filled([self.size], constant(0, element)) if total is None else total


def _width(source: Value) -> int:
    width = source.dims[-1]
    assert isinstance(width, int)
    return width


class Gates:
    """Reads the gates of a cell.

    Args:
        size: elements of a state; outer: the value outside of the loop for one that is the same in every iteration.
    """

    def __init__(self, size: int, outer: Callable[[Value], Value | None]) -> None:
        self._size, self._outer = size, outer

    def weights(self, value: Value) -> Value | None:
        """The constant outside of the loop that a value is."""
        found = self._outer(value)
        return found if found is not None and isinstance(found.node, Constant) else None

    def activated(self, value: Value) -> tuple[str, Affine] | None:
        """The activation and the sum of a gate."""
        name = ACTIVATIONS.get(type(value.node))
        found = self.affine(value.node.operands[0]) if name else None
        return None if name is None or found is None else (name, found)

    def affine(self, *values: Value) -> Affine | None:
        """The sum of these values, each of the size of a state; None where one is something else."""
        made = Affine(self._size)
        for value in values:
            if not self._read(value, 0, self._size, made):
                return None
        return made

    def _read(self, value: Value, low: int, high: int, made: Affine) -> bool:
        """Add the columns from `low` to `high` of a value."""
        bias = self.weights(value)
        if bias is not None:
            return self._bias(bias, low, high, made)
        node = value.node
        if value.shape is None or len(value.shape) != 2:
            return False
        if isinstance(node, Add):
            return all(self._read(v, low, high, made) for v in node.operands)
        if isinstance(node, MatMul):
            return self._product(node, low, high, made)
        part = _columns(value)
        return part is not None and self._read(part[0], part[1] + low, part[1] + high, made)

    def _bias(self, bias: Value, low: int, high: int, made: Affine) -> bool:
        if bias.shape is None or not bias.is_static or any(d != 1 for d in bias.static_shape[:-1]):
            return False
        flat = reshape_to(bias, [-1])
        alike = flat.static_shape == (1,)
        made.biases.append(broadcast_to(flat, [high - low]) if alike else slice_axis(flat, 0, low, high))
        return True

    def _product(self, node: MatMul, low: int, high: int, made: Affine) -> bool:
        matrix = self.weights(node.b)
        source = node.a
        if matrix is None or node.transpose_a or matrix.rank != 2 or source.shape is None or len(source.shape) != 2:
            return False
        by_output = node.transpose_b
        rows = slice_axis(matrix, 0, low, high) if by_output else permute(slice_axis(matrix, 1, low, high), (1, 0))
        start = 0
        for part in _parts(source):
            if not isinstance(part.dims[-1], int):
                return False
            made.add(part, slice_axis(rows, 1, start, start + part.dims[-1]))
            start += part.dims[-1]
        return True


def _parts(source: Value) -> Sequence[Value]:
    node = source.node
    if isinstance(node, Concat) and t.normalize_axis(node.axis, 2) == 1:
        return node.operands
    return (source,)


def addends(value: Value) -> Iterator[Value]:
    """The values that are added up, in order."""
    if isinstance(value.node, Add):
        for v in value.node.operands:
            yield from addends(v)
    else:
        yield value


def _columns(value: Value) -> tuple[Value, int] | None:
    """The value that this one is a range of columns of, and the first of them."""
    node = value.node
    if isinstance(node, (Split, VariadicSplit)):
        if axis_of(node.operands[1], 2) != 1:
            return None
        widths = [r.dims[1] for r in node.results[: value.index]]
        return (node.data, sum(w for w in widths if isinstance(w, int))) if _all_known(widths) else None
    if isinstance(node, (Slice, StridedSlice)) and value.shape is not None and len(value.shape) == 2:
        return _cut(node, value)
    return None


def _all_known(widths: Sequence[object]) -> bool:
    return all(isinstance(w, int) for w in widths)


def _cut(node: Slice | StridedSlice, value: Value) -> tuple[Value, int] | None:
    data = node.data
    if data.shape is None or len(data.shape) != 2 or not t.same_dim(data.shape[0], value.dims[0]):
        return None
    width = data.shape[1]
    if isinstance(node, Slice):
        axes, begin = known_ints(node.axes) if node.axes is not None else None, known_ints(node.start)
        steps = known_ints(node.step)
        if axes is None or begin is None or {a % 2 for a in axes} != {1}:
            return None
        first = begin[0]
    else:
        begin, steps = known_ints(node.begin), known_ints(node.strides) if node.strides is not None else (1, 1)
        if begin is None or len(begin) != 2 or any((*node.new_axis_mask, *node.shrink_axis_mask, *node.ellipsis_mask)):
            return None
        first = 0 if len(node.begin_mask) > 1 and node.begin_mask[1] else begin[1]
    if steps is None or set(steps) != {1} or not isinstance(width, int):
        return None
    return data, first if first >= 0 else first + width


def is_one(value: Value) -> bool:
    """True for the number one."""
    return number(value) == 1
