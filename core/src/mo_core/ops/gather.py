"""Taking elements at computed places, and writing elements there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mo_core.errors import ShapeError
from mo_core.ir import AxisTrait, Node
from mo_core.ir import types as t
from mo_core.ir.known import axis_of
from mo_core.ir.schema import Operand, boolean, integer, one_of, operand
from mo_core.ir.types import Dim, Shape, Type
from mo_core.ops._dims import unknowns
from mo_core.ops._values import NDArray
from mo_core.ops.axes import FIRST, taken, taken_along


def _merged(node: Node, a: Shape, b: Shape, count: int) -> tuple[Dim, ...]:
    """The `count` leading dimensions that both shapes share."""
    if a is None or b is None or min(len(a), len(b)) < count:
        raise ShapeError(f"{node.type_name} has {count} batch axes, and its operands have not")
    return tuple(t.merge_dim(x, y, f"{node.type_name}: batch dimensions") for x, y in zip(a[:count], b[:count]))


class Gather(Node, opset="opset8", partial=True):
    """The slices of data at `indices` along `axis` (Gather-8); negative indices count from the end.

    The result is data's shape with the axis replaced by the shape of `indices`; the first `batch_dims` axes of both run
    together.
    """

    axis_trait = AxisTrait(FIRST.ports, taken, taken_along)

    data: Operand = operand()
    indices: Operand = operand()
    axis: Operand = operand()
    batch_dims: int = integer(default=0)

    def infer(self) -> Type:
        data, indices, element = self.data.shape, self.indices.shape, self.data.element
        if data is None or indices is None:
            return Type(element, None)
        if not data:
            raise ShapeError("Gather cannot take from a scalar")
        axis = axis_of(self.axis, len(data))
        batch = self._batch(len(indices))
        if axis is None:
            return Type(element, unknowns(self, "dim", len(data) + len(indices) - 1 - batch))
        if batch > axis:
            raise ShapeError(f"Gather has {batch} batch axes and takes along axis {axis}")
        shared = _merged(self, data, indices, batch)
        return Type(element, (*shared, *data[batch:axis], *indices[batch:], *data[axis + 1 :]))

    def _batch(self, rank: int) -> int:
        """`batch_dims`, a negative one counted from the last axis of the indices."""
        if not -rank <= self.batch_dims <= rank:
            raise ShapeError(f"Gather has {self.batch_dims} batch axes, and its indices have rank {rank}")
        return self.batch_dims + rank if self.batch_dims < 0 else self.batch_dims

    def fold(self, data: NDArray, indices: NDArray, axis: NDArray) -> NDArray:
        at = int(axis.reshape(())) % data.ndim
        batch = self._batch(indices.ndim)
        if not batch:
            return np.take(data, indices.astype(np.int64), at)
        rows = np.ix_(*map(np.arange, data.shape[:batch]))
        moved = np.moveaxis(data, at, batch)  # the axis comes right after the batch axes
        picked: NDArray = moved[(*(r.reshape(*r.shape, *[1] * (indices.ndim - batch)) for r in rows), indices)]
        k = indices.ndim - batch
        middle = at - batch  # axes of data that stood between
        order = [*range(batch), *range(batch + k, batch + k + middle), *range(batch, batch + k)]
        return picked.transpose([*order, *range(batch + k + middle, picked.ndim)])


class GatherElements(Node, opset="opset6"):
    """Element by element, data where the coordinate along `axis` is the index there (GatherElements-6)."""

    data: Operand = operand()
    indices: Operand = operand()
    axis: int = integer()

    def infer(self) -> Type:
        data, indices = self.data.shape, self.indices.shape
        if data is None or indices is None:
            return Type(self.data.element, indices)
        if len(data) != len(indices):
            raise ShapeError(f"GatherElements needs indices of rank {len(data)}, not {t.format_shape(indices)}")
        axis = t.normalize_axis(self.axis, len(data))
        result = [
            t.merge_dim(i, d, "GatherElements: dimensions") if a != axis else i
            for a, (d, i) in enumerate(zip(data, indices))
        ]
        return Type(self.data.element, tuple(result))

    def fold(self, data: NDArray, indices: NDArray) -> NDArray:
        return np.take_along_axis(data, indices.astype(np.int64), self.axis)


class GatherND(Node, opset="opset8", partial=True):
    """The slices of data at the coordinates in the last axis of `indices`, per batch entry (GatherND-8)."""

    data: Operand = operand()
    indices: Operand = operand()
    batch_dims: int = integer(default=0)

    def infer(self) -> Type:
        data, indices, element = self.data.shape, self.indices.shape, self.data.element
        if data is None or indices is None:
            return Type(element, None)
        if not indices:
            raise ShapeError("GatherND needs a list of coordinates, not a scalar")
        length = indices[-1]
        shared = _merged(self, data, indices[:-1], self.batch_dims)
        if not isinstance(length, int):
            return Type(element, None)
        if self.batch_dims + length > len(data):
            raise ShapeError(f"GatherND has {length} coordinates for an operand {t.format_shape(data)}")
        return Type(element, (*shared, *indices[self.batch_dims : -1], *data[self.batch_dims + length :]))

    def fold(self, data: NDArray, indices: NDArray) -> NDArray:
        between = indices.ndim - 1 - self.batch_dims
        rows = np.ix_(*map(np.arange, data.shape[: self.batch_dims])) if self.batch_dims else ()
        batch = [r.reshape(*r.shape, *[1] * between) for r in rows]
        return data[(*batch, *np.moveaxis(indices.astype(np.int64), -1, 0))]  # type: ignore[no-any-return]


class GatherTree(Node, opset="opset1"):
    """Whole beams put together from the steps of a beam search; T, N, beam (GatherTree-1)."""

    step_ids: Operand = operand()
    parent_idx: Operand = operand()
    max_seq_len: Operand = operand()
    end_token: Operand = operand()

    def infer(self) -> Type:
        shape = t.merge_shape(self.step_ids.shape, self.parent_idx.shape, "GatherTree: shapes")
        if shape is not None and len(shape) != 3:
            raise ShapeError(f"GatherTree needs time, batch and beam axes, not {t.format_shape(shape)}")
        return Type(t.promote([self.step_ids.element, self.parent_idx.element]), shape)


class ScatterUpdate(Node, opset="opset3", partial=True):
    """data with the slices at `indices` along `axis` replaced by those of `updates` (ScatterUpdate-3)."""

    data: Operand = operand(like=True)
    indices: Operand = operand()
    updates: Operand = operand(like=True)
    axis: Operand = operand()

    def infer(self) -> Type:
        element = t.promote([self.data.element, self.updates.element])
        data, indices, updates = self.data.shape, self.indices.shape, self.updates.shape
        if data is None:
            return Type(element, None)
        axis = axis_of(self.axis, len(data))
        if axis is not None and indices is not None and updates is not None:
            t.merge_shape((*data[:axis], *indices, *data[axis + 1 :]), updates, "ScatterUpdate: dimensions")
        return Type(element, data)

    def fold(self, data: NDArray, indices: NDArray, updates: NDArray, axis: NDArray) -> NDArray:
        result = np.array(data)
        at = int(axis.reshape(())) % data.ndim
        where: tuple[Any, ...] = (*[slice(None)] * at, indices.astype(np.int64))
        result[where] = updates
        return result


_UNIT: dict[str, Callable[[np.dtype[Any]], Any]] = {
    "sum": lambda _: 0,
    "mean": lambda _: 0,
    "prod": lambda _: 1,
    "min": lambda d: np.inf if d.kind == "f" else True if d.kind == "b" else np.iinfo(d).max,
    "max": lambda d: -np.inf if d.kind == "f" else False if d.kind == "b" else np.iinfo(d).min,
}
_INTO: dict[str, Any] = {
    "sum": np.add,
    "mean": np.add,
    "sub": np.subtract,
    "prod": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
}


class ScatterElementsUpdate(Node, opset="opset12", partial=True):
    """data with `updates` at `indices` along `axis`, in place of the elements or combined (ScatterElementsUpdate-12).

    Without `use_init_val` a combination leaves the element of data out.
    """

    data: Operand = operand(like=True)
    indices: Operand = operand()
    updates: Operand = operand(like=True)
    axis: Operand = operand()
    reduction: str = one_of("none", "sum", "prod", "min", "max", "mean", default="none")
    use_init_val: bool = boolean(default=True)

    def infer(self) -> Type:
        data, indices = self.data.shape, self.indices.shape
        t.merge_shape(indices, self.updates.shape, "ScatterElementsUpdate: indices and updates of shape")
        if data is not None and indices is not None and len(data) != len(indices):
            raise ShapeError(f"ScatterElementsUpdate needs indices of rank {len(data)}, not {t.format_shape(indices)}")
        axis_of(self.axis, None if data is None else len(data))
        return Type(t.promote([self.data.element, self.updates.element]), data)

    def fold(self, data: NDArray, indices: NDArray, updates: NDArray, axis: NDArray) -> NDArray:
        result = np.array(data)
        at = int(axis.reshape(())) % data.ndim
        places = [np.broadcast_to(g, indices.shape) for g in np.ogrid[tuple(slice(0, n) for n in indices.shape)]]
        places[at] = indices.astype(np.int64)
        where = tuple(places)
        if self.reduction == "none":
            result[where] = updates
            return result
        if not self.use_init_val:
            result[where] = _UNIT[self.reduction](data.dtype)
        _INTO[self.reduction].at(result, where, updates)
        if self.reduction == "mean":
            count = np.full(data.shape, int(self.use_init_val))
            np.add.at(count, where, 1)
            divide = np.divide if data.dtype.kind == "f" else np.floor_divide
            result = divide(result, np.maximum(count, 1)).astype(data.dtype)
        return result


class ScatterNDUpdate(Node, opset="opset15", partial=True):
    """data with `updates` at the coordinates in `indices`, in place of the slices or combined (ScatterNDUpdate-15)."""

    data: Operand = operand(like=True)
    indices: Operand = operand()
    updates: Operand = operand(like=True)
    reduction: str = one_of("none", "sum", "sub", "prod", "min", "max", default="none")

    def infer(self) -> Type:
        data, indices, updates = self.data.shape, self.indices.shape, self.updates.shape
        if indices == ():
            raise ShapeError("ScatterNDUpdate needs a list of coordinates, not a scalar")
        if data is not None and indices is not None and isinstance(k := indices[-1], int):
            if k > len(data):
                raise ShapeError(f"ScatterNDUpdate has {k} coordinates for an operand {t.format_shape(data)}")
            if updates is not None:
                t.merge_shape((*indices[:-1], *data[k:]), updates, "ScatterNDUpdate: dimensions")
        return Type(t.promote([self.data.element, self.updates.element]), data)

    def fold(self, data: NDArray, indices: NDArray, updates: NDArray) -> NDArray:
        result = np.array(data)
        where = tuple(np.moveaxis(indices.astype(np.int64), -1, 0))
        if self.reduction == "none":
            result[where] = updates
        else:
            _INTO[self.reduction].at(result, where, updates)
        return result
