"""A process that runs the command line and nothing else: what is set before it starts, and how it ends."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
from typing import NoReturn


def main(framework: str | None = None) -> NoReturn:
    """The programs `mo` and `mo-<framework>`: run the arguments of the process, and end it with the exit code."""
    gc.disable()  # a conversion makes many objects and hardly any garbage
    # numpy starts a thread for each processor, which then wait for products of matrices that never come
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from mo_core.app.cli import main as run

        code = run(framework=framework)
    except KeyboardInterrupt:  # while the modules are loaded
        program = f"mo-{framework}" if framework else "mo"
        sys.stderr.write(f"{program}: interrupted; earlier output is untouched\n")
        code = 130
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End without giving back every node of the graph: that takes as long as to read it."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)
