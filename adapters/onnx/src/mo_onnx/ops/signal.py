"""Fourier transforms and mel filters; complex numbers lie in a last axis of two, real ones in a last axis of one."""

from __future__ import annotations

import math

from mo_core.build import (
    arange,
    as_i64,
    concat,
    constant_like,
    convert_like,
    dim_of,
    filled,
    gather,
    integer,
    ints,
    known_ints,
    normalized,
    reshape_to,
    scalar,
    slice_axis,
    squeeze,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import normalize_axis
from mo_core.ops import (
    DFT,
    IDFT,
    IRDFT,
    RDFT,
    STFT,
    Add,
    Divide,
    Equal,
    Exp,
    Floor,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Log,
    LogicalNot,
    Minimum,
    Multiply,
    Pad,
    Select,
    Subtract,
    Transpose,
)
from mo_onnx.registry import onnx_op
from mo_onnx.tensors import element_of


@onnx_op("DFT", since=17)
def dft_17(x: Value, dft_length: Value | None = None, *, axis: int = 1, inverse: int = 0, onesided: int = 0) -> Value:
    return transformed(x, integer(axis), dft_length, bool(inverse), bool(onesided))


@onnx_op("DFT", since=20)
def dft(
    x: Value, dft_length: Value | None = None, axis: Value | None = None, *, inverse: int = 0, onesided: int = 0
) -> Value:
    along = integer(-2) if axis is None else scalar(as_i64(axis))
    return transformed(x, along, dft_length, bool(inverse), bool(onesided))


def transformed(x: Value, axis: Value, length: Value | None, inverse: bool, onesided: bool) -> Value:
    """The Fourier transform along one axis (a scalar), cut or continued with zeros to `length`."""
    known = known_ints(axis)
    if known is not None:
        return along(x, normalize_axis(known[0], x.rank), length, inverse, onesided)
    # The runtime needs a constant axis: the wanted one changes places with the last that is not real or imaginary.
    place, last = normalized(axis, integer(x.rank)), x.rank - 2
    axes = arange(x.rank)
    order = Select(Equal(axes, place), integer(last), Select(Equal(axes, last), place, axes))
    return Transpose(along(Transpose(x, order), last, length, inverse, onesided, is_complex(x)), order)


def along(
    x: Value, axis: int, length: Value | None, inverse: bool, onesided: bool, complex_: bool | None = None
) -> Value:
    """The Fourier transform along a known axis; `complex_` when the type of `x` does not tell."""
    complex_ = is_complex(x) if complex_ is None else complex_
    axes, size = ints([axis]), None if length is None else vector([scalar(as_i64(length))])
    if inverse and onesided:
        return unsqueeze(IRDFT(x if complex_ else as_complex(x), axes, size), -1)
    if not complex_:
        real = squeeze(x, x.rank - 1)
        half = RDFT(real, axes, size)
        if onesided:
            return half
        return mirrored(half, axis, dim_of(x, axis) if size is None else scalar(size), inverse)
    y = IDFT(x, axes, size) if inverse else DFT(x, axes, size)
    return slice_axis(y, axis, 0, Add(Divide(dim_of(y, axis), 2), 1)) if onesided else y


def mirrored(half: Value, axis: int, count: Value, inverse: bool) -> Value:
    """All `count` frequencies of real data from the first half of them: the others are their conjugates, backwards.

    The inverse transform of real data is the conjugate of the transform, divided by the count.
    """
    index = arange(count)
    whole = gather(half, Minimum(index, Subtract(count, index)), axis)
    behind = Greater(Multiply(index, 2), count)
    one = constant_like(half, 1.0)
    scale = Divide(one, convert_like(count, half)) if inverse else one
    sign = Select(LogicalNot(behind) if inverse else behind, Multiply(scale, -1.0), scale)
    factors = concat([unsqueeze(filled(vector([count]), scale), 1), unsqueeze(sign, 1)], 1)
    return Multiply(whole, reshape_to(factors, vector([*[1] * axis, count, *[1] * (half.rank - axis - 2), 2])))


def is_complex(x: Value) -> bool:
    """True when the last axis holds real and imaginary parts; raises ModelError when it can hold neither."""
    last = x.dims[-1]
    if not isinstance(last, int):
        raise Unsupported(
            "it is not known whether a signal is real or complex", "Give the length of its last axis with --input."
        )
    if last not in (1, 2):
        raise ModelError(f"the last axis of a signal has {last} numbers, and it needs one (real) or two (complex)")
    return last == 2


def as_complex(x: Value) -> Value:
    """Real numbers with an imaginary part of zero."""
    if is_complex(x):
        return x
    return Pad(x, constant([0] * x.rank, t.i64), constant([0] * (x.rank - 1) + [1], t.i64), constant_like(x, 0.0))


@onnx_op("STFT", since=17)
def stft(
    signal: Value,
    frame_step: Value,
    window: Value | None = None,
    frame_length: Value | None = None,
    *,
    onesided: int = 1,
) -> Value:
    if frame_length is not None:
        length = scalar(as_i64(frame_length))
    else:
        length = dim_of(signal, 1) if window is None else dim_of(window, 0)
    step = scalar(as_i64(frame_step))
    weights = filled(vector([length]), constant_like(signal, 1.0)) if window is None else window
    if signal.rank == 2 or (not is_complex(signal) and onesided):
        data = signal if signal.rank == 2 else squeeze(signal, 2)
        return STFT(data, weights, length, step, transpose_frames=False)
    count = Add(Divide(Subtract(dim_of(signal, 1), length), step), 1)
    places = Add(unsqueeze(Multiply(arange(count), step), 1), arange(length))
    frames = Multiply(gather(signal, places, 1), unsqueeze(weights, 1))
    return transformed(frames, integer(2), None, inverse=False, onesided=bool(onesided))


@onnx_op("MelWeightMatrix", since=17)
def mel_weight_matrix(
    num_mel_bins: Value,
    dft_length: Value,
    sample_rate: Value,
    lower_edge_hertz: Value,
    upper_edge_hertz: Value,
    *,
    output_datatype: int = 1,
) -> Value:
    """Triangles with a peak of one; they stand on whole frequencies, which the source computes in double precision."""
    bins, length = as_i64(scalar(num_mel_bins)), as_i64(scalar(dft_length))
    low, high = (_mel(to_element(scalar(f), t.f64)) for f in (lower_edge_hertz, upper_edge_hertz))
    corners = to_element(arange(Add(bins, 2)), t.f64)
    step = Divide(Subtract(high, low), to_element(Add(bins, 2), t.f64))
    mel = Add(Multiply(corners, step), low)
    hertz = Multiply(Subtract(Exp(Multiply(mel, math.log(10) / 2595)), 1.0), 700.0)
    rate = to_element(scalar(sample_rate), t.f64)
    points = Floor(Divide(Multiply(to_element(Add(length, 1), t.f64), hertz), rate))
    left, peak, right = (slice_axis(points, 0, i, Add(bins, i)) for i in range(3))
    row = unsqueeze(to_element(arange(Add(Divide(length, 2), 1)), t.f64), 1)
    zero = constant(0.0, t.f64)
    rising = Select(Equal(peak, left), constant(1.0, t.f64), Divide(Subtract(row, left), Subtract(peak, left)))
    rising = Select(GreaterEqual(row, left), rising, zero)
    falling = Select(Less(row, right), Divide(Subtract(right, row), Subtract(right, peak)), zero)
    return to_element(Select(LessEqual(row, peak), rising, falling), element_of(output_datatype, "output_datatype"))


def _mel(hertz: Value) -> Value:
    return Multiply(Log(Add(Divide(hertz, 700.0), 1.0)), 2595 / math.log(10))
