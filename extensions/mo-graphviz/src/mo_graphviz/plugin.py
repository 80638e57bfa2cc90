"""Writes the graph as Graphviz text after every stage, into the folder that --graphviz names; changes nothing."""

from pathlib import Path

from mo_core import hookimpl
from mo_core.ir import Graph
from mo_core.options import Option
from mo_core.rewriting import Editor, Pass, Stage, graph_pass


def observer(folder: Path, stage: Stage) -> Pass:
    """The pass that writes `<stage>.dot`."""

    @graph_pass(f"graphviz-{stage.name.lower()}", stage=stage, fusion=False, outermost="one file for the whole model")
    def write(graph: Graph, edit: Editor) -> None:
        """Write the graph for Graphviz."""
        edges = [f'"{id(v.node)}" -> "{id(n)}"' for n in graph for v in n.operands if v is not None]
        nodes = [f'"{id(n)}" [label="{n.type_name}"]' for n in graph]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{stage.name.lower()}.dot").write_text("\n".join(["digraph {", *nodes, *edges, "}"]))

    return write


@hookimpl
def mo_options() -> list[Option]:
    return [Option("graphviz", "text", "Folder for pictures of the graph after every stage.", "")]


@hookimpl
def mo_pipeline(passes: list[Pass], options: object) -> None:
    folder = getattr(options, "graphviz", "")
    for stage in {p.stage for p in passes} if folder else ():
        last = max(i for i, p in enumerate(passes) if p.stage == stage)
        passes.insert(last + 1, observer(Path(folder), stage))
