"""What stays known of shapes that are computed from unknown dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mo_core import ops
from mo_core.ir import Value
from mo_core.ir import types as t
from tests.core.ops.runtime import param

p = param


def known(value: Value) -> list[Any]:
    assert value.known is not None
    return list(value.known.reshape(-1))


@pytest.fixture
def x() -> Value:
    return p("f32[?,3,4..8]")


def test_a_shape_is_known_in_part(x: Value) -> None:
    shape = ops.ShapeOf(x)
    assert known(shape)[0] is x.dims[0] and known(shape)[1] == 3
    assert ops.ShapeOf(p("f32[2,3]")).known.dtype == np.int64
    assert ops.ShapeOf(p("f32[...]")).known is None


def test_arithmetic_keeps_identity_and_bounds(x: Value) -> None:
    n, c, w = known(ops.ShapeOf(x))
    shape = ops.ShapeOf(x)
    assert known(ops.Multiply(shape, [1, 2, 2])) == [n, 6, w * 2]
    assert known(ops.Add(shape, [0, 1, 1])) == [n, c + 1, w + 1]
    assert known(ops.Subtract(shape, shape)) == [0, 0, 0]
    assert known(ops.Divide(shape, [1, 2, 2])) == [n, 1, w // 2]
    assert t.bounds(known(ops.Divide(shape, 2))[2]) == (2, 4)
    assert known(ops.Maximum(shape, 3))[2] is w
    assert t.bounds(known(ops.Minimum(shape, 6))[2]) == (4, 6)
    assert known(ops.Mod(shape, 2))[1] == 1
    assert known(ops.Negative(ops.Negative(ops.Multiply(shape, [0, 1, 0])))) == [0, 3, 0]


def test_a_scale_goes_through_reals_and_back(x: Value) -> None:
    size = ops.Convert(ops.ShapeOf(x), destination_type="f32")
    scaled = ops.Convert(ops.Floor(ops.Multiply(size, 2.0)), destination_type="i64")
    assert known(scaled)[1] == 6 and t.bounds(known(scaled)[2]) == (8, 16)
    halved = ops.Convert(ops.Ceiling(ops.Multiply(size, 0.3)), destination_type="i64")
    low, high = t.bounds(known(halved)[2])
    assert low <= 2 and high >= 3  # ceil of 1.2 to 2.4


def test_comparison_goes_by_bounds(x: Value) -> None:
    shape = ops.ShapeOf(x)
    assert known(ops.Equal(shape, [-1, 3, 3])) == [False, True, False]
    assert known(ops.Equal(shape, shape)) == [True] * 3
    assert known(ops.NotEqual(shape, [5, 3, 9])) == [None, False, True]
    assert known(ops.Less(shape, [0, 3, 9])) == [False, False, True]
    assert known(ops.GreaterEqual(shape, [0, 4, 5])) == [True, False, None]


def test_selection_by_what_is_known(x: Value) -> None:
    shape = ops.ShapeOf(x)
    target = ops.Select(ops.Equal([-1, 7, -1], -1), shape, [-1, 7, -1])
    assert known(target) == [x.dims[0], 7, x.dims[2]]
    undecided = ops.Select(ops.Equal(shape, 5), shape, shape)
    assert known(undecided) == list(x.dims)


def test_moving_about(x: Value) -> None:
    n, c, w = x.dims
    shape = ops.ShapeOf(x)
    assert known(ops.Gather(shape, [2, 0], 0)) == [w, n]
    assert known(ops.Gather(shape, -1, 0)) == [w]
    assert known(ops.Concat([shape, [1]], axis=0)) == [n, c, w, 1]
    assert known(ops.Slice(shape, [1], [3], [1])) == [c, w]
    assert known(ops.StridedSlice(shape, [2], [3], [1], shrink_axis_mask=[1])) == [w]
    assert known(ops.Unsqueeze(ops.Squeeze(ops.Gather(shape, [2], 0), [0]), [0])) == [w]
    assert [known(r) for r in ops.Split(shape, 0, num_splits=3).results] == [[n], [c], [w]]
    assert [known(r) for r in ops.VariadicSplit(shape, 0, [1, -1]).results] == [[n], [c, w]]
    assert known(ops.Tile(shape, [2])) == [n, c, w, n, c, w]
    assert known(ops.Broadcast(ops.Gather(shape, 2, 0), [2])) == [w, w]
    assert known(ops.Transpose(ops.Reshape(shape, [3, 1], special_zero=False), [1, 0])) == [n, c, w]
    assert known(ops.ReduceProd(ops.Slice(shape, [0], [2], [1]), [0])) == [n * 3]
    assert known(ops.ScatterUpdate(shape, [1], [7], 0)) == [n, 7, w]
    assert known(ops.ScatterNDUpdate(shape, [[2]], [7])) == [n, c, 7]
    assert known(ops.Pad(shape, [1], [0], 9)) == [9, n, c, w]
    assert known(ops.GatherND(shape, [[2]])) == [w]
    assert known(ops.Identity(shape)) == [n, c, w]


def test_concat_keeps_what_it_knows_beside_an_unknown_operand(x: Value) -> None:
    joined = ops.Concat([ops.ShapeOf(x), p("i64[2]"), [5]], axis=0)
    assert known(joined) == [*x.dims, None, None, 5]
    assert str(ops.Reshape(p("f32[...]"), joined, special_zero=False).type) == "f32[?,3,4..8,?,?,5]"


def test_types_of_partly_known_content_do_not_change_results(x: Value) -> None:
    assert ops.Gather(ops.ShapeOf(x), [1], 0).known.dtype == np.int64  # all of it is known again


def test_a_computed_slice_of_its_own_tensor(x: Value) -> None:
    width = ops.Gather(ops.ShapeOf(x), [2], 0)
    assert ops.Slice(x, [0], width, [1], [2]).dims == x.dims
    assert ops.Reshape(x, ops.Concat([[-1], width], axis=0), special_zero=False).dims[1] is x.dims[2]


def test_nothing_is_known_of_large_results(x: Value) -> None:
    assert ops.Tile(ops.ShapeOf(x), [1000]).known is None


def test_what_cannot_be_told_is_not_known(x: Value) -> None:
    shape = ops.ShapeOf(x)
    assert ops.Exp(ops.Convert(shape, destination_type="f32")).known is None
    assert ops.Divide([12], ops.Gather(shape, [0], 0)).known.tolist() == [None]
    assert ops.Gather([1, 2], p("i64[1]"), 0).known is None
    assert ops.Gather([1, 2], [7], 0).known is None  # out of range: an error of the model, if it is ever executed
