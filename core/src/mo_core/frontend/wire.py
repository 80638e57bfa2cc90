"""Protobuf skimmer: the small skeleton of a message, and windows on the heavy payloads that were cut out of it.

A model file is a few kilobytes of structure around megabytes of weights. `skim` walks the wire format
(https://protobuf.dev/programming-guides/encoding/), touches nothing but tags and lengths, and returns the same message
without its weights. The skeleton goes to the ordinary protobuf parser; every message that lost a payload carries a
small *reference* in one of its `bytes` fields, and `Skim.windows` turns that reference into the windows.

    TENSOR = Message("TensorProto", payloads={4, 5, 7, 9, 10, 11}, reference=9)
    GRAPH = Message("GraphProto", nested={5: TENSOR})
    NODE = GRAPH.nested[1] = Message("NodeProto")
    NODE.nested[5] = Message("AttributeProto", nested={5: TENSOR, 6: GRAPH})     # messages may be recursive

    found = skim(buffer, Message("ModelProto", nested={7: GRAPH}))
    model = onnx.ModelProto.FromString(found.skeleton)
    for tensor in model.graph.initializer:
        for window in found.windows(tensor.raw_data): ...
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mo_core.errors import ModelError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MAX_DEPTH = 100  # the limit of the protobuf parsers
_MAGIC = b"\x00mo:windows\x00"
_MAX_WINDOWS = 1 << 20  # ten times what the largest models have; bounds the memory that a hostile file can ask for
_CHUNK = 1 << 20
_FORGOTTEN = 4 << 20  # bytes between two calls of `forget`
_REMEDY = "The file is truncated, damaged or of another format; get it again from where it came."

Buffer = Any  # whatever memoryview takes: bytes, bytearray, mmap, numpy array
Parsed = TypeVar("Parsed")


class Window(NamedTuple):
    """Where a payload lies in the file.

    Attributes:
        field: the number of the field it belongs to.
        wire: `BYTES` for bytes and packed scalars (offset and length are those of the content), otherwise the wire
            type of a run of unpacked scalars (offset and length are those of the whole run, tags included).
        offset: first byte, counted from the start of the buffer.
        length: in bytes.
    """

    field: int
    wire: int
    offset: int
    length: int


class Message:
    """What the skimmer knows of a message type.

    Args:
        name: stands in error messages.
        nested: the sub-message fields to descend into, by number; may be extended later (recursive types).
        payloads: the heavy fields, by number.
        reference: the `bytes` field that holds the reference in the skeleton. It may be a payload itself.
    """

    def __init__(
        self, name: str, nested: Mapping[int, Message] | None = None, payloads: Collection[int] = (), reference: int = 0
    ) -> None:
        if payloads and not reference:
            raise ValueError(f"{name} has payloads, so it needs a reference field")
        self.name = name
        self.nested: dict[int, Message] = dict(nested or {})
        self.payloads = frozenset(payloads)
        self.reference = reference


class Skim:
    """The result of `skim`.

    Attributes:
        skeleton: the message without its payloads, for the ordinary parser.
        groups: the windows of each message that lost payloads, in file order.
    """

    def __init__(self, skeleton: bytes, groups: list[tuple[Window, ...]]) -> None:
        self.skeleton = skeleton
        self.groups = groups

    def windows(self, reference: bytes) -> tuple[Window, ...]:
        """Return the windows that `reference` stands for, in file order; empty when it is ordinary content."""
        if len(reference) != len(_MAGIC) + 4 or not reference.startswith(_MAGIC):
            return ()
        index = int.from_bytes(reference[len(_MAGIC) :], "little")
        if index >= len(self.groups):
            raise ModelError(f"the file refers to payload {index} of {len(self.groups)}", _REMEDY)
        return self.groups[index]


def skim(
    buffer: Buffer, message: Message, threshold: int = 4096, forget: Callable[[int, int], None] | None = None
) -> Skim:
    """Cut the heavy payloads out of an encoded `message`.

    A nested message shorter than `threshold` bytes is copied as it is, its payloads included; in every other message
    that is known to `message` all payloads are cut. Time is linear in the number of fields outside of copied messages.
    `forget(offset, length)` is told what has been passed: touching the tags of a mapped file brings in the pages around
    them, which would add up to the whole file.

    Raises:
        ModelError: what was walked is not well-formed; the byte offset and the path of messages are in the notes.
    """
    with memoryview(buffer).cast("B") as view:
        skimmer = _Skimmer(view, threshold, forget)
        try:
            skimmer.walk(message, 0, len(view))
            skimmer.passed(len(view))
            return Skim(b"".join(skimmer.out), skimmer.groups)
        except ModelError as error:
            disguise = masquerade(bytes(view[:512]))
            raise (ModelError(f"this is {disguise}, not a model") if disguise else error) from None
        finally:
            skimmer.out.clear()


def parse(decode: Callable[[bytes], Parsed], skeleton: bytes) -> Parsed:
    """Call `decode` (`SomeMessage.FromString`) on the skeleton, and turn what it raises into ModelError."""
    from google.protobuf.message import DecodeError

    try:
        return decode(skeleton)
    except (DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"the file is not well-formed protobuf: {error}", _REMEDY) from error


def masquerade(head: bytes) -> str:
    """Say what a file that was saved as a model really is, judged by its first bytes; empty for anything else."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if start.startswith(b"version https://git-lfs"):
        return "a git-LFS pointer (fetch the file itself with `git lfs pull`)"
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        return "an HTML or XML page (download the file itself, not the page about it)"
    if start.startswith((b"pk\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"rar!")):
        return "a compressed archive (unpack it first)"
    return ""


class _Skimmer:
    """One walk: `out` collects the skeleton as slices of the file, re-made lengths and references."""

    def __init__(self, view: memoryview, threshold: int, forget: Callable[[int, int], None] | None = None) -> None:
        self.view = view
        self.forget = forget
        self.forgotten = 0
        self.threshold = threshold
        self.out: list[bytes] = []
        self.size = 0
        self.groups: list[tuple[Window, ...]] = []
        self.count = 0
        self.path: list[str] = []

    def walk(self, message: Message, begin: int, end: int) -> None:
        """Emit the skeleton of the message that lies in `[begin, end)`."""
        self.path.append(message.name)
        if len(self.path) > MAX_DEPTH:
            raise self.error(f"messages are nested more than {MAX_DEPTH} deep", begin)
        nested, payloads, threshold = message.nested, message.payloads, self.threshold
        cut: list[Window] = []
        view, position, kept = self.view, begin, begin
        short = min(threshold, 0x80)
        while position < end:
            start = position
            # what nearly all fields are: a small message or text, which is copied as it is
            if position + 1 < end and view[start + 1] < short and 8 <= view[start] < 0x80 and view[start] & 7 == BYTES:
                stop = start + 2 + view[start + 1]
                if stop <= end and view[start] >> 3 not in payloads:
                    position = stop
                    continue
            field, wire, content, position = self.field(start, end)
            if field in payloads:
                if wire == BYTES:
                    cut.append(Window(field, wire, content, position - content))
                else:
                    position = self.run_end(start, content, position, wire, end)
                    cut.append(Window(field, wire, start, position - start))
                self.emit(bytes(self.view[kept:start]))
                kept = position
                if start - self.forgotten > _FORGOTTEN:
                    self.passed(start)
            elif wire == BYTES and position - content >= threshold and field in nested:
                self.emit(bytes(self.view[kept:start]))
                self.descend(nested[field], field, content, position)
                kept = position
        self.emit(bytes(self.view[kept:end]))
        if cut:
            self.refer(message, cut, begin)
        self.path.pop()

    def passed(self, position: int) -> None:
        """Everything ahead of `position` is not looked at again."""
        if self.forget is not None and position > self.forgotten:
            self.forget(self.forgotten, position - self.forgotten)
        self.forgotten = position

    def field(self, start: int, end: int) -> tuple[int, int, int, int]:
        """Read the head of one field; return number, wire type, first byte of the content and first byte after it."""
        view = self.view
        key, position = view[start], start + 1
        if key > 0x7F:
            key, position = self.varint(start, end)
        field, wire = key >> 3, key & 7
        if field == 0:
            raise self.error("a field has number 0", start)
        if wire == BYTES:
            if position < end and view[position] < 0x80:  # most lengths take one byte
                length, position = view[position], position + 1
            else:
                length, position = self.varint(position, end)
            content, position = position, position + length
        elif wire == VARINT:
            content, position = position, self.varint(position, end)[1]
        elif wire in (FIXED32, FIXED64):
            content, position = position, position + (4 if wire == FIXED32 else 8)
        else:
            raise self.error(f"field {field} has wire type {wire}, which no model format uses", start)
        if position > end:
            raise self.error(f"field {field} needs {position - content} bytes and {end - content} are left", start)
        return field, wire, content, position

    def varint(self, start: int, end: int) -> tuple[int, int]:
        """Read a number; return it and the first byte after it."""
        value = shift = 0
        for byte in self.view[start : min(start + 10, end)]:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value, start + shift // 7
        raise self.error("a number of more than 10 bytes" if end - start >= 10 else "the data ends in a number", start)

    def run_end(self, start: int, content: int, position: int, wire: int, end: int) -> int:
        """Return the end of a run of unpacked scalars whose first one lies in `[start, position)`."""
        view, tag = self.view, bytes(self.view[start:content])
        if wire == VARINT:
            while position + len(tag) <= end and view[position : position + len(tag)] == tag:
                position = self.varint(position + len(tag), end)[1]
            return position
        stride, rows = position - start, 64
        expected = np.frombuffer(tag, np.uint8)
        while rows := min(rows, (end - position) // stride):
            block = np.frombuffer(view[position : position + rows * stride], np.uint8).reshape(rows, stride)
            same = (block[:, : len(tag)] == expected).all(axis=1)
            matching = rows if same.all() else int(same.argmin())
            position += matching * stride
            if matching < rows:
                break
            rows = min(rows * 2, _CHUNK)  # so that what is looked at stays within twice the run
        return position

    def descend(self, message: Message, field: int, begin: int, end: int) -> None:
        """Emit a nested message, with the length that its skeleton turns out to have."""
        self.emit(_varint(field << 3 | BYTES))
        slot = len(self.out)
        self.out.append(b"")
        before = self.size
        self.walk(message, begin, end)
        length = self.out[slot] = _varint(self.size - before)
        self.size += len(length)

    def refer(self, message: Message, cut: Sequence[Window], begin: int) -> None:
        """Emit the reference to what was cut out of the message."""
        self.count += len(cut)
        if self.count > _MAX_WINDOWS:
            raise self.error(f"the file has more than {_MAX_WINDOWS} payloads", begin)
        reference = _MAGIC + len(self.groups).to_bytes(4, "little")
        self.groups.append(tuple(cut))
        self.emit(_varint(message.reference << 3 | BYTES) + _varint(len(reference)) + reference)

    def emit(self, piece: bytes) -> None:
        self.out.append(piece)
        self.size += len(piece)

    def error(self, fact: str, offset: int) -> ModelError:
        return ModelError(fact, _REMEDY, where=f"at byte {offset}, in {' / '.join(self.path[:8])}")


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def count(buffer: Buffer, windows: Sequence[Window], dtype: DTypeLike) -> int:
    """Number of scalars in the windows of a repeated field; `dtype` as in `scalars`.

    For floating-point fields nothing but tags is read. Raises ModelError when a window has a broken length.
    """
    dtype = np.dtype(dtype)
    return sum(_count(buffer, window, dtype) for window in windows)


def scalars(buffer: Buffer, windows: Sequence[Window], dtype: DTypeLike) -> NDArray[Any]:
    """Decode the windows of a repeated scalar field to a flat array.

    Floating-point types are read as fixed-width fields (`float`, `double`), all others as varints (`int32`, `uint64`,
    `bool`, ...), narrowed to `dtype` modulo its range. A single packed floating-point window is a view, not a copy.

    Raises:
        ModelError: a window does not hold whole scalars of this kind.
    """
    dtype = np.dtype(dtype)
    if len(windows) == 1:
        return _decode(buffer, windows[0], dtype)
    result = np.empty(count(buffer, windows, dtype), dtype)
    filled = 0
    for window in windows:
        part = _decode(buffer, window, dtype)
        result[filled : filled + part.size] = part
        filled += part.size
    return result


def varints(data: Buffer, dtype: DTypeLike = np.int64) -> NDArray[Any]:
    """Decode packed varints to a flat array of an integer or boolean type, in chunks of bounded size.

    Raises:
        ModelError: a number has more than 10 bytes, or the data ends in the middle of one.
    """
    raw = np.frombuffer(data, np.uint8)
    result = np.empty(_terminators(raw), dtype)
    position = filled = 0
    while position < raw.size:
        chunk = raw[position : position + _CHUNK]
        ends = np.flatnonzero(chunk < 0x80)
        if not ends.size or (position + chunk.size == raw.size and ends[-1] != chunk.size - 1):
            raise ModelError("the data ends in a number", _REMEDY, where=f"byte {raw.size} of packed numbers")
        values = _varint_values(chunk, ends, position)
        result[filled : filled + values.size] = values
        filled += values.size
        position += int(ends[-1]) + 1
    return result


def _varint_values(chunk: NDArray[np.uint8], ends: NDArray[Any], position: int) -> NDArray[np.int64]:
    starts = np.empty_like(ends)
    starts[0], starts[1:] = 0, ends[:-1] + 1
    lengths = ends - starts + 1
    longest = int(lengths.max())
    if longest > 10:
        offset = position + int(starts[lengths.argmax()])
        raise ModelError("a number of more than 10 bytes", _REMEDY, where=f"byte {offset} of packed numbers")
    values = np.bitwise_and(chunk[starts], 0x7F, dtype=np.uint64)
    for k in range(1, longest):
        (longer,) = np.nonzero(lengths > k)
        part = np.bitwise_and(chunk[starts[longer] + k], 0x7F, dtype=np.uint64)
        values[longer] |= np.left_shift(part, np.uint64(7 * k))
    signed: NDArray[np.int64] = values.view(np.int64)
    return signed


def _terminators(raw: NDArray[np.uint8]) -> int:
    return sum(int(np.count_nonzero(raw[at : at + _CHUNK] < 0x80)) for at in range(0, raw.size, _CHUNK))


def _decode(buffer: Buffer, window: Window, dtype: np.dtype[Any]) -> NDArray[Any]:
    raw = np.frombuffer(buffer, np.uint8, window.length, window.offset)
    if dtype.kind != "f":
        if window.wire not in (BYTES, VARINT):
            raise _misfit(window, dtype)
        return varints(raw, dtype) if window.wire == BYTES else varints(raw, dtype)[1::2]  # a tag is a varint too
    elements = _count(buffer, window, dtype)
    if window.wire == BYTES:
        return raw.view(dtype.newbyteorder("<"))
    tag = window.length // max(elements, 1) - dtype.itemsize
    result = np.empty(elements, dtype.newbyteorder("<"))
    result.view(np.uint8).reshape(elements, dtype.itemsize)[:] = raw.reshape(elements, -1)[:, tag:]
    return result


def _count(buffer: Buffer, window: Window, dtype: np.dtype[Any]) -> int:
    if dtype.kind != "f":
        raw = np.frombuffer(buffer, np.uint8, window.length, window.offset)
        return _terminators(raw) if window.wire == BYTES else _terminators(raw) // 2
    stride = dtype.itemsize
    if window.wire != BYTES:
        if window.wire != {4: FIXED32, 8: FIXED64}.get(dtype.itemsize):
            raise _misfit(window, dtype)
        tag = np.frombuffer(buffer, np.uint8, min(window.length, 10), window.offset)
        stride += int((tag < 0x80).argmax()) + 1
    if window.length % stride:
        raise _misfit(window, dtype)
    return window.length // stride


def _misfit(window: Window, dtype: np.dtype[Any]) -> ModelError:
    return ModelError(
        f"field {window.field} has {window.length} bytes of wire type {window.wire}, not whole {dtype} numbers",
        _REMEDY,
        where=f"at byte {window.offset}",
    )
