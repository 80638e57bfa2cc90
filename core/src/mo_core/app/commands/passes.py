"""`mo passes`: the passes in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mo_core.app.commands import Call


def run(call: Call) -> int:
    """A line for each."""
    from mo_core.options import Options

    call.frontends()
    for p in call.session.passes(Options()):
        kind = "fusion" if p.fusion else ""
        asked = "" if p.default else " (only when asked for)"
        print(f"{p.stage.name:<10} {p.name:<28} {kind:<7} {p.provider:<16} {p.doc}{asked}")
    return 0
