"""The command `mo-onnx`."""

from __future__ import annotations

import sys

from mo_core.app.cli import main as run


def main() -> int:
    """Convert an ONNX model; returns the exit code."""
    return run(framework="onnx")


if __name__ == "__main__":
    sys.exit(main())
