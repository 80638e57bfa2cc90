"""Joining, padding and rearranging elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import KNOWN_LIMIT, Node
from mo_core.ir import types as t
from mo_core.ir.known import Entry, as_dim, entries, numbers
from mo_core.ir.schema import (
    Operand,
    Operands,
    OptionalOperand,
    integer,
    one_of,
    operand,
    optional,
    required_one_of,
    variadic,
)
from mo_core.ir.types import Dim, Dynamic, Type
from mo_core.ops._dims import unknown, unknowns
from mo_core.ops._values import NDArray
from mo_core.ops.axes import along
from mo_core.ops.axis_lists import blocks, per_axis
from mo_core.ops.elements import CHOOSES


class Concat(Node, opset="opset1", partial=True):
    """The operands one after the other along `axis` (Concat-1)."""

    element_trait = CHOOSES
    axis_trait = along(all_operands=True)

    inputs: Operands = variadic()
    axis: int = integer()

    def infer(self) -> Type:
        element = t.promote([v.element for v in self.operands])
        shapes = [v.shape for v in self.operands if v.shape is not None]
        if not self.operands:
            raise ShapeError("Concat has no operand")
        if not shapes:
            return Type(element, None)
        rank = len(shapes[0])
        if any(len(s) != rank for s in shapes) or rank == 0:
            raise ShapeError(f"Concat needs operands of one rank, not {', '.join(map(t.format_shape, shapes))}")
        axis = t.normalize_axis(self.axis, rank)
        result = list(shapes[0])
        for shape in shapes[1:]:
            for i in range(rank):
                a, b = result[i], shape[i]
                result[i] = a + b if i == axis else t.merge_dim(a, b, "Concat: dimensions")
        if len(shapes) < len(self.operands):
            result[axis] = unknown(self, "length", t.bounds(result[axis])[0])
        return Type(element, tuple(result))

    def _learn(self) -> None:
        arrays: list[NDArray] = []
        size = t.size_of(self.results[0].shape)
        if not isinstance(size, int) or size > KNOWN_LIMIT or all(v.known is None for v in self.operands):
            return
        axis = t.normalize_axis(self.axis, self.rank)
        for v in self.operands:
            # dimensions that this operand leaves open follow from the others
            shape = (*self.static_shape[:axis], v.dims[axis], *self.static_shape[axis + 1 :])
            arrays.append(v.known if v.known is not None else np.full(shape, None, dtype=object))
        self._know([np.concatenate(arrays, self.axis)])

    def fold(self, *arrays: NDArray) -> NDArray:
        return np.concatenate(arrays, self.axis)


class Pad(Node, opset="opset12", partial=True):
    """Elements put before and after, along each axis, or taken away where a number is negative (Pad-12).

    The pad is `pad_value` (0 when absent), the outermost element, or a mirror image without (`reflect`) or with
    (`symmetric`) that element.
    """

    axis_trait = per_axis(1, 2)

    data: Operand = operand(like=True)
    pads_begin: Operand = operand()
    pads_end: Operand = operand()
    pad_value: OptionalOperand = optional(default=None, like=True)
    pad_mode: str = one_of("constant", "edge", "reflect", "symmetric", default="constant")

    def infer(self) -> Type:
        shape, begin, end = self.data.shape, entries(self.pads_begin), entries(self.pads_end)
        element = self.data.element
        if self.pad_value is not None:
            element = t.promote([element, self.pad_value.element])
        sizes = [len(x) for x in (shape, begin, end) if x is not None]
        if not sizes:
            return Type(element, None)
        rank = sizes[0]
        for pads in (begin, end):
            if pads is not None and len(pads) != rank:
                raise ShapeError(f"Pad has {len(pads)} numbers for an operand of rank {rank}")
        dims = shape if shape is not None else unknowns(self, "data", rank)
        empty: list[Entry] = [None] * rank
        return Type(element, tuple(map(self._padded, range(rank), dims, begin or empty, end or empty)))

    def _padded(self, axis: int, d: Dim, begin: Entry, end: Entry) -> Dim:
        if begin is None or end is None:
            return unknown(self, ("padded", axis))
        size = d + begin + end
        if isinstance(size, Dynamic):
            return size.as_dim()
        if size < 0:
            raise ShapeError(f"Pad takes away more than the {d} elements of axis {axis}")
        if isinstance(d, int) and isinstance(begin, int) and isinstance(end, int) and self.pad_mode != "constant":
            limit = {"reflect": d - 1, "symmetric": d, "edge": t.INF if d else 0}[self.pad_mode]
            if max(begin, end) > max(limit, 0):
                raise ShapeError(f"{self.pad_mode} Pad by {begin} and {end} is too much for axis {axis} of size {d}")
        return size

    def fold(self, data: NDArray, pads_begin: NDArray, pads_end: NDArray, pad_value: NDArray | None = None) -> NDArray:
        pads = [(int(b), int(e)) for b, e in zip(pads_begin, pads_end)]
        extra: dict[str, Any] = {}
        if self.pad_mode == "constant":
            extra["constant_values"] = 0 if pad_value is None else pad_value.reshape(())[()]
        padded = np.pad(data, [(max(b, 0), max(e, 0)) for b, e in pads], self.pad_mode, **extra)  # type: ignore[call-overload]
        return padded[tuple(slice(max(-b, 0), n - max(-e, 0)) for (b, e), n in zip(pads, padded.shape))]  # type: ignore[no-any-return]


class Roll(Node, opset="opset7"):
    """Elements moved on by `shift` along `axes`, those that fall off coming back at the other end (Roll-7)."""

    element_trait = CHOOSES

    data: Operand = operand()
    shift: Operand = operand()
    axes: Operand = operand()

    def infer(self) -> Type:
        axes = numbers(self.axes)
        if self.data.shape is not None and axes is not None:
            t.normalize_axes(axes, len(self.data.shape))
        return self.data.type

    def fold(self, data: NDArray, shift: NDArray, axes: NDArray) -> NDArray:
        chosen = [int(a) for a in axes.reshape(-1)]
        return np.roll(data, np.broadcast_to(shift.reshape(-1), len(chosen)).tolist(), chosen)


class Reverse(Node, opset="opset1"):
    """Elements in reverse order along `axes`, given by number or (`mask`) as one truth value per axis (Reverse-1)."""

    element_trait = CHOOSES

    data: Operand = operand()
    axes: Operand = operand()
    mode: str = required_one_of("index", "mask")

    def infer(self) -> Type:
        axes = numbers(self.axes) if self.mode == "index" else None
        if self.data.shape is not None and axes is not None:
            t.normalize_axes(axes, len(self.data.shape))
        return self.data.type

    def fold(self, data: NDArray, axes: NDArray) -> NDArray:
        chosen = np.flatnonzero(axes) if self.mode == "mask" else axes.reshape(-1)
        return np.flip(data, tuple(int(a) for a in chosen))


class ReverseSequence(Node, opset="opset1"):
    """The first `seq_lengths[i]` elements along `seq_axis` of batch entry i in reverse order (ReverseSequence-1)."""

    data: Operand = operand()
    seq_lengths: Operand = operand()
    batch_axis: int = integer(default=0)
    seq_axis: int = integer(default=1)

    def infer(self) -> Type:
        shape, lengths = self.data.shape, self.seq_lengths.shape
        if shape is None:
            return self.data.type
        t.normalize_axis(self.seq_axis, len(shape))
        batch = t.normalize_axis(self.batch_axis, len(shape))
        if lengths is None or not shape:
            return self.data.type
        if len(lengths) != 1:
            raise ShapeError(f"ReverseSequence needs a list of lengths, not {t.format_shape(lengths)}")
        size = t.merge_dim(shape[batch], lengths[0], "ReverseSequence: batch and lengths")
        return Type(self.data.element, (*shape[:batch], size, *shape[batch + 1 :]))

    def fold(self, data: NDArray, seq_lengths: NDArray) -> NDArray:
        result = np.array(data)
        source = np.moveaxis(data, (self.batch_axis, self.seq_axis), (0, 1))
        target = np.moveaxis(result, (self.batch_axis, self.seq_axis), (0, 1))
        for i, n in enumerate(seq_lengths.tolist()):
            target[i, :n] = source[i, :n][::-1]
        return result


class _Blocks(Node):
    """Base of the exchange of channels with spatial blocks; data is N, C, <spatial>."""

    element_trait = CHOOSES

    data: Operand = operand()
    mode: str = required_one_of("blocks_first", "depth_first")
    block_size: int = integer(default=1)

    def _spatial(self) -> tuple[Dim, ...] | None:
        shape = self.data.shape
        if shape is not None and len(shape) < 3:
            raise ShapeError(f"{self.type_name} needs N, C and spatial axes, not {t.format_shape(shape)}")
        if self.block_size < 1:
            raise ShapeError(f"{self.type_name} has block size {self.block_size}")
        return shape

    def _divided(self, d: Dim, by: int, what: str) -> Dim:
        if isinstance(d, int) and d % by:
            raise ShapeError(f"{self.type_name} needs {what} that {by} divides, not {d}")
        return d // by


class DepthToSpace(_Blocks, opset="opset1"):
    """Channels moved into spatial blocks (DepthToSpace-1)."""

    def infer(self) -> Type:
        shape, b = self._spatial(), self.block_size
        if shape is None:
            return Type(self.data.element, None)
        channels = self._divided(shape[1], b ** (len(shape) - 2), "channels")
        return Type(self.data.element, (shape[0], channels, *[d * b for d in shape[2:]]))

    def fold(self, data: NDArray) -> NDArray:
        n, c, *spatial = data.shape
        b, k = self.block_size, len(spatial)
        blocks = [b] * k
        depth = c // b**k
        if self.mode == "blocks_first":
            spread, at, first = data.reshape(n, *blocks, depth, *spatial), k + 1, 1
        else:
            spread, at, first = data.reshape(n, depth, *blocks, *spatial), 1, 2
        pairs = [axis for i in range(k) for axis in (k + 2 + i, first + i)]
        return spread.transpose(0, at, *pairs).reshape(n, depth, *[d * b for d in spatial])


class SpaceToDepth(_Blocks, opset="opset1"):
    """Spatial blocks moved into channels (SpaceToDepth-1)."""

    def infer(self) -> Type:
        shape, b = self._spatial(), self.block_size
        if shape is None:
            return Type(self.data.element, None)
        spatial = [self._divided(d, b, "spatial sizes") for d in shape[2:]]
        return Type(self.data.element, (shape[0], shape[1] * b ** len(spatial), *spatial))

    def fold(self, data: NDArray) -> NDArray:
        n, c, *spatial = data.shape
        b, k = self.block_size, len(spatial)
        spread = data.reshape(n, c, *[x for d in spatial for x in (d // b, b)])
        outer, inner = [2 + 2 * i for i in range(k)], [3 + 2 * i for i in range(k)]
        order = (0, *inner, 1, *outer) if self.mode == "blocks_first" else (0, 1, *inner, *outer)
        return spread.transpose(order).reshape(n, c * b**k, *[d // b for d in spatial])


class _BatchBlocks(Node):
    """Base of the exchange of batch entries with blocks along the other axes."""

    axis_trait = blocks()

    def _lists(self, *names: str) -> list[list[Entry]] | None:
        """The operands' entries, one per axis of data; None when the rank of data is unknown."""
        shape = self.operands[0].shape
        if shape is None:
            return None
        result: list[list[Entry]] = []
        for name, value in zip(names, self.operands[1:]):
            found = entries(value)
            if found is not None and len(found) != len(shape):
                raise ShapeError(f"{self.type_name} has {len(found)} {name} for an operand of rank {len(shape)}")
            result.append([None] * len(shape) if found is None else found)
        if any(isinstance(b, int) and b < 1 for b in result[0]):
            raise ShapeError(f"{self.type_name} has the block shape {result[0]}")
        return result

    def _whole(self, key: object, d: Any, by: Entry) -> Dim:
        if by is None or d is None or isinstance(by, Dynamic):
            return unknown(self, ("quotient", key))
        if isinstance(d, int) and (d % by or d < 0):
            raise ShapeError(f"{self.type_name} needs sizes that its blocks of {by} divide, not {d}")
        return as_dim(d // by)


def _product(numbers: Sequence[Entry]) -> Entry:
    return math.prod(n for n in numbers if isinstance(n, int)) if all(isinstance(n, int) for n in numbers) else None


class BatchToSpace(_BatchBlocks, opset="opset2"):
    """Batch entries moved into blocks along the other axes, which are then cropped (BatchToSpace-2)."""

    data: Operand = operand()
    block_shape: Operand = operand()
    crops_begin: Operand = operand()
    crops_end: Operand = operand()

    def infer(self) -> Type:
        shape, lists = self.data.shape, self._lists("blocks", "crops_begin", "crops_end")
        if shape is None or lists is None:
            return Type(self.data.element, None)
        result: list[Dim] = [self._whole(0, shape[0], _product(lists[0]))]
        for i, (d, b, low, high) in enumerate(zip(shape[1:], *(x[1:] for x in lists))):
            if b is None or low is None or high is None:
                result.append(unknown(self, i))
                continue
            size = d * b - low - high
            if isinstance(size, int) and size < 0:
                raise ShapeError(f"BatchToSpace crops more than axis {i + 1} has")
            result.append(as_dim(size))
        return Type(self.data.element, tuple(result))

    def fold(self, data: NDArray, block_shape: NDArray, crops_begin: NDArray, crops_end: NDArray) -> NDArray:
        blocks = [int(b) for b in block_shape[1:]]
        k, n = len(blocks), data.shape[0] // math.prod(blocks)
        spread = data.reshape(*blocks, n, *data.shape[1:])
        order = [axis for i in range(k) for axis in (k + 1 + i, i)]
        joined = spread.transpose(k, *order).reshape(n, *[d * b for d, b in zip(data.shape[1:], blocks)])
        return joined[tuple(slice(int(b), d - int(e)) for d, b, e in zip(joined.shape, crops_begin, crops_end))]


class SpaceToBatch(_BatchBlocks, opset="opset2"):
    """Axes padded with zeros, and their blocks moved into batch entries (SpaceToBatch-2)."""

    data: Operand = operand()
    block_shape: Operand = operand()
    pads_begin: Operand = operand()
    pads_end: Operand = operand()

    def infer(self) -> Type:
        shape, lists = self.data.shape, self._lists("blocks", "pads_begin", "pads_end")
        if shape is None or lists is None:
            return Type(self.data.element, None)
        product = _product(lists[0])
        result: list[Dim] = [unknown(self, 0) if product is None else as_dim(shape[0] * product)]
        for i, (d, b, low, high) in enumerate(zip(shape[1:], *(x[1:] for x in lists))):
            result.append(self._whole(i + 1, None if low is None or high is None else d + low + high, b))
        return Type(self.data.element, tuple(result))

    def fold(self, data: NDArray, block_shape: NDArray, pads_begin: NDArray, pads_end: NDArray) -> NDArray:
        blocks = [int(b) for b in block_shape[1:]]
        k = len(blocks)
        padded = np.pad(data, [(int(b), int(e)) for b, e in zip(pads_begin, pads_end)])
        sizes = [d // b for d, b in zip(padded.shape[1:], blocks)]
        spread = padded.reshape(padded.shape[0], *[x for d, b in zip(sizes, blocks) for x in (d, b)])
        inner, outer = [2 + 2 * i for i in range(k)], [1 + 2 * i for i in range(k)]
        return spread.transpose(*inner, 0, *outer).reshape(padded.shape[0] * math.prod(blocks), *sizes)


class ShuffleChannels(Node, opset="opset1"):
    """`axis` seen as `group` rows of columns, and the two exchanged (ShuffleChannels-1)."""

    element_trait = CHOOSES

    data: Operand = operand()
    axis: int = integer(default=1)
    group: int = integer(default=1)

    def infer(self) -> Type:
        if self.group < 1:
            raise ShapeError(f"ShuffleChannels has {self.group} groups")
        if self.data.shape is not None:
            size = self.data.shape[t.normalize_axis(self.axis, len(self.data.shape))]
            if isinstance(size, int) and size % self.group:
                raise ShapeError(f"ShuffleChannels cannot make {self.group} groups of {size} channels")
        return self.data.type

    def fold(self, data: NDArray) -> NDArray:
        axis = self.axis % data.ndim
        lead, size, trail = data.shape[:axis], data.shape[axis], data.shape[axis + 1 :]
        spread = data.reshape(*lead, self.group, size // self.group, *trail)
        return spread.swapaxes(axis, axis + 1).reshape(data.shape)
