"""How TensorFlow computes a model: what `tensorflow_program.py` is told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mo_core.frontend import Reference
from mo_core.options import Options


def reference(source: Any, options: Options, folder: Path) -> Reference | None:
    """The files and the options that choose among what is in them; None for objects that cannot be written to files."""
    if not isinstance(source, (str, os.PathLike)):
        source = _written(source, folder)
        if source is None:
            return None
    path = Path(source)
    if path.name.startswith("saved_model.pb"):
        path = path.parent
    checkpoint = options.get("input_checkpoint")
    task = {
        "model": str(path.absolute()),
        "checkpoint": str(Path(checkpoint).absolute()) if checkpoint else "",
        "tags": list(options.get("saved_model_tags") or ()),
        "signature": options.get("saved_model_signature") or "",
        "text": bool(options.get("input_model_is_text")) or path.suffix == ".pbtxt",
    }
    program = Path(__file__).with_name("tensorflow_program.py")
    return Reference("TensorFlow", program, "tensorflow", "mo-tensorflow[verify]", task)


def _written(source: Any, folder: Path) -> Path | None:
    """The file of an object: a GraphDef, or a model of Keras."""
    name = getattr(getattr(source, "DESCRIPTOR", None), "full_name", "")
    if name == "tensorflow.GraphDef":
        path = folder / "source.pb"
        path.write_bytes(source.SerializeToString())
        return path
    if not name and hasattr(source, "layers") and hasattr(source, "inputs") and hasattr(source, "save"):
        path = folder / "source.keras"
        source.save(path)
        return path
    return None
