"""The command `mo-mxnet`."""

from __future__ import annotations

from typing import NoReturn

from mo_core.app.process import main as run


def main() -> NoReturn:
    """Convert an MXNet model, and end the process with the exit code."""
    run("mxnet")


if __name__ == "__main__":
    main()
