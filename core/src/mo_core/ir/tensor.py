"""Tensors as recipes: a window on a mapped file, an array, or a function of other tensors.

The only module that copies, casts or evaluates weights. `Tensor.chunks` streams the stored bytes of any tensor in
pieces of bounded size; a `Lazy` is evaluated while it is being written, by rows where its function allows it.
"""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from mo_core.errors import InternalError, ModelError
from mo_core.ir import types as t
from mo_core.ir.sources import record
from mo_core.ir.types import ElementType

Array_: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

EAGER_BYTES = 64 * 1024
"""Results of `lazy` up to this size are computed at once: laziness would cost more than it saves."""

SMALL_BYTES = 16 * 1024
"""Windows up to this size are read and not mapped."""

CHUNK_BYTES = 2 * 1024 * 1024
"""Upper limit of the pieces in which tensors are streamed (a single row may be larger)."""


class MappedFile:
    """A read-only mapping of a file, kept open as long as a tensor needs it.

    Raises ModelError when the file cannot be read. An empty file maps to an empty buffer.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self._file = open(self.path, "rb", buffering=0)  # noqa: SIM115 - open as long as the mapping
            self.fd = self._file.fileno()
            self.size = record(self.path, self.fd).st_size
            self._map = mmap.mmap(self.fd, 0, access=mmap.ACCESS_READ) if self.size else None
        except (OSError, ValueError) as e:
            raise ModelError(f'cannot read "{self.path}": {getattr(e, "strerror", None) or e}') from e
        self.buffer = memoryview(self._map) if self._map is not None else memoryview(b"")

    def window(self, offset: int, length: int) -> memoryview:
        """The bytes `[offset, offset + length)`; raises ModelError when they are not all in the file."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ModelError(
                f'"{self.path.name}" has {self.size} bytes, and a tensor needs {length} bytes at offset {offset}',
                "The file is truncated or does not belong to the model; export or copy it again.",
            )
        return self.buffer[offset : offset + length]

    def read(self, offset: int, length: int) -> bytes | memoryview:
        """The bytes of a window that the mapping does not have to keep: small ones are read.

        A page of a mapping brings those around it into memory, which is most of the file where small windows lie
        scattered.
        """
        window = self.window(offset, length)
        if length > SMALL_BYTES or self.fd is None or not hasattr(os, "pread"):
            return window
        data = os.pread(self.fd, length, offset)
        return data if len(data) == length else window

    def forget(self, offset: int, length: int) -> None:
        """Tell the kernel that these pages are not needed any more (a hint; memory stays valid)."""
        if self._map is not None and hasattr(self._map, "madvise") and length >= 4 * mmap.PAGESIZE:
            start = -(-offset // mmap.PAGESIZE) * mmap.PAGESIZE
            stop = (offset + length) // mmap.PAGESIZE * mmap.PAGESIZE
            if stop > start:
                self._map.madvise(mmap.MADV_DONTNEED, start, stop - start)


class Tensor:
    """Base of the three kinds. `element` is the element type, `shape` a tuple of numbers."""

    __slots__ = ("element", "shape")

    def __init__(self, element: ElementType, shape: Sequence[int]) -> None:
        self.element = element
        self.shape = tuple(map(int, shape))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.element}{list(self.shape)})"

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the stored form (strings: unknown before they are written, 0 here)."""
        return self.element.nbytes(self.size)

    def numpy(self) -> Array_:
        """The elements, in `element.dtype` where numpy has it, else decoded to float32 or int8/uint8. Read-only."""
        raise NotImplementedError

    def stored(self, start: int, stop: int) -> Array_:
        """Rows `[start, stop)` along axis 0 in stored form (`element.storage`); whole tensor for packed types."""
        raise NotImplementedError

    def forget(self) -> None:
        """Give pages back after use; only mapped windows have any."""

    def chunks(self) -> Iterator[memoryview]:
        """The stored bytes in order, in pieces of about `CHUNK_BYTES`."""
        if self.element is t.string:
            yield memoryview(encode_strings(self.numpy()))
            return
        rows = self.shape[0] if self.shape and self.size else 1
        step = max(1, rows * CHUNK_BYTES // max(self.nbytes, 1)) if not self.element.is_packed else rows
        for start in range(0, rows, step):
            piece = _contiguous(self.stored(start, min(rows, start + step)))
            if piece.nbytes:
                yield _bytes(piece)


class Mapped(Tensor):
    """A window on a mapped file: little-endian raw elements at any alignment."""

    __slots__ = ("file", "offset")

    def __init__(self, file: MappedFile, offset: int, element: ElementType, shape: Sequence[int]) -> None:
        super().__init__(element, shape)
        self.file, self.offset = file, offset
        file.window(offset, self.nbytes)  # the length is checked now, so that later code need not

    def _raw(self) -> Array_:
        raw: Array_ = np.frombuffer(self.file.read(self.offset, self.nbytes), dtype=self.element.storage)
        if not self.element.is_packed:
            raw = raw.reshape(self.shape)
        return raw

    def numpy(self) -> Array_:
        return decode(self._raw(), self.element, self.shape)

    def stored(self, start: int, stop: int) -> Array_:
        raw = self._raw()
        return raw[start:stop] if self.shape and not self.element.is_packed else raw

    def forget(self) -> None:
        self.file.forget(self.offset, self.nbytes)


class Absent(Tensor):
    """Weights that are not there, in a model that is only looked at; reading them raises `error`."""

    __slots__ = ("error",)

    def __init__(self, element: ElementType, shape: Sequence[int], error: ModelError) -> None:
        super().__init__(element, shape)
        self.error = error

    def numpy(self) -> Array_:
        raise self.error

    def stored(self, start: int, stop: int) -> Array_:
        raise self.error


class Array(Tensor):
    """Elements in memory: `data` has dtype `element.dtype`, or `element.storage` (flat when packed)."""

    __slots__ = ("data",)

    def __init__(self, data: Any, element: ElementType | None = None, shape: Sequence[int] | None = None) -> None:
        data = np.asarray(data)
        if element is None:
            element = t.from_dtype(data.dtype)
        if element is t.string and data.dtype != np.object_:
            data = data.astype(object)
        super().__init__(element, data.shape if shape is None else shape)
        if not data.dtype.isnative:
            data = data.astype(data.dtype.newbyteorder("="))
        self.data = data
        wanted = element.nbytes(self.size) if element is not t.string else data.nbytes
        if data.nbytes != wanted:
            raise ModelError(f"a tensor {element}{list(self.shape)} needs {wanted} bytes, and there are {data.nbytes}")

    def numpy(self) -> Array_:
        return decode(self.data, self.element, self.shape)

    def stored(self, start: int, stop: int) -> Array_:
        data: Array_ = self.data
        if self.shape and not self.element.is_packed:
            data = data.reshape(self.shape)[start:stop]
        return data


Rule: TypeAlias = "Callable[..., Any]"


class Lazy(Tensor):
    """A function of other tensors, evaluated while it is written.

    Args:
        function: takes the operands as numpy arrays and returns an array of `element.dtype` (`element.storage` where
            numpy has no such type) and `shape`.
        operands: tensors.
        by_rows: the function works on each index of axis 0 alone: it may be called with slices along axis 0 of those
            operands whose first dimension is that of the result and whose rank is at least the result's (others are
            passed whole).
    """

    __slots__ = ("by_rows", "function", "operands")

    def __init__(
        self,
        function: Rule,
        operands: Sequence[Tensor],
        element: ElementType,
        shape: Sequence[int],
        by_rows: bool = False,
    ) -> None:
        super().__init__(element, shape)
        self.function, self.operands = function, tuple(operands)
        self.by_rows = by_rows and bool(self.shape) and not element.is_packed

    def _evaluate(self, arrays: Sequence[Array_], shape: tuple[int, ...]) -> Array_:
        with np.errstate(all="ignore"):
            result = np.asarray(self.function(*arrays))
        wanted = self.element.dtype or self.element.storage
        if not self.element.is_packed and (result.shape != shape or result.dtype != wanted):
            raise InternalError(
                f"the recipe {getattr(self.function, '__name__', self.function)} gave "
                f"{result.dtype}{list(result.shape)} "
                f"for {wanted}{list(shape)}"
            )
        return result

    def numpy(self) -> Array_:
        return decode(self.stored(0, self.shape[0] if self.shape else 1), self.element, self.shape)

    def stored(self, start: int, stop: int) -> Array_:
        rows = self.shape[0] if self.shape else 1
        if start == 0 and stop == rows:
            result = self._evaluate([o.numpy() for o in self.operands], self.shape)
        elif self.by_rows:
            arrays = [
                _rows(o, start, stop) if len(o.shape) >= len(self.shape) and o.shape[0] == rows else o.numpy()
                for o in self.operands
            ]
            result = self._evaluate(arrays, (stop - start, *self.shape[1:]))
        else:
            raise InternalError("a recipe that does not work by rows was asked for rows")
        return result

    def forget(self) -> None:
        for operand in self.operands:
            operand.forget()

    def chunks(self) -> Iterator[memoryview]:
        if self.by_rows or self.element is t.string:
            yield from super().chunks()
            return
        data = _contiguous(self.stored(0, self.shape[0] if self.shape else 1))
        if data.nbytes:
            yield _bytes(data)


_STRIP = 16
"""Indices of an axis that are copied at once: as many rows of the source as its cache lines keep for the next ones."""


def _contiguous(data: Array_) -> Array_:
    """The elements one after the other. Large transposed arrays are copied in strips, which is several times faster."""
    axes = [axis for axis, size in enumerate(data.shape) if size > 1]
    if data.flags.c_contiguous or data.nbytes < 4 * EAGER_BYTES or data.strides[axes[-1]] == data.itemsize:
        return np.ascontiguousarray(data)
    spread = [(data.strides[a], a) for a in axes if data.strides[a] > data.itemsize and data.shape[a] > _STRIP]
    if not spread:
        return np.ascontiguousarray(data)
    _, axis = min(spread)
    copy = np.empty(data.shape, data.dtype)
    for start in range(0, data.shape[axis], _STRIP):
        strip = (slice(None),) * axis + (slice(start, start + _STRIP),)
        copy[strip] = data[strip]
    return copy


def _bytes(data: Array_) -> memoryview:
    flat: Any = data.reshape(-1).view(np.uint8)
    return memoryview(flat)


def _rows(tensor: Tensor, start: int, stop: int) -> Any:
    if isinstance(tensor, Lazy) and not tensor.by_rows:
        return tensor.numpy()[start:stop]
    shape = (stop - start, *tensor.shape[1:])
    if tensor.element.is_packed:
        return tensor.numpy()[start:stop]
    return decode(tensor.stored(start, stop), tensor.element, shape)


def lazy(
    function: Rule,
    *operands: Tensor,
    element: ElementType | None = None,
    shape: Sequence[int] | None = None,
    by_rows: bool = False,
) -> Tensor:
    """A recipe for a tensor; small ones are computed at once. Type and shape default to the first operand's."""
    element = operands[0].element if element is None else element
    recipe = Lazy(function, operands, element, operands[0].shape if shape is None else shape, by_rows)
    if recipe.nbytes <= EAGER_BYTES and sum(o.nbytes for o in operands) <= 4 * EAGER_BYTES:
        data = recipe.stored(0, recipe.shape[0] if recipe.shape else 1)
        return Array(data, element, recipe.shape)
    return recipe


