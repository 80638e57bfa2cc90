"""Copies of nodes, bodies and graphs: the one cloner, for source ops and OpenVINO ops alike.

A copy reads `mapping[v]` wherever the original read `v`; what is not in the mapping is shared. Weights are shared, too:
a tensor never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any

from mo_core.ir.graph import Graph
from mo_core.ir.node import Node, Parameter, Result, Value


def copy_node(node: Node, mapping: MutableMapping[Value, Value]) -> Node:
    """A detached copy of one node with its bodies, name, origin and runtime attributes, but without tensor names."""
    bodies: dict[str, Any] = {}
    if node.bodies:
        bodies = {k: copy_graph(v, mapping) for k, v in node.attributes.items() if isinstance(v, Graph)}
    copy = node.evolve(*[mapping.get(v, v) for v in node.operands], **bodies)
    copy.inherit(node)
    return copy


def copy_nodes(nodes: Iterable[Node], mapping: MutableMapping[Value, Value]) -> list[Node]:
    """Detached copies of nodes given in order of computation; parameters and results are left out.

    `mapping` is extended by every value that is copied. Bodies must not read values around them (`copy_into` may): one
    that reads a node which is in no graph would take it in.
    """
    copies = []
    for node in nodes:
        if not isinstance(node, (Parameter, Result)):
            copies.append(copy_node(node, mapping))
            mapping.update(zip(node.results, copies[-1].results))
    return copies


def copy_graph(graph: Graph, mapping: MutableMapping[Value, Value] | None = None) -> Graph:
    """A graph like this one, tensor names included; the values of graphs around it are shared.

    `mapping` may say what stands for such values, and is extended by every value that is copied.
    """
    mapping = {} if mapping is None else mapping
    copy = Graph(graph.name)
    for parameter in graph.inputs:
        twin = copy.add_input(parameter.name, parameter.element_type, parameter.dimensions)
        twin.names, twin.known = list(parameter.names), parameter.known
        mapping[parameter] = twin
    copy_into(copy, graph, mapping)
    for result in graph.outputs:
        made = copy.add_output(mapping.get(result.source, result.source))
        made.name = result.name
    return copy


def copy_part(graph: Graph, outputs: Sequence[Value]) -> Graph:
    """The part of a graph that computes `outputs`, as a graph of its own with the same inputs."""
    needed = ancestors(outputs)
    mapping: dict[Value, Value] = {}
    copy = Graph(graph.name)
    for parameter in graph.inputs:
        mapping[parameter] = copy.add_input(parameter.name, parameter.element_type, parameter.dimensions)
    copy_into(copy, (node for node in graph if node in needed), mapping)
    for value in outputs:
        copy.add_output(mapping[value])
    return copy


def copy_into(copy: Graph, nodes: Iterable[Node], mapping: MutableMapping[Value, Value]) -> None:
    """Copies of nodes, given in order of computation, at the end of a graph; `mapping` is extended.

    Tensor names are kept. Parameters and results are left out.
    """
    for node in nodes:
        if isinstance(node, (Parameter, Result)):
            continue
        twin = copy_node(node, mapping)
        copy.add(twin)
        for old, new in zip(node.results, twin.results):
            mapping[old] = new
            new.names = list(old.names)


def ancestors(values: Iterable[Value]) -> set[Node]:
    """The nodes that the values depend on, their own included; what bodies read from outside counts."""
    found: set[Node] = set()
    stack = [v.node for v in values]
    while stack:
        node = stack.pop()
        if node in found:
            continue
        found.add(node)
        stack += [v.node for v in node.operands]
        for body in node.bodies:
            stack += [v.node for v in body.captures()]
    return found
