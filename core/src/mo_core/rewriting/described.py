"""Sub-graphs that a description means, and what replaces them: replacers, found by their `id`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mo_core.errors import ModelError, MoError, UsageError, bug, nearest_first
from mo_core.ir import Constant, Foreign, Graph, Node, Parameter, Result, Value
from mo_core.options.names import quoted
from mo_core.rewriting.editor import Editor

if TYPE_CHECKING:
    from mo_core.options.descriptions import Description, Port

_SHOWN = 6
_MANY, _ALIKE = 2000, 4
_MOST = 1 << 31
"""Whole numbers in descriptions are below this."""


@dataclass
class SubGraph:
    """One place in a graph that a description means.

    Attributes:
        description: the entry of the file; edit: the editor of the graph.
        scope: the prefix of the names, for a match by scope.
        starts, ends: the nodes of a match by points, in the order of the description.
        nodes: the sub-graph, in order of computation.
        inputs: what it reads, in the order of the description; outputs: what it gives.
    """

    description: Description
    edit: Editor
    scope: str = ""
    starts: Sequence[Node] = ()
    ends: Sequence[Node] = ()
    nodes: Sequence[Node] = ()
    inputs: Sequence[Value] = ()
    outputs: Sequence[Value] = ()

    @property
    def graph(self) -> Graph:
        """The graph as a whole."""
        return self.edit.graph

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The `custom_attributes` of the description."""
        return self.description.attributes

    def whole(self, name: str, default: int | None = None) -> int:
        """A custom attribute that is a whole number; raises ModelError for something else, or when it is missing."""
        value = self.attributes.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not -_MOST < value < _MOST:
            raise self.wrong(f'"{name}" is {"missing" if value is None else "no whole number"}')
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A custom attribute that is a number; raises as `whole`."""
        value = self.attributes.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(f'"{name}" is {"missing" if value is None else "no number"}')
        return float(value)

    def numbers(self, name: str, values: Any) -> tuple[float, ...]:
        """A list of numbers that is given under this name; raises ModelError for something else."""
        given = values if isinstance(values, (list, tuple)) else [None]
        if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in given):
            raise self.wrong(f'"{name}" is no list of numbers')
        return tuple(map(float, given))

    def texts(self, name: str) -> list[str]:
        """A custom attribute that is a list of names, at least one; raises ModelError for something else."""
        values = self.attributes.get(name)
        if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
            raise self.wrong(f'"{name}" is no list of names')
        return values

    def lists(self, name: str, count: int) -> list[tuple[int, ...]]:
        """A custom attribute that is so many lists of whole numbers, empty ones when it is missing; else ModelError."""
        values = self.attributes.get(name, [[]] * count)
        if not isinstance(values, list) or len(values) != count:
            raise self.wrong(f'"{name}" has not {count} lists')
        if not all(isinstance(v, list) and all(type(n) is int for n in v) for v in values):
            raise self.wrong(f'"{name}" has something else than lists of whole numbers')
        return [tuple(v) for v in values]

    def read_by(self, name: str, remedy: str) -> list[tuple[str, Value]]:
        """What the nodes that a custom attribute names read first, with these names.

        Raises UsageError for a name that the model does not have; `remedy` says which node is meant.
        """
        by_name = {node.name: node for node in self.graph if node.operands}
        found = []
        for wanted in self.texts(name):
            if wanted not in by_name:
                raise UsageError(
                    f'"{self.description.id}": "{name}" names "{wanted}", which is not in the model '
                    f"({self.description.where})",
                    nearest_first(wanted, by_name, remedy),
                )
            found.append((wanted, by_name[wanted].operands[0]))
        return found

    def wrong(self, fact: str) -> ModelError:
        """The error for a description that cannot be used."""
        return ModelError(f'"{self.description.id}": {fact}', "Correct the description.", where=self.description.where)

    def node(self, pattern: str) -> Node:
        """The first node whose name inside of the scope fits a regular expression; raises UsageError."""
        return _in_scope(self.description, self.scope, self.nodes, pattern)


Replace = Callable[[SubGraph], "Sequence[Value] | Value | None"]


@dataclass(frozen=True)
class Replacer:
    """What becomes of the sub-graphs of descriptions with this id.

    Attributes:
        id: as in the file; run: gives a value for each output of the sub-graph, or None when it has edited the graph;
            the first line of its docstring says what it does.
        finds: it looks for its nodes by itself, so that it is called once and nothing is matched before.
        provider: distribution that brings it.
    """

    id: str
    run: Replace
    finds: bool = False
    provider: str = field(default="", compare=False)

    @property
    def doc(self) -> str:
        """What it does."""
        return (self.run.__doc__ or "").strip().split("\n")[0]


def replacer(id: str, *, finds: bool = False) -> Callable[[Replace], Replacer]:
    """Register a function for descriptions with this id; the hook `mo_replacers` gives the result."""
    return lambda run: Replacer(id, run, finds)


def replace_described(edit: Editor, descriptions: Sequence[Description], replacers: Sequence[Replacer]) -> None:
    """Replace what the descriptions mean, one after the other. Raises UsageError for what cannot be found."""
    known = {r.id: r for r in replacers}
    for description in descriptions:
        found = known.get(description.id)
        if found is None and not description.op:
            raise UsageError(
                f'no replacer is registered for "{description.id}" ({description.where})',
                nearest_first(description.id, known, "A plug-in gives it from the hook mo_replacers."),
            )
        if found is not None and found.finds:
            _run(found, SubGraph(description, edit))
            continue
        for place in find(description, edit):
            values = _one_op(place) if found is None else _run(found, place)
            if values is not None:
                new = [values] if isinstance(values, Value) else list(values)
                edit.replace_region(place.inputs, place.outputs, new, rule=description.id)


def _run(found: Replacer, place: SubGraph) -> Sequence[Value] | Value | None:
    try:
        return found.run(place)
    except (MoError, MemoryError, RecursionError):
        raise
    except Exception as e:
        raise bug(
            f'the replacer "{found.id}" failed: {type(e).__name__}: {e} ({place.description.where})',
            "Report this to its author.",
            provider=found.provider,
        ) from e


def _one_op(place: SubGraph) -> Sequence[Value]:
    """A source op in the place of a sub-graph; the custom attributes are its attributes."""
    framework = next((n.framework for n in place.graph if isinstance(n, Foreign)), "")
    description = place.description
    return Foreign(framework, description.op, place.inputs, description.attributes, len(place.outputs)).results


# -- finding


def find(description: Description, edit: Editor) -> Iterator[SubGraph]:
    """The sub-graphs that a description means; raises UsageError when there is none, and says what is near."""
    if description.kind == "points":
        yield _between(description, edit)
    elif description.kind == "scope":
        for scope in scopes(description, edit.graph):
            if any(n.name.startswith(scope) for n in edit.graph):
                yield _of_scope(description, edit, scope)
    else:
        yield SubGraph(description, edit)


def scopes(description: Description, graph: Graph) -> list[str]:
    """The scopes of a description, the outermost ones; raises UsageError when nothing is called so."""
    found: dict[str, None] = {}
    for pattern in description.scopes:
        matches = [m.group() for n in graph if n.name and (m := re.match(pattern, n.name))]
        if not matches:
            known = sorted({f"{n.name.rpartition('/')[0]}/" for n in graph if "/" in n.name})
            raise _missing(description, "scope", [pattern], known)
        found |= dict.fromkeys(matches)
    return [s for s in found if not any(s != other and s.startswith(other) for other in found)]


def _of_scope(description: Description, edit: Editor, scope: str) -> SubGraph:
    nodes = _nodes_in(edit.graph, scope)
    inputs = [_read_by(description, scope, nodes, ports) for ports in description.inputs]
    outputs = [_given_by(description, scope, nodes, port) for port in description.outputs]
    if not inputs and not outputs:
        inside = set(nodes)
        inputs = list(dict.fromkeys(v for n in nodes for v in _reads(n) if _from_outside(v, inside)))
        outputs = [r for n in nodes for r in n.results if any(u not in inside for u in r.users())]
    return SubGraph(description, edit, scope, nodes=nodes, inputs=inputs, outputs=outputs)


def _nodes_in(graph: Graph, scope: str) -> list[Node]:
    return [n for n in graph if n.name.startswith(scope) and not isinstance(n, (Parameter, Result))]


def _from_outside(value: Value, inside: set[Node]) -> bool:
    return value.node not in inside and not isinstance(value.node, Constant)


def _reads(node: Node) -> list[Value]:
    """What a node reads, its bodies included."""
    return [*node.operands, *(v for body in node.bodies for v in body.captures())]


def _in_scope(description: Description, scope: str, nodes: Sequence[Node], pattern: str) -> Node:
    found = next((n for n in nodes if re.match(pattern, n.name[len(scope) :])), None)
    if found is None:
        raise _missing(description, "node", [pattern], [n.name[len(scope) :] for n in nodes])
    return found


def _read_by(description: Description, scope: str, nodes: Sequence[Node], ports: Sequence[Port]) -> Value:
    """The one value that these ports read."""
    values: dict[Value, None] = {}
    for port in ports:
        node = _in_scope(description, scope, nodes, port.node)
        slots = node.slots if isinstance(node, Foreign) else list(node.operands)
        value = slots[port.port] if port.port < len(slots) else None
        if value is None:
            raise UsageError(f'"{node.name}" has no input port {port.port}', _correct(description))
        values[value] = None
    if len(values) != 1:
        shown = quoted([p.node for p in ports], _SHOWN)
        raise UsageError(f"{shown} read {len(values)} different values, and are one input", _correct(description))
    return next(iter(values))


def _given_by(description: Description, scope: str, nodes: Sequence[Node], port: Port) -> Value:
    node = _in_scope(description, scope, nodes, port.node)
    if port.port >= len(node.results):
        raise UsageError(f'"{node.name}" has no output port {port.port}', _correct(description))
    return node.results[port.port]


def _between(description: Description, edit: Editor) -> SubGraph:
    """The sub-graph between points: what the ends depend on, as far as the starts."""
    by_name = {n.name: n for n in edit.graph if n.name and not isinstance(n, Result)}
    for what, names in (("start", description.starts), ("end", description.ends)):
        absent = [name for name in names if name not in by_name]
        if absent:
            raise _missing(description, what, absent, by_name)
    starts = [by_name[name] for name in description.starts]
    ends = [by_name[name] for name in description.ends]
    inside = _ancestors(description, starts, ends)
    if not description.with_starts:
        inside -= set(starts)
    if not description.with_ends:
        inside -= set(ends)
    nodes = [n for n in edit.graph if n in inside]
    if description.with_starts:
        inputs = [v for n in starts for v in n.operands if _from_outside(v, inside)]
    else:
        inputs = [n.results[0] for n in starts]
    given = [n.results[0] for n in ends] if description.with_ends else [v for n in ends for v in n.operands]
    outputs = [v for v in dict.fromkeys(given) if v.node in inside]
    return SubGraph(description, edit, "", starts, ends, nodes, list(dict.fromkeys(inputs)), outputs)


def _ancestors(description: Description, starts: Sequence[Node], ends: Sequence[Node]) -> set[Node]:
    """The nodes from the ends up to the starts, both included; raises UsageError when it reaches an input."""
    stops = set(starts)
    reader: dict[Node, Node | None] = dict.fromkeys(ends)
    stack = list(ends)
    while stack:
        node = stack.pop()
        if isinstance(node, Parameter):
            raise _reaches(description, node, reader)
        if node in stops:
            continue
        for v in _reads(node):
            if v.node not in reader:
                reader[v.node] = node
                stack.append(v.node)
    unmet = [n.name for n in starts if n not in reader]
    if unmet:
        raise UsageError(f"no end depends on the start {quoted(unmet, _SHOWN)}", _correct(description))
    return set(reader)


def _reaches(description: Description, end: Parameter, reader: Mapping[Node, Node | None]) -> UsageError:
    """The error for a sub-graph that begins at an input: by which nodes it gets there."""
    way: list[str] = []
    node: Node | None = reader[end]
    while node is not None:
        way.append(node.name or node.label)
        node = reader[node]
    shown = " -> ".join(f'"{name}"' for name in way[:_SHOWN]) + (" -> ..." if len(way) > _SHOWN else "")
    return UsageError(
        f'the sub-graph of "{description.id}" begins at the input "{end.label}" of the model: {shown or "an end"}',
        f"Name one of these among the start points ({description.where}).",
    )


def _missing(description: Description, what: str, names: Sequence[str], known: Iterable[str]) -> UsageError:
    known = list(known)
    near = [nearest_first(name, _comparable(name, known), "") for name in names[:_SHOWN]]
    remedy = " ".join(text for text in near if text) or "See mo inspect for the model."
    count = "is no" if len(names) == 1 else "are no"
    return UsageError(
        f'"{description.id}": there {count} {what} {quoted(names, _SHOWN)} in the model ({description.where})', remedy
    )


def _comparable(name: str, known: Sequence[str]) -> Sequence[str]:
    """The names that are worth a comparison: with all of a large model it would take seconds."""
    if len(known) <= _MANY:
        return known
    last = name.rpartition("/")[2][:_ALIKE]
    return [n for n in known if n.rpartition("/")[2].startswith(last)][:_MANY]


def _correct(description: Description) -> str:
    return f"Correct {description.where}."


def ports_of(scope: str, graph: Graph) -> tuple[list[Any], list[Any]]:
    """The inputs and outputs of a scope as a description has them."""
    nodes = _nodes_in(graph, scope)
    inside = set(nodes)
    readers: dict[Value, list[Any]] = {}
    outputs: list[Any] = []
    for node in nodes:
        name = re.escape(node.name[len(scope) :]).replace("\\-", "-") + "$"
        for port, v in enumerate(node.slots if isinstance(node, Foreign) else node.operands):
            if v is not None and _from_outside(v, inside):
                readers.setdefault(v, []).append({"node": name, "port": port})
        outputs += [{"node": name, "port": r.index} for r in node.results if any(u not in inside for u in r.users())]
    return list(readers.values()), outputs
