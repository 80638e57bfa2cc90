"""The body of a loop, computed for all iterations at once: every value that differs between them gets a new first axis.

An op is made again on the values with the new axis, as its `axis_trait` says, or by what is written here for ops that
have none; where neither does it, the loop stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mo_core.build.basics import broadcast_to, concat, dim_of, ints, slice_axis, squeeze, unsqueeze, vector
from mo_core.errors import MoError
from mo_core.ir import Graph, Node, Parameter, Value, copy_nodes
from mo_core.ir import types as t
from mo_core.ir.known import axes_of, known_ints
from mo_core.ir.types import Dim
from mo_core.ops import (
    Concat,
    Gather,
    MatMul,
    Reshape,
    Select,
    ShapeOf,
    Squeeze,
    StridedSlice,
    Transpose,
    Unsqueeze,
)
from mo_core.ops.elementwise import Elementwise

__all__ = ["Batch", "batched"]


@dataclass(frozen=True)
class Batch:
    """What stands for a value of the body: for all iterations, along a new axis 0, or the same for each (`shared`)."""

    value: Value
    shared: bool = False


class _Stays(Exception):
    """An op for which there is no way."""


def batched(
    body: Graph,
    bound: Mapping[Value, Batch],
    is_number: Callable[[Value], bool],
    count: Dim,
    wanted: Iterable[Value],
) -> dict[Value, Batch] | None:
    """What stands for the wanted values of a body, all of them new nodes; None where there is no way without the loop.

    Args:
        bound: what stands for the parameters; is_number: whether a value is the number of the iteration.
        count: how often the body runs.
    """
    found = dict(bound)
    stack = [(v.node, False) for v in wanted if v not in found]
    while stack:
        node, ready = stack.pop()
        if all(r in found for r in node.results):
            continue
        sources = [v for v in node.operands if v not in found and not is_number(v)]
        if sources and not ready:
            stack.append((node, True))
            stack.extend((v.node, False) for v in sources)
            continue
        try:
            found.update(zip(node.results, _made(node, found, is_number, count)))
        except (_Stays, MoError, LookupError, ValueError, TypeError):
            return None
    return found


def _made(node: Node, found: Mapping[Value, Batch], is_number: Callable[[Value], bool], count: Dim) -> list[Batch]:
    if isinstance(node, Parameter) or not node.pure or node.bodies:
        raise _Stays
    if isinstance(node, Gather) and is_number(node.indices):
        return [_piece(node, found, count)]
    operands = [found.get(v) for v in node.operands]
    given = [b for b in operands if b is not None]
    if len(given) < len(operands):  # the number of the iteration as a number
        raise _Stays
    if all(b.shared for b in given):
        (copy,) = copy_nodes([node], {v: b.value for v, b in zip(node.operands, given)})
        return [Batch(r, shared=True) for r in copy.results]
    if isinstance(node, ShapeOf):
        return [Batch(slice_axis(node.evolve(given[0].value), 0, 1), shared=True)]
    made = _BY_KIND.get(type(node), _by_trait)(node, given)
    values = made.results if isinstance(made, Node) else (made,)
    shapes = [(r.shape, v.shape) for r, v in zip(node.results, values)]
    if any(r is None or v is None or len(v) != len(r) + 1 for r, v in shapes):
        raise _Stays
    values[0].node.inherit(node)
    return [Batch(v) for v in values]


def _piece(node: Gather, found: Mapping[Value, Batch], count: Dim) -> Batch:
    """The piece with the number of the iteration: all of them are the whole, when there are as many."""
    data = found[node.data]
    axes = axes_of(node.axis, node.data.rank)
    if not data.shared or axes != (0,) or node.batch_dims or not t.same_dim(node.data.dims[0], count):
        raise _Stays
    return Batch(unsqueeze(data.value, *range(1, 1 + node.indices.rank)) if node.indices.rank else data.value)


def _by_trait(node: Node, operands: Sequence[Batch]) -> Value:
    """By the axis trait, as if the axes that the op knows were those after the first."""
    trait = node.axis_trait
    if node.shape is not None and node.operands[0].shape is not None and _treats_as_batch(node, operands):
        alone = node.evolve(squeeze(operands[0].value, 1), *[b.value for b in operands[1:]])
        return unsqueeze(alone, 1)
    ports = trait.ports(node) if trait is not None else ()
    if trait is None or any(not b.shared and i not in ports for i, b in enumerate(operands)):
        raise _Stays
    rank = max(node.operands[p].rank for p in ports)
    alike = [_aligned(b, node.operands[i], rank) if i in ports else b.value for i, b in enumerate(operands)]
    if not isinstance(node, (Elementwise, Select)) and any(operands[p].shared for p in ports):
        raise _Stays
    turned = trait.turn(node, alike, tuple(range(1, rank + 1)))
    if turned is None:
        raise _Stays
    return turned[0]


def _treats_as_batch(node: Node, operands: Sequence[Batch]) -> bool:
    """True for an op on a batch of one: the iterations are a batch of many."""
    if node.operands[0].dims[:1] != (1,) or node.dims[:1] != (1,) or any(not b.shared for b in operands[1:]):
        return False
    return node.axis_trait is not None and len(node.results) == 1 and node.axis_trait.carried(node, 0) == 0


def _aligned(batch: Batch, inner: Value, rank: int) -> Value:
    """A value with the new axis first and axes of one after it, so that the others meet as in the body."""
    if batch.shared or inner.rank == rank:
        return batch.value
    return unsqueeze(batch.value, *range(1, 1 + rank - inner.rank))


def _concat(node: Node, operands: Sequence[Batch]) -> Value:
    assert isinstance(node, Concat)
    like = next(b.value for b in operands if not b.shared)
    parts = []
    for b, v in zip(operands, node.operands):
        many = vector([dim_of(like, 0), ShapeOf(b.value)]) if b.shared and v.rank else None
        parts.append(b.value if not b.shared else broadcast_to(b.value, many) if many is not None else b.value)
    return concat(parts, t.normalize_axis(node.axis, node.rank) + 1)


def _reshape(node: Node, operands: Sequence[Batch]) -> Value:
    """The new axis stays; the positions of the zeros that stand for axes move by one with them."""
    assert isinstance(node, Reshape)
    data, target = operands
    known = known_ints(node.operands[1])
    if not target.shared or known is None or (0 in known and not node.special_zero):
        raise _Stays
    return Reshape(data.value, ints([0, *known]), special_zero=True)


def _transpose(node: Node, operands: Sequence[Batch]) -> Value:
    order = known_ints(node.operands[1])
    if order is None:
        raise _Stays
    order = order or tuple(reversed(range(node.rank)))
    return Transpose(operands[0].value, [0, *(a + 1 for a in order)])


def _axes(node: Node, operands: Sequence[Batch]) -> Value:
    """Squeeze and Unsqueeze."""
    rank = node.rank if isinstance(node, Unsqueeze) else node.operands[0].rank
    axes = axes_of(node.operands[1], rank) if len(node.operands) > 1 else None
    if axes is None:
        raise _Stays
    return (unsqueeze if isinstance(node, Unsqueeze) else squeeze)(operands[0].value, *(a + 1 for a in axes))


def _strided(node: Node, operands: Sequence[Batch]) -> Value:
    assert isinstance(node, StridedSlice)
    if any(not b.shared for b in operands[1:]):
        raise _Stays
    size = node.begin.dims[0]
    if not isinstance(size, int):
        raise _Stays
    first = {"begin_mask": 1, "end_mask": 1, "new_axis_mask": 0, "shrink_axis_mask": 0, "ellipsis_mask": 0}
    masks = {name: (bit, *_filled(getattr(node, name), size)) for name, bit in first.items()}
    begin, end, *strides = [vector([fill, b.value]) for fill, b in zip((0, 0, 1), operands[1:])]
    return StridedSlice(operands[0].value, begin, end, strides[0] if strides else None, **masks)


def _filled(mask: Sequence[int], size: int) -> tuple[int, ...]:
    return (*mask[:size], *[0] * (size - len(mask)))


def _product(node: Node, operands: Sequence[Batch]) -> Value:
    assert isinstance(node, MatMul)
    ranks = [v.rank for v in node.operands]
    if min(ranks) < 2 or max(ranks) != node.rank:
        raise _Stays
    return node.evolve(*[_aligned(b, v, node.rank) for b, v in zip(operands, node.operands)])


_BY_KIND: dict[type[Node], Callable[[Node, Sequence[Batch]], Value]] = {
    Concat: _concat,
    MatMul: _product,
    Reshape: _reshape,
    Squeeze: _axes,
    StridedSlice: _strided,
    Transpose: _transpose,
    Unsqueeze: _axes,
}
