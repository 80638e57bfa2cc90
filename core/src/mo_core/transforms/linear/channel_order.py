"""The order of channels at the first layer: a Gather that permutes them goes into the weights.

On its way there it passes what treats every channel alike or on its own: activations, padding, pooling, resizing,
depthwise convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import known_ints
from mo_core.errors import Decline
from mo_core.ir import Constant, Node, Value, constant
from mo_core.ir import types as t
from mo_core.ir.permutations import inverse
from mo_core.ir.tensor import lazy
from mo_core.ops import (
    Add,
    Gather,
    GroupConvolution,
    Multiply,
    Transpose,
)
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, const, op, p
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.linear.absorb import linear
from mo_core.transforms.linear.layers import CONVOLUTIONS, Layer, is_weights, layer_of

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
    if linear(user) is not None:
        return _absorbed(user, axis, far - 1)
    after = _axis_after(user, axis) if index == 0 else None
    return after is not None and _absorbed(user, after, far - 1)


def _axis_after(user: Node, axis: int) -> int | None:
    """The place of an axis after an op that does the same whatever the order along it; None for any other op."""
    if isinstance(user, Transpose):
        order = known_ints(user.order)
        return order.index(axis) if order is not None and axis in order else None
    if isinstance(user, GroupConvolution) and axis == 1:
        return axis if _is_depthwise(user) else None
    trait = user.axis_trait
    after = trait.carried(user, axis) if trait is not None else None
    if trait is None or after is None or any(r.uses for r in user.results[1:]):
        return None
    back = user.rank - after  # other operands are aligned at their last axes
    others = [user.operands[i] for i in trait.ports(user) if i]
    alike = all(v.shape is not None and (len(v.shape) < back or v.shape[-back] == 1) for v in others)
    return after if alike else None


def _is_depthwise(node: Node) -> bool:
    """True when each channel has filters of its own, which can be put into another order."""
    return isinstance(node, GroupConvolution) and isinstance(node.filters.node, Constant) and node.filters.dims[2] == 1


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
    back = inverse(found[0])
    return layer.evolve(x, _turned(layer.operands[taker.weights], back, taker.axes.index("i")), *layer.operands[2:])


def _check_moves(gather: Node, past: Node, axis: int) -> None:
    """Raise Decline when a permutation must stay where it is, or no following layer takes it in along this axis."""
    if len(gather.uses) > 1:
        raise Decline(f'"{gather.label}" is read by others, which need the order')
    if not _absorbed(past, axis):
        raise Decline("not all following layers take the order of the channels in")


def _turned(weights: Value, order: Sequence[int], axis: int) -> Value:
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
def past_linear(node: Node, x: Value, c: Value, gather: Node) -> Value | None:
    """A permutation ahead of a factor or shift, after which a layer takes it in."""
    found = _order(gather)
    if found is None or linear(node) is None:
        return None
    _check_moves(gather, node, found[1])
    order, axis = found
    place = axis - (gather.rank - c.rank)
    if place >= 0 and c.dims[place] != 1:
        c = Gather(c, constant(list(inverse(order))), constant(place))
    kind = Add if isinstance(node, Add) else Multiply
    return gather.evolve(kind(x, c), *gather.operands[1:])


@rule(op(Node, operands=[_PERMUTED], name="mover"))
def past_mover(mover: Node, x: Value, gather: Node) -> Value | None:
    """A permutation ahead of an op that treats all channels alike, after which a layer takes it in."""
    found = _order(gather)
    axis = _axis_after(mover, found[1]) if found is not None else None
    if axis is None:
        return None
    _check_moves(gather, mover, axis)
    return Gather(mover.evolve(x, *mover.operands[1:]), gather.operands[1], constant(axis))


@rule(p.GroupConvolution(_PERMUTED, const("w"), name="layer"))
def past_depthwise(layer: Node, x: Value, w: Value, gather: Node) -> Value | None:
    """A permutation ahead of a depthwise convolution, after which a layer takes it in."""
    found = _order(gather)
    if found is None or found[1] != 1 or not _is_depthwise(layer):
        return None
    _check_moves(gather, layer, 1)
    order, each = found[0], w.dims[1]
    if not isinstance(each, int):
        return None
    filters = _turned(w, inverse(order), 0)
    return Gather(layer.evolve(x, filters), constant([g * each + i for g in order for i in range(each)]), constant(1))


channel_order = rewrites(
    "channel-order",
    into_weights,
    past_linear,
    past_mover,
    past_depthwise,
    stage=Stage.FUSE,
    after=("linear",),
    doc="Put a permutation of the channels (--reverse_input_channels) into the weights of the first layer.",
)
