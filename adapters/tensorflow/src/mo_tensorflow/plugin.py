"""The hooks of mo-tensorflow. Importing this module is cheap: the front-end loads what it needs when a file is read."""

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
    from mo_core.ir import Foreign, Graph
    from mo_core.options import Options
    from mo_core.rewriting import Context, Pass, Replacer

SAVED_MODEL_FILE = "saved_model.pb"
_TEXT = re.compile(rb"\s*(?:#[^\n]*\n\s*)*(?:node\s*:?\s*\{|meta_info_def\s*:?\s*\{|saved_model_schema_version\s*:)")

OPTIONS = (
    Option(
        "saved_model_dir",
        "path",
        "A folder with a SavedModel, in the place of --input_model.",
        excludes=("input_model",),
        metavar="DIR",
    ),
    Option("saved_model_tags", "words", "The tags of the meta graph to take, when there are several.", metavar="TAGS"),
    Option(
        "saved_model_signature",
        "text",
        "The signature to take; default: serving_default, else the first by name.",
        metavar="KEY",
    ),
    Option(
        "input_meta_graph",
        "path",
        "A .meta file with its checkpoint next to it, in the place of --input_model.",
        excludes=("input_model", "saved_model_dir"),
        metavar="PATH",
    ),
    Option(
        "input_checkpoint", "path", "The checkpoint with the variables of the graph, or its folder.", metavar="PATH"
    ),
    Option("input_model_is_text", "flag", "The graph is text (.pbtxt).", False),
    Option("tensorboard_logdir", "path", "A folder for an event file with the graph, for TensorBoard.", metavar="DIR"),
    Option(
        "disable_nhwc_to_nchw",
        "flag",
        "",
        note="has no effect any more: inputs and outputs keep the layout of the model."
        " Inside of it the one that is fastest is taken.",
    ),
    Option(
        "tensorflow_custom_layer_libraries",
        "text",
        "",
        gone="A library holds code for TensorFlow only; give a converter for its operations with --extension FILE.py.",
    ),
    Option(
        "offload_unsupported_operations_to_tf",
        "flag",
        "Leave what is not supported to TensorFlow, which a companion of the runtime calls.",
        False,
    ),
    Option(
        "tensorflow_operation_patterns",
        "words",
        "Operations, as regular expressions, each of whose nodes is left to TensorFlow.",
        (),
        metavar="PATTERNS",
    ),
    Option(
        "tensorflow_subgraph_patterns",
        "words",
        "Names of nodes, as regular expressions: the connected ones that fit one are left to TensorFlow together.",
        (),
        metavar="PATTERNS",
    ),
    Option(
        "tensorflow_object_detection_api_pipeline_config",
        "path",
        "The pipeline.config of a detector of the Object Detection API, which gets one output: DetectionOutput.",
        metavar="FILE",
    ),
)


