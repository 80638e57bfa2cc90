"""Products of matrices."""

from __future__ import annotations

from mo_core.ir import Value
from mo_core.ops import MatMul
from mo_tensorflow.registry import tf_op


@tf_op("MatMul", ignore=("grad_a", "grad_b"))
def matmul(a: Value, b: Value, *, transpose_a: bool = False, transpose_b: bool = False) -> Value:
    return MatMul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
