"""Bodies of source ops with control flow, on their way to `If`, `Loop` and `TensorIterator`.

A body may have to be converted more than once: with the types that carried values have at first, then with what they
turn out to become; or once for each iteration when a loop is unrolled. So converters work on copies (`copy_graph`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, TypeAlias

from mo_core.errors import ModelError, Unsupported
from mo_core.ir import Foreign, Graph, Node, Pack, Parameter, Result, Value, copy_graph, release
from mo_core.ir import types as t
from mo_core.ir.types import Dim, Dynamic, Shape, Type
from mo_core.ops import LogicalAnd, Maximum

Convert: TypeAlias = "Callable[[Graph, Mapping[Value, Value | Pack]], list[Any]]"
"""What converters get as `convert`: converts a body in place, with values bound to what they stand for."""

_PATIENT_ROUNDS = 3
_DEEP = 3


def detach(body: Graph) -> list[Node]:
    """Take the nodes of a converted body out, to be put into another graph; their names were unique in there only.

    Returns those that are there for their effect (`Assign`): no value leads to them.
    """
    effects = [node for node in body if node.sink and not isinstance(node, (Parameter, Result))]
    for node in body:
        for r in node.results:
            r.names.clear()
    body.dissolve()
    return effects


def refuse_effects(body: Graph) -> None:
    """Raise Unsupported when a body assigns a state: the runtime keeps states of the whole model only."""
    for node in body.walk():
        if node.sink and not isinstance(node, (Parameter, Result)):
            raise Unsupported(f'"{node.label}" assigns a state inside of a loop or a branch')


def height(body: Graph) -> int:
    """How deep bodies are nested in this one (1: none in it)."""
    return 1 + max((height(inner) for node in body for inner in node.bodies), default=0)


def size(body: Graph) -> int:
    """The number of nodes, those of nested bodies included."""
    return sum(1 for _ in body.walk())


def set_outputs(body: Graph, values: Sequence[Value], carried: Sequence[Parameter] = ()) -> None:
    """Let these values be the outputs of a converted body, instead of what it had.

    The first of them are what `carried` parameters become in the next iteration. The runtime simplifies a carried value
    that is some parameter as if no iteration changed it, which is right only where it is its own: others are copied.
    """
    before = [result.source.node for result in body.outputs]
    for result in list(body.outputs):
        body.remove_output(result)
    for value, parameter in zip_longest(values, carried):
        foreign = value.node.graph is not None and value.node.graph is not body
        if parameter is not None and value is not parameter and (isinstance(value.node, Parameter) or foreign):
            value = copied(value)
        body.add_output(value)
    body.erase_dead(
        [node for node in before if isinstance(node, Foreign)]
    )  # what gave sequences stands for nothing now


def copied(value: Value) -> Value:
    """The same content by an operation that is not recognised as one without effect."""
    if value.element is t.boolean:
        return LogicalAnd(value, value)
    return value if value.element is t.string else Maximum(value, value)


def settled(
    body: Graph, initial: Sequence[Type], run: Callable[[Graph, Sequence[Type]], Sequence[Value]]
) -> tuple[Graph, Sequence[Value]]:
    """Convert the body of a loop with types of its carried values that hold in every iteration.

    `run` converts a copy of the body with the types given for the carried values, and returns the values that they
    have after one iteration (and whatever it likes after those). A dimension that changes on the way becomes dynamic.
    Returns the converted copy and what `run` returned. Raises ModelError when an element type changes.
    """
    own: set[Dim] = set()
    # Every level would convert the levels below it several times over; deep nests start with what surely holds.
    types = [Type(e, None) for e, _ in initial] if height(body) > _DEEP else list(initial)
    attempt = 0
    while True:
        copy = copy_graph(body)
        values = run(copy, types)
        wider = [_wider(before, v.type, own, attempt) for before, v in zip(types, values)]
        if all(a is b for a, b in zip(types, wider)):
            return copy, values
        release(copy)
        types, attempt = wider, attempt + 1


def _wider(before: Type, after: Type, own: set[Dim], attempt: int) -> Type:
    """`before` itself when it covers `after`, else a type that covers both."""
    element = after.element if before.element is t.dynamic else before.element
    if after.element is not element and after.element is not t.dynamic:
        raise ModelError(f"a value carried through a loop changes its element type from {element} to {after.element}")
    shape = _wider_shape(before.shape, after.shape, own, attempt)
    return before if element is before.element and shape is before.shape else Type(element, shape)


def _wider_shape(before: Shape, after: Shape, own: set[Dim], attempt: int) -> Shape:
    if before is None or (after is not None and t.same_shape(before, after)):
        return before
    if after is None or len(after) != len(before) or attempt > 2 * _PATIENT_ROUNDS:
        return None
    dims: list[Dim] = []
    for a, b in zip(before, after):
        if (t.same_dim(a, b) and attempt < _PATIENT_ROUNDS) or a in own:
            dims.append(a)
        else:
            dims.append(Dynamic())
            own.add(dims[-1])
    return before if all(a is b for a, b in zip(before, dims)) else tuple(dims)
