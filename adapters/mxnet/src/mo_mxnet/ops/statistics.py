"""Histograms, percentiles and norms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import constant_like, dim_size, integer, ints, move_axis, permute, reshape_to, slice_axis, to_element
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ops import (
    Abs,
    Add,
    Ceiling,
    Concat,
    Divide,
    FloorMod,
    Gather,
    Greater,
    GreaterEqual,
    Multiply,
    ReduceL1,
    ReduceL2,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Round,
    Subtract,
)
from mo_mxnet.attributes import Ints, Reals
from mo_mxnet.elements import as_real
from mo_mxnet.ops.gather import sorted_along
from mo_mxnet.registry import mxnet_op

MAX_BINS = 1 << 20


@mxnet_op("_histogram", "_npi_histogram")
def histogram(
    x: Value, bins: Value | None = None, *, bin_cnt: int | None = None, range: Reals | None = None
) -> Sequence[Value]:
    """How many elements are between two edges, the last edge included (i64); and the edges."""
    data = reshape_to(x, [-1, 1])
    if bins is None:
        if bin_cnt is None or range is None or len(range) != 2 or not 0 < bin_cnt <= MAX_BINS:
            raise ModelError("a histogram needs a number of bins and a range, or the edges of its bins")
        bins = constant(np.linspace(*range, bin_cnt + 1), x.element if x.element.is_real else t.f32)
    edges = to_element(bins, data.element)
    from_edge = _count(GreaterEqual(data, slice_axis(edges, 0, 0, -1)))
    above_last = _count(Greater(data, slice_axis(edges, 0, -1)))
    following = Concat([slice_axis(from_edge, 0, 1), above_last], axis=0)
    return [Subtract(from_edge, following), bins]


def _count(truth: Value) -> Value:
    return ReduceSum(to_element(truth, t.i64), ints([0]), keep_dims=False)


@mxnet_op("_npi_percentile")
def percentile(
    x: Value,
    q: Value | None = None,
    *,
    axis: Ints | None = None,
    interpolation: str = "linear",
    keepdims: bool = False,
    q_scalar: float | None = None,
) -> Value:
    """What so many percent of the elements along axes are not above; the axes of `q` come first."""
    if q is None:
        if q_scalar is None:
            raise ModelError("a percentile needs to know how many percent")
        q = constant(np.float32(q_scalar))
    data = as_real(x)
    over = list(range(x.rank)) if axis is None else list(t.normalize_axes(axis, x.rank))
    kept = [i for i in range(x.rank) if i not in over]
    sizes = [dim_size(x, i) for i in kept]
    rows = reshape_to(permute(data, [*kept, *over]), [*sizes, -1])
    ordered = sorted_along(rows, -1, dim_size(rows, -1), True)[0]
    last = dim_size(rows, -1)
    end = constant(np.float32(last - 1)) if isinstance(last, int) else Subtract(to_element(last, t.f32), 1.0)
    hundredths = Multiply(reshape_to(to_element(q, t.f32), [-1]), end)
    found = move_axis(_between(ordered, hundredths, interpolation), -1, 0)
    shown = [1 if i in over else dim_size(x, i) for i in range(x.rank)] if keepdims else sizes
    return reshape_to(found, [*(dim_size(q, i) for i in range(q.rank)), *shown])


def _between(ordered: Value, hundredths: Value, interpolation: str) -> Value:
    """Elements of the last axis at places between two of them, counted in hundredths, which are exact."""
    hundred, half = constant_like(hundredths, 100), constant_like(hundredths, 0.5)
    rest = FloorMod(hundredths, hundred)
    low = Round(Divide(Subtract(hundredths, rest), hundred), mode="half_to_even")
    share: Value = Divide(rest, hundred)
    up: Value = Ceiling(share)
    if interpolation == "nearest":
        up = to_element(GreaterEqual(rest, constant_like(rest, 50)), t.f32)
    below, above = (Gather(ordered, to_element(v, t.i64), integer(-1)) for v in (low, Add(low, up)))
    if interpolation in ("lower", "higher", "nearest"):
        return below if interpolation == "lower" else above
    if interpolation not in ("linear", "midpoint"):
        raise ModelError(f'interpolation is "{interpolation[:40]}", which numpy does not have')
    if interpolation == "midpoint":
        share = Multiply(up, half)
    return Add(below, Multiply(Subtract(above, below), to_element(share, ordered.element)))


@mxnet_op("_npi_norm")
def norm(x: Value, *, ord: float = 2.0, axis: Ints | None = None, keepdims: bool = False, flag: int = -1) -> Value:
    """Norms of vectors and of matrices that need no decomposition; what `flag` says is told from the axes, too."""
    return to_element(_norm(as_real(x), ord, axis, keepdims, flag), x.element)


def _norm(x: Value, ord: float, axis: Ints | None, keepdims: bool, flag: int) -> Value:
    over = ints(range(x.rank) if axis is None else t.normalize_axes(axis, x.rank))
    if flag in (-2, 1):
        return ReduceL2(x, over, keep_dims=keepdims)
    if axis is not None and len(axis) == 2:
        raise Unsupported("a norm of matrices by their singular values is not supported; the runtime finds none")
    kinds = {1.0: ReduceL1, 2.0: ReduceL2}
    if ord in kinds:
        return kinds[ord](x, over, keep_dims=keepdims)
    if ord == float("inf"):
        return ReduceMax(Abs(x), over, keep_dims=keepdims)
    if ord == float("-inf"):
        return ReduceMin(Abs(x), over, keep_dims=keepdims)
    raise Unsupported(f"the norm of the order {ord} is not supported")
