"""Layers with weights, seen alike: convolutions of every kind and matrix products with a constant.

A layer is linear in its data, so a factor or a shift per channel of the data or of the result can go into the weights
or into a bias. `layer_of` tells along which axes, and which shape a vector of channels takes beside the weights.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mo_core.errors import Decline
from mo_core.ir import Constant, Node, Value, tensor
from mo_core.ir.tensor import Array, Array_, Lazy, Tensor, encode, lazy
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Convert,
    Convolution,
    ConvolutionBackpropData,
    FakeQuantize,
    GroupConvolution,
    GroupConvolutionBackpropData,
    MatMul,
    Multiply,
    Reshape,
    Subtract,
    Transpose,
)
from mo_core.transforms.linear.channels import Dims, along, computed, content, grows, is_bounded, reshaped

CONVOLUTIONS: tuple[type[Node], ...] = (Convolution, GroupConvolution, ConvolutionBackpropData)
LAYERS: tuple[type[Node], ...] = (*CONVOLUTIONS, MatMul)
"""Kinds of layers (the grouped transposed convolution is a kind of `ConvolutionBackpropData`)."""

_AXES: dict[type[Node], str] = {
    Convolution: "oi",
    GroupConvolution: "goi",
    ConvolutionBackpropData: "io",
    GroupConvolutionBackpropData: "gio",
}
_WINDOW = "xyz"


class Layer(NamedTuple):
    """A node that is linear in one operand.

    Attributes:
        node: the node; data, weights: operand indices.
        in_axis, out_axis: axes of the channels in the data and in the result.
        axes: a letter for each axis of the weights: `g`roups, `o`utputs and `i`nputs (per group), `x`, `y`, `z` of the
            window, `b` for matrices side by side.
    """

    node: Node
    data: int
    weights: int
    in_axis: int
    out_axis: int
    axes: str

    def beside(self, kind: str) -> Dims:
        """The shape in which a vector over the input (`i`) or output (`o`) channels broadcasts against the weights."""
        shape = self.node.operands[self.weights].static_shape
        return tuple(n if letter in ("g", kind) else 1 for n, letter in zip(shape, self.axes))

    def takes_input(self, dims: Dims) -> bool:
        """True when a constant of these dims beside the data varies along the channels at most."""
        return along(dims, self.in_axis) and dims[self.in_axis] in (1, math.prod(self.beside("i")))

    def takes_output(self, dims: Dims) -> bool:
        """True when a constant of these dims beside the result varies along the channels at most."""
        return along(dims, self.out_axis) and dims[self.out_axis] in (1, math.prod(self.beside("o")))

    def scaled(self, factor: Value, kind: str, data: Value | None = None) -> Node:
        """The layer (on other data) with its weights multiplied by a vector over its input or output channels."""
        check_bounded(factor)
        operands = list(self.node.operands)
        operands[self.weights] = scaled_weights(operands[self.weights], _vector(factor, self.beside(kind)))
        operands[self.data] = operands[self.data] if data is None else data
        made = self.node.evolve(*operands)
        made.name = self.node.name  # the layer keeps its name, whatever goes into it
        return made

    def reading(self, data: Value) -> Node:
        """The layer on other data."""
        operands = list(self.node.operands)
        operands[self.data] = data
        return self.node.evolve(*operands)

    @property
    def bias_shape(self) -> Dims:
        """The shape of a bias of full rank."""
        outputs = math.prod(self.beside("o"))
        return tuple(outputs if i == self.out_axis else 1 for i in range(self.node.rank))

    @property
    def takes_shift(self) -> bool:
        """True when a shift of the data moves all results of a channel alike: no zeros take part at the borders."""
        node = self.node
        if isinstance(node, (Convolution, GroupConvolution)):
            pads = (*node.pads_begin, *node.pads_end)
            return node.auto_pad == "valid" or (node.auto_pad == "explicit" and not any(pads))
        return isinstance(node, MatMul)

    def response(self, shift: Value) -> Value:
        """What the layer makes of a constant shift of its data: a bias. Declines for weights that are not plain."""
        weights = self.node.operands[self.weights].tensor
        if weights is None or "b" in self.axes:
            raise Decline("the weights are compressed, or a stack of matrices, so a shift has no plain response")
        check_bounded(shift)
        vector = _vector(shift, self.beside("i"))
        axes = self.axes
        result = "".join(a for a in axes if a in "go")
        shape = tuple(n for n, a in zip(weights.shape, axes) if a in "go")
        element = weights.element

        def respond(w: Array_, s: Array_) -> Array_:
            s = np.broadcast_to(s, [n if a in "gi" else 1 for n, a in zip(w.shape, axes)])
            s = s.reshape([n for n, a in zip(w.shape, axes) if a in "gi"])
            which = "".join(a for a in axes if a in "gi")
            total = np.einsum(f"{axes},{which}->{result}", w, s, dtype=np.float64, casting="unsafe")
            return np.asarray(total).astype(element.dtype or np.float32)

        if element.dtype is None:
            raise Decline(f"the weights are stored as {element}")
        return reshaped(Constant(value=lazy(respond, weights, vector, shape=shape)), self.bias_shape)


def check_bounded(c: Value) -> None:
    """Decline for a small constant with an element that is not finite, or from which the weights may overflow."""
    numbers = content(c)
    if numbers is not None and not np.isfinite(numbers).all():
        raise Decline("the factor or shift is not finite")
    if not is_bounded(c):
        raise Decline("the factor or shift is so large that the weights or the bias might overflow")


def _vector(c: Value, shape: Dims) -> Tensor:
    """A scalar or a constant over channels, in the form that broadcasts against weights."""
    assert isinstance(c.node, Constant)
    vector = c.node.value
    return tensor.reshaped(vector, shape if vector.size > 1 else (1,) * len(shape))


def layer_of(node: Node) -> Layer | None:
    """The node as a layer; None when it is none: no constant weights, or a rank that is not known."""
    axes = _AXES.get(type(node))
    if axes is None:
        return _product(node) if isinstance(node, MatMul) else None
    weights = node.operands[1]
    if node.shape is None or not weights.is_static or not is_weights(weights):
        return None
    return Layer(node, 0, 1, 1, 1, axes + _WINDOW[: weights.rank - len(axes)])


def _product(node: MatMul) -> Layer | None:
    a, b = node.a, node.b
    if node.shape is None or a.shape is None or b.shape is None or min(len(a.shape), len(b.shape)) < 2:
        return None
    rank = len(node.shape)
    if b.is_static and is_weights(b):
        axes = "b" * (b.rank - 2) + ("oi" if node.transpose_b else "io")
        return Layer(node, 0, 1, a.rank - (2 if node.transpose_a else 1), rank - 1, axes)
    if a.is_static and is_weights(a):
        axes = "b" * (a.rank - 2) + ("io" if node.transpose_a else "oi")
        return Layer(node, 1, 0, b.rank - (1 if node.transpose_b else 2), rank - 2, axes)
    return None


# -- weights


def is_weights(v: Value, depth: int = 6) -> bool:
    """True for constants, and for what decompresses or quantises them."""
    node = v.node
    if isinstance(node, Constant):
        return node.element.is_real or node.element.is_integer
    kinds = (Convert, Multiply, Subtract, FakeQuantize, Reshape, Transpose)
    return depth > 0 and isinstance(node, kinds) and all(is_weights(o, depth - 1) for o in node.operands)


def is_quantised(v: Value) -> bool:
    """True for weights in whole numbers, or after a FakeQuantize."""
    node = v.node
    if isinstance(node, Constant):
        return not node.element.is_real
    return isinstance(node, FakeQuantize) or is_quantised(node.operands[0])


def scaled_weights(weights: Value, vector: Tensor) -> Value:
    """Weights times a constant; quantised ones stay quantised, since the factor goes into their scale."""
    node = weights.node
    if isinstance(node, Constant):
        return _product_of(node, vector)
    factor = Constant(value=vector)
    if isinstance(node, FakeQuantize) and all(isinstance(v.node, Constant) for v in node.operands[1:]):
        return node.evolve(*node.operands[:3], *[_rescaled(v, factor) for v in node.operands[3:]])
    if isinstance(node, Multiply) and isinstance(node.b.node, Constant):
        return Multiply(node.a, _rescaled(node.b, factor))
    if is_quantised(weights):
        raise Decline("the weights are quantised, and their scale is not next to the layer")
    return Multiply(weights, factor)


class _Product:
    """The recipe of weights times a factor."""

    def __init__(self, element: ElementType) -> None:
        self.element = element

    def __call__(self, weights: Array_, factor: Array_) -> Array_:
        return encode(weights * factor, self.element)


def _product_of(weights: Constant, vector: Tensor) -> Constant:
    """Both multiplied while they are written; what folding the Multiply would give, in fewer steps."""
    value = weights.value
    if isinstance(value, Lazy) and isinstance(value.function, _Product):  # one pass over the weights is enough
        whole, first = value.operands
        both = _factors(first, vector)
        value, vector = (whole, both) if both is not None else (value, vector)
    return Constant(value=lazy(_Product(weights.element), value, vector, by_rows=True))


def _factors(a: Tensor, b: Tensor) -> Tensor | None:
    """Two factors as one; None where that is larger than either, or leaves the range of its element type."""
    if a.element is not b.element or a.element.dtype is None or (a.shape != b.shape and min(a.size, b.size) > 1):
        return None
    x, y = a.numpy().astype(np.float64), b.numpy().astype(np.float64)
    product = x * y
    size = np.abs(product[product != 0])
    limits = np.finfo(a.element.dtype)
    if not np.isfinite(product).all() or np.any(size > limits.max) or np.any(size < limits.tiny):
        return None
    return Array(product.astype(a.element.dtype), a.element)


def _rescaled(scale: Value, factor: Value) -> Value:
    if grows(scale, factor):
        raise Decline("the weights are quantised, and their scale would vary along more axes")
    return computed(np.multiply, scale, factor, what="the scale of the weights")
