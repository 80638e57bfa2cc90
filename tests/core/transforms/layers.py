"""Small layers for tests."""

from __future__ import annotations

from typing import Any

from mo_core.ir import Node, Value
from mo_core.ops import (
    AvgPool,
    Convolution,
    ConvolutionBackpropData,
    GroupConvolution,
    GroupConvolutionBackpropData,
    MatMul,
    MaxPool,
)
from tests.core.transforms.harness import weights


def _window(count: int, stride: int, pad: int, dilation: int = 1) -> dict[str, Any]:
    return {
        "strides": [stride] * count,
        "pads_begin": [pad] * count,
        "pads_end": [pad] * count,
        "dilations": [dilation] * count,
    }


def conv(
    x: Value,
    outputs: int,
    *,
    kernel: int = 3,
    stride: int = 1,
    pad: int = 0,
    groups: int = 1,
    transposed: bool = False,
    seed: int = 0,
    filters: Value | None = None,
) -> Node:
    """A convolution of any kind on N, C, <spatial> data of known channels."""
    channels, count = x.dims[1], x.rank - 2
    assert isinstance(channels, int)
    i, o = channels // groups, outputs // groups
    shape = ((groups,) if groups > 1 else ()) + ((i, o) if transposed else (o, i)) + (kernel,) * count
    kinds: dict[tuple[bool, bool], type[Node]] = {
        (False, False): Convolution,
        (False, True): GroupConvolution,
        (True, False): ConvolutionBackpropData,
        (True, True): GroupConvolutionBackpropData,
    }
    w = weights(*shape, seed=seed) if filters is None else filters
    return kinds[transposed, groups > 1](x, w, **_window(count, stride, pad))


def product(
    x: Value, outputs: int, *, transpose_a: bool = False, transpose_b: bool = False, first: bool = False, seed: int = 0
) -> Node:
    """A matrix product with constant weights: on the right, or (`first`) on the left."""
    inner = x.dims[-2] if (transpose_b if first else transpose_a) else x.dims[-1]
    if first:
        inner = x.dims[-1] if transpose_b else x.dims[-2]
    assert isinstance(inner, int)
    if first:
        w = weights(*((inner, outputs) if transpose_a else (outputs, inner)), seed=seed)
        return MatMul(w, x, transpose_a=transpose_a, transpose_b=transpose_b)
    w = weights(*((outputs, inner) if transpose_b else (inner, outputs)), seed=seed)
    return MatMul(x, w, transpose_a=transpose_a, transpose_b=transpose_b)


def max_pool(x: Value, kernel: int = 2, stride: int = 2, pad: int = 0) -> Node:
    """Maxima over square windows."""
    return MaxPool(x, kernel=[kernel] * (x.rank - 2), **_window(x.rank - 2, stride, pad))


def avg_pool(x: Value, kernel: int = 2, stride: int = 2, pad: int = 0, exclude_pad: bool = True) -> Node:
    """Means over square windows."""
    window = _window(x.rank - 2, stride, pad)
    del window["dilations"]
    return AvgPool(x, kernel=[kernel] * (x.rank - 2), exclude_pad=exclude_pad, **window)
