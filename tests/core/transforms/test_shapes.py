"""Shape arithmetic cut short, views merged, branches decided."""

from __future__ import annotations

import numpy as np
import pytest

from mo_core import ops
from mo_core.ir import Graph, Value, constant
from mo_core.ir import types as t
from mo_core.transforms.simplify import shapes
from tests.core.transforms import harness as h

PASS, LISTS = shapes.shape_simplification, shapes.shape_lists


def dim(x: Value, axis: int) -> Value:
    return ops.Gather(ops.ShapeOf(x), axis, 0)


def listed(v: Value) -> Value:
    return ops.Unsqueeze(v, [0])


def reshape(x: Value, *dims: Value | int, special_zero: bool = True) -> Value:
    parts = [constant([d]) if isinstance(d, int) else listed(d) for d in dims]
    return ops.Reshape(x, ops.Concat(parts, axis=0), special_zero=special_zero)


def pattern_of(graph: Graph) -> list[int]:
    return h.only(graph, ops.Reshape).pattern.const.tolist()


def test_copied_dimensions_become_zeros() -> None:
    graph, (x,) = h.inputs((None, None, 12))
    graph.add_output(reshape(x, dim(x, 0), dim(x, 1), 3, 4, special_zero=False), "y")
    h.check(graph, PASS)
    assert h.kinds(graph) == ["Reshape"] and pattern_of(graph) == [0, 0, 3, 4]


def test_a_product_of_dimensions_becomes_the_rest() -> None:
    graph, (x,) = h.inputs((None, None, 12))
    graph.add_output(reshape(x, ops.Multiply(dim(x, 0), dim(x, 1)), 12), "y")
    h.check(graph, PASS)
    assert h.kinds(graph) == ["Reshape"] and pattern_of(graph) == [-1, 12]


def test_a_static_dimension_is_still_copied() -> None:
    graph, (x,) = h.inputs((2, 6))
    graph.add_output(reshape(x, dim(x, 0), 2, 3), "y")
    h.check(graph, PASS)
    assert pattern_of(graph) == [0, 2, 3]


def test_dimensions_of_another_tensor_that_are_the_same() -> None:
    graph, (x,) = h.inputs((None, 8, None))
    graph.add_output(reshape(ops.Sigmoid(x), dim(x, 0), 2, 4, -1), "y")
    h.check(graph, PASS)
    assert pattern_of(graph) == [0, 2, 4, -1]


def test_an_unknown_rank_leaves_the_rest_open() -> None:
    graph = Graph()
    x = graph.add_input("x", t.f32, None)
    graph.add_output(reshape(x, dim(x, 0), 12), "y")
    h.optimise(graph, PASS)
    assert pattern_of(graph) == [-1, 12]


def test_two_moved_dimensions_stay_computed() -> None:
    graph, (x,) = h.inputs((None, None, 4))
    graph.add_output(reshape(x, 4, dim(x, 0), dim(x, 1)), "y")
    context = h.check(graph, PASS)
    assert "Concat" in h.kinds(graph)
    assert h.reasons(context) == ["more than one dimension of the shape is known at run time only"]


def test_a_zero_that_means_no_elements_stays() -> None:
    graph, (x,) = h.inputs((None, 0))
    graph.add_output(reshape(x, dim(x, 0), 0, special_zero=False), "y")
    h.optimise(graph, PASS)
    assert "Concat" in h.kinds(graph)


VIEWS = [
    (
        "two reshapes",
        lambda x: ops.Reshape(ops.Reshape(x, [0, -1], special_zero=True), [0, 2, -1], special_zero=True),
        ["Reshape"],
    ),
    ("new axis in front", lambda x: ops.Unsqueeze(ops.Reshape(x, [0, -1], special_zero=True), [1]), ["Reshape"]),
    ("two new axes", lambda x: ops.Unsqueeze(ops.Unsqueeze(x, [0]), [2]), ["Unsqueeze"]),
    ("there and back", lambda x: ops.Squeeze(ops.Unsqueeze(ops.Abs(x), [1]), [1]), ["Abs"]),
    ("axis gone", lambda x: ops.Squeeze(ops.Reshape(x, [0, 1, -1], special_zero=True), [1]), ["Reshape"]),
    ("squeezed twice", lambda x: ops.Squeeze(ops.Squeeze(ops.Abs(x), [-1]), [1]), ["Abs", "Squeeze"]),
    ("moved batch", lambda x: ops.Reshape(ops.Unsqueeze(x, [0]), [1, 0, 24], special_zero=True), ["Reshape"]),
]


@pytest.mark.parametrize(("build", "kinds"), [pytest.param(b, k, id=n) for n, b, k in VIEWS])
def test_views_behind_each_other(build, kinds) -> None:
    graph, (x,) = h.inputs((None, 1, 4, 1) if kinds == ["Abs", "Squeeze"] else (None, 4, 6))
    graph.add_output(build(x), "y")
    h.check(graph, PASS)
    assert h.kinds(graph) == kinds


