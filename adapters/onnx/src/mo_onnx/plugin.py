"""The hooks of mo-onnx. Importing this module is cheap: the front-end loads what it needs when a file is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core import hookimpl
from mo_core.frontend import Frontend, Reference, SourceModel

if TYPE_CHECKING:
    from mo_core.frontend import Converter
    from mo_core.options import Options
    from mo_core.rewriting import Replacer


class OnnxFrontend(Frontend):
    """ONNX models: `.onnx` files with or without external data, and `onnx.ModelProto` objects."""

    name = "onnx"
    title = "ONNX"
    distribution = "mo-onnx"
    suffixes = (".onnx",)

    def recognises(self, path: Path, head: bytes) -> bool:
        """By suffix, or by the first fields of a ModelProto: ir_version (varint 1) and then a known field."""
        if path.suffix.lower() in self.suffixes:
            return True
        return len(head) > 3 and head[0] == 0x08 and 0 < head[1] < 0x20 and head[2] in (0x12, 0x3A, 0x42)

    def accepts(self, source: object) -> bool:
        """True for any `ModelProto`, whichever copy of the schema made it."""
        descriptor = getattr(source, "DESCRIPTOR", None)
        return getattr(descriptor, "full_name", "") == "onnx.ModelProto"

    def read(self, source: Any, options: Options) -> SourceModel:
        """Read a path or a ModelProto; weights stay windows."""
        from mo_onnx.reader import read

        return read(source)

    def reference(self, source: Any, options: Options, folder: Path) -> Reference | None:
        """ONNX Runtime."""
        if not isinstance(source, (str, os.PathLike)):
            source, model = folder / "source.onnx", source
            source.write_bytes(model.SerializeToString())
        program = Path(__file__).with_name("onnxruntime_program.py")
        task = {"model": str(Path(source).absolute())}
        return Reference("ONNX Runtime", program, "onnxruntime", "mo-onnx[verify]", task)


@hookimpl
def mo_frontends() -> Sequence[Frontend]:
    """The ONNX front-end."""
    return [OnnxFrontend()]


@hookimpl
def mo_converters(framework: str) -> Sequence[Converter]:
    """Converters of the ONNX domains, for that framework only."""
    if framework != "onnx":
        return ()
    from mo_core.frontend import converters_of
    from mo_onnx import ops

    return converters_of(*ops.MODULES)


@hookimpl
def mo_replacers(framework: str) -> Sequence[Replacer]:
    """What the descriptions do that came with the old tool."""
    if framework != "onnx":
        return ()
    from mo_onnx.descriptions import REPLACERS

    return REPLACERS
