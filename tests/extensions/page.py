"""The files and the commands that a page of the documentation shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^(?:`(?P<path>[^`\n]+)`:\n\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    """What a page shows: files by path, and commands with the lines that they are to print."""

    files: dict[str, str]
    commands: list[tuple[str, list[str]]]


def read_page(path: Path) -> Page:
    """A file is a block after a line with its name; in a `console` block, commands begin with `$ `."""
    page = Page({}, [])
    for block in _BLOCK.finditer(path.read_text(encoding="utf-8")):
        if block["path"]:
            page.files[block["path"]] = block["text"]
        elif block["language"] == "console":
            for line in block["text"].replace("\\\n", " ").splitlines():
                if line.startswith("$ "):
                    page.commands.append((line[2:], []))
                else:
                    page.commands[-1][1].append(line)
    return page
