"""The fields that Caffe's messages declare, and messages as plain data.

A network is the same plain data wherever it was read from: a message is a dict of the fields that are set, a repeated
field is a list, an enumeration is its name, text is `str`. Blobs of a .caffemodel are `Blob`s.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from mo_caffe import caffe_pb2
from mo_core.frontend.textformat import decode

Plain = dict[str, Any]

_INTEGERS = {3: (64, True), 4: (64, False), 5: (32, True), 13: (32, False)}  # FieldDescriptor.TYPE_*: bits, signed
_KINDS = {1: "float", 2: "float", 8: "bool", 9: "text", 11: "message", 12: "text", 14: "enum"} | dict.fromkeys(
    _INTEGERS, "integer"
)


class Field(NamedTuple):
    """What the text format must know of a field.

    Attributes:
        kind: "integer", "float", "bool", "text", "enum" or "message".
        repeated: True for a list of values.
        limits: the lowest and the highest value of an integer.
        members: the names of an enumeration, by number.
        fields: the fields of a message.
    """

    kind: str
    repeated: bool
    limits: tuple[int, int] = (0, 0)
    members: Mapping[int, str] = {}
    message: str = ""

    @property
    def fields(self) -> Mapping[str, Field]:
        return fields_of(self.message)


@functools.cache
def fields_of(message: str) -> Mapping[str, Field]:
    """The fields of the message of this name, by name."""
    descriptor = getattr(caffe_pb2, message).DESCRIPTOR
    return {field.name: _field(field) for field in descriptor.fields}


def _field(descriptor: Any) -> Field:
    kind, repeated = _KINDS[descriptor.type], _is_repeated(descriptor)
    if kind == "integer":
        bits, signed = _INTEGERS[descriptor.type]
        return Field(kind, repeated, limits=(-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1))
    if kind == "enum":
        return Field(kind, repeated, members={v.number: v.name for v in descriptor.enum_type.values})
    return Field(kind, repeated, message=descriptor.message_type.name if kind == "message" else "")


def _is_repeated(descriptor: Any) -> bool:
    if hasattr(descriptor, "is_repeated"):
        return bool(descriptor.is_repeated)
    return bool(descriptor.label == descriptor.LABEL_REPEATED)  # protobuf before 6.31


def single(value: float) -> float:
    """The value as Caffe has it, in single precision; but 0.1 as it is written, and not 0.10000000149011612."""
    with np.errstate(over="ignore"):
        return float(str(np.float32(value)))


def plain(message: Any, blob: Callable[[Any, int, Any], Any]) -> Plain:
    """A parsed message as plain data; `blob(owner, index, message)` makes what stands for each BlobProto."""
    declared = fields_of(message.DESCRIPTOR.name)
    result: Plain = {}
    for descriptor, value in message.ListFields():
        name, field = descriptor.name, declared[descriptor.name]
        if field.message == "BlobProto":
            result[name] = [blob(message, index, element) for index, element in enumerate(value)]
        elif field.repeated:
            result[name] = [_value(element, field, blob) for element in value]
        else:
            result[name] = _value(value, field, blob)
    return result


def _value(value: Any, field: Field, blob: Callable[[Any, int, Any], Any]) -> Any:
    if field.kind == "message":
        return plain(value, blob)
    if field.kind == "enum":
        return field.members[value]
    if field.kind == "float":
        return single(value)
    return decode(value) if field.kind == "text" else value
