"""Fourier transforms; complex numbers lie in a last axis of size two (real, imaginary)."""

from __future__ import annotations

from mo_core.errors import ShapeError
from mo_core.ir import Node, Value
from mo_core.ir import types as t
from mo_core.ir.known import Entry, as_dim, axes_of, entries, scalar
from mo_core.ir.schema import Operand, OptionalOperand, boolean, operand, optional
from mo_core.ir.types import Dim, Type
from mo_core.ops._dims import agree, of_rank, rising, unknown, unknowns

__all__ = ["DFT", "IDFT", "IRDFT", "ISTFT", "RDFT", "STFT"]


class DFT(Node, opset="opset7"):
    """DFT-7: discrete Fourier transform over `axes`, after cutting or zero-padding to `signal_size` (-1: as it is)."""

    data: Operand = operand()
    axes: Operand = operand()
    signal_size: OptionalOperand = optional(default=None)

    def infer(self) -> Type:
        return _transformed(self, complex_in=True, complex_out=True)


class IDFT(DFT, opset="opset7"):
    """IDFT-7: inverse of DFT."""


class RDFT(DFT, opset="opset9"):
    """RDFT-9: transform of real data; the last of `axes` keeps its first n // 2 + 1 frequencies."""

    def infer(self) -> Type:
        return _transformed(self, complex_in=False, complex_out=True)


class IRDFT(DFT, opset="opset9"):
    """IRDFT-9: inverse of RDFT; the last of `axes` becomes 2 * (n - 1) long unless `signal_size` says otherwise."""

    def infer(self) -> Type:
        return _transformed(self, complex_in=True, complex_out=False)


class STFT(Node, opset="opset15"):
    """STFT-15: spectra of overlapping frames; signal is N, T or T; the result is ..., frequencies, frames, 2.

    `transpose_frames` exchanges frequencies and frames in the result: ..., frames, frequencies with false.
    """

    signal: Operand = operand()
    window: Operand = operand()
    frame_size: Operand = operand()
    frame_step: Operand = operand()
    transpose_frames: bool = boolean()

    def infer(self) -> Type:
        signal = of_rank(self.signal, "signal", 1, 2)
        of_rank(self.window, "window", 1)
        element = t.promote([self.signal.element, self.window.element])
        if signal is None:
            return Type(element, None)
        size, step = scalar(self.frame_size), scalar(self.frame_step)
        frequencies: Dim = size // 2 + 1 if isinstance(size, int) else unknown(self, "frequencies", 1)
        frames = unknown(self, "frames", 1)
        if isinstance(size, int) and isinstance(step, int):
            if size < 1 or step < 1 or t.bounds(signal[-1])[1] < size:
                raise ShapeError(f"frames of {size} every {step} do not fit a signal of {signal[-1]}")
            frames = rising(signal[-1], (size, step), lambda n: max((n - size) // step + 1, 1))
        pair = (frequencies, frames) if self.transpose_frames else (frames, frequencies)
        return Type(element, (*signal[:-1], *pair, 2))


class ISTFT(Node, opset="opset16"):
    """ISTFT-16: inverse of STFT with transposed frames; data is ..., frequencies, frames, 2."""

    data: Operand = operand()
    window: Operand = operand()
    frame_size: Operand = operand()
    frame_step: Operand = operand()
    signal_length: OptionalOperand = optional(default=None)
    center: bool = boolean(kw_only=True)
    normalized: bool = boolean(kw_only=True)

    def infer(self) -> Type:
        data = of_rank(self.data, "data", 3, 4)
        of_rank(self.window, "window", 1)
        element = t.promote([self.data.element, self.window.element])
        if data is None:
            return Type(element, None)
        agree("sizes of the last axis (real, imaginary)", data[-1], 2)
        return Type(element, (*data[:-3], self._length(data[-2])))

    def _length(self, frames: Dim) -> Dim:
        """Samples of the result: given, or what the overlapping frames cover."""
        if self.signal_length is not None:
            given = scalar(self.signal_length)
            return unknown(self, "length") if given is None else as_dim(given)
        size, step = scalar(self.frame_size), scalar(self.frame_step)
        if not isinstance(size, int) or not isinstance(step, int):
            return unknown(self, "length")
        whole = size if not self.center else size - size // 2 * 2
        return rising(frames, (whole, step), lambda n: (max(n, 1) - 1) * step + whole)


def _transformed(node: DFT, complex_in: bool, complex_out: bool) -> Type:
    """The result type of a transform whose data and result have the axis of real and imaginary part or not."""
    shape = node.data.shape
    if shape is None:
        return node.data.type
    if complex_in:
        agree("sizes of the last axis (real, imaginary)", shape[-1] if shape else 0, 2)
        shape = shape[:-1]
    axes = axes_of(node.axes, len(shape))
    if axes is None:
        resized = unknowns(node, "data", len(shape))
    else:
        if not axes:
            raise ShapeError("a Fourier transform needs at least one axis")
        resized = _resized(node, shape, axes, halve=not complex_in, double=not complex_out)
    return Type(node.data.element, (*resized, 2) if complex_out else resized)


def _resized(node: DFT, shape: tuple[Dim, ...], axes: tuple[int, ...], halve: bool, double: bool) -> tuple[Dim, ...]:
    result = list(shape)
    for axis, size in zip(axes, _signal_sizes(node.signal_size, len(axes))):
        last = axis == axes[-1]
        if size is None:
            result[axis] = unknown(node, axis)
        elif size != -1:
            result[axis] = as_dim(size)
        elif last and double:
            result[axis] = rising(shape[axis], "double", lambda n: max(2 * (n - 1), 0))
        if last and halve:
            result[axis] = rising(result[axis], "half", lambda n: n // 2 + 1)
    return tuple(result)


def _signal_sizes(value: Value | None, count: int) -> list[Entry]:
    if value is None:
        return [-1] * count
    found = entries(value)
    if found is None:
        return [None] * count
    if len(found) != count:
        raise ShapeError(f"signal_size has {len(found)} numbers, and there are {count} axes")
    return found
