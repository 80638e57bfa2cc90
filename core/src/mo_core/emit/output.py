"""A file that is written while the caller computes what comes next.

One thread takes the pieces in their order: numpy and the kernel both work without the interpreter's lock, so that the
next weights are computed while the last ones are copied into the file.
"""

from __future__ import annotations

import errno
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import BinaryIO, TypeAlias

from mo_core.ir.tensor import CHUNK_BYTES, MappedFile

WAITING_BYTES = 16 << 20
"""As much may wait to be written; a larger piece is written alone."""

Piece: TypeAlias = "bytes | bytearray | memoryview"


class Output:
    """Appends to a binary file. Whatever is handed over must not change afterwards.

    An error of writing is raised by the next call of any method. `close` does not close the file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._jobs: deque[tuple[int, Callable[[], object]]] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._closed = False

    def write(self, data: Piece) -> None:
        """Append bytes."""
        self._run(lambda: self._append(data), len(data))

    def copy(self, file: MappedFile, offset: int, length: int) -> None:
        """Append a window of another file; the kernel copies it where it can."""
        self._run(lambda: self._copy(file, offset, length), 0)

    def _run(self, job: Callable[[], object], nbytes: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._waiting + nbytes <= WAITING_BYTES or self._error)
            self._raise()
            self._jobs.append((nbytes, job))
            self._waiting += nbytes
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def read(self, offset: int, length: int) -> bytes:
        """Bytes that were appended before."""
        self.drain()
        self._file.seek(offset)
        data = self._file.read(length)
        self._file.seek(0, os.SEEK_END)
        return data

    def truncate(self, offset: int) -> None:
        """Take back what follows `offset`."""
        self.drain()
        self._file.seek(offset)
        self._file.truncate()

    def drain(self) -> None:
        """Wait until everything is in the file."""
        with self._changed:
            self._changed.wait_for(lambda: not self._jobs or self._error)
            self._raise()

    def close(self) -> None:
        """End the thread; what still waits is dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _copy(self, file: MappedFile, position: int, left: int) -> None:
        kernel = getattr(os, "copy_file_range", None)
        try:
            while left and kernel is not None and file.fd is not None:
                done = kernel(file.fd, self._file.fileno(), left, position)
                if not done:
                    break
                left, position = left - done, position + done
        except OSError as e:
            if e.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
        self._file.seek(0, os.SEEK_END)
        while left:  # file systems, platforms or targets without it
            step = min(left, CHUNK_BYTES)
            self._append(file.window(position, step))
            left, position = left - step, position + step

    def _append(self, data: Piece) -> None:
        rest = memoryview(data)
        while rest:  # a file without a buffer may take a part only
            rest = rest[self._file.write(rest) :]

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if self._closed:
                    return
                nbytes, job = self._jobs[0]
            try:
                job()
            except BaseException as e:  # told by whoever waits for the file
                with self._changed:
                    self._error = e
                    self._changed.notify_all()
                return
            with self._changed:
                del job
                self._jobs.popleft()
                self._waiting -= nbytes
                self._changed.notify_all()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
