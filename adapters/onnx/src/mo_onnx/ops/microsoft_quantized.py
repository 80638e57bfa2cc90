"""Quantised ops of ONNX Runtime's own domain: dequantise, compute, quantise again.

The runtime's low-precision transformations find integer kernels in this form. Scales and zero points are scalars, or
vectors along the axis that the op says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mo_core.build import (
    concat,
    constant_like,
    dim_size,
    ints,
    permute,
    reshape_to,
    slice_axis,
    swap_axes,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.build.windows import channels_first, convolve, fitted, mean_of_windows
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Constant, Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import encode, lazy, reinterpreted
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Add,
    Convert,
    Gather,
    MatMul,
    Multiply,
    PReLU,
    ReduceMean,
    ReduceSum,
    Reshape,
    Select,
    Sigmoid,
    Softmax,
    Subtract,
)
from mo_onnx.ops.activation import softmax_of_matrix
from mo_onnx.ops.pooling import rounding, spatial_axes
from mo_onnx.ops.quantization import along, dequantize_linear, dynamic_quantize_linear, quantize_linear, quantized
from mo_onnx.ops.recurrent import lstm
from mo_onnx.registry import onnx_op
from mo_onnx.window import Ints, spatial_attributes

DOMAIN = "com.microsoft"


def dequantized(x: Value, scale: Value, zero_point: Value | None, axis: int = -1) -> Value:
    """`(x - zero_point) * scale`; vectors go along `axis`."""
    return dequantize_linear(x, scale, zero_point, axis=axis)


def requantized(y: Value, scale: Value, zero_point: Value | None, like: Value | None = None) -> Value:
    """`y` quantised to the element type of the zero point, else of `like`, else u8; one scale for all."""
    element = zero_point.element if zero_point is not None else like.element if like is not None else t.u8
    return quantized(y, along(scale, 1, 0), None if zero_point is None else along(zero_point, 1, 0), element)


@onnx_op("QuantizeLinear", DOMAIN)
def quantize_linear_(x: Value, scale: Value, zero_point: Value | None = None, *, axis: int = 1) -> Value:
    return quantize_linear(x, scale, zero_point, axis=axis)


@onnx_op("DequantizeLinear", DOMAIN)
def dequantize_linear_(x: Value, scale: Value, zero_point: Value | None = None, *, axis: int = 1) -> Value:
    return dequantize_linear(x, scale, zero_point, axis=axis)


@onnx_op("QLinearAdd", DOMAIN)
def qlinear_add(
    a: Value,
    a_scale: Value,
    a_zero: Value | None,
    b: Value,
    b_scale: Value,
    b_zero: Value | None,
    c_scale: Value,
    c_zero: Value | None = None,
) -> Value:
    return requantized(Add(dequantized(a, a_scale, a_zero), dequantized(b, b_scale, b_zero)), c_scale, c_zero, a)


@onnx_op("QLinearMul", DOMAIN)
def qlinear_mul(
    a: Value,
    a_scale: Value,
    a_zero: Value | None,
    b: Value,
    b_scale: Value,
    b_zero: Value | None,
    c_scale: Value,
    c_zero: Value | None = None,
) -> Value:
    return requantized(Multiply(dequantized(a, a_scale, a_zero), dequantized(b, b_scale, b_zero)), c_scale, c_zero, a)


@onnx_op("QLinearSigmoid", DOMAIN)
def qlinear_sigmoid(
    x: Value, x_scale: Value, x_zero: Value | None, y_scale: Value, y_zero: Value | None = None
) -> Value:
    return requantized(Sigmoid(dequantized(x, x_scale, x_zero)), y_scale, y_zero, x)


@onnx_op("QLinearLeakyRelu", DOMAIN)
def qlinear_leaky_relu(
    x: Value, x_scale: Value, x_zero: Value | None, y_scale: Value, y_zero: Value | None = None, *, alpha: float = 0.01
) -> Value:
    return requantized(PReLU(dequantized(x, x_scale, x_zero), constant([alpha], t.f32)), y_scale, y_zero, x)


@onnx_op("QLinearSoftmax", DOMAIN)
def qlinear_softmax(
    x: Value,
    x_scale: Value,
    x_zero: Value | None,
    y_scale: Value,
    y_zero: Value | None = None,
    *,
    opset: int,
    axis: int = -1,
) -> Value:
    data = dequantized(x, x_scale, x_zero)
    y = softmax_of_matrix(data, axis=axis) if opset < 13 else Softmax(data, axis=axis)
    return requantized(y, y_scale, y_zero, x)


@onnx_op("QLinearConcat", DOMAIN)
def qlinear_concat(y_scale: Value, y_zero: Value, *inputs: Value, axis: int) -> Value:
    """The inputs are a tensor, its scale and its zero point, in turn."""
    if len(inputs) % 3:
        raise ModelError(f"QLinearConcat has {len(inputs)} inputs after the first two, and they come in threes")
    parts = [dequantized(x, s, z) for x, s, z in zip(inputs[::3], inputs[1::3], inputs[2::3])]
    return requantized(concat(parts, axis), y_scale, y_zero)


@onnx_op("QLinearReduceMean", DOMAIN)
def qlinear_reduce_mean(
    x: Value,
    x_scale: Value,
    x_zero: Value | None,
    y_scale: Value,
    y_zero: Value | None = None,
    *,
    axes: Sequence[int],
    keepdims: int = 1,
) -> Value:
    y = ReduceMean(dequantized(x, x_scale, x_zero), ints(axes or range(x.rank)), keep_dims=bool(keepdims))
    return requantized(y, y_scale, y_zero, x)


@onnx_op("QLinearWhere", DOMAIN)
def qlinear_where(
    condition: Value,
    x: Value,
    x_scale: Value,
    x_zero: Value,
    y: Value,
    y_scale: Value,
    y_zero: Value,
    z_scale: Value,
    z_zero: Value,
) -> Value:
    chosen = Select(condition, dequantized(x, x_scale, x_zero), dequantized(y, y_scale, y_zero))
    return requantized(chosen, z_scale, z_zero)


@onnx_op("QLinearGlobalAveragePool", DOMAIN)
def qlinear_global_average_pool(
    x: Value, x_scale: Value, x_zero: Value, y_scale: Value, y_zero: Value, *, channels_last: int = 0
) -> Value:
    axes = ints(range(1, x.rank - 1)) if channels_last else spatial_axes(x)
    return requantized(ReduceMean(dequantized(x, x_scale, x_zero), axes, keep_dims=True), y_scale, y_zero)


@onnx_op("QLinearAveragePool", DOMAIN)
def qlinear_average_pool(
    x: Value,
    x_scale: Value,
    x_zero: Value | None,
    y_scale: Value,
    y_zero: Value | None = None,
    *,
    kernel_shape: Sequence[int],
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    channels_last: int = 0,
    count_include_pad: int = 0,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    spatial = spatial_attributes(len(kernel_shape), auto_pad, None, pads, strides)

    how = rounding(spatial, ceil_mode)

    def pool(whole: Value) -> Value:
        window = fitted(whole, kernel_shape, spatial, how)
        return mean_of_windows(whole, *window, rounding=how, count_padding=bool(count_include_pad))

    return requantized(channels_first(dequantized(x, x_scale, x_zero), pool, bool(channels_last)), y_scale, y_zero, x)


@onnx_op("QLinearConv", DOMAIN)
def qlinear_conv(
    x: Value,
    x_scale: Value,
    x_zero: Value,
    w: Value,
    w_scale: Value,
    w_zero: Value,
    y_scale: Value,
    y_zero: Value,
    b: Value | None = None,
    *,
    auto_pad: str = "NOTSET",
    channels_last: int = 0,
    dilations: Ints = None,
    group: int = 1,
    kernel_shape: Ints = None,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    spatial = spatial_attributes(w.rank - 2, auto_pad, dilations, pads, strides)
    filters = dequantized(w, w_scale, w_zero, axis=0)
    bias = None if b is None else Multiply(to_element(b, t.f32), Multiply(along(x_scale, 1, 0), w_scale))

    def convolution(data: Value) -> Value:
        return convolve(data, filters, bias, group, spatial)

    y = channels_first(dequantized(x, x_scale, x_zero), convolution, bool(channels_last))
    return requantized(y, y_scale, y_zero)


@onnx_op("QGemm", DOMAIN)
def qgemm(
    a: Value,
    a_scale: Value,
    a_zero: Value,
    b: Value,
    b_scale: Value,
    b_zero: Value,
    c: Value | None = None,
    y_scale: Value | None = None,
    y_zero: Value | None = None,
    *,
    alpha: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Value:
    weights = dequantized(b, b_scale, b_zero, axis=0 if transB else 1)
    y: Value = MatMul(dequantized(a, a_scale, a_zero), weights, transpose_a=bool(transA), transpose_b=bool(transB))
    if alpha != 1:
        y = Multiply(y, constant_like(y, alpha))
    if c is not None:  # in the units of the product of the integers
        y = Add(
            y,
            Multiply(to_element(c, t.f32), Multiply(Multiply(along(a_scale, 1, 0), b_scale), constant(alpha, t.f32))),
        )
    return y if y_scale is None else requantized(y, y_scale, y_zero, a)


@onnx_op("MatMulIntegerToFloat", DOMAIN)
def mat_mul_integer_to_float(
    a: Value,
    b: Value,
    a_scale: Value,
    b_scale: Value,
    a_zero: Value | None = None,
    b_zero: Value | None = None,
    bias: Value | None = None,
) -> Value:
    y: Value = MatMul(dequantized(a, a_scale, a_zero), dequantized(b, b_scale, b_zero))
    return y if bias is None else Add(y, bias)


@onnx_op("DynamicQuantizeMatMul", DOMAIN)
def dynamic_quantize_mat_mul(
    a: Value, b: Value, b_scale: Value, b_zero: Value | None = None, bias: Value | None = None
) -> Value:
    """The left side is quantised by its own range, as the source's runtime does."""
    rounded, scale, zero = dynamic_quantize_linear(a)
    y: Value = MatMul(dequantized(rounded, scale, zero), dequantized(b, b_scale, b_zero))
    return y if bias is None else Add(y, bias)


