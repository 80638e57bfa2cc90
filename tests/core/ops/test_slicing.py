"""Splits and slices: what they infer, against the table and against the runtime."""

from __future__ import annotations

import itertools

import numpy as np

from mo_core import ops
from mo_core.ir import types as t
from tests.core.ops.runtime import Build, errors_test, param, types_test

p = param
END, START = 2**31 - 1, -(2**31)

TYPES: list[tuple[Build, list[str]]] = [
    (lambda: ops.Split(p("f32[2,6]"), 1, num_splits=3), ["f32[2,2]"] * 3),
    (lambda: ops.Split(p("f32[2,6..9]"), -1, num_splits=3), ["f32[2,2..3]"] * 3),
    (lambda: ops.Split(p("f32[...]"), 1, num_splits=2), ["f32[...]"] * 2),
    (lambda: ops.Split(p("f32[2,2]"), p("i64[]"), num_splits=2), ["f32[?,?]"] * 2),
    (lambda: ops.VariadicSplit(p("f32[2,6]"), 1, [2, 4]), ["f32[2,2]", "f32[2,4]"]),
    (lambda: ops.VariadicSplit(p("f32[2,6]"), 1, [2, -1]), ["f32[2,2]", "f32[2,4]"]),
    (lambda: ops.VariadicSplit(p("f32[...]"), 1, [2, -1]), ["f32[...]"] * 2),
    (lambda: ops.VariadicSplit(p("f32[2,6]"), 1, [0, 6]), ["f32[2,0]", "f32[2,6]"]),
    (lambda: ops.Slice(p("f32[10,20]"), [1], [-1], [2]), ["f32[4,20]"]),
    (lambda: ops.Slice(p("f32[10,20]"), [END], [START], [-1], [1]), ["f32[10,20]"]),
    (lambda: ops.Slice(p("f32[10,20]"), [0, 15], [100, 5], [1, -3], [0, -1]), ["f32[10,4]"]),
    (lambda: ops.Slice(p("f32[?,20]"), [0], [2**63 - 1], [1], [0]), ["f32[?,20]"]),
    (lambda: ops.Slice(p("f32[5..9,20]"), [2], [END], [1], [0]), ["f32[3..7,20]"]),
    (lambda: ops.Slice(p("f32[5..9,20]"), [-3], [END], [1], [0]), ["f32[3,20]"]),
    (lambda: ops.Slice(p("f32[5..9,20]"), [0], [7], [1], [0]), ["f32[5..7,20]"]),
    (lambda: ops.Slice(p("f32[5..9,20]"), [1], [-1], [2], [0]), ["f32[2..4,20]"]),
    (lambda: ops.Slice(p("f32[...]"), [1], [-1], [2], [0]), ["f32[...]"]),
    (lambda: ops.SliceScatter(p("f32[10,20]"), p("f32[2,20]"), [1], [5], [2], [0]), ["f32[10,20]"]),
    (lambda: ops.StridedSlice(p("f32[10,20]"), [1, 2], [5, 12], [2, 3]), ["f32[2,4]"]),
    (lambda: ops.StridedSlice(p("f32[10,20]"), [1, 2], [5, 12], begin_mask=[1, 0], end_mask=[0, 1]), ["f32[5,18]"]),
    (
        lambda: ops.StridedSlice(
            p("f32[10,20]"), [0, 3], [0, 4], [1, 1], shrink_axis_mask=[0, 1], begin_mask=[1, 0], end_mask=[1, 0]
        ),
        ["f32[10]"],
    ),
    (
        lambda: ops.StridedSlice(
            p("f32[?,20]"), [0, 3], [0, 4], [1, 1], begin_mask=[1, 0], end_mask=[1, 0], new_axis_mask=[0, 1]
        ),
        ["f32[?,1,20]"],
    ),
    (
        lambda: ops.StridedSlice(
            p("f32[2,3,?,5]"),
            [0, 0, 1],
            [0, 0, 2],
            [1, 1, 1],
            new_axis_mask=[1, 0, 0],
            shrink_axis_mask=[0, 0, 1],
            ellipsis_mask=[0, 1, 0],
        ),
        ["f32[1,2,3,?]"],
    ),
    (
        lambda: ops.StridedSlice(p("f32[10,20]"), [0, 0], [0, 0], [-1, 1], begin_mask=[1, 1], end_mask=[1, 1]),
        ["f32[10,20]"],
    ),
    (lambda: ops.StridedSlice(p("f32[...]"), [0], [1], [1]), ["f32[...]"]),
]


