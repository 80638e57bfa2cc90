"""Maxima and minima of nothing but infinities, and of nothing at all.

The CPU plug-in of OpenVINO (seen in 2026.4) begins the search for a maximum with the lowest finite number, and for a
minimum with the highest one: where all elements are infinite, or there are none, the result is that number. Rules ask
after infinities where somebody asks whether the result is one; the numbers are hardly ever told apart otherwise.
`test_reduced_infinities` tells when that is mended.
"""

from __future__ import annotations

import numpy as np

from mo_core.build import constant_like, filled, shape_of
from mo_core.errors import Decline
from mo_core.ir import Node, Value
from mo_core.ir.known import number
from mo_core.ops import (
    Equal,
    IsFinite,
    IsInf,
    NotEqual,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Select,
)
from mo_core.ops.shape import Rearrangement
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import op
from mo_core.rewriting.rewrite import rule


def _worst(node: Node) -> float:
    """What a reduction of nothing gives."""
    return -np.inf if isinstance(node, ReduceMax) else np.inf


def _reduction(value: Value) -> Node | None:
    """The ReduceMax or ReduceMin that a value comes from unchanged."""
    while isinstance(value.node, Rearrangement):
        value = value.node.operands[0]
    node = value.node
    return node if isinstance(node, (ReduceMax, ReduceMin)) and node.element.is_real else None


@rule(op(Equal, NotEqual, IsFinite, IsInf, name="question"))
def asked_after(question: Node) -> Value | None:
    """Whether an extreme is infinite: the infinity is put where all elements are infinite."""
    operands = list(question.operands)
    for i, value in enumerate(operands):
        node = _reduction(value)
        if node is None:
            continue
        if len(operands) == 2 and number(operands[1 - i]) != _worst(node):
            raise Decline("the number that is compared with is not known to be the infinity in question")
        operands[i] = _again(value, node, _whole(node))
        return question.evolve(*operands)
    return None


def _whole(node: Node) -> Value:
    """The reduction, with the infinity where there is nothing else."""
    data, axes = node.operands
    infinity = constant_like(data, _worst(node))
    others = node.evolve(_as_number(NotEqual(data, infinity), node), axes)
    none = Equal(others, constant_like(data, 0.0))
    return Select(none, infinity, node.evolve(data, axes))


def _as_number(others: Value, node: Node) -> Value:
    """1 (for a minimum: -1) where an element is another one, so that the same reduction tells whether there is one."""
    zero, one = constant_like(node, 0.0), constant_like(node, 1.0 if isinstance(node, ReduceMax) else -1.0)
    return Select(others, one, zero)


def _again(value: Value, old: Node, new: Value) -> Value:
    """`value` computed from `new` in the place of the reduction."""
    if value.node is old:
        return new
    return value.node.evolve(_again(value.node.operands[0], old, new), *value.node.operands[1:])


@rule(op(ReduceMax, ReduceMin, name="node"))
def of_nothing(node: ReduceMax | ReduceMin) -> Value | None:
    """The extreme of no elements is an infinity."""
    if not node.element.is_real or 0 not in (node.operands[0].shape or ()):
        return None
    same = ReduceSum(node.data, node.axes, keep_dims=node.keep_dims)  # only its shape is read
    return filled(shape_of(same), constant_like(node, _worst(node)))


reduced_infinities = rewrites(
    "reduced-infinities",
    asked_after,
    of_nothing,
    stage=Stage.CLEANUP,
    after=("common-subexpressions",),
    before=("dead-code",),
    doc="Whether a maximum or minimum is infinite, which the runtime tells wrongly where all elements are.",
)
