"""The OpenVINO operation sets: one class an operation, one file a family."""

# ruff: noqa: I001, RUF022 (lists by family in alphabetical order)

from __future__ import annotations

from mo_core.ir import Constant, Node, Parameter, Result
from mo_core.ops.activation import (
    Clamp, Elu, Gelu, HSigmoid, HSwish, HardSigmoid, LogSoftmax, Mish, PReLU, ReLU, Selu, Sigmoid, SoftPlus,
    SoftSign, Softmax, Swish,
)  # fmt: skip
from mo_core.ops.comparison import (
    BitwiseAnd, BitwiseLeftShift, BitwiseOr, BitwiseRightShift, BitwiseXor, Equal, Greater, GreaterEqual, Less,
    LessEqual, LogicalAnd, LogicalOr, LogicalXor, NotEqual, Select,
)  # fmt: skip
from mo_core.ops.control import If, Loop, TensorIterator
from mo_core.ops.conversion import Convert, ConvertLike, ConvertPromoteTypes, FakeConvert, FakeQuantize, Identity
from mo_core.ops.convolution import (
    BinaryConvolution, Convolution, ConvolutionBackpropData, DeformableConvolution, GroupConvolution,
    GroupConvolutionBackpropData,
)  # fmt: skip
from mo_core.ops.ctc import CTCGreedyDecoder, CTCGreedyDecoderSeqLen, CTCLoss
from mo_core.ops.detection import (
    DetectionOutput, DetectionOutput1, GenerateProposals, MatrixNms, MulticlassNms, NMSRotated, NonMaxSuppression,
    PriorBox, PriorBoxClustered, Proposal, RegionYolo,
)  # fmt: skip
from mo_core.ops.detectron import (
    ExperimentalDetectronDetectionOutput, ExperimentalDetectronGenerateProposalsSingleImage,
    ExperimentalDetectronPriorGridGenerator, ExperimentalDetectronROIFeatureExtractor, ExperimentalDetectronTopKROIs,
)  # fmt: skip
from mo_core.ops.elementwise import (
    Add, Divide, FloorMod, Maximum, Minimum, Mod, Multiply, Power, SquaredDifference, Subtract,
)  # fmt: skip
from mo_core.ops.embedding import (
    EmbeddingBagOffsets, EmbeddingBagOffsetsSum, EmbeddingBagPacked, EmbeddingBagPackedSum, EmbeddingSegmentsSum,
    SegmentMax,
)  # fmt: skip
from mo_core.ops.gather import (
    Gather, GatherElements, GatherND, GatherTree, ScatterElementsUpdate, ScatterNDUpdate, ScatterUpdate,
)  # fmt: skip
from mo_core.ops.generate import Eye, Multinomial, RandomUniform, Range
from mo_core.ops.image import Col2Im, ExtractImagePatches, GridSample, Interpolate, ReorgYolo
from mo_core.ops.matmul import Einsum, Inverse, MatMul, ScaledDotProductAttention
from mo_core.ops.movement import (
    BatchToSpace, Concat, DepthToSpace, Pad, Reverse, ReverseSequence, Roll, ShuffleChannels, SpaceToBatch,
    SpaceToDepth,
)  # fmt: skip
from mo_core.ops.normalization import BatchNormInference, GRN, GroupNormalization, LRN, MVN, NormalizeL2
from mo_core.ops.pooling import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, AvgPool14, AvgPool16, MaxPool, MaxPool14
from mo_core.ops.recurrent import GRUCell, GRUSequence, LSTMCell, LSTMSequence, RNNCell, RNNSequence
from mo_core.ops.reduction import (
    ReduceL1, ReduceL2, ReduceLogicalAnd, ReduceLogicalOr, ReduceMax, ReduceMean, ReduceMin, ReduceProd, ReduceSum,
)  # fmt: skip
from mo_core.ops.regions import DeformablePSROIPooling, PSROIPooling, ROIAlign, ROIAlignRotated, ROIPooling
from mo_core.ops.search import Bucketize, CumSum, NonZero, OneHot, SearchSorted, TopK, Unique
from mo_core.ops.shape import Broadcast, Reshape, ShapeOf, Squeeze, Tile, Transpose, Unsqueeze
from mo_core.ops.signal import DFT, IDFT, IRDFT, ISTFT, RDFT, STFT
from mo_core.ops.slicing import Slice, SliceScatter, Split, StridedSlice, VariadicSplit
from mo_core.ops.state import Assign, ReadValue
from mo_core.ops.unary import (
    Abs, Acos, Acosh, Asin, Asinh, Atan, Atanh, BitwiseNot, Ceiling, Cos, Cosh, Erf, Exp, Floor, IsFinite, IsInf,
    IsNaN, Log, LogicalNot, Negative, Round, Sign, Sin, Sinh, Sqrt, Tan, Tanh,
)  # fmt: skip

