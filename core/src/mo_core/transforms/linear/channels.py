"""Constants that broadcast against a value: along which axes they vary, and how other ops move those axes.

The `dims` of a constant are its shape with ones put ahead up to the rank of the value that it is combined with: each is
1 or the (static) size of the value there. Everything in here looks at shapes; contents are looked at where they are
small, and weights never are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from mo_core.build import known_ints
from mo_core.errors import Decline
from mo_core.ir import Constant, Node, Value, tensor
from mo_core.ir import types as t
from mo_core.ir.permutations import inverse
from mo_core.ir.tensor import Array, Lazy, Tensor, encode, lazy
from mo_core.ir.types import Shape
from mo_core.ops import AvgPool, BatchToSpace, Interpolate, MaxPool, ReduceMean, Transpose
from mo_core.ops.shape import Rearrangement, View
from mo_core.ops.unary import Unary

Dims = tuple[int, ...]

LOOK = 1 << 16
"""Constants with at most this many elements are looked at; the others are taken to be finite, and nothing else."""


def dims_of(c: Value, x: Value) -> Dims | None:
    """The dims of constant `c` beside `x`; None when the rank of `x` is unknown or `c` would change its shape."""
    shape, beside = _tensor(c).shape, x.shape
    if beside is None or len(shape) > len(beside):
        return None
    dims = (1,) * (len(beside) - len(shape)) + shape
    return dims if all(d == 1 or (type(n) is int and d == n) for d, n in zip(dims, beside)) else None


def along(dims: Dims, axis: int) -> bool:
    """True when a constant of these dims varies along this axis at most."""
    return all(d == 1 for i, d in enumerate(dims) if i != axis)


def reshaped(c: Value, shape: Sequence[int]) -> Value:
    """The constant in another shape."""
    return c if c.shape == tuple(shape) else Constant(value=tensor.reshaped(_tensor(c), shape))


def content(c: Value) -> np.ndarray[Any, Any] | None:
    """The elements of a small constant; None for a large one."""
    if c.known is not None:
        return None if c.known.dtype == np.object_ else c.known
    stored = c.tensor
    return None if stored is None or stored.size > LOOK or isinstance(stored, Lazy) else stored.numpy()


_LARGEST = {"f16": 1e3}


def is_bounded(c: Value) -> bool:
    """False for a small constant with an element from which weights may overflow, or that is not a number."""
    numbers = content(c)
    return numbers is None or bool((np.abs(numbers) <= _LARGEST.get(c.element.name, 1e30)).all())


def computed(
    function: Callable[..., Any], *constants: Value, shape: Dims | None = None, what: str = "the merged constant"
) -> Constant:
    """A constant from others, computed in f64 and rounded once; declines when an element of it is not finite.

    `shape`: of the result, where it is not the numpy broadcast of the operands'.
    """
    tensors = [_tensor(c) for c in constants]
    element = tensors[0].element
    small = all(x.size <= LOOK and not isinstance(x, Lazy) for x in tensors)
    wide = np.float64 if small else np.float32

    def evaluate(*arrays: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        result = function(*[a.astype(wide, copy=False) for a in arrays])
        return encode(result if shape is None else result.reshape(shape), element)

    found = np.broadcast_shapes(*[x.shape for x in tensors]) if shape is None else shape
    if not small:
        return Constant(value=lazy(evaluate, *tensors, element=element, shape=found))
    with np.errstate(all="ignore"):
        made = Array(evaluate(*[x.numpy() for x in tensors]), element, found)
    if not np.isfinite(made.numpy()).all():
        raise Decline(f"{what} is not finite")
    return Constant(value=made)


def _tensor(c: Value) -> Tensor:
    assert isinstance(c.node, Constant)
    return c.node.value


def grows(a: Value, b: Value) -> bool:
    """True when the broadcast of two constants is larger than both."""
    x, y = _tensor(a), _tensor(b)
    return math.prod(np.broadcast_shapes(x.shape, y.shape)) > max(x.size, y.size)


def part(c: Value, axis: int, start: int, stop: int) -> Value:
    """A range of a constant along an axis; the whole constant when it does not vary there."""
    whole = _tensor(c)
    if whole.shape[axis] == 1:
        return c
    window = (slice(None),) * axis + (slice(start, stop),)
    shape = (*whole.shape[:axis], stop - start, *whole.shape[axis + 1 :])
    return Constant(value=lazy(lambda a: a[window], whole, shape=shape))


# -- ops that move axes and leave the elements as they are


class Move(NamedTuple):
    """What becomes of a constant on the other side of an op: `stretched`, then its axes in `order`, then `dims`."""

    dims: Dims
    stretched: Dims
    order: tuple[int, ...] | None = None

    def __call__(self, c: Value) -> Value:
        """The constant for the other side."""
        shape = t.static(c.shape)
        c = reshaped(c, (1,) * (len(self.stretched) - len(shape)) + shape)
        if self.order is not None:
            return Constant(value=tensor.transposed(_tensor(c), self.order))
        if c.shape != self.stretched:
            stretch = partial(np.broadcast_to, shape=self.stretched)
            c = Constant(value=lazy(stretch, _tensor(c), shape=self.stretched))
        return reshaped(c, self.dims)


POOLINGS: tuple[type[Node], ...] = (MaxPool, AvgPool, ReduceMean, Interpolate)

MOVERS: tuple[type[Node], ...] = (Rearrangement, *POOLINGS, BatchToSpace, Unary)
"""Ops that a factor or a shift may pass, when its axes stay traceable."""


def across(node: Node, dims: Dims, *, up: bool, shift: bool, positive: bool) -> Move | None:
    """How a constant of these dims passes `node`, from its result to its operand (`up`) or the other way.

    `shift`: it is added, not multiplied; `positive`: all elements are above zero. None when the result would change.
    """
    data = node.operands[0]
    if data.shape is None or node.shape is None or not data.element.is_real:
        return None
    if isinstance(node, Transpose):
        return _across_transpose(node, dims, up)
    if isinstance(node, View):
        ends: tuple[Shape, Shape] = (node.shape, data.shape) if up else (data.shape, node.shape)
        return _across_reshape(dims, *ends)
    if isinstance(node, (MaxPool, AvgPool)):
        same = all(d == 1 for d in dims[2:]) and _pool_commutes(node, shift, positive)
        return Move(dims, dims) if same else None
    if isinstance(node, ReduceMean):
        return _across_mean(node, dims, up)
    if isinstance(node, BatchToSpace):
        passes = _blocks_leave(node, dims)
    elif isinstance(node, Interpolate):
        passes = _resize_leaves(node, dims, shift)
    else:
        passes = positive and not shift and node.element_trait.homogeneous(node)
    return Move(dims, dims) if passes else None


def _across_transpose(node: Transpose, dims: Dims, up: bool) -> Move | None:
    order = known_ints(node.order)
    if order is None:
        return None
    order = order or tuple(range(len(dims)))[::-1]
    order = t.normalize_axes(order, len(dims))
    if up:
        order = inverse(order)
    return Move(tuple(dims[i] for i in order), dims, order)


def _across_mean(node: ReduceMean, dims: Dims, up: bool) -> Move | None:
    axes = known_ints(node.axes)
    if axes is None or not node.data.element.is_real:
        return None
    gone = t.normalize_axes(axes, node.data.rank)
    if up and not node.keep_dims:
        rest = iter(dims)
        return Move(tuple(1 if i in gone else next(rest) for i in range(node.data.rank)), dims)
    if any(dims[i] != 1 for i in gone):
        return None
    return Move(dims if node.keep_dims else tuple(d for i, d in enumerate(dims) if i not in gone), dims)


def _across_reshape(dims: Dims, source: Shape, target: Shape) -> Move | None:
    assert source is not None and target is not None
    stretched, result = list(dims), [1] * len(target)
    for (a, b), (c, d) in aligned(source, target):
        if all(n == 1 for n in dims[a:b]):
            continue
        if not t.is_static(source[a:b]) or not t.is_static(target[c:d]):
            return None
        stretched[a:b], result[c:d] = t.static(source[a:b]), t.static(target[c:d])
    if math.prod(result) > max(math.prod(dims), LOOK):
        return None
    return Move(tuple(result), tuple(stretched))


Run = tuple[int, int]


def aligned(a: tuple[t.Dim, ...], b: tuple[t.Dim, ...]) -> list[tuple[Run, Run]]:
    """Runs of axes of two shapes of the same elements, such that each run holds the same axes' worth of elements."""
    i, m, n = 0, len(a), len(b)
    pairs: list[tuple[Run, Run]] = []
    while i < min(m, n) and t.same_dim(a[i], b[i]):
        pairs.append(((i, i + 1), (i, i + 1)))
        i += 1
    tail: list[tuple[Run, Run]] = []
    while m > i and n > i and t.same_dim(a[m - 1], b[n - 1]):
        m, n = m - 1, n - 1
        tail.append(((m, m + 1), (n, n + 1)))
    return pairs + _aligned_products(a, b, (i, m), (i, n)) + tail[::-1]


