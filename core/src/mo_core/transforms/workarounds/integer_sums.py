"""Products of small integers that are summed up as real numbers, kept exact where whole numbers are wanted.

OpenVINO (seen in 2026.4) has no products with sums of 32-bit integers: they are computed in f32, which holds whole
numbers up to 2^24 only. Sums over so few terms that none can be larger are exact; these are added up as i32.
`test_integer_sums` tells when that is mended.
"""

from __future__ import annotations

import math
from functools import reduce

from mo_core.build import slice_axis, to_element
from mo_core.errors import Decline
from mo_core.ir import Constant, Value
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import Add, Convert, Convolution, MatMul, Subtract
from mo_core.ops.shape import Rearrangement
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, p
from mo_core.rewriting.rewrite import rule

_EXACT = 1 << 24
_MOST = 256
"""Parts that a sum may be divided into."""


@rule(p.Convert(p.MatMul(any_("a"), any_("b"), name="product"), name="whole"))
def sums_of_products(whole: Convert, product: MatMul, a: Value, b: Value) -> Value | None:
    """A product of matrices in parts along the axis that is summed over."""
    terms = _exact_terms(whole, a, b)
    if terms is None or not a.rank or not b.rank:
        return None
    axis_a = -2 if product.transpose_a and a.rank > 1 else -1
    axis_b = -1 if product.transpose_b or b.rank == 1 else -2
    length = a.dims[axis_a] if isinstance(a.dims[axis_a], int) else b.dims[axis_b]
    if not isinstance(length, int):
        raise Decline("it is not known how many products are added, and sums beyond 2^24 are rounded")
    if length <= terms:
        return None
    return _added(whole, product, (a, b), (axis_a, axis_b), length, terms)


@rule(p.Convert(p.Convolution(any_("x"), any_("filters"), name="product"), name="whole"))
def sums_of_windows(whole: Convert, product: Convolution, x: Value, filters: Value) -> Value | None:
    """A convolution in parts along the channels."""
    terms = _exact_terms(whole, x, filters)
    if terms is None:
        return None
    channels, *window = filters.dims[1:]
    if not isinstance(channels, int) or not t.is_static(tuple(window)):
        raise Decline("it is not known how many products are added, and sums beyond 2^24 are rounded")
    each = terms // math.prod(d for d in window if isinstance(d, int))
    if channels <= each:
        return None
    if not each:
        raise Decline("the sum over a single channel may be beyond 2^24")
    return _added(whole, product, (x, filters), (1, 1), channels, each)


def _exact_terms(whole: Convert, a: Value, b: Value) -> int | None:
    """How many products can be added exactly; None where that does not matter. Raises Decline."""
    if not whole.element.is_integer or whole.element.bits < 32:
        return None
    largest = [_largest(a), _largest(b)]
    if None in largest:
        return None
    if whole.uses and all(isinstance(u, Convert) and u.element.is_real for u in whole.users()):
        raise Decline("the whole numbers become real ones at once, which are rounded anyway")
    return _EXACT // math.prod(n or 1 for n in largest)


def _largest(v: Value) -> int | None:
    """The largest magnitude of small integers in real form, less a zero point or not; None for other values."""
    node = v.node
    while isinstance(node, Rearrangement):
        v = node.operands[0]
        node = v.node
    if isinstance(node, Subtract):
        limits = [_limits(o) for o in node.operands]
        if limits[0] is None or limits[1] is None:
            return None
        return max(limits[0][1] - limits[1][0], limits[1][1] - limits[0][0])
    found = _limits(v)
    return None if found is None else max(-found[0], found[1])


def _limits(v: Value) -> tuple[int, int] | None:
    if isinstance(v.node, Convert) and v.element.is_real:
        return _range(v.node.data.element)
    if isinstance(v.node, Constant) and v.known is not None and v.known.size and v.known.dtype.kind in "fiu":
        low, high = float(v.known.min()), float(v.known.max())
        return (int(low), int(high)) if low.is_integer() and high.is_integer() else None
    return None


def _range(element: ElementType) -> tuple[int, int] | None:
    if not element.is_integer or element.bits > 8:
        return None
    return (
        (-(1 << element.bits - 1), (1 << element.bits - 1) - 1) if element.is_signed else (0, (1 << element.bits) - 1)
    )


def _added(
    whole: Convert,
    product: MatMul | Convolution,
    pair: tuple[Value, Value],
    axes: tuple[int, int],
    length: int,
    each: int,
) -> Value:
    if length > each * _MOST:
        raise Decline(f"more than {_MOST} sums would be added, and sums beyond 2^24 are rounded")
    parts = []
    for start in range(0, length, each):
        stop = min(start + each, length)
        operands = [slice_axis(v, axis % v.rank, start, stop) for v, axis in zip(pair, axes)]
        parts.append(to_element(product.evolve(*operands), whole.element))
    return reduce(Add, parts)


integer_sums = rewrites(
    "integer-sums",
    sums_of_products,
    sums_of_windows,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="Sums of products of small integers, which the runtime would round beyond 2^24, in exact parts.",
)
