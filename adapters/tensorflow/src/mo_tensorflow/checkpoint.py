"""Checkpoints: the tensors of a training, by name, as windows on their files.

Version 2 (TensorBundle) has an index, `prefix.index`, and shards, `prefix.data-00000-of-00001`; version 1 is one file
or several, `prefix-00000-of-00002`. A tensor may be stored in slices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from mo_core.errors import ModelError, UsageError
from mo_core.frontend.wire import Skim, parse, skim
from mo_core.ir import types as t
from mo_core.ir.sources import read_source, tolerated
from mo_core.ir.tensor import Absent, Array, Lazy, MappedFile, Tensor
from mo_tensorflow.elements import COMPLEX, element_of
from mo_tensorflow.proto import tensorflow_pb2 as pb
from mo_tensorflow.schema import SAVED_SLICES
from mo_tensorflow.table import Table, is_table
from mo_tensorflow.tensors import Tensors, shape_of, stored

Extent: TypeAlias = "tuple[int, int]"
"""Start and length along one axis; a length of -1 means all of it."""

OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_STATE_FILE = "checkpoint"
_PATH = re.compile(rb'model_checkpoint_path\s*:\s*"((?:[^"\\]|\\.)*)"')
_SHARD = re.compile(r"\.data-\d{5}-of-\d{5}$|\.index$|\.meta$")


class Checkpoint:
    """The tensors of a checkpoint."""

    def names(self) -> list[str]:
        """Names of all tensors, in order."""
        raise NotImplementedError

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a tensor; None when there is none of that name."""
        raise NotImplementedError

    def tensor(self, name: str) -> Tensor:
        """The tensor of that name; slices are put together when it is written. Raises ModelError, KeyError."""
        raise NotImplementedError


