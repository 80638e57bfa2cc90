"""Activation functions put together from small ops.

Each rule starts at the op that is rare (Erf, Tanh, Exp, …) and compares the arithmetic around it as a polynomial, so
that every spelling of a formula is the same formula.
"""

from __future__ import annotations

import math

from mo_core import ops
from mo_core.errors import Decline
from mo_core.ir import Constant, Node, Value, constant
from mo_core.ir.known import number
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, const, op, p
from mo_core.rewriting.rewrite import Instead, rule
from mo_core.transforms.recognise.algebra import (
    Leaves,
    affine,
    inside,
    instead,
    multiple,
    outside,
    same,
    shaped_like,
    written,
)


def is_data(v: Value) -> bool:
    """True for real numbers that are computed when the model runs."""
    return v.element.is_real and v.known is None and not isinstance(v.node, Constant)


_x = any_("x", where=is_data)


# -- limits

_LIMITS = (ops.Clamp, ops.ReLU, ops.Maximum, ops.Minimum)


def _limits(node: Node) -> tuple[Value, float, float] | None:
    """The operand of a node that keeps it within numbers, and these."""
    x = node.operands[0]
    if isinstance(node, ops.Clamp):
        return x, node.min, node.max
    if isinstance(node, ops.ReLU):
        return x, 0.0, math.inf
    x, c = node.operands if number(node.operands[1]) is not None else node.operands[::-1]
    bound = number(c)
    if bound is None or not shaped_like(node, x):
        return None
    return (x, bound, math.inf) if isinstance(node, ops.Maximum) else (x, -math.inf, bound)


def _limited(x: Value, low: float, high: float) -> Value | None:
    if (low, high) == (0.0, math.inf):
        return ops.ReLU(x)
    return ops.Clamp(x, min=low, max=high) if -math.inf < low <= high < math.inf else None


@rule(op(*_LIMITS, name="node", where=is_data))
def limits(node: Node) -> Value | None:
    """Minimum and Maximum with numbers, ReLU and Clamp in a row: one Clamp or ReLU."""
    outer = _limits(node)
    if outer is None:
        return None
    x, low, high = outer
    inner = _limits(x.node) if isinstance(x.node, _LIMITS) and len(x.uses) == 1 else None
    if inner is None:
        return _limited(x, low, high) if isinstance(node, (ops.Maximum, ops.Minimum)) else None
    x, a, b = inner
    return _limited(x, min(max(a, low), high), max(min(b, high), low))  # the outer limits have the last word


clamp_fusion = rewrites("clamp-fusion", limits, stage=Stage.FUSE, group="recognise", before=("linear",))


# -- PReLU and LeakyReLU


def _prelu(x: Value, slope: float) -> Value:
    return ops.PReLU(x, constant([slope], x.element))


def _factor(y: Value, x: Value) -> float | None:
    """a of y = a x."""
    return next((a for v, a in multiple(y) if v is x), None) if y is not x else None


@rule(p.Maximum(_x, any_("y"), name="node"), p.Minimum(_x, any_("y"), name="node"))
def leaky_limit(node: Node, x: Value, y: Value) -> Value | None:
    """max(x, a x) with a from 0 to 1, min(x, a x) with a from 1 on: PReLU."""
    a = _factor(y, x)
    if a is None:
        return None
    if not (0 <= a <= 1 if isinstance(node, ops.Maximum) else a >= 1):
        raise Decline(f"with a slope of {a:g} this is no PReLU")
    return _prelu(x, a)


_zero = const(value=0.0)


@rule(
    p.Select(op(ops.Greater, ops.GreaterEqual, operands=[_x, _zero]), _x, any_("y"), name="node"),
    p.Select(op(ops.Less, ops.LessEqual, operands=[_x, _zero]), any_("y"), _x, name="node"),
)
def leaky_select(node: Node, x: Value, y: Value) -> Value | None:
    """x where it is positive, else a x: PReLU."""
    a = _factor(y, x)
    if a is None:
        return None
    if not shaped_like(node, x):
        raise Decline("the result has another shape than the data")
    return _prelu(x, a)


