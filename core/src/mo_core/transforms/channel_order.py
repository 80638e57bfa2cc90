"""The order of channels at the first layer: a Gather that permutes them goes into the weights."""

from __future__ import annotations

import numpy as np

from mo_core import types as t
from mo_core.build import known_ints
from mo_core.errors import Decline
from mo_core.ir import Constant, Node, Value, constant
from mo_core.ops import Add, Convert, Gather, Multiply, Transpose
from mo_core.passes import Stage, rewrites
from mo_core.pattern import any_, const, op, p
from mo_core.rewrite import rule
from mo_core.tensor import lazy
from mo_core.transforms._absorb import linear
from mo_core.transforms._layers import CONVOLUTIONS, Layer, is_weights, layer_of

_FAR = 8


def _order(gather: Node) -> tuple[tuple[int, ...], int] | None:
    """The order and the axis of a Gather that only permutes what it reads; None for any other."""
    if not isinstance(gather, Gather) or gather.batch_dims or gather.data.shape is None:
        return None
    indices, axes = known_ints(gather.indices), known_ints(gather.axis)
    if indices is None or axes is None or gather.indices.rank != 1:
        return None
    axis = t.normalize_axis(axes[0], len(gather.data.shape))
    size = gather.data.shape[axis]
    if not isinstance(size, int) or sorted(i % max(size, 1) for i in indices) != list(range(size)):
        return None
    return tuple(i % size for i in indices), axis


def _taking(user: Node, index: int, axis: int) -> Layer | None:
    """The layer, when its weights can take an order of the channels of its data."""
    layer = layer_of(user)
    if layer is None or layer.data != index or layer.in_axis != axis or "g" in layer.axes or "b" in layer.axes:
        return None
    return layer


def _absorbed(value: Value, axis: int, far: int = _FAR) -> bool:
    """True when all readers can take an order of that axis in."""
    return far > 0 and bool(value.uses) and all(_passes(user, i, axis, far) for user, i in value.uses)


def _passes(user: Node, index: int, axis: int, far: int) -> bool:
    if _taking(user, index, axis) is not None:
        return True
    if isinstance(user, Transpose) and index == 0:
        order = known_ints(user.order)
        return order is not None and axis in order and _absorbed(user, order.index(axis), far - 1)
    return (linear(user) is not None or isinstance(user, Convert)) and _absorbed(user, axis, far - 1)


_PERMUTED = p.Gather(any_("x"), const(), const(), name="gather")


@rule(op(*CONVOLUTIONS, operands=[_PERMUTED], name="layer"), p.MatMul(_PERMUTED, name="layer"))
def into_weights(layer: Node, x: Value, gather: Node) -> Value | None:
    """A permutation of the channels ahead of a layer: into its weights."""
    found = _order(gather)
    if found is None:
        return None
    taker = _taking(layer, 0, found[1])
    if taker is None:
        raise Decline("the layer does not take the permuted axis for its input channels, or has groups")
    if not _absorbed(gather, found[1]):
        raise Decline(f'"{gather.label}" is read by others, which need the order')
    back = [int(i) for i in np.argsort(found[0])]
    return layer.evolve(x, _turned(layer.operands[taker.weights], back, taker.axes.index("i")), *layer.operands[2:])


def _turned(weights: Value, order: list[int], axis: int) -> Value:
    """Weights (and what they are decompressed with) with one axis in another order."""
    node = weights.node
    if isinstance(node, Constant):
        if node.dims[axis] == 1:
            return node
        return Constant(value=lazy(lambda a: np.take(a, order, axis), node.value, by_rows=axis > 0))
    rank = weights.rank
    if not is_weights(weights) or any(v.rank not in (0, rank) for v in node.operands):
        raise Decline("the weights are compressed in a form that is not known")
    return node.evolve(*[_turned(v, order, axis) if v.rank else v for v in node.operands])


@rule(p.Multiply(_PERMUTED, const("c"), name="node"), p.Add(_PERMUTED, const("c"), name="node"))
def behind_linear(node: Node, x: Value, c: Value, gather: Node) -> Value | None:
    """A permutation ahead of a factor or shift, behind which a layer takes it in."""
    found = _order(gather)
    if found is None or linear(node) is None or len(gather.uses) > 1 or not _absorbed(node, found[1]):
        return None
    order, axis = found
    place = axis - (gather.rank - c.rank)
    if place >= 0 and c.dims[place] != 1:
        c = Gather(c, constant(np.argsort(order)), constant(place))
    kind = Add if isinstance(node, Add) else Multiply
    return gather.evolve(kind(x, c), *gather.operands[1:])


@rule(p.Transpose(_PERMUTED, const("order"), name="transpose"), p.Convert(_PERMUTED, name="convert"))
def behind_mover(gather: Node, x: Value) -> Value | None:
    """A permutation ahead of a Transpose or Convert, behind which a layer takes it in."""
    found, user = _order(gather), gather.users()[0]
    if found is None or len(gather.uses) > 1 or not _absorbed(user, _axis_behind(user, found[1])):
        return None
    axis = _axis_behind(user, found[1])
    return Gather(user.evolve(x, *user.operands[1:]), gather.operands[1], constant(axis))


def _axis_behind(mover: Node, axis: int) -> int:
    order = known_ints(mover.order) if isinstance(mover, Transpose) else None
    return order.index(axis) if order and axis in order else axis


channel_order = rewrites(
    "channel-order", into_weights, behind_linear, behind_mover, stage=Stage.FUSE,
    after=("linear-fusion", "linear-merge", "linear-motion"),
    doc="Put a permutation of the channels (--reverse_input_channels) into the weights of the first layer.",
)  # fmt: skip
