"""Arithmetic compared by meaning: what a value is as a polynomial in other values, however it is spelled.

`x * 0.5 * (1 + erf(x / sqrt(2)))`, with the factors in any order, with Multiply or Divide, multiplied out or not, is
the polynomial `0.5 x + 0.5 x e` in the leaves x and e. Exponents may be negative: a Divide by a product of leaves stays
a polynomial. Element-wise arithmetic with broadcasting is a ring: equal polynomials of one shape are equal values.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from mo_core.errors import Decline
from mo_core.ir import Constant, Node, Value
from mo_core.ir import types as t
from mo_core.ir.known import number
from mo_core.ops import Add, Divide, Multiply, Negative, Power, SquaredDifference, Subtract
from mo_core.rewriting.rewrite import Instead

Key: TypeAlias = "tuple[int, ...]"
Terms: TypeAlias = "dict[Key, float]"
"""Coefficients by the exponents of the leaves."""

ARITHMETIC = (Add, Subtract, Multiply, Divide, Power, Negative, SquaredDifference)
_DEEP, _MANY, _NEAR, _READERS = 8, 24, 10, 8
_TOLERANCE = {"f64": 1e-6, "f32": 1e-6, "f16": 1e-3, "bf16": 1e-2}


class Leaves:
    """What a polynomial is in: values (several that are equal share a place), then places for constants.

    The first constants met that are not a number take the free places; they are in `constants` then.
    """

    def __init__(self, *values: Value | Sequence[Value], free: int = 0) -> None:
        self.constants: list[Value] = []
        self.count = len(values) + free
        self._free = free
        self._places: dict[Value, int] = {}
        for i, v in enumerate(values):
            self._places.update(dict.fromkeys([v] if isinstance(v, Value) else v, i))

    def place(self, value: Value) -> int | None:
        """The place of a leaf; None for what is none."""
        found = self._places.get(value)
        if found is not None or len(self.constants) == self._free or not isinstance(value.node, Constant):
            return found
        if not value.element.is_real or number(value) is not None:
            return None
        found = self._places[value] = self.count - self._free + len(self.constants)
        self.constants.append(value)
        return found

    def terms(self, value: Value, visited: list[Node] | None = None, deep: int = _DEEP) -> Terms | None:
        """`value` as a polynomial; None when it is none. The nodes of its arithmetic are added to `visited`."""
        at = self.place(value)
        if at is not None:
            return {tuple([int(i == at) for i in range(self.count)]): 1.0}
        node, one = value.node, (0,) * self.count
        if not isinstance(node, ARITHMETIC) or value.known is not None:
            constant = number(value)
            return None if constant is None else {one: constant} if constant else {}
        if visited is not None:
            visited.append(node)
        parts = []
        for v in node.operands if deep else ():
            part = self.terms(v, visited, deep - 1)
            if part is None:
                return None
            parts.append(part)
        return _combined(node, parts, one) if deep else None


def _combined(node: Node, parts: Sequence[Terms], one: Key) -> Terms | None:
    if isinstance(node, Negative):
        return _sum({}, parts[0], -1.0)
    a, b = parts
    if isinstance(node, Add):
        return _sum(a, b)
    if isinstance(node, Subtract):
        return _sum(a, b, -1.0)
    if isinstance(node, Multiply):
        return _product(a, b)
    if isinstance(node, SquaredDifference):
        difference = _sum(a, b, -1.0)
        return _product(difference, difference)
    if isinstance(node, Divide):
        return _product(a, _power(b, -1, one))
    if isinstance(node, Power) and b.keys() <= {one}:
        exponent = b.get(one, 0.0)
        return _power(a, int(exponent), one) if exponent.is_integer() and -4 <= exponent <= 4 else None
    return None


def _sum(a: Terms, b: Terms, sign: float = 1.0) -> Terms:
    result = dict(a)
    for key, factor in b.items():
        whole = result.get(key, 0.0) + sign * factor
        if abs(whole) <= 1e-9 * abs(factor):
            result.pop(key, None)
        else:
            result[key] = whole
    return result


def _product(a: Terms, b: Terms | None) -> Terms | None:
    if b is None or len(a) * len(b) > _MANY:
        return None
    result: Terms = {}
    for key, factor in a.items():
        result = _sum(result, {tuple(map(sum, zip(key, k))): factor * f for k, f in b.items()})
    return result


def _power(a: Terms, exponent: int, one: Key) -> Terms | None:
    if exponent < 0:
        if len(a) != 1:
            return None
        ((key, factor),) = a.items()
        a, exponent = {tuple(-k for k in key): 1 / factor}, -exponent
    result: Terms | None = {one: 1.0}
    for _ in range(exponent):
        result = _product(a, result)
    return result


def same(found: Terms | None, wanted: Terms, like: Value) -> bool:
    """True when the coefficients agree, up to the precision of the element type of `like`."""
    if found is None or found.keys() != wanted.keys():
        return False
    limit = _TOLERANCE.get(like.element.name, 0.0)
    return all(abs(found[k] - c) <= limit * abs(c) for k, c in wanted.items())


def shaped_like(a: Value, b: Value) -> bool:
    """True when two values are known to have one type."""
    return a.element is b.element and t.same_shape(a.shape, b.shape)


# -- up: what is it made of


def inside(value: Value) -> Iterator[Value]:
    """The value and what its arithmetic is made of, constants left out; the nearest first."""
    found: dict[Value, None] = {value: None}
    work = deque([value])
    while work:
        nearest = work.popleft()
        yield nearest
        if len(found) < _NEAR and isinstance(nearest.node, ARITHMETIC):
            new = [v for v in nearest.node.operands if not isinstance(v.node, Constant) and v not in found]
            found.update(dict.fromkeys(new))
            work.extend(new)


def affine(value: Value) -> Iterator[tuple[Value, float, float]]:
    """Every `x` such that `value` is `a x + b`, with a and b; `value` itself comes first."""
    yield value, 1.0, 0.0
    for x in islice(inside(value), 1, None):
        found = Leaves(x).terms(value)
        if found is not None and (1,) in found and found.keys() <= {(1,), (0,)} and shaped_like(value, x):
            yield x, found[1,], found.get((0,), 0.0)


def multiple(value: Value) -> Iterator[tuple[Value, float]]:
    """Every `x` of which `value` is a multiple, with the factor; `value` itself comes first."""
    return ((x, a) for x, a, b in affine(value) if b == 0)


# -- down: what is made of it


class Found:
    """A node whose value is a polynomial that was looked for.

    Attributes:
        root: the node; nodes: those of its arithmetic; constants: what took the free places.
    """

    def __init__(self, root: Node, nodes: Sequence[Node], constants: Sequence[Value]) -> None:
        self.root, self.nodes, self.constants = root, tuple(nodes), list(constants)

    def gives(self, value: Value, *seeds: Node) -> Instead:
        """The replacement; declines when something that depends on the seeds is read by others, too."""
        return instead(self.root, value, *self.nodes, seeds=seeds)


def instead(root: Node, value: Value, *nodes: Node, seeds: Sequence[Node] = ()) -> Instead:
    """`value` for `root`; declines when nodes on the way from the seeds to the root are read by others, too."""
    own = dict.fromkeys((root, *nodes, *seeds))
    below = set(seeds)
    for node in sorted(own, key=lambda n: n._order):
        if any(v.node in below for v in node.operands):
            below.add(node)
    for node in below - {root}:
        for r in node.results:
            if any(user not in own for user, _ in r.uses):
                raise Decline(f'"{node.label}" is read by others, too')
    return Instead(root, value, tuple(own))


def outside(seed: Value) -> Iterator[Node]:
    """Nodes that compute from `seed` by arithmetic alone, the nearest first."""
    graph, found = seed.node.graph, dict[Node, None]()
    work: deque[Value] = deque([seed])
    while work and len(found) < _NEAR:
        value = work.popleft()
        readers = [u for u, _ in value.uses] if len(value.uses) <= _READERS else []
        for reader in readers:
            if reader not in found and isinstance(reader, ARITHMETIC) and reader.graph is graph:
                found[reader] = None
                work.append(reader)
                yield reader


def written(seed: Value, *leaves: Value | Sequence[Value], like: Value, wanted: Terms, free: int = 0) -> Found | None:
    """The node, computed from `seed` by arithmetic and shaped like `like`, whose value is the polynomial `wanted`."""
    for root in outside(seed):
        if not shaped_like(root, like):
            continue
        known, nodes = Leaves(*leaves, free=free), list[Node]()
        if same(known.terms(root, nodes), wanted, like):
            return Found(root, nodes, known.constants)
    return None
