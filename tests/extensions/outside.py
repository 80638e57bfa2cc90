"""A package outside of the tree, written into a folder that a fresh interpreter has on its path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def install(folder: Path, name: str, source: str, group: str = "mo", version: str = "1.2") -> Path:
    """Write the module `name` with the metadata of an installed distribution `<name>-dist`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(source)
    info = folder / f"{name}_dist-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-dist\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}\n")
    return folder


def python(folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that sees the folder."""
    env = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=env, timeout=120
    )
