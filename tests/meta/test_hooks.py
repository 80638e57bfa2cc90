"""Every hook has one sentence, a section in the documentation with its exact signature, and a test."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from mo_core.plugins import hookspecs

ROOT = Path(__file__).resolve().parents[2]
HOOKS = {name: f for name, f in vars(hookspecs).items() if name.startswith("mo_") and inspect.isfunction(f)}


def signature(name):
    return f"def {name}{inspect.signature(HOOKS[name])}"


def test_there_are_hooks_and_they_fit_on_a_screen():
    assert len(HOOKS) == 10
    assert len(Path(hookspecs.__file__).read_text().splitlines()) <= 80


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_one_sentence(name):
    doc = inspect.getdoc(HOOKS[name])
    assert doc and "\n" not in doc and doc.endswith(".")


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_a_section_with_the_exact_signature(name):
    page = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
    section = re.search(rf"^## `{name}`\n(.*?)(?=^## |\Z)", page, re.S | re.M)
    assert section, f"docs/hooks.md has no section {name}"
    assert signature(name) in section.group(1), signature(name)
    assert inspect.getdoc(HOOKS[name]) in section.group(1)


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_a_test(name):
    tests = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests" / "extensions").glob("test_*.py"))
    assert re.search(rf"def {name}\(", tests), f"no test implements {name}"


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_a_sample(name):
    sources = (p for p in (ROOT / "extensions").rglob("*.py") if "tests" not in p.parts)
    assert any(re.search(rf"^def {name}\(", p.read_text(encoding="utf-8"), re.M) for p in sources), name