test_types = types_test(TYPES)


def test_what_is_left_of_an_unknown_size_has_bounds() -> None:
    parts = ops.VariadicSplit(p("f32[2,6..8]"), 1, [2, -1])
    assert [str(r.type) for r in parts.results] == ["f32[2,2]", "f32[2,4..6]"]  # the runtime forgets the bounds


ERRORS: list[tuple[Build, str]] = [
    (lambda: ops.Split(p("f32[2,5]"), 1, num_splits=2), "does not come out even"),
    (lambda: ops.Split(p("f32[2,5]"), 1, num_splits=0), "cannot make 0 parts"),
    (lambda: ops.Split(p("f32[?]"), 0, num_splits=10**9), "cannot make"),
    (lambda: ops.Split(p("f32[2,5]"), 2, num_splits=5), "outside"),
    (lambda: ops.VariadicSplit(p("f32[2,5]"), 1, [2, 2]), "parts of 4 elements"),
    (lambda: ops.VariadicSplit(p("f32[2,5]"), 1, [6, -1]), "more than"),
    (lambda: ops.VariadicSplit(p("f32[2,5]"), 1, [-1, -1]), "lengths"),
    (lambda: ops.VariadicSplit(p("f32[2,5]"), 1, p("i64[?]")), "how many parts"),
    (lambda: ops.Slice(p("f32[2,5]"), [0], [1], [0]), "step of 0"),
    (lambda: ops.Slice(p("f32[2,5]"), [0], [1], [1], [2]), "outside"),
    (lambda: ops.Slice(p("f32[2,5]"), [0], [1, 2], [1]), "as many starts"),
    (lambda: ops.Slice(p("f32[2,5]"), [0], [1], [1], [0, 1]), "2 axes"),
    (lambda: ops.StridedSlice(p("f32[2]"), [0, 0], [1, 1], [1, 1]), "takes 2 axes"),
    (lambda: ops.StridedSlice(p("f32[2]"), [5], [6], [1], shrink_axis_mask=[1]), "element 5"),
    (lambda: ops.StridedSlice(p("f32[2,3]"), [0], [1, 1], [1]), "1 begins, 2 ends"),
]


test_errors = errors_test(ERRORS)


def test_bounds_of_a_slice_hold_for_every_size() -> None:
    limits = [0, 1, 3, -1, -2, -4, END, START]
    for start, stop, step in itertools.product(limits, limits, [1, 2, -1, -2]):
        for low, high in ((0, 6), (3, 5)):
            x = p(f"f32[{low}..{high}]")
            found = ops.Slice(x, [start], [stop], [step]).dims[0]
            lengths = [len(np.arange(n)[start:stop:step]) for n in range(low, high + 1)]
            bounds = t.bounds(found)
            assert bounds[0] <= min(lengths) and max(lengths) <= bounds[1], (start, stop, step, low, high, found)


def test_slices_of_unknown_size() -> None:
    x = p("f32[?]")
    assert ops.Slice(x, [0], [END], [1]).dims[0] is x.dims[0]
    assert ops.Slice(x, [-1], [START], [-1]).dims[0] is x.dims[0]
    assert ops.Slice(x, [1], [END], [1]).type != x.type
    assert str(ops.Slice(x, [0], [4], [1]).type) == "f32[..4]"


def test_a_slice_up_to_a_known_unknown() -> None:
    x, table = p("f32[1..8]"), p("f32[512]")
    assert ops.Slice(table, [0], ops.ShapeOf(x), [1]).dims[0] is x.dims[0]


def test_equal_slices_of_one_dimension_are_known_to_be_equal() -> None:
    x = p("f32[5..9]")
    assert ops.Slice(x, [1], [-1], [2]).dims[0] is ops.Slice(x, [1], [-1], [2]).dims[0]
