"""The hooks of mo-kaldi. Importing this module is cheap: the front-end loads what it needs when a file is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core import hookimpl
from mo_core.frontend import Frontend, SourceModel
from mo_core.options import Option

if TYPE_CHECKING:
    from mo_core.frontend import Converter
    from mo_core.ir import Foreign
    from mo_core.options import Options

_HEADS = (b"<Nnet>", b"<Nnet3>", b"<TransitionModel>")

OPTIONS = (
    Option("utterance", "flag", "Take whole utterances, [frames, columns], instead of one frame a call.", False),
    Option("chunk", "integer", "Take so many frames a call.", metavar="N"),
    Option(
        "frame_subsampling_factor",
        "integer",
        "Give a row for every Nth frame only, as the decoder of a chain model wants it.",
        1,
        metavar="N",
    ),
    Option(
        "counts",
        "path",
        'A file with counts of the outputs, whose log-probabilities are subtracted; "" takes the priors of the model.',
        metavar="PATH",
    ),
    Option("remove_output_softmax", "flag", "Leave out the softmax at the end.", False),
    Option("remove_memory", "flag", "Make the states inputs and outputs instead of variables.", False),
    Option("feature_transform", "path", "A network of nnet1 to put in front.", metavar="PATH"),
)


class KaldiFrontend(Frontend):
    """Kaldi networks of all three generations, with or without a transition model."""

    name = "kaldi"
    title = "Kaldi"
    distribution = "mo-kaldi"
    suffixes = (".nnet", ".mdl", ".raw")

    def recognises(self, path: Path, head: bytes) -> bool:
        """By what the file begins with."""
        return head.removeprefix(b"\0B").lstrip().startswith(_HEADS) or path.suffix.lower() in self.suffixes

    def options(self) -> Sequence[Option]:
        """The options of Kaldi models."""
        return OPTIONS

    def read(self, source: Any, options: Options) -> SourceModel:
        """Read a network; matrices stay windows."""
        from mo_kaldi.frontend import read

        return read(source, options)

    def complete(self, model: SourceModel, options: Options) -> None:
        """Refuse shapes with which a component is given no matrix, or one of any number of columns."""
        from mo_kaldi.frontend import check_matrices

        check_matrices(model.graph)

    def prepare(self, converter_: Converter, node: Foreign) -> dict[str, Any]:
        """The tokens of the component in the types that the converter wants."""
        from mo_kaldi.registry import parameters

        return parameters(converter_, node)


@hookimpl
def mo_frontends() -> Sequence[Frontend]:
    """The Kaldi front-end."""
    return [KaldiFrontend()]


@hookimpl
def mo_converters(framework: str) -> Sequence[Converter]:
    """Converters of Kaldi components, for that framework only."""
    if framework != "kaldi":
        return ()
    from mo_core.frontend import converters_of
    from mo_kaldi import ops

    return converters_of(*ops.MODULES)
