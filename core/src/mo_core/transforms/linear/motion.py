"""Factors and shifts past ops that only move elements: up to what can take them in, or down to it."""

from __future__ import annotations

from mo_core.errors import Decline
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ops import Add, BatchToSpace, Concat, Multiply, Transpose
from mo_core.ops.shape import View
from mo_core.ops.unary import Unary
from mo_core.rewriting.pattern import Op, any_, const, op, p
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.linear.absorb import Effect, absorbed_above, absorbed_below, effect_of, is_arithmetic, is_sum
from mo_core.transforms.linear.channels import MOVERS, POOLINGS, across, part, reshaped

# -- up


def _above(node: Node, mover: Node, x: Value, c: Value) -> Value | None:
    """The op of `node` moved ahead of `mover`, when something up there takes it in."""
    shift = isinstance(node, Add)
    effect = effect_of(c, mover, shift=shift)
    if effect is None or not is_arithmetic(x):
        return None
    move = across(mover, effect.dims, up=True, shift=shift, positive=effect.positive)
    if move is None:
        raise Decline(f"{_told(node)} cannot go ahead of {mover.type_name}, which mixes what it tells apart")
    if not absorbed_above(x, effect.moved(move.dims)):
        raise Decline(f"no layer ahead takes {_told(node)} in")
    if absorbed_below(node, effect, free=True):
        return None  # it goes the other way
    if len(mover.uses) > 1:
        raise Decline(f'"{mover.label}" is read by others, too')
    return mover.evolve(type(node)(x, move(c)), *mover.operands[1:])


def _behind(*kinds: type[Node]) -> tuple[Op, Op]:
    mover = op(*kinds, operands=[any_("x")], name="mover")
    return p.Multiply(mover, const("c"), name="node"), p.Add(mover, const("c"), name="node")


@rule(*_behind(Transpose))
def ahead_of_transpose(node: Node, mover: Node, x: Value, c: Value) -> Value | None:
    """A factor or shift after a Transpose, ahead of which it can be taken in (channels-last models)."""
    return _above(node, mover, x, c)


@rule(*_behind(View))
def ahead_of_reshape(node: Node, mover: Node, x: Value, c: Value) -> Value | None:
    """A factor or shift after a Reshape, Squeeze or Unsqueeze, ahead of which it can be taken in."""
    return _above(node, mover, x, c)


@rule(*_behind(*POOLINGS))
def ahead_of_pooling(node: Node, mover: Node, x: Value, c: Value) -> Value | None:
    """A factor (above zero for maxima) or shift after a pooling or resizing, ahead of which it can be taken in."""
    return _above(node, mover, x, c)


@rule(p.Multiply(op(Unary, operands=[any_("x")], name="mover"), const("c"), name="node"))
def ahead_of_relu(node: Node, mover: Node, x: Value, c: Value) -> Value | None:
    """A factor above zero after a ReLU, PReLU or Abs, ahead of which it can be taken in."""
    if not mover.element_trait.homogeneous(mover):
        return None
    return _above(node, mover, x, c)


@rule(*_behind(BatchToSpace))
def ahead_of_batch_to_space(node: Node, mover: Node, x: Value, c: Value) -> Value | None:
    """A factor or shift after a BatchToSpace that leaves the channels alone."""
    return _above(node, mover, x, c)


@rule(
    p.Multiply(p.Concat(name="concat"), const("c"), name="node"),
    p.Add(p.Concat(name="concat"), const("c"), name="node"),
)
def ahead_of_concat(node: Node, concat: Concat, c: Value) -> Value | None:
    """A factor or shift after a Concat, when each operand can take its part of it in."""
    shift = isinstance(node, Add)
    effect = effect_of(c, concat, shift=shift)
    if effect is None or not is_arithmetic(concat):
        return None
    axis = concat.axis % concat.rank
    sizes = [v.shape[axis] if v.shape is not None else -1 for v in concat.inputs]
    if not t.is_static(tuple(sizes)) or -1 in sizes:
        raise Decline("the sizes of the operands are not known")
    lengths = [n for n in sizes if isinstance(n, int)]
    if not all(_takes_part(v, n, axis, effect) for v, n in zip(concat.inputs, lengths)):
        raise Decline(f"one of the operands does not take its part of {_told(node)} in")
    if len(concat.uses) > 1:
        raise Decline(f'"{concat.label}" is read by others, too')
    c = reshaped(c, effect.dims)
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    kind = type(node)
    return Concat([kind(v, part(c, axis, a, a + n)) for v, n, a in zip(concat.inputs, lengths, starts)], axis=axis)


def _takes_part(v: Value, length: int, axis: int, effect: Effect) -> bool:
    dims = effect.dims
    own = effect.moved((*dims[:axis], min(dims[axis], length), *dims[axis + 1 :]))
    # one shift after it is cheaper than one for each operand, unless they have one already
    return absorbed_above(v, own) and (not effect.shift or isinstance(v.node, Add))


# -- down


_LINEAR = op(Multiply, Add, operands=[any_("x"), const("c")], name="node")


def _told(node: Node) -> str:
    return "the shift" if isinstance(node, Add) else "the factor"


def _goes_down(node: Node, x: Value, effect: Effect) -> bool:
    """True when all following layers can take the effect in, and (for a shift) lose an op more than above."""
    if not absorbed_below(node, effect):
        return False
    return not absorbed_above(x, effect) or absorbed_below(node, effect, free=True)


@rule(op(*MOVERS, operands=[_LINEAR], name="mover"))
def past_mover(mover: Node, node: Node, x: Value, c: Value) -> Value | None:
    """A factor or shift ahead of an op that moves elements, when all following layers can take it in."""
    shift = isinstance(node, Add)
    if isinstance(mover, Unary) and (shift or not mover.element_trait.homogeneous(mover)):
        return None
    effect = effect_of(c, x, shift=shift)
    if effect is None or not is_arithmetic(x):
        return None
    move = across(mover, effect.dims, up=False, shift=shift, positive=effect.positive)
    if move is None:
        raise Decline(f"{_told(node)} cannot go after {mover.type_name}, which mixes what it tells apart")
    if not _goes_down(node, x, effect):
        raise Decline(f"not all following layers take {_told(node)} in")
    return type(node)(mover.evolve(x, *mover.operands[1:]), move(c))


@rule(p.Add(p.Add(any_("x"), const("c"), name="node"), any_("y"), name="total"))
def past_sum(total: Node, node: Node, x: Value, c: Value, y: Value) -> Value | None:
    """A shift of one of the operands of a sum (a residual block), when all following layers can take it in."""
    effect = effect_of(c, x, shift=True)
    if effect is None or not is_sum(total) or not is_arithmetic(x):
        return None
    if not _goes_down(node, x, effect):
        raise Decline("not all following layers take the shift in")
    return Add(Add(x, y), c)


RULES = (ahead_of_transpose, ahead_of_reshape, ahead_of_pooling, ahead_of_relu, past_mover, past_sum)
"""Besides `ahead_of_concat` and `ahead_of_batch_to_space`, which are passes of their own."""
