"""What the documentation shows is run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.onnx.tiny import convolution
from tests.docs import caffe_files, kaldi_files, tensorflow_files, verify_files

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
    for block in blocks(page, "console", "shell"):
        for line in block.replace("\\\n", " ").splitlines():
            command = line.removeprefix("$ ").strip()
            if command and (line.startswith("$ ") or not any(b.startswith("$ ") for b in block.splitlines())):
                yield command.split("   #")[0].strip()


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
    convolution(tmp_path / "model.onnx")
    (tmp_path / "layer.py").write_text(
        "from mo_core import hookimpl\n@hookimpl\ndef mo_converters(framework):\n    return []\n"
    )
    if page.name.startswith("caffe"):
        caffe_files.write(tmp_path, *shown(page))
    if page.name.startswith(("kaldi", "README", "verify")):
        kaldi_files.write(tmp_path)
    if page.name.startswith("verify"):
        verify_files.write(tmp_path)
    if page.name.startswith(("tensorflow", "README")):
        tensorflow_files.write(tmp_path)
    for command in commands(page):
        if command.startswith(INSTALLS):
            continue  # the environment of the tests is what these set up
        done = subprocess.run(
            shlex.split(command), cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", ["add-an-op.md"])
def test_python_examples_run(page):
    code = "\n".join(blocks(ROOT / "docs" / page, "python"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *(ROOT / "docs" / name for name in ("caffe.md", "verify.md"))], ids=lambda p: p.name
)
def test_python_that_converts_runs(page, tmp_path):
    convolution(tmp_path / "model.onnx")
    caffe_files.write(tmp_path)
    for code in blocks(page, "python"):
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