def test_a_view_that_others_read_stays() -> None:
    graph, (x,) = h.inputs((None, 4, 6))
    inner = ops.Reshape(x, [0, -1], special_zero=True)
    graph.add_output(ops.Unsqueeze(inner, [1]), "y")
    graph.add_output(inner, "z")
    h.unchanged(graph, PASS)


def test_two_open_dimensions_do_not_merge() -> None:
    graph, (x,) = h.inputs((None, None, 6))
    graph.add_output(ops.Reshape(ops.Reshape(x, [-1, 2, 3], special_zero=True), [0, 3, -1], special_zero=True), "y")
    h.unchanged(graph, PASS)


def test_slices_of_everything_go() -> None:
    graph, (x,) = h.inputs((None, 4, 6))
    y = ops.Slice(x, [0], [2**31 - 1], [1], [0])
    y = ops.StridedSlice(y, [0, 5], [0, 4], [1, 1], begin_mask=(1, 1), end_mask=(1, 0))
    graph.add_output(ops.Sigmoid(ops.Slice(y, [-9], [6], [1], [2])), "y")
    h.check(graph, PASS)
    assert h.kinds(graph) == ["Sigmoid"]


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda x: ops.Slice(x, [0], [3], [1], [1]), id="less"),
        pytest.param(lambda x: ops.Slice(x, [-1], [-(2**31)], [-1], [1]), id="backwards"),
        pytest.param(lambda x: ops.Slice(x, [0], [100], [1], [0]), id="perhaps less"),
        pytest.param(
            lambda x: ops.StridedSlice(x, [0], [9], [1], begin_mask=(1,), end_mask=(1,), new_axis_mask=(1,)), id="new"
        ),
    ],
)
def test_slices_that_change_something_stay(build) -> None:
    graph, (x,) = h.inputs((None, 4, 6))
    graph.add_output(build(x), "y")
    h.unchanged(graph, PASS)


def test_broadcast_ahead_of_arithmetic_goes() -> None:
    graph, (x, y) = h.inputs((None, 4, 6), (None, 1, 6))
    length = ops.ReduceMax(x, [1], keep_dims=True)
    graph.add_output(ops.Divide(x, ops.Broadcast(length, ops.ShapeOf(x))), "y")
    graph.add_output(ops.Add(ops.Tile(ops.ReduceMin(x, [1], keep_dims=True), [1, 4, 1]), x), "z")
    graph.add_output(y, "w")
    h.check(graph, PASS)
    assert h.kinds(graph) == ["ReduceMax", "Divide", "ReduceMin", "Add"]


def test_broadcast_that_makes_the_shape_stays() -> None:
    graph, (x, y) = h.inputs((None, 4, 6), (6,))
    graph.add_output(ops.Add(ops.Broadcast(y, ops.ShapeOf(x)), constant(np.ones(6, np.float32))), "y")
    h.unchanged(graph, PASS)


def test_tile_of_more_than_one_stays() -> None:
    graph, (x, y) = h.inputs((2, 6), (4, 6))
    graph.add_output(ops.Add(ops.Tile(x, [2, 1]), y), "y")
    h.unchanged(graph, PASS)


def test_dimensions_are_taken_together() -> None:
    graph, (x,) = h.inputs((None, None, None))
    target = ops.Concat([listed(dim(x, 0)), listed(dim(x, 2)), constant([2]), constant([3])], axis=0)
    graph.add_output(ops.Broadcast(constant(np.float32(1)), target), "y")
    h.check(graph, LISTS)
    assert h.kinds(graph) == ["ShapeOf", "Gather", "Concat", "Broadcast"]


def test_dimensions_of_two_tensors_stay_apart() -> None:
    graph, (x, y) = h.inputs((None, 3), (None, 3))
    parts = [ops.Gather(ops.ShapeOf(v), [0], 0) for v in (x, y)]
    graph.add_output(ops.Concat(parts, axis=0), "y")
    h.unchanged(graph, LISTS)


def test_equal_shapes_are_computed_once() -> None:
    graph, (x,) = h.inputs((None, 3))
    y = ops.Sigmoid(x)
    for i, v in enumerate((x, y)):
        target = ops.Concat([ops.Gather(ops.ShapeOf(v), [0], 0), constant([4])], axis=0)
        graph.add_output(ops.Broadcast(constant(np.float32(i)), target), f"y{i}")
    h.check(graph, shapes.equal_shapes)
    assert sorted(h.kinds(graph)) == ["Broadcast", "Broadcast", "Concat", "Gather", "ShapeOf"]


