"""The whole extension surface. A plug-in implements any of these with `@mo_core.hookimpl`; what it gives is data.

Entry-point group `mo` is for everything, `mo.<framework>` for what only one front-end needs. Hooks collect; the core
orders and checks; `mo_pipeline` may edit at the end. Parameters that an implementation does not need may be left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from mo_core.app.report import Report
    from mo_core.frontend import Converter, Frontend
    from mo_core.ir import Graph, Node
    from mo_core.options import Option
    from mo_core.rewriting import Pass, Replacer

hookspec = pluggy.HookspecMarker("mo")
hookimpl = pluggy.HookimplMarker("mo")


@hookspec
def mo_options() -> Sequence[Option]:  # type: ignore[empty-body]
    """Further command-line options (and keywords of `convert`)."""


@hookspec
def mo_frontends() -> Sequence[Frontend]:  # type: ignore[empty-body]
    """Front-ends: what reads the files of a framework."""


@hookspec
def mo_probe(path: Path, head: bytes) -> str | None:
    """Name the framework of a file that the front-ends' own probes cannot tell apart, or None."""


@hookspec
def mo_ops() -> Sequence[type[Node]]:  # type: ignore[empty-body]
    """Further operations of the IR (own operation sets included)."""


@hookspec
def mo_converters(framework: str) -> Sequence[Converter]:  # type: ignore[empty-body]
    """Converters for the source ops of a framework; one for a known op overrides the built-in one."""


@hookspec
def mo_passes() -> Sequence[Pass]:  # type: ignore[empty-body]
    """Further passes."""


@hookspec
def mo_replacers(framework: str) -> Sequence[Replacer]:  # type: ignore[empty-body]
    """Replacers for the sub-graphs that users describe with `--transformations_config`, found by their id."""


@hookspec
def mo_pipeline(passes: list[Pass], options: Any) -> None:
    """Edit the ordered list of passes in place; called last."""


@hookspec
def mo_around_pass(name: str, graph: Graph) -> AbstractContextManager[None] | None:
    """Wrap every pass in a context manager (timing, dumping, checking)."""


@hookspec
def mo_emitted(report: Report) -> None:
    """Called when the files are in place."""
