"""Every converted op against TensorFlow, static and dynamic."""

import numpy as np
import pytest

from tests.adapters.tensorflow.ops.cases import Fixed, case, check
from tests.adapters.tensorflow.running import random

F = np.float32
X = random(2, 3, 4)
Y = random(2, 3, 4, seed=1)
POSITIVE = np.abs(X) + F(0.1)
INSIDE = np.tanh(X)
WHOLE = np.array([[-7, 3, 0], [5, -2, 9]], np.int32)
OTHER = np.array([[2, -3, 5], [-4, 7, 3]], np.int32)
SPECIAL = np.array([0, -0.0, 1, -2, np.inf, -np.inf, np.nan], F)
TRUTH = np.array([[True, False, True], [False, False, True]])
IMAGE = random(2, 6, 7, 3)
IMAGE_FIRST = np.ascontiguousarray(IMAGE.transpose(0, 3, 1, 2))
VOLUME = random(1, 5, 6, 4, 2)
COLOURS = np.random.default_rng(2).uniform(0, 1, (1, 4, 5, 3)).astype(F)

UNARY = [
    *[case(op, x=X) for op in "Abs Atan Asinh Cos Cosh Exp Expm1 Neg Sign Sin Sinh Square Tan Tanh".split()],
    *[case(op, x=INSIDE) for op in "Acos Asin Atanh Erf Erfc Sigmoid".split()],
    *[case(op, x=POSITIVE) for op in "Log Log1p Rsqrt Sqrt Reciprocal Inv".split()],
    case("Acosh", x=POSITIVE + 1),
    *[case(op, x=X * 3) for op in "Ceil Floor Rint Round".split()],
    case("Atan2", y=SPECIAL[:, None], x=SPECIAL, name="signs-of-zeros-and-infinities"),
    case("TruncateDiv", x=X * 9, y=Y, name="real"),
    case("Round", x=np.array([0.5, 1.5, 2.5, -0.5, -1.5], F), name="halves"),
    case("Square", x=WHOLE, name="whole"),
    case("Neg", x=WHOLE, name="whole"),
    *[case(op, features=X * 4) for op in "Elu Relu Relu6 Selu Softplus Softsign".split()],
    case("Relu", features=WHOLE, name="whole"),
    case("LeakyRelu", features=X, attributes={"alpha": 0.3}),
    case("LeakyRelu", features=X, attributes={"alpha": 1.5}, name="above-one"),
    case("Softmax", logits=X),
    case("LogSoftmax", logits=X),
    *[case(op, x=np.array([1, np.inf, -np.inf, np.nan], F)) for op in "IsFinite IsInf IsNan".split()],
    case("LogicalNot", x=TRUTH),
    case("Invert", x=WHOLE),
    case("ZerosLike", x=X),
    case("OnesLike", x=WHOLE),
    case("L2Loss", t=X),
    *[case(op, input=X) for op in "Identity StopGradient PreventGradient Snapshot".split()],
    case("CheckNumerics", tensor=X, attributes={"message": "m"}),
]

CASTS = [
    case("Cast", x=data, attributes={"DstT": to}, name=f"{data.dtype}-{to}")
    for data in (X * 3, WHOLE, TRUTH, WHOLE.astype(np.int64), np.abs(WHOLE).astype(np.uint8))
    for to in ("float32", "float64", "int32", "int64", "uint8", "bool", "half")
    if not (data.dtype == np.float32 and to == "uint8")
]

