"""Which model a command works on, with its options and front-end."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.app.recognition import choose_frontend, renamed
from mo_core.errors import ModelError, UsageError

if TYPE_CHECKING:
    from mo_core.app.commands import Call
    from mo_core.frontend import Frontend
    from mo_core.options import Options


def chosen(call: Call, words: Sequence[str], cleanup: ExitStack) -> tuple[Any, Options, Frontend]:
    """The model, the options and the front-end; a model that comes through a pipe is kept in a file until `cleanup`.

    Raises UsageError when there is no model, more than one, or none of the front-ends takes it.
    """
    own = {o.name for o in call.command.options}
    options = call.table.build({name: value for name, value in call.arguments.given.items() if name not in own})
    source, framework = _source(call, words, options)
    if isinstance(source, str):
        source = _spooled(source, cleanup)
    frontend = choose_frontend(call.session, source, framework)
    call.session.load_framework(frontend.name)
    options.check_framework(frontend.name)
    return source, options, frontend


def _source(call: Call, words: Sequence[str], options: Options) -> tuple[Any, str | None]:
    """The model, and the framework where it is certain."""
    named = options.framework or call.framework
    if call.framework and named != call.framework:
        raise UsageError(f"{call.program} converts no {named} models", f"Use mo, or mo-{named}.")
    if len(words) > 1:
        raise UsageError(f'one model at a time; "{words[1]}" is one too many', "Options begin with two dashes.")
    if words and options.input_model is not None and options.input_model != words[0]:
        raise UsageError(f'two models are given, "{words[0]}" and "{options.input_model}"', "Give one.")
    source = words[0] if words else options.input_model
    if source is not None:
        if _is_device(source):  # some never end
            raise UsageError(f'"{source}" is a device, and no file', "Give the path of a model.")
        options.input_model = source
        return source, named
    for frontend in call.session.frontends.values():
        for name in frontend.sources:
            if name in options.given:
                return options.get(name), frontend.name
    name = call.command.name
    words = call.program if name == "convert" else f"{call.program} {name}"
    raise UsageError(f"there is no model to {name}", f"Write {words} MODEL, or see {call.program} --help.")


def _spooled(source: str, cleanup: ExitStack) -> str:
    """The path of a file. What comes through a pipe is written to a temporary one: readers jump about in files."""
    if source != "-" and not _is_pipe(source):
        return source
    folder = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="mo-"))
    file = Path(folder) / "model"
    cleanup.enter_context(renamed(file, source))
    try:
        with open(file, "wb") as kept, ExitStack() as opened:
            pipe = sys.stdin.buffer if source == "-" else opened.enter_context(open(source, "rb"))
            shutil.copyfileobj(pipe, kept)
    except (OSError, AttributeError) as e:
        raise ModelError(f'cannot read "{source}": {e}') from e
    return str(file)


def _is_pipe(source: str) -> bool:
    mode = _mode(source)
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _is_device(source: str) -> bool:
    mode = _mode(source)
    return stat.S_ISBLK(mode) or stat.S_ISCHR(mode)


def _mode(source: str) -> int:
    try:
        return os.stat(source).st_mode
    except (OSError, ValueError):
        return 0
