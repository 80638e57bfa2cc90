"""Convolutions with windows of one element and matrix products: the one for the other where that saves moving axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from mo_core import ops
from mo_core.build import known_ints
from mo_core.errors import Decline
from mo_core.ir import Constant, Node, Value
from mo_core.ir import types as t
from mo_core.ops import Add, Convolution, MatMul, Reshape, Squeeze, Transpose
from mo_core.ops.shape import View
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, const, either, op, p
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.linear.channels import dims_of
from mo_core.transforms.linear.layers import layer_of
from mo_core.transforms.recognise.algebra import shaped_like


def _with_bias(node: Node, ahead: Node, made: Node) -> Value | None:
    """`made`, with the bias that stands between the layer and `node`, for each channel along axis 1; None: not so."""
    if ahead is node:
        return made
    bias = _constant_of(node)
    dims = dims_of(bias, ahead)
    channels = made.dims[1]
    if dims is None or any(d not in (1, channels) for d in dims) or sum(d != 1 for d in dims) > 1:
        return None
    size = t.size_of(dims)
    if size != 1 and dims.index(size) != _channel_axis(ahead):
        return None
    return Add(made, Reshape(bias, np.array([1, size, *[1] * (made.rank - 2)], np.int64), special_zero=False))


def _constant_of(bias: Node) -> Value:
    first, second = bias.operands
    return first if isinstance(first.node, Constant) else second


def _channel_axis(layer: Node) -> int:
    found = layer_of(layer)
    assert found is not None
    return found.out_axis


def _window(rank: int) -> dict[str, Any]:
    ones, zeros = [1] * (rank - 2), [0] * (rank - 2)
    return {"strides": ones, "pads_begin": zeros, "pads_end": zeros, "dilations": ones}


def _filters(weights: Value, outputs_first: bool, rank: int) -> Value:
    """A matrix as filters with windows of one element."""
    matrix = weights if outputs_first else Transpose(weights, np.array([1, 0], np.int64))
    return Reshape(matrix, np.array([*matrix.dims, *[1] * (rank - 2)], np.int64), special_zero=False)


_LAST = p.MatMul(
    p.Transpose(any_("x"), const("ahead"), name="first", uses=1), const("w"), name="layer", transpose_a=False, uses=1
)


@rule(p.Transpose(either(_LAST, p.Add(_LAST, const(), name="bias", uses=1)), const("after"), name="last"))
def product_of_channels(last: Transpose, layer: MatMul, x: Value, ahead: Value, w: Value, after: Value) -> Value | None:
    """Channels moved last, a matrix product over them, and moved back: a convolution with windows of one element."""
    orders = known_ints(ahead), known_ints(after)
    rank = last.rank if last.shape is not None else 0
    if rank not in (3, 4, 5) or orders != ((0, *range(2, rank), 1), (0, rank - 1, *range(1, rank - 1))):
        raise Decline("the Transposes do not move the channels last and back")
    if w.shape is None or len(w.shape) != 2 or not w.element.is_real:
        raise Decline("the weights are no matrix of real numbers")
    conv = Convolution(x, _filters(w, layer.transpose_b, rank), **_window(rank))
    return _with_bias(last.data.node, layer, conv)


_FLAT = p.MatMul(const("w"), p.Reshape(any_("x"), any_(), name="flat", uses=1), name="layer", transpose_b=False, uses=1)


@rule(p.Reshape(either(_FLAT, p.Add(_FLAT, const(), name="bias", uses=1)), any_(), name="last"))
def product_of_flat_images(last: Reshape, layer: MatMul, flat: Node, x: Value, w: Value) -> Value | None:
    """Images made flat, a matrix product over channels, and restored: a convolution with windows of one."""
    if x.shape is None or flat.shape is None or last.shape is None or len(flat.shape) != 3 or len(w.dims) != 2:
        return None
    same = len(last.shape) == len(x.shape) and t.same_shape(last.shape[2:], x.shape[2:])
    kept = t.same_shape(flat.shape[:2], x.shape[:2]) and t.same_dim(last.shape[0], x.shape[0])
    if not same or not kept or len(x.shape) not in (4, 5) or not w.element.is_real:
        raise Decline("these are no images that are made flat and restored")
    conv = Convolution(x, _filters(w, not layer.transpose_a, len(x.shape)), **_window(len(x.shape)))
    made = _with_bias(last.data.node, layer, conv)
    return made if made is not None and shaped_like(made, last) else None


_ROWS = p.MatMul(p.Reshape(any_("x"), any_(), name="flat", uses=1), const("w"), name="layer", transpose_a=False, uses=1)


@rule(p.Reshape(either(_ROWS, p.Add(_ROWS, const(), name="bias", uses=1)), any_(), name="last"))
def product_of_rows(last: Reshape, layer: MatMul, flat: Node, x: Value) -> Value | None:
    """All rows made one matrix, a matrix product, and the rows apart again: a product of the rows as they are."""
    if x.shape is None or flat.shape is None or last.shape is None or layer.shape is None or len(layer.shape) != 2:
        return None
    same = len(last.shape) == len(x.shape) and all(map(t.same_dim, last.shape[:-1], x.shape[:-1]))
    if not same or len(flat.shape) != 2 or len(x.shape) < 3 or not t.same_dim(flat.shape[1], x.shape[-1]):
        raise Decline("the last Reshape does not restore the rows")
    made: Value = MatMul(x, layer.b, transpose_a=False, transpose_b=layer.transpose_b)
    ahead = last.data.node
    if ahead is not layer:
        bias = _constant_of(ahead)
        dims = dims_of(bias, layer)
        if dims is None or dims[0] != 1:
            raise Decline("the constant between varies along the rows")
        made = Add(made, bias)
    return made if t.same_shape(made.shape, last.shape) else None


_POINT = p.Convolution(op(View, operands=[any_("x")], uses=1), const("w"), name="layer", uses=1)


@rule(op(View, operands=[either(_POINT, p.Add(_POINT, const(), name="bias", uses=1))], name="last"))
def convolution_of_vectors(last: Node, layer: Convolution, x: Value, w: Value) -> Value | None:
    """Vectors made images of one element, a convolution, and vectors again: a matrix product."""
    if x.shape is None or last.shape is None or len(x.shape) != 2 or len(last.shape) != 2 or not w.element.is_real:
        return None
    data, pads = layer.data, (*layer.pads_begin, *layer.pads_end)
    if any(d != 1 for d in (*data.dims[2:], *w.dims[2:])) or any(pads) or not t.same_shape(data.dims[:2], x.shape):
        raise Decline("the images have more than one element, or are padded")
    matrix = Reshape(w, np.array(w.dims[:2], np.int64), special_zero=False)
    made = _with_bias(last.operands[0].node, layer, MatMul(x, matrix, transpose_a=False, transpose_b=True))
    return made if made is not None and t.same_shape(made.shape, last.shape) else None


@rule(
    p.Squeeze(
        op(ops.Convolution, operands=[p.Unsqueeze(any_("x"), const("new"), uses=1), const("w")], name="layer", uses=1),
        const("gone"),
        name="last",
    )
)
def convolution_of_one_row(
    last: Squeeze, layer: Convolution, x: Value, new: Value, w: Value, gone: Value
) -> Value | None:
    """A sequence made an image of one row, a convolution, and a sequence again: a convolution in one dimension."""
    axes, back = known_ints(new), known_ints(gone)
    if axes is None or back is None or x.shape is None or len(x.shape) != 3 or len(axes) != 1 or len(back) != 1:
        return None
    axis = axes[0] % 4
    row = axis - 2
    if axis < 2 or back[0] % 4 != axis or layer.auto_pad != "explicit" or w.dims[axis] != 1:
        raise Decline("the convolution has more than one row, or its padding depends on the size")
    if layer.strides[row] != 1 or layer.pads_begin[row] or layer.pads_end[row]:
        raise Decline("the one row has a stride or a padding")
    kept = {
        name: [n for i, n in enumerate(getattr(layer, name)) if i != row]
        for name in ("strides", "pads_begin", "pads_end", "dilations")
    }
    filters = Reshape(w, np.array([d for i, d in enumerate(w.dims) if i != axis], np.int64), special_zero=False)
    return Convolution(x, filters, **kept)  # type: ignore[arg-type]


pointwise_fusion = rewrites(
    "pointwise-convolution",
    product_of_rows,
    product_of_channels,
    product_of_flat_images,
    convolution_of_vectors,
    convolution_of_one_row,
    stage=Stage.FUSE,
    group="recognise",
    before=("linear",),
    doc="Convolutions for matrix products and the other way round, where that saves Transposes and Reshapes.",
)