PAIRS = [
    *[
        case(op, x=X, y=Y)
        for op in "Add AddV2 Sub Mul Maximum Minimum SquaredDifference RealDiv Div FloorDiv Greater Less".split()
    ],
    *[case(op, x=X, y=Y[0, :1], name="broadcast") for op in "AddV2 Sub Mul Maximum RealDiv LessEqual".split()],
    *[
        case(op, x=WHOLE, y=OTHER, name="whole")
        for op in "AddV2 Sub Mul Maximum Minimum FloorDiv FloorMod TruncateDiv TruncateMod Div Mod".split()
    ],
    *[
        case(op, x=WHOLE, y=OTHER)
        for op in "Equal NotEqual GreaterEqual LessEqual BitwiseAnd BitwiseOr BitwiseXor".split()
    ],
    *[case(op, x=np.abs(WHOLE), y=np.abs(OTHER)) for op in ("LeftShift", "RightShift")],
    *[case(op, x=X * 5, y=POSITIVE, name="real") for op in ("FloorMod", "TruncateMod", "Mod")],
    case("Pow", x=POSITIVE, y=Y),
    case("Atan2", y=np.array([1, -1, 1, -1, 0, 1, -1, 0], F), x=np.array([1, 1, -1, -1, 1, 0, 0, -1], F)),
    *[case(op, x=np.array([0, 2, 3], F), y=np.array([0, 3, 0], F)) for op in ("DivNoNan", "MulNoNan", "Xdivy")],
    *[case(op, x=np.array([0, 2, 3], F), y=np.array([0, 3, 1], F)) for op in ("Xlogy", "Xlog1py")],
    case("LogicalAnd", x=TRUTH, y=TRUTH[::-1].copy()),
    case("LogicalOr", x=TRUTH, y=TRUTH[::-1].copy()),
    case("ApproximateEqual", x=X, y=X + F(0.05), attributes={"tolerance": 0.06}),
    case("ClipByValue", t=X, clip_value_min=Fixed(-0.5), clip_value_max=Fixed(0.25)),
    case("BiasAdd", value=IMAGE, bias=random(3)),
    case("BiasAdd", value=random(4, 3), bias=random(3), name="matrix"),
    case("BiasAdd", value=IMAGE_FIRST, bias=random(3), attributes={"data_format": "NCHW"}, name="first"),
    case("AddN", inputs=[X, Y, X]),
    case("Cross", a=random(4, 3), b=random(4, 3, seed=1)),
    case("SelectV2", condition=TRUTH, t=X[0, :2, :3].copy(), e=F(2) * Y[0, :2, :3]),
    case("Select", condition=np.array([True, False]), x=X, y=Y, name="rows"),
    case("Where", condition=TRUTH),
    case("Where", condition=WHOLE, name="whole"),
]

AXES = [
    *[
        case(op, input=X, axis=Fixed(axes), attributes={"keep_dims": keep}, name=f"{axes}-{keep}")
        for op in "Sum Mean Max Min Prod EuclideanNorm".split()
        for axes, keep in (([1], True), ([0, -1], False), ([0, 1, 2], False))
    ],
    *[case(op, input=X, axis=Fixed([], np.int32), name="no-axes") for op in "Sum Prod EuclideanNorm".split()],
    case("All", input=TRUTH, axis=Fixed([1])),
    case("Any", input=TRUTH, axis=Fixed([0]), attributes={"keep_dims": True}),
    case("Sum", input=WHOLE, axis=Fixed([1]), name="whole"),
    case("ArgMax", input=X, dimension=Fixed(1)),
    case("ArgMax", input=X, dimension=Fixed(-1), attributes={"output_type": "int32"}, name="int32"),
    case("ArgMin", input=np.array([[1, 0, 0], [2, 2, 1]], F), dimension=Fixed(1), name="equal"),
    case("Cumsum", x=X, axis=Fixed(1)),
    case("Cumsum", x=X, axis=Fixed(-1), attributes={"exclusive": True, "reverse": True}, name="exclusive"),
    case("CumulativeLogsumexp", x=X, axis=Fixed(1)),
    case("Bincount", arr=np.array([1, 2, 2, 5, 0], np.int32), size=Fixed(4), weights=Fixed(np.zeros(0, F))),
    case(
        "Bincount",
        arr=np.array([1, 2, 2, 5, 0], np.int32),
        size=Fixed(4),
        weights=Fixed(np.array([1, 2, 3, 4, 5], F)),
        name="weights",
    ),
    case(
        "Bincount",
        arr=np.array([[1, 2], [2, 5]], np.int32),
        size=Fixed(4),
        weights=np.array([[1, 2], [3, 4]], F),
        name="weights-that-are-fed",
    ),
    case("Bucketize", input=np.array([[-1, 0.5, 2], [1, 1.5, 9]], F), attributes={"boundaries": [0.0, 1.0, 2.0]}),
    case("DenseBincount", input=np.array([1, 2, 2, 5, 0], np.int32), size=Fixed(4), weights=Fixed(np.zeros(0, F))),
    case(
        "DenseBincount",
        input=np.array([[1, 2, 2], [0, 3, 0]], np.int32),
        size=Fixed(4),
        weights=Fixed(np.array([[1, 2, 3], [4, 5, 6]], F)),
        name="rows",
    ),
    case(
        "DenseBincount",
        input=np.array([[1, 2, 2], [0, 7, 0]], np.int32),
        size=Fixed(4),
        weights=Fixed(np.zeros(0, F)),
        attributes={"binary_output": True},
        name="binary",
    ),
    case("TopKV2", input=X, k=Fixed(2)),
    case("TopKV2", input=X[0, 0].copy(), k=Fixed(3), name="vector"),
    case("NthElement", input=X, n=Fixed(1)),
    case("NthElement", input=X, n=Fixed(1), attributes={"reverse": True}, name="reverse"),
]

