"""Values from nothing: constants, ranges, random numbers, windows."""

from __future__ import annotations

import math

import numpy as np

from mo_core.build import (
    dim_of,
    filled,
    integer,
    ints,
    scalar,
    shape_of,
    to_element,
)
from mo_core.errors import ModelError
from mo_core.ir import Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import Tensor
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Add,
    Cos,
    Divide,
    Eye,
    Less,
    Log,
    Multinomial,
    Multiply,
    RandomUniform,
    Range,
    Sqrt,
    Subtract,
)
from mo_onnx.registry import onnx_op
from mo_onnx.tensors import element_of

# -- constants


@onnx_op("Const")
@onnx_op("Constant")
def constant_(
    *,
    value: Tensor | None = None,
    sparse_value: Tensor | None = None,
    value_float: float | None = None,
    value_floats: tuple[float, ...] | None = None,
    value_int: int | None = None,
    value_ints: tuple[int, ...] | None = None,
    value_string: str | None = None,
    value_strings: tuple[str, ...] | None = None,
) -> Value:
    for tensor in (value, sparse_value):
        if tensor is not None:
            return constant(tensor)
    if value_float is not None:
        return constant(value_float, t.f32)
    if value_floats is not None:
        return constant(np.asarray(value_floats, np.float32))
    if value_int is not None:
        return integer(value_int)
    if value_ints is not None:
        return ints(value_ints)
    if value_string is not None:
        return constant(np.asarray(value_string, object), t.string)
    if value_strings is not None:
        return constant(np.asarray(value_strings, object), t.string)
    raise ModelError("a Constant has no value", "Export the model again.")


@onnx_op("ConstantOfShape")
def constant_of_shape(shape: Value, *, value: Tensor | None = None) -> Value:
    return filled(shape, scalar(constant(value)) if value is not None else constant(0.0))


@onnx_op("EyeLike")
def eye_like(x: Value, *, dtype: int | None = None, k: int = 0) -> Value:
    element = x.element if dtype is None else element_of(dtype, "the result")
    return Eye(dim_of(x, 0), dim_of(x, 1), integer(k), output_type=element)


@onnx_op("Range")
def range_(start: Value, limit: Value, delta: Value, *, stash_type: int = 1) -> Value:
    return Range(scalar(start), scalar(limit), scalar(delta), output_type=start.element)


# -- random numbers


def whole_seed(seed: float | None) -> int:
    """The seed as the runtime wants it; 0 lets it choose."""
    return int(seed) if seed is not None and math.isfinite(seed) else 0


def uniform(shape: Value, low: float, high: float, element: ElementType, seed: float | None) -> Value:
    """Numbers in [low, high), in a type that the runtime draws (others are converted)."""
    drawn = element if element in (t.f32, t.f16, t.bf16, t.f64) else t.f32
    value = RandomUniform(
        shape, constant(low, drawn), constant(high, drawn), output_type=drawn, op_seed=whole_seed(seed)
    )
    return to_element(value, element)


def normal(shape: Value, mean: float, scale: float, element: ElementType, seed: float | None) -> Value:
    """Normally distributed numbers, by the Box-Muller transform of two uniform draws."""
    radius = Sqrt(Multiply(Log(Subtract(constant(1.0), uniform(shape, 0.0, 1.0, t.f32, seed))), constant(-2.0)))
    angle = uniform(shape, 0.0, 2 * math.pi, t.f32, None if seed is None else seed + 1)
    return to_element(
        Add(Multiply(Multiply(radius, Cos(angle)), constant(float(scale))), constant(float(mean))), element
    )


@onnx_op("RandomUniform")
def random_uniform(
    *, shape: tuple[int, ...], dtype: int = 1, low: float = 0.0, high: float = 1.0, seed: float | None = None
) -> Value:
    return uniform(ints(shape), low, high, element_of(dtype, "the result"), seed)


@onnx_op("RandomUniformLike")
def random_uniform_like(
    x: Value, *, dtype: int | None = None, low: float = 0.0, high: float = 1.0, seed: float | None = None
) -> Value:
    return uniform(shape_of(x), low, high, x.element if dtype is None else element_of(dtype, "the result"), seed)


@onnx_op("RandomNormal")
def random_normal(
    *, shape: tuple[int, ...], dtype: int = 1, mean: float = 0.0, scale: float = 1.0, seed: float | None = None
) -> Value:
    return normal(ints(shape), mean, scale, element_of(dtype, "the result"), seed)


@onnx_op("RandomNormalLike")
def random_normal_like(
    x: Value, *, dtype: int | None = None, mean: float = 0.0, scale: float = 1.0, seed: float | None = None
) -> Value:
    return normal(shape_of(x), mean, scale, x.element if dtype is None else element_of(dtype, "the result"), seed)


@onnx_op("Multinomial")
def multinomial(x: Value, *, dtype: int = 6, sample_size: int = 1, seed: float | None = None) -> Value:
    return Multinomial(
        x,
        ints([sample_size]),
        convert_type=element_of(dtype, "the result"),
        with_replacement=True,
        log_probs=True,
        op_seed=whole_seed(seed),
    )


@onnx_op("Bernoulli")
def bernoulli(x: Value, *, dtype: int | None = None, seed: float | None = None) -> Value:
    drawn = Less(uniform(shape_of(x), 0.0, 1.0, x.element, seed), x)
    return to_element(drawn, x.element if dtype is None else element_of(dtype, "the result"))


# -- windows


def cosine_window(size: Value, periodic: int, code: int, *weights: float) -> Value:
    """weights[0] - weights[1] * cos(2 pi n / N) + weights[2] * cos(4 pi n / N), computed in f32."""
    size = scalar(size)
    count = to_element(size, t.f32)
    period = count if periodic else Subtract(count, constant(1.0))
    index = Range(constant(0.0), count, constant(1.0), output_type=t.f32)
    total: Value | None = None
    for i, weight in enumerate(weights[1:], 1):
        angle = Divide(Multiply(index, constant(2 * math.pi * i)), period)
        term = Multiply(Cos(angle), constant(weight if i % 2 == 0 else -weight))
        total = Add(total, term) if total is not None else Add(term, constant(weights[0]))
    assert total is not None
    return to_element(total, element_of(code, "the window"))


@onnx_op("HannWindow")
def hann_window(size: Value, *, output_datatype: int = 1, periodic: int = 1) -> Value:
    return cosine_window(size, periodic, output_datatype, 0.5, 0.5)


@onnx_op("HammingWindow")
def hamming_window(size: Value, *, output_datatype: int = 1, periodic: int = 1) -> Value:
    return cosine_window(size, periodic, output_datatype, 25 / 46, 21 / 46)


@onnx_op("BlackmanWindow")
def blackman_window(size: Value, *, output_datatype: int = 1, periodic: int = 1) -> Value:
    return cosine_window(size, periodic, output_datatype, 0.42, 0.5, 0.08)
