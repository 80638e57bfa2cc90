"""Batch norm as Multiply and Add, and sequences of linear ops as one Multiply and one Add.

The form that all of this runs to is `x * factor + shift`: Subtract, Divide and Negative by constants are brought into
it, factors and shifts next to each other become one, and a factor goes ahead of a shift.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mo_core.errors import Decline
from mo_core.ir import Constant, Node, Value, constant
from mo_core.ir import types as t
from mo_core.ops import Add, BatchNormInference, Divide, Multiply, Subtract
from mo_core.rewriting.pattern import any_, const, p
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.linear.absorb import (
    absorbed_above,
    absorbed_below,
    effect_of,
    is_arithmetic,
    is_rounded,
    is_sum,
    linear,
)
from mo_core.transforms.linear.channels import computed, content, dims_of, grows
from mo_core.transforms.linear.layers import LAYERS, layer_of


@rule(p.BatchNormInference(any_("x"), name="norm"))
def batch_norm(norm: BatchNormInference, x: Value) -> Value | None:
    """Batch norm by constants: Multiply by gamma / sqrt(variance + epsilon), then Add."""
    factor, shift = _factor_and_shift(norm)
    return Add(Multiply(x, factor), shift)


def _factor_and_shift(norm: BatchNormInference) -> tuple[Constant, Constant]:
    gamma, beta, mean, variance = norm.operands[1:]
    if not all(isinstance(v.node, Constant) for v in norm.operands[1:]):
        raise Decline("its parameters are computed when the model runs")
    if norm.data.shape is None:
        raise Decline("the rank of its operand is unknown")
    g, b, m, v = (_numbers(c).astype(np.float64, copy=False) for c in (gamma, beta, mean, variance))
    with np.errstate(all="ignore"):
        factor = g / np.sqrt(v + norm.epsilon)
        shift = b - m * factor
    if not np.isfinite(factor).all() or not np.isfinite(shift).all():
        raise Decline("gamma / sqrt(variance + epsilon), or the shift, is not finite")
    shape = (1, *g.shape, *(1,) * (norm.data.rank - 2))
    return constant(factor.reshape(shape), gamma.element), constant(shift.reshape(shape), gamma.element)


def _numbers(c: Value) -> np.ndarray[Any, Any]:
    assert isinstance(c.node, Constant)
    return c.node.value.numpy()


def _into_layer(norm: BatchNormInference, layer: Node) -> Value | None:
    found = layer_of(layer)
    if found is None or found.out_axis != 1:
        return None
    if len(layer.uses) > 1:
        raise Decline(f'"{layer.label}" is read by others, which need it without the factor')
    factor, shift = _factor_and_shift(norm)
    return Add(found.scaled(factor, "o"), shift)


@rule(p.BatchNormInference(p.Convolution(name="layer"), name="norm"))
def into_convolution(norm: BatchNormInference, layer: Node) -> Value | None:
    """Batch norm after a convolution: into its filters and a bias."""
    return _into_layer(norm, layer)


@rule(p.BatchNormInference(p.GroupConvolution(name="layer"), name="norm"))
def into_group_convolution(norm: BatchNormInference, layer: Node) -> Value | None:
    """Batch norm after a grouped or depthwise convolution: into its filters and a bias."""
    return _into_layer(norm, layer)


@rule(p.BatchNormInference(p.ConvolutionBackpropData(name="layer"), name="norm"))
def into_transposed_convolution(norm: BatchNormInference, layer: Node) -> Value | None:
    """Batch norm after a transposed convolution: into its filters and a bias."""
    return _into_layer(norm, layer)


@rule(p.BatchNormInference(p.MatMul(name="layer"), name="norm"))
def into_matmul(norm: BatchNormInference, layer: Node) -> Value | None:
    """Batch norm after a matrix product: into its weights and a bias."""
    return _into_layer(norm, layer)


@rule(p.Divide(any_("x"), const("c"), name="divide"))
def divide_by_constant(divide: Node, x: Value, c: Value) -> Value | None:
    """Division by a constant: multiplication by its inverse."""
    if not is_arithmetic(x):
        return None
    if is_rounded(divide):
        raise Decline("the quotient is rounded to whole numbers, where the last bit matters")
    return Multiply(x, computed(lambda a: 1 / a, c, what="the inverse of the divisor"))


@rule(p.Subtract(any_("x"), const("c")))
def subtract_constant(x: Value, c: Value) -> Value | None:
    """Subtraction of a constant: addition of its negative."""
    return Add(x, computed(np.negative, c)) if is_arithmetic(x) else None


@rule(p.Subtract(const("c"), any_("x"), name="subtract"))
def subtract_from_constant(subtract: Node, x: Value, c: Value) -> Value | None:
    """Subtraction from a constant: Multiply by -1 and Add, where that merges with a neighbour."""
    if not is_arithmetic(x) or not _has_linear_neighbour(subtract, x):
        return None
    return Add(Multiply(x, constant(-1.0, x.element)), c)


@rule(p.Negative(any_("x"), name="negative"))
def negative(negative: Node, x: Value) -> Value | None:
    """Negation: Multiply by -1, where that merges with a neighbour."""
    if not is_arithmetic(x) or not _has_linear_neighbour(negative, x):
        return None
    return Multiply(x, constant(-1.0, x.element))


def _has_linear_neighbour(node: Node, x: Value) -> bool:
    minus = effect_of(constant(-1.0, x.element), x, shift=False)
    if minus is None:
        return False
    if absorbed_above(x, minus):
        return True
    user = node.users()[0] if len(node.uses) == 1 else None
    if isinstance(user, (Multiply, Add)):
        return linear(user) is not None
    if isinstance(user, (Divide, Subtract)):
        return isinstance(user.b.node, Constant)
    return user is not None and isinstance(user, LAYERS) and isinstance(user.operands[1].node, Constant)


@rule(p.Multiply(any_("x"), const("c"), name="node"), p.Add(any_("x"), const("c"), name="node"))
def neutral(node: Node, x: Value, c: Value) -> Value | None:
    """Multiply by 1, or Add of 0."""
    if not is_arithmetic(x) or dims_of(c, x) is None:
        return None
    numbers = content(c)
    if numbers is None or not numbers.size:
        return None
    return x if bool((numbers == (1 if isinstance(node, Multiply) else 0)).all()) else None


@rule(p.Multiply(p.Multiply(any_("x"), const("inner"), name="first"), const("outer")))
def factors(first: Node, x: Value, inner: Value, outer: Value) -> Value | None:
    """Two factors in a row: their product."""
    if not _mergeable(first, x, inner, outer):
        return None
    return Multiply(x, computed(np.multiply, inner, outer))


@rule(p.Add(p.Add(any_("x"), const("inner"), name="first"), const("outer")))
def shifts(first: Node, x: Value, inner: Value, outer: Value) -> Value | None:
    """Two shifts in a row: their sum."""
    if not _mergeable(first, x, inner, outer):
        return None
    return Add(x, computed(np.add, inner, outer))


@rule(p.Multiply(p.Add(any_("x"), const("shift"), name="first"), const("factor"), name="last"))
def factor_ahead_of_shift(last: Node, first: Node, x: Value, shift: Value, factor: Value) -> Value | None:
    """A factor after a shift: the factor first, then the shift multiplied by it."""
    if not _mergeable(first, x, shift, factor):
        return None
    effect = effect_of(factor, x, shift=False)
    if effect is not None and absorbed_below(last, effect) and not absorbed_above(x, effect):
        return None  # the next layers take the factor in where it is, whatever becomes of the shift
    return Add(Multiply(x, factor), computed(np.multiply, shift, factor))


_FIRST = p.Add(any_("x"), const("inner"), name="first")


@rule(p.Add(_FIRST, p.Add(any_("y"), const("outer"), name="second"), name="sum"))
def shifts_of_both(
    sum: Node, first: Node, second: Node, x: Value, y: Value, inner: Value, outer: Value
) -> Value | None:
    """Shifts of both operands of a sum (residual blocks): one, of the operand that a layer gives."""
    if not is_sum(sum) or not _mergeable(first, x, inner, outer):
        return None
    if len(second.uses) > 1:
        raise Decline(f'"{second.label}" is read by others, too')
    if not t.same_shape(x.shape, sum.shape) or not t.same_shape(y.shape, sum.shape):
        return None
    x, y = (y, x) if isinstance(y.node, LAYERS) and not isinstance(x.node, LAYERS) else (x, y)
    return Add(Add(x, computed(np.add, inner, outer)), y)


@rule(p.Add(p.Add(_FIRST, any_("y"), name="sum"), const("outer"), name="last"))
def shift_after_sum(last: Node, sum: Node, first: Node, x: Value, y: Value, inner: Value, outer: Value) -> Value | None:
    """A shift after a sum one operand of which has a shift: one, of that operand."""
    if not is_sum(sum) or linear(last) is None or linear(first) is None:
        return None
    if len(sum.uses) > 1:
        raise Decline(f'"{sum.label}" is read by others, too')
    return Add(Add(x, computed(np.add, inner, outer)), y) if _mergeable(first, x, inner, outer) else None


def _mergeable(first: Node, x: Value, inner: Value, outer: Value) -> bool:
    """False for what is no arithmetic; declines when the first op must stay for others, or the constants would grow."""
    if not is_arithmetic(x):
        return False
    if len(first.uses) > 1:
        raise Decline(f'"{first.label}" is read by others, too')
    if grows(inner, outer):
        raise Decline("together the two constants would take more memory than either")
    return True


BATCH_NORM = (into_convolution, into_group_convolution, into_transposed_convolution, into_matmul, batch_norm)
RULES = (
    divide_by_constant,
    subtract_constant,
    subtract_from_constant,
    negative,
    neutral,
    factors,
    shifts,
    factor_ahead_of_shift,
    shifts_of_both,
    shift_after_sum,
)
