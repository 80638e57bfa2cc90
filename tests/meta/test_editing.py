"""Shared passes change graphs by the editor, and by nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import mo_core.transforms

FOLDER = Path(mo_core.transforms.__file__).parent
BY_HAND = {
    "splice",
    "erase",
    "erase_dead",
    "set_operand",
    "exchange",
    "add_output",
    "remove_input",
    "remove_output",
    "retype",
}
"""Methods of graphs and nodes that the editor has, too."""


def edits_by_hand(text):
    """Lines where a method that edits is called on something else than an editor."""
    found = []
    for call in ast.walk(ast.parse(text)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            on = ast.unparse(call.func.value)
            graph = on.split(".")[-1] in ("graph", "body")
            if (call.func.attr in BY_HAND or (graph and call.func.attr in ("replace", "add"))) and not (
                on in ("edit", "self.edit") or on.startswith("edit.within(")
            ):
                found.append(call.lineno)
    return found


def test_passes_edit_by_the_editor():
    files = sorted(FOLDER.rglob("*.py"))
    assert len(files) > 25
    wrong = {str(f.relative_to(FOLDER)): edits_by_hand(f.read_text()) for f in files}
    assert not {name: lines for name, lines in wrong.items() if lines}


def test_an_edit_by_hand_is_found():
    assert edits_by_hand("graph.splice([x], node)\nedit.put(x, node, node)\nself.edit.set_operand(n, 0, x)") == [1]
    assert edits_by_hand("edit.graph.replace(a, b)\nnode.set_operand(0, x)\ntext.replace('a', 'b')") == [1, 2]
