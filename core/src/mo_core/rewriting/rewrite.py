"""Rewriting: rules on patterns, a worklist that revisits the neighbourhood only, provenance, reasons for declining."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from mo_core.errors import Decline, InternalError, MoError, UsageError, bug, did_you_mean
from mo_core.ir import Constant, Foreign, Graph, Node, Value
from mo_core.rewriting.editor import absorb
from mo_core.rewriting.pattern import Match, Op, Pattern, SourceOp, source_kind
from mo_core.rewriting.record import Declined, Exclusion, Firing, Record, origins

FUEL_PER_NODE = 64
"""Firings allowed per node of the graph before the driver gives up and names the busiest rules."""


@dataclass(frozen=True)
class Rule:
    """One rewrite: where `pattern` matches, the value that `function` returns takes the place of the root's results.

    `function` gets the captures by name and returns a value (a sequence for several results), an `Instead`, or None to
    decline, or raises `Decline(reason)`.
    """

    name: str
    pattern: Op
    function: Callable[..., Any]
    wants: tuple[str, ...]

    @property
    def doc(self) -> str:
        """First line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").split("\n")[0]


@dataclass(frozen=True)
class Instead:
    """What a rule returns whose pattern is only a seed: `value` takes the place of `root`, `nodes` went into it."""

    root: Node
    value: Value
    nodes: tuple[Node, ...] = ()


def rule(*patterns: Pattern) -> Callable[[Callable[..., Any]], tuple[Rule, ...]]:
    """Make a function the action of one or more patterns; its parameters must be captures of each of them."""

    def make(function: Callable[..., Any]) -> tuple[Rule, ...]:
        wants = tuple(inspect.signature(function).parameters)
        made = []
        for pattern in patterns:
            if not isinstance(pattern, Op):
                raise UsageError(f"the pattern of rule {function.__name__} must start with an op")
            for name in wants:
                if name not in pattern.names():
                    raise UsageError(
                        f'rule {function.__name__} wants "{name}", which its pattern does not capture',
                        did_you_mean(name, pattern.names()),
                    )
            made.append(Rule(function.__name__.replace("_", "-"), pattern, function, wants))
        return tuple(made)

    return make


class _Fuel:
    """Bounds the number of firings, and names the busiest rules when it runs out."""

    def __init__(self, amount: int, record: Record) -> None:
        self._left, self._record, self._before = amount, record, record.counts.copy()

    def burn(self) -> None:
        self._left -= 1
        if self._left < 0:
            busiest = (self._record.counts - self._before).most_common(3)
            raise InternalError(f"rewriting does not end; busiest rules: {', '.join(f'{n} ({c})' for n, c in busiest)}")


_Found: TypeAlias = "tuple[Node, Sequence[Value | None], tuple[Node, ...]]"
"""The node whose results are replaced, by what, and all nodes that went into it."""


class _Depths(dict[Any, int]):
    """How many levels up the rules at nodes of a kind look, the node itself included; 0 without rules."""

    def __init__(self, given: Mapping[Any, Sequence[int]]) -> None:
        super().__init__()
        self._given = given
        self.deepest = max((d for depths in given.values() for d in depths), default=1)

    def __missing__(self, kind: Any) -> int:
        found = max((d for base in _kinds_of(kind) for d in self._given.get(base, ())), default=0)
        self[kind] = found
        return found


def _kinds_of(kind: Any) -> Sequence[Any]:
    """The kinds under which rules for nodes of this one are found: the classes above, or those of a source op."""
    return kind.__mro__ if isinstance(kind, type) else (kind, *Foreign.__mro__)


