"""Inputs that are stored in a state as they are.

The CPU plug-in of OpenVINO (seen in 2026.4) lets an Assign and the input that it stores share memory, and at the first
inference reads the state from memory that nobody wrote. `test_assigned_inputs` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build.bodies import copied
from mo_core.ir import Graph, Parameter, Value
from mo_core.ops import Assign, Convert
from mo_core.ops.shape import View
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.rewriting.record import origins


@graph_pass("assigned-inputs", stage=Stage.CLEANUP)
def assigned_inputs(graph: Graph, edit: Editor) -> None:
    """Copy an input that a state stores, which the runtime would mix up with the state."""
    for node in graph:
        if isinstance(node, Assign) and isinstance(_source(node.new_value).node, Parameter):
            edit.set_operand(node, 0, copied(node.new_value), name=f"{node.name}/copy")
            edit.fire("copy", origins([node]), node.name)


def _source(value: Value) -> Value:
    """The value before ops that the runtime may take out."""
    while isinstance(value.node, (Convert, View)):
        value = value.node.operands[0]
    return value
