"""A terminal of 80 columns: help, progress and summary as a person sees them, in a pseudo-terminal."""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.core.test_cli import toy  # noqa: F401 -- the fixture

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals of this kind are of POSIX systems")


def seen(folder: Path, *argv: str, **environment: str) -> tuple[int, str]:
    """The exit code, and all that a program writes to its terminal."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR", "CI")}
    env |= {"TERM": "xterm-256color", **environment}
    command = [sys.executable, "-m", "mo_core", *argv]
    with subprocess.Popen(command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        written, end = b"", time.monotonic() + 60
        while time.monotonic() < end:
            if not select.select([ours], [], [], 0.2)[0]:
                if running.poll() is not None:
                    break
                continue
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            written += piece
        os.close(ours)
        code = running.wait(timeout=30)
    return code, written.decode("utf-8", "replace")


def lines_of(text: str) -> list[str]:
    """The lines without colours and cursor movements; what is written over in place counts each time."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return [line for line in re.split(r"[\r\n]+", plain) if line]


@pytest.mark.parametrize("words", [["--help"], ["--help", "all"], ["inspect", "--help"], []])
def test_help_fits(toy: Path, words: list[str]) -> None:  # noqa: F811
    code, text = seen(toy, *words)
    assert code == (0 if words else 2)
    lines = lines_of(text)
    assert len(lines) >= 2
    assert max(map(len, lines)) <= 80


def test_progress_is_drawn_in_place_and_gone_at_the_end(toy: Path) -> None:  # noqa: F811
    code, text = seen(toy, "m.toy", "--extension", "toy.py", "--progress", "--wait", "1.5")
    assert code == 0
    lines = lines_of(text)
    assert any(re.search(r"reading .*0:00:0\d left", line) for line in lines), lines
    assert all(len(line) <= 80 for line in lines if "reading" in line)
    summary = text[text.rindex("Toy model") :]
    assert "reading" not in summary and "written" in summary


def test_a_summary_and_its_notes_in_colour(toy: Path) -> None:  # noqa: F811
    code, text = seen(toy, "m.toy", "--extension", "toy.py")
    assert code == 0
    assert "\x1b[33mnote:\x1b[0m read with care" in text
    table = [line for line in lines_of(text) if line.startswith("  ")]
    assert table and max(map(len, table)) <= 80
    assert "\x1b[" not in seen(toy, "m.toy", "--extension", "toy.py", NO_COLOR="1")[1]


def test_an_error_in_colour(toy: Path) -> None:  # noqa: F811
    code, text = seen(toy, "n.toy", "--extension", "toy.py")
    assert code == 2
    assert text.startswith('mo: \x1b[31;1merror: \x1b[0mthere is no file "n.toy"')
    assert seen(toy, "n.toy", TERM="dumb")[1].startswith("mo: error: ")
