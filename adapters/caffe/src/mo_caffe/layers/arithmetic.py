"""Sums, products and powers of whole blobs."""

from __future__ import annotations

import math
from collections.abc import Callable

from mo_caffe.blobs import shaped
from mo_caffe.registry import caffe_layer
from mo_core.build import constant_like, unsqueeze
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import Add, Exp, Log, Maximum, Multiply, Power

# -- any number of bottoms


def chain(op: Callable[[Value, Value], Value], values: tuple[Value, ...]) -> Value:
    """`op` over all values, from the left."""
    result = values[0]
    for value in values[1:]:
        result = op(result, value)
    return result


@caffe_layer("Eltwise", "eltwise_param", ignore=("stable_prod_grad",))
def eltwise(x: Value, *others: Value, operation: str = "SUM", coeff: tuple[float, ...] = ()) -> Value:
    bottoms = (x, *others)
    if coeff and (len(coeff) != len(bottoms) or operation == "PROD"):
        raise ModelError(f"there are {len(coeff)} coeff for {len(bottoms)} bottoms and the operation {operation}")
    if operation == "PROD":
        return chain(Multiply, bottoms)
    if operation == "MAX":
        return chain(Maximum, bottoms)
    if operation != "SUM":
        raise ModelError(f"the operation is {operation}, which is none of PROD, SUM, MAX")
    return chain(Add, tuple(scaled(x, c) for x, c in zip(bottoms, coeff or [1.0] * len(bottoms))))


def scaled(x: Value, factor: float) -> Value:
    """`factor * x`."""
    return x if factor == 1 else Multiply(x, constant_like(x, factor))


def shifted(x: Value, term: float) -> Value:
    """`x + term`."""
    return x if term == 0 else Add(x, constant_like(x, term))


# -- one value at a time


@caffe_layer("Power", "power_param")
def power(x: Value, *, power: float = 1.0, scale: float = 1.0, shift: float = 0.0) -> Value:
    """(shift + scale * x) ^ power."""
    base = shifted(scaled(x, scale), shift)
    return base if power == 1 else Power(base, constant_like(x, power))


@caffe_layer("Exp", "exp_param")
def exp(x: Value, *, base: float = -1.0, scale: float = 1.0, shift: float = 0.0) -> Value:
    """base ^ (shift + scale * x); a base of -1 is e."""
    factor = natural_logarithm(base)
    return Exp(shifted(scaled(x, scale * factor), shift * factor))


@caffe_layer("Log", "log_param")
def log(x: Value, *, base: float = -1.0, scale: float = 1.0, shift: float = 0.0) -> Value:
    """The logarithm of shift + scale * x; a base of -1 is e."""
    if base == 1:
        raise ModelError("the base of a logarithm is 1", "Give another base.")
    return scaled(Log(shifted(scaled(x, scale), shift)), 1 / natural_logarithm(base))


def natural_logarithm(base: float) -> float:
    """ln(base), where -1 stands for e."""
    if base == -1:
        return 1.0
    if not base > 0:
        raise ModelError(f"the base is {base}", "Give a positive base, or -1 for e.")
    return math.log(base)


# -- a smaller blob along some axes


def along(x: Value, term: Value, axis: int, num_axes: int | None) -> Value:
    """`term` so that its axes are those of `x` from `axis` on.

    Args:
        num_axes: how many axes a learned term has (-1: all that follow, 0: it is a single number); None for a term that
            the network computes, which has as many as it has.
    """
    first = t.normalize_axis(axis, x.rank)
    if num_axes == 0:
        return shaped(term, [])
    if num_axes is None:
        return unsqueeze(term, *range(term.rank, term.rank + _behind(x, first, term.rank)))
    dims, count = term.static_shape, x.rank - first if num_axes == -1 else num_axes
    while len(dims) > count and 1 in (dims[0], dims[-1]):  # some files write a vector as 1 x 1 x 1 x N or 1 x N x 1 x 1
        dims = dims[1:] if dims[0] == 1 else dims[:-1]
    if len(dims) != count:
        raise ModelError(f"the learned blob has shape {list(term.static_shape)}, and num_axes is {num_axes}")
    return shaped(term, [*dims, *[1] * _behind(x, first, count)])


def _behind(x: Value, first: int, count: int) -> int:
    """How many axes of `x` follow behind those that the term has."""
    behind = x.rank - first - count
    if behind < 0:
        raise ModelError(f"a blob of {count} axes does not fit to axis {first} of one with {x.rank}")
    return behind


@caffe_layer("Scale", "scale_param")
def scale(
    x: Value,
    factor: Value,
    bias: Value | None = None,
    *,
    bottoms: int,
    axis: int = 1,
    num_axes: int = 1,
    bias_term: bool = False,
) -> Value:
    learned = num_axes if bottoms == 1 else None
    y = Multiply(x, along(x, factor, axis, learned))
    if not bias_term:
        return y
    if bias is None:
        raise ModelError("bias_term is set, and there is no bias", "Give the .caffemodel of this network.")
    if bottoms > 1:  # the bias has the shape of the factor
        return Add(y, along(x, shaped(bias, factor.static_shape) if factor.is_static else bias, axis, None))
    return Add(y, along(x, bias, axis, num_axes))


@caffe_layer("Bias", "bias_param")
def bias(x: Value, term: Value, *, bottoms: int, axis: int = 1, num_axes: int = 1) -> Value:
    return Add(x, along(x, term, axis, num_axes if bottoms == 1 else None))


@caffe_layer("Axpy")
def axpy(a: Value, x: Value, y: Value) -> Value:
    """a * x + y, where `a` is N, C (or N, C, 1, 1): one factor for each channel of each image."""
    behind = x.rank - a.rank
    return Add(Multiply(unsqueeze(a, *range(a.rank, a.rank + behind)) if behind > 0 else a, x), y)
