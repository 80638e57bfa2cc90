"""The command line: `mo MODEL [options]`, `mo-<framework> MODEL [options]`, `mo inspect MODEL`, and the lists."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.errors import InternalError, ModelError, MoError, UsageError

if TYPE_CHECKING:
    from mo_core.frontend import Frontend
    from mo_core.options import Options, OptionTable
    from mo_core.plugins import Plugins

INTERRUPTED = 130
_OTHER_REPORT = "Give another file with --report."


def main(argv: Sequence[str] | None = None, framework: str | None = None) -> int:
    """Run the command line; returns the exit code. Nothing but text for people goes to the terminal, never a traceback
    (unless `--log_level DEBUG` asks for it)."""
    argv = list(sys.argv[1:] if argv is None else argv)
    program = f"mo-{framework}" if framework else "mo"
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names in models may hold anything
    try:
        with _terminable():
            code = _Command(program, framework).run(argv)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader of our output has seen enough
        _silence()
        return 0
    except KeyboardInterrupt:
        return _tell(program, argv, "interrupted; earlier output is untouched", INTERRUPTED)
    except MoError as e:
        return _tell(program, argv, str(e), e.exit_code)
    except MemoryError:
        return _tell(program, argv, "the memory is not sufficient", InternalError.exit_code)
    except Exception as e:
        fact = f"internal error: {type(e).__name__}: {e}\nPlease report this with the output of --log_level DEBUG."
        return _tell(program, argv, fact, InternalError.exit_code)


def _tell(program: str, argv: Sequence[str], text: str, code: int) -> int:
    """Print an error, with the traceback behind it when that was asked for."""
    try:
        if _scan(argv, "log_level").upper() == "DEBUG":
            import traceback

            traceback.print_exc()
        print(f"{program}: {text}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        _silence()
    return code


def _silence() -> None:
    """Point standard output at nothing, so that the interpreter can flush it when it ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        pass


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the work like an interrupt: temporary files are removed on the way."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _scan(argv: Sequence[str], name: str) -> str:
    """The value of an option before the options are known (all of them, joined by commas)."""
    found = []
    for i, word in enumerate(argv):
        flag, equals, value = word.partition("=")
        if flag.startswith("--") and flag[2:].replace("-", "_") == name:
            found.append(value if equals else argv[i + 1] if i + 1 < len(argv) else "")
    return ",".join(found)


def _recognised(argv: Sequence[str], plugins: Plugins) -> str:
    """The framework of the first model among the arguments: plug-ins for that framework may have options, too."""
    from mo_core.app.convert import recognise

    for word in argv:
        name = word.partition("=")[2] if word.startswith("-") else word
        try:
            frontend = recognise(plugins, Path(name)) if name and os.path.exists(name) else None
        except ModelError:  # it cannot be read, and is perhaps not meant as the model
            continue
        if frontend is not None:
            return frontend.name
    return ""