@onnx_op("MulInteger", DOMAIN)
def mul_integer(a: Value, a_zero: Value | None, b: Value, b_zero: Value | None = None) -> Value:
    def centred(x: Value, zero: Value | None) -> Value:
        x = to_element(x, t.i32)
        return x if zero is None else Subtract(x, to_element(zero, t.i32))

    return Multiply(centred(a, a_zero), centred(b, b_zero))


@onnx_op("ReduceSumInteger", DOMAIN)
def reduce_sum_integer(x: Value, *, axes: Sequence[int], keepdims: int = 1) -> Value:
    return ReduceSum(to_element(x, t.i32), ints(axes or range(x.rank)), keep_dims=bool(keepdims))


@onnx_op("DynamicQuantizeLSTM", DOMAIN)
def dynamic_quantize_lstm(
    x: Value,
    w: Value,
    r: Value,
    b: Value | None,
    sequence_lens: Value | None,
    initial_h: Value | None,
    initial_c: Value | None,
    p: Value | None,
    w_scale: Value,
    w_zero: Value,
    r_scale: Value,
    r_zero: Value,
    *,
    activation_alpha: Sequence[float] = (),
    activation_beta: Sequence[float] = (),
    activations: Sequence[str] | None = None,
    clip: float = 0.0,
    direction: str = "forward",
    hidden_size: int | None = None,
    input_forget: int = 0,
) -> Sequence[Value]:
    """The weights are used as what they stand for; the data is not rounded on its way."""

    def weights(q: Value, scale: Value, zero: Value) -> Value:
        """directions, gates, inputs, from directions, inputs, gates with scales for each direction, or gate of it."""
        vectors = [unsqueeze(v, *([1, 2] if v.rank == 1 else [1])) for v in (scale, zero)]
        return permute(dequantize_linear(q, vectors[0], vectors[1]), (0, 2, 1))

    return lstm(
        x,
        weights(w, w_scale, w_zero),
        weights(r, r_scale, r_zero),
        b,
        sequence_lens,
        initial_h,
        initial_c,
        p,
        activation_alpha=activation_alpha,
        activation_beta=activation_beta,
        activations=activations,
        clip=clip,
        direction=direction,
        hidden_size=hidden_size,
        input_forget=input_forget,
    )


