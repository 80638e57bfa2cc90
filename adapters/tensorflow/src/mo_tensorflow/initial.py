"""What restore ops and initialisers put into the variables and tables of a model.

Nothing is run: an assignment is followed back, through calls of functions, to the name under which a checkpoint has the
value, or to a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from mo_tensorflow.graphdef import GraphDefReader

_ASSIGNMENTS = {"Assign": 1, "AssignVariableOp": 1}
_IMPORTS = {"LookupTableImportV2", "LookupTableImport", "InitializeTable", "InitializeTableV2"}
_SAME = {"Identity", "ReadVariableOp", "StopGradient", "Enter", "RefEnter"}
_RESTORES = {"RestoreV2", "Restore", "RestoreSlice"}
MAX_NODES = 200_000
"""Nodes of calls that are looked into: functions that call others twice would make them more and more."""


@dataclass(frozen=True)
class Restored:
    """A value in the checkpoint: its name there, and the slice of it that is meant (empty: all)."""

    name: str
    slice: str = ""


@dataclass
class Frame:
    """Nodes of the graph or of one call of a function.

    Attributes:
        locate: the node and output that an input means. arguments: what is behind the arguments, outside.
    """

    nodes: Mapping[str, Any]
    locate: Callable[[str], tuple[str, int]]
    arguments: Mapping[str, tuple[Frame, str]] = field(default_factory=dict)
    depth: int = 0


@dataclass
class Found:
    """Attributes:
    variables: by node, the sources of their values: `Restored`, or the TensorProto of a constant.
    tables: by node, the TensorProtos of keys and values.
    imports: by node, the inputs with keys and values that are not constants.
    """

    variables: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    imports: dict[str, list[str]] = field(default_factory=dict)


def assignments(reader: GraphDefReader, restore_op: str = "") -> Found:
    """What is assigned to variables and tables anywhere in the graph.

    Args:
        restore_op: the node that restores; the value that it assigns counts when others assign, too.
    """
    found = Found()
    root = Frame(reader.nodes, reader.locate)
    preferred = _reached(reader, restore_op)
    ranks: dict[str, int] = {}
    for frame, node, top in _interesting(reader, root):
        if node.op in _IMPORTS:
            _import(found, frame, node)
            continue
        target = _origin(frame, node.input[0])
        source = _origin(frame, node.input[_ASSIGNMENTS[node.op]])
        if target is None or source is None or target[0] is not root:
            continue
        value = _value(*source)
        rank = 2 * isinstance(value, Restored) + (isinstance(value, Restored) and top in preferred)
        if value is not None and rank >= ranks.get(target[1], 0):
            ranks[target[1]] = rank
            found.variables[target[1]] = value
    return found


def _interesting(reader: GraphDefReader, root: Frame) -> Iterator[tuple[Frame, Any, str]]:
    """Assignments and imports, each with its frame and the node of the graph that it belongs to."""
    wanted = _functions_that_assign(reader)
    work = [(root, node, node.name) for node in root.nodes.values()]
    count = 0
    while work:
        frame, node, top = work.pop()
        if node.op in _ASSIGNMENTS or node.op in _IMPORTS:
            if len(data_inputs(node)) > 1:
                yield frame, node, top
            continue
        name = reader.called(node)
        if name in wanted and frame.depth < 32 and count < MAX_NODES:
            inner = _entered(reader, frame, node, name)
            work += [(inner, n, top) for n in inner.nodes.values()]
            count += len(inner.nodes)


def _entered(reader: GraphDefReader, frame: Frame, call: Any, name: str) -> Frame:
    function = reader.functions[name]
    names = [a.name for a in function.signature.input_arg]
    arguments = {n: (frame, reference) for n, reference in zip(names, data_inputs(call))}
    nodes = {n.name: n for n in function.node_def}
    locate = cache(partial(reader.locate_in_function, nodes))
    return Frame(nodes, locate, arguments, frame.depth + 1)


def _functions_that_assign(reader: GraphDefReader) -> set[str]:
    """Functions with an assignment or an import in them, or in what they call."""
    callers: dict[str, set[str]] = {}
    found: set[str] = set()
    for name, function in reader.functions.items():
        for node in function.node_def:
            if node.op in _ASSIGNMENTS or node.op in _IMPORTS:
                found.add(name)
            called = reader.called(node)
            if called:
                callers.setdefault(called, set()).add(name)
    work = list(found)
    while work:
        for caller in callers.get(work.pop(), ()):
            if caller not in found:
                found.add(caller)
                work.append(caller)
    return found


def _reached(reader: GraphDefReader, name: str) -> set[str]:
    """The nodes that a node depends on, those that it only waits for included."""
    seen, work = set(), [name.partition(":")[0]]
    while work:
        at = work.pop()
        if at in reader.nodes and at not in seen:
            seen.add(at)
            work += [r.removeprefix("^").partition(":")[0] for r in reader.nodes[at].input]
    return seen


def data_inputs(node: Any) -> list[str]:
    """The inputs of a node that carry values."""
    return [r for r in node.input if not r.startswith("^")]


def _origin(frame: Frame, reference: str) -> tuple[Frame, str, int] | None:
    """The node and output behind a reference: past identities, and past the arguments of calls."""
    for _ in range(10_000):
        name, index = frame.locate(reference)
        if name in frame.arguments:
            frame, reference = frame.arguments[name]
            continue
        node = frame.nodes.get(name)
        if node is None:
            return None
        if node.op in _SAME and data_inputs(node):
            reference = data_inputs(node)[0]
            continue
        return frame, name, index
    return None


def _constant(frame: Frame, reference: str) -> Any | None:
    """The TensorProto behind a reference, or None."""
    origin = _origin(frame, reference)
    node = origin[0].nodes[origin[1]] if origin is not None else None
    if node is None or node.op != "Const" or "value" not in node.attr:
        return None
    return node.attr["value"].tensor


def _value(frame: Frame, name: str, index: int) -> Any | None:
    """Where the value of an assignment is: `Restored`, a TensorProto, or None when it is computed."""
    node = frame.nodes[name]
    if node.op == "Const" and "value" in node.attr:
        return node.attr["value"].tensor
    inputs = data_inputs(node)
    if node.op not in _RESTORES or len(inputs) < 2:
        return None
    names = _constant(frame, inputs[1])
    slices = _constant(frame, inputs[2]) if len(inputs) > 2 else None
    if names is None or index >= len(names.string_val):
        return None
    spec = slices.string_val[index] if slices is not None and index < len(slices.string_val) else b""
    return Restored(_text(names.string_val[index]), _text(spec))


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _import(found: Found, frame: Frame, node: Any) -> None:
    inputs = data_inputs(node)
    target = _origin(frame, inputs[0])
    if target is None or len(inputs) < 3:
        return
    keys, values = _constant(frame, inputs[1]), _constant(frame, inputs[2])
    if keys is not None and values is not None:
        found.tables[target[1]] = keys, values
    elif not frame.depth:
        found.imports[target[1]] = inputs[1:3]
