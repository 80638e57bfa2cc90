"""The ONNX protobuf schema: loading it cheaply, and the table by which files are skimmed."""

from __future__ import annotations

import importlib.util
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from mo_core.errors import ModelError, UsageError
from mo_core.frontend.wire import Message, Skim, parse, skim
from mo_core.ir.tensor import MappedFile

TENSOR = Message("TensorProto", payloads={4, 5, 7, 9, 10, 11}, reference=9)
_SPARSE = Message("SparseTensorProto", nested={1: TENSOR, 2: TENSOR})
_GRAPH = Message("GraphProto", nested={5: TENSOR, 15: _SPARSE})
_ATTRIBUTE = Message("AttributeProto", nested={5: TENSOR, 6: _GRAPH, 10: TENSOR, 11: _GRAPH, 22: _SPARSE, 23: _SPARSE})
_NODE = Message("NodeProto", nested={5: _ATTRIBUTE})
_GRAPH.nested[1] = _NODE
_FUNCTION = Message("FunctionProto", nested={7: _NODE, 11: _ATTRIBUTE})
MODEL = Message("ModelProto", nested={7: _GRAPH, 25: _FUNCTION})


@lru_cache(maxsize=1)
def schema() -> ModuleType:
    """The generated classes of the `onnx` package, without importing the whole package (0.02 s instead of 0.15 s)."""
    loaded = sys.modules.get("onnx.onnx_ml_pb2")
    if loaded is not None:
        return loaded
    package = importlib.util.find_spec("onnx")
    folders = list(package.submodule_search_locations or []) if package is not None else []
    for folder in folders:
        file = Path(folder) / "onnx_ml_pb2.py"
        if file.is_file():
            spec = importlib.util.spec_from_file_location("_mo_onnx_ml_pb2", file)
            if spec is not None and spec.loader is not None:
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return module
    raise UsageError("the package onnx is not installed", "pip install onnx")


def load(file: MappedFile) -> tuple[Any, Skim]:
    """Parse a model file: the `ModelProto` without heavy payloads, and the windows on those."""
    found = skim(file.buffer, MODEL, forget=file.forget)
    model = parse(schema().ModelProto.FromString, found.skeleton)
    if not model.HasField("graph"):
        raise ModelError("the file has no graph, so it is no ONNX model", "Check that it is the .onnx file itself.")
    return model, found


def text(field: str | bytes) -> str:
    """A text field as text; bytes that are no UTF-8, which the parser gives as they are, become lone surrogates.

    So different names stay different. What is written spells such bytes out.
    """
    return field if isinstance(field, str) else field.decode("utf-8", "surrogateescape")


def domain_of(domain: str | bytes) -> str:
    """A domain as it is kept: that of the standard has two spellings."""
    return "" if domain == "ai.onnx" else text(domain)
