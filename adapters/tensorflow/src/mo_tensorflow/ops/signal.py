"""Complex numbers and Fourier transforms.

The runtime has no complex numbers: a tensor of them is real and imaginary parts along one more axis at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from mo_core.build import as_i64, concat, slice_axis, squeeze, unsqueeze
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Pack, Value
from mo_core.ops import DFT, IDFT, IRDFT, RDFT, Negative, ReduceL2
from mo_tensorflow.ops.arithmetic import atan2
from mo_tensorflow.registry import tf_op


class Complex(Pack):
    """A complex tensor: one value with real and imaginary parts along the last axis. f32 or f64 `[..., 2]`."""

    listed = False
    __slots__ = ()


def complex_of(parts: Value) -> Complex:
    """Parts along the last axis, as a complex tensor."""
    return Complex((parts,))


def parts_of(x: Value | Pack) -> Value:
    """Real and imaginary parts along the last axis. Raises ModelError for a tensor that is not complex."""
    if isinstance(x, Complex):
        return x[0]
    raise ModelError("a complex tensor is needed, and the one given is not")


@tf_op("Complex", ignore=("Tout",))
def complex_(real: Value, imaginary: Value) -> Complex:
    return complex_of(concat([unsqueeze(real, -1), unsqueeze(imaginary, -1)], -1))


@tf_op("Real", ignore=("Tout",))
def real(x: Value | Pack) -> Value:
    return squeeze(slice_axis(parts_of(x), -1, 0, 1), -1)


@tf_op("Imag", ignore=("Tout",))
def imaginary(x: Value | Pack) -> Value:
    return squeeze(slice_axis(parts_of(x), -1, 1, 2), -1)


@tf_op("Conj")
def conjugate(x: Value | Pack) -> Value | Complex:
    if not isinstance(x, Pack):
        return x
    parts = parts_of(x)
    return complex_of(concat([slice_axis(parts, -1, 0, 1), Negative(slice_axis(parts, -1, 1, 2))], -1))


@tf_op("ComplexAbs", ignore=("Tout",))
def absolute(x: Value | Pack) -> Value:
    return ReduceL2(parts_of(x), [-1])


@tf_op("Angle", ignore=("Tout",))
def angle(x: Value | Pack) -> Value:
    return atan2(imaginary(x), real(x))


_KINDS: dict[str, Callable[..., Value]] = {"FFT": DFT, "IFFT": IDFT, "RFFT": RDFT, "IRFFT": IRDFT}


def _kind_and_axes(op: str) -> tuple[Callable[..., Value], list[int]]:
    """Of `FFT2D`: the transformation, and over which of the last axes."""
    count = int(op[-2]) if op.endswith("D") else 1
    return _KINDS[op[:-2] if op.endswith("D") else op], list(range(-count, 0))


@tf_op("FFT", "FFT2D", "FFT3D", "IFFT", "IFFT2D", "IFFT3D")
def transform(x: Value | Pack, *, node: Foreign) -> Complex:
    kind, axes = _kind_and_axes(node.op)
    return complex_of(kind(parts_of(x), axes))


@tf_op("RFFT", "RFFT2D", "RFFT3D", ignore=("Treal", "Tcomplex"))
def from_real(x: Value, length: Value, *, node: Foreign) -> Complex:
    kind, axes = _kind_and_axes(node.op)
    return complex_of(kind(x, axes, as_i64(length)))


@tf_op("IRFFT", "IRFFT2D", "IRFFT3D", ignore=("Treal", "Tcomplex"))
def to_real(x: Value | Pack, length: Value, *, node: Foreign) -> Value:
    kind, axes = _kind_and_axes(node.op)
    return kind(parts_of(x), axes, as_i64(length))


@tf_op("AudioSpectrogram", "Mfcc", "FFTND", "IFFTND", "RFFTND", "IRFFTND", "AudioMicrofrontend", ignore=("*",))
def other(*inputs: Value) -> NoReturn:
    raise Unsupported("a transformation of signals that the runtime does not have")
