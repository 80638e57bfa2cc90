"""The examples of `picture_graphs`, continued: activations, norms, what moves elements, quantisation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from picture_graphs import c, conv, data, example, ints, quantized, w, window

from mo_core import ops
from mo_core.ir import Graph, Value, constant
from mo_core.ir import types as t

# -- activations


@example("activation-fusion", "sigmoid", "The numbers are exactly these.")
def sigmoid(g: Graph) -> Value:
    return ops.Divide(c(1.0), ops.Add(ops.Exp(ops.Negative(data(g))), c(1.0)))


@example(
    "activation-fusion",
    "swish",
    "Both factors come from the same value; a constant factor inside becomes beta.",
)
def swish(g: Graph) -> Value:
    x = data(g)
    return ops.Multiply(x, ops.Sigmoid(x))


@example("activation-fusion", "hswish", "The limits are 0 and 6, shift 3 and factor 1/6, in any order.")
def hswish(g: Graph) -> Value:
    x = data(g)
    return ops.Divide(ops.Multiply(x, ops.Clamp(ops.Add(x, c(3.0)), min=0, max=6)), c(6.0))


@example("activation-fusion", "hsigmoid", "The limits are 0 and 6, shift 3 and factor 1/6, in any order.")
def hsigmoid(g: Graph) -> Value:
    return ops.Multiply(ops.Clamp(ops.Add(data(g), c(3.0)), min=0, max=6), c(1 / 6))


@example("activation-fusion", "softplus", "The shift is exactly 1.")
def softplus(g: Graph) -> Value:
    return ops.Log(ops.Add(ops.Exp(data(g)), c(1.0)))


@example("activation-fusion", "softsign", "The shift is exactly 1.")
def softsign(g: Graph) -> Value:
    x = data(g)
    return ops.Divide(x, ops.Add(ops.Abs(x), c(1.0)))


@example("activation-fusion", "mish", "Both factors come from the same value.")
def mish(g: Graph) -> Value:
    x = data(g)
    return ops.Multiply(x, ops.Tanh(ops.SoftPlus(x)))


@example("activation-fusion", "gelu", "The numbers are these to float precision; factors may stand anywhere.")
def gelu(g: Graph) -> Value:
    x = data(g)
    return ops.Multiply(ops.Multiply(x, ops.Add(ops.Erf(ops.Divide(x, c(math.sqrt(2)))), c(1.0))), c(0.5))


@example("activation-fusion", "gelu-by-tanh", "The numbers are these to float precision; factors may stand anywhere.")
def gelu_by_tanh(g: Graph) -> Value:
    x = data(g)
    inner = ops.Multiply(ops.Add(x, ops.Multiply(ops.Power(x, c(3.0)), c(0.044715))), c(math.sqrt(2 / math.pi)))
    return ops.Multiply(ops.Multiply(x, c(0.5)), ops.Add(ops.Tanh(inner), c(1.0)))


@example("clamp-fusion", "limits", "The limits are single numbers.")
def limits(g: Graph) -> Value:
    return ops.Minimum(ops.Maximum(data(g), c(0.0)), c(6.0))


@example(
    "prelu-fusion",
    "prelu-of-relus",
    "The slope is a number, or a constant with one number for each channel. Same for `max(x, a x)` (`leaky- "
    "limit`), Select (`leaky-select`) and |x| (`prelu-of-abs`).",
)
def prelu_of_relus(g: Graph) -> Value:
    x = data(g)
    return ops.Subtract(ops.ReLU(x), ops.Multiply(w(4, 1, 1), ops.ReLU(ops.Negative(x))))


@example("powers", "simple-power", "The exponent is exactly 1 or 1/2.")
def simple_power(g: Graph) -> Value:
    return ops.Power(ops.Abs(data(g)), c(0.5))


@example(
    "softmax-fusion",
    "softmax",
    "One constant axis, kept by the reductions; the maximum taken off is that along the same axis.",
)
def softmax(g: Graph) -> Value:
    x = data(g, 2, 10)
    e = ops.Exp(ops.Subtract(x, ops.ReduceMax(x, [-1], keep_dims=True)))
    return ops.Divide(e, ops.ReduceSum(e, [-1], keep_dims=True))


@example("softmax-fusion", "log-softmax", "As above.")
def log_softmax(g: Graph) -> Value:
    x = data(g, 2, 10)
    return ops.Subtract(x, ops.Log(ops.ReduceSum(ops.Exp(x), [-1], keep_dims=True)))


# -- normalisation and attention


@example(
    "normalisation-fusion",
    "mean-variance",
    "Both means are over the same constant axes and of the same value; eps is a number that is not negative. "
    "Factor and shift after it stay as they are.",
)
def mean_variance(g: Graph) -> Value:
    x = data(g, 2, 5, 16)
    centred = ops.Subtract(x, ops.ReduceMean(x, [-1], keep_dims=True))
    variance = ops.ReduceMean(ops.Multiply(centred, centred), [-1], keep_dims=True)
    return ops.Divide(centred, ops.Sqrt(ops.Add(variance, c(1e-5))))


@example(
    "normalisation-fusion",
    "l2-of-squares",
    "The sum is over constant axes of the same value; eps is a number that is added, or below which the sum is "
    "not allowed to fall.",
)
def l2_of_squares(g: Graph) -> Value:
    x = data(g)
    total = ops.ReduceSum(ops.Power(x, c(2.0)), [1], keep_dims=True)
    return ops.Divide(x, ops.Sqrt(ops.Add(total, c(1e-6))))


@example("normalisation-fusion", "l2-of-length", "As above, the length being limited from below by eps.")
def l2_of_length(g: Graph) -> Value:
    x = data(g)
    return ops.Divide(x, ops.Maximum(ops.ReduceL2(x, [1], keep_dims=True), c(1e-3)))


@example(
    "normalisation-fusion",
    "group-norm",
    "The first Reshape sets groups of channels apart, the MVN goes over all that a group holds, and the second "
    "Reshape restores the shape.",
)
def group_norm(g: Graph) -> Value:
    x = data(g)
    apart = ops.Reshape(x, ints(1, 2, -1), special_zero=False)
    mvn = ops.MVN(apart, ints(2), normalize_variance=True, eps=1e-5, eps_mode="inside_sqrt")
    back = ops.Reshape(mvn, ints(1, 4, 8, 8), special_zero=False)
    return ops.Add(ops.Multiply(back, w(4, 1, 1)), w(4, 1, 1))


@example(
    "attention-fusion",
    "scaled-attention",
    "Queries, keys and values are computed, of one rank (3 or 4), and of the same batches; Softmax is along the "
    "last axis; scale and mask are optional. Nothing else reads the scores.",
)
def scaled_attention(g: Graph) -> Value:
    q, k, v = (data(g, 1, 2, 5, 16, name=n) for n in "qkv")
    scores = ops.Multiply(ops.MatMul(q, k, transpose_b=True), c(0.25))
    return ops.MatMul(ops.Softmax(scores, axis=-1), v)


# -- what moves elements


@example(
    "shuffle-fusion",
    "shuffle-channels",
    "The Reshapes set the channels apart in two known numbers, and only these change places.",
)
def shuffle_channels(g: Graph) -> Value:
    y = ops.Reshape(data(g), ints(1, 2, 2, 8, 8), special_zero=False)
    return ops.Reshape(ops.Transpose(y, ints(0, 2, 1, 3, 4)), ints(1, 4, 8, 8), special_zero=False)


@example(
    "shuffle-fusion",
    "blocks-and-depth",
    "The shapes and the order of axes are those of DepthToSpace or SpaceToDepth in one of their modes.",
)
def blocks_and_depth(g: Graph) -> Value:
    y = ops.Reshape(data(g), ints(1, 1, 2, 2, 8, 8), special_zero=False)
    return ops.Reshape(ops.Transpose(y, ints(0, 1, 4, 2, 5, 3)), ints(1, 1, 16, 16), special_zero=False)


@example(
    "reduction-fusion",
    "reductions",
    "Both are of one kind and both keep, or both drop, their axes. Also: axes dropped after a reduction, or put "
    "in again (`reduced-axes-dropped`, `reduced-axes-restored`).",
)
def reductions(g: Graph) -> Value:
    return ops.ReduceMean(ops.ReduceMean(data(g), [3], keep_dims=True), [2], keep_dims=True)


@example("split-and-concat", "nested-concat", "Both are along the same axis, and nobody else reads the inner one.")
def nested_concat(g: Graph) -> Value:
    x, y, z = (data(g, 1, 2, 4, name=n) for n in "xyz")
    return ops.Concat([ops.Concat([x, y], axis=1), z], axis=1)


@example(
    "split-and-concat",
    "slices-of-an-axis",
    "Steps of 1 along one axis of known size, which the slices share out without gap or overlap.",
)
def slices_of_an_axis(g: Graph) -> Sequence[Value]:
    x = data(g)
    halves = [ops.Slice(x, ints(a), ints(a + 2), ints(1), ints(1)) for a in (0, 2)]
    return ops.ReLU(halves[0]), ops.Sigmoid(halves[1])


@example(
    "axis-orders",
    "",
    "The orders are constant, and the ops between the Transposes say what their axes mean. A Transpose goes through them, "
    "however many readers a value has, as long as no more elements are moved than before.",
)
def axis_orders(g: Graph) -> Value:
    x = ops.Transpose(data(g), ints(0, 2, 3, 1))
    y = ops.Add(ops.ReLU(x), w(4))
    mean = ops.ReduceMean(y, ints(1, 2), keep_dims=True)
    return ops.Transpose(ops.Multiply(y, ops.Sigmoid(mean)), ints(0, 3, 1, 2))


@example("transposes", "merge-transposes", "The orders are constant.")
def merge_transposes(g: Graph) -> Value:
    return ops.Transpose(ops.Transpose(data(g), ints(0, 2, 3, 1)), ints(0, 2, 3, 1))


@example("transposes", "into-matmul-second", "The last two axes are exchanged, and no others.")
def into_matmul_second(g: Graph) -> Value:
    return ops.MatMul(data(g, 2, 4), ops.Transpose(data(g, 8, 4, name="y"), ints(1, 0)))


# -- quantisation


@example(
    "quantization",
    "symmetric-pair",
    "The whole numbers have no other reader, and hold every level. With a zero point: `pair-with-zero-point`.",
)
def symmetric_pair(g: Graph) -> Value:
    levels = ops.FakeQuantize(data(g), c(-2.56), c(2.54), c(-128.0), c(127.0), levels=256)
    return ops.Multiply(ops.Convert(ops.Convert(levels, destination_type=t.i8), destination_type=t.f32), c(0.02))


@example(
    "requantization",
    "limit-before-quantize",
    "Only FakeQuantize reads the limit, and its range lies within the limits. A lower limit of 0 that is needed "
    "is kept as ReLU.",
)
def limit_before_quantize(g: Graph) -> Value:
    return quantized(ops.Clamp(data(g), min=0, max=6), 0.0, 5.1)


@example("shared-quantization", "same-quantize", "Same operand, levels and limits.")
def same_quantize(g: Graph) -> Sequence[Value]:
    x = data(g)
    return conv(quantized(x, 0.0, 5.1)), conv(quantized(x, 0.0, 5.1), 4, 1)


@example(
    "weights-compression",
    "weights-as-integers",
    "At most 256 levels, finite limits of which the lower is not above the upper.",
)
def weights_as_integers(g: Graph) -> Value:
    filters = ops.FakeQuantize(w(8, 4, 3, 3), c(-1.0), c(1.0), c(-1.0), c(1.0), levels=255)
    return ops.Convolution(data(g), filters, dilations=[1, 1], **window())


# -- Elu, resizing, whole numbers


@example(
    "elu-fusion",
    "elu",
    "min(x, 0) may also be written as -relu(-x). Also from Select (`elu-by-select`), and with the exponential limited "
    "from above (`elu-by-limits`).",
)
def elu(g: Graph) -> Value:
    x = data(g)
    below = ops.Subtract(ops.Exp(ops.Minimum(x, c(0.0))), c(1.0))
    return ops.Add(ops.ReLU(x), ops.Multiply(below, c(0.7)))


@example("elu-fusion", "selu", "The slope is 1.6733 and the factor 1.0507, to four digits.")
def selu(g: Graph) -> Value:
    return ops.Multiply(ops.Elu(data(g), alpha=1.6732632), c(1.050701))


@example(
    "resize-fusion",
    "copies-along-new-axes",
    "Data of rank 4 or 5, spatial axes. The copies may come from Tile, Broadcast or a product with ones; or from a "
    "Split into parts of size 1, each of which is taken several times (`copies-of-parts`).",
)
def copies_along_new_axes(g: Graph) -> Value:
    apart = ops.Reshape(data(g), ints(1, 4, 8, 1, 8, 1), special_zero=False)
    return ops.Reshape(ops.Tile(apart, ints(1, 1, 1, 2, 1, 2)), ints(1, 4, 16, 16), special_zero=False)


@example(
    "resize-fusion",
    "resizings",
    "Both resize in the same way along different spatial axes, without padding and without antialiasing.",
)
def resizings(g: Graph) -> Value:
    def resized(x: Value, axis: int) -> Value:
        return ops.Interpolate(
            x, constant([2.0], t.f32), constant([axis]), mode="nearest", shape_calculation_mode="scales"
        )

    return resized(resized(data(g), 2), 3)


@example(
    "quantization",
    "ahead-of-choice",
    "One scale above zero and one zero point; what chooses or moves elements (MaxPool, Transpose, Reshape) is read by "
    "dequantisation alone, and works on data that has just been quantised.",
)
def ahead_of_choice(g: Graph) -> Value:
    limits = c(-1.28), c(1.27), c(0.0), c(255.0)
    stored = ops.Convert(ops.FakeQuantize(data(g), *limits, levels=256), destination_type=t.u8)
    pooled = ops.MaxPool(stored, kernel=(2, 2), dilations=(1, 1), **window(2, 2))
    return ops.Multiply(ops.Subtract(ops.Convert(pooled, destination_type=t.f32), c(128.0)), c(0.01))
