"""Models as text: the text format of protobuf (.pbtxt)."""

from __future__ import annotations

import re
from typing import Any

from mo_core.errors import ModelError
from mo_core.frontend.wire import Message, masquerade
from mo_tensorflow.schema import CLASSES, GRAPH, META_GRAPH, SAVED_MODEL

MAX_BYTES = 1 << 28
_FIELD = re.compile(rb"\s*(?:#[^\n]*\n\s*)*([a-z_]+)\s*[:{<]")
_MAX_DEPTH = 64
_KINDS = {b"saved_model_schema_version": SAVED_MODEL, b"meta_graphs": SAVED_MODEL} | dict.fromkeys(
    (b"meta_info_def", b"graph_def", b"saver_def", b"collection_def", b"signature_def"), META_GRAPH
)
_GRAPH_FIELDS = (b"node", b"library", b"versions", b"version")


def kind_of_text(head: bytes) -> Message | None:
    """Which message a file is that begins like this; None when it is no text of any."""
    found = _FIELD.match(head.removeprefix(b"\xef\xbb\xbf"))
    if found is None or b"\0" in head:
        return None
    return GRAPH if found[1] in _GRAPH_FIELDS else _KINDS.get(found[1])


def parse_text(content: bytes, message: Message) -> Any:
    """Parse a text as GRAPH, META_GRAPH or SAVED_MODEL; fields that conversion does not need are skipped.

    Raises ModelError with line and column.
    """
    from google.protobuf import text_format

    disguise = masquerade(content[:512])
    if disguise:
        raise ModelError(f"this is {disguise}, not a model")
    if len(content) > MAX_BYTES:
        raise ModelError(f"the text has {len(content)} bytes, and no model needs more than {MAX_BYTES}")
    _check_depth(content)
    try:
        return text_format.Parse(content, CLASSES[message](), allow_unknown_field=True)
    except (text_format.ParseError, UnicodeDecodeError, ValueError, TypeError) as e:
        raise ModelError(f"the text is damaged: {e}", "Correct it there, or write the model again.") from e


def _check_depth(content: bytes) -> None:
    """Raise ModelError when brackets are nested deeper than in any model: the parser recurses over them."""
    depth = deepest = 0
    for found in re.finditer(rb'"(?:[^"\\\n]|\\.)*"|[{}<>]', content):
        if found[0] in b"{<":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in b"}>":
            depth -= 1
    if deepest > _MAX_DEPTH:
        raise ModelError(f"messages are nested more than {_MAX_DEPTH} deep")
