"""Searching, sorting and counting: results depend on the order or the presence of elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import Node
from mo_core.ir import types as t
from mo_core.ir.known import as_dim, axis_of, scalar
from mo_core.ir.schema import Operand, OptionalOperand, boolean, element, integer, operand, optional, required_one_of
from mo_core.ir.types import Dim, ElementType, Shape, Type
from mo_core.ops._dims import unknown
from mo_core.ops._values import NDArray, replaced
from mo_core.ops.axes import along, axes_listed


class OneHot(Node, opset="opset1"):
    """`on_value` where the coordinate along a new axis of size `depth` is the index, else `off_value` (OneHot-1)."""

    indices: Operand = operand()
    depth: Operand = operand()
    on_value: Operand = operand(like=True)
    off_value: Operand = operand(like=True)
    axis: int = integer()

    def infer(self) -> Type:
        kind = t.promote([self.on_value.element, self.off_value.element])
        shape, depth = self.indices.shape, scalar(self.depth)
        if shape is None:
            return Type(kind, None)
        if isinstance(depth, int) and depth < 0:
            raise ShapeError(f"OneHot has depth {depth}")
        axis = t.normalize_axis(self.axis, len(shape) + 1)
        size = unknown(self, "depth") if depth is None else as_dim(depth)
        return Type(kind, (*shape[:axis], size, *shape[axis:]))

    def fold(self, indices: NDArray, depth: NDArray, on_value: NDArray, off_value: NDArray) -> NDArray:
        axis = self.axis % (indices.ndim + 1)
        numbers = np.arange(int(depth.reshape(()))).reshape(-1, *[1] * (indices.ndim - axis))
        return np.where(np.expand_dims(indices, axis) == numbers, on_value.reshape(()), off_value.reshape(()))


class NonZero(Node, opset="opset3"):
    """The coordinates of the elements that are not 0: one row per axis, one column per element (NonZero-3)."""

    data: Operand = operand()
    output_type: ElementType = element(default=t.i64)

    def infer(self) -> Type:
        known, shape = self.data.known, self.data.shape
        if shape is None:
            return Type(self.output_type, (unknown(self, "rank"), unknown(self, "count")))
        if known is not None and known.dtype != np.object_ and known.ndim:
            return Type(self.output_type, (known.ndim, int(np.count_nonzero(known))))
        most = t.bounds(t.size_of(shape))[1]
        return Type(self.output_type, (len(shape) or unknown(self, "rank", 0, 1), unknown(self, "count", 0, most)))

    def fold(self, data: NDArray) -> NDArray:
        return np.array(np.nonzero(data), dtype=self.output_type.dtype)


class Unique(Node, opset="opset10"):
    """The elements (or slices along `axis`) without repetition (Unique-10).

    Results: the unique ones, ascending when `sorted`, else by first occurrence; the index of the first occurrence of
    each; for each element of data the index of its unique one; how often each occurs.
    """

    data: Operand = operand()
    axis: OptionalOperand = optional(default=None)
    sorted: bool = boolean(default=True)
    index_element_type: ElementType = element(default=t.i64)
    count_element_type: ElementType = element(default=t.i64)

    def infer(self) -> tuple[Type, Type, Type, Type]:
        shape = self.data.shape
        axis = None if self.axis is None or shape is None else axis_of(self.axis, len(shape))
        if shape is None or (self.axis is not None and axis is None):
            slices: Dim = unknown(self, "length")
            uniques: Shape = None if self.axis is not None else (unknown(self, "count"),)
            count: Dim = unknown(self, "count")
        else:
            slices = t.size_of(shape) if axis is None else shape[axis]
            count = self._count(slices, axis)
            uniques = (count,) if axis is None else replaced(shape, axis, count)
        index = self.index_element_type
        return (
            Type(self.data.element, uniques),
            Type(index, (count,)),
            Type(index, (slices,)),
            Type(self.count_element_type, (count,)),
        )

    def _count(self, slices: Dim, axis: int | None) -> Dim:
        known = self.data.known
        if known is not None and known.dtype != np.object_:
            return int(np.unique(known, axis=axis).shape[axis or 0])
        low, high = t.bounds(slices)
        return unknown(self, "count", min(low, 1), high)

    def fold(self, data: NDArray, axis: NDArray | None = None) -> tuple[NDArray, ...]:
        at = None if axis is None else int(axis.reshape(()))
        values, first, inverse, counts = np.unique(data, True, True, True, axis=at)
        inverse = inverse.reshape(-1)
        if not self.sorted:
            order = np.argsort(first)
            values = np.take(values, order, 0 if at is None else at)
            first, counts, inverse = first[order], counts[order], np.argsort(order)[inverse]
        index = self.index_element_type.dtype
        return values, first.astype(index), inverse.astype(index), counts.astype(self.count_element_type.dtype)


class TopK(Node, opset="opset11"):
    """The `k` largest or smallest elements along `axis`, and their indices (TopK-11).

    `sort` orders them by value (the best first), by index, or not at all; among equal elements the first counts more.
    """

    axis_trait = along()

    data: Operand = operand()
    k: Operand = operand()
    axis: int = integer()
    mode: str = required_one_of("max", "min")
    sort: str = required_one_of("value", "index", "none")
    stable: bool = boolean(default=False)
    index_element_type: ElementType = element(default=t.i32)

    def infer(self) -> tuple[Type, Type]:
        shape, k = self.data.shape, scalar(self.k)
        if isinstance(k, int) and k < 0:
            raise ShapeError(f"TopK cannot give {k} elements")
        if shape is not None:
            if not shape:
                raise ShapeError("TopK needs an axis, and the operand is a scalar")
            axis = t.normalize_axis(self.axis, len(shape))
            most = t.bounds(shape[axis])[1]
            if isinstance(k, int) and k > most:
                raise ShapeError(f"TopK cannot give {k} of {shape[axis]} elements")
            shape = replaced(shape, axis, unknown(self, "k", 0, most) if k is None else as_dim(k))
        return Type(self.data.element, shape), Type(self.index_element_type, shape)

    def fold(self, data: NDArray, k: NDArray) -> tuple[NDArray, NDArray]:
        axis, count = self.axis % data.ndim, int(k.reshape(()))
        if self.mode == "min":
            order = np.argsort(data, axis, kind="stable")
        else:  # both reversals together keep the first of equal elements first
            order = data.shape[axis] - 1 - np.flip(np.argsort(np.flip(data, axis), axis, kind="stable"), axis)
        order = np.take(order, np.arange(count), axis)
        if self.sort == "index":
            order = np.sort(order, axis)
        return np.take_along_axis(data, order, axis), order.astype(self.index_element_type.dtype)


class Bucketize(Node, opset="opset3"):
    """The number of the interval between ascending `buckets` that holds each element (Bucketize-3).

    Intervals hold their right limit when `with_right_bound`, else their left one.
    """

    data: Operand = operand()
    buckets: Operand = operand()
    output_type: ElementType = element(default=t.i64)
    with_right_bound: bool = boolean(default=True)

    def infer(self) -> Type:
        if self.buckets.shape is not None and len(self.buckets.shape) != 1:
            raise ShapeError(f"Bucketize needs a list of buckets, not {t.format_shape(self.buckets.shape)}")
        return Type(self.output_type, self.data.shape)

    def fold(self, data: NDArray, buckets: NDArray) -> NDArray:
        found = np.searchsorted(buckets, data, "left" if self.with_right_bound else "right")
        return np.asarray(found).astype(self.output_type.dtype)


class SearchSorted(Node, opset="opset15"):
    """Where each of `values` would be put into its row of `sorted_sequence` (SearchSorted-15).

    Equal elements are after that place, or before it when `right_mode`. A sequence of one axis serves all values; else
    all axes but the last one agree.
    """

    sorted_sequence: Operand = operand(like=True)
    values: Operand = operand(like=True)
    right_mode: bool = boolean(default=False)
    output_type: ElementType = element(default=t.i64)

    def infer(self) -> Type:
        rows, values = self.sorted_sequence.shape, self.values.shape
        t.promote([self.sorted_sequence.element, self.values.element])
        if rows is not None and values is not None and len(rows) > 1:
            merged = t.merge_shape(rows[:-1], values[:-1], "SearchSorted: shapes") or ()
            values = (*merged, values[-1])
        return Type(self.output_type, values)

    def fold(self, sorted_sequence: NDArray, values: NDArray) -> NDArray:
        side: Any = "right" if self.right_mode else "left"
        if sorted_sequence.ndim == 1:
            return np.asarray(np.searchsorted(sorted_sequence, values, side)).astype(self.output_type.dtype)
        rows = sorted_sequence.reshape(-1, sorted_sequence.shape[-1])
        found = [np.searchsorted(row, v, side) for row, v in zip(rows, values.reshape(len(rows), -1))]
        return np.array(found, dtype=self.output_type.dtype).reshape(values.shape)


class CumSum(Node, opset="opset3"):
    """Sums of the elements up to each along `axis`, from the end when `reverse` (CumSum-3).

    `exclusive` leaves the element itself out.
    """

    axis_trait = axes_listed(1)

    data: Operand = operand()
    axis: Operand = operand()
    exclusive: bool = boolean(default=False)
    reverse: bool = boolean(default=False)

    def infer(self) -> Type:
        axis_of(self.axis, None if self.data.shape is None else len(self.data.shape))
        return self.data.type

    def fold(self, data: NDArray, axis: NDArray) -> NDArray:
        at = int(axis.reshape(()))
        turned = np.flip(data, at) if self.reverse else data
        sums = np.cumsum(turned, at, dtype=data.dtype)
        if self.exclusive:
            sums = sums - turned
        return np.flip(sums, at) if self.reverse else sums
