"""Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from mo_core.build import as_i64, concat, split, squeeze, unsqueeze
from mo_core.errors import Unsupported
from mo_core.ir import Foreign, Value
from mo_core.ops import DFT, IDFT, IRDFT, RDFT
from mo_tensorflow.complexes import Complex, parts_of
from mo_tensorflow.registry import tf_op


def _stacked(x: Value | Complex) -> Value:
    """Real and imaginary parts along one more axis at the end, as the transformations of the runtime take them."""
    return concat([unsqueeze(part, -1) for part in parts_of(x)], -1)


def _unstacked(x: Value) -> Complex:
    return Complex(squeeze(part, -1) for part in split(x, -1, 2))


_KINDS: dict[str, Callable[..., Value]] = {"FFT": DFT, "IFFT": IDFT, "RFFT": RDFT, "IRFFT": IRDFT}


def _kind_and_axes(op: str) -> tuple[Callable[..., Value], list[int]]:
    """Of `FFT2D`: the transformation, and over which of the last axes."""
    count = int(op[-2]) if op.endswith("D") else 1
    return _KINDS[op[:-2] if op.endswith("D") else op], list(range(-count, 0))


@tf_op("FFT", "FFT2D", "FFT3D", "IFFT", "IFFT2D", "IFFT3D")
def transform(x: Value | Complex, *, node: Foreign) -> Complex:
    kind, axes = _kind_and_axes(node.op)
    return _unstacked(kind(_stacked(x), axes))


@tf_op("RFFT", "RFFT2D", "RFFT3D", ignore=("Treal", "Tcomplex"))
def from_real(x: Value, length: Value, *, node: Foreign) -> Complex:
    kind, axes = _kind_and_axes(node.op)
    return _unstacked(kind(x, axes, as_i64(length)))


@tf_op("IRFFT", "IRFFT2D", "IRFFT3D", ignore=("Treal", "Tcomplex"))
def to_real(x: Value | Complex, length: Value, *, node: Foreign) -> Value:
    kind, axes = _kind_and_axes(node.op)
    return kind(_stacked(x), axes, as_i64(length))


@tf_op("AudioSpectrogram", "Mfcc", "FFTND", "IFFTND", "RFFTND", "IRFFTND", "AudioMicrofrontend", ignore=("*",))
def other(*inputs: Value) -> NoReturn:
    raise Unsupported("a transformation of signals that the runtime does not have")
