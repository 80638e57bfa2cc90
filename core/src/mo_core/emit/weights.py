"""Streaming writer of the `.bin`: equal tensors once, unchanged windows copied by the kernel, bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO

import numpy as np

from mo_core.ir import types as t
from mo_core.ir.tensor import CHUNK_BYTES, Array, Lazy, Mapped, Tensor, encode, encode_strings
from mo_core.ir.types import ElementType

ALIGNMENT = 8
_BUFFER = 1 << 20
_SAMPLE = 32
_FP16_MAX = 65504.0


class WeightsWriter:
    """Writes tensors one after the other.

    Attributes:
        size: bytes so far; shared: bytes that equal tensors saved; kept_full: labels of tensors that did not fit fp16.
    """

    def __init__(self, file: BinaryIO, advance: Callable[[int], None] | None = None) -> None:
        self._file = file
        self._pending = bytearray()
        self._advance = advance
        self._by_identity: dict[object, tuple[ElementType, int, int]] = {}
        self._by_size: dict[int, list[tuple[int, bytes]]] = {}
        self._held: list[Tensor] = []  # keeps tensors alive whose id() is a key
        self.size = 0
        self.shared = 0
        self.kept_full: list[str] = []

    def add(
        self, tensor: Tensor, stored_as: ElementType | None = None, label: str = ""
    ) -> tuple[ElementType, int, int]:
        """Store a tensor; returns the element type it is stored in, its offset and its length in bytes.

        `stored_as` f16 is taken only when every finite value stays finite; else the tensor is stored as it is.
        """
        wanted = stored_as or tensor.element
        key = _identity(tensor), wanted
        found = self._by_identity.get(key)
        if found is not None:
            self.shared += found[2]
            return found
        offset = self._align()
        if wanted is tensor.element:
            length = self._write(tensor, offset)
        else:
            length = self._write_cast(tensor, wanted, offset)
            if length < 0:
                self.kept_full.append(label)
                wanted, length = tensor.element, self._write(tensor, offset)
        if not length:  # the runtime takes a constant without a byte for one without content
            self._put(b"\0")
            length = 1
        offset = self._share(offset, length)
        place = wanted, offset, length
        self._by_identity[key] = place
        self._held.append(tensor)
        tensor.forget()
        if self._advance is not None:
            self._advance(length)
        return place

    def flush(self) -> None:
        """Hand everything pending to the file."""
        if self._pending:
            self._file.write(self._pending)
            self._pending.clear()

    # -- writing

    def _align(self) -> int:
        gap = -self.size % ALIGNMENT
        if gap:
            self._put(bytes(gap))
        return self.size

    def _put(self, data: bytes | memoryview | bytearray) -> None:
        if len(data) >= _BUFFER:
            self.flush()
            self._file.write(data)
        else:
            self._pending += data
            if len(self._pending) >= _BUFFER:
                self.flush()
        self.size += len(data)

    def _write(self, tensor: Tensor, start: int) -> int:
        if tensor.element is t.string:
            self._put(encode_strings(tensor.numpy()))
        elif isinstance(tensor, Mapped) and tensor.nbytes >= _BUFFER:
            self._copy_window(tensor)
        else:
            for chunk in tensor.chunks():
                self._put(chunk)
        return self.size - start

    def _write_cast(self, tensor: Tensor, element: ElementType, start: int) -> int:
        """Stored form in another type; -1 (and nothing written) when a finite value would become infinite."""
        rows = tensor.shape[0] if tensor.shape and tensor.size else 1
        streamed = not isinstance(tensor, Lazy) or tensor.by_rows
        step = max(1, rows * CHUNK_BYTES // max(tensor.nbytes, 1)) if streamed else rows
        for begin in range(0, rows, step):
            values = np.asarray(tensor.stored(begin, min(rows, begin + step)))
            finite = np.isfinite(values)
            if element is t.f16 and bool(np.any(np.abs(values, where=finite, out=np.zeros_like(values)) > _FP16_MAX)):
                self._rewind(start)
                return -1
            self._put(encode(values, element).tobytes())
        return self.size - start

    def _copy_window(self, tensor: Mapped) -> None:
        """Let the kernel copy an unchanged window where it can."""
        self.flush()
        left, position = tensor.nbytes, tensor.offset
        copy = getattr(os, "copy_file_range", None)
        if copy is not None and tensor.file.fd is not None:
            try:
                out = self._file.fileno()
                while left:
                    done = copy(tensor.file.fd, out, left, position)
                    if not done:
                        break
                    left, position = left - done, position + done
                self._file.seek(0, os.SEEK_END)
            except OSError as e:
                if e.errno in _NO_SPACE:
                    raise
            self.size += tensor.nbytes - left
        while left:  # file systems or platforms without it
            step = min(left, CHUNK_BYTES)
            self._put(tensor.file.window(position, step))
            left, position = left - step, position + step

    # -- sharing

    def _share(self, offset: int, length: int) -> int:
        """Offset of an equal, earlier stretch of bytes (then the new one is taken back), else `offset`."""
        if not length:
            return offset
        same_size = self._by_size.setdefault(length, [])
        sample = self._sample(offset, length)
        for other, other_sample in same_size:
            if other_sample == sample and self._same(other, offset, length):
                self._rewind(offset)
                self.shared += length
                return other
        same_size.append((offset, sample))
        return offset

    def _sample(self, offset: int, length: int) -> bytes:
        middle = offset + length // 2
        spots = {offset, max(offset, middle - _SAMPLE), max(offset, offset + length - _SAMPLE)}
        return b"".join(self._read(s, min(_SAMPLE, offset + length - s)) for s in sorted(spots))

    def _read(self, offset: int, length: int) -> bytes:
        flushed = self.size - len(self._pending)
        if offset >= flushed:
            return bytes(self._pending[offset - flushed : offset - flushed + length])
        if offset + length > flushed:
            self.flush()
        self._file.seek(offset)
        data = self._file.read(length)
        self._file.seek(0, os.SEEK_END)
        return data

    def _same(self, a: int, b: int, length: int) -> bool:
        for start in range(0, length, CHUNK_BYTES):
            step = min(CHUNK_BYTES, length - start)
            if self._read(a + start, step) != self._read(b + start, step):
                return False
        return True

    def _rewind(self, offset: int) -> None:
        flushed = self.size - len(self._pending)
        if offset >= flushed:
            del self._pending[offset - flushed :]
        else:
            self._pending.clear()
            self._file.seek(offset)
            self._file.truncate()
        self.size = offset


_NO_SPACE = (28, 122)  # ENOSPC, EDQUOT


def _identity(tensor: Tensor) -> object:
    """What is known to be the same bytes without looking: the same window, or the same object."""
    if isinstance(tensor, Mapped):
        return id(tensor.file), tensor.offset, tensor.nbytes, tensor.element
    if isinstance(tensor, Array) and tensor.nbytes <= 64 and tensor.element is not t.string:
        return tensor.element, tensor.data.tobytes()
    return id(tensor)