def open_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint of a prefix, of one of its files, or the newest of a folder.

    Raises UsageError when there is none, ModelError when it is damaged.
    """
    prefix = newest(path) if path.is_dir() else path
    if _SHARD.search(prefix.name) and not prefix.with_name(_SHARD.sub("", prefix.name) + ".index").exists():
        raise ModelError(
            f'"{prefix.name}" belongs to a checkpoint whose index is missing', "Copy the .index file to it, too."
        )
    prefix = prefix.with_name(_SHARD.sub("", prefix.name))
    index = prefix.with_name(prefix.name + ".index")
    if index.is_file():
        return Bundle(prefix)
    files = [prefix] if prefix.is_file() else sorted(prefix.parent.glob(f"{_literal(prefix.name)}-?????-of-?????"))
    if not files:
        raise UsageError(
            f'there is no checkpoint "{path}"', "Give its prefix, such as folder/model.ckpt, or its folder."
        )
    return Slices([MappedFile(f) for f in files])


def _literal(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)


def newest(folder: Path) -> Path:
    """What the file `checkpoint` of a folder names, else its only checkpoint."""
    state = folder / _STATE_FILE
    if state.is_file():
        found = _PATH.search(read_source(state, 1 << 20))
        if (
            found is not None
        ):  # only the name counts: folders are moved, and a model says not what is read outside of it
            return folder / Path(found[1].decode("utf-8", "surrogateescape")).name
    prefixes = sorted(f.with_suffix("") for f in folder.glob("*.index"))
    if len(prefixes) == 1:
        return prefixes[0]
    count = f"{len(prefixes)} checkpoints" if prefixes else "no checkpoint"
    raise UsageError(f'there is {count} in "{folder}"', "Name one by its prefix, such as folder/model.ckpt.")


# -- version 2


class Bundle(Checkpoint):
    """A checkpoint of version 2."""

    def __init__(self, prefix: Path) -> None:
        self._prefix = prefix
        self._index = MappedFile(prefix.with_name(prefix.name + ".index"))
        self._shards: dict[int, MappedFile] = {}
        table = Table(self._index)
        self._entries = {entry.key: bytes(entry.value) for entry in table.entries()}
        if b"" not in self._entries:
            raise ModelError(f'"{self._index.path.name}" is no index of a checkpoint: it has no header')
        header = self._parse(pb.BundleHeaderProto, b"")
        if header.endianness:
            raise ModelError(f'"{self._index.path.name}" was written on a big-endian machine, which is not supported')
        self._count = header.num_shards

    def names(self) -> list[str]:
        return [k.decode("utf-8", "surrogateescape") for k in self._entries if k and not k.startswith(b"\0")]

    def shape(self, name: str) -> tuple[int, ...] | None:
        key = _bytes(name)
        return shape_of(self._parse(pb.BundleEntryProto, key).shape, name) if key in self._entries else None

    def tensor(self, name: str) -> Tensor:
        entry = self._parse(pb.BundleEntryProto, _bytes(name))
        if not len(entry.slices):
            return self._stored(entry, name)
        shape = shape_of(entry.shape, f'variable "{name}"')
        parts = []
        for proto in entry.slices:
            extents = _extents(proto)
            key = slice_key(name, extents)
            if key not in self._entries:
                raise ModelError(f'the slice {extents} of the variable "{name}" is not in the checkpoint')
            stored = self._stored(self._parse(pb.BundleEntryProto, key), name)
            parts.append(Slice(extents, stored))
        return assembled(parts, shape, name)

    def _parse(self, kind: Any, key: bytes) -> Any:
        return parse(kind.FromString, self._entries[key])

    def _stored(self, entry: Any, name: str) -> Tensor:
        what = f'variable "{name}"'
        parts = COMPLEX.get(entry.dtype)
        element = parts or element_of(entry.dtype, what)
        shape = shape_of(entry.shape, what) + ((2,) if parts else ())
        try:
            file = self._shard(entry.shard_id)
            if element is t.string:
                return _texts(bytes(file.window(entry.offset, entry.size)), shape, what)
            return stored(file, entry.offset, entry.size, element, shape, what)
        except ModelError as e:
            if tolerated(e):
                return Absent(element, shape, e)
            raise

    def _shard(self, number: int) -> MappedFile:
        found = self._shards.get(number)
        if found is None:
            name = f"{self._prefix.name}.data-{number:05d}-of-{self._count:05d}"
            path = self._prefix.with_name(name)
            if not path.is_file():
                raise ModelError(
                    f'the file "{name}" with variables of the model is missing', f'Put it into "{path.parent}".'
                )
            found = self._shards[number] = MappedFile(path)
        return found


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _texts(content: bytes, shape: tuple[int, ...], what: str) -> Tensor:
    """Texts in a shard: their lengths as varints, a check sum of 4 bytes, then the texts one after the other."""
    count = int(np.prod(shape, dtype=object))
    lengths: list[int] = []
    position = 0
    while len(lengths) < count:
        value = shift = 0
        while True:
            if position >= len(content) or shift > 63:
                raise ModelError(f"{what} is damaged: it has no {count} texts")
            byte = content[position]
            value, shift, position = value | (byte & 0x7F) << shift, shift + 7, position + 1
            if byte < 0x80:
                break
        lengths.append(value)
    position += 4
    if position + sum(lengths) != len(content):
        raise ModelError(f"{what} is damaged: its texts do not fill its room")
    texts = np.empty(count, dtype=object)
    for i, length in enumerate(lengths):
        texts[i] = content[position : position + length].decode("utf-8", "surrogateescape")
        position += length
    return Array(texts.reshape(shape), t.string, shape)


def slice_key(name: str, extents: Sequence[Extent]) -> bytes:
    """The key under which the index has a slice of a tensor; numbers and texts are written so that keys sort."""
    escaped = _bytes(name).replace(b"\x00", b"\x00\xff")  # UTF-8 has no other byte that would need it
    numbers = [_signed(n) for extent in extents for n in extent]
    return b"\x00" + escaped + b"\x00\x01" + _unsigned(len(extents)) + b"".join(numbers)


def _unsigned(number: int) -> bytes:
    digits = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([len(digits)]) + digits


def _signed(number: int) -> bytes:
    """The length in unary bits at the front, then the number in two's complement."""
    length = (number if number >= 0 else ~number).bit_length() // 7 + 1
    header = ((1 << length) - 1) << 7 * length
    return ((number & ((1 << 8 * length) - 1)) ^ header).to_bytes(length, "big")


# -- version 1


class Slices(Checkpoint):
    """A checkpoint of version 1: tables that hold the tensors themselves."""

    def __init__(self, files: Sequence[MappedFile]) -> None:
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._types: dict[str, int] = {}
        self._parts: dict[str, list[tuple[Sequence[Extent], Tensors, Any]]] = {}
        for file in files:
            if not is_table(file):
                raise ModelError(f'"{file.path.name}" is no checkpoint', "Give its prefix, such as folder/model.ckpt.")
            self._read(file)

    def _read(self, file: MappedFile) -> None:
        for key, value, offset in Table(file).entries():
            found = skim(value, SAVED_SLICES) if offset >= 0 else Skim(bytes(value), [])
            proto = parse(pb.SavedTensorSlices.FromString, found.skeleton)
            if not key:
                for meta in proto.meta.tensor:
                    self._shapes[meta.name] = shape_of(meta.shape, f'variable "{meta.name}"')
                    self._types[meta.name] = meta.type
                continue
            groups = [tuple(w._replace(offset=w.offset + offset) for w in group) for group in found.groups]
            tensors = Tensors(file, Skim(b"", groups))
            part = _extents(proto.data.slice), tensors, proto.data.data
            self._parts.setdefault(proto.data.name, []).append(part)

    def names(self) -> list[str]:
        return [name for name in self._shapes if name in self._parts]

    def shape(self, name: str) -> tuple[int, ...] | None:
        return self._shapes.get(name)

    def tensor(self, name: str) -> Tensor:
        shape, parts = self._shapes[name], []
        for extents, tensors, proto in self._parts[name]:
            sizes = [n if n >= 0 else size for (_, n), size in zip(extents, shape)]
            proto.dtype = self._types[name]  # a slice does not repeat what it is
            proto.tensor_shape.CopyFrom(pb.TensorShapeProto(dim=[pb.TensorShapeProto.Dim(size=n) for n in sizes]))
            parts.append(Slice(extents, tensors.tensor(proto, f'variable "{name}"')))
        return assembled(parts, shape, name)