@rule(p.ReLU(_x, name="relu"))
def prelu_of_relus(relu: Node, x: Value) -> Instead | None:
    """relu(x) - a relu(-x), a being a number or a constant: PReLU."""
    mirror = _mirrored(x)
    if mirror is None:
        return None
    for root in outside(relu):
        nodes: list[Node] = []
        leaves = Leaves(relu, mirror, free=1)
        found = leaves.terms(root, nodes)
        if found is None or not shaped_like(root, x) or found.pop((1, 0, 0), None) != 1 or len(found) != 1:
            continue
        ((key, factor),) = found.items()
        slope: Value | None = constant([-factor], x.element) if key == (0, 1, 0) else None
        if key == (0, 1, 1) and abs(factor) == 1:
            slope = _channel_slope(leaves.constants[0], x, -factor)
        if slope is not None:
            return instead(root, ops.PReLU(x, slope), *nodes, seeds=[relu, mirror, mirror.operands[0].node])
    raise Decline("relu(x) and relu(-x) are not put together as relu(x) - a relu(-x)")


def _mirrored(x: Value) -> Node | None:
    """ReLU of -x."""
    minus = [u for u in x.users() if isinstance(u, (ops.Negative, ops.Multiply)) and _factor(u, x) == -1]
    return next((u for m in minus for u in m.users() if isinstance(u, ops.ReLU) and shaped_like(u, x)), None)


def _channel_slope(c: Value, x: Value, sign: float) -> Value | None:
    """The constant as slopes along axis 1; None when it varies along another one."""
    if c.shape is None or x.shape is None or len(c.shape) > len(x.shape) or len(x.shape) < 2:
        return None
    full = (1,) * (len(x.shape) - len(c.shape)) + c.static_shape
    if full[1] == 1 or any(d != 1 for i, d in enumerate(full) if i != 1):
        return None
    slopes = ops.Reshape(c, [full[1]], special_zero=False)
    return slopes if sign == 1 else ops.Multiply(slopes, constant(sign, c.element))


@rule(p.Abs(_x, name="absolute"))
def prelu_of_abs(absolute: Node, x: Value) -> Instead | None:
    """(1 + a) / 2 x + (1 - a) / 2 |x|: PReLU; with relu(x) for the first part, too."""
    relu = next((u for u in x.users() if isinstance(u, ops.ReLU)), None)
    for root in outside(absolute):
        nodes: list[Node] = []
        found = Leaves(x, absolute, *([] if relu is None else [relu])).terms(root, nodes)
        if not found or len(found) < 2 or any(sum(k) != 1 for k in found) or not shaped_like(root, x):
            continue
        parts = {k.index(1): f for k, f in found.items()}
        a, b, c = parts.get(0, 0.0), parts.get(1, 0.0), parts.get(2, 0.0)
        if abs(a + b + c - 1) < 1e-6:  # relu(x) is half of x and half of |x|
            seeds = [absolute, *([relu] if c and relu is not None else [])]
            return instead(root, _prelu(x, a - b), *nodes, seeds=seeds)
    return None


@rule(p.Abs(_x, name="absolute"))
def softsign(absolute: Node, x: Value) -> Instead | None:
    """x / (1 + |x|): SoftSign."""
    total = written(absolute, absolute, like=x, wanted={(1,): 1.0, (0,): 1.0})
    whole = written(total.root, x, total.root, like=x, wanted={(1, -1): 1.0}) if total is not None else None
    if total is None:
        return None
    if whole is None:
        raise Decline("x is not divided by 1 + |x|")
    return instead(whole.root, ops.SoftSign(x), *total.nodes, *whole.nodes, seeds=[absolute])


prelu_fusion = rewrites(
    "prelu-fusion",
    leaky_limit,
    leaky_select,
    prelu_of_relus,
    prelu_of_abs,
    stage=Stage.FUSE,
    group="recognise",
    before=("linear",),
    doc="PReLU and LeakyReLU from comparisons, ReLUs and absolute values.",
)


# -- sigmoid and what is made of it


