"""The files that a model is read from, so that no output replaces one of them.

Whatever reads a file of the user's says so: `MappedFile` and `read_source` do. Files are compared by device and number,
so that links, hard links and other spellings of a path count as the same file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from mo_core.errors import ModelError, UsageError


class SourceFiles:
    """The files that one conversion read."""

    def __init__(self) -> None:
        self._paths: dict[tuple[int, int], Path] = {}

    @property
    def paths(self) -> list[Path]:
        """The files, in the order in which they were read first."""
        return list(self._paths.values())

    def add(self, path: Path, status: os.stat_result) -> None:
        """Remember a file by its status."""
        self._paths.setdefault((status.st_dev, status.st_ino), path)

    def add_path(self, path: Path) -> None:
        """Remember a file by its path; one that is not there is none."""
        try:
            self.add(path, os.stat(path))
        except OSError:
            pass

    def guard(self, target: str | os.PathLike[str], remedy: str) -> None:
        """Raise UsageError when something written to `target` would replace a file that was read."""
        try:
            status = os.stat(target)
        except OSError:
            return  # nothing is there that could be lost
        source = self._paths.get((status.st_dev, status.st_ino))
        if source is not None:
            raise UsageError(
                f'"{os.fspath(target)}" would be replaced, and the model is read from it (as "{source}")', remedy
            )


_current: ContextVar[SourceFiles | None] = ContextVar("mo_source_files", default=None)


@contextmanager
def recording() -> Iterator[SourceFiles]:
    """Collect the files that are read inside of the block."""
    files = SourceFiles()
    token = _current.set(files)
    try:
        yield files
    finally:
        _current.reset(token)


def current() -> SourceFiles:
    """The files that the conversion under way has read so far."""
    return _current.get() or SourceFiles()


def record(path: Path, descriptor: int) -> os.stat_result:
    """Remember an open file, if a conversion is under way; returns its status."""
    status = os.fstat(descriptor)
    files = _current.get()
    if files is not None:
        files.add(path, status)
    return status


def read_source(path: str | os.PathLike[str], limit: int = -1) -> bytes:
    """The content of a small file, up to `limit` bytes; raises OSError when it cannot be read."""
    with open(path, "rb") as file:
        record(Path(path), file.fileno())
        return file.read(limit)


_missing: ContextVar[list[str] | None] = ContextVar("mo_missing_weights", default=None)


@contextmanager
def without_weights() -> Iterator[list[str]]:
    """Read models whose weights are not there, inside of the block; gives what was found missing or damaged."""
    facts: list[str] = []
    token = _missing.set(facts)
    try:
        yield facts
    finally:
        _missing.reset(token)


def tolerated(error: ModelError) -> bool:
    """True when weights need not be there: the error of a reader is noted, and `tensor.Absent` stands for them."""
    facts = _missing.get()
    if facts is not None and error.fact not in facts:
        facts.append(error.fact)
    return facts is not None
