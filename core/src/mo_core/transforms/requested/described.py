"""Sub-graphs that the user describes in files (--transformations_config)."""

from __future__ import annotations

from mo_core.ir import Graph
from mo_core.rewriting.described import replace_described
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass


@graph_pass(
    "described-sub-graphs",
    stage=Stage.FRONT,
    wanted=lambda options: bool(options.transformations_config),
    outermost="descriptions name nodes of the model as its file has them",
)
def described_sub_graphs(graph: Graph, edit: Editor) -> None:
    """Replace the sub-graphs that --transformations_config describes; names are those with all functions inlined."""
    edit.context.inline_calls(graph)
    replace_described(edit, edit.options.transformations_config, edit.context.replacers())
