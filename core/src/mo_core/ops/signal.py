"""Fourier transforms; complex numbers lie in a last axis of size two (real, imaginary)."""

from __future__ import annotations

from mo_core.ir import Node
from mo_core.schema import Operand, OptionalOperand, boolean, operand, optional

__all__ = ["DFT", "IDFT", "IRDFT", "ISTFT", "RDFT", "STFT"]


class DFT(Node, opset="opset7"):
    """DFT-7: discrete Fourier transform over `axes`, after cutting or zero-padding to `signal_size` (-1: as it is)."""

    data: Operand = operand()
    axes: Operand = operand()
    signal_size: OptionalOperand = optional(default=None)


class IDFT(DFT, opset="opset7"):
    """IDFT-7: inverse of DFT."""


class RDFT(DFT, opset="opset9"):
    """RDFT-9: transform of real data; the last of `axes` keeps its first n // 2 + 1 frequencies."""


class IRDFT(DFT, opset="opset9"):
    """IRDFT-9: inverse of RDFT; the last of `axes` becomes 2 * (n - 1) long unless `signal_size` says otherwise."""


class STFT(Node, opset="opset15"):
    """STFT-15: spectra of overlapping frames; signal is N, T or T; the result is ..., frequencies, frames, 2.

    `transpose_frames` exchanges frequencies and frames in the result: ..., frames, frequencies with false.
    """

    signal: Operand = operand()
    window: Operand = operand()
    frame_size: Operand = operand()
    frame_step: Operand = operand()
    transpose_frames: bool = boolean()


class ISTFT(Node, opset="opset16"):
    """ISTFT-16: inverse of STFT with transposed frames; data is ..., frequencies, frames, 2."""

    data: Operand = operand()
    window: Operand = operand()
    frame_size: Operand = operand()
    frame_step: Operand = operand()
    signal_length: OptionalOperand = optional(default=None)
    center: bool = boolean(kw_only=True)
    normalized: bool = boolean(kw_only=True)
