"""The command `mo-mxnet`."""

from __future__ import annotations

import sys

from mo_core.app.cli import main as run


def main() -> int:
    """Convert an MXNet model; returns the exit code."""
    return run(framework="mxnet")


if __name__ == "__main__":
    sys.exit(main())
