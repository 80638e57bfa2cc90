"""Colour on a terminal, where it is wanted (https://no-color.org)."""

from __future__ import annotations

import os
from typing import TextIO

_CODES = {"error": "31;1", "note": "33"}


def coloured(text: str, kind: str, stream: TextIO | None) -> str:
    """The text in the colour of a kind of message, when the stream is a terminal that shows colours."""
    return f"\x1b[{_CODES[kind]}m{text}\x1b[0m" if _shows(stream) else text


def notes(text: str, stream: TextIO | None) -> str:
    """A text with the word "note:" at the beginning of its lines coloured."""
    if not _shows(stream):
        return text
    head = coloured("note:", "note", stream)
    return "\n".join(head + line[5:] if line.startswith("note:") else line for line in text.split("\n"))


def _shows(stream: TextIO | None) -> bool:
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False
