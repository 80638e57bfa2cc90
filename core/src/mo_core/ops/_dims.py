"""What inference shares: unknown dimensions that stay the same object, ranks, windows over spatial axes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from mo_core.errors import ShapeError
from mo_core.ir import Node, Value
from mo_core.ir.known import as_dim, entries
from mo_core.ir.types import INF, Dim, Dynamic, Shape, bounds, format_shape, merge_dim


def unknown(node: Node, key: Hashable, lo: int = 0, hi: int = INF) -> Dim:
    """A dimension that only the runtime knows: the same object every time `node` is inferred with these bounds."""
    if lo == hi:
        return lo
    memo: dict[Hashable, Dynamic] = node.__dict__.setdefault("_unknown", {})
    found = memo.get(key)
    if found is None or (found.lo, found.hi) != (lo, hi):
        found = memo[key] = Dynamic(lo, hi)
    return found


def unknowns(node: Node, key: Hashable, count: int) -> tuple[Dim, ...]:
    """`count` dimensions of which nothing is known."""
    return tuple(unknown(node, (key, i)) for i in range(count))


def rising(dim: Dim, key: Hashable, function: Callable[[int], int]) -> Dim:
    """A monotonically rising function of a dimension; `key` names it, so that equal calls give the same object."""
    if isinstance(dim, int):
        return function(dim)
    hi = INF if dim.hi >= INF else max(function(dim.hi), 0)
    return dim._derive((function.__qualname__, key), max(function(dim.lo), 0), hi)


def of_rank(value: Value, what: str, *ranks: int) -> Shape:
    """The shape of an operand (None when its rank is unknown); raises ShapeError when its rank is none of these."""
    if value.shape is not None and len(value.shape) not in ranks:
        wanted = " or ".join(map(str, ranks))
        raise ShapeError(f"{what} must have rank {wanted}, and its shape is {format_shape(value.shape)}")
    return value.shape


def dims_or(node: Node, value: Value, what: str, rank: int) -> tuple[Dim, ...]:
    """The shape of an operand of this rank, unknown dimensions when the rank is unknown."""
    shape = of_rank(value, what, rank)
    return unknowns(node, what, rank) if shape is None else shape


def agree(what: str, *dims: Dim | None, node: Node | None = None) -> Dim:
    """The one dimension that all of them (None: nothing known) stand for; raises ShapeError naming `what`.

    Where nothing at all is known, it is an unknown of `node`.
    """
    merged: Dim | None = None
    for d in dims:
        if d is not None:
            merged = d if merged is None else merge_dim(merged, d, what)
    if merged is None:
        return Dynamic() if node is None else unknown(node, what)
    return merged


def at(shape: Shape, axis: int) -> Dim | None:
    """One dimension, None when the rank is unknown."""
    return None if shape is None else shape[axis]


def content_dims(node: Node, value: Value, what: str) -> tuple[Dim, ...] | None:
    """Dimensions given as the content of a tensor; None when not even their number is known."""
    of_rank(value, what, 0, 1)
    found = entries(value)
    if found is None:
        return None
    dims = tuple(unknown(node, (what, i)) if x is None else as_dim(x) for i, x in enumerate(found))
    if any(isinstance(d, int) and d < 0 for d in dims):
        raise ShapeError(f"{what} {format_shape(dims)} has negative sizes")
    return dims


def per_axis(node: Node, count: int, **attributes: Sequence[Dim]) -> None:
    """Raise ShapeError unless each of the attributes has one number per spatial axis."""
    for name, numbers in attributes.items():
        if len(numbers) != count:
            raise ShapeError(f"{node.type_name} has {count} spatial axes, and {name} is {list(numbers)}")


def window_dim(
    size: Dim, kernel: Dim, *, stride: int, dilation: int, pad_begin: int, pad_end: int, rounding: str, auto_pad: str
) -> Dim:
    """Number of windows along one axis; raises ShapeError when not even one fits."""
    if stride < 1 or dilation < 1:
        raise ShapeError(f"a window cannot have stride {stride} and dilation {dilation}")
    if auto_pad in ("same_upper", "same_lower"):
        return (size + (stride - 1)) // stride
    pads = 0 if auto_pad == "valid" else pad_begin + pad_end
    extent = (kernel - 1) * dilation + 1
    if bounds(size)[1] < INF and bounds(size)[1] + pads < bounds(extent)[0]:
        raise ShapeError(f"a window of {extent} does not fit into {size} with padding {pads}")
    if rounding == "ceil_torch" and isinstance(extent, int) and isinstance(pads, int):
        key = (extent, stride, pad_begin, pads)
        return _at_least_one(rising(size, key, lambda n: _ceil_inside(n, extent, stride, pad_begin, pads)))
    if isinstance(extent, int) and extent == pads + 1 and stride == 1:
        return size
    slack = stride if rounding == "floor" else 2 * stride - 1
    count = (
        (size + (pads + slack) - extent) // stride
        if isinstance(extent, Dynamic)
        else ((size + (pads + slack - extent)) // stride)
    )
    return _at_least_one(as_dim(count))


def _at_least_one(dim: Dim) -> Dim:
    """A number of windows: where none fits, the runtime will refuse the data."""
    return dim if isinstance(dim, int) or dim.lo > 0 or dim.hi < 1 else dim._derive("positive", 1, dim.hi)


def _ceil_inside(size: int, extent: int, stride: int, pad_begin: int, pads: int) -> int:
    """Windows counted with ceil, less one that would start after the data and the padding ahead of it."""
    count = -(-(size + pads - extent) // stride) + 1
    return count - 1 if (count - 1) * stride >= size + pad_begin else count


def windows(
    node: Node,
    sizes: Sequence[Dim],
    kernel: Sequence[Dim],
    *,
    strides: Sequence[int],
    dilations: Sequence[int],
    pads_begin: Sequence[int],
    pads_end: Sequence[int],
    auto_pad: str,
    rounding: str = "floor",
) -> tuple[Dim, ...]:
    """Number of windows along each spatial axis; raises ShapeError when attributes and axes do not match."""
    count = len(sizes)
    if auto_pad != "explicit":
        pads_begin = pads_end = (0,) * count
    per_axis(node, count, kernel=kernel, strides=strides, dilations=dilations, pads_begin=pads_begin, pads_end=pads_end)
    return tuple(
        window_dim(
            sizes[i],
            kernel[i],
            stride=strides[i],
            dilation=dilations[i],
            pad_begin=pads_begin[i],
            pad_end=pads_end[i],
            rounding=rounding,
            auto_pad=auto_pad,
        )
        for i in range(count)
    )
