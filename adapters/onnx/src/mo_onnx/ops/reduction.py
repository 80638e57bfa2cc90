"""Reductions over axes, and the places of extremes."""

from __future__ import annotations

from collections.abc import Callable

from mo_core.build import (
    all_axes,
    as_i64,
    constant_like,
    dim,
    dim_of,
    gather,
    integer,
    ints,
    known_ints,
    normalized,
    reshape_to,
    shape_of,
    slice_axis,
    squeeze,
    to_element,
    unsqueeze,
)
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    Equal,
    Exp,
    Greater,
    IsFinite,
    Log,
    Multiply,
    ReduceL1,
    ReduceL2,
    ReduceLogicalOr,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ReduceProd,
    ReduceSum,
    Reduction,
    Select,
    Subtract,
    TopK,
)
from mo_onnx.registry import onnx_op

Reduce = Callable[[Value, Value, bool], Value]
"""From data, axes and whether to keep them to the result."""


def reduction(op: str, axes_input_since: int) -> Callable[[Reduce], Reduce]:
    """Mark `f(x, axes, keep)` as converter of a reduction: axes are an attribute first, an input from some opset on."""

    def mark(function: Reduce) -> Reduce:
        def by_attribute(x: Value, *, axes: tuple[int, ...] | None = None, keepdims: int = 1) -> Value:
            return function(x, ints(axes) if axes else all_axes(x), bool(keepdims))

        def by_input(x: Value, axes: Value | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
            if axes is None or axes.shape == (0,):
                return function(x, ints([]) if noop_with_empty_axes else all_axes(x), bool(keepdims))
            if known_ints(axes) is None:
                return reduce_at_unknown_axes(function, x, as_i64(axes), bool(keepdims))
            return function(x, axes, bool(keepdims))

        for since, converter in ((1, by_attribute), (axes_input_since, by_input)):
            converter.__module__, converter.__qualname__ = function.__module__, function.__qualname__
            onnx_op(op, since=since)(converter)
            vars(function).setdefault("mo_converters", []).extend(vars(converter)["mo_converters"])
        return function

    return mark


def reduce_at_unknown_axes(function: Reduce, x: Value, axes: Value, keep: bool) -> Value:
    """The runtime takes axes that it does not know in advance, but wants to know the rank of the result."""
    count = dim(axes, 0)
    if keep or count == 1 or not isinstance(count, int):
        return function(x, axes, keep)
    rank = x.rank
    wanted = unsqueeze(normalized(axes, integer(rank)), 1)
    gone = to_element(ReduceLogicalOr(Equal(wanted, ints(range(rank))), ints([0])), t.i32)
    kept = TopK(gone, integer(rank - count), axis=0, mode="min", sort="index", index_element_type=t.i64).results[1]
    return reshape_to(function(x, axes, True), gather(shape_of(x), kept, 0))


def reduced(op: type[Reduction], x: Value, axes: Value, keep: bool) -> Value:
    """`op` over the axes; `x` itself when there are none."""
    return x if axes.shape == (0,) else op(x, axes, keep_dims=keep)


def of_booleans(op: type[Reduction], x: Value, axes: Value, keep: bool) -> Value:
    """As numbers, since the runtime's logical reductions want to know the axes in advance."""
    return Greater(reduced(op, to_element(x, t.i32), axes, keep), constant(0, t.i32))


@reduction("ReduceSum", 13)
def reduce_sum(x: Value, axes: Value, keep: bool) -> Value:
    return reduced(ReduceSum, x, axes, keep)


@reduction("ReduceMean", 18)
def reduce_mean(x: Value, axes: Value, keep: bool) -> Value:
    return reduced(ReduceMean, x, axes, keep)


@reduction("ReduceMax", 18)
def reduce_max(x: Value, axes: Value, keep: bool) -> Value:
    if x.element is t.boolean:
        return of_booleans(ReduceMax, x, axes, keep)
    return reduced(ReduceMax, x, axes, keep)


@reduction("ReduceMin", 18)
def reduce_min(x: Value, axes: Value, keep: bool) -> Value:
    if x.element is t.boolean:
        return of_booleans(ReduceMin, x, axes, keep)
    return reduced(ReduceMin, x, axes, keep)


@reduction("ReduceProd", 18)
def reduce_prod(x: Value, axes: Value, keep: bool) -> Value:
    return reduced(ReduceProd, x, axes, keep)


@reduction("ReduceL1", 18)
def reduce_l1(x: Value, axes: Value, keep: bool) -> Value:
    return Abs(x) if axes.shape == (0,) else ReduceL1(x, axes, keep_dims=keep)


@reduction("ReduceL2", 18)
def reduce_l2(x: Value, axes: Value, keep: bool) -> Value:
    return Abs(x) if axes.shape == (0,) else ReduceL2(x, axes, keep_dims=keep)


@reduction("ReduceSumSquare", 18)
def reduce_sum_square(x: Value, axes: Value, keep: bool) -> Value:
    return reduced(ReduceSum, Multiply(x, x), axes, keep)


@reduction("ReduceLogSum", 18)
def reduce_log_sum(x: Value, axes: Value, keep: bool) -> Value:
    return Log(reduced(ReduceSum, x, axes, keep))


@reduction("ReduceLogSumExp", 18)
def reduce_log_sum_exp(x: Value, axes: Value, keep: bool) -> Value:
    """With the maximum taken out first, so that nothing overflows."""
    if axes.shape == (0,):
        return x
    top: Value = ReduceMax(x, axes, keep_dims=True)
    top = Select(IsFinite(top), top, constant_like(x, 0))  # infinite minus infinite is no number
    logs = Log(ReduceSum(Exp(Subtract(x, top)), axes, keep_dims=keep))
    return Add(logs, top if keep else ReduceSum(top, axes, keep_dims=False))


# -- places of extremes


@onnx_op("ArgMax")
def arg_max(x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    return arg_extreme(x, "max", axis, bool(keepdims), bool(select_last_index))


@onnx_op("ArgMin")
def arg_min(x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    return arg_extreme(x, "min", axis, bool(keepdims), bool(select_last_index))


def arg_extreme(x: Value, mode: str, axis: int, keepdims: bool, last: bool = False) -> Value:
    """Index of the first (or last) extreme along an axis, i64."""
    if last:
        x = slice_axis(x, axis, -1, -t.INF, -1)
    top = TopK(x, integer(1), axis=axis, mode=mode, sort="value", stable=True, index_element_type=t.i64)
    index = top.results[1]
    if last:
        index = Subtract(Subtract(dim_of(x, axis), integer(1)), index)
    return index if keepdims else squeeze(index, axis)
