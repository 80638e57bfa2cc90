"""The evaluator: a converted graph computed in numpy, node by node, with its control flow and states.

It is written from the specification of the operation sets, knows no optimisation, and sums in f64 where it sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mo_core.app.verify import kernels
from mo_core.app.verify.compare import Array
from mo_core.errors import Unsupported
from mo_core.ir import Constant, Graph, Node, Parameter, Result, Value, constant
from mo_core.ir import types as t
from mo_core.ir.tensor import decode, encode
from mo_core.ir.types import ElementType
from mo_core.ops import Assign, If, Loop, MaxPool, ReadValue, TensorIterator
from mo_core.ops.control import Concatenated, Merged, OutputPort, Sliced

_LIMIT = 1 << 20
"""Iterations after which a loop without a limit counts as endless."""


class Evaluator:
    """Computes the outputs of a graph; variables keep their content from one call to the next."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._states: dict[str, Array] = {}

    @staticmethod
    def missing(graph: Graph) -> list[str]:
        """The kinds of operations that it does not compute, each once."""
        return list(dict.fromkeys(n.type_name for n in graph.walk() if not _computes(n)))

    def run(self, calls: Sequence[Sequence[Array]]) -> list[list[Array | None]]:
        """The outputs of calls in a row, each with an array an input."""
        return [list(self(*call)) for call in calls]

    def __call__(self, *inputs: Any) -> list[Array]:
        """The outputs of one call. Raises Unsupported for an operation that it does not compute."""
        with np.errstate(all="ignore"):
            return self._graph(self.graph, [np.asarray(x) for x in inputs])

    def _graph(self, graph: Graph, inputs: Sequence[Array]) -> list[Array]:
        known: dict[Value, Array] = dict(zip(graph.inputs, inputs))
        left: dict[Value, int] = {}
        pending: dict[str, Array] = {}
        for node in graph:
            if isinstance(node, (Parameter, Result)):
                continue
            operands = [known[v] for v in node.operands]
            if isinstance(node, Assign):
                pending[node.variable_id] = operands[0]
            results = self._results(node, operands)
            for result, content in zip(node.results, results):
                if content is not None:
                    known[result] = _in_type(content, result.element)
                    left[result] = len(result.uses)
            for value in node.operands:  # what nobody reads any more goes
                if value in left:
                    left[value] -= 1
                    if not left[value]:
                        del known[value]
        self._states.update(pending)
        return [known[r.source] for r in graph.outputs]

    def _results(self, node: Node, operands: list[Array]) -> Sequence[Array | None]:
        if isinstance(node, Constant):
            return [node.value.numpy()]
        if isinstance(node, Assign):
            return operands
        if isinstance(node, ReadValue):
            return [self._state(node, operands)]
        if isinstance(node, If):
            return self._branch(node, operands)
        if isinstance(node, (Loop, TensorIterator)):
            return self._iterate(node, operands)
        kernel = kernels.find(node)
        made = kernel(node, *operands) if kernel is not None else _folded(node, operands)
        return [None if x is None else np.asarray(x) for x in (made if isinstance(made, (tuple, list)) else [made])]

    def _state(self, node: ReadValue, operands: list[Array]) -> Array:
        if node.variable_id in self._states:
            return self._states[node.variable_id]
        if operands:
            return operands[0]
        shape = [d if isinstance(d, int) else 0 for d in node.variable_shape or ()]
        return np.zeros(shape, node.variable_type.dtype or np.float32)

    # -- control flow

    def _branch(self, node: If, operands: list[Array]) -> list[Array]:
        taken = bool(operands[0].reshape(-1)[0])
        body, places = (node.then_body, node.then_inputs) if taken else (node.else_body, node.else_inputs)
        return self._graph(body, [operands[1 + i] for i in places])

    def _iterate(self, node: Loop | TensorIterator, operands: list[Array]) -> list[Array]:
        loop = isinstance(node, Loop)
        values = operands[2:] if isinstance(node, Loop) else operands
        pieces = [_pieces(x, p) for x, p in zip(values, node.input_ports) if isinstance(p, Sliced)]
        count = min((len(p) for p in pieces), default=_LIMIT)
        going = True
        if loop:
            trips = int(operands[0].reshape(-1)[0])
            count = min(count, trips) if trips >= 0 else count
            going = bool(operands[1].reshape(-1)[0])
        parameters: list[Any] = [None] * len(node.body.inputs)
        for x, port in zip(values, node.input_ports):
            if not isinstance(port, Sliced):
                parameters[port.parameter] = x
        sliced = [(p.parameter, _pieces(x, p)) for x, p in zip(values, node.input_ports) if isinstance(p, Sliced)]
        made: list[list[Array]] = []
        number = 0
        while going and number < count:
            for place, parts in sliced:
                parameters[place] = parts[number]
            if isinstance(node, Loop) and node.current_iteration is not None:
                p = node.body.inputs[node.current_iteration]
                shape = [d for d in p.shape or () if isinstance(d, int)]
                parameters[node.current_iteration] = np.full(shape, number, p.element.dtype)
            results = self._graph(node.body, parameters)
            made.append(results)
            for port in node.input_ports:
                if isinstance(port, Merged):
                    parameters[port.parameter] = results[port.result]
            if isinstance(node, Loop):
                going = bool(results[node.body_condition].reshape(-1)[0])
            number += 1
        if number >= _LIMIT:
            raise Unsupported(f'the loop "{node.label}" does not end', "Give data with which it does.")
        return [self._output(node, i, p, made, values) for i, p in enumerate(node.output_ports)]

    def _output(
        self,
        node: Loop | TensorIterator,
        place: int,
        port: OutputPort,
        made: list[list[Array]],
        values: Sequence[Array],
    ) -> Array:
        if isinstance(port, Concatenated):
            parts = [results[port.result] for results in made]
            if not parts:
                element, shape = node.results[place].type
                sizes = [d if isinstance(d, int) else 0 for d in shape or ()]
                return np.zeros(sizes, element.dtype)
            return np.concatenate(parts if port.stride > 0 else parts[::-1], port.axis)
        if made:
            return made[-1][port.result]
        return next(x for x, p in zip(values, node.input_ports) if isinstance(p, Merged) and p.result == port.result)


