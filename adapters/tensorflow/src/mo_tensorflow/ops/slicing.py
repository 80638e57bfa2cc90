"""Parts of tensors."""

from __future__ import annotations

from mo_core.ir import Value
from mo_core.ops import StridedSlice
from mo_tensorflow.registry import tf_op


@tf_op("StridedSlice", ignore=("Index",))
def strided_slice(
    x: Value,
    begin: Value,
    end: Value,
    strides: Value,
    *,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Value:
    (count,) = begin.static_shape

    def bits(mask: int) -> tuple[int, ...]:
        return tuple(mask >> i & 1 for i in range(count))

    return StridedSlice(
        x,
        begin,
        end,
        strides,
        begin_mask=bits(begin_mask),
        end_mask=bits(end_mask),
        new_axis_mask=bits(new_axis_mask),
        # an axis that is new is not taken away again
        shrink_axis_mask=bits(shrink_axis_mask & ~new_axis_mask),
        ellipsis_mask=bits(ellipsis_mask),
    )
