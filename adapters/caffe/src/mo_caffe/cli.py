"""The command `mo-caffe`."""

from __future__ import annotations

from typing import NoReturn

from mo_core.app.process import main as run


def main() -> NoReturn:
    """Convert a Caffe model, and end the process with the exit code."""
    run("caffe")


if __name__ == "__main__":
    main()
