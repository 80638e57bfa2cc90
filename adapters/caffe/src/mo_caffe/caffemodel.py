"""Reads .caffemodel and .binaryproto: layers and blobs, whose values stay in the file.

The files are messages of `caffe.proto`. The payloads of blobs become windows (`mo_core.frontend.wire`); what training
needs (`diff`) is never looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from mo_caffe import caffe_pb2
from mo_caffe.schema import Plain, plain
from mo_core.errors import ModelError
from mo_core.frontend.textformat import decode
from mo_core.frontend.wire import BYTES, Buffer, Message, Skim, Window, count, parse, scalars, skim
from mo_core.ir import types
from mo_core.ir.types import ElementType

MAX_AXES = 32  # Caffe's own limit
_REMEDY = "Give the .caffemodel that was trained with this network; if it is the one, get it again from its source."
_DATA, _DOUBLE, _RAW = 5, 8, 12
_FIELDS = {types.f32: _DATA, types.f64: _DOUBLE}
_RAW_TYPES = {"DOUBLE": types.f64, "FLOAT": types.f32, "FLOAT16": types.f16}

_BLOB = Message("BlobProto", payloads={_DATA, 6, _DOUBLE, 9, _RAW, 13}, reference=100000)
_V0 = Message("V0LayerParameter", nested={50: _BLOB})
_V1 = Message("V1LayerParameter", nested={1: _V0, 6: _BLOB})
_NET = Message("NetParameter", nested={2: _V1, 100: Message("LayerParameter", nested={7: _BLOB})})


@dataclass(frozen=True)
class Blob:
    """A learned array; its values lie in the file.

    Attributes:
        shape: as the file says: `shape`, or num, channels, height, width of old files (always four then).
        element: f32, f64 or f16.
        windows: where the values lie, in order; one packed window in all but the oldest files.
    """

    shape: tuple[int, ...]
    element: ElementType
    windows: tuple[Window, ...]

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def is_plain(self) -> bool:
        """True when the values are one stretch of the file, byte by byte as they are stored."""
        return len(self.windows) == 1 and self.windows[0].wire == BYTES

    def array(self, buffer: Buffer) -> NDArray[Any]:
        """The values from the file: a view when `is_plain`, decoded otherwise."""
        return scalars(buffer, self.windows, self.element.storage).reshape(self.shape)


def read_caffemodel(buffer: Buffer, complete: bool, forget: Callable[[int, int], None] | None = None) -> Plain:
    """Read a trained network.

    Args:
        buffer: the mapped file.
        complete: False gives names, types, connections and blobs only, which is what every fork writes alike; True
            gives the parameters of the layers as well.
        forget: gives pages of the file back, (offset, length), that have been passed.

    Returns:
        A NetParameter as plain data (see `schema`); the elements of `blobs` are `Blob`s.

    Raises:
        ModelError: the file is truncated, of another format, or has a blob whose shape and values disagree.
    """
    found = skim(buffer, _NET, threshold=0, forget=forget)
    message = caffe_pb2.NetParameter if complete else caffe_pb2.TrainedNet

    def blob(owner: Any, index: int, encoded: Any) -> Blob:
        try:
            return _blob(encoded, buffer, found)
        except ModelError as error:
            raise error.note(f'blob {index} of layer "{decode(owner.name)}"') from None

    return plain(parse(message.FromString, found.skeleton), blob)


def read_binaryproto(buffer: Buffer) -> Blob:
    """Read the single blob of a .binaryproto (a mean image); raises ModelError as `read_caffemodel` does."""
    found = skim(buffer, _BLOB, threshold=0)
    return _blob(parse(caffe_pb2.BlobProto.FromString, found.skeleton), buffer, found)


def _blob(message: Any, buffer: Buffer, found: Skim) -> Blob:
    by_field: dict[int, list[Window]] = {}
    for window in found.windows(message.windows):
        by_field.setdefault(window.field, []).append(window)
    element, windows = _values(message, by_field)
    shape = _shape(message)
    values = count(buffer, windows, element.storage)
    if math.prod(shape) != values:
        raise ModelError(f"the shape {list(shape)} does not fit the {values} values in the file", _REMEDY)
    return Blob(shape, element, windows)


def _values(message: Any, by_field: dict[int, list[Window]]) -> tuple[ElementType, tuple[Window, ...]]:
    if _RAW in by_field:
        name = caffe_pb2.BlobProto.RawType.Name(message.raw_data_type)
        if name not in _RAW_TYPES:
            raise ModelError(f"the values are of type {name}, and only floating-point values are known")
        return _RAW_TYPES[name], (by_field[_RAW][-1],)  # a field that does not repeat: the last one counts
    element = types.f64 if _DOUBLE in by_field else types.f32
    return element, tuple(by_field.get(_FIELDS[element], ()))


def _shape(message: Any) -> tuple[int, ...]:
    legacy = ("num", "channels", "height", "width")
    old = any(message.HasField(name) for name in legacy)
    shape = tuple(getattr(message, name) for name in legacy) if old else tuple(message.shape.dim)
    if len(shape) > MAX_AXES or any(dim < 0 for dim in shape):
        raise ModelError(f"the shape {list(shape[: MAX_AXES + 1])} is impossible", _REMEDY)
    return shape
