"""How converters of Kaldi components are marked.

    @kaldi_component("AffineComponent", "NaturalGradientAffineComponent")
    def affine(x, *, LinearParams: Tensor, BiasParams: Tensor): ...

The operand has one row for each frame. Keyword-only parameters are tokens of the file without their brackets, in the
type of the annotation (`int`, `float`, `bool`, `Ints`, `Tensor`); `values` is what stands in the file without a token
(all parameters of nnet1), and `frames` tells a component that looks over several frames where its rows lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from mo_core.errors import ModelError
from mo_core.frontend import Converter
from mo_core.ir import Foreign
from mo_core.ir.tensor import Tensor
from mo_kaldi.layout import FRAMES
from mo_kaldi.network import Component, whole_numbers
from mo_kaldi.stream import Number, Raw

F = TypeVar("F", bound=Callable[..., object])

_TRAINING = """
LearningRate LearningRateFactor MaxChange MaxChangePerSample L2Regularize OrthonormalConstraint IsGradient RankIn
RankOut RankInOut UpdatePeriod NumSamplesHistory NumMinibatchesHistory Alpha AlphaInOut UseNaturalGradient ParamStddev
BiasStddev ValueAvg ValueSum DerivAvg DerivSum Count OderivRms OderivCount NumDimsSelfRepaired NumDimsProcessed
SelfRepairScale SelfRepairLowerThreshold SelfRepairUpperThreshold SelfRepairConfig SelfRepairProb NumElementsClipped
NumElementsProcessed NumElementsZeroed NumZeroingBoundaries ClippingThreshold NormBasedClipping ZeroingThreshold
ZeroingInterval RecurrenceInterval ZeroedProportion MaxMemoryMb MaxRowsProcess TestMode BackpropScale LearnRateCoef
BiasLearnRateCoef MaxNorm DiffClip CellDiffClip GradClip GradientClip ClipGradient WeightStats StatsCount EntropyStats
PosteriorStats TimePeriod SpecAugmentMaxProportion TimeMaskMaxFrames DropoutProportion DropoutPerFrame Continuous Rank
ScaleMin AlphaLearnRateCoef SelfRepairTotal SelfRepairThreshold GradientBoost BetaLearnRateCoef
"""
TRAINING = frozenset(_TRAINING.split())
"""Tokens of the training: nothing in the result of a trained network depends on them."""


def kaldi_component(*kinds: str, ignore: Iterable[str] = (), overrides: bool = False) -> Callable[[F], F]:
    """Mark a function as converter of kinds of components."""

    def mark(function: F) -> F:
        for kind in kinds:
            record = Converter(kind, function, ignore=TRAINING.union(ignore), overrides=overrides)
            function.__dict__.setdefault("mo_converters", []).append(record)
        return function

    return mark


class Frames(NamedTuple):
    """Where rows lie, for a component that looks over several frames.

    Attributes:
        start: frame of the operand's first row; more: how many frames more than the result the operand reaches at the
            end; first: frame of the result's first row.
    """

    start: int
    more: int
    first: int


def parameters(converter: Converter, node: Foreign) -> dict[str, Any]:
    """The keywords for a converter. Raises ModelError for a value of the wrong kind."""
    component = node.given.get("")
    if not isinstance(component, Component):
        return node.given
    if component.problem is not None:
        raise component.problem
    keywords: dict[str, Any] = {}
    for token, raw in node.given.items():
        parameter = converter.attributes.get(token)
        if token == FRAMES and parameter is not None:
            keywords[token] = Frames(*raw)
        elif parameter is not None:
            keywords[token] = _resolved(raw, parameter.annotation, token, component)
        elif token and token != FRAMES and token not in TRAINING:
            keywords[token] = raw
    if "values" in converter.attributes:
        keywords["values"] = component.values
    return keywords


def _resolved(raw: Raw, annotation: Any, token: str, component: Component) -> Any:
    kind = str(getattr(annotation, "__name__", annotation)).split(" | ")[0]
    try:
        if kind == "int" and isinstance(raw, Number):
            return raw.integer
        if kind == "float" and isinstance(raw, Number):
            return raw.real
        if kind == "Ints":
            return whole_numbers(raw, f"<{token}>")
        if (kind == "bool" and isinstance(raw, bool)) or (kind == "Tensor" and isinstance(raw, Tensor)):
            return raw
    except ValueError:
        pass
    raise ModelError(f"<{token}> of <{component.kind}> at byte {component.at} is not of kind {kind}: {raw!r:.60}")


def tensors(values: tuple[Raw, ...], count: int) -> list[Tensor]:
    """The matrices and vectors among values without tokens; raises ModelError unless there are so many."""
    found = [v for v in values if isinstance(v, Tensor)]
    if len(found) != count:
        raise ModelError(f"a component has {len(found)} matrices and vectors, expected {count}")
    return found
