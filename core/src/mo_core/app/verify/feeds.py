"""Seeded random data that makes sense for the inputs of a model: what the graph does with an input says what it is.

Whole numbers that choose from a table stay inside of it, those that are compared with a constant take its value, masks
are ones with zeros at the end, inputs with the shape of images are smooth pictures in the range that the model expects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mo_core.app.verify.compare import Array
from mo_core.errors import UsageError
from mo_core.ir import Constant, Graph, Node, Parameter, Value
from mo_core.ir import types as t
from mo_core.ir.types import Dim, Dynamic
from mo_core.ops import (
    Assign,
    Convert,
    Convolution,
    Divide,
    EmbeddingSegmentsSum,
    Equal,
    Gather,
    GatherND,
    GroupConvolution,
    Multinomial,
    Multiply,
    OneHot,
    RandomUniform,
    ReadValue,
    StridedSlice,
    Subtract,
)
from mo_core.ops.shape import Rearrangement

STEPS = 4
"""Calls of a model with states in one case: what it keeps from one to the next counts, too."""
_FEW = 8
"""Whole numbers of which nothing is known stay below this."""
_PASSING = (Convert, Rearrangement, StridedSlice)
_IMAGE = 8
"""The least height and width of an image."""
_SIZES = ((1, 224, 16), (2, 256, 23), (3, 320, 40))
"""Batch, height or width, and other sizes for dimensions that are not known, one row a case."""
_OTHER_SIZES = ((1, 64, 8), (1, 32, 64), (1, 640, 128), (1, 16, 1), (1, 512, 256), (1, 48, 512))
"""What is tried when the model itself refuses the first sizes."""


@dataclass(frozen=True)
class Case:
    """Data for one or several calls in a row: for each call an array an input; `name` says what is special."""

    calls: tuple[tuple[Array, ...], ...]
    name: str = ""


def random_cases(graph: Graph, seed: int = 0, count: int = 0) -> list[list[Case]]:
    """Cases for a converted graph, each with others to try when the model refuses it or makes no numbers of it.

    Args:
        count: how many; 0: two for known shapes, three when there are dimensions that are not known.

    Raises UsageError for an input of unknown rank or without data that numpy can hold.
    """
    rows = list(_SIZES)
    unknown = any(not p.is_static for p in graph.inputs)
    if not unknown:
        rows = rows[:2]
    rows = [rows[i % len(rows)] for i in range(count)] if count else rows
    cases: list[list[Case]] = []
    for i, row in enumerate(rows):
        rng = np.random.default_rng([seed, i])
        tried = (row, *_OTHER_SIZES) if unknown else (row,)
        cases.append([*(_case(graph, rng, sizes) for sizes in tried), _case(graph, rng, row, positive=True)])
    return cases


def has_states(graph: Graph) -> bool:
    """True when a call changes what the next one computes."""
    return any(isinstance(n, (ReadValue, Assign)) for n in graph.walk())


def draws(graph: Graph) -> bool:
    """True when the graph draws random numbers."""
    return any(isinstance(n, (RandomUniform, Multinomial)) for n in graph.walk())


def _case(graph: Graph, rng: np.random.Generator, row: tuple[int, int, int], positive: bool = False) -> Case:
    sizes: dict[Dynamic, int] = {}
    shapes = [_shape(p, graph.inputs, row, sizes) for p in graph.inputs]
    calls = STEPS if has_states(graph) else 1
    made = [
        tuple(_content(p, shape, rng, graph, positive) for p, shape in zip(graph.inputs, shapes)) for _ in range(calls)
    ]
    shown = ", ".join(t.format_shape(s) for s in shapes) if any(not p.is_static for p in graph.inputs) else ""
    return Case(tuple(made), ", ".join(filter(None, (shown, "positive" * positive))))


def _shape(
    p: Parameter, inputs: Sequence[Parameter], row: tuple[int, int, int], sizes: dict[Dynamic, int]
) -> tuple[int, ...]:
    """Sizes for the unknown dimensions; what is known to be equal gets one size."""
    if p.shape is None:
        raise UsageError(
            f'the rank of the input "{p.label}" is not known', f'Give it with --input "{p.label}[1,3,?,?]".'
        )
    spatial = _spatial(p)
    alone = len(p.shape) <= 2 and not any(len(q.shape or ()) > 2 for q in inputs)  # rows may be frames of one utterance

    def size(axis: int, dim: Dim) -> int:
        if isinstance(dim, int):
            return dim
        first = row[2] if alone else row[0]
        wish = first if axis == 0 else row[1] if axis in spatial else row[2]
        lo, hi = t.bounds(dim)
        return sizes.setdefault(dim, min(max(wish, lo), hi))

    return tuple(size(axis, dim) for axis, dim in enumerate(p.shape))


def _spatial(p: Parameter) -> tuple[int, ...]:
    """The axes of height and width of what has the shape of a batch of images."""
    if p.shape is None or len(p.shape) != 4 or not (p.element.is_real or p.element is t.u8):
        return ()
    if p.shape[1] in (1, 3) or (isinstance(p.shape[1], int) and not isinstance(p.shape[3], int)):
        return (2, 3)
    return (1, 2) if p.shape[3] in (1, 3) or isinstance(p.shape[3], int) else (2, 3)


def _content(p: Parameter, shape: tuple[int, ...], rng: np.random.Generator, graph: Graph, positive: bool) -> Array:
    switch = _switch(p, graph)
    if switch is not None:
        return np.full(shape, switch, p.element.dtype)
    if p.element is t.boolean:
        return rng.integers(0, 2, shape).astype(np.bool_)
    if p.element is t.string:
        words = np.array(["some", "words", "of", "text", ""])
        return np.asarray(words[rng.integers(0, len(words), shape)])
    if p.element.is_packed or (p.element.dtype is None and p.element is not t.bf16):
        raise UsageError(
            f'data of the type {p.element} for "{p.label}" is not supported', "Give another type with --input."
        )
    dtype = p.element.dtype or np.dtype(np.float32)
    if p.element.is_integer or _is_index(p):
        return _whole(p, shape, rng).astype(dtype)
    if _is_image(p, shape):
        return _picture(p, shape, rng).astype(dtype)
    return (rng.uniform(0, 1, shape) if positive else rng.standard_normal(shape)).astype(dtype)


_OFF = ("training", "is_train", "phase", "learning_phase", "dropout")
"""Parts of the names of inputs that switch what only training has; they are off."""


def _switch(p: Parameter, graph: Graph) -> float | None:
    """The value of an input that has no effect on inference when it has this value; None for others."""
    if p.element.dtype is None or p.element is t.string or (p.shape and any(d != 1 for d in p.shape)):
        return None
    name = p.label.lower()
    if p.element.is_real and ("keep_prob" in name or draws(graph)):
        return 1.0  # the part that dropout keeps
    return 0.0 if p.element is t.boolean or any(part in name for part in _OFF) else None


# -- whole numbers


def _readers(value: Value) -> Iterator[tuple[Node, int, Value]]:
    """Who reads a value, also through operations that only shape it: node, place, the value that it reads."""
    work, seen = [value], {value}
    while work:
        current = work.pop()
        for node, place in current.uses:
            yield node, place, current
            if isinstance(node, _PASSING) and place == 0 and node not in seen:
                seen.add(node)
                work.append(node)


def _is_index(p: Parameter) -> bool:
    """True for real numbers that are made whole to choose from a table, as Caffe and MXNet have them."""
    return any(_bound(node, place) is not None for node, place, _ in _readers(p))


def _bound(node: Node, place: int) -> int | None:
    """The size of what an index chooses from, where it is known."""
    operands = node.operands
    if isinstance(node, Gather) and place == 1:
        axis = operands[2].const
        shape = operands[0].shape
        size = shape[int(axis.reshape(-1)[0])] if axis is not None and shape else None
        return size if isinstance(size, int) else None
    if isinstance(node, GatherND) and place == 1:
        shape = operands[0].shape
        return min((d for d in shape[:1] if isinstance(d, int)), default=None) if shape else None
    if isinstance(node, OneHot) and place == 0:
        depth = operands[1].const
        return None if depth is None else int(depth.reshape(-1)[0])
    if isinstance(node, EmbeddingSegmentsSum) and place == 1:
        size = operands[0].shape[0] if operands[0].shape else None
        return size if isinstance(size, int) else None
    return None


def _whole(p: Parameter, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    bounds, compared = [], []
    for node, place, _ in _readers(p):
        bound = _bound(node, place)
        if bound is not None:
            bounds.append(bound)
        if isinstance(node, Equal):
            constants = [v.const for v in node.operands if v.const is not None and v.const.size == 1]
            compared += [int(c.reshape(-1)[0]) for c in constants]
    if bounds:
        return rng.integers(0, max(1, min(bounds)), shape)
    if _is_mask(p):
        mask = np.ones(shape, np.int64)
        if shape and shape[-1] > 4:
            mask[..., -(shape[-1] // 4) :] = 0
        return mask
    if compared and not shape:
        return np.full(shape, compared[0])
    if p.element is t.u8 and _is_image(p, shape):
        return _picture(p, shape, rng)
    return rng.integers(0, _FEW, shape)


def _is_mask(p: Parameter) -> bool:
    return any("mask" in name.lower() for name in (p.label, *p.names))


# -- images


def _is_image(p: Parameter, shape: Sequence[int]) -> bool:
    spatial = _spatial(p)
    if not spatial or any(shape[axis] < _IMAGE for axis in spatial):
        return False
    channels = shape[({1, 2, 3} - set(spatial)).pop()]
    return channels in (1, 3, 4)


def _picture(p: Parameter, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Waves of some lengths and directions with a little noise: from 0 to 255 where the model scales, else 0 to 1."""
    spatial = _spatial(p)
    rows, columns = (shape[axis] for axis in spatial)
    y, x = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    planes = []
    for _ in range(int(np.prod(shape)) // (rows * columns)):
        waves = rng.uniform(-12, 12, (4, 2))
        plane = sum(np.sin(2 * np.pi * (a * y + b * x) + rng.uniform(0, 6)) for a, b in waves)
        planes.append(np.asarray(plane) / 8 + 0.5 + rng.normal(0, 0.05, (rows, columns)))
    batch, channels = shape[0], shape[({1, 2, 3} - set(spatial)).pop()]
    image = np.clip(np.reshape(planes, (batch, channels, rows, columns)), 0, 1)
    if spatial == (1, 2):
        image = image.transpose(0, 2, 3, 1)
    return np.round(image * 255) if p.element is t.u8 or _scales(p) else image


def _scales(p: Parameter) -> bool:
    """True when the first thing that the model does is to bring numbers up to 255 into a smaller range."""
    for node, _, _ in _readers(p):
        constants = [v for v in node.operands if isinstance(v.node, Constant)]
        if len(constants) != 1 or constants[0].tensor is None or constants[0].tensor.size > 16:
            continue
        largest = float(np.abs(np.asarray(constants[0].tensor.numpy(), np.float64)).max(initial=0))
        if isinstance(node, Subtract) and largest > 2:
            return True
        if (isinstance(node, Divide) and largest > 2) or (isinstance(node, Multiply) and 0 < largest < 0.1):
            return True
    return any(isinstance(n, (Convolution, GroupConvolution)) and _tiny(n) for n, _, _ in _readers(p))


def _tiny(node: Node) -> bool:
    """True for filters into which a division by 255 or the like was folded."""
    filters = node.operands[1].tensor
    if filters is None or filters.size > 1 << 20 or not filters.element.is_real:
        return False
    weights = np.asarray(filters.numpy(), np.float64)
    fan_in = weights.size / max(1, weights.shape[0])
    return float(np.sqrt(np.mean(weights**2) * fan_in)) < 0.05


# -- given data


def given_cases(graph: Graph, data: Mapping[str, Array]) -> list[list[Case]]:
    """The case that arrays by name make; arrays without a known name go by their order.

    For a model with states an array with several times the rows that it takes is for calls in a row.

    Raises UsageError when an input has none, or when a shape does not fit.
    """
    inputs = graph.inputs
    left = dict(data)
    found: dict[int, Array] = {}
    for i, p in enumerate(inputs):
        name = next((n for n in (*p.names, p.label, p.name) if n in left), None)
        if name is not None:
            found[i] = left.pop(name)
    rest = [i for i in range(len(inputs)) if i not in found]
    if len(left) == len(rest) and not found:
        found.update(zip(rest, left.values()))
    missing = [inputs[i].label for i in range(len(inputs)) if i not in found]
    if missing:
        have = ", ".join(f'"{n}"' for n in data) or "nothing"
        raise UsageError(
            f'--data has nothing for the input "{missing[0]}"; it has {have}', "Name the arrays like the inputs."
        )
    arrays = [np.asarray(found[i]) for i in range(len(inputs))]
    count = _calls(inputs, arrays) if has_states(graph) else 1
    calls = []
    for step in range(count):
        parts = [_part(p, a, step) if count > 1 else a for p, a in zip(inputs, arrays)]
        calls.append(tuple(_fitting(p, a) for p, a in zip(inputs, parts)))
    return [[Case(tuple(calls), "data")]]


def _rows(p: Parameter) -> int:
    """The rows that an input takes in a call; 0 when that is not fixed."""
    first = p.shape[0] if p.shape else None
    return first if isinstance(first, int) else 0


def _calls(inputs: Sequence[Parameter], arrays: Sequence[Array]) -> int:
    counts = [len(a) // _rows(p) for p, a in zip(inputs, arrays) if a.ndim and _rows(p) and len(a) != _rows(p)]
    return max(1, min(counts, default=1))


def _part(p: Parameter, array: Array, step: int) -> Array:
    rows = _rows(p)
    return array if not rows or len(array) == rows else array[step * rows : (step + 1) * rows]


def _fitting(p: Parameter, array: Any) -> Array:
    """The array in the type of the input; raises UsageError when its shape is another."""
    shape = p.shape
    if shape is not None and (
        len(shape) != array.ndim or any(not lo <= n <= hi for n, (lo, hi) in zip(array.shape, map(t.bounds, shape)))
    ):
        raise UsageError(
            f'--data: "{p.label}" has the shape {list(array.shape)}, and the model takes {t.format_shape(shape)}',
            "Convert with that shape (--input), or give other data.",
        )
    dtype = p.element.dtype
    try:
        return np.asarray(array) if dtype is None or dtype.kind == "O" else np.asarray(array).astype(dtype)
    except (TypeError, ValueError) as e:
        raise UsageError(f'--data: "{p.label}" is {p.element}, and the data {array.dtype}', "Give numbers.") from e
