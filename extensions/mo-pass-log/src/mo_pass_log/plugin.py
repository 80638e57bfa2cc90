"""Adds a line for each pass to the file that MO_PASS_LOG names: the number of nodes ahead of it, and after it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from mo_core import hookimpl
from mo_core.ir import Graph


@hookimpl
@contextmanager
def mo_around_pass(name: str, graph: Graph) -> Iterator[None]:
    before = len(graph)
    yield
    with open(os.environ.get("MO_PASS_LOG", os.devnull), "a", encoding="utf-8") as log:
        log.write(f"{name} {before} {len(graph)}\n")