# -- slices


@dataclass(frozen=True)
class Slice:
    """A part of a tensor: where it is, and what is in it."""

    extents: Sequence[Extent]
    tensor: Tensor


def _extents(proto: Any) -> list[Extent]:
    return [(e.start, e.length if e.HasField("length") else -1) for e in proto.extent]


def assembled(parts: Sequence[Slice], shape: tuple[int, ...], name: str) -> Tensor:
    """The tensor of this shape that slices cover; raises ModelError when they do not cover it."""
    places, covered = [], 0
    for part in parts:
        place = []
        if len(part.extents) != len(shape):
            raise ModelError(f'a slice of the variable "{name}" has {len(part.extents)} axes, and it has {len(shape)}')
        for (start, length), size in zip(part.extents, shape):
            stop = start + length if length >= 0 else size
            if not 0 <= start <= stop <= size:
                raise ModelError(f'a slice of the variable "{name}" reaches from {start} to {stop} of {size}')
            place.append(slice(start, stop))
        if part.tensor.shape[: len(shape)] != tuple(p.stop - p.start for p in place):
            raise ModelError(f'a slice of the variable "{name}" has the shape {list(part.tensor.shape)}')
        covered += part.tensor.size
        places.append(tuple(place))
    tail = parts[0].tensor.shape[len(shape) :] if parts else ()
    whole, element = (*shape, *tail), parts[0].tensor.element if parts else t.f32
    if covered != int(np.prod(whole, dtype=object)):
        raise ModelError(f'the variable "{name}" is not complete: {covered} of its elements are in the checkpoint')
    if len(parts) == 1:
        return parts[0].tensor
    return Lazy(lambda *arrays: _filled(arrays, places, whole), [p.tensor for p in parts], element, whole)


def _filled(arrays: Sequence[Any], places: Sequence[Any], shape: tuple[int, ...]) -> Any:
    made = np.empty(shape, arrays[0].dtype)
    for array, place in zip(arrays, places):
        made[place] = array
    return made


def sliced(tensor: Tensor, spec: str, what: str) -> Tensor:
    """The part of a tensor that a restore op asks for: `10 5 0,5:-` is the first five rows of ten.

    An empty text means all of it. Raises ModelError.
    """
    if not spec:
        return tensor
    words = spec.split(" ")
    places = []
    for word, size in zip(words[-1].split(":"), tensor.shape):
        start, _, length = word.partition(",")
        if word == "-":
            places.append(slice(0, size))
        elif start.isdecimal() and length.isdecimal() and int(start) + int(length) <= size:
            places.append(slice(int(start), int(start) + int(length)))
        else:
            raise ModelError(f'{what} is restored from the slice "{spec}", which it does not have')
    if len(places) != len(tensor.shape):
        raise ModelError(f'{what} is restored from the slice "{spec}", and it has {len(tensor.shape)} axes')
    shape = tuple(p.stop - p.start for p in places)
    if shape == tensor.shape:
        return tensor
    return Lazy(lambda whole: np.ascontiguousarray(whole[tuple(places)]), [tensor], tensor.element, shape)


def object_names(checkpoint: Checkpoint) -> Iterator[tuple[str, str]]:
    """Full names of variables and their names in a checkpoint of objects."""
    if checkpoint.shape(OBJECT_GRAPH) is None:
        return
    content = str(checkpoint.tensor(OBJECT_GRAPH).numpy().reshape(-1)[0])
    graph = parse(pb.TrackableObjectGraph.FromString, _bytes(content))
    for node in graph.nodes:
        for attribute in node.attributes:
            if attribute.full_name:
                yield attribute.full_name, attribute.checkpoint_key
