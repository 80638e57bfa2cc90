"""`mo inspect MODEL`: what is in a model, or in an IR, without converting it."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mo_core.app import style
from mo_core.app.commands.convert import OTHER_REPORT, STDOUT, write_report
from mo_core.app.commands.source import chosen
from mo_core.app.inspect_ir import inspect_ir, ir_of
from mo_core.app.inspect_source import inspect
from mo_core.app.inspection import Inspection
from mo_core.errors import UsageError
from mo_core.ir.sources import SourceFiles

if TYPE_CHECKING:
    from mo_core.app.commands import Call


def run(call: Call) -> int:
    """Read, and print."""
    nodes = call.value("nodes")
    words = call.arguments.words
    report = call.arguments.given.get("report")
    ir = ir_of(words[0] if words else call.arguments.given.get("input_model"))
    if ir is not None and len(words) <= 1:
        _guard(report, ir)
        found = inspect_ir(ir, nodes)
        others = [call.table.require(n).flag for n in call.arguments.given if n not in ("nodes", "json", "report")]
        if others:
            found.notes.append(f"{', '.join(others)}: without effect on an IR.")
    else:
        with ExitStack() as cleanup:
            source, options, frontend = chosen(call, words, cleanup)
            found, sources = inspect(source, options, call.session, frontend, nodes)
            if report not in (None, STDOUT):
                sources.guard(report, OTHER_REPORT)
    if report is not None:
        write_report(report, found.to_json())
    if report != STDOUT:
        _print(found, bool(call.value("json", False)))
    folder = call.value("scaffold")
    if folder is not None:
        _scaffold(Path(folder), call, [m.op for m in found.missing])
    return 0


def _guard(report: str | None, ir: Path) -> None:
    """Raise UsageError when the report would replace a file of the IR."""
    if report not in (None, STDOUT):
        sources = SourceFiles()
        for path in (ir, ir.with_suffix(".bin")):
            sources.add_path(path)
        sources.guard(str(report), OTHER_REPORT)


def _print(found: Inspection, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(found.to_json())
    else:
        print(style.notes(found.text(), sys.stdout))


def _scaffold(folder: Path, call: Call, missing: list[str]) -> None:
    """Write the files to start from, and say what to do with them."""
    from mo_core.app.recognition import read
    from mo_core.app.scaffold import signatures, write_scaffold

    if not missing:
        raise UsageError("--scaffold: every operation has a converter", "Leave it out.")
    with ExitStack() as cleanup:
        source, options, frontend = chosen(call, call.arguments.words, cleanup)
        needed = signatures(read(frontend, source, options).graph, missing)
    files = write_scaffold(folder, frontend.name, needed)
    print("\n".join(f"written     {path}" for path in files))
    print(f"convert with --extension {files[0]}; {files[1]} computes the operations in the runtime")
