"""Resizing: elements copied by moving axes, and Interpolates in a row, as one Interpolate."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core import ops
from mo_core.build import known_ints
from mo_core.errors import Decline
from mo_core.ir import Node, Value, constant
from mo_core.ir import types as t
from mo_core.ir.known import number
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, const, op, p
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.recognise.activations import is_data

_data = any_("x", where=is_data)


def _copied(x: Value, times: dict[int, int]) -> Value | None:
    """Each element of spatial axes copied so many times; None for what the runtime resizes slowly, or not at all."""
    if x.shape is None or len(x.shape) not in (4, 5) or not times or min(times) < 2:
        return None
    axes = sorted(times)
    return ops.Interpolate(
        x,
        constant([float(times[a]) for a in axes], t.f32),
        constant(axes),
        mode="nearest",
        shape_calculation_mode="scales",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


# -- copies by moving axes

_apart = op(ops.Reshape, ops.Unsqueeze, operands=[_data], name="apart", uses=1)


@rule(
    p.Reshape(op(ops.Tile, ops.Broadcast, operands=[_apart], name="spread", uses=1), any_(), name="together"),
    p.Reshape(p.Multiply(_apart, const(value=1.0), name="spread", uses=1), any_(), name="together"),
)
def copies_along_new_axes(together: Node, spread: Node, apart: Node, x: Value) -> Value | None:
    """New axes of size 1, filled with copies, and joined with the axes ahead of them: Interpolate (nearest)."""
    if x.shape is None or apart.shape is None or spread.shape is None or together.shape is None:
        return None
    times = _times(x.shape, apart.shape, spread.shape)
    if times is None or len(together.shape) != len(x.shape):
        raise Decline("the copies are not along new axes of size 1")
    grown = [d * times.get(i, 1) for i, d in enumerate(x.shape)]
    if not all(map(t.same_dim, together.shape, grown)):
        raise Decline("the copies are not joined with the axes ahead of them")
    return _copied(x, times)


def _times(source: Sequence[t.Dim], apart: Sequence[t.Dim], spread: Sequence[t.Dim]) -> dict[int, int] | None:
    """For each axis the size of the axis of copies right after it."""
    times: dict[int, int] = {}
    at = 0
    for one, many in zip(apart, spread):
        if at < len(source) and t.same_dim(one, source[at]) and t.same_dim(one, many):
            at += 1
        elif one == 1 and isinstance(many, int) and many > 1 and at > 0 and at - 1 not in times:
            times[at - 1] = many
        else:
            return None
    return times if at == len(source) and len(apart) == len(spread) else None


@rule(p.Concat(any_("first", where=lambda v: isinstance(v.node, ops.Split)), name="concat"))
def copies_of_parts(concat: ops.Concat, first: Value) -> Value | None:
    """Parts of size 1, each taken several times in a row and put together: Interpolate (nearest)."""
    split, x = first.node, first.node.operands[0]
    axis = number(split.operands[1])
    count, left = divmod(len(concat.operands), len(split.results))
    if x.shape is None or axis is None or left or count < 2 or not is_data(x):
        return None
    along = int(axis) % len(x.shape)
    if along != concat.axis % len(x.shape) or x.shape[along] != len(split.results):
        raise Decline("the parts have more than one element, or are put together along another axis")
    in_order = all(v is split.results[i // count] for i, v in enumerate(concat.operands))
    if not in_order:
        raise Decline("the parts are put together in another order")
    return _copied(x, {along: count})


# -- several in a row

_SEPARABLE = ("nearest", "linear_onnx", "cubic")


@rule(
    p.Interpolate(
        p.Interpolate(_data, const("inner_sizes"), const("inner_axes"), name="inner", uses=1),
        const("sizes"),
        const("axes"),
        name="outer",
    )
)
def resizings(
    outer: ops.Interpolate,
    inner: ops.Interpolate,
    x: Value,
    inner_sizes: Value,
    inner_axes: Value,
    sizes: Value,
    axes: Value,
) -> Value | None:
    """Two Interpolates of a kind along different spatial axes: one."""
    first, second = known_ints(inner_axes), known_ints(axes)
    a, b = inner_sizes.const, sizes.const
    if first is None or second is None or a is None or b is None:
        raise Decline("the sizes are computed when the model runs")
    if outer.attributes != inner.attributes:
        raise Decline("the two have different attributes")
    padded = any((*outer.pads_begin, *outer.pads_end))
    if outer.mode not in _SEPARABLE or outer.antialias or padded or sizes.element is not inner_sizes.element:
        raise Decline("the mode does not work on each axis by itself")
    if set(first) & set(second) or min(first + second, default=0) < 2 or outer.rank - 2 < len(first + second):
        raise Decline("the axes overlap, or are not spatial")
    both = sorted(zip((*first, *second), (*a.reshape(-1), *b.reshape(-1))))
    return outer.evolve(x, constant([size for _, size in both], sizes.element), constant([axis for axis, _ in both]))


resize_fusion = rewrites(
    "resize-fusion",
    copies_along_new_axes,
    copies_of_parts,
    resizings,
    stage=Stage.FUSE,
    group="recognise",
    before=("linear",),
    doc="Interpolate from copies of elements along new axes, of parts, or from Interpolates along different axes.",
)
