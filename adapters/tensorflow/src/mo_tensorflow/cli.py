"""The command `mo-tensorflow`."""

from __future__ import annotations

import sys

from mo_core.app.cli import main as run


def main() -> int:
    """Convert a TensorFlow model; returns the exit code."""
    return run(framework="tensorflow")


if __name__ == "__main__":
    sys.exit(main())
