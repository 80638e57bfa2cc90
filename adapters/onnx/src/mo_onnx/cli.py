"""The command `mo-onnx`."""

from __future__ import annotations

from typing import NoReturn

from mo_core.app.process import main as run


def main() -> NoReturn:
    """Convert an ONNX model, and end the process with the exit code."""
    run("onnx")


if __name__ == "__main__":
    main()
