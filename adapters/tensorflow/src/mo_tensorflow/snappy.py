"""Snappy, the compression of blocks in tables (https://github.com/google/snappy/blob/main/format_description.txt)."""

from __future__ import annotations

MAX_BYTES = 1 << 28
"""A block that would grow beyond this is damaged."""


def decompress(data: memoryview) -> bytes:
    """The content of one compressed block; raises ValueError when it is damaged."""
    size, position = _length(data)
    out = bytearray()
    try:
        while position < len(data):
            tag = data[position]
            kind, position = tag & 3, position + 1
            if kind == 0:
                length, position = _literal(data, tag, position)
                if position + length > len(data):
                    raise ValueError("a text reaches out of the compressed data")
                out += data[position : position + length]
                position += length
            else:
                length, distance, position = _copy(data, tag, position)
                _repeat(out, length, distance)
            if len(out) > size:
                raise ValueError("the compressed data holds more than it says")
    except IndexError:
        raise ValueError("the compressed data is not complete") from None
    if len(out) != size:
        raise ValueError("the compressed data holds less than it says")
    return bytes(out)


def _length(data: memoryview) -> tuple[int, int]:
    value = shift = 0
    for byte in data[:5]:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if value > MAX_BYTES:
                break
            return value, shift // 7
    raise ValueError("the compressed data has no size")


def _literal(data: memoryview, tag: int, position: int) -> tuple[int, int]:
    """The length of a text that stands in the data, and where it begins."""
    length = tag >> 2
    if length < 60:
        return length + 1, position
    width = length - 59
    if position + width > len(data):
        raise IndexError
    return int.from_bytes(data[position : position + width], "little") + 1, position + width


def _copy(data: memoryview, tag: int, position: int) -> tuple[int, int, int]:
    """Length and distance of a text that was there before, and where the next tag is."""
    if tag & 3 == 1:
        return (tag >> 2 & 7) + 4, (tag >> 5) << 8 | data[position], position + 1
    width = 2 if tag & 3 == 2 else 4
    if position + width > len(data):
        raise IndexError
    return (tag >> 2) + 1, int.from_bytes(data[position : position + width], "little"), position + width


def _repeat(out: bytearray, length: int, distance: int) -> None:
    if not 0 < distance <= len(out):
        raise ValueError("the compressed data repeats what was not there")
    start = len(out) - distance
    piece = bytes(out[start : start + length])
    out += (piece * (length // len(piece) + 1))[:length]
