"""ONNX Runtime's own domain: fused activations, products, convolutions, normalisations, and odds and ends.

Attention and quantisation have modules of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mo_core.build import (
    arange,
    channel_vector,
    concat,
    constant_like,
    convert_like,
    dim_size,
    filled,
    gather,
    ints,
    permute,
    reshape_keeping,
    reshape_to,
    split,
    to_element,
    unsqueeze,
    vector,
)
from mo_core.build.normalisation import by_own_statistics, reciprocal_deviation, rms_norm
from mo_core.build.windows import channels_first, convolve, fitted
from mo_core.errors import Unsupported
from mo_core.ir import Foreign, Value, constant
from mo_core.ir import types as t
from mo_core.ir.types import normalize_axis
from mo_core.ops import (
    Add,
    Clamp,
    Gelu,
    GroupNormalization,
    Inverse,
    MatMul,
    MaxPool,
    MaxPool14,
    Multiply,
    ReduceMean,
    ReduceSum,
    ReLU,
    Sigmoid,
    Softmax,
    Sqrt,
    SquaredDifference,
    Subtract,
    Swish,
    Tanh,
)
from mo_onnx.ops.activation import elu, hard_sigmoid, leaky_relu, softplus, softsign, thresholded_relu
from mo_onnx.ops.matrix import gemm
from mo_onnx.ops.normalization import (
    rms_normalization,
    stash_element,
)
from mo_onnx.ops.pooling import rounding
from mo_onnx.registry import onnx_op
from mo_onnx.window import Ints, require_kernel, spatial_attributes

DOMAIN = "com.microsoft"

# -- activations


@onnx_op("Gelu", DOMAIN)
def gelu(x: Value) -> Value:
    return Gelu(x)


@onnx_op("FastGelu", DOMAIN)
def fast_gelu(x: Value, bias: Value | None = None) -> Value:
    return Gelu(x if bias is None else Add(x, bias), approximation_mode="TANH")


@onnx_op("BiasGelu", DOMAIN)
def bias_gelu(x: Value, bias: Value) -> Value:
    return Gelu(Add(x, bias))


@onnx_op("QuickGelu", DOMAIN)
def quick_gelu(x: Value, *, alpha: float = 1.702) -> Value:
    return Swish(x, constant_like(x, alpha))


@onnx_op("ScaledSiLU", DOMAIN)
def scaled_silu(x: Value, scale: Value | None = None, *, alpha: float = 1.0) -> Value:
    factor = constant_like(x, alpha) if scale is None else convert_like(scale, x)
    return Swish(Multiply(x, factor))


@onnx_op("BiasSplitGelu", DOMAIN)
def bias_split_gelu(x: Value, bias: Value) -> Value:
    left, right = split(Add(x, bias), -1, 2)
    return Multiply(left, Gelu(right))


@onnx_op("BiasAdd", DOMAIN)
def bias_add(x: Value, bias: Value, skip: Value) -> Value:
    return Add(Add(x, bias), skip)


@onnx_op("BiasDropout", DOMAIN, ignore=("seed",))
def bias_dropout(
    x: Value, bias: Value, residual: Value | None = None, ratio: Value | None = None, training: Value | None = None
) -> Sequence[Value | None]:
    y: Value = Add(x, bias)
    return [y if residual is None else Add(y, residual), None]


@onnx_op("BiasSoftmax", DOMAIN)
def bias_softmax(x: Value, bias: Value, *, axis: int = 1, is_inner_broadcast: int) -> Value:
    axis = normalize_axis(axis, x.rank)
    if is_inner_broadcast and bias.rank < x.rank:
        # the bias lacks axes in the middle: its leading ones belong to the leading ones of the data
        lead = bias.rank - (x.rank - axis)
        bias = unsqueeze(bias, *range(lead, lead + x.rank - bias.rank))
    summed = Add(x, bias)
    if axis == x.rank - 1:
        return Softmax(summed, axis=axis)
    flat = reshape_to(summed, vector([*(dim_size(x, a) for a in range(axis)), -1]))
    return reshape_to(Softmax(flat, axis=axis), vector([dim_size(x, a) for a in range(x.rank)]))


@onnx_op("GatedAdd", DOMAIN)
def gated_add(x: Value, y: Value, gate: Value) -> Value:
    return Add(x, Multiply(y, gate))


def activated(
    x: Value, name: str, alpha: float | None = None, beta: float | None = None, gamma: float | None = None
) -> Value:
    """An activation that is fused into another op, by name, with its parameters where they are given."""
    if name in ("", "None"):
        return x
    simple = {
        "Relu": ReLU,
        "Sigmoid": Sigmoid,
        "Tanh": Tanh,
        "Softplus": softplus,
        "Softsign": softsign,
        "Gelu": Gelu,
    }
    if name in simple:
        return simple[name](x)
    first, second = {} if alpha is None else {"alpha": alpha}, {} if beta is None else {"beta": beta}
    if name == "Clip":
        return Clamp(x, min=-math.inf if alpha is None else alpha, max=math.inf if beta is None else beta)
    if name == "HardSigmoid":
        return hard_sigmoid(x, **first, **second)
    with_alpha = {"LeakyRelu": leaky_relu, "Elu": elu, "ThresholdedRelu": thresholded_relu}
    if name in with_alpha:
        return with_alpha[name](x, **first)
    raise Unsupported(f'the fused activation "{name}" is not known')


# -- products


@onnx_op("FusedMatMul", DOMAIN)
@onnx_op("TransposeMatMul", DOMAIN)
def fused_mat_mul(
    a: Value,
    b: Value,
    *,
    alpha: float = 1.0,
    transA: int = 0,
    transB: int = 0,
    transBatchA: int = 0,
    transBatchB: int = 0,
) -> Value:
    left, right = (_batch_axis_moved(v) if moved else v for v, moved in ((a, transBatchA), (b, transBatchB)))
    transposed = [bool(flag) and v.rank > 1 for v, flag in ((left, transA), (right, transB))]
    y: Value = MatMul(left, right, transpose_a=transposed[0], transpose_b=transposed[1])
    return y if alpha == 1 else Multiply(y, constant_like(y, alpha))


def _batch_axis_moved(x: Value) -> Value:
    """The first axis moved behind the other batch axes and in front of the last."""
    rank = x.rank
    return permute(x, [*range(1, rank - 1), 0, rank - 1])


@onnx_op("FusedMatMulActivation", DOMAIN)
def fused_mat_mul_activation(
    a: Value,
    b: Value,
    *,
    activation: str,
    activation_alpha: float | None = None,
    activation_beta: float | None = None,
    activation_gamma: float | None = None,
    activation_axis: int = -1,
    alpha: float = 1.0,
    transA: int = 0,
    transB: int = 0,
    transBatchA: int = 0,
    transBatchB: int = 0,
) -> Value:
    y = fused_mat_mul(a, b, alpha=alpha, transA=transA, transB=transB, transBatchA=transBatchA, transBatchB=transBatchB)
    if activation == "Softmax":
        return Softmax(y, axis=activation_axis)
    return activated(y, activation, activation_alpha, activation_beta, activation_gamma)


@onnx_op("FusedGemm", DOMAIN)
def fused_gemm(
    a: Value,
    b: Value,
    c: Value | None = None,
    *,
    activation: str = "",
    activation_alpha: float | None = None,
    activation_beta: float | None = None,
    activation_gamma: float | None = None,
    alpha: float = 1.0,
    beta: float = 1.0,
    leaky_relu_alpha: float | None = None,
    transA: int = 0,
    transB: int = 0,
) -> Value:
    y = gemm(a, b, c, alpha=alpha, beta=beta, transA=transA, transB=transB)
    if activation_alpha is None and activation == "LeakyRelu":
        activation_alpha = leaky_relu_alpha
    return activated(y, activation, activation_alpha, activation_beta, activation_gamma)


@onnx_op("GemmFastGelu", DOMAIN)
def gemm_fast_gelu(x: Value, w: Value, bias: Value | None = None) -> Value:
    return fast_gelu(MatMul(x, w), bias)


@onnx_op("CDist", DOMAIN)
def cdist(a: Value, b: Value, *, metric: str = "sqeuclidean") -> Value:
    if metric not in ("euclidean", "sqeuclidean"):
        raise Unsupported(f'CDist with metric "{metric}" is not supported; "euclidean" and "sqeuclidean" are')
    squares = ReduceSum(SquaredDifference(unsqueeze(a, 1), unsqueeze(b, 0)), ints([2]))
    return Sqrt(squares) if metric == "euclidean" else squares


@onnx_op("ComplexMul", DOMAIN)
@onnx_op("ComplexMulConj", DOMAIN)
def complex_mul(a: Value, b: Value, *, node: Foreign) -> Value:
    """Numbers of a real and an imaginary part lie in the last axis."""
    (ar, ai), (br, bi) = split(a, -1, 2), split(b, -1, 2)
    if node.op == "ComplexMulConj":
        bi = Multiply(bi, constant_like(bi, -1.0))
    real, imaginary = Subtract(Multiply(ar, br), Multiply(ai, bi)), Add(Multiply(ar, bi), Multiply(ai, br))
    return concat([real, imaginary], -1)


@onnx_op("Inverse", DOMAIN)
def inverse(x: Value) -> Value:
    return Inverse(x)


# -- convolutions


@onnx_op("FusedConv", DOMAIN)
def fused_conv(
    x: Value,
    w: Value,
    b: Value | None = None,
    z: Value | None = None,
    *,
    activation: str = "",
    activation_params: Sequence[float] = (),
    auto_pad: str = "NOTSET",
    dilations: Ints = None,
    group: int = 1,
    kernel_shape: Ints = None,
    leaky_relu_alpha: float | None = None,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    require_kernel(w, kernel_shape)
    y = convolve(x, w, b, group, spatial_attributes(w.rank - 2, auto_pad, dilations, pads, strides))
    params = activation_params or _leaky(activation, leaky_relu_alpha)
    return activated(y if z is None else Add(y, z), activation, *params)


def _leaky(activation: str, alpha: float | None) -> Sequence[float]:
    """The parameter of a fused activation in the name that early versions had for LeakyRelu alone."""
    return [] if alpha is None or activation != "LeakyRelu" else [alpha]


@onnx_op("NhwcConv", DOMAIN)
@onnx_op("NhwcFusedConv", DOMAIN)
def nhwc_conv(
    x: Value,
    w: Value,
    b: Value | None = None,
    z: Value | None = None,
    *,
    activation: str = "",
    activation_params: Sequence[float] = (),
    auto_pad: str = "NOTSET",
    dilations: Ints = None,
    group: int = 1,
    kernel_shape: Ints = None,
    pads: Ints = None,
    strides: Ints = None,
    node: Foreign,
) -> Value:
    """Channels last; the filters of NhwcConv, too."""
    require_kernel(w, kernel_shape, range(1, w.rank - 1) if node.op == "NhwcConv" else None)
    filters = permute(w, [0, w.rank - 1, *range(1, w.rank - 1)]) if node.op == "NhwcConv" else w
    spatial = spatial_attributes(w.rank - 2, auto_pad, dilations, pads, strides)
    y = channels_first(x, lambda data: convolve(data, filters, b, group, spatial))
    return activated(y if z is None else Add(y, z), activation, *activation_params)


@onnx_op("NhwcMaxPool", DOMAIN)
def nhwc_max_pool(
    x: Value,
    *,
    kernel_shape: Sequence[int],
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: Ints = None,
    pads: Ints = None,
    strides: Ints = None,
) -> Value:
    """Of 8-bit integers, which f32 holds exactly."""
    spatial = spatial_attributes(len(kernel_shape), auto_pad, dilations, pads, strides)
    how = rounding(spatial, ceil_mode)
    pool = MaxPool14 if how == "ceil_torch" else MaxPool

    def maxima(data: Value) -> Value:
        kernel, fitting = fitted(data, kernel_shape, spatial, how)
        return pool(data, **fitting, kernel=kernel, rounding_type=how)

    return to_element(channels_first(to_element(x, t.f32), maxima), x.element)


# -- normalisations


def layer_normalized(x: Value, gamma: Value, beta: Value | None, epsilon: float) -> Value:
    """Normalised over the last axis, scaled and shifted."""
    y = Multiply(by_own_statistics(x, [-1], epsilon), gamma)
    return y if beta is None else Add(y, beta)


def _statistics(x: Value, epsilon: float, node: Foreign) -> list[Value | None]:
    """Mean and reciprocal deviation over the last axis, where somebody reads them."""
    if not any(r.uses for r in node.results[1:3]):
        return [None, None]
    mean = ReduceMean(x, ints([-1]), keep_dims=True)
    var = ReduceMean(SquaredDifference(x, mean), ints([-1]), keep_dims=True)
    return [mean, reciprocal_deviation(var, epsilon)]


@onnx_op("SkipLayerNormalization", DOMAIN)
def skip_layer_normalization(
    x: Value,
    skip: Value,
    gamma: Value,
    beta: Value | None = None,
    bias: Value | None = None,
    *,
    epsilon: float = 1e-12,
    node: Foreign,
) -> Sequence[Value | None]:
    total = Add(x, skip) if bias is None else Add(Add(x, skip), bias)
    return [layer_normalized(total, gamma, beta, epsilon), *_statistics(total, epsilon, node), total]


@onnx_op("SimplifiedLayerNormalization", DOMAIN)
@onnx_op("SimplifiedLayerNormalization")
def simplified_layer_normalization(
    x: Value, scale: Value, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1, node: Foreign
) -> Sequence[Value]:
    y = rms_normalization(x, scale, axis=axis, epsilon=epsilon, stash_type=stash_type)
    if len(node.results) < 2 or not node.results[1].uses:
        return [y]
    data = to_element(x, stash_element(stash_type, x.element))
    axes = ints(range(normalize_axis(axis, x.rank), x.rank))
    return [y, reciprocal_deviation(ReduceMean(Multiply(data, data), axes, keep_dims=True), epsilon)]


@onnx_op("SkipSimplifiedLayerNormalization", DOMAIN)
def skip_simplified_layer_normalization(
    x: Value, skip: Value, gamma: Value, bias: Value | None = None, *, epsilon: float = 1e-12
) -> Sequence[Value | None]:
    total = Add(x, skip) if bias is None else Add(Add(x, skip), bias)
    return [Multiply(rms_norm(total, [-1], epsilon), gamma), None, None, total]


@onnx_op("GatedRMSNorm", DOMAIN)
def gated_rms_norm(x: Value, scale: Value, gate: Value, *, activation: str = "silu", epsilon: float = 1e-5) -> Value:
    size = scale.dims[0]
    if not isinstance(size, int):
        raise Unsupported("GatedRMSNorm needs a scale of known length")
    data, weights, gates = (to_element(v, t.f32) for v in (x, scale, gate))
    groups = reshape_to(data, vector([*(dim_size(x, a) for a in range(x.rank - 1)), -1, size]))
    y = Multiply(rms_norm(groups, [-1], epsilon), weights)
    flat = reshape_to(y, vector([dim_size(x, a) for a in range(x.rank)]))
    return convert_like(Multiply(flat, Sigmoid(gates) if activation == "sigmoid" else Swish(gates)), x)


@onnx_op("EmbedLayerNormalization", DOMAIN, ignore=("mask_index_type",))
def embed_layer_normalization(
    input_ids: Value,
    segment_ids: Value | None,
    words: Value,
    positions: Value,
    segments: Value | None,
    gamma: Value,
    beta: Value,
    mask: Value | None = None,
    position_ids: Value | None = None,
    *,
    epsilon: float = 1e-12,
) -> Sequence[Value]:
    places = arange(dim_size(input_ids, 1)) if position_ids is None else position_ids
    total: Value = Add(gather(words, input_ids, 0), gather(positions, places, 0))
    if segments is not None and segment_ids is not None:
        total = Add(total, gather(segments, segment_ids, 0))
    if mask is None:
        count: Value = filled(vector([dim_size(input_ids, 0)]), constant(0, t.i32))
    else:
        count = ReduceSum(to_element(mask, t.i32), ints([1]))
    return [layer_normalized(total, gamma, beta, epsilon), count, total]


@onnx_op("GroupNorm", DOMAIN)
def group_norm(
    x: Value, gamma: Value, beta: Value, *, activation: int, groups: int, channels_last: int = 1, epsilon: float = 1e-5
) -> Value:
    def norm(data: Value) -> Value:
        scale, shift = convert_like(gamma, data), convert_like(beta, data)
        return GroupNormalization(data, scale, shift, num_groups=groups, epsilon=epsilon)

    y = channels_first(x, norm, bool(channels_last))
    return Swish(y) if activation else y


@onnx_op("SkipGroupNorm", DOMAIN)
def skip_group_norm(
    x: Value,
    gamma: Value,
    beta: Value,
    skip: Value,
    bias: Value | None = None,
    *,
    activation: int,
    groups: int,
    channels_last: int = 1,
    epsilon: float = 1e-5,
) -> Sequence[Value]:
    def per_channel(v: Value) -> Value:
        behind = 0 if channels_last else 2
        return v if v.rank == 4 else reshape_keeping(v, [0, 1, 1, -1] if behind == 0 else [0, -1, 1, 1])

    total = Add(x, per_channel(skip))
    if bias is not None:
        total = Add(total, bias if channels_last else channel_vector(bias, 2))
    y = group_norm(
        total, gamma, beta, activation=activation, groups=groups, channels_last=channels_last, epsilon=epsilon
    )
    return [y, total]
