"""What replaces the outputs of a detector."""

from __future__ import annotations

from collections.abc import Mapping

from mo_core.ir import Value
from mo_core.rewriting import Editor


def put_outputs(edit: Editor, values: Mapping[str, Value], rule: str) -> None:
    """Make these the outputs of the model, by name, in the place of those that it has.

    A name that `--output` may have for one of those means the new one at its place; where there is only one, that one,
    unless what it named is still computed.
    """
    graph, source = edit.graph, edit.context.model
    before = list(graph.outputs)
    made = [edit.put(value, None, before[-1].source.node, name) for name, value in values.items()]
    for result in before:
        edit.remove_output(result)
    for name, value in zip(values, made):
        edit.add_output(value, name)
    gone = edit.erase_dead()
    edit.fire(rule, [name for node in gone for name in node.origin], next(iter(values)))
    for i, result in enumerate(before):
        old = result.source
        if source is not None and (len(made) == len(before) or (len(made) == 1 and old.node.graph is None)):
            new = made[min(i, len(made) - 1)]
            source.stand_ins.update(dict.fromkeys((result.name, old.node.name, *old.names), new))
