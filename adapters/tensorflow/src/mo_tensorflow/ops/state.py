"""Variables: their handles stand for what they hold."""

from __future__ import annotations

from typing import NoReturn

from mo_core.errors import Unsupported
from mo_core.ir import Value
from mo_tensorflow.registry import tf_op


@tf_op("ReadVariableOp")
def read_variable(handle: Value) -> Value:
    return handle


@tf_op("Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable", "TemporaryVariable", ignore=("*",))
def variable_without_a_value() -> NoReturn:
    raise Unsupported(
        "the variable has no value in the model", "Give the checkpoint with --input_checkpoint, or freeze the graph."
    )
