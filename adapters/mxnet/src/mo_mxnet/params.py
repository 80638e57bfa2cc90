"""Lists of arrays as MXNet saves them (`.params`, `.nd`); the values stay in the file.

The layout is that of `NDArray::Save` in its four generations: arrays of before 0.11 without a magic number, V1 (0.11),
V2 with storage types (from 1.0) and V3 with the shapes of numpy (from 1.5).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from mo_core.errors import ModelError
from mo_core.ir.tensor import Array, Array_, Lazy, Mapped, MappedFile, Tensor
from mo_core.ir.types import ElementType
from mo_mxnet.attributes import CODES

LIST_MAGIC = 0x112
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
DENSE, ROW_SPARSE, CSR = 0, 1, 2
MAX_AXES = 32
_LFS = b"version https://git-lfs"
_REMEDY = "The file is truncated or no parameter file of MXNet; get it again from its source."


def write_params(path: Path, arrays: Mapping[str, Tensor]) -> None:
    """Write arrays with their names, in the form V2, piece by piece; raises ModelError when that is not possible."""
    codes = {element: code for code, element in CODES.items()}
    try:
        with open(path, "wb") as file:
            file.write(struct.pack("<QQQ", LIST_MAGIC, 0, len(arrays)))
            for tensor in arrays.values():
                rank = len(tensor.shape)
                head = (V2, DENSE, rank, *tensor.shape, 1, 0, codes[tensor.element])
                file.write(struct.pack(f"<Iii{rank}qiii", *head))
                file.writelines(tensor.chunks())
            file.write(struct.pack("<Q", len(arrays)))
            for name in arrays:
                text = name.encode("utf-8", "surrogateescape")
                file.write(struct.pack("<Q", len(text)) + text)
    except OSError as e:
        raise ModelError(f'cannot write "{path}": {e.strerror or e}') from e


def check_pointer(head: bytes, name: str) -> None:
    """Raise ModelError when a file is a pointer that git-LFS left in the place of the content."""
    if head.startswith(_LFS):
        raise ModelError(f'"{name}" is a pointer of git-LFS, not the file itself', "Fetch it with `git lfs pull`.")


def read_params(path: Path) -> dict[str, Tensor]:
    """The arrays of a file by name, prefixes (`arg:`, `aux:`) included; those without names are called by number.

    Raises ModelError when the file is damaged or of another format.
    """
    file = MappedFile(path)
    try:
        check_pointer(bytes(file.buffer[:64]), path.name)
        return _Reader(file).arrays()
    except ModelError as e:
        raise e.note(f'file "{path}"') from None


class _Reader:
    """Reads one file from front to back."""

    def __init__(self, file: MappedFile) -> None:
        self._file, self._at = file, 0

    def arrays(self) -> dict[str, Tensor]:
        magic, _ = self._numbers("<QQ")
        if magic != LIST_MAGIC:
            raise ModelError("the file does not begin like a list of arrays of MXNet", _REMEDY)
        count = self._count(4)
        found = [self._array(i) for i in range(count)]
        names = [self._name() for _ in range(self._count(8))]
        if names and len(names) != count:
            raise ModelError(f"the file has {count} arrays and {len(names)} names", _REMEDY)
        if self._at != self._file.size:
            raise ModelError(f"the arrays end at byte {self._at}, and the file has {self._file.size} bytes", _REMEDY)
        if len(set(names)) != len(names):
            twice = next(n for i, n in enumerate(names) if n in names[:i])
            raise ModelError(f'there are two arrays "{twice}"')
        return {n: a for n, a in zip(names or map(str, range(count)), found) if a is not None}

    def _take(self, length: int) -> int:
        """Step over so many bytes; returns where they begin."""
        at = self._at
        if length > self._file.size - at:
            raise ModelError(f"the file has {self._file.size} bytes, and {length} are needed at byte {at}", _REMEDY)
        self._at += length
        return at

    def _numbers(self, layout: str) -> tuple[int, ...]:
        at = self._take(struct.calcsize(layout))
        return struct.unpack_from(layout, self._file.buffer, at)

    def _count(self, least: int) -> int:
        """How many things of at least that many bytes follow."""
        (count,) = self._numbers("<Q")
        if count * least > self._file.size - self._at:
            raise ModelError(f"the file announces {count} entries, and it is too short for them", _REMEDY)
        return count

    def _name(self) -> str:
        (length,) = self._numbers("<Q")
        at = self._take(length)
        return bytes(self._file.buffer[at : at + length]).decode("utf-8", "surrogateescape")

    def _array(self, index: int) -> Tensor | None:
        """One array; None for one that was saved empty."""
        at = self._at
        try:
            return self._any_array()
        except ModelError as e:
            raise e.note(f"array {index}, at byte {at}") from None

    def _any_array(self) -> Tensor | None:
        (magic,) = self._numbers("<I")
        if magic in (V2, V3):
            (storage,) = self._numbers("<i")
            if storage not in (DENSE, ROW_SPARSE, CSR):
                raise ModelError(f"an array is stored in a way ({storage}) that MXNet does not know", _REMEDY)
            if storage != DENSE:
                return self._sparse(storage)
            shape = self._shape()
            empty = shape is None or (magic == V2 and not shape)
        else:
            shape = self._shape() if magic == V1 else self._dims("I", magic)
            empty = not shape
        if empty or shape is None:
            return None
        return self._values(self._element(), shape)

    def _shape(self) -> tuple[int, ...] | None:
        (rank,) = self._numbers("<i")
        return None if rank < 0 else self._dims("q", rank)

    def _dims(self, kind: str, rank: int) -> tuple[int, ...]:
        if rank > MAX_AXES:
            raise ModelError(f"an array has {rank} axes, which is impossible", _REMEDY)
        dims = self._numbers(f"<{rank}{kind}")
        if any(d < 0 for d in dims):
            raise ModelError(f"an array has the shape {list(dims)}, which is impossible", _REMEDY)
        return dims

    def _element(self) -> ElementType:
        """The element type behind the device; the device does not matter."""
        self._numbers("<ii")
        return self._code()

    def _code(self) -> ElementType:
        (code,) = self._numbers("<i")
        if code not in CODES:
            raise ModelError(f"an array has the element type {code}, which MXNet does not have", _REMEDY)
        return CODES[code]

    def _values(self, element: ElementType, shape: tuple[int, ...]) -> Tensor:
        at = self._take(element.nbytes(math.prod(shape)))
        return Mapped(self._file, at, element, shape)

    def _sparse(self, storage: int) -> Tensor:
        """An array of which only some rows or elements are stored, as a recipe for the whole."""
        kept, shape = self._shape(), self._shape()
        if not kept or not shape or len(shape) < (2 if storage == CSR else 1):
            raise ModelError("a sparse array has no shape", _REMEDY)
        if math.prod(shape) > max(self._file.size, 1 << 16) << 10:
            raise ModelError(f"a sparse array has the shape {list(shape)}, which is far more than it stores", _REMEDY)
        element = self._element()
        aux: list[tuple[ElementType, tuple[int, ...]]] = []
        for _ in range(2 if storage == CSR else 1):
            code = self._code()
            aux.append((code, self._shape() or ()))
        values = self._values(element, kept)
        lists = [self._values(*a).numpy().astype(np.int64).reshape(-1) for a in aux]
        if storage == ROW_SPARSE:
            return _from_rows(values, lists[0], shape)
        return _from_csr(values, lists[0], lists[1], shape)


def _from_rows(values: Tensor, rows: Array_, shape: tuple[int, ...]) -> Tensor:
    if values.shape != (len(rows), *shape[1:]) or (rows < 0).any() or (rows >= shape[0]).any():
        raise ModelError("the rows of a sparse array do not fit its shape", _REMEDY)

    def whole() -> Array_:
        full = np.zeros(shape, values.element.storage)
        full[rows] = values.stored(0, len(rows))
        return full

    return _recipe(whole, values.element, shape)


def _from_csr(values: Tensor, ends: Array_, columns: Array_, shape: tuple[int, ...]) -> Tensor:
    counts = np.diff(ends)
    fits = len(shape) == 2 and values.shape == (len(columns),) and len(ends) == shape[0] + 1
    if not fits or (counts < 0).any() or ends[0] != 0 or ends[-1] != len(columns):
        raise ModelError("the elements of a sparse array do not fit its shape", _REMEDY)
    if (columns < 0).any() or (columns >= shape[1]).any():
        raise ModelError("the columns of a sparse array are outside of its shape", _REMEDY)

    def whole() -> Array_:
        full = np.zeros(shape, values.element.storage)
        full[np.repeat(np.arange(shape[0]), counts), columns] = values.stored(0, len(columns))
        return full

    return _recipe(whole, values.element, shape)


def _recipe(whole: Callable[[], Array_], element: ElementType, shape: tuple[int, ...]) -> Tensor:
    if element.nbytes(math.prod(shape)) <= 1 << 16:
        return Array(whole(), element, shape)
    return Lazy(whole, (), element, shape)
