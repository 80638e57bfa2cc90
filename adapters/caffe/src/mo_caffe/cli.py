"""The command `mo-caffe`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `mo` for Caffe models."""
    from mo_core.cli import main as run

    sys.exit(run(framework="caffe"))
