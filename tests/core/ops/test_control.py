"""If, Loop and TensorIterator: typing of bodies, results, closing; against the runtime, values included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from mo_core import ops
from mo_core.ir import Constant, Graph, Node, Parameter, Value, constant
from mo_core.ir import types as t
from mo_core.ops.control import Concatenated, Invariant, LastValue, Merged, Sliced, close
from tests.core.ops.runtime import Build, differences_test, errors_test, graph_of, our_types, param, read, types_test

p = param
Step = Callable[[Value, Value], tuple[Value, Value, Value]]


def loop(trips: Any, start: Any, initial: Value | str, step: Step) -> ops.Loop:
    """`step(number, state)` gives the new state, whether to go on, and what to stack."""
    body = Graph()
    number = body.add_input("", t.i64, ())
    before = body.add_input("", t.f32, None)
    state, go_on, scan = step(number, before)
    for value in (go_on, state, scan):
        body.add_output(value)
    outside = close(body)
    return ops.Loop(
        p(trips) if isinstance(trips, str) else trips,
        p(start) if isinstance(start, str) else constant(start),
        [p(initial) if isinstance(initial, str) else initial, *outside],
        body=body,
        input_ports=(Merged(1, 1), *(Invariant(2 + i) for i in range(len(outside)))),
        output_ports=(LastValue(1), Concatenated(2, 0)),
        body_condition=0,
        current_iteration=0,
    )


def steady(number: Value, state: Value) -> tuple[Value, Value, Value]:
    return ops.Add(state, 1.0), constant(True), state


def growing(number: Value, state: Value) -> tuple[Value, Value, Value]:
    return ops.Concat([state, state], axis=0), constant(True), state


def until_three(number: Value, state: Value) -> tuple[Value, Value, Value]:
    return ops.Add(state, 1.0), ops.Less(number, 2), state


def deepening(number: Value, state: Value) -> tuple[Value, Value, Value]:
    return ops.Unsqueeze(state, [0]), constant(True), constant([1.0])


def running_sum(x: str | Value, **slicing: Any) -> ops.TensorIterator:
    """Sum over rows of three: every partial sum, and the last one."""
    body = Graph()
    row, before = body.add_input("", t.f32, (1, 3)), body.add_input("", t.f32, (1, 3))
    body.add_output(ops.Add(row, before))
    return ops.TensorIterator(
        [p(x) if isinstance(x, str) else x, np.zeros((1, 3), np.float32) if isinstance(x, Value) else p("f32[1,3]")],
        body=body,
        input_ports=(Sliced(0, 0, **slicing), Merged(1, 0)),
        output_ports=(Concatenated(0, 0, **slicing), LastValue(0)),
    )


def branch(value: Callable[[Value], Value]) -> Graph:
    body = Graph()
    body.add_output(value(body.add_input("", t.f32, None)))
    return body


def choice(condition: Any, a: str, b: str) -> ops.If:
    """The double of a, or the square of b."""
    return ops.If(
        p(condition) if isinstance(condition, str) else constant(condition),
        [p(a), p(b)],
        then_body=branch(lambda x: ops.Add(x, x)),
        else_body=branch(lambda x: ops.Multiply(x, x)),
        then_inputs=(0,),
        else_inputs=(1,),
    )


TYPES: list[tuple[Build, list[str]]] = [
    (lambda: loop(5, True, "f32[1,3]", steady), ["f32[1,3]", "f32[5,3]"]),
    (lambda: loop(5, True, "f32[?,3]", steady), ["f32[?,3]", "f32[?,3]"]),
    (lambda: loop(5, True, "f32[...]", steady), ["f32[...]", "f32[...]"]),
    (lambda: loop("i64[]", True, "f32[2,3]", steady), ["f32[2,3]", "f32[?,3]"]),
    (lambda: loop(-1, True, "f32[2,3]", until_three), ["f32[2,3]", "f32[?,3]"]),
    (lambda: loop(5, True, "f32[1,3]", growing), ["f32[?,3]", "f32[?,3]"]),
    (lambda: loop("i64[]", "boolean[]", "f32[1,3]", growing), ["f32[?,3]", "f32[?,3]"]),
    (lambda: loop(5, True, "f32[2]", deepening), ["f32[...]", "f32[5]"]),
    (lambda: running_sum("f32[7,3]"), ["f32[7,3]", "f32[1,3]"]),
    (lambda: running_sum("f32[?,3]"), ["f32[?,3]", "f32[1,3]"]),
    (lambda: running_sum("f32[7,3]", start=-1, end=0, stride=-1), ["f32[7,3]", "f32[1,3]"]),
    (lambda: running_sum("f32[8,3]", start=1, end=5), ["f32[5,3]", "f32[1,3]"]),
    (lambda: running_sum("f32[8,3]", part_size=2, stride=2), ["f32[8,3]", "f32[2,3]"]),
    (lambda: running_sum("f32[8..10,3]", start=1, end=-2), ["f32[?,3]", "f32[1,3]"]),
    (lambda: running_sum("f32[...]"), ["f32[...]", "f32[...]"]),
    (lambda: choice("boolean[]", "f32[2,3]", "f32[2,3]"), ["f32[2,3]"]),
    (lambda: choice("boolean[1]", "f32[2,3]", "f32[5,?]"), ["f32[2..5,?]"]),
    (lambda: choice("boolean[]", "f32[2,3]", "f32[5]"), ["f32[...]"]),
    (lambda: choice(True, "f32[2,3]", "f32[5,?]"), ["f32[2,3]"]),
    (lambda: choice(False, "f32[2,3]", "f32[5,?]"), ["f32[5,?]"]),
]

DIFFERENT: list[tuple[Build, list[str], list[str]]] = [
    # the runtime forgets that a loop whose condition is false at first gives nothing
    (lambda: loop(5, "boolean[]", "f32[2,3]", steady), ["f32[2,3]", "f32[..10,3]"], ["f32[2,3]", "f32[10,3]"]),
    (lambda: loop(5, True, "f32[1,3]", until_three), ["f32[1,3]", "f32[..5,3]"], ["f32[1,3]", "f32[?,3]"]),
    (lambda: running_sum("f32[?,3]", start=1, end=5), ["f32[5,3]", "f32[1,3]"], ["f32[?,3]", "f32[1,3]"]),
    (lambda: running_sum("f32[8..10,3]"), ["f32[8..10,3]", "f32[1,3]"], ["f32[?,3]", "f32[1,3]"]),
    (lambda: choice("boolean[]", "f32[2,4..9]", "f32[2,7..11]"), ["f32[2,4..11]"], ["f32[2,?]"]),
]


test_types = types_test(TYPES)
test_types_where_the_runtime_differs = differences_test(DIFFERENT)


def with_ports(**changed: Any) -> Node:
    node = running_sum("f32[7,3]")
    return node.evolve(**changed)


ERRORS: list[tuple[Build, str]] = [
    (lambda: with_ports(input_ports=(Sliced(0, 0),)), "2 values go into the body, and there are 1 ports"),
    (lambda: with_ports(input_ports=(Sliced(0, 0), Merged(0, 0))), r"2 parameters, and the ports feed \[0, 0\]"),
    (lambda: with_ports(input_ports=(Sliced(0, 0), Merged(1, 1))), "1 results, and the ports read"),
    (lambda: with_ports(input_ports=(Sliced(0, 2), Merged(1, 0))), "axis 2 is outside of rank 2"),
    (lambda: with_ports(input_ports=(Sliced(0, 0, part_size=0), Merged(1, 0))), "pieces of 0"),
    (lambda: with_ports(input_ports=(Invariant(0), Merged(1, 0))), "nothing says how often"),
    (lambda: with_ports(output_ports=(LastValue(3),)), "1 results, and the ports read"),
    (lambda: running_sum("f32[7,4]"), "do not broadcast"),
    (lambda: loop(5, True, "f32[1,3]", lambda n, s: (n, constant(True), s)), "is f32, then i64"),
    (lambda: choice("boolean[]", "f32[2]", "f32[2]").evolve(then_inputs=(2,)), r"1 parameters, fed by inputs \[2\]"),
    (lambda: choice("boolean[]", "f32[2]", "i32[2]"), "element types differ: f32, i32"),
    (lambda: loop(5, True, "f32[1,3]", steady).evolve(body_condition=3), "no result 3 for the condition"),
]


test_errors = errors_test(ERRORS)


def test_a_body_takes_the_types_of_the_operands() -> None:
    node = running_sum("f32[?,3]")
    assert [str(parameter.type) for parameter in node.body.inputs] == ["f32[1,3]", "f32[1,3]"]
    node = loop(5, True, "f32[4,?]", steady)
    assert [str(parameter.type) for parameter in node.body.inputs] == ["i64[]", "f32[4,?]"]
    assert node.dims[1] is node.operands[2].dims[1]


def test_an_axis_that_a_step_changes_is_unknown_inside() -> None:
    node = loop(5, True, "f32[1,3]", growing)
    assert str(node.body.inputs[1].type) == "f32[?,3]"


def test_one_dimension_of_pieces_and_of_what_they_give() -> None:
    x = p("f32[?,3]")
    assert running_sum(x).dims[0] is x.dims[0]


def test_an_evolved_loop_types_its_body_anew() -> None:
    node = running_sum("f32[?,3]")
    evolved = node.evolve(p("f32[6,3]"), node.operands[1])
    assert evolved.body is node.body and evolved.output_ports == node.output_ports
    assert our_types(evolved) == ["f32[6,3]", "f32[1,3]"]


def test_new_operand_types_reach_body_and_results() -> None:
    graph = Graph()
    x = graph.add_input("x", t.f32, (4, t.Dynamic()))
    node = loop(5, True, x, steady)
    graph.add(node)
    x.retype(t.f32, (4, 7))
    graph.refresh()
    assert our_types(node) == ["f32[4,7]", "f32[20,7]"] and str(node.body.inputs[1].type) == "f32[4,7]"
    assert not node.refresh()
    graph.verify()


@pytest.mark.parametrize("build", [row[0] for row in TYPES])
def test_inferring_again_changes_nothing(build: Build) -> None:
    node = build()
    before = [r.type for r in node.results]
    assert not node.refresh()
    assert [r.type for r in node.results] == before


def test_nested_loops_settle_in_bounded_time() -> None:
    """Every level changes the shape that it carries, so that a naive fixed point would double at each."""
    visits = 0

    class Counted(ops.Add, opset="opset1", type="Add"):
        def infer(self) -> t.Type:
            nonlocal visits
            visits += 1
            return super().infer()

    def nested(depth: int) -> Step:
        def step(number: Value, state: Value) -> tuple[Value, Value, Value]:
            if depth == 0:
                return ops.Concat([Counted(state, 1.0), state], axis=0), constant(True), state
            inner = loop(2, True, state, nested(depth - 1))
            return ops.Concat([inner, inner], axis=1), constant(True), state

        return step

    loop(2, True, "f32[1,1]", nested(12))
    assert visits < 200


class TestClose:
    def test_outer_values_become_parameters(self) -> None:
        outer = Graph()
        x = outer.add_input("x", t.f32, (4,))
        y = outer.add(ops.Add(x, x))
        body = Graph()
        inside = body.add_input("", t.f32, (4,))
        body.add_output(ops.Add(ops.Multiply(inside, y), x))
        body.add_output(y)
        assert set(close(body)) == {x, y}
        assert len(body.inputs) == 3 and body.captures() == []
        assert not y.uses and list(x.uses) == [(y, 0), (y, 1)]
        body.verify()
        outer.verify()

    def test_constants_are_copied(self) -> None:
        outer, body = Graph(), Graph()
        weights = outer.add(constant([1.0, 2.0]))
        body.add_output(ops.Add(body.add_input("", t.f32, (2,)), weights))
        assert close(body) == [] and not weights.uses
        (copy,) = (node for node in body if isinstance(node, Constant))
        assert isinstance(weights, Constant) and copy is not weights and copy.value is weights.value
        body.verify()

    def test_values_that_nested_bodies_read_come_through_the_body(self) -> None:
        outer = Graph()
        x = outer.add_input("x", t.f32, (1, 3))
        inner_of: list[ops.Loop] = []

        def step(number: Value, state: Value) -> tuple[Value, Value, Value]:
            inner = loop(2, True, state, lambda n, s: (ops.Add(s, x), constant(True), s))
            inner_of.append(inner)
            return inner, constant(True), state

        node = outer.add(loop(3, True, x, step))
        assert isinstance(node, ops.Loop) and node.inputs == (x, x)
        assert inner_of[0].inputs[1] is node.body.inputs[2]
        assert node.body.captures() == [] and inner_of[0].body.captures() == []
        outer.verify()


def run(node: Node, *inputs: Any) -> list[Any]:
    import openvino

    graph = graph_of(node)
    compiled = openvino.compile_model(read(graph), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = compiled([np.asarray(i) for i in inputs])
    return [results[i] for i in range(len(node.results))]


ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.mark.parametrize(
    ("slicing", "pieces"),
    [
        ({}, [0, 1, 2, 3]),
        ({"start": -1, "end": 0, "stride": -1}, [3, 2, 1, 0]),
    ],
)
def test_slices_are_what_the_runtime_takes(slicing: dict[str, int], pieces: Sequence[int]) -> None:
    x = p("f32[4,3]")
    stacked, last = run(running_sum(x, **slicing), ROWS)
    sums = np.cumsum(ROWS[pieces], axis=0)
    np.testing.assert_array_equal(last, sums[-1:])
    np.testing.assert_array_equal(stacked, sums[np.argsort(pieces)])


def test_a_loop_runs_until_its_condition_fails() -> None:
    last, stacked = run(loop(5, True, p("f32[1,3]"), until_three), ROWS[:1])
    np.testing.assert_array_equal(last, ROWS[:1] + 3)
    np.testing.assert_array_equal(stacked, ROWS[:1] + np.arange(3, dtype=np.float32)[:, None])


@pytest.mark.parametrize(("condition", "expected"), [(True, ROWS * 2), (False, (ROWS + 1) ** 2)])
def test_a_choice_gives_the_branch_that_the_condition_names(condition: bool, expected: Any) -> None:
    node = choice("boolean[]", "f32[4,3]", "f32[4,3]")
    graph_inputs = [v for v in node.operands if isinstance(v, Parameter)]
    assert len(graph_inputs) == 3
    np.testing.assert_array_equal(run(node, np.bool_(condition), ROWS, ROWS + 1)[0], expected)
