"""What an operator expects of its learned inputs, and what those tell about its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from mo_core.ir.types import Dim, Dynamic, Shape
from mo_mxnet.attributes import WHOLE, WHOLES, parse

Pattern: TypeAlias = "tuple[int, ...]"
"""Dimensions, 0 for one that depends on the data."""

CHANNELS = ("gamma", "beta", "moving_mean", "moving_var")
INPUTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("Convolution", "Convolution_v1", "_npx_convolution"), ("data", "weight", "bias")),
    **dict.fromkeys(("Deconvolution", "_npx_deconvolution"), ("data", "weight", "bias")),
    **dict.fromkeys(("FullyConnected", "_npx_fully_connected", "_sparse_FullyConnected"), ("data", "weight", "bias")),
    **dict.fromkeys(
        ("BatchNorm", "BatchNorm_v1", "CuDNNBatchNorm", "_npx_batch_norm", "_contrib_SyncBatchNorm"),
        ("data", *CHANNELS),
    ),
    "_contrib_BatchNormWithReLU": ("data", *CHANNELS),
    **dict.fromkeys(("InstanceNorm", "LayerNorm", "GroupNorm", "_npx_layer_norm"), ("data", "gamma", "beta")),
    **dict.fromkeys(("Embedding", "_npx_embedding", "_sparse_Embedding"), ("data", "weight")),
    "_contrib_DeformableConvolution": ("data", "offset", "weight", "bias"),
    "_contrib_ModulatedDeformableConvolution": ("data", "offset", "mask", "weight", "bias"),
    **dict.fromkeys(("RNN", "_npx_rnn"), ("data", "parameters", "state", "state_cell")),
}
"""Names of the inputs of operators that have learned ones."""

LEARNED = frozenset(("weight", "bias", *CHANNELS, "parameters"))
STATES = frozenset(("state", "state_cell"))
LABELS: Mapping[str, int] = {
    "SoftmaxOutput": 1,
    "Softmax": 1,
    "LinearRegressionOutput": 1,
    "LogisticRegressionOutput": 1,
    "MAERegressionOutput": 1,
    "_sparse_LinearRegressionOutput": 1,
    "_sparse_LogisticRegressionOutput": 1,
    "_sparse_MAERegressionOutput": 1,
    "SVMOutput": 1,
}
"""Operators with a label, which only training reads, and its place."""


def role(op: str, slot: int) -> str:
    """What an input is to an operator: `data`, `weight`, ..., or nothing where it has no learned inputs."""
    names = INPUTS.get(op, ())
    return names[slot] if slot < len(names) else ""


def expected(op: str, role: str, attributes: Mapping[str, str]) -> Pattern | None:
    """The shape of a learned input as far as the attributes tell, or None."""
    family = op.removeprefix("_npx_").removesuffix("_v1").lower()
    if family in ("convolution", "_contrib_deformableconvolution", "_contrib_modulateddeformableconvolution"):
        filters = _number(attributes, "num_filter")
        if role == "bias":
            return (filters,)
        if role == "weight" and not _channels_last(attributes):
            return (filters, 0, *_numbers(attributes, "kernel"))
    elif family == "deconvolution":
        filters, groups = _number(attributes, "num_filter"), _number(attributes, "num_group") or 1
        if role == "bias":
            return (filters,)
        if role == "weight" and not _channels_last(attributes):
            return (0, filters // groups, *_numbers(attributes, "kernel"))
    elif family in ("fullyconnected", "fully_connected", "_sparse_fullyconnected"):
        hidden = _number(attributes, "num_hidden")
        return (hidden,) if role == "bias" else (hidden, 0) if role == "weight" else None
    elif family in ("embedding", "_sparse_embedding") and role == "weight":
        return (_number(attributes, "input_dim"), _number(attributes, "output_dim"))
    return None


def fits(shape: Sequence[int], pattern: Pattern) -> bool:
    """True when a shape is of a pattern."""
    return len(shape) == len(pattern) and all(p in (0, d) for d, p in zip(shape, pattern))


def data_shape(op: str, attributes: Mapping[str, str], learned: Mapping[str, Sequence[int]]) -> Shape:
    """What the shapes of the learned inputs tell about the shape of the data; None for nothing."""
    weight = learned.get("weight")
    family = op.removeprefix("_npx_").removesuffix("_v1").lower()
    if family == "rnn":
        return (Dynamic(), Dynamic(), Dynamic())
    if weight is not None and len(weight) > 2 and "convolution" in family and not _channels_last(attributes):
        groups = _number(attributes, "num_group") or 1
        channels: Dim = weight[0] if family == "deconvolution" else weight[1] * groups
        return (Dynamic(), channels, *(Dynamic() for _ in weight[2:]))
    return None


def _channels_last(attributes: Mapping[str, str]) -> bool:
    layout = attributes.get("layout", "None")
    return layout != "None" and layout.index("C") != 1 if "C" in layout else False


def _number(attributes: Mapping[str, str], name: str) -> int:
    value: Any = parse(name, attributes[name], WHOLE) if name in attributes else 0
    return int(value)


def _numbers(attributes: Mapping[str, str], name: str) -> tuple[int, ...]:
    value: Any = parse(name, attributes[name], WHOLES) if name in attributes else ()
    return tuple(value)
