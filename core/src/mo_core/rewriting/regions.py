"""Parts of a graph with several inputs and outputs: found by the scope of their names, replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from mo_core.errors import UsageError
from mo_core.ir import Constant, Graph, Node, Parameter, Result, Value


def in_scope(graph: Graph, scope: str) -> list[Node]:
    """The nodes called `scope`, or `scope/…` of any depth, in order of computation; those of bodies not included."""
    prefix = scope.rstrip("/") + "/"
    return [n for n in graph if (n.name + "/").startswith(prefix) and not isinstance(n, (Parameter, Result))]


def replace_region(
    graph: Graph, inputs: Sequence[Value], outputs: Sequence[Value], new_values: Sequence[Value]
) -> list[Node]:
    """Let whatever reads `outputs` read `new_values` instead, in the same order, and erase what becomes dead.

    Args:
        inputs: where the region begins; the new values may depend on them, and on what else is computed before.
        outputs: results of the region that are read outside of it.
        new_values: of source ops or OpenVINO ops, in no graph yet, or values of the graph as they are.

    New nodes without a name are called after the nodes that gave the outputs, and have the region's origin. Names of
    tensors move on. Nodes with an effect stay, and so does what they read. Returns the nodes that are gone.

    Raises UsageError when the counts differ, or when a new value would depend on itself.
    """
    if len(outputs) != len(new_values):
        raise UsageError(f"a region has {len(outputs)} outputs, and {len(new_values)} values are to replace them")
    region = _between(inputs, outputs)
    origin = tuple(dict.fromkeys(name for node in graph if node in region for name in node.origin))
    place = _make_room(graph, outputs, new_values)
    new = graph.splice(new_values, place)
    free = dict.fromkeys(v.node.name for v in outputs)
    for old, value in zip(outputs, new_values):
        if value.node in new and not value.node.name and old.node.name in free:
            value.node.name = old.node.name
            del free[old.node.name]
    first = outputs[0].node.name if outputs else ""
    for node in new:
        node.name = node.name or f"{first}/{node.type_name}"
        node.origin = node.origin or origin
    made = set(new)
    for old, value in zip(outputs, new_values):
        kept = [use for use in old.uses if use[0] in made]  # what is built on the old value goes on reading it
        for use in kept:
            del old.uses[use]
        graph.replace(old, value)
        old.uses.update(dict.fromkeys(kept))
    return graph.erase_dead([v.node for v in outputs])


def _between(inputs: Sequence[Value], outputs: Sequence[Value]) -> set[Node]:
    """The nodes from the inputs (without those that give them) to the outputs."""
    ends = set(inputs)
    found: set[Node] = set()
    stack = [v for v in outputs if v not in ends]
    while stack:
        node = stack.pop().node
        if node not in found and not isinstance(node, (Parameter, Constant)):
            found.add(node)
            stack += [v for v in node.operands if v not in ends]
    return found


def _make_room(graph: Graph, outputs: Sequence[Value], new_values: Sequence[Value]) -> Node | None:
    """The place for new nodes: after all that they read, before all readers of the outputs, which move if needed."""
    read = _read_in_graph(new_values)
    last: Node | None = None
    for node in read:
        if node.graph is graph and (last is None or graph.precedes(last, node)):
            last = node
    readers = [u for v in outputs for u in v.users() if u.graph is graph]
    early = _early(graph, readers, last) if last is not None else []
    moved = set(early)
    clash = next((n for n in read if n in moved), None)
    if clash is not None:
        raise UsageError(
            f'"{clash.label}" would depend on itself', "It reads what the region gives, and is read there."
        )
    following = graph.after(last)
    while following in moved:
        following = graph.after(following)
    graph.postpone(early, following)
    return early[0] if early else following


def _early(graph: Graph, readers: Sequence[Node], last: Node) -> list[Node]:
    """The readers and what depends on them, as far as it stands before `last` (that included), in order."""
    found: set[Node] = set()
    stack = [u for u in readers if not graph.precedes(last, u)]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += [u for r in node.results for u in r.users() if u.graph is graph and not graph.precedes(last, u)]
    return [node for node in graph if node in found] if found else []


def _read_in_graph(values: Sequence[Value]) -> list[Node]:
    """The nodes in a graph that new values depend on."""
    found: dict[Node, None] = {}
    seen: set[Node] = set()
    stack = [v.node for v in values]
    while stack:
        node = stack.pop()
        if node.graph is not None:
            found[node] = None
        elif node not in seen:
            seen.add(node)
            stack += [v.node for v in node.operands]
            stack += [v.node for body in node.bodies for v in body.captures()]
    return list(found)
