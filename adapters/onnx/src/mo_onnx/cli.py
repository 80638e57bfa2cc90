"""The command `mo-onnx`."""

from __future__ import annotations

import sys

from mo_core.app import cli


def main() -> int:
    """Convert an ONNX model; returns the exit code."""
    return cli.main(framework="onnx")


if __name__ == "__main__":
    sys.exit(main())
