"""Joining, padding, rearranging, reducing: what they infer, against the table and against the runtime."""

from __future__ import annotations

from mo_core import ops
from tests.core.ops.runtime import Build, errors_test, param, types_test

p = param

TYPES: list[tuple[Build, str]] = [
    (lambda: ops.Concat([p("f32[2,3]"), p("f32[2,4]")], axis=1), "f32[2,7]"),
    (lambda: ops.Concat([p("f32[2,?]"), p("f32[?,4..6]")], axis=-1), "f32[2,4..]"),
    (lambda: ops.Concat([p("f32[?]"), p("f32[3]")], axis=0), "f32[3..]"),
    (lambda: ops.Concat([p("f32[...]"), p("f32[2,3]")], axis=1), "f32[2,3..]"),
    (lambda: ops.Concat([p("f32[...]"), p("f32[...]")], axis=1), "f32[...]"),
    (lambda: ops.Pad(p("f32[2,?]"), [1, 0], [1, 3]), "f32[4,3..]"),
    (lambda: ops.Pad(p("f32[5]"), [-1], [2], 1.5), "f32[6]"),
    (lambda: ops.Pad(p("f32[5]"), [4], [4], pad_mode="reflect"), "f32[13]"),
    (lambda: ops.Pad(p("f32[5,2]"), p("i64[2]"), [4, 4], pad_mode="edge"), "f32[?,?]"),
    (lambda: ops.Roll(p("f32[5,?]"), [1], [-1]), "f32[5,?]"),
    (lambda: ops.Reverse(p("f32[2,?]"), [-1], mode="index"), "f32[2,?]"),
    (lambda: ops.ReverseSequence(p("f32[?,4,5]"), p("i32[3]")), "f32[3,4,5]"),
    (lambda: ops.DepthToSpace(p("f32[?,8,2,3]"), mode="depth_first", block_size=2), "f32[?,2,4,6]"),
    (lambda: ops.DepthToSpace(p("f32[1,9,2]"), mode="blocks_first", block_size=3), "f32[1,3,6]"),
    (lambda: ops.SpaceToDepth(p("f32[1,2,4,6..8]"), mode="blocks_first", block_size=2), "f32[1,8,2,3..4]"),
    (lambda: ops.BatchToSpace(p("f32[8,3,4]"), [1, 2, 2], [0, 1, 0], [0, 0, 2]), "f32[2,5,6]"),
    (lambda: ops.SpaceToBatch(p("f32[2,3,?]"), [1, 2, 2], [0, 1, 0], [0, 0, 2]), "f32[8,2,1..]"),
    (lambda: ops.ShuffleChannels(p("f32[2,6,?]"), axis=-2, group=3), "f32[2,6,?]"),
    (lambda: ops.ReduceSum(p("f32[2,?,4]"), [1]), "f32[2,4]"),
    (lambda: ops.ReduceMean(p("f32[2,?,4]"), [0, -1], keep_dims=True), "f32[1,?,1]"),
    (lambda: ops.ReduceMax(p("f32[2,3]"), p("i64[1]")), "f32[?]"),
    (lambda: ops.ReduceProd(p("f32[2,3]"), []), "f32[2,3]"),
    (lambda: ops.ReduceL1(p("f32[...]"), [0]), "f32[...]"),
    (lambda: ops.ReduceL2(p("f32[2,3]"), 0), "f32[3]"),
    (lambda: ops.ReduceLogicalAnd(p("boolean[2,3]"), [0], keep_dims=True), "boolean[1,3]"),
    (lambda: ops.ReduceLogicalOr(p("boolean[2,3]"), [0, 1]), "boolean[]"),
]


test_types = types_test(TYPES)


def test_where_our_bounds_differ_from_the_runtimes() -> None:
    blocks = ops.BatchToSpace(p("f32[8,3,4]"), p("i64[3]"), [0, 1, 0], [0, 0, 2])
    assert str(blocks.type) == "f32[?,?,?]"  # the runtime takes blocks to be at least 1
    assert str(ops.ReduceMin(p("f32[2,3]"), p("i64[1]"), keep_dims=True).type) == "f32[..2,..3]"  # it forgets the sizes


ERRORS: list[tuple[Build, str]] = [
    (lambda: ops.Concat([], axis=0), "no operand"),
    (lambda: ops.Concat([p("f32[2,3]"), p("f32[3,3]")], axis=1), "contradict"),
    (lambda: ops.Concat([p("f32[2,3]"), p("f32[3]")], axis=1), "one rank"),
    (lambda: ops.Concat([p("f32[2,3]"), p("i32[2,3]")], axis=1), "element types"),
    (lambda: ops.Pad(p("f32[2]"), [1, 1], [1, 1]), "rank 1"),
    (lambda: ops.Pad(p("f32[2]"), [-2], [-1]), "takes away more"),
    (lambda: ops.Pad(p("f32[2]"), [2], [0], pad_mode="reflect"), "too much"),
    (lambda: ops.Pad(p("f32[2]"), [3], [0], pad_mode="symmetric"), "too much"),
    (lambda: ops.Roll(p("f32[2]"), [2], [1]), "outside"),
    (lambda: ops.Reverse(p("f32[2]"), [1], mode="index"), "outside"),
    (lambda: ops.ReverseSequence(p("f32[2,3]"), p("i32[3]")), "batch and lengths"),
    (lambda: ops.DepthToSpace(p("f32[1,6,2,2]"), mode="depth_first", block_size=2), "that 4 divides"),
    (lambda: ops.DepthToSpace(p("f32[1,6]"), mode="depth_first", block_size=2), "spatial axes"),
    (lambda: ops.SpaceToDepth(p("f32[1,6,3,2]"), mode="depth_first", block_size=2), "that 2 divides"),
    (lambda: ops.BatchToSpace(p("f32[3,2]"), [1, 2], [0, 0], [0, 0]), "blocks of 2 divide"),
    (lambda: ops.BatchToSpace(p("f32[2,2]"), [1, 2], [0, 3], [0, 3]), "crops more"),
    (lambda: ops.SpaceToBatch(p("f32[2,3]"), [1, 2], [0, 0], [0, 0]), "blocks of 2 divide"),
    (lambda: ops.SpaceToBatch(p("f32[2,3]"), [1], [0, 0], [0, 0]), "1 blocks"),
    (lambda: ops.SpaceToBatch(p("f32[2,3]"), [1, 0], [0, 0], [0, 0]), "block shape"),
    (lambda: ops.ShuffleChannels(p("f32[2,5]"), group=2), "2 groups"),
    (lambda: ops.ReduceSum(p("f32[2,5]"), [2]), "outside"),
    (lambda: ops.ReduceSum(p("f32[2,5]"), [0, 0]), "twice"),
    (lambda: ops.ReduceLogicalAnd(p("f32[2,5]"), [0]), "boolean"),
]


test_errors = errors_test(ERRORS)


def test_identities_pass_through() -> None:
    x = p("f32[?,8,?,?]")
    for y in (
        ops.Concat([x, p("f32[?,8,?,?]")], axis=1),
        ops.Pad(x, [0, 1, 0, 0], [0, 0, 0, 0]),
        ops.ShuffleChannels(x, group=2),
        ops.ReduceMean(x, [1], keep_dims=True),
        ops.BatchToSpace(ops.SpaceToBatch(x, [1, 1, 1, 1], [0] * 4, [0] * 4), [1, 1, 1, 1], [0] * 4, [0] * 4),
    ):
        assert [y.dims[i] is x.dims[i] for i in (0, 2, 3)] == [True] * 3, y
