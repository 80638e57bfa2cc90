"""Every component of nnet3 and nnet2, from binary and text files, against the plain reference."""

import numpy as np
import pytest

from tests.adapters.kaldi import files, reference
from tests.adapters.kaldi.files import Part
from tests.adapters.kaldi.running import assert_close, whole

RANDOM = np.random.default_rng(7)


def normal(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def positive(*shape):
    return RANDOM.uniform(0.5, 2, size=shape).astype(np.float32)


def dims(n):
    return [("Dim", n)]


AFFINE = [("LearningRate", 0.01), ("LinearParams", normal(5, 6)), ("BiasParams", normal(5)), ("IsGradient", False)]
LSTM = [("Params", normal(3, 4)), ("ValueAvg", normal(5, 4)), ("UseDropout", False), ("Count", 0.0)]
ATTENTION = [
    ("NumHeads", 2),
    ("KeyDim", 3),
    ("ValueDim", 2),
    ("NumLeftInputs", 2),
    ("NumRightInputs", 1),
    ("TimeStride", 2),
    ("NumLeftInputsRequired", 1),
    ("NumRightInputsRequired", 0),
    ("OutputContext", True),
    ("KeyScale", 0.5),
]
PLANE = [
    ("InputXDim", 4),
    ("InputYDim", 3),
    ("InputZDim", 2),
    ("FiltXDim", 2),
    ("FiltYDim", 2),
    ("FiltXStep", 2),
    ("FiltYStep", 1),
]
FILTERS = [("FilterParams", normal(3, 8)), ("BiasParams", normal(3))]


def time_height(offsets, needed, subsample=1, heights=(4, 4)):
    times = sorted({o for o, _ in offsets})
    return [
        ("ConvolutionModel", None),
        ("NumFiltersIn", 3),
        ("NumFiltersOut", 2),
        ("HeightIn", heights[0]),
        ("HeightOut", heights[1]),
        ("HeightSubsampleOut", subsample),
        ("Offsets", offsets),
        ("RequiredTimeOffsets", needed if needed is not None else times),
        ("/ConvolutionModel", None),
        ("LinearParams", normal(2, len(offsets) * 3)),
        ("BiasParams", normal(2)),
    ]


CASES = {
    "AffineComponent": (6, AFFINE),
    "NaturalGradientAffineComponent": (6, [*AFFINE, ("RankIn", 20), ("RankOut", 80), ("Alpha", 4.0)]),
    "AffineComponentPreconditionedOnline": (6, AFFINE),
    "FixedAffineComponent": (6, [("LinearParams", normal(5, 6)), ("BiasParams", normal(5))]),
    "LinearComponent": (6, [("Params", normal(5, 6)), ("OrthonormalConstraint", 0.0)]),
    "FixedLinearComponent": (6, [("CuMatrix", normal(5, 6))]),
    "RepeatedAffineComponent": (6, [("NumRepeats", 3), ("LinearParams", normal(4, 2)), ("BiasParams", normal(4))]),
    "BlockAffineComponent": (6, [("NumBlocks", 3), ("LinearParams", normal(6, 2)), ("BiasParams", normal(6))]),
    "RectifiedLinearComponent": (6, [*dims(6), ("ValueAvg", normal(6)), ("Count", 0.0)]),
    "SigmoidComponent": (6, dims(6)),
    "TanhComponent": (6, dims(6)),
    "SoftmaxComponent": (6, dims(6)),
    "LogSoftmaxComponent": (6, dims(6)),
    "SoftHingeComponent": (6, dims(6)),
    "NormalizeComponent": (6, [("InputDim", 6), ("TargetRms", 1.5), ("AddLogStddev", False)]),
    "PnormComponent": (6, [("InputDim", 6), ("OutputDim", 3)]),
    "MaxoutComponent": (6, [("InputDim", 6), ("OutputDim", 2)]),
    "ElementwiseProductComponent": (6, [("InputDim", 6), ("OutputDim", 3)]),
    "SumBlockComponent": (6, [("InputDim", 6), ("OutputDim", 2), ("Scale", 0.5)]),
    "FixedScaleComponent": (6, [("Scales", normal(6))]),
    "FixedBiasComponent": (6, [("Bias", normal(6))]),
    "PerElementScaleComponent": (6, [("Params", normal(6)), ("IsGradient", False)]),
    "NaturalGradientPerElementScaleComponent": (6, [("Params", normal(6)), ("Rank", 8)]),
    "PerElementOffsetComponent": (6, [("Offsets", normal(6)), ("IsGradient", False)]),
    "ScaleAndOffsetComponent": (6, [("Dim", 6), ("Scales", normal(3)), ("Offsets", normal(3)), ("Rank", 20)]),
    "PowerComponent": (6, [*dims(6), ("Power", 2.0)]),
    "ScaleComponent": (6, [*dims(6), ("Scale", 0.3)]),
    "PermuteComponent": (6, [("ColumnMap", [3, 1, 5, 0, 2, 4])]),
    "SumGroupComponent": (6, [("Sizes", [1, 3, 2])]),
    "DctComponent": (6, [("Dim", 6), ("DctDim", 3), ("Reorder", True), ("DctKeepDim", 2)]),
    "ConvolutionComponent": (24, [*PLANE, ("InputVectorization", 0), *FILTERS, ("IsGradient", False)]),
    "Convolutional1dComponent": (
        12,
        [
            ("PatchDim", 2),
            ("PatchStep", 2),
            ("PatchStride", 6),
            ("AppendedConv", False),
            ("FilterParams", normal(3, 4)),
            ("BiasParams", normal(3)),
        ],
    ),
    "MaxpoolingComponent": (
        24,
        [(f"Input{a}Dim", n) for a, n in zip("XYZ", (4, 3, 2))]
        + [(f"Pool{a}Size", 2) for a in "XYZ"]
        + [(f"Pool{a}Step", n) for a, n in zip("XYZ", (2, 1, 1))],
    ),
    "LstmNonlinearityComponent": (20, LSTM),
    "GruNonlinearityComponent": (12, [("CellDim", 3), ("RecurrentDim", 3), ("w_h", normal(3, 3))]),
    "OutputGruNonlinearityComponent": (12, [("CellDim", 4), ("w_h", normal(4))]),
    "CompositeComponent": (
        6,
        [
            ("MaxRowsProcess", 100),
            ("NumComponents", 2),
            ("", Part("TanhComponent", dims(6))),
            ("", Part("AffineComponent", AFFINE)),
        ],
    ),
    "DropoutComponent": (6, [*dims(6), ("DropoutProportion", 0.25)]),
    "BackpropTruncationComponent": (6, [*dims(6), ("Scale", 0.5), ("ClippingThreshold", 30.0)]),
    "DropoutMaskComponent": (6, [("OutputDim", 3), ("DropoutProportion", 0.25)]),
    "NoOpComponent": (6, [*dims(6), ("BackpropScale", 1.0)]),
    "ClipGradientComponent": (6, [*dims(6), ("ClippingThreshold", 30.0)]),
    "SpecAugmentTimeMaskComponent": (6, [*dims(6), ("ZeroedProportion", 0.2)]),
    "GeneralDropoutComponent": (6, [*dims(6), ("BlockDim", 6), ("TimePeriod", 0), ("DropoutProportion", 0.2)]),
    "AdditiveNoiseComponent": (6, [*dims(6), ("Stddev", 1.0)]),
    "ConstantComponent": (6, [("Output", normal(4)), ("IsUpdatable", True)]),
    "ConstantFunctionComponent": (6, [("InputDim", 6), ("Output", normal(4)), ("IsUpdatable", False)]),
    "BatchNormComponent": (
        6,
        [
            ("Dim", 6),
            ("BlockDim", 3),
            ("Epsilon", 1e-3),
            ("TargetRms", 0.5),
            ("TestMode", False),
            ("Count", 10.0),
            ("StatsMean", normal(3)),
            ("StatsVar", positive(3)),
        ],
    ),
    "TdnnComponent": (6, [("TimeOffsets", [-2, 0, 3]), ("LinearParams", normal(5, 18)), ("BiasParams", normal(5))]),
    "TimeHeightConvolutionComponent": (
        12,
        time_height([(-2, -1), (-2, 0), (0, 0), (0, 1), (2, 1)], [0], subsample=2, heights=(4, 2)),
    ),
    "RestrictedAttentionComponent": (2 * (3 + 2 + 3 + 4), ATTENTION),
}

VARIANTS = {
    "AffineComponent-double": (
        "AffineComponent",
        6,
        [("LinearParams", np.float64(normal(5, 6))), ("BiasParams", normal(5))],
    ),
    "LinearComponent-wide": ("LinearComponent", 6, [("Params", normal(9, 6))]),
    "NormalizeComponent-blocks": (
        "NormalizeComponent",
        6,
        [("InputDim", 6), ("BlockDim", 3), ("TargetRms", 1.0), ("AddLogStddev", True)],
    ),
    "PnormComponent-1": ("PnormComponent", 6, [("InputDim", 6), ("OutputDim", 2), ("P", 1.0)]),
    "PnormComponent-3": ("PnormComponent", 6, [("InputDim", 6), ("OutputDim", 2), ("P", 3.0)]),
    "PermuteComponent-nnet2": ("PermuteComponent", 6, [("Reorder", [5, 4, 3, 2, 1, 0])]),
    "PermuteComponent-old": ("PermuteComponent", 6, [("", [5, 4, 3, 2, 1, 0])]),
    "DctComponent-plain": ("DctComponent", 6, [("Dim", 6), ("DctDim", 3), ("Reorder", False)]),
    "ConvolutionComponent-zyx": ("ConvolutionComponent", 24, [*PLANE, ("InputVectorization", 1), *FILTERS]),
    "LstmNonlinearityComponent-dropout": ("LstmNonlinearityComponent", 23, [LSTM[0], ("UseDropout", True)]),
    "GruNonlinearityComponent-projected": (
        "GruNonlinearityComponent",
        13,
        [("CellDim", 3), ("RecurrentDim", 2), ("w_h", normal(3, 2))],
    ),
    "TimeHeightConvolution-all-needed": (
        "TimeHeightConvolutionComponent",
        12,
        time_height([(-1, 0), (0, 0), (0, 2)], None),
    ),
    "TdnnComponent-no-bias": (
        "TdnnComponent",
        6,
        [("TimeOffsets", [1]), ("LinearParams", normal(5, 6)), ("BiasParams", normal(0))],
    ),
    "RestrictedAttention-plain": (
        "RestrictedAttentionComponent",
        2 * (3 + 2 + 3 + 4),
        [(k, {"OutputContext": False, "NumRightInputsRequired": 1}.get(k, v)) for k, v in ATTENTION],
    ),
}
ALL = {kind: (kind, *case) for kind, case in CASES.items()} | VARIANTS


def network(kind, dim, tokens):
    lines = [
        f"input-node name=input dim={dim}",
        "component-node name=first component=first input=input",
        "output-node name=output input=first objective=linear",
    ]
    return lines, {"first": Part(kind, tokens)}


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "text"])
@pytest.mark.parametrize("name", ALL)
def test_a_component_computes_what_kaldi_documents(name, binary, tmp_path):
    kind, dim, tokens = ALL[name]
    lines, components = network(kind, dim, tokens)
    frames = np.random.default_rng(3).normal(size=(9, dim)).astype(np.float32)
    want = reference.Network(lines, components).run(frames)
    assert_close(whole(tmp_path, files.nnet3(lines, components, binary), frames), want)


def test_every_component_of_the_adapter_has_a_case():
    from mo_core.frontend import converters_of
    from mo_kaldi import ops
    from tests.adapters.kaldi import test_nnet1

    known = {c.op for c in converters_of(*ops.MODULES)}
    elsewhere = {"Recurrence", "StatisticsExtractionComponent", "StatisticsPoolingComponent"}
    alike = {
        "AffineComponentPreconditioned",
        "NaturalGradientRepeatedAffineComponent",
        "BlockAffineComponentPreconditioned",
    }
    here = {kind for kind, _, _ in ALL.values()}
    assert known - elsewhere - alike - test_nnet1.KINDS == here & known
    assert {kind for kind, _, _ in ALL.values()} <= known | {"CompositeComponent"}
