"""Complex numbers, of which the runtime knows only pairs."""

import numpy as np
import pytest

import mo_core
from mo_core.errors import Unsupported
from tests.adapters.tensorflow.running import Frozen, check, random, tf

A, B, C, D = (random(2, 3, seed=i) for i in range(4))
WEIGHTS = np.array([1 + 2j, 3, -1j], np.complex64)


def _parts(*values):
    return [part(input=z) for z in values for part in (tf().raw_ops.Real, tf().raw_ops.Imag)]


def _of(op, **attributes):
    """Builds the op on as many complex numbers as it is given pairs of."""

    def build(*pairs):
        numbers = [tf().complex(a, b) for a, b in zip(pairs[::2], pairs[1::2])]
        made = op(*numbers, **attributes)
        return _parts(*made) if isinstance(made, (list, tuple)) else _parts(made)

    return build


def _raw(name, inputs, **attributes):
    return lambda *numbers: getattr(tf().raw_ops, name)(**dict(zip(inputs.split(), numbers)), **attributes)


BY_PARTS = {
    "Reshape": _raw("Reshape", "tensor", shape=[3, -1]),
    "Roll": _raw("Roll", "input", shift=[1, 2], axis=[0, 1]),
    "Cumsum": _raw("Cumsum", "x", axis=-1, exclusive=True, reverse=True),
    "Transpose": _raw("Transpose", "x", perm=[1, 0]),
    "StridedSlice": lambda z: z[..., tf().newaxis, ::-1],
    "ExpandDims": _raw("ExpandDims", "input", axis=-1),
    "Gather": _raw("GatherV2", "params", indices=[1, 0], axis=-1),
    "Mean": _raw("Mean", "input", axis=[-1], keep_dims=True),
    "Pad": _raw("Pad", "input", paddings=[[1, 0], [0, 2]]),
    "Split": lambda z: tf().raw_ops.SplitV(value=z, size_splits=[1, 2], axis=-1, num_split=2),
    "ZerosLike": _raw("ZerosLike", "x"),
    "Identity": _raw("Identity", "input"),
}
ARITHMETIC = {
    **{
        op: _raw(op, "x")
        for op in (
            *("Exp", "Log", "OnesLike", "Reciprocal", "Rsqrt", "Sqrt", "Square", "Expm1", "Log1p", "Sigmoid", "Sign"),
            *("Sin", "Cos", "Tan", "Sinh", "Cosh", "Tanh"),
        )
    },
    "Conj": _raw("Conj", "input"),
    "ConjugateTranspose": _raw("ConjugateTranspose", "x", perm=[1, 0]),
    "Prod": _raw("Prod", "input", axis=[0]),
    "constant": lambda z: z * WEIGHTS,
    "into": lambda z: z + tf().cast(tf().math.real(z), tf().complex64),
}
OF_TWO = {
    **{op: _raw(op, "x y") for op in ("Add", "AddV2", "Div", "Mul", "Pow", "RealDiv", "SquaredDifference", "Sub")},
    **{op: _raw(op, "x y") for op in ("MulNoNan", "DivNoNan")},
    "Concat": lambda x, y: tf().concat([x, y], axis=-1),
    "Pack": lambda x, y: tf().stack([x, y], axis=-1),
    "Select": lambda x, y: tf().where([True, False, True], x, y),
    "MatMul": lambda x, y: tf().raw_ops.MatMul(a=x, b=y, transpose_a=True),
    "BatchMatMul": _raw("BatchMatMulV2", "x y", adj_y=True),
}


@pytest.mark.parametrize("shape", [(2, 3), (None, None)], ids=["static", "dynamic"])
@pytest.mark.parametrize("op", [*BY_PARTS, *ARITHMETIC])
def test_one_complex_number(op, shape):
    check(_of({**BY_PARTS, **ARITHMETIC}[op]), a=A, b=B, shapes={"a": shape, "b": shape}, rtol=1e-4)


@pytest.mark.parametrize("op", OF_TWO)
def test_two_complex_numbers(op):
    check(_of(OF_TWO[op]), a=A, b=B, c=C, d=D, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("op", ["MulNoNan", "DivNoNan", "Equal", "NotEqual"])
def test_zeros_and_equal_numbers(op):
    def build(*parts):
        x, y = tf().complex(*parts[:2]), tf().complex(*parts[2:])
        made = getattr(tf().raw_ops, op)(x=x, y=y)
        return made if op.endswith("Equal") else _parts(made)

    zeros = C * np.array([0, 1, 0], np.float32)
    check(build, a=A, b=B, c=zeros, d=np.where(zeros, D, 0))
    check(build, a=A, b=B, c=A, d=np.where(zeros, D, B))


@pytest.mark.parametrize("name", ["Angle", "ComplexAbs"])
def test_a_property_of_a_complex_number(name):
    argument = "x" if name == "ComplexAbs" else "input"
    check(lambda a, b: getattr(tf().raw_ops, name)(**{argument: tf().complex(a, b)}), a=A, b=B)


def test_the_shape_of_a_complex_tensor_is_that_of_its_parts():
    def build(a, b):
        z = tf().complex(a, b)
        return [tf().shape(z), tf().size(z), tf().rank(z)]

    check(build, a=A, b=B, shapes={"a": (None, None), "b": (None, None)})


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("kind", ["FFT", "IFFT", "RFFT", "IRFFT"])
def test_fourier_transforms(kind, count):
    data = [random(2, 4, 6, 8, seed=i) for i in (0, 1)]
    length = {} if kind in ("FFT", "IFFT") else {"fft_length": [4, 6, 8][-count:]}

    def build(a, b):
        made = getattr(tf().raw_ops, kind if count == 1 else f"{kind}{count}D")
        if kind == "RFFT":
            return _parts(made(input=a + b, **length))
        rolled = tf().roll(tf().complex(a, b), [1, 2], [1, -1])
        return made(input=rolled, **length) if kind == "IRFFT" else _parts(made(input=rolled))

    check(build, a=data[0], b=data[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("v2_control", [False, True])
def test_a_complex_number_out_of_a_condition(v2_control):
    def build(a, b):
        z = tf().complex(a, b)
        return _parts(tf().cond(a[0, 0] > 0, lambda: z * z, lambda: -z))

    check(build, a=np.abs(A), b=B, v2_control=v2_control)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("v2_control", [False, True])
def test_a_loop_carries_a_complex_number(v2_control, known):
    def build(a, b, count):
        last = 3 if known else count
        _, z, _ = tf().while_loop(
            lambda i, z, x: i < last, lambda i, z, x: (i + 1, z * z, x + 1), [tf().constant(0), tf().complex(a, b), a]
        )
        return _parts(z)

    check(build, a=np.tanh(A), b=np.tanh(B), count=np.int32(3), v2_control=v2_control)


def test_a_complex_output_says_so():
    model = Frozen(lambda a, b: tf().complex(a, b), {"a": A, "b": B})
    with pytest.raises(Unsupported, match='the output "Complex" is complex'):
        mo_core.convert(model.graph)


def test_what_has_no_complex_form_says_so():
    model = Frozen(lambda a, b: tf().math.real(tf().math.acosh(tf().complex(a, b))), {"a": A, "b": B})
    with pytest.raises(Unsupported, match="Acosh of complex numbers is not supported"):
        mo_core.convert(model.graph)