def _aligned_products(a: tuple[t.Dim, ...], b: tuple[t.Dim, ...], x: Run, y: Run) -> list[tuple[Run, Run]]:
    """The same for the middle: as small runs as the products of static sizes allow, or one run."""
    (i, m), (j, n) = x, y
    if not t.is_static(a[i:m]) or not t.is_static(b[j:n]):
        return [(x, y)]
    left, right = ([d if isinstance(d, int) else 0 for d in dims] for dims in (a, b))  # the runs are static
    pairs: list[tuple[Run, Run]] = []
    while i < m and j < n:
        p, q, have, want = i + 1, j + 1, left[i], right[j]
        while have != want:
            if have < want and p < m:
                have, p = have * left[p], p + 1
            elif want < have and q < n:
                want, q = want * right[q], q + 1
            else:
                return [*pairs, ((i, m), (j, n))]
        pairs.append(((i, p), (j, q)))
        i, j = p, q
    return [*pairs, ((i, m), (j, n))] if i < m or j < n else pairs


def _pool_commutes(node: MaxPool | AvgPool, shift: bool, positive: bool) -> bool:
    if isinstance(node, MaxPool):
        # rounding up may leave a window without any data, whose maximum is the lowest number whatever the factor
        filled = node.rounding_type != "ceil" or not (any(node.pads_begin) or any(node.pads_end))
        return not node.results[1].uses and filled and (shift or positive)
    if not shift:
        return True
    counts_padding = not node.exclude_pad and (
        node.rounding_type != "floor" or node.auto_pad.startswith("same") or any(node.pads_begin) or any(node.pads_end)
    )
    return not counts_padding


def _resize_leaves(node: Interpolate, dims: Dims, shift: bool) -> bool:
    """True when the constant varies along axes that are not resized, and a shift would not miss padding."""
    axes = known_ints(node.axes) if node.axes is not None else tuple(range(len(dims)))
    if axes is None or any(dims[a] != 1 for a in axes):
        return False
    padded = (*node.pads_begin, *node.pads_end)
    return not any(padded) and (not shift or node.mode in ("nearest", "linear_onnx"))


def _blocks_leave(node: BatchToSpace, dims: Dims) -> bool:
    """True when the constant varies only along axes that the op neither joins nor crops."""
    blocks, begin, end = (known_ints(v) for v in node.operands[1:])
    if blocks is None or begin is None or end is None or dims[0] != 1:
        return False
    return all(d == 1 or (b == 1 and not low and not high) for d, b, low, high in zip(dims, blocks, begin, end))
