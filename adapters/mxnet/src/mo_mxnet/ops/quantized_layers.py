"""Layers with learned weights in the oneDNN flow: 8-bit data and weights, with what oneDNN fused into one operator.

The numbers are added up in 32 bits, which is exact; what is computed here with what they stand for differs from that by
the rounding of f32 only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mo_core.build import channel_vector, constant_like, flatten, ints, reshape_to
from mo_core.build.windows import Spatial, convolve
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Abs,
    Add,
    Clamp,
    Convert,
    Divide,
    MatMul,
    Maximum,
    Minimum,
    Multiply,
    Negative,
    PReLU,
    ReduceMax,
    ReLU,
    Round,
    Sqrt,
    Subtract,
)
from mo_mxnet.attributes import Ints
from mo_mxnet.ops.attention import selfatt_qk, selfatt_valatt
from mo_mxnet.ops.quantized import (
    FUSED,
    PLAIN,
    TINY,
    Scale,
    Triple,
    known_range,
    numbers,
    range_of_products,
    reach,
    real,
    step,
    whole,
)
from mo_mxnet.registry import mxnet_op
from mo_mxnet.window import spatial_attributes

# -- as the quantisation of a graph makes them without oneDNN's fusions


@mxnet_op("_contrib_quantized_conv", ignore=("num_filter",))
def quantized_convolution(
    *inputs: Value,
    kernel: Ints,
    stride: Ints = (),
    dilate: Ints = (),
    pad: Ints = (),
    num_group: int = 1,
    no_bias: bool = False,
    layout: str | None = None,
) -> Triple:
    """Data, weights and bias, then their ranges; the result is in 32 bits. MXNet adds the bias as it is."""
    layer = Layer(inputs, no_bias)
    _check_layout(layout)
    spatial = spatial_attributes(len(kernel), stride, dilate, pad)
    bias = None if layer.bias is None else numbers(layer.bias)
    y = convolve(numbers(layer.data), numbers(layer.weight), bias, num_group, spatial)
    ends = reach(*layer.ranges[0]), reach(*layer.ranges[1])
    plain: Scale = {**PLAIN, t.u8: PLAIN[t.i8]}
    one = Multiply(step(layer.data.element, ends[0], plain), step(t.i8, ends[1], plain))
    return [_in_32_bits(y), *_range_in_32_bits(one)]


@mxnet_op("_contrib_quantized_fully_connected", ignore=("num_hidden",))
def quantized_fully_connected(*inputs: Value, no_bias: bool = False, flatten: bool = True) -> Triple:
    """Data, weights and bias, then their ranges; the result is in 32 bits."""
    layer = Layer(inputs, no_bias)
    bias = None if layer.bias is None else _whole(layer.bias_in_products())
    return layer.in_32_bits(_connected(numbers(layer.data), numbers(layer.weight), bias, flatten))


class Layer:
    """Data, weights and perhaps a bias, all quantised, with their ranges."""

    def __init__(self, inputs: Sequence[Value], no_bias: bool) -> None:
        count = 2 if no_bias else 3
        if len(inputs) != 3 * count:
            raise ModelError(f"a quantised layer has {len(inputs)} inputs, and {3 * count} are needed")
        self.data, self.weight = inputs[:2]
        self.bias = None if no_bias else inputs[2]
        self.ranges = [(inputs[count + 2 * i], inputs[count + 2 * i + 1]) for i in range(count)]

    @property
    def one(self) -> Value:
        """What one of a product stands for."""
        data, weight = (step(q.element, reach(*r)) for q, r in zip((self.data, self.weight), self.ranges))
        return Multiply(data, weight)

    def bias_in_products(self) -> Value:
        """The bias, counted in products."""
        assert self.bias is not None
        return Divide(real(self.bias, *self.ranges[2]), self.one)

    def in_32_bits(self, sums: Value) -> Triple:
        """Sums of products and what MXNet says that they stand for."""
        return [_in_32_bits(sums), *range_of_products(self.data, reach(*self.ranges[0]), reach(*self.ranges[1]))]


def _in_32_bits(sums: Value) -> Value:
    return Convert(sums, destination_type=t.i32)


def _range_in_32_bits(one: Value) -> list[Value]:
    end = reshape_to(Multiply(one, constant(np.float32(PLAIN[t.i32]))), [1])
    return [Negative(end), end]


def _whole(x: Value) -> Value:
    """Cut to whole numbers, as a conversion to i32 does."""
    return numbers(_in_32_bits(x))


def _rounded(x: Value) -> Value:
    return Round(x, mode="half_away_from_zero")


def _connected(data: Value, weight: Value, bias: Value | None, flat: bool) -> Value:
    rows = flatten(data, 1) if flat and data.rank != 2 else data
    y = MatMul(rows, weight, transpose_b=True)
    return y if bias is None else Add(y, bias)


def _check_layout(layout: str | None) -> None:
    if layout not in (None, "NCHW", "NCDHW", "NCW"):
        raise Unsupported(f"a quantised convolution in the layout {layout[:20]} is not supported")


# -- with what oneDNN fused


@mxnet_op("_sg_mkldnn_conv", ignore=("num_filter", "weight_channelwise_scale"))
def fused_convolution(
    *inputs: Value,
    kernel: Ints,
    stride: Ints = (),
    dilate: Ints = (),
    pad: Ints = (),
    num_group: int = 1,
    no_bias: bool = False,
    layout: str | None = None,
    with_bn: bool = False,
    bn_eps: float = 1e-3,
    bn_fix_gamma: bool = True,
    with_act: bool = False,
    with_sum: bool = False,
    with_postsum_act: bool = False,
    activations: str = "",
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> Triple:
    """Data, weights, bias, the four of a BatchNorm, what is added; then the ranges of the data and of what is added.

    The weights are real numbers, and are made 8-bit ones here: each filter by its own range, or all by one where the
    network was not calibrated.
    """
    _check_layout(layout)
    count = 2 + (not no_bias) + 4 * with_bn + with_sum + 2 + 2 * with_sum
    if len(inputs) != count:
        raise ModelError(f"a fused convolution has {len(inputs)} inputs, and {count} are needed")
    data, weight, *rest = inputs
    bias = None if no_bias else rest.pop(0)
    if with_bn:
        weight, bias = _with_statistics(weight, bias, [rest.pop(0) for _ in range(4)], bn_eps, bn_fix_gamma)
    added = rest.pop(0) if with_sum else None
    spatial = spatial_attributes(len(kernel), stride, dilate, pad)
    calibrated = known_range(min_calib_range, max_calib_range)
    filters, size = _quantised_weights(weight, by_row=calibrated is not None)
    one = Multiply(step(data.element, reach(rest[0], rest[1])), reshape_to(size, [-1]))
    counted = None if bias is None else _rounded(Divide(bias, one))
    if calibrated is None:
        return _uncalibrated(data, filters, counted, rest, size, activations, spatial, num_group, with_sum)
    whole_bias = None if counted is None else Multiply(counted, one)
    y = convolve(real(data, rest[0], rest[1]), Multiply(numbers(filters), size), whole_bias, num_group, spatial)
    first, last = _activations(activations, with_act, with_postsum_act)
    y = _applied(y, first)
    if added is not None:
        y = Add(y, real(added, rest[2], rest[3]))
    y = _applied(y, last)
    decisive = last if with_sum else first
    element = t.u8 if decisive.split(":")[0] in ("relu", "clip") else t.i8
    end = reach(*calibrated)
    if added is not None and added.element is not element:
        y = _within(y, added.element, step(element, end))
    return [whole(y, end, element), *calibrated]


def _within(y: Value, element: ElementType, one: Value) -> Value:
    """What MXNet leaves of a result that it writes in the place of what was added, as numbers of that type."""
    return ReLU(y) if element is t.u8 else Minimum(y, Multiply(one, constant(np.float32(127))))


def _uncalibrated(
    data: Value,
    filters: Value,
    bias: Value | None,
    ranges: Sequence[Value],
    size: Value,
    activations: str,
    spatial: Spatial,
    groups: int,
    with_sum: bool,
) -> Triple:
    """In 32 bits; `bias` and results are counted in products."""
    if with_sum or activations not in ("", "relu"):
        raise Unsupported("a fused convolution without calibration is not supported; calibrate the network")
    sums = convolve(numbers(data), numbers(filters), bias, groups, spatial)
    end = Multiply(size, constant(np.float32(FUSED[t.i8])))
    return [_in_32_bits(_applied(sums, activations)), *range_of_products(data, reach(ranges[0], ranges[1]), end)]


def _with_statistics(
    weight: Value, bias: Value | None, statistics: Sequence[Value], eps: float, fix_gamma: bool
) -> tuple[Value, Value]:
    """Weights and bias with a BatchNorm in them."""
    gamma, beta, mean, var = statistics
    deviation = Sqrt(Add(var, constant_like(var, eps)))
    factor = Divide(constant_like(var, 1) if fix_gamma else gamma, deviation)
    shift = Negative(mean) if bias is None else Subtract(bias, mean)
    across = reshape_to(factor, [-1, *[1] * (weight.rank - 1)])
    return Multiply(weight, across), Add(beta, Multiply(factor, shift))


def _quantised_weights(weight: Value, by_row: bool) -> tuple[Value, Value]:
    """Weights as i8, and what one of them stands for: a number a filter (which broadcasts), or one for all."""
    end: Value = ReduceMax(Abs(weight), ints(range(1 if by_row else 0, weight.rank)), keep_dims=by_row)
    end = Maximum(end, constant_like(end, TINY))
    scale = Divide(constant_like(end, FUSED[t.i8]), end)
    rounded = Clamp(_rounded(Multiply(weight, scale)), min=-128.0, max=127.0)
    return Convert(rounded, destination_type=t.i8), step(t.i8, end)


@mxnet_op("_sg_mkldnn_fully_connected", ignore=("num_hidden",))
def fused_fully_connected(
    *inputs: Value,
    no_bias: bool = False,
    flatten: bool = True,
    with_eltwise: bool = False,
    activations: str = "",
    enable_float_output: bool = False,
    channel_wise_quantize: bool | None = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> Triple:
    """Data, weights and bias, then their ranges; `channel_wise_quantize`: weights are real, and have no range."""
    calibrated = known_range(min_calib_range, max_calib_range)
    chosen, _ = _activations(activations, with_eltwise, False)
    if channel_wise_quantize:
        data, weight, bias = _by_row(inputs, no_bias)
    else:
        layer = Layer(inputs, no_bias)
        counted = None if layer.bias is None else _whole(layer.bias_in_products())
        if calibrated is None and not enable_float_output:
            if chosen not in ("", "relu"):
                raise Unsupported("a fused layer without calibration is not supported; calibrate the network")
            sums = _connected(numbers(layer.data), numbers(layer.weight), counted, flatten)
            return layer.in_32_bits(_applied(sums, chosen))
        data, weight = real(layer.data, *layer.ranges[0]), real(layer.weight, *layer.ranges[1])
        bias = None if counted is None else Multiply(counted, layer.one)
    y = _applied(_connected(data, weight, bias, flatten), chosen)
    if enable_float_output:
        return [y]
    if calibrated is None:
        raise Unsupported("a fused layer without calibration is not supported; calibrate the network")
    element = t.u8 if chosen.split(":")[0] in _NOT_NEGATIVE else t.i8
    return [whole(y, reach(*calibrated), element), *calibrated]


_NOT_NEGATIVE = ("relu", "clip", "square", "sqrt", "abs")


def _by_row(inputs: Sequence[Value], no_bias: bool) -> tuple[Value, Value, Value | None]:
    """What data, weights and bias stand for, where each row of the weights has a range of its own."""
    count = 2 if no_bias else 3
    if len(inputs) != count + 2:
        raise ModelError(f"a layer quantised by rows has {len(inputs)} inputs, and {count + 2} are needed")
    rows, size = _quantised_weights(inputs[1], by_row=True)
    one = Multiply(step(inputs[0].element, reach(inputs[count], inputs[count + 1])), reshape_to(size, [-1]))
    bias = None if no_bias else Multiply(_rounded(Divide(inputs[2], one)), one)
    return real(inputs[0], inputs[count], inputs[count + 1]), Multiply(numbers(rows), size), bias


def _activations(texts: str, first: bool, last: bool) -> tuple[str, str]:
    """The activation before and that after what is added; empty for none."""
    found = texts.split()
    if len(found) != first + last:
        raise Unsupported(f'the fused operators "{texts[:60]}" are not supported')
    return found[0] if first else "", found[-1] if last else ""


def _applied(x: Value, text: str) -> Value:
    """A fused activation: its name and numbers, as `clip:0:6`; none for no text."""
    name, *texts = text.split(":")
    if not name:
        return x
    if name == "clip":
        low, high = (float(n) for n in texts)
        return Clamp(x, min=low, max=high)
    if name == "leaky":
        return PReLU(x, constant_like(x, float(texts[0])))
    simple = {"relu": ReLU, "square": lambda v: Multiply(v, v), "sqrt": Sqrt, "abs": Abs}.get(name)
    if simple is None:
        raise Unsupported(f"MXNet applies a fused {name[:40]} to the 8-bit numbers, which means nothing")
    return simple(x)


@mxnet_op("_contrib_quantized_batch_norm", ignore=("momentum", "fix_gamma", "use_global_stats", "output_mean_var"))
def quantized_batch_norm(
    q: Value,
    gamma: Value,
    beta: Value,
    mean: Value,
    var: Value,
    low: Value,
    high: Value,
    *,
    eps: float = 1e-3,
    axis: int = 1,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> Triple:
    """By the statistics of the training; the numbers are i8 before and after."""
    calibrated = known_range(min_calib_range, max_calib_range)
    if calibrated is None:
        raise ModelError("a quantised BatchNorm has no range of calibration, which MXNet needs, too")
    end = reach(low, high)
    x = real(whole(real(q, low, high), end, t.i8), low, high) if q.element is t.u8 else real(q, low, high)
    factor: Value = Divide(gamma, Sqrt(Add(var, constant_like(var, eps))))
    after = x.rank - 1 - t.normalize_axis(axis, x.rank)
    shift = Subtract(beta, Multiply(mean, factor))
    factor = Multiply(factor, constant_like(factor, (1 + eps) ** -0.5))  # oneDNN takes it for a variance of 1, again
    y = Add(Multiply(x, channel_vector(factor, after)), channel_vector(shift, after))
    return [whole(y, reach(*calibrated), t.i8), *calibrated]


# -- attention


@mxnet_op("_sg_mkldnn_selfatt_qk")
def fused_scores(
    *inputs: Value,
    heads: int,
    quantized: bool = False,
    enable_float_output: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> Triple:
    """Scores of interleaved queries and keys; quantised: with the range of the input."""
    if not quantized:
        return [selfatt_qk(inputs[0], heads=heads)]
    y = selfatt_qk(real(inputs[0], inputs[1], inputs[2]), heads=heads)
    return _as_asked(y, enable_float_output, min_calib_range, max_calib_range)


@mxnet_op("_sg_mkldnn_selfatt_valatt")
def fused_weighted_values(
    *inputs: Value,
    heads: int,
    quantized: bool = False,
    enable_float_output: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> Triple:
    """Values weighted by attention; quantised: with the ranges of both."""
    if not quantized:
        return [selfatt_valatt(inputs[0], inputs[1], heads=heads)]
    if len(inputs) != 6:
        raise ModelError(f"quantised attention has {len(inputs)} inputs, and 6 are needed")
    y = selfatt_valatt(real(inputs[0], inputs[2], inputs[3]), real(inputs[1], inputs[4], inputs[5]), heads=heads)
    return _as_asked(y, enable_float_output, min_calib_range, max_calib_range)


def _as_asked(y: Value, as_real: bool, low: float | None, high: float | None) -> Triple:
    calibrated = known_range(low, high)
    if as_real:
        return [y]
    if calibrated is None:
        raise Unsupported("quantised attention without calibration is not supported; calibrate the network")
    return [whole(y, reach(*calibrated), t.i8), *calibrated]
