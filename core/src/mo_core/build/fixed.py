"""Which sizes stay as they are when the inputs of an emitted model are reshaped."""

from __future__ import annotations

from mo_core.ir import Constant, Node, Value
from mo_core.ir import types as t
from mo_core.ir.known import known_ints
from mo_core.ops import (
    BatchNormInference,
    Convert,
    Convolution,
    GroupConvolution,
    MatMul,
    Reshape,
    Squeeze,
    Transpose,
    Unsqueeze,
)
from mo_core.ops.elementwise import Elementwise
from mo_core.ops.reduction import Reduction
from mo_core.ops.unary import Predicate, Unary

__all__ = ["is_fixed", "is_fixed_dim"]

_DEEPEST = 16
"""How far back a value is followed."""


def is_fixed(x: Value) -> bool:
    """True when the whole shape of `x` is that of constants."""
    nodes, seen = [x.node], 0
    while nodes:
        node = nodes.pop()
        seen += 1
        if isinstance(node, Constant):
            continue
        if seen > _DEEPEST or not node.operands or node.bodies:
            return False
        nodes.extend(v.node for v in node.operands)
    return x.is_static


def is_fixed_dim(x: Value, axis: int) -> bool:
    """True when a dimension of `x` follows from constants alone; False when that is not sure."""
    for _ in range(_DEEPEST):
        if x.shape is None or not isinstance(x.shape[axis], int):
            return False
        if isinstance(x.node, Constant):
            return True
        found = _producer(x.node, axis, len(x.shape))
        if found is None or isinstance(found, bool):
            return bool(found)
        x, axis = found
    return False


def _producer(node: Node, axis: int, rank: int) -> tuple[Value, int] | bool | None:
    """The operand and axis that a dimension of the result is taken from, or whether it is fixed; None: not known."""
    if isinstance(node, (Convolution, GroupConvolution)):
        filters = node.operands[1]
        if axis == 1:
            return is_fixed(filters)
        return (node.operands[0], 0) if axis == 0 else None
    if isinstance(node, (Unary, Predicate, Convert, BatchNormInference)):
        return node.operands[0], axis
    if isinstance(node, Elementwise):
        return _of_broadcast(node, axis, rank)
    if isinstance(node, MatMul):
        return is_fixed(node.operands[1]) if axis == rank - 1 and node.operands[1].rank > 1 else None
    if isinstance(node, Transpose):
        order = known_ints(node.operands[1])
        return (node.operands[0], order[axis]) if order else None
    if isinstance(node, Reshape):
        return _of_reshape(node, axis)
    if isinstance(node, (Unsqueeze, Squeeze, Reduction)):
        return _of_axes(node, axis, rank)
    return None


def _of_broadcast(node: Elementwise, axis: int, rank: int) -> tuple[Value, int] | bool | None:
    """A fixed dimension above 1 decides; dimensions of 1 decide when both are fixed."""
    places = [(v, axis - rank + len(v.shape)) for v in node.operands if v.shape is not None]
    present = [(v, a) for v, a in places if a >= 0]
    if len(present) == 1:
        return present[0]
    fixed = [v.dims[a] for v, a in present if is_fixed(v)]
    if any(d != 1 for d in fixed):
        return True
    others = [(v, a) for v, a in present if not is_fixed(v)]
    return others[0] if len(others) == 1 else None


def _of_reshape(node: Reshape, axis: int) -> tuple[Value, int] | bool:
    numbers = known_ints(node.pattern) if isinstance(node.pattern.node, Constant) else None
    if numbers is None or numbers[axis] == -1:
        return False
    return (node.data, axis) if numbers[axis] == 0 and node.special_zero else True


def _of_axes(node: Node, axis: int, rank: int) -> tuple[Value, int] | bool | None:
    data = node.operands[0]
    given = known_ints(node.operands[1]) if len(node.operands) > 1 else None
    if given is None or data.shape is None:
        return None
    keeps = isinstance(node, Reduction) and node.keep_dims
    axes = set(t.normalize_axes(given, rank if isinstance(node, Unsqueeze) else len(data.shape)))
    if isinstance(node, Unsqueeze):
        return True if axis in axes else (data, axis - sum(a < axis for a in axes))
    if keeps:
        return True if axis in axes else (data, axis)
    return data, [a for a in range(len(data.shape)) if a not in axes][axis]
