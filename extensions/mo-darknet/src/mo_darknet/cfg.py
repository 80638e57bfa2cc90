"""The text of a `.cfg`: sections of keys, each with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mo_core.errors import ModelError
from mo_core.ir.sources import read_source

_LIMIT = 1 << 24
"""Bytes of the longest text that is read; real ones have some 10 KB."""

_LISTS = ("layers", "from", "mask", "anchors")


@dataclass
class Section:
    """One section: a layer, or `[net]`.

    Attributes:
        kind: the word in brackets; number: of the layer, as `route` counts; line: in the file; keys: whole and real
        numbers, texts, and tuples for what is a list; lines: of the keys.
    """

    kind: str
    number: int
    line: int
    keys: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def place(self, key: str = "") -> str:
        """Where the section, or one of its keys, is."""
        layer = f"layer {self.number}, " if self.number >= 0 else ""
        return f"[{self.kind}], {layer}line {self.lines.get(key, self.line)}"

    def whole(self, key: str, default: int | None = None, least: int = 0) -> int:
        """A whole number; raises ModelError when it is missing, something else, or less than `least`."""
        value = self.keys.get(key, default)
        if value is None:
            raise ModelError(f'the key "{key}" is missing', "Add it, or fetch the .cfg again.", where=self.place())
        if not isinstance(value, int) or value < least:
            expected = f"a whole number of at least {least}"
            raise ModelError(f'"{key}" is {value}, and not {expected}', "Correct it.", where=self.place(key))
        return value

    def layers(self, key: str) -> list[int]:
        """Numbers of earlier layers; negative ones count back from this one."""
        if key not in self.keys:
            self.whole(key)
        found = [n + self.number if isinstance(n, int) and n < 0 else n for n in self.keys[key]]
        for n in found:
            if not isinstance(n, int) or not 0 <= n < self.number:
                raise ModelError(f'"{key}" refers to {n}, which is no earlier layer', where=self.place(key))
        if not found:
            raise ModelError(f'"{key}" refers to no layer', where=self.place(key))
        return found


def read_sections(path: Path) -> list[Section]:
    """The sections of a file, `[net]` first; raises ModelError with the line."""
    try:
        text = read_source(path, _LIMIT + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise ModelError(f'cannot read "{path}" as text: {e}', "Give the .cfg of a network.") from e
    refuse_pointer(path, text[:64].encode())
    if len(text) > _LIMIT:
        raise ModelError(f'"{path}" has more than {_LIMIT >> 20} MB of text', "Give the .cfg of a network.")
    sections: list[Section] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = re.split("[#;]", line, maxsplit=1)[0].strip()
        if line.startswith("["):
            sections.append(Section(line.strip("[] \t").lower(), len(sections) - 1, number))
        elif line:
            key, equals, value = (part.strip() for part in line.partition("="))
            if not equals or not key or not sections:
                raise ModelError(f'"{line[:40]}" is neither a [section] nor key=value', where=f"line {number}")
            sections[-1].keys[key] = _value(key, value)
            sections[-1].lines[key] = number
    if not sections or sections[0].kind not in ("net", "network"):
        raise ModelError(f'"{path}" does not begin with [net]', "Give the .cfg of a network.")
    return sections


def refuse_pointer(path: Path, head: bytes) -> None:
    """Raise ModelError when a file is what git-LFS left in the place of the content."""
    if head.startswith(b"version https://git-lfs"):
        raise ModelError(f'"{path}" is a pointer of git-LFS, not the file itself', "Fetch it with `git lfs pull`.")


def _value(key: str, text: str) -> Any:
    if key in _LISTS:
        return tuple(_number(word.strip()) for word in text.split(",") if word.strip())
    return _number(text)


def _number(text: str) -> Any:
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text
