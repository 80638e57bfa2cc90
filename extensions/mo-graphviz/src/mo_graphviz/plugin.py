"""Writes the graph as Graphviz text after every stage, into files that --graphviz names; changes nothing."""

from pathlib import Path

from mo_core import hookimpl
from mo_core.ir import Graph
from mo_core.options import Option, Options
from mo_core.rewriting import Pass, Stage, observers


def write(stage: Stage, graph: Graph, options: Options) -> None:
    """Write the graph for Graphviz."""
    edges = [f'"{id(v.node)}" -> "{id(n)}"' for n in graph for v in n.operands]
    nodes = [f'"{id(n)}" [label="{n.type_name}"]' for n in graph]
    Path(f"{options.get('graphviz')}{stage.name.lower()}.dot").write_text("\n".join(["digraph {", *nodes, *edges, "}"]))


@hookimpl
def mo_options() -> list[Option]:
    return [Option("graphviz", "text", "What the names of pictures of the graph after every stage begin with.", "")]


@hookimpl
def mo_passes() -> list[Pass]:
    return observers("graphviz", write, wanted=lambda options: bool(options.get("graphviz")))