@rule(p.Exp(_x, name="power"))
def sigmoid(power: Node, x: Value) -> Instead | None:
    """1 / (1 + exp(-z)): Sigmoid; y / (1 + exp(-z)): y times it."""
    total = written(power, power, like=x, wanted={(1,): 1.0, (0,): 1.0})
    if total is None:
        return None
    for z, a in multiple(x):
        if a >= 0:
            continue
        result = ops.Sigmoid(z if a == -1 else ops.Multiply(z, constant(-a, z.element)))
        inverse = written(total.root, total.root, like=x, wanted={(-1,): 1.0})
        if inverse is not None:
            return instead(inverse.root, result, *total.nodes, *inverse.nodes, seeds=[power])
        for user in total.root.users():
            if isinstance(user, ops.Divide) and user.b is total.root and user.a is not total.root:
                return instead(user, ops.Multiply(user.a, result), *total.nodes, seeds=[power])
    raise Decline("1 + exp(-z) divides nothing")


def _is_factor(node: Node) -> bool:
    """True when a reader multiplies or divides the value: what rules out most others at once."""
    return any(isinstance(u, (ops.Multiply, ops.Divide)) for u, _ in node.uses)


@rule(p.Sigmoid(_x, name="sigmoid", where=_is_factor))
def swish(sigmoid: Node, x: Value) -> Instead | None:
    """y sigmoid(b y): Swish."""
    for y, b in multiple(x):
        whole = written(sigmoid, y, sigmoid, like=y, wanted={(1, 1): 1.0})
        if whole is not None:
            return whole.gives(ops.Swish(y) if b == 1 else ops.Swish(y, constant(b, y.element)), sigmoid)
    return None


def _as_hsigmoid(node: Node) -> tuple[Value, float] | None:
    """x and k such that k times the node is min(max(x / 6 + 1/2, 0), 1)."""
    if isinstance(node, ops.HSigmoid):
        return node.data, 1.0
    if isinstance(node, ops.HardSigmoid):
        alpha, beta = number(node.alpha), number(node.beta)
        if alpha is None or beta is None or not same({(0,): alpha, (1,): beta}, {(0,): 1 / 6, (1,): 0.5}, node):
            return None
        return node.data, 1.0
    if isinstance(node, ops.Clamp) and node.min == 0 and node.max > 0:
        for x, a, b in affine(node.data):
            if same({(0,): a / node.max, (1,): b / node.max}, {(0,): 1 / 6, (1,): 0.5}, node):
                return x, 1 / node.max
    return None


_KINDS = (ops.Clamp, ops.HardSigmoid, ops.HSigmoid)


@rule(op(*_KINDS, name="hard", where=lambda n: is_data(n) and _is_factor(n)))
def hswish(hard: Node) -> Instead | None:
    """x relu6(x + 3) / 6: HSwish."""
    found = _as_hsigmoid(hard)
    if found is None:
        return None
    x, factor = found
    whole = written(hard, x, hard, like=x, wanted={(1, 1): factor})
    return whole.gives(ops.HSwish(x), hard) if whole is not None else None


@rule(op(*_KINDS, name="hard", where=is_data))
def hsigmoid(hard: Node) -> Instead | Value | None:
    """relu6(x + 3) / 6: HSigmoid."""
    found = _as_hsigmoid(hard) if not isinstance(hard, ops.HSigmoid) else None
    if found is None:
        return None
    x, factor = found
    if factor == 1:
        return ops.HSigmoid(x)
    whole = written(hard, hard, like=x, wanted={(1,): factor})
    if whole is None:
        raise Decline("relu6(x + 3) is not divided by 6, or is read by others")
    return whole.gives(ops.HSigmoid(x), hard)


@rule(p.Log(p.Add(p.Exp(_x, name="power"), const(value=1.0), name="total"), name="log"))
def softplus(log: Node, total: Node, power: Node, x: Value) -> Instead | None:
    """ln(1 + exp(x)): SoftPlus."""
    if not shaped_like(log, x):
        raise Decline("the result has another shape than the data")
    return instead(log, ops.SoftPlus(x), total, seeds=[power])


@rule(p.Tanh(p.SoftPlus(_x, name="inner"), name="tanh", where=_is_factor))
def mish(tanh: Node, inner: Node, x: Value) -> Instead | None:
    """x tanh(softplus(x)): Mish."""
    whole = written(tanh, x, tanh, like=x, wanted={(1, 1): 1.0})
    if whole is None:
        raise Decline("x is not multiplied by tanh(softplus(x))")
    return whole.gives(ops.Mish(x), tanh, inner)


