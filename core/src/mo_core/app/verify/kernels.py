"""What the evaluator computes besides the operations' own `fold`: windows, normalisation and recurrent layers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mo_core.app.verify.compare import Array
from mo_core.ir import Node
from mo_core.ops import (
    LRN,
    MVN,
    AdaptiveAvgPool,
    AvgPool,
    BatchNormInference,
    Convolution,
    ConvolutionBackpropData,
    GroupConvolution,
    GroupConvolutionBackpropData,
    GRUCell,
    GRUSequence,
    Interpolate,
    LSTMCell,
    LSTMSequence,
    MaxPool,
    NormalizeL2,
    RNNCell,
    RNNSequence,
)

Kernel = Callable[..., Any]


def find(node: Node) -> Kernel | None:
    """The function that computes a node from its operands; None when there is none."""
    kernel = _KERNELS.get(type(node)) or next((k for kind, k in _KERNELS.items() if isinstance(node, kind)), None)
    if kernel is _nearest and not _is_plain_nearest(node):
        return None
    return kernel


# -- windows


def _pads(node: Any, sizes: Sequence[int], extents: Sequence[int]) -> list[tuple[int, int]]:
    """Padding of each spatial axis, that of `auto_pad` included."""
    if node.auto_pad == "valid":
        return [(0, 0)] * len(sizes)
    if node.auto_pad == "explicit":
        return list(zip(node.pads_begin, node.pads_end))
    found = []
    for n, k, s in zip(sizes, extents, node.strides):
        total = max((math.ceil(n / s) - 1) * s + k - n, 0)
        less, more = total // 2, total - total // 2
        found.append((less, more) if node.auto_pad == "same_upper" else (more, less))
    return found


def _places(sizes: Sequence[int], extents: Sequence[int], strides: Sequence[int]) -> list[int]:
    return [(n - k) // s + 1 for n, k, s in zip(sizes, extents, strides)]


def _window(offset: Sequence[int], places: Sequence[int], strides: Sequence[int]) -> tuple[Any, ...]:
    return (slice(None), slice(None), *[slice(o, o + (m - 1) * s + 1, s) for o, m, s in zip(offset, places, strides)])


def _padded(x: Array, pads: Sequence[tuple[int, int]], value: float) -> Array:
    """With padding; negative padding crops."""
    grown = np.pad(x, [(0, 0), (0, 0), *[(max(a, 0), max(b, 0)) for a, b in pads]], constant_values=value)
    inside: list[Any] = [slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(pads, grown.shape[2:])]
    return np.asarray(grown[(slice(None), slice(None), *inside)])


def _extents(kernel: Sequence[int], dilations: Sequence[int]) -> list[int]:
    return [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]


def _at_place(grouped: Array, place: Sequence[int]) -> Array:
    """The filters' values at one place of the kernel, in f64."""
    index: tuple[Any, ...] = (slice(None), slice(None), slice(None), *place)
    return np.asarray(grouped[index]).astype(np.float64)


def _convolution(node: Any, x: Array, w: Array) -> Array:
    """x: N, G*I, <spatial>; w: G, O, I, <kernel>, or O, I, <kernel>."""
    grouped = w if isinstance(node, GroupConvolution) else w[None]
    kernel = grouped.shape[3:]
    extents = _extents(kernel, node.dilations)
    x = _padded(x.astype(np.float64), _pads(node, x.shape[2:], extents), 0)
    places = _places(x.shape[2:], extents, node.strides)
    groups, outputs, inputs = grouped.shape[:3]
    total: Array = np.zeros((len(x), groups, outputs, math.prod(places)))
    for k in itertools.product(*map(range, kernel)):
        part = x[_window([a * d for a, d in zip(k, node.dilations)], places, node.strides)]
        part = part.reshape(len(x), groups, inputs, -1)
        total += _at_place(grouped, k) @ part
    return total.reshape(len(x), groups * outputs, *places)


