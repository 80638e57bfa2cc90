"""Looking ahead: is there something, further up or down, that a factor or a shift can vanish into?

Factors and shifts pass other ops only when they are taken in at the end; this keeps every move worthwhile and the
rewriting finite.
"""

from __future__ import annotations

from typing import NamedTuple

from mo_core.ir import Constant, Node, Parameter, Value
from mo_core.ir import types as t
from mo_core.ops import (
    Add,
    Ceiling,
    Convert,
    Divide,
    FakeQuantize,
    Floor,
    FloorMod,
    Gather,
    Mod,
    Multiply,
    Round,
    Subtract,
    Transpose,
)
from mo_core.transforms.linear.channels import MOVERS, Dims, across, content, dims_of, is_bounded
from mo_core.transforms.linear.layers import LAYERS, is_quantised, is_weights, layer_of

_FAR = 12


class Effect(NamedTuple):
    """A constant that a value is multiplied by, or that is added to it.

    Attributes:
        dims: beside the value; shift: it is added; positive: a factor above zero; bounded: weights can take it in.
    """

    dims: Dims
    shift: bool
    positive: bool
    bounded: bool

    def moved(self, dims: Dims) -> Effect:
        """The same beside another value."""
        return self._replace(dims=dims)


def effect_of(c: Value, x: Value, *, shift: bool) -> Effect | None:
    """The effect of combining `x` with the constant `c`; None when that changes the shape of `x`."""
    dims = dims_of(c, x)
    if dims is None:
        return None
    numbers = None if shift else content(c)
    return Effect(dims, shift, numbers is not None and bool((numbers > 0).all()), is_bounded(c))


def is_arithmetic(x: Value) -> bool:
    """True for real data: not shapes in real numbers, not weights, not quantised numbers about to be scaled."""
    if not x.element.is_real or x.known is not None or is_weights(x):
        return False
    node = x.node
    if not isinstance(node, Convert) or not node.data.element.is_integer or node.data.element.bits > 8:
        return True
    return isinstance(node.data.node, Parameter) and not _is_quantised_below(node)


_PLAIN = (Multiply, Add, Subtract, Divide, Transpose, Gather, Convert)


def _is_quantised_below(value: Value, far: int = 6) -> bool:
    """True when the first layers after a value compute with quantised numbers, or may do so."""
    for user in value.users():
        layer = layer_of(user) if isinstance(user, LAYERS) else None
        if layer is not None:
            if is_quantised(user.operands[layer.weights]):
                return True
        elif (
            isinstance(user, FakeQuantize)
            or far == 0
            or (isinstance(user, _PLAIN) and _is_quantised_below(user, far - 1))
        ):
            return True
    return False


def linear(node: Node) -> tuple[Value, Value] | None:
    """Data and constant of a Multiply or Add of real data by a constant that leaves the shape as it is."""
    if not isinstance(node, (Multiply, Add)):
        return None
    x, c = node.a, node.b
    if isinstance(x.node, Constant):
        x, c = c, x
    if not isinstance(c.node, Constant) or not is_arithmetic(x) or not t.same_shape(node.shape, x.shape):
        return None
    return x, c


def is_rounded(node: Node) -> bool:
    """True when a reader rounds to whole numbers, which would make the last bit matter."""
    kinds = (Round, Floor, Ceiling, Mod, FloorMod)
    return any(isinstance(u, kinds) or (isinstance(u, Convert) and not u.element.is_real) for u in node.users())


def absorbed_above(value: Value, effect: Effect, far: int = _FAR) -> bool:
    """True when what computes `value`, for one reader only, can take the effect in."""
    if len(value.uses) != 1 or value.index or far == 0 or not effect.bounded:
        return False
    node = value.node
    if isinstance(node, LAYERS):
        layer = layer_of(node)
        return layer is not None and layer.takes_output(effect.dims)
    pair = linear(node)
    if pair is not None:
        return _merged_above(node, *pair, effect, far)
    if isinstance(node, MOVERS):
        move = across(node, effect.dims, up=True, shift=effect.shift, positive=effect.positive)
        return move is not None and absorbed_above(node.operands[0], effect.moved(move.dims), far - 1)
    return False


def _merged_above(node: Node, x: Value, c: Value, effect: Effect, far: int) -> bool:
    own = dims_of(c, x)
    if own is None or size_of_both(own, effect.dims) > max(t.size_of(own), t.size_of(effect.dims)):  # type: ignore[type-var, operator]
        return False
    if isinstance(node, Add) is effect.shift:
        return True
    return not effect.shift and absorbed_above(x, effect, far - 1)


def size_of_both(a: Dims, b: Dims) -> int:
    """Number of elements of the broadcast of two constants."""
    size = 1
    for x, y in zip(a, b):
        size *= max(x, y)
    return size


def absorbed_below(value: Value, effect: Effect, far: int = _FAR, free: bool = False) -> bool:
    """True when all readers of `value` can take the effect in; `free`: only a shift, and no op is added for it."""
    if far == 0 or not value.uses or not effect.bounded or (free and not effect.shift):
        return False
    return all(_taken(user, i, effect, far, free) for user, i in value.uses)


def _taken(user: Node, index: int, effect: Effect, far: int, free: bool) -> bool:
    if isinstance(user, LAYERS):
        layer = layer_of(user)
        if layer is None or layer.data != index or not layer.takes_input(effect.dims):
            return False
        weights = user.operands[layer.weights]
        if not effect.shift:
            return not is_quantised(weights)
        return layer.takes_shift and weights.tensor is not None and (not free or _has_bias(user))
    if isinstance(user, MOVERS) and index == 0:
        move = across(user, effect.dims, up=False, shift=effect.shift, positive=effect.positive)
        return move is not None and absorbed_below(user, effect.moved(move.dims), far - 1, free)
    return effect.shift and is_sum(user) and absorbed_below(user, effect, far - 1, free)


def _has_bias(node: Node) -> bool:
    user = node.users()[0] if len(node.uses) == 1 else None
    return isinstance(user, Add) and linear(user) is not None


def is_sum(node: Node) -> bool:
    """True for the sum of two different values of one shape, as at the end of a residual block."""
    if not isinstance(node, Add) or node.a is node.b or any(isinstance(v.node, Constant) for v in node.operands):
        return False
    return all(v.element.is_real and t.same_shape(v.shape, node.shape) for v in node.operands)
