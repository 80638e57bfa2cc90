"""Front-ends: from a file to a graph of source ops (`Foreign` nodes)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core.frontend.converters import Converter, ConverterTable
from mo_core.frontend.functions import Library
from mo_core.ir import Foreign, Graph, Value
from mo_core.ir.tensor import Tensor

if TYPE_CHECKING:
    from mo_core.options import Option, Options


@dataclass(frozen=True)
class MeanImage:
    """The mean of the images that a model was trained with; the preprocessing subtracts it from an input.

    Attributes:
        tensor: real numbers [C, H, W]; H and W may be 1.
        begin: the first row and the first column of the part that is subtracted, which is as large as the input; None:
            the centre.
    """

    tensor: Tensor
    begin: tuple[int, int] | None = None


@dataclass
class SourceModel:
    """What a front-end read.

    Attributes:
        graph: of `Foreign` nodes; its values carry the tensor names of the file.
        name: name of the model inside the file; metadata: free texts to keep in `rt_info`.
        names_are_tensors: a name given by the user means a tensor first, then a node (else the other way round).
        functions: what attributes and calls refer to.
        notes: warnings for the report.
        facts: what `mo inspect` tells of the file, such as its producer and its version, by what it is.
        path: the file or folder that it was read from; None for an object in memory.
        stand_ins: what the names of outputs mean after a FRONT pass has put others in their place.
        mean_images: by the names of inputs [N, C, H, W].
    """

    graph: Graph
    name: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    names_are_tensors: bool = False
    functions: Library = field(default_factory=Library)
    notes: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    path: Path | None = None
    stand_ins: dict[str, Value] = field(default_factory=dict)
    mean_images: dict[str, MeanImage] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """How the framework itself computes a model: a program that `mo verify` runs in a process of its own.

    Attributes:
        runtime: what it is called, as in "ONNX Runtime".
        program: a Python file with `load(task)`, which returns a function from a list of arrays, one an input, to a
            list of arrays, one an output; it is run without mo, so it imports numpy and its framework alone. It raises
            NotImplementedError, with the reason, for a task that it cannot do.
        package: the module that it needs; install: what brings that, as in "mo-onnx[verify]".
        task: what the program is told, as JSON can hold it. `inputs` and `outputs` (for each the list of its names, in
            order), `types` of the inputs, `origins` of the outputs (the source nodes that each comes from) and `fixed`
            (the values of frozen inputs by their names) are added to it.
    """

    runtime: str
    program: Path
    package: str
    install: str
    task: dict[str, Any] = field(default_factory=dict)


class Frontend:
    """Base of the front-ends; an adapter gives one instance from the hook `mo_frontends`.

    Class attributes: `name` (as in `--framework`), `title`, `distribution` (what `pip install` brings it), `suffixes`,
    `sources` (options that name the model in the place of `--input_model`). `provider` is filled in where front-ends
    are collected: the plug-in that one from outside comes from.
    """

    name = ""
    title = ""
    distribution = ""
    suffixes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    provider = ""

    def recognises(self, path: Path, head: bytes) -> bool:
        """True when the file (its first 4 KiB are in `head`; empty for a folder) looks like one of this framework."""
        return path.suffix.lower() in self.suffixes

    def accepts(self, source: object) -> bool:
        """True when an in-memory object is a model of this framework."""
        return False

    def options(self) -> Sequence[Option]:
        """Options that only this front-end has."""
        return ()

    def read(self, source: Any, options: Options) -> SourceModel:
        """Read a path or an in-memory object; weights stay windows. Raises ModelError."""
        raise NotImplementedError

    def complete(self, model: SourceModel, options: Options) -> None:
        """Fill in what the converters need and the file does not state, such as shapes that follow from weights.

        Called once the model is cut and the types of its inputs are settled, before its nodes are converted.
        """

    def find(self, table: ConverterTable, node: Foreign) -> Converter | None:
        """The converter for a node, or None. A framework that spells an op in several ways looks further."""
        return table.find(node)

    def prepare(self, converter_: Converter, node: Foreign) -> dict[str, Any]:
        """Attributes as the converter's keywords: by default as read. Frameworks with text attributes parse here."""
        return node.given

    def reference(self, source: Any, options: Options, folder: Path) -> Reference | None:
        """How `mo verify` computes the source with the framework itself; None where that is not possible.

        Args:
            source: what `read` takes; folder: where the program may find files that are written for it.
        """
        return None

    def default_model_name(self, source: Path) -> str:
        """Stem of the output files."""
        return source.stem
