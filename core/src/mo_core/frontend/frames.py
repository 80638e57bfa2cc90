"""Control flow written as frames (TensorFlow 1) as loops and branches with bodies.

A loop is a frame that values enter by `Enter`. What changes meets in a `Merge` of the first value and that of the
iteration before (`NextIteration`), and leaves through a `Switch` on the condition (`LoopCond`) either to the body or to
`Exit`. A branch is a `Switch` whose two sides meet again in a `Merge`. Frames are taken from the innermost outwards,
then branches likewise, and each becomes one record with bodies.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from mo_core.errors import ModelError, Unsupported
from mo_core.frontend.converters import DOMAIN
from mo_core.frontend.structure import MAX_NESTING, Body, Edge, Record, in_order, named

FRAME_OPS = ("Enter", "Exit", "Merge", "Switch", "NextIteration", "LoopCond")
"""The ops that are taken away, in their forms for references (`RefSwitch`), too."""

Guard: TypeAlias = "frozenset[tuple[Edge, int]]"


def without_frames(records: Iterable[Record]) -> list[Record]:
    """The records with loops and branches as `While` and `If`, which read no cycle.

    The name of an `Exit` or `Merge` stays, as that of a record `Same` which gives its value. A `Switch` whose sides
    never meet gives its data on both sides; what a branch or loop computes beside its results is left out. Raises
    ModelError for frames that are no loop.
    """
    plain = [replace(r, op=r.op.removeprefix("Ref")) if r.op.removeprefix("Ref") in FRAME_OPS else r for r in records]
    if not any(r.op in FRAME_OPS for r in plain):
        return plain
    return _without_branches(list(_Loops(named(plain)).run().values()), [])[0]


# -- loops


class _Loops:
    """Replaces each frame by a `While`, the innermost first."""

    def __init__(self, records: dict[str, Record]) -> None:
        self._records = records
        self._readers: dict[str, list[Record]] = {}
        for record in records.values():
            for source in dict.fromkeys((*_sources(record), *record.controls)):
                self._readers.setdefault(source, []).append(record)
        self._frames = self._find_frames()

    def run(self) -> dict[str, Record]:
        """The records without frames."""
        groups: dict[tuple[str, ...], list[Record]] = {}
        for record in self._records.values():
            if record.op == "Enter":
                groups.setdefault(self._frames[record.name], []).append(record)
        members: dict[tuple[str, ...], list[str]] = {}
        for name, frame in self._frames.items():
            members.setdefault(frame, []).append(name)
        for frame in sorted(groups, key=len, reverse=True):
            inside = {n for n in members[frame] if n in self._records}
            loop, ends = self._loop(frame, groups[frame], inside)
            for name in members[frame]:
                self._records.pop(name, None)
            for record in (loop, *ends):
                self._records[record.name] = record
                self._frames[record.name] = frame[:-1]
                members.setdefault(frame[:-1], []).append(record.name)
        return self._records

    def _find_frames(self) -> dict[str, tuple[str, ...]]:
        """For every record the names of the frames that it runs in, the outermost first."""
        frames: dict[str, tuple[str, ...]] = dict.fromkeys(self._records, ())
        entries: dict[str, list[Record]] = {}
        around: dict[str, tuple[str, ...]] = {}  # a constant that enters may be tied to no frame; the others tell
        work = [r for r in self._records.values() if r.op == "Enter"]
        for enter in work:
            entries.setdefault(_frame_name(enter), []).append(enter)
        while work:
            record = work.pop()
            after = (*_sources(record), *record.controls)  # a constant is tied to its frame by what runs before it
            frame = max((self._frame_behind(source, frames) for source in after), key=len, default=())
            if record.op == "Enter":
                name = _frame_name(record)
                if len(frame) > len(around.get(name, ())):
                    around[name] = frame
                    work += entries[name]
                frame = (*around.get(name, ()), name)
            if len(frame) > MAX_NESTING:
                raise ModelError(f'loops are nested more than {MAX_NESTING} deep, at "{record.name}"')
            if len(frame) > len(frames[record.name]):
                frames[record.name] = frame
                work += self._readers.get(record.name, ())
        return frames

    def _frame_behind(self, source: str, frames: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        record = self._records.get(source)
        if record is None:
            return ()
        return frames[source][:-1] if record.op == "Exit" else frames[source]

    def _loop(self, frame: tuple[str, ...], enters: Sequence[Record], inside: set[str]) -> tuple[Record, list[Record]]:
        """The record for the loop of a frame whose own records are `inside`, and what stands for its Exits."""
        conditions = [r for n in inside if (r := self._records[n]).op == "LoopCond"]
        if len(conditions) != 1:
            raise ModelError(f'the loop "{frame[-1]}" has {len(conditions)} conditions, and one is needed')
        aliases: dict[Edge, Edge] = {Edge(conditions[0].name): _first(conditions[0])}
        before: list[Edge] = []
        after: list[Edge] = []
        ends: list[Record] = []
        name = f"{frame[-1]}/loop"
        for enter in enters:
            merges = [r for r in self._readers.get(enter.name, ()) if r.op == "Merge"]
            if not merges:  # the same in every iteration
                aliases[Edge(enter.name)] = _first(enter)
            for merge in merges:
                place = len(before)
                parameter = Edge(f"{name}/{place}")
                before.append(_first(enter))
                after.append(self._next(merge, enter))
                aliases[Edge(merge.name)] = parameter
                for switch in [r for r in self._readers.get(merge.name, ()) if r.op == "Switch"]:
                    if list(switch.inputs) != [Edge(merge.name), Edge(conditions[0].name)]:
                        continue
                    aliases[Edge(switch.name, 1)] = parameter
                    for end in [r for r in self._readers.get(switch.name, ()) if r.op == "Exit"]:
                        ends.append(_same(end, Edge(name, place)))
        parameters = [f"{name}/{i}" for i in range(len(before))]
        cond = self._body(parameters, [_first(conditions[0])], aliases, inside)
        body = self._body(parameters, after, aliases, inside)
        bodies = {"cond": cond, "body": body}
        return Record(name, "While", before, bodies, results=len(before), domain=DOMAIN), ends

    def _next(self, merge: Record, enter: Record) -> Edge:
        """What the value of a `Merge` becomes in the next iteration."""
        others = [e for e in merge.inputs if e is not None and e.source != enter.name]
        source = self._records.get(others[0].source) if len(others) == 1 else None
        if source is None or source.op != "NextIteration":
            raise ModelError(f'Merge "{merge.name}" joins no first value with one of the next iteration')
        return _first(source)

    def _body(
        self, parameters: Sequence[str], outputs: Sequence[Edge], aliases: Mapping[Edge, Edge], inside: set[str]
    ) -> Body:
        closure = _closure(outputs, aliases, inside, self._records, pivots=True)
        for record in closure:
            if record.op in ("Enter", "Exit", "NextIteration", "LoopCond"):
                raise ModelError(f'{record.op} "{record.name}" is part of no loop')
        records, ends = _without_branches(closure, [_resolved(e, aliases) for e in outputs])
        by_name = {r.name: r for r in records}
        return Body(parameters, _closure(ends, {}, by_name, by_name), ends)


# -- branches


class _Guards:
    """Under which conditions records run: pairs of a condition and the side that is taken (1: it holds)."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records
        self.of: dict[str, Guard] = {}
        self.members: dict[tuple[Edge, int], set[str]] = {}  # the names of the records under a condition
        self.conditions: dict[str, Edge] = {}  # of a Merge

    def after(self, edge: Edge) -> Guard:
        """The guard of a value."""
        record = self._records.get(edge.source)
        if record is None:
            return frozenset()
        guard = self.of[edge.source]
        return guard | {(self._root(_condition(record)), edge.port)} if record.op == "Switch" else guard

    def _root(self, edge: Edge) -> Edge:
        """The value that identities pass on.

        Not beyond a Switch: a branch may ask again for the condition of the branch that it is in.
        """
        record = self._records.get(edge.source)
        while record is not None and record.op in ("Identity", "Same"):
            edge = _first(record)
            record = self._records.get(edge.source)
        return edge

    def settle(self, record: Record) -> None:
        """Find the guard of a record, once those of what it reads are known."""
        sides = [self.after(e) for e in record.reads()]
        if record.op == "Merge":
            guard = self._joined(record, sides)
        else:
            guard = frozenset().union(*sides, *(self.of[c] for c in record.controls if c in self.of))
        if len(guard) > MAX_NESTING:
            raise ModelError(f'branches are nested more than {MAX_NESTING} deep, at "{record.name}"')
        self.put(record.name, guard)

    def put(self, name: str, guard: Guard) -> None:
        """Say what the guard of a record is."""
        self.of[name] = guard
        for side in guard:
            self.members.setdefault(side, set()).add(name)

    def _joined(self, merge: Record, sides: Sequence[Guard]) -> Guard:
        if len(sides) != 2:
            raise Unsupported(f'Merge "{merge.name}" joins {len(sides)} values, and two are supported')
        a, b = sides
        opposite = [(condition, side) for condition, side in sorted(a) if (condition, 1 - side) in b]
        if not opposite and len(a ^ b) == 1:  # a constant on the other side, which nothing ties to it
            opposite = list(a ^ b)
        if len(opposite) != 1:
            raise ModelError(f'Merge "{merge.name}" joins values that are not the two sides of one condition')
        condition = opposite[0][0]
        self.conditions[merge.name] = condition
        return (a | b) - {(condition, 0), (condition, 1)}


