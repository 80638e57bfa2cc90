"""The public functions. Options have the names of the command line, with `_` for `-`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.app.convert import run
from mo_core.app.model import Model
from mo_core.app.recognition import choose_frontend, renamed
from mo_core.app.session import Session
from mo_core.errors import UsageError
from mo_core.options import Options, listed

if TYPE_CHECKING:
    from mo_core.app.inspection import Inspection
    from mo_core.frontend import Frontend

_ELSEWHERE: Mapping[str, str] = {
    "output_dir": "Give the path to Model.save.",
    "output_model": "Give the path to Model.save.",
    "report": "Model.report.to_json() is what the command line writes.",
    "explain": "Model.report.explain(name) tells it.",
    "dry_run": "Nothing is written before Model.save.",
    "config": "Give the options as keywords.",
    "silent": "Nothing is printed.",
    "progress": "Nothing is printed.",
    "stream_output": "Nothing is printed.",
    "log_level": "Nothing is printed.",
    "tensorflow_custom_operations_config_update": "It fills in a file and converts nothing; use the command line.",
}
"""Options of the command line that a function does not honour, and what does."""


def convert(source: Any = None, **options: Any) -> Model:
    """Convert a model to OpenVINO IR.

    Args:
        source: path of the model, its bytes, a binary file object, or an object that a front-end accepts
            (`onnx.ModelProto`); also as `input_model`, or by another option that names a model (`saved_model_dir`).
        options: those of the command line.

    Raises:
        MoError: of the class that fits (see `mo_core.errors`).
    """
    source, built, session, frontend, kept = _chosen(source, options)
    with _naming(kept):
        model = run(source, built, session, frontend)
    model.kept = kept
    return model


def inspect(source: Any = None, **options: Any) -> Inspection:
    """What is in a model, without converting it: inputs, outputs, operations, and those that are not supported.

    Args:
        source: as for `convert`, or the `.xml` of an IR.
        options: as for `convert`, and `nodes`: which nodes to list, "" for all. Options that only matter to a
            conversion have no effect, which a note says.

    Raises:
        MoError: as for `convert`.
    """
    from mo_core.app.inspect_ir import inspect_ir, ir_of
    from mo_core.app.inspect_source import inspect as inspect_source

    nodes = options.pop("nodes", None)
    ir = ir_of(source)
    if ir is not None:
        return inspect_ir(ir, nodes)
    source, built, session, frontend, kept = _chosen(source, options)
    with kept or nullcontext(), _naming(kept):
        return inspect_source(source, built, session, frontend, nodes)[0]


def _chosen(
    source: Any, options: Mapping[str, Any]
) -> tuple[Any, Options, Session, Frontend, tempfile.TemporaryDirectory[str] | None]:
    """Everything that a conversion needs, and the folder of the file that bytes were written to."""
    for name, remedy in _ELSEWHERE.items():
        if name == "output_dir" and options.get("save_params_from_nd"):
            continue  # the adapter for MXNet writes that file while it reads
        if options.get(name) not in (None, False):
            raise UsageError(f"{name} is an option of the command line", remedy)
    session = Session(*(listed(name, options.get(name)) for name in ("extension", "block_plugin")))
    framework = options.get("framework")
    if source is None:
        source, framework = _named(session, options)
    elif options.get("input_model") is not None:
        raise UsageError("two models are given, as the argument and as input_model", "Give one.")
    source, kept = _as_path(source)
    with _naming(kept):
        frontend = choose_frontend(session, source, framework)
    session.load_framework(frontend.name)
    return source, session.options().build(options), session, frontend, kept


def _named(session: Session, options: Mapping[str, Any]) -> tuple[Any, str | None]:
    """The model that options name, and the framework where it follows."""
    if options.get("input_model") is not None:
        return options["input_model"], options.get("framework")
    for frontend in session.frontends.values():
        for name in frontend.sources:
            if options.get(name) is not None:
                return options[name], frontend.name
    raise UsageError("there is no model to convert", "Give its path, or the object.")


def _as_path(source: Any) -> tuple[Any, tempfile.TemporaryDirectory[str] | None]:
    """Bytes and file objects as the path of a file: readers take windows of it."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        content: Any = source
    elif hasattr(source, "read") and not isinstance(source, (str, os.PathLike)):
        name = getattr(source, "name", None)
        if isinstance(name, str) and os.path.isfile(name):
            return name, None
        content = source.read()
        if not isinstance(content, (bytes, bytearray, memoryview)):
            raise UsageError("the file object gives text, and a model is bytes", 'Open it with mode "rb".')
    else:
        return source, None
    kept = tempfile.TemporaryDirectory(prefix="mo-")
    path = _file_in(kept)
    path.write_bytes(content)
    return str(path), kept


def _file_in(kept: tempfile.TemporaryDirectory[str]) -> Path:
    return Path(kept.name) / "model"


def _naming(kept: tempfile.TemporaryDirectory[str] | None) -> AbstractContextManager[None]:
    """Errors do not name the file that bytes were written to."""
    return nullcontext() if kept is None else renamed(_file_in(kept), "<bytes>")
