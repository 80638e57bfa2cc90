"""Which message a file is: a GraphDef, a MetaGraphDef or a SavedModel."""

from __future__ import annotations

from pathlib import Path

from mo_core.frontend.wire import Message
from mo_core.ir.tensor import MappedFile
from mo_tensorflow.schema import GRAPH, META_GRAPH, SAVED_MODEL

_VERSION, _FIRST, _NAME = 0x08, 0x0A, 0x0A  # tags: of a number, and of bytes, in field 1


def kind_of(file: MappedFile, path: Path) -> Message:
    """What a binary file is, whatever it is called.

    A SavedModel begins with a number. The others begin with field 1: in a GraphDef that is a node, which begins with
    its name; in a MetaGraphDef a description, which does not. Where that does not decide, the suffix does.
    """
    head = bytes(file.buffer[:16])
    if head[:1] == bytes([_VERSION]):
        return SAVED_MODEL
    if head[:1] == bytes([_FIRST]):
        content = next((i + 1 for i, byte in enumerate(head[1:], 1) if byte < 0x80), 0)  # after the length
        return GRAPH if head[content : content + 1] == bytes([_NAME]) else META_GRAPH
    return META_GRAPH if path.suffix.lower() == ".meta" else GRAPH