SHAPES = [
    case("Shape", input=X),
    case("Shape", input=X, attributes={"out_type": "int64"}, name="int64"),
    case("ShapeN", input=[X, Y[0].copy()]),
    case("Size", input=X),
    case("Rank", input=X),
    case("Reshape", tensor=X, shape=Fixed([3, -1])),
    case("ExpandDims", input=X, axis=Fixed(1)),
    case("ExpandDims", input=X, axis=Fixed(-1), name="last"),
    case("Squeeze", input=X[:, :1].copy(), attributes={"axis": [1]}),
    case("Transpose", x=X, perm=Fixed([2, 0, 1])),
    case("Fill", dims=Fixed([2, 3]), value=Fixed(2.5)),
    case("BroadcastTo", input=X[:, :1].copy(), shape=Fixed([2, 3, 4])),
    case("BroadcastArgs", s0=np.array([3, 1], np.int32), s1=np.array([2, 1, 4], np.int32)),
    case("Tile", input=X, multiples=Fixed([1, 2, 3])),
    case("Pack", values=[X, Y], attributes={"axis": 1}),
    case("Unpack", value=X, attributes={"num": 3, "axis": 1}),
    case("Concat", concat_dim=Fixed(1), values=[X, Y]),
    case("ConcatV2", values=[X, Y], axis=Fixed(-1)),
    case("Split", axis=Fixed(2), value=X, attributes={"num_split": 2}),
    case("SplitV", value=X, size_splits=Fixed([1, 3]), axis=Fixed(2), attributes={"num_split": 2}),
    case("InvertPermutation", x=np.array([2, 0, 1, 3], np.int32)),
    case("SplitV", value=X, size_splits=np.array([1, 3]), axis=Fixed(2), attributes={"num_split": 2}, name="fed"),
    case("UnravelIndex", indices=np.array([0, 5, 23], np.int32), dims=Fixed([2, 3, 4])),
    case("UnravelIndex", indices=np.array(17), dims=Fixed([2, 3, 4], np.int64), name="single"),
    case("ToBool", input=X, name="many"),
    case("ToBool", input=np.zeros((0, 2), np.float32), name="none"),
    case("ToBool", input=np.float32(0) + np.zeros(()), name="zero"),
    case("ToBool", input=np.array(3), name="three"),
    case("EnsureShape", input=X, attributes={"shape": [2, 3, 4]}),
    case("IdentityN", input=[X, Y]),
]


def strided(name, begin, end, strides, x=X, **masks):
    return case(
        "StridedSlice", input=x, begin=Fixed(begin), end=Fixed(end), strides=Fixed(strides), attributes=masks, name=name
    )