@rule(p.Erf(_x, name="erf"))
def gelu(erf: Node, x: Value) -> Instead | None:
    """y / 2 (1 + erf(y / sqrt(2))): Gelu."""
    return _gelu(erf, x, {(1,): math.sqrt(0.5)}, "ERF")


@rule(p.Tanh(_x, name="tanh"))
def gelu_by_tanh(tanh: Node, x: Value) -> Instead | None:
    """y / 2 (1 + tanh(sqrt(2 / pi) (y + 0.044715 y^3))): Gelu, approximated."""
    slope = math.sqrt(2 / math.pi)
    return _gelu(tanh, x, {(1,): slope, (3,): 0.044715 * slope}, "TANH")


def _gelu(seed: Node, inner: Value, wanted: dict[tuple[int, ...], float], mode: str) -> Instead | None:
    for y in inside(inner):
        found = Leaves(y).terms(inner) if shaped_like(inner, y) else None
        for sign in (1, -1):  # both functions are odd
            if same(found, {k: sign * f for k, f in wanted.items()}, y):
                whole = written(seed, y, seed, like=y, wanted={(1, 0): 0.5, (1, 1): sign * 0.5})
                if whole is not None:
                    return whole.gives(ops.Gelu(y, approximation_mode=mode), seed)
    return None


activation_fusion = rewrites(
    "activation-fusion",
    sigmoid,
    swish,
    hswish,
    hsigmoid,
    softplus,
    mish,
    gelu,
    gelu_by_tanh,
    softsign,
    stage=Stage.FUSE,
    group="recognise",
    before=("linear",),
    doc="Sigmoid, Swish, HSigmoid, HSwish, SoftPlus, SoftSign, Mish and Gelu from small operations.",
)


# -- exponentials below zero


def _below_zero(u: Value, x: Value) -> bool:
    """True for min(x, 0), however it is written."""
    node = u.node
    if isinstance(node, ops.Minimum):
        return x in node.operands and any(number(v) == 0 for v in node.operands)
    return any(isinstance(v.node, ops.ReLU) and a == -1 and _factor(v.node.data, x) == -1 for v, a in multiple(u))


def _elu_factor(y: Value, x: Value, limited: bool) -> float | None:
    """a of y = a (exp(x) - 1); `limited`: of min(x, 0) in place of x."""
    for e in inside(y):
        if isinstance(e.node, ops.Exp) and (_below_zero(e.node.data, x) or (e.node.data is x and not limited)):
            found = Leaves(e).terms(y) or {}
            a = found.get((1,), 0.0)
            if a and same(found, {(1,): a, (0,): -a}, x):
                return a
    return None


@rule(
    p.Select(op(ops.Greater, ops.GreaterEqual, operands=[_x, _zero]), _x, any_("y"), name="node"),
    p.Select(op(ops.Less, ops.LessEqual, operands=[_x, _zero]), any_("y"), _x, name="node"),
)
def elu_by_select(node: Node, x: Value, y: Value) -> Value | None:
    """x where it is positive, else a (exp(x) - 1): Elu."""
    a = _elu_factor(y, x, limited=False)
    if a is None:
        return None
    if not shaped_like(node, x):
        raise Decline("the result has another shape than the data")
    return ops.Elu(x, alpha=a)


@rule(p.Add(p.ReLU(_x), p.Minimum(any_("y"), _zero), name="node"))
def elu_by_limits(node: Node, x: Value, y: Value) -> Value | None:
    """max(x, 0) + min(a (exp(x) - 1), 0), a being positive: Elu."""
    a = _elu_factor(y, x, limited=False)
    if a is None:
        return None
    if a <= 0 or not shaped_like(node, x):
        raise Decline("the factor is not positive, or the result has another shape than the data")
    return ops.Elu(x, alpha=a)


@rule(p.ReLU(_x, name="relu"))
def elu(relu: Node, x: Value) -> Instead | None:
    """relu(x) + a (exp(min(x, 0)) - 1): Elu."""
    for root in outside(relu):
        for e in inside(root):
            if isinstance(e.node, ops.Exp) and _below_zero(e.node.data, x) and shaped_like(root, x):
                nodes: list[Node] = []
                found = Leaves(relu, e).terms(root, nodes) or {}
                a = found.get((0, 1), 0.0)
                if a and same(found, {(1, 0): 1.0, (0, 1): a, (0, 0): -a}, x):
                    return instead(root, ops.Elu(x, alpha=a), *nodes, seeds=[relu])
    return None


