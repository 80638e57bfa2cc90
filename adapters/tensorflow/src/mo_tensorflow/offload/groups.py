"""Which nodes go together: connected groups, so that no group depends on itself through what is outside of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mo_core.ir import Foreign, Graph, Node


class Groups:
    """Groups of nodes that grow one node at a time, in the order of the graph."""

    def __init__(self) -> None:
        self._of: dict[Node, list[Foreign]] = {}
        self.all: list[list[Foreign]] = []

    def alone(self, node: Foreign) -> None:
        """A group of one node."""
        self._of[node] = [node]
        self.all.append(self._of[node])

    def join(self, node: Foreign) -> None:
        """Put a node into the group of one of its producers, where that makes no cycle; else into one of its own."""
        for value in node.operands:
            group = self._of.get(value.node)
            if group is not None and not self._reaches(self._producers(node, group), group):
                group.append(node)
                self._of[node] = group
                return
        self.alone(node)

    def _producers(self, node: Foreign, group: Sequence[Node]) -> list[Node]:
        return [v.node for v in node.operands if self._of.get(v.node) is not group]

    def _reaches(self, starts: Iterable[Node], group: list[Foreign]) -> bool:
        """True when one of the nodes depends on the group; the members of another group depend on all it reads."""
        seen: set[Node] = set()
        work = list(starts)
        while work:
            node = work.pop()
            if node in seen:
                continue
            members: Sequence[Node] = self._of.get(node, [node])
            if members is group:
                return True
            seen.update(members)
            work += [v.node for member in members for v in member.operands if v.node not in seen]
        return False


def grouped(graph: Graph, alone: set[Node], together: Sequence[set[Node]]) -> list[list[Foreign]]:
    """The groups of a graph.

    Args:
        alone: nodes that are groups of their own; together: sets of nodes of which the connected ones are merged.
    """
    groups = [Groups() for _ in together]
    single: list[list[Foreign]] = []
    taken: set[Node] = set()
    for node in graph:
        if not isinstance(node, Foreign) or node in taken:
            continue
        index = next((i for i, nodes in enumerate(together) if node in nodes), None)
        if index is not None:
            groups[index].join(node)
        elif node in alone:
            single.append([node])
        else:
            continue
        taken.add(node)
    return [*(group for one in groups for group in one.all), *single]
