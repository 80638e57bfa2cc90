"""Who may import whom, and what a conversion must not import."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {p.parent.name: p.parent for p in sorted(ROOT.glob("**/src/mo_*/__init__.py")) if ".venv" not in p.parts}
CORE = PACKAGES["mo_core"]
ADAPTERS = sorted(name for name, folder in PACKAGES.items() if folder.is_relative_to(ROOT / "adapters"))


FRAMEWORK_OBJECTS = {
    "adapters/tensorflow/src/mo_tensorflow/objects.py",
    "adapters/tensorflow/src/mo_tensorflow/offload/execution.py",
}
"""Modules that may import their framework: they convert its objects, which bring it along, or the user has asked for
what only the framework computes (`--offload_unsupported_operations_to_tf`)."""


def is_program(file):
    """What `mo verify` runs in a process of its own, to compute a model with its framework."""
    return file.stem.endswith("_program")


def module_name(file, package):
    parts = (package, *file.relative_to(PACKAGES[package]).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def statements(package, checking=True, inside=True):
    """(file, module, names) for every `from ... import` and `import`; without those for type checkers, or in functions."""
    for file in sorted(PACKAGES[package].rglob("*.py")):
        work = [ast.parse(file.read_text(encoding="utf-8"))]
        while work:
            node = work.pop()
            if isinstance(node, ast.Import):
                yield from ((file, alias.name, []) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield file, node.module, [alias.name for alias in node.names]
            elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not checking:
                work.extend(node.orelse)
            elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or inside:
                work.extend(ast.iter_child_nodes(node))


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


def faces():
    """The public face of the core: modules that adapters and extensions may import from."""
    open_ = {"mo_core", "mo_core.errors", "mo_core.testing", "mo_core.app.cli", "mo_core.app.process"}
    for name in ("ir", "ops", "build", "frontend", "rewriting", "options"):
        face = importlib.import_module(f"mo_core.{name}")
        open_.add(face.__name__)
        open_.update(f"{face.__name__}.{n}" for n in face.__all__ if (CORE / name / f"{n}.py").exists())
    return open_


@pytest.mark.parametrize("package", sorted(set(PACKAGES) - {"mo_core"}))
def test_whoever_is_outside_imports_the_public_face_of_the_core_only(package):
    open_ = faces()
    private = []
    for file, module, names in statements(package):
        if module.split(".")[0] != "mo_core":
            continue
        if module not in open_:
            private.append((file.name, module))
            continue
        public = getattr(importlib.import_module(module), "__all__", None)
        for name in names:
            if name.startswith("_") or (public is not None and name not in public and f"{module}.{name}" not in open_):
                private.append((file.name, f"{module}.{name}"))
    assert not private


LAYERS = [
    *("errors", "ir", "options", "ops", "build", "rewriting", "transforms", "frontend", "emit", "plugins", "app"),
    "testing",
]
"""The folders of the core from the bottom up: each imports those before it only."""


def test_nothing_in_the_core_imports_upwards():
    upwards = []
    for file, module, names in statements("mo_core", checking=False):
        here = file.relative_to(CORE).parts[0].removesuffix(".py")
        for there in [module.split(".")[1]] if "." in module else names if module == "mo_core" else []:
            if here in LAYERS and there in LAYERS and LAYERS.index(there) > LAYERS.index(here):
                upwards.append(f"{file.relative_to(CORE)} imports {module}")
    assert not sorted(set(upwards))


def test_no_underscore_name_crosses_a_module():
    crossing = []
    for package in PACKAGES:
        for file, module, names in statements(package):
            if module.split(".")[0] not in PACKAGES:
                continue
            crossing += [f"{file.name}: {module}.{n}" for n in names if n.startswith("_") and not n.startswith("__")]
    assert not crossing


def test_the_modules_of_each_package_import_each_other_without_circles():
    for package in PACKAGES:
        edges = {}
        known = {module_name(f, package) for f in PACKAGES[package].rglob("*.py")}
        for file, module, names in statements(package, checking=False, inside=False):
            for there in [f"{module}.{n}" for n in names if f"{module}.{n}" in known] or [module]:
                if there in known:
                    edges.setdefault(module_name(file, package), set()).add(there)
        assert not circle(edges), package


def circle(edges):
    """Some circle of a graph of modules, or nothing."""
    done, path = set(), []

    def visit(module):
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return []
        path.append(module)
        for there in sorted(edges.get(module, ())):
            if there != module and (found := visit(there)):
                return found
        done.add(path.pop())
        return []

    return next((found for module in sorted(edges) if (found := visit(module))), [])


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_no_framework_is_imported_by_any_module(package):
    frameworks = {"tensorflow", "torch", "mxnet", "caffe", "networkx", "keras"}
    found = [(f, m) for f, m in imports(package) if m.split(".")[0] in frameworks and not is_program(f)]
    assert [(f.name, m) for f, m in found if f.relative_to(ROOT).as_posix() not in FRAMEWORK_OBJECTS] == []


def test_programs_are_run_and_never_imported():
    assert [(f.name, m) for package in PACKAGES for f, m in imports(package) if m.endswith("_program")] == []


def test_programs_do_without_mo():
    programs = [(f, m) for package in PACKAGES for f, m in imports(package) if is_program(f) or f.stem == "worker"]
    assert {f.stem for f, _ in programs} >= {"onnxruntime_program", "tensorflow_program", "openvino_program", "worker"}
    assert [(f.name, m) for f, m in programs if m.split(".")[0].startswith("mo_")] == []


def test_what_takes_the_objects_of_a_framework_does_not_load_it_for_files():
    code = "import sys, mo_tensorflow.reader; print(sorted(m for m in ('tensorflow', 'keras') if m in sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_converting_a_file_imports_nothing_heavy(tmp_path):
    from tests.adapters.onnx.tiny import convolution

    model = convolution(tmp_path / "m.onnx")
    code = (
        "import sys\nfrom mo_core.app.cli import main\n"
        f"assert not main([{str(model)!r}, '--output_dir', {str(tmp_path)!r}, '--silent'], 'onnx')\n"
        "heavy = {'tensorflow', 'mxnet', 'networkx', 'openvino', 'onnx', 'onnxruntime', 'rich', 'torch', 'scipy', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, timeout=120)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stdout + done.stderr
