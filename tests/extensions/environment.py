"""An environment with nothing in it but what is installed there, or lent to it from the environment of the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

_PIP = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
"""No network; a project is built by the hatchling that is there (0 means that there is no isolation)."""


class Environment:
    """A virtual environment.

    Args:
        folder: where it is made. wheels: the folder that takes the place of the package index.
    """

    def __init__(self, folder: Path, wheels: Path) -> None:
        venv.create(folder, symlinks=os.name != "nt")
        scheme = "nt" if os.name == "nt" else "posix_prefix"
        paths = sysconfig.get_paths(scheme, {"base": str(folder), "platbase": str(folder)})
        self.site, self.scripts = Path(paths["purelib"]), Path(paths["scripts"])
        self.python = self.scripts / Path(sys.executable).name
        self._wheels = wheels
        self.lend("pip", "numpy", "pluggy", "protobuf", "rich", *(["tomli"] if sys.version_info < (3, 11) else []))

    def lend(self, *names: str) -> None:
        """Make distributions, and what they need, visible: as links, so that nothing is copied or fetched."""
        for name in closure(names):
            distribution = metadata.distribution(name)
            tops = {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}
            for top in sorted(tops):
                self._link(Path(str(distribution.locate_file(top))), self.site / top)

    def _link(self, source: Path, target: Path) -> None:
        if target.exists() or not source.exists():
            return
        try:
            target.symlink_to(source, source.is_dir())
        except OSError:  # Windows allows links to some users only
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)

    def run(self, *command: str, cwd: Path | None = None, code: int = 0) -> str:
        """Run a command of the environment (`pip` and `python` included); returns all that it printed."""
        done = subprocess.run(
            [*self._found(command[0]), *command[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=cwd,
            timeout=120,
            env=self._variables(),
        )
        assert done.returncode == code, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def _found(self, name: str) -> list[str]:
        if name in ("pip", "python"):
            return [str(self.python), *(("-m", "pip") if name == "pip" else ())]
        script = shutil.which(name, path=str(self.scripts))
        assert script, f"the environment has no command {name}"
        return [script]

    def _variables(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_"))}
        return {**kept, **_PIP, "PIP_FIND_LINKS": str(self._wheels), "NO_COLOR": "1"}


def closure(names: Iterable[str]) -> list[str]:
    """Distributions and all that they need, as far as they are installed here."""
    found: dict[str, None] = {}
    queue = list(names)
    while queue:
        name = queue.pop()
        if name in found:
            continue
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # what another system or another Python needs
            continue
        found[name] = None
        queue += [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in needed if "extra ==" not in line]
    return list(found)


def build_wheels(folder: Path, *projects: Path) -> None:
    """Build a wheel of each project, by the hatchling of the environment of the tests."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder)]
    command += map(str, projects)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env={**os.environ, **_PIP})
    assert done.returncode == 0, done.stderr
