"""Loops, branches and what they call (see `mo_core.build.loops` and `mo_core.build.branches`).

Control flow of the first generation (Switch, Merge, ...) is structured before it gets here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mo_core.build import as_i64, constant_like, integer, to_element
from mo_core.build.bodies import Convert, set_outputs
from mo_core.build.branches import branch
from mo_core.build.loops import loop, while_loop
from mo_core.build.sequences import Item, flat
from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Effects, Foreign, Graph, Pack, Value, constant, copy_into, release
from mo_core.ir import types as t
from mo_core.ops import Add, Divide, Equal, Maximum, Multiply, NotEqual, ReduceProd, ShapeOf, Sign, Subtract
from mo_tensorflow.registry import tf_op

_LOOP = ("output_shapes", "parallel_iterations", "body_function", "cond_function")
Note = Callable[[str], None]


@tf_op("While", "StatelessWhile", ignore=_LOOP)
def while_(*initial: Item, cond: Graph, body: Graph, convert: Convert) -> Sequence[Item]:
    kept = _taken_from_outside(initial, [cond, body])
    carried = while_loop([initial[i] for i in kept], cond, body, convert)
    results = dict(zip(kept, carried))
    return [results.get(i, item) for i, item in enumerate(initial)]


def _taken_from_outside(initial: Sequence[Item], graphs: Sequence[Graph]) -> list[int]:
    """Let the graphs of a loop read what no iteration changes from outside; returns the places of the others.

    TensorFlow carries whatever a loop reads, weights included.
    """
    body = graphs[-1]
    if any(len(g.inputs) != len(initial) for g in graphs) or len(body.outputs) != len(initial):
        raise ModelError(f"a loop carries {len(initial)} values, and its functions do not take or give as many")
    kept = []
    for i, item in enumerate(initial):
        if isinstance(item, Pack) or _without_identities(body.outputs[i].source) is not body.inputs[i]:
            kept.append(i)
    for graph in graphs:
        for i in reversed(range(len(initial))):
            if i not in kept:
                _bind(graph, i, initial[i])
    for i in reversed(range(len(initial))):
        if i not in kept:
            body.remove_output(body.outputs[i])
            for graph in graphs:
                graph.remove_input(graph.inputs[i])
    return kept


def _without_identities(value: Value) -> Value:
    while isinstance(value.node, Foreign) and value.node.op == "Identity":
        value = value.node.operands[0]
    return value


def _bind(graph: Graph, place: int, value: Item) -> None:
    """Let the graph read a value from outside in the place of a parameter."""
    assert isinstance(value, Value)
    for node, index in list(graph.inputs[place].uses):
        node.set_operand(index, value)


@tf_op("If", "StatelessIf", ignore=("output_shapes",))
def if_(
    condition: Value, *arguments: Item, then_branch: Graph, else_branch: Graph, convert: Convert, note: Note
) -> Sequence[Item] | Effects:
    inside = _with_arguments(arguments, [then_branch, else_branch], convert)
    return branch(_truth(condition), then_branch, else_branch, inside, note)


def _truth(condition: Value) -> Value:
    """A condition as a boolean scalar: a number is true unless it is zero, anything but a scalar unless it is empty."""
    if condition.rank:
        count = ReduceProd(ShapeOf(condition), integer(0), keep_dims=False)
        return NotEqual(count, integer(0))
    if condition.element is t.string:
        raise Unsupported("the condition of an If is a text")
    return to_element(condition, t.boolean) if condition.element is not t.boolean else condition


def _with_arguments(arguments: Sequence[Item], graphs: Sequence[Graph], convert: Convert) -> Convert:
    """How to convert graphs that have these arguments: values are read from outside, sequences are bound."""
    bound: dict[Value, Value | Pack] = {}
    for graph in graphs:
        if len(graph.inputs) != len(arguments):
            raise ModelError(f"a function of {len(graph.inputs)} arguments is called with {len(arguments)}")
        for i, item in reversed(list(enumerate(arguments))):
            if isinstance(item, Pack):
                bound[graph.inputs[i]] = item
            else:
                _bind(graph, i, item)
                graph.remove_input(graph.inputs[i])

    def inside(graph: Graph, more: Mapping[Value, Value | Pack]) -> list[Any]:
        values = convert(graph, {**bound, **more})
        set_outputs(graph, flat(values))  # what gave sequences reads their parameters no more
        for parameter in [p for p in graph.inputs if p in bound and not p.uses]:
            graph.remove_input(parameter)
        return values

    return inside


@tf_op("Case", "StatelessCase", ignore=("output_shapes",))
def case(
    index: Value, *arguments: Item, branches: Sequence[Graph], convert: Convert, note: Note
) -> Sequence[Item] | Effects:
    """One If after the other; an index that is none of the branches takes the last one."""
    if not branches:
        raise ModelError("a Case has no branches")
    rest = branches[-1]
    for place in range(len(branches) - 2, 0, -1):
        graph = Graph(f"branch {place}")
        inputs = [graph.add_input("", t.dynamic, None) for _ in arguments]
        bodies = {"then_branch": branches[place], "else_branch": rest}
        node = Foreign("tensorflow", "If", [_is(index, place), *inputs], bodies, len(rest.outputs))
        graph.add(node)
        for result in node.results:
            graph.add_output(result)
        rest = graph
    inside = _with_arguments(arguments, [branches[0], rest], convert)
    first = constant(False) if len(branches) == 1 else _is(index, 0)
    return branch(first, branches[0], rest, inside, note)


def _is(index: Value, place: int) -> Value:
    return Equal(index, constant_like(index, place))


@tf_op("For", ignore=_LOOP)
def for_(start: Value, limit: Value, delta: Value, *initial: Item, body: Graph, convert: Convert) -> Sequence[Item]:
    """A loop over start, start + delta, ... before limit; the body takes the number first."""
    if len(body.inputs) != len(initial) + 1:
        raise ModelError(f"a For carries {len(initial)} values, and its body takes {len(body.inputs)}")
    span, step = as_i64(Subtract(limit, start)), as_i64(delta)
    trips = Maximum(Divide(Add(span, Subtract(step, Sign(step))), step), integer(0))
    turned = Graph(body.name)
    number, go = turned.add_input("", t.i64, ()), turned.add_input("", t.boolean, ())
    parameters = [turned.add_input(p.name, p.element_type, p.dimensions) for p in body.inputs[1:]]
    place = Add(Multiply(to_element(number, start.element), delta), start)
    mapping: dict[Value, Value] = dict(zip(body.inputs, [place, *parameters]))
    copy_into(turned, body, mapping)
    for value in (go, *[mapping.get(r.source, r.source) for r in body.outputs]):
        turned.add_output(value)
    try:
        return loop(trips, None, initial, turned, convert)
    finally:
        release(turned)
