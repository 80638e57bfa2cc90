"""Pieces of what a loop slices, kept from being overwritten by what it carries.

The CPU plug-in of OpenVINO (seen in 2026.4) computes element-wise operations in the memory of an operand that nothing
else reads. Where that is a piece of a sliced operand and the result is carried to the next iteration, the next piece is
put there before the result is taken away. A body that also gives the piece, which nobody asks for, is computed rightly.
"""

from __future__ import annotations

from mo_core.ir import Graph, Parameter
from mo_core.ops import Loop, Merged, Sliced, TensorIterator
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.rewriting.record import origins


@graph_pass("pieces-in-place", stage=Stage.CLEANUP, after=("common-subexpressions",), before=("dead-code",))
def pieces_in_place(graph: Graph, edit: Editor) -> None:
    """Let a body that carries values give its pieces too, which the runtime would overwrite too early."""
    for node in graph:
        if not isinstance(node, (TensorIterator, Loop)) or not any(isinstance(p, Merged) for p in node.input_ports):
            continue
        for port in node.input_ports:
            piece = node.body.inputs[port.parameter]
            if isinstance(port, Sliced) and _is_alone(piece):
                edit.within(node.body).add_output(piece)
                edit.fire("piece-given", origins([piece]), node.name)


def _is_alone(piece: Parameter) -> bool:
    """True when one operation reads the piece: another reader would keep the runtime from computing in its place."""
    return len(piece.uses) == 1
