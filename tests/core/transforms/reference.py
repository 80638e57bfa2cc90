"""An interpreter in numpy and f64, written from the specification of the operation sets.

It is the second opinion beside the runtime: exact enough to tell a wrong rule from rounding, fast enough for thousands
of small networks, and without optimisations of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mo_core.ir import Constant, Graph, Node, Parameter, Result, Value
from mo_core.ops import (
    AvgPool,
    BatchNormInference,
    Clamp,
    Concat,
    Convolution,
    ConvolutionBackpropData,
    Divide,
    GroupConvolution,
    GroupConvolutionBackpropData,
    Interpolate,
    MatMul,
    MaxPool,
    PReLU,
    ReduceMax,
    ReduceMean,
    ReduceSum,
    ReLU,
    Reshape,
    ShapeOf,
    Split,
    Transpose,
    Unsqueeze,
)

Array = np.ndarray


def interpret(graph: Graph, data: Mapping[str, Array]) -> list[Array]:
    """The results for named inputs."""
    known: dict[Value, Any] = {}
    for node in graph:
        if isinstance(node, Parameter):
            known[node] = data[node.names[0]].astype(np.float64)
        elif isinstance(node, Constant):
            content = node.value.numpy()
            known[node] = content.astype(np.float64) if node.element.is_real else content
        elif not isinstance(node, Result):
            compute = next((f for kind, f in _COMPUTE.items() if type(node) is kind), None)
            operands = [known[v] for v in node.operands]
            made = compute(node, *operands) if compute else node.fold(*operands)
            for result, content in zip(node.results, made if isinstance(made, (list, tuple)) else [made]):
                known[result] = content
    return [known[r.source] for r in graph.outputs]


def _places(sizes: Sequence[int], kernel: Sequence[int], strides: Sequence[int]) -> list[int]:
    return [(n - k) // s + 1 for n, k, s in zip(sizes, kernel, strides)]


def _window(offset: Sequence[int], places: Sequence[int], strides: Sequence[int]) -> tuple[slice, ...]:
    return (slice(None), slice(None), *[slice(o, o + (m - 1) * s + 1, s) for o, m, s in zip(offset, places, strides)])


def _padded(x: Array, node: Any, value: float) -> Array:
    return np.pad(x, [(0, 0), (0, 0), *zip(node.pads_begin, node.pads_end)], constant_values=value)


def _convolution(node: Any, x: Array, w: Array) -> Array:
    x = _padded(x, node, 0)
    extent = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], node.dilations)]
    places = _places(x.shape[2:], extent, node.strides)
    total = np.zeros((len(x), len(w), *places))
    for k in itertools.product(*map(range, w.shape[2:])):
        window = _window([a * d for a, d in zip(k, node.dilations)], places, node.strides)
        total += np.einsum("ni...,oi->no...", x[window], w[(slice(None), slice(None), *k)])
    return total


def _transposed(node: Any, x: Array, w: Array) -> Array:
    full = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(x.shape[2:], node.strides, w.shape[2:], node.dilations)]
    total = np.zeros((len(x), w.shape[1], *full))
    for k in itertools.product(*map(range, w.shape[2:])):
        window = _window([a * d for a, d in zip(k, node.dilations)], x.shape[2:], node.strides)
        total[window] += np.einsum("ni...,io->no...", x, w[(slice(None), slice(None), *k)])
    inside = [slice(a, n - b) for a, b, n in zip(node.pads_begin, node.pads_end, full)]
    return total[(slice(None), slice(None), *inside)]


def _by_groups(one: Callable[..., Array]) -> Callable[..., Array]:
    return lambda node, x, w: np.concatenate([one(node, a, b) for a, b in zip(np.split(x, len(w), axis=1), w)], axis=1)


def _windows(node: Any, x: Array) -> list[Array]:
    places = _places(x.shape[2:], node.kernel, node.strides)
    return [x[_window(k, places, node.strides)] for k in itertools.product(*map(range, node.kernel))]


def _max_pool(node: Any, x: Array) -> list[Array | None]:
    return [np.max(_windows(node, _padded(x, node, -np.inf)), axis=0), None]


def _avg_pool(node: Any, x: Array) -> Array:
    count = _padded(np.ones_like(x), node, 0 if node.exclude_pad else 1)
    return np.sum(_windows(node, _padded(x, node, 0)), axis=0) / np.sum(_windows(node, count), axis=0)


def _norm(node: Any, x: Array, *vectors: Array) -> Array:
    gamma, beta, mean, variance = (v.reshape(1, -1, *[1] * (x.ndim - 2)) for v in vectors)
    return (x - mean) / np.sqrt(variance + node.epsilon) * gamma + beta


def _reshape(node: Any, x: Array, pattern: Array) -> Array:
    return x.reshape([x.shape[i] if d == 0 and node.special_zero else int(d) for i, d in enumerate(pattern)])


def _matmul(node: Any, a: Array, b: Array) -> Array:
    return np.matmul(a.swapaxes(-1, -2) if node.transpose_a else a, b.swapaxes(-1, -2) if node.transpose_b else b)


def _prelu(node: Any, x: Array, slope: Array) -> Array:
    slope = slope.reshape(-1, *[1] * (x.ndim - 2)) if slope.ndim == 1 else slope
    return np.where(x < 0, x * slope, x)


def _copied(node: Any, x: Array, scales: Array, axes: Array) -> Array:
    for scale, axis in zip(scales, axes):
        x = np.repeat(x, int(scale), int(axis))
    return x


_COMPUTE: dict[type[Node], Callable[..., Any]] = {
    Convolution: _convolution,
    GroupConvolution: _by_groups(_convolution),
    ConvolutionBackpropData: _transposed,
    GroupConvolutionBackpropData: _by_groups(_transposed),
    MaxPool: _max_pool,
    AvgPool: _avg_pool,
    BatchNormInference: _norm,
    Reshape: _reshape,
    MatMul: _matmul,
    Divide: lambda node, a, b: a / b,
    ReLU: lambda node, x: np.maximum(x, 0),
    Clamp: lambda node, x: np.clip(x, node.min, node.max),
    Split: lambda node, x, axis: np.split(x, node.num_splits, int(axis)),
    Concat: lambda node, *xs: np.concatenate(xs, node.axis),
    PReLU: _prelu,
    Interpolate: _copied,
    ShapeOf: lambda node, x: np.array(x.shape, np.int64),
    ReduceMax: lambda node, x, axes: np.max(x, tuple(int(a) for a in axes), keepdims=node.keep_dims),
    ReduceMean: lambda node, x, axes: np.mean(x, tuple(int(a) for a in axes), keepdims=node.keep_dims),
    ReduceSum: lambda node, x, axes: np.sum(x, tuple(int(a) for a in axes), keepdims=node.keep_dims),
    Unsqueeze: lambda node, x, axes: np.expand_dims(x, [int(a) for a in axes]),
    Transpose: lambda node, x, order: x.transpose([int(i) for i in order]),
}
