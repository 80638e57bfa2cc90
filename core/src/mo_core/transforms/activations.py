"""Activation functions put together from small ops.

Each rule starts at the op that is rare (Erf, Tanh, Exp, …) and compares the arithmetic around it as a polynomial, so
that every spelling of a formula is the same formula.
"""

from __future__ import annotations

import math

from mo_core import ops
from mo_core.ir import Constant, Node, Value, constant
from mo_core.passes import Stage, rewrites
from mo_core.pattern import any_, const, op, p
from mo_core.rewrite import Instead, rule
from mo_core.transforms._algebra import affine, inside, multiple, number, same, shaped_like, terms, written

_BEFORE = ("batch-norm", "linear-merge", "linear-motion", "linear-fusion")
"""Factors and shifts are looked at as they were written, ahead of the passes that move them elsewhere."""

_real = any_("x", where=lambda v: v.element.is_real and v.known is None)


# -- limits


@rule(p.Maximum(_real, const("c"), name="node"), p.Minimum(_real, const("c"), name="node"))
def limit(node: Node, x: Value, c: Value) -> Value | None:
    """Maximum or Minimum with numbers, one after the other: Clamp; Maximum with 0: ReLU."""
    own, inner = number(c), x.node
    if own is None or not shaped_like(node, x):
        return None
    above = isinstance(node, ops.Maximum)
    if above and own == 0:
        return ops.ReLU(x)
    if above and isinstance(inner, ops.Minimum) and len(x.uses) == 1:
        return _clamp(inner, low=own)
    if not above and isinstance(inner, ops.Maximum) and len(x.uses) == 1:
        return _clamp(inner, high=own)
    return None


def _clamp(inner: Node, low: float | None = None, high: float | None = None) -> Value | None:
    x, c = inner.operands if not isinstance(inner.operands[0].node, Constant) else inner.operands[::-1]
    other = number(c)
    low, high = (other if low is None else low), (other if high is None else high)
    if low is None or high is None or low > high or not shaped_like(inner, x):
        return None
    return ops.Clamp(x, min=low, max=high)


_LIMITS = (ops.Clamp, ops.ReLU)


def _range(node: Node) -> tuple[float, float]:
    return (node.min, node.max) if isinstance(node, ops.Clamp) else (0.0, math.inf)


@rule(op(*_LIMITS, operands=[op(*_LIMITS, operands=[any_("x")], name="inner", uses=1)], name="outer"),
      p.Minimum(p.ReLU(any_("x"), name="inner", uses=1), const("c"), name="outer"))  # fmt: skip
def limits_twice(outer: Node, inner: Node, x: Value) -> Value | None:
    """ReLU and Clamp behind each other: one of them."""
    if not x.element.is_real:
        return None
    (a, b) = _range(inner)
    if isinstance(outer, ops.Minimum):
        c = number(next(v for v in outer.operands if isinstance(v.node, Constant)))
        if c is None or not shaped_like(outer, x):
            return None
        low, high = -math.inf, c
    else:
        low, high = _range(outer)
    low, high = min(max(a, low), high), max(min(b, high), low)  # the outer limits have the last word
    if low > high:
        return None
    return ops.ReLU(x) if (low, high) == (0.0, math.inf) else ops.Clamp(x, min=low, max=high)


clamp_fusion = rewrites(
    "clamp-fusion", limit, limits_twice, stage=Stage.FUSE, before=_BEFORE,
    doc="Minimum, Maximum, ReLU and Clamp behind each other as one Clamp or ReLU.",
)  # fmt: skip


# -- PReLU and LeakyReLU


@rule(p.Maximum(_real, any_("y"), name="node"), p.Minimum(_real, any_("y"), name="node"))
def leaky_relu(node: Node, x: Value, y: Value) -> Value | None:
    """max(x, a x) with a up to 1, min(x, a x) with a from 1 on: PReLU."""
    a = _factor(y, x)
    if a is None or not (0 <= a <= 1 if isinstance(node, ops.Maximum) else a >= 1):
        return None
    return _prelu(x, a)


def _factor(y: Value, x: Value) -> float | None:
    found = terms(y, {x: 0}) if y is not x and shaped_like(y, x) else None
    return found[1,] if found is not None and found.keys() == {(1,)} else None


def _prelu(x: Value, slope: float) -> Value:
    return ops.PReLU(x, constant([slope], x.element))


_zero = const(value=0.0)
_positive = op(ops.Greater, ops.GreaterEqual, operands=[_real, _zero])
_negative = op(ops.Less, ops.LessEqual, operands=[_real, _zero])


@rule(p.Select(_positive, _real, any_("y"), name="node"), p.Select(_negative, any_("y"), _real, name="node"))
def leaky_select(node: Node, x: Value, y: Value) -> Value | None:
    """x where it is positive, else a x: PReLU."""
    a = _factor(y, x)
    return None if a is None or not shaped_like(node, x) else _prelu(x, a)


@rule(p.ReLU(_real, name="relu"))
def prelu_of_relus(relu: Node, x: Value) -> Instead | None:
    """relu(x) - a relu(-x), a a number or one for each channel: PReLU."""
    mirror = _mirrored(x)
    if mirror is None:
        return None
    for root in [u for u in relu.users() if isinstance(u, (ops.Add, ops.Subtract))]:
        other = root.operands[1] if root.operands[0] is relu else root.operands[0]
        slopes = {v: 2 for n in (other.node, *_operand_nodes(other)) for v in n.operands if isinstance(v.node, Constant)}
        for c in [None, *[v for v in slopes if number(v) is None]]:
            leaves = {relu: 0, mirror: 1} if c is None else {relu: 0, mirror: 1, c: 2}
            found = terms(root, leaves)
            slope = _slope(found, c, x)
            if slope is not None and shaped_like(root, x):
                return _Whole(root, leaves).gives(ops.PReLU(x, slope), relu, mirror)
    return None


def _mirrored(x: Value) -> Node | None:
    """ReLU of -x."""
    for user in x.users():
        if isinstance(user, (ops.Negative, ops.Multiply)) and same(terms(user, {x: 0}), {(1,): -1.0}, x):
            for below in user.users():
                if isinstance(below, ops.ReLU):
                    return below
    return None
