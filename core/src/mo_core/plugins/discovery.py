"""Entry points of what is installed, read from the records of distributions.

The standard library does the same with the machinery that reads e-mail, whose import alone takes longer than all of
this.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

_FILE = "entry_points.txt"
_RECORDS = (".dist-info", ".egg-info")


@dataclass(frozen=True)
class EntryPoint:
    """An entry point: what it names (`module` or `module:attribute`), and the distribution that it comes with."""

    name: str
    value: str
    distribution: str
    version: str

    def load(self) -> Any:
        """Import what it names."""
        module, _, attribute = self.value.partition("[")[0].strip().partition(":")
        found: Any = import_module(module.strip())
        for part in filter(None, attribute.strip().split(".")):
            found = getattr(found, part)
        return found


def entry_points(group: str) -> list[EntryPoint]:
    """The entry points of a group by name; of two installations of one distribution the first on the path counts."""
    seen: set[str] = set()
    found: list[EntryPoint] = []
    for record in _records():
        key = re.sub(r"[-_.]+", "-", os.path.basename(record).partition("-")[0]).lower()
        if key in seen:
            continue
        seen.add(key)
        text = _text(os.path.join(record, _FILE))
        if f"[{group}]" in text.replace(" ", ""):
            name, version = _identity(record)
            found += [EntryPoint(n, value, name, version) for n, value in _section(text, group)]
    return sorted(found, key=lambda e: e.name)


def _records() -> Iterator[str]:
    """The folders with the records of distributions, in the order of the path."""
    for place in dict.fromkeys(sys.path):
        try:
            names = os.listdir(place or ".")
        except OSError:  # not there, or an archive
            continue
        for name in sorted(names):
            if name.endswith(_RECORDS):
                yield os.path.join(place, name)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _section(text: str, group: str) -> Iterator[tuple[str, str]]:
    """The lines `name = value` of a section."""
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line[1:].rstrip("]").strip() == group
        elif inside and line and line[0] not in "#;":
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()


def _identity(record: str) -> tuple[str, str]:
    """Name and version of a distribution, from the head of its metadata, else from what the folder is called."""
    head = (_text(os.path.join(record, "METADATA")) or _text(os.path.join(record, "PKG-INFO"))).partition("\n\n")[0]
    fields = dict(line.partition(": ")[::2] for line in head.splitlines())
    name, _, version = os.path.basename(record).rpartition(".")[0].partition("-")
    return fields.get("Name", name), fields.get("Version", version)