# -- weights of a few bits


@onnx_op("MatMulNBits", DOMAIN, ignore=("accuracy_level",))
def mat_mul_n_bits(
    a: Value,
    b: Value,
    scales: Value,
    zero_points: Value | None = None,
    g_idx: Value | None = None,
    bias: Value | None = None,
    *,
    K: int,
    N: int,
    bits: int = 4,
    block_size: int,
    weight_prepacked: int = 0,
) -> Value:
    if g_idx is not None or weight_prepacked:
        raise Unsupported("MatMulNBits with g_idx or prepacked weights is not supported", "Export it without them.")
    weights = block_dequantized(b, scales, zero_points, N, -(-K // block_size), block_size, bits)
    if K % block_size:
        weights = slice_axis(weights, 1, 0, K)
    y: Value = MatMul(a, weights, transpose_b=True)
    return y if bias is None else Add(y, bias)


def block_dequantized(
    packed: Value, scales: Value, zero_points: Value | None, rows: int, blocks: int, block: int, bits: int
) -> Value:
    """Rows of `blocks` blocks with a scale and a zero point each: rows, blocks * block. They stay packed."""
    element = _unsigned(bits)
    data = to_element(_as_elements(packed, element, (rows, blocks, block)), scales.element)
    if zero_points is None:
        zeros: Value = Convert(constant(np.full(1, 2 ** (bits - 1)), element), destination_type=scales.element)
    elif zero_points.element is t.u8:
        zeros = to_element(_as_elements(zero_points, element, (rows, blocks, 1)), scales.element)
    else:
        zeros = reshape_to(to_element(zero_points, scales.element), [rows, blocks, 1])
    scaled = Multiply(Subtract(data, zeros), reshape_to(scales, [rows, blocks, 1]))
    return Reshape(scaled, ints([rows, blocks * block]), special_zero=False)


def _unsigned(bits: int) -> ElementType:
    if bits not in (2, 4, 8):
        raise Unsupported(f"weights of {bits} bits are not supported; 2, 4 and 8 are")
    return {2: t.u2, 4: t.u4, 8: t.u8}[bits]


def _as_elements(packed: Value, element: ElementType, shape: Sequence[int]) -> Value:
    """A constant of bytes as the packed elements in them; a row that ends inside a byte is padded there."""
    tensor = packed.tensor
    if tensor is None:
        raise Unsupported("quantised weights must be constants")
    count = int(np.prod(shape))
    if tensor.nbytes == element.nbytes(count):
        return Constant(value=reinterpreted(tensor, element, shape))
    rows, used = shape[0], count // shape[0]
    per_row = tensor.nbytes // rows * 8 // element.bits
    if per_row < used or tensor.nbytes % rows:
        raise ModelError(f"{tensor.nbytes} bytes of quantised weights, and {element.nbytes(count)} are needed")
    padded = reinterpreted(tensor, element, (rows, per_row))
    cut = lazy(lambda whole: encode(whole[:, :used], element), padded, element=element, shape=shape)
    return Constant(value=cut)


@onnx_op("MatMulBnb4", DOMAIN)
def mat_mul_bnb4(
    a: Value,
    b: Value,
    absmax: Value,
    *,
    K: int,
    N: int,
    block_size: int,
    quant_type: int,
    training_mode: int = 0,
    transB: int = 1,
) -> Value:
    """Four-bit codes of a table; the high half of each byte comes first."""
    tensor = b.tensor
    if tensor is None:
        raise Unsupported("quantised weights must be constants")
    if K * N % block_size:
        raise Unsupported(f"MatMulBnb4 with {K} x {N} weights in blocks of {block_size} is not supported")
    codes = reinterpreted(tensor, t.u4, (K * N,))
    swapped = lazy(
        lambda c: encode(c.reshape(-1, 2)[:, ::-1], t.u4), codes, element=t.u4, shape=(K * N // block_size, block_size)
    )
    table = constant(NF4 if quant_type else FP4, absmax.element)
    data = Gather(table, to_element(Constant(value=swapped), t.i32), constant(0))
    weights = reshape_to(Multiply(data, unsqueeze(absmax, 1)), [N, K])
    return MatMul(a, weights if transB else swap_axes(weights, 0, 1), transpose_b=bool(transB))


_FP4_HALF = np.array([0.0, 0.00520833, 0.66666667, 1.0, 0.33333333, 0.5, 0.16666667, 0.25])
FP4 = np.concatenate([_FP4_HALF, -_FP4_HALF])
NF4 = np.array(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ]
)


@onnx_op("GatherBlockQuantized", DOMAIN)
def gather_block_quantized(
    data: Value,
    indices: Value,
    scales: Value,
    zero_points: Value | None = None,
    *,
    bits: int = 4,
    block_size: int = 128,
    gather_axis: int = 0,
    quantize_axis: int = 1,
) -> Value:
    """Rows of an embedding table with scales for blocks of the last axis; chosen first, dequantised then."""
    rank = scales.rank
    if gather_axis % rank or quantize_axis % rank != rank - 1 or data.tensor is None or block_size == 0:
        raise Unsupported("GatherBlockQuantized is supported for constant tables, rows gathered, last axis quantised")
    blocks = scales.static_shape
    if data.element is t.u8:
        data = _as_elements(data, _unsigned(bits), (*blocks[:-1], blocks[-1] * block_size))
    if data.static_shape != (*blocks[:-1], blocks[-1] * block_size):
        raise Unsupported(f"blocks of {block_size} do not divide the table {list(data.static_shape)}")
    half = 0 if data.element.is_signed else 2 ** (data.element.bits - 1)
    axis, target = constant(0), [*blocks[:-1], blocks[-1], block_size]
    rows = to_element(reshape_to(data, target), scales.element)
    zeros: Value = constant(half, scales.element)
    if zero_points is not None:
        if zero_points.element is t.u8:
            zero_points = _as_elements(zero_points, data.element, blocks)
        zeros = Gather(unsqueeze(to_element(zero_points, scales.element), rank), indices, axis)
    taken = Multiply(Subtract(Gather(rows, indices, axis), zeros), Gather(unsqueeze(scales, rank), indices, axis))
    return reshape_to(taken, _joined(taken))


def _joined(x: Value) -> Any:
    """The shape with the last two axes as one."""
    last = int(np.prod([d for d in x.dims[-2:] if isinstance(d, int)]))
    return vector([*(dim_size(x, a) for a in range(x.rank - 2)), last])
