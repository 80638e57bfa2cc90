"""Reductions of sequences, written so that the runtime computes what follows them along the right axis.

The CPU plug-in of OpenVINO (seen in 2026.4) takes arithmetic by a constant into the reduction ahead of it. For data of
three axes that are reduced over the first or the last one, it then spreads the constant along the wrong axis. With a
fourth axis it does not.
"""

from __future__ import annotations

import numpy as np

from mo_core.build import known_ints
from mo_core.ir import Constant, Graph, Node, Value, constant
from mo_core.ir import types as t
from mo_core.ops import Unsqueeze
from mo_core.ops.reduction import Reduction
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass

_FAR = 6


@graph_pass("sequence-reductions", stage=Stage.CLEANUP, after=("common-subexpressions",), before=("dead-code",))
def sequence_reductions(graph: Graph, edit: Editor) -> None:
    """Reduce sequences as images where the runtime would take a following constant along the wrong axis."""
    for node in list(graph):
        if isinstance(node, Reduction) and _is_wrong(node):
            edit.replace(node, _as_image(node), rule="as-image")


def _is_wrong(node: Reduction) -> bool:
    data, axes = node.operands[0], known_ints(node.operands[1])
    if data.shape is None or len(data.shape) != 3 or not axes or not data.element.is_real:
        return False
    return t.normalize_axes(axes, 3) in ([0], [2], (0,), (2,)) and _meets_constant(node, _FAR)


def _meets_constant(value: Value, far: int) -> bool:
    """True when following element-wise ops have a constant with more than one element."""
    for user in value.users() if far else ():
        if user.element_trait.pointwise:
            if any(isinstance(v.node, Constant) and t.size_of(v.shape) != 1 for v in user.operands):
                return True
            if _meets_constant(user, far - 1):
                return True
    return False


def _as_image(node: Reduction) -> Node:
    axes = t.normalize_axes(known_ints(node.operands[1]) or (), 3)
    image = Unsqueeze(node.operands[0], np.array([3], np.int64))
    made: Node = node.evolve(image, constant([*axes, 3]), keep_dims=False)
    if node.keep_dims:
        made = Unsqueeze(made, np.array(axes, np.int64))
    return made
