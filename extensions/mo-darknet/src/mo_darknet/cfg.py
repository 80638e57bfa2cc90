"""The text of a `.cfg`: sections of keys, each with its line."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mo_core.errors import ModelError
from mo_core.frontend import attribute_type
from mo_core.ir.sources import read_source

_LIMIT = 1 << 24
"""Bytes of the longest text that is read; real ones have some 10 KB."""

_VALUE = attribute_type("int | float | str", {})
_VALUES = attribute_type("tuple[int | float | str, ...]", {})
_LISTS = ("layers", "from", "mask", "anchors")


@dataclass
class Section:
    """One section: a layer, or `[net]`.

    Attributes:
        kind: the word in brackets; number: of the layer, as `route` counts; line: in the file.
        keys: numbers, texts, and tuples for lists. lines: of the keys.
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
        """A whole number, which is there from now on; raises ModelError for none, or one less than `least`."""
        value = self.keys.setdefault(key, default)
        if value is None:
            raise ModelError(f'the key "{key}" is missing', "Add it.", where=self.place())
        if not isinstance(value, int) or value < least:
            raise ModelError(
                f'"{key}" is {value}, not a whole number from {least}', "Correct it.", where=self.place(key)
            )
        return value

    def layers(self, key: str) -> list[int]:
        """Numbers of earlier layers; negative ones count back from this one."""
        given = self.keys.get(key) or (self.whole(key),)
        found = [n + self.number if isinstance(n, int) and n < 0 else n for n in given]
        for n in found:
            if not isinstance(n, int) or not 0 <= n < self.number:
                raise ModelError(f'"{key}" names {n}, which is no earlier layer', "Correct it.", where=self.place(key))
        return found


def read_sections(path: Path) -> list[Section]:
    """The sections of a file, `[net]` first; raises ModelError with the line."""
    remedy = "Give the .cfg of a network."
    try:
        text = read_source(path, _LIMIT).decode("utf-8-sig", "replace")
    except OSError as e:
        raise ModelError(f'cannot read "{path}": {e}', remedy) from e
    refuse_pointer(path, text[:64].encode())
    sections: list[Section] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = re.split("[#;]", line, maxsplit=1)[0].strip()
        key, equals, value = (part.strip() for part in line.partition("="))
        if line.startswith("["):
            sections.append(Section(line.strip("[] \t").lower(), len(sections) - 1, number))
        elif line and not (equals and key and sections):
            raise ModelError(f'"{line[:40]}" is neither a [section] nor key=value', remedy, where=f"line {number}")
        elif line:
            sections[-1].keys[key] = _VALUES.parse(value) if key in _LISTS else _VALUE.parse(value)
            sections[-1].lines[key] = number
    if not sections or sections[0].kind not in ("net", "network"):
        raise ModelError(f'"{path}" does not begin with [net]', remedy)
    return sections


def refuse_pointer(path: Path, head: bytes) -> None:
    """Raise ModelError when a file is what git-LFS left in the place of the content."""
    if head.startswith(b"version https://git-lfs"):
        raise ModelError(f'"{path}" is a pointer of git-LFS, not the file itself', "Fetch it with `git lfs pull`.")