def _without_branches(records: list[Record], outputs: list[Edge]) -> tuple[list[Record], list[Edge]]:
    """Records without cycles, with branches as `If`, the innermost first; and the outputs with what stands for them."""
    if not any(r.op in ("Switch", "Merge") for r in records):
        return records, outputs
    ordered = in_order(records, controls=True)
    by_name = {r.name: r for r in ordered}
    guards, levels = _Guards(by_name), dict[str, int]()
    groups: dict[tuple[int, int, Edge, Guard], list[Record]] = {}
    for record in ordered:
        guards.settle(record)
        levels[record.name] = max((levels.get(s, 0) for s in _sources(record)), default=0) + (record.op == "Merge")
        if record.op == "Merge":
            guard = guards.of[record.name]
            # Merges of one level do not depend on each other; branches inside of others have longer guards.
            key = (-len(guard), levels[record.name], guards.conditions[record.name], guard)
            groups.setdefault(key, []).append(record)
    read = {e for r in ordered for e in r.reads()} | set(outputs)
    aliases = {Edge(r.name, port): _first(r) for r in ordered if r.op == "Switch" for port in (0, 1)}
    moved: set[str] = set()
    for (_, _, condition, guard), merges in sorted(groups.items(), key=lambda item: item[0][:2]):
        branch = _branch(merges, condition, guards, by_name, aliases, read)
        moved |= {r.name for b in branch.attributes.values() for r in b.records}
        place = 0
        for made in (branch, *merges):
            if made is not branch:
                values = [Edge(branch.name, place + i) for i in range(1 + (Edge(made.name, 1) in read))]
                place += len(values)
                made = _same(made, *values)
            by_name[made.name] = made
            guards.put(made.name, guard)
    for record in ordered:
        if record.op == "Switch":
            gone = any(Edge(record.name, port) in read for port in (0, 1))
            if gone:
                del by_name[record.name]
            else:  # a name that may be asked for as an output
                by_name[record.name] = _same(record, _first(record), _first(record))
    joined = set(guards.conditions.values())
    for record in ordered:  # what a side computes, and no Merge takes, goes with it
        if record.op != "Merge" and any(condition in joined for condition, _ in guards.of[record.name]):
            moved.add(record.name)
    roots = [Edge(name) for name in by_name if name not in moved]
    ends = [_resolved(e, aliases) for e in outputs]
    return _closure([*roots, *ends], aliases, by_name, by_name), ends


