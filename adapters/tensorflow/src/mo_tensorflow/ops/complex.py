"""Arithmetic of complex numbers (see `mo_tensorflow.complexes`)."""

from __future__ import annotations

from mo_core.build import as_i64, constant_like, split, squeeze, to_element
from mo_core.errors import Unsupported
from mo_core.ir import Constant, Foreign, Pack, Value
from mo_core.ir import types as t
from mo_core.ir.tensor import Tensor
from mo_core.ir.types import ElementType
from mo_core.ops import (
    Add,
    Cos,
    Cosh,
    Divide,
    Equal,
    Exp,
    Less,
    Log,
    LogicalAnd,
    LogicalNot,
    MatMul,
    Maximum,
    Multiply,
    Negative,
    ReduceProd,
    ReduceSum,
    Select,
    Sin,
    Sinh,
    Sqrt,
    Subtract,
    Tanh,
)
from mo_tensorflow.complexes import Complex, complex_op, parts_of
from mo_tensorflow.elements import OtherType
from mo_tensorflow.ops.arithmetic import atan2
from mo_tensorflow.ops.logic import ones_like as real_ones_like
from mo_tensorflow.ops.logic import zeros_like
from mo_tensorflow.ops.shape import transpose
from mo_tensorflow.registry import tf_op


@complex_op("Const", ignore=("dtype",))
def const(*, value: Tensor) -> Complex:
    """The tensor has real and imaginary parts along one more axis at the end."""
    return Complex(squeeze(part, -1) for part in split(Constant(value=value), -1, 2))


@tf_op("Complex", ignore=("Tout",))
def complex_(real: Value, imaginary: Value) -> Complex:
    return Complex((real, imaginary))


@tf_op("Real", ignore=("Tout",))
def real(x: Value | Complex) -> Value:
    return parts_of(x)[0]


@tf_op("Imag", ignore=("Tout",))
def imaginary(x: Value | Complex) -> Value:
    return parts_of(x)[1]


@tf_op("Conj")
def conjugate(x: Value | Complex) -> Value | Pack:
    return Complex((x[0], Negative(x[1]))) if isinstance(x, Complex) else x


@tf_op("ComplexAbs", ignore=("Tout",))
def absolute(x: Value | Complex) -> Value:
    return Sqrt(_squared_length(*parts_of(x)))


@tf_op("Angle", ignore=("Tout",))
def angle(x: Value | Complex) -> Value:
    real, imaginary = parts_of(x)
    return atan2(imaginary, real)


def _squared_length(real: Value, imaginary: Value) -> Value:
    return Add(Multiply(real, real), Multiply(imaginary, imaginary))


@complex_op("Cast")
def cast(x: Value | Complex, *, DstT: ElementType | OtherType, Truncate: bool = False) -> Value | Complex:
    """Of a complex number that becomes a real one, the imaginary part is lost."""
    real, imaginary = x if isinstance(x, Complex) else (x, None)
    if isinstance(DstT, ElementType):
        if DstT is t.boolean:
            raise Unsupported("complex numbers do not become truth values")
        return to_element(real, DstT)
    element = t.f64 if DstT == "complex128" else t.f32
    real = to_element(real, element)
    return Complex((real, zeros_like(real) if imaginary is None else to_element(imaginary, element)))


@complex_op("OnesLike")
def ones_like(x: Complex) -> Complex:
    return Complex((real_ones_like(x[0]), zeros_like(x[1])))


@complex_op("Equal", ignore=("incompatible_shape_error",))
def equal(x: Complex, y: Complex) -> Value:
    return LogicalAnd(Equal(x[0], y[0]), Equal(x[1], y[1]))


@complex_op("NotEqual", ignore=("incompatible_shape_error",))
def not_equal(x: Complex, y: Complex) -> Value:
    return LogicalNot(equal(x, y))


@complex_op("Mul")
def multiply(x: Complex, y: Complex) -> Complex:
    (a, b), (c, d) = x, y
    return Complex((Subtract(Multiply(a, c), Multiply(b, d)), Add(Multiply(a, d), Multiply(b, c))))


@complex_op("MulNoNan")
def multiply_no_nan(x: Complex, y: Complex) -> Complex:
    """Zero wherever y is zero, whatever x is."""
    return _unless(_is_zero(y), multiply(x, y))


@complex_op("Div", "RealDiv")
def divide(x: Complex, y: Complex) -> Complex:
    """x times the conjugate of y, over the squared length of y."""
    length = _squared_length(*y)
    real, imaginary = multiply(x, Complex((y[0], Negative(y[1]))))
    return Complex((Divide(real, length), Divide(imaginary, length)))


@complex_op("DivNoNan")
def divide_no_nan(x: Complex, y: Complex) -> Complex:
    """Zero wherever y is zero."""
    zero = _is_zero(y)
    return _unless(zero, divide(x, Complex((Select(zero, constant_like(y[0], 1), y[0]), y[1]))))


def _is_zero(x: Complex) -> Value:
    real, imaginary = (Equal(part, constant_like(part, 0)) for part in x)
    return LogicalAnd(real, imaginary)


def _unless(condition: Value, x: Complex) -> Complex:
    return Complex(Select(condition, constant_like(part, 0), part) for part in x)


@complex_op("Reciprocal", "Inv")
def reciprocal(x: Complex) -> Complex:
    length = _squared_length(*x)
    return Complex((Divide(x[0], length), Divide(Negative(x[1]), length)))


@complex_op("Square")
def square(x: Complex) -> Complex:
    return multiply(x, x)