def _transposed(node: Any, x: Array, w: Array, output_shape: Array | None = None) -> Array:
    """x: N, G*I, <spatial>; w: G, I, O, <kernel>, or I, O, <kernel>."""
    grouped = w if isinstance(node, GroupConvolutionBackpropData) else w[None]
    kernel = grouped.shape[3:]
    extents = _extents(kernel, node.dilations)
    sizes = x.shape[2:]
    full = [(n - 1) * s + e for n, s, e in zip(sizes, node.strides, extents)]
    groups, inputs, outputs = grouped.shape[:3]
    total: Array = np.zeros((len(x), groups, outputs, *full))
    part = x.astype(np.float64).reshape(len(x), groups, inputs, -1)
    for k in itertools.product(*map(range, kernel)):
        weights = _at_place(grouped, k).swapaxes(1, 2)
        at = _window([a * d for a, d in zip(k, node.dilations)], sizes, node.strides)
        total[(slice(None), *at)] += (weights @ part).reshape(len(x), groups, outputs, *sizes)
    total = total.reshape(len(x), groups * outputs, *full)
    more = node.output_padding or (0,) * len(full)
    if output_shape is not None or node.auto_pad.startswith("same"):
        wanted = output_shape.tolist() if output_shape is not None else [n * s for n, s in zip(sizes, node.strides)]
        cut = [f + m - n for f, m, n in zip(full, more, wanted)]
        upper = node.auto_pad == "same_upper"
        begin = [max(c, 0) // 2 if upper else max(c, 0) - max(c, 0) // 2 for c in cut]
        begin = list(node.pads_begin) if node.auto_pad == "explicit" else begin
        end = [c - b for c, b in zip(cut, begin)]
    else:
        begin = [0] * len(full) if node.auto_pad == "valid" else list(node.pads_begin)
        end = [(0 if node.auto_pad == "valid" else e) - m for e, m in zip(node.pads_end or begin, more)]
    return _padded(total, [(-b, -e) for b, e in zip(begin, end)], 0)


def _pool_places(node: Any, sizes: Sequence[int], extents: Sequence[int], pads: Sequence[tuple[int, int]]) -> list[int]:
    """Windows per axis; with `ceil` a last one may lie partly outside."""
    places = []
    for n, e, s, (a, b) in zip(sizes, extents, node.strides, pads):
        span = n + a + b - e
        count = span // s + 1
        if node.rounding_type != "floor":
            count = -(-span // s) + 1
            if node.rounding_type == "ceil_torch" and (count - 1) * s >= n + a:
                count -= 1
        places.append(count)
    return places


def _pool_windows(node: Any, x: Array, value: float) -> tuple[list[Array], list[Array]]:
    """The values at each place of the kernel, and 1 where that is data, 0.5 where padding, 0 where outside of it."""
    dilations = getattr(node, "dilations", ()) or (1,) * len(node.kernel)
    extents = _extents(node.kernel, dilations)
    sizes = x.shape[2:]
    pads = _pads(node, sizes, extents)
    places = _pool_places(node, sizes, extents, pads)
    over = [
        max(0, (m - 1) * s + e - (n + a + b)) for m, s, e, n, (a, b) in zip(places, node.strides, extents, sizes, pads)
    ]
    kind = _padded(np.ones((1, 1, *sizes)), pads, 0.5)
    wide = [(0, o) for o in over]
    x, kind = _padded(_padded(x, pads, value), wide, value), _padded(kind, wide, 0)
    offsets = [[a * d for a, d in zip(k, dilations)] for k in itertools.product(*map(range, node.kernel))]
    windows = [_window(o, places, node.strides) for o in offsets]
    return [x[w] for w in windows], [kind[w] for w in windows]


def _max_pool(node: Any, x: Array) -> list[Array | None]:
    low = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return [np.max(_pool_windows(node, x, low)[0], axis=0), None]


def _avg_pool(node: Any, x: Array) -> Array:
    values, kinds = _pool_windows(node, x.astype(np.float64), 0)
    least = 1.0 if node.exclude_pad else 0.5
    counts = np.sum([k >= least for k in kinds], axis=0)
    return np.asarray(np.sum(values, axis=0) / np.maximum(counts, 1))  # a window of nothing but padding gives 0


def _adaptive(node: Any, x: Array, sizes: Array) -> Array:
    y = x.astype(np.float64)
    for axis, wanted in enumerate(sizes.reshape(-1).tolist(), 2):
        n = y.shape[axis]
        bounds = [(i * n // wanted, -(-(i + 1) * n // wanted)) for i in range(wanted)]
        y = np.stack([y.take(range(a, b), axis).mean(axis) for a, b in bounds], axis)
    return y


# -- normalisation and resizing


def _batch_norm(node: Any, x: Array, *vectors: Array) -> Array:
    gamma, beta, mean, variance = (v.astype(np.float64).reshape(1, -1, *[1] * (x.ndim - 2)) for v in vectors)
    return np.asarray((x - mean) / np.sqrt(variance + node.epsilon) * gamma + beta)


def _mvn(node: Any, x: Array, axes: Array) -> Array:
    over = tuple(int(a) for a in axes.reshape(-1))
    y = x.astype(np.float64)
    y = y - y.mean(over, keepdims=True)
    if not node.normalize_variance:
        return np.asarray(y)
    variance = np.mean(y**2, over, keepdims=True)
    inside = node.eps_mode == "inside_sqrt"
    return np.asarray(y / (np.sqrt(variance + node.eps) if inside else np.sqrt(variance) + node.eps))


def _normalize(node: Any, x: Array, axes: Array) -> Array:
    y = x.astype(np.float64)
    squares = np.sum(y**2, tuple(int(a) for a in axes.reshape(-1)), keepdims=True) if axes.size else y**2
    return np.asarray(y / np.sqrt(squares + node.eps if node.eps_mode == "add" else np.maximum(squares, node.eps)))


def _lrn(node: Any, x: Array, axes: Array) -> Array:
    total = x.astype(np.float64) ** 2
    before = (node.size - 1) // 2
    for axis in (int(a) % x.ndim for a in axes.reshape(-1)):
        pads = [(0, 0)] * x.ndim
        pads[axis] = (before, node.size - 1 - before)
        wide = np.pad(total, pads)
        total = np.sum([wide.take(range(k, k + x.shape[axis]), axis) for k in range(node.size)], axis=0)
    scale = node.alpha / node.size ** max(1, axes.size)
    return np.asarray(x / (node.bias + scale * total) ** node.beta)


def _is_plain_nearest(node: Any) -> bool:
    """True for nearest neighbours at coordinates that have one meaning, without padding."""
    return node.mode == "nearest" and not any((*node.pads_begin, *node.pads_end)) and not node.antialias


_ROUND: dict[str, Callable[[Array, bool], Array]] = {
    "round_prefer_floor": lambda x, smaller: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x, smaller: np.floor(x + 0.5),
    "floor": lambda x, smaller: np.floor(x),
    "ceil": lambda x, smaller: np.ceil(x),
    "simple": lambda x, smaller: np.ceil(x) if smaller else np.trunc(x),
}


def _nearest(node: Any, x: Array, wanted: Array, axes: Array | None = None) -> Array:
    over = range(x.ndim) if axes is None else [int(a) for a in axes.reshape(-1)]
    for axis, given in zip(over, wanted.reshape(-1).tolist()):
        n = x.shape[axis]
        by_sizes = node.shape_calculation_mode == "sizes"
        size = int(given) if by_sizes else math.floor(n * given + 1e-9)
        scale = size / n if by_sizes else given
        at = np.arange(size, dtype=np.float64)
        mode = node.coordinate_transformation_mode
        if mode == "align_corners":
            at = at * (n - 1) / (size - 1) if size > 1 else at * 0
        elif mode == "asymmetric":
            at = at / scale
        elif mode == "tf_half_pixel_for_nn":
            at = (at + 0.5) / scale
        elif mode == "pytorch_half_pixel" and size == 1:
            at = at * 0
        else:
            at = (at + 0.5) / scale - 0.5
        places = np.clip(_ROUND[node.nearest_mode](at, scale < 1), 0, n - 1).astype(np.int64)
        x = x.take(places, axis)
    return x


# -- recurrent layers


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _activation(node: Any, place: int) -> Callable[[Array], Array]:
    name = node.activations[place].lower()
    alpha = node.activations_alpha[place] if place < len(node.activations_alpha) else None
    beta = node.activations_beta[place] if place < len(node.activations_beta) else None
    kinds: dict[str, Callable[[Array], Array]] = {
        "sigmoid": _sigmoid,
        "tanh": np.tanh,
        "relu": lambda x: np.maximum(x, 0),
        "hardsigmoid": lambda x: np.clip((0.2 if alpha is None else alpha) * x + (0.5 if beta is None else beta), 0, 1),
    }
    return kinds[name]


def _clipped(node: Any, x: Array) -> Array:
    return np.clip(x, -node.clip, node.clip) if node.clip else x


def _lstm_step(node: Any, x: Array, h: Array, c: Array, w: Array, r: Array, b: Array) -> tuple[Array, Array]:
    f, g, k = (_activation(node, i) for i in range(3))
    forget, into, cell, out = np.split(_clipped(node, x @ w.T + h @ r.T + b), 4, axis=1)
    c = f(forget) * c + f(into) * g(cell)
    return f(out) * k(c), c


def _gru_step(node: Any, x: Array, h: Array, w: Array, r: Array, b: Array) -> tuple[Array, ...]:
    f, g = (_activation(node, i) for i in range(2))
    wz, wr, wh = np.split(w, 3)
    rz, rr, rh = np.split(r, 3)
    parts = np.split(b, 4 if node.linear_before_reset else 3)
    z = f(_clipped(node, x @ wz.T + h @ rz.T + parts[0]))
    reset = f(_clipped(node, x @ wr.T + h @ rr.T + parts[1]))
    if node.linear_before_reset:
        inner = x @ wh.T + reset * (h @ rh.T + parts[3]) + parts[2]
    else:
        inner = x @ wh.T + (reset * h) @ rh.T + parts[2]
    return ((1 - z) * g(_clipped(node, inner)) + z * h,)


def _rnn_step(node: Any, x: Array, h: Array, w: Array, r: Array, b: Array) -> tuple[Array, ...]:
    return (_activation(node, 0)(_clipped(node, x @ w.T + h @ r.T + b)),)


def _cell(step: Kernel) -> Kernel:
    return lambda node, *operands: list(step(node, *[x.astype(np.float64) for x in operands]))


def _sequence(step: Kernel, states: int) -> Kernel:
    """x: N, T, I; states: N, D, H; lengths: N; weights with a first axis of D directions."""

    def run(node: Any, x: Array, *rest: Array) -> list[Array]:
        x = x.astype(np.float64)
        initial = [s.astype(np.float64) for s in rest[:states]]
        lengths, weights = rest[states].reshape(-1), [w.astype(np.float64) for w in rest[states + 1 :]]
        backwards = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[node.direction]
        outputs = np.zeros((len(x), len(backwards), x.shape[1], initial[0].shape[2]))
        last = [s.copy() for s in initial]
        for d, reverse in enumerate(backwards):
            own = [w[d] for w in weights]
            for n, length in enumerate(lengths.tolist()):
                current = [s[n : n + 1, d] for s in initial]
                for at in range(length - 1, -1, -1) if reverse else range(length):
                    current = list(step(node, x[n : n + 1, at], *current, *own))
                    outputs[n, d, at] = current[0][0]
                for s, value in zip(last, current):
                    s[n, d] = value[0]
        return [outputs, *last]

    return run


_KERNELS: dict[type[Node], Kernel] = {
    Convolution: _convolution,
    GroupConvolution: _convolution,
    ConvolutionBackpropData: _transposed,
    GroupConvolutionBackpropData: _transposed,
    MaxPool: _max_pool,
    AvgPool: _avg_pool,
    AdaptiveAvgPool: _adaptive,
    BatchNormInference: _batch_norm,
    MVN: _mvn,
    NormalizeL2: _normalize,
    LRN: _lrn,
    Interpolate: _nearest,
    LSTMCell: _cell(_lstm_step),
    GRUCell: _cell(_gru_step),
    RNNCell: _cell(_rnn_step),
    LSTMSequence: _sequence(_lstm_step, 2),
    GRUSequence: _sequence(_gru_step, 1),
    RNNSequence: _sequence(_rnn_step, 1),
}
