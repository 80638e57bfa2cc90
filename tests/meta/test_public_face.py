"""The public names are those of the list: none goes without its time as a deprecated one, none comes unseen.

After a change: `python -m tests.meta.test_public_face` writes the list anew.
"""

from __future__ import annotations

import importlib
from pathlib import Path

LIST = Path(__file__).with_name("public_face.txt")
MODULES = ("", ".ir", ".ops", ".build", ".frontend", ".rewriting", ".options", ".errors", ".testing")


def names():
    """Every public name with its module, sorted."""
    found = []
    for part in MODULES:
        module = importlib.import_module(f"mo_core{part}")
        listed = getattr(module, "__all__", None) or [n for n in vars(module) if is_own(module, n)]
        found += [f"{module.__name__}.{name}" for name in listed]
    return sorted(found)


def is_own(module, name):
    """A module without `__all__`: what it defines itself."""
    return not name.startswith("_") and getattr(vars(module)[name], "__module__", "") == module.__name__


def listed():
    return LIST.read_text(encoding="utf-8").splitlines()


def test_no_name_goes_unseen():
    gone = set(listed()) - set(names())
    assert not gone, f"docs/stability.md: these have to be kept for two minor versions, with a warning: {sorted(gone)}"


def test_no_name_comes_unseen():
    new = set(names()) - set(listed())
    assert not new, f"run `python -m tests.meta.test_public_face` and say in the changelog what is new: {sorted(new)}"


def test_every_public_name_is_there():
    for name in listed():
        module, _, attribute = name.rpartition(".")
        if not hasattr(importlib.import_module(module), attribute):
            importlib.import_module(name)  # a module of the package, which is loaded when it is asked for


if __name__ == "__main__":
    LIST.write_text("\n".join(names()) + "\n", encoding="utf-8")