@complex_op("SquaredDifference")
def squared_difference(x: Complex, y: Complex) -> Complex:
    """The difference times its conjugate, which is real."""
    length = _squared_length(*(Subtract(a, b) for a, b in zip(x, y)))
    return Complex((length, zeros_like(length)))


@complex_op("Exp")
def exponent(x: Complex) -> Complex:
    return _at(Exp(x[0]), x[1])


def _at(length: Value, direction: Value) -> Complex:
    return Complex((Multiply(length, Cos(direction)), Multiply(length, Sin(direction))))


@complex_op("Log")
def logarithm(x: Complex) -> Complex:
    return Complex((Log(absolute(x)), angle(x)))


@complex_op("Log1p")
def logarithm_of_one_more(x: Complex) -> Complex:
    return logarithm(_more(x, 1))


@complex_op("Expm1")
def exponent_less_one(x: Complex) -> Complex:
    return _more(exponent(x), -1)


def _more(x: Complex, number: int) -> Complex:
    return Complex((Add(x[0], constant_like(x[0], number)), x[1]))


@complex_op("Sinh")
def hyperbolic_sine(x: Complex) -> Complex:
    return Complex((Multiply(Sinh(x[0]), Cos(x[1])), Multiply(Cosh(x[0]), Sin(x[1]))))


@complex_op("Cosh")
def hyperbolic_cosine(x: Complex) -> Complex:
    return Complex((Multiply(Cosh(x[0]), Cos(x[1])), Multiply(Sinh(x[0]), Sin(x[1]))))


@complex_op("Tanh")
def hyperbolic_tangent(x: Complex) -> Complex:
    """The sines of the doubles by the sum of their cosines, each by the hyperbolic cosine, which may be infinite."""
    real, imaginary = (Multiply(part, constant_like(part, 2)) for part in x)
    inverse = Divide(constant_like(real, 1), Cosh(real))
    below = Add(Multiply(Cos(imaginary), inverse), constant_like(real, 1))
    return Complex((Divide(Tanh(real), below), Divide(Multiply(Sin(imaginary), inverse), below)))


_HYPERBOLIC = {"Sin": hyperbolic_sine, "Tan": hyperbolic_tangent}


@complex_op(*_HYPERBOLIC)
def sine_or_tangent(x: Complex, *, node: Foreign) -> Complex:
    """Of a number turned by a right angle, the hyperbolic one, turned back."""
    real, imaginary = _HYPERBOLIC[node.op](Complex((Negative(x[1]), x[0])))
    return Complex((imaginary, Negative(real)))


@complex_op("Cos")
def cosine(x: Complex) -> Complex:
    return hyperbolic_cosine(Complex((Negative(x[1]), x[0])))


@complex_op("Sigmoid")
def sigmoid(x: Complex) -> Complex:
    return reciprocal(_more(exponent(Complex(map(Negative, x))), 1))


@complex_op("Sign")
def sign(x: Complex) -> Complex:
    """The number of length 1 in the same direction."""
    length = absolute(x)
    return _unless(_is_zero(x), Complex(Divide(part, length) for part in x))


@complex_op("Sqrt")
def square_root(x: Complex) -> Complex:
    """The root whose real part is not negative."""
    length, zero = absolute(x), constant_like(x[0], 0)
    real, imaginary = (
        Sqrt(Multiply(Maximum(kind(length, x[0]), zero), constant_like(zero, 0.5))) for kind in (Add, Subtract)
    )
    return Complex((real, Select(Less(x[1], zero), Negative(imaginary), imaginary)))


@complex_op("Rsqrt")
def inverse_square_root(x: Complex) -> Complex:
    return reciprocal(square_root(x))


@complex_op("Pow")
def power(x: Complex, y: Complex) -> Complex:
    """Zero to whatever power is zero."""
    return _unless(_is_zero(x), exponent(multiply(y, logarithm(x))))


@complex_op("Prod", ignore=("Tidx",))
def product(x: Complex, axes: Value, *, keep_dims: bool = False) -> Complex:
    """Lengths are multiplied, angles added."""
    over = as_i64(axes)
    length = ReduceProd(absolute(x), over, keep_dims=keep_dims)
    return _at(length, ReduceSum(angle(x), over, keep_dims=keep_dims))


@complex_op("MatMul", ignore=("grad_a", "grad_b"))
def matmul(a: Complex, b: Complex, *, transpose_a: bool = False, transpose_b: bool = False) -> Complex:
    """The product of the sums of parts, multiplied out."""

    def of(x: Value, y: Value) -> Value:
        return MatMul(x, y, transpose_a=transpose_a, transpose_b=transpose_b)

    return Complex((Subtract(of(a[0], b[0]), of(a[1], b[1])), Add(of(a[0], b[1]), of(a[1], b[0]))))


@complex_op("BatchMatMul", "BatchMatMulV2", ignore=("grad_x", "grad_y"))
def batch_matmul(a: Complex, b: Complex, *, adj_x: bool = False, adj_y: bool = False) -> Complex:
    """Matrices are conjugated where they are transposed."""
    left, right = (Complex((x[0], Negative(x[1]))) if turn else x for x, turn in ((a, adj_x), (b, adj_y)))
    return matmul(left, right, transpose_a=adj_x, transpose_b=adj_y)


@complex_op("ConjugateTranspose")
def conjugate_transpose(x: Complex, order: Value) -> Complex:
    return Complex((transpose(x[0], order), Negative(transpose(x[1], order))))