SLICES = [
    case("Slice", input=X, begin=Fixed([0, 1, 1]), size=Fixed([-1, 2, -1])),
    case("Slice", input=X, begin=np.array([0, 1, 1], np.int32), size=np.array([1, 2, -1], np.int32), name="fed"),
    strided("plain", [0, 1, 0], [2, 3, 4], [1, 1, 2]),
    strided("masks", [5, 1, 0], [0, 0, 4], [1, 1, 2], begin_mask=1, end_mask=3),
    strided("backwards", [1, 2, 3], [-3, -4, -5], [-1, -1, -1]),
    strided("backwards-masks", [0, 0], [0, 0], [-1, -1], begin_mask=3, end_mask=3),
    strided("shrink", [1, 0, 2], [2, 3, 3], [1, 1, 1], shrink_axis_mask=5),
    strided("shrink-negative", [-1], [0], [1], shrink_axis_mask=1),
    strided("new", [0, 0, 1], [0, 2, 3], [1, 1, 1], new_axis_mask=1),
    strided("ellipsis", [0, 1], [0, 3], [1, 1], ellipsis_mask=1),
    strided("ellipsis-shrink", [1, 0, -1], [2, 0, 0], [1, 1, 1], ellipsis_mask=2, shrink_axis_mask=5),
    strided("ellipsis-new", [0, 0, 1], [0, 0, 3], [1, 1, 1], ellipsis_mask=1, new_axis_mask=2),
    case("Pad", input=X, paddings=Fixed([[1, 0], [0, 2], [1, 1]])),
    case("PadV2", input=X, paddings=Fixed([[1, 0], [0, 2], [1, 1]]), constant_values=Fixed(3.5)),
    case("Pad", input=WHOLE, paddings=Fixed([[1, 0], [0, 2]]), name="whole"),
    case("MirrorPad", input=X, paddings=Fixed([[0, 0], [1, 2], [3, 0]]), attributes={"mode": "REFLECT"}),
    case(
        "MirrorPad",
        input=X,
        paddings=Fixed([[2, 1], [1, 2], [3, 0]]),
        attributes={"mode": "SYMMETRIC"},
        name="symmetric",
    ),
    case("ReverseV2", tensor=X, axis=Fixed([0, -1])),
    case("Reverse", tensor=X, dims=Fixed([False, True, True])),
    case("ReverseSequence", input=X, seq_lengths=np.array([2, 3], np.int32), attributes={"seq_dim": 1, "batch_dim": 0}),
    case("Roll", input=X, shift=Fixed([1, -2]), axis=Fixed([0, 2])),
    case("BatchToSpaceND", input=random(4, 3, 2, 5), block_shape=Fixed([2, 2]), crops=Fixed([[0, 1], [1, 0]])),
    case("SpaceToBatchND", input=random(1, 4, 5, 2), block_shape=Fixed([2, 3]), paddings=Fixed([[0, 0], [1, 0]])),
    case("SpaceToBatchND", input=random(2, 4, 3), block_shape=Fixed([2]), paddings=Fixed([[1, 1]]), name="one-axis"),
    case("BatchToSpace", input=random(4, 3, 2, 5), crops=Fixed([[0, 1], [1, 0]]), attributes={"block_size": 2}),
    case("SpaceToBatch", input=random(1, 4, 6, 2), paddings=Fixed([[0, 0], [1, 1]]), attributes={"block_size": 2}),
    case("SpaceToDepth", input=random(1, 4, 6, 3), attributes={"block_size": 2}),
    case("DepthToSpace", input=random(1, 2, 3, 12), attributes={"block_size": 2}),
    case("MatrixBandPart", input=X, num_lower=Fixed(1), num_upper=Fixed(0)),
    case("MatrixBandPart", input=X, num_lower=Fixed(-1), num_upper=Fixed(1), name="lower-all"),
    case("MatrixDiag", diagonal=X),
    case("MatrixDiagPart", input=X),
    case("MatrixSetDiag", input=random(2, 3, 3), diagonal=random(2, 3)),
    case("Diag", diagonal=random(3)),
    case("DiagPart", input=random(3, 3)),
]

PLACES = np.array([[0, 2], [1, 0]], np.int32)
IDS = np.array([0, 0, 2, 3], np.int32)
ROWS = random(4, 3)
GATHERS = [
    case("Gather", params=X, indices=np.array([1, 0, 1], np.int32)),
    case("GatherV2", params=X, indices=PLACES, axis=Fixed(1)),
    case("GatherV2", params=X, indices=PLACES, axis=Fixed(-1), attributes={"batch_dims": 1}, name="batch"),
    case("GatherNd", params=X, indices=PLACES),
    case("ScatterNd", indices=np.array([[0], [2], [0]], np.int32), updates=random(3, 2), shape=Fixed([4, 2])),
    *[
        case(op, tensor=random(4, 2), indices=np.array([[0], [2]], np.int32), updates=random(2, 2, seed=1))
        for op in "TensorScatterUpdate TensorScatterAdd TensorScatterSub TensorScatterMax TensorScatterMin".split()
    ],
    case("OneHot", indices=np.array([0, 2, -1], np.int32), depth=Fixed(3), on_value=Fixed(5.0), off_value=Fixed(0.5)),
    case(
        "OneHot",
        indices=np.array([0, 2, 7], np.uint8),
        depth=Fixed(3),
        on_value=Fixed(5.0),
        off_value=Fixed(0.5),
        name="bytes",
    ),
    case(
        "OneHot",
        indices=PLACES,
        depth=Fixed(3),
        on_value=Fixed(1),
        off_value=Fixed(0),
        attributes={"axis": 0},
        name="first",
    ),
    case("Unique", x=np.array([3, 1, 3, 2, 1], np.int32)),
    case("UniqueWithCounts", x=np.array([3, 1, 3, 2, 1], np.int32)),
    case("ListDiff", x=np.array([1, 2, 3, 4], np.int32), y=np.array([2, 4], np.int32)),
    case("DynamicPartition", data=ROWS, partitions=np.array([1, 0, 1, 2], np.int32), attributes={"num_partitions": 3}),
    case("DynamicStitch", indices=[np.array([0, 2], np.int32), np.array([1, 3], np.int32)], data=[ROWS[:2], ROWS[2:]]),
    *[case(f"Segment{kind}", data=ROWS, segment_ids=IDS) for kind in "Sum Mean Prod Max Min".split()],
    *[
        case(f"UnsortedSegment{kind}", data=ROWS, segment_ids=np.array([2, 0, -1, 2], np.int32), num_segments=Fixed(4))
        for kind in "Sum Prod Max Min".split()
    ],
    *[
        case(
            f"SparseSegment{kind}",
            data=ROWS,
            indices=np.array([0, 1, 3], np.int32),
            segment_ids=np.array([0, 0, 2], np.int32),
        )
        for kind in "Sum Mean SqrtN".split()
    ],
    case(
        "SparseToDense",
        sparse_indices=PLACES,
        output_shape=Fixed([2, 3]),
        sparse_values=Fixed([1.5, 2.5]),
        default_value=Fixed(0.5),
    ),
    case(
        "SparseTensorDenseMatMul",
        a_indices=Fixed(PLACES.astype(np.int64)),
        a_values=random(2),
        a_shape=Fixed(np.array([2, 3])),
        b=random(3, 4),
    ),
    case(
        "SparseTensorDenseAdd",
        a_indices=Fixed(PLACES.astype(np.int64)),
        a_values=random(2),
        a_shape=Fixed(np.array([2, 3])),
        b=random(2, 3),
    ),
    case(
        "SparseReshape",
        input_indices=PLACES.astype(np.int64),
        input_shape=Fixed(np.array([2, 3])),
        new_shape=Fixed(np.array([3, -1])),
    ),
    case(
        "SparseFillEmptyRows",
        indices=np.array([[0, 1], [2, 0]], np.int64),
        values=random(2),
        dense_shape=Fixed(np.array([4, 3])),
        default_value=Fixed(0.25),
        outputs=(0, 1, 2),
    ),
]

