"""Symbols as nodes of a graph; the sub-graphs of loops and branches as bodies.

A body reads what it shares with the network around it directly; its inputs are what a loop carries and slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mo_core.errors import ModelError
from mo_core.ir import Foreign, Graph, Value
from mo_core.ir import types as t
from mo_mxnet.attributes import WHOLES, parse
from mo_mxnet.symbol import Node, Symbol

BODY, CONDITION, THEN, OTHERWISE = "__body__", "__condition__", "__then__", "__otherwise__"
CARRIED = "__carried__"
"""What nodes of control flow are given: graphs, and the number of values that a loop carries."""


def add_nodes(graph: Graph, symbol: Symbol, given: Sequence[Value]) -> list[Value]:
    """Put the operators of a symbol into a graph; `given` stand for its variables. Returns its outputs."""
    variables = symbol.variables()
    if len(variables) != len(given):
        raise ModelError(f"a sub-graph has {len(variables)} inputs, and {len(given)} are given")
    values: dict[tuple[int, int], Value] = {(v, 0): g for v, g in zip(variables, given)}
    results = symbol.result_counts()
    needed = symbol.needed()
    for index, node in enumerate(symbol.nodes):
        if node.is_variable or not needed[index]:
            continue
        made = foreign(graph, node, [values[entry] for entry in node.inputs], results[index], symbol.version)
        values.update(((index, output), value) for output, value in enumerate(made.results))
    return [values[head] for head in symbol.heads]


def foreign(graph: Graph, node: Node, slots: Sequence[Value | None], results: int, version: int) -> Foreign:
    """A node of a symbol as a node of the graph, at its end."""
    given: dict[str, Any] = dict(node.attributes)
    if node.subgraphs and node.op in _CONTROL:
        present = [v for v in slots if v is not None]
        if len(present) != len(slots):
            raise ModelError("an input of control flow is missing")
        slots = _CONTROL[node.op](graph, node, present, given, version)
    made = Foreign("mxnet", node.op, slots, given, results, version=version, name=node.name)
    graph.add(made)
    return made


def _places(node: Node, name: str, limit: int) -> tuple[int, ...]:
    found: tuple[int, ...] = parse(name, node.attributes.get(name, "()"), WHOLES)
    if any(not 0 <= place < limit for place in found):
        raise ModelError(f"{name} is {list(found)}, and there are {limit} inputs")
    return found


def _subgraphs(node: Node, count: int) -> Sequence[Symbol]:
    if len(node.subgraphs) != count:
        raise ModelError(f"{node.op} has {len(node.subgraphs)} sub-graphs, and {count} are needed")
    return node.subgraphs


def _foreach(graph: Graph, node: Node, slots: Sequence[Value], given: dict[str, Any], version: int) -> Sequence[Value]:
    """The body takes states, then pieces of the data; it gives states, then what is stacked."""
    (symbol,) = _subgraphs(node, 1)
    count = len(symbol.variables())
    data, states, rest = (_places(node, f"{kind}_locs", count) for kind in ("in_data", "in_state", "remain"))
    places = (*data, *states, *rest)
    if sorted(places) != list(range(count)) or len(slots) != count:
        raise ModelError(f"_foreach has {len(slots)} inputs for the {count} of its sub-graph")
    body = Graph(node.name)
    inner: dict[int, Value] = {place: body.add_input("", t.dynamic, None) for place in (*states, *data)}
    inner.update(zip(rest, slots[len(data) + len(states) :]))
    outputs = add_nodes(body, symbol, [inner[i] for i in range(count)])
    stacked = len(outputs) - len(states)
    for value in (*outputs[stacked:], *outputs[:stacked]):
        body.add_output(value)
    given[BODY], given[CARRIED] = body, len(states)
    return [*slots[len(data) : len(data) + len(states)], *slots[: len(data)]]


def _while(graph: Graph, node: Node, slots: Sequence[Value], given: dict[str, Any], version: int) -> Sequence[Value]:
    """The body takes `(number, condition, *carried)` and gives `(condition, *carried, *stacked)`, as loops have it."""
    test, function = _subgraphs(node, 2)
    tested, taken = (_places(node, f"{kind}_input_locs", len(slots)) for kind in ("cond", "func"))
    carried = [taken[i] for i in _places(node, "func_var_locs", len(taken))]
    body = Graph(node.name)
    body.add_input("", t.i64, ())
    body.add_input("", t.boolean, ())
    inner: dict[int, Value] = dict(enumerate(slots))
    inner.update((place, body.add_input("", t.dynamic, None)) for place in carried)
    outputs = add_nodes(body, function, [inner[i] for i in taken])
    stacked = len(outputs) - len(carried)
    after = {**dict(enumerate(slots)), **dict(zip(carried, outputs[stacked:]))}
    for value in (*_condition(body, test, [after[i] for i in tested], version), *outputs[stacked:], *outputs[:stacked]):
        body.add_output(value)
    given[BODY], given[CARRIED] = body, len(carried)
    return [*_condition(graph, test, [slots[i] for i in tested], version), *(slots[i] for i in carried)]


def _cond(graph: Graph, node: Node, slots: Sequence[Value], given: dict[str, Any], version: int) -> Sequence[Value]:
    """The condition is computed outside; both bodies take nothing."""
    symbols = _subgraphs(node, 3)
    places = [_places(node, f"{kind}_input_locs", len(slots)) for kind in ("cond", "then", "else")]
    for name, symbol, taken in zip((THEN, OTHERWISE), symbols[1:], places[1:]):
        body = Graph(node.name)
        for value in add_nodes(body, symbol, [slots[i] for i in taken]):
            body.add_output(value)
        given[name] = body
    return _condition(graph, symbols[0], [slots[i] for i in places[0]], version)


def _condition(graph: Graph, symbol: Symbol, given: Sequence[Value], version: int) -> list[Value]:
    """The only output of a symbol, as a boolean scalar."""
    outputs = add_nodes(graph, symbol, given)
    if len(outputs) != 1:
        raise ModelError(f"a condition has {len(outputs)} outputs, and one is needed")
    truth = Foreign("mxnet", "Cast", outputs, {"dtype": "bool"}, version=version)
    scalar = Foreign("mxnet", "_np_reshape", [truth], {"newshape": "()"}, version=version)
    graph.add(scalar)
    return [scalar]


_CONTROL = {"_foreach": _foreach, "_while_loop": _while, "_cond": _cond}
