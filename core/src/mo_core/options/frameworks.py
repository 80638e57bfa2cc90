"""What the core knows of the frameworks whose adapters may not be installed: one table.

It serves messages alone (which package brings a format, which framework has an option). Recognising and reading files
is the front-ends' business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Framework:
    """A framework of the old tool.

    Attributes:
        name: as in `--framework`; title: as its users write it; distribution: what `pip install` brings its front-end;
        suffixes: of its files; aliases: other names; options: those of the old tool that only its adapter knows.
    """

    name: str
    title: str
    distribution: str
    suffixes: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


FRAMEWORKS: tuple[Framework, ...] = (
    Framework("onnx", "ONNX", "mo-onnx", (".onnx",)),
    Framework(
        "caffe",
        "Caffe",
        "mo-caffe",
        (".caffemodel", ".prototxt"),
        options=(
            "input_proto",
            "d",
            "caffe_parser_path",
            "k",
            "mean_file",
            "mf",
            "mean_file_offsets",
            "mo",
            "disable_omitting_optional",
            "enable_flattening_nested_params",
        ),
    ),
    Framework(
        "tensorflow",
        "TensorFlow",
        "mo-tensorflow",
        (".pb", ".pbtxt", ".meta"),
        aliases=("tf",),
        options=(
            "input_model_is_text",
            "input_checkpoint",
            "input_meta_graph",
            "saved_model_dir",
            "saved_model_tags",
            "tensorflow_object_detection_api_pipeline_config",
            "tensorboard_logdir",
            "offload_unsupported_operations_to_tf",
            "tensorflow_operation_patterns",
            "tensorflow_subgraph_patterns",
            "tensorflow_custom_layer_libraries",
            "disable_nhwc_to_nchw",
        ),
    ),
    Framework(
        "mxnet",
        "MXNet",
        "mo-mxnet",
        (".params", ".nd"),
        options=(
            "input_symbol",
            "nd_prefix_name",
            "pretrained_model_name",
            "save_params_from_nd",
            "legacy_mxnet_model",
            "enable_ssd_gluoncv",
        ),
    ),
    Framework(
        "kaldi", "Kaldi", "mo-kaldi", (".nnet", ".mdl"), options=("counts", "remove_output_softmax", "remove_memory")
    ),
)

DISTRIBUTIONS = frozenset(f.distribution for f in FRAMEWORKS)
"""The adapters."""


def framework(name: str) -> Framework | None:
    """The framework with this name or alias."""
    return next((f for f in FRAMEWORKS if name == f.name or name in f.aliases), None)


def canonical(name: str) -> str:
    """The name of a framework for any of its names; another one stays as it is."""
    known = framework(name)
    return known.name if known is not None else name


def titles(names: Iterable[str]) -> str:
    """Frameworks as their users write them, for a sentence."""
    found = [(framework(n), n) for n in names]
    return " and ".join(f.title if f is not None else n for f, n in found)


def by_suffix(suffix: str) -> Framework | None:
    """The framework whose files end so."""
    return next((f for f in FRAMEWORKS if suffix.lower() in f.suffixes), None)


def owners(option: str) -> tuple[Framework, ...]:
    """The frameworks whose adapters have an option of the old tool."""
    return tuple(f for f in FRAMEWORKS if option in f.options)