class Driver:
    """Applies rules to one graph until none fires.

    Args:
        rules: pairs of pass name and rule; the order decides when several match at a node.
        record: where firings and declines go; exclusion: nodes that must not be touched.
        providers: the plug-in that gives a pass, by its name; none for those of the core.
    """

    def __init__(
        self,
        rules: Sequence[tuple[str, Rule]],
        record: Record,
        exclusion: Exclusion | None = None,
        providers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._record, self._exclusion, self._providers = record, exclusion, providers
        self._by_kind: dict[Any, list[tuple[str, Rule]]] = {}
        on_sources = any(isinstance(r.pattern, SourceOp) for _, r in rules)
        self._kind: Callable[[Node], Any] = source_kind if on_sources else type
        for pass_name, r in rules:
            for kind in r.pattern.source_kinds if isinstance(r.pattern, SourceOp) else r.pattern.kinds:
                self._by_kind.setdefault(kind, []).append((pass_name, r))
        self._widest = max((len(r.pattern.operands) for _, r in rules), default=0)
        self._rules_of: dict[tuple[Any, ...], list[tuple[str, Rule]]] = {}
        self._depths = _Depths({kind: [r.pattern.depth for _, r in rules] for kind, rules in self._by_kind.items()})
        self._refused: dict[Node, None] = {}
        self._refused_before: dict[Node, None] = {}

    def run(self, graph: Graph) -> bool:
        """Rewrite the graph (bodies of control flow, too); True when something fired."""
        changed = False
        todo: list[Node] = []
        for node in graph:
            if self._depths[self._kind(node)]:
                todo.append(node)
            if node.nests:
                for body in node.bodies:
                    changed |= self.run(body)
        fuel = _Fuel(FUEL_PER_NODE * (len(graph) + 16), self._record)
        # a function may look further than its pattern: where it refused before the last change, it is asked again
        while self._sweep(graph, todo, fuel):
            changed = True
            todo = list(self._refused_before)
        return changed

    def _sweep(self, graph: Graph, todo: Iterable[Node], fuel: _Fuel) -> bool:
        work = deque(todo)
        queued = set(work)
        self._refused, self._refused_before = {}, {}
        fired = False
        while work:
            node = work.popleft()
            queued.discard(node)
            if node.graph is not graph:
                continue
            touched = self._visit(graph, node)
            if touched is None:
                continue
            fired = True
            fuel.burn()
            self._refused_before.update(self._refused)
            self._refused.clear()
            for near in self._neighbourhood(touched):
                if near not in queued and near.graph is graph:
                    queued.add(near)
                    work.append(near)
        return fired

    def _rules(self, node: Node) -> list[tuple[str, Rule]]:
        """The rules that may fit: by the kind of the node and of the nodes that give its operands."""
        key = (self._kind(node), *[type(v.node) for v in node.operands[: self._widest]])
        found = self._rules_of.get(key)
        if found is None:
            mine = [r for base in dict.fromkeys(_kinds_of(key[0])) for r in self._by_kind.get(base, ())]
            found = [r for r in dict.fromkeys(mine) if r[1].pattern.may_match(key[1:])]
            self._rules_of[key] = found
        return found

    def _neighbourhood(self, nodes: Iterable[Node]) -> list[Node]:
        """The nodes and what reads them, as far down as their rules look up."""
        depths, kind = self._depths, self._kind
        seen = dict.fromkeys(nodes)
        front = list(seen)
        near = [n for n in front if depths[kind(n)]]
        for distance in range(1, depths.deepest):
            after = {u: None for n in front if type(n) is not Constant for r in n.results for u, _ in r.uses}
            front = [u for u in after if u not in seen]
            if not front:
                break
            seen.update(dict.fromkeys(front))
            near.extend([u for u in front if depths[kind(u)] > distance])
        return near

    def _visit(self, graph: Graph, node: Node) -> list[Node] | None:
        for pass_name, r in self._rules(node):
            for match in r.pattern.match(node, Match()):
                found = self._try(pass_name, r, node, match)
                if found is None:
                    self._refused[node] = None
                    self._refused_before.pop(node, None)
                    continue
                root, values, matched = found
                gone = origins(matched)
                try:
                    touched = absorb(graph, root, values, matched)
                except MoError as e:
                    e.note(f'rule {pass_name}/{r.name} at "{node.label}"')
                    raise
                kept = values[0].node.name if values[0] is not None else ""
                self._record.fire(Firing(pass_name, r.name, gone, kept))
                return touched
        return None

    def _try(self, pass_name: str, r: Rule, node: Node, match: Match) -> _Found | None:
        def decline(reason: str) -> None:
            self._record.decline(Declined(pass_name, r.name, node.name, origins(match.nodes), reason))

        if self._excluded(match.nodes, decline):
            return None
        try:
            value = r.function(**{name: match.captures[name] for name in r.wants})
        except Decline as d:
            decline(d.reason)
            return None
        except MoError as e:
            e.note(f'rule {pass_name}/{r.name} at "{node.label}"')
            raise
        except (MemoryError, RecursionError):
            raise
        except Exception as e:
            raise bug(
                f"the rule {pass_name}/{r.name} failed at {node!r}: {type(e).__name__}: {e}",
                f"Switch it off with --disable-pass {pass_name} and report this.",
                provider=self._providers.get(pass_name, ""),
            ) from e
        if value is None or value is node:
            return None
        if isinstance(value, Instead):
            matched = tuple(dict.fromkeys((value.root, *match.nodes, *value.nodes)))
            return None if self._excluded(matched, decline) else (value.root, [value.value], matched)
        return node, value if isinstance(value, (tuple, list)) else [value], match.nodes

    def _excluded(self, nodes: Sequence[Node], decline: Callable[[str], None]) -> bool:
        covered = self._exclusion.covers(nodes) if self._exclusion is not None else ""
        if covered:
            decline(f'"{covered}" is excluded by --finegrain_fusing')
        return bool(covered)
