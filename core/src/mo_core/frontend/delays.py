"""Graphs over time in which records read each other, or themselves, at other time steps, as loops over time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from mo_core.errors import ModelError, Unsupported
from mo_core.frontend.converters import DOMAIN
from mo_core.frontend.structure import Body, Edge, Record, components, in_order, named


def without_delays(
    records: Iterable[Record], initial: Callable[[Edge], Edge], varies: Callable[[Edge], bool] = lambda edge: True
) -> list[Record]:
    """The records with each recurrence as one record `Recurrence`, a loop over axis 0 of what it reads from outside.

    Args:
        initial: the value that an edge with a delay reads before the first step, of one step.
        varies: whether a value of outside has axis 0 for time; else the loop reads the same in every step.

    A delayed edge that is part of no cycle stays. Raises Unsupported for a recurrence that reads both the past and the
    future, ModelError for a cycle without a delay.
    """
    by_name = named(records)
    edges = {r.name: [e.source for e in r.reads()] for r in by_name.values()}
    result: list[Record] = []
    for part in components(edges):
        members = [by_name[name] for name in part]
        if len(part) == 1 and part[0] not in edges[part[0]]:
            result += members
        else:
            result += _recurrence(members, initial, varies)
    return result


def _recurrence(
    members: Sequence[Record], initial: Callable[[Edge], Edge], varies: Callable[[Edge], bool]
) -> list[Record]:
    inside = {r.name for r in members}
    read = [e for r in members for e in r.reads()]
    delayed = list(dict.fromkeys(e for e in read if e.source in inside and e.delay))
    if not delayed:
        raise ModelError(f'"{members[0].name}" depends on itself at the same time')
    way = _direction(delayed, members[0].name)
    name = f"{members[0].name}/recurrence"
    # a value k steps away is carried in k states, each of which becomes the one before it
    states = [
        Edge(source, port, way * k)
        for source, port in dict.fromkeys((e.source, e.port) for e in delayed)
        for k in range(1, 1 + max(abs(e.delay) for e in delayed if e[:2] == (source, port)))
    ]
    outside = [e for e in dict.fromkeys(read) if e.source not in inside]
    sliced, invariant = [e for e in outside if varies(e)], [e for e in outside if not varies(e)]
    if not sliced:
        raise Unsupported(f'the recurrence around "{members[0].name}" reads nothing that says how long it runs')
    parameters = {e: f"{name}/{i}" for i, e in enumerate([*sliced, *states, *invariant])}
    body = [replace(r, inputs=[Edge(parameters[e]) if e in parameters else e for e in r.inputs]) for r in members]
    after = [Edge(s.source, s.port) if abs(s.delay) == 1 else Edge(parameters[_nearer(s)]) for s in states]
    outs = [Edge(r.name, port) for r in in_order(body) for port in range(r.results)]
    attributes = {
        "body": Body(list(parameters.values()), body, [*after, *outs]),
        "sliced": len(sliced),
        "carried": len(states),
        "backwards": way > 0,
    }
    inputs = [*sliced, *(initial(s) for s in states), *invariant]
    loop = Record(name, "Recurrence", inputs, attributes, results=len(states) + len(outs), domain=DOMAIN)
    places = {e: Edge(name, len(states) + i) for i, e in enumerate(outs)}
    return [loop, *(_same(r, places) for r in members)]


def _same(record: Record, places: dict[Edge, Edge]) -> Record:
    values = [places[Edge(record.name, port)] for port in range(record.results)]
    return Record(record.name, "Same", values, results=record.results, domain=DOMAIN)


def _nearer(state: Edge) -> Edge:
    return state._replace(delay=state.delay - (1 if state.delay > 0 else -1))


def _direction(delayed: Sequence[Edge], name: str) -> int:
    """-1 when the past is read, 1 when the future is."""
    ways = {1 if e.delay > 0 else -1 for e in delayed}
    if len(ways) > 1:
        raise Unsupported(f'the recurrence around "{name}" reads both the past and the future')
    return ways.pop()
