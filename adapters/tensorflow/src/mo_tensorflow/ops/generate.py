"""Tensors made from a rule: ranges, one number everywhere."""

from __future__ import annotations

from mo_core.build import as_i64, filled, scalar
from mo_core.ir import Value
from mo_core.ops import Range
from mo_tensorflow.registry import tf_op


@tf_op("Range")
def range_(start: Value, limit: Value, delta: Value) -> Value:
    return Range(scalar(start), scalar(limit), scalar(delta), output_type=start.element)


@tf_op("Fill", ignore=("index_type",))
def fill(dims: Value, value: Value) -> Value:
    return filled(as_i64(dims), value)
