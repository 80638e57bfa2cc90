"""The node cases of the installed onnx package, reduced to what can be sent to another process."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

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
    """All cases by name. The onnx package computes them anew from fixed seeds, which takes seconds."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {test.name: _reduced(test) for test in load_model_tests(kind="node")}


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
