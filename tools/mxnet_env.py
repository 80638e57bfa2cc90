"""Makes the environment that computes MXNet's own results for the tests: `python tools/mxnet_env.py`.

With `--gluoncv` it gets GluonCV, too, whose networks the slow tests export.

MXNet is retired and cannot be imported beside a current numpy, so it gets an environment of its own, `.cache/mxnet-env`,
made once with the Python that runs this. Where that is not possible the reason goes to `.cache/mxnet-env.txt`, and the
tests that need it are skipped with it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".cache" / "mxnet-env"
REASON = ROOT / ".cache" / "mxnet-env.txt"
PYTHON = FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
STAMP = FOLDER / "packages.txt"
PACKAGES = (
    ("--only-binary=numpy", "numpy==1.23.5" if sys.version_info < (3, 12) else "numpy==1.26.4"),
    ("requests", "graphviz"),
    ("pluggy", "hatchling", "editables"),
    ("--no-deps", "mxnet==1.9.1"),
    ("--no-deps", "--no-build-isolation", "-e", "core", "-e", "adapters/mxnet"),
)
"""What is installed, step by step; mo itself is there to convert objects in memory.

Numpy comes as a wheel or not at all: where an old release has none, as for Python 3.13, to compile it takes longer than
all tests.
"""

GLUONCV = ("--no-deps", "gluoncv==0.10.5", "tqdm", "pillow", "portalocker", "scipy==1.10.1")
"""What its networks need; it runs on Python up to 3.11."""


def make() -> str:
    """Make the environment; returns why that was not possible, or nothing."""
    if sys.platform != "linux":
        return f"mxnet 1.9.1 has no wheel for {sys.platform}"
    try:
        subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True, capture_output=True, text=True)
        for packages in PACKAGES:
            pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
            subprocess.run(pip, check=True, capture_output=True, text=True, timeout=900, cwd=ROOT)
        check = [PYTHON, ROOT / "tests" / "adapters" / "mxnet" / "worker.py", "--check"]
        subprocess.run(check, check=True, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired as e:
        return f"{e.cmd[0]} took too long"
    except (OSError, subprocess.CalledProcessError) as e:
        lines = (getattr(e, "stderr", "") or str(e)).strip().splitlines()
        return lines[-1] if lines else str(e)
    return ""


def add_gluoncv() -> int:
    """Install GluonCV into the environment; tests that need it are skipped where that is not possible."""
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *GLUONCV]
    try:
        subprocess.run(pip, check=True, capture_output=True, text=True, timeout=900)
    except (OSError, subprocess.SubprocessError) as e:
        print(f"no GluonCV, tests of its networks are skipped: {str(getattr(e, 'stderr', '') or e).strip()[-200:]}")
    return 0


def main() -> int:
    """Make it unless it is there; always succeeds, for the other tests run without it."""
    wanted = repr(PACKAGES)
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return 0
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.parent.mkdir(exist_ok=True)
    reason = make()
    if reason:
        shutil.rmtree(FOLDER, ignore_errors=True)
        REASON.write_text(reason + "\n", encoding="utf-8")
        print(f"no environment for MXNet, tests that compare with it are skipped: {reason}")
    else:
        STAMP.write_text(wanted, encoding="utf-8")
        REASON.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main() or (add_gluoncv() if "--gluoncv" in sys.argv and PYTHON.exists() else 0))
