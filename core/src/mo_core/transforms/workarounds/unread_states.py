"""Values that a loop carries and its body does not read.

The runtime (seen in 2026.4) takes out a carried parameter that nothing in the body reads, and its first value with it.
When the loop does not run at all, the result should be that value, and is memory that nobody wrote.
`test_unread_states` tells when that is mended.
"""

from __future__ import annotations

from dataclasses import replace

from mo_core.ir import Graph, constant
from mo_core.ir import types as t
from mo_core.ops import GreaterEqual, Loop, Select
from mo_core.ops.control import LastValue, Merged
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.rewriting.record import origins


@graph_pass("unread-states", stage=Stage.CLEANUP)
def unread_states(graph: Graph, edit: Editor) -> None:
    """Let the body of a loop that may not run read all that it carries, which the runtime would lose otherwise."""
    for node in graph:
        if isinstance(node, Loop) and not _surely_runs(node):
            unread = _unread(node)
            if unread and node.current_iteration is None:
                unread = _count(edit, node, unread)
            for port in unread:
                _read(edit.within(node.body), node, port)
                edit.fire("read", origins([node]), node.name)


def _surely_runs(node: Loop) -> bool:
    start, trips = node.execution_condition.const, node.trip_count.const
    return start is not None and bool(start.all()) and trips is not None and bool((trips != 0).all())


def _unread(node: Loop) -> list[Merged]:
    wanted = {p.result for p, r in zip(node.output_ports, node.results) if isinstance(p, LastValue) and r.uses}
    found = []
    for port in node.input_ports:
        if isinstance(port, Merged) and port.result in wanted and not node.body.inputs[port.parameter].uses:
            before, after = node.body.inputs[port.parameter], node.body.outputs[port.result].source
            if t.same_shape(before.shape, after.shape):
                found.append(port)
    return found


def _count(edit: Editor, node: Loop, ports: list[Merged]) -> list[Merged]:
    """Give the body the number of the iteration: first, since the runtime loses count when it takes others out."""
    others = list(node.body.inputs)
    node.body.order_inputs([node.body.add_input("", t.i64, ()), *others])
    shifted = [replace(p, parameter=p.parameter + 1) for p in node.input_ports]
    edit.update(node, input_ports=tuple(shifted), current_iteration=0)
    return [replace(p, parameter=p.parameter + 1) for p in ports]


def _read(edit: Editor, node: Loop, port: Merged) -> None:
    """Choose between the new and the old value by what always holds and the runtime does not know."""
    assert node.current_iteration is not None
    result = node.body.outputs[port.result]
    always = GreaterEqual(node.body.inputs[node.current_iteration], constant(0))
    chosen = Select(always, result.source, node.body.inputs[port.parameter])
    edit.set_operand(result, 0, chosen, name=f"{node.name}/state_{port.parameter}")
