"""Cases are checked in processes of their own: a crash of the runtime is the result of one case, not the end of all."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import signal

from .cases import Case
from .check import CONVERTERS, Result, check

SECONDS = 120.0


class Worker:
    """A process that checks one case after another; it is started when needed and again after a crash or time-out."""

    def __init__(self, converter: str = "mo") -> None:
        self._converter = converter
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: multiprocessing.connection.Connection | None = None

    def check(self, case: Case) -> Result:
        if self._process is None:
            self._start()
        assert self._process is not None and self._pipe is not None
        try:
            self._pipe.send(case)
            if self._pipe.poll(SECONDS):
                result: Result = self._pipe.recv()
                return result
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode or 0
            self.stop()
            return Result("crash", signal.Signals(-code).name if code < 0 else f"exit code {code}")
        self.stop()
        return Result("timeout", f"no answer in {SECONDS:g} s")

    def stop(self) -> None:
        if self._process is not None and self._pipe is not None:
            self._pipe.close()
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self._converter), daemon=True)
        self._process.start()
        other.close()


def _serve(pipe: multiprocessing.connection.Connection, converter: str) -> None:
    import openvino

    core = openvino.Core()
    while True:
        try:
            case: Case = pipe.recv()
        except EOFError:
            return
        pipe.send(check(case, CONVERTERS[converter], core))
