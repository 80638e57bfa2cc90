"""The options that every framework shares, and the ones of the old tool that are owned by adapters or gone."""

from __future__ import annotations

from typing import Any

from mo_core.options.inputs import parse_frozen, parse_inputs, parse_outputs, parse_shapes
from mo_core.options.preparation import ChannelValues, parse_channel_values, parse_layouts, parse_transforms
from mo_core.options.table import Option

_MODEL = "The model"
_SHAPES = "Inputs and outputs"
_READY = "Pre-processing"
_TARGET = "Precision and target"
_PASSES = "Optimisation"
_EXTEND = "Plug-ins"
_TELL = "Report and log"
_OLD = "Former options"

_NO_NEED = "has no effect any more: "


def _descriptions(given: Any, option: str) -> Any:
    from mo_core.options.descriptions import parse_descriptions  # few give it, and all would pay for its import

    return parse_descriptions(given, option)


COMMON: tuple[Option, ...] = (
    Option(
        "framework",
        "text",
        "The framework, when the file does not tell: caffe, tensorflow (or tf), mxnet, onnx, "
        "kaldi, or one that a plug-in brings.",
        group=_MODEL,
        metavar="NAME",
    ),
    Option(
        "input_model",
        "path",
        "The model: a file, or a folder for formats that are one.",
        aliases=("-m", "-w"),
        group=_MODEL,
        metavar="PATH",
    ),
    Option(
        "model_name",
        "text",
        "Stem of the files written; default: that of the model.",
        aliases=("-n",),
        group=_MODEL,
        metavar="NAME",
    ),
    Option(
        "output_dir",
        "path",
        "Where the files go; made when it is not there. A name that ends in .xml is that of the file. Default: the "
        "current folder.",
        aliases=("-o",),
        group=_MODEL,
        metavar="DIR",
    ),
    Option(
        "output_model",
        "path",
        "The file to write: its folder and its name at once.",
        group=_MODEL,
        metavar="FILE.xml",
        excludes=("output_dir", "model_name"),
    ),
    Option("dry_run", "flag", "Convert and report, and write no model.", False, group=_MODEL),
    Option(
        "config",
        "path",
        "A TOML file with options, or an IR whose options are to be repeated; what is on the command line wins.",
        group=_MODEL,
        metavar="FILE",
    ),
    Option(
        "input",
        "spec",
        'Inputs, separated by commas, each as "port:name:port[shape]{type}->value"; a name in the '
        "middle of the model cuts it there, a value freezes it.",
        group=_SHAPES,
        metavar="SPECS",
        default=(),
        parse=parse_inputs,
    ),
    Option(
        "output",
        "spec",
        'Outputs in their order: "name", "name:port" or "port:name", separated by commas.',
        group=_SHAPES,
        metavar="SPECS",
        default=(),
        parse=parse_outputs,
    ),
    Option(
        "input_shape",
        "spec",
        'Shapes in the order of the inputs: "[1,3,224,224],[1..8,?]".',
        group=_SHAPES,
        metavar="SHAPES",
        excludes=("batch",),
        default=(),
        parse=parse_shapes,
    ),
    Option(
        "batch",
        "integer",
        "Size of the batch dimension of all inputs; -1: any.",
        aliases=("-b",),
        group=_SHAPES,
        metavar="N",
    ),
    Option(
        "freeze_placeholder_with_value",
        "spec",
        'Inputs that become constants: "name->True,other->[1 2]".',
        group=_SHAPES,
        metavar="SPECS",
        default=(),
        parse=parse_frozen,
    ),
    Option("static_shape", "flag", "Compute shapes now; the result cannot be reshaped.", False, group=_SHAPES),
    Option(
        "mean_values",
        "spec",
        'Subtracted per channel: "(123,117,104)", or "data[123,117,104],info[0]".',
        aliases=("-ms",),
        group=_READY,
        metavar="VALUES",
        default=ChannelValues(),
        parse=parse_channel_values,
    ),
    Option(
        "scale_values",
        "spec",
        "Divisors per channel, applied after the mean; written like it.",
        group=_READY,
        metavar="VALUES",
        excludes=("scale",),
        default=ChannelValues(),
        parse=parse_channel_values,
    ),
    Option("scale", "number", "One divisor for all inputs.", aliases=("-s",), group=_READY, metavar="X"),
    Option(
        "reverse_input_channels", "flag", "Exchange RGB and BGR on inputs with three channels.", False, group=_READY
    ),
    Option(
        "layout",
        "spec",
        'Layouts, also of outputs: "nhwc", "in(nhwc->nchw),out(nc)".',
        group=_READY,
        metavar="LAYOUTS",
        excludes=("source_layout", "target_layout"),
        default=(),
        parse=parse_layouts,
    ),
    Option(
        "source_layout",
        "spec",
        'What the axes of the model mean: "in1([n,h,w,c]),out(nc)".',
        group=_READY,
        metavar="LAYOUTS",
        default=(),
        parse=parse_layouts,
    ),
    Option(
        "target_layout",
        "spec",
        "What the axes are to be; transposes are put in.",
        group=_READY,
        metavar="LAYOUTS",
        default=(),
        parse=parse_layouts,
    ),
    Option(
        "transform",
        "spec",
        "LowLatency2, MakeStateful or Pruning, with [key=value;key=value].",
        group=_READY,
        metavar="NAMES",
        default=(),
        parse=parse_transforms,
    ),
    Option(
        "data_type",
        "choice",
        "Element type of the weights: FP16 or FP32.",
        group=_TARGET,
        metavar="TYPE",
        choices={"FP16": "f16", "half": "f16", "FP32": "f32", "float": "f32"},
    ),
    Option(
        "compress_to_fp16", "flag", "Store weights as f16; the runtime computes in the type it prefers.", group=_TARGET
    ),
    Option("ir_version", "choice", "Version of the IR.", "11", group=_TARGET, choices=("10", "11"), metavar="N"),
    Option(
        "target_openvino",
        "choice",
        "The oldest OpenVINO release that must read the result.",
        group=_TARGET,
        choices=("2022.3", "2023.3", "2024", "2025", "2026"),
        metavar="RELEASE",
    ),
    Option("disable_fusing", "flag", "No fusions at all.", False, group=_PASSES),
    Option("disable_gfusing", "flag", "No joining of convolutions into a grouped one.", False, group=_PASSES),
    Option("disable_resnet_optimization", "flag", "No moving of strides up the graph.", False, group=_PASSES),
    Option("disable_weights_compression", "flag", "Quantised weights stay as real numbers.", False, group=_PASSES),
    Option(
        "finegrain_fusing",
        "words",
        "Source names, or regular expressions of them, that no fusion touches.",
        (),
        group=_PASSES,
        metavar="NAMES",
    ),
    Option(
        "disable_pass",
        "words",
        "Passes that do not run.",
        (),
        aliases=("--disable_passes",),
        group=_PASSES,
        metavar="NAMES",
    ),
    Option(
        "enable_pass",
        "words",
        "Passes that run only when asked for.",
        (),
        aliases=("--enable_passes",),
        group=_PASSES,
        metavar="NAMES",
    ),
    Option("only_passes", "words", "The only fusions that run.", (), group=_PASSES, metavar="NAMES"),
    Option(
        "fusion_switch_file",
        "path",
        "A file that switches passes: lines NAME:off, or JSON.",
        group=_PASSES,
        metavar="FILE",
    ),
    Option(
        "extension",
        "words",
        "Python files, or folders of them, with operations, converters or passes.",
        (),
        group=_EXTEND,
        metavar="FILES",
    ),
    Option(
        "transformations_config",
        "spec",
        "JSON files that describe sub-graphs of the model and what replaces them.",
        (),
        parse=_descriptions,
        aliases=("--tensorflow_use_custom_operations_config",),
        group=_EXTEND,
        metavar="FILES",
    ),
    Option(
        "tensorflow_custom_operations_config_update",
        "path",
        "Write the inputs and outputs of the scopes in such a JSON file into it, and convert nothing.",
        group=_EXTEND,
        metavar="FILE",
    ),
    Option("block_plugin", "words", "Plug-ins or distributions to leave out.", (), group=_EXTEND, metavar="NAMES"),
    Option(
        "keep_unsupported",
        "flag",
        "Keep operations without a converter as custom ones, for an extension of the runtime.",
        False,
        group=_EXTEND,
    ),
    Option(
        "unsupported_output",
        "spec",
        'Types of the results of operations that are kept: "name[1,10]{f32},name:1[?]".',
        group=_EXTEND,
        metavar="SPECS",
        default=(),
        parse=parse_inputs,
    ),
    Option("no_plugins", "flag", "Leave out all plug-ins but the front-ends of frameworks.", False, group=_EXTEND),
    Option(
        "report",
        "path",
        "Write what happened as JSON, also when the conversion fails; - is the standard output.",
        group=_TELL,
        metavar="FILE",
    ),
    Option(
        "explain",
        "text",
        "Tell which rules fired at a node or declined, and why: NODE or PASS@NODE.",
        group=_TELL,
        metavar="NODE",
    ),
    Option(
        "dump_passes", "path", "Write the graph as text around every pass that changed it.", group=_TELL, metavar="DIR"
    ),
    Option("check", "flag", "Verify the graph after every pass.", False, group=_TELL),
    Option("silent", "flag", "No summary and no notes.", False, group=_TELL),
    Option(
        "log_level",
        "choice",
        "How much is told; DEBUG also shows where an error came from.",
        "ERROR",
        group=_TELL,
        metavar="LEVEL",
        choices={
            "CRITICAL": "CRITICAL",
            "ERROR": "ERROR",
            "WARN": "WARNING",
            "WARNING": "WARNING",
            "INFO": "INFO",
            "DEBUG": "DEBUG",
            "NOTSET": "DEBUG",
        },
    ),
    Option("progress", "flag", "Show progress from the start, also when it is quick.", False, group=_TELL),
    Option("stream_output", "flag", "Show progress as lines, for logs.", False, group=_TELL),
    Option(
        "enable_concat_optimization",
        "flag",
        "",
        False,
        group=_OLD,
        note=_NO_NEED + "empty operands of Concat always go.",
    ),
    Option(
        "move_to_preprocess",
        "flag",
        "",
        False,
        group=_OLD,
        note=_NO_NEED + "the IR has no pre-process section; mean values are folded into the model.",
    ),
    Option(
        "generate_deprecated_IR_V7",
        "flag",
        "",
        False,
        group=_OLD,
        note=_NO_NEED + "IR version 11 is written, or 10 with --ir_version 10.",
    ),
    Option(
        "keep_shape_ops",
        "flag",
        "",
        False,
        group=_OLD,
        note=_NO_NEED + "shape operations stay where shapes are dynamic; --static_shape computes them.",
    ),
    Option(
        "legacy_ir_generation",
        "flag",
        "",
        False,
        group=_OLD,
        excludes=("transform",),
        note=_NO_NEED + "there is one way to make the IR.",
    ),
    Option(
        "use_new_frontend",
        "flag",
        "",
        False,
        group=_OLD,
        excludes=("use_legacy_frontend",),
        note=_NO_NEED + "there is one front-end for each framework.",
    ),
    Option(
        "use_legacy_frontend",
        "flag",
        "",
        False,
        group=_OLD,
        note=_NO_NEED + "there is one front-end for each framework.",
    ),
    Option(
        "share_weights", "flag", "", group=_OLD, note=_NO_NEED + "weights are never copied before they are written."
    ),
    Option(
        "extensions",
        "text",
        "",
        group=_OLD,
        gone="Write a converter in a Python file, and give it with --extension FILE.py.",
    ),
    Option(
        "example_input", "path", "", group=_OLD, gone="PyTorch models are not converted; export them to ONNX first."
    ),
    Option(
        "example_output", "path", "", group=_OLD, gone="PyTorch models are not converted; export them to ONNX first."
    ),
    Option(
        "generate_deprecated_IR_V2",
        "flag",
        "",
        False,
        group=_OLD,
        note=_NO_NEED + "IR version 11 is written, or 10 with --ir_version 10.",
    ),
    Option("steps", "flag", "", False, group=_OLD, note=_NO_NEED + "--progress shows the stages."),
)

TOPICS = {
    "model": _MODEL,
    "inputs": _SHAPES,
    "preprocessing": _READY,
    "precision": _TARGET,
    "optimisation": _PASSES,
    "extensions": _EXTEND,
    "report": _TELL,
    "former": _OLD,
}
"""Words for `--help` by the groups of options; a front-end's group has its name."""