def reshaped(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """The same elements in another shape; nothing is copied."""
    shape = tuple(map(int, shape))
    if shape == tensor.shape:
        return tensor
    if math.prod(shape) != tensor.size:
        raise InternalError(f"{tensor} cannot be reshaped to {list(shape)}")
    if isinstance(tensor, Mapped):
        return Mapped(tensor.file, tensor.offset, tensor.element, shape)
    if isinstance(tensor, Array):
        data = tensor.data if tensor.element.is_packed else tensor.data.reshape(shape)
        return Array(data, tensor.element, shape)
    same_rows = bool(shape) and bool(tensor.shape) and shape[0] == tensor.shape[0]
    raw = tensor.element.is_packed or tensor.element.dtype is None
    if raw:
        return Lazy(lambda: tensor.stored(0, tensor.shape[0] if tensor.shape else 1), (), tensor.element, shape)
    by_rows = same_rows and len(tensor.shape) >= len(shape)
    return Lazy(
        lambda a: a.reshape((len(a), *shape[1:]) if by_rows else shape), (tensor,), tensor.element, shape, by_rows
    )


def reinterpreted(tensor: Tensor, element: ElementType, shape: Sequence[int]) -> Tensor:
    """The same stored bytes as elements of another type; nothing is copied. Raises ModelError when the size differs."""
    shape = tuple(map(int, shape))
    if element.nbytes(math.prod(shape)) != tensor.nbytes:
        raise ModelError(
            f"{tensor} has {tensor.nbytes} bytes, and {element}{list(shape)} needs {element.nbytes(math.prod(shape))}"
        )
    if isinstance(tensor, Mapped):
        return Mapped(tensor.file, tensor.offset, element, shape)

    def bytes_of() -> Array_:
        raw = np.ascontiguousarray(tensor.stored(0, tensor.shape[0] if tensor.shape else 1)).reshape(-1).view(np.uint8)
        return raw if element.is_packed else raw.view(element.storage).reshape(shape)

    return Array(bytes_of(), element, shape) if isinstance(tensor, Array) else Lazy(bytes_of, (), element, shape)


def transposed(tensor: Tensor, order: Sequence[int]) -> Tensor:
    """The tensor with permuted axes, as a recipe."""
    order = tuple(order)
    if order == tuple(range(len(tensor.shape))):
        return tensor
    shape = tuple(tensor.shape[i] for i in order)
    if tensor.element.dtype is None and not tensor.element.is_packed:
        return Lazy(
            lambda: tensor.stored(0, tensor.shape[0]).reshape(tensor.shape).transpose(order), (), tensor.element, shape
        )
    if tensor.element.is_packed:
        return Lazy(lambda a: encode(a.transpose(order), tensor.element), (tensor,), tensor.element, shape)
    return lazy(lambda a: a.transpose(order), tensor, shape=shape)


def cast(tensor: Tensor, element: ElementType) -> Tensor:
    """The tensor in another element type, as a recipe; real to integer truncates towards zero."""
    if element is tensor.element:
        return tensor
    return lazy(lambda a: encode(a, element), tensor, element=element, by_rows=True)


def decode(raw: Array_, element: ElementType, shape: Sequence[int]) -> Array_:
    """Stored form to numbers: bf16, f8 and f4 to float32, packed integers to int8/uint8, the rest as it is."""
    if element.is_packed:
        count = math.prod(shape)
        return np.asarray(_decode_packed(raw, element, count).reshape(tuple(shape)))
    if element.dtype is not None:
        return raw.reshape(tuple(shape)) if raw.shape != tuple(shape) else raw
    if element is t.bf16:
        return (raw.astype(np.uint32) << 16).view(np.float32).reshape(tuple(shape))
    return _float8_table(element.name)[raw].reshape(tuple(shape))


def _decode_packed(raw: Array_, element: ElementType, count: int) -> Any:
    raw = raw.reshape(-1).view(np.uint8)
    if element is t.u1:  # element 0 is the most significant bit
        return np.asarray(np.unpackbits(raw)[:count])
    if element is t.u2:
        return np.asarray(((raw[:, None] >> np.array([0, 2, 4, 6], np.uint8)) & 3).reshape(-1)[:count])
    nibbles: Array_ = np.stack([raw & 15, raw >> 4], axis=1).reshape(-1)[:count]  # element 0 is the low nibble
    if element is t.i4:
        return np.asarray(((nibbles ^ 8).astype(np.int8) - 8).astype(np.int8))
    if element is t.u4:
        return nibbles
    return np.asarray(_FLOAT4[element.name][nibbles])


def encode(values: Any, element: ElementType) -> Array_:
    """Numbers to the stored form of an element type (packed types: flat bytes)."""
    given: Array_ = np.asarray(values)
    if element.dtype is not None and given.dtype == element.dtype:
        return given
    with np.errstate(all="ignore"):
        return np.asarray(_encoded(given, element))


def _encoded(values: Array_, element: ElementType) -> Any:
    if element is t.string:
        return values.astype(object)
    if element.is_packed:
        return _encode_packed(values.reshape(-1), element)
    if element is t.boolean:
        return values != 0
    if element.dtype is not None:
        return values.astype(element.dtype)
    if element is t.bf16:
        bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
        nan = np.isnan(values)
        return np.where(nan, np.uint16(0x7FC0), rounded.astype(np.uint16)).astype(np.uint16).reshape(values.shape)
    return _nearest(values.astype(np.float32), _float8_table(element.name))


def _encode_packed(flat: Array_, element: ElementType) -> Array_:
    if element is t.u1:
        return np.packbits(flat != 0)
    if element is t.u2:
        padded = np.zeros(-(-len(flat) // 4) * 4, np.uint8)
        padded[: len(flat)] = flat.astype(np.int64) & 3
        quads = padded.reshape(-1, 4)
        return (quads[:, 0] | quads[:, 1] << 2 | quads[:, 2] << 4 | quads[:, 3] << 6).astype(np.uint8)
    if element.is_real:
        codes = _nearest(flat.astype(np.float32), _FLOAT4[element.name])
    else:
        codes = (flat.astype(np.int64) & 15).astype(np.uint8)
    padded = np.zeros(-(-len(flat) // 2) * 2, np.uint8)
    padded[: len(flat)] = codes
    return (padded[0::2] | padded[1::2] << 4).astype(np.uint8)


def _nearest(values: Array_, table: Array_) -> Array_:
    """Codes of the table entries nearest to the values; ties go to the even code, NaN to a NaN code if there is one."""
    finite = np.flatnonzero(np.isfinite(table) & ~((table == 0) & np.signbit(table)))
    order = finite[np.argsort(table[finite], kind="stable")]
    sorted_values = table[order]
    flat = np.clip(values.reshape(-1), sorted_values[0], sorted_values[-1])
    high = np.clip(np.searchsorted(sorted_values, flat), 1, len(order) - 1)
    low = high - 1
    below, above = flat - sorted_values[low], sorted_values[high] - flat
    take_low = (below < above) | ((below == above) & (order[low] % 2 == 0))
    codes = np.where(take_low, order[low], order[high]).astype(np.uint8)
    nans = np.flatnonzero(np.isnan(table))
    if nans.size:
        codes[np.isnan(values.reshape(-1))] = nans[0]
    return codes.reshape(values.shape)


_FLOAT4 = {
    "f4e2m1": np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32),
    "nf4": np.array(
        [
            -1.0,
            -0.6961928009986877,
            -0.5250730514526367,
            -0.39491748809814453,
            -0.28444138169288635,
            -0.18477343022823334,
            -0.09105003625154495,
            0.0,
            0.07958029955625534,
            0.16093020141124725,
            0.24611230194568634,
            0.33791524171829224,
            0.44070982933044434,
            0.5626170039176941,
            0.7229568362236023,
            1.0,
        ],
        np.float32,
    ),
}

_FLOAT8: dict[str, Array_] = {}


def _float8_table(name: str) -> Array_:
    """The 256 values of an 8-bit float type (OCP 8-bit floating point specification, MX scales)."""
    if name not in _FLOAT8:
        codes = np.arange(256)
        if name == "f8e8m0":
            table = np.where(codes == 255, np.nan, np.exp2(codes.astype(np.float64) - 127))
        else:
            exponent_bits, bias = (4, 7) if name == "f8e4m3" else (5, 15)
            mantissa_bits = 7 - exponent_bits
            exponent = (codes >> mantissa_bits) & (2**exponent_bits - 1)
            mantissa = (codes & (2**mantissa_bits - 1)) / 2**mantissa_bits
            table = np.where(
                exponent == 0, mantissa * 2.0 ** (1 - bias), (1 + mantissa) * np.exp2(exponent - float(bias))
            )
            if name == "f8e4m3":
                table[(codes & 127) == 127] = np.nan
            else:
                top = exponent == 31
                table[top] = np.where(mantissa[top] == 0, np.inf, np.nan)
            table = np.where(codes >= 128, -table, table)
        _FLOAT8[name] = table.astype(np.float32)
    return _FLOAT8[name]


def encode_strings(values: Array_) -> bytes:
    """The runtime's form of a string constant: count, count + 1 offsets (all int32), then the UTF-8 bytes."""
    encoded = [v if isinstance(v, bytes) else str(v).encode() for v in values.reshape(-1)]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return np.int32(len(encoded)).tobytes() + offsets.astype(np.int32).tobytes() + b"".join(encoded)
