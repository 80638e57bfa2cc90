"""Which front-end a source is for, and what is said about one that is for none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.app.strangers import describe
from mo_core.errors import ModelError, MoError, PluginError, UsageError, did_you_mean
from mo_core.options import frameworks

if TYPE_CHECKING:
    from mo_core.app.session import Session
    from mo_core.frontend import Frontend, SourceModel
    from mo_core.options import Options


def read(frontend: Frontend, source: Any, options: Options) -> SourceModel:
    """Read the source with a front-end; a missing path is a UsageError."""
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        if not path.exists():
            raise _no_file(path, source)
        source = path
    try:
        with blaming(frontend):
            return frontend.read(source, options)
    except ModelError as e:
        if options.framework:
            e.note(f"read as a {frontend.title or frontend.name} model, as --framework says")
        raise


def complete(frontend: Frontend, model: SourceModel, options: Options) -> None:
    """Let the front-end fill in what its files do not state."""
    with blaming(frontend):
        frontend.complete(model, options)


@contextmanager
def blaming(frontend: Frontend) -> Iterator[None]:
    """Tell what fails in a front-end from outside with the plug-in that gives it."""
    try:
        yield
    except MoError:
        raise
    except Exception as e:
        if not frontend.provider:
            raise
        raise PluginError(
            f'the front-end "{frontend.name}" of {frontend.provider} failed: {type(e).__name__}: {e}',
            "Leave it out with --block-plugin (mo plugins tells its name), or report this to its author.",
        ) from e


@contextmanager
def renamed(file: Path, shown: str) -> Iterator[None]:
    """Have errors name what the user gave, and not the temporary file in its place."""
    try:
        yield
    except MoError as e:
        e.fact, e.remedy = (text.replace(str(file), shown) for text in (e.fact, e.remedy))
        e.notes = [note.replace(str(file), shown) for note in e.notes]
        raise


def _recognised(frontend: Frontend, path: Path, head: bytes) -> bool:
    with blaming(frontend):
        return frontend.recognises(path, head)


def _no_file(path: Path, given: Any) -> UsageError:
    """The error for a path that is not there; an address keeps both of its slashes."""
    shown = str(given)
    if "://" in shown:
        return UsageError(f'"{shown}" is an address, and no file', "Download the model first.")
    if path.is_symlink():
        return UsageError(f'"{path}" is a link to "{os.readlink(path)}", where no file is', "Give the file itself.")
    return UsageError(f'there is no file "{path}"', _similar_file(path))


def _similar_file(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir()]
    except OSError:
        return f'There is no folder "{path.parent}" either.'
    return did_you_mean(path.name, names)


def choose_frontend(session: Session, source: Any, framework: str | None = None) -> Frontend:
    """The front-end for a source: named, or by what the file is. Raises UsageError, with the adapter to install."""
    frontends = session.frontends
    if framework:
        framework = frameworks.canonical(framework)
        if framework in frontends:
            return frontends[framework]
        raise _not_installed(framework, session)
    if not isinstance(source, (str, os.PathLike)):
        for f in frontends.values():
            if f.accepts(source):
                return f
        kind = f"{type(source).__module__}.{type(source).__name__}"
        raise UsageError(
            f"no installed front-end takes a {kind}", "Give a path, or install the adapter of its framework."
        )
    if not str(source):
        raise UsageError("the name of the model is empty", "Give the path of a model.")
    path = Path(source)
    if not path.exists():
        raise _no_file(path, source)
    found = recognise(session, path)
    if found is not None:
        return found
    guess = frameworks.by_suffix(path.suffix) or (frameworks.framework("tensorflow") if path.is_dir() else None)
    if guess is not None and guess.name not in frontends:
        raise _not_installed(guess.name, session)
    known = describe(path, _head(path))
    if known is not None:
        raise UsageError(f'"{path}" is {known[0]}, and no model that can be converted', known[1])
    raise UsageError(
        f'"{path}" looks like no model of an installed framework ({", ".join(sorted(frontends)) or "none"})',
        "Say which one it is with --framework.",
    )


def recognise(session: Session, path: Path) -> Frontend | None:
    """The front-end that an existing file or folder looks like one of; raises ModelError when it cannot be read."""
    frontends = session.frontends
    head = _head(path)
    named = session.plugins.probe(path, head)
    if named and named in frontends:
        return frontends[named]
    found = [f for f in frontends.values() if _recognised(f, path, head)]
    by_suffix = [f for f in found if path.suffix.lower() in f.suffixes]
    return next(iter(by_suffix or found), None)


def _head(path: Path) -> bytes:
    if path.is_dir():
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(4096)
    except OSError as e:
        raise ModelError(f'cannot read "{path}": {e.strerror or e}') from e


def _not_installed(framework: str, session: Session) -> UsageError:
    missing, frontends = frameworks.framework(framework), session.frontends
    if missing is not None:
        if any(p.distribution == missing.distribution for p in session.plugins.blocked):
            fact = f"the front-end for {framework} models is left out"
            return UsageError(fact, "Take it off --block_plugin, or out of MO_DISABLE_PLUGINS.")
        fact = f"the front-end for {framework} models is not installed"
        return UsageError(fact, f"pip install {missing.distribution}")
    known = sorted({*(f.name for f in frameworks.FRAMEWORKS), *frontends})
    return UsageError(
        f'there is no framework "{framework}"', did_you_mean(framework, known) or f"Known: {', '.join(known)}."
    )


def model_name(frontend: Frontend, source: Any) -> str:
    """Stem of the output files when `--model_name` is not given."""
    if isinstance(source, (str, os.PathLike)):
        name = frontend.default_model_name(Path(source))
        return "model" if not name or name.startswith(".") else name
    return "model"