def test_what_went_with_its_last_reader_is_no_twin() -> None:
    graph, (x,) = h.inputs((None, 3))
    first = ops.ShapeOf(ops.MatMul(x, h.weights(3, 4)))
    same = ops.Concat([ops.Gather(ops.ShapeOf(x), [0], 0), constant([4])], axis=0)
    other = ops.Concat([ops.Gather(ops.ShapeOf(ops.Sigmoid(x)), [0], 0), constant([5])], axis=0)
    for i, target in enumerate((first, same, other)):
        graph.add_output(ops.Broadcast(constant(np.float32(i)), target), f"y{i}")
    h.check(graph, shapes.equal_shapes)
    assert h.kinds(graph).count("Gather") == 1


def test_shapes_of_inputs_that_may_differ_stay() -> None:
    graph, (x, y) = h.inputs((None, 3), (None, 3))
    for i, v in enumerate((x, y)):
        graph.add_output(ops.ShapeOf(v), f"y{i}")
    h.unchanged(graph, shapes.equal_shapes)


def test_static_shapes_stay_with_their_tensors() -> None:
    graph, (x, y) = h.inputs((2, 3), (2, 3))
    for i, v in enumerate((x, y)):
        graph.add_output(ops.ShapeOf(v), f"y{i}")
    h.unchanged(graph, shapes.equal_shapes)


@pytest.mark.parametrize(
    ("first", "between", "last", "kinds"),
    [
        (t.f32, t.f64, t.f32, []),
        (t.i32, t.i64, t.i32, []),
        (t.i32, t.f64, t.f32, ["Convert"]),
        (t.u8, t.i16, t.f32, ["Convert"]),
        (t.f32, t.f16, t.f32, ["Convert", "Convert"]),
        (t.i64, t.i32, t.i64, ["Convert", "Convert"]),
        (t.i64, t.f64, t.i64, ["Convert", "Convert"]),
        (t.i32, t.u64, t.f32, ["Convert", "Convert"]),
        (t.i32, t.f32, t.i32, ["Convert", "Convert"]),
        (t.f32, t.boolean, t.f32, ["Convert", "Convert"]),
    ],
)
def test_conversions(first, between, last, kinds) -> None:
    graph, (x,) = h.inputs((2, 3), element=first)
    y = ops.Convert(ops.Convert(x, destination_type=between), destination_type=last)
    graph.add_output(ops.Abs(y) if last is not t.f32 or not kinds else y, "y")
    h.optimise(graph, PASS)
    assert [k for k in h.kinds(graph) if k == "Convert"] == kinds


def test_select_by_a_constant() -> None:
    graph, (x, y) = h.inputs((2, 3), (2, 3))
    graph.add_output(ops.Select(constant([True]), ops.Abs(x), y), "y")
    graph.add_output(ops.Select(constant(np.zeros((2, 3), bool)), x, ops.Sigmoid(y)), "z")
    h.check(graph, PASS)
    assert h.kinds(graph) == ["Abs", "Sigmoid"]


@pytest.mark.parametrize("condition", [np.eye(2, 3, dtype=bool), np.ones((4, 2, 3), bool)], ids=["mixed", "larger"])
def test_select_that_is_not_decided_stays(condition) -> None:
    graph, (x, y) = h.inputs((2, 3), (2, 3))
    graph.add_output(ops.Select(constant(condition), x, y), "y")
    h.unchanged(graph, PASS)


def branch(then: object, otherwise: object, *, inner: bool = False) -> ops.If:
    bodies = []
    for function in (then, otherwise):
        body = Graph()
        v = body.add_input("v", t.f32, (2, 3))
        body.add_output(function(v), "r")
        bodies.append(body)
    return bodies


@pytest.mark.parametrize(("decision", "kind"), [(True, "Abs"), (False, "Sigmoid")])
def test_if_with_a_known_condition(decision, kind) -> None:
    graph, (x,) = h.inputs((2, 3))
    one, two = branch(ops.Abs, ops.Sigmoid)
    graph.add_output(
        ops.If(constant(decision), [x], then_body=one, else_body=two, then_inputs=[0], else_inputs=[0]), "y"
    )
    h.check(graph, PASS)
    assert h.kinds(graph) == [kind]


def test_if_by_a_known_dimension() -> None:
    graph, (x,) = h.inputs((2, 3))
    one, two = branch(ops.Abs, ops.Sigmoid)
    condition = ops.Equal(dim(x, 0), 2)
    graph.add_output(ops.If(condition, [x], then_body=one, else_body=two, then_inputs=[0], else_inputs=[0]), "y")
    h.check(graph, PASS)
    assert h.kinds(graph) == ["Abs"]


def test_if_that_asks_the_data_stays() -> None:
    graph, (x,) = h.inputs((2, 3))
    one, two = branch(ops.Abs, ops.Sigmoid)
    condition = ops.Greater(ops.ReduceMax(x, [0, 1], keep_dims=False), constant(0.0, t.f32))
    graph.add_output(ops.If(condition, [x], then_body=one, else_body=two, then_inputs=[0], else_inputs=[0]), "y")
    h.unchanged(graph, PASS)