_SELU = 1.6732632423543772, 1.0507009873554805


@rule(p.Multiply(p.Elu(_x, name="elu"), const("factor"), name="node"))
def selu(node: Node, elu: ops.Elu, x: Value, factor: Value) -> Value | None:
    """Elu with the slope and the factor that keep mean and variance: Selu."""
    given = elu.alpha, number(factor) or 0.0
    if any(abs(a - b) > 1e-4 for a, b in zip(given, _SELU)) or not shaped_like(node, x):
        raise Decline("slope and factor are not those of Selu")
    return ops.Selu(x, constant(given[0], x.element), constant(given[1], x.element))


elu_fusion = rewrites(
    "elu-fusion",
    elu_by_select,
    elu_by_limits,
    elu,
    selu,
    stage=Stage.FUSE,
    group="recognise",
    before=("linear",),
    doc="Elu and Selu from exponentials, comparisons and limits.",
)


# -- softmax


def _one_axis(reduction: Node) -> int | None:
    """The axis of a reduction along one axis that stays with size 1."""
    axes = reduction.operands[1].const
    if axes is None or axes.size != 1 or not reduction.keep_dims or not reduction.operands[0].shape:  # type: ignore[attr-defined]
        return None
    return int(axes.reshape(())) % len(reduction.operands[0].shape)


def _without_maximum(x: Value, axis: int) -> Value:
    """y when x is y minus its maximum along the axis, which softmax does not see."""
    node = x.node
    if isinstance(node, ops.Subtract) and isinstance(node.b.node, ops.ReduceMax) and node.b.node.operands[0] is node.a:
        return node.a if _one_axis(node.b.node) == axis and shaped_like(x, node.a) else x
    return x


@rule(p.ReduceSum(p.Exp(_x, name="power"), const(), name="total"))
def softmax(total: Node, power: Node, x: Value) -> Instead | None:
    """exp(x) over its sum along an axis, x with or without its maximum taken off: Softmax."""
    axis = _one_axis(total)
    whole = written(total, power, total, like=x, wanted={(1, -1): 1.0}) if axis is not None else None
    if axis is None:
        raise Decline("the sum is over several axes, or drops its axis")
    if whole is None:
        raise Decline("exp(x) is not divided by this sum")
    return whole.gives(ops.Softmax(_without_maximum(x, axis), axis=axis), total, power)


@rule(p.Log(p.ReduceSum(p.Exp(_x, name="power"), const(), name="total"), name="log"))
def log_softmax(log: Node, total: Node, power: Node, x: Value) -> Instead | None:
    """x - ln(sum of exp(x) along an axis), x with or without its maximum taken off: LogSoftmax."""
    axis = _one_axis(total)
    whole = written(log, x, log, like=x, wanted={(1, 0): 1.0, (0, 1): -1.0}) if axis is not None else None
    if axis is None:
        raise Decline("the sum is over several axes, or drops its axis")
    if whole is None:
        raise Decline("the logarithm of this sum is not taken from x")
    return whole.gives(ops.LogSoftmax(_without_maximum(x, axis), axis=axis), log, total, power)


softmax_fusion = rewrites(
    "softmax-fusion",
    softmax,
    log_softmax,
    stage=Stage.FUSE,
    group="recognise",
    before=("linear",),
    doc="Softmax and LogSoftmax from exponentials and sums.",
)


# -- powers


@rule(p.Power(_x, const("exponent"), name="power"))
def simple_power(power: Node, x: Value, exponent: Value) -> Value | None:
    """Power 1 is the operand itself, power 1/2 Sqrt."""
    n = number(exponent)
    if n not in (0.5, 1.0) or not shaped_like(power, x):
        return None
    return x if n == 1 else ops.Sqrt(x)


powers = rewrites("powers", simple_power, stage=Stage.FUSE, group="recognise", before=("linear",))


PASSES = (clamp_fusion, prelu_fusion, activation_fusion, elu_fusion, softmax_fusion, powers)
