"""Control flow: operations whose bodies are graphs, and how values cross the border of a body.

A body reads nothing but its parameters and its own nodes (`close` makes it so). The port maps say how operands become
parameters and how results of the body become results of the operation. Parameters and results of a body are named by
their place in `body.inputs` and `body.outputs`, operands by their place in `inputs` (the trip count and the conditions
do not count).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mo_core.ir import Graph, Node
from mo_core.schema import Ints, Operand, Operands, hidden, operand, variadic

__all__ = [
    "Concatenated",
    "If",
    "InputPort",
    "Invariant",
    "LastValue",
    "Loop",
    "Merged",
    "OutputPort",
    "Sliced",
    "TensorIterator",
    "close",
]


@dataclass(frozen=True)
class Invariant:
    """The parameter has the operand's value in every iteration."""

    parameter: int


@dataclass(frozen=True)
class Sliced:
    """The parameter has one piece of the operand in each iteration: `part_size` indices of `axis`, `stride` apart.

    `start` and `end` are places on the axis, negative ones counted from behind (-1: the very end when the stride is
    positive, and the last index for `start` when it is negative).
    """

    parameter: int
    axis: int
    start: int = 0
    end: int = -1
    stride: int = 1
    part_size: int = 1


@dataclass(frozen=True)
class Merged:
    """The parameter has the operand's value at first, then that of the body's `result` in the iteration before."""

    parameter: int
    result: int


@dataclass(frozen=True)
class LastValue:
    """The body's result in the last iteration."""

    result: int


@dataclass(frozen=True)
class Concatenated:
    """The body's results of all iterations, put together along `axis`; the numbers mean what they mean in `Sliced`."""

    result: int
    axis: int
    start: int = 0
    end: int = -1
    stride: int = 1
    part_size: int = 1


InputPort: TypeAlias = "Invariant | Sliced | Merged"
OutputPort: TypeAlias = "LastValue | Concatenated"


class TensorIterator(Node, opset="opset1"):
    """TensorIterator-1: run the body once for each slice of the sliced operands.

    Attributes:
        body: the graph of one iteration.
        input_ports: one for each of `inputs`; output_ports: one for each result.
    """

    inputs: Operands = variadic()
    body: Graph = hidden()
    input_ports: tuple[InputPort, ...] = hidden()
    output_ports: tuple[OutputPort, ...] = hidden()


class Loop(Node, opset="opset5"):
    """Loop-5: run the body `trip_count` times at most (-1: no limit), while the condition holds.

    Attributes:
        body: the graph of one iteration.
        input_ports: one for each of `inputs`; output_ports: one for each result.
        body_condition: the result of the body (boolean, one element) that says whether to go on.
        current_iteration: the parameter of the body that holds the number of the iteration, if there is one.
    """

    trip_count: Operand = operand()
    execution_condition: Operand = operand()
    inputs: Operands = variadic()
    body: Graph = hidden()
    input_ports: tuple[InputPort, ...] = hidden()
    output_ports: tuple[OutputPort, ...] = hidden()
    body_condition: int = hidden()
    current_iteration: int | None = hidden(default=None)


class If(Node, opset="opset8"):
    """If-8: the results of `then_body` when the condition (boolean, one element) holds, else those of `else_body`.

    Attributes:
        then_body, else_body: graphs with the same number of results.
        then_inputs, else_inputs: for each parameter of that body, the place in `inputs` of its value.
    """

    condition: Operand = operand()
    inputs: Operands = variadic()
    then_body: Graph = hidden()
    else_body: Graph = hidden()
    then_inputs: Ints = hidden()
    else_inputs: Ints = hidden()


def close(body: Graph) -> list[object]:
    raise NotImplementedError
