"""The program: `mo MODEL [options]`, `mo-<framework> MODEL [options]`, `mo COMMAND …`; its errors and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mo_core.app.commands import COMMANDS, FORMER, Call
from mo_core.app.style import coloured
from mo_core.errors import InternalError, ModelError, MoError, UsageError
from mo_core.plugins.manager import EVERY

if TYPE_CHECKING:
    from mo_core.app.session import Session

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None, framework: str | None = None) -> int:
    """Run the command line; returns the exit code. Nothing but text for people goes to the terminal, never a traceback
    (unless `--log_level DEBUG` asks for it)."""
    argv = list(sys.argv[1:] if argv is None else argv)
    program = f"mo-{framework}" if framework else "mo"
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names in models may hold anything
    try:
        with _terminable(), _printing():
            return _Program(program, framework).run(argv)
    except BrokenPipeError:  # the reader of our output has seen enough
        _silence()
        return 0
    except _Unprintable as e:
        _silence()
        return _tell(program, argv, f"cannot write to the standard output: {e}", UsageError.exit_code)
    except KeyboardInterrupt:
        return _tell(program, argv, "interrupted; earlier output is untouched", INTERRUPTED)
    except MoError as e:
        return _tell(program, argv, str(e), e.exit_code)
    except MemoryError:
        return _tell(program, argv, "the memory is not sufficient", InternalError.exit_code)
    except Exception as e:
        if isinstance(e, OSError) and e.filename is not None:  # a name that no system takes, a disk that fails
            return _tell(program, argv, f'cannot use "{e.filename}": {e.strerror or e}', UsageError.exit_code)
        fact = f"internal error: {type(e).__name__}: {e}\nPlease report this with the output of --log_level DEBUG."
        return _tell(program, argv, fact, InternalError.exit_code)


def _tell(program: str, argv: Sequence[str], text: str, code: int) -> int:
    """Print an error, with the traceback after it when that was asked for."""
    try:
        if _scan(argv, "log_level").upper() == "DEBUG":
            import traceback

            traceback.print_exc()
        label = "" if code == INTERRUPTED else coloured("error: ", "error", sys.stderr)
        print(f"{program}: {label}{text}", file=sys.stderr, flush=True)
    except OSError:  # nobody is there to read it; the exit code tells
        _silence()
    return code


class _Unprintable(Exception):
    """The standard output takes nothing more."""


class _Output:
    """The standard output, its failures told apart from those of files."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with self._told():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._told():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as e:
            raise _Unprintable(e.strerror or str(e)) from e


@contextmanager
def _printing() -> Iterator[None]:
    """Let what is printed reach its reader, or say why it does not; a closed output is none of our business."""
    stream = sys.stdout
    if stream is None:
        yield
        return
    output = _Output(stream)
    with redirect_stdout(output):
        yield
        output.flush()


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


def _scan(argv: Sequence[str], name: str, bare: str = "") -> str:
    """The value of an option before the options are known (all of them, joined by commas); `bare`: that of a flag."""
    found = []
    for i, word in enumerate(argv):
        flag, equals, value = word.partition("=")
        if flag.startswith("--") and flag[2:].replace("-", "_") == name:
            found.append(value if equals else bare or (argv[i + 1] if i + 1 < len(argv) else ""))
    return ",".join(found)


def _recognised(argv: Sequence[str], session: Session) -> str:
    """The framework of the first model among the arguments: plug-ins for that framework may have options, too."""
    from mo_core.app.recognition import recognise

    for word in argv:
        name = word.partition("=")[2] if word.startswith("-") else word
        try:  # a pipe must not be read twice
            frontend = recognise(session, Path(name)) if os.path.isfile(name) or os.path.isdir(name) else None
        except ModelError:  # it cannot be read, and is perhaps not meant as the model
            continue
        if frontend is not None:
            return frontend.name
    return ""


class _Program:
    """One call of the program."""

    def __init__(self, program: str, framework: str | None) -> None:
        self.program, self.framework = program, framework

    def run(self, argv: list[str]) -> int:
        """Do what the arguments say."""
        words = [w.replace("_", "-") for w in argv]
        if "--version" in words:
            return self._version()
        from mo_core.app import arguments as a

        completing = "_ARGCOMPLETE" in os.environ
        if not argv and not completing:
            print(a.brief(self.program))
            return UsageError.exit_code
        argv = [FORMER.get(w.replace("_", "-"), w) for w in argv]
        config = self._config(argv)
        session = self._session(argv, config)
        table = session.options(self.framework, tuple(o for c in COMMANDS.values() for o in c.options))
        if completing:
            from mo_core.app.commands.completion import complete

            complete(self.program, table)
        if a.wants_help(argv):
            print(a.help_text(self.program, argv, table), end="")
            return 0
        arguments = a.parse_arguments(argv, table)
        arguments.given = {**{table.require(name).name: v for name, v in config.items()}, **arguments.given}
        return COMMANDS[arguments.command].run(Call(self.program, self.framework, session, table, arguments))

    def _config(self, argv: Sequence[str]) -> dict[str, Any]:
        path = _scan(argv, "config")
        if not path:
            return {}
        from mo_core.app import config

        return config.read(path)

    def _session(self, argv: Sequence[str], config: Mapping[str, Any]) -> Session:
        """Load the plug-ins, those for the framework of the model, too: they may have options."""
        from mo_core.app.session import Session
        from mo_core.options import TRUE_WORDS, listed
        from mo_core.options.frameworks import canonical

        extensions, blocked = (
            (*listed(name, config.get(name)), *listed(name, _scan(argv, name)))
            for name in ("extension", "block_plugin")
        )
        if (_scan(argv, "no_plugins", "True") or str(config.get("no_plugins", ""))).lower() in TRUE_WORDS:
            blocked = (*blocked, EVERY)
        session = Session(extensions, blocked, tolerant=argv[:1] == ["plugins"])
        framework = self.framework or _scan(argv, "framework") or config.get("framework") or _recognised(argv, session)
        if framework:
            session.load_framework(canonical(str(framework)))
        return session

    def _version(self) -> int:
        from mo_core import __version__

        print(f"{self.program} {__version__}")
        return 0


if __name__ == "__main__":
    sys.exit(main())
