"""The pictures of the fusions show what the passes do."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from mo_core.app.session import Session

ROOT = Path(__file__).resolve().parents[2]
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))


def test_pictures_and_page_are_what_the_passes_do():
    tool = ROOT / "tools" / "pictures.py"
    done = subprocess.run([sys.executable, str(tool), "--check"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_fusion_has_a_section_with_a_condition_a_switch_and_a_picture():
    text = (ROOT / "docs" / "optimisations.md").read_text(encoding="utf-8")
    fusions = [p for p in Session().passes() if p.fusion]
    assert fusions
    for p in fusions:
        body = text.partition(f"\n### {p.name}\n")[2].partition("\n### ")[0]
        assert "Switch: " in body, p.name
        assert "Condition: " in body, p.name
        assert "](pictures/" in body, p.name


@pytest.mark.parametrize("path", PICTURES, ids=lambda p: p.stem)
def test_before_and_after_differ(path):
    text = path.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    marks = [e.get("class") for e in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert "box" in marks or "new" in marks
    labels = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert labels[:2] == ["before", "after"]
    xs = {e.text: float(e.get("x", "0")) for e in root.iter("{http://www.w3.org/2000/svg}text") if e.text in labels[:2]}
    middle = (xs["before"] + xs["after"]) / 2
    sides: tuple[list[str | None], list[str | None]] = ([], [])
    for e in list(root.iter("{http://www.w3.org/2000/svg}text"))[2:]:
        sides[float(e.get("x", "0")) > middle].append(e.text)
    assert sides[0] != sides[1]
