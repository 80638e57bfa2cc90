"""Sums, means and other numbers of many elements. The older operators give a vector of one number for no axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mo_core.build import (
    constant_like,
    dim,
    filled,
    integer,
    ints,
    reshape_to,
    shape_of,
    slice_axis,
    take,
    to_element,
    unsqueeze,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    CumSum,
    Divide,
    IsNaN,
    Maximum,
    Multiply,
    ReduceL1,
    ReduceL2,
    ReduceLogicalAnd,
    ReduceLogicalOr,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ReduceProd,
    ReduceSum,
    ScatterElementsUpdate,
    Select,
    Sqrt,
    SquaredDifference,
    Subtract,
)
from mo_mxnet.attributes import Ints, element
from mo_mxnet.elements import aligned, as_boolean, as_real, numeric
from mo_mxnet.registry import mxnet_op


def axes_of(x: Value, axis: Sequence[int] | None, exclude: bool = False) -> list[int]:
    """The axes to reduce: those given, all when none are, or all but those."""
    if not axis and not (exclude and axis is not None and len(axis)):
        return list(range(x.rank))
    chosen = t.normalize_axes(axis or (), x.rank)
    return [i for i in range(x.rank) if i not in chosen] if exclude else sorted(chosen)


def reduced(kind: Any, *names: str, clean: float | None = None) -> Callable[..., Value]:
    """The converter of a reduction; `clean`: the number that takes the place of what is none."""

    @mxnet_op(*names)
    def convert(x: Value, *, axis: Ints | None = None, keepdims: bool = False, exclude: bool = False) -> Value:
        data = x if clean is None else Select(IsNaN(x), constant_like(x, clean), x)
        y = kind(data, ints(axes_of(x, axis, exclude)), keep_dims=keepdims)
        return unsqueeze(y, 0) if y.shape == () else y

    return convert


total = reduced(ReduceSum, "sum", "sum_axis", "_sparse_sum")
mean = reduced(ReduceMean, "mean", "_sparse_mean")
product = reduced(ReduceProd, "prod")
largest = reduced(ReduceMax, "max", "max_axis")
smallest = reduced(ReduceMin, "min", "min_axis")
sum_of_numbers = reduced(ReduceSum, "nansum", clean=0.0)
product_of_numbers = reduced(ReduceProd, "nanprod", clean=1.0)


@mxnet_op("_square_sum")
def square_sum(x: Value, *, axis: Ints | None = None, keepdims: bool = False, exclude: bool = False) -> Value:
    y = ReduceSum(Multiply(x, x), ints(axes_of(x, axis, exclude)), keep_dims=keepdims)
    return unsqueeze(y, 0) if y.shape == () else y


@mxnet_op("norm", "_sparse_norm")
def norm(
    x: Value, *, ord: int = 2, axis: Ints | None = None, out_dtype: str | None = None, keepdims: bool = False
) -> Value:
    """The sum of sizes, or the root of the sum of squares."""
    if ord not in (1, 2):
        raise ModelError(f"the order {ord} of a norm is not known; MXNet has 1 and 2")
    data = x if out_dtype is None else to_element(x, element(out_dtype))
    y = (ReduceL1 if ord == 1 else ReduceL2)(data, ints(axes_of(x, axis)), keep_dims=keepdims)
    return unsqueeze(y, 0) if y.shape == () else y


def np_reduced(kind: Any, *names: str, real: bool = False, chooses: bool = False) -> Callable[..., Value]:
    """The converter of a reduction of the numpy interface; one that `chooses` gives booleans of booleans."""

    @mxnet_op(*names)
    def convert(
        x: Value,
        *,
        axis: Ints | None = None,
        dtype: str | None = None,
        keepdims: bool = False,
        initial: float | None = None,
    ) -> Value:
        data = to_element(x, element(dtype)) if dtype is not None else as_real(x) if real else numeric(x)
        if initial is not None:
            raise ModelError("a reduction begins with a number, which MXNet itself refuses to compute")
        truth = x.element is t.boolean and dtype is None
        if truth and not real:
            data = to_element(x, t.i64)
        y: Value = kind(data, ints(axes_of(x, axis)), keep_dims=keepdims)
        return to_element(y, t.boolean) if truth and chooses else y

    return convert


np_sum = np_reduced(ReduceSum, "_np_sum")
np_mean = np_reduced(ReduceMean, "_npi_mean", real=True)
np_product = np_reduced(ReduceProd, "_np_prod", "_np_product")
np_max = np_reduced(ReduceMax, "_np_max", "_np_amax", chooses=True)
np_min = np_reduced(ReduceMin, "_np_min", "_np_amin", chooses=True)


@mxnet_op("_np_all")
def np_all(x: Value, *, axis: Ints | None = None, keepdims: bool = False) -> Value:
    return ReduceLogicalAnd(as_boolean(x), ints(axes_of(x, axis)), keep_dims=keepdims)


@mxnet_op("_np_any", "_np_sometrue")
def np_any(x: Value, *, axis: Ints | None = None, keepdims: bool = False) -> Value:
    return ReduceLogicalOr(as_boolean(x), ints(axes_of(x, axis)), keep_dims=keepdims)


def _variance(x: Value, axis: Ints | None, dtype: str | None, ddof: int, keepdims: bool) -> Value:
    """Of whole numbers in whole numbers, as MXNet computes it: the mean and the result are cut, bytes begin anew."""
    data = numeric(x) if dtype is None else to_element(x, element(dtype))
    axes = axes_of(x, axis)
    mean = _share(ReduceSum(data, ints(axes), keep_dims=True), x, axes, 0)
    away = Subtract(data, mean)
    square = SquaredDifference(data, mean) if data.element.is_real else Multiply(away, away)
    return _share(ReduceSum(square, ints(axes), keep_dims=keepdims), x, axes, ddof)


def _share(total: Value, x: Value, axes: Sequence[int], ddof: int) -> Value:
    """A sum over these axes of `x` by the number of its terms less `ddof`, cut when it is whole."""
    from mo_core.build import dims_of

    count = ReduceProd(dims_of(x, axes), ints([0]), keep_dims=False)
    fewer = Subtract(count, constant_like(count, ddof)) if ddof else count
    if total.element.is_real:
        return Divide(total, to_element(fewer, total.element))
    whole = to_element(total, t.i64)
    return to_element(Divide(whole, to_element(fewer, t.i64), m_pythondiv=False), total.element)


@mxnet_op("_npi_var")
def np_var(
    x: Value, *, axis: Ints | None = None, dtype: str | None = None, ddof: int = 0, keepdims: bool = False
) -> Value:
    return _variance(x, axis, dtype, ddof, keepdims)


@mxnet_op("_npi_std")
def np_std(
    x: Value, *, axis: Ints | None = None, dtype: str | None = None, ddof: int = 0, keepdims: bool = False
) -> Value:
    variance = _variance(x, axis, dtype, ddof, keepdims)
    return to_element(Sqrt(as_real(variance)), variance.element)


@mxnet_op("_npi_average")
def np_average(
    x: Value, weights: Value | None = None, *, axis: Ints | None = None, returned: bool = False, weighted: bool = True
) -> Sequence[Value]:
    """The weighted mean, and the sum of the weights."""
    from mo_core.build import broadcast_to, shape_of

    data = as_real(x)
    axes = axes_of(x, axis)
    if not weighted or weights is None:
        from mo_core.build import dims_of

        y = ReduceMean(data, ints(axes), keep_dims=False)
        count = to_element(ReduceProd(dims_of(x, axes), ints([0]), keep_dims=False), data.element)
        return [y, count]
    factors = as_real(weights)
    if factors.rank == 1 and data.rank > 1:
        factors = reshape_to(factors, [-1, *[1] * (data.rank - 1 - axes[0])])
    data, factors = aligned(data, factors)
    spread = broadcast_to(factors, shape_of(data))
    weight = ReduceSum(spread, ints(axes), keep_dims=False)
    averaged = Divide(ReduceSum(Multiply(data, spread), ints(axes), keep_dims=False), weight)
    return [
        averaged,
        ReduceSum(factors, ints(range(factors.rank)), keep_dims=False) if weights.rank < x.rank else weight,
    ]


@mxnet_op("_np_cumsum", "cumsum")
def cumsum(x: Value, *, axis: int | None = None, dtype: str | None = None) -> Value:
    """Running sums; no axis given: of all elements in a row."""
    kind = t.i64 if x.element is t.boolean else x.element
    data = to_element(x, kind if dtype is None else element(dtype))
    if axis is None:
        return CumSum(reshape_to(data, [-1]), integer(0))
    return CumSum(data, integer(axis))


@mxnet_op("all_finite", "multi_all_finite", ignore=("init_output", "num_arrays"))
def all_finite(*values: Value) -> Value:
    """1 when every element of every value is a finite number."""
    from mo_core.ops import IsFinite, LogicalAnd

    result: Value | None = None
    for v in values:
        one = ReduceLogicalAnd(IsFinite(v), ints(range(v.rank)), keep_dims=False)
        result = one if result is None else LogicalAnd(result, one)
    if result is None:
        raise ModelError("all_finite has no input")
    return reshape_to(to_element(result, t.f32), [1])


@mxnet_op("multi_sum_sq", ignore=("num_arrays",))
def multi_sum_sq(*values: Value) -> Value:
    """The sum of squares of each value, in a vector."""
    from mo_core.build import concat

    sums = [ReduceSum(Multiply(v, v), ints(range(v.rank)), keep_dims=False) for v in values]
    return concat([to_element(reshape_to(s, [1]), t.f32) for s in sums], 0)


@mxnet_op("_npi_diff")
def diff(x: Value, *, n: int = 1, axis: int = -1) -> Value:
    """The differences of neighbours, so many times."""
    for _ in range(n):
        x = Subtract(slice_axis(x, axis, 1), slice_axis(x, axis, 0, -1))
    return x


@mxnet_op("_npi_polyval")
def polyval(coefficients: Value, x: Value) -> Value:
    """A polynomial whose highest coefficient comes first."""
    count = dim(coefficients, 0)
    if not isinstance(count, int):
        raise Unsupported("a polynomial needs a known number of coefficients", "Give the shape with --input.")
    y: Value = Multiply(x, constant_like(x, 0))
    for i in range(count):
        y = Add(Multiply(y, x), take(coefficients, i, 0))
    return y


@mxnet_op("_npi_bincount")
def bincount(x: Value, weights: Value | None = None, *, minlength: int = 0, has_weights: bool = False) -> Value:
    """How often each number from 0 on occurs, or the sum of the weights that belong to it."""
    places = to_element(reshape_to(x, [-1]), t.i64)
    top = Add(ReduceMax(places, ints([0]), keep_dims=True), integer(1))
    blank = filled(Maximum(top, integer(minlength)), constant_like(weights if weights is not None else places, 0))
    amounts = filled(shape_of(places), integer(1)) if weights is None else reshape_to(weights, [-1])
    return ScatterElementsUpdate(blank, places, amounts, integer(0), reduction="sum")
