"""The command `mo-caffe`."""

from __future__ import annotations

import sys

from mo_core.app import cli


def main() -> int:
    """Convert a Caffe model; returns the exit code."""
    return cli.main(framework="caffe")


if __name__ == "__main__":
    sys.exit(main())
