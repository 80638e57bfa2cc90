"""Streaming writer of the `.bin`: equal tensors once, unchanged windows copied by the kernel, bounded memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mo_core.emit.output import Output, Piece
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

    def __init__(self, file: Output, advance: Callable[[int], None] | None = None) -> None:
        self._file = file
        self._pending = bytearray()
        self._advance = advance
        self._by_identity: dict[object, tuple[ElementType, int, int]] = {}
        self._by_size: dict[int, list[tuple[int, bytes]]] = {}
        self._held: list[Tensor] = []  # keeps tensors alive whose id() is a key
        self._head = self._tail = b""  # of the tensor that is being written: what is known without reading it again
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
        self._head = self._tail = b""
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
            self._pending = bytearray()

    # -- writing

    def _align(self) -> int:
        gap = -self.size % ALIGNMENT
        if gap:
            self._put(bytes(gap))
        return self.size

    def _put(self, data: Piece) -> None:
        self._see(data, data)
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
                self._head = self._tail = b""
                return -1
            self._put(encode(values, element).tobytes())
        return self.size - start

    def _copy_window(self, tensor: Mapped) -> None:
        file, start, end = tensor.file, tensor.offset, tensor.offset + tensor.nbytes
        self._see(file.read(start, _SAMPLE), file.read(end - _SAMPLE, _SAMPLE))
        self.flush()
        self._file.copy(file, start, tensor.nbytes)
        self.size += tensor.nbytes

    # -- sharing

    def _see(self, first: Piece, last: Piece) -> None:
        if len(self._head) < _SAMPLE:
            self._head += first[: _SAMPLE - len(self._head)]
        self._tail = (self._tail + last[-_SAMPLE:])[-_SAMPLE:]

    def _share(self, offset: int, length: int) -> int:
        """Offset of an equal, earlier stretch of bytes (then the new one is taken back), else `offset`."""
        if not length:
            return offset
        same_size = self._by_size.setdefault(length, [])
        sample = self._head + self._tail
        for other, other_sample in same_size:
            if other_sample == sample and self._same(other, offset, length):
                self._rewind(offset)
                self.shared += length
                return other
        same_size.append((offset, sample))
        return offset

    def _read(self, offset: int, length: int) -> bytes:
        flushed = self.size - len(self._pending)
        if offset >= flushed:
            return bytes(self._pending[offset - flushed : offset - flushed + length])
        if offset + length > flushed:
            self.flush()
        return self._file.read(offset, length)

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
            self._file.truncate(offset)
        self.size = offset


def _identity(tensor: Tensor) -> object:
    """What is known to be the same bytes without looking: the same window, or the same object."""
    if isinstance(tensor, Mapped):
        return id(tensor.file), tensor.offset, tensor.nbytes, tensor.element
    if isinstance(tensor, Array) and tensor.nbytes <= 64 and tensor.element is not t.string:
        return tensor.element, tensor.data.tobytes()
    return id(tensor)
