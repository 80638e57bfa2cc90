"""Activations after a maximum of windows of a convolution, which the runtime would compute ahead of the maximum.

The CPU plug-in of OpenVINO (seen in 2026.4) takes an activation after MaxPool into the convolution ahead of it, also
one that does not grow with its operand, for which the maximum is another one then. It looks for a MaxPool right after
the convolution, so that anything in between prevents it: a PReLU with slope 1 costs nothing, as it is fused there.
`test_pooled_activations` tells when that is mended.
"""

from __future__ import annotations

from mo_core.ir import Graph, Node, constant
from mo_core.ops import Add, Convolution, GroupConvolution, MaxPool, Multiply, PReLU, Sigmoid
from mo_core.ops.unary import Unary
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.rewriting.record import origins

_FAR = 8


@graph_pass("pooled-activations", stage=Stage.CLEANUP, after=("common-subexpressions",), before=("dead-code",))
def pooled_activations(graph: Graph, edit: Editor) -> None:
    """Keep activations that follow a MaxPool out of the convolution ahead of it."""
    for node in graph:
        if isinstance(node, MaxPool) and _is_convolved(node.data.node) and _meets_falling(node):
            apart = PReLU(node.data, constant([1.0], node.data.element))
            edit.set_operand(node, 0, apart, name=f"{node.name}/apart")
            edit.fire("apart", origins([node]), node.name)


def _is_convolved(node: Node) -> bool:
    """True for a convolution, also with its bias or factors."""
    while isinstance(node, (Add, Multiply)):
        node = node.operands[0].node
    return isinstance(node, (Convolution, GroupConvolution)) and node.element.is_real


def _meets_falling(node: Node) -> bool:
    """True when activations that the runtime may fuse follow, and one of them may fall."""
    for _ in range(_FAR):
        users = list(node.results[0].users())
        if len(users) > 1:  # x and a sigmoid of it, which the runtime makes one Swish
            return all(isinstance(u, (Multiply, Sigmoid)) for u in users)
        if not users or not (isinstance(users[0], Unary) or users[0].element_trait.chooses):
            return False
        node = users[0]
        if isinstance(node, Unary) and not node.element_trait.rising(node):
            return True
    return False
