"""The hooks of mo-caffe. Importing this module is cheap: the front-end loads what it needs when a file is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core import hookimpl
from mo_core.frontend import Frontend, Reference, SourceModel
from mo_core.options import Option

if TYPE_CHECKING:
    from mo_core.frontend import Converter, ConverterTable
    from mo_core.ir import Foreign
    from mo_core.options import Options

_TEXT = re.compile(rb"^\s*(?:layers?|input|input_dim|input_shape|force_backward)\s*[:{]", re.MULTILINE)

OPTIONS = (
    Option(
        "input_proto",
        "path",
        "The network's .prototxt; default: the model's name with that suffix.",
        aliases=("-d",),
        metavar="PATH",
    ),
    Option(
        "caffe_phase", "choice", "The phase whose layers are taken: TEST, or TRAIN.", "TEST", choices=("TEST", "TRAIN")
    ),
    Option("caffe_stage", "words", "Stages that hold, for the include and exclude rules of layers.", metavar="NAMES"),
    Option("caffe_level", "integer", "The level for those rules; default: that of the network, or 0.", metavar="N"),
    Option(
        "k",
        "path",
        "An XML file with the layers to keep as operations of their own (CustomLayersMapping.xml).",
        metavar="PATH",
    ),
    Option(
        "mean_file",
        "path",
        "A .binaryproto with the mean image, which is subtracted in the model.",
        aliases=("-mf",),
        excludes=("mean_values",),
        metavar="PATH",
    ),
    Option(
        "mean_file_offsets",
        "spec",
        'Where the mean image is cropped, "(x,y)"; default: its centre.',
        aliases=("-mo",),
        metavar="X,Y",
    ),
    Option(
        "disable_omitting_optional",
        "flag",
        "Kept layers get all their parameters as attributes, unset ones too.",
        False,
    ),
    Option(
        "enable_flattening_nested_params",
        "flag",
        "Kept layers get the parameters of nested messages as attributes of their own.",
        False,
    ),
    Option(
        "caffe_parser_path",
        "path",
        "",
        note="has no effect any more: fields that Caffe does not declare are read as they stand; give a converter "
        "for a layer of your own with --extension FILE.py.",
    ),
)


class CaffeFrontend(Frontend):
    """Caffe models: a `.caffemodel` with its `.prototxt`, or either of them alone."""

    name = "caffe"
    title = "Caffe"
    distribution = "mo-caffe"
    suffixes = (".caffemodel", ".prototxt")

    def recognises(self, path: Path, head: bytes) -> bool:
        """By suffix, or by the layers of a network as text."""
        return path.suffix.lower() in self.suffixes or (b"\0" not in head and _TEXT.search(head) is not None)

    def options(self) -> Sequence[Option]:
        """The options of Caffe models."""
        return OPTIONS

    def read(self, source: Any, options: Options) -> SourceModel:
        """Read the files of a model; weights stay windows."""
        from mo_caffe.reader import read

        return read(source, options)

    def reference(self, source: Any, options: Options, folder: Path) -> Reference | None:
        """The dnn module of OpenCV 4, for networks with a .prototxt."""
        if options.get("k"):
            return None
        from mo_caffe.opencv import reference

        return reference(Path(source), options)

    def find(self, table: ConverterTable, node: Foreign) -> Converter | None:
        """By type in any case of its letters: CUBE_ROOT is how early networks write CubeRoot."""
        return table.find_any_case(node)

    def prepare(self, converter_: Converter, node: Foreign) -> dict[str, Any]:
        """The parameters of the layer that the converter reads."""
        from mo_caffe.registry import parameters

        return parameters(converter_, node)


@hookimpl
def mo_frontends() -> Sequence[Frontend]:
    """The Caffe front-end."""
    return [CaffeFrontend()]


@hookimpl
def mo_converters(framework: str) -> Sequence[Converter]:
    """Converters of Caffe layers, for that framework only."""
    if framework != "caffe":
        return ()
    from mo_caffe import layers
    from mo_core.frontend import converters_of

    return converters_of(*layers.MODULES)
