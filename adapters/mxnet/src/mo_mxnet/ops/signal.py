"""Fourier transforms, columns of sliding windows, and sketches."""

from __future__ import annotations

from mo_core.build import (
    as_i64,
    constant_like,
    dim,
    dim_size,
    dims_of,
    integer,
    ints,
    reshape_to,
    slice_axis,
    vector,
)
from mo_core.build.windows import filters_of_taps
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value
from mo_core.ops import DFT, IDFT, Col2Im, Concat, GroupConvolution, MatMul, Multiply, OneHot, Reshape, Unsqueeze
from mo_mxnet.attributes import Ints
from mo_mxnet.registry import mxnet_op
from mo_mxnet.window import spatial_attributes


@mxnet_op("_contrib_fft", ignore=("compute_size",))
def fft(x: Value) -> Value:
    """Of the last axis; real and imaginary parts alternate in the result."""
    pairs = Concat([Unsqueeze(x, ints([x.rank])), Unsqueeze(Multiply(x, constant_like(x, 0)), ints([x.rank]))], axis=-1)
    y = DFT(pairs, ints([x.rank - 1]))
    return reshape_to(y, [*(dim_size(x, i) for i in range(x.rank - 1)), -1])


@mxnet_op("_contrib_ifft", ignore=("compute_size",))
def ifft(x: Value) -> Value:
    """Back; the real part, not divided by the number of elements."""
    length = dim(x, -1)
    if not isinstance(length, int) or length % 2:
        raise Unsupported("an inverse Fourier transform needs a known, even length", "Give the shape with --input.")
    pairs = reshape_to(x, [*(dim_size(x, i) for i in range(x.rank - 1)), length // 2, 2])
    y = IDFT(pairs, ints([x.rank - 1]))
    real = slice_axis(y, x.rank, 0, 1)
    flat = Reshape(real, vector([dims_of(x, range(x.rank - 1)), length // 2]), special_zero=False)
    return Multiply(flat, constant_like(flat, length // 2))


@mxnet_op("im2col")
def im2col(x: Value, *, kernel: Ints, stride: Ints = (), dilate: Ints = (), pad: Ints = ()) -> Value:
    """The elements of each window as a column: N, C * window, windows."""
    y = GroupConvolution(x, filters_of_taps(x, kernel), **spatial_attributes(len(kernel), stride, dilate, pad))
    return reshape_to(y, [dim_size(x, 0), dim_size(y, 1), -1])


@mxnet_op("col2im")
def col2im(x: Value, *, output_size: Ints, kernel: Ints, stride: Ints = (), dilate: Ints = (), pad: Ints = ()) -> Value:
    """Columns put back to their windows, and added where these overlap."""
    if len(kernel) != 2 or len(output_size) != 2:
        raise Unsupported(f"col2im over {len(kernel)} spatial axes is not supported; the runtime has it over 2")
    spatial = spatial_attributes(2, stride, dilate, pad)
    return Col2Im(
        x,
        ints(output_size),
        ints(kernel),
        strides=spatial["strides"],
        dilations=spatial["dilations"],
        pads_begin=spatial["pads_begin"],
        pads_end=spatial["pads_end"],
    )


@mxnet_op("_contrib_count_sketch", ignore=("processing_batch_size",))
def count_sketch(x: Value, places: Value, signs: Value, *, out_dim: int) -> Value:
    """Features added up in fewer ones: each goes to one place, with a sign."""
    if out_dim < 1:
        raise ModelError(f"out_dim is {out_dim}, and a positive number is needed")
    chosen = reshape_to(as_i64(places), [-1])
    table = OneHot(chosen, integer(out_dim), constant_like(x, 1), constant_like(x, 0), axis=-1)
    return MatMul(Multiply(x, reshape_to(signs, [-1])), table)
