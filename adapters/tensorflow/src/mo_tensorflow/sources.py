"""What a file, folder or message is, and what is in it: the graph, its variables, its signature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mo_core.errors import ModelError
from mo_core.ir.tensor import MappedFile
from mo_tensorflow.graphdef import NoValues, Values
from mo_tensorflow.proto import tensorflow_pb2 as pb
from mo_tensorflow.schema import GRAPH, META_GRAPH, SAVED_MODEL, load
from mo_tensorflow.tensors import Tensors

_VARINT, _BYTES = 0, 2


@dataclass(frozen=True)
class Port:
    """An input or output of a signature: its key there, and the tensor in the graph, `node:index`."""

    key: str
    tensor: str
    info: Any


@dataclass
class Loaded:
    """What was found.

    Attributes:
        graph: the GraphDef; tensors: makes its tensors; values: what its variables hold.
        inputs, outputs: those of the signature, by key; None when there is no signature.
    """

    graph: Any
    tensors: Tensors
    values: Values = field(default_factory=NoValues)
    inputs: Sequence[Port] | None = None
    outputs: Sequence[Port] | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find(source: Any, options: Any) -> Loaded:
    """Load a path or a message; raises ModelError when it is nothing that can be read."""
    if isinstance(source, Path):
        return _file(source, options)
    kind = source.DESCRIPTOR.full_name.removeprefix("tensorflow.")
    message = getattr(pb, kind).FromString(source.SerializeToString())
    return _loaded(message, Tensors())


def _file(path: Path, options: Any) -> Loaded:
    file = MappedFile(path)
    message, skim = load(file, _kind(file, path))
    return _loaded(message, Tensors(file, skim))


def _loaded(message: Any, tensors: Tensors) -> Loaded:
    if isinstance(message, pb.GraphDef):
        if not len(message.node):
            raise ModelError(
                "the file has no graph, so it is no TensorFlow model", "Check that it is the model itself."
            )
        return Loaded(message, tensors)
    raise ModelError("the file is a SavedModel or a meta graph, which cannot be read")


def _kind(file: MappedFile, path: Path) -> Any:
    """Which message a binary file is, by its first field and the numbers of the others.

    A SavedModel begins with a number; a GraphDef has many nodes (field 1), a MetaGraphDef one description of itself
    (field 1) and one graph (field 2).
    """
    head = bytes(file.buffer[:1])
    if head == b"\x08":
        return SAVED_MODEL
    return META_GRAPH if path.suffix.lower() == ".meta" else GRAPH
