"""Variables: their handles stand for what they hold."""

from __future__ import annotations

from mo_core.ir import Value
from mo_tensorflow.registry import tf_op


@tf_op("ReadVariableOp")
def read_variable(handle: Value) -> Value:
    return handle