class TensorflowFrontend(Frontend):
    """TensorFlow models: frozen graphs, SavedModels, meta graphs with checkpoints, and graphs in memory."""

    name = "tensorflow"
    title = "TensorFlow"
    distribution = "mo-tensorflow"
    suffixes = (".pb", ".pbtxt", ".meta", ".keras", ".h5", ".hdf5")
    sources = ("saved_model_dir", "input_meta_graph")

    def recognises(self, path: Path, head: bytes) -> bool:
        """By suffix or by the text of a graph; a folder by the SavedModel or the checkpoint in it."""
        if path.is_dir():
            return any((path / name).is_file() for name in (SAVED_MODEL_FILE, "saved_model.pbtxt", "checkpoint"))
        return path.suffix.lower() in self.suffixes or _TEXT.match(head) is not None

    def accepts(self, source: object) -> bool:
        """True for a GraphDef, MetaGraphDef or SavedModel of any copy of the schema, and for objects of TensorFlow."""
        descriptor = getattr(source, "DESCRIPTOR", None)
        name = getattr(descriptor, "full_name", "")
        if name:
            return name in ("tensorflow.GraphDef", "tensorflow.MetaGraphDef", "tensorflow.SavedModel")
        packages = ("tensorflow.", "keras.", "tf_keras.")
        return any(f"{kind.__module__}.".startswith(packages) for kind in type(source).__mro__)

    def options(self) -> Sequence[Option]:
        """The options of TensorFlow models."""
        return OPTIONS

    def read(self, source: Any, options: Options) -> SourceModel:
        """Read a path or a message in memory; weights stay windows."""
        from mo_tensorflow.reader import read

        return read(source, options)

    def complete(self, model: SourceModel, options: Options) -> None:
        """Say which inputs are switches of training."""
        from mo_tensorflow.advice import advice

        model.notes += advice(model.graph)

    def find(self, table: ConverterTable, node: Foreign) -> Converter | None:
        """The converter for a node; another one where it computes with complex numbers."""
        from mo_tensorflow.complexes import find

        return find(table, node)

    def prepare(self, converter_: Converter, node: Foreign) -> dict[str, Any]:
        """The attributes without the types that the converter does not ask for."""
        from mo_tensorflow.registry import keywords

        return keywords(converter_, node)

    def reference(self, source: Any, options: Options, folder: Path) -> Reference | None:
        """TensorFlow, for models in files, for GraphDefs and for models of Keras."""
        from mo_tensorflow.reference import reference

        return reference(source, options, folder)

    def default_model_name(self, source: Path) -> str:
        """The stem of the file; for a SavedModel the name of its folder."""
        folder = source.resolve().parent if source.name == SAVED_MODEL_FILE else source.resolve()
        return folder.name if folder.is_dir() else source.stem


@hookimpl
def mo_frontends() -> Sequence[Frontend]:
    """The TensorFlow front-end."""
    return [TensorflowFrontend()]


@hookimpl
def mo_converters(framework: str) -> Sequence[Converter]:
    """Converters of TensorFlow ops, for that framework only."""
    if framework != "tensorflow":
        return ()
    from mo_core.frontend import converters_of
    from mo_tensorflow import ops
    from mo_tensorflow.offload import passes

    return converters_of(*ops.MODULES, passes)


@hookimpl
def mo_passes() -> Sequence[Pass]:
    """Passes on TensorFlow graphs."""
    from mo_core.rewriting import Pass, Stage

    return [
        Pass(
            "object-detection",
            Stage.FRONT,
            "The post-processing of a detector of the Object Detection API becomes DetectionOutput.",
            run=_object_detection,
            framework="tensorflow",
            outermost="the post-processing ends with the outputs of the model",
        ),
        Pass(
            "offload",
            Stage.FRONT,
            "Operations that are left to TensorFlow become one custom operation for each connected group.",
            run=_offload,
            after=("object-detection",),
            wanted=_wants_offload,
            framework="tensorflow",
            outermost="functions are put in the place of their calls before",
        ),
    ]


@hookimpl
def mo_replacers(framework: str) -> Sequence[Replacer]:
    """What the descriptions do that came with the old tool."""
    if framework != "tensorflow":
        return ()
    from mo_tensorflow.detectors.replacers import REPLACERS

    return REPLACERS


def _wants_offload(options: Any) -> bool:
    from mo_tensorflow.offload.passes import wanted

    return options is not None and wanted(options)


def _offload(graph: Graph, context: Context) -> bool:
    from mo_core.rewriting import Editor
    from mo_tensorflow.offload.passes import offload

    editor = Editor(graph, "offload", context)
    offload(graph, editor, context)
    return editor.changed


def _object_detection(graph: Graph, context: Context) -> bool:
    from mo_core.rewriting import Editor
    from mo_tensorflow.detectors import DECODED, OPTION

    asked = context.options is not None and context.options.get(OPTION)
    if not asked and not any(node.name.endswith(DECODED) for node in graph):  # of all models, most end here
        return False
    from mo_tensorflow.detectors.passes import replace_postprocessing

    editor = Editor(graph, "object-detection", context)
    replace_postprocessing(graph, editor)
    return editor.changed
