"""Python files to start from: a plug-in's package (`mo plugins new`), and a converter with a runtime extension for the
operations of a model that are not supported (`mo inspect MODEL --scaffold DIR`)."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mo_core.errors import UsageError
from mo_core.frontend.unsupported import named
from mo_core.ir import Foreign, Graph
from mo_core.ir.tensor import Tensor

_REGISTRIES = {
    "onnx": ("from mo_onnx.registry import onnx_op", "@onnx_op({op!r}{domain})"),
    "caffe": ("from mo_caffe.registry import caffe_layer", "@caffe_layer({op!r}, {param!r}, ignore=['*'])"),
    "mxnet": ("from mo_mxnet.registry import mxnet_op", "@mxnet_op({op!r})"),
    "kaldi": ("from mo_kaldi.registry import kaldi_component", "@kaldi_component({op!r}, ignore=['*'])"),
    "tensorflow": ("from mo_tensorflow.registry import tf_op", "@tf_op({op!r})"),
}
_OTHER = ("from mo_core.frontend import converter", "@converter({op!r}{domain})")


@dataclass
class Signature:
    """What a model needs of the converter of an op: how many inputs and results, and attributes with their values."""

    op: str
    domain: str = ""
    inputs: int = 1
    results: int = 1
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def function(self) -> str:
        """The name of a Python function for it."""
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"\W", "_", self.op)).lower().strip("_") or "layer"
        return f"{words}_" if keyword.iskeyword(words) or words[0].isdigit() else words

    @property
    def type(self) -> str:
        """The name of a Python class for it."""
        word = re.sub(r"\W", "_", self.op)
        return word if word.isidentifier() and not keyword.iskeyword(word) else f"Op{word}"


def signatures(graph: Graph, ops: Iterable[str]) -> list[Signature]:
    """What the nodes of a source model need, for ops by name (with their domain where they have one)."""
    wanted = dict.fromkeys(ops)
    found: dict[str, Signature] = {}
    for node in graph.walk():
        if isinstance(node, Foreign) and named(node) in wanted:
            s = found.setdefault(named(node), Signature(node.op, node.domain, 0, 0))
            s.inputs, s.results = max(s.inputs, len(node.slots)), max(s.results, len(node.results))
            for key, value in node.given.items():
                if key.isidentifier() and not keyword.iskeyword(key) and _annotation(value):
                    s.attributes.setdefault(key, value)
    return [found[op] for op in wanted if op in found]


def write_scaffold(folder: Path, framework: str, needed: Sequence[Signature]) -> list[Path]:
    """Write `converters.py` and `runtime.py` for ops of a model; raises UsageError when they are there already."""
    return _write(
        folder,
        {"converters.py": _converters(framework, needed), "runtime.py": _runtime(framework, needed)},
        "--scaffold",
    )


def write_package(folder: Path, framework: str, op: str) -> list[Path]:
    """Write the package of a plug-in with a converter for one op, and its test."""
    name = folder.name
    module = re.sub(r"\W", "_", name)
    if not re.fullmatch(r"[A-Za-z][\w.-]*", name) or not module.isidentifier():
        raise UsageError(
            f'"{name}" is no name for a package', "Give letters, digits and hyphens, as in mo-caffe-swish."
        )
    domain, _, plain = op.rpartition(":")
    s = Signature(plain, domain, attributes={"factor": 1.0})
    head, mark = _mark(framework, s)
    fill = {
        "name": name, "module": module, "framework": framework, "op": plain, "function": s.function, "head": head,
        "mark": mark, "domain": f", domain={domain!r}" if domain else "",
    }  # fmt: skip
    files = {f"src/{module}/__init__.py": f'"""The operation {plain} for mo-{framework}."""\n'}
    files["pyproject.toml"] = _PYPROJECT.format(**fill)
    files["README.md"] = _README.format(**fill)
    files[f"src/{module}/plugin.py"] = _PLUGIN.format(**fill)
    files["tests/test_plugin.py"] = _TEST.format(**fill)
    return _write(folder, files, "mo plugins new")


def _write(folder: Path, files: Mapping[str, str], what: str) -> list[Path]:
    paths = [folder / name for name in files]
    there = next((p for p in paths if p.exists()), None)
    if there is not None:
        raise UsageError(f'{what}: "{there}" is there already', "Name another folder.")
    try:
        for path, text in zip(paths, files.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as e:
        raise UsageError(f'{what}: cannot write "{e.filename}": {e.strerror or e}', "Name another folder.") from e
    return paths


def _mark(framework: str, s: Signature) -> tuple[str, str]:
    """The import and the decorator of a converter."""
    head, mark = _REGISTRIES.get(framework, _OTHER)
    domain = f", domain={s.domain!r}" if s.domain else ""
    filled = mark.format(op=s.op, domain=domain, param=f"{s.function}_param")
    return head, filled.replace("'", '"')


def _annotation(value: Any) -> str:
    """The annotation of an attribute with such a value; empty for what cannot be an attribute of the IR."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind.__name__
    if isinstance(value, Tensor):
        return "Tensor"
    if isinstance(value, (list, tuple)):
        inner = {_annotation(v) for v in value} or {"int"}
        inner = {"float"} if inner == {"int", "float"} else inner
        return f"tuple[{next(iter(inner))}, ...]" if len(inner) == 1 and "" not in inner else ""
    return ""


