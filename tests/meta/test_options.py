"""Options are read by their names: a misspelt one is found without running anything.

Those of the core are annotated attributes, which mypy checks; those of adapters and plug-ins are read with `get`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mo_core.app.session import Session
from mo_core.options import Options, OptionTable

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for folder in ("core", "adapters", "extensions") for p in (ROOT / folder).rglob("src/**/*.py"))


def test_every_common_option_is_an_annotated_attribute():
    effective = {o.name for o in OptionTable().options.values() if not o.note and not o.gone}
    assert effective - set(Options.__annotations__) == set()
    assert set(Options.__annotations__) - effective == set()


@pytest.mark.parametrize("package", ["core", "adapters", "extensions"])
def test_every_option_that_is_asked_for_exists(package):
    known = set(Session().options().options)
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        known.update(re.findall(r"Option\(\s*\"(\w+)\"", text))
    asked = {
        (path.name, name)
        for path in SOURCES
        if path.is_relative_to(ROOT / package)
        for name in re.findall(r"options\.get\(\s*\"(\w+)\"", path.read_text(encoding="utf-8"))
    }
    assert {(file, name) for file, name in asked if name not in known} == set()
    assert asked or package == "core"
