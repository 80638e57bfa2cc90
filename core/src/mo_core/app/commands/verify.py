"""`mo verify MODEL [IR]`: source and IR computed on the same data, and compared."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mo_core.app import convert as api
from mo_core.app import style
from mo_core.app.commands.convert import OTHER_REPORT, STDOUT, target_of, write_report
from mo_core.app.commands.source import chosen
from mo_core.app.progress import Progress
from mo_core.app.verify.engine import Settings, verify_model
from mo_core.app.verify.stored import conversion_parameters
from mo_core.errors import UsageError

if TYPE_CHECKING:
    from mo_core.app.commands import Call
    from mo_core.app.model import Model
    from mo_core.options import Options

_OTHER_GROUPS = ("The model", "Report and log", "Former options")
"""Options of a conversion that do not change what the IR computes."""
_PLACES = ("output_dir", "output_model", "model_name")


def run(call: Call) -> int:
    """Convert, compute, compare, tell; the exit code is 1 when the IR does not compute what the source does."""
    words = list(call.arguments.words)
    ir = _ir(words)
    notes = _repeat(call, ir) if ir is not None else []
    with ExitStack() as cleanup:
        source, options, frontend = chosen(call, words, cleanup)
        mode = "lines" if options.stream_output else "always" if options.progress else "auto"
        with Progress("off" if options.silent else mode) as progress:
            model = api.run(source, options, call.session, frontend, progress)
            if options.report not in (None, STDOUT):
                for path in (ir, ir and ir.with_suffix(".bin"), call.value("data")):
                    if path is not None:
                        model.sources.add_path(Path(path))
                model.sources.guard(options.report, OTHER_REPORT)
            if ir is None:
                ir = _kept(model, options)
            found = verify_model(model, ir, _settings(call), progress.stage)
    found.notes += notes
    if options.report is not None:
        data = {**model.report.to_dict(), "verification": found.to_dict()}
        write_report(options.report, json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    stream = sys.stderr if options.report == STDOUT else sys.stdout
    if not options.silent:
        title = f"{frontend.title or frontend.name} model {model.name}"
        print(style.notes(f"{title}\n{found.text()}", stream), file=stream)
    return found.exit_code


def _settings(call: Call) -> Settings:
    return Settings(
        data=call.value("data"),
        seed=call.value("seed", 0),
        cases=call.value("cases", 0),
        tolerance=call.value("tolerance"),
        fp16=bool(call.value("fp16", False)),
        framework=not call.value("no_framework", False),
        python=call.value("python", ""),
        timeout=call.value("timeout", 600.0),
    )


def _ir(words: list[str]) -> Path | None:
    """The IR among the words, taken out of them: the last one, when it is an .xml or a folder with one."""
    if not words:
        return None
    path = Path(words[-1])
    inside = sorted(path.glob("*.xml")) if len(words) > 1 and path.is_dir() else []
    if path.suffix.lower() != ".xml" and not inside:
        return None
    if len(inside) > 1:
        raise UsageError(f'there are {len(inside)} .xml files in "{path}"', "Name one of them.")
    if not inside and not path.is_file():
        raise UsageError(f'there is no file "{path}"', "Give the .xml of an IR.")
    words.pop()
    return inside[0] if inside else path


def _repeat(call: Call, ir: Path) -> list[str]:
    """Have the options that the IR was made with, unless others are given; returns a note."""
    given, taken = call.arguments.given, {}
    for name, value in conversion_parameters(ir).items():
        option = call.table.find(name)
        if option is None or option.gone or option.kind == "path" or option.group in _OTHER_GROUPS:
            continue
        if name not in given and not any(e in given for e in option.excludes):
            taken[name] = value
    given.update(taken)
    shown = " ".join(f"--{name} {value}" for name, value in taken.items())
    return [f"The options of the conversion are taken from the IR: {shown}"] if shown else []


def _kept(model: Model, options: Options) -> Path | None:
    """The IR where the options say that it goes; None when they say nothing: it is a temporary one then."""
    if not any(name in options.given for name in _PLACES):
        return None
    return model.save(target_of(options, model.name))
