"""GatedShift for mo-caffe: every channel of a sequence blends with what it was some steps before.

    y[t] = x[t] + gate[t] * (x[t - steps] - x[t])
    gate = sigmoid(weight * x + bias)

x is 0 before its beginning; weight and bias are learned, one number for each channel.
"""

from mo_caffe.registry import caffe_layer, caffe_python_layer
from mo_core import hookimpl
from mo_core.build import channel_vector, slice_axis
from mo_core.errors import ModelError
from mo_core.frontend import Converter, converters_of
from mo_core.ir import Node, Value
from mo_core.ir.schema import Operand, integer, operand
from mo_core.ir.types import Type, normalize_axis
from mo_core.ops import Add, Multiply, Pad, Sigmoid, Subtract
from mo_core.options import Option, Options


class GatedShift(Node, opset="gated_shift"):
    """The whole layer as one operation, which the runtime learns from `mo_caffe_gated_shift.runtime`."""

    data: Operand = operand()
    weight: Operand = operand()
    bias: Operand = operand()
    steps: int = integer(default=1)
    axis: int = integer(default=2)

    def infer(self) -> Type:
        return self.data.type


@caffe_layer("GatedShift", "gated_shift_param")
@caffe_python_layer("video_layers.GatedShift")
def gated_shift(x: Value, weight: Value, bias: Value, *, steps: int = 1, axis: int = 2, options: Options) -> Value:
    """x is N, C, T or N, C, T, H, W; `axis` is that of the steps. It is decomposed unless the user wants it kept."""
    axis = normalize_axis(axis, x.rank)
    if steps < 1:
        raise ModelError(f"steps is {steps}", "Give a positive number.")
    if options.get("keep_gated_shift"):
        return GatedShift(x, weight, bias, steps=steps, axis=axis)
    weight, bias = channel_vector(weight, x.rank - 2), channel_vector(bias, x.rank - 2)
    gate = Sigmoid(Add(Multiply(x, weight), bias))
    delayed = Pad(x, [steps if i == axis else 0 for i in range(x.rank)], [0] * x.rank)
    earlier = slice_axis(delayed, axis, 0, -steps)
    return Add(x, Multiply(gate, Subtract(earlier, x)))


@hookimpl
def mo_options() -> list[Option]:
    return [Option("keep_gated_shift", "flag", "Keep each GatedShift layer as one operation of its own.", False)]


@hookimpl
def mo_ops() -> list[type[Node]]:
    return [GatedShift]


@hookimpl
def mo_converters(framework: str) -> list[Converter]:
    return converters_of(gated_shift) if framework == "caffe" else []
