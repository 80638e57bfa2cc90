"""A group of nodes as a text that TensorFlow's raw operations can be called from.

JSON: `nodes` with op, name, inputs (`[-1, i]`: input i of the program; `[k, i]`: output i of node k) and attributes
(`["type", "f32"]`, `["shape", [1, -1]]` or `["shape", null]`, `["value", …]`), and `outputs` as pairs like inputs.
TensorFlow itself knows which attribute of an op is what, so that no more is needed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mo_core.errors import Unsupported
from mo_core.ir import Foreign, Value
from mo_core.ir.types import ElementType


def program(nodes: Sequence[Foreign], inputs: Sequence[Value], outputs: Sequence[Value]) -> str:
    """The text for nodes in the order of computation. Raises Unsupported for what cannot be written."""
    places = {node: k for k, node in enumerate(nodes)}
    external = {value: i for i, value in enumerate(inputs)}

    def place(value: Value) -> list[int]:
        if value in external:
            return [-1, external[value]]
        return [places[value.node], value.node.results.index(value)]  # type: ignore[index]

    written = [
        {
            "op": node.op,
            "name": node.name,
            "inputs": [place(v) for v in node.operands],
            "attributes": {k: _attribute(v, k, node) for k, v in node.given.items()},
        }
        for node in nodes
    ]
    return json.dumps({"nodes": written, "outputs": [place(v) for v in outputs]}, separators=(",", ":"))


def _attribute(value: Any, name: str, node: Foreign) -> list[Any]:
    if isinstance(value, ElementType):
        return ["type", value.name]
    if isinstance(value, (bool, int, float)):
        return ["value", value]
    if isinstance(value, str):
        return ["value", value] if type(value) is str else ["type", str(value)]
    if value is None:
        return ["shape", None]
    if isinstance(value, tuple):
        if all(isinstance(v, (bool, int, float, str)) and type(v) in (bool, int, float, str) for v in value):
            return ["value", list(value)]
        if all(isinstance(v, ElementType) for v in value):
            return ["types", [v.name for v in value]]
        if all(v is None or isinstance(v, tuple) for v in value):
            return ["shapes", [None if v is None else _dims(v) for v in value]]
        return ["shape", _dims(value)]
    raise Unsupported(f'attribute "{name}" of {node.op} "{node.name}" cannot be given to TensorFlow')


def _dims(shape: tuple[Any, ...]) -> list[int]:
    return [d if isinstance(d, int) else -1 for d in shape]
