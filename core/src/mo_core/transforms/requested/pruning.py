"""Channels that are zero whatever the data is: their filters go (--transform Pruning).

A channel whose filter, bias and what follows are zero up to the next layers with weights contributes nothing there, so
that the filter, the elements of the constants on the way, and the part of the next weights that reads it can go. Where
results are summed (residual blocks), the channel must be zero in all of the layers whose results take part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mo_core.ir import Constant, Graph, Node, Value, constant
from mo_core.ir.tensor import Array_, lazy
from mo_core.ops import AvgPool, Convolution, GroupConvolution, MatMul, MaxPool, PReLU, ReduceMax, ReduceMean, Reshape
from mo_core.ops.shape import View
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.rewriting.record import origins
from mo_core.transforms.linear.absorb import is_sum
from mo_core.transforms.linear.layers import Layer, layer_of
from mo_core.transforms.requested.stateful import wanted

_SPATIAL = (MaxPool, AvgPool, ReduceMean, ReduceMax)
"""Ops that make zero of zeros, each channel for itself."""


@dataclass
class _Path:
    """What becomes of the channels of a layer down to the layers that read them.

    Attributes:
        constants: places of constants that hold an element for each channel, with that axis; patterns: places of
            Reshape patterns; content: what the zero channels hold at each reader (nan: not known).
    """

    constants: list[tuple[Node, int, int]] = field(default_factory=list)
    patterns: list[tuple[Node, int, int]] = field(default_factory=list)
    content: list[Array_] = field(default_factory=list)


@graph_pass(
    "pruning",
    stage=Stage.PRECISION,
    before=("fp16-weights", "weights-compression"),
    wanted=wanted("Pruning"),
    outermost="channels are followed within one graph",
)
def pruning(graph: Graph, edit: Editor) -> None:
    """Drop channels that are zero whatever the data is (--transform Pruning)."""
    gone, seen = 0, set[Node]()
    for node in graph:
        layer = _plain_layer(node) if node not in seen else None
        space = _space_of(layer) if layer is not None else None
        if space is not None:
            seen.update(made.node for made in space.layers)
            gone += _prune(edit, space)
    if gone:
        edit.context.notes.append(f"Pruning: {gone} channels were zero, and are gone.")
    else:
        edit.context.notes.append("Pruning: no channel is zero in a way that it can go; nothing changed.")


def _plain_layer(node: Node) -> Layer | None:
    """A convolution or matrix product with constant weights of real numbers."""
    layer = layer_of(node) if isinstance(node, (Convolution, MatMul)) else None
    if layer is None or layer.data != 0 or "b" in layer.axes:
        return None
    weights = node.operands[layer.weights]
    return layer if isinstance(weights.node, Constant) and weights.element.is_real else None


def _prune(edit: Editor, space: _Space) -> int:
    channels = math.prod(space.layers[0].beside("o"))
    path = _walked(space, channels) if channels > 1 else None
    if path is None or any(math.prod(layer.beside("o")) != channels for layer in space.layers):
        return 0
    zero = np.ones(channels, bool)
    for content in path.content:
        zero &= content == 0
    for layer in space.layers:
        zero &= _zero_filters(layer)
    if zero.all():
        zero[0] = False  # a tensor without channels has no meaning
    if not zero.any():
        return 0
    keep = np.flatnonzero(~zero)
    made = [(layer.node, layer.weights, layer.axes.index("o")) for layer in space.layers]
    for node, place, a in [*made, *path.constants]:
        _replace(edit, node, place, _taken(node.operands[place], keep, a))
    for node, place, entry in path.patterns:
        numbers = node.operands[place].const
        assert numbers is not None
        _replace(edit, node, place, constant(np.where(np.arange(numbers.size) == entry, len(keep), numbers)))
    edit.refresh([node for node, _, _ in made])
    edit.drop_names(space.axes, "zero-channels")
    pruned = origins([node for node, _, _ in (*made, *path.constants)])
    edit.fire("zero-channels", pruned, space.layers[0].node.name)
    return int(zero.sum())


def _zero_filters(layer: Layer) -> Array_:
    tensor, axis = layer.node.operands[layer.weights].tensor, layer.axes.index("o")
    assert tensor is not None
    rest = tuple(a for a in range(len(tensor.shape)) if a != axis)
    zero: Array_ = ~np.any(tensor.numpy(), axis=rest, keepdims=False)
    tensor.forget()
    return zero


def _taken(v: Value, keep: Array_, axis: int) -> Constant:
    tensor = v.tensor
    assert tensor is not None
    shape = tuple(len(keep) if a == axis else n for a, n in enumerate(tensor.shape))
    return Constant(value=lazy(lambda a: np.take(a, keep, axis), tensor, shape=shape, by_rows=axis > 0))


def _replace(edit: Editor, node: Node, place: int, new: Constant) -> None:
    old = node.operands[place]
    new.inherit(old.node)
    edit.set_operand(node, place, new)


# -- the space of channels: all that has the channels of a layer, up and down and across sums


@dataclass
class _Space:
    """Values that share their channels, with the axis of these, and the layers that give them."""

    axes: dict[Value, int] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)


def _space_of(layer: Layer) -> _Space | None:
    """The space of a layer's channels; None when something in it cannot do without them."""
    space = _Space()
    todo: list[tuple[Value, int]] = [(layer.node, layer.out_axis)]
    while todo:
        value, axis = todo.pop()
        if value in space.axes:
            if space.axes[value] != axis:
                return None
            continue
        space.axes[value] = axis
        found = _neighbours(value, axis, space)
        if found is None:
            return None
        todo.extend(found)
    return space


