"""Ops that only move elements: merged with each other, taken into windows, and recognised where several make up one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from mo_core import ops
from mo_core.build import known_ints
from mo_core.errors import Decline
from mo_core.ir import Node, Value, constant
from mo_core.ir import types as t
from mo_core.ir.known import number
from mo_core.ops.reduction import Reduction
from mo_core.rewriting.passes import Stage, rewrites
from mo_core.rewriting.pattern import any_, const, op, p
from mo_core.rewriting.rewrite import rule
from mo_core.transforms.recognise.algebra import shaped_like

# -- padding

_pad = p.Pad(any_("x"), const("begin"), const("end"), name="pad", pad_mode="constant")


def _pads(begin: Value, end: Value) -> tuple[list[int], list[int]]:
    return list(known_ints(begin) or ()), list(known_ints(end) or ())


def _pad_number(pad: Node) -> float | None:
    return number(pad.operands[3]) if len(pad.operands) > 3 else 0.0


@rule(p.Pad(_pad, const("begin2"), const("end2"), name="outer", pad_mode="constant"))
def pads(outer: Node, pad: Node, x: Value, begin: Value, end: Value, begin2: Value, end2: Value) -> Value | None:
    """Two Pads with the same number: one."""
    (a, b), (c, d) = _pads(begin, end), _pads(begin2, end2)
    fill = _pad_number(pad)
    if len(pad.uses) > 1:
        raise Decline(f'"{pad.label}" is read by others, too')
    if fill is None or fill != _pad_number(outer):
        raise Decline("the two do not fill in the same number")
    if min(a + b + c + d) < 0:
        raise Decline("one of the two crops")
    low, high = (constant([m + n for m, n in zip(*both)]) for both in ((a, c), (b, d)))
    return outer.evolve(x, low, high, *outer.operands[3:])


@rule(op(ops.Convolution, ops.GroupConvolution, operands=[_pad, any_("filters")], name="node"))
def pad_into_convolution(
    node: ops.Convolution | ops.GroupConvolution, pad: Node, x: Value, begin: Value, end: Value, filters: Value
) -> Value | None:
    """A Pad with zeros of spatial axes goes into the convolution."""
    if _pad_number(pad) != 0:
        raise Decline("a convolution pads with zeros, and this is another number")
    return _padded(node, [x, filters], *_spatial(node, begin, end))


@rule(p.AvgPool(_pad, name="node"), p.MaxPool(_pad, name="node"))
def pad_into_pooling(
    node: ops.AvgPool | ops.MaxPool, pad: Node, x: Value, begin: Value, end: Value
) -> Value | Sequence[Value | None] | None:
    """A Pad goes into a mean over windows (zeros), or a maximum over windows (of what is not negative, or lowest)."""
    low, high = _spatial(node, begin, end)
    if isinstance(node, ops.AvgPool):
        own = any((*node.pads_begin, *node.pads_end))
        if _pad_number(pad) != 0 or node.rounding_type != "floor" or (own and node.exclude_pad):
            raise Decline("the mean counts these elements, and would count them otherwise as its own padding")
        if _is_dequantised(x):
            raise Decline("the runtime's integer kernels would take their own padding for the number that stands for 0")
        return _padded(node, [x], low, high, exclude_pad=False)
    fill = _pad_number(pad)
    lowest = fill is not None and fill <= -3.4e38
    if not lowest and not (fill == 0 and x.node.element_trait.never_negative(x.node)):
        raise Decline("the maximum takes its own padding for the lowest number, and this is another one")
    dilations = node.dilations or (1,) * len(node.kernel)
    extents = [(k - 1) * d + 1 for k, d in zip(node.kernel, dilations)]
    if node.rounding_type != "floor" or any(n >= e for n, e in zip([*low, *high], extents * 2)) or node.results[1].uses:
        raise Decline("a window may hold nothing but padding")
    return [_padded(node, [x], low, high), None]


def _is_dequantised(x: Value) -> bool:
    """True for integers of at most 8 bits brought to real numbers, also after a Transpose."""
    while isinstance(x.node, (ops.Multiply, ops.Subtract, ops.Transpose)):
        x = x.node.operands[0]
    node = x.node
    small = isinstance(node, ops.Convert) and node.data.element.is_integer and node.data.element.bits <= 8
    return small or isinstance(node, ops.FakeQuantize)


def _spatial(node: Node, begin: Value, end: Value) -> tuple[list[int], list[int]]:
    """The pads of the spatial axes; declines when others are padded, too, or the node pads by a rule of its own."""
    low, high = _pads(begin, end)
    if any((*low[:2], *high[:2])):
        raise Decline("batch or channels are padded")
    if min(low + high) < 0:
        raise Decline("the Pad takes elements away")
    if node.auto_pad not in ("explicit", "valid"):  # type: ignore[attr-defined]
        raise Decline("the padding depends on the size of what is padded")
    return low[2:], high[2:]


def _padded(node: Node, operands: Sequence[Value], low: list[int], high: list[int], **changed: object) -> Node:
    explicit = node.auto_pad == "explicit"  # type: ignore[attr-defined]
    begin = [a + b for a, b in zip(low, node.pads_begin)] if explicit else low  # type: ignore[attr-defined]
    end = [a + b for a, b in zip(high, node.pads_end)] if explicit else high  # type: ignore[attr-defined]
    return node.evolve(*operands, pads_begin=tuple(begin), pads_end=tuple(end), auto_pad="explicit", **changed)


pad_fusion = rewrites(
    "pad-fusion",
    pads,
    pad_into_convolution,
    pad_into_pooling,
    stage=Stage.FUSE,
    group="recognise",
    before=("linear",),
    doc="Pads in a row as one, and into convolutions and poolings.",
)


# -- dilated convolutions


_blocks = p.SpaceToBatch(any_("x"), const("block"), const("begin"), const("end"), uses=1)
_conv = op(ops.Convolution, ops.GroupConvolution, operands=[_blocks, any_("filters")], name="conv", uses=1)


@rule(
    p.BatchToSpace(_conv, const("block2"), const("crop"), const("crop2"), name="node"),
    p.BatchToSpace(
        p.Add(_conv, const(), name="bias", uses=1), const("block2"), const("crop"), const("crop2"), name="node"
    ),
)
def dilated_convolution(
    node: Node,
    conv: ops.Convolution,
    x: Value,
    filters: Value,
    block: Value,
    begin: Value,
    end: Value,
    block2: Value,
    crop: Value,
    crop2: Value,
) -> Value | None:
    """SpaceToBatch, convolution, BatchToSpace: a dilated convolution."""
    blocks, own = known_ints(block) or (), (*conv.strides, *conv.dilations)
    if blocks != known_ints(block2) or any(n != 1 for n in (*blocks[:2], *own)):
        raise Decline("blocks differ, cross the channels, or the convolution has strides or dilations itself")
    if conv.auto_pad not in ("explicit", "valid"):
        raise Decline("the padding depends on the size of what is padded")
    explicit = conv.auto_pad == "explicit"
    ends = [(begin, crop, conv.pads_begin), (end, crop2, conv.pads_end)]
    low, high = (
        [a - c + b * q for a, c, b, q in zip(_from2(pad), _from2(cut), blocks[2:], inner if explicit else [0] * 3)]
        for pad, cut, inner in ends
    )
    if min(low + high) < 0 or any((*known_ints(begin)[:2], *known_ints(crop)[:2], *known_ints(crop2)[:2])):  # type: ignore[index]
        raise Decline("more is cropped than was padded")
    dilated = conv.evolve(
        x, filters, dilations=blocks[2:], pads_begin=tuple(low), pads_end=tuple(high), auto_pad="explicit"
    )
    bias = node.operands[0].node
    if bias is conv:
        # the batch that was split into blocks is put together again, whatever it is
        if not t.same_shape(dilated.dims[1:], node.dims[1:]):
            raise Decline("what is left after the crop is not the size of a dilated convolution")
        return dilated
    c = bias.operands[1] if bias.operands[0].node is conv else bias.operands[0]
    full = (1,) * (len(dilated.dims) - len(c.dims)) + c.dims
    if any(d != 1 for i, d in enumerate(full) if i != 1):
        raise Decline("the constant between varies along more than the channels")
    return ops.Add(dilated, c)


@rule(
    p.Transpose(
        p.SpaceToBatch(any_("x"), const("block"), const("begin"), const("end"), name="blocks", uses=1),
        const("order"),
        name="moved",
    )
)
def transpose_ahead_of_blocks(
    moved: Node, blocks: Node, x: Value, order: Value, block: Value, begin: Value, end: Value
) -> Value | None:
    """A Transpose after SpaceToBatch goes ahead of it (channels-last models), nearer to the Transpose of the data."""
    axes = known_ints(order)
    if not axes or axes[0] != 0:
        raise Decline("the Transpose moves the batch")
    _check_blocks([a for a in axes if (known_ints(block) or axes)[a] != 1])
    lists = [constant([numbers[a] for a in axes]) for numbers in map(known_ints, (block, begin, end)) if numbers]
    return blocks.evolve(moved.evolve(x, order), *lists) if len(lists) == 3 else None


@rule(
    p.BatchToSpace(
        p.Transpose(any_("x"), const("order"), name="moved", uses=1),
        const("block"),
        const("begin"),
        const("end"),
        name="blocks",
    )
)
def transpose_after_blocks(
    blocks: Node, moved: Node, x: Value, order: Value, block: Value, begin: Value, end: Value
) -> Value | None:
    """A Transpose ahead of BatchToSpace goes after it (channels-last models)."""
    axes = known_ints(order)
    lists = [known_ints(v) for v in (block, begin, end)]
    if not axes or axes[0] != 0 or any(numbers is None for numbers in lists):
        raise Decline("the Transpose moves the batch, or the blocks are computed")
    _check_blocks([a for a, size in zip(axes, lists[0] or ()) if size != 1])
    turned = [constant([numbers[axes.index(i)] for i in range(len(axes))]) for numbers in lists if numbers is not None]
    return moved.evolve(blocks.evolve(x, *turned), order)


def _check_blocks(axes: list[int]) -> None:
    """The batch holds the blocks in the order of their axes. Raises Decline where that changes."""
    if axes != sorted(axes):
        raise Decline("axes with blocks change places")


def _from2(v: Value) -> tuple[int, ...]:
    return (known_ints(v) or ())[2:]


dilated_fusion = rewrites(
    "dilated-convolution",
    dilated_convolution,
    transpose_ahead_of_blocks,
    transpose_after_blocks,
    stage=Stage.FUSE,
    group="recognise",
    before=("linear",),
    doc="SpaceToBatch, convolution, BatchToSpace: a dilated convolution.",
)


# -- channels and blocks exchanged


_turned = p.Transpose(p.Reshape(any_("x"), any_(), name="apart", uses=1), const("order"), name="moved", uses=1)


@rule(p.Reshape(_turned, any_(), name="together"))
def shuffle_channels(together: Node, moved: Node, apart: Node, x: Value, order: Value) -> Value | None:
    """Channels as rows and columns, and these exchanged: ShuffleChannels."""
    axes, shape = known_ints(order) or (), apart.shape
    if x.shape is None or shape is None or len(x.shape) < 3 or axes != (0, 2, 1, *range(3, len(axes))) or len(axes) < 4:
        return None  # not even the order of the axes fits
    rows, columns, channels = shape[1], shape[2], x.shape[1]
    if not isinstance(rows, int) or not isinstance(columns, int) or rows * columns != channels:
        raise Decline("the channels are not what is set apart in rows and columns")
    if not t.same_dim(shape[0], x.shape[0]) or not shaped_like(together, x):
        raise Decline("the last Reshape does not restore the shape")
    return ops.ShuffleChannels(x, axis=1, group=rows)


@rule(p.Reshape(_turned, any_(), name="together"))
def blocks_and_depth(together: Node, moved: Node, apart: Node, x: Value, order: Value) -> Value | None:
    """Blocks of space set apart and moved: DepthToSpace or SpaceToDepth."""
    axes, shape = known_ints(order) or (), apart.shape
    if x.shape is None or shape is None or len(x.shape) < 3 or len(shape) != 2 * len(x.shape) - 2:
        return None
    k = len(x.shape) - 2
    for kind, mode, block, spread, turn in _exchanges(x.shape, shape, k):
        if axes == turn and t.same_shape(shape, spread) and block > 1:
            made = kind(x, mode=mode, block_size=block)
            if shaped_like(made, together):
                return made
    raise Decline("the blocks are not moved as DepthToSpace or SpaceToDepth moves them")


_Exchange: TypeAlias = "type[ops.DepthToSpace] | type[ops.SpaceToDepth]"
_Shape: TypeAlias = "tuple[t.Dim, ...]"


def _exchanges(source: _Shape, apart: _Shape, k: int) -> Iterator[tuple[_Exchange, str, int, _Shape, tuple[int, ...]]]:
    """For each op and mode: the block size that the shape set apart would mean, that shape, and the order of axes."""
    n, c, space = source[0], source[1], source[2:]
    first, last = apart[1], apart[2]
    inner, outer = [3 + 2 * i for i in range(k)], [2 + 2 * i for i in range(k)]
    if isinstance(c, int) and isinstance(first, int) and first > 0 and c % first**k == 0:
        pairs = [axis for i in range(k) for axis in (k + 2 + i, 1 + i)]
        yield ops.DepthToSpace, "blocks_first", first, (n, *[first] * k, c // first**k, *space), (0, k + 1, *pairs)
    if isinstance(c, int) and isinstance(last, int) and last > 0 and c % last**k == 0:
        pairs = [axis for i in range(k) for axis in (k + 2 + i, 2 + i)]
        yield ops.DepthToSpace, "depth_first", last, (n, c // last**k, *[last] * k, *space), (0, 1, *pairs)
    block = apart[3]
    if isinstance(block, int) and block > 0:
        spread = (n, c, *[d for s in space for d in (s // block, block)])
        yield ops.SpaceToDepth, "blocks_first", block, spread, (0, *inner, 1, *outer)
        yield ops.SpaceToDepth, "depth_first", block, spread, (0, 1, *inner, *outer)


shuffle_fusion = rewrites(
    "shuffle-fusion",
    shuffle_channels,
    blocks_and_depth,
    stage=Stage.FUSE,
    group="recognise",
    before=("linear",),
    doc="ShuffleChannels, DepthToSpace and SpaceToDepth from Reshape, Transpose, Reshape.",
)


# -- parts and wholes


@rule(p.Concat(any_(), any_(), name="concat"))
def nested_concat(concat: ops.Concat) -> Value | None:
    """A Concat in a Concat along the same axis: one Concat."""
    if concat.shape is None:
        return None
    axis, parts = concat.axis % len(concat.shape), list[Value]()
    for v in concat.operands:
        inner = v.node
        nested = isinstance(inner, ops.Concat) and len(inner.uses) == 1 and inner.axis % len(concat.shape) == axis
        parts.extend(inner.operands if nested else [v])
    return None if len(parts) == len(concat.operands) else concat.evolve(*parts)


_SPLITS = (ops.Split, ops.VariadicSplit)


@rule(p.Concat(any_("first", where=lambda v: isinstance(v.node, _SPLITS)), name="concat"))
def split_and_concat(concat: ops.Concat, first: Value) -> Value | None:
    """All parts of a split put together again in the same order: what was split."""
    split = first.node
    axis = number(split.operands[1])
    if tuple(concat.operands) != split.results:
        raise Decline("not all parts of the split are put together, or in another order")
    if concat.shape is None or axis is None or int(axis) % len(concat.shape) != concat.axis % len(concat.shape):
        raise Decline("split and Concat work along different axes")
    return split.operands[0]


@rule(p.Slice(any_("x"), const("start"), const("stop"), const("step"), const("axes"), name="node"))
def slices_of_an_axis(node: ops.Slice, x: Value) -> Value | None:
    """Slices that share an axis out among them: parts of one VariadicSplit."""
    mine = _range_of(node)
    if mine is None:
        return None
    axis, start, stop = mine
    for user in x.users():
        if isinstance(user, ops.VariadicSplit) and user.graph is node.graph and user.graph is not None:
            lengths = known_ints(user.split_lengths)
            if number(user.axis) == axis and lengths is not None and user.graph.precedes(user, node):
                starts = [sum(lengths[:i]) for i in range(len(lengths))]
                if start in starts and min(lengths) > 0 and stop - start == lengths[starts.index(start)]:
                    return user.results[starts.index(start)]
    parts = sorted({r[1:] for u in x.users() if isinstance(u, ops.Slice) and (r := _range_of(u)) and r[0] == axis})
    ends = [0, *[b for _, b in parts]]
    if len(parts) < 2:
        return None
    if [a for a, _ in parts] != ends[:-1] or ends[-1] != x.dims[axis]:
        raise Decline("the slices leave gaps, or overlap")
    split = ops.VariadicSplit(x, constant(axis), constant([b - a for a, b in parts]))
    return split.results[parts.index((start, stop))]


def _range_of(node: ops.Slice) -> tuple[int, int, int] | None:
    """Axis, start and stop of a Slice along one axis of known size, in steps of 1."""
    numbers = [known_ints(v) for v in node.operands[1:]]
    if len(numbers) < 4 or any(n is None or len(n) != 1 for n in numbers) or node.data.shape is None:
        return None
    start, stop, step, axis = (n[0] for n in numbers if n is not None)
    axis %= len(node.data.shape)
    size = node.data.shape[axis]
    if step != 1 or not isinstance(size, int):
        return None
    low, high, _ = slice(start, stop).indices(size)
    return (axis, low, high) if low < high else None


parts_fusion = rewrites(
    "split-and-concat",
    nested_concat,
    split_and_concat,
    slices_of_an_axis,
    stage=Stage.FUSE,
    group="recognise",
    before=("linear",),
    doc="Concats in Concats, splits that are put together again, slices that share an axis out.",
)


# -- reductions


@rule(
    op(
        ops.Squeeze,
        ops.Reshape,
        operands=[op(Reduction, operands=[any_("x"), const("axes")], name="reduce", uses=1)],
        name="node",
    )
)
def reduced_axes_dropped(node: Node, reduce: Reduction, x: Value, axes: Value) -> Value | None:
    """A reduction that keeps its axes, which are dropped after it: one that does not keep them."""
    numbers = known_ints(axes)
    if not reduce.keep_dims or x.shape is None or numbers is None:
        return None
    gone = t.normalize_axes(numbers, len(x.shape))
    left = tuple(d for i, d in enumerate(x.shape) if i not in gone)
    if not t.same_shape(node.shape, left):
        raise Decline("other axes are dropped than are reduced")
    return reduce.evolve(x, axes, keep_dims=False)


@rule(p.Unsqueeze(op(Reduction, operands=[any_("x"), const("axes")], name="reduce", uses=1), const("new")))
def reduced_axes_restored(reduce: Reduction, x: Value, axes: Value, new: Value) -> Value | None:
    """A reduction whose axes are put in again after it: one that keeps them."""
    numbers, wanted = known_ints(axes), known_ints(new)
    if reduce.keep_dims or x.shape is None or numbers is None or wanted is None:
        return None
    gone = set(t.normalize_axes(numbers, len(x.shape)))
    if len(wanted) != len(gone) or set(t.normalize_axes(wanted, len(x.shape))) != gone:
        raise Decline("other axes are put in than were reduced")
    return reduce.evolve(x, axes, keep_dims=True)


_reduced = op(Reduction, operands=[any_("x"), const("first")], name="inner", uses=1)


@rule(op(Reduction, operands=[_reduced, const("second")], name="outer"))
def reductions(outer: Reduction, inner: Reduction, x: Value, first: Value, second: Value) -> Value | None:
    """Two reductions of a kind: one over all their axes."""
    if type(outer) is not type(inner) or x.shape is None or inner.shape is None:
        return None
    if outer.keep_dims != inner.keep_dims:
        raise Decline("only one of the two keeps its axes")
    if isinstance(outer, (ops.ReduceL1, ops.ReduceL2, ops.ReduceMean)) and x.element.is_integer:
        raise Decline("the first result is rounded to whole numbers")
    a, b = known_ints(first), known_ints(second)
    if not a or not b:
        raise Decline("the axes are not known")
    gone = t.normalize_axes(a, len(x.shape))
    left = [i for i in range(len(x.shape)) if i not in gone] if not inner.keep_dims else list(range(len(x.shape)))
    both = sorted({*gone, *(left[i] for i in t.normalize_axes(b, len(inner.shape)))})
    if len(both) < len(a) + len(b):
        raise Decline("both reduce the same axis")
    return outer.evolve(x, constant(both))


reduction_fusion = rewrites(
    "reduction-fusion",
    reduced_axes_dropped,
    reduced_axes_restored,
    reductions,
    stage=Stage.FUSE,
    group="linear",
    after=("recognise",),
    doc="Reductions in a row as one; axes dropped or kept where that saves a Reshape.",
)


PASSES = (pad_fusion, dilated_fusion, shuffle_fusion, parts_fusion, reduction_fusion)
