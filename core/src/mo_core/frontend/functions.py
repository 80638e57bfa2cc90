"""The library of functions of a source model: bodies made on demand, and the one inliner.

A call is a node whose op is a function (`Library.callee`), or an attribute that refers to one (`FunctionRef`): then the
op's converter, or a front pass, decides what becomes of it. Nothing is expanded before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mo_core.errors import ModelError, ShapeError
from mo_core.ir import Foreign, FunctionRef, Graph, Node, Parameter, Result, Value, copy_graph

EXPANDED_NODES = 2_000_000
"""Calls that would make a model larger than this are refused: functions that call others twice grow without bound."""

CALLS_DEEP = 256
"""Functions may call others this deep."""


@dataclass(frozen=True)
class Function:
    """A function of the source model.

    Attributes:
        name: as a `FunctionRef` gives it.
        body: makes a new graph of the body for a call with these attributes; its inputs are the parameters in order.
    """

    name: str
    body: Callable[[Mapping[str, Any]], Graph]

    @classmethod
    def of(cls, name: str, graph: Graph) -> Function:
        """A function that is the same whatever the attributes of the call are."""
        return cls(name, lambda _: copy_graph(graph))


def no_callee(node: Foreign) -> FunctionRef | None:
    """Nodes of this model are ops, never calls."""
    return None


@dataclass
class Library:
    """The functions of a model, expanded on demand.

    Attributes:
        functions: by name; a mapping of one's own may look them up as late as it likes.
        callee: the function that a node as a whole calls, or None. It is asked for nodes without a converter only.
    """

    functions: Mapping[str, Function] = field(default_factory=dict)
    callee: Callable[[Foreign], FunctionRef | None] = no_callee
    _expanded: int = 0

    def calls(self, node: Foreign) -> bool:
        """True when the node is a call of a function that is there."""
        ref = self.callee(node)
        return ref is not None and ref.name in self.functions

    def body(self, ref: FunctionRef, caller: Foreign) -> Graph:
        """A new graph of the body of the function that `caller` refers to.

        Raises ModelError when there is none of that name, or when it calls itself.
        """
        function = self.functions.get(ref.name)
        if function is None:
            raise ModelError(f'{caller.op} "{caller.label}" calls the function "{ref.name}", which is not in the model')
        frame, depth = caller.calls, 0
        while frame is not None:
            if frame[0] == ref.name:
                fact = f'the function "{ref.name}" calls itself'
                raise ModelError(fact, "Recursion cannot be written in OpenVINO; cut the model before the call.")
            frame, depth = frame[1], depth + 1
        if depth > CALLS_DEEP:
            raise ModelError(f'functions call each other more than {CALLS_DEEP} deep, down to "{ref.name}"')
        graph = function.body(ref.attributes)
        for node in graph.walk():
            self._expanded += 1
            if isinstance(node, Foreign):
                node.calls = (ref.name, caller.calls)
        if self._expanded > EXPANDED_NODES:
            raise ModelError(
                f'the functions of the model grow beyond {EXPANDED_NODES:,} nodes, at "{ref.name}"',
                "Cut the model before the calls with --output.",
            )
        return graph

    def expand(self, graph: Graph, is_call: Callable[[Foreign], FunctionRef | None] | None = None) -> int:
        """Put the bodies of the functions in the place of their calls, in bodies and nested calls, too.

        Args:
            is_call: the function that a node calls, or None (default: `callee`).

        Returns how many calls there were.
        """
        find, count = is_call or self.callee, 0
        graphs = [graph]
        while graphs:
            current = graphs.pop()
            for node in current:  # what is put in stands before the next node and is visited by the stack below
                stack = [node]
                while stack:
                    inner = stack.pop()
                    if not isinstance(inner, Foreign):
                        continue
                    graphs += inner.bodies
                    ref = find(inner)
                    if ref is not None:
                        stack += reversed(inline(current, inner, self.body(ref, inner)))
                        current.erase(inner)
                        count += 1
        return count


def inline(graph: Graph, call: Foreign, body: Graph) -> list[Node]:
    """Put the nodes of `body`, a graph made for this call, before `call`, and let its readers read them.

    The parameters of the body stand for the slots of the call. Nodes are named `call/node`. The call itself is left for
    the caller to erase. Returns the nodes put in. Raises ShapeError when a result is a parameter that is left out.
    """
    slots, prefix = call.slots, call.name or call.label
    absent: set[Value] = set()
    for i, parameter in enumerate(body.inputs):
        value = slots[i] if i < len(slots) else None
        if value is None:
            absent.add(parameter)
            _leave_out(parameter, call)
        else:
            for node, index in list(parameter.uses):
                node.set_operand(index, value)
    outputs = [r.source for r in body.outputs]
    nodes = [n for n in body if not isinstance(n, (Parameter, Result))]
    body.dissolve()
    for node in nodes:
        node.name = f"{prefix}/{node.name or node.label}"
        node.origin = (node.name,)
        for r in node.results:
            r.names = [f"{prefix}/{name}" for name in r.names]
        graph.splice([node], call)
    for i, result in enumerate(call.results):
        if i < len(outputs) and outputs[i] not in absent:
            graph.replace(result, outputs[i])
        elif result.uses:
            raise ShapeError(f'output "{result.label}" of the function {call.op} is an input that was left out')
    return nodes


def _leave_out(parameter: Parameter, call: Foreign) -> None:
    """Let whatever reads a parameter that the call does not give have an empty slot there."""
    for node, index in sorted(parameter.uses, key=lambda use: -use[1]):  # the last first: indices after it move
        if isinstance(node, Foreign):
            node.leave_out(index)
        elif not isinstance(node, Result):
            raise ModelError(
                f'{node.label} needs input "{parameter.label}" of the function {call.op}, which is left out'
            )
