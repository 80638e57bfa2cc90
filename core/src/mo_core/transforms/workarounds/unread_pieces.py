"""Iterations over pieces that the body does not read, written as loops with a number of trips.

OpenVINO (seen in 2026.4) takes out an operand that nothing in the body reads. When it is the one whose pieces say how
often the body runs, a TensorIterator runs it once. `test_unread_pieces` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build import dim_of
from mo_core.build.loops import counted
from mo_core.ir import Graph, copy_graph
from mo_core.ops import Loop, TensorIterator
from mo_core.ops.control import Sliced
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass


@graph_pass("unread-pieces", stage=Stage.CLEANUP, before=("unread-states", "dead-code"))
def unread_pieces(graph: Graph, edit: Editor) -> None:
    """Make iterations a Loop whose body reads none of the pieces, which the runtime would run once."""
    for node in list(graph):
        if isinstance(node, TensorIterator) and (loop := _counted(node)) is not None:
            edit.replace(node, *loop.results, rule="counted")


def _counted(node: TensorIterator) -> Loop | None:
    ports = [(p, v) for p, v in zip(node.input_ports, node.operands) if isinstance(p, Sliced)]
    if not ports or any(node.body.inputs[p.parameter].uses for p, _ in ports):
        return None
    port, value = ports[0]
    if abs(port.stride) != 1 or port.part_size != 1 or (port.start, port.end) not in ((0, -1), (-1, 0)):
        return None
    trips = dim_of(value, port.axis)
    return counted(trips, node.operands, copy_graph(node.body), node.input_ports, node.output_ports)
