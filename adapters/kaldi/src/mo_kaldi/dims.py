"""How many columns a component gives, as far as that must be known before it is converted: for what is remembered."""

from __future__ import annotations

from collections.abc import Callable

from mo_core.errors import ModelError, Unsupported
from mo_core.ir.tensor import Tensor
from mo_kaldi.network import Component, Descriptor, Network


def output_dim(network: Network, name: str) -> int:
    """The columns of a node. Raises Unsupported when the component does not say."""
    node = network.nodes[name]
    if node.dim:
        return node.dim
    if node.component:
        found = _component_dim(network.components[node.component])
    else:
        found = width(network, node.reads) if node.reads is not None else 0
    if found <= 0:
        raise Unsupported(f'node "{name}" must be remembered, and nothing says how many columns it has')
    return found


def width(network: Network, d: Descriptor) -> int:
    """The columns of a descriptor."""
    if d.op == "Ref":
        return output_dim(network, d.name)
    if d.op in ("Const", "Range"):
        return int(d.numbers[1])
    widths = [width(network, a) for a in d.args]
    return sum(widths) if d.op == "Append" else widths[0]


def _component_dim(c: Component) -> int:
    if c.problem is not None:
        raise c.problem
    special = _SPECIAL.get(c.kind)
    if special is not None:
        return special(c)
    for token in ("OutputDim", "Dim", "InputDim"):
        if token in c.tokens:
            return c.integer(token)
    for token in ("LinearParams", "CuMatrix"):
        if token in c.tokens:
            return c.tensor(token).shape[0]
    for token in ("Params", "Scales", "Bias", "Output", "Offsets"):
        if token in c.tokens:
            shape = c.tensor(token).shape
            return shape[0] if len(shape) == 2 else shape[-1]
    return 0


def _attention(c: Component) -> int:
    context = c.integer("NumLeftInputs") + c.integer("NumRightInputs") + 1
    return c.integer("NumHeads") * (c.integer("ValueDim") + context * c.flag("OutputContext"))


def _normalize(c: Component) -> int:
    dim = c.integer("InputDim", 0) or c.integer("Dim", 0)
    return dim + (dim // c.integer("BlockDim", dim) if c.flag("AddLogStddev") else 0)


def _plane(c: Component) -> int:
    x = (c.integer("InputXDim") - c.integer("FiltXDim")) // c.integer("FiltXStep") + 1
    y = (c.integer("InputYDim") - c.integer("FiltYDim")) // c.integer("FiltYStep") + 1
    return x * y * c.tensor("FilterParams").shape[0]


def _pooled(c: Component) -> int:
    total = 1
    for axis in "XYZ":
        total *= (c.integer(f"Input{axis}Dim") - c.integer(f"Pool{axis}Size")) // c.integer(f"Pool{axis}Step") + 1
    return total


def _pooling(c: Component) -> int:
    width = c.integer("InputDim") - 1
    return c.integer("NumLogCountFeatures", 0) + width


def _step(c: Component) -> int:
    """A step of nnet1 gives its result and, where it has one, its cell."""
    weights = [v for v in c.values if isinstance(v, Tensor)]
    if c.kind == "LstmProjectedStep" and len(weights) >= 7:
        return sum(weights[6].shape)
    if c.kind == "RecurrentStep" and weights:
        return weights[0].shape[0]
    raise ModelError(f"<{c.kind}> at byte {c.at} has too few matrices")


_SPECIAL: dict[str, Callable[[Component], int]] = {
    "LstmNonlinearityComponent": lambda c: 2 * c.tensor("Params").shape[1],
    "GruNonlinearityComponent": lambda c: 2 * c.integer("CellDim"),
    "OutputGruNonlinearityComponent": lambda c: 2 * c.integer("CellDim"),
    "LstmProjectedStep": _step,
    "RecurrentStep": _step,
    "TimeHeightConvolutionComponent": lambda c: c.integer("HeightOut") * c.integer("NumFiltersOut"),
    "RestrictedAttentionComponent": _attention,
    "NormalizeComponent": _normalize,
    "ConvolutionComponent": _plane,
    "MaxpoolingComponent": _pooled,
    "StatisticsExtractionComponent": lambda c: 1 + c.integer("InputDim") * (1 + c.flag("IncludeVarinance")),
    "StatisticsPoolingComponent": _pooling,
    "RepeatedAffineComponent": lambda c: c.integer("NumRepeats") * c.tensor("LinearParams").shape[0],
    "NaturalGradientRepeatedAffineComponent": lambda c: c.integer("NumRepeats") * c.tensor("LinearParams").shape[0],
    "PermuteComponent": lambda c: len(c.integers("ColumnMap")),
    "SumGroupComponent": lambda c: len(c.integers("Sizes")),
}
