"""Factors and shifts into the weights of the layer before them (backward) or after them (forward)."""

from __future__ import annotations

import numpy as np

from mo_core.errors import Decline
from mo_core.ir import Node, Value, constant
from mo_core.ops import Add, Convolution, GroupConvolution, Multiply
from mo_core.rewriting.pattern import any_, const, op, p
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.linear.absorb import absorbed_above, absorbed_below, effect_of, is_arithmetic
from mo_core.transforms.linear.channels import computed, content, dims_of, grows, reshaped
from mo_core.transforms.linear.layers import CONVOLUTIONS, Layer, check_bounded, is_quantised, layer_of

# -- backward


def _into_weights(node: Node, factor: Value) -> Value | None:
    layer, dims = layer_of(node), dims_of(factor, node)
    if layer is None or dims is None:
        return None
    if len(node.uses) > 1:
        raise Decline(f'"{node.label}" is read by others, which need it without the factor')
    if not layer.takes_output(dims):
        raise Decline("the factor varies along other axes than the channels")
    return layer.scaled(factor, "o")


@rule(p.Multiply(p.Convolution(name="layer"), const("factor")))
def factor_into_convolution(layer: Node, factor: Value) -> Value | None:
    """A factor after a convolution: into its filters."""
    return _into_weights(layer, factor)


@rule(p.Multiply(p.GroupConvolution(name="layer"), const("factor")))
def factor_into_group_convolution(layer: Node, factor: Value) -> Value | None:
    """A factor after a grouped or depthwise convolution: into its filters."""
    return _into_weights(layer, factor)


@rule(p.Multiply(p.ConvolutionBackpropData(name="layer"), const("factor")))
def factor_into_transposed_convolution(layer: Node, factor: Value) -> Value | None:
    """A factor after a transposed convolution (grouped or not): into its filters."""
    return _into_weights(layer, factor)


@rule(p.Multiply(p.MatMul(name="layer"), const("factor")))
def factor_into_matmul(layer: Node, factor: Value) -> Value | None:
    """A factor after a matrix product: into the weights."""
    return _into_weights(layer, factor)


@rule(p.Add(op(*CONVOLUTIONS, name="layer"), const("shift")))
def bias_form(layer: Node, shift: Value) -> Value | None:
    """A shift after a convolution: the form of a bias, one number a channel at full rank."""
    dims = dims_of(shift, layer)
    if dims is None or (shift.shape == dims and dims[1] == layer.dims[1]):
        return None
    found = layer_of(layer)
    if found is None or not found.takes_output(dims) or shift.shape == found.bias_shape:
        return None
    return Add(layer, computed(np.add, reshaped(shift, dims), _zeros(found.bias_shape, shift)))


def _zeros(shape: tuple[int, ...], like: Value) -> Value:
    return constant(np.zeros(shape, np.float32), like.element)


# -- forward


def _reading(layer: Layer | None, value: Value) -> Layer | None:
    """The layer, when `value` is its data (and not its weights)."""
    return layer if layer is not None and layer.node.operands[layer.data] is value else None


_SCALED = p.Multiply(any_("x"), const("factor"), name="scale")
_SHIFTED = p.Add(any_("x"), const("shift"), name="sum")


@rule(
    op(*CONVOLUTIONS, operands=[_SCALED], name="layer"),
    p.MatMul(_SCALED, name="layer"),
    p.MatMul(any_(), _SCALED, name="layer"),
)
def factor_into_next(layer: Node, x: Value, factor: Value, scale: Node) -> Value | None:
    """A factor ahead of a layer: into its weights, when all readers can take it."""
    found, effect = _reading(layer_of(layer), scale), effect_of(factor, x, shift=False)
    if found is None or effect is None:
        return None
    if not found.takes_input(effect.dims):
        raise Decline("the factor varies along other axes than the channels")
    if is_quantised(layer.operands[found.weights]):
        raise Decline("the weights are quantised, and the scale of their data belongs to the data")
    check_bounded(factor)
    if not absorbed_below(scale, effect):
        raise Decline(f'"{scale.label}" is read by others, which need the factor')
    return found.scaled(factor, "i", data=x)


@rule(
    op(Convolution, GroupConvolution, operands=[_SHIFTED], name="layer"),
    p.MatMul(_SHIFTED, name="layer"),
    p.MatMul(any_(), _SHIFTED, name="layer"),
)
def shift_into_next(layer: Node, x: Value, shift: Value, sum: Node) -> Value | None:
    """A shift ahead of a layer without padding: into a bias after it."""
    found, effect = _reading(layer_of(layer), sum), effect_of(shift, x, shift=True)
    if found is None or effect is None or not is_arithmetic(x):
        return None
    if not found.takes_input(effect.dims):
        raise Decline("the shift varies along other axes than the channels")
    if absorbed_above(x, effect) and not absorbed_below(sum, effect, free=True):
        return None  # it is the bias of another layer
    if not found.takes_shift:
        raise Decline("zero padding comes after the shift, so border values would change")
    check_bounded(shift)
    if not absorbed_below(sum, effect):
        raise Decline(f'"{sum.label}" is read by others, which need the shift')
    return Add(found.reading(x), found.response(shift))


@rule(p.Add(_SCALED, const("shift"), name="sum"))
def factor_past_shift(sum: Node, x: Value, factor: Value, shift: Value, scale: Node) -> Value | None:
    """A factor ahead of a shift that must stay (padding): after it, where the next layers take it in."""
    effect, kept = effect_of(factor, x, shift=False), effect_of(shift, x, shift=True)
    if effect is None or kept is None or not is_arithmetic(x) or len(scale.uses) > 1:
        return None
    if not absorbed_below(sum, effect) or absorbed_below(sum, kept) or absorbed_above(x, effect):
        return None
    numbers = content(factor)
    if numbers is None or not np.all(np.abs(numbers) > 1e-30):
        raise Decline("the factor is zero for a channel, so the shift cannot go ahead of it")
    if grows(shift, factor):
        raise Decline("together factor and shift would take more memory than either")
    return Multiply(Add(x, computed(np.divide, shift, factor, what="the shift")), factor)


RULES = (
    factor_into_convolution,
    factor_into_group_convolution,
    factor_into_transposed_convolution,
    factor_into_matmul,
    bias_form,
    factor_into_next,
    shift_into_next,
    factor_past_shift,
)
