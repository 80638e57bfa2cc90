"""TensorProto to tensors: windows on the model file, never copies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mo_core.errors import ModelError
from mo_core.frontend.wire import BYTES, Skim, Window, count, scalars
from mo_core.ir import types as t
from mo_core.ir.tensor import EAGER_BYTES, Array, Lazy, Mapped, MappedFile, Tensor, encode
from mo_core.ir.types import ElementType
from mo_tensorflow.elements import COMPLEX, element_of

MAX_ELEMENTS = 1 << 40
"""A shape with more elements than this is damaged."""

MAX_REPEATED_BYTES = 1 << 33
"""A tensor of repeated numbers may grow to this size: it takes no room in the file, so anything could stand there."""

MAX_TEXTS = 1 << 24
_CONTENT, _FLOAT8 = 4, 18
_DTYPES: dict[int, Any] = {
    5: np.float32,
    6: np.float64,
    7: np.int32,
    9: np.float32,
    10: np.int64,
    11: np.bool_,
    12: np.float64,
    13: np.int32,
    16: np.uint32,
    17: np.uint64,
}
"""Repeated fields of numbers, and the type that they are read as."""


def shape_of(proto: Any, what: str) -> tuple[int, ...]:
    """A TensorShapeProto as numbers; raises ModelError when it is not static or cannot be right."""
    shape = tuple(d.size for d in proto.dim)
    if proto.unknown_rank or any(d < 0 for d in shape) or math.prod(shape) > MAX_ELEMENTS:
        raise ModelError(f"{what} has the shape {list(shape)}, which cannot be that of a tensor")
    return shape


class Tensors:
    """Makes tensors of one file.

    Args:
        file: the mapped file (None for a message in memory); skim: its windows.
    """

    def __init__(self, file: MappedFile | None = None, skim: Skim | None = None) -> None:
        self._file, self._skim = file, skim

    def tensor(self, proto: Any, what: str) -> Tensor:
        """The tensor of a TensorProto; complex ones have real and imaginary part on a last axis of size 2.

        Fewer values than the shape has elements: the last one is repeated, as TensorFlow does it. Raises ModelError
        when payload and shape do not fit, Unsupported for data types that the runtime does not have.
        """
        parts = COMPLEX.get(proto.dtype)
        element = parts or element_of(proto.dtype, what)
        shape = shape_of(proto.tensor_shape, what) + ((2,) if parts else ())
        windows = self._skim.windows(proto.tensor_content) if self._skim is not None else ()
        if windows:
            return self._from_windows(windows, element, shape, what)
        return _from_message(proto, element, shape, what)

    def _from_windows(
        self, windows: tuple[Window, ...], element: ElementType, shape: tuple[int, ...], what: str
    ) -> Tensor:
        file = self._file
        assert file is not None
        fields = {w.field for w in windows}
        if len(fields) != 1:
            raise ModelError(f"{what} has its content in more than one form")
        field, last = fields.pop(), windows[-1]  # of a repeated singular field the last one counts
        if field in (_CONTENT, _FLOAT8):
            return stored(file, last.offset, last.length, element, shape, what)
        dtype = np.dtype(_DTYPES[field])
        given, needed = count(file.buffer, windows, dtype), math.prod(shape)
        _check_count(given, needed, element, shape, what)
        if (
            given == needed
            and len(windows) == 1
            and last.wire == BYTES
            and dtype == element.dtype
            and dtype.kind == "f"
        ):
            return Mapped(file, last.offset, element, shape)
        return _recipe(lambda: _settle(scalars(file.buffer, windows, dtype), element, shape), element, shape)


def stored(
    file: MappedFile, offset: int, length: int, element: ElementType, shape: tuple[int, ...], what: str
) -> Tensor:
    """The tensor whose elements lie in a file one after the other; raises ModelError when the length does not fit."""
    _check_bytes(length, element, shape, what)
    content = file.window(offset, length)
    if element.is_packed:
        return _recipe(lambda: encode(np.frombuffer(content, np.uint8), element), element, shape)
    return Mapped(file, offset, element, shape)


def _recipe(function: Callable[[], Any], element: ElementType, shape: tuple[int, ...]) -> Tensor:
    """An array now when it is small, else when it is needed."""
    recipe = Lazy(function, (), element, shape)
    return Array(function(), element, shape) if recipe.nbytes <= EAGER_BYTES else recipe


def _check_bytes(length: int, element: ElementType, shape: tuple[int, ...], what: str) -> None:
    count_ = math.prod(shape)
    wanted = count_ if element.is_packed else element.nbytes(count_)  # small types take a byte each
    if length != wanted:
        raise ModelError(f"{what} ({element}{list(shape)}) needs {wanted} bytes, and the file has {length}")


def _check_count(stored: int, needed: int, element: ElementType, shape: tuple[int, ...], what: str) -> None:
    if stored > needed:
        raise ModelError(f"{what} ({element}{list(shape)}) has {stored} elements in the file")
    if stored < needed and element.nbytes(needed) > MAX_REPEATED_BYTES:
        raise ModelError(f"{what} has the shape {list(shape)} and {stored} elements, which cannot be right")


def _from_message(proto: Any, element: ElementType, shape: tuple[int, ...], what: str) -> Tensor:
    """Payloads that are still in the parsed message: small ones, and those of a model in memory."""
    if element is t.string:
        return _texts(proto.string_val, shape, what)
    content = proto.tensor_content or proto.float8_val
    if content:
        _check_bytes(len(content), element, shape, what)
        data = np.frombuffer(content, dtype=np.uint8 if element.is_packed else element.storage)
        return Array(encode(data, element) if element.is_packed else data.reshape(shape), element, shape)
    array = np.zeros(1, element.storage)
    stored = 0
    for field, values in proto.ListFields():
        if field.number in _DTYPES:
            array, stored = np.array(values, dtype=_DTYPES[field.number]), len(values)
            break
    _check_count(stored, math.prod(shape), element, shape, what)
    return _recipe(lambda: _settle(array, element, shape), element, shape)


def _texts(stored: Sequence[bytes], shape: tuple[int, ...], what: str) -> Tensor:
    texts = [s.decode("utf-8", "surrogateescape") for s in stored]
    needed = math.prod(shape)
    if len(texts) > needed or needed > MAX_TEXTS + len(texts):
        raise ModelError(f"{what} has {len(texts)} texts, and its shape is {list(shape)}")
    texts += [texts[-1] if texts else ""] * (needed - len(texts))
    data = np.empty(needed, dtype=object)
    data[:] = texts
    return Array(data.reshape(shape), t.string, shape)


def _settle(content: Any, element: ElementType, shape: tuple[int, ...]) -> Any:
    """Numbers of a repeated field in stored form, the last one repeated up to the size of the shape."""
    needed = math.prod(shape)
    if content.size < needed:
        content = np.concatenate([content, np.broadcast_to(content[-1:], needed - content.size)])
    content = content[:needed]
    if element.bits == 16 and element.is_real and content.dtype == np.int32:
        return content.astype(np.uint16).view(element.storage).reshape(shape)
    with np.errstate(invalid="ignore"):  # numbers that are out of range
        return encode(content, element) if element.is_packed else encode(content, element).reshape(shape)