def _in_type(content: Array, element: ElementType) -> Array:
    """The numbers that the element type can hold; those that numpy has no type for stay f32."""
    if content.dtype.kind in "OSU":
        return content
    stored = encode(content, element)
    return stored if element.dtype is not None or not element.is_real else decode(stored, element, content.shape)


def _pieces(x: Array, port: Sliced) -> list[Array]:
    """The parts of a sliced operand in the order of the iterations."""
    size = x.shape[port.axis]
    start, end = (i if i >= 0 else i + size for i in (port.start, port.end))
    step = port.part_size
    if port.stride > 0:
        starts = list(range(start, end + 1 - step + 1, step))
    else:
        starts = list(range(start - step + 1, end - 1, -step))
    axis = port.axis % x.ndim
    return [x[(slice(None),) * axis + (slice(s, s + step),)] for s in starts]


_OWN = (Parameter, Result, Constant, Assign, ReadValue, If, Loop, TensorIterator)


def _computes(node: Node) -> bool:
    if isinstance(node, MaxPool) and node.results[1].uses:  # the places of the maxima
        return False
    if isinstance(node, _OWN) or kernels.find(node) is not None:
        return True
    return node.fold is not None and node.pure and (bool(node.operands) or not node.operands)


def _folded(node: Node, operands: Sequence[Array]) -> Any:
    """By the operation's own `fold`; where a shape is known at run time only, of the same node on constants."""
    fold: Callable[..., Any] | None = node.fold
    if fold is None:
        raise Unsupported(
            f"{node.type_name} cannot be computed by the evaluator", "Install the framework of the model."
        )
    if not all(r.is_static for r in node.results):
        pairs = zip(operands, node.operands)
        node = node.evolve(*[constant(x, None if x.dtype.kind in "OSU" else v.element) for x, v in pairs])
        if node.results[0].const is not None and len(node.results) == 1 and node.results[0].shape is not None:
            known = node.results[0].const
            if known is not None and known.shape == t.static(node.results[0].shape):
                return known
    return node.fold(*operands)