def _converters(framework: str, needed: Sequence[Signature]) -> str:
    marks = [_mark(framework, s) for s in needed]
    uses_tensor = any(isinstance(v, Tensor) for s in needed for v in s.attributes.values())
    lines = [
        '"""Converters to start from: give this file with `--extension`. Each op stays one operation of the set',
        f'"{framework}", which `runtime.py` computes; put operations of `mo_core.ops` in its place where you can."""',
        "",
        "from mo_core import hookimpl",
        "from mo_core.frontend import Converter, converters_of",
        "from mo_core.ir import Custom, Value",
        *(["from mo_core.ir.tensor import Tensor"] if uses_tensor else []),
        *dict.fromkeys(head for head, _ in marks),
        "",
    ]
    for s, (_, mark) in zip(needed, marks):
        inputs = ["x", *(f"x{i}: Value | None = None" for i in range(1, s.inputs))] if s.inputs else []
        inputs[:1] = ["x: Value"] if s.inputs else []
        keywords = [f"{k}: {_annotation(v)}{_default(v)}" for k, v in s.attributes.items()]
        parameters = ", ".join([*inputs, *(["*", *keywords] if keywords else [])])
        given = ", ".join(f'("{k}", {k})' for k, v in s.attributes.items() if not isinstance(v, Tensor))
        operands = ", ".join(["x", *(f"x{i}" for i in range(1, s.inputs))][: s.inputs])
        types = ", ".join(["x.type"] * s.results) + ("," if s.results == 1 else "")
        lines += [
            "",
            mark,
            f"def {s.function}({parameters}) -> list[Value]:",
            f'    """{s.op}: say what it computes; here every result has the type of the first input."""',
            f"    operands = [v for v in ({operands},) if v is not None]",
            f"    given = ({given}{',' * bool(given)})",
            f"    types = ({types})",
            f'    op = Custom(operands, op="{s.type}", operation_set="{framework}", given=given, result_types=types)',
            "    return list(op.results)",
            "",
        ]
    functions = ", ".join(s.function for s in needed)
    lines += [
        "",
        "@hookimpl",
        "def mo_converters(framework: str) -> list[Converter]:",
        f'    return converters_of({functions}) if framework == "{framework}" else []',
    ]
    return "\n".join(lines) + "\n"


def _default(value: Any) -> str:
    """The value that the model has, as the default."""
    if isinstance(value, Tensor):
        return ""
    return f" = {tuple(value) if isinstance(value, list) else value!r}"


def _runtime(framework: str, needed: Sequence[Signature]) -> str:
    lines = [
        '"""The operations for the OpenVINO runtime: `core.add_extension(X)` for each, then `core.read_model(...)`."""',
        "",
        "from openvino import DiscreteTypeInfo, Op",
        "",
    ]
    for s in needed:
        defaults = {k: v for k, v in s.attributes.items() if not isinstance(v, Tensor)}
        lines.append(_OP.format(type=s.type, set=framework, results=max(s.results, 1), defaults=_shown(defaults)))
    return "\n".join(lines)


def _shown(defaults: Mapping[str, Any]) -> str:
    pairs = (f'"{k}": {list(v) if isinstance(v, tuple) else v!r}' for k, v in defaults.items())
    return "{" + ", ".join([*pairs, "**attributes"]) + "}"


_OP = '''
class {type}(Op):
    """{type}: write in `evaluate` what it computes; here the first input is copied."""

    kind = DiscreteTypeInfo("{type}", "{set}")

    def __init__(self, inputs=None, **attributes):
        super().__init__(self)
        self.attributes = {defaults}
        if inputs is not None:
            self.set_arguments(inputs)
            self.constructor_validate_and_infer_types()

    @staticmethod
    def get_type_info():
        return {type}.kind

    def visit_attributes(self, visitor):
        visitor.on_attributes(self.attributes)
        return True

    def validate_and_infer_types(self):
        for i in range({results}):
            self.set_output_type(i, self.get_input_element_type(0), self.get_input_partial_shape(0))

    def clone_with_new_inputs(self, inputs):
        return {type}(inputs, **self.attributes)

    def evaluate(self, outputs, inputs):
        for output in outputs:
            output.shape = inputs[0].shape
            output.data[:] = inputs[0].data
        return True
'''

_PYPROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "0.1.0"
description = "The operation {op} for mo-{framework}"
requires-python = ">=3.10"
dependencies = ["mo-{framework}"]

[project.entry-points."mo.{framework}"]
{name} = "{module}.plugin"

[tool.hatch.build.targets.wheel]
packages = ["src/{module}"]
"""

_README = """# {name}

The operation `{op}` for `mo-{framework}`: models that have it convert once this package is installed (`pip install .`).
`pytest` checks the converter; `mo plugins --check` shows that the package is found.
"""

_PLUGIN = '''"""How {op} becomes operations of OpenVINO."""

from mo_core import hookimpl
from mo_core.frontend import Converter, converters_of
from mo_core.ir import Value
from mo_core.ops import Multiply
{head}


{mark}
def {function}(x: Value, *, factor: float = 1.0) -> Value:
    """{op}: x and the result have the same shape. Put here what it computes, from `mo_core.ops`."""
    return Multiply(x, factor)


@hookimpl
def mo_converters(framework: str) -> list[Converter]:
    return converters_of({function}) if framework == "{framework}" else []
'''

_TEST = '''"""The converter computes what {op} is."""

import numpy as np
from mo_core.testing import check_converter

from {module}.plugin import {function}


def test_{function}():
    x = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    check_converter({function}, "{op}", [x], x * 2, attributes={{"factor": 2.0}}{domain})
'''
