"""Sequences of different lengths in one tensor: axis 0 is time and axis 1 the batch, or the other way round."""

from __future__ import annotations

from mo_core.build import (
    arange,
    as_i64,
    constant_like,
    dim_size,
    integer,
    ints,
    reshape_to,
    squeeze,
    swap_axes,
    unsqueeze,
)
from mo_core.errors import ModelError
from mo_core.ir import Value
from mo_core.ops import Gather, Less, ReverseSequence, Select, Slice, Subtract
from mo_mxnet.ops.slicing import backwards
from mo_mxnet.registry import mxnet_op


def _time(axis: int) -> int:
    if axis not in (0, 1):
        raise ModelError(f"the axis of time is {axis}, and it is 0 or 1")
    return axis


@mxnet_op("SequenceMask", "_npx_sequence_mask")
def sequence_mask(
    x: Value,
    lengths: Value | None = None,
    *,
    use_sequence_length: bool = False,
    value: float = 0.0,
    axis: int = 0,
) -> Value:
    """A number after the end of each sequence."""
    if not use_sequence_length or lengths is None:
        return x
    time = _time(axis)
    behind = [1] * (x.rank - 2)
    line = reshape_to(arange(dim_size(x, time)), [-1, 1, *behind] if time == 0 else [1, -1, *behind])
    ends = reshape_to(as_i64(lengths), [1, -1, *behind] if time == 0 else [-1, 1, *behind])
    return Select(Less(line, ends), x, constant_like(x, value))


@mxnet_op("SequenceLast")
def sequence_last(x: Value, lengths: Value | None = None, *, use_sequence_length: bool = False, axis: int = 0) -> Value:
    """The last element of each sequence."""
    time = _time(axis)
    if not use_sequence_length or lengths is None:
        return squeeze(Slice(x, ints([-1]), ints([2**63 - 1]), ints([1]), ints([time])), time)
    batch_first = x if time == 1 else swap_axes(x, 0, 1)
    places = unsqueeze(Subtract(as_i64(lengths), integer(1)), 1)
    return squeeze(Gather(batch_first, places, integer(1), batch_dims=1), 1)


@mxnet_op("SequenceReverse")
def sequence_reverse(
    x: Value, lengths: Value | None = None, *, use_sequence_length: bool = False, axis: int = 0
) -> Value:
    """Each sequence backwards; what follows its end stays. Time is axis 0 always."""
    if not use_sequence_length or lengths is None:
        return backwards(x, [0])
    return ReverseSequence(x, as_i64(lengths), batch_axis=1, seq_axis=0)
