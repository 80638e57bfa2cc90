"""Products of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from mo_core.build import swap_axes, to_element
from mo_core.errors import Unsupported
from mo_core.ir import Value
from mo_core.ir import types as t
from mo_core.ir.types import ElementType
from mo_core.ops import Add, Einsum, Inverse, MatMul, Multiply
from mo_tensorflow.ops.convolution import finished
from mo_tensorflow.registry import tf_op


@tf_op("MatMul", ignore=("grad_a", "grad_b"))
def matmul(a: Value, b: Value, *, transpose_a: bool = False, transpose_b: bool = False) -> Value:
    return MatMul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)


@tf_op("SparseMatMul", ignore=("a_is_sparse", "b_is_sparse"))
def sparse_matmul(a: Value, b: Value, *, transpose_a: bool = False, transpose_b: bool = False) -> Value:
    """Only a hint that many elements are zero; half precision operands give f32."""
    return MatMul(to_element(a, t.f32), to_element(b, t.f32), transpose_a=transpose_a, transpose_b=transpose_b)


@tf_op("BatchMatMul", "BatchMatMulV2", ignore=("grad_x", "grad_y"))
def batch_matmul(a: Value, b: Value, *, adj_x: bool = False, adj_y: bool = False) -> Value:
    return MatMul(a, b, transpose_a=adj_x, transpose_b=adj_y)


@tf_op("BatchMatMulV3", ignore=("Ta", "Tb", "grad_x", "grad_y"))
def batch_matmul_v3(a: Value, b: Value, *, Tout: ElementType, adj_x: bool = False, adj_y: bool = False) -> Value:
    return MatMul(to_element(a, Tout), to_element(b, Tout), transpose_a=adj_x, transpose_b=adj_y)


@tf_op("Einsum")
def einsum(*inputs: Value, equation: str) -> Value:
    return Einsum(inputs, equation=equation.replace(" ", ""))


@tf_op("MatrixInverse", "BatchMatrixInverse")
def matrix_inverse(x: Value, *, adjoint: bool = False) -> Value:
    y = Inverse(x)
    return swap_axes(y, -1, -2) if adjoint else y


@tf_op(
    "Cholesky",
    "CholeskyGrad",
    "Eig",
    "Lu",
    "MatrixDeterminant",
    "MatrixExponential",
    "MatrixLogarithm",
    "MatrixSolveLs",
    "MatrixSquareRoot",
    "MatrixTriangularSolve",
    "LogMatrixDeterminant",
    "Qr",
    "SelfAdjointEig",
    "SelfAdjointEigV2",
    "BandedTriangularSolve",
    "Svd",
    "TridiagonalMatMul",
    "TridiagonalSolve",
    ignore=("*",),
)
def decomposition(*inputs: Value) -> NoReturn:
    raise Unsupported("decompositions of matrices are not operations of the runtime")


@tf_op("MatrixSolve")
def solve(a: Value, b: Value, *, adjoint: bool = False) -> Value:
    """`x` of `a x = b`, by the inverse matrix."""
    return MatMul(Inverse(a), b, transpose_a=adjoint)


@tf_op("_FusedMatMul", ignore=("T", "num_args", "grad_a", "grad_b"))
def fused_matmul(
    a: Value,
    b: Value,
    *args: Value,
    transpose_a: bool = False,
    transpose_b: bool = False,
    fused_ops: Sequence[str] = (),
    epsilon: float = 0.0001,
    leakyrelu_alpha: float = 0.2,
) -> Value:
    y = MatMul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
    return finished(y, args, fused_ops, "NHWC", epsilon, leakyrelu_alpha)


@tf_op("_MklFusedBatchMatMulV2", ignore=("T", "num_args"))
def fused_batch_matmul(
    a: Value, b: Value, *args: Value, adj_x: bool = False, adj_y: bool = False, fused_ops: Sequence[str] = ()
) -> Value:
    y: Value = MatMul(a, b, transpose_a=adj_x, transpose_b=adj_y)
    for name, extra in zip(fused_ops, args):
        if name not in ("Mul", "Add"):
            raise Unsupported(f"{name} fused with a product is not known")
        y = Multiply(y, extra) if name == "Mul" else Add(y, extra)
    return y