__all__ = [
    "ALL",
    "Abs", "Acos", "Acosh", "AdaptiveAvgPool", "AdaptiveMaxPool", "Add", "Asin", "Asinh", "Assign", "Atan", "Atanh",
    "AvgPool", "AvgPool14", "AvgPool16", "BatchNormInference", "BatchToSpace", "BinaryConvolution", "BitwiseAnd",
    "BitwiseLeftShift", "BitwiseNot", "BitwiseOr", "BitwiseRightShift", "BitwiseXor", "Broadcast", "Bucketize",
    "CTCGreedyDecoder", "CTCGreedyDecoderSeqLen", "CTCLoss", "Ceiling", "Clamp", "Col2Im", "Concat", "Constant",
    "Convert", "ConvertLike", "ConvertPromoteTypes", "Convolution", "ConvolutionBackpropData", "Cos", "Cosh",
    "CumSum", "DFT", "DeformableConvolution", "DeformablePSROIPooling", "DepthToSpace", "DetectionOutput",
    "DetectionOutput1", "Divide", "Einsum", "Elu", "EmbeddingBagOffsets", "EmbeddingBagOffsetsSum",
    "EmbeddingBagPacked", "EmbeddingBagPackedSum", "EmbeddingSegmentsSum", "Equal", "Erf", "Exp",
    "ExperimentalDetectronDetectionOutput", "ExperimentalDetectronGenerateProposalsSingleImage",
    "ExperimentalDetectronPriorGridGenerator", "ExperimentalDetectronROIFeatureExtractor",
    "ExperimentalDetectronTopKROIs", "ExtractImagePatches", "Eye", "FakeConvert", "FakeQuantize", "Floor",
    "FloorMod", "GRN", "GRUCell", "GRUSequence", "Gather", "GatherElements", "GatherND", "GatherTree", "Gelu",
    "GenerateProposals", "Greater", "GreaterEqual", "GridSample", "GroupConvolution", "GroupConvolutionBackpropData",
    "GroupNormalization", "HSigmoid", "HSwish", "HardSigmoid", "IDFT", "IRDFT", "ISTFT", "Identity", "If",
    "Interpolate", "Inverse", "IsFinite", "IsInf", "IsNaN", "LRN", "LSTMCell", "LSTMSequence", "Less", "LessEqual",
    "Log", "LogSoftmax", "LogicalAnd", "LogicalNot", "LogicalOr", "LogicalXor", "Loop", "MVN", "MatMul", "MatrixNms",
    "MaxPool", "MaxPool14", "Maximum", "Minimum", "Mish", "Mod", "MulticlassNms", "Multinomial", "Multiply",
    "NMSRotated", "Negative", "NonMaxSuppression", "NonZero", "NormalizeL2", "NotEqual", "OneHot", "PReLU",
    "PSROIPooling", "Pad", "Parameter", "Power", "PriorBox", "PriorBoxClustered", "Proposal", "RDFT", "RNNCell",
    "RNNSequence", "ROIAlign", "ROIAlignRotated", "ROIPooling", "RandomUniform", "Range", "ReLU", "ReadValue",
    "ReduceL1", "ReduceL2", "ReduceLogicalAnd", "ReduceLogicalOr", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceProd", "ReduceSum", "RegionYolo", "ReorgYolo", "Reshape", "Result", "Reverse", "ReverseSequence", "Roll",
    "Round", "STFT", "ScaledDotProductAttention", "ScatterElementsUpdate", "ScatterNDUpdate", "ScatterUpdate",
    "SearchSorted", "SegmentMax", "Select", "Selu", "ShapeOf", "ShuffleChannels", "Sigmoid", "Sign", "Sin", "Sinh",
    "Slice", "SliceScatter", "SoftPlus", "SoftSign", "Softmax", "SpaceToBatch", "SpaceToDepth", "Split", "Sqrt",
    "SquaredDifference", "Squeeze", "StridedSlice", "Subtract", "Swish", "Tan", "Tanh", "TensorIterator", "Tile",
    "TopK", "Transpose", "Unique", "Unsqueeze", "VariadicSplit",
]  # fmt: skip

