"""Axes counted from the front wherever the rank is known.

OpenVINO (seen in 2026.4) exchanges operations that change the rank with reductions, and counts negative axes of these
in the exchanged data. `test_positive_axes` tells when that is mended.
"""

from __future__ import annotations

from mo_core.build import constant_ints
from mo_core.ir import Graph, Node, constant
from mo_core.ops import OneHot, Unsqueeze
from mo_core.ops.signal import DFT, IDFT, IRDFT, RDFT
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.rewriting.record import origins

_AMONG_OTHERS = (DFT, IDFT, IRDFT, RDFT)
"""They do not count the axis of real and imaginary parts."""


@graph_pass("positive-axes", stage=Stage.CLEANUP, after=("common-subexpressions",), before=("dead-code",))
def positive_axes(graph: Graph, edit: Editor) -> None:
    """Count axes from the front, which the runtime handles best."""
    for node in graph:
        if not node.operands or not node.opset.startswith("opset") or isinstance(node, _AMONG_OTHERS):
            continue
        rank = _rank(node)
        if rank is not None and (_operand(edit, node, rank) or _attribute(edit, node, rank)):
            edit.fire("from-the-front", origins([node]), node.name)


def _rank(node: Node) -> int | None:
    """The number of axes among which those of a node are."""
    value = node.results[0] if isinstance(node, (OneHot, Unsqueeze)) else node.operands[0]
    return None if value.shape is None else len(value.shape)


def _operand(edit: Editor, node: Node, rank: int) -> bool:
    for field in node.schema.operands:
        if field.name not in ("axis", "axes") or field.index >= len(node.operands):
            continue
        value = node.operands[field.index]
        axes = constant_ints(value)
        if axes and min(axes) < 0:
            front = [a + rank if a < 0 else a for a in axes]
            shape = () if value.shape == () else (len(front),)
            edit.set_operand(
                node, field.index, constant(front if shape else front[0], value.element), f"{node.name}/axes"
            )
            return True
    return False


def _attribute(edit: Editor, node: Node, rank: int) -> bool:
    axis = node.attributes.get("axis")
    if "axis" not in node.schema.attributes or not isinstance(axis, int) or axis >= 0:
        return False
    edit.update(node, axis=axis + rank)
    return True
