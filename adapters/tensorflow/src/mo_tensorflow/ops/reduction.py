"""Reductions over axes, and the places of extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import numpy as np

from mo_core import ops
from mo_core.build import (
    arange,
    as_i64,
    concat,
    const_ints,
    constant_like,
    dim_of,
    dim_size,
    element_count,
    gather,
    move_axis,
    reshape_to,
    shape_of,
    squeeze,
    to_element,
    unsqueeze,
)
from mo_core.errors import Unsupported
from mo_core.ir import Foreign, Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Abs,
    Add,
    CumSum,
    Exp,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Log,
    Minimum,
    Multiply,
    ReduceL2,
    ReduceLogicalAnd,
    ReduceLogicalOr,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ReduceProd,
    ReduceSum,
    Select,
    Subtract,
    TopK,
)
from mo_tensorflow.registry import tf_op

_KINDS: dict[str, Callable[..., Value]] = {
    "All": ReduceLogicalAnd,
    "Any": ReduceLogicalOr,
    "EuclideanNorm": ReduceL2,
    "Max": ReduceMax,
    "Mean": ReduceMean,
    "Min": ReduceMin,
    "Prod": ReduceProd,
    "Sum": ReduceSum,
}


@tf_op(*_KINDS)
def reduction(x: Value, axes: Value, *, keep_dims: bool = False, node: Foreign) -> Value:
    """Over no axes at all every element is by itself, which the runtime has no reduction for."""
    if axes.shape == (0,):
        return Abs(x) if node.op == "EuclideanNorm" else x
    return _KINDS[node.op](x, as_i64(axes), keep_dims=keep_dims)


@tf_op("ArgMax")
def arg_max(x: Value, axis: Value, *, output_type: ElementType = t.i64) -> Value:
    return _place(x, axis, "max", output_type)


@tf_op("ArgMin")
def arg_min(x: Value, axis: Value, *, output_type: ElementType = t.i64) -> Value:
    return _place(x, axis, "min", output_type)


def _place(x: Value, axis: Value, mode: str, output_type: ElementType) -> Value:
    """The first place of the extreme along an axis."""
    (along,) = const_ints(axis, "the axis of ArgMax or ArgMin")
    if x.element is t.boolean:
        x = to_element(x, t.u8)
    top = TopK(x, constant(np.int32(1)), axis=along % x.rank, mode=mode, sort="value", stable=True)
    places = squeeze(top.results[1], along)
    return to_element(places, output_type)


@tf_op("Cumsum")
def cumsum(x: Value, axis: Value, *, exclusive: bool = False, reverse: bool = False) -> Value:
    return CumSum(x, axis, exclusive=exclusive, reverse=reverse)


@tf_op("Cumprod")
def cumulative_product(x: Value, axis: Value, *, exclusive: bool = False, reverse: bool = False) -> Value:
    """Products over the elements up to each one, all of them at once."""
    (along,) = const_ints(axis, "the axis of Cumprod")
    last = move_axis(x, along, -1)
    places = arange(dim_size(last, -1))
    mine, others = unsqueeze(places, 1), unsqueeze(places, 0)
    compare = (Less if exclusive else LessEqual) if not reverse else (Greater if exclusive else GreaterEqual)
    factors = Select(compare(others, mine), unsqueeze(last, -2), constant_like(x, 1))
    return move_axis(ReduceProd(factors, [-1]), -1, along)


@tf_op("CumulativeLogsumexp")
def cumulative_logsumexp(x: Value, axis: Value, *, exclusive: bool = False, reverse: bool = False) -> Value:
    """Sums of exponents, with the greatest one taken out first."""
    most = ReduceMax(x, as_i64(axis), keep_dims=True)
    sums = CumSum(Exp(Subtract(x, most)), axis, exclusive=exclusive, reverse=reverse)
    return Add(Log(sums), most)


@tf_op("Bincount")
def bincount(values: Value, size: Value, weights: Value) -> Value:
    """How often each number below `size` occurs; each occurrence counts its weight when there are weights."""
    return _counts(reshape_to(values, [-1]), size, weights, binary=False)


@tf_op("DenseBincount")
def dense_bincount(values: Value, size: Value, weights: Value, *, binary_output: bool = False) -> Value:
    """As Bincount, by rows where the values have two axes; binary: whether a number occurs at all."""
    return _counts(values, size, weights, binary_output)


def _counts(values: Value, size: Value, weights: Value, binary: bool) -> Value:
    """Numbers counted along the last axis, f32 where there are no weights."""
    count = to_element(reshape_to(size, []), t.i32)
    weighted = not binary and not (weights.is_static and 0 in weights.static_shape)
    kind = weights.element if weighted else t.f32
    marks: Value = ops.OneHot(to_element(values, t.i32), count, constant_like(_zero(kind), 1), _zero(kind), axis=-1)
    if weighted:
        marks = Multiply(marks, unsqueeze(reshape_to(_of_each(weights, values), shape_of(values)), values.rank))
    found = ReduceMax(marks, [-2]) if binary else ReduceSum(marks, [-2])
    return to_element(found, weights.element)


def _of_each(weights: Value, values: Value) -> Value:
    """The weights of as many numbers as there are; where it is not known whether there are weights, 1 without them."""
    if weights.is_static:
        return weights
    flat = reshape_to(weights, [-1])
    places = Minimum(arange(element_count(values)), dim_of(flat, 0))
    return gather(concat([flat, reshape_to(constant_like(weights, 1), [1])], 0), places, 0)


def _zero(element: ElementType) -> Value:
    return to_element(constant(np.float32(0)), element)


@tf_op("ReduceJoin", "UnsortedSegmentJoin", ignore=("*",))
def joined(*inputs: Value) -> NoReturn:
    raise Unsupported("texts cannot be joined in the runtime")
