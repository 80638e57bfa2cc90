"""Inputs that are stored in a state as they are.

The CPU plug-in of OpenVINO (seen in 2026.4) lets an Assign and the input that it stores share memory, and at the first
inference reads the state from memory that nobody wrote. `test_assigned_inputs` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build.bodies import copied
from mo_core.ir import Graph, Parameter, Value
from mo_core.ops import Assign, Convert, Reshape, Squeeze, Unsqueeze
from mo_core.rewriting.passes import Context, Stage, graph_pass


@graph_pass("assigned-inputs", stage=Stage.CLEANUP)
def assigned_inputs(graph: Graph, context: Context) -> bool:
    """Copy an input that a state stores, which the runtime would mix up with the state."""
    changed = False
    for node in graph:
        if isinstance(node, Assign) and isinstance(_source(node.new_value).node, Parameter):
            copy = copied(node.new_value)
            copy.node.name, copy.node.origin = f"{node.name}/copy", node.origin
            graph.splice([copy], node)
            node.set_operand(0, copy)
            changed = True
    return changed


def _source(value: Value) -> Value:
    """The value before ops that the runtime may take out."""
    while isinstance(value.node, (Convert, Reshape, Squeeze, Unsqueeze)):
        value = value.node.operands[0]
    return value
