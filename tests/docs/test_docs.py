"""What the documentation shows is run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import mo_core
from tests.docs import caffe_files, kaldi_files, mxnet_files, onnx_files, tensorflow_files, verify_files
from tests.extensions.page import read_page

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ELSEWHERE = ("own-layer.md", "extending.md")  # tests/extensions runs it in an environment of its own
INSTALLS = ("pip install", "make ")


def blocks(page, *languages):
    text = page.read_text(encoding="utf-8")
    return [m.group(2) for m in re.finditer(r"^```(\w+)\n(.*?)^```", text, re.S | re.M) if m.group(1) in languages]


def shown(page):
    """The extension and the mapping that a page about Caffe shows."""
    extension = "".join(b for b in blocks(page, "python") if "hookimpl" in b)
    return extension, "".join(blocks(page, "xml"))


def environment():
    scripts = os.path.dirname(sys.executable)
    return {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}


def commands(page):
    """(command, the lines that it is shown to print), in order."""
    yield from read_page(page).commands
    for block in blocks(page, "shell"):
        for line in block.splitlines():
            yield line.partition("   #")[0].strip(), []


def test_the_generated_pages_are_what_the_code_says():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "tables.py"), "--check"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name not in ELSEWHERE and any(commands(p))], ids=lambda p: p.name
)
def test_every_command_runs(page, tmp_path):
    """Commands run one after the other in one folder that has the files the page speaks of."""
    onnx_files.write(tmp_path)
    if page.name.startswith("caffe"):
        caffe_files.write(tmp_path, *shown(page))
    if page.name.startswith(("kaldi", "README", "verify")):
        kaldi_files.write(tmp_path)
    if page.name == "mxnet.md":
        mxnet_files.write(tmp_path)
    if page.name.startswith("verify"):
        verify_files.write(tmp_path)
    if page.name.startswith(("tensorflow", "README")):
        tensorflow_files.write(tmp_path)
    for name, content in read_page(page).files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    for command, expected in commands(page):
        if command.startswith(INSTALLS):
            continue  # the environment of the tests is what these set up
        done = subprocess.run(
            shlex.split(command), cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300
        )
        printed = f"{command}\n{done.stdout}{done.stderr}"
        assert (done.returncode != 0) == any(line.startswith("mo: error:") for line in expected), printed
        for line in expected:
            wanted = re.compile(".*".join(map(re.escape, line.split("…"))))  # "…" stands for what may be another
            assert any(map(wanted.fullmatch, printed.splitlines())), f"{line}\n{printed}"


@pytest.mark.parametrize("page", ["add-an-op.md", "reference-plugins.md"])
def test_python_examples_run(page):
    code = "\n".join(blocks(ROOT / "docs" / page, "python"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


IN_ORDER = ("README.md", "caffe.md", "first-steps.md", "onnx.md", "ovc.md", "python.md", "verify.md")


@pytest.mark.parametrize("page", [p for p in PAGES if p.name in IN_ORDER], ids=lambda p: p.name)
def test_python_that_converts_runs(page, tmp_path):
    """With the files of the page, and the IR that its commands have written by then."""
    onnx_files.write(tmp_path)
    caffe_files.write(tmp_path)
    mo_core.convert(tmp_path / "model.onnx").save(tmp_path / "ir" / "model.xml")
    shown = [code for code in blocks(page, "python") if "hookimpl" not in code]
    assert shown
    code = "\n".join(shown)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_links_lead_somewhere():
    """Files and headings; what mkdocs checks, and README as well."""
    for page in PAGES:
        for target, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
            path = page.parent / target if target else page
            assert path.exists(), f"{page.name}: {target}"
            assert not heading or heading in headings(path), f"{page.name}: {target}#{heading}"


def headings(page):
    """The anchors of a page, as they are made from its headings."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in found}


def test_every_page_is_reachable():
    """From the table of contents, which names no page twice."""
    named = re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(named) == sorted(p.name for p in (ROOT / "docs").glob("*.md"))


INSTALLED_BY_NAME = re.compile(r"pip install (?!\.|-)[^`\n]*\bmo-")


def test_nothing_is_installed_by_a_name_that_no_registry_has():
    for page in [*PAGES, *ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md")]:
        found = INSTALLED_BY_NAME.findall(page.read_text(encoding="utf-8"))
        assert not found, f"{page}: {found}"


def test_words_that_readers_stumble_on():
    """`behind` where after is meant."""
    for page in PAGES:
        text = re.sub(r"`[^`]*`|\]\([^)]*\)", "", page.read_text(encoding="utf-8"))
        assert not re.findall(r"\b(?:behind|beside)\b.*", text, re.I), page.name
