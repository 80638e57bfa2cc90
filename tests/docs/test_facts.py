"""Tables that people write, held against what they speak of."""

from __future__ import annotations

import re
from pathlib import Path

import mo_core
from mo_core import errors
from mo_core.app.commands import COMMANDS
from mo_core.app.report import SCHEMA, Report
from mo_core.app.verify.result import DIFFERENT
from mo_core.ir import schema
from mo_core.options.frameworks import FRAMEWORKS
from mo_core.options.inputs import parse_inputs
from mo_core.plugins import hookspecs
from mo_core.rewriting import Editor

DOCS = Path(__file__).resolve().parents[2] / "docs"


def rows(page, heading):
    """The cells of the first table after a heading, without its head."""
    text = (DOCS / page).read_text(encoding="utf-8").split(f"{heading}\n", 1)[1]
    table = re.search(r"^\|.*\|\n\|[-|]+\|\n((?:\|.*\|\n)+)", text, re.M)
    assert table is not None, heading
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table[1].splitlines()]


def words(text):
    return re.findall(r"`([^`]+)`", text)


def test_exit_codes_are_those_of_the_classes():
    shown = {name: int(code) for code, _, names in rows("troubleshooting.md", "## Exit codes") for name in words(names)}
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.MoError)]
    assert shown == {k.__name__: k.exit_code for k in kinds if k is not errors.MoError}
    assert str(DIFFERENT) in [row[0] for row in rows("troubleshooting.md", "## Exit codes")]


def test_the_keys_of_the_report():
    shown = {key for row in rows("reports.md", "## The report") for key in words(row[0])}
    assert shown - {"verification"} == set(Report().to_dict())
    assert f"| {SCHEMA}; it grows" in (DOCS / "reports.md").read_text(encoding="utf-8")


def test_every_command_has_a_row():
    shown = {w.split()[1] for row in rows("commands.md", "# Commands") for w in words(row[0]) if w != "mo MODEL"}
    assert shown == set(COMMANDS)


def test_every_dimension_and_type_of_the_grammar_is_read():
    for cell, _ in rows("grammar.md", "## Dimensions"):
        for written in words(cell):
            assert parse_inputs(f"x{written}" if "[" in written else f"x[{written}]")[0].is_shaped
    section = (DOCS / "grammar.md").read_text(encoding="utf-8").split("## Element types")[1].split("## ")[0]
    for name in words(section.split("\n\n")[1]):
        assert parse_inputs(f"x{{{name}}}")[0].element is not None, name


def test_every_value_of_the_grammar_is_read():
    for cell, _ in rows("grammar.md", "## Values"):
        for written in words(cell):
            assert parse_inputs(f"x->{written}")[0].value is not None


def test_every_kind_of_attribute_is_there():
    section = (
        (DOCS / "reference-plugins.md").read_text(encoding="utf-8").split("### Of an operation")[1].split("###")[0]
    )
    shown = set(re.findall(r"`(\w+)\(", section))
    made = {
        n for n, f in vars(schema).items() if callable(f) and getattr(f, "__annotations__", {}).get("return") == "Any"
    }
    assert shown == {n for n in made if not n.startswith("_")}


def test_the_methods_of_the_editor_are_there():
    for row in rows("reference-plugins.md", "A graph pass gets the graph and an `Editor`, the only way to change it:"):
        for method in words(row[0]):
            assert hasattr(Editor, method.partition("(")[0]), method


def test_every_framework_has_a_guide():
    for framework in FRAMEWORKS:
        assert (DOCS / f"{framework.name}.md").exists()
        assert f"({framework.name}.md)" in (DOCS / "index.md").read_text(encoding="utf-8")


def test_the_names_of_the_python_page_are_there():
    for row in rows("python.md", "## The model"):
        for name in words(row[0]):
            member = name.partition("(")[0]
            assert hasattr(mo_core.Model, member) or member in ("graph", "report"), name


def test_hooks_of_the_page_are_those_that_there_are():
    shown = re.findall(r"^## `(\w+)`", (DOCS / "hooks.md").read_text(encoding="utf-8"), re.M)
    assert sorted(shown) == sorted(n for n in vars(hookspecs) if n.startswith("mo_"))
