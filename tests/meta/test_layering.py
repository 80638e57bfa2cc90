"""Who may import whom, and what a conversion must not import."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {p.parent.name: p.parent for p in sorted(ROOT.glob("**/src/mo_*/__init__.py")) if ".venv" not in p.parts}
ADAPTERS = sorted(name for name, folder in PACKAGES.items() if folder.is_relative_to(ROOT / "adapters"))


def imports(package):
    """(file, imported module) for every import statement of a package, those inside functions included."""
    for file in sorted(PACKAGES[package].rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield file, node.module
                yield from ((file, f"{node.module}.{alias.name}") for alias in node.names)


def test_the_members_are_found():
    assert {"mo_core", "mo_onnx", "mo_caffe"} <= set(PACKAGES)


def test_the_core_imports_no_adapter():
    assert not [(f.name, m) for f, m in imports("mo_core") if m.split(".")[0] in ADAPTERS]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_no_adapter_imports_another(adapter):
    others = set(ADAPTERS) - {adapter}
    assert not [(f.name, m) for f, m in imports(adapter) if m.split(".")[0] in others]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_imports_the_public_face_of_the_core_only(adapter):
    private = [
        (f.name, m)
        for f, m in imports(adapter)
        if m.startswith("mo_core") and any(p.startswith("_") and not p.startswith("__") for p in m.split("."))
    ]
    assert not private


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_no_framework_is_imported_by_any_module(package):
    frameworks = {"tensorflow", "torch", "mxnet", "caffe", "networkx", "keras"}
    assert not [(f.name, m) for f, m in imports(package) if m.split(".")[0] in frameworks]


def test_converting_a_file_imports_nothing_heavy(tmp_path):
    from tests.adapters.onnx.tiny import convolution

    model = convolution(tmp_path / "m.onnx")
    code = (
        "import sys\nfrom mo_onnx.cli import main\n"
        f"sys.argv[1:] = [{str(model)!r}, '--output_dir', {str(tmp_path)!r}, '--silent']\n"
        "assert not main()\n"
        "heavy = {'tensorflow', 'mxnet', 'networkx', 'openvino', 'onnx', 'onnxruntime', 'rich', 'torch', 'scipy', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, timeout=120)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stdout + done.stderr
