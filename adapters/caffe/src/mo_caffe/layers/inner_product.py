"""Fully connected layers and look-up tables."""

from __future__ import annotations

import math

from mo_caffe.blobs import shaped
from mo_caffe.registry import caffe_layer
from mo_core.build import flatten, gather, reshape_keeping, reshape_to, to_element
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import Add, MatMul


@caffe_layer("InnerProduct", "inner_product_param")
@caffe_layer("inner_product", "inner_product_param")
def inner_product(
    x: Value,
    weights: Value,
    bias: Value | None = None,
    *,
    num_output: int,
    bias_term: bool = True,
    axis: int = 1,
    transpose: bool = False,
) -> Value:
    """The axes from `axis` on are one vector; weights are O, I, or I, O when `transpose`."""
    y = product(as_vectors(x, axis), weights, num_output, transpose)
    return y if bias is None else Add(y, shaped(bias, [-1]))


def as_vectors(x: Value, axis: int) -> Value:
    """`x` with all axes from `axis` on made one."""
    first = t.normalize_axis(axis, x.rank)
    if first == x.rank - 1 and first > 0:
        return x
    if first == 0:
        return reshape_to(x, [-1])
    return flatten(x, 1) if first == 1 else reshape_keeping(x, [*[0] * first, -1])


def product(x: Value, weights: Value, outputs: int, transpose: bool = False) -> Value:
    """The last axis of `x` times a learned matrix, in whatever shape that was stored."""
    size = math.prod(weights.static_shape)
    if outputs < 1 or size % outputs:
        raise ModelError(f"the weights have {size} values, and num_output is {outputs}")
    last = x.dims[-1]
    if isinstance(last, int) and last * outputs != size:
        raise ModelError(
            f"the weights have {size // outputs} values for each of {outputs} outputs, and the layer has {last} inputs",
            "Give the shape that the network was trained with, or the .caffemodel that belongs to it.",
        )
    shape = [size // outputs, outputs] if transpose else [outputs, size // outputs]
    return MatMul(x, shaped(weights, shape), transpose_b=not transpose)


@caffe_layer("Embed", "embed_param")
def embed(
    x: Value, weights: Value, bias: Value | None = None, *, num_output: int, input_dim: int, bias_term: bool = True
) -> Value:
    """Rows of a table, chosen by the whole numbers in `x`; they are a new last axis."""
    y = gather(shaped(weights, [input_dim, num_output]), to_element(x, t.i32), 0)
    return y if bias is None else Add(y, shaped(bias, [-1]))