def _branch(
    merges: Sequence[Record],
    condition: Edge,
    guards: _Guards,
    records: Mapping[str, Record],
    aliases: Mapping[Edge, Edge],
    read: set[Edge],
) -> Record:
    """The `If` for Merges of one condition: for each its value and, where it is read, the number of the input taken."""
    sides: tuple[list[Edge], list[Edge]] = ([], [])
    numbers: tuple[list[Record], list[Record]] = ([], [])
    for merge in merges:
        inputs = [e for e in merge.inputs if e is not None]
        first = 0 if (condition, 0) in guards.after(inputs[0]) or (condition, 1) in guards.after(inputs[1]) else 1
        for side, place in ((first, 0), (1 - first, 1)):
            sides[side].append(inputs[place])
            if Edge(merge.name, 1) in read:
                number = Record(f"{merge.name}/index", "Number", attributes={"value": place}, domain=DOMAIN)
                numbers[side].append(number)
                sides[side].append(Edge(number.name))
    bodies = {}
    for side, name in ((1, "then_branch"), (0, "else_branch")):
        closure = _closure(sides[side], aliases, guards.members.get((condition, side), ()), records)
        bodies[name] = Body((), [*closure, *numbers[side]], [_resolved(e, aliases) for e in sides[side]])
    return Record(
        f"{merges[0].name}/branch",
        "If",
        [_resolved(condition, aliases)],
        {**bodies},
        results=len(sides[0]),
        domain=DOMAIN,
    )


