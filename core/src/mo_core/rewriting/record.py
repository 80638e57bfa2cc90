"""What rewriting did and what it left alone, as data: for the report and for `--explain`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from mo_core.ir import Node


@dataclass
class Firing:
    """One application: which rule, the source names that went, the name that stayed (empty: nothing did)."""

    pass_name: str
    rule: str
    gone: tuple[str, ...]
    kept: str


@dataclass
class Declined:
    """One match that did not fire: its root, the source names of what it matched, the reason."""

    pass_name: str
    rule: str
    node: str
    origin: tuple[str, ...]
    reason: str


@dataclass
class Unnamed:
    """A tensor name that is gone, because no tensor holds what the source has under that name."""

    pass_name: str
    rule: str
    name: str


@dataclass
class Record:
    """What rewriting did: firings, declines (each reason once a node), names that went, firings by rule."""

    firings: list[Firing] = field(default_factory=list)
    declined: list[Declined] = field(default_factory=list)
    unnamed: list[Unnamed] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _seen: set[tuple[str, str, str]] = field(default_factory=set)

    def fire(self, firing: Firing) -> None:
        """Note a firing; the name that stayed is none of those that went."""
        firing.gone = tuple(name for name in firing.gone if name != firing.kept)
        self.firings.append(firing)
        self.counts[f"{firing.pass_name}/{firing.rule}"] += 1

    def decline(self, declined: Declined) -> None:
        """Note a decline, once per rule, node and reason."""
        key = declined.rule, declined.node, declined.reason
        if key not in self._seen:
            self._seen.add(key)
            self.declined.append(declined)


def origins(nodes: Iterable[Node]) -> tuple[str, ...]:
    """The source names of nodes, each once; the own name of a node without any."""
    return tuple(dict.fromkeys(name for node in nodes for name in (node.origin or (node.name or node.label,))))


@dataclass(frozen=True)
class Exclusion:
    """Source names (or regular expressions of them) that fusions must not touch: `--finegrain_fusing`."""

    names: tuple[str, ...] = ()

    def covers(self, nodes: Iterable[Node]) -> str:
        """The first excluded source name among the origins of `nodes`, or an empty string."""
        for node in nodes if self.names else ():
            for name in (*node.origin, node.name):
                if any(name == n or re.fullmatch(n, name) for n in self.names):
                    return name
        return ""