class _Command:
    """One call of the program."""

    def __init__(self, program: str, framework: str | None) -> None:
        self.program, self.framework = program, framework

    def run(self, argv: list[str]) -> int:
        """Do what the arguments say."""
        words = [w.replace("_", "-") for w in argv]
        if "--version" in words:
            return self._version()
        plugins, table = self._prepare(argv)
        if not argv or "--help" in words or "-h" in words:
            from mo_core.app.usage import usage

            print(usage(self.program, table))
            return 0 if argv else UsageError.exit_code
        lists = {"--list-ops": self._list_ops, "--list-passes": self._list_passes, "--plugins": self._list_plugins}
        for flag, show in lists.items():
            if flag in words:
                show(plugins)
                return 0
        return self._work(argv, plugins, table)

    def _prepare(self, argv: Sequence[str]) -> tuple[Plugins, OptionTable]:
        """Load plug-ins, and make the table of options that they, the front-ends and the core have."""
        from mo_core.options import OptionTable, listed
        from mo_core.options.frameworks import canonical
        from mo_core.plugins import Plugins

        plugins = Plugins(*(listed(name, _scan(argv, name)) for name in ("extension", "block_plugin")))
        framework = self.framework or _scan(argv, "framework") or _recognised(argv, plugins)
        if framework:
            plugins.load_framework(canonical(framework))
        frontends = [f for f in plugins.frontends() if self.framework in (None, f.name)]
        return plugins, OptionTable(plugins.options(), frontends)

    def _work(self, argv: Sequence[str], plugins: Plugins, table: OptionTable) -> int:
        from mo_core.options import parse_arguments

        arguments = parse_arguments(argv, table)
        inspecting = arguments.words[:1] == ["inspect"]
        options = table.build(arguments.given)
        source, framework = self._source(arguments.words[inspecting:], options, plugins)
        from mo_core.app import convert as api

        frontend = api.choose_frontend(plugins, source, framework)
        plugins.load_framework(frontend.name)
        options.check_framework(frontend.name)
        if inspecting:
            return self._inspect(source, options, plugins, frontend)
        return self._convert(source, options, plugins, frontend)

    def _source(self, words: Sequence[str], options: Options, plugins: Plugins) -> tuple[Any, str | None]:
        """The model, and the framework where it is certain."""
        named = options.framework or self.framework
        if self.framework and named != self.framework:
            raise UsageError(f"{self.program} converts no {named} models", f"Use mo, or mo-{named}.")
        if len(words) > 1:
            raise UsageError(f'one model at a time; "{words[1]}" is one too many', "Options begin with two dashes.")
        if words and options.input_model is not None and options.input_model != words[0]:
            raise UsageError(f'two models are given, "{words[0]}" and "{options.input_model}"', "Give one.")
        source = words[0] if words else options.input_model
        if source is not None:
            options.input_model = source
            return source, named
        for frontend in plugins.frontends():
            for name in frontend.sources:
                if name in options.given:
                    return options.get(name), frontend.name
        raise UsageError("there is no model to convert", f"Write {self.program} MODEL, or see {self.program} --help.")

    # -- converting

    def _convert(self, source: Any, options: Options, plugins: Plugins, frontend: Frontend) -> int:
        from mo_core.app import convert as api
        from mo_core.app.progress import Progress

        name = options.model_name or api.model_name(frontend, source)
        target = _target(options, name)
        folder = Path(options.report or "").absolute().parent
        if options.report is not None and not folder.is_dir() and folder != target.absolute().parent:
            raise UsageError(f'--report: there is no folder for "{options.report}"', "Name another file.")
        mode = "lines" if options.stream_output else "always" if options.progress else "auto"
        with Progress("off" if options.silent else mode) as progress:
            model = api.run(source, options, plugins, frontend, progress)
            if options.report is not None:
                model.sources.guard(options.report, _OTHER_REPORT)
            progress.stage("write")
            model.save(target, progress)
        report = model.report
        if options.report is not None:
            _write(options.report, report.to_json())
        if not options.silent:
            print(report.summary())
            if options.log_level in ("INFO", "DEBUG"):
                for pass_name, seconds in sorted(report.pass_seconds.items(), key=lambda p: -p[1]):
                    print(f"  {seconds:8.3f} s  {pass_name}")
        if options.explain:
            print(report.explain(options.explain))
        return 0

    def _inspect(self, source: Any, options: Options, plugins: Plugins, frontend: Frontend) -> int:
        from mo_core.app.inspection import Inspection
        from mo_core.ir.sources import recording

        with recording() as sources:
            inspection = Inspection.of(source, options, plugins, frontend)
        if options.report is not None:
            sources.guard(options.report, _OTHER_REPORT)
            _write(options.report, inspection.to_json())
        print(inspection.text())
        return 0

    # -- lists

    def _version(self) -> int:
        from mo_core import __version__

        print(f"{self.program} {__version__}")
        return 0

    def _load_all(self, plugins: Plugins) -> list[Frontend]:
        """Load the plug-ins that are for one framework alone, too; returns the front-ends of this program."""
        frontends = [f for f in plugins.frontends() if self.framework in (None, f.name)]
        for frontend in frontends:
            plugins.load_framework(frontend.name)
        return frontends

    def _list_plugins(self, plugins: Plugins) -> None:
        self._load_all(plugins)
        for provider in plugins.providers:
            print(f"{provider.name:<20} {provider}")

    def _list_passes(self, plugins: Plugins) -> None:
        from mo_core.app.convert import all_passes
        from mo_core.options import Options

        self._load_all(plugins)
        for p in all_passes(plugins, Options()):
            kind = "fusion" if p.fusion else ""
            asked = "" if p.default else " (only when asked for)"
            print(f"{p.stage.name:<10} {p.name:<28} {kind:<7} {p.provider:<16} {p.doc}{asked}")

    def _list_ops(self, plugins: Plugins) -> None:
        from mo_core.frontend import ConverterTable

        for frontend in self._load_all(plugins):
            table = ConverterTable(plugins.converters(frontend.name))
            for domain, op in table.ops():
                since = ", ".join(str(c.since) for c in table.versions(domain, op) if c.since)
                print(f"{frontend.name:<12} {domain or '-':<24} {op:<36} {since}".rstrip())


def _target(options: Options, name: str) -> Path:
    """The path of the `.xml`; what cannot be written is said before the work begins."""
    if not name or Path(name).name != name:
        raise UsageError(f'--model_name is "{name}", and it names files', "Give a name without folders.")
    folder = Path(options.output_dir) if options.output_dir is not None else Path()
    existing = next((p for p in (folder, *folder.absolute().parents) if p.exists()), folder)
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise UsageError(f'"{folder}" cannot be written to', "Choose another --output_dir.")
    return folder / f"{name}.xml"


def _write(path: Any, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as e:
        raise UsageError(f'--report: cannot write "{path}": {e.strerror or e}', "Name another file.") from e


if __name__ == "__main__":
    sys.exit(main())
