"""Shape arithmetic cut short: Reshapes that copy dimensions instead of computing them, views merged, no-op slices.

What follows a shape at run time goes on to do so: a dimension that a Reshape takes over from its operand is written as
0 (copy) or -1 (the rest), and never as the number that it happens to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from mo_core import ops
from mo_core.build import known_ints
from mo_core.errors import Decline
from mo_core.ir import Constant, Graph, Node, Value, constant, copy_nodes
from mo_core.ir import types as t
from mo_core.ir.known import axes_of
from mo_core.ir.types import Dynamic
from mo_core.ops.elementwise import Elementwise
from mo_core.ops.shape import View
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass, rewrites
from mo_core.rewriting.pattern import any_, const, op, p
from mo_core.rewriting.rewrite import rule

# -- patterns of Reshape


@rule(p.Reshape(any_("x"), any_("pattern", where=lambda v: not isinstance(v.node, Constant)), name="reshape"))
def constant_pattern(reshape: ops.Reshape, x: Value, pattern: Value) -> Value | None:
    """Reshape to a computed shape: a constant pattern of numbers, 0 (copy) and at most one -1 (the rest)."""
    entries = _entries(pattern)
    if entries is None:
        return None
    wanted: list[int] = []
    for i, (entry, computed) in enumerate(entries):
        if not computed:
            if entry == 0 and not reshape.special_zero:
                return None
            wanted.append(int(entry))  # type: ignore[arg-type]
        elif entry is not None and x.shape is not None and i < len(x.shape) and t.same_dim(x.shape[i], entry):
            wanted.append(0)
        else:
            wanted.append(-1)
    if wanted.count(-1) > 1:
        raise Decline("more than one dimension of the shape is known at run time only")
    return ops.Reshape(x, wanted, special_zero=True)


Entries: TypeAlias = "list[tuple[int | Dynamic | None, bool]]"


def _entries(pattern: Value) -> Entries | None:
    """What is known of each element, and whether it is computed when the model runs; None when their number is not."""
    node = pattern.node
    if isinstance(node, Constant):
        numbers = known_ints(pattern)
        return None if numbers is None else [(n, False) for n in numbers]
    if isinstance(node, ops.Convert) and node.element.is_integer and node.data.element.is_integer:
        return _entries(node.data)
    if isinstance(node, ops.Concat):
        parts = [_entries(v) for v in node.operands]
        return None if any(part is None for part in parts) else [e for part in parts if part is not None for e in part]
    if pattern.shape is None or len(pattern.shape) != 1 or not isinstance(pattern.shape[0], int):
        return None
    if pattern.known is None:
        return [(None, True)] * pattern.shape[0]
    return [(e if isinstance(e, Dynamic) or e is None else int(e), True) for e in pattern.known]


# -- views: other shapes of the same elements

Source: TypeAlias = "int | tuple[int]"
"""A dimension of a view: a number (-1: the rest), or the axis that it is copied from."""


@rule(op(View, operands=[op(View, operands=[any_("x")], name="inner", uses=1)], name="outer"))
def views(outer: Node, inner: Node, x: Value) -> Value | None:
    """Reshape, Squeeze and Unsqueeze in a row: one of them."""
    if x.shape is None or inner.shape is None:
        return None
    copied: list[Source] = [(i,) for i in range(len(x.shape))]
    middle = _viewed(inner, copied)
    result = _viewed(outer, middle) if middle is not None else None
    if result is None or outer.shape is None:
        return None
    if not isinstance(inner, ops.Reshape) and not isinstance(outer, ops.Reshape):
        return _squeezed(x, result)
    pattern = [0 if s == (i,) else s for i, s in enumerate(result)]
    if pattern.count(-1) == 0:
        moved = [i for i, s in enumerate(pattern) if isinstance(s, tuple)]
        pattern = [-1 if i in moved[:1] else s for i, s in enumerate(pattern)]
    numbers = [s for s in pattern if isinstance(s, int)]
    if len(numbers) < len(pattern) or numbers.count(-1) > 1:
        raise Decline("a dimension that both copy moves to another place")
    return ops.Reshape(x, numbers, special_zero=True)


def _viewed(node: Node, dims: list[Source]) -> list[Source] | None:
    """The dimensions of a view, given those of its operand."""
    if isinstance(node, ops.Reshape):
        numbers = known_ints(node.pattern) if isinstance(node.pattern.node, Constant) else None
        if numbers is None or (0 in numbers and not node.special_zero):
            return None
        return [dims[i] if n == 0 else n for i, n in enumerate(numbers)]
    rank = len(dims) + (len(node.dims) - len(dims) if isinstance(node, ops.Unsqueeze) else 0)
    axes = axes_of(node.operands[1], rank) if len(node.operands) > 1 else None
    if not axes:
        return None
    if isinstance(node, ops.Squeeze):
        return [d for i, d in enumerate(dims) if i not in axes]
    left = iter(dims)
    return [1 if i in axes else next(left) for i in range(rank)]


def _squeezed(x: Value, dims: list[Source]) -> Value | None:
    """A Squeeze or an Unsqueeze of x, or x itself."""
    kept = [s[0] for s in dims if isinstance(s, tuple)]
    new = [i for i, s in enumerate(dims) if not isinstance(s, tuple)]
    gone = [i for i in range(x.rank) if i not in kept]
    if new and gone:
        if dims == [(i,) if i in kept else 1 for i in range(x.rank)]:
            return x
        return None
    return ops.Unsqueeze(x, new) if new else ops.Squeeze(x, gone) if gone else x


# -- slices of everything


@rule(
    p.Slice(any_("x"), any_(), any_(), const("step"), name="node"),
    p.StridedSlice(any_("x"), any_(), any_(), const("step"), name="node"),
)
def whole_slice(node: Node, x: Value, step: Value) -> Value | None:
    """A slice that takes all there is: forward, and as many elements as there are."""
    if not t.same_shape(node.shape, x.shape) or any(s != 1 for s in known_ints(step) or ()):
        return None
    if x.is_static and not all(isinstance(v.node, Constant) for v in node.operands[1:]):
        return None  # it follows another tensor's shape, which may be changed later on
    if isinstance(node, ops.StridedSlice) and any((*node.new_axis_mask, *node.shrink_axis_mask)):
        return None
    return x


# -- what broadcasting does anyway


@rule(
    op(Elementwise, operands=[p.Broadcast(any_("x"), name="wide"), any_("y")], name="node"),
    op(Elementwise, operands=[any_("y"), p.Broadcast(any_("x"), name="wide")], name="node"),
    op(Elementwise, operands=[p.Tile(any_("x"), name="wide"), any_("y")], name="node"),
    op(Elementwise, operands=[any_("y"), p.Tile(any_("x"), name="wide")], name="node"),
)
def broadcast_by_arithmetic(node: Elementwise, wide: Node, x: Value, y: Value) -> Value | None:
    """A Broadcast or Tile ahead of an op that broadcasts by itself."""
    if node.auto_broadcast != "numpy" or (isinstance(wide, ops.Broadcast) and wide.mode == "explicit"):
        return None
    if x.shape is None or y.shape is None or (isinstance(wide, ops.Tile) and not _stretches(x, wide)):
        return None
    if not t.same_shape(t.broadcast(x.shape, y.shape), node.shape) or not _stays(wide, x, y):
        return None
    operands = list(node.operands)
    operands[operands.index(wide)] = x  # one of the two, where a value meets itself: the other has the shape
    return node.evolve(*operands)


def _stays(wide: Node, x: Value, y: Value) -> bool:
    """False when a Broadcast or Tile of fixed sizes follows another shape than that of `y`: it may do more later."""
    target = wide.operands[1].node
    if isinstance(target, Constant) or not (x.is_static and y.is_static):
        return True
    return isinstance(target, ops.ShapeOf) and target.data is y


def _stretches(x: Value, tile: Node) -> bool:
    """True when a Tile repeats axes of size 1 only."""
    if x.shape is None or tile.shape is None or len(x.shape) != len(tile.shape):
        return False
    return all(a == 1 or t.same_dim(a, b) for a, b in zip(x.shape, tile.shape))


# -- lists of dimensions


@rule(p.Unsqueeze(p.Gather(any_("data"), const("index"), const("axis"), name="gather"), const("axes")))
def dimension_as_list(gather: ops.Gather, data: Value, index: Value, axis: Value) -> Value | None:
    """One element of a list as a list: taken as such."""
    if data.shape is None or len(data.shape) != 1 or index.shape != () or gather.batch_dims:
        return None
    return gather.evolve(data, constant([int(i) for i in index.const.reshape(-1)]), axis)  # type: ignore[union-attr]


@rule(p.Concat(any_("first"), any_("second"), name="concat"))
def dimensions_together(concat: ops.Concat) -> Value | None:
    """Parts of one list, or constants, next to each other in a Concat: one part."""
    if concat.shape is None or len(concat.shape) != 1 or not concat.element.is_integer:
        return None
    parts: list[Value] = []
    for v in concat.operands:
        joined = _joined(parts[-1], v) if parts else None
        if joined is None:
            parts.append(v)
        else:
            parts[-1] = joined
    if len(parts) == len(concat.operands):
        return None
    return parts[0] if len(parts) == 1 else ops.Concat(parts, axis=0)


def _joined(a: Value, b: Value) -> Value | None:
    if isinstance(a.node, Constant) and isinstance(b.node, Constant):
        return constant([*(known_ints(a) or ()), *(known_ints(b) or ())], a.element)
    x, y = _taken(a), _taken(b)
    if x is None or y is None:
        return None
    (source, first), (other, second) = x, y
    if source is not other and not _same_list(source.node, other.node):
        return None
    return ops.Gather(source, [*first, *second], 0)


def _same_list(a: Node, b: Node) -> bool:
    if not isinstance(a, ops.ShapeOf) or not isinstance(b, ops.ShapeOf):
        return False
    return a.data is b.data and a.output_type is b.output_type


def _taken(v: Value) -> tuple[Value, Sequence[int]] | None:
    """The list and the places that a constant Gather takes its elements from."""
    node = v.node
    if not isinstance(node, ops.Gather) or node.indices.shape is None or len(node.indices.shape) != 1:
        return None
    places = known_ints(node.indices) if isinstance(node.indices.node, Constant) else None
    if places is None or node.data.shape is None or len(node.data.shape) != 1:
        return None
    return node.data, places


# -- conversions


@rule(p.Convert(p.Convert(any_("x"), name="inner"), name="outer"))
def conversions(outer: Node, inner: Node, x: Value) -> Value | None:
    """A Convert that loses nothing ahead of another Convert."""
    if not _lossless(x.element, inner.element):
        return None
    return x if x.element is outer.element else ops.Convert(x, destination_type=outer.element)


def _lossless(a: t.ElementType, b: t.ElementType) -> bool:
    """True when every number of the first type is one of the second."""
    if a is t.boolean or t.dynamic in (a, b) or b is t.boolean:
        return False
    if a.is_integer and b.is_integer:
        return b.bits > a.bits and (b.is_signed or not a.is_signed)
    if a.is_integer:
        return {"f64": 53, "f32": 24, "f16": 11}.get(b.name, 0) >= a.bits - a.is_signed
    order = ("f16", "f32", "f64")
    if a is t.bf16:
        return b in (t.f32, t.f64)
    return a.name in order and b.name in order and order.index(a.name) < order.index(b.name)


# -- branches that are never taken


@rule(p.Select(const("condition"), any_("x"), any_("y"), name="select"))
def decided_select(select: Node, condition: Value, x: Value, y: Value) -> Value | None:
    """Select by a constant that is true, or false, everywhere."""
    content = condition.known
    if content is None or not content.size or content.all() != content.any():
        return None
    chosen = x if content.all() else y
    return chosen if t.same_shape(select.shape, chosen.shape) else None


@rule(p.If(any_("condition"), name="branch"))
def decided_if(branch: ops.If, condition: Value) -> list[Value] | None:
    """If with a known condition: the body that it takes."""
    content = condition.const
    if content is None or content.size != 1:
        return None
    body, places = (
        (branch.then_body, branch.then_inputs) if content.reshape(-1)[0] else (branch.else_body, branch.else_inputs)
    )
    mapping: dict[Value, Value] = {v: branch.inputs[i] for v, i in zip(body.inputs, places)}
    copy_nodes(body, mapping)
    return [mapping[r.source] for r in body.outputs]


shape_simplification = rewrites(
    "shape-simplification",
    constant_pattern,
    views,
    whole_slice,
    broadcast_by_arithmetic,
    conversions,
    decided_select,
    decided_if,
    stage=Stage.NORMALIZE,
    group="shapes",
    after=("constant-folding",),
    doc="Reshapes that copy dimensions instead of computing them, views merged, dead branches and no-ops removed.",
)


shape_lists = rewrites(
    "shape-lists",
    dimension_as_list,
    dimensions_together,
    stage=Stage.NORMALIZE,
    after=("shapes",),
    doc="Dimensions taken one by one and put together again: taken as one list.",
)


# -- the same dimensions asked for twice


@graph_pass("equal-shapes", stage=Stage.CLEANUP, before=("common-subexpressions",))
def equal_shapes(graph: Graph, edit: Editor) -> None:
    """Lists of dimensions that are known to be equal are computed once, whichever tensor they are asked of."""
    first: dict[object, Value] = {}
    for node in graph:
        known = node.known if len(node.results) == 1 else None
        if known is None or known.dtype != object or not node.pure or not node.uses:
            continue
        entries = known.reshape(-1).tolist()
        if None in entries:
            continue
        key = (node.element, known.shape, *entries)
        twin = first.setdefault(key, node)
        if twin.node.graph is not graph:  # its last reader went with another node
            first[key] = twin = node
        if twin is not node:
            edit.replace(node, twin, rule="equal-shapes")