def _neighbours(value: Value, axis: int, space: _Space) -> list[tuple[Value, int]] | None:
    made = _plain_layer(value.node)
    found: list[tuple[Value, int]] = []
    if made is not None:
        if made.out_axis != axis:
            return None
        space.layers.append(made)
    else:
        sources = _sources(value.node)
        for source in sources or ():
            if source not in space.axes and source.rank != value.rank:
                return None
            found.extend([(source, axis)] if source not in space.axes else [])
        if not sources:
            return None
    for user, index in value.uses:
        if _reads(user, index, axis) is None:
            after = _after(user, index, axis, np.zeros(value.dims[axis]), _Path())
            if after is None:
                return None
            found.append((user, after[0]))
    return found


def _sources(node: Node) -> list[Value]:
    """The operands whose channels are those of the result; none for what begins a space of its own."""
    if is_sum(node):
        return list(node.operands)
    data = [v for v in node.operands if not isinstance(v.node, Constant)]
    known = node.element_trait.pointwise or isinstance(node, (*_SPATIAL, GroupConvolution, View))
    return data[:1] if known and len(data) == 1 and data[0].shape is not None else []


def _reads(user: Node, index: int, axis: int) -> Layer | None:
    """The layer that reads the channels as its inputs."""
    layer = _plain_layer(user)
    return layer if layer is not None and index == 0 and layer.in_axis == axis else None


def _walked(space: _Space, channels: int) -> _Path | None:
    """What zero channels become on the way through the space, from its layers to its readers."""
    path = _Path()
    contents: dict[Value, Array_] = {layer.node: np.zeros(channels) for layer in space.layers}
    for value in sorted(space.axes, key=lambda v: v.node._order):
        node, axis = value.node, space.axes[value]
        if value not in contents:
            index = next(i for i, v in enumerate(node.operands) if v in space.axes)
            source = node.operands[index]
            after = _after(node, index, space.axes[source], contents[source], path)
            if after is None:
                return None
            contents[value] = contents[node.operands[0]] + contents[node.operands[1]] if is_sum(node) else after[1]
        for user, index in value.uses:
            reader = _reads(user, index, axis)
            if reader is not None:
                path.constants.append((user, reader.weights, reader.axes.index("i")))
                path.content.append(contents[value])
    return path if path.content else None


def _after(user: Node, index: int, axis: int, content: Array_, path: _Path) -> tuple[int, Array_] | None:
    """The channel axis and the content of zero channels after an op; None when the op cannot do without them."""
    if is_sum(user):
        return axis, content
    if user.element_trait.pointwise:
        return _computed(user, index, axis, content, path)
    if index != 0 or any(r.uses for r in user.results[1:]):
        return None
    if isinstance(user, _SPATIAL):
        return _pooled(user, axis, np.where(content == 0, 0.0, np.nan))
    if isinstance(user, GroupConvolution):
        return _depthwise(user, axis, content, path)
    return _viewed(user, axis, content, path) if isinstance(user, View) else None


def _computed(user: Node, index: int, axis: int, content: Array_, path: _Path) -> tuple[int, Array_] | None:
    """A function of the elements at one place: computed for each channel, with constants that tell channels apart."""
    shape = tuple(len(content) if a == axis else 1 for a in range(user.operands[index].rank))
    given, varying = [], []
    for i, v in enumerate(user.operands):
        if i == index:
            given.append(content.reshape(shape))
            continue
        listed = isinstance(user, PReLU) and v.rank == 1  # along axis 1
        at = 0 if listed else axis - (len(shape) - v.rank)
        if (
            not isinstance(v.node, Constant)
            or v.rank > len(shape)
            or any(d != 1 for a, d in enumerate(v.dims) if a != at)
        ):
            return None
        numbers = v.node.value
        if numbers.size > 1:
            varying.append((user, i, at))
        given.append(numbers.numpy().astype(np.float64))
    if user.fold is None:
        return None
    with np.errstate(all="ignore"):
        result = np.asarray(user.fold(*given), np.float64)
    if result.shape != shape:
        return None
    path.constants += varying
    return axis, np.where(np.isnan(content), np.nan, result.reshape(-1))


def _pooled(user: Any, axis: int, content: Array_) -> tuple[int, Array_] | None:
    if isinstance(user, (MaxPool, AvgPool)):
        return (axis, content) if axis == 1 else None
    axes = user.axes.const
    if axes is None or axis in [int(a) % user.data.rank for a in axes.reshape(-1)]:
        return None
    ahead = sum(1 for a in axes.reshape(-1) if int(a) % user.data.rank < axis)
    return (axis if user.keep_dims else axis - ahead), content


def _depthwise(user: GroupConvolution, axis: int, content: Array_, path: _Path) -> tuple[int, Array_] | None:
    """A filter for each channel: those of zero channels give zero."""
    w = user.filters
    if axis != 1 or not isinstance(w.node, Constant) or w.dims[1] != 1 or w.dims[2] != 1:
        return None
    path.constants.append((user, 1, 0))
    return axis, np.where(content == 0, 0.0, np.nan)


def _viewed(user: Any, axis: int, content: Array_, path: _Path) -> tuple[int, Array_] | None:
    """A view that keeps the channels as an axis of their own."""
    before, after = user.operands[0].shape, user.shape
    size = len(content)
    if before is None or after is None or axis != 1 or len(after) < 2 or after[1] != size or before[:1] != after[:1]:
        return None
    if any(d != 1 for d in before[2:]) or any(d != 1 for d in after[2:]):
        return None
    if isinstance(user, Reshape):
        pattern = user.operands[1].const
        if pattern is None or not isinstance(user.operands[1].node, Constant):
            return None
        if pattern[1] == size:
            path.patterns.append((user, 1, 1))
        elif pattern[1] != -1 and not (pattern[1] == 0 and user.special_zero):
            return None
    return axis, content
