"""Descriptions of sub-graphs that users have from the old tool: `--transformations_config FILE.json`.

A file is a list of entries. Each says which sub-graphs it means (`match_kind` scope, points or general, and what goes
with it), and what becomes of them: the replacer that is registered under its `id`, or one operation (`op`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mo_core.errors import ModelError, UsageError, did_you_mean

SCOPE, POINTS, GENERAL = "scope", "points", "general"
MAX_BYTES = 16 << 20
_KINDS = (SCOPE, POINTS, GENERAL)
_FIELDS = (
    *("id", "match_kind", "instances", "inputs", "outputs", "custom_attributes", "op"),
    *("include_inputs_to_sub_graph", "include_outputs_to_sub_graph", "library"),
)


@dataclass(frozen=True)
class Port:
    """An input or output port of nodes: a regular expression of their names inside the scope, and the port's number."""

    node: str
    port: int


@dataclass(frozen=True)
class Description:
    """One entry.

    Attributes:
        id: of the replacer; kind: of the match; where: the file and the number of the entry, for messages.
        scopes: regular expressions of name scopes; starts, ends: names of nodes.
        inputs: for each input of the sub-graph the ports that read it; outputs: the ports that give the outputs.
        attributes: the `custom_attributes`; op: the operation that a sub-graph becomes (empty: a replacer does it).
        with_starts, with_ends: the start and end nodes belong to the sub-graph.
    """

    id: str
    kind: str
    where: str = ""
    scopes: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    inputs: tuple[tuple[Port, ...], ...] = ()
    outputs: tuple[Port, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    op: str = ""
    with_starts: bool = True
    with_ends: bool = True


def parse_descriptions(given: Any, option: str) -> tuple[Description, ...]:
    """Read files (paths, separated by commas, or a list of them) or entries as data.

    Raises UsageError for files that are not there, ModelError for what is no description.
    """
    found: list[Description] = []
    for item in _items(given):
        if isinstance(item, Mapping):
            found.append(_description(item, f"--{option}, entry {len(found) + 1}"))
            continue
        path = Path(item)
        for number, entry in enumerate(read_entries(path, option), 1):
            found.append(_description(entry, f'"{path}", entry {number}'))
    return tuple(found)


def _items(given: Any) -> Iterator[Any]:
    if isinstance(given, str):
        yield from (name.strip() for name in given.split(",") if name.strip())
    elif isinstance(given, (list, tuple)):
        for item in given:
            yield from _items(item)
    else:
        yield given


def read_entries(path: Path, option: str) -> list[Any]:
    """The entries of a file as they stand in it; raises UsageError and ModelError."""
    import json

    try:
        content = path.read_bytes()
    except OSError as e:
        names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UsageError(f'--{option}: cannot read "{path}": {e.strerror or e}', did_you_mean(path.name, names)) from e
    remedy = "It is a list of entries with id, match_kind and what goes with them."
    if len(content) > MAX_BYTES:
        raise ModelError(f'"{path}" has {len(content)} bytes, and no description needs more than {MAX_BYTES}', remedy)
    try:
        entries = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as e:
        raise ModelError(f'"{path}" is no JSON: {e}', remedy) from e
    return entries if isinstance(entries, list) else [entries]


class _Entry:
    """One entry, read field by field."""

    def __init__(self, fields: Mapping[str, Any], where: str) -> None:
        self.fields, self.where = fields, where

    def wrong(self, fact: str, remedy: str = "") -> ModelError:
        return ModelError(fact, remedy or "Correct the description of the sub-graph.", where=self.where)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.fields.get(name, default)
        if not isinstance(value, str):
            raise self.wrong(f'"{name}" is {"missing" if value is None else "no text"}')
        return value

    def flag(self, name: str) -> bool:
        value = self.fields.get(name, True)
        if not isinstance(value, bool):
            raise self.wrong(f'"{name}" is neither true nor false')
        return value

    def texts(self, fields: Any, what: str) -> tuple[str, ...]:
        if not isinstance(fields, list) or not fields or not all(isinstance(f, str) for f in fields):
            raise self.wrong(f"{what} is no list of names")
        return tuple(fields)

    def patterns(self, fields: Any, what: str) -> tuple[str, ...]:
        for pattern in self.texts(fields, what):
            self.compiles(pattern)
        return tuple(fields)

    def compiles(self, pattern: str) -> str:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as e:
            raise self.wrong(f'"{pattern[:80]}" is no regular expression: {e}') from e
        return pattern

    def ports(self, fields: Any, what: str) -> tuple[Port, ...]:
        if not isinstance(fields, list) or not all(isinstance(f, dict) for f in fields):
            raise self.wrong(f'{what} is no list of ports, as in [{{"node": "Reshape$", "port": 0}}]')
        return tuple(self.port(f, what) for f in fields)

    def port(self, fields: Mapping[str, Any], what: str) -> Port:
        node, port = fields.get("node"), fields.get("port", 0)
        if not isinstance(node, str) or isinstance(port, bool) or not isinstance(port, int) or port < 0:
            raise self.wrong(f'a port of {what} has no "node" with a name and "port" with a number')
        return Port(self.compiles(node), port)


def _description(fields: Any, where: str) -> Description:
    entry = _Entry(fields if isinstance(fields, Mapping) else {}, where)
    if not isinstance(fields, Mapping):
        raise entry.wrong("an entry is no object")
    unknown = next((name for name in fields if name not in _FIELDS), None)
    if unknown is not None:
        raise entry.wrong(f'there is no field "{unknown}"', did_you_mean(unknown, _FIELDS))
    kind = entry.text("match_kind")
    if kind not in _KINDS:
        raise entry.wrong(f'"match_kind" is "{kind}"', f"It is one of {', '.join(_KINDS)}.")
    attributes = fields.get("custom_attributes", {})
    if not isinstance(attributes, dict):
        raise entry.wrong('"custom_attributes" is no object')
    return Description(
        entry.text("id"),
        kind,
        where,
        **_matched(entry, kind),
        attributes=attributes,
        op=entry.text("op", ""),
        with_starts=entry.flag("include_inputs_to_sub_graph"),
        with_ends=entry.flag("include_outputs_to_sub_graph"),
    )


def _matched(entry: _Entry, kind: str) -> dict[str, Any]:
    """What a kind of match needs."""
    if kind == GENERAL:
        return {}
    instances = entry.fields.get("instances")
    if kind == POINTS:
        points = instances[0] if isinstance(instances, list) and len(instances) == 1 else instances
        if not isinstance(points, dict):
            raise entry.wrong('"instances" has no "start_points" and "end_points"')
        starts = entry.texts(points.get("start_points"), '"start_points"')
        return {"starts": starts, "ends": entry.texts(points.get("end_points"), '"end_points"')}
    inputs = entry.fields.get("inputs", [])
    if not isinstance(inputs, list):
        raise entry.wrong('"inputs" is no list')
    return {
        "scopes": entry.patterns(instances, '"instances"'),
        "inputs": tuple(entry.ports(ports, '"inputs"') for ports in inputs),
        "outputs": entry.ports(entry.fields.get("outputs", []), '"outputs"'),
    }


def with_ports(entries: Sequence[Any], ports: Mapping[str, tuple[list[Any], list[Any]]]) -> list[Any]:
    """Entries with inputs and outputs filled in, by their ids."""
    return [
        {**e, "inputs": ports[e["id"]][0], "outputs": ports[e["id"]][1]} if e.get("id") in ports else e for e in entries
    ]
