"""Sorted tables: the file format of checkpoint indices, and of whole checkpoints of version 1.

The format is that of LevelDB (https://github.com/google/leveldb/blob/main/doc/table_format.md): blocks of keys with
shared beginnings, a block that lists the blocks, and a footer that says where that one is. Blocks are compressed with
Snappy, or not at all: then every value is a window on the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mo_core.errors import ModelError
from mo_core.ir.tensor import MappedFile
from mo_tensorflow.snappy import decompress

_FOOTER = 48
_MAGIC = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
_SNAPPY = 1
_TRAILER = 5  # a byte that says how a block is compressed, and a check sum
MAX_ENTRIES = 1 << 22
"""A checkpoint with more entries than this is damaged."""


def is_table(file: MappedFile) -> bool:
    """True when the file ends as a table does."""
    return file.size >= _FOOTER and bytes(file.buffer[-8:]) == _MAGIC


class Entry(NamedTuple):
    """A key, its value, and where the value begins in the file (-1: its block is compressed)."""

    key: bytes
    value: memoryview
    offset: int


class Table:
    """A table in a mapped file; raises ModelError when it is damaged."""

    def __init__(self, file: MappedFile) -> None:
        if not is_table(file):
            raise ModelError(f'"{file.path.name}" is no checkpoint: it does not end as one', _REMEDY)
        self.file = file

    def entries(self) -> Iterator[Entry]:
        """All entries, in the order of their keys."""
        footer = self.file.buffer[-_FOOTER:]
        position = 0
        for _ in range(2):  # the handle of the block of metadata, which nobody needs
            _, position = self._number(footer, position)
        start, position = self._number(footer, position)
        length, _ = self._number(footer, position)
        count = blocks = 0
        for _, handle, _ in self._block(start, length):
            start, position = self._number(handle, 0)
            length, _ = self._number(handle, position)
            blocks += length
            if blocks > self.file.size:  # else many handles of one block would read it again and again
                raise self._damaged("its blocks overlap")
            for entry in self._block(start, length):
                count += 1
                if count > MAX_ENTRIES:
                    raise self._damaged("it has too many entries")
                yield entry

    def _block(self, start: int, length: int) -> Iterator[Entry]:
        if start + length + _TRAILER > self.file.size:
            raise self._damaged(f"a block of {length} bytes at byte {start} is not in it")
        block, compression = self.file.buffer[start : start + length], self.file.buffer[start + length]
        if compression == _SNAPPY:
            try:
                block, start = memoryview(decompress(block)), -1
            except ValueError as e:
                raise self._damaged(f"{e} in the block at byte {start}") from None
        elif compression:
            raise self._damaged(f"the block at byte {start} is compressed in the unknown way {compression}")
        restarts = int.from_bytes(block[-4:], "little")
        stop = len(block) - 4 - 4 * restarts
        if stop < 0:
            raise self._damaged(f"a block of {len(block)} bytes says that it has {restarts} restarts")
        key, position = b"", 0
        while position < stop:
            shared, position = self._number(block, position)
            own, position = self._number(block, position)
            size, position = self._number(block, position)
            if shared > len(key) or position + own + size > stop:
                raise self._damaged("an entry reaches out of its block")
            key = key[:shared] + bytes(block[position : position + own])
            position += own
            yield Entry(key, block[position : position + size], start + position if start >= 0 else -1)
            position += size

    def _number(self, data: memoryview, position: int) -> tuple[int, int]:
        value = shift = 0
        for byte in data[position : position + 10]:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value, position + shift // 7
        raise self._damaged("a number is not complete")

    def _damaged(self, fact: str) -> ModelError:
        return ModelError(f'"{self.file.path.name}" is a damaged checkpoint: {fact}', _REMEDY)


_REMEDY = "Copy the checkpoint again; its files belong together."
