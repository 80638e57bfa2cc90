"""The cases of the installed onnx package (nodes and models), reduced to what can be sent to another process."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

STORED = ("simple", "pytorch-operator", "pytorch-converted")
"""Kinds of cases that come as a folder: a model, and folders of inputs and outputs."""

KNOWN_FAILURES = Path(__file__).with_name("known_failures.txt")


@dataclass(frozen=True)
class Port:
    """An input or output of the graph; a sequence is a list, and an absent optional is None."""

    name: str
    value: np.ndarray | list[Any] | None


@dataclass(frozen=True)
class Case:
    name: str
    model: bytes
    data_sets: list[tuple[list[Port], list[Port]]]
    rtol: float
    atol: float


@cache
def load_cases() -> dict[str, Case]:
    """All cases by name. The onnx package computes those of nodes anew from fixed seeds, which takes seconds."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nodes = {test.name: _reduced(test) for test in load_model_tests(kind="node")}
        models = {test.name: _stored(test) for kind in STORED for test in load_model_tests(kind=kind)}
    return {**nodes, **models}


@cache
def light_cases() -> dict[str, Case]:
    """Well-known networks whose weights are made at run time, all equal: large to convert, and small to store."""
    import onnx.backend.test

    folder = Path(onnx.backend.test.__file__).parent / "data" / "light"
    return {path.stem: _light(path) for path in sorted(folder.glob("*.onnx"))}


def known_failures() -> dict[str, str]:
    """Name to reason, as listed in `known_failures.txt`: one `name: reason` a line, `#` begins a comment."""
    lines = KNOWN_FAILURES.read_text(encoding="utf-8").splitlines()
    known: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, reason = (part.strip() for part in line.partition(":"))
        if not reason or name in known:
            raise ValueError(f"{KNOWN_FAILURES.name}:{number}: wanted `name: reason`, each name once; found {line!r}")
        known[name] = reason
    return known


def _reduced(test: Any) -> Case:
    graph = test.model.graph
    data_sets = [(_ports(graph.input, inputs), _ports(graph.output, outputs)) for inputs, outputs in test.data_sets]
    return Case(test.name, test.model.SerializeToString(), data_sets, test.rtol, test.atol)


def _stored(test: Any) -> Case:
    """A case from its folder."""
    import onnx

    folder = Path(test.model_dir)
    content = (folder / "model.onnx").read_bytes()
    graph = onnx.load_model_from_string(content).graph
    initialized = {tensor.name for tensor in graph.initializer}
    infos = [info for info in graph.input if info.name not in initialized]
    data_sets = [
        tuple(
            _ports(ports, [_read(data / f"{kind}_{i}.pb", info) for i, info in enumerate(ports)])
            for kind, ports in (("input", infos), ("output", graph.output))
        )
        for data in sorted(folder.glob("test_data_set_*"))
    ]
    return Case(test.name, content, data_sets, test.rtol, test.atol)


def _read(path: Path, info: Any) -> Any:
    """A tensor or a sequence of tensors from its file."""
    import onnx
    from onnx import numpy_helper

    content = path.read_bytes()
    if info.type.HasField("sequence_type"):
        return numpy_helper.to_list(onnx.SequenceProto.FromString(content))
    return onnx.TensorProto.FromString(content)


def _light(path: Path) -> Case:
    """The onnx package feeds these with rising numbers."""
    import onnx

    graph = onnx.load(path).graph
    inputs, initialized = [], {tensor.name for tensor in graph.initializer}
    for info in (i for i in graph.input if i.name not in initialized):
        shape = [dim.dim_value or 1 for dim in info.type.tensor_type.shape.dim]
        count = int(np.prod(shape))
        inputs.append(Port(info.name, (np.arange(count).reshape(shape) / count).astype(np.float32)))
    outputs = [_read(path.with_name(f"{path.stem}_output_{i}.pb"), info) for i, info in enumerate(graph.output)]
    return Case(path.stem, path.read_bytes(), [(inputs, _ports(graph.output, outputs))], 1e-3, 1e-7)


def _ports(infos: Any, values: Any) -> list[Port]:
    if len(infos) != len(values):
        raise ValueError(f"{len(infos)} ports and {len(values)} values")
    return [Port(info.name, _plain(value)) for info, value in zip(infos, values)]


def _plain(value: Any) -> Any:
    """Arrays (ml_dtypes for what numpy has no type for), lists of arrays, or None."""
    from onnx import TensorProto, numpy_helper

    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)
