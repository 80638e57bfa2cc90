"""The network that the page "Kaldi" speaks of."""

from __future__ import annotations

from pathlib import Path

from tests.perf.kaldi import tdnn


def write(folder: Path) -> None:
    """Write `final.mdl`, with layers called as in recipes."""
    tdnn(folder / "final.mdl", layers=3, width=32, inner=8, columns=20, classes=10)
