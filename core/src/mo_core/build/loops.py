"""A step of a recurrence, run for every index of an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from mo_core.build import dim_of, squeeze, unsqueeze
from mo_core.ir import Constant, Graph, Node, Value, constant
from mo_core.ops.control import (
    Concatenated,
    InputPort,
    Invariant,
    LastValue,
    Loop,
    Merged,
    OutputPort,
    Sliced,
    TensorIterator,
    close,
)

Step: TypeAlias = "Callable[[Sequence[Value], Sequence[Value]], tuple[Sequence[Value], Sequence[Value]]]"


def iterate(
    step: Step, slices: Sequence[tuple[Value, int]], states: Sequence[Value], axis: int
) -> tuple[Sequence[Value], Sequence[Value]]:
    """Run `step(pieces, states) -> (new states, outputs)` for every index of the axes to slice along.

    Args:
        step: may read any other value, which has the same content in all steps.
        slices: values, each with the axis along which it is sliced; pieces come without that axis.
        states: initial values; a step gives the new ones in the same order and of the same types.
        axis: where the outputs of all steps are stacked.

    Returns the last states and the stacked outputs.
    """
    body = Graph("step")
    pieces: list[Value] = []
    for value, along in slices:
        dims = value.dims
        pieces.append(squeeze(body.add_input("", value.element, (*dims[:along], 1, *dims[along + 1 :])), along))
    before = [body.add_input("", v.element, v.shape) for v in states]
    after, outputs = step(pieces, before)
    ends = [*after, *[unsqueeze(v, axis) for v in outputs]]
    first = len(body.inputs)
    outside = _separate(body, ends)
    for value in ends:
        body.add_output(value)
    outside += close(body)
    ports: list[InputPort] = [Sliced(i, along) for i, (_, along) in enumerate(slices)]
    ports += [Merged(len(slices) + i, i) for i in range(len(states))]
    ports += [Invariant(first + i) for i in range(len(outside))]
    results: list[OutputPort] = [LastValue(i) for i in range(len(states))]
    results += [Concatenated(len(states) + i, axis) for i in range(len(outputs))]
    values = [*(v for v, _ in slices), *states, *outside]
    node = iteration(values, body, ports, results)
    return node.results[: len(states)], node.results[len(states) :]


def iteration(values: Sequence[Value], body: Graph, ports: Sequence[InputPort], results: Sequence[OutputPort]) -> Node:
    """The operation that runs a closed body over the pieces of its sliced operands.

    A TensorIterator, which the runtime turns into recurrent layers where it can; but it has none inside of another one,
    and then it is a Loop.
    """
    if not any(isinstance(node, TensorIterator) for node in body.walk()):
        return TensorIterator(values, body=body, input_ports=tuple(ports), output_ports=tuple(results))
    sliced, axis = next((v, p.axis) for v, p in zip(values, ports) if isinstance(p, Sliced))
    body.add_output(constant(True))
    return Loop(
        dim_of(sliced, axis),
        constant(True),
        values,
        body=body,
        input_ports=tuple(ports),
        output_ports=tuple(results),
        body_condition=len(body.outputs) - 1,
    )


def _separate(body: Graph, ends: list[Value]) -> list[Value]:
    """Let new nodes that do not depend on parameters of `body` stay outside; `ends` are the values the body computes.

    What the body reads of them comes through parameters (constants: copies of its own). Returns the values for those.
    """
    inside: set[Node] = set()
    stand_ins: dict[Value, Value] = {}
    outside: list[Value] = []

    def within(value: Value) -> Value:
        if value.node.graph is not None or value.node in inside:
            return value
        if value not in stand_ins:
            if isinstance(value.node, Constant):
                stand_ins[value] = Constant(value=value.node.value)
            else:
                stand_ins[value] = parameter = body.add_input("", value.element, value.shape)
                parameter.known = value.known
                outside.append(value)
        return stand_ins[value]

    for node in _new_nodes(ends):
        if any(v.node in inside or v.node.graph is body for v in node.operands):
            inside.add(node)
            for i, v in enumerate(node.operands):
                node.set_operand(i, within(v))
    ends[:] = map(within, ends)
    return outside


def _new_nodes(ends: Sequence[Value]) -> list[Node]:
    """The nodes in no graph that these values depend on, in order of computation."""
    order: dict[Node, None] = {}
    stack = [(v.node, False) for v in reversed(ends)]
    while stack:
        node, ready = stack.pop()
        if node.graph is not None or node in order:
            continue
        if ready:
            order[node] = None
        else:
            stack.append((node, True))
            stack.extend((v.node, False) for v in reversed(node.operands))
    return list(order)
