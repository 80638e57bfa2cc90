"""Normalisations put together from small ops: MVN (the core of layer, instance and group norms), L2, group norm.

RMS norm has no operation in the public sets: its small ops stay, and the runtime fuses them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mo_core import ops
from mo_core.errors import Decline
from mo_core.ir import Node, Value, constant
from mo_core.ir import types as t
from mo_core.ir.known import number
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, const, p
from mo_core.rewriting.rewrite import Instead, rule
from mo_core.transforms.recognise.activations import is_data
from mo_core.transforms.recognise.algebra import (
    Found,
    Leaves,
    Terms,
    affine,
    inside,
    instead,
    outside,
    same,
    shaped_like,
    written,
)

_LARGEST = 3e38


class _Root(NamedTuple):
    """What holds a root: the node, the exponent of the root in it (1 or -1), and what is under the root."""

    node: Node
    exponent: int
    radicand: Value


def _root_of(node: Node) -> _Root | None:
    if isinstance(node, ops.Sqrt):
        return _Root(node, 1, node.data)
    half = number(node.operands[1])
    return _Root(node, 1 if half > 0 else -1, node.operands[0]) if half in (0.5, -0.5) else None


_rooted = (p.Sqrt(any_(where=is_data), name="root"), p.Power(any_(where=is_data), const(), name="root"))


def _axes(reduction: Node) -> list[int] | None:
    """The axes of a reduction that keeps the rank, counted from the front."""
    axes, shape = reduction.operands[1].const, reduction.operands[0].shape
    if axes is None or shape is None or not reduction.keep_dims:  # type: ignore[attr-defined]
        return None
    return sorted(t.normalize_axes(axes.reshape(-1), len(shape)))


# -- mean and variance


def _moments(variance: Node) -> Iterator[tuple[Value, list[Value], list[int]]]:
    """x, its means (equal ones) and the axes, such that the node is the mean of (x - mean)^2."""
    axes = _axes(variance)
    square = variance.operands[0]
    for mean in inside(square) if axes is not None else []:
        x = mean.node.operands[0] if isinstance(mean.node, ops.ReduceMean) else None
        if x is None or axes is None or not shaped_like(square, x):
            continue
        means: list[Value] = [u for u in x.users() if isinstance(u, ops.ReduceMean) and _axes(u) == axes]
        if mean in means and same(Leaves(x, means).terms(square), {(2, 0): 1.0, (1, 1): -2.0, (0, 2): 1.0}, x):
            yield x, means, axes


@rule(*_rooted)
def mean_variance(root: Node) -> Instead | None:
    """(x - mean) / sqrt(variance + eps), eps inside or outside of the root, then a factor and a shift: MVN."""
    found = _root_of(root)
    if found is None:
        return None
    near = False
    for variance, one, eps in affine(found.radicand):
        if one != 1 or eps < 0 or not isinstance(variance.node, ops.ReduceMean):
            continue
        near = True
        for x, means, axes in _moments(variance.node):
            for seed, outer in _deviations(found) if eps == 0 else [(found.node, 0.0)]:
                mode = "outside_sqrt" if outer else "inside_sqrt"
                mvn = ops.MVN(x, constant(axes), normalize_variance=True, eps=outer or eps, eps_mode=mode)
                result = _normalised(mvn, x, means, seed, -found.exponent, root)
                if result is not None:
                    return result
    if near:
        raise Decline("what is under the root is no variance, or nothing that is centred is divided by it")
    return None


def _deviations(found: _Root) -> Iterator[tuple[Node, float]]:
    """The deviation itself, and sums of it and a number: what is divided by, with the number."""
    yield found.node, 0.0
    for total in outside(found.node) if found.exponent == 1 else []:
        summed = Leaves(found.node).terms(total) or {}
        if summed.keys() == {(0,), (1,)} and summed[1,] == 1 and summed[0,] > 0:
            yield total, summed[0,]


def _normalised(mvn: Node, x: Value, means: Sequence[Value], seed: Node, power: int, root: Node) -> Instead | None:
    plain: Terms = {(1, 0, power): 1.0, (0, 1, power): -1.0}
    whole = written(seed, x, means, seed, like=x, wanted=plain)
    if whole is not None:
        return whole.gives(mvn, seed, root)
    scaled: Terms = {(1, 0, power, 1, 0): 1.0, (0, 1, power, 1, 0): -1.0}
    for wanted in (scaled, {**scaled, (0, 0, 0, 0, 1): 1.0}, _swapped({**scaled, (0, 0, 0, 0, 1): 1.0})):
        whole = written(seed, x, means, seed, like=x, wanted=wanted, free=2)
        if whole is not None:
            return whole.gives(_scaled(mvn, whole, wanted), seed, root)
    return None


def _swapped(wanted: Terms) -> Terms:
    """The same with the two constants met in the other order."""
    return {(*k[:-2], k[-1], k[-2]): f for k, f in wanted.items()}


def _scaled(mvn: Value, whole: Found, wanted: Terms) -> Value:
    shift_first = (0, 0, 0, 1, 0) in wanted
    factor, *shift = whole.constants[::-1] if shift_first else whole.constants
    scaled = ops.Multiply(mvn, factor)
    return ops.Add(scaled, shift[0]) if shift else scaled


# -- length


@rule(*_rooted)
def l2_of_squares(root: Node) -> Instead | None:
    """x / sqrt(sum of x^2, plus eps or at least eps): NormalizeL2."""
    found = _root_of(root)
    if found is None:
        return None
    near = False
    for total, eps, mode in _guarded(found.radicand):
        x = _squared(total.node) if isinstance(total.node, ops.ReduceSum) else None
        if x is not None:
            near = True
            for seed, outer in [(found.node, 0.0), *_at_least(found.node)] if eps == 0 else [(found.node, 0.0)]:
                guard = (outer**2, "max") if outer else (eps, mode)
                result = _l2(x, total.node, [seed, root], found.exponent, *guard)
                if result is not None:
                    return result
    if near:
        raise Decline("the data is not divided by its length, or there is no number that keeps the length from zero")
    return None


@rule(p.ReduceL2(any_("x", where=is_data), const(), name="length"))
def l2_of_length(length: Node, x: Value) -> Instead | None:
    """x over its length, the length being eps at least: NormalizeL2."""
    for seed, eps in _at_least(length):
        result = _l2(x, length, [seed, length], 1, eps**2, "max")
        if result is not None:
            return result
    return None


def _guarded(radicand: Value) -> Iterator[tuple[Value, float, str]]:
    """A sum that eps is added to, or that is kept above eps."""
    for total, one, eps in affine(radicand):
        if one == 1 and eps >= 0:
            yield total, eps, "add"
    limited = _kept_above(radicand.node)
    if limited is not None:
        yield limited[0], limited[1], "max"


def _kept_above(node: Node) -> tuple[Value, float] | None:
    """The operand and the lower limit of a Maximum or Clamp that has no upper limit."""
    if isinstance(node, ops.Clamp):
        return (node.data, node.min) if node.min > 0 and node.max > _LARGEST else None
    if isinstance(node, ops.Maximum):
        x, c = node.operands if number(node.operands[1]) is not None else node.operands[::-1]
        limit = number(c)
        return (x, limit) if limit is not None and limit > 0 and shaped_like(node, x) else None
    return None


def _at_least(length: Node) -> list[tuple[Node, float]]:
    limited = [(u, _kept_above(u)) for u in length.users()]
    return [(u, found[1]) for u, found in limited if found is not None and found[0] is length]


def _squared(total: Node) -> Value | None:
    """x when the node is a sum of x^2 over axes that stay with size 1."""
    square = total.operands[0]
    for x in inside(square):
        if same(Leaves(x).terms(square), {(2,): 1.0}, x) and shaped_like(square, x):
            return x
    return None


def _l2(x: Value, reduction: Node, seeds: Sequence[Node], exponent: int, eps: float, mode: str) -> Instead | None:
    """NormalizeL2 of x where it is divided (exponent 1) or multiplied (-1) by the first of the seeds."""
    axes = _axes(reduction)
    if axes is None or eps <= 0 or x.element is not t.f32 or eps < 1e-37:
        return None
    whole = written(seeds[0], x, seeds[0], like=x, wanted={(1, -exponent): 1.0})
    if whole is None:
        return None
    return whole.gives(ops.NormalizeL2(x, constant(axes), eps=eps, eps_mode=mode), *seeds)


# -- groups of channels


_apart = p.Reshape(any_("x", where=is_data), any_(), name="apart", uses=1)


@rule(p.MVN(_apart, const(), name="mvn", normalize_variance=True, eps_mode="inside_sqrt"))
def group_norm(mvn: ops.MVN, apart: Node, x: Value) -> Instead | None:
    """Reshape to groups, MVN, Reshape back, a factor and a shift for each channel: GroupNormalization."""
    groups = _groups(mvn, apart, x)
    together = _together(mvn, x) if groups else None
    if groups is None:
        return None
    if together is None:
        raise Decline("the groups are not put back into the shape of the data")
    back, nodes = together
    for root in reversed(list(outside(back))):  # the farthest has the shift, too
        arithmetic: list[Node] = []
        leaves = Leaves(back, free=2)
        found = leaves.terms(root, arithmetic)
        if found is None or not shaped_like(root, x):
            continue
        vectors = _scale_and_shift(found, leaves.constants, x)
        if vectors is not None:
            norm = ops.GroupNormalization(x, *vectors, num_groups=groups, epsilon=mvn.eps)
            return instead(root, norm, *arithmetic, *nodes, seeds=[apart, mvn])
    raise Decline("there is no factor and shift for each channel after the groups")


def _groups(mvn: ops.MVN, apart: Node, x: Value) -> int | None:
    """The number of groups of channels that a Reshape sets apart for an MVN over all that a group holds."""
    if x.shape is None or apart.shape is None or len(x.shape) < 3 or len(apart.shape) < 3:
        return None
    count, channels = apart.shape[1], x.shape[1]
    if not isinstance(count, int) or not isinstance(channels, int) or count < 1 or channels % count:
        return None
    axes = sorted(t.normalize_axes(mvn.axes.const.reshape(-1), len(apart.shape)))  # type: ignore[union-attr]
    same_batch = t.same_dim(x.shape[0], apart.shape[0])
    return count if same_batch and axes == list(range(2, len(apart.shape))) else None


def _together(mvn: Node, x: Value) -> tuple[Node, list[Node]] | None:
    """The Reshape back to the shape of x, and what stands between: a factor of 1 and a shift of 0 at most."""
    for value in (mvn, *outside(mvn)):
        nodes: list[Node] = []
        if same(Leaves(mvn).terms(value, nodes), {(1,): 1.0}, x) and len(value.uses) == 1:
            back = value.users()[0]
            if isinstance(back, ops.Reshape) and back.data is value and shaped_like(back, x):
                return back, [*nodes, back]
    return None


def _scale_and_shift(found: Terms, constants: Sequence[Value], x: Value) -> tuple[Value, Value] | None:
    """One factor and one shift for each channel, where the polynomial of x says no more than that."""
    factors = {k[1:]: f for k, f in found.items() if k[0] == 1}
    shifts = {k[1:]: f for k, f in found.items() if k[0] == 0}
    if len(factors) != 1 or len(shifts) > 1 or len(factors) + len(shifts) != len(found) or not constants:
        return None
    scale, shift = (_by_channel(part, constants, x) for part in (factors, shifts))
    return None if scale is None or shift is None else (scale, shift)


def _by_channel(part: Terms, constants: Sequence[Value], x: Value) -> Value | None:
    """A number, or a constant that varies along axis 1 alone, as one number for each channel."""
    channels = x.dims[1]
    assert isinstance(channels, int)
    key, factor = next(iter(part.items()), ((0, 0), 0.0))
    if key == (0, 0):
        return ops.Broadcast(constant(factor, x.element), [channels])
    if sum(key) != 1 or factor != 1:
        return None
    c = constants[key.index(1)]
    full = (1,) * (x.rank - len(c.dims)) + c.dims
    if full[1] != channels or any(d != 1 for i, d in enumerate(full) if i != 1):
        return None
    return ops.Reshape(c, [channels], special_zero=False)


normalisation_fusion = rewrites(
    "normalisation-fusion",
    mean_variance,
    l2_of_squares,
    l2_of_length,
    group_norm,
    stage=Stage.FUSE,
    group="recognise",
    before=("linear",),
    doc="MVN, NormalizeL2 and GroupNormalization from means, squares and roots.",
)


PASSES = (normalisation_fusion,)
