"""Shapes and what only changes them."""

from __future__ import annotations

from mo_core.build import as_i64, reshape_to, shape_of, to_element
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_tensorflow.registry import tf_op


@tf_op("Identity", "StopGradient", "Snapshot", "PreventGradient", ignore=("message",))
def identity(x: Value) -> Value:
    return x


@tf_op("PlaceholderWithDefault", ignore=("shape",))
def placeholder_with_default(default: Value) -> Value:
    return default


@tf_op("Reshape")
def reshape(x: Value, shape: Value) -> Value:
    return reshape_to(x, as_i64(shape))


@tf_op("Shape")
def shape(x: Value, *, out_type: ElementType = t.i32) -> Value:
    return to_element(shape_of(x), out_type)
