"""`mo inspect MODEL`: what is in a model, without converting it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from mo_core.app.commands.convert import OTHER_REPORT, STDOUT, write_report
from mo_core.app.commands.source import chosen
from mo_core.app.inspection import Inspection
from mo_core.ir.sources import recording

if TYPE_CHECKING:
    from mo_core.app.commands import Call


def run(call: Call) -> int:
    """Read, and print."""
    with ExitStack() as cleanup:
        source, options, frontend = chosen(call, call.arguments.words, cleanup)
        with recording() as sources:
            inspection = Inspection.of(source, options, call.session, frontend)
        if options.report is not None:
            if options.report != STDOUT:
                sources.guard(options.report, OTHER_REPORT)
            write_report(options.report, inspection.to_json())
        if options.report != STDOUT:
            print(inspection.text())
    return 0
