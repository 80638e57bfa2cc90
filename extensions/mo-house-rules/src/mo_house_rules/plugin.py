"""Leaves out the passes that a file names, one a line: what a house does without is kept beside its models."""

from pathlib import Path

from mo_core import hookimpl
from mo_core.options import Option, Options
from mo_core.rewriting import Pass


@hookimpl
def mo_options() -> list[Option]:
    return [Option("house_rules", "text", "File with names of passes to leave out.", "")]


@hookimpl
def mo_pipeline(passes: list[Pass], options: Options) -> None:
    rules = options.get("house_rules")
    if rules:
        unwanted = Path(rules).read_text().split()
        passes[:] = [p for p in passes if p.name not in unwanted]