CONVOLUTIONS = [
    *[
        case(
            "Conv2D",
            input=IMAGE,
            filter=Fixed(random(3, 2, 3, 4)),
            attributes={"strides": [1, *s, 1], "padding": p, "dilations": [1, *d, 1]},
            name=f"{p}-{s}-{d}",
        )
        for p in ("SAME", "VALID")
        for s, d in (((1, 1), (1, 1)), ((2, 3), (1, 1)), ((1, 1), (2, 1)))
    ],
    case(
        "Conv2D",
        input=IMAGE,
        filter=Fixed(random(3, 2, 3, 4)),
        attributes={"strides": [1, 1, 1, 1], "padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 2, 0, 1, 0, 0]},
        name="explicit",
    ),
    case(
        "Conv3D",
        input=VOLUME,
        filter=Fixed(random(2, 3, 2, 2, 3)),
        attributes={"strides": [1, 1, 2, 1, 1], "padding": "SAME"},
    ),
    case(
        "DepthwiseConv2dNative",
        input=IMAGE,
        filter=Fixed(random(3, 3, 3, 2)),
        attributes={"strides": [1, 1, 1, 1], "padding": "SAME"},
    ),
    case(
        "DepthwiseConv2dNative",
        input=IMAGE,
        filter=Fixed(random(3, 3, 3, 1)),
        attributes={"strides": [1, 2, 2, 1], "padding": "VALID"},
        name="one",
    ),
    case(
        "ExtractImagePatches",
        images=IMAGE,
        attributes={"ksizes": [1, 2, 3, 1], "strides": [1, 2, 1, 1], "rates": [1, 1, 2, 1], "padding": "VALID"},
    ),
]


def transposed(size, padding, strides, out=4, kernel=3, name=""):
    """A transposed convolution whose result has these sizes."""
    import math

    small = [math.ceil(n / s) if padding == "SAME" else math.ceil((n - kernel + 1) / s) for n, s in zip(size, strides)]
    return case(
        "Conv2DBackpropInput",
        input_sizes=Fixed([2, *size, 3]),
        filter=Fixed(random(kernel, kernel, 3, out)),
        out_backprop=random(2, *small, out),
        attributes={"strides": [1, *strides, 1], "padding": padding},
        name=name or f"{padding}-{size}-{strides}",
    )


TRANSPOSED = [
    *[transposed((8, 7), p, s) for p in ("SAME", "VALID") for s in ((1, 1), (2, 2), (2, 3))],
    transposed((8, 9), "SAME", (4, 2), kernel=2),
    case(
        "Conv2DBackpropInput",
        input_sizes=Fixed([2, 8, 7, 4]),
        filter=Fixed(random(3, 3, 2, 6)),
        out_backprop=random(2, 4, 4, 6),
        attributes={"strides": [1, 2, 2, 1], "padding": "SAME"},
        name="groups",
    ),
    case(
        "Conv3DBackpropInputV2",
        input_sizes=Fixed([1, 4, 6, 4, 2]),
        filter=Fixed(random(2, 3, 2, 2, 3)),
        out_backprop=random(1, 2, 3, 2, 3),
        attributes={"strides": [1, 2, 2, 2, 1], "padding": "SAME"},
    ),
    case(
        "DepthwiseConv2dNativeBackpropInput",
        input_sizes=Fixed([2, 6, 8, 3]),
        filter=Fixed(random(3, 3, 3, 2)),
        out_backprop=random(2, 3, 4, 6),
        attributes={"strides": [1, 2, 2, 1], "padding": "SAME"},
    ),
]

POOLS = [
    *[
        case(
            op,
            **{"input" if op == "MaxPool" else "value": IMAGE},
            attributes={"ksize": [1, 3, 2, 1], "strides": [1, *s, 1], "padding": p},
            name=f"{p}-{s}",
        )
        for op in ("MaxPool", "AvgPool")
        for p in ("SAME", "VALID")
        for s in ((1, 1), (2, 3))
    ],
    case(
        "MaxPoolV2", input=IMAGE, ksize=Fixed([1, 2, 2, 1]), strides=Fixed([1, 2, 2, 1]), attributes={"padding": "SAME"}
    ),
    *[
        case(op, input=VOLUME, attributes={"ksize": [1, 2, 2, 2, 1], "strides": [1, 2, 1, 2, 1], "padding": "SAME"})
        for op in ("MaxPool3D", "AvgPool3D")
    ],
    *[
        case(
            "MaxPoolWithArgmax",
            input=IMAGE,
            attributes={"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": p, "include_batch_in_index": b},
            name=f"{p}-{b}",
        )
        for p in ("SAME", "VALID")
        for b in (False, True)
    ],
    case(
        "MaxPoolWithArgmax",
        input=np.zeros((1, 5, 4, 2), np.uint8),
        attributes={"ksize": [1, 3, 2, 1], "strides": [1, 2, 1, 1], "padding": "SAME"},
        name="zeros-without-sign",
    ),
    case(
        "MaxPoolWithArgmax",
        input=IMAGE,
        attributes={"ksize": [1, 3, 2, 1], "strides": [1, 2, 1, 1], "padding": "SAME"},
        name="padded-at-both-ends",
    ),
]

STATISTICS = {
    "scale": random(3),
    "offset": random(3, seed=1),
    "mean": random(3, seed=2),
    "variance": np.array([0.5, 1, 2], F),
}
NORMS = [
    *[
        case(
            op,
            x=IMAGE,
            **{k: Fixed(v) for k, v in STATISTICS.items()},
            attributes={"is_training": False, "epsilon": 0.01},
            outputs=(0,),
        )
        for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
    ],
    case(
        "FusedBatchNormV3",
        x=IMAGE,
        **{k: Fixed(v if k in ("scale", "offset") else np.zeros(0, F)) for k, v in STATISTICS.items()},
        attributes={"is_training": True},
        outputs=(0, 1, 2),
        name="training",
        rtol=1e-4,
    ),
    case(
        "FusedBatchNormV3",
        x=IMAGE,
        **{k: Fixed(v) for k, v in STATISTICS.items()},
        attributes={"is_training": True, "exponential_avg_factor": 0.3},
        outputs=(0, 1, 2),
        name="running",
        rtol=1e-4,
    ),
    *[
        case(
            "LRN",
            input=random(1, 3, 4, 9),
            attributes={"depth_radius": r, "bias": 1.5, "alpha": 0.3, "beta": 0.6},
            name=f"{r}",
        )
        for r in (1, 3)
    ],
]

PRODUCTS = [
    *[
        case(
            "MatMul",
            a=random(*((4, 3) if ta else (3, 4))),
            b=random(*((5, 4) if tb else (4, 5))),
            attributes={"transpose_a": ta, "transpose_b": tb},
            name=f"{ta}-{tb}",
        )
        for ta in (False, True)
        for tb in (False, True)
    ],
    case("BatchMatMul", x=random(2, 3, 4), y=random(2, 5, 4), attributes={"adj_y": True}),
    case("BatchMatMulV2", x=random(2, 3, 4), y=random(4, 5), name="broadcast"),
    case("BatchMatMulV3", x=random(2, 3, 4), y=random(2, 4, 5), attributes={"Tout": "float32"}),
    case("SparseMatMul", a=random(3, 4), b=random(4, 5)),
    case("Einsum", inputs=[random(2, 3, 4), random(4, 5)], attributes={"equation": "bij,jk->bik"}),
    case("MatrixInverse", input=np.eye(3, dtype=F) * 3 + random(2, 3, 3) * F(0.3), rtol=1e-4),
]

RESIZES = [
    *[
        case(
            op,
            images=IMAGE,
            size=Fixed(size),
            attributes={"align_corners": a, "half_pixel_centers": h},
            name=f"{size}-{a}-{h}",
            rtol=1e-4,
            atol=1e-4,
        )
        for op in ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic")
        for size in ([12, 9], [4, 5], [6, 7])
        for a, h in ((False, False), (True, False), (False, True))
    ],
    *[
        case("ResizeNearestNeighbor", images=(IMAGE * 20).astype(np.int16), size=Fixed([9, 9]), attributes=a, name=n)
        for n, a in (("short", {}), ("short-half", {"half_pixel_centers": True}))
    ],
    *[
        case("ResizeArea", images=IMAGE, size=Fixed(size), attributes={"align_corners": a}, name=f"{size}-{a}")
        for size in ([12, 9], [4, 5])
        for a in (False, True)
    ],
    case(
        "ResizeBilinear", images=(IMAGE * 20).astype(np.int32), size=Fixed([9, 9]), name="whole", rtol=1e-4, atol=1e-4
    ),
    *[
        case(
            "CropAndResize",
            image=IMAGE,
            boxes=np.array([[0, 0, 1, 1], [0.2, 0.1, 0.7, 1.3], [0.6, 0.9, 0.1, 0.2]], F),
            box_ind=np.array([0, 1, 1], np.int32),
            crop_size=Fixed(size),
            attributes={"extrapolation_value": e, "method": method},
            name=f"{method}-{size}-{e}",
            rtol=1e-4,
            atol=1e-4,
        )
        for size, e in (([3, 4], 0.0), ([1, 1], 0.0), ([2, 5], 2.5))
        for method in ("bilinear", "nearest")
    ],
    case("RGBToHSV", images=COLOURS),
    case("HSVToRGB", images=COLOURS),
    case("AdjustContrastv2", images=COLOURS, contrast_factor=Fixed(1.7)),
    case("AdjustHue", images=COLOURS, delta=Fixed(0.3), rtol=1e-4, atol=1e-4),
    case("AdjustSaturation", images=COLOURS, scale=Fixed(1.4), rtol=1e-4, atol=1e-4),
]

BOXES = np.array([[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, 0.5, 1, 1.5], [2, 2, 3, 3], [1, 1.4, 0, 0.4]], F)
SCORES = np.array([0.9, 0.75, 0.6, 0.95, 0.3], F)
SUPPRESSIONS = [
    case("NonMaxSuppression", boxes=BOXES, scores=SCORES, max_output_size=Fixed(3)),
    case("NonMaxSuppressionV2", boxes=BOXES, scores=SCORES, max_output_size=Fixed(3), iou_threshold=Fixed(0.4)),
    case(  # both share exactly half of their union, which is not too much
        "NonMaxSuppressionV2",
        boxes=np.float32([[0, 0, 2, 1], [0, 0, 1, 1]]),
        scores=np.float32([0.9, 0.8]),
        max_output_size=Fixed(2),
        iou_threshold=Fixed(0.5),
        name="half",
    ),
    case(
        "NonMaxSuppressionV3",
        boxes=BOXES,
        scores=SCORES,
        max_output_size=Fixed(4),
        iou_threshold=Fixed(0.4),
        score_threshold=Fixed(0.4),
    ),
    *[
        case(
            "NonMaxSuppressionV4",
            boxes=BOXES,
            scores=SCORES,
            max_output_size=Fixed(4),
            iou_threshold=Fixed(0.4),
            score_threshold=Fixed(0.7),
            attributes={"pad_to_max_output_size": p},
            name=f"{p}",
        )
        for p in (False, True)
    ],
    case(
        "NonMaxSuppressionV5",
        boxes=BOXES,
        scores=SCORES,
        max_output_size=Fixed(4),
        iou_threshold=Fixed(1.0),
        score_threshold=Fixed(0.1),
        soft_nms_sigma=Fixed(0.5),
    ),
    *[
        case(
            "CombinedNonMaxSuppression",
            boxes=np.random.default_rng(3).uniform(0, 1, (2, 6, q, 4)).astype(F),
            scores=np.random.default_rng(4).uniform(0, 1, (2, 6, 3)).astype(F),
            max_output_size_per_class=Fixed(2),
            max_total_size=Fixed(5),
            iou_threshold=Fixed(0.3),
            score_threshold=Fixed(0.2),
            name=f"{q}",
        )
        for q in (1, 3)
    ],
]

QUANTISED = [
    *[
        case(
            "FakeQuantWithMinMaxVars",
            inputs=X * 3,
            min=Fixed(low),
            max=Fixed(high),
            attributes={"num_bits": b, "narrow_range": n},
            name=f"{low}-{high}-{b}-{n}",
        )
        for low, high, b, n in ((-1.0, 2.0, 8, False), (-0.3, 1.7, 4, True), (0.0, 6.0, 8, False))
    ],
    case(
        "FakeQuantWithMinMaxVarsPerChannel",
        inputs=X * 3,
        min=Fixed([-1.0, -2.0, -0.5, -3.0]),
        max=Fixed([1.0, 0.5, 2.0, 3.0]),
    ),
    case("FakeQuantWithMinMaxArgs", inputs=X * 3, attributes={"min": -1.0, "max": 2.5}),
    *[
        case(
            "QuantizeAndDequantizeV2",
            input=X,
            input_min=Fixed(-1.5),
            input_max=Fixed(2.0),
            attributes={"range_given": g, "signed_input": s, "num_bits": 6},
            name=f"{g}-{s}",
        )
        for g in (True, False)
        for s in (True, False)
    ],
    case("QuantizeAndDequantizeV3", input=X, input_min=Fixed(-1.5), input_max=Fixed(2.0), num_bits=Fixed(5)),
]

CELLS = {
    "x": random(2, 3),
    "cs_prev": random(2, 4),
    "h_prev": random(2, 4, seed=1),
    "w": Fixed(random(7, 16)),
    "wci": Fixed(random(4)),
    "wcf": Fixed(random(4, seed=1)),
    "wco": Fixed(random(4, seed=2)),
    "b": Fixed(random(16)),
}
RECURRENT = [
    *[
        case("LSTMBlockCell", **CELLS, attributes={"use_peephole": p, "cell_clip": c}, name=f"{p}-{c}")
        for p in (False, True)
        for c in (-1.0, 0.5)
    ],
    *[
        case(
            "BlockLSTM",
            seq_len_max=Fixed(np.int64(n)),
            **{**CELLS, "x": random(5, 2, 3)},
            attributes={"use_peephole": p, "cell_clip": -1.0},
            outputs=(1, 6),
            name=f"{p}-{n}",
        )
        for p, n in ((False, 5), (True, 5), (False, 3))
    ],
    case("BlockLSTMV2", seq_len_max=Fixed(np.int64(5)), **{**CELLS, "x": random(5, 2, 3)}),
    case(
        "GRUBlockCell",
        x=random(2, 3),
        h_prev=random(2, 4),
        w_ru=Fixed(random(7, 8)),
        w_c=Fixed(random(7, 4)),
        b_ru=Fixed(random(8)),
        b_c=Fixed(random(4)),
    ),
]

NUMBERS = [
    case("Range", start=Fixed(1), limit=Fixed(9), delta=Fixed(3)),
    case("Range", start=Fixed(0.5), limit=Fixed(3.0), delta=Fixed(0.75), name="real"),
    case("LinSpace", start=Fixed(1.0), stop=Fixed(4.0), num=Fixed(5)),
    case("LinSpace", start=Fixed(1.0), stop=Fixed(4.0), num=Fixed(1), name="one"),
]

GROUPS = {
    "unary": UNARY,
    "casts": CASTS,
    "pairs": PAIRS,
    "axes": AXES,
    "shapes": SHAPES,
    "slices": SLICES,
    "gathers": GATHERS,
    "convolutions": CONVOLUTIONS,
    "transposed": TRANSPOSED,
    "pools": POOLS,
    "norms": NORMS,
    "products": PRODUCTS,
    "resizes": RESIZES,
    "suppressions": SUPPRESSIONS,
    "quantised": QUANTISED,
    "recurrent": RECURRENT,
    "numbers": NUMBERS,
}
ALL = [c for group in GROUPS.values() for c in group]


@pytest.mark.parametrize("one", ALL, ids=str)
def test_an_op_gives_what_tensorflow_gives(one):
    check(one)


NEEDS_SIZES = {
    "ResizeBicubic": "weights are computed for sizes that are known",
    "ResizeArea": "weights are computed for sizes that are known",
    "GatherNd": "the rank of the result follows from the last size of the indices, and the runtime needs it",
}
"""Operations that fail where no size is known, with the reason."""
DYNAMIC = [
    pytest.param(
        c, id=str(c), marks=[pytest.mark.xfail(reason=NEEDS_SIZES[c.op], strict=True)] if c.op in NEEDS_SIZES else []
    )
    for c in ALL
    if any(isinstance(v, np.ndarray) for v in c.inputs.values())
]


@pytest.mark.parametrize("one", DYNAMIC)
def test_an_op_gives_the_same_for_sizes_that_are_not_known(one):
    check(one, dynamic=True)
