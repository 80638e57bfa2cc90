"""Arrays and lists of tensors, which loops read and write (see `mo_core.build.sequences`)."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.build import (
    as_i64,
    constant_like,
    dim_of,
    dims_of,
    filled,
    gather,
    integer,
    known_ints,
    to_element,
    vector,
)
from mo_core.build.sequences import (
    Item,
    Reserved,
    Stack,
    as_sequence,
    concatenated,
    element,
    erased,
    inserted,
    length,
    resized,
    split_up,
    stacked,
    written,
)
from mo_core.ir import Pack, Value
from mo_core.ir import types as t
from mo_core.ops import Broadcast, Convert, Range, Reshape, ScatterUpdate, Squeeze
from mo_tensorflow.registry import tf_op

_TYPES = ("element_dtype", "shape_type", "element_shape")
_KINDS = ("dtype", "element_shape", "element_shape_except0")


class _Growing(Pack):
    """The handle of an array that may become larger than the number that it holds."""

    listed = False
    __slots__ = ()


# -- arrays: a handle, and a flow that says what has been written


@tf_op("TensorArrayV3", ignore=("clear_after_read", "identical_element_shapes", "tensor_array_name", *_KINDS))
def tensor_array(size: Value, *, dynamic_size: bool = False) -> Sequence[Item]:
    """An array that grows from no elements is written at its end; what is written says how large any is that grows."""
    if dynamic_size and known_ints(size) == (0,):
        return Pack(), Pack()
    return _Growing([size]) if dynamic_size else Reserved([size]), Reserved([size])


@tf_op("TensorArrayWriteV3")
def array_write(handle: Item, index: Value, value: Value, flow: Item) -> Item:
    """An array that has a size grows to an index outside of it, where both are known."""
    if isinstance(handle, Pack) and handle.listed and not handle:
        return inserted(flow, value)
    at, size = known_ints(index), flow.whole.dims[0] if isinstance(flow, Stack) else None
    if at is not None and isinstance(size, int) and at[0] >= size:
        flow = resized(flow, integer(at[0] + 1))
    return written(flow, index, value)


@tf_op("TensorArrayReadV3", ignore=_KINDS)
def array_read(handle: Item, index: Value, flow: Item) -> Value:
    return element(flow, index)


@tf_op("TensorArrayGatherV3", ignore=_KINDS)
def array_gather(handle: Item, indices: Value, flow: Item) -> Value:
    whole = stacked(as_sequence(flow))
    return whole if _are_all(indices, handle, whole) else gather(whole, as_i64(indices), 0)


@tf_op("TensorArrayScatterV3")
def array_scatter(handle: Item, indices: Value, value: Value, flow: Item) -> Item:
    """The elements of an array that is new are those of a tensor, in the order of their indices."""
    if _are_all(indices, handle, value):
        return Stack([value])
    if isinstance(flow, Reserved):
        whole = filled(vector([flow[0], dims_of(value, range(1, value.rank))]), constant_like(value, 0))
    else:
        whole = stacked(as_sequence(flow))
    return Stack([ScatterUpdate(whole, as_i64(indices), value, integer(0))])


def _are_all(indices: Value, handle: Item, whole: Value) -> bool:
    """True for the indices of all elements in order: 0, 1, ... up to the size of the array, or of `whole`."""
    known, size = known_ints(indices), whole.dims[0]
    if known is not None:
        return isinstance(size, int) and known == tuple(range(size))
    node = _plain(indices).node
    if not isinstance(node, Range) or known_ints(node.start) != (0,) or known_ints(node.step) != (1,):
        return False
    stop = _plain(node.stop)
    if isinstance(handle, Reserved) and stop is _plain(handle[0]):
        return True
    limit = stop.known.reshape(-1)[0] if stop.known is not None and stop.known.size == 1 else None
    return limit is not None and t.same_dim(limit if isinstance(limit, t.Dynamic) else int(limit), size)


def _plain(number: Value) -> Value:
    """An integer before changes of its type or form."""
    while isinstance(number.node, (Convert, Reshape, Squeeze)):
        number = number.node.operands[0]
    return number


@tf_op("TensorArraySizeV3")
def array_size(handle: Item, flow: Item) -> Value:
    of = handle if isinstance(handle, Reserved) else flow
    return to_element(length(of), t.i32)


@tf_op("TensorArrayConcatV3", ignore=_KINDS)
def array_concat(handle: Item, flow: Item) -> Sequence[Value]:
    return concatenated(flow, 0), _lengths(flow)


@tf_op("TensorArraySplitV3", ignore=_KINDS)
def array_split(handle: Item, value: Value, lengths: Value, flow: Item) -> Item:
    return split_up(value, as_i64(lengths))


def _lengths(item: Item) -> Value:
    """The first dimension of each element, i64."""
    whole = stacked(as_sequence(item))
    return Broadcast(dim_of(whole, 1), dims_of(whole, [0]))


# -- lists


@tf_op("EmptyTensorList", ignore=_TYPES)
def empty_list(element_shape: Value, max_num_elements: Value) -> Item:
    return Pack()


@tf_op("TensorListReserve", ignore=_TYPES)
def reserved_list(element_shape: Value, num_elements: Value) -> Item:
    return Reserved([num_elements])


@tf_op("TensorListFromTensor", ignore=_TYPES)
def list_of_tensor(tensor: Value, element_shape: Value) -> Item:
    return Stack([tensor])


@tf_op("TensorListStack", ignore=("num_elements", *_TYPES))
def list_stack(items: Item, element_shape: Value) -> Value:
    return stacked(as_sequence(items))


@tf_op("TensorListGetItem", ignore=_TYPES)
def list_get(items: Item, index: Value, element_shape: Value) -> Value:
    return element(items, index)


@tf_op("TensorListSetItem", ignore=("resize_if_index_out_of_bounds", *_TYPES))
def list_set(items: Item, index: Value, item: Value) -> Item:
    return written(items, index, item)


@tf_op("TensorListPushBack", ignore=_TYPES)
def list_push(items: Item, item: Value) -> Item:
    return inserted(items, item)


@tf_op("TensorListPopBack", ignore=_TYPES)
def list_pop(items: Item, element_shape: Value) -> Sequence[Item]:
    return erased(items), element(items, integer(-1))


@tf_op("TensorListLength")
def list_length(items: Item) -> Value:
    return to_element(length(items), t.i32)


@tf_op("TensorListResize")
def list_resize(items: Item, size: Value) -> Item:
    return resized(items, size)


@tf_op("TensorListGather", ignore=_TYPES)
def list_gather(items: Item, indices: Value, element_shape: Value) -> Value:
    return gather(stacked(as_sequence(items)), as_i64(indices), 0)


@tf_op("TensorListConcatV2", "TensorListConcat", ignore=_TYPES)
def list_concat(items: Item, element_shape: Value | None = None, leading_dims: Value | None = None) -> Sequence[Value]:
    return concatenated(items, 0), _lengths(items)


@tf_op("TensorListSplit", ignore=_TYPES)
def list_split(tensor: Value, element_shape: Value, lengths: Value) -> Item:
    return split_up(tensor, as_i64(lengths))