# -- shared


def _closure(
    outputs: Sequence[Edge],
    aliases: Mapping[Edge, Edge],
    inside: Container[str],
    records: Mapping[str, Record],
    pivots: bool = False,
) -> list[Record]:
    """The records inside that `outputs` depend on, reading what the aliases say.

    `pivots`: with the identities of switches that tie constants to a branch.
    """
    found: dict[str, Record] = {}
    work = [_resolved(e, aliases) for e in outputs]
    while work:
        name = work.pop().source
        if name in found or name not in inside or name not in records:
            continue
        found[name] = _rewired(records[name], aliases, frozenset())
        work += found[name].reads()
        if pivots:
            tied = (records.get(c) for c in found[name].controls)
            work += [_resolved(Edge(r.name), aliases) for r in tied if r is not None and r.op in ("Identity", "Switch")]
    return list(found.values())


def _rewired(record: Record, aliases: Mapping[Edge, Edge], hidden: frozenset[str]) -> Record:
    """A record that reads what the aliases say; `hidden` are names of bodies around it, which mean something else."""
    inputs = [e if e is None or e.source in hidden else _resolved(e, aliases) for e in record.inputs]
    if not record.bodies():
        return record if inputs == list(record.inputs) else replace(record, inputs=inputs)
    bodies = {k: _rewired_body(v, aliases, hidden) for k, v in record.attributes.items() if isinstance(v, Body)}
    return replace(record, inputs=inputs, attributes={**record.attributes, **bodies})


def _rewired_body(body: Body, aliases: Mapping[Edge, Edge], hidden: frozenset[str]) -> Body:
    hidden = hidden.union(body.parameters, (r.name for r in body.records))
    outputs = [e if e.source in hidden else _resolved(e, aliases) for e in body.outputs]
    return Body(body.parameters, [_rewired(r, aliases, hidden) for r in body.records], outputs)


def _resolved(edge: Edge, aliases: Mapping[Edge, Edge]) -> Edge:
    for _ in range(len(aliases)):
        following = aliases.get(edge)
        if following is None:
            break
        edge = following
    return edge


def _same(record: Record, *values: Edge) -> Record:
    """What keeps the name of a record, and gives values that are computed elsewhere."""
    return Record(record.name, "Same", values, results=len(values), domain=DOMAIN)


def _sources(record: Record) -> list[str]:
    return [e.source for e in record.reads()]


def _first(record: Record) -> Edge:
    edge = record.inputs[0] if record.inputs else None
    if edge is None:
        raise ModelError(f'{record.op} "{record.name}" has no input')
    return edge


def _condition(switch: Record) -> Edge:
    edge = switch.inputs[1] if len(switch.inputs) > 1 else None
    if edge is None:
        raise ModelError(f'Switch "{switch.name}" has no condition')
    return edge


def _frame_name(enter: Record) -> str:
    name = enter.attributes.get("frame_name", "")
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)
