"""Progress on long work: on a terminal, and only when it takes more than a second."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from mo_core.app.report import format_bytes

if TYPE_CHECKING:
    from typing_extensions import Self

STAGES = {
    "read": "reading",
    "front": "preparing",
    "convert": "converting",
    "optimise": "optimising",
    "write": "writing",
    "reference": "computing the source",
    "runtime": "computing the IR",
}

_PATIENCE = 1.0
_INTERVAL = 0.1
_LINE_INTERVAL = 1.0


class Progress:
    """Shows what is being done.

    Args:
        mode: `auto` (a terminal only, after a second), `always` (at once), `lines` (for logs), `off`.
        stream: where to; standard error by default.
    """

    def __init__(self, mode: str = "auto", stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        if mode == "auto" and not _is_terminal(self._stream):
            mode = "off"
        self._mode = mode
        self._start = time.monotonic()
        self._next = self._start + (_PATIENCE if mode == "auto" else 0.0)
        self._stage, self._done, self._total = "", 0, 0
        self._display: _Display | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stage(self, name: str, total: int = 0) -> None:
        """A new stage begins; `total`: the bytes that there are to write, 0 when nobody knows."""
        self._stage, self._done, self._total = STAGES.get(name, name), 0, total
        if self._mode == "lines":
            self._next = 0.0
        self._show()

    def tick(self, done: int) -> None:
        """So many things of this stage are done."""
        self._done = done
        self._show()

    def advance(self, count: int) -> None:
        """So many more bytes of this stage are done."""
        self._done += count
        self._show()

    def close(self) -> None:
        """Take the display away."""
        if self._display is not None:
            self._display.close()
            self._display = None
        self._mode = "off"

    def _show(self) -> None:
        if self._mode == "off":
            return
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (_LINE_INTERVAL if self._mode == "lines" else _INTERVAL)
        if self._display is None:
            self._display = _display(self._mode, self._stream)
        try:
            self._display.show(self._stage, self._done, self._total)
        except OSError:  # the terminal went away; the work goes on
            self._mode, self._display = "off", None


class _Display:
    """Lines for a log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, stage: str, done: int, total: int) -> None:
        """Tell where the work is."""
        print(_text(stage, done, total), file=self._stream, flush=True)

    def close(self) -> None:
        """Leave the terminal as it was."""


class _PlainDisplay(_Display):
    """One line that is written over."""

    def show(self, stage: str, done: int, total: int) -> None:
        self._stream.write(f"\r\x1b[K{_text(stage, done, total)}")
        self._stream.flush()

    def close(self) -> None:
        self._stream.write("\r\x1b[K")
        self._stream.flush()


class _RichDisplay(_Display):
    """A bar by the package rich."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        text, bar = TextColumn("{task.description}"), BarColumn(bar_width=16)
        columns = (SpinnerColumn(), text, bar, TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        self._bar: Any = Progress(*columns, console=Console(file=stream), transient=True)
        self._task = self._bar.add_task("", total=None)
        self._bar.start()

    def show(self, stage: str, done: int, total: int) -> None:
        self._bar.update(self._task, description=_text(stage, done, total), completed=done, total=total or None)

    def close(self) -> None:
        self._bar.stop()


def _display(mode: str, stream: TextIO) -> _Display:
    if mode == "lines":
        return _Display(stream)
    if not _is_terminal(stream):
        return _Display(stream)
    try:
        return _RichDisplay(stream)
    except ImportError:
        return _PlainDisplay(stream)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def _text(stage: str, done: int, total: int) -> str:
    if total:
        return f"{stage} {min(100, 100 * done // total)}%, {format_bytes(done)} of {format_bytes(total)}"
    return f"{stage} {done}" if done else stage
