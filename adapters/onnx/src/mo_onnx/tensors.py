"""TensorProto to tensors: windows on the model file or on external data, never copies."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from mo_core.errors import ModelError, Unsupported
from mo_core.frontend.wire import BYTES, Skim, Window, count, scalars
from mo_core.ir import types as t
from mo_core.ir.sources import tolerated
from mo_core.ir.tensor import Absent, Array, Lazy, Mapped, MappedFile, Tensor, encode
from mo_core.ir.types import ElementType

ELEMENTS: dict[int, ElementType] = {
    1: t.f32,
    2: t.u8,
    3: t.i8,
    4: t.u16,
    5: t.i16,
    6: t.i32,
    7: t.i64,
    8: t.string,
    9: t.boolean,
    10: t.f16,
    11: t.f64,
    12: t.u32,
    13: t.u64,
    16: t.bf16,
    17: t.f8e4m3,
    19: t.f8e5m2,
    21: t.u4,
    22: t.i4,
    23: t.f4e2m1,
    24: t.f8e8m0,
    25: t.u2,
}
_NAMES = {14: "complex64", 15: "complex128", 18: "float8e4m3fnuz", 20: "float8e5m2fnuz", 26: "int2"}
_RAW, _FLOATS, _INT32, _INT64, _DOUBLES, _UINT64 = 9, 4, 5, 7, 10, 11
_FIELD_DTYPES: dict[int, Any] = {
    _FLOATS: np.float32,
    _INT32: np.int32,
    _INT64: np.int64,
    _DOUBLES: np.float64,
    _UINT64: np.uint64,
}
MAX_DENSE_BYTES = 1 << 33


def element_of(data_type: int, what: str) -> ElementType:
    """The element type of a `TensorProto.DataType`; raises Unsupported for one the runtime does not have."""
    found = ELEMENTS.get(data_type)
    if found is None:
        if data_type in _NAMES:
            raise Unsupported(f"{what} has element type {_NAMES[data_type]}, which the runtime does not have")
        raise ModelError(f"{what} has the unknown element type {data_type}")
    return found


class Tensors:
    """Makes tensors of one model.

    Args:
        file: the mapped model file (None for a model in memory); skim: its windows; folder: where external data lies.
    """

    def __init__(self, file: MappedFile | None, skim: Skim | None, folder: Path | None) -> None:
        self._file, self._skim, self._folder = file, skim, folder
        self._external: dict[Path, MappedFile] = {}

    def tensor(self, proto: Any, what: str) -> Tensor:
        """The tensor of a TensorProto. Raises ModelError when payload and shape do not fit."""
        element = element_of(proto.data_type, what)
        shape = tuple(proto.dims)
        if any(d < 0 for d in shape):
            raise ModelError(f"{what} has the shape {list(shape)}")
        try:
            if proto.data_location == 1:
                try:
                    return self._from_external(proto, element, shape, what)
                except ModelError as e:
                    if tolerated(e):
                        return Absent(element, shape, e)
                    raise
            windows = self._skim.windows(proto.raw_data) if self._skim is not None else ()
            if windows:
                return self._from_windows(windows, element, shape, what)
            return _from_message(proto, element, shape, what)
        except ModelError as e:
            e.note(what)
            raise

    def sparse(self, proto: Any, what: str) -> Tensor:
        """A dense recipe for a SparseTensorProto (COO; linear or N-D indices)."""
        values, indices = self.tensor(proto.values, what), self.tensor(proto.indices, what)
        shape = tuple(proto.dims)
        total = math.prod(shape)
        if any(d < 0 for d in shape) or values.element.nbytes(total) > MAX_DENSE_BYTES:
            raise ModelError(f"{what} has the dense shape {list(shape)}, which cannot be right")
        if len(values.shape) != 1 or indices.shape not in ((values.size,), (values.size, len(shape))):
            raise ModelError(f"{what} has {values.size} values and indices of shape {list(indices.shape)}")
        positions = indices.numpy().astype(np.int64)
        limit = np.array([total] if positions.ndim == 1 else shape)
        if positions.size and (positions.min() < 0 or (positions.reshape(len(positions), -1) >= limit).any()):
            raise ModelError(f"{what} has an index outside of its shape {list(shape)}")
        linear = positions if positions.ndim == 1 else np.ravel_multi_index(tuple(positions.T), shape)

        def scatter(content: Any) -> Any:
            dense = np.zeros(total, content.dtype)
            dense[linear] = content
            return dense.reshape(shape)

        return Lazy(scatter, (values,), values.element, shape)

    # -- payloads

    def _from_windows(
        self, windows: tuple[Window, ...], element: ElementType, shape: tuple[int, ...], what: str
    ) -> Tensor:
        file = self._file
        assert file is not None
        fields = {w.field for w in windows}
        if len(fields) != 1:
            raise ModelError(f"{what} has its content in more than one form")
        field = fields.pop()
        first = windows[-1] if field == _RAW else windows[0]  # of a repeated singular field the last one counts
        plain = len(windows) == 1 and first.wire == BYTES
        if field == _RAW or (plain and (field, element) in ((_FLOATS, t.f32), (_DOUBLES, t.f64))):
            _check_bytes(first.length, element, shape, what)
            return Mapped(file, first.offset, element, shape)
        dtype = _FIELD_DTYPES[field]
        stored = count(file.buffer, windows, dtype)
        _check_count(stored, element, shape, what)
        return Lazy(lambda: _settle(scalars(file.buffer, windows, dtype), element, shape, what), (), element, shape)

    def _from_external(self, proto: Any, element: ElementType, shape: tuple[int, ...], what: str) -> Tensor:
        entries = {e.key: e.value for e in proto.external_data}
        location = entries.get("location", "")
        try:
            offset, length = int(entries.get("offset", 0)), int(entries.get("length", -1))
        except ValueError as e:
            raise ModelError(f"{what}: offset or length of its external data is not a number") from e
        if "length" in entries:
            _check_bytes(length, element, shape, what)
        return Mapped(self._open(location), offset, element, shape)

    def _open(self, location: str) -> MappedFile:
        if self._folder is None:
            raise ModelError(
                f'the model in memory has its weights in "{location}", and its folder is not known',
                "Load the model with its external data, or give the path of the file.",
            )
        path = self._folder / location
        found = self._external.get(path)
        if found is None:
            if not location or not _inside(path, self._allowed()):
                raise ModelError(
                    f'the model wants its weights from "{location}", which is outside of its folder',
                    "Put the weights next to the model and correct the location, if you trust the file.",
                )
            if not path.is_file():
                raise ModelError(
                    f'the file "{location}" with weights of the model is missing', f'Put it into "{self._folder}".'
                )
            found = self._external[path] = MappedFile(path)
        return found

    def _allowed(self) -> list[Path]:
        """The folder of the model, and the one it really lies in when the model is a symbolic link."""
        assert self._folder is not None
        folders = [self._folder.resolve()]
        if self._file is not None:
            folders.append(self._file.path.resolve().parent)
        return folders


def _inside(path: Path, folders: list[Path]) -> bool:
    resolved = path.resolve()
    return any(resolved.is_relative_to(folder) for folder in folders)


def _check_bytes(length: int, element: ElementType, shape: tuple[int, ...], what: str) -> None:
    wanted = element.nbytes(math.prod(shape))
    if length != wanted:
        raise ModelError(f"{what} ({element}{list(shape)}) needs {wanted} bytes, and the file has {length}")


def _check_count(stored: int, element: ElementType, shape: tuple[int, ...], what: str) -> None:
    per_item = 8 // element.bits if element.is_packed else 1
    if stored != -(-math.prod(shape) // per_item):
        raise ModelError(f"{what} ({element}{list(shape)}) has {stored} elements in the file")


def _from_message(proto: Any, element: ElementType, shape: tuple[int, ...], what: str) -> Tensor:
    """Payloads that are still in the parsed message: small ones, and those of a model in memory."""
    if element is t.string:
        texts = [s.decode("utf-8", "surrogateescape") for s in proto.string_data]
        _check_count(len(texts), element, shape, what)
        return Array(np.array(texts, dtype=object).reshape(shape), t.string, shape)
    if proto.HasField("raw_data"):
        _check_bytes(len(proto.raw_data), element, shape, what)
        data = np.frombuffer(proto.raw_data, dtype=element.storage)
        return Array(data if element.is_packed else data.reshape(shape), element, shape)
    for field, content in (
        (_FLOATS, proto.float_data),
        (_INT32, proto.int32_data),
        (_INT64, proto.int64_data),
        (_DOUBLES, proto.double_data),
        (_UINT64, proto.uint64_data),
    ):
        if len(content):
            _check_count(len(content), element, shape, what)
            return Array(_settle(np.array(content, dtype=_FIELD_DTYPES[field]), element, shape, what), element, shape)
    _check_count(0, element, shape, what)
    return Array(np.zeros(0 if element.is_packed else shape, element.storage), element, shape)


def _settle(content: Any, element: ElementType, shape: tuple[int, ...], what: str) -> Any:
    """Scalars of the typed fields to the stored form: int32_data also carries the bits of the small types."""
    if element.is_packed:
        return content.astype(np.uint8)
    if element in (t.f16, t.bf16) and content.dtype == np.int32:
        return content.astype(np.uint16).view(element.storage).reshape(shape)
    if element.dtype is None:
        with np.errstate(invalid="ignore"):  # numbers that are out of range
            return content.astype(element.storage).reshape(shape)
    return encode(content, element).reshape(shape)
