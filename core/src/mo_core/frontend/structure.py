"""Source graphs with cycles: read as records, structured into bodies, and only then a `Graph`.

Two kinds of cycles are known. Frames (TensorFlow 1): `Enter`, `Merge`, `Switch`, `NextIteration`, `Exit` and `LoopCond`
around the body of a loop, `Switch` and `Merge` around a branch. Delays (Kaldi): a record that reads a value of another
time step. Both become records of the domain `mo` (`DOMAIN`), whose attributes hold the bodies and which every front-end
can convert: `While`, `If`, `Recurrence`, `Same`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from mo_core.errors import ModelError
from mo_core.ir import UNKNOWN, Graph, Node, Value

MAX_NESTING = 32


class Edge(NamedTuple):
    """What a record reads: result `port` of the record called `source`, `delay` time steps away (negative: before)."""

    source: str
    port: int = 0
    delay: int = 0


@dataclass
class Record:
    """A node of a source graph as the file has it.

    Attributes:
        name: unique in its graph or body; op, domain: what it is; inputs: in order, None where one is left out.
        attributes: as for `Foreign`; a `Body` is turned into a `Graph`.
        controls: names of records that have to run before; they tell in which branch a record without inputs is.
        results: how many there are.
    """

    name: str
    op: str
    inputs: Sequence[Edge | None] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    controls: Sequence[str] = ()
    results: int = 1
    domain: str = ""

    def reads(self) -> list[Edge]:
        """The inputs that are there, then what the bodies read from outside."""
        present = [e for e in self.inputs if e is not None]
        return [*present, *(e for b in self.bodies() for e in b.captures())]

    def bodies(self) -> list[Body]:
        """The bodies among the attributes."""
        return [b for b in self.attributes.values() if type(b) is Body]


@dataclass
class Body:
    """A part of a source graph that runs by itself: what it reads beside its parameters is read from outside.

    Attributes:
        parameters: names, which edges inside refer to; records: in any order; outputs: what it gives.
    """

    parameters: Sequence[str]
    records: list[Record]
    outputs: list[Edge]

    def captures(self) -> list[Edge]:
        """The edges to records outside, each once."""
        own = {*self.parameters, *(r.name for r in self.records)}
        read = [*(e for r in self.records for e in r.reads()), *self.outputs]
        return list(dict.fromkeys(e for e in read if e.source not in own))


Make = Callable[[Record, "list[Value | None]"], Node]
"""Makes the node of a record, given its inputs as values; a body among the attributes is a `Graph` by then."""


def build(
    graph: Graph, records: Iterable[Record], make: Make, values: Mapping[str, Sequence[Value]] | None = None
) -> dict[str, Sequence[Value]]:
    """Add the nodes of records without cycles to a graph, each after those it reads.

    Args:
        values: results by record name that are there already, such as inputs of the graph.

    Returns the results by record name. Raises ModelError for names and ports that do not exist, names that are given
    twice, cycles, and bodies that are nested too deep.
    """
    scope = dict(values or {})
    _fill(graph, list(records), make, scope, 0)
    return scope


def _fill(graph: Graph, records: list[Record], make: Make, scope: dict[str, Sequence[Value]], depth: int) -> None:
    if depth > MAX_NESTING:
        raise ModelError(f"sub-graphs are nested more than {MAX_NESTING} deep")
    for record in in_order(records):
        if record.bodies():
            attributes = {
                k: _graph_of(v, f"{record.name}/{k}", make, scope, depth) if isinstance(v, Body) else v
                for k, v in record.attributes.items()
            }
            record = replace(record, attributes=attributes)
        slots = [None if e is None else _value(scope, e, record) for e in record.inputs]
        node = make(record, slots)
        graph.add(node)
        scope[record.name] = node.results


def _graph_of(body: Body, name: str, make: Make, outer: Mapping[str, Sequence[Value]], depth: int) -> Graph:
    graph, scope = Graph(name), dict(outer)
    for parameter in body.parameters:
        scope[parameter] = [graph.add_input(parameter, UNKNOWN.element, UNKNOWN.shape)]
    _fill(graph, body.records, make, scope, depth + 1)
    for edge in body.outputs:
        graph.add_output(_value(scope, edge, None))
    return graph


def _value(scope: Mapping[str, Sequence[Value]], edge: Edge, reader: Record | None) -> Value:
    results = scope.get(edge.source)
    who = f'{reader.op} "{reader.name}"' if reader is not None else "an output"
    if results is None:
        raise ModelError(f'{who} reads "{edge.source}", which nothing computes')
    if not 0 <= edge.port < len(results):
        raise ModelError(f'{who} reads result {edge.port} of "{edge.source}", which has {len(results)}')
    return results[edge.port]


def in_order(records: Sequence[Record], controls: bool = False) -> list[Record]:
    """The records so that each comes after those it reads and, if asked for, after those that have to run before it.

    Raises ModelError for a cycle and for a name given twice.
    """
    by_name = named(records)
    needs: dict[str, set[str]] = {}
    for record in records:
        sources = [e.source for e in record.reads()] + list(record.controls if controls else ())
        needs[record.name] = {source for source in sources if source in by_name}
    readers: dict[str, list[str]] = {}
    for name, before in needs.items():
        for source in before:
            readers.setdefault(source, []).append(name)
    missing = {name: len(before) for name, before in needs.items()}
    ready = [r.name for r in records if not missing[r.name]]
    for name in ready:
        for reader in readers.get(name, ()):
            missing[reader] -= 1
            if not missing[reader]:
                ready.append(reader)
    if len(ready) < len(records):
        stuck = next(by_name[name] for name, count in missing.items() if count)
        raise ModelError(f'the graph has a cycle through {stuck.op} "{stuck.name}"')
    return [by_name[name] for name in ready]


def named(records: Iterable[Record]) -> dict[str, Record]:
    """Records by name; raises ModelError for a name that is given twice."""
    found: dict[str, Record] = {}
    for record in records:
        if found.setdefault(record.name, record) is not record:
            raise ModelError(f'two nodes are called "{record.name}"')
    return found


def components(edges: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The strongly connected parts of a graph, each after those it reads (Tarjan's algorithm, without recursion).

    `edges`: for each name the names that it reads; names that are no keys are ignored.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    found: list[list[str]] = []
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            name, sources = work[-1]
            for source in sources:
                if source not in edges:
                    continue
                if source not in index:
                    index[source] = low[source] = len(index)
                    path.append(source)
                    on_path.add(source)
                    work.append((source, iter(edges[source])))
                    break
                if source in on_path:
                    low[name] = min(low[name], index[source])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    part: list[str] = []
                    while not part or part[-1] != name:
                        part.append(path.pop())
                        on_path.discard(part[-1])
                    found.append(part[::-1])
    return found