ALL: tuple[type[Node], ...] = (
    Abs, Acos, Acosh, AdaptiveAvgPool, AdaptiveMaxPool, Add, Asin, Asinh, Assign, Atan, Atanh, AvgPool, AvgPool14,
    AvgPool16, BatchNormInference, BatchToSpace, BinaryConvolution, BitwiseAnd, BitwiseLeftShift, BitwiseNot,
    BitwiseOr, BitwiseRightShift, BitwiseXor, Broadcast, Bucketize, CTCGreedyDecoder, CTCGreedyDecoderSeqLen,
    CTCLoss, Ceiling, Clamp, Col2Im, Concat, Constant, Convert, ConvertLike, ConvertPromoteTypes, Convolution,
    ConvolutionBackpropData, Cos, Cosh, CumSum, DFT, DeformableConvolution, DeformablePSROIPooling, DepthToSpace,
    DetectionOutput, DetectionOutput1, Divide, Einsum, Elu, EmbeddingBagOffsets, EmbeddingBagOffsetsSum,
    EmbeddingBagPacked, EmbeddingBagPackedSum, EmbeddingSegmentsSum, Equal, Erf, Exp,
    ExperimentalDetectronDetectionOutput, ExperimentalDetectronGenerateProposalsSingleImage,
    ExperimentalDetectronPriorGridGenerator, ExperimentalDetectronROIFeatureExtractor, ExperimentalDetectronTopKROIs,
    ExtractImagePatches, Eye, FakeConvert, FakeQuantize, Floor, FloorMod, GRN, GRUCell, GRUSequence, Gather,
    GatherElements, GatherND, GatherTree, Gelu, GenerateProposals, Greater, GreaterEqual, GridSample,
    GroupConvolution, GroupConvolutionBackpropData, GroupNormalization, HSigmoid, HSwish, HardSigmoid, IDFT, IRDFT,
    ISTFT, Identity, If, Interpolate, Inverse, IsFinite, IsInf, IsNaN, LRN, LSTMCell, LSTMSequence, Less, LessEqual,
    Log, LogSoftmax, LogicalAnd, LogicalNot, LogicalOr, LogicalXor, Loop, MVN, MatMul, MatrixNms, MaxPool, MaxPool14,
    Maximum, Minimum, Mish, Mod, MulticlassNms, Multinomial, Multiply, NMSRotated, Negative, NonMaxSuppression,
    NonZero, NormalizeL2, NotEqual, OneHot, PReLU, PSROIPooling, Pad, Parameter, Power, PriorBox, PriorBoxClustered,
    Proposal, RDFT, RNNCell, RNNSequence, ROIAlign, ROIAlignRotated, ROIPooling, RandomUniform, Range, ReLU,
    ReadValue, ReduceL1, ReduceL2, ReduceLogicalAnd, ReduceLogicalOr, ReduceMax, ReduceMean, ReduceMin, ReduceProd,
    ReduceSum, RegionYolo, ReorgYolo, Reshape, Result, Reverse, ReverseSequence, Roll, Round, STFT,
    ScaledDotProductAttention, ScatterElementsUpdate, ScatterNDUpdate, ScatterUpdate, SearchSorted, SegmentMax,
    Select, Selu, ShapeOf, ShuffleChannels, Sigmoid, Sign, Sin, Sinh, Slice, SliceScatter, SoftPlus, SoftSign,
    Softmax, SpaceToBatch, SpaceToDepth, Split, Sqrt, SquaredDifference, Squeeze, StridedSlice, Subtract, Swish, Tan,
    Tanh, TensorIterator, Tile, TopK, Transpose, Unique, Unsqueeze, VariadicSplit,
)  # fmt: skip
"""Every operation class, by name."""
