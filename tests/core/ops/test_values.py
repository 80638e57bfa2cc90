"""Folding computes what the runtime computes, and what was inferred: every op that folds, in one compiled model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from mo_core import ops
from mo_core.ir import Node, Parameter
from mo_core.ir import types as t
from tests.core.ops.runtime import graph_of, read

Build = Callable[..., Node]
Case = tuple[str, Build, tuple[Any, ...]]

_random = np.random.default_rng(7)


def real(*shape: int) -> np.ndarray[Any, Any]:
    return _random.normal(0, 2, shape).astype(np.float32)


def positive(*shape: int) -> np.ndarray[Any, Any]:
    return (np.abs(real(*shape)) + 0.1).astype(np.float32)


def unit(*shape: int) -> np.ndarray[Any, Any]:
    return _random.uniform(-0.9, 0.9, shape).astype(np.float32)


def whole(*shape: int, low: int = -9, high: int = 9, dtype: Any = np.int32) -> np.ndarray[Any, Any]:
    return _random.integers(low, high, shape).astype(dtype)


def truth(*shape: int) -> np.ndarray[Any, Any]:
    return _random.integers(0, 2, shape).astype(np.bool_)


def i64(*values: Any) -> np.ndarray[Any, Any]:
    return np.array(values[0] if len(values) == 1 else values, np.int64)


SPECIAL = np.array([0.0, -0.5, 0.5, 1.5, 2.5, -2.5, 3.49999, 1e9, -1e9], np.float32)
ODD = np.array([np.nan, np.inf, -np.inf, 1.0], np.float32)
NONZERO = np.array([[-3, 2, 5], [4, -2, 1]], np.int32)

CASES: list[Case] = [
    *[
        (f"{kind.__name__} of reals", kind, (real(2, 3), positive(3)))
        for kind in (
            ops.Add,
            ops.Subtract,
            ops.Multiply,
            ops.Divide,
            ops.Maximum,
            ops.Minimum,
            ops.SquaredDifference,
            ops.FloorMod,
            ops.Equal,
            ops.NotEqual,
            ops.Less,
            ops.LessEqual,
            ops.Greater,
            ops.GreaterEqual,
            ops.Mod,
        )
    ],
    *[
        (f"{kind.__name__} of whole numbers", kind, (whole(2, 3), NONZERO))
        for kind in (
            ops.Add,
            ops.Subtract,
            ops.Multiply,
            ops.Maximum,
            ops.Minimum,
            ops.SquaredDifference,
            ops.FloorMod,
            ops.Mod,
            ops.BitwiseAnd,
            ops.BitwiseOr,
            ops.BitwiseXor,
            ops.Equal,
            ops.Less,
        )
    ],
    # of negative ones the CPU truncates whatever m_pythondiv says; the runtime's own folding follows the specification
    ("Divide of whole numbers", ops.Divide, (whole(2, 3, low=0), np.abs(NONZERO))),
    ("Divide towards zero", lambda a, b: ops.Divide(a, b, m_pythondiv=False), (whole(2, 3), NONZERO)),
    ("Power of reals", ops.Power, (positive(2, 3), real(3))),
    ("Power of whole numbers", ops.Power, (whole(5), np.array(3, np.int32))),
    ("BitwiseLeftShift", ops.BitwiseLeftShift, (whole(4), np.array(2, np.int32))),
    ("BitwiseRightShift", ops.BitwiseRightShift, (whole(4, low=-99, high=99), np.array(2, np.int32))),
    ("BitwiseNot", ops.BitwiseNot, (whole(4),)),
    *[(k.__name__, k, (truth(3, 4), truth(4))) for k in (ops.LogicalAnd, ops.LogicalOr, ops.LogicalXor)],
    ("LogicalNot", ops.LogicalNot, (truth(3),)),
    ("Select", ops.Select, (truth(3, 1), real(4), real(3, 4))),
    *[
        (kind.__name__, kind, (real(2, 9),))
        for kind in (
            ops.Abs,
            ops.Atan,
            ops.Asinh,
            ops.Ceiling,
            ops.Cos,
            ops.Cosh,
            ops.Erf,
            ops.Exp,
            ops.Floor,
            ops.Negative,
            ops.Sign,
            ops.Sin,
            ops.Sinh,
            ops.Tan,
            ops.Tanh,
            ops.ReLU,
            ops.Sigmoid,
            ops.HSigmoid,
            ops.HSwish,
            ops.Mish,
            ops.SoftPlus,
            ops.SoftSign,
            ops.Gelu,
            ops.Swish,
            ops.Softmax,
            ops.LogSoftmax,
            ops.Identity,
        )
    ],
    *[(k.__name__, k, (unit(9),)) for k in (ops.Acos, ops.Asin, ops.Atanh)],
    *[(k.__name__, k, (positive(9),)) for k in (ops.Log, ops.Sqrt)],
    ("Acosh", ops.Acosh, (positive(9) + 1,)),
    *[
        (f"{k.__name__} of whole numbers", k, (whole(9),))
        for k in (ops.Abs, ops.Sign, ops.Negative, ops.ReLU, ops.Floor)
    ],
    ("Round to even", ops.Round, (SPECIAL,)),
    ("Round away", lambda x: ops.Round(x, mode="half_away_from_zero"), (SPECIAL,)),
    ("IsNaN", ops.IsNaN, (ODD,)),
    ("IsInf", ops.IsInf, (ODD,)),
    ("IsInf negative", lambda x: ops.IsInf(x, detect_positive=False), (ODD,)),
    ("IsFinite", ops.IsFinite, (ODD,)),
    ("PReLU per channel", ops.PReLU, (real(2, 3, 4), real(3))),
    ("PReLU broadcast", ops.PReLU, (real(2, 3, 4), real(3, 1))),
    ("Elu", lambda x: ops.Elu(x, alpha=0.3), (real(9),)),
    ("Selu", lambda x: ops.Selu(x, 1.5, 1.25), (real(9),)),
    ("HardSigmoid", lambda x: ops.HardSigmoid(x, 0.25, 0.5), (real(9),)),
    ("Swish with beta", lambda x: ops.Swish(x, 1.5), (real(9),)),
    ("Gelu by tanh", lambda x: ops.Gelu(x, approximation_mode="TANH"), (real(9),)),
    ("Clamp", lambda x: ops.Clamp(x, min=-1.0, max=1.5), (real(9),)),
    ("Clamp of whole numbers", lambda x: ops.Clamp(x, min=-2.5, max=3.5), (whole(9),)),
    ("Softmax of the last axis", lambda x: ops.Softmax(x, axis=-1), (real(2, 3, 4),)),
    ("Convert to whole numbers", lambda x: ops.Convert(x, destination_type="i32"), (real(9),)),
    ("Convert to boolean", lambda x: ops.Convert(x, destination_type="boolean"), (whole(9, low=-1, high=2),)),
    ("Convert from boolean", lambda x: ops.Convert(x, destination_type="f32"), (truth(9),)),
    ("ConvertLike", ops.ConvertLike, (real(9), whole(1))),
    ("ConvertPromoteTypes", lambda a, b: ops.ConvertPromoteTypes(a, b, promote_unsafe=True), (real(3), whole(3))),
    (
        "FakeQuantize",
        lambda x: ops.FakeQuantize(x, [[-1.0], [0.0]], [[1.0], [2.0]], -1.5, 1.5, levels=16),
        (real(3, 2, 5),),
    ),
    ("FakeQuantize the other way", lambda x: ops.FakeQuantize(x, -1.0, 1.0, 1.0, -1.0, levels=3), (real(9),)),
    ("ShapeOf", ops.ShapeOf, (real(2, 3),)),
    ("Reshape", lambda x: ops.Reshape(x, [3, -1], special_zero=False), (real(2, 3),)),
    ("Squeeze", lambda x: ops.Squeeze(x, [0, -1]), (real(1, 3, 1),)),
    ("Unsqueeze", lambda x: ops.Unsqueeze(x, [0, -1]), (real(2, 3),)),
    ("Transpose", lambda x: ops.Transpose(x, [2, 0, 1]), (real(2, 3, 4),)),
    ("Broadcast", lambda x: ops.Broadcast(x, [2, 3, 4]), (real(3, 1),)),
    ("Broadcast both ways", lambda x: ops.Broadcast(x, [2, 1, 4], mode="bidirectional"), (real(3, 1),)),
    ("Broadcast by axes", lambda x: ops.Broadcast(x, [2, 3, 4], [1], mode="explicit"), (real(3),)),
    ("Broadcast of two axes", lambda x: ops.Broadcast(x, [2, 3, 4], [0, 1], mode="explicit"), (real(2, 3),)),
    ("Tile", lambda x: ops.Tile(x, [2, 1, 3]), (real(2, 3),)),
    ("Concat", lambda a, b: ops.Concat([a, b], axis=-1), (real(2, 3), real(2, 1))),
    ("Split", lambda x: ops.Split(x, 1, num_splits=3), (real(2, 6),)),
    ("VariadicSplit", lambda x: ops.VariadicSplit(x, -1, [1, -1, 2]), (real(2, 6),)),
    ("Slice", lambda x: ops.Slice(x, [1, -1], [9, -9], [2, -3], [1, 0]), (real(7, 8),)),
    ("SliceScatter", lambda x, u: ops.SliceScatter(x, u, [1], [6], [2], [1]), (real(2, 8), real(2, 3))),
    (
        "StridedSlice",
        lambda x: ops.StridedSlice(x, [1, 5], [0, 1], [1, -2], end_mask=[1, 0]),
        (real(4, 7),),
    ),
    (
        "StridedSlice with all masks",
        lambda x: ops.StridedSlice(
            x,
            [0, 0, 1, 0],
            [0, 0, 2, 2],
            [1, 1, 1, 1],
            new_axis_mask=[1],
            shrink_axis_mask=[0, 0, 1],
            ellipsis_mask=[0, 1],
            begin_mask=[0, 0, 0, 1],
        ),
        (real(2, 3, 4),),
    ),
    ("Pad", lambda x: ops.Pad(x, [1, -1], [0, 2], 1.5), (real(2, 4),)),
    ("Pad by the edge", lambda x: ops.Pad(x, [1, 2], [0, 2], pad_mode="edge"), (real(2, 4),)),
    ("Pad by reflection", lambda x: ops.Pad(x, [1, 2], [0, 3], pad_mode="reflect"), (real(2, 4),)),
    ("Pad by symmetry", lambda x: ops.Pad(x, [2, 2], [0, 4], pad_mode="symmetric"), (real(2, 4),)),
    ("Roll", lambda x: ops.Roll(x, [1, -2], [0, -1]), (real(3, 5),)),
    ("Reverse", lambda x: ops.Reverse(x, [-1, 0], mode="index"), (real(2, 3, 4),)),
    ("Reverse by mask", lambda x: ops.Reverse(x, np.array([False, True]), mode="mask"), (real(2, 3),)),
    ("ReverseSequence", lambda x: ops.ReverseSequence(x, [2, 4, 1]), (real(3, 4, 2),)),
    (
        "ReverseSequence along other axes",
        lambda x: ops.ReverseSequence(x, [2, 4, 1], batch_axis=1, seq_axis=0),
        (real(4, 3, 2),),
    ),
    *[
        (
            f"{kind.__name__} {mode}",
            lambda x, kind=kind, mode=mode: kind(x, mode=mode, block_size=2),
            (real(2, *shape),),
        )
        for kind, shape in ((ops.DepthToSpace, (8, 2, 3)), (ops.SpaceToDepth, (3, 4, 6)))
        for mode in ("blocks_first", "depth_first")
    ],
    ("BatchToSpace", lambda x: ops.BatchToSpace(x, [1, 1, 2, 2], [0, 0, 1, 0], [0, 0, 0, 2]), (real(8, 3, 2, 3),)),
    ("SpaceToBatch", lambda x: ops.SpaceToBatch(x, [1, 1, 2, 2], [0, 0, 1, 0], [0, 0, 0, 1]), (real(2, 3, 3, 5),)),
    ("ShuffleChannels", lambda x: ops.ShuffleChannels(x, axis=-2, group=3), (real(2, 6, 4),)),
    ("Gather", lambda x, i: ops.Gather(x, i, -2), (real(2, 4, 3), i64([[0, 3], [-1, 1]]))),
    (
        "Gather in batches",
        lambda x, i: ops.Gather(x, i, 2, batch_dims=1),
        (real(2, 3, 4, 2), i64([[0, 3, 1], [2, 1, 1]])),
    ),
    (
        "Gather in two batch axes",
        lambda x, i: ops.Gather(x, i, 2, batch_dims=-1),
        (real(2, 2, 4), i64([[[0, 3], [1, 1]], [[2, 1], [1, 0]]])),
    ),
    ("GatherElements", lambda x, i: ops.GatherElements(x, i, axis=1), (real(2, 3), i64([[0, 2, 1, 1], [2, 2, 0, 1]]))),
    ("GatherND", ops.GatherND, (real(2, 3, 4), i64([[1, 2], [0, 1]]))),
    (
        "GatherND in batches",
        lambda x, i: ops.GatherND(x, i, batch_dims=1),
        (real(2, 3, 4), i64([[[1], [2]], [[0], [1]]])),
    ),
    ("ScatterUpdate", lambda x, u: ops.ScatterUpdate(x, [2, 0], u, 1), (real(2, 3), real(2, 2))),
    *[
        (
            f"ScatterElementsUpdate {reduction} {initial}",
            lambda x, u, reduction=reduction, initial=initial: ops.ScatterElementsUpdate(
                x, [[0, 0, 2], [1, 2, 1]], u, 1, reduction=reduction, use_init_val=initial
            ),
            (real(2, 4), real(2, 3)),
        )
        for reduction in ("sum", "prod", "min", "max", "mean")
        for initial in (True, False)
    ],
    ("ScatterElementsUpdate", lambda x, u: ops.ScatterElementsUpdate(x, [[0], [2]], u, 1), (real(2, 4), real(2, 1))),
    *[
        (
            f"ScatterNDUpdate {reduction}",
            lambda x, u, reduction=reduction: ops.ScatterNDUpdate(x, [[0, 1], [1, 2], [0, 1]], u, reduction=reduction),
            (real(2, 3, 4), real(3, 4)),
        )
        for reduction in ("sum", "sub", "prod", "min", "max")
    ],
    ("ScatterNDUpdate", lambda x, u: ops.ScatterNDUpdate(x, [[0, 1], [1, 2]], u), (real(2, 3, 4), real(2, 4))),
    ("SegmentMax", lambda x: ops.SegmentMax(x, [0, 0, 2], 4), (real(3, 2),)),
    ("OneHot", lambda i: ops.OneHot(i, 4, 2.0, -1.0, axis=1), (whole(2, 3, low=-1, high=6, dtype=np.int64),)),
    ("NonZero", ops.NonZero, (whole(3, 4, low=0, high=2),)),
    ("Unique", ops.Unique, (whole(3, 4, low=0, high=5),)),
    ("Unique by occurrence", lambda x: ops.Unique(x, sorted=False), (whole(9, low=0, high=5),)),
    ("Unique slices", lambda x: ops.Unique(x, 1), (np.array([[3, 1, 3], [2, 1, 2]], np.int32),)),
    *[
        (
            f"TopK {mode} {sort}",
            lambda x, mode=mode, sort=sort: ops.TopK(x, 3, axis=1, mode=mode, sort=sort, stable=True),
            (whole(2, 7, 2, low=0, high=5),),
        )
        for mode in ("max", "min")
        for sort in ("value", "index")
    ],
    *[
        (
            f"Bucketize {bound}",
            lambda x, bound=bound: ops.Bucketize(x, [-1.0, 0.5, 1.5], with_right_bound=bound),
            (SPECIAL,),
        )
        for bound in (True, False)
    ],
    ("SearchSorted", ops.SearchSorted, (np.array([[1, 3, 5], [2, 4, 6]], np.float32), real(2, 4) * 2)),
    (
        "SearchSorted behind",
        lambda s, v: ops.SearchSorted(s, v, right_mode=True),
        (np.array([1, 3, 3, 5], np.float32), np.array([[3, 0], [9, 1]], np.float32)),
    ),
    *[
        (
            f"CumSum {exclusive} {reverse}",
            lambda x, exclusive=exclusive, reverse=reverse: ops.CumSum(x, 1, exclusive=exclusive, reverse=reverse),
            (real(2, 5),),
        )
        for exclusive in (True, False)
        for reverse in (True, False)
    ],
    ("Range", lambda a, b, c: ops.Range(a, b, c, output_type="i64"), (i64(9), i64(-3), i64(-5))),
    ("Eye", lambda a, b, c: ops.Eye(a, b, c, [2], output_type="f32"), (i64(3), i64(4), i64(-1))),
    *[
        (f"{kind.__name__} {keep}", lambda x, kind=kind, keep=keep: kind(x, [0, -1], keep_dims=keep), (real(2, 3, 4),))
        for kind in (
            ops.ReduceSum,
            ops.ReduceMean,
            ops.ReduceMax,
            ops.ReduceMin,
            ops.ReduceProd,
            ops.ReduceL1,
            ops.ReduceL2,
        )
        for keep in (True, False)
    ],
    *[
        (f"{kind.__name__} of whole numbers", lambda x, kind=kind: kind(x, [1]), (whole(3, 4),))
        for kind in (ops.ReduceSum, ops.ReduceMax, ops.ReduceMin, ops.ReduceProd, ops.ReduceL1)
    ],
    *[
        (kind.__name__, lambda x, kind=kind: kind(x, [1], keep_dims=True), (truth(3, 2),))
        for kind in (ops.ReduceLogicalAnd, ops.ReduceLogicalOr)
    ],
]


def on_parameters(build: Build, arrays: Sequence[np.ndarray[Any, Any]]) -> Node:
    return build(*[Parameter(element_type=t.from_dtype(a.dtype), dimensions=a.shape) for a in arrays])


@pytest.fixture(scope="module")
def computed() -> dict[str, list[np.ndarray[Any, Any]]]:
    """The runtime's results of all cases, by name."""
    import openvino

    nodes = {name: on_parameters(build, arrays) for name, build, arrays in CASES}
    assert len(nodes) == len(CASES)
    graph = graph_of(*nodes.values())
    compiled = openvino.Core().compile_model(read(graph), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    feeds = [a for _, _, arrays in CASES for a in arrays]
    given = compiled([np.array(a) for a in feeds])
    results = iter([np.array(given[i]) for i in range(len(compiled.outputs))])
    return {name: [next(results) for _ in node.results] for name, node in nodes.items()}


def folded(node: Node, arrays: Sequence[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
    given = iter(arrays)
    contents = node.fold(*[next(given) if isinstance(v, Parameter) else v.const for v in node.operands])
    return [np.asarray(c) for c in (contents if isinstance(contents, (tuple, list)) else [contents])]


@pytest.mark.parametrize(("name", "build", "arrays"), CASES, ids=[c[0] for c in CASES])
def test_folding_computes_what_the_runtime_computes(
    name: str, build: Build, arrays: tuple[Any, ...], computed: dict[str, list[np.ndarray[Any, Any]]]
) -> None:
    node = on_parameters(build, arrays)
    ours = folded(node, arrays)
    assert len(ours) == len(node.results)
    for result, mine, theirs in zip(node.results, ours, computed[name]):
        assert mine.dtype == result.element.dtype == theirs.dtype
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(("name", "build", "arrays"), CASES, ids=[c[0] for c in CASES])
def test_known_content_is_what_folding_computes(name: str, build: Build, arrays: tuple[Any, ...]) -> None:
    node = build(*arrays)
    for result, content in zip(node.results, folded(node, arrays)):
        assert result.dims == content.shape
        assert result.known is not None and result.known.dtype == content.dtype
        np.testing.assert_array_equal(result.known, content)


def test_whole_numbers_divide_downwards_or_towards_zero() -> None:
    a, b = i64(-7, 7, 7, -7), i64(2, -2, 2, -2)
    assert ops.Divide(a, b).known.tolist() == [-4, -4, 3, 3]
    assert ops.Divide(a, b, m_pythondiv=False).known.tolist() == [-3, -3, 3, 3]


def test_what_is_empty_folds() -> None:
    nothing = np.zeros((2, 0), np.float32)
    lowest = np.finfo(np.float32).min
    assert ops.ReduceMax(nothing, [1]).known.tolist() == [lowest, lowest]
    assert ops.ReduceMean(nothing, [1]).known.tolist() == [0, 0]
    assert ops.Softmax(nothing, axis=1).known.shape == (2, 0)


def test_means_of_whole_numbers_are_cut_off() -> None:
    assert ops.ReduceMean(i64(-3, -4), [0]).known == -3


def test_every_op_that_folds_is_among_the_cases() -> None:
    built = {type(on_parameters(build, arrays)) for _, build, arrays in CASES}
    mine = {k for k in ops.ALL if k.__module__.rsplit(".", 1)[-1] in FAMILIES and k.fold is not None}
    assert {k.__name__ for k in mine - built} == set()


FAMILIES = {
    "activation",
    "comparison",
    "conversion",
    "elementwise",
    "embedding",
    "gather",
    "generate",
    "movement",
    "reduction",
    "search",
    "shape",
    "slicing",
    "unary",
}
