"""IR version 10 (--ir_version 10): its readers know no tensor names, and use the names of nodes in their place."""

from __future__ import annotations

from mo_core.ir import Graph, Node, Value
from mo_core.rewriting.editor import Editor
from mo_core.rewriting.passes import Stage, graph_pass


@graph_pass(
    "ir-v10-names",
    stage=Stage.CLEANUP,
    after=("dead-code", "layout-records"),
    wanted=lambda options: options is not None and options.ir_version == "10",
    outermost="only the inputs and outputs of the model are found by their names",
)
def ir_v10_names(graph: Graph, edit: Editor) -> None:
    """Name the nodes of inputs and outputs like their tensors (--ir_version 10)."""
    wanted: dict[Node, str] = {}
    numbered = []
    for value in (*graph.inputs, *(r.source for r in graph.outputs)):
        if len(value.node.results) == 1:
            wanted.setdefault(value.node, _first_name(value))
        elif value not in numbered:
            numbered.append(value)
    taken = set(wanted.values())
    for node in graph:
        if node in wanted:
            edit.rename(node, wanted[node])
        elif node.name in taken:
            edit.rename(node, _fresh(node.name, taken))
    for value in numbered:
        edit.context.notes.append(
            f'IR version 10 calls the output "{_first_name(value)}" "{value.node.name}.{value.index}": '
            "it is one of several results of an operation."
        )
    for node in graph.walk():
        for result in node.results:
            result.names = []  # this version of the format has no place for them


def _first_name(value: Value) -> str:
    return value.names[0] if value.names else value.node.name or value.node.type_name


def _fresh(name: str, taken: set[str]) -> str:
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    taken.add(f"{name}_{number}")
    return f"{name}_{number}"
