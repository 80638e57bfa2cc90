"""Statistics over frames, and sums over columns. Source: `nnet3/nnet-general-component.h`."""

from __future__ import annotations

import numpy as np

from mo_core.build import arange, concat, dim_of, filled, gather, slice_axis, split, unsqueeze
from mo_core.errors import ModelError
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.schema import Ints
from mo_core.ir.tensor import Array_, lazy
from mo_core.ops import (
    Add,
    Convert,
    CumSum,
    Divide,
    Equal,
    FloorMod,
    Log,
    Maximum,
    Minimum,
    Multiply,
    ReduceMean,
    ReduceSum,
    Sqrt,
    Subtract,
)
from mo_kaldi.ops.matmul import product
from mo_kaldi.registry import Frames, kaldi_component, tensors
from mo_kaldi.stream import Raw

_TINY = 1e-20


@kaldi_component("StatisticsExtractionComponent", ignore=("InputDim",))
def statistics_extraction(
    x: Value,
    there: Value | None = None,
    base: Value | None = None,
    *,
    InputPeriod: int,
    OutputPeriod: int,
    IncludeVarinance: bool = True,
    frames: Frames,
) -> Value:
    """Number, sums and sums of squares of the frames in a period; `IncludeVarinance` is how the files spell it."""
    ones = filled([dim_of(x, 0), 1], constant(np.float32(1)))
    row: Value = concat([ones, x, Multiply(x, x)] if IncludeVarinance else [ones, x], 1)
    if there is not None:
        row = Multiply(row, Convert(there, destination_type=t.f32))
    if OutputPeriod == 1:
        return row
    if InputPeriod != 1:
        row = Multiply(row, _every(x, frames, InputPeriod, base))
    times = _times(x, frames)
    begin = Subtract(times, FloorMod(_absolute(times, base), float(OutputPeriod)))
    return _window_sums(row, frames.start, begin, Add(begin, float(OutputPeriod)))


@kaldi_component("StatisticsPoolingComponent", ignore=("InputDim",))
def statistics_pooling(
    x: Value,
    there: Value | None = None,
    base: Value | None = None,
    *,
    InputPeriod: int,
    LeftContext: int,
    RightContext: int,
    NumLogCountFeatures: int = 0,
    OutputStddevs: bool = True,
    VarianceFloor: float = 1e-10,
    frames: Frames,
) -> Value:
    """Means, and standard deviations, of the frames around each one; rows that are not there hold zeros already."""
    rows = x if InputPeriod == 1 else Multiply(x, _every(x, frames, InputPeriod, base))
    times = _times(x, frames)
    sums = _window_sums(rows, frames.start, Subtract(times, float(LeftContext)), Add(times, float(RightContext + 1)))
    width = x.dims[1]
    if not isinstance(width, int):
        raise ModelError("statistics of an unknown number of columns")
    dim = (width - 1) // 2 if OutputStddevs else width - 1
    count = slice_axis(sums, 1, 0, 1)
    mean = Divide(slice_axis(sums, 1, 1, 1 + dim), count)
    parts: list[Value] = [Log(count)] * NumLogCountFeatures + [mean]
    if OutputStddevs:
        square = Divide(slice_axis(sums, 1, 1 + dim, 1 + 2 * dim), count)
        parts.append(Sqrt(Maximum(Subtract(square, Multiply(mean, mean)), VarianceFloor)))
    return concat(parts, 1)


def _times(x: Value, frames: Frames) -> Value:
    """The numbers of the frames of the result, f32 `[rows]`."""
    start, more, first = frames
    count = Add(dim_of(x, 0), start - first - more)
    return Add(arange(count, t.f32), float(first))


def _absolute(times: Value, base: Value | None) -> Value:
    """Frames counted from the first of the utterance; in a stream they are counted from the call's, which is `base`."""
    return times if base is None else Add(times, base)


def _every(x: Value, frames: Frames, period: int, base: Value | None) -> Value:
    """1 for rows whose frame is a multiple of the period, else 0, f32 `[rows, 1]`."""
    times = _absolute(Add(arange(dim_of(x, 0), t.f32), float(frames.start)), base)
    return unsqueeze(Convert(Equal(FloorMod(times, float(period)), 0.0), destination_type=t.f32), 1)


def _window_sums(rows: Value, start: int, begin: Value, end: Value) -> Value:
    """Sums of the rows of frames `begin <= t < end`, as far as there are any.

    Differences of running sums; the mean is taken away first, so that they do not lose the digits that matter.
    """
    centre = ReduceMean(rows, [0], keep_dims=True)
    total = CumSum(Subtract(rows, centre), 0)
    zero = Multiply(slice_axis(total, 0, 0, 1), 0.0)
    running = concat([zero, total], 0)
    count = Convert(dim_of(rows, 0), destination_type=t.f32)

    def place(times: Value) -> Value:
        return Minimum(Maximum(Subtract(times, float(start)), 0.0), count)

    first, last = place(begin), place(end)
    sums = Subtract(_taken(running, last), _taken(running, first))
    return Add(sums, Multiply(centre, unsqueeze(Subtract(last, first), 1)))


def _taken(rows: Value, places: Value) -> Value:
    return gather(rows, Convert(places, destination_type=t.i64), 0)


@kaldi_component("KlHmm")
def kl_hmm(x: Value, *, values: tuple[Raw, ...]) -> Value:
    """nnet1: the negative divergence of the posteriors in a row from those of each state, which were counted."""
    (counts,) = tensors(values, 1)

    def minus_logs(c: Array_) -> Array_:
        share = c.astype(np.float64) / np.maximum(c.sum(1, keepdims=True, dtype=np.float64), _TINY)
        return np.asarray(-np.log(np.maximum(share, _TINY)), np.float32)

    logs = lazy(minus_logs, counts, element=t.f32, shape=counts.shape)
    entropy = ReduceSum(Multiply(x, Log(Maximum(x, _TINY))), [1], keep_dims=True)
    return Multiply(Add(product(x, logs), entropy), -1.0)


@kaldi_component("SumGroupComponent")
def sum_group(x: Value, *, Sizes: Ints) -> Value:
    if not Sizes or min(Sizes) < 1:
        raise ModelError("a SumGroupComponent has an empty group")
    parts = split(x, 1, Sizes)
    return concat([ReduceSum(p, [1], keep_dims=True) for p in parts], 1)
