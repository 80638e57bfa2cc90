"""Element types of stored weights."""

from __future__ import annotations

from mo_core import ops
from mo_core.ir import Constant, Graph
from mo_core.ir import types as t
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass

SMALLEST = 32
"""Constants with fewer elements stay as they are: nothing is gained, and scalars matter most for accuracy."""

_EXACT = (ops.Interpolate, ops.Range, ops.NonMaxSuppression, ops.PriorBox, ops.PriorBoxClustered)


@graph_pass("fp16-weights", stage=Stage.PRECISION, wanted=lambda options: bool(options is not None and options.fp16))
def fp16_weights(graph: Graph, edit: Editor) -> None:
    """Store float weights as fp16 with a decompressing Convert (--compress_to_fp16); what does not fit stays."""
    for node in graph:
        if not isinstance(node, Constant) or node.element not in (t.f32, t.f64) or node.value.size < SMALLEST:
            continue
        if any(isinstance(user, _EXACT) for user in node.users()):
            continue
        edit.update(node, stored_as=t.f16)
