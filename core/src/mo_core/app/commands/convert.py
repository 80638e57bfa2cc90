"""`mo convert MODEL`, or just `mo MODEL`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.app import style
from mo_core.app.commands.source import chosen
from mo_core.app.convert import PLACES
from mo_core.app.convert import run as convert
from mo_core.app.progress import Progress
from mo_core.app.recognition import model_name
from mo_core.app.report import HEAD, Report
from mo_core.errors import MoError, UsageError
from mo_core.options.names import counted

if TYPE_CHECKING:
    from mo_core.app.commands import Call
    from mo_core.frontend import Frontend
    from mo_core.options import Options

OTHER_REPORT = "Give another file with --report."
STDOUT = "-"


def run(call: Call) -> int:
    """Convert, write, tell."""
    report = Report()
    to = call.arguments.given.get("report")
    try:
        with ExitStack() as cleanup:
            source, options, frontend = chosen(call, call.arguments.words, cleanup)
            if options.tensorflow_custom_operations_config_update is not None:
                return _fill_in(source, options, frontend)
            return _convert(call, source, options, frontend, report)
    except MoError as e:
        if to is not None and not report.files:
            report.failed(e)
            _write_failure(to, report)
        raise


def _write_failure(to: Any, report: Report) -> None:
    """Write the report of a failure, over nothing but an earlier report: what the model needs may not be read yet."""
    try:
        if to == STDOUT or not os.path.lexists(to) or _is_report(to):
            write_report(to, report.to_json())
    except (MoError, OSError):
        return  # the first error says more


def _is_report(path: Any) -> bool:
    with open(path, "rb") as file:
        return file.read(len(HEAD)) == HEAD.encode()


def _convert(call: Call, source: Any, options: Options, frontend: Frontend, report: Report) -> int:
    target = target_of(options, options.model_name or model_name(frontend, source))
    folder = Path(options.report or "").absolute().parent
    if options.report not in (None, STDOUT) and not folder.is_dir() and folder != target.absolute().parent:
        raise UsageError(f'--report: there is no folder for "{options.report}"', "Name another file.")
    mode = "lines" if options.stream_output else "always" if options.progress else "auto"
    with Progress("off" if options.silent else mode) as progress:
        model = convert(source, options, call.session, frontend, progress, report)
        explained = report.explain(options.explain) if options.explain else ""
        if options.report not in (None, STDOUT):
            model.sources.guard(options.report, OTHER_REPORT)
        if not options.dry_run:
            progress.stage("write", model.weights_bytes)
            model.save(target, progress)
    if options.report is not None:
        write_report(options.report, report.to_json())
    _tell(report, options, explained, _check_with(source, target, options))
    return 0


def _fill_in(source: Any, options: Options, frontend: Frontend) -> int:
    from mo_core.app.scopes import fill_in

    file = Path(options.tensorflow_custom_operations_config_update)
    count = fill_in(file, source, options, frontend)
    print(f'the inputs and outputs of {counted(count, "scope")} are in "{file}"')
    return 0


def _tell(report: Report, options: Options, explained: str, advice: str) -> None:
    """The summary, unless the report has the standard output for itself."""
    stream = sys.stderr if options.report == STDOUT else sys.stdout
    if not options.silent:
        print(style.notes(report.summary(), stream), file=stream)
        if options.log_level in ("INFO", "DEBUG"):
            for pass_name, seconds in sorted(report.pass_seconds.items(), key=lambda p: -p[1]):
                print(f"  {seconds:8.3f} s  {pass_name}", file=stream)
        print("nothing is written (--dry-run)" if options.dry_run else advice, file=stream)
    if explained:
        print(explained, file=stream)


def _check_with(source: Any, target: Path, options: Options) -> str:
    """How to go on."""
    load = f'load it with openvino.Core().compile_model("{target}")'
    if options.input_model is not None and str(source) != str(options.input_model):
        return load  # what came through a pipe is gone
    check = shlex.join(["mo", "verify", str(source), str(target), *_not_in_the_ir(source, options)])
    return f"{load}; see that it is right with: {check}"


def _not_in_the_ir(source: Any, options: Options) -> Iterator[str]:
    """The options that the same conversion needs and that an IR does not tell: where files lie, and the framework."""
    for name, value in options.values().items():
        option = options.given[name]
        if name in PLACES or (option.kind == "path" and option.group not in ("The model", "Report and log")):
            if str(value) != str(source):
                yield from (option.flag, ",".join(value) if isinstance(value, tuple) else str(value))
        elif name == "framework":
            yield from (option.flag, str(value))


def target_of(options: Options, name: str) -> Path:
    """The path of the `.xml`; what cannot be written is said before the work begins."""
    if options.output_model is not None:
        folder, name = _split_target(options.output_model, "--output_model")
    elif options.output_dir is not None and str(options.output_dir).lower().endswith(".xml"):
        if options.model_name is not None:
            raise UsageError(
                f'"{options.output_dir}" is the name of a file, and --model_name is another', "Give one of them."
            )
        folder, name = _split_target(options.output_dir, "--output_dir")
    else:
        folder = Path(options.output_dir) if options.output_dir is not None else Path()
    if not name or Path(name).name != name:
        raise UsageError(f'--model_name is "{name}", and it names files', "Give a name without folders.")
    existing = next((p for p in (folder, *folder.absolute().parents) if p.exists()), folder)
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise UsageError(f'"{folder}" cannot be written to', "Choose another --output_dir.")
    return folder / f"{name}.xml"


def _split_target(path: Any, flag: str) -> tuple[Path, str]:
    file = Path(path)
    if file.is_dir():
        raise UsageError(f'{flag}: "{file}" is a folder', "Name the .xml file.")
    return file.parent, file.stem if file.suffix.lower() == ".xml" else file.name


def write_report(path: Any, text: str) -> None:
    """Write JSON to a file, or to the standard output; raises UsageError."""
    if path == STDOUT:
        sys.stdout.write(text)
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as e:
        raise UsageError(f'--report: cannot write "{path}": {e.strerror or e}', "Name another file.") from e
