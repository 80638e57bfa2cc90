"""The hooks of mo-mxnet. Importing this module is cheap: the front-end loads what it needs when a file is read."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mo_core import hookimpl
from mo_core.frontend import Frontend, Reference, SourceModel
from mo_core.options import Option

if TYPE_CHECKING:
    from mo_core.frontend import Converter, ConverterTable
    from mo_core.ir import Foreign, Graph
    from mo_core.options import Options
    from mo_core.rewriting import Context, Pass, Replacer

PARAMS_MAGIC = (0x112).to_bytes(8, "little")
_SYMBOL = re.compile(rb'"nodes"\s*:\s*\[\s*\{\s*"(?:op|name|attrs?|param|inputs)"')

OPTIONS = (
    Option(
        "input_symbol",
        "path",
        "The network, -symbol.json; default: the model's name without its epoch, with that ending.",
        metavar="PATH",
    ),
    Option(
        "pretrained_model_name",
        "text",
        "The trained parameters to begin with: the path of a .params file, without that suffix.",
        metavar="PATH",
    ),
    Option(
        "nd_prefix_name",
        "text",
        "Parameters that replace those of the trained model: the path of both, without _args.nd and _auxs.nd.",
        metavar="PATH",
    ),
    Option(
        "save_params_from_nd", "flag", "Writes the merged parameters as a .params file into the output folder.", False
    ),
    Option(
        "enable_ssd_gluoncv",
        "flag",
        "Gives an SSD of GluonCV the output that the old tool gave it: one DetectionOutput.",
        False,
    ),
    Option(
        "legacy_mxnet_model",
        "flag",
        "",
        note="has no effect any more: symbols of all versions are read.",
    ),
)


class MXNetFrontend(Frontend):
    """MXNet models: a `-symbol.json` with its `.params`, and `mx.sym` or Gluon objects where MXNet is installed."""

    name = "mxnet"
    title = "MXNet"
    distribution = "mo-mxnet"
    suffixes = (".params", ".nd")
    sources = ("input_symbol", "pretrained_model_name")

    def recognises(self, path: Path, head: bytes) -> bool:
        """By suffix, by the first bytes of a list of arrays, or by the first node of a symbol."""
        if path.suffix.lower() in self.suffixes or head.startswith(PARAMS_MAGIC):
            return True
        return path.name.lower().endswith("-symbol.json") or _SYMBOL.search(head) is not None

    def accepts(self, source: object) -> bool:
        """True for a symbol or a Gluon block; MXNet is not imported to find out."""
        modules = {kind.__module__ for kind in type(source).__mro__}
        return bool(modules & {"mxnet.symbol.symbol", "mxnet.gluon.block"})

    def options(self) -> Sequence[Option]:
        """The options of MXNet models."""
        return OPTIONS

    def read(self, source: Any, options: Options) -> SourceModel:
        """Read the files of a model; weights stay windows."""
        from mo_mxnet.reader import read

        return read(source, options)

    def reference(self, source: Any, options: Options, folder: Path) -> Reference | None:
        """MXNet, for models in files."""
        if not isinstance(source, (str, os.PathLike)):
            return None
        from mo_mxnet.files import paths_of

        symbol, params = paths_of(Path(source), options, [])
        task = {"symbol": str(symbol.absolute()), "params": [str(p.absolute()) for p in params]}
        return Reference("MXNet", Path(__file__).with_name("mxnet_program.py"), "mxnet", "mo-mxnet[verify]", task)

    def find(self, table: ConverterTable, node: Foreign) -> Converter | None:
        """The converter for a node; one for `Custom` is called by the type of the operator, as in `Custom.proposal`."""
        from mo_mxnet.registry import custom_name, refused_custom

        name = custom_name(node)
        if not name:
            return table.find(node)
        named = table.versions("", name)
        return named[-1] if named else refused_custom(name)

    def complete(self, model: SourceModel, options: Options) -> None:
        """Give inputs of unknown element type MXNet's default."""
        from mo_mxnet.reader import complete

        complete(model.graph)

    def prepare(self, converter_: Converter, node: Foreign) -> dict[str, Any]:
        """The attributes of the node, read from their texts."""
        from mo_mxnet.registry import keywords

        return keywords(converter_, node)

    def default_model_name(self, source: Path) -> str:
        """The name of the model, without `-symbol` and with the epoch, as the old tool had it."""
        return re.sub(r"-symbol$", "", source.stem)


@hookimpl
def mo_frontends() -> Sequence[Frontend]:
    """The MXNet front-end."""
    return [MXNetFrontend()]


@hookimpl
def mo_converters(framework: str) -> Sequence[Converter]:
    """Converters of MXNet operators, for that framework only."""
    if framework != "mxnet":
        return ()
    from mo_core.frontend import converters_of
    from mo_mxnet import ops, refused

    return [*converters_of(*ops.MODULES), *refused.REFUSALS]


@hookimpl
def mo_passes() -> Sequence[Pass]:
    """Passes on MXNet graphs."""
    from mo_core.rewriting import Pass, Stage

    return [
        Pass(
            "ssd-gluoncv",
            Stage.FRONT,
            "The post-processing of an SSD of GluonCV becomes DetectionOutput.",
            run=_ssd_gluoncv,
            framework="mxnet",
            wanted=lambda options: bool(options.get("enable_ssd_gluoncv")),
            outermost="the post-processing ends with the outputs of the model",
        )
    ]


def _ssd_gluoncv(graph: Graph, context: Context) -> bool:
    from mo_core.rewriting import Editor
    from mo_mxnet.detectors import detection_output

    edit = Editor(graph, "ssd-gluoncv", context)
    detection_output(edit)
    return edit.changed


@hookimpl
def mo_replacers(framework: str) -> Sequence[Replacer]:
    """What the descriptions do that came with the old tool."""
    if framework != "mxnet":
        return ()
    from mo_mxnet.detectors import REPLACERS

    return REPLACERS
