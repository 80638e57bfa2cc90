"""The pass that moves Transposes: through each graph at once, and across the borders of bodies."""

from __future__ import annotations

from mo_core.ir import Graph
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass
from mo_core.transforms.layout.borders import cross
from mo_core.transforms.layout.orders import settle


@graph_pass("axis-orders", stage=Stage.PREPROCESS)
def axis_orders(graph: Graph, edit: Editor) -> None:
    """Move Transposes through all ops that can be made in another order of axes, until they meet their inverse."""
    for node in [n for n in graph if n.bodies] if graph.nests else ():
        cross(node, edit)
    settle(graph, edit)
