"""The smallest graph on which each fusion fires, with the condition under which it does: what `pictures.py` draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mo_core import ops
from mo_core.ir import Graph, Value, constant
from mo_core.ir import types as t


@dataclass(frozen=True)
class Example:
    """One picture.

    Attributes:
        passes: name of the pass; rule: of the rule that must fire ("" for passes that are functions);
        condition: what must hold, as text for the page; build: makes the graph.
    """

    passes: str
    rule: str
    condition: str
    build: Callable[[Graph], Value | Sequence[Value]]

    @property
    def file(self) -> str:
        """Name of the picture, without suffix."""
        return f"{self.passes}-{self.rule}" if self.rule not in ("", self.passes) else self.passes


EXAMPLES: list[Example] = []
Build = Callable[[Graph], "Value | Sequence[Value]"]


def example(passes: str, rule: str, condition: str) -> Callable[[Build], Build]:
    """Note a function that builds a graph from an empty one."""

    def note(build: Build) -> Build:
        EXAMPLES.append(Example(passes, rule, condition, build))
        return build

    return note


def data(g: Graph, *dims: Any, name: str = "x") -> Value:
    return g.add_input(name, t.f32, dims or (1, 4, 8, 8))


def c(*numbers: float) -> Value:
    return constant(np.array(numbers if len(numbers) > 1 else numbers[0], np.float32))


def w(*shape: int, low: float = -1.0) -> Value:
    """Weights that are not alike."""
    numbers = low + (1 - low) * np.modf(np.arange(1, math.prod(shape) + 1) * 0.618034)[0]
    return constant(numbers.reshape(shape).astype(np.float32))


def ints(*numbers: int) -> Value:
    return constant(np.array(numbers, np.int64))


def window(n: int = 2, stride: int = 1, pad: int = 0) -> dict[str, Any]:
    return {"strides": [stride] * n, "pads_begin": [pad] * n, "pads_end": [pad] * n}


def conv(x: Value, outputs: int = 8, kernel: int = 3, stride: int = 1, pad: int = 0) -> ops.Convolution:
    filters = w(outputs, int(x.dims[1]), kernel, kernel)  # type: ignore[call-overload]
    return ops.Convolution(x, filters, dilations=[1, 1], **window(2, stride, pad))


def norm(x: Value) -> Value:
    n = int(x.dims[1])  # type: ignore[call-overload]
    return ops.BatchNormInference(x, w(n), w(n), w(n), w(n, low=0.5), epsilon=1e-3)


def quantized(x: Value, low: float, high: float) -> ops.FakeQuantize:
    return ops.FakeQuantize(x, c(low), c(high), c(low), c(high), levels=256)


# -- linear operations

_FOLLOWS = "The layer before has constant weights and no other reader, and its channels are known."


@example(
    "batch-norm",
    "into-convolution",
    f"{_FOLLOWS} The four parameters are constant. Same for grouped and transposed convolutions (`into-group- "
    "convolution`, `into-transposed-convolution`).",
)
def into_convolution(g: Graph) -> Value:
    return norm(conv(data(g)))


@example("batch-norm", "into-matmul", f"{_FOLLOWS} The columns of the product are the channels.")
def into_matmul(g: Graph) -> Value:
    return norm(ops.MatMul(data(g, 2, 4), w(4, 8)))


@example(
    "batch-norm",
    "batch-norm",
    "The four parameters are constant, and there is no layer before that could take it in.",
)
def batch_norm(g: Graph) -> Value:
    return norm(ops.ReLU(data(g)))


@example(
    "linear-merge",
    "factor-ahead-of-shift",
    "All constants; the op in the middle has no other reader; one constant for both does not take more memory "
    "than each. Subtract, Divide and Negative are brought into this form first (`subtract-constant`, `divide-by- "
    "constant`, `negative`, `subtract-from-constant`). Division of whole numbers, and division whose quotient is "
    "rounded, stay.",
)
def factor_ahead_of_shift(g: Graph) -> Value:
    y = ops.Divide(ops.Subtract(data(g), w(4, 1, 1)), c(2.0))
    return ops.ReLU(ops.Add(ops.Multiply(y, w(4, 1, 1)), w(4, 1, 1)))


@example("linear-merge", "neutral", "Every element is exactly 1 (Multiply) or 0 (Add), and the shape stays.")
def neutral(g: Graph) -> Value:
    return ops.ReLU(ops.Add(ops.Multiply(data(g), c(1.0)), c(0.0)))


@example(
    "linear-fusion",
    "factor-into-convolution",
    "Backward: the convolution has no other reader, its weights are constant, and the factor is one number, or "
    "one for each output channel. Same for grouped and transposed convolutions.",
)
def factor_into_convolution(g: Graph) -> Value:
    return ops.Multiply(conv(data(g)), w(8, 1, 1))


@example(
    "linear-fusion",
    "factor-into-matmul",
    "Backward: the product has no other reader, one side is constant, and the factor varies along the output "
    "channels only. Transposed operands count as such.",
)
def factor_into_matmul(g: Graph) -> Value:
    return ops.Multiply(ops.MatMul(data(g, 2, 4), w(8, 4), transpose_b=True), w(8))


@example(
    "linear-fusion",
    "factor-into-next",
    "Forward: every reader of the factor is a layer that can take it in, the factor varies along the input "
    "channels only, and the weights are not quantised. Padding does no harm: zero times the factor is zero.",
)
def factor_into_next(g: Graph) -> Value:
    return conv(ops.Multiply(data(g), w(4, 1, 1)), pad=1)


@example(
    "linear-fusion",
    "shift-into-next",
    "Forward: as for the factor, and the layer has no padding (or the shift is zero): padding with zeros comes "
    "after the shift, so the border would change.",
)
def shift_into_next(g: Graph) -> Value:
    return conv(ops.Add(data(g), w(4, 1, 1)))


@example(
    "linear-fusion",
    "factor-past-shift",
    "The shift must stay because of padding, the factor can go into the next layer, and it is nowhere zero.",
)
def factor_past_shift(g: Graph) -> Value:
    return conv(ops.Add(ops.Multiply(data(g), w(4, 1, 1, low=0.5)), w(4, 1, 1)), pad=1)


@example(
    "linear-fusion",
    "bias-form",
    "A shift after a convolution, one number or one for each channel, is written as a bias of full rank, which "
    "the runtime computes together with the convolution.",
)
def bias_form(g: Graph) -> Value:
    return ops.Add(conv(data(g)), c(0.5))


@example(
    "linear-motion",
    "ahead-of-transpose",
    "Something ahead of the Transpose can take the factor or shift in, and nobody else reads the Transpose.",
)
def ahead_of_transpose(g: Graph) -> Value:
    return ops.Add(ops.Transpose(conv(data(g)), ints(0, 2, 3, 1)), w(8))


@example(
    "linear-motion",
    "ahead-of-reshape",
    "As above; the Reshape, Squeeze or Unsqueeze keeps the channels together.",
)
def ahead_of_reshape(g: Graph) -> Value:
    return ops.Multiply(ops.Reshape(conv(data(g)), ints(0, 8, -1), special_zero=True), w(8, 1))


@example(
    "linear-motion",
    "ahead-of-pooling",
    "As above; a factor goes past a maximum when it is above zero; a shift goes past a mean when the mean does "
    "not count padding.",
)
def ahead_of_pooling(g: Graph) -> Value:
    pool = ops.MaxPool(conv(data(g)), kernel=[2, 2], dilations=[1, 1], **window(2, 2))
    return ops.Multiply(pool, w(8, 1, 1, low=0.5))


@example(
    "linear-motion",
    "past-mover",
    "Every following layer can take the factor or shift in, and nothing ahead can.",
)
def past_mover(g: Graph) -> Value:
    return ops.MatMul(
        ops.Reshape(ops.Multiply(data(g, 2, 4, 1, 1), w(4, 1, 1)), ints(0, -1), special_zero=True), w(4, 8)
    )


@example(
    "batch-to-space-reorder",
    "ahead-of-batch-to-space",
    "The blocks leave the channels alone, and what comes before can take the factor or shift in.",
)
def ahead_of_batch_to_space(g: Graph) -> Value:
    blocks = ops.BatchToSpace(conv(data(g, 4, 4, 8, 8)), ints(1, 1, 2, 2), ints(0, 0, 0, 0), ints(0, 0, 0, 0))
    return ops.Multiply(blocks, w(8, 1, 1))


@example(
    "concat-reorder",
    "ahead-of-concat",
    "Every operand of the Concat can take its part in; a shift only where each operand has one already. Nobody "
    "else reads the Concat.",
)
def ahead_of_concat(g: Graph) -> Value:
    x = data(g)
    return ops.Multiply(ops.Concat([conv(x, 4), conv(x, 8)], axis=1), w(12, 1, 1))


@example(
    "matmul-batch-norm",
    "reshapes-to-and-fro",
    "Reshapes in a row that end in the shape they began with, and keep the elements in order. What a batch norm "
    "needed the Reshapes for is then ahead of them (`linear-motion`).",
)
def reshapes_to_and_fro(g: Graph) -> Value:
    y = ops.Add(ops.MatMul(data(g, 2, 4), w(4, 8)), w(8))
    return ops.ReLU(ops.Reshape(ops.Reshape(y, ints(-1, 8, 1, 1), special_zero=False), ints(2, 8), special_zero=False))


@example(
    "channel-order",
    "into-weights",
    "Every reader takes the permuted axis for its input channels and has no groups. Factors and shifts between "
    "are permuted (`past-linear`).",
)
def into_weights(g: Graph) -> Value:
    return conv(ops.Gather(data(g, 1, 3, 8, 8), ints(2, 1, 0), ints(1)))


# -- convolutions


@example(
    "grouped-convolution",
    "grouped-convolution",
    "The parts are of one size, in one order, split and put together along the channels; the convolutions have "
    "the same attributes and filters of one size. Biases, and Transposes that are alike, are taken along.",
)
def grouped_convolution(g: Graph) -> Value:
    a, b = ops.Split(data(g), constant(np.int64(1)), num_splits=2).results
    return ops.Concat([ops.Add(conv(a, 3), w(1, 3, 1, 1)), ops.Add(conv(b, 3), w(1, 3, 1, 1))], axis=1)


@example(
    "stride-optimization",
    "",
    "Every reader of a result is a 1x1 convolution with the same stride, or an element-wise op that leads to "
    "such; a convolution above takes the stride. Other operands of element-wise ops get a MaxPool of kernel 1.",
)
def stride_optimization(g: Graph) -> Sequence[Value]:
    x = data(g)
    y = ops.ReLU(ops.Add(conv(x, 4, 3, pad=1), x))
    return conv(y, 8, 1, 2), conv(y, 4, 1, 2)


@example(
    "dilated-convolution",
    "dilated-convolution",
    "The blocks of both sides are the same and spatial only, the convolution has no strides or dilations itself, "
    "and no more is cropped than was padded. A bias between is taken along.",
)
def dilated_convolution(g: Graph) -> Value:
    zeros = ints(0, 0, 0, 0)
    y = conv(ops.SpaceToBatch(data(g), ints(1, 1, 2, 2), ints(0, 0, 2, 2), ints(0, 0, 2, 2)))
    return ops.BatchToSpace(y, ints(1, 1, 2, 2), zeros, zeros)


@example("pad-fusion", "pad-into-convolution", "Pads with zeros, constant, not below zero, spatial axes only.")
def pad_into_convolution(g: Graph) -> Value:
    return conv(ops.Pad(data(g), ints(0, 0, 1, 1), ints(0, 0, 1, 1), c(0.0), pad_mode="constant"))


@example(
    "pad-fusion",
    "pad-into-pooling",
    "A mean that rounds down and takes zeros (they are counted); a maximum of what is never negative with zeros, "
    "or with the lowest number, when no window holds padding alone.",
)
def pad_into_pooling(g: Graph) -> Value:
    padded = ops.Pad(ops.ReLU(data(g)), ints(0, 0, 1, 1), ints(0, 0, 1, 1), c(0.0), pad_mode="constant")
    return ops.MaxPool(padded, kernel=[3, 3], dilations=[1, 1], **window(2, 2))


@example("pad-fusion", "pads", "Both pad with the same number.")
def pads(g: Graph) -> Value:
    inner = ops.Pad(data(g), ints(0, 0, 1, 1), ints(0, 0, 1, 1), c(0.0), pad_mode="constant")
    return ops.Pad(inner, ints(0, 1, 0, 0), ints(0, 0, 0, 0), c(0.0), pad_mode="constant")


@example(
    "horizontal-fusion",
    "side-by-side",
    "Off by default. Constant weights, the same attributes, filters of one size; biases are taken along.",
)
def side_by_side(g: Graph) -> Sequence[Value]:
    x = data(g)
    return ops.ReLU(conv(x, 4)), ops.Sigmoid(conv(x, 8))


@example(
    "shape-readers",
    "",
    "What comes between the layer and the end of the linear operations is read by ShapeOf alone, and they leave the "
    "shape as it is.",
)
def shape_readers(g: Graph) -> Sequence[Value]:
    y = conv(data(g))
    return ops.ShapeOf(y), ops.ReLU(ops.Add(ops.Multiply(y, w(8, 1, 1)), w(8, 1, 1)))


@example(
    "linear-motion",
    "past-sum",
    "All layers after the sum have a bias already and no padding, so that the shift costs nothing there (linear "
    "residual blocks). Also for a bias ahead of a layer (`shift-into-next`).",
)
def past_sum(g: Graph) -> Value:
    biased = ops.Add(conv(data(g), 8, 1), w(1, 8, 1, 1))
    total = ops.Add(biased, data(g, 1, 8, 8, 8, name="y"))
    return ops.Add(conv(total, 4, 1), w(1, 4, 1, 1))


@example("linear-motion", "ahead-of-relu", "All factors are above zero: `relu(s x)` is `s relu(x)` then.")
def ahead_of_relu(g: Graph) -> Value:
    return ops.Multiply(ops.ReLU(conv(data(g))), w(8, 1, 1, low=0.5))


@example(
    "linear-merge", "shifts-of-both", "Nothing else reads the shifted operands, and both have the shape of the sum."
)
def shifts_of_both(g: Graph) -> Value:
    a, b = (ops.Add(conv(data(g, name=n), 8, 1), w(1, 8, 1, 1)) for n in ("x", "y"))
    return ops.ReLU(ops.Add(a, b))


@example(
    "pointwise-convolution",
    "product-of-channels",
    "The weights are one constant matrix, the Transposes move the channels last and back, a bias is by channel.",
)
def product_of_channels(g: Graph) -> Value:
    y = ops.MatMul(ops.Transpose(data(g), ints(0, 2, 3, 1)), w(4, 8), transpose_a=False, transpose_b=False)
    return ops.Transpose(ops.Add(y, w(8)), ints(0, 3, 1, 2))


@example(
    "pointwise-convolution",
    "product-of-rows",
    "The second Reshape restores all dimensions but the last, which are known to be the same, also when they are open.",
)
def product_of_rows(g: Graph) -> Value:
    rows = ops.Reshape(data(g, 2, 5, 8), ints(-1, 8), special_zero=False)
    y = ops.MatMul(rows, w(8, 6), transpose_a=False, transpose_b=False)
    return ops.Reshape(ops.Add(y, w(6)), ints(2, 5, 6), special_zero=False)
